//! Where a device's seeds come from: its blob, a seed, a purpose root, or the root of the fleet.

use std::path::{Path, PathBuf};

use clap::Args;
use mqward::{AuthRoot, AuthSeed, Blob, DownRoot, DownSeed, Root, UpRoot, UpSeed};
use zeroize::Zeroizing;

use crate::device_name::{DeviceArgs, DeviceName};
use crate::error::CliError;
use crate::private_file;

/// The file with the root of a fleet.
pub(crate) fn read_root(path: &Path) -> Result<Root, CliError> {
    private_file::read_key(path).map(|key| Root::from_bytes(*key))
}

/// The file with the root of all login seeds.
pub(crate) fn read_auth_root(path: &Path) -> Result<AuthRoot, CliError> {
    private_file::read_key(path).map(|key| AuthRoot::from_bytes(*key))
}

/// The file with the root of all uplink seeds.
pub(crate) fn read_up_root(path: &Path) -> Result<UpRoot, CliError> {
    private_file::read_key(path).map(|key| UpRoot::from_bytes(*key))
}

/// The file with the root of all downlink seeds.
pub(crate) fn read_down_root(path: &Path) -> Result<DownRoot, CliError> {
    private_file::read_key(path).map(|key| DownRoot::from_bytes(*key))
}

/// A provisioning blob in memory that is wiped.
pub(crate) struct BlobFile<'p> {
    path: &'p Path,
    bytes: Zeroizing<Vec<u8>>,
}

impl<'p> BlobFile<'p> {
    pub(crate) fn read(path: &'p Path) -> Result<Self, CliError> {
        private_file::read(path).map(|bytes| Self { path, bytes })
    }

    pub(crate) fn blob(&self) -> Result<Blob<'_>, CliError> {
        Blob::parse(&self.bytes).map_err(|error| {
            CliError::file(self.path, error)
                .hint("A blob is what `mqward device export --format blob` writes.")
        })
    }
}

/// The keys that CONNECT passwords are made with.
#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
pub(crate) struct AuthSource {
    /// The device's provisioning blob
    #[arg(long, value_name = "FILE")]
    blob: Option<PathBuf>,
    /// The device's login seed, a key file
    #[arg(long, value_name = "FILE", alias = "auth-seed-file")]
    auth_seed: Option<PathBuf>,
    /// The root of all login seeds, a key file
    #[arg(long, value_name = "FILE")]
    auth_root: Option<PathBuf>,
    /// The root of the fleet, a key file
    #[arg(long, value_name = "FILE")]
    root: Option<PathBuf>,
}

impl AuthSource {
    /// The device and its login seed.
    pub(crate) fn seed(&self, device: &DeviceArgs) -> Result<(DeviceName, AuthSeed), CliError> {
        if let Some(path) = &self.blob {
            let file = BlobFile::read(path)?;
            let blob = file.blob()?;
            let seed = AuthSeed::from_bytes(*blob.auth_seed().expose());
            return Ok((device.of_blob(&blob)?, seed));
        }
        let name = device.named()?;
        let seed = match (&self.auth_seed, &self.auth_root, &self.root) {
            (Some(path), _, _) => AuthSeed::from_bytes(*private_file::read_key(path)?),
            (_, Some(path), _) => read_auth_root(path)?.seed(name.device()?),
            (_, _, Some(path)) => read_root(path)?.auth().seed(name.device()?),
            _ => {
                return Err(CliError::usage(
                    "no key: name a file with `--blob`, `--auth-seed`, `--auth-root` or `--root`",
                ));
            }
        };
        Ok((name, seed))
    }
}

/// A seed of one direction.
#[derive(Debug)]
pub(crate) enum Seed {
    /// For what the device seals.
    Up(UpSeed),
    /// For what is sealed to the device.
    Down(DownSeed),
}

/// Which way a payload travels.
#[derive(Copy, Clone, Debug, Eq, PartialEq, clap::ValueEnum)]
pub(crate) enum Way {
    /// From the device to the backend.
    Up,
    /// From a backend to the device.
    Down,
}

/// The keys that payloads are sealed and opened with.
#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
pub(crate) struct SealSource {
    /// The device's provisioning blob (needs --direction)
    #[arg(long, value_name = "FILE")]
    blob: Option<PathBuf>,
    /// The device's uplink seed, a key file
    #[arg(long, value_name = "FILE")]
    up_seed: Option<PathBuf>,
    /// The root of all uplink seeds, a key file
    #[arg(long, value_name = "FILE")]
    pub(crate) up_root: Option<PathBuf>,
    /// The device's downlink seed, a key file
    #[arg(long, value_name = "FILE")]
    down_seed: Option<PathBuf>,
    /// The root of all downlink seeds, a key file
    #[arg(long, value_name = "FILE")]
    down_root: Option<PathBuf>,
    /// The root of the fleet, a key file (needs --direction)
    #[arg(long, value_name = "FILE")]
    pub(crate) root: Option<PathBuf>,
}

impl SealSource {
    /// The direction that was asked for, or that the key implies.
    fn way(&self, asked: Option<Way>) -> Result<Way, CliError> {
        let implied = if self.up_seed.is_some() || self.up_root.is_some() {
            Some(Way::Up)
        } else if self.down_seed.is_some() || self.down_root.is_some() {
            Some(Way::Down)
        } else {
            None
        };
        match (asked, implied) {
            (Some(asked), Some(implied)) if asked != implied => Err(CliError::usage(
                "this key is for the other direction than `--direction` says",
            )),
            (asked, implied) => asked.or(implied).ok_or_else(|| {
                CliError::usage("a blob or root has keys for both ways: say `--direction up` (from the device) or `--direction down` (to it)")
            }),
        }
    }

    /// The device and its seed for one direction.
    pub(crate) fn seed(
        &self,
        device: &DeviceArgs,
        way: Option<Way>,
    ) -> Result<(DeviceName, Seed), CliError> {
        let way = self.way(way)?;
        if let Some(path) = &self.blob {
            let file = BlobFile::read(path)?;
            let blob = file.blob()?;
            let seed = match way {
                Way::Up => Seed::Up(UpSeed::from_bytes(*blob.up_seed().expose())),
                Way::Down => Seed::Down(DownSeed::from_bytes(*blob.down_seed().expose())),
            };
            return Ok((device.of_blob(&blob)?, seed));
        }
        let name = device.named()?;
        let id = name.device()?;
        let seed = match (
            way,
            &self.up_seed,
            &self.up_root,
            &self.down_seed,
            &self.down_root,
            &self.root,
        ) {
            (_, Some(path), ..) => Seed::Up(UpSeed::from_bytes(*private_file::read_key(path)?)),
            (_, _, Some(path), ..) => Seed::Up(read_up_root(path)?.seed(id)),
            (_, _, _, Some(path), ..) => {
                Seed::Down(DownSeed::from_bytes(*private_file::read_key(path)?))
            }
            (_, _, _, _, Some(path), _) => Seed::Down(read_down_root(path)?.seed(id)),
            (Way::Up, .., Some(path)) => Seed::Up(read_root(path)?.up().seed(id)),
            (Way::Down, .., Some(path)) => Seed::Down(read_root(path)?.down().seed(id)),
            _ => return Err(CliError::usage("no key: name its file")),
        };
        Ok((name, seed))
    }
}
