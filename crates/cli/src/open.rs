//! `mqward open`: open one sealed payload, or every message that a subscriber prints.

use std::path::PathBuf;

use clap::Args;
use mqward::{Clock, Header, OpenError, Opened, Opener, Receipt, UnixTime};
use serde::Serialize;

use crate::device_name::{DeviceArgs, HardwareName};
use crate::error::{CliError, Status};
use crate::lines::LinesArgs;
use crate::output::{self, Encoding, base64};
use crate::seal::{LinkArgs, parse_topic};
use crate::seed_source::{SealSource, Seed, Way};
use crate::{input, time_argument};

/// Opens sealed payloads.
#[derive(Args, Debug)]
pub(crate) struct OpenArgs {
    #[command(flatten)]
    pub(crate) key: SealSource,
    #[command(flatten)]
    pub(crate) device: DeviceArgs,
    #[command(flatten)]
    pub(crate) link: LinkArgs,
    /// The device's hardware id in hexadecimal, or `none`
    #[arg(long, value_name = "HEX", value_parser = HardwareName::parse, required_unless_present = "lines")]
    pub(crate) hw: Option<HardwareName>,
    /// The Topic Name that the payload came on, byte for byte
    #[arg(long, value_name = "TOPIC", value_parser = parse_topic, required_unless_present = "lines", conflicts_with = "lines")]
    topic: Option<String>,
    /// The receiver's time, for the age: Unix seconds or RFC 3339 [default: now]
    #[arg(long, value_name = "TIME", value_parser = time_argument::parse)]
    pub(crate) now: Option<UnixTime>,
    /// How the sealed payload comes
    #[arg(long, value_enum, default_value_t = Encoding::Raw, conflicts_with = "lines")]
    from: Encoding,
    #[command(flatten)]
    lines: LinesArgs,
    /// File with the sealed payload, or with lines; standard input if it is missing or `-`
    #[arg(value_name = "FILE", default_value = "-")]
    pub(crate) input: PathBuf,
}

/// What was authenticated about a message.
#[derive(Serialize)]
pub(crate) struct Facts {
    pub(crate) generation: u8,
    pub(crate) sender: u8,
    pub(crate) class: String,
    pub(crate) boot: u32,
    pub(crate) count: u32,
    pub(crate) time: Option<u32>,
    pub(crate) age: Option<i64>,
}

impl Facts {
    pub(crate) fn of(receipt: &Receipt, now: UnixTime) -> Self {
        Self {
            generation: receipt.generation().get(),
            sender: receipt.sender().get(),
            class: receipt.class().to_string(),
            boot: receipt.boot(),
            count: receipt.count(),
            time: receipt.time().map(UnixTime::get),
            age: receipt.age(Clock::Trusted(now)),
        }
    }
}

/// A payload as JSON can hold it.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Payload {
    /// The payload, where it is UTF-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<String>,
    /// The payload in base64, where it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    payload_base64: Option<String>,
}

impl Payload {
    pub(crate) fn of(bytes: &[u8]) -> Self {
        match core::str::from_utf8(bytes) {
            Ok(text) => Self {
                payload: Some(text.to_owned()),
                payload_base64: None,
            },
            Err(_) => Self {
                payload: None,
                payload_base64: Some(base64(bytes)),
            },
        }
    }
}

#[derive(Serialize)]
struct OpenedMessage<'a> {
    topic: &'a str,
    client_id: &'a str,
    #[serde(flatten)]
    facts: Facts,
    #[serde(flatten)]
    payload: Payload,
}

#[derive(Serialize)]
struct Cleared<'a> {
    topic: &'a str,
    verdict: &'static str,
}

impl OpenArgs {
    pub(crate) fn run(&self, json: bool) -> Result<Status, CliError> {
        if let Some(lines) = self.lines.asked() {
            return lines.run(self);
        }
        let (Some(hw), Some(topic)) = (&self.hw, &self.topic) else {
            return Err(CliError::usage("`--hw` and `--topic` are needed"));
        };
        let now = self.now.map_or_else(time_argument::now, Ok)?;
        let (name, seed) = self.key.seed(&self.device, self.link.direction)?;
        let (device, hw) = (name.device()?, hw.id().map_err(CliError::usage)?);
        // Twice the payload for hexadecimal, and room for the seal.
        let text = input::read(&self.input, 2 * input::MAX_PAYLOAD_LEN)?;
        let mut sealed = self.from.decode(text)?;
        if sealed.is_empty() {
            let cleared = Cleared {
                topic,
                verdict: "cleared",
            };
            output::either(json, &cleared, || {
                "cleared: an empty payload deletes a retained message; anyone who may publish can send it"
                    .to_owned()
            })?;
            return Ok(Status::Ok);
        }
        let header = Header::parse(&sealed).map_err(|error| {
            CliError::refused(format_args!("not a sealed payload: {error}")).hint(
                "Or not in the form that `--from` says: one in hexadecimal needs `--from hex`.",
            )
        })?;
        let opener = match &seed {
            Seed::Up(seed) => Opener::uplink(seed, device, hw, self.link.sender(Way::Up)?),
            Seed::Down(seed) => {
                let boot = self.link.device_boot(header.class())?;
                Opener::downlink(seed, device, hw, self.link.sender(Way::Down)?, boot)
            }
        };
        let opener = opener.map_err(CliError::usage)?;
        match opener.open_in_place(topic, &mut sealed) {
            Ok(Opened::Message(message)) if json => output::json(&OpenedMessage {
                topic,
                client_id: &name.client_id,
                facts: Facts::of(message.receipt(), now),
                payload: Payload::of(message.payload()),
            })?,
            Ok(Opened::Message(message)) => output::write(message.payload())?,
            // Judged above; an empty payload is no message.
            Ok(Opened::Cleared) => {}
            Err(error) => return Err(refused(error, &header)),
        }
        Ok(Status::Ok)
    }
}

/// Why a payload did not open, and what to look at.
fn refused(error: OpenError, header: &Header) -> CliError {
    let refused = CliError::refused(error);
    match error {
        OpenError::OtherKey => refused.hint(format_args!(
            "It names generation {} and sender {}: see `--generation` and `--sender`.",
            header.generation(),
            header.sender().get()
        )),
        _ => refused.hint(
            "Changed on the way, or sealed for another topic, direction, device, hardware id or device boot.",
        ),
    }
}
