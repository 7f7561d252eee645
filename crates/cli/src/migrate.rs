//! `mqward migrate`: how far a live fleet has come from static passwords and plaintext.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use mqward::UnixTime;
use mqward_broker::{DeviceStage, Policy, Registry, read_stages};
use serde::{Deserialize, Serialize};

use crate::error::{CliError, Status};
use crate::output;
use crate::registry::failed;
use crate::time_argument::{self, rfc3339};

/// The longest line of an audit log that is looked at, in bytes.
const MAX_LINE_LEN: u64 = 64 * 1024;

/// Bring a live fleet from static passwords and plaintext to mqward.
#[derive(Debug, Subcommand)]
pub(crate) enum MigrateCommand {
    /// Say how many devices are in each stage, who has not moved yet, and what enforcement would have refused
    ///
    /// Reads the registry, the file of `[migration]` and the audit log, also while the broker runs.
    Status(StatusArgs),
    /// Write the stages that devices have reached into the registry
    ///
    /// The broker goes by the later of both, so that a lost file of `[migration]` takes nobody back.
    Record(RecordArgs),
}

#[derive(Args, Debug)]
pub(crate) struct StatusArgs {
    /// The broker's policy
    #[arg(long, value_name = "FILE")]
    policy: PathBuf,
    /// The audit log, if it is not the one of the policy; rotated ones before it, oldest first
    #[arg(long, value_name = "FILE")]
    audit: Vec<PathBuf>,
}

#[derive(Args, Debug)]
pub(crate) struct RecordArgs {
    /// The broker's policy
    #[arg(long, value_name = "FILE")]
    policy: PathBuf,
}

/// The fleet in numbers.
#[derive(Serialize)]
struct Summary {
    devices: usize,
    legacy: usize,
    login: usize,
    sealed: usize,
    /// Of these devices, those that nobody needs to wait for.
    revoked: usize,
    would_refuse: u64,
}

/// A device that has not come as far as the policy is written.
#[derive(Serialize)]
struct Behind<'a> {
    client_id: &'a str,
    stage: String,
    /// Its last login that the broker's own users decided about.
    last_static_login: Option<u64>,
    /// Its last login with an mqward password.
    last_login: Option<u64>,
}

/// What was let through that the policy as it is written would have refused.
#[derive(Serialize)]
struct WouldRefuse<'a> {
    client_id: &'a str,
    event: &'a str,
    reason: &'a str,
    count: u64,
    closes: bool,
    last: u64,
    last_topic: Option<&'a str>,
}

/// A line of the audit log, as far as this command needs it.
#[derive(Deserialize)]
struct Line {
    time: u64,
    event: String,
    client_id: Option<String>,
    verdict: String,
    reason: Option<String>,
    #[serde(default)]
    close: bool,
    topic: Option<String>,
}

#[derive(Default)]
struct Reported {
    count: u64,
    closes: bool,
    last: u64,
    last_topic: Option<String>,
}

/// What the audit log says.
#[derive(Default)]
struct Log {
    static_logins: BTreeMap<String, u64>,
    logins: BTreeMap<String, u64>,
    /// By client id, event and reason.
    reported: BTreeMap<(String, String, String), Reported>,
}

impl MigrateCommand {
    pub(crate) fn run(&self, json: bool) -> Result<Status, CliError> {
        match self {
            Self::Status(args) => args.run(json),
            Self::Record(args) => args.run(json),
        }
    }
}

/// Every device with the later of its two stages, and whether it is revoked.
struct Fleet {
    registry: PathBuf,
    stages: BTreeMap<String, Place>,
}

struct Place {
    registered: DeviceStage,
    stage: DeviceStage,
    revoked: bool,
}

impl Fleet {
    fn read(path: &Path) -> Result<(Self, Policy), CliError> {
        File::open(path).map_err(|error| CliError::file(path, error))?;
        let policy = Policy::read(path).map_err(CliError::failed)?;
        let (Some(registry), Some(file)) = (policy.registry_file(), policy.stages_file()) else {
            return Err(CliError::refused(format_args!(
                "{}: a migration needs `registry` in [devices] and `file` in [migration]",
                path.display()
            ))
            .hint("Without [migration] the policy holds for all devices as it is written."));
        };
        let registry = registry.to_owned();
        // Before the broker has started with it there is none.
        let reached = if file.exists() {
            read_stages(file).map_err(CliError::failed)?
        } else {
            Vec::new()
        };
        let reached: BTreeMap<String, DeviceStage> = reached.into_iter().collect();
        let mut stages = BTreeMap::new();
        let open = Registry::open_read_only(&registry).map_err(failed)?;
        for device in open.iter() {
            let device = device.map_err(failed)?;
            let latched = reached.get(&device.client_id).copied();
            let place = Place {
                registered: device.stage,
                stage: latched.map_or(device.stage, |stage| stage.max(device.stage)),
                revoked: device.accepted().next().is_none(),
            };
            stages.insert(device.client_id, place);
        }
        Ok((Self { registry, stages }, policy))
    }

    fn count(&self, stage: DeviceStage) -> usize {
        self.stages
            .values()
            .filter(|place| place.stage == stage)
            .count()
    }
}

