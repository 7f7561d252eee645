//! `cargo xtask machines [machine…]`: the tests where memory, byte order and threads are watched or different.
//!
//! Each builds its own standard library with Debian's compiler, which brings the source of it.

use std::fs;

use clap::ValueEnum;

use crate::command::{Failure, cargo, root, run as run_command};
use crate::packages::{BIG_ENDIAN, SANITIZERS, need};
use crate::sysroot::building_cargo;

const HOST: &str = "x86_64-unknown-linux-gnu";
const POWERPC: &str = "powerpc-unknown-linux-gnu";

/// What runs on a device.
const DEVICE_CRATES: [&str; 4] = ["mqward-topic", "mqward-aead", "mqward-crypto", "mqward"];

/// A machine, or a way of watching one.
#[derive(Copy, Clone, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Machine {
    /// 32 bits, big-endian: PowerPC in QEMU, also for the C programs.
    BigEndian,
    /// The standard library checks what its unsafe functions are promised.
    Checked,
    /// MemorySanitizer: nothing uninitialised decides.
    Memory,
    /// ThreadSanitizer, on the broker's side.
    Threads,
}

/// Runs the tests on these machines, or on all.
pub(crate) fn run(machines: &[Machine]) -> Result<(), Failure> {
    let all = Machine::value_variants();
    for machine in if machines.is_empty() { all } else { machines } {
        match machine {
            Machine::BigEndian => big_endian()?,
            Machine::Checked => tests(
                &DEVICE_CRATES,
                HOST,
                "checked",
                &[(
                    "RUSTFLAGS",
                    "-Cdebug-assertions=on -Zextra-const-ub-checks -Zstrict-init-checks",
                )],
                None,
            )?,
            Machine::Memory => sanitized(&DEVICE_CRATES, "memory", PORTABLE, Some(DEAD_MEMORY))?,
            Machine::Threads => sanitized(&["mqward-broker"], "thread", "", None)?,
        }
    }
    Ok(())
}

fn big_endian() -> Result<(), Failure> {
    need(&BIG_ENDIAN)?;
    let environment = [
        (
            "CARGO_TARGET_POWERPC_UNKNOWN_LINUX_GNU_LINKER",
            "powerpc-linux-gnu-gcc",
        ),
        (
            "CARGO_TARGET_POWERPC_UNKNOWN_LINUX_GNU_RUNNER",
            "qemu-ppc -L /usr/powerpc-linux-gnu",
        ),
    ];
    tests(&DEVICE_CRATES, POWERPC, "big-endian", &environment, None)?;
    cargo([
        "test",
        "--locked",
        "--package",
        "mqward-ffi",
        "--test",
        "big_endian",
        "--",
        "--ignored",
    ])
}

/// Vector instructions are opaque to MemorySanitizer where they are written as assembly.
const PORTABLE: &str =
    r#" --cfg chacha20_backend="soft" --cfg poly1305_backend="soft" --cfg sha2_backend="soft""#;

/// The test that looks for keys in memory that nobody owns any more, which is what MemorySanitizer forbids.
const DEAD_MEMORY: &str = "memory";

fn sanitized(
    packages: &[&str],
    sanitizer: &str,
    more: &str,
    without: Option<&str>,
) -> Result<(), Failure> {
    need(&SANITIZERS)?;
    let option = format!("-fsanitize={sanitizer}");
    let flags = format!(
        "-Zsanitizer={sanitizer} -Zexternal-clangrt -Clinker=clang-22 -Clink-arg={option}{more}"
    );
    let mut environment = vec![("RUSTFLAGS", flags.as_str())];
    // C that is linked in must say what it initialised. SQLite's threads look at shared memory without a lock on purpose.
    if sanitizer == "memory" {
        environment.extend([("CC", "clang-22"), ("CFLAGS", option.as_str())]);
    }
    tests(packages, HOST, sanitizer, &environment, without)
}

fn tests(
    packages: &[&str],
    target: &str,
    name: &str,
    environment: &[(&str, &str)],
    without: Option<&str>,
) -> Result<(), Failure> {
    let folder = root().join("target/machines").join(name);
    let mut command = building_cargo()?;
    command
        .args(["test", "--locked", "-Zbuild-std", "--target", target])
        .args(["--lib", "--target-dir"])
        .arg(folder);
    for package in packages {
        command.args(["--package", package]);
        for name in test_targets(package)? {
            if without != Some(name.as_str()) {
                command.args(["--test", &name]);
            }
        }
    }
    // What must not compile is for the host's compiler; memcheck cannot watch what a sanitizer watches.
    command.args(["--", "--skip", "misuse_does_not_compile"]);
    command.args(["--skip", "no_branch_and_no_address_depends_on_a_secret"]);
    // An emulator and the sanitizers are slow; what is checked stays in the code.
    command.env("CARGO_PROFILE_DEV_OPT_LEVEL", "1");
    command.envs(environment.iter().copied());
    let shown: Vec<String> = environment
        .iter()
        .map(|(key, value)| format!("{key}='{value}'"))
        .collect();
    run_command(
        &mut command,
        &format!(
            "RUSTC_BOOTSTRAP=1 {} /usr/bin/cargo test -Zbuild-std --target {target} -p {}",
            shown.join(" "),
            packages.join(" -p ")
        ),
    )
}

/// The names of a package's integration tests: files, and folders with a `main.rs`.
fn test_targets(package: &str) -> Result<Vec<String>, Failure> {
    let folder = root().join("crates");
    let folder = folder.join(package.strip_prefix("mqward-").unwrap_or(package));
    let mut names = Vec::new();
    // A crate may have unit tests alone.
    for entry in fs::read_dir(folder.join("tests")).into_iter().flatten() {
        let path = entry?.path();
        let is_target =
            path.extension().is_some_and(|end| end == "rs") || path.join("main.rs").exists();
        let name = path.file_stem().and_then(|name| name.to_str());
        names.extend(name.filter(|_| is_target).map(str::to_owned));
    }
    names.sort();
    Ok(names)
}
