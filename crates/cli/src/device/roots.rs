//! The roots that a device's seeds are derived from.

use std::path::{Path, PathBuf};

use clap::Args;
use mqward::{AuthRoot, AuthSeed, DownRoot, DownSeed, UpRoot, UpSeed};

use crate::device_name::DeviceName;
use crate::error::CliError;
use crate::input::is_dash;
use crate::seed_source::{read_auth_root, read_down_root, read_root, read_up_root};

/// The root of a fleet, or all three that it makes.
#[derive(Args, Debug)]
pub(super) struct RootArgs {
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
    /// What was issued, one line of JSON each [default: issued.jsonl beside the root]
    #[arg(long, value_name = "FILE")]
    ledger: Option<PathBuf>,
}

/// The three purpose roots.
pub(super) struct Roots(AuthRoot, UpRoot, DownRoot);

impl Roots {
    pub(super) fn seeds(
        &self,
        name: &DeviceName,
    ) -> Result<(AuthSeed, UpSeed, DownSeed), CliError> {
        let device = name.device()?;
        let Self(auth, up, down) = self;
        Ok((auth.seed(device), up.seed(device), down.seed(device)))
    }
}

impl RootArgs {
    pub(super) fn read(&self) -> Result<Roots, CliError> {
        if let Some(path) = &self.root {
            let root = read_root(path)?;
            return Ok(Roots(root.auth(), root.up(), root.down()));
        }
        match (&self.auth_root, &self.up_root, &self.down_root) {
            (Some(auth), Some(up), Some(down)) => Ok(Roots(
                read_auth_root(auth)?,
                read_up_root(up)?,
                read_down_root(down)?,
            )),
            _ => Err(CliError::usage(
                "name `--root`, or all of `--auth-root`, `--up-root` and `--down-root`",
            )),
        }
    }

    /// Where it is noted what was issued: beside the root, since whoever has the root can issue.
    pub(super) fn ledger(&self) -> Result<PathBuf, CliError> {
        if let Some(path) = &self.ledger {
            return Ok(path.clone());
        }
        match self.root.as_deref().or(self.auth_root.as_deref()) {
            Some(root) if !is_dash(root) => {
                Ok(root.parent().unwrap_or(Path::new("")).join("issued.jsonl"))
            }
            _ => Err(CliError::usage(
                "a root from standard input has no folder: say with `--ledger FILE` where it is noted what was issued",
            )),
        }
    }
}
