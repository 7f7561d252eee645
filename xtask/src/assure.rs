//! `cargo xtask assure [seconds]`: what needs optimised code or another compiler than the tests, and little time.

use std::process::Command;

use crate::command::{Failure, run as run_command};
use crate::fuzz;
use crate::packages::{C_TOOLS, need};

/// CI tries the same inputs for one and the same code; `cargo xtask fuzz` tries others every time.
const SEED: u32 = 1;

/// Looks for secrets in branches, addresses and dead memory of optimised code, then fuzzes each target for `seconds`.
pub(crate) fn run(seconds: u64) -> Result<(), Failure> {
    need(&C_TOOLS)?;
    // Without the vector code of hosts, and with it.
    for features in [&[][..], &["--features", "simd"]] {
        let mut tests = Command::new(env!("CARGO"));
        tests
            .args([
                "test",
                "--locked",
                "--release",
                "--package",
                "mqward-crypto",
            ])
            .args(features)
            .args(["--test", "constant_time", "--test", "memory"])
            // Findings are told by the names of functions that were inlined.
            .env("CARGO_PROFILE_RELEASE_DEBUG", "1")
            .env("MQWARD_EVERY_TOOL", "1");
        let shown = format!(
            "CARGO_PROFILE_RELEASE_DEBUG=1 cargo test --release -p mqward-crypto {} --test constant_time --test memory",
            features.join(" ")
        );
        run_command(&mut tests, &shown)?;
    }
    let mut of_c = Command::new(env!("CARGO"));
    of_c.args(["test", "--locked", "--release", "--package", "mqward-ffi"]);
    run_command(
        of_c.args(["--test", "memory"]),
        "cargo test --release -p mqward-ffi --test memory",
    )?;
    if seconds == 0 {
        return Ok(());
    }
    fuzz::run(seconds, Some(SEED))
}
