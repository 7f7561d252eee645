//! The Rust toolchain for bare metal: Debian's compiler, with a `core` that is built here once per target.
//!
//! Whoever has rustup runs `rustup target add` instead; this is for machines that have Debian's packages alone.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use crate::command::{Failure, root, run};
use crate::packages::install;

const RUSTC: &str = "/usr/bin/rustc";
const CARGO: &str = "/usr/bin/cargo";
/// A link to the newest unpacked source, `rustc-1.96.0`.
const SOURCE: &str = "/usr/lib/rustlib/src/rust";

/// Where everything for bare metal is built.
pub(crate) fn folder() -> PathBuf {
    let target =
        env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    target.join("firmware")
}

/// Debian's compiler with `core` for some bare-metal targets.
pub(crate) struct Toolchain {
    sysroot: PathBuf,
    version: String,
}

impl Toolchain {
    /// Installs what is missing and builds `core` for each target that has none from this very compiler.
    pub(crate) fn ready(targets: &[&str]) -> Result<Self, Failure> {
        if versions().is_err() {
            install(&["rustc-web", "cargo-web", "rust-web-src"])?;
        }
        let version = versions()?;
        let toolchain = Self {
            sysroot: folder().join(format!("sysroot-{version}")),
            version,
        };
        for target in targets {
            if !toolchain.libraries(target).join("done").exists() {
                toolchain.build_core(target)?;
            }
        }
        Ok(toolchain)
    }

    /// The compiler's version, `1.96.0`.
    pub(crate) fn version(&self) -> &str {
        &self.version
    }

    /// A cargo command for a bare-metal target, to which the subcommand's own arguments are added.
    ///
    /// Whatever RUSTFLAGS say beside `flags` would apply to a host, so they are replaced.
    pub(crate) fn cargo(&self, flags: &[&str]) -> Command {
        let sysroot = self.sysroot.display().to_string();
        let mut all = vec!["--sysroot", &sysroot];
        all.extend(flags);
        let mut command = plain_cargo();
        command.env("CARGO_ENCODED_RUSTFLAGS", all.join("\u{1f}"));
        command
    }

    fn libraries(&self, target: &str) -> PathBuf {
        self.sysroot.join("lib/rustlib").join(target).join("lib")
    }

    /// Builds `core` by building an empty crate, and keeps the libraries.
    fn build_core(&self, target: &str) -> Result<(), Failure> {
        let folder = folder().join("core");
        fs::create_dir_all(folder.join("src"))?;
        fs::write(
            folder.join("Cargo.toml"),
            "[package]\nname = \"empty\"\nedition = \"2024\"\n[workspace]\n",
        )?;
        fs::write(folder.join("src/lib.rs"), "#![no_std]\n")?;
        let built = folder.join("target");
        let mut command = plain_cargo();
        command
            .args([
                "build",
                "--quiet",
                "--release",
                "-Zbuild-std=core",
                "--target",
                target,
            ])
            .arg("--manifest-path")
            .arg(folder.join("Cargo.toml"))
            .arg("--target-dir")
            .arg(&built)
            .env("RUSTC_BOOTSTRAP", "1")
            // Bitcode beside the machine code serves builds with and without LTO.
            .env("RUSTFLAGS", "-Cembed-bitcode=yes")
            .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "s");
        run(
            &mut command,
            &format!("cargo build -Zbuild-std=core --target {target}"),
        )?;
        self.keep(&built.join(target).join("release/deps"), target)
    }

    fn keep(&self, built: &Path, target: &str) -> Result<(), Failure> {
        let libraries = self.libraries(target);
        if libraries.exists() {
            fs::remove_dir_all(&libraries)?;
        }
        fs::create_dir_all(&libraries)?;
        for entry in fs::read_dir(built)? {
            let path = entry?.path();
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            let wanted = ["libcore-", "libcompiler_builtins-"]
                .iter()
                .any(|library| name.starts_with(library));
            if wanted && name.ends_with(".rlib") {
                fs::copy(&path, libraries.join(name))?;
            }
        }
        fs::write(libraries.join("done"), "")?;
        Ok(())
    }
}

/// Debian's cargo for `-Zbuild-std`, with the source of the library; installed if it is not there.
pub(crate) fn building_cargo() -> Result<Command, Failure> {
    if versions().is_err() {
        install(&["rustc-web", "cargo-web", "rust-web-src"])?;
    }
    versions()?;
    let mut command = plain_cargo();
    command.env("RUSTC_BOOTSTRAP", "1");
    Ok(command)
}

/// Debian's cargo with Debian's compiler, free of what the cargo that runs this task has set.
fn plain_cargo() -> Command {
    let mut command = Command::new(CARGO);
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO") && text != "CARGO_HOME" || text.starts_with("RUSTUP_TOOLCHAIN")
        {
            command.env_remove(&name);
        }
    }
    command.env_remove("RUSTFLAGS").env("RUSTC", RUSTC);
    command
}

/// The version that compiler and library source share.
fn versions() -> Result<String, Failure> {
    let printed = Command::new(RUSTC).arg("--version").output()?.stdout;
    let printed = String::from_utf8(printed)?;
    let compiler = printed.split(' ').nth(1).ok_or("rustc states no version")?;
    let source = fs::canonicalize(SOURCE)?;
    let source = source.file_name().unwrap_or_default().to_string_lossy();
    if source != format!("rustc-{compiler}") || !Path::new(CARGO).exists() {
        return Err(format!(
            "{RUSTC} is {compiler}, the library source below {SOURCE} is {source}: \
             the Debian packages rustc-web, cargo-web and rust-web-src must have one version"
        )
        .into());
    }
    Ok(compiler.to_owned())
}
