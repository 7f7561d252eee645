//! Devices taken over from a CSV file (RFC 4180), all of them or none.

use std::io::Read;

use csv::StringRecord;
use mqward::{Generation, UnixTime};

use super::insertion::{add, check_hardware_id, insert_generation, next_change, touch};
use super::{LineError, Registry, RegistryError};
use crate::device::NewDevice;
use crate::device_file::decode_hardware_id;
use crate::key_source::parse_generation;

/// The columns that a file may have, in any order; only the first has to be there.
const COLUMNS: [&str; 8] = [
    "client_id",
    "generation",
    "hardware_id",
    "clock",
    "stage",
    "role",
    "topic_id",
    "note",
];

/// After this many wrong lines the rest is not looked at.
const MAX_LINE_ERRORS: usize = 100;

impl Registry {
    /// Adds the devices of a CSV file and says how many lines that were. `devices.csv` of a policy is such a file.
    ///
    /// The first line names the columns: `client_id`, and any of `generation` (1 if left out), `hardware_id`
    /// (hexadecimal), `clock`, `stage`, `role`, `topic_id`, `note`. A device may stand on several lines, one for each
    /// generation, oldest first; what is not its generation or hardware id is taken from the first of them.
    ///
    /// # Errors
    /// [`RegistryError::Lines`] with what is wrong on each line, and nothing is imported; or that the file cannot be
    /// written.
    pub fn import_csv(&mut self, csv: impl Read, now: UnixTime) -> Result<u64, RegistryError> {
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(csv);
        let headers = reader.headers().map_err(|error| lines(1, error))?.clone();
        let columns = columns_of(&headers).map_err(|reason| lines(1, reason))?;
        self.transact(|transaction, path| {
            let change = next_change(transaction, path)?;
            let mut wrong = Vec::new();
            let mut imported = 0;
            let mut before = String::new();
            for record in reader.records() {
                if wrong.len() == MAX_LINE_ERRORS {
                    break;
                }
                let record = match record {
                    Ok(record) => record,
                    Err(error) => {
                        let line = error.position().map_or(0, csv::Position::line);
                        wrong.push(LineError {
                            line,
                            reason: error.to_string(),
                        });
                        // What does not parse as CSV has no next line for certain.
                        break;
                    }
                };
                let done = parse(&record, &columns).and_then(|(mut device, hardware_id)| {
                    device.hardware_id = &hardware_id;
                    let device = &device;
                    if device.client_id == before {
                        let of = (device.client_id, device.generation);
                        check_hardware_id(device.hardware_id)?;
                        touch(transaction, path, device.client_id, now)?;
                        return insert_generation(
                            transaction,
                            path,
                            of,
                            device.hardware_id,
                            None,
                            now,
                        );
                    }
                    add(transaction, path, device, change, now)
                });
                match done {
                    Ok(()) => {
                        imported += 1;
                        before.clear();
                        before.push_str(record.get(columns[0]).unwrap_or(""));
                    }
                    // SQLite may have taken the transaction back: what came behind would be imported for itself.
                    Err(error) if !is_about_the_line(&error) => return Err(error),
                    Err(error) => wrong.push(LineError {
                        line: record.position().map_or(0, csv::Position::line),
                        reason: reason_of(&error),
                    }),
                }
            }
            if wrong.is_empty() {
                return Ok(imported);
            }
            Err(RegistryError::Lines(wrong))
        })
    }
}

fn lines(line: u64, reason: impl core::fmt::Display) -> RegistryError {
    RegistryError::Lines(vec![LineError {
        line,
        reason: reason.to_string(),
    }])
}

/// What SQLite says where a device has a generation twice.
const TWICE: &str = "UNIQUE constraint";

/// Whether the line is wrong, not the file that it goes to.
fn is_about_the_line(error: &RegistryError) -> bool {
    match error {
        RegistryError::Busy { .. } => false,
        RegistryError::File { reason, .. } => reason.contains(TWICE),
        _ => true,
    }
}

/// What is wrong with a line, without the name of the registry.
fn reason_of(error: &RegistryError) -> String {
    match error {
        RegistryError::File { reason, .. } if reason.contains(TWICE) => {
            "this client id and generation are listed already".to_owned()
        }
        RegistryError::File { reason, .. } => reason.clone(),
        other => other.to_string(),
    }
}

/// Where each column is; `usize::MAX` where the file has none.
fn columns_of(headers: &StringRecord) -> Result<Vec<usize>, String> {
    let mut positions = vec![usize::MAX; COLUMNS.len()];
    for (at, name) in headers.iter().enumerate() {
        let Some(column) = COLUMNS.iter().position(|column| *column == name) else {
            // The text is not shown: in a file without header it could be a key.
            return Err(format!(
                "column {} of the first line is none of {}",
                at + 1,
                COLUMNS.join(", ")
            ));
        };
        match positions.get_mut(column) {
            Some(position) if *position == usize::MAX => *position = at,
            _ => return Err(format!("column {name} is there twice")),
        }
    }
    match positions.first() {
        Some(&usize::MAX) | None => Err("the first line names no column client_id".to_owned()),
        Some(_) => Ok(positions),
    }
}

/// A device with its hardware id, which it does not borrow yet.
fn parse<'a>(
    record: &'a StringRecord,
    columns: &[usize],
) -> Result<(NewDevice<'a>, Vec<u8>), RegistryError> {
    let given = columns
        .iter()
        .filter(|column| **column != usize::MAX)
        .count();
    if record.len() != given {
        let reason = format!("{} fields, not {given} as in the first line", record.len());
        return Err(RegistryError::invalid("line", reason));
    }
    let field = |name: &str| {
        let column = COLUMNS.iter().position(|column| *column == name)?;
        let text = record.get(*columns.get(column)?)?;
        (!text.is_empty()).then_some(text)
    };
    let mut device = NewDevice::new(field("client_id").unwrap_or(""), &[]);
    device.generation = match field("generation") {
        None if columns.get(1) == Some(&usize::MAX) => Generation::FIRST,
        text => parse_generation(text.unwrap_or(""))
            .map_err(|reason| RegistryError::invalid("generation", reason))?,
    };
    if let Some(clock) = field("clock") {
        device.clock = clock
            .parse()
            .map_err(|error| RegistryError::invalid("clock", error))?;
    }
    if let Some(stage) = field("stage") {
        device.stage = stage
            .parse()
            .map_err(|error| RegistryError::invalid("stage", error))?;
    }
    device.role = field("role");
    device.topic_id = field("topic_id");
    device.note = field("note").unwrap_or("");
    let hardware_id = decode_hardware_id(field("hardware_id").unwrap_or(""))
        .map_err(|reason| RegistryError::invalid("hardware id", reason))?;
    Ok((device, hardware_id))
}
