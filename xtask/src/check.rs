//! `cargo xtask check`: the gates beside the tests.

use std::path::Path;
use std::process::Command;
use std::{env, fs};

use crate::command::{Failure, cargo, root, run};
use crate::packages::{OLDEST_COMPILER, answers, need, update};

/// The crates that a device links: `no_std`, and nothing of the host beside them.
const DEVICE_CRATES: [&str; 4] = ["mqward-topic", "mqward-aead", "mqward-crypto", "mqward"];

pub(crate) fn run_gates() -> Result<(), Failure> {
    cargo(["fmt", "--all", "--", "--check"])?;
    cargo([
        "clippy",
        "--locked",
        "--workspace",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ])?;
    docs()?;
    for package in DEVICE_CRATES {
        cargo([
            "build",
            "--locked",
            "--package",
            package,
            "--no-default-features",
        ])?;
    }
    dependencies()?;
    oldest_compiler()
}

fn docs() -> Result<(), Failure> {
    let mut command = Command::new(env!("CARGO"));
    command
        .args([
            "doc",
            "--locked",
            "--workspace",
            "--no-deps",
            "--document-private-items",
        ])
        .env("RUSTDOCFLAGS", "-D warnings");
    run(
        &mut command,
        "RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps --document-private-items",
    )
}

fn dependencies() -> Result<(), Failure> {
    if !answers("cargo-deny", "--version") {
        eprintln!("Installing with cargo: cargo-deny");
        cargo(["install", "--locked", "cargo-deny"])?;
    }
    cargo(["deny", "--locked", "check", "bans", "licenses", "sources"])
}

/// Checks the workspace with the compiler that `rust-version` names, unpacked from Debian's packages below `target`.
fn oldest_compiler() -> Result<(), Failure> {
    let manifest = fs::read_to_string(root().join("Cargo.toml"))?;
    let version = manifest
        .lines()
        .find_map(|line| line.strip_prefix("rust-version = "))
        .ok_or("Cargo.toml states no rust-version")?
        .trim_matches('"')
        .to_owned();
    let folder = root().join("target").join(format!("rust-{version}"));
    let usr = folder.join("usr");
    let libraries = [usr.join("lib"), usr.join("lib/x86_64-linux-gnu")];
    let library_path = env::join_paths(libraries)?;
    let tool = |name: &str| {
        let mut command = Command::new(usr.join("bin").join(name));
        command.env("LD_LIBRARY_PATH", &library_path);
        command
    };
    need(&OLDEST_COMPILER)?;
    if !tool("rustc")
        .arg("--version")
        .output()
        .is_ok_and(|output| output.status.success())
    {
        unpack(&version, &folder)?;
    }
    let stated = tool("rustc").arg("--version").output()?.stdout;
    if !stated.starts_with(format!("rustc {version}.").as_bytes()) {
        return Err(format!(
            "this is not Rust {version}: {}",
            String::from_utf8_lossy(&stated)
        )
        .into());
    }
    let mut command = tool("cargo");
    command
        .args(["check", "--locked", "--workspace", "--target-dir"])
        .arg(root().join("target/oldest"))
        .env("RUSTC", usr.join("bin/rustc"))
        .env("RUSTDOC", usr.join("bin/rustdoc"))
        .env_remove("RUSTUP_TOOLCHAIN");
    run(&mut command, &format!("cargo-{version} check --workspace"))
}

/// Unpacks Debian's packages of that compiler, leaving the system's own compiler alone.
fn unpack(version: &str, folder: &Path) -> Result<(), Failure> {
    update()?;
    let offered = Command::new("apt-cache")
        .args(["madison", "rustc-web"])
        .output()?;
    let offered = String::from_utf8_lossy(&offered.stdout).into_owned();
    let found = offered
        .lines()
        .filter_map(|line| line.split('|').nth(1))
        .map(str::trim)
        .find(|found| found.starts_with(&format!("{version}.")))
        .ok_or_else(|| format!("Debian has no package rustc-web of version {version} here"))?;
    fs::create_dir_all(folder)?;
    let runtime = format!("libstd-rust-web-{version}");
    for name in ["rustc-web", "cargo-web", "libstd-rust-web-dev", &runtime] {
        let mut download = Command::new("apt-get");
        download
            .args(["download", "--quiet", &format!("{name}={found}")])
            .current_dir(folder);
        let shown = format!("apt-get download {name}={found}");
        eprintln!("+ {shown}");
        if !download.status()?.success() {
            return Err(format!("`{shown}` failed").into());
        }
    }
    for package in fs::read_dir(folder)? {
        let package = package?.path();
        if package
            .extension()
            .is_some_and(|extension| extension == "deb")
        {
            let mut unpack = Command::new("dpkg-deb");
            unpack.arg("--extract").arg(&package).arg(folder);
            run(
                &mut unpack,
                &format!("dpkg-deb --extract {}", package.display()),
            )?;
            fs::remove_file(package)?;
        }
    }
    Ok(())
}
