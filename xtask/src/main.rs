//! The project's tasks: `cargo xtask demo`, `cargo xtask test` and what else README and CI call.

mod board;
mod check;
mod command;
mod demo;
mod firmware;
mod packages;
mod sizes;
mod sysroot;
mod test;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Tasks of the mqward workspace.
#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Shows honest devices getting through a real Mosquitto, and attackers not.
    Demo,
    /// Runs every test, those against a real Mosquitto too.
    Test,
    /// Runs the other gates: format, lints, docs, dependencies, the bare builds, the oldest compiler.
    Check,
    /// Runs the benchmarks (their own workspace, `benches/`).
    Bench,
    /// Builds firmware for five cores in C and in Rust, runs it in QEMU, and proves that it cannot panic.
    Firmware,
    /// Prints flash, RAM, stack and instructions per core beside other libraries, and checks the limits.
    Sizes,
}

fn main() -> ExitCode {
    let done = match Arguments::parse().task {
        Task::Demo => demo::run(),
        Task::Test => test::run(),
        Task::Check => check::run_gates(),
        Task::Firmware => firmware::run(),
        Task::Sizes => sizes::run(),
        Task::Bench => command::cargo(["bench", "--manifest-path", "benches/Cargo.toml"]),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
