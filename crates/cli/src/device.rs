//! `mqward device`: what a device is flashed with.

use core::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use mqward::{
    AuthSeed, BOOT_SLOT_LEN, Blob, BootRecord, DownSeed, Generation, MAX_BLOB_LEN, UnixTime, UpSeed,
};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::device_name::{DeviceName, parse_client_id, parse_generation};
use crate::error::{CliError, Status};
use crate::input::is_dash;
use crate::private_file::{self, Existing};
use crate::seed_source::{read_auth_root, read_down_root, read_root, read_up_root};
use crate::{output, time_argument};

/// What a device is flashed with.
#[derive(Debug, Subcommand)]
pub(crate) enum DeviceCommand {
    /// Export a device's seeds and its first boot record
    ///
    /// The same client id and generation always give the same seeds. A generation is issued once: provisioning a device
    /// again means the next one, unless its boot record is still there and stays untouched.
    Export(ExportArgs),
}

#[derive(Args, Debug)]
pub(crate) struct ExportArgs {
    /// The device's Client Identifier
    #[arg(long, value_name = "ID", value_parser = parse_client_id)]
    client_id: String,
    /// How often the device was provisioned, counted from 1 to 255; never the same number twice
    #[arg(long, value_name = "N", value_parser = parse_generation)]
    generation: Generation,
    /// The root of the fleet, a key file
    #[arg(long, value_name = "FILE", required_unless_present = "auth_root", conflicts_with_all = ["auth_root", "up_root", "down_root"])]
    root: Option<PathBuf>,
    /// The root of all login seeds, a key file
    #[arg(
        long,
        value_name = "FILE",
        requires = "up_root",
        requires = "down_root"
    )]
    auth_root: Option<PathBuf>,
    /// The root of all uplink seeds, a key file
    #[arg(long, value_name = "FILE", requires = "auth_root")]
    up_root: Option<PathBuf>,
    /// The root of all downlink seeds, a key file
    #[arg(long, value_name = "FILE", requires = "auth_root")]
    down_root: Option<PathBuf>,
    /// What to write
    #[arg(long, value_enum, default_value_t = Format::Blob)]
    format: Format,
    /// File to write, or a folder in which it is named after the client id; `-` prints the secrets
    #[arg(long, value_name = "FILE|DIR")]
    out: PathBuf,
    /// File for the first boot record, with `--format blob` [default: the blob's name, ending in .boot]
    #[arg(long, value_name = "FILE")]
    boot_out: Option<PathBuf>,
    /// The first boot number: the time of provisioning [default: now]
    #[arg(long, value_name = "TIME", value_parser = time_argument::parse)]
    first_boot: Option<UnixTime>,
    /// Overwrite what is there
    #[arg(long)]
    force: bool,
}

#[derive(Copy, Clone, Debug, Eq, PartialEq, ValueEnum)]
enum Format {
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
    const fn extension(self) -> &'static str {
        match self {
            Self::Blob => "blob",
            Self::NvsCsv => "csv",
            Self::Json => "json",
            Self::CHeader => "h",
        }
    }
}

impl DeviceCommand {
    pub(crate) fn run(&self, json: bool) -> Result<Status, CliError> {
        match self {
            Self::Export(args) => args.run(json),
        }
    }
}

/// What was written.
#[derive(Serialize)]
struct Report<'a> {
    client_id: &'a str,
    generation: u8,
    first_boot: u32,
    files: Vec<&'a Path>,
}

