//! The replay journal and the registry against a killed process; the journal against a full disk and its own speed.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what fails here is a failed test"
)]

mod child;
mod cold_start;
mod concurrent;
mod full_disk;
mod kill;
mod revocations;
