//! `mqward acl`: what the rules of a policy mean.

mod explain;
mod inspection;
mod lint;
mod rule_lines;
mod witness;

use clap::Subcommand;

use crate::error::{CliError, Status};

/// The rules of a policy.
#[derive(Debug, Subcommand)]
pub(crate) enum AclCommand {
    /// Say whether a client may do something, by which rule or at which level not
    ///
    /// The answer is the broker's for a client that is logged in; a payload of the right shape is taken for granted.
    Explain(explain::ExplainArgs),
    /// Look for rules that have no effect, meet each other or allow too much
    ///
    /// Exact for every client id of a role, with a topic that shows it. Notes are worth a look; warnings end with code 1.
    Lint(lint::LintArgs),
}

impl AclCommand {
    pub(crate) fn run(&self, json: bool) -> Result<Status, CliError> {
        match self {
            Self::Explain(args) => args.run(json),
            Self::Lint(args) => args.run(json),
        }
    }
}
