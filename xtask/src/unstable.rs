//! The cargo for unstable options: nightly's, or else this one, told to allow them.

use std::process::{Command, Stdio};

/// The command, to which a subcommand is added, with what it is shown as.
///
/// A machine that has one toolchain gets along with it: `RUSTC_BOOTSTRAP` lets a stable compiler take unstable options.
pub(crate) fn cargo() -> (Command, &'static str) {
    let nightly = ["run", "nightly", "cargo"];
    let found = Command::new("rustup")
        .args(nightly)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    if found.is_ok_and(|status| status.success()) {
        let mut rustup = Command::new("rustup");
        rustup.args(nightly);
        return (rustup, "cargo +nightly");
    }
    let mut cargo = Command::new(env!("CARGO"));
    cargo.env("RUSTC_BOOTSTRAP", "1");
    (cargo, "RUSTC_BOOTSTRAP=1 cargo")
}
