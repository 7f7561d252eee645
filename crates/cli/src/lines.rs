//! `mqward open --lines`: open every message that a subscriber prints, each acted on once.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use mqward::{
    AgeError, AgeRule, Class, Clock, Device, Generation, Header, Opened, Opener, ParamError,
    Pattern, TopicName, UnixTime, UpRoot,
};
use serde::Serialize;

use crate::device_name::parse_client_id;
use crate::error::{CliError, Status};
use crate::hardware_source::HardwareSource;
use crate::input::is_dash;
use crate::line::Line;
use crate::open::{Facts, OpenArgs, Payload};
use crate::receiver_state::{FirstStart, Receipted, ReceiverState, Seen, SenderName};
use crate::seed_source::{read_root, read_up_root};
use crate::time_argument;

/// The longest line that is read, in bytes: a payload of 2 MiB in hexadecimal. A longer one is refused and skipped.
const MAX_LINE_LEN: usize = 4 * 1024 * 1024 + 128 * 1024;

#[derive(Args, Debug)]
#[command(next_help_heading = "Lines of a subscriber")]
pub(crate) struct LinesArgs {
    /// Read lines of `mosquitto_sub -F '%r %x %t'`, or of JSON, and print a line of JSON for each
    #[arg(long, requires = "state", requires = "pattern")]
    lines: bool,
    /// What was acted on is kept in this file; one process uses it at a time
    #[arg(long, value_name = "FILE", requires = "lines")]
    state: Option<PathBuf>,
    /// Which level of the topic is the client id, such as 'tx/%c/#'
    #[arg(long, value_name = "PATTERN", requires = "lines", value_parser = parse_pattern)]
    pattern: Option<String>,
    /// The fleet is new: accept everything if there is no state file yet
    #[arg(long, requires = "lines")]
    first_run: bool,
    /// Without a state file: how far the devices' clocks may be off, in seconds
    #[arg(long, value_name = "SECONDS", requires = "lines", default_value_t = 60)]
    skew: u16,
    /// Refuse live messages that are older, in seconds [default: the age is only told]
    #[arg(long, value_name = "SECONDS", requires = "lines")]
    max_age: Option<u32>,
    /// Generations and hardware ids of the devices, the broker's file
    #[arg(long, value_name = "FILE", requires = "lines", conflicts_with_all = ["hw", "generation"])]
    devices: Option<PathBuf>,
    /// The hardware id is what follows this prefix of the client id
    #[arg(long, value_name = "PREFIX", requires = "lines", conflicts_with_all = ["hw", "devices"])]
    hw_after: Option<String>,
    /// Accept what this device seals after this stamp, as after a cold start for a device without a clock
    #[arg(long, value_name = "ID,BOOT,COUNT", requires = "lines", value_parser = LastStamp::parse)]
    reopen: Vec<LastStamp>,
}

