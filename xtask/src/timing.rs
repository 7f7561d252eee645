//! `cargo xtask timing [samples]`: classes of input against each other, by Welch's t-test.

use crate::command::{Failure, cargo};

/// Fails if some class shows, and if one that must show does not.
pub(crate) fn run(samples: u32) -> Result<(), Failure> {
    cargo([
        "run",
        "--locked",
        "--release",
        "--package",
        "mqward-crypto",
        "--example",
        "dudect",
        &samples.to_string(),
    ])
}
