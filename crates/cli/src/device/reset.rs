//! `mqward device reset-replay`: let a device of a workbench in after its counter went back.

use std::path::PathBuf;

use clap::Args;
use mqward::{Authentication, ClientId};
use mqward_broker::{Policy, ReplayJournal, ReplayMark};
use serde::Serialize;

use crate::device_name::parse_client_id;
use crate::error::{CliError, Status};
use crate::output;
use crate::policy_files::PolicyFiles;
use crate::replay::failed;

#[derive(Args, Debug)]
pub(crate) struct ResetArgs {
    /// The broker's policy
    #[arg(long, value_name = "FILE")]
    policy: PathBuf,
    /// The device
    #[arg(value_name = "CLIENT_ID", value_parser = parse_client_id)]
    client_id: String,
}

#[derive(Serialize)]
struct Asked<'a> {
    client_id: &'a str,
}

impl ResetArgs {
    pub(super) fn run(&self, json: bool) -> Result<Status, CliError> {
        let text = std::fs::read_to_string(&self.policy)
            .map_err(|error| CliError::file(&self.policy, error))?;
        let policy = Policy::parse(&text, &self.policy).map_err(CliError::failed)?;
        let files = PolicyFiles::new(&text, &self.policy);
        if !files.is_development {
            return Err(CliError::refused(format_args!(
                "{}: not a policy for development; every password that this device ever used would be good again",
                self.policy.display()
            ))
            .hint(
                "In a fleet, a device whose counter went back gets its next generation: `mqward device rotate`. \
                 On a workbench, the policy says `cold_start = \"open\"` in [replay].",
            ));
        }
        let gate = policy.gate();
        let role = ClientId::new(&self.client_id)
            .ok()
            .and_then(|id| gate.role_of(id));
        if role.is_none_or(|(_, role)| role.authentication != Authentication::Mqward) {
            return Err(CliError::refused(format_args!(
                "{} has no role with auth = \"mqward\", so there is nothing to forget",
                self.client_id
            )));
        }
        let store = files.replay.ok_or_else(|| {
            CliError::refused("the policy keeps marks in memory alone: restart the broker")
                .hint("`file` in [replay] keeps them in a file.")
        })?;
        let forget = ReplayMark {
            client_id: self.client_id.clone(),
            mark: None,
            is_last: false,
        };
        ReplayJournal::request_merge(&store, &[forget]).map_err(failed)?;
        let asked = Asked {
            client_id: &self.client_id,
        };
        output::either(json, &asked, || {
            format!(
                "asked the broker to forget the last login of {}",
                self.client_id
            )
        })?;
        Ok(Status::Ok)
    }
}
