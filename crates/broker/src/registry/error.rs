//! Why a registry could not do what it was asked to.

use core::fmt;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

/// Why a registry could not do what it was asked to. Nothing was changed then.
///
/// `Display` is one line for the operator, without secrets.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum RegistryError {
    /// The file cannot be opened, read or written.
    File {
        /// The file.
        path: PathBuf,
        /// What the system or SQLite says.
        reason: String,
    },
    /// Another process holds the file's lock for too long.
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// It is not a registry.
    NoRegistry {
        /// The file.
        path: PathBuf,
    },
    /// Its tables have a version that this program does not know.
    Version {
        /// The file.
        path: PathBuf,
        /// The version found.
        found: i32,
    },
    /// It holds seeds, but others than its owner have access.
    NotPrivate {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// No such device.
    UnknownDevice {
        /// The Client Identifier.
        client_id: String,
    },
    /// The device never had this generation.
    UnknownGeneration {
        /// The Client Identifier.
        client_id: String,
        /// The number.
        generation: u8,
    },
    /// There is such a device already.
    DeviceExists {
        /// The Client Identifier.
        client_id: String,
    },
    /// Generation 255 was issued: the client id is retired.
    GenerationsUsedUp {
        /// The Client Identifier.
        client_id: String,
    },
    /// A value that no device can have.
    Invalid {
        /// What it was meant for.
        what: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// Lines of a file to import are wrong. None was imported.
    Lines(Vec<LineError>),
}

/// What is wrong with a line.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LineError {
    /// The line, counted from 1.
    pub line: u64,
    /// What is wrong.
    pub reason: String,
}

impl RegistryError {
    pub(crate) fn of_sqlite(path: &Path, error: &rusqlite::Error) -> Self {
        let path = path.to_owned();
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy { path },
            Some(ErrorCode::NotADatabase) => Self::NoRegistry { path },
            // SQLite says so too where a reader would have to make the two files beside the registry.
            Some(ErrorCode::ReadOnly) => Self::File {
                reason: format!(
                    "may not be written; to read it, {name}-wal and {name}-shm have to be there \
                     (a command that changes the registry leaves them)",
                    name = path.display()
                ),
                path,
            },
            Some(ErrorCode::DiskFull) => Self::File {
                path,
                reason: "the disk is full".to_owned(),
            },
            _ => Self::File {
                path,
                reason: error.to_string(),
            },
        }
    }

    pub(super) fn invalid(what: &'static str, reason: impl fmt::Display) -> Self {
        Self::Invalid {
            what,
            reason: reason.to_string(),
        }
    }
}

impl fmt::Display for RegistryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, reason } => write!(f, "{}: {reason}", path.display()),
            Self::Busy { path } => {
                write!(f, "{}: another process is at work on it", path.display())
            }
            Self::NoRegistry { path } => write!(f, "{}: not a registry", path.display()),
            Self::Version { path, found } => write!(
                f,
                "{}: a registry of version {found}; this program reads version {}",
                path.display(),
                super::schema::VERSION
            ),
            Self::NotPrivate { path, mode } => write!(
                f,
                "{}: holds seeds but has mode {mode:04o}: run `chmod 600` on it",
                path.display()
            ),
            Self::UnknownDevice { client_id } => write!(f, "no device {client_id:?}"),
            Self::UnknownGeneration {
                client_id,
                generation,
            } => write!(f, "device {client_id:?} never had generation {generation}"),
            Self::DeviceExists { client_id } => write!(f, "device {client_id:?} exists already"),
            Self::GenerationsUsedUp { client_id } => write!(
                f,
                "device {client_id:?} has had generation 255: this client id is retired"
            ),
            Self::Invalid { what, reason } => write!(f, "{what}: {reason}"),
            Self::Lines(lines) => {
                f.write_str("nothing was imported")?;
                for LineError { line, reason } in lines {
                    write!(f, "; line {line}: {reason}")?;
                }
                Ok(())
            }
        }
    }
}

impl core::error::Error for RegistryError {}
