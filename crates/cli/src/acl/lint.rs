//! `mqward acl lint`: rules that have no effect, meet each other or allow too much.

use std::path::{Path, PathBuf};

use clap::Args;
use mqward::Gate;
use mqward_broker::Policy;
use serde::Serialize;

use super::inspection::{Finding, Kind, Severity, inspect};
use super::rule_lines::RuleLines;
use crate::error::{CliError, Status};
use crate::output;

#[derive(Args, Debug)]
pub(crate) struct LintArgs {
    /// The policy file
    #[arg(long, value_name = "FILE")]
    policy: PathBuf,
}

#[derive(Serialize)]
struct Report<'a> {
    severity: Severity,
    finding: Kind,
    sentence: String,
    rule: RuleReport<'a>,
    other: Option<RuleReport<'a>>,
    client_id: &'a str,
    topic: &'a str,
}

/// A rule as the operator finds it.
#[derive(Serialize)]
struct RuleReport<'a> {
    role: &'a str,
    rule: usize,
    text: String,
    line: Option<usize>,
}

impl LintArgs {
    pub(super) fn run(&self, json: bool) -> Result<Status, CliError> {
        let text = std::fs::read_to_string(&self.policy)
            .map_err(|error| CliError::file(&self.policy, error))?;
        let policy = Policy::parse(&text, &self.policy).map_err(CliError::failed)?;
        let (gate, lines) = (policy.gate(), RuleLines::new(&text));
        let findings = inspect(&gate);
        for finding in &findings {
            let report = Report::of(finding, &gate, &lines);
            output::either(json, &report, || report.text(&self.policy))?;
        }
        if findings.is_empty() && !json {
            output::line(&format!(
                "{}: nothing to say about its rules",
                self.policy.display()
            ))?;
        }
        let warned = findings
            .iter()
            .any(|finding| finding.severity == Severity::Warning);
        Ok(if warned { Status::Refused } else { Status::Ok })
    }
}

impl<'a> RuleReport<'a> {
    fn of((role, rule): (usize, usize), gate: &Gate<'a>, lines: &RuleLines) -> Self {
        let found = gate.roles().get(role);
        Self {
            role: found.map_or("", |role| role.name),
            rule,
            text: found
                .and_then(|role| role.rules.get(rule))
                .map_or_else(String::new, ToString::to_string),
            line: lines.find(role, rule),
        }
    }
}

impl<'a> Report<'a> {
    fn of(finding: &'a Finding, gate: &Gate<'a>, lines: &RuleLines) -> Self {
        let rule = RuleReport::of(finding.rule, gate, lines);
        let other = finding
            .other
            .map(|other| RuleReport::of(other, gate, lines));
        let (before, behind) = finding.words;
        let other_text = other.as_ref().map_or_else(String::new, |other| {
            let role = if other.role == rule.role {
                String::new()
            } else {
                format!(" of role `{}`", other.role)
            };
            format!(" rule {} `{}`{role}", other.rule, other.text)
        });
        Self {
            severity: finding.severity,
            finding: finding.kind,
            sentence: format!("{before}{other_text}{behind}"),
            rule,
            other,
            client_id: &finding.client,
            topic: &finding.topic,
        }
    }

    fn text(&self, policy: &Path) -> String {
        let line = self
            .rule
            .line
            .map_or_else(String::new, |line| format!(":{line}"));
        let severity = match self.severity {
            Severity::Warning => "warning",
            Severity::Note => "note",
        };
        format!(
            "{}{line}: {severity}: role `{}`, rule {} `{}` {}\n    for example `{}` of client `{}`",
            policy.display(),
            self.rule.role,
            self.rule.rule,
            self.rule.text,
            self.sentence,
            self.topic,
            self.client_id
        )
    }
}
