//! `cargo xtask fuzz [seconds]`: every fuzz target for some time each, from the committed seeds.

use std::fs;

use crate::command::{self, Failure, cargo, root};
use crate::packages::answers;
use crate::unstable;

/// What an input may have, in bytes: rules, policies and step lists are short.
const MAX_LEN: u32 = 512;

/// Runs each target for `seconds`; a finding ends the task and lies in `fuzz/artifacts`.
pub(crate) fn run(seconds: u64) -> Result<(), Failure> {
    if !answers("cargo-fuzz", "--version") {
        eprintln!("Installing with cargo: cargo-fuzz");
        cargo(["install", "--locked", "cargo-fuzz"])?;
    }
    fuzz(&["build".into()])?;
    for target in targets()? {
        // What is found lands below `target`; the committed seeds stay as the script made them.
        let found = format!("target/fuzz-corpus/{target}");
        fs::create_dir_all(root().join(&found))?;
        fuzz(&[
            "run".into(),
            target.clone(),
            found,
            format!("fuzz/corpus/{target}"),
            "--".into(),
            format!("-max_total_time={seconds}"),
            format!("-max_len={MAX_LEN}"),
            "-timeout=10".into(),
            "-print_final_stats=1".into(),
            "-dict=fuzz/mqtt.dict".into(),
        ])?;
    }
    Ok(())
}

/// The names of the targets: one file each.
fn targets() -> Result<Vec<String>, Failure> {
    let mut names = Vec::new();
    for file in fs::read_dir(root().join("fuzz/fuzz_targets"))? {
        let path = file?.path();
        names.extend(
            path.file_stem()
                .and_then(|name| name.to_str())
                .map(str::to_owned),
        );
    }
    names.sort();
    Ok(names)
}

fn fuzz(arguments: &[String]) -> Result<(), Failure> {
    // Sanitizers and coverage are unstable options.
    let (mut cargo, shown) = unstable::cargo();
    cargo
        .arg("fuzz")
        .args(arguments)
        // SQLite's one C file is instrumented too, and its private tables look like doubles to the sanitizer.
        .env("ASAN_OPTIONS", "detect_odr_violation=0");
    command::run(&mut cargo, &format!("{shown} fuzz {}", arguments.join(" ")))
}
