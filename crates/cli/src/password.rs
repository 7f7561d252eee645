//! `mqward password`: mint CONNECT passwords, or say what one holds.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use mqward::{Audience, Claim};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::boot_file::BootFile;
use crate::device_name::{DeviceArgs, HardwareName};
use crate::error::{CliError, Status};
use crate::seed_source::AuthSource;
use crate::time_argument::{ClockArgs, rfc3339};
use crate::{input, output};

/// The longest password text that is read, in bytes: a password and white space.
const MAX_TEXT_LEN: u64 = 1024;

#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct PasswordCommand {
    #[command(subcommand)]
    command: Option<PasswordSubcommand>,
    #[command(flatten)]
    mint: MintArgs,
}

#[derive(Debug, Subcommand)]
enum PasswordSubcommand {
    /// Say what a password holds; no key is needed, and nothing is checked
    Inspect(InspectArgs),
}

/// What clap demands is optional to the type, since it is absent beside a subcommand.
#[derive(Args, Debug)]
struct MintArgs {
    #[command(flatten)]
    key: AuthSource,
    #[command(flatten)]
    device: DeviceArgs,
    /// The device's hardware id in hexadecimal, such as its MAC address, or `none`
    #[arg(long, value_name = "HEX", value_parser = HardwareName::parse, required = true)]
    hw: Option<HardwareName>,
    /// The configured name of the broker
    #[arg(long, value_name = "NAME", required = true)]
    audience: Option<String>,
    /// The boot record; each call counts one boot up
    #[arg(long, value_name = "FILE", required = true)]
    boot_record: Option<PathBuf>,
    #[command(flatten)]
    clock: ClockArgs,
    /// How many passwords to mint within this boot, one a line
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=65_536))]
    count: Option<u32>,
    /// The boot record is a backend's: its boot is at least the time
    #[arg(long, conflicts_with = "no_clock")]
    backend: bool,
}

#[derive(Args, Debug)]
struct InspectArgs {
    /// File with the password; standard input if it is missing or `-`
    #[arg(value_name = "FILE", default_value = "-")]
    file: PathBuf,
}

impl PasswordCommand {
    pub(crate) fn run(&self, json: bool) -> Result<Status, CliError> {
        match &self.command {
            Some(PasswordSubcommand::Inspect(args)) => args.run(json),
            None => self.mint.run(json),
        }
    }
}

/// A password for whoever connects with it.
#[derive(Serialize)]
struct Minted<'a> {
    client_id: &'a str,
    user_name: &'a str,
    password: &'a str,
    boot: u32,
    count: u32,
}

impl MintArgs {
    fn run(&self, json: bool) -> Result<Status, CliError> {
        let (Some(hw), Some(audience), Some(boot_record)) =
            (&self.hw, &self.audience, &self.boot_record)
        else {
            return Err(CliError::usage(
                "`--hw`, `--audience` and `--boot-record` are needed",
            ));
        };
        let audience = Audience::new(audience).map_err(CliError::usage)?;
        let clock = self.clock.clock()?;
        let (name, seed) = self.key.seed(&self.device)?;
        let device = name.device()?;
        let key = seed.login_key(hw.id().map_err(CliError::usage)?, audience);
        // The counter moves last: a mistake in the arguments costs no boot.
        let at_least = if self.backend { clock.time() } else { None };
        let mut boot = BootFile::open(boot_record)?.start(at_least)?;
        let number = boot.number();
        let mut stamper = boot
            .login_stamper()
            .ok_or_else(|| CliError::failed("the boot gave its login stamper away"))?;
        for count in 0..self.count.unwrap_or(1) {
            let password = stamper
                .mint(&key, device, clock)
                .map_err(CliError::failed)?;
            let minted = Minted {
                client_id: &name.client_id,
                user_name: &name.client_id,
                password: password.as_str(),
                boot: number,
                count,
            };
            output::either(json, &minted, || password.as_str().to_owned())?;
        }
        Ok(Status::Ok)
    }
}

/// What a password says of itself.
#[derive(Serialize)]
struct Inspection {
    generation: u8,
    time: Option<u32>,
    time_rfc3339: Option<String>,
    boot: u32,
    count: u32,
    /// Text, since it exceeds what a JSON number holds exactly elsewhere.
    mark: String,
}

impl InspectArgs {
    fn run(&self, json: bool) -> Result<Status, CliError> {
        let claim = Claim::parse(&read_text(&self.file)?).map_err(|error| {
            CliError::refused(error)
                .hint("A password is 39 characters of base64url without padding; a cut or changed one is none.")
        })?;
        let time = claim.time();
        let stamp = claim.stamp();
        let inspection = Inspection {
            generation: claim.generation().get(),
            time: time.map(mqward::UnixTime::get),
            time_rfc3339: time.map(rfc3339),
            boot: stamp.boot(),
            count: stamp.count(),
            mark: claim.mark().get().to_string(),
        };
        output::either(json, &inspection, || {
            let time = match (inspection.time, &inspection.time_rfc3339) {
                (Some(time), Some(text)) => format!("{time} ({text})"),
                _ => "none: the sender has no clock".to_owned(),
            };
            format!(
                "generation  {}\ntime        {time}\nboot        {}\ncount       {}\nmark        {}\nNothing of this was checked.",
                inspection.generation, inspection.boot, inspection.count, inspection.mark
            )
        })?;
        Ok(Status::Ok)
    }
}

/// Reads the text of a password from a file or standard input.
pub(crate) fn read_text(file: &Path) -> Result<Zeroizing<Vec<u8>>, CliError> {
    input::read(file, MAX_TEXT_LEN).map(|text| Zeroizing::new(text.trim_ascii().to_owned()))
}
