//! The device file: which devices exist, in which generations, on which hardware, with which clock.

use std::collections::HashMap;
use std::path::Path;

use csv::StringRecord;
use mqward::{Generation, HardwareId, MAX_HARDWARE_ID_LEN};

use crate::PolicyError;
use crate::device::DeviceClock;
use crate::key_source::parse_generation;
use crate::policy::Policy;
use crate::rule_set::HardwareIdSource;

/// The header line of a device file.
const HEADER: [&str; 4] = ["client_id", "generation", "hardware_id", "clock"];

/// One line: a device in one accepted generation.
#[derive(Debug)]
pub(crate) struct DeviceEntry {
    pub(crate) generation: Generation,
    pub(crate) hardware_id: Vec<u8>,
    pub(crate) clock: DeviceClock,
}

/// The file, by client id; a device may have several accepted generations.
#[derive(Debug)]
pub(crate) struct DeviceFile(HashMap<String, Vec<DeviceEntry>>);

impl DeviceFile {
    /// Reads a device file; every client id must fit a role of the policy that uses mqward passwords.
    ///
    /// # Errors
    /// The first malformed line. An empty file is one too: the header is missing.
    pub(crate) fn read(path: &Path, policy: &Policy) -> Result<Self, PolicyError> {
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .from_path(path)
            .map_err(|error| csv_error(path, &error))?;
        let mut devices = Self(HashMap::new());
        let mut header = StringRecord::new();
        let has_header = reader
            .read_record(&mut header)
            .map_err(|error| csv_error(path, &error))?;
        if !has_header || header != HEADER[..] {
            let reason = format!("the first line is `{}`", HEADER.join(","));
            return Err(PolicyError::at_line(path, 1, reason));
        }
        for record in reader.records() {
            let record = record.map_err(|error| csv_error(path, &error))?;
            let line = record.position().map_or(0, csv::Position::line);
            devices
                .insert(&record, policy)
                .map_err(|reason| PolicyError::at_line(path, line, reason))?;
        }
        Ok(devices)
    }

    /// A device in a generation, if this generation of it is accepted.
    pub(crate) fn find(&self, client_id: &str, generation: Generation) -> Option<&DeviceEntry> {
        self.0
            .get(client_id)?
            .iter()
            .find(|entry| entry.generation == generation)
    }

    /// Whether a device is listed, in this generation or in any.
    pub(crate) fn accepts(&self, client_id: &str, generation: Option<Generation>) -> bool {
        match (self.0.get(client_id), generation) {
            (Some(entries), Some(generation)) => {
                entries.iter().any(|entry| entry.generation == generation)
            }
            (Some(_), None) => true,
            (None, _) => false,
        }
    }

    fn insert(&mut self, record: &StringRecord, policy: &Policy) -> Result<(), String> {
        let fields: Vec<&str> = record.iter().collect();
        let [client_id, generation, hardware_id, clock] = fields.as_slice() else {
            return Err(format!(
                "a line has 4 fields ({}), not {}",
                HEADER.join(","),
                fields.len()
            ));
        };
        let role = policy.mqward_role(client_id)?;
        let generation = parse_generation(generation)?;
        let hardware_id = decode_hardware_id(hardware_id)?;
        let clock = clock
            .parse::<DeviceClock>()
            .map_err(|error| error.to_string())?;
        // A hardware id that would silently not count is a mistake, not a comment.
        let (source, prefix_len) = policy.hardware_id(role);
        match source {
            HardwareIdSource::Registry | HardwareIdSource::InLoginKey => {}
            HardwareIdSource::None if hardware_id.is_empty() => {}
            HardwareIdSource::None => {
                return Err(
                    "the policy says hardware_id = \"none\", but this line has one".to_owned(),
                );
            }
            HardwareIdSource::ClientId => {
                let named = client_id.get(prefix_len..).map(decode_hardware_id);
                if !hardware_id.is_empty() && named != Some(Ok(hardware_id.clone())) {
                    return Err("the hardware id is not the one in the client id".to_owned());
                }
            }
        }
        let entries = self.0.entry((*client_id).to_owned()).or_default();
        if entries.iter().any(|entry| entry.generation == generation) {
            return Err("this client id and generation are listed already".to_owned());
        }
        entries.push(DeviceEntry {
            generation,
            hardware_id,
            clock,
        });
        Ok(())
    }
}

/// A hardware id from hexadecimal digits, none for an empty field.
pub(crate) fn decode_hardware_id(digits: &str) -> Result<Vec<u8>, String> {
    let bytes = base16ct::mixed::decode_vec(digits)
        .map_err(|_| "a hardware id is hexadecimal digits, two for each byte".to_owned())?;
    match HardwareId::new(&bytes) {
        Ok(_) => Ok(bytes),
        Err(_) => Err(format!(
            "a hardware id has at most {MAX_HARDWARE_ID_LEN} bytes"
        )),
    }
}

fn csv_error(path: &Path, error: &csv::Error) -> PolicyError {
    let reason = match error.kind() {
        csv::ErrorKind::Io(error) => error.to_string(),
        csv::ErrorKind::Utf8 { .. } => "not UTF-8".to_owned(),
        _ => error.to_string(),
    };
    match error.position() {
        Some(position) => PolicyError::at_line(path, position.line(), reason),
        None => PolicyError::of_file(path, reason),
    }
}
