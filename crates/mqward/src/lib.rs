#![no_std]
#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

#[cfg(feature = "alloc")]
extern crate alloc;

#[cfg(feature = "alloc")]
mod compiled_roles;
mod explanation;
mod gate;
mod judge;
mod packet;
mod reason;
mod role;
mod verdict;

pub use mqward_crypto::*;
pub use mqward_topic::*;
// Both crates state it, and it is the same number.
pub use mqward_topic::MAX_CLIENT_ID_LEN;
const _: () = assert!(MAX_CLIENT_ID_LEN == mqward_crypto::MAX_CLIENT_ID_LEN);

#[cfg(feature = "alloc")]
pub use compiled_roles::CompiledRoles;
pub use gate::{Gate, GateError};
pub use packet::{Connect, Publish, Will};
pub use reason::Reason;
pub use role::{Authentication, OnRefuse, Role};
pub use verdict::{Action, Verdict};

/// The example in the workspace's README, compiled and run with the other documentation.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct WorkspaceReadme;
