//! `mqward device add`, `revoke`, `rotate` and so on: changes of the registry, while the broker runs.

use std::path::PathBuf;

use clap::Args;
use mqward::{Access, AuthSeed, Effect, Generation};
use mqward_broker::{DeviceClock, DeviceRule, DeviceStage, NewDevice};
use serde::Serialize;

use crate::device_name::{HardwareName, parse_client_id, parse_generation};
use crate::error::{CliError, Status};
use crate::input::is_dash;
use crate::registry::{RegistryArgs, failed};
use crate::{output, private_file, progress, time_argument};

#[derive(Args, Debug)]
pub(crate) struct AddArgs {
    #[command(flatten)]
    registry: RegistryArgs,
    /// The device
    #[arg(value_name = "CLIENT_ID", value_parser = parse_client_id)]
    client_id: String,
    /// Its board in hexadecimal, or `none` where the policy takes the hardware id from elsewhere
    #[arg(long, value_name = "HEX", value_parser = HardwareName::parse)]
    hw: HardwareName,
    /// Its generation
    #[arg(long, value_name = "N", value_parser = parse_generation, default_value_t = Generation::FIRST)]
    generation: Generation,
    /// Its clock: required, optional or none
    #[arg(long, value_name = "CLOCK", default_value_t)]
    clock: DeviceClock,
    /// The stage it starts in: legacy, login or sealed
    #[arg(long, value_name = "STAGE", default_value_t)]
    stage: DeviceStage,
    /// The role that it has, instead of the one that its client id fits
    #[arg(long, value_name = "ROLE")]
    role: Option<String>,
    /// What %c stands for in its rules, instead of its client id
    #[arg(long, value_name = "ID", value_parser = parse_client_id)]
    topic_id: Option<String>,
    /// A login seed of its own, a key file; the registry is a file of secrets then
    #[arg(long, value_name = "FILE")]
    auth_seed: Option<PathBuf>,
    /// A note for people
    #[arg(long, value_name = "TEXT", default_value = "")]
    note: String,
}

#[derive(Args, Debug)]
pub(crate) struct RevokeArgs {
    #[command(flatten)]
    registry: RegistryArgs,
    /// The devices
    #[arg(value_name = "CLIENT_ID", required = true, value_parser = parse_client_id)]
    client_ids: Vec<String>,
    /// Why, for people
    #[arg(long, value_name = "TEXT", default_value = "")]
    note: String,
    /// Only this generation; that cannot be taken back
    #[arg(long, value_name = "N", value_parser = parse_generation)]
    generation: Option<Generation>,
}

#[derive(Args, Debug)]
pub(crate) struct UnrevokeArgs {
    #[command(flatten)]
    registry: RegistryArgs,
    /// The device
    #[arg(value_name = "CLIENT_ID", value_parser = parse_client_id)]
    client_id: String,
}

