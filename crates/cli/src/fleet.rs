//! `mqward fleet`: the keys of a new fleet.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use mqward::{KEY_LEN, Root};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::error::{CliError, Status};
use crate::output;
use crate::private_file::{self, Existing};

/// Keys of a fleet.
#[derive(Debug, Subcommand)]
pub(crate) enum FleetCommand {
    /// Make the keys of a new fleet
    ///
    /// Writes root.key, auth_root.key, up_root.key and down_root.key with mode 0600. No key is printed, and no file is
    /// overwritten: delete old keys yourself if you are sure.
    Init(InitArgs),
}

#[derive(Args, Debug)]
pub(crate) struct InitArgs {
    /// Folder for the key files; it is made if it is not there
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
}

impl FleetCommand {
    pub(crate) fn run(&self, json: bool) -> Result<Status, CliError> {
        match self {
            Self::Init(args) => init(&args.dir, json),
        }
    }
}

/// A file that was written, and where it belongs.
#[derive(Serialize)]
struct KeyFile {
    file: PathBuf,
    belongs: &'static str,
}

const PLACES: [(&str, &str); 4] = [
    (
        "root.key",
        "offline or in an HSM: makes the other three; never on a broker or a production line",
    ),
    (
        "auth_root.key",
        "the broker: checks passwords, opens no payload",
    ),
    ("up_root.key", "backends that read telemetry"),
    (
        "down_root.key",
        "backends that command devices, and no others",
    ),
];

fn init(dir: &Path, json: bool) -> Result<Status, CliError> {
    make_folder(dir)?;
    let files = PLACES.map(|(name, belongs)| KeyFile {
        file: dir.join(name),
        belongs,
    });
    // All or none: a root beside purpose roots of another root would be found out much later.
    if let Some(there) = files.iter().find(|key| key.file.symlink_metadata().is_ok()) {
        return Err(
            CliError::file(&there.file, "is there already; no key was written").hint(
                "Choose another folder: a key that is overwritten locks its whole fleet out.",
            ),
        );
    }
    let mut key = Zeroizing::new([0; KEY_LEN]);
    getrandom::fill(key.as_mut_slice()).map_err(|error| {
        CliError::failed(format_args!("no randomness from the system: {error}"))
    })?;
    let root = Root::from_bytes(*key);
    let (auth, up, down) = (root.auth(), root.up(), root.down());
    let keys = [root.expose(), auth.expose(), up.expose(), down.expose()];
    for (index, (file, key)) in files.iter().zip(keys).enumerate() {
        let text = private_file::key_text(key);
        if let Err(error) = private_file::write(&file.file, text.as_slice(), Existing::Keep) {
            // Some keys of a fleet are worse than none; the first error is the one to tell.
            for written in files.iter().take(index) {
                let _ = std::fs::remove_file(&written.file);
            }
            return Err(error);
        }
    }
    if json {
        output::json(&files)?;
    } else {
        for key in &files {
            output::line(&format!("{}\n    {}", key.file.display(), key.belongs))?;
        }
    }
    Ok(Status::Ok)
}

/// Makes a folder for its owner alone; one that is there is left as it is.
fn make_folder(dir: &Path) -> Result<(), CliError> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
        .create(dir)
        .map_err(|error| CliError::file(dir, error))
}
