//! `mqward registry`: the file that says which devices exist.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use mqward_broker::{Registry, RegistryError};
use serde::Serialize;

use crate::error::{CliError, Status};
use crate::output;

/// The device registry of a broker.
#[derive(Debug, Subcommand)]
pub(crate) enum RegistryCommand {
    /// Make a new, empty registry
    Init(RegistryArgs),
    /// Write who exists and who is revoked, one JSON object a line
    Export(ExportArgs),
}

/// The registry that a command works on.
#[derive(Args, Debug)]
pub(crate) struct RegistryArgs {
    /// The device registry; the broker may have it open
    #[arg(long, value_name = "FILE")]
    registry: PathBuf,
}

#[derive(Args, Debug)]
pub(crate) struct ExportArgs {
    #[command(flatten)]
    registry: RegistryArgs,
    /// What backends may know: no seed, no note
    #[arg(long, required = true)]
    public: bool,
}

impl RegistryArgs {
    /// Opens the registry to change it.
    pub(crate) fn open(&self) -> Result<Registry, CliError> {
        Registry::open(&self.registry).map_err(|error| {
            failed(error).hint("`mqward registry init --registry FILE` makes a new one.")
        })
    }

    /// Opens the registry to read it.
    pub(crate) fn open_read_only(&self) -> Result<Registry, CliError> {
        Registry::open_read_only(&self.registry).map_err(failed)
    }
}

/// A mistake in what was asked for is an answer; anything about the file is a failure.
pub(crate) fn failed(error: RegistryError) -> CliError {
    match error {
        RegistryError::UnknownDevice { .. }
        | RegistryError::UnknownGeneration { .. }
        | RegistryError::DeviceExists { .. }
        | RegistryError::GenerationsUsedUp { .. }
        | RegistryError::Invalid { .. }
        | RegistryError::Lines(_) => CliError::refused(error),
        _ => CliError::failed(error),
    }
}

#[derive(Serialize)]
struct Made<'a> {
    registry: &'a std::path::Path,
}

impl RegistryCommand {
    pub(crate) fn run(&self, json: bool) -> Result<Status, CliError> {
        match self {
            Self::Init(args) => {
                Registry::create(&args.registry).map_err(failed)?;
                let made = Made {
                    registry: &args.registry,
                };
                output::either(json, &made, || {
                    format!("made {}, no devices yet", made.registry.display())
                })?;
            }
            Self::Export(args) => {
                let registry = args.registry.open_read_only()?;
                // Whole before the first byte is printed: a reader never takes half a fleet for all of it.
                let mut lines = Vec::new();
                registry.export_public(&mut lines).map_err(failed)?;
                output::write(&lines)?;
            }
        }
        Ok(Status::Ok)
    }
}
