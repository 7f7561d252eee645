//! Who may be connected, in a real Mosquitto: revocation of live connections and stored sessions, certificates that
//! take the place of a login, bridges, senders of retained messages.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod bridge;
mod certificate;
#[path = "../broker/fleet.rs"]
#[allow(dead_code, reason = "shared with the tests in ../broker")]
mod fleet;
mod live_fleet;
mod retained;
mod revocation;
mod session;
mod shared_key;
mod tls;
