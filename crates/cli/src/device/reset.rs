//! `mqward device reset-replay`: let a device of a workbench in after its counter went back.

use std::path::PathBuf;

use clap::Args;
use mqward::{Authentication, ClientId};
use mqward_broker::{Policy, Registry, ReplayJournal, ReplayMark};
use serde::Serialize;

use crate::device_name::parse_client_id;
use crate::error::{CliError, Status};
use crate::output;
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
        std::fs::File::open(&self.policy).map_err(|error| CliError::file(&self.policy, error))?;
        let policy = Policy::read(&self.policy).map_err(CliError::failed)?;
        let role = self.role(&policy)?;
        if !policy.is_development_role(&role) {
            return Err(CliError::refused(format_args!(
                "{} has role {role:?}, which is not for development: every password that it ever used would be good again",
                self.client_id
            ))
            .hint(
                "In a fleet, a device whose counter went back gets its next generation: `mqward device rotate`. \
                 On a workbench, the role says `development = true`.",
            ));
        }
        let store = policy.replay_file().ok_or_else(|| {
            CliError::refused("the policy keeps marks in memory alone: restart the broker")
                .hint("`file` in [replay] keeps them in a file.")
        })?;
        let forget = ReplayMark {
            client_id: self.client_id.clone(),
            mark: None,
            is_last: false,
        };
        ReplayJournal::request_merge(store, &[forget]).map_err(failed)?;
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

    /// The role that the broker gives the device: the registry's, or the one that its client id fits.
    fn role(&self, policy: &Policy) -> Result<String, CliError> {
        let none = || {
            CliError::refused(format_args!(
                "{} has no role with auth = \"mqward\", so there is nothing to forget",
                self.client_id
            ))
        };
        let record = match policy.registry_file() {
            None => None,
            Some(path) => Registry::open_read_only(path)
                .and_then(|registry| registry.get(&self.client_id))
                .map_err(CliError::failed)?,
        };
        let gate = policy.gate();
        let role = match record.and_then(|record| record.role) {
            Some(pinned) => gate.roles().iter().find(|role| role.name == pinned),
            None => ClientId::new(&self.client_id)
                .ok()
                .and_then(|id| gate.role_of(id))
                .map(|(_, role)| role),
        };
        role.filter(|role| role.authentication == Authentication::Mqward)
            .map(|role| role.name.to_owned())
            .ok_or_else(none)
    }
}