impl StatusArgs {
    fn run(&self, json: bool) -> Result<Status, CliError> {
        let (fleet, policy) = Fleet::read(&self.policy)?;
        let mut log = Log::default();
        let own = policy.audit_file().filter(|path| path.exists());
        let files: Vec<&Path> = match self.audit.as_slice() {
            [] => own.into_iter().collect(),
            given => given.iter().map(PathBuf::as_path).collect(),
        };
        for file in files {
            log.read(file)?;
        }
        let summary = Summary {
            devices: fleet.stages.len(),
            legacy: fleet.count(DeviceStage::Legacy),
            login: fleet.count(DeviceStage::Login),
            sealed: fleet.count(DeviceStage::Sealed),
            revoked: fleet.stages.values().filter(|place| place.revoked).count(),
            would_refuse: log.reported.values().map(|reported| reported.count).sum(),
        };
        output::either(json, &summary, || summary.text())?;
        let behind = fleet
            .stages
            .iter()
            .filter(|(_, place)| place.stage != DeviceStage::Sealed && !place.revoked);
        for (client_id, place) in behind {
            let behind = Behind {
                client_id,
                stage: place.stage.to_string(),
                last_static_login: log.static_logins.get(client_id).copied(),
                last_login: log.logins.get(client_id).copied(),
            };
            output::either(json, &behind, || behind.text())?;
        }
        for ((client_id, event, reason), reported) in &log.reported {
            let line = WouldRefuse {
                client_id,
                event,
                reason,
                count: reported.count,
                closes: reported.closes,
                last: reported.last,
                last_topic: reported.last_topic.as_deref(),
            };
            output::either(json, &line, || line.text())?;
        }
        Ok(Status::Ok)
    }
}

#[derive(Serialize)]
struct Recorded {
    devices: usize,
}

impl RecordArgs {
    fn run(&self, json: bool) -> Result<Status, CliError> {
        let (fleet, _) = Fleet::read(&self.policy)?;
        let mut registry = Registry::open(&fleet.registry).map_err(failed)?;
        let now = time_argument::now()?;
        let mut recorded = Recorded { devices: 0 };
        for (client_id, place) in &fleet.stages {
            if place.stage > place.registered {
                registry
                    .set_stage(client_id, place.stage, now)
                    .map_err(failed)?;
                recorded.devices += 1;
            }
        }
        output::either(json, &recorded, || {
            format!(
                "{}: {} devices have a later stage now",
                fleet.registry.display(),
                recorded.devices
            )
        })?;
        Ok(Status::Ok)
    }
}

impl Log {
    fn read(&mut self, path: &Path) -> Result<(), CliError> {
        let failed = |error| CliError::file(path, error);
        let mut log = BufReader::new(File::open(path).map_err(failed)?);
        let mut bytes = Vec::new();
        loop {
            bytes.clear();
            let read = (&mut log)
                .take(MAX_LINE_LEN)
                .read_until(b'\n', &mut bytes)
                .map_err(failed)?;
            if read == 0 {
                return Ok(());
            }
            // A line that is none was torn by a full disk or a crash.
            if let Ok(line) = serde_json::from_slice(&bytes) {
                self.take(line);
            }
        }
    }

    fn take(&mut self, line: Line) {
        let Some(client_id) = line.client_id else {
            return;
        };
        let logins = match (line.event.as_str(), line.verdict.as_str()) {
            ("login", "defer") => Some(&mut self.static_logins),
            ("login", "allow" | "report") => Some(&mut self.logins),
            _ => None,
        };
        if let Some(logins) = logins {
            logins.insert(client_id.clone(), line.time);
        }
        let (Some(reason), "report") = (line.reason, line.verdict.as_str()) else {
            return;
        };
        let reported = self
            .reported
            .entry((client_id, line.event, reason))
            .or_default();
        reported.count += 1;
        reported.closes |= line.close;
        reported.last = line.time;
        reported.last_topic = line.topic.or(reported.last_topic.take());
    }
}

impl Summary {
    fn text(&self) -> String {
        let Self {
            devices,
            legacy,
            login,
            sealed,
            revoked,
            would_refuse,
        } = self;
        format!(
            "{devices} devices: {legacy} legacy, {login} login, {sealed} sealed ({revoked} of them revoked); \
             {would_refuse} times let through what enforcement would have refused"
        )
    }
}

impl Behind<'_> {
    fn text(&self) -> String {
        let Self {
            client_id, stage, ..
        } = self;
        let seen = match (self.last_login, self.last_static_login) {
            (Some(time), _) => format!("last mqward login {}", shown(time)),
            (None, Some(time)) => format!("last static login {}", shown(time)),
            (None, None) => "no login in the log".to_owned(),
        };
        format!("{stage:<6}  {client_id}: {seen}")
    }
}

impl WouldRefuse<'_> {
    fn text(&self) -> String {
        let Self {
            client_id,
            event,
            reason,
            count,
            ..
        } = self;
        let harm = if self.closes { "closed" } else { "refused" };
        let last = shown(self.last);
        let topic = self
            .last_topic
            .map_or_else(String::new, |topic| format!(" on {topic:?}"));
        format!(
            "report  {client_id}: {event} {reason}, {count} times; would be {harm}; last {last}{topic}"
        )
    }
}

fn shown(secs: u64) -> String {
    UnixTime::from_secs(secs).map_or_else(|| secs.to_string(), rfc3339)
}
