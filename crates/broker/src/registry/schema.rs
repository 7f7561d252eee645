//! The tables of a registry file.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, params};

use super::RegistryError;

/// Tells a registry from other SQLite files: "mqwd".
const APPLICATION_ID: i32 = 0x6d71_7764;

/// The version of the tables below (`user_version`).
pub(super) const VERSION: i32 = 1;

/// `change` counts up with every transaction; a reader asks for what is newer than what it knows. Nothing is ever
/// deleted, for a generation must never be issued twice; so a reader that knows all changes knows everything.
const TABLES: &str = "
CREATE TABLE fleet (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    id BLOB NOT NULL,
    change INTEGER NOT NULL
) STRICT;
CREATE TABLE device (
    client_id TEXT NOT NULL PRIMARY KEY CHECK (length(CAST(client_id AS BLOB)) BETWEEN 1 AND 255),
    clock TEXT NOT NULL CHECK (clock IN ('required', 'optional', 'none')),
    stage TEXT NOT NULL CHECK (stage IN ('legacy', 'login', 'sealed')),
    role TEXT,
    topic_id TEXT CHECK (length(CAST(topic_id AS BLOB)) BETWEEN 1 AND 255),
    note TEXT NOT NULL,
    revoked_at INTEGER,
    revoked_note TEXT,
    created_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    change INTEGER NOT NULL,
    CHECK ((revoked_at IS NULL) = (revoked_note IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX device_by_change ON device (change);
CREATE TABLE generation (
    client_id TEXT NOT NULL REFERENCES device (client_id) ON UPDATE RESTRICT ON DELETE RESTRICT,
    number INTEGER NOT NULL CHECK (number BETWEEN 1 AND 255),
    hardware_id BLOB NOT NULL CHECK (length(hardware_id) <= 32),
    auth_seed BLOB CHECK (length(auth_seed) = 32),
    revoked_at INTEGER,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (client_id, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX generation_with_seed ON generation (client_id) WHERE auth_seed IS NOT NULL;
CREATE TABLE rule (
    client_id TEXT NOT NULL REFERENCES device (client_id) ON UPDATE RESTRICT ON DELETE RESTRICT,
    position INTEGER NOT NULL,
    effect TEXT NOT NULL CHECK (effect IN ('allow', 'deny')),
    access TEXT NOT NULL CHECK (access IN ('publish', 'subscribe')),
    pattern TEXT NOT NULL,
    sealed INTEGER NOT NULL CHECK (sealed IN (0, 1)),
    PRIMARY KEY (client_id, position)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER device_stays BEFORE DELETE ON device
    BEGIN SELECT RAISE(ABORT, 'a device is revoked, never deleted'); END;
CREATE TRIGGER generation_stays BEFORE DELETE ON generation
    BEGIN SELECT RAISE(ABORT, 'a generation is revoked, never deleted'); END;
";

/// Makes the tables of an empty file.
pub(super) fn create(connection: &mut Connection, id: &[u8]) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction.execute_batch(TABLES)?;
    transaction.execute(
        "INSERT INTO fleet (one, id, change) VALUES (1, ?1, 0)",
        params![id],
    )?;
    transaction.commit()
}

/// Whether a file is a registry of the version that this program reads.
///
/// # Errors
/// [`RegistryError::NoRegistry`] or [`RegistryError::Version`].
pub(super) fn check(connection: &Connection, path: &Path) -> Result<(), RegistryError> {
    let pragma = |name: &str| {
        connection
            .pragma_query_value(None, name, |row| row.get::<_, i32>(0))
            .optional()
            .map_err(|error| RegistryError::of_sqlite(path, &error))
    };
    if pragma("application_id")? != Some(APPLICATION_ID) {
        return Err(RegistryError::NoRegistry {
            path: path.to_owned(),
        });
    }
    match pragma("user_version")? {
        Some(VERSION) => Ok(()),
        found => Err(RegistryError::Version {
            path: path.to_owned(),
            found: found.unwrap_or(0),
        }),
    }
}
