//! `cargo xtask coverage`: which lines the tests of a crate reach.

use std::process::Command;

use crate::command::{Failure, run as run_command};
use crate::packages::{COVERAGE, need, need_subcommand};

/// The crates whose lines are counted.
const CRATES: [&str; 4] = ["mqward-topic", "mqward-crypto", "mqward", "mqward-broker"];

/// Prints a line for each file, and the sums.
pub(crate) fn run() -> Result<(), Failure> {
    need(&COVERAGE)?;
    need_subcommand("llvm-cov")?;
    let mut command = Command::new(env!("CARGO"));
    command.args(["llvm-cov", "--locked", "--lib", "--tests", "--summary-only"]);
    for name in CRATES {
        command.args(["--package", name]);
    }
    command
        .env("LLVM_COV", "/usr/bin/llvm-cov-22")
        .env("LLVM_PROFDATA", "/usr/bin/llvm-profdata-22");
    run_command(
        &mut command,
        &format!(
            "cargo llvm-cov --lib --tests --summary-only -p {}",
            CRATES.join(" -p ")
        ),
    )
}
