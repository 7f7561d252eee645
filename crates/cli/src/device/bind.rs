//! `mqward device bind`: boards to issued ids, after the production line.

use std::collections::{HashMap, HashSet};
use std::io::Read;
use std::path::{Path, PathBuf};

use clap::Args;
use mqward_broker::{DeviceClock, Registry};
use serde::Serialize;

use super::ledger;
use crate::device_name::HardwareName;
use crate::error::{CliError, Status};
use crate::registry::{RegistryArgs, failed};
use crate::{input, output, progress, time_argument};

/// The first line of a file of boards.
const HEADER: [&str; 2] = ["client_id", "hardware_id"];
/// After so many wrong lines the rest is not looked at.
const MAX_WRONG: usize = 100;
/// The longest manifest that is read, in bytes.
const MAX_MANIFEST_LEN: u64 = 1024 * 1024 * 1024;

#[derive(Args, Debug)]
pub(crate) struct BindArgs {
    #[command(flatten)]
    registry: RegistryArgs,
    /// The manifest of the batch, as `device issue` wrote it
    #[arg(long, value_name = "FILE")]
    manifest: PathBuf,
    /// Which board each id was flashed to: a CSV file with the first line client_id,hardware_id
    #[arg(long, value_name = "FILE")]
    macs: PathBuf,
    /// The clock of these devices: required, optional or none
    #[arg(long, value_name = "CLOCK", default_value_t)]
    clock: DeviceClock,
    /// A note on each of them
    #[arg(long, value_name = "TEXT", default_value = "")]
    note: String,
}

#[derive(Serialize)]
struct Report {
    bound: u64,
    left: usize,
}

/// One line of the file of boards.
struct Line {
    number: u64,
    client_id: String,
    hardware_id: HardwareName,
}

/// What is wrong, line by line.
struct Wrong<'a> {
    path: &'a Path,
    lines: Vec<String>,
}

impl Wrong<'_> {
    fn add(&mut self, line: u64, reason: impl core::fmt::Display) {
        if self.lines.len() < MAX_WRONG {
            let path = self.path.display();
            self.lines.push(format!("{path}:{line}: {reason}"));
        }
    }

    fn check(&self) -> Result<(), CliError> {
        if self.lines.is_empty() {
            return Ok(());
        }
        Err(CliError::refused(self.lines.join("\n"))
            .hint("Nothing was bound: it is all lines or none."))
    }
}

impl BindArgs {
    pub(super) fn run(&self, json: bool) -> Result<Status, CliError> {
        let now = time_argument::now()?;
        let mut registry = self.registry.open()?;
        let issued = self.issued()?;
        let mut wrong = Wrong {
            path: &self.macs,
            lines: Vec::new(),
        };
        let lines = self.lines(&mut wrong)?;
        check_lines(&lines, &issued, &mut wrong);
        check_registry(&registry, &lines, &mut wrong)?;
        wrong.check()?;
        // One file to import is one transaction: what a crash leaves is all of it or nothing.
        let csv = self.import(&lines, &issued)?;
        let bound = registry
            .import_csv(csv.as_slice(), now)
            .map_err(|error| failed(error).hint("Nothing was bound."))?;
        let report = Report {
            bound,
            left: issued.len().saturating_sub(lines.len()),
        };
        output::either(json, &report, || {
            format!(
                "bound {} devices; {} ids of the manifest are not in this file",
                report.bound, report.left
            )
        })?;
        Ok(Status::Ok)
    }

    /// The generation of each id of the manifest.
    fn issued(&self) -> Result<HashMap<String, u8>, CliError> {
        let bytes = input::read(&self.manifest, MAX_MANIFEST_LEN)?;
        let text = String::from_utf8(bytes)
            .map_err(|_| CliError::file(&self.manifest, "not a manifest"))?;
        let lines = ledger::parse(&self.manifest, &text)?;
        Ok(lines
            .into_iter()
            .map(|issued| (issued.client_id, issued.generation))
            .collect())
    }

