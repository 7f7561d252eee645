//! What was issued: a generation is issued once, and a file of JSON lines remembers it.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use mqward::{Generation, UnixTime};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::device_name::DeviceName;
use crate::error::CliError;
use crate::time_argument;

/// One issued generation: a line of a ledger or a manifest. It holds no secret.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Issued {
    pub(super) client_id: String,
    pub(super) generation: u8,
    /// When, in Unix seconds.
    issued: u32,
    first_boot: u32,
    pub(super) files: Vec<IssuedFile>,
    /// Why it was issued although it had been before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    again: Option<String>,
}

/// A file that was written.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct IssuedFile {
    pub(super) name: String,
    sha256: String,
}

impl IssuedFile {
    pub(super) fn new(path: &Path, contents: &[u8]) -> Self {
        let name = path.file_name().unwrap_or(path.as_os_str());
        Self {
            name: name.to_string_lossy().into_owned(),
            sha256: base16ct::lower::encode_string(&Sha256::digest(contents)),
        }
    }
}

impl Issued {
    pub(super) fn new(
        name: &DeviceName,
        first_boot: UnixTime,
        files: Vec<IssuedFile>,
        again: Option<&str>,
    ) -> Result<Self, CliError> {
        Ok(Self {
            client_id: name.client_id.clone(),
            generation: name.generation.get(),
            issued: time_argument::now()?.get(),
            first_boot: first_boot.get(),
            files,
            again: again.map(str::to_owned),
        })
    }
}

/// Reads the lines of a ledger or manifest.
pub(super) fn parse(path: &Path, text: &str) -> Result<Vec<Issued>, CliError> {
    let lines = text.split_inclusive('\n').enumerate();
    lines
        .map(|(index, line)| {
            let wrong = |reason: &str| {
                CliError::failed(format_args!("{}:{}: {reason}", path.display(), index + 1))
            };
            // A line without its end was torn by a crash; only a person can tell what became of it.
            if !line.ends_with('\n') {
                return Err(
                    wrong("this line has no end: it was torn while it was written")
                        .hint("Nothing was written for its device: complete or delete the line."),
                );
            }
            serde_json::from_str(line)
                .map_err(|_| wrong("not a line of what was issued (client_id, generation, …)"))
        })
        .collect()
}

/// Lines as they are written.
pub(super) fn text_of(issued: &[Issued]) -> Result<String, CliError> {
    let mut text = String::new();
    for one in issued {
        let line =
            serde_json::to_string(one).map_err(|error| CliError::failed(error.to_string()))?;
        text.push_str(&line);
        text.push('\n');
    }
    Ok(text)
}

/// The ledger beside a root, locked against every other process until it is dropped.
#[derive(Debug)]
pub(super) struct Ledger {
    file: File,
    path: PathBuf,
    known: HashMap<String, Vec<u8>>,
}

impl Ledger {
    /// Opens a ledger, or starts one, and waits until nobody else writes in it.
    pub(super) fn open(path: PathBuf) -> Result<Self, CliError> {
        let failed = |error| CliError::file(&path, error);
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true);
        let mut file = options.open(&path).map_err(failed)?;
        fs4::FileExt::lock(&file).map_err(failed)?;
        let mut text = String::new();
        file.read_to_string(&mut text).map_err(failed)?;
        let mut known: HashMap<String, Vec<u8>> = HashMap::new();
        for issued in parse(&path, &text)? {
            known
                .entry(issued.client_id)
                .or_default()
                .push(issued.generation);
        }
        Ok(Self { file, path, known })
    }

    /// Whether a client id was ever issued.
    pub(super) fn knows(&self, client_id: &str) -> bool {
        self.known.contains_key(client_id)
    }

    /// Whether a generation may be issued now; `again` says why although it was issued before.
    pub(super) fn check(&self, name: &DeviceName, again: Option<&str>) -> Result<(), CliError> {
        let generation = name.generation.get();
        let issued = self
            .known
            .get(&name.client_id)
            .map_or(&[][..], Vec::as_slice);
        let newest = issued.iter().copied().max().unwrap_or(0);
        let refused = |what: &str| {
            CliError::refused(format_args!(
                "{}, generation {generation}: {what} ({})",
                name.client_id,
                self.path.display()
            ))
        };
        match (issued.contains(&generation), again) {
            (true, None) => {
                let error = refused("was issued already");
                let next = newest
                    .checked_add(1)
                    .and_then(|next| Generation::new(next).ok());
                Err(match next {
                    Some(next) => error.hint(format_args!(
                        "A device that is provisioned again gets `--generation {next}`. \
                         If nothing was ever flashed with what was issued: `--again REASON`."
                    )),
                    None => {
                        error.hint("All 255 generations are used up: this client id is retired.")
                    }
                })
            }
            (false, Some(_)) => Err(refused("was never issued, so `--again` makes no sense")),
            (false, None) if generation < newest => Err(refused(&format!(
                "generation {newest} was issued already, and generations only go up"
            ))),
            _ => Ok(()),
        }
    }

    /// Notes what is about to be written, and returns once that would survive a power loss.
    pub(super) fn note(&mut self, issued: &[Issued]) -> Result<(), CliError> {
        let text = text_of(issued)?;
        let written = self.file.write_all(text.as_bytes());
        written
            .and_then(|()| self.file.sync_all())
            .map_err(|error| CliError::file(&self.path, error))
    }
}
