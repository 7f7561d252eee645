//! `cargo xtask coverage`: which lines the tests of a crate reach.

use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::command::{Failure, root, run as run_command};
use crate::packages::{COVERAGE, need, need_subcommand};

/// The crates whose lines are counted, by their folders.
const CRATES: [&str; 5] = ["topic", "aead", "crypto", "mqward", "broker"];

/// The sums of all files, for the table.
const SUMS: &str = "target/coverage.json";

/// Prints a line for each file, the numbers of the lines that no test reaches, and a line for each crate.
pub(crate) fn run() -> Result<(), Failure> {
    need(&COVERAGE)?;
    need_subcommand("llvm-cov")?;
    let packages = CRATES.map(|name| match name {
        "mqward" => name.to_owned(),
        _ => format!("mqward-{name}"),
    });
    let mut tests = vec!["--no-report", "--locked", "--lib", "--tests"];
    for package in &packages {
        tests.extend(["--package", package]);
    }
    // What an earlier run left counts lines of an earlier text.
    llvm_cov(&["clean", "--workspace"])?;
    llvm_cov(&tests)?;
    // Processes that a test kills leave half a profile behind; what only they reach is not counted.
    let report = ["report", "--failure-mode", "all", "--summary-only"];
    llvm_cov(&[&report[..], &["--show-missing-lines"]].concat())?;
    llvm_cov(&[&report[..], &["--json", "--output-path", SUMS]].concat())?;
    let sums: Value = serde_json::from_slice(&fs::read(root().join(SUMS))?)?;
    println!(
        "\n{:8} {:>6} {:>8} {:>8}",
        "crate", "lines", "reached", "share"
    );
    for name in CRATES {
        let (count, covered) = lines_of(&sums, name);
        if count == 0 {
            return Err(format!("no line of {name} was counted").into());
        }
        // In tenths of a per cent, rounded down: 100.0 is all of them.
        let share = covered * 1_000 / count;
        println!(
            "{name:8} {count:>6} {covered:>8} {:>6}.{} %",
            share / 10,
            share % 10
        );
    }
    Ok(())
}

fn llvm_cov(arguments: &[&str]) -> Result<(), Failure> {
    run_command(
        Command::new(env!("CARGO"))
            .arg("llvm-cov")
            .args(arguments)
            .env("LLVM_COV", "/usr/bin/llvm-cov-22")
            .env("LLVM_PROFDATA", "/usr/bin/llvm-profdata-22"),
        &format!("cargo llvm-cov {}", arguments.join(" ")),
    )
}

/// The lines of a crate's own files, and how many of them were reached.
fn lines_of(sums: &Value, name: &str) -> (u64, u64) {
    let folder = format!("/crates/{name}/src/");
    let files = sums["data"][0]["files"].as_array();
    let own = files.into_iter().flatten().filter(|file| {
        let path = file["filename"].as_str();
        path.is_some_and(|path| path.contains(&folder))
    });
    own.fold((0, 0), |(count, covered), file| {
        let lines = &file["summary"]["lines"];
        let number = |key: &str| lines[key].as_u64().unwrap_or_default();
        (count + number("count"), covered + number("covered"))
    })
}
