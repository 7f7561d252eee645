//! What backends may know of a registry: who exists, who is revoked. No seed, no note.

use std::io::{self, Write};

use serde::Serialize;

use super::{Registry, RegistryError};
use crate::device::DeviceRecord;

/// One line of a public export.
#[derive(Serialize)]
struct PublicDevice<'a> {
    client_id: &'a str,
    revoked: bool,
    generations: Vec<PublicGeneration>,
    clock: String,
    stage: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    topic_id: Option<&'a str>,
    changed: u32,
}

#[derive(Serialize)]
struct PublicGeneration {
    generation: u8,
    hardware_id: String,
    revoked: bool,
}

impl<'a> PublicDevice<'a> {
    fn of(device: &'a DeviceRecord) -> Self {
        let generations = device
            .generations
            .iter()
            .map(|generation| PublicGeneration {
                generation: generation.generation.get(),
                hardware_id: base16ct::lower::encode_string(&generation.hardware_id),
                revoked: generation.revoked.is_some(),
            });
        Self {
            client_id: &device.client_id,
            revoked: device.revoked.is_some(),
            generations: generations.collect(),
            clock: device.clock.to_string(),
            stage: device.stage.to_string(),
            role: device.role.as_deref(),
            topic_id: device.topic_id.as_deref(),
            changed: device.changed.get(),
        }
    }
}

impl Registry {
    /// Writes every device as one JSON object per line, in the order of the client ids, and says how many there are.
    ///
    /// For backends: it holds no seed and no note. Generations that are not revoked are accepted, up to the newest
    /// that the device has logged in with.
    ///
    /// # Errors
    /// When the registry cannot be read or the output not be written.
    pub fn export_public(&self, output: &mut dyn Write) -> Result<u64, RegistryError> {
        let failed = |error: io::Error| RegistryError::invalid("output", error);
        let mut exported = 0;
        for device in self.iter() {
            let line = serde_json::to_string(&PublicDevice::of(&device?));
            let line = line.map_err(|error| failed(error.into()))?;
            writeln!(output, "{line}").map_err(failed)?;
            exported += 1;
        }
        output.flush().map_err(failed)?;
        Ok(exported)
    }
}
