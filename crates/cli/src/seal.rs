//! `mqward seal`: seal one payload.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use mqward::{Class, Sealer, Sender, TopicName, sealed_len};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::boot_file::BootFile;
use crate::device_name::{DeviceArgs, HardwareName};
use crate::error::{CliError, Status};
use crate::input;
use crate::output::{self, Encoding};
use crate::seed_source::{SealSource, Seed, Way};
use crate::time_argument::ClockArgs;

/// Seals one payload.
#[derive(Args, Debug)]
pub(crate) struct SealArgs {
    #[command(flatten)]
    key: SealSource,
    #[command(flatten)]
    device: DeviceArgs,
    #[command(flatten)]
    link: LinkArgs,
    /// The device's hardware id in hexadecimal, or `none`
    #[arg(long, value_name = "HEX", value_parser = HardwareName::parse)]
    hw: HardwareName,
    /// The Topic Name of the PUBLISH, byte for byte
    #[arg(long, value_name = "TOPIC", value_parser = parse_topic)]
    topic: String,
    /// What it is sealed for
    #[arg(long, value_enum, default_value_t = ClassChoice::Live)]
    class: ClassChoice,
    /// The sender's boot record; each call counts one boot up
    #[arg(long, value_name = "FILE")]
    boot_record: PathBuf,
    #[command(flatten)]
    clock: ClockArgs,
    /// How the sealed payload is printed
    #[arg(long, value_enum, default_value_t = Encoding::Raw)]
    to: Encoding,
    /// File with the payload; standard input if it is missing or `-`
    #[arg(value_name = "FILE", default_value = "-")]
    payload: PathBuf,
}

/// Who talks to whom.
#[derive(Args, Debug)]
pub(crate) struct LinkArgs {
    /// Which way the payload travels [default: as the key says]
    #[arg(long, value_enum)]
    pub(crate) direction: Option<Way>,
    /// Who seals: a device 0 to 15, a backend 16 to 255 [default: 0 up, 16 down]
    #[arg(long, value_name = "N")]
    sender: Option<u8>,
    /// The device's current boot, for class live down to it: what `open` prints of its uplink
    #[arg(long, value_name = "BOOT", value_parser = clap::value_parser!(u32).range(1..))]
    device_boot: Option<u32>,
}

impl LinkArgs {
    /// Whether any of it was given.
    pub(crate) const fn is_given(&self) -> bool {
        self.direction.is_some() || self.sender.is_some() || self.device_boot.is_some()
    }

    pub(crate) fn sender(&self, way: Way) -> Result<Sender, CliError> {
        let sender = match (way, self.sender) {
            (Way::Up, number) => Sender::device(number.unwrap_or(0)),
            (Way::Down, number) => Sender::backend(number.unwrap_or(16)),
        };
        sender.map_err(CliError::usage)
    }

    /// The device's boot that a class of downlink depends on.
    pub(crate) fn device_boot(&self, class: Class) -> Result<u32, CliError> {
        match (self.device_boot, class) {
            (Some(boot), _) => Ok(boot),
            (None, Class::Live) => Err(CliError::usage(
                "a live message to a device is bound to its current boot: say `--device-boot BOOT`",
            )),
            // The keys of the other classes do not depend on it.
            (None, _) => Ok(1),
        }
    }
}

/// A class by name.
#[derive(Copy, Clone, Debug, Eq, PartialEq, ValueEnum)]
enum ClassChoice {
    /// Telemetry and commands that are worth something now
    Live,
    /// A retained message
    Retained,
    /// A will
    Will,
    /// Commands and data that wait for a sleeping receiver
    Stored,
}

impl From<ClassChoice> for Class {
    fn from(choice: ClassChoice) -> Self {
        match choice {
            ClassChoice::Live => Self::Live,
            ClassChoice::Retained => Self::Retained,
            ClassChoice::Will => Self::Will,
            ClassChoice::Stored => Self::Stored,
        }
    }
}

/// A Topic Name.
pub(crate) fn parse_topic(text: &str) -> Result<String, String> {
    TopicName::new(text)
        .map(|topic| topic.as_str().to_owned())
        .map_err(|error| error.to_string())
}

/// A sealed payload as JSON, in a form that `open --lines` reads.
#[derive(Serialize)]
struct Sealed<'a> {
    topic: &'a str,
    client_id: &'a str,
    generation: u8,
    sender: u8,
    class: String,
    boot: u32,
    payload_base64: String,
}

impl SealArgs {
    pub(crate) fn run(&self, json: bool) -> Result<Status, CliError> {
        let class = Class::from(self.class);
        let clock = self.clock.clock()?;
        let (name, seed) = self.key.seed(&self.device, self.link.direction)?;
        let (device, hw) = (name.device()?, self.hw.id().map_err(CliError::usage)?);
        let (sealer, sender, at_least) = match &seed {
            Seed::Up(seed) => {
                let sender = self.link.sender(Way::Up)?;
                (Sealer::uplink(seed, device, hw, sender), sender, None)
            }
            Seed::Down(seed) => {
                let sender = self.link.sender(Way::Down)?;
                let boot = self.link.device_boot(class)?;
                let sealer = Sealer::downlink(seed, device, hw, sender, boot);
                (sealer, sender, clock.time())
            }
        };
        let sealer = sealer.map_err(CliError::usage)?;
        let payload = Zeroizing::new(input::read(&self.payload, input::MAX_PAYLOAD_LEN)?);
        let mut salt = [0; 4];
        getrandom::fill(&mut salt).map_err(|error| {
            CliError::failed(format_args!("no randomness from the system: {error}"))
        })?;
        // The counter moves last: a mistake in the arguments costs no boot.
        let mut stamper = BootFile::open(&self.boot_record)?
            .start(at_least)?
            .seal_stamper(sender, salt)
            .ok_or_else(|| CliError::failed("the boot gave this sender's stamper away"))?;
        let mut sealed = vec![0; sealed_len(payload.len())];
        let len = sealer
            .seal(
                &mut stamper,
                class,
                &self.topic,
                clock,
                &payload,
                &mut sealed,
            )
            .map_err(CliError::failed)?;
        sealed.truncate(len);
        if json {
            output::json(&Sealed {
                topic: &self.topic,
                client_id: &name.client_id,
                generation: name.generation.get(),
                sender: sender.get(),
                class: class.to_string(),
                boot: stamper.boot(),
                payload_base64: output::base64(&sealed),
            })?;
        } else {
            self.to.write(&sealed)?;
        }
        Ok(Status::Ok)
    }
}
