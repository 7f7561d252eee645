//! `cargo xtask storm [packets]`: mutated MQTT packets against a real Mosquitto with the plugin.

use std::process::Command;

use crate::command::{Failure, run as run_command};
use crate::packages::{LIBMOSQUITTO_DEV, MOSQUITTO, MOSQUITTO_CLIENTS, MOSQUITTO_DEV, need};

/// Sends `packets` mutated packets to a broker on a loopback port; another `seed` mutates otherwise.
pub(crate) fn run(packets: u64, seed: u64) -> Result<(), Failure> {
    need(&[
        MOSQUITTO,
        MOSQUITTO_CLIENTS,
        MOSQUITTO_DEV,
        LIBMOSQUITTO_DEV,
    ])?;
    let mut storm = Command::new(env!("CARGO"));
    storm
        .args(["test", "--locked", "--release", "--package"])
        .args(["mqward-mosquitto", "--test", "broker"])
        .args(["storm::", "--", "--nocapture"])
        .env("MQWARD_STORM_PACKETS", packets.to_string())
        .env("MQWARD_STORM_SEED", seed.to_string());
    run_command(
        &mut storm,
        &format!(
            "MQWARD_STORM_PACKETS={packets} MQWARD_STORM_SEED={seed} \
             cargo test --release --package mqward-mosquitto --test broker storm::"
        ),
    )
}
