//! What a device is flashed with, in the form that its flash tool takes.

use core::fmt::Write as _;

use clap::ValueEnum;
use mqward::{AuthSeed, BOOT_SLOT_LEN, Blob, BootRecord, DownSeed, MAX_BLOB_LEN, UnixTime, UpSeed};
use zeroize::Zeroizing;

use crate::device_name::DeviceName;
use crate::error::CliError;

/// What is written for a device.
#[derive(Copy, Clone, Debug, Eq, PartialEq, ValueEnum)]
pub(super) enum Format {
    /// The provisioning blob, and the first boot record in a file beside it
    Blob,
    /// Input of ESP-IDF's NVS partition generator: namespace `mqward`, keys `blob` and `boot0`
    NvsCsv,
    /// JSON with blob, boot record and seeds in hexadecimal
    Json,
    /// A C header, for demos only: keys in source code end up in version control
    CHeader,
}

impl Format {
    pub(super) const fn extension(self) -> &'static str {
        match self {
            Self::Blob => "blob",
            Self::NvsCsv => "csv",
            Self::Json => "json",
            Self::CHeader => "h",
        }
    }
}

/// The seeds of one device in one generation, with its first boot record.
pub(super) struct Provisioning<'a> {
    pub(super) name: &'a DeviceName,
    pub(super) first_boot: UnixTime,
    pub(super) seeds: (AuthSeed, UpSeed, DownSeed),
}

impl Provisioning<'_> {
    /// The first boot record: slot A.
    pub(super) fn boot_record(&self) -> [u8; BOOT_SLOT_LEN] {
        BootRecord::first_slot(self.first_boot)
    }

    /// The contents of the file in a format; with [`Format::Blob`] the boot record is a file of its own.
    pub(super) fn contents(&self, format: Format) -> Result<Zeroizing<Vec<u8>>, CliError> {
        let (auth, up, down) = &self.seeds;
        let mut blob = Zeroizing::new(vec![0; MAX_BLOB_LEN]);
        let len =
            Blob::write(self.name.device()?, auth, up, down, &mut blob).map_err(CliError::usage)?;
        blob.truncate(len);
        let boot = self.boot_record();
        Ok(match format {
            Format::Blob => blob,
            Format::NvsCsv => nvs_csv(&blob, &boot),
            Format::Json => json_file(
                self.name,
                self.first_boot,
                &blob,
                &boot,
                [auth.expose(), up.expose(), down.expose()],
            )?,
            Format::CHeader => c_header(self.name, &blob, &boot),
        })
    }
}

/// Two columns of ESP-IDF's NVS partition generator hold bytes as `data,hex2bin`.
fn nvs_csv(blob: &[u8], boot: &[u8; BOOT_SLOT_LEN]) -> Zeroizing<Vec<u8>> {
    let mut csv = Secret::with_capacity(128 + 2 * (blob.len() + boot.len()));
    csv.text("key,type,encoding,value\nmqward,namespace,,\nblob,data,hex2bin,");
    csv.hex(blob);
    csv.text("\nboot0,data,hex2bin,");
    csv.hex(boot);
    csv.text("\n");
    csv.0
}

fn json_file(
    name: &DeviceName,
    first_boot: UnixTime,
    blob: &[u8],
    boot: &[u8; BOOT_SLOT_LEN],
    [auth, up, down]: [&[u8; 32]; 3],
) -> Result<Zeroizing<Vec<u8>>, CliError> {
    let client_id = serde_json::to_string(&name.client_id)
        .map_err(|error| CliError::failed(error.to_string()))?;
    let mut json = Secret::with_capacity(1024 + 2 * blob.len() + client_id.len());
    let mut head = String::new();
    // Writing to a String cannot fail.
    let _ = write!(
        head,
        "{{\n  \"client_id\": {client_id},\n  \"generation\": {},\n  \"first_boot\": {},\n",
        name.generation,
        first_boot.get()
    );
    json.text(&head);
    let fields: [(&str, &[u8]); 5] = [
        ("blob", blob),
        ("boot0", boot),
        ("auth_seed", auth),
        ("up_seed", up),
        ("down_seed", down),
    ];
    for (index, (key, bytes)) in fields.into_iter().enumerate() {
        json.text(if index == 0 { "  \"" } else { ",\n  \"" });
        json.text(key);
        json.text("\": \"");
        json.hex(bytes);
        json.text("\"");
    }
    json.text("\n}\n");
    Ok(json.0)
}

fn c_header(name: &DeviceName, blob: &[u8], boot: &[u8; BOOT_SLOT_LEN]) -> Zeroizing<Vec<u8>> {
    let mut header = Secret::with_capacity(1024 + 8 * (blob.len() + boot.len()));
    // A client id holds neither `*` nor `/`, so it cannot end the comment.
    header.text(&format!(
        "/* DEMO ONLY: the secrets of {}, generation {}.\n * Keys in source code end up in version control and in every image that is built.\n * Flash a real device with a partition of its own. */\n#ifndef MQWARD_DEMO_DEVICE_H\n#define MQWARD_DEMO_DEVICE_H\n",
        name.client_id, name.generation
    ));
    for (array, bytes) in [
        ("mqward_demo_blob", blob),
        ("mqward_demo_boot0", boot.as_slice()),
    ] {
        header.text(&format!(
            "\nstatic const unsigned char {array}[{}] = {{",
            bytes.len()
        ));
        for (index, byte) in bytes.iter().enumerate() {
            header.text(if index % 12 == 0 { "\n    0x" } else { " 0x" });
            header.hex(&[*byte]);
            header.text(",");
        }
        header.text("\n};\n");
    }
    header.text("\n#endif\n");
    header.0
}

/// A text with secrets, written into one buffer that never moves.
struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    fn with_capacity(len: usize) -> Self {
        Self(Zeroizing::new(Vec::with_capacity(len)))
    }

    fn text(&mut self, text: &str) {
        debug_assert!(self.0.len() + text.len() <= self.0.capacity());
        self.0.extend_from_slice(text.as_bytes());
    }

    fn hex(&mut self, bytes: &[u8]) {
        for byte in bytes {
            let digits = [byte >> 4, byte & 15];
            for digit in digits {
                // RFC 4648 §8 without a table lookup by secret index.
                let letter = u8::from(digit > 9) * (b'a' - b'0' - 10);
                self.0.push(b'0' + digit + letter);
            }
        }
    }
}
