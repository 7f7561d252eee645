//! Clients that are in use, each forced to reconnect: with a new password for each attempt it is back, with its old one it
//! is refused each time, and shuts nobody out by that. Clients in great number: what they cost, and what they leave behind.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod cost;
mod crowd;
#[path = "../broker/fleet.rs"]
#[allow(dead_code, reason = "shared with the tests in ../broker")]
mod fleet;
mod long_run;
mod mint;
mod mosquitto;
mod paho;
mod process;
mod reconnect;
mod relay;
mod rumqtt;

use mqward_testbed::Version;

use crate::mint::Mint;

/// What a client sends when it connects again.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
enum Passwords {
    /// A new one for each attempt.
    Fresh,
    /// The first one, again and again.
    Old,
}

/// How a client is started.
struct Client<'a> {
    mint: &'a Mint,
    version: Version,
    port: u16,
    passwords: Passwords,
}
