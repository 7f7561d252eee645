//! The project's tasks: `cargo xtask demo`, `cargo xtask test` and what else README and CI call.

mod api;
mod assure;
mod backports;
mod bench;
mod board;
mod check;
mod command;
mod cost;
mod coverage;
mod demo;
mod firmware;
mod fleet;
mod fuzz;
mod install;
mod instructions;
mod machines;
mod mutants;
mod packages;
mod sizes;
mod soak;
mod storm;
mod sysroot;
mod test;
mod timing;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::machines::Machine;

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
    /// Runs the plugin's tests against the newer Mosquitto of Debian's backports.
    Backports,
    /// Runs the other gates: format, lints, docs, dependencies, the bare builds, the oldest compiler.
    Check,
    /// Measures this project and its peers in one process, and writes `docs/performance.md`.
    Bench {
        /// Fails when a ratio is above what is held by more than the margin, or an operation takes more instructions than it
        /// did; writes nothing.
        #[arg(long, conflicts_with_all = ["criterion", "count"])]
        check: bool,
        /// Counts the instructions of each operation and writes `benches/instructions.txt`.
        #[arg(long, conflicts_with = "criterion")]
        count: bool,
        /// Runs the criterion benchmarks of this project alone.
        #[arg(long)]
        criterion: bool,
    },
    /// Builds firmware for five cores in C and in Rust, runs it in QEMU, and proves that it cannot panic.
    Firmware,
    /// Runs twenty emulated microcontrollers, in C and in Rust, against a real Mosquitto, and attacks them.
    Fleet,
    /// Prints flash, RAM, stack and instructions per core beside other libraries, and checks the limits.
    Sizes,
    /// Runs every fuzz target for some seconds, from the committed seeds.
    Fuzz {
        /// Seconds for each target; 0 tries what is in its corpus alone.
        #[arg(default_value_t = 30)]
        seconds: u64,
    },
    /// Looks for secrets in branches and dead memory of optimised code, and fuzzes each target for a short time.
    Assure {
        /// Seconds for each fuzz target; 0 leaves them out.
        #[arg(default_value_t = 10)]
        seconds: u64,
    },
    /// Runs the tests on a big-endian machine, with a checked standard library, and under the sanitizers.
    Machines {
        /// Those to run; all if none is named.
        machines: Vec<Machine>,
    },
    /// Times secret-dependent classes of input against each other, as dudect does.
    Timing {
        /// Timings of each comparison.
        #[arg(default_value_t = 500_000)]
        samples: u32,
    },
    /// Prints which lines the tests reach.
    Coverage,
    /// Compares the public items of the libraries with the committed lists.
    Api {
        /// Writes the lists instead.
        #[arg(long)]
        write: bool,
    },
    /// Changes a crate one place at a time, and wants a test to notice each; goes on where it was stopped.
    Mutants {
        /// The package, for example `mqward-topic`.
        package: String,
        /// Files of it to change, for example `window.rs`; all if none is named.
        files: Vec<String>,
    },
    /// Sends mutated MQTT packets to a real Mosquitto with the plugin: it lives, and nothing unauthorised is delivered.
    Storm {
        /// Mutated packets to send.
        #[arg(default_value_t = 100_000)]
        packets: u64,
        /// What decides what is mutated, and how.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Kills the broker again and again under login load, or lets it run on: nothing is forgotten, nothing adds up.
    Soak {
        /// How often the broker is killed.
        #[arg(long, required_unless_present = "minutes")]
        kills: Option<u64>,
        /// What decides when, and who is revoked meanwhile.
        #[arg(long, default_value_t = 1, requires = "kills")]
        seed: u64,
        /// How long it runs under logins and messages.
        #[arg(long)]
        minutes: Option<u64>,
    },
    /// Prints what the plugin costs the broker for each CONNECT and PUBLISH, beside the same load without it.
    Cost,
    /// Installs header, libraries, pkg-config and CMake files of the C package.
    Install {
        /// The folder to install below, for example `/usr/local`.
        #[arg(long)]
        prefix: PathBuf,
    },
}

fn main() -> ExitCode {
    let done = match Arguments::parse().task {
        Task::Demo => demo::run(),
        Task::Test => test::run(),
        Task::Backports => backports::run(),
        Task::Check => check::run_gates(),
        Task::Firmware => firmware::run(),
        Task::Fleet => fleet::run(),
        Task::Sizes => sizes::run(),
        Task::Fuzz { seconds } => fuzz::run(seconds, None),
        Task::Assure { seconds } => assure::run(seconds),
        Task::Machines { machines } => machines::run(&machines),
        Task::Timing { samples } => timing::run(samples),
        Task::Coverage => coverage::run(),
        Task::Api { write } => api::run(write),
        Task::Mutants { package, files } => mutants::run(&package, &files),
        Task::Storm { packets, seed } => storm::run(packets, seed),
        Task::Soak {
            kills,
            seed,
            minutes,
        } => soak::run(kills, seed, minutes),
        Task::Cost => cost::run(None),
        Task::Install { prefix } => install::run(&prefix),
        Task::Bench {
            check,
            count,
            criterion,
        } => bench::measure(&match (check, count, criterion) {
            (true, _, _) => bench::Aim::Check,
            (_, true, _) => bench::Aim::Count,
            (_, _, true) => bench::Aim::Criterion,
            _ => bench::Aim::Document,
        }),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
