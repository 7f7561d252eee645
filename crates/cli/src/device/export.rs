//! `mqward device export`: the seeds of one device.

use std::path::{Path, PathBuf};

use clap::Args;
use mqward::{Generation, UnixTime};
use serde::Serialize;

use super::flash_file::{Format, Provisioning};
use super::ledger::{Issued, IssuedFile, Ledger};
use super::roots::RootArgs;
use crate::device_name::{DeviceName, parse_client_id, parse_generation};
use crate::error::{CliError, Status};
use crate::input::is_dash;
use crate::private_file::{self, Existing};
use crate::{output, time_argument};

#[derive(Args, Debug)]
pub(crate) struct ExportArgs {
    /// The device's Client Identifier
    #[arg(long, value_name = "ID", value_parser = parse_client_id)]
    client_id: String,
    /// How often the device was provisioned, counted from 1 to 255; never the same number twice
    #[arg(long, value_name = "N", value_parser = parse_generation)]
    generation: Generation,
    #[command(flatten)]
    roots: RootArgs,
    /// What to write
    #[arg(long, value_enum, default_value_t = Format::Blob)]
    format: Format,
    /// File to write, or a folder in which it is named after the client id; `-` prints the secrets
    #[arg(long, value_name = "FILE|DIR")]
    out: PathBuf,
    /// File for the first boot record, with `--format blob` [default: the blob's name, ending in .boot]
    #[arg(long, value_name = "FILE")]
    boot_out: Option<PathBuf>,
    /// The first boot number: the time of provisioning [default: now]
    #[arg(long, value_name = "TIME", value_parser = time_argument::parse)]
    first_boot: Option<UnixTime>,
    /// Issue a generation a second time, since nothing was ever flashed with the first; the reason is noted
    #[arg(long, value_name = "REASON", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    again: Option<String>,
    /// Overwrite what is there
    #[arg(long)]
    force: bool,
}

/// What was written.
#[derive(Serialize)]
struct Report<'a> {
    client_id: &'a str,
    generation: u8,
    first_boot: u32,
    files: Vec<&'a Path>,
}

impl ExportArgs {
    pub(super) fn run(&self, json: bool) -> Result<Status, CliError> {
        if self.boot_out.is_some() && self.format != Format::Blob {
            return Err(CliError::usage(
                "`--boot-out` goes with `--format blob`: the other formats hold the boot record",
            ));
        }
        let (file, boot_file) = self.files()?;
        let first_boot = self.first_boot.map_or_else(time_argument::now, Ok)?;
        let name = DeviceName {
            client_id: self.client_id.clone(),
            generation: self.generation,
        };
        let made = Provisioning {
            name: &name,
            first_boot,
            seeds: self.roots.read()?.seeds(&name)?,
        };
        let contents = made.contents(self.format)?;
        let boot = made.boot_record();

        let mut issued = vec![IssuedFile::new(&file, &contents)];
        issued.extend(boot_file.iter().map(|file| IssuedFile::new(file, &boot)));
        let again = self.again.as_deref();
        let mut ledger = Ledger::open(self.roots.ledger()?)?;
        ledger.check(&name, again)?;
        // Noted first: what is noted in vain costs a word, what is issued without a note costs a nonce.
        ledger.note(&[Issued::new(&name, first_boot, issued, again)?])?;

        let mut files = Vec::new();
        if let Some(boot_file) = &boot_file {
            self.write(boot_file, &boot)?;
            files.push(boot_file.as_path());
        }
        if is_dash(&file) {
            output::write(&contents)?;
            return Ok(Status::Ok);
        }
        self.write(&file, &contents)?;
        files.insert(0, &file);
        let report = Report {
            client_id: &name.client_id,
            generation: name.generation.get(),
            first_boot: first_boot.get(),
            files,
        };
        output::either(json, &report, || {
            let names: Vec<_> = report
                .files
                .iter()
                .map(|file| file.display().to_string())
                .collect();
            format!(
                "{}, generation {}: wrote {}",
                name.client_id,
                name.generation,
                names.join(" and ")
            )
        })?;
        Ok(Status::Ok)
    }

    /// The file to write, and the one for the boot record where it is apart.
    fn files(&self) -> Result<(PathBuf, Option<PathBuf>), CliError> {
        let file = if self.out.is_dir() {
            self.out
                .join(format!("{}.{}", self.client_id, self.format.extension()))
        } else {
            self.out.clone()
        };
        // Before anything is noted as issued.
        self.check_free(&file)?;
        if self.format != Format::Blob {
            return Ok((file, None));
        }
        let boot_file = match &self.boot_out {
            Some(path) => path.clone(),
            None if is_dash(&file) => {
                return Err(CliError::usage(
                    "`--out -` prints the blob: say with `--boot-out FILE` where the boot record goes",
                ));
            }
            None => file.with_extension("boot"),
        };
        if boot_file == file {
            return Err(CliError::usage(
                "blob and boot record cannot be one file: choose `--boot-out`",
            ));
        }
        self.check_free(&boot_file)?;
        Ok((file, Some(boot_file)))
    }

    /// Whether a file may be written here.
    fn check_free(&self, path: &Path) -> Result<(), CliError> {
        if is_dash(path) {
            return Ok(());
        }
        if !self.force && path.symlink_metadata().is_ok() {
            return Err(CliError::file(path, "is there already").hint(
                "`--force` overwrites it. A device that runs must not get its first boot record again.",
            ));
        }
        match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() && !folder.is_dir() => {
                Err(CliError::file(path, "its folder is not there"))
            }
            _ => Ok(()),
        }
    }

    fn write(&self, path: &Path, contents: &[u8]) -> Result<(), CliError> {
        let existing = if self.force {
            Existing::Replace
        } else {
            Existing::Keep
        };
        private_file::write(path, contents, existing).map_err(|error| {
            error.hint("It is noted as issued: repeat it with `--again \"could not be written\"`.")
        })
    }
}
