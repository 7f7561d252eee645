//! The guard as a broker uses it: real policy, key and device files, real passwords.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what fails here is a failed test"
)]

mod attacks;
mod audit;
mod failures;
mod limiter;
mod login;
mod metrics;
mod migration;
mod registry;
mod reload;
mod replay;
mod test_fleet;
mod topics;
mod unasked;
