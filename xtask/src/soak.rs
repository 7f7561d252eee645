//! `cargo xtask soak`: the tests that take long, longer: a broker that is killed again and again, and one that runs on.

use core::fmt::Display;
use std::process::Command;

use crate::command::{Failure, run as run_command};
use crate::packages::{LIBMOSQUITTO_DEV, MOSQUITTO, MOSQUITTO_DEV, need};

/// Kills the broker so many times under login load, where another `seed` chooses other moments; then lets it run for so
/// many minutes under logins and messages.
pub(crate) fn run(kills: Option<u64>, seed: u64, minutes: Option<u64>) -> Result<(), Failure> {
    if let Some(kills) = kills {
        let settings = [("MQWARD_SOAK_KILLS", kills), ("MQWARD_SOAK_SEED", seed)];
        test("killed", &["nothing_is_forgotten"], &settings)?;
    }
    if let Some(minutes) = minutes {
        let settings = [("MQWARD_SOAK_SECONDS", minutes.saturating_mul(60))];
        test("clients", &["long_run::"], &settings)?;
    }
    Ok(())
}

/// Runs one test of the plugin in its release build, with these settings in the environment.
pub(crate) fn test(
    target: &str,
    arguments: &[&str],
    settings: &[(&str, impl Display)],
) -> Result<(), Failure> {
    need(&[MOSQUITTO, MOSQUITTO_DEV, LIBMOSQUITTO_DEV])?;
    let mut command = Command::new(env!("CARGO"));
    command
        .args(["test", "--locked", "--release", "--package"])
        .args(["mqward-mosquitto", "--test", target, "--"])
        .args(arguments)
        .arg("--nocapture");
    let mut shown = String::new();
    for (setting, value) in settings {
        command.env(setting, value.to_string());
        shown.push_str(&format!("{setting}={value} "));
    }
    shown.push_str(&format!(
        "cargo test --release --package mqward-mosquitto --test {target} -- {}",
        arguments.join(" ")
    ));
    run_command(&mut command, &shown)
}
