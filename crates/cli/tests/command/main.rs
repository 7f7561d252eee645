//! The command as its users run it: a process, files, exit codes.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on has failed"
)]

mod bench;
mod device;
mod doctor;
mod failures;
mod fleet;
mod guide;
mod issue;
mod lines;
mod lint;
mod manual;
mod migrate;
mod mosquitto;
mod password;
mod policy;
mod progress;
mod registry;
mod replay;
mod sealed;
mod subscriber;
mod tour;
mod why;
