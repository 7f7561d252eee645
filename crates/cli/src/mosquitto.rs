//! `mqward mosquitto`: what Mosquitto needs to run with a policy.

mod config;

use clap::Subcommand;

use crate::error::{CliError, Status};

/// The Mosquitto broker.
#[derive(Debug, Subcommand)]
pub(crate) enum MosquittoCommand {
    /// Write a hardened mosquitto.conf for a policy, with the reason for every line
    Config(config::ConfigArgs),
}

impl MosquittoCommand {
    pub(crate) fn run(&self, json: bool) -> Result<Status, CliError> {
        match self {
            Self::Config(args) => args.run(json),
        }
    }
}
