#![cfg_attr(not(feature = "std"), no_std)]
#![allow(
    unsafe_code,
    reason = "the C boundary: pointers become slices and references here and in no other crate of the device"
)]
#![allow(non_camel_case_types, reason = "the types have the names that C sees")]
#![allow(
    missing_debug_implementations,
    reason = "C prints nothing of them, and some are secrets"
)]
#![allow(
    clippy::missing_safety_doc,
    reason = "one set of rules holds for every function: it stands at the top of include/mqward.h"
)]
#![doc = include_str!("../README.md")]

mod blob;
mod boot;
mod boundary;
mod clock;
mod cose;
mod device;
mod gate;
mod header;
mod key;
mod login;
mod mark;
mod opener;
#[cfg(not(feature = "std"))]
mod panic_handler;
mod password;
mod place;
mod receipt;
mod refusal;
mod resume;
mod role;
mod sealer;
mod status;
mod status_text;
#[cfg(feature = "test-panic")]
mod test_panic;
mod topic;
mod verdict;
mod version;
mod window;
mod wipe;

pub use blob::*;
pub use boot::*;
pub use clock::*;
pub use cose::*;
pub use device::*;
pub use gate::*;
pub use header::*;
pub use key::*;
pub use login::*;
pub use mark::*;
pub use opener::*;
pub use password::*;
pub use receipt::*;
pub use resume::*;
pub use role::*;
pub use sealer::*;
pub use status::*;
pub use status_text::*;
pub use topic::*;
pub use verdict::*;
pub use version::*;
pub use window::*;
pub use wipe::*;
