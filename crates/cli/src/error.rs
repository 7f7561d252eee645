//! Why the command failed, for the person at the terminal.

use core::fmt;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

/// How the command ends.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(crate) enum Status {
    /// Done; or the answer is yes.
    Ok,
    /// The answer is no: refused, not authentic, not allowed, a mistake in the policy.
    Refused,
    /// The command line makes no sense; clap uses the same number.
    Usage,
    /// A file, the machine, or what a file holds.
    Failed,
    /// Nobody reads the output any more: what a shell reports for SIGPIPE.
    BrokenPipe,
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        Self::from(match status {
            Status::Ok => 0,
            Status::Refused => 1,
            Status::Usage => 2,
            Status::Failed => 3,
            Status::BrokenPipe => 141,
        })
    }
}

/// What went wrong, and what to do about it. Neither ever holds a secret.
#[derive(Debug)]
pub(crate) struct CliError {
    status: Status,
    message: String,
    hint: Option<String>,
}

impl CliError {
    fn new(status: Status, message: impl fmt::Display) -> Self {
        Self {
            status,
            message: message.to_string(),
            hint: None,
        }
    }

    /// The answer is no.
    pub(crate) fn refused(message: impl fmt::Display) -> Self {
        Self::new(Status::Refused, message)
    }

    /// The arguments are wrong.
    pub(crate) fn usage(message: impl fmt::Display) -> Self {
        Self::new(Status::Usage, message)
    }

    /// Something outside the command line is wrong.
    pub(crate) fn failed(message: impl fmt::Display) -> Self {
        Self::new(Status::Failed, message)
    }

    /// Something is wrong with a file.
    pub(crate) fn file(path: &Path, reason: impl fmt::Display) -> Self {
        Self::failed(format!("{}: {reason}", path.display()))
    }

    /// The output cannot be written.
    pub(crate) fn output(error: &io::Error) -> Self {
        let status = match error.kind() {
            io::ErrorKind::BrokenPipe => Status::BrokenPipe,
            _ => Status::Failed,
        };
        Self::new(status, format!("standard output: {error}"))
    }

    /// Adds what to do about it.
    pub(crate) fn hint(mut self, hint: impl fmt::Display) -> Self {
        self.hint = Some(hint.to_string());
        self
    }

    pub(crate) const fn status(&self) -> Status {
        self.status
    }

    pub(crate) fn write(&self, out: &mut impl Write) -> io::Result<()> {
        writeln!(out, "mqward: {}", self.message)?;
        if let Some(hint) = &self.hint {
            writeln!(out, "  {hint}")?;
        }
        Ok(())
    }
}
