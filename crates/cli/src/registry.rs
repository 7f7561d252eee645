//! `mqward registry`: the file that says which devices exist.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use mqward::UnixTime;
use mqward_broker::{Registry, RegistryError};
use serde::Serialize;

use crate::error::{CliError, Status};
use crate::output;
use crate::time_argument::rfc3339;

/// The device registry of a broker.
#[derive(Debug, Subcommand)]
pub(crate) enum RegistryCommand {
    /// Make a new, empty registry
    Init(RegistryArgs),
    /// Write who exists and who is revoked, one JSON object a line
    Export(ExportArgs),
    /// Copy the registry to a new file, as of one moment, while the broker and other commands use it
    ///
    /// The copy is checked page by page. It is private (mode 0600), for it may hold seeds.
    Backup(BackupArgs),
    /// Make a registry from a copy, where none is
    ///
    /// What was changed after the copy was made is not in it: revoke again whom you revoked since.
    Restore(RestoreArgs),
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

#[derive(Args, Debug)]
pub(crate) struct BackupArgs {
    #[command(flatten)]
    registry: RegistryArgs,
    /// The copy, a file that is not there yet
    #[arg(value_name = "FILE")]
    copy: PathBuf,
}

#[derive(Args, Debug)]
pub(crate) struct RestoreArgs {
    #[command(flatten)]
    registry: RegistryArgs,
    /// The copy, as `registry backup` makes it
    #[arg(value_name = "FILE")]
    copy: PathBuf,
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
    registry: &'a Path,
}

#[derive(Serialize)]
struct Copied<'a> {
    file: &'a Path,
    devices: u64,
    /// The newest change that it has, in seconds since 1970.
    last_change: Option<u32>,
}

impl<'a> Copied<'a> {
    fn new(registry: &Registry, file: &'a Path) -> Result<Self, CliError> {
        let mut last = None;
        for device in registry.iter() {
            last = last.max(Some(device.map_err(failed)?.changed));
        }
        Ok(Self {
            file,
            devices: registry.count().map_err(failed)?,
            last_change: last.map(UnixTime::get),
        })
    }

    /// How many devices, and how new.
    fn text(&self) -> String {
        let last = self
            .last_change
            .and_then(|secs| UnixTime::from_secs(u64::from(secs)))
            .map_or_else(String::new, |time| {
                format!(", last changed {}", rfc3339(time))
            });
        format!("{}: {} devices{last}", self.file.display(), self.devices)
    }
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
            Self::Backup(args) => {
                let registry = args.registry.open_read_only()?;
                registry.back_up(&args.copy).map_err(failed)?;
                // Of the copy, since the registry may have changed again.
                let copy = Registry::open_read_only(&args.copy).map_err(failed)?;
                let copied = Copied::new(&copy, &args.copy)?;
                output::either(json, &copied, || copied.text())?;
            }
            Self::Restore(args) => {
                let path = &args.registry.registry;
                let registry = Registry::restore(&args.copy, path).map_err(|error| {
                    failed(error).hint(
                        "Move a registry that is there away first, with its -wal and -shm files; the broker may run meanwhile.",
                    )
                })?;
                let copied = Copied::new(&registry, path)?;
                output::either(json, &copied, || {
                    format!(
                        "{}\nWhat came after that is not in it: revoke again whom you revoked since, and give the file \
                         and its -wal and -shm to the broker's user.",
                        copied.text()
                    )
                })?;
            }
        }
        Ok(Status::Ok)
    }
}
