//! Why a replay journal cannot be used.

use core::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Why a replay journal cannot be used. Nothing was changed.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ReplayError {
    /// A file cannot be opened, read or written.
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// Another process has it open. Two stores over one file would accept one password twice.
    InUse {
        /// The journal.
        path: PathBuf,
    },
    /// It does not begin like a replay journal.
    NoJournal {
        /// The file.
        path: PathBuf,
    },
    /// What was durable is damaged: marks may be missing. Restore it from a backup, or take it away and start cold.
    Damaged {
        /// The journal.
        path: PathBuf,
        /// Where the first damaged record begins, in bytes.
        at: u64,
    },
    /// It holds records of a kind that this program does not know.
    Newer {
        /// The journal.
        path: PathBuf,
    },
    /// A request to the broker that has it open is waiting already.
    RequestPending {
        /// The file of the request.
        path: PathBuf,
    },
    /// A file of marks is malformed.
    Line {
        /// The line, counted from 1.
        line: u64,
        /// What is wrong.
        reason: String,
    },
}

impl ReplayError {
    pub(super) fn of_io(path: &Path, error: &io::Error) -> Self {
        Self::File {
            path: path.to_owned(),
            reason: error.to_string(),
        }
    }

    /// The file, where one is to blame.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::File { path, .. }
            | Self::InUse { path }
            | Self::NoJournal { path }
            | Self::Damaged { path, .. }
            | Self::Newer { path }
            | Self::RequestPending { path } => Some(path),
            Self::Line { .. } => None,
        }
    }

    /// What is wrong, without the file's name.
    #[must_use]
    pub fn reason(&self) -> String {
        match self {
            Self::File { reason, .. } => reason.clone(),
            Self::InUse { .. } => "another process has this replay store open".to_owned(),
            Self::NoJournal { .. } => "not a replay store, or its beginning is damaged".to_owned(),
            Self::Damaged { at, .. } => format!(
                "the replay store is damaged at byte {at}: restore it from a backup, or move it away to start cold"
            ),
            Self::Newer { .. } => "a newer program has written this replay store".to_owned(),
            Self::RequestPending { .. } => {
                "a request is waiting already: a running broker takes it within seconds".to_owned()
            }
            Self::Line { line, reason } => format!("line {line}: {reason}"),
        }
    }
}

impl fmt::Display for ReplayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(path) = self.path() {
            write!(f, "{}: ", path.display())?;
        }
        f.write_str(&self.reason())
    }
}

impl core::error::Error for ReplayError {}
