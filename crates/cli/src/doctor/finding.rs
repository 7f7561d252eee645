//! What the doctor says.

use core::fmt;

use serde::Serialize;

/// How bad it is.
#[derive(Copy, Clone, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Severity {
    /// Somebody gets in, or nobody does.
    Error,
    /// It will hurt one day.
    Warning,
    /// Worth knowing.
    Note,
}

/// One finding: where, what, and what to do.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Finding {
    pub(super) severity: Severity,
    place: String,
    what: String,
    todo: &'static str,
}

/// All findings.
#[derive(Debug, Default)]
pub(super) struct Findings(pub(super) Vec<Finding>);

impl Findings {
    pub(super) fn error(
        &mut self,
        place: impl fmt::Display,
        what: impl fmt::Display,
        todo: &'static str,
    ) {
        self.add(Severity::Error, place, what, todo);
    }

    pub(super) fn warning(
        &mut self,
        place: impl fmt::Display,
        what: impl fmt::Display,
        todo: &'static str,
    ) {
        self.add(Severity::Warning, place, what, todo);
    }

    pub(super) fn note(
        &mut self,
        place: impl fmt::Display,
        what: impl fmt::Display,
        todo: &'static str,
    ) {
        self.add(Severity::Note, place, what, todo);
    }

    fn add(
        &mut self,
        severity: Severity,
        place: impl fmt::Display,
        what: impl fmt::Display,
        todo: &'static str,
    ) {
        self.0.push(Finding {
            severity,
            place: place.to_string(),
            what: what.to_string(),
            todo,
        });
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        };
        write!(
            f,
            "{severity}: {}: {}\n    {}",
            self.place, self.what, self.todo
        )
    }
}
