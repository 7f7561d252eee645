//! `mqward doctor`: what is wrong with a broker's files, before somebody finds out.

mod broker;
mod conf_file;
mod files;
mod finding;
mod named_files;
mod plugin_file;

use std::path::{Path, PathBuf};

use clap::Args;

use self::conf_file::ConfFile;
use self::finding::{Findings, Severity};
use crate::error::{CliError, Status};
use crate::output;

/// Where Debian keeps the broker and its configuration.
const CONFIG: &str = "/etc/mosquitto/mosquitto.conf";
const MOSQUITTO: &str = "/usr/sbin/mosquitto";

/// Looks for what is wrong.
#[derive(Args, Debug)]
pub(crate) struct DoctorArgs {
    /// The broker's configuration [default: /etc/mosquitto/mosquitto.conf, unless a policy is named]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The policy [default: the one that the configuration names]
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// The broker
    #[arg(long, value_name = "FILE", default_value = MOSQUITTO)]
    mosquitto: PathBuf,
}

impl DoctorArgs {
    pub(crate) fn run(&self, json: bool) -> Result<Status, CliError> {
        let mut findings = Findings::default();
        let version = broker::version(&self.mosquitto, &mut findings);
        let config = match (&self.config, &self.policy) {
            (Some(path), _) => Some(path.as_path()),
            (None, Some(_)) => None,
            (None, None) => Some(Path::new(CONFIG)),
        };
        let conf = config.map(ConfFile::read).transpose()?;
        let mut policy = self.policy.clone();
        if let Some(conf) = &conf {
            broker::inspect(conf, version, &mut findings);
            let named = broker::policy(conf, &mut findings);
            policy = policy.or(named);
        }
        let mut read = None;
        if let Some(policy) = &policy {
            // Started by root, Mosquitto becomes this user before it loads a plugin.
            let user = conf.as_ref().map(user_of);
            read = files::inspect(policy, user, &mut findings);
        }
        if let Some(conf) = &conf {
            named_files::inspect(conf, user_of(conf), &mut findings);
            broker::certificates(conf, read.as_ref(), &mut findings);
            if let Some(policy) = &read {
                broker::sizes(conf, policy, &mut findings);
            }
        }
        let mut findings = findings.0;
        findings.sort_by_key(|finding| finding.severity);
        for finding in &findings {
            output::either(json, finding, || finding.to_string())?;
        }
        let wrong = findings
            .iter()
            .filter(|finding| finding.severity != Severity::Note)
            .count();
        if !json {
            output::line(&match wrong {
                0 => "nothing is wrong".to_owned(),
                wrong => format!("{wrong} to look after"),
            })?;
        }
        Ok(if wrong == 0 {
            Status::Ok
        } else {
            Status::Refused
        })
    }
}

/// The user that the broker becomes when root starts it.
fn user_of(conf: &ConfFile) -> &str {
    conf.last("user").map_or("mosquitto", |user| &user.value)
}