fn parse_pattern(text: &str) -> Result<String, String> {
    match Pattern::new(text) {
        Ok(pattern) if pattern.names_client() => Ok(text.to_owned()),
        Ok(_) => Err("one level of the pattern must be %c, the client id".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

/// The last stamp of a device.
#[derive(Clone, Debug)]
struct LastStamp {
    client_id: String,
    boot: u32,
    count: u32,
}

impl LastStamp {
    fn parse(text: &str) -> Result<Self, String> {
        // From the right: a client id may hold commas.
        let mut parts = text.rsplitn(3, ',');
        let count = parts.next().and_then(|count| count.parse().ok());
        let boot = parts
            .next()
            .and_then(|boot| boot.parse().ok())
            .filter(|boot| *boot != 0);
        match (parts.next().map(parse_client_id), boot, count) {
            (Some(Ok(client_id)), Some(boot), Some(count)) => Ok(Self {
                client_id,
                boot,
                count,
            }),
            _ => Err("a last stamp is ID,BOOT,COUNT".to_owned()),
        }
    }
}

/// What the receiver makes of a line.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Verdict {
    /// Authentic and not acted on before.
    Fresh,
    /// Authentic and acted on before.
    Duplicate,
    /// Authentic and older than what is remembered, or than allowed.
    TooOld,
    /// Authentic, but whether it is new cannot be told.
    Closed,
    /// Empty: a retained message was deleted, by whomever.
    Cleared,
    /// Not authentic, or not a message of this fleet.
    Refused,
}

/// One line of output.
#[derive(Serialize)]
struct Report {
    topic: Option<String>,
    retain: Option<bool>,
    client_id: Option<String>,
    #[serde(flatten)]
    facts: Option<Facts>,
    #[serde(flatten)]
    payload: Payload,
    verdict: Verdict,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl LinesArgs {
    /// This mode, if it was asked for.
    pub(crate) fn asked(&self) -> Option<&Self> {
        self.lines.then_some(self)
    }

    pub(crate) fn run(&self, args: &OpenArgs) -> Result<Status, CliError> {
        let (Some(state), Some(pattern)) = (&self.state, &self.pattern) else {
            return Err(CliError::usage("`--state` and `--pattern` are needed"));
        };
        if args.device.client_id.is_some() || args.link.is_given() {
            return Err(CliError::usage(
                "with `--lines` the device follows from the topic: `--client-id`, `--direction`, `--sender` and `--device-boot` mean nothing",
            ));
        }
        let up_root = match (&args.key.up_root, &args.key.root) {
            (Some(path), _) => read_up_root(path)?,
            (_, Some(path)) => read_root(path)?.up(),
            _ => {
                return Err(CliError::usage(
                    "lines of a fleet need `--up-root` (or `--root`)",
                ));
            }
        };
        let generation = args.device.generation.unwrap_or(Generation::FIRST);
        let hardware = match (&self.devices, &self.hw_after, &args.hw) {
            (Some(path), _, _) => HardwareSource::read_table(path)?,
            (_, Some(prefix), _) => HardwareSource::ClientId(generation, prefix.clone()),
            (_, _, Some(hw)) => HardwareSource::Fixed(generation, hw.clone()),
            _ => {
                return Err(CliError::usage(
                    "which hardware ids? `--devices FILE`, `--hw-after PREFIX` or `--hw none`",
                ));
            }
        };
        let first = if self.first_run {
            FirstStart::NewFleet
        } else {
            FirstStart::Cold(args.now.map_or_else(time_argument::now, Ok)?)
        };
        let mut state = ReceiverState::open(state, first, self.skew)?;
        for last in &self.reopen {
            let generation = hardware.newest_generation(&last.client_id).ok_or_else(|| {
                CliError::usage(format_args!(
                    "`--reopen`: no device `{}` in this fleet",
                    last.client_id
                ))
            })?;
            let name = SenderName {
                client_id: last.client_id.clone(),
                generation: generation.get(),
                sender: 0,
            };
            state.reopen(name, last.boot, last.count)?;
        }
        let reader = Reader {
            up_root,
            pattern: Pattern::new(pattern).map_err(CliError::usage)?,
            hardware,
            max_age: self.max_age,
        };
        let mut input = open_input(&args.input)?;
        let mut line = Vec::new();
        while let Some(whole) =
            read_line(&mut input, &mut line).map_err(|error| CliError::file(&args.input, error))?
        {
            let (report, receipted) = if whole {
                let now = args.now.map_or_else(time_argument::now, Ok)?;
                reader.read(&line, &state, now)
            } else {
                (
                    Report::refused(format!("longer than {MAX_LINE_LEN} bytes")),
                    None,
                )
            };
            // First out, then remembered: a crash in between prints it again, and never loses it.
            print(&report)?;
            if let Some(receipted) = receipted {
                state.commit(receipted)?;
            }
        }
        Ok(Status::Ok)
    }
}

/// Why the verdict is [`Verdict::Closed`].
const CLOSED: &str = "the receiver started without its state, and this is from before then or has no time: it may have been acted on";

/// What is needed to open and judge a line.
struct Reader<'a> {
    up_root: UpRoot,
    pattern: Pattern<'a>,
    hardware: HardwareSource,
    max_age: Option<u32>,
}

impl Report {
    fn refused(reason: String) -> Self {
        Self {
            topic: None,
            retain: None,
            client_id: None,
            facts: None,
            payload: Payload::default(),
            verdict: Verdict::Refused,
            reason: Some(reason),
        }
    }
}

impl Reader<'_> {
    /// What a line is, and what is to be remembered once that is out.
    fn read(
        &self,
        line: &[u8],
        state: &ReceiverState,
        now: UnixTime,
    ) -> (Report, Option<Receipted>) {
        let Line {
            topic,
            retain,
            mut payload,
        } = match Line::parse(line) {
            Ok(line) => line,
            Err(reason) => return (Report::refused(reason), None),
        };
        let mut report = Report {
            topic: Some(topic.clone()),
            retain: Some(retain),
            ..Report::refused(String::new())
        };
        match self.judge(&topic, &mut payload, state, now, &mut report) {
            Ok(receipted) => (report, receipted),
            Err(reason) => {
                report.reason = Some(reason);
                (report, None)
            }
        }
    }

    /// Opens and judges a message; the error is the reason of a refusal.
    fn judge(
        &self,
        topic: &str,
        payload: &mut [u8],
        state: &ReceiverState,
        now: UnixTime,
        report: &mut Report,
    ) -> Result<Option<Receipted>, String> {
        let name = TopicName::new(topic).map_err(|error| format!("not a Topic Name: {error}"))?;
        let client_id = self
            .pattern
            .client_id(name)
            .ok_or_else(|| format!("the topic names no client by the pattern {}", self.pattern))?;
        let id = client_id.as_str();
        report.client_id = Some(id.to_owned());
        if payload.is_empty() {
            (report.verdict, report.reason) = (Verdict::Cleared, None);
            return Ok(None);
        }
        let header =
            Header::parse(payload).map_err(|error| format!("not a sealed payload: {error}"))?;
        let (generation, sender) = (header.generation(), header.sender());
        let hw = self
            .hardware
            .find(id, generation)
            .ok_or_else(|| format!("no device of this fleet in generation {generation}"))?;
        let param = |error: ParamError| error.to_string();
        let device = Device::new(id, generation).map_err(param)?;
        let hw = hw.id().map_err(param)?;
        let opener =
            Opener::uplink(&self.up_root.seed(device), device, hw, sender).map_err(param)?;
        let message = match opener.open_in_place(topic, payload) {
            Ok(Opened::Message(message)) => message,
            // Judged above.
            Ok(Opened::Cleared) => return Err("empty".to_owned()),
            Err(error) => return Err(error.to_string()),
        };

        let receipt = message.receipt();
        report.facts = Some(Facts::of(receipt, now));
        // A retained message and a will are old by nature.
        let max_age = self.max_age.filter(|_| receipt.class() == Class::Live);
        let rule = AgeRule::UPLINK.with_max_age(max_age);
        if let Err(error) = receipt.check_age(&rule, Clock::Trusted(now)) {
            if matches!(error, AgeError::TooOld { .. }) {
                report.verdict = Verdict::TooOld;
            }
            return Err(error.to_string());
        }
        let sender = SenderName {
            client_id: id.to_owned(),
            generation: generation.get(),
            sender: sender.get(),
        };
        let (verdict, reason, receipted) = match state.judge(&sender, name, receipt) {
            Seen::Fresh(receipted) => (Verdict::Fresh, None, Some(receipted)),
            Seen::Current => (Verdict::Fresh, None, None),
            Seen::Duplicate => (Verdict::Duplicate, None, None),
            Seen::TooOld => (Verdict::TooOld, None, None),
            Seen::Closed => (Verdict::Closed, Some(CLOSED.to_owned()), None),
        };
        (report.verdict, report.reason) = (verdict, reason);
        // What must not be acted on is not shown: a reader that forgets the verdict acts on nothing old.
        if verdict == Verdict::Fresh {
            report.payload = Payload::of(message.payload());
        }
        Ok(receipted)
    }
}

fn print(report: &Report) -> Result<(), CliError> {
    let mut text =
        serde_json::to_vec(report).map_err(|error| CliError::failed(error.to_string()))?;
    text.push(b'\n');
    let mut out = io::stdout().lock();
    out.write_all(&text)
        .and_then(|()| out.flush())
        .map_err(|error| CliError::output(&error))
}

fn open_input(path: &Path) -> Result<Box<dyn BufRead>, CliError> {
    if is_dash(path) {
        return Ok(Box::new(BufReader::new(io::stdin())));
    }
    let file = File::open(path).map_err(|error| CliError::file(path, error))?;
    Ok(Box::new(BufReader::new(file)))
}

/// Reads the next line without its end; `Some(false)` for one that is too long and was skipped, `None` at the end.
fn read_line(input: &mut dyn BufRead, line: &mut Vec<u8>) -> io::Result<Option<bool>> {
    line.clear();
    let (mut whole, mut any) = (true, false);
    loop {
        let buffer = match input.fill_buf() {
            Ok(buffer) => buffer,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if buffer.is_empty() {
            return Ok(any.then_some(whole));
        }
        any = true;
        let end = buffer.iter().position(|byte| *byte == b'\n');
        let part = buffer
            .get(..end.unwrap_or(buffer.len()))
            .unwrap_or_default();
        if line.len() + part.len() > MAX_LINE_LEN {
            whole = false;
        }
        if whole {
            line.extend_from_slice(part);
        }
        let used = part.len() + usize::from(end.is_some());
        input.consume(used);
        if end.is_some() {
            return Ok(Some(whole));
        }
    }
}
