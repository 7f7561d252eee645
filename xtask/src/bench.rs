//! `cargo xtask bench`: this project and its peers side by side, and the gate on their ratios.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command::{Failure, cargo, root, run};
use crate::cost;
use crate::instructions;
use crate::packages::install;

/// What the peers are built with: package and a file that it brings.
const NEEDED: [(&str, &str); 7] = [
    ("libmosquitto-dev", "/usr/include/mosquitto.h"),
    ("libssl-dev", "/usr/include/openssl/ssl.h"),
    ("pkg-config", "/usr/bin/pkg-config"),
    ("cmake", "/usr/bin/cmake"),
    ("make", "/usr/bin/make"),
    ("binutils", "/usr/bin/nm"),
    ("valgrind", "/usr/bin/valgrind"),
];

/// What is measured, and what for.
pub(crate) enum Aim {
    /// Prints the tables and writes them to `docs/`.
    Document,
    /// Fails when a ratio is above what is held by more than the margin, an operation takes more instructions than it did, or a
    /// vector intrinsic is called as a function.
    Check,
    /// Counts instructions and writes `benches/instructions.txt`.
    Count,
    /// Runs the criterion benchmarks of this project alone.
    Criterion,
}

pub(crate) fn measure(aim: &Aim) -> Result<(), Failure> {
    if matches!(aim, Aim::Criterion) {
        return cargo(["bench", "--manifest-path", "benches/Cargo.toml"]);
    }
    let missing = NEEDED.iter().filter(|(_, file)| !Path::new(file).exists());
    install(&missing.map(|(name, _)| *name).collect::<Vec<_>>())?;
    if matches!(aim, Aim::Check | Aim::Count) {
        let program = side_by_side("gate")?;
        if matches!(aim, Aim::Count) {
            return instructions::write(&program);
        }
        no_outlined_vectors(&program)?;
        instructions::check(&program)?;
        return run(
            Command::new(&program).arg("--check"),
            "side-by-side --check",
        );
    }
    let program = side_by_side("peers")?;
    let table = target("benches/target").join("cost.md");
    cost::run(Some(&table))?;
    run(
        Command::new(&program)
            .args(["--write", "docs", "--broker"])
            .arg(&table),
        "side-by-side --write docs --broker cost.md",
    )
}

/// Builds the program that measures, with the peers of this feature.
fn side_by_side(peers: &str) -> Result<PathBuf, Failure> {
    cargo([
        "build",
        "--release",
        "--locked",
        "--manifest-path",
        "benches/Cargo.toml",
        "--features",
        peers,
        "--bin",
        "side-by-side",
    ])?;
    Ok(target("benches/target").join("release/side-by-side"))
}

/// Where cargo builds, unless it is told otherwise.
fn target(otherwise: &str) -> PathBuf {
    env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| root().join(otherwise), |folder| root().join(folder))
}

/// An intrinsic that is a function of its own is called instead of inlined, which made the crate `poly1305` ten times
/// slower than it need be: the shared library must have none.
fn no_outlined_vectors(with_peers: &Path) -> Result<(), Failure> {
    cargo(["build", "--release", "--package", "mqward-ffi"])?;
    let library = target("target").join("release/libmqward.so");
    let found = outlined_vectors(&library)?;
    if !found.is_empty() {
        return Err(format!(
            "vector intrinsics are called as functions:\n{}",
            found.join("\n")
        )
        .into());
    }
    // The check itself: the peers' binary holds that very crate.
    let control = outlined_vectors(with_peers)?;
    if control.is_empty() {
        return Err(
            "the check for outlined intrinsics finds none in the crate poly1305 either".into(),
        );
    }
    eprintln!(
        "no vector intrinsic is called as a function in {}; beside the peers {} are",
        library.display(),
        control.len()
    );
    Ok(())
}

/// The functions of `core::arch` that a program or library holds, demangled; loads, stores and arithmetic alike.
fn outlined_vectors(file: &Path) -> Result<Vec<String>, Failure> {
    let output = Command::new("nm").arg("--demangle").arg(file).output()?;
    if !output.status.success() {
        return Err(format!("nm does not read {}", file.display()).into());
    }
    let symbols = String::from_utf8(output.stdout)?;
    if !symbols.contains(" t ") {
        return Err(format!("{} has no local symbols", file.display()).into());
    }
    let found = symbols.lines().filter(|line| {
        line.contains("core_arch::")
            && ["_mm_", "_mm256_", "_mm512_"]
                .iter()
                .any(|name| line.contains(name))
    });
    Ok(found.map(str::to_owned).collect())
}
