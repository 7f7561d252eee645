//! A connection to a registry file.

use core::time::Duration;
use std::fs;
use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::RegistryError;

/// How long a writer waits for another one.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Opens a file that is there.
pub(super) fn connect(path: &Path, access: OpenFlags) -> Result<Connection, RegistryError> {
    // SQLite's own words for a file that is not there are "unable to open database file".
    fs::metadata(path).map_err(|error| RegistryError::File {
        path: path.to_owned(),
        reason: error.to_string(),
    })?;
    let failed = |error: rusqlite::Error| RegistryError::of_sqlite(path, &error);
    let connection = Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)
        .map_err(failed)?;
    connection.busy_timeout(BUSY_TIMEOUT).map_err(failed)?;
    // A file from elsewhere runs no code of its own.
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)
        .map_err(failed)?;
    Ok(connection)
}

/// Write-ahead log, kept when the last writer leaves: a broker that may only read finds it there.
pub(super) fn prepare_writer(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)
        .map(drop)
}
