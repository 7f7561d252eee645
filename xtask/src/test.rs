//! `cargo xtask test`: every test of the workspace, those against a real broker and those in C too.

use std::process::Command;

use crate::command::{Failure, run as run_command};
use crate::packages::{
    C_TOOLS, LIBMOSQUITTO_DEV, LIBPAHO_MQTT_DEV, MOSQUITTO, MOSQUITTO_CLIENTS, MOSQUITTO_DEV,
    OPENSSL, need, need_node, need_python,
};

pub(crate) fn run() -> Result<(), Failure> {
    need(&[
        MOSQUITTO,
        MOSQUITTO_CLIENTS,
        MOSQUITTO_DEV,
        LIBMOSQUITTO_DEV,
        OPENSSL,
        LIBPAHO_MQTT_DEV,
    ])?;
    need(&C_TOOLS)?;
    need_python()?;
    need_node()?;
    let mut tests = Command::new(env!("CARGO"));
    tests
        .args(["test", "--locked", "--workspace"])
        // A compiler or checker that is not there fails a test instead of shortening it.
        .env("MQWARD_EVERY_TOOL", "1");
    run_command(&mut tests, "cargo test --locked --workspace")?;
    crate::demo::run()
}
