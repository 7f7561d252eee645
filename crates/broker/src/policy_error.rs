//! The error of reading a policy or a file it names: which file, which line, why.

use core::fmt;
use core::ops::Range;
use std::path::{Path, PathBuf};

/// A mistake in the policy file or in a file that it names. Nothing starts with it.
///
/// Its `Display` is one line for the operator: `policy.toml:12: unknown variant …`. No variant holds a secret.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PolicyError {
    file: PathBuf,
    line: Option<u64>,
    reason: String,
}

impl PolicyError {
    /// A mistake of a whole file.
    pub(crate) fn of_file(file: &Path, reason: impl Into<String>) -> Self {
        Self {
            file: file.to_owned(),
            line: None,
            reason: reason.into(),
        }
    }

    /// A mistake on a line, counted from 1.
    pub(crate) fn at_line(file: &Path, line: u64, reason: impl Into<String>) -> Self {
        Self {
            file: file.to_owned(),
            line: Some(line),
            reason: reason.into(),
        }
    }

    /// The file, as the policy names it.
    #[must_use]
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// The line, counted from 1; `None` where the whole file is wrong.
    #[must_use]
    pub const fn line(&self) -> Option<u64> {
        self.line
    }

    /// What is wrong, in a sentence without file or line.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": {}", self.reason)
    }
}

impl core::error::Error for PolicyError {}

/// The line, counted from 1, on which a span of a text begins.
pub(crate) fn line_of(text: &str, span: &Range<usize>) -> u64 {
    let before = text.as_bytes().iter().take(span.start);
    let newlines = before.filter(|byte| **byte == b'\n').count();
    u64::try_from(newlines)
        .unwrap_or(u64::MAX)
        .saturating_add(1)
}
