//! `cargo xtask mutants CRATE [FILE…]`: changes the code one place at a time, and wants a test to notice each.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use crate::command::{Failure, root};
use crate::packages::need_subcommand;

/// Mutants that no test can notice, one a line: file, what is replaced, and after a tab the reason.
const EXPLAINED: &str = "docs/mutants.txt";

/// Tests that judge compilers and what they make of the code: seconds for each mutant, and other tests notice it.
const SKIPPED: [&str; 2] = [
    "misuse_does_not_compile",
    "no_branch_and_no_address_depends_on_a_secret",
];

/// Runs the mutants of a package, or of some of its files, without those that an earlier run has caught, and fails on
/// one that nobody explains.
pub(crate) fn run(package: &str, files: &[String]) -> Result<(), Failure> {
    need_subcommand("mutants")?;
    let folder = format!("target/mutants/{package}");
    fs::create_dir_all(root().join(&folder))?;
    let mut arguments = vec!["mutants", "--package", package, "--profile", "mutants"];
    arguments.extend(["--iterate", "--jobs", "1", "--output", &folder]);
    for file in files {
        arguments.extend(["--file", file]);
    }
    arguments.extend(["--", "--lib", "--tests", "--"]);
    for test in SKIPPED {
        arguments.extend(["--skip", test]);
    }
    eprintln!("+ nice cargo {}", arguments.join(" "));
    // That some are missed is an answer too: what counts is which.
    let status = Command::new("nice")
        .arg(env!("CARGO"))
        .args(&arguments)
        // Each run has a copy of the sources; what no mutant changes need not be built for each.
        .env("CARGO_TARGET_DIR", root().join("target/mutants/target"))
        .current_dir(root())
        .status()?;
    if !matches!(status.code(), Some(0 | 2 | 3)) {
        return Err(format!("cargo mutants failed: {status}").into());
    }
    let explained = fs::read_to_string(root().join(EXPLAINED))?;
    let explained: BTreeSet<&str> = explained
        .lines()
        .filter_map(|line| Some(line.split_once('\t')?.0))
        .collect();
    let missed = fs::read_to_string(root().join(folder).join("mutants.out/missed.txt"))?;
    let unexplained: Vec<String> = missed
        .lines()
        .map(without_place)
        .filter(|mutant| !explained.contains(mutant.as_str()))
        .collect();
    if unexplained.is_empty() {
        Ok(())
    } else {
        Err(format!(
            "no test notices, and {EXPLAINED} does not explain:\n{}",
            unexplained.join("\n")
        )
        .into())
    }
}

/// `file.rs:12:34: replace …` without line and column, which move with every edit.
fn without_place(line: &str) -> String {
    let mut parts = line.splitn(4, ':');
    match (parts.next(), parts.nth(2)) {
        (Some(file), Some(what)) => format!("{file}:{what}"),
        _ => line.to_owned(),
    }
}