#[derive(Args, Debug)]
pub(crate) struct RotateArgs {
    #[command(flatten)]
    registry: RegistryArgs,
    /// The device
    #[arg(value_name = "CLIENT_ID", value_parser = parse_client_id)]
    client_id: String,
    /// Its new board in hexadecimal [default: the one it has]
    #[arg(long, value_name = "HEX", value_parser = HardwareName::parse)]
    hw: Option<HardwareName>,
    /// A login seed of its own for the new generation, a key file
    #[arg(long, value_name = "FILE")]
    auth_seed: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(crate) struct ImportArgs {
    #[command(flatten)]
    registry: RegistryArgs,
    /// A CSV file whose first line names its columns: client_id, and any of generation, hardware_id, clock, stage,
    /// role, topic_id, note; `-` is standard input
    #[arg(value_name = "FILE")]
    csv: PathBuf,
}

#[derive(Args, Debug)]
pub(crate) struct SetArgs {
    #[command(flatten)]
    registry: RegistryArgs,
    /// The device
    #[arg(value_name = "CLIENT_ID", value_parser = parse_client_id)]
    client_id: String,
    #[command(flatten)]
    values: Values,
}

#[derive(Args, Debug)]
#[group(required = true, multiple = true)]
struct Values {
    /// Its clock: required, optional or none
    #[arg(long, value_name = "CLOCK")]
    clock: Option<DeviceClock>,
    /// The stage it starts in; what a broker has seen of it stays
    #[arg(long, value_name = "STAGE")]
    stage: Option<DeviceStage>,
    /// The role it has; empty for the one that its client id fits
    #[arg(long, value_name = "ROLE")]
    role: Option<String>,
    /// What %c stands for in its rules; empty for its client id
    #[arg(long, value_name = "ID")]
    topic_id: Option<String>,
    /// The note for people
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    /// A rule of its own beside its role's, such as 'publish allow tx/x/#'; all of them, or empty for none
    #[arg(long, value_name = "RULE", value_parser = parse_rule)]
    rule: Vec<Option<DeviceRule>>,
}

/// Reads `publish allow tx/x/#`, `publish allow sealed tx/x/#`, `subscribe deny rx/y`, or nothing.
fn parse_rule(text: &str) -> Result<Option<DeviceRule>, String> {
    let mut rest = text;
    let mut word = |wanted: &[&str]| {
        let (first, behind) = rest.split_once(' ')?;
        let found = wanted.iter().position(|word| *word == first)?;
        rest = behind;
        Some(found)
    };
    if text.is_empty() {
        return Ok(None);
    }
    let parts = (word(&["publish", "subscribe"]), word(&["allow", "deny"]));
    let (Some(access), Some(effect)) = parts else {
        return Err("a rule is `publish` or `subscribe`, `allow` or `deny`, perhaps `sealed`, and a pattern".to_owned());
    };
    let sealed = word(&["sealed"]).is_some();
    mqward::Pattern::new(rest).map_err(|error| error.to_string())?;
    Ok(Some(DeviceRule {
        access: [Access::Publish, Access::Subscribe][access],
        effect: [Effect::Allow, Effect::Deny][effect],
        pattern: rest.to_owned(),
        sealed,
    }))
}

/// What was done to a device.
#[derive(Serialize)]
struct Done<'a> {
    client_id: &'a str,
    done: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    generation: Option<u8>,
}

impl Done<'_> {
    fn print(&self, json: bool) -> Result<Status, CliError> {
        output::either(json, self, || {
            let generation = self
                .generation
                .map_or_else(String::new, |number| format!(", generation {number}"));
            format!("{}{generation}: {}", self.client_id, self.done)
        })?;
        Ok(Status::Ok)
    }
}

fn read_seed(path: Option<&PathBuf>) -> Result<Option<AuthSeed>, CliError> {
    path.map(|path| private_file::read_key(path).map(|key| AuthSeed::from_bytes(*key)))
        .transpose()
}

impl AddArgs {
    pub(super) fn run(&self, json: bool) -> Result<Status, CliError> {
        let device = NewDevice {
            generation: self.generation,
            auth_seed: read_seed(self.auth_seed.as_ref())?,
            clock: self.clock,
            stage: self.stage,
            role: self.role.as_deref(),
            topic_id: self.topic_id.as_deref(),
            note: &self.note,
            ..NewDevice::new(&self.client_id, self.hw.bytes())
        };
        let mut registry = self.registry.open()?;
        registry
            .add(&device, time_argument::now()?)
            .map_err(failed)?;
        Done {
            client_id: &self.client_id,
            done: "added",
            generation: Some(self.generation.get()),
        }
        .print(json)
    }
}