    fn lines(&self, wrong: &mut Wrong<'_>) -> Result<Vec<Line>, CliError> {
        let file = std::fs::File::open(&self.macs);
        let file = file.map_err(|error| CliError::file(&self.macs, error))?;
        let mut reader = csv::ReaderBuilder::new()
            .flexible(true)
            .trim(csv::Trim::All)
            .from_reader(Box::new(file) as Box<dyn Read>);
        let headers = reader
            .headers()
            .map_err(|error| CliError::file(&self.macs, error))?;
        if headers != HEADER.as_slice() {
            wrong.add(1, format!("the first line is not `{}`", HEADER.join(",")));
            wrong.check()?;
        }
        let mut lines = Vec::new();
        for record in reader.records() {
            let record = record.map_err(|error| CliError::file(&self.macs, error))?;
            let number = record.position().map_or(0, csv::Position::line);
            let fields: Vec<&str> = record.iter().collect();
            let [client_id, hardware_id] = fields.as_slice() else {
                wrong.add(number, "a line has 2 fields");
                continue;
            };
            match HardwareName::parse_field(hardware_id) {
                Ok(hw) if hw.is_empty() => wrong.add(number, "no hardware id"),
                Ok(hardware_id) => lines.push(Line {
                    number,
                    client_id: (*client_id).to_owned(),
                    hardware_id,
                }),
                Err(reason) => wrong.add(number, reason),
            }
        }
        Ok(lines)
    }

    fn import(&self, lines: &[Line], issued: &HashMap<String, u8>) -> Result<Vec<u8>, CliError> {
        let failed = |error: csv::Error| CliError::failed(error.to_string());
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer
            .write_record(["client_id", "generation", "hardware_id", "clock", "note"])
            .map_err(failed)?;
        let clock = self.clock.to_string();
        for line in lines {
            let generation = issued.get(&line.client_id).copied().unwrap_or(1);
            writer
                .write_record([
                    line.client_id.as_str(),
                    &generation.to_string(),
                    &line.hardware_id.digits(),
                    &clock,
                    &self.note,
                ])
                .map_err(failed)?;
        }
        writer
            .into_inner()
            .map_err(|error| CliError::failed(error.to_string()))
    }
}

/// Every id was issued, and every id and board stands here once.
fn check_lines(lines: &[Line], issued: &HashMap<String, u8>, wrong: &mut Wrong<'_>) {
    let mut ids: HashMap<&str, u64> = HashMap::new();
    let mut boards: HashMap<&[u8], u64> = HashMap::new();
    for line in lines {
        if !issued.contains_key(&line.client_id) {
            // As text that cannot steer a terminal.
            wrong.add(
                line.number,
                format_args!("id {:?} is not in the manifest", line.client_id),
            );
        }
        if let Some(first) = ids.insert(&line.client_id, line.number) {
            wrong.add(
                line.number,
                format_args!("id `{}` stands on line {first} already", line.client_id),
            );
        }
        if let Some(first) = boards.insert(line.hardware_id.bytes(), line.number) {
            wrong.add(
                line.number,
                format_args!(
                    "board {} stands on line {first} already",
                    line.hardware_id.digits()
                ),
            );
        }
    }
}

/// No id is in the registry yet, and no board belongs to another device that still may log in.
fn check_registry(
    registry: &Registry,
    lines: &[Line],
    wrong: &mut Wrong<'_>,
) -> Result<(), CliError> {
    let ids: HashMap<&str, u64> = lines
        .iter()
        .map(|line| (line.client_id.as_str(), line.number))
        .collect();
    let boards: HashMap<&[u8], u64> = lines
        .iter()
        .map(|line| (line.hardware_id.bytes(), line.number))
        .collect();
    let known = usize::try_from(registry.count().map_err(failed)?).unwrap_or(usize::MAX);
    let bar = progress::bar(known, "comparing");
    for device in registry.iter() {
        bar.inc(1);
        let device = device.map_err(failed)?;
        if let Some(line) = ids.get(device.client_id.as_str()) {
            let reason = "is in the registry already; `device rotate` gives it the next generation";
            wrong.add(*line, format_args!("id `{}` {reason}", device.client_id));
        }
        let own: HashSet<&[u8]> = device
            .accepted()
            .map(|generation| generation.hardware_id.as_slice())
            .collect();
        for board in own {
            if let Some(line) = boards.get(board) {
                wrong.add(
                    *line,
                    format_args!("this board belongs to `{}` already", device.client_id),
                );
            }
        }
    }
    bar.finish_and_clear();
    Ok(())
}
