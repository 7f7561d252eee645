//! `cargo xtask fuzz [seconds]`: every fuzz target for some time each, from the committed seeds, or these alone.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::command::{self, Failure, root};
use crate::packages::need_subcommand;

/// What an input may have, in bytes: rules, policies and step lists are short.
const MAX_LEN: u32 = 512;
/// How much is shown of what a failed target said, from the panic or the sanitizer's report on.
const SHOWN_LINES: usize = 12;
/// libFuzzer's last word on how many inputs it tried.
const EXECUTED: &str = "stat::number_of_executed_units:";

/// Builds all targets at once and runs each for `seconds`, as many at a time as there are processors; for 0 seconds just what
/// is in its corpus.
///
/// A finding fails the task, after all have run; the input lies in `fuzz/artifacts`. With a seed the inputs are drawn in
/// the same order each time, as a gate needs it; without one every run tries others.
pub(crate) fn run(seconds: u64, seed: Option<u32>) -> Result<(), Failure> {
    need_subcommand("fuzz")?;
    let sanitizer = sanitizer()?;
    let shown = format!("RUSTC_BOOTSTRAP=1 cargo fuzz build --sanitizer {sanitizer}");
    command::run(fuzz("build").args(["--sanitizer", sanitizer]), &shown)?;
    let waiting = Mutex::new(targets()?.into_iter());
    let failed = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(target) = next(&waiting) {
                    if let Err(error) = run_target(&target, (seconds, seed), sanitizer) {
                        eprintln!("error: {target}: {error}");
                        failed
                            .lock()
                            .unwrap_or_else(PoisonError::into_inner)
                            .push(target);
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap_or_else(PoisonError::into_inner);
    if failed.is_empty() {
        Ok(())
    } else {
        Err(format!("found by fuzzing: {}", failed.join(", ")).into())
    }
}

fn next<T>(waiting: &Mutex<impl Iterator<Item = T>>) -> Option<T> {
    waiting
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .next()
}

/// Runs one target and prints how many inputs it tried, or the end of what it said.
fn run_target(
    target: &str,
    (seconds, seed): (u64, Option<u32>),
    sanitizer: &str,
) -> Result<(), Failure> {
    // What is found lands below `target`; the committed seeds stay as the script made them.
    let found = format!("target/fuzz-corpus/{target}");
    let log = root().join(format!("target/fuzz-logs/{target}.log"));
    fs::create_dir_all(root().join(&found))?;
    fs::create_dir_all(root().join("target/fuzz-logs"))?;
    let written = File::create(&log)?;
    let status = fuzz("run")
        .args(["--sanitizer", sanitizer])
        .args([target, &found, &format!("fuzz/corpus/{target}"), "--"])
        .arg(limit(seconds))
        .args(seed.map(|seed| format!("-seed={seed}")))
        .arg(format!("-max_len={MAX_LEN}"))
        .args([
            "-timeout=30",
            "-print_final_stats=1",
            "-dict=fuzz/mqtt.dict",
        ])
        .stdout(written.try_clone()?)
        .stderr(written)
        .current_dir(root())
        .status()?;
    let text = String::from_utf8_lossy(&fs::read(&log)?).into_owned();
    let lines: Vec<&str> = text.lines().collect();
    if !status.success() {
        let at = lines
            .iter()
            .position(|line| line.contains("panicked at") || line.contains("ERROR: "));
        let finding = at.map_or(&lines[..], |at| &lines[at..]);
        let finding = finding[..finding.len().min(SHOWN_LINES)].join("\n");
        let again = lines
            .iter()
            .find_map(|line| line.trim().strip_prefix("cargo fuzz run "))
            .unwrap_or(target);
        return Err(format!(
            "{status}\n{finding}\nagain: RUSTC_BOOTSTRAP=1 cargo fuzz run --sanitizer {sanitizer} {again}\n\
             all of it: {}",
            log.display()
        )
        .into());
    }
    let executed = lines
        .iter()
        .find_map(|line| line.strip_prefix(EXECUTED))
        .ok_or("it does not say how many inputs it tried")?
        .trim();
    eprintln!("{target}: {executed} inputs in {seconds} s, no finding");
    Ok(())
}

/// How long libFuzzer is to go on. Its own 0 seconds have no end.
fn limit(seconds: u64) -> String {
    match seconds {
        0 => "-runs=0".to_owned(),
        _ => format!("-max_total_time={seconds}"),
    }
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

/// AddressSanitizer if the compiler brings its runtime, as rustup's do and Debian's does not.
fn sanitizer() -> Result<&'static str, Failure> {
    let printed = Command::new("rustc")
        .args(["--print", "target-libdir"])
        .current_dir(root())
        .output()?;
    let folder = PathBuf::from(String::from_utf8(printed.stdout)?.trim());
    for file in fs::read_dir(folder)? {
        if file?.file_name().to_string_lossy().ends_with("_rt.asan.a") {
            return Ok("address");
        }
    }
    eprintln!("This compiler has no AddressSanitizer: the targets watch no memory.");
    Ok("none")
}

/// A subcommand of cargo-fuzz, with the compiler that runs this task.
///
/// Sanitizers and coverage are unstable options, which a stable compiler takes when it is told to: no second toolchain.
fn fuzz(subcommand: &str) -> Command {
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .args(["fuzz", subcommand])
        .env("RUSTC_BOOTSTRAP", "1")
        // SQLite's one C file is instrumented too, and its private tables look like doubles to the sanitizer.
        .env("ASAN_OPTIONS", "detect_odr_violation=0");
    cargo
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_time_is_not_for_ever() {
        assert_eq!(limit(0), "-runs=0");
        assert_eq!(limit(60), "-max_total_time=60");
    }
}
