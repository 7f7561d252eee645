//! Copies of a registry file: made while brokers and commands use it, and put back.

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags, params};

use super::connection::{connect, prepare_writer};
use super::{Registry, RegistryError, schema};
use crate::journal::sync_folder;

impl Registry {
    /// Writes a copy as of one moment, by SQLite's online backup; brokers and commands go on meanwhile.
    ///
    /// The copy is one file, durable when this returns, on Unix with mode 0600: it may hold seeds.
    ///
    /// # Errors
    /// When there is such a file already, it cannot be written, or the registry is damaged. No copy is left then.
    pub fn back_up(&self, copy: &Path) -> Result<(), RegistryError> {
        make_file(copy)?;
        let made = self.copy_to(copy);
        if made.is_err() {
            drop(fs::remove_file(copy));
        }
        made
    }

    fn copy_to(&self, copy: &Path) -> Result<(), RegistryError> {
        let connection = copy_pages(&self.connection, &self.path, copy)?;
        let failed = |error: rusqlite::Error| RegistryError::of_sqlite(copy, &error);
        // Without a write-ahead log, so that it is all in one file.
        connection
            .pragma_update(None, "journal_mode", "delete")
            .map_err(failed)?;
        check_pages(&connection, &self.path)?;
        connection.close().map_err(|(_, error)| failed(error))?;
        sync(copy)
    }

    /// Makes a registry from a copy, at a path where none is.
    ///
    /// Brokers that had another one at this path open read this one within seconds. **What was changed after the copy was
    /// made is not in it**: revocations first of all.
    ///
    /// # Errors
    /// When the copy is damaged or no registry; when there is a registry at `path`, or what SQLite keeps beside one; when
    /// it cannot be written. Nothing is left then.
    pub fn restore(copy: &Path, path: &Path) -> Result<Self, RegistryError> {
        let from = Self::open_read_only(copy)?;
        check_pages(&from.connection, copy)?;
        // SQLite would apply the log of an old file to the new one.
        for suffix in ["-wal", "-shm", "-journal"] {
            let beside = beside(path, suffix);
            if beside.exists() {
                return Err(RegistryError::File {
                    path: beside,
                    reason: "belongs to another registry: move it away first".to_owned(),
                });
            }
        }
        make_file(path)?;
        let restored = copy_pages(&from.connection, copy, path).and_then(|connection| {
            let mut id = [0; 16];
            getrandom::fill(&mut id).map_err(|error| RegistryError::File {
                path: path.to_owned(),
                reason: error.to_string(),
            })?;
            // Another number: a broker that knew a later state reads all of it anew.
            let named = prepare_writer(&connection).and_then(|()| {
                connection.execute("UPDATE fleet SET id = ?1", params![id.as_slice()])
            });
            named.map_err(|error| RegistryError::of_sqlite(path, &error))?;
            sync(path)?;
            Ok(connection)
        });
        match restored {
            Ok(connection) => Ok(Self {
                connection,
                path: path.to_owned(),
            }),
            Err(error) => {
                for suffix in ["", "-wal", "-shm"] {
                    drop(fs::remove_file(beside(path, suffix)));
                }
                Err(error)
            }
        }
    }
}

/// Makes an empty file that is its owner's alone.
fn make_file(path: &Path) -> Result<(), RegistryError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let made = options.open(path).map(drop);
    made.map_err(|error| RegistryError::File {
        path: path.to_owned(),
        reason: error.to_string(),
    })
}

/// Copies all pages as of one moment.
fn copy_pages(from: &Connection, source: &Path, to: &Path) -> Result<Connection, RegistryError> {
    let mut connection = connect(to, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let copied = Backup::new(from, &mut connection).and_then(|backup| backup.step(-1));
    match copied {
        Ok(StepResult::Done) => {}
        Ok(_) => {
            return Err(RegistryError::Busy {
                path: source.to_owned(),
            });
        }
        Err(error) => return Err(RegistryError::of_sqlite(to, &error)),
    }
    schema::check(&connection, to)?;
    Ok(connection)
}

/// Reads every page and index.
fn check_pages(connection: &Connection, path: &Path) -> Result<(), RegistryError> {
    let answer: String = connection
        .query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))
        .map_err(|error| RegistryError::of_sqlite(path, &error))?;
    if answer == "ok" {
        return Ok(());
    }
    Err(RegistryError::File {
        path: path.to_owned(),
        reason: format!("damaged: {answer}"),
    })
}

fn sync(path: &Path) -> Result<(), RegistryError> {
    let synced = File::open(path)
        .and_then(|file| file.sync_all())
        .and_then(|()| sync_folder(path));
    synced.map_err(|error| RegistryError::File {
        path: path.to_owned(),
        reason: error.to_string(),
    })
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
