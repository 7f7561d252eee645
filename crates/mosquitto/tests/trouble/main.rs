//! A real Mosquitto in trouble: a clock that jumps, files that are missing or wrong, a disk that is full.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod clock;
mod disk;
mod files;
#[path = "../broker/fleet.rs"]
#[allow(dead_code, reason = "shared with the tests in ../broker")]
mod fleet;
mod system;
