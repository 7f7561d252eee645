//! The gate, one file per packet.

#![allow(clippy::unwrap_used, reason = "a test may stop at a broken policy")]

mod compiled;
mod connect;
mod deliver;
mod hostile;
mod policy;
mod publish;
mod roles;
mod subscribe;
mod told;