impl ExportArgs {
    fn run(&self, json: bool) -> Result<Status, CliError> {
        if self.boot_out.is_some() && self.format != Format::Blob {
            return Err(CliError::usage(
                "`--boot-out` goes with `--format blob`: the other formats hold the boot record",
            ));
        }
        let (file, boot_file) = self.files()?;
        let first_boot = self.first_boot.map_or_else(time_argument::now, Ok)?;
        let name = DeviceName {
            client_id: self.client_id.clone(),
            generation: self.generation,
        };
        let (auth, up, down) = self.seeds(&name)?;
        let mut blob = Zeroizing::new(vec![0; MAX_BLOB_LEN]);
        let len =
            Blob::write(name.device()?, &auth, &up, &down, &mut blob).map_err(CliError::usage)?;
        blob.truncate(len);
        let boot = BootRecord::first_slot(first_boot);

        let contents = match self.format {
            Format::Blob => Zeroizing::new(blob.to_vec()),
            Format::NvsCsv => nvs_csv(&blob, &boot),
            Format::Json => json_file(
                &name,
                first_boot,
                &blob,
                &boot,
                [auth.expose(), up.expose(), down.expose()],
            )?,
            Format::CHeader => c_header(&name, &blob, &boot),
        };
        let mut files = Vec::new();
        if let Some(boot_file) = &boot_file {
            self.write(boot_file, &boot)?;
            files.push(boot_file.as_path());
        }
        if is_dash(&file) {
            output::write(&contents)?;
            return Ok(Status::Ok);
        }
        self.write(&file, &contents)?;
        files.insert(0, &file);
        let report = Report {
            client_id: &name.client_id,
            generation: name.generation.get(),
            first_boot: first_boot.get(),
            files,
        };
        output::either(json, &report, || {
            let names: Vec<_> = report
                .files
                .iter()
                .map(|file| file.display().to_string())
                .collect();
            format!(
                "{}, generation {}: wrote {}",
                name.client_id,
                name.generation,
                names.join(" and ")
            )
        })?;
        Ok(Status::Ok)
    }

    /// The file to write, and the one for the boot record where it is apart.
    fn files(&self) -> Result<(PathBuf, Option<PathBuf>), CliError> {
        let file = if self.out.is_dir() {
            self.out
                .join(format!("{}.{}", self.client_id, self.format.extension()))
        } else {
            self.out.clone()
        };
        if self.format != Format::Blob {
            return Ok((file, None));
        }
        let boot_file = match &self.boot_out {
            Some(path) => path.clone(),
            None if is_dash(&file) => {
                return Err(CliError::usage(
                    "`--out -` prints the blob: say with `--boot-out FILE` where the boot record goes",
                ));
            }
            None => file.with_extension("boot"),
        };
        if boot_file == file {
            return Err(CliError::usage(
                "blob and boot record cannot be one file: choose `--boot-out`",
            ));
        }
        if !self.force && boot_file.symlink_metadata().is_ok() {
            return Err(there_already(&boot_file));
        }
        if !self.force && !is_dash(&file) && file.symlink_metadata().is_ok() {
            return Err(there_already(&file));
        }
        Ok((file, Some(boot_file)))
    }

    fn write(&self, path: &Path, contents: &[u8]) -> Result<(), CliError> {
        if self.force {
            return private_file::write(path, contents, Existing::Replace);
        }
        if path.symlink_metadata().is_ok() {
            return Err(there_already(path));
        }
        private_file::write(path, contents, Existing::Keep)
    }

    fn seeds(&self, name: &DeviceName) -> Result<(AuthSeed, UpSeed, DownSeed), CliError> {
        let device = name.device()?;
        if let Some(path) = &self.root {
            let root = read_root(path)?;
            return Ok((
                root.auth().seed(device),
                root.up().seed(device),
                root.down().seed(device),
            ));
        }
        match (&self.auth_root, &self.up_root, &self.down_root) {
            (Some(auth), Some(up), Some(down)) => Ok((
                read_auth_root(auth)?.seed(device),
                read_up_root(up)?.seed(device),
                read_down_root(down)?.seed(device),
            )),
            _ => Err(CliError::usage(
                "name `--root`, or all of `--auth-root`, `--up-root` and `--down-root`",
            )),
        }
    }
}

fn there_already(path: &Path) -> CliError {
    CliError::file(path, "is there already").hint(
        "`--force` overwrites it. A device that runs must not get its first boot record again.",
    )
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
