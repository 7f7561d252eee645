//! `mqward device`: a device from its provisioning to its end.

mod bind;
mod change;
mod export;
mod flash_file;
mod issue;
mod ledger;
mod listing;
mod reset;
mod roots;

use clap::Subcommand;

use crate::error::{CliError, Status};

/// What a device is flashed with, and what the registry says about it.
#[derive(Debug, Subcommand)]
pub(crate) enum DeviceCommand {
    /// Export a device's seeds and its first boot record
    ///
    /// The same client id and generation always give the same seeds. A generation is issued once: provisioning a device
    /// again means the next one, unless its boot record is still there and stays untouched.
    Export(export::ExportArgs),
    /// Issue many devices for a production line, before their boards are known
    ///
    /// For the room where the root is. Writes a folder with what is flashed and a manifest; the line needs no root.
    Issue(issue::IssueArgs),
    /// Put issued devices into the registry, with the boards they were flashed to
    ///
    /// All lines or none: an id that was not issued, an id or a board that is there twice is an error.
    Bind(bind::BindArgs),
    /// Put a device into the registry
    Add(change::AddArgs),
    /// List the devices of the registry
    List(listing::ListArgs),
    /// Show all that the registry says about a device
    Show(listing::ShowArgs),
    /// Keep devices out, within seconds also those that are connected
    Revoke(change::RevokeArgs),
    /// Let a revoked device in again; generations that were revoked stay so
    Unrevoke(change::UnrevokeArgs),
    /// Give a device its next generation; the first login with it ends the one before
    Rotate(change::RotateArgs),
    /// Change what the registry says about a device
    Set(change::SetArgs),
    /// Put the devices of a CSV file into the registry, all or none
    Import(change::ImportArgs),
    /// Forget the last login of a device, so that an older counter is good again; for development alone
    ///
    /// Refused unless the device's role says in the policy that it is for development: `development = true`.
    ResetReplay(reset::ResetArgs),
}

impl DeviceCommand {
    pub(crate) fn run(&self, json: bool) -> Result<Status, CliError> {
        match self {
            Self::Export(args) => args.run(json),
            Self::Issue(args) => args.run(json),
            Self::Bind(args) => args.run(json),
            Self::Add(args) => args.run(json),
            Self::List(args) => args.run(json),
            Self::Show(args) => args.run(json),
            Self::Revoke(args) => args.run(json),
            Self::Unrevoke(args) => args.run(json),
            Self::Rotate(args) => args.run(json),
            Self::Set(args) => args.run(json),
            Self::Import(args) => args.run(json),
            Self::ResetReplay(args) => args.run(json),
        }
    }
}
