//! Which hardware id and generation each device of a fleet has.

use std::collections::HashMap;
use std::path::Path;

use mqward::Generation;

use crate::device_name::{HardwareName, parse_client_id, parse_generation};
use crate::error::CliError;

/// The header line of a device file, as the broker reads it.
const HEADER: [&str; 4] = ["client_id", "generation", "hardware_id", "clock"];

/// Where the hardware ids of a fleet come from.
#[derive(Debug)]
pub(crate) enum HardwareSource {
    /// All devices have the same one: none.
    Fixed(Generation, HardwareName),
    /// It is what follows a prefix of the client id, in hexadecimal.
    ClientId(Generation, String),
    /// A device file says it.
    Table(HashMap<(String, Generation), HardwareName>),
}

impl HardwareSource {
    /// Reads a device file: `client_id,generation,hardware_id,clock`.
    pub(crate) fn read_table(path: &Path) -> Result<Self, CliError> {
        let mut reader = csv::ReaderBuilder::new()
            .flexible(true)
            .from_path(path)
            .map_err(|error| CliError::file(path, error))?;
        let headers = reader
            .headers()
            .map_err(|error| CliError::file(path, error))?;
        if headers != HEADER.as_slice() {
            let reason = format!("the first line is not `{}`", HEADER.join(","));
            return Err(CliError::failed(format_args!(
                "{}:1: {reason}",
                path.display()
            )));
        }
        let mut table = HashMap::new();
        for record in reader.records() {
            let record = record.map_err(|error| CliError::file(path, error))?;
            let line = record.position().map_or(0, csv::Position::line);
            let wrong = |reason: &str| {
                CliError::failed(format_args!("{}:{line}: {reason}", path.display()))
            };
            let fields: Vec<&str> = record.iter().collect();
            let [client_id, generation, hardware_id, _] = fields.as_slice() else {
                return Err(wrong("a line has 4 fields"));
            };
            let key = (
                parse_client_id(client_id).map_err(|reason| wrong(&reason))?,
                parse_generation(generation).map_err(|reason| wrong(&reason))?,
            );
            let hw = HardwareName::parse_field(hardware_id).map_err(|reason| wrong(&reason))?;
            if table.insert(key, hw).is_some() {
                return Err(wrong(
                    "this device stands above already, in this generation",
                ));
            }
        }
        Ok(Self::Table(table))
    }

    /// The hardware id of a device in a generation; `None` if the fleet has no such device.
    pub(crate) fn find(&self, client_id: &str, generation: Generation) -> Option<HardwareName> {
        match self {
            Self::Fixed(current, hw) => (generation == *current).then(|| hw.clone()),
            Self::ClientId(current, prefix) => {
                let digits = client_id.strip_prefix(prefix.as_str())?;
                let hw = HardwareName::parse_digits(digits)?;
                (generation == *current).then_some(hw)
            }
            Self::Table(table) => table.get(&(client_id.to_owned(), generation)).cloned(),
        }
    }

    /// The newest generation of a device; `None` if the fleet has no such device.
    pub(crate) fn newest_generation(&self, client_id: &str) -> Option<Generation> {
        match self {
            Self::Fixed(current, _) | Self::ClientId(current, _) => Some(*current),
            Self::Table(table) => {
                let of_client = table.keys().filter(|(id, _)| id == client_id);
                of_client.map(|(_, generation)| *generation).max()
            }
        }
    }
}