impl RevokeArgs {
    pub(super) fn run(&self, json: bool) -> Result<Status, CliError> {
        let mut registry = self.registry.open()?;
        // First whether all are there: a typing mistake in the third must not hide behind two that worked.
        for client_id in &self.client_ids {
            if registry.get(client_id).map_err(failed)?.is_none() {
                return Err(CliError::refused(format_args!("no device {client_id:?}"))
                    .hint("Nobody was revoked."));
            }
        }
        let now = time_argument::now()?;
        let bar = progress::bar(self.client_ids.len(), "revoking");
        for client_id in &self.client_ids {
            match self.generation {
                Some(generation) => registry.revoke_generation(client_id, generation, now),
                None => registry.revoke(client_id, &self.note, now),
            }
            .map_err(failed)?;
            let generation = self.generation.map(Generation::get);
            bar.suspend(|| {
                Done {
                    client_id,
                    done: "revoked",
                    generation,
                }
                .print(json)
            })?;
            bar.inc(1);
        }
        bar.finish_and_clear();
        Ok(Status::Ok)
    }
}

impl UnrevokeArgs {
    pub(super) fn run(&self, json: bool) -> Result<Status, CliError> {
        let mut registry = self.registry.open()?;
        registry
            .unrevoke(&self.client_id, time_argument::now()?)
            .map_err(failed)?;
        Done {
            client_id: &self.client_id,
            done: "no longer revoked",
            generation: None,
        }
        .print(json)
    }
}

impl RotateArgs {
    pub(super) fn run(&self, json: bool) -> Result<Status, CliError> {
        let seed = read_seed(self.auth_seed.as_ref())?;
        let board = self.hw.as_ref().map(HardwareName::bytes);
        let mut registry = self.registry.open()?;
        let generation = registry
            .rotate(&self.client_id, board, seed.as_ref(), time_argument::now()?)
            .map_err(failed)?;
        Done {
            client_id: &self.client_id,
            done: "accepted from now on; the first login with it ends the one before",
            generation: Some(generation.get()),
        }
        .print(json)
    }
}

#[derive(Serialize)]
struct Imported {
    lines: u64,
}

impl ImportArgs {
    pub(super) fn run(&self, json: bool) -> Result<Status, CliError> {
        let now = time_argument::now()?;
        let mut registry = self.registry.open()?;
        let lines = if is_dash(&self.csv) {
            registry.import_csv(std::io::stdin().lock(), now)
        } else {
            let file = std::fs::File::open(&self.csv);
            registry.import_csv(file.map_err(|error| CliError::file(&self.csv, error))?, now)
        };
        let imported = Imported {
            lines: lines.map_err(failed)?,
        };
        output::either(json, &imported, || {
            format!("imported {} lines", imported.lines)
        })?;
        Ok(Status::Ok)
    }
}

impl SetArgs {
    pub(super) fn run(&self, json: bool) -> Result<Status, CliError> {
        let mut registry = self.registry.open()?;
        let now = time_argument::now()?;
        let (id, values) = (self.client_id.as_str(), &self.values);
        let named = |value: &str| (!value.is_empty()).then(|| value.to_owned());
        if let Some(clock) = values.clock {
            registry.set_clock(id, clock, now).map_err(failed)?;
        }
        if let Some(stage) = values.stage {
            registry.set_stage(id, stage, now).map_err(failed)?;
        }
        if let Some(role) = &values.role {
            registry
                .set_role(id, named(role).as_deref(), now)
                .map_err(failed)?;
        }
        if let Some(topic_id) = &values.topic_id {
            registry
                .set_topic_id(id, named(topic_id).as_deref(), now)
                .map_err(failed)?;
        }
        if let Some(note) = &values.note {
            registry.set_note(id, note, now).map_err(failed)?;
        }
        if !values.rule.is_empty() {
            let rules: Vec<DeviceRule> = values.rule.iter().flatten().cloned().collect();
            registry.set_rules(id, &rules, now).map_err(failed)?;
        }
        Done {
            client_id: id,
            done: "changed",
            generation: None,
        }
        .print(json)
    }
}
