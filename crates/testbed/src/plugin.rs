//! The Mosquitto plugin of this workspace, built on demand.

use std::io::{Error, Result};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// The package whose shared object is the plugin.
const PACKAGE: &str = "mqward-mosquitto";

/// Builds the plugin with `cargo build`, once per process, and returns the path of its shared object.
///
/// A test built for release gets a plugin built for release.
///
/// # Errors
/// When cargo cannot be run, the build fails, or no shared object comes out of it.
pub fn plugin_path() -> Result<&'static Path> {
    static BUILT: OnceLock<core::result::Result<PathBuf, String>> = OnceLock::new();
    match BUILT.get_or_init(build) {
        Ok(path) => Ok(path),
        Err(why) => Err(Error::other(why.as_str())),
    }
}

fn build() -> core::result::Result<PathBuf, String> {
    // `cargo test` names the cargo that runs it; outside of cargo the one in PATH has to do.
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.toml");
    let mut command = Command::new(cargo);
    command.args([
        "build",
        "--quiet",
        "--message-format=json",
        "--package",
        PACKAGE,
    ]);
    command.arg("--manifest-path").arg(manifest);
    if !cfg!(debug_assertions) {
        command.arg("--release");
    }
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .map_err(|e| format!("cannot run cargo to build {PACKAGE}: {e}"))?;
    if !output.status.success() {
        return Err(format!(
            "cargo build --package {PACKAGE} failed: {}",
            output.status
        ));
    }
    // One JSON message a line; the artifact's message lists the files that were written.
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|message| {
            message["reason"] == "compiler-artifact" && message["target"]["kind"][0] == "cdylib"
        })
        .filter_map(|message| message["filenames"][0].as_str().map(PathBuf::from))
        .next_back()
        .ok_or_else(|| format!("cargo build --package {PACKAGE} wrote no shared object"))
}
