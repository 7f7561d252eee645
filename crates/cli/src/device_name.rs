//! Which device is meant: client id, generation, hardware id.

use clap::Args;
use mqward::{Blob, ClientId, Device, Generation, HardwareId, MAX_HARDWARE_ID_LEN, ParamError};

use crate::error::CliError;

/// A device on the command line.
#[derive(Args, Debug)]
pub(crate) struct DeviceArgs {
    /// The device's Client Identifier; a blob names it itself
    #[arg(long, value_name = "ID", value_parser = parse_client_id)]
    pub(crate) client_id: Option<String>,
    /// The generation of the device's keys, 1 to 255 [default: 1, or the blob's]
    #[arg(long, value_name = "N", value_parser = parse_generation)]
    pub(crate) generation: Option<Generation>,
}

impl DeviceArgs {
    /// The device as the arguments name it.
    pub(crate) fn named(&self) -> Result<DeviceName, CliError> {
        let client_id = self.client_id.clone().ok_or_else(|| {
            CliError::usage(
                "which device? Say `--client-id ID`, or use its blob with `--blob FILE`",
            )
        })?;
        Ok(DeviceName {
            client_id,
            generation: self.generation.unwrap_or(Generation::FIRST),
        })
    }

    /// The device that a blob was made for; arguments that name another one are an error.
    pub(crate) fn of_blob(&self, blob: &Blob<'_>) -> Result<DeviceName, CliError> {
        let device = blob.device();
        let name = DeviceName {
            client_id: device.client_id().to_owned(),
            generation: device.generation(),
        };
        let same_id = self
            .client_id
            .as_ref()
            .is_none_or(|id| *id == name.client_id);
        let same_generation = self
            .generation
            .is_none_or(|number| number == name.generation);
        if same_id && same_generation {
            return Ok(name);
        }
        Err(CliError::usage(format_args!(
            "the blob is of `{}`, generation {}, and not of the device that the arguments name",
            name.client_id, name.generation
        )))
    }
}

/// A device by name.
#[derive(Clone, Debug)]
pub(crate) struct DeviceName {
    pub(crate) client_id: String,
    pub(crate) generation: Generation,
}

impl DeviceName {
    pub(crate) fn device(&self) -> Result<Device<'_>, CliError> {
        Device::new(&self.client_id, self.generation).map_err(CliError::usage)
    }
}

/// A client id within the grammar that every role's rule narrows further.
pub(crate) fn parse_client_id(text: &str) -> Result<String, String> {
    ClientId::new(text)
        .map(|id| id.as_str().to_owned())
        .map_err(|error| error.to_string())
}

/// A generation, 1 to 255.
pub(crate) fn parse_generation(text: &str) -> Result<Generation, String> {
    text.parse()
        .ok()
        .and_then(|number| Generation::new(number).ok())
        .ok_or_else(|| "a generation is 1 to 255".to_owned())
}

/// The name of a board: hexadecimal bytes, or nothing.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct HardwareName(Vec<u8>);

impl HardwareName {
    /// Reads `246f28a1b2c3`, `24:6F:28:A1:B2:C3`, or `none`.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if text == "none" {
            return Ok(Self(Vec::new()));
        }
        let digits: String = text.chars().filter(|c| !matches!(c, ':' | '-')).collect();
        Self::parse_digits(&digits).ok_or_else(|| {
            "a hardware id is `none` or 1 to 32 bytes in hexadecimal, such as 24:6f:28:a1:b2:c3"
                .to_owned()
        })
    }

    /// Reads what a table of devices holds: hexadecimal bytes, or nothing at all.
    pub(crate) fn parse_field(text: &str) -> Result<Self, String> {
        Self::parse(if text.is_empty() { "none" } else { text })
    }

    /// Reads hexadecimal digits alone, as a client id holds them.
    pub(crate) fn parse_digits(digits: &str) -> Option<Self> {
        let bytes = base16ct::mixed::decode_vec(digits).ok()?;
        (1..=MAX_HARDWARE_ID_LEN)
            .contains(&bytes.len())
            .then_some(Self(bytes))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Lower-case hexadecimal digits, as a table of devices holds them.
    pub(crate) fn digits(&self) -> String {
        base16ct::lower::encode_string(&self.0)
    }

    pub(crate) fn id(&self) -> Result<HardwareId<'_>, ParamError> {
        HardwareId::new(&self.0)
    }
}
