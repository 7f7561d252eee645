//! The sources of FreeRTOS and lwIP, fetched from crates.io and from Debian: no copy of them is in this repository.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command::{Failure, run};
use crate::packages::install;
use crate::sysroot::folder;

/// The crate that carries the FreeRTOS kernel, version 11.2.
const KERNEL_CRATE: &str = "freertos-next";
const KERNEL_VERSION: &str = "=0.12.0";

/// The folder of the FreeRTOS kernel, unpacked by cargo for an empty package that depends on it.
pub(crate) fn kernel() -> Result<PathBuf, Failure> {
    let package = folder().join("kernel");
    fs::create_dir_all(package.join("src"))?;
    fs::write(
        package.join("Cargo.toml"),
        format!(
            "[package]\nname = \"kernel\"\nedition = \"2024\"\n[workspace]\n\
             [dependencies]\n{KERNEL_CRATE} = \"{KERNEL_VERSION}\"\n"
        ),
    )?;
    fs::write(package.join("src/lib.rs"), "")?;
    eprintln!("+ cargo metadata ({KERNEL_CRATE} {KERNEL_VERSION})");
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1"])
        .current_dir(&package)
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    metadata["packages"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|package| package["name"] == KERNEL_CRATE)
        .and_then(|package| package["manifest_path"].as_str())
        .and_then(|manifest| Path::new(manifest).parent())
        .map(|package| package.join("FreeRTOS-Kernel"))
        .ok_or_else(|| format!("cargo does not know where {KERNEL_CRATE} is").into())
}

/// The folder `src` of lwIP, from the distribution's source package.
pub(crate) fn lwip() -> Result<PathBuf, Failure> {
    let folder = folder().join("lwip");
    let unpacked = folder.join("source/src");
    if unpacked.exists() {
        return Ok(unpacked);
    }
    if !Path::new("/usr/bin/dpkg-source").exists() {
        install(&["dpkg-dev"])?;
    }
    for part in ["parts", "lists/partial", "cache/archives/partial"] {
        fs::create_dir_all(folder.join(part))?;
    }
    source_lists(&folder.join("parts"))?;
    apt_get(&folder, &["update"])?;
    apt_get(&folder, &["source", "--only-source", "lwip"])?;
    let source = fs::read_dir(&folder)?
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .find(|path| path.is_dir() && path.join("src/apps/mqtt/mqtt.c").exists())
        .ok_or("the source package lwip has no MQTT client")?;
    fs::rename(source, folder.join("source"))?;
    Ok(unpacked)
}

/// This machine's package sources, asked for source packages instead; its own lists stay as they are.
fn source_lists(parts: &Path) -> Result<(), Failure> {
    let mut files = vec![PathBuf::from("/etc/apt/sources.list")];
    for entry in fs::read_dir("/etc/apt/sources.list.d")? {
        files.push(entry?.path());
    }
    for file in files {
        let (Ok(text), Some(name)) = (fs::read_to_string(&file), file.file_name()) else {
            continue;
        };
        let lines = text.lines().map(|line| {
            if line.trim_start().starts_with("Types:") {
                "Types: deb-src".to_owned()
            } else if let Some(rest) = line.trim_start().strip_prefix("deb ") {
                format!("deb-src {rest}")
            } else {
                line.to_owned()
            }
        });
        fs::write(
            parts.join(name),
            lines.collect::<Vec<_>>().join("\n") + "\n",
        )?;
    }
    Ok(())
}

/// Runs apt-get with lists and a cache of its own, so that it needs no rights and changes nothing.
fn apt_get(folder: &Path, arguments: &[&str]) -> Result<(), Failure> {
    let at = |name: &str| folder.join(name).display().to_string();
    let options = [
        "Dir::Etc::sourcelist=/dev/null".to_owned(),
        format!("Dir::Etc::sourceparts={}", at("parts")),
        format!("Dir::State::lists={}", at("lists")),
        format!("Dir::Cache={}", at("cache")),
        "Debug::NoLocking=1".to_owned(),
        "APT::Sandbox::User=root".to_owned(),
    ];
    let mut command = Command::new("sh");
    command
        .args(["-c", "cd \"$0\" && exec apt-get \"$@\""])
        .arg(folder)
        .arg("-qq");
    for option in &options {
        command.args(["-o", option]);
    }
    let shown = format!("apt-get {}", arguments.join(" "));
    run(command.args(arguments), &shown)
}
