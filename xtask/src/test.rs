//! `cargo xtask test`: every test of the workspace, those against a real broker too.

use crate::command::{Failure, cargo};
use crate::packages::{
    LIBMOSQUITTO_DEV, MOSQUITTO, MOSQUITTO_CLIENTS, MOSQUITTO_DEV, need, need_python,
};

pub(crate) fn run() -> Result<(), Failure> {
    need(&[
        MOSQUITTO,
        MOSQUITTO_CLIENTS,
        MOSQUITTO_DEV,
        LIBMOSQUITTO_DEV,
    ])?;
    need_python()?;
    cargo(["test", "--locked", "--workspace"])?;
    crate::demo::run()
}
