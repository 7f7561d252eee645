//! The plugin in a real Mosquitto, seen from the network.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod dollar;
mod fleet;
mod limits;
mod login;
mod mutation;
mod publish;
mod reload;
mod start;
mod storm;
mod subscribe;
mod will;
