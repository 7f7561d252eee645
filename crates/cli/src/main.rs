//! The `mqward` command.
#![forbid(unsafe_code)]

mod acl;
mod boot_file;
mod cli;
mod cose;
mod device;
mod device_name;
#[cfg(unix)]
mod doctor;
mod error;
mod fleet;
mod hardware_source;
mod input;
mod line;
mod lines;
mod manual;
mod migrate;
mod mosquitto;
mod open;
mod output;
mod password;
mod policy;
mod private_file;
mod progress;
mod reason_hint;
mod receiver_state;
mod registry;
mod replay;
mod seal;
mod seed_source;
mod time_argument;
mod verify;
mod why;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::Cli;
use crate::error::Status;

fn main() -> ExitCode {
    let cli = Cli::parse();
    match cli.run() {
        Ok(status) => status.into(),
        Err(error) => {
            if error.status() != Status::BrokenPipe {
                // Nothing is left to do if stderr is gone as well.
                let _ = error.write(&mut std::io::stderr().lock());
            }
            error.status().into()
        }
    }
}
