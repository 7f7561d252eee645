//! `mqward device list` and `show`: what the registry holds.

use clap::{Args, ValueEnum};
use mqward_broker::{DeviceClock, DeviceRecord, DeviceRule, DeviceStage, GenerationRecord};
use serde::Serialize;

use crate::device_name::parse_client_id;
use crate::error::{CliError, Status};
use crate::output;
use crate::registry::{RegistryArgs, failed};
use crate::time_argument::rfc3339;

#[derive(Args, Debug)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    registry: RegistryArgs,
    /// Only devices whose client id begins so
    #[arg(long, value_name = "PREFIX")]
    prefix: Option<String>,
    /// Only devices that may log in, or only those that may not
    #[arg(long, value_enum, value_name = "STATE")]
    state: Option<State>,
    /// Only devices in this stage: legacy, login or sealed
    #[arg(long, value_name = "STAGE")]
    stage: Option<DeviceStage>,
    /// Only devices with this clock: required, optional or none
    #[arg(long, value_name = "CLOCK")]
    clock: Option<DeviceClock>,
    /// Only devices that are pinned to this role
    #[arg(long, value_name = "ROLE")]
    role: Option<String>,
}

#[derive(Copy, Clone, Debug, Eq, PartialEq, ValueEnum)]
enum State {
    /// Some generation is accepted
    Active,
    /// The device, or each of its generations, was revoked
    Revoked,
}

#[derive(Args, Debug)]
pub(crate) struct ShowArgs {
    #[command(flatten)]
    registry: RegistryArgs,
    /// The device
    #[arg(value_name = "CLIENT_ID", value_parser = parse_client_id)]
    client_id: String,
}

/// A device as JSON.
#[derive(Serialize)]
struct Report<'a> {
    client_id: &'a str,
    state: &'static str,
    generations: Vec<GenerationReport>,
    clock: String,
    stage: String,
    role: Option<&'a str>,
    topic_id: Option<&'a str>,
    note: &'a str,
    revoked: Option<u32>,
    revoked_note: Option<&'a str>,
    rules: Vec<String>,
    created: u32,
    changed: u32,
}

#[derive(Serialize)]
struct GenerationReport {
    generation: u8,
    hardware_id: String,
    own_seed: bool,
    revoked: Option<u32>,
    created: u32,
}

fn state(device: &DeviceRecord) -> State {
    match device.accepted().next() {
        Some(_) => State::Active,
        None => State::Revoked,
    }
}

impl GenerationReport {
    fn of(generation: &GenerationRecord) -> Self {
        Self {
            generation: generation.generation.get(),
            hardware_id: base16ct::lower::encode_string(&generation.hardware_id),
            own_seed: generation.has_seed,
            revoked: generation.revoked.map(mqward::UnixTime::get),
            created: generation.created.get(),
        }
    }
}

fn rule_text(rule: &DeviceRule) -> String {
    let sealed = if rule.sealed { " sealed" } else { "" };
    format!("{} {}{sealed} {}", rule.effect, rule.access, rule.pattern)
}

impl<'a> Report<'a> {
    fn of(device: &'a DeviceRecord) -> Self {
        Self {
            client_id: &device.client_id,
            state: match state(device) {
                State::Active => "active",
                State::Revoked => "revoked",
            },
            generations: device
                .generations
                .iter()
                .map(GenerationReport::of)
                .collect(),
            clock: device.clock.to_string(),
            stage: device.stage.to_string(),
            role: device.role.as_deref(),
            topic_id: device.topic_id.as_deref(),
            note: &device.note,
            revoked: device.revoked.as_ref().map(|revoked| revoked.time.get()),
            revoked_note: device.revoked.as_ref().map(|revoked| revoked.note.as_str()),
            rules: device.rules.iter().map(rule_text).collect(),
            created: device.created.get(),
            changed: device.changed.get(),
        }
    }

    /// One line: id, state, accepted generations, board of the newest, clock, stage, note.
    fn line(&self, device: &DeviceRecord) -> String {
        let accepted: Vec<String> = device
            .accepted()
            .map(|generation| generation.generation.to_string())
            .collect();
        let accepted = if accepted.is_empty() {
            "-".to_owned()
        } else {
            accepted.join(",")
        };
        let board = self
            .generations
            .last()
            .map_or("", |newest| &newest.hardware_id);
        format!(
            "{}  {}  {accepted}  {}  {}  {}  {}",
            self.client_id,
            self.state,
            if board.is_empty() { "-" } else { board },
            self.clock,
            self.stage,
            printable(self.note),
        )
        .trim_end()
        .to_owned()
    }

    fn text(&self, device: &DeviceRecord) -> String {
        let mut lines = vec![format!("{}: {}", self.client_id, self.state)];
        if let Some(revoked) = &device.revoked {
            lines.push(format!(
                "  revoked {}: {}",
                rfc3339(revoked.time),
                printable(&revoked.note)
            ));
        }
        for generation in &device.generations {
            let board = base16ct::lower::encode_string(&generation.hardware_id);
            lines.push(format!(
                "  generation {}: board {}{}, issued {}{}",
                generation.generation,
                if board.is_empty() { "none" } else { &board },
                if generation.has_seed {
                    ", a seed of its own"
                } else {
                    ""
                },
                rfc3339(generation.created),
                generation
                    .revoked
                    .map_or_else(String::new, |time| format!(", revoked {}", rfc3339(time))),
            ));
        }
        lines.push(format!("  clock {}, stage {}", self.clock, self.stage));
        if let Some(role) = self.role {
            lines.push(format!("  role {}", printable(role)));
        }
        if let Some(topic_id) = self.topic_id {
            lines.push(format!("  topic id {topic_id}"));
        }
        lines.extend(self.rules.iter().map(|rule| format!("  rule {rule}")));
        if !self.note.is_empty() {
            lines.push(format!("  note {}", printable(self.note)));
        }
        lines.push(format!("  changed {}", rfc3339(device.changed)));
        lines.join("\n")
    }
}

/// Text that people wrote, without what steers a terminal.
fn printable(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

impl ListArgs {
    pub(super) fn run(&self, json: bool) -> Result<Status, CliError> {
        let registry = self.registry.open_read_only()?;
        for device in registry.iter() {
            let device = device.map_err(failed)?;
            if self.wants(&device) {
                let report = Report::of(&device);
                output::either(json, &report, || report.line(&device))?;
            }
        }
        Ok(Status::Ok)
    }

    fn wants(&self, device: &DeviceRecord) -> bool {
        let prefix = self.prefix.as_deref().unwrap_or("");
        device.client_id.starts_with(prefix)
            && self.state.is_none_or(|wanted| wanted == state(device))
            && self.stage.is_none_or(|stage| stage == device.stage)
            && self.clock.is_none_or(|clock| clock == device.clock)
            && self
                .role
                .as_ref()
                .is_none_or(|role| device.role.as_ref() == Some(role))
    }
}

impl ShowArgs {
    pub(super) fn run(&self, json: bool) -> Result<Status, CliError> {
        let registry = self.registry.open_read_only()?;
        let device = registry.get(&self.client_id).map_err(failed)?;
        let device = device
            .ok_or_else(|| CliError::refused(format_args!("no device {:?}", self.client_id)))?;
        let report = Report::of(&device);
        output::either(json, &report, || report.text(&device))?;
        Ok(Status::Ok)
    }
}
