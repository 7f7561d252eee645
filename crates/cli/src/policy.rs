//! `mqward policy`: look for mistakes in a policy file.

use std::fs::File;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use mqward::{Authentication, CharClass, OnRefuse, Role};
use mqward_broker::Policy;
use serde::Serialize;

use crate::error::{CliError, Status};
use crate::output;

/// A broker's policy.
#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// Look for mistakes and print the roles
    ///
    /// Reads the policy, and the key and device files that it names, as the broker does at its start.
    Check(CheckArgs),
}

#[derive(Args, Debug)]
pub(crate) struct CheckArgs {
    /// The policy file
    #[arg(value_name = "FILE")]
    policy: PathBuf,
    /// Look at the policy alone, not at the key and device files that it names
    #[arg(long)]
    policy_only: bool,
}

#[derive(Serialize)]
struct Report<'a> {
    policy: &'a Path,
    audience: Option<&'a str>,
    window: u16,
    roles: Vec<RoleReport<'a>>,
}

#[derive(Serialize)]
struct RoleReport<'a> {
    name: &'a str,
    client_id: String,
    authentication: &'static str,
    on_refuse: &'static str,
    rules: Vec<String>,
}

impl PolicyCommand {
    pub(crate) fn run(&self, json: bool) -> Result<Status, CliError> {
        match self {
            Self::Check(args) => args.run(json),
        }
    }
}

impl CheckArgs {
    fn run(&self, json: bool) -> Result<Status, CliError> {
        // A mistake in the policy is an answer, a file that is not there is a failure.
        File::open(&self.policy).map_err(|error| CliError::file(&self.policy, error))?;
        let policy = Policy::read(&self.policy).map_err(CliError::refused)?;
        if !self.policy_only {
            policy.check_files().map_err(|error| {
                CliError::refused(error)
                    .hint("`--policy-only` leaves the files that the policy names out.")
            })?;
        }
        let audience = policy.audience();
        let report = Report {
            policy: &self.policy,
            audience: audience.as_ref().map(mqward::Audience::as_str),
            window: policy.window_secs(),
            roles: policy.gate().roles().iter().map(RoleReport::of).collect(),
        };
        output::either(json, &report, || report.text())?;
        Ok(Status::Ok)
    }
}

impl<'a> RoleReport<'a> {
    fn of(role: &Role<'a>) -> Self {
        let rule = &role.client_id;
        let class = match rule.class() {
            CharClass::Digits => "digits",
            CharClass::LowerHex => "lower-hex",
            CharClass::Hex => "hex",
            CharClass::Word => "word",
            CharClass::WordDot => "word-dot",
        };
        Self {
            name: role.name,
            client_id: format!(
                "\"{}\" and {class}, {} to {} characters in all",
                rule.prefix(),
                rule.min_len(),
                rule.max_len()
            ),
            authentication: match role.authentication {
                Authentication::Mqward => "mqward",
                Authentication::Broker => "broker",
            },
            on_refuse: match role.on_refuse {
                OnRefuse::Close => "close",
                OnRefuse::Refuse => "refuse",
                OnRefuse::Report => "report",
            },
            rules: role.rules.iter().map(ToString::to_string).collect(),
        }
    }
}

impl Report<'_> {
    fn text(&self) -> String {
        let mut lines = vec![format!(
            "{}: no mistakes; audience {}, window {} s",
            self.policy.display(),
            self.audience.unwrap_or("(none)"),
            self.window
        )];
        if self.roles.is_empty() {
            lines.push("no roles: everything is refused".to_owned());
        }
        for role in &self.roles {
            lines.push(format!(
                "role {}: {}; auth {}, on refusal {}",
                role.name, role.client_id, role.authentication, role.on_refuse
            ));
            lines.extend(
                role.rules
                    .iter()
                    .enumerate()
                    .map(|(index, rule)| format!("  {index}  {rule}")),
            );
        }
        lines.join("\n")
    }
}
