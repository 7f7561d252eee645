//! `mqward device issue`: what a production line flashes, made before a board is known.

use std::collections::HashSet;
use std::fs::DirBuilder;
use std::path::{Path, PathBuf};

use clap::Args;
use mqward::{Generation, UnixTime};
use serde::Serialize;
use zeroize::Zeroizing;

use super::flash_file::{Format, Provisioning};
use super::ledger::{Issued, IssuedFile, Ledger, text_of};
use super::roots::{RootArgs, Roots};
use crate::device_name::{DeviceName, parse_client_id};
use crate::error::{CliError, Status};
use crate::private_file::{self, Existing};
use crate::{input, output, progress, time_argument};

/// The name of a batch's manifest in its folder.
const MANIFEST: &str = "manifest.jsonl";
/// The longest file of ids that is read, in bytes.
const MAX_IDS_LEN: u64 = 64 * 1024 * 1024;

/// The name of a file in the folder of the batch, and what is in it.
type NamedFile = (PathBuf, Zeroizing<Vec<u8>>);

#[derive(Args, Debug)]
pub(crate) struct IssueArgs {
    /// How many devices
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000), required_unless_present = "ids")]
    count: Option<u32>,
    /// What their client ids begin with; random hexadecimal digits follow
    #[arg(long, value_name = "PREFIX", required_unless_present = "ids")]
    prefix: Option<String>,
    /// How many digits follow the prefix
    #[arg(long, value_name = "N", default_value_t = 12, value_parser = clap::value_parser!(u8).range(4..=64))]
    digits: u8,
    /// A file with the client ids instead, one a line; `-` is standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["count", "prefix", "digits"])]
    ids: Option<PathBuf>,
    #[command(flatten)]
    roots: RootArgs,
    /// What to write for each device
    #[arg(long, value_enum, default_value_t = Format::Blob)]
    format: Format,
    /// Folder for the batch; it must be new
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Issue generation 1 a second time, since the batch before was never flashed; the reason is noted
    #[arg(long, value_name = "REASON", requires = "ids", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    again: Option<String>,
}

#[derive(Serialize)]
struct Report<'a> {
    devices: usize,
    manifest: &'a Path,
}

impl IssueArgs {
    pub(super) fn run(&self, json: bool) -> Result<Status, CliError> {
        let roots = self.roots.read()?;
        let mut ledger = Ledger::open(self.roots.ledger()?)?;
        let names = self.names(&ledger)?;
        let again = self.again.as_deref();
        for name in &names {
            ledger.check(name, again)?;
        }
        self.make_folder()?;
        let first_boot = time_argument::now()?;
        let bar = progress::bar(names.len(), "deriving");
        let mut issued = Vec::with_capacity(names.len());
        for name in &names {
            issued.push(self.issued(&roots, name, first_boot)?);
            bar.inc(1);
        }
        bar.finish_and_clear();
        ledger.note(&issued)?;
        let bar = progress::bar(names.len(), "writing");
        for name in &names {
            for (file, contents) in self.files(&roots, name, first_boot)? {
                private_file::write(&self.out.join(file), &contents, Existing::Keep)?;
            }
            bar.inc(1);
        }
        bar.finish_and_clear();
        // Last: a folder with a manifest is a whole batch.
        let manifest = self.out.join(MANIFEST);
        private_file::write(&manifest, text_of(&issued)?.as_bytes(), Existing::Keep)?;
        let report = Report {
            devices: names.len(),
            manifest: &manifest,
        };
        output::either(json, &report, || {
            format!(
                "issued {} devices in generation 1: {}",
                report.devices,
                manifest.display()
            )
        })?;
        Ok(Status::Ok)
    }

    /// The devices to issue: as the file names them, or with ids that were never issued.
    fn names(&self, ledger: &Ledger) -> Result<Vec<DeviceName>, CliError> {
        let mut names = Vec::new();
        let mut seen = HashSet::new();
        let named = |client_id: &str| DeviceName {
            client_id: client_id.to_owned(),
            generation: Generation::FIRST,
        };
        if let Some(path) = &self.ids {
            let bytes = input::read(path, MAX_IDS_LEN)?;
            let text = String::from_utf8_lossy(&bytes);
            for (index, line) in text.lines().enumerate() {
                let wrong = |reason: &str| {
                    CliError::refused(format_args!("{}:{}: {reason}", path.display(), index + 1))
                };
                let id = parse_client_id(line).map_err(|reason| wrong(&reason))?;
                if id.starts_with('.') {
                    return Err(wrong("an id that begins with `.` would be a hidden file"));
                }
                if !seen.insert(id.clone()) {
                    return Err(wrong("this id stands above already"));
                }
                names.push(named(&id));
            }
            if names.is_empty() {
                return Err(CliError::refused(format_args!(
                    "{}: no ids in it",
                    path.display()
                )));
            }
            return Ok(names);
        }
        let prefix = self.prefix.as_deref().unwrap_or_default();
        let count = usize::try_from(self.count.unwrap_or(0)).unwrap_or(usize::MAX);
        // So many ids must be left that a random one is nearly always free.
        let digits = u32::from(self.digits);
        if digits < 10 && u64::try_from(count).unwrap_or(u64::MAX) > 16_u64.pow(digits) / 16 {
            return Err(CliError::usage(format_args!(
                "{digits} digits are too few for {count} random ids"
            )));
        }
        let mut tries = 0;
        while names.len() < count {
            tries += 1;
            if tries > 4 * count + 100 {
                return Err(CliError::refused(
                    "no random id is free any more: take more `--digits`",
                ));
            }
            let id = parse_client_id(&format!("{prefix}{}", self.random_digits()?))
                .map_err(CliError::usage)?;
            if !ledger.knows(&id) && seen.insert(id.clone()) {
                names.push(named(&id));
            }
        }
        Ok(names)
    }

    fn random_digits(&self) -> Result<String, CliError> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(|error| {
            CliError::failed(format_args!("no randomness from the system: {error}"))
        })?;
        let mut digits = base16ct::lower::encode_string(&bytes);
        digits.truncate(usize::from(self.digits));
        Ok(digits)
    }

    fn make_folder(&self) -> Result<(), CliError> {
        let mut builder = DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&self.out).map_err(|error| {
            CliError::file(&self.out, error).hint("Every batch gets a new folder.")
        })
    }

    fn issued(
        &self,
        roots: &Roots,
        name: &DeviceName,
        first_boot: UnixTime,
    ) -> Result<Issued, CliError> {
        let files = self.files(roots, name, first_boot)?;
        let files = files
            .iter()
            .map(|(file, contents)| IssuedFile::new(file, contents));
        Issued::new(name, first_boot, files.collect(), self.again.as_deref())
    }

    /// The files of one device, boot record first: without it nothing starts.
    fn files(
        &self,
        roots: &Roots,
        name: &DeviceName,
        first_boot: UnixTime,
    ) -> Result<Vec<NamedFile>, CliError> {
        let made = Provisioning {
            name,
            first_boot,
            seeds: roots.seeds(name)?,
        };
        let file = |extension: &str| PathBuf::from(format!("{}.{extension}", name.client_id));
        let mut files = Vec::with_capacity(2);
        if self.format == Format::Blob {
            files.push((file("boot"), made.boot_record().to_vec().into()));
        }
        files.push((file(self.format.extension()), made.contents(self.format)?));
        Ok(files)
    }
}
