//! `cargo xtask api [--write]`: the public items of each published library, compared with the committed list.

use std::fs;
use std::process::Command;

use crate::command::{Failure, root, run as run_command};
use crate::packages::need_subcommand;

/// Folder and name of each library.
const CRATES: [(&str, &str); 5] = [
    ("topic", "mqward-topic"),
    ("aead", "mqward-aead"),
    ("crypto", "mqward-crypto"),
    ("mqward", "mqward"),
    ("broker", "mqward-broker"),
];

/// Compares, or writes the lists anew.
pub(crate) fn run(write: bool) -> Result<(), Failure> {
    need_subcommand("public-api")?;
    let mut changed = Vec::new();
    for (folder, name) in CRATES {
        let listed = list(name)?;
        let path = root().join("crates").join(folder).join("public-api.txt");
        if write {
            fs::write(path, listed)?;
            continue;
        }
        let committed = fs::read_to_string(&path).unwrap_or_default();
        for line in committed
            .lines()
            .filter(|line| !listed.lines().any(|other| other == *line))
        {
            eprintln!("- {name}: {line}");
            changed.push(name);
        }
        for line in listed
            .lines()
            .filter(|line| !committed.lines().any(|other| other == *line))
        {
            eprintln!("+ {name}: {line}");
            changed.push(name);
        }
    }
    changed.dedup();
    if changed.is_empty() {
        Ok(())
    } else {
        let names = changed.join(", ");
        Err(format!(
            "the public items of {names} changed: if that is meant, `cargo xtask api --write`"
        )
        .into())
    }
}

/// One line for each public item; what every type gets from the language is left out.
fn list(name: &str) -> Result<String, Failure> {
    // Apart from what the tests build.
    let folder = root().join("target/api");
    run_command(
        Command::new(env!("CARGO"))
            .args(["rustdoc", "--quiet", "--package", name, "--lib"])
            .arg("--target-dir")
            .arg(&folder)
            .args(["--", "-Zunstable-options", "--output-format", "json"])
            .args(["--cap-lints", "allow"])
            // The format is unstable; any one compiler that is here can write it.
            .env("RUSTC_BOOTSTRAP", "1"),
        &format!("RUSTC_BOOTSTRAP=1 cargo rustdoc --package {name} -- --output-format json"),
    )?;
    let json = folder
        .join("doc")
        .join(name.replace('-', "_"))
        .with_extension("json");
    let output = Command::new("cargo-public-api")
        .args(["public-api", "-sss", "--rustdoc-json"])
        .arg(json)
        .output()?;
    if output.status.success() {
        Ok(String::from_utf8(output.stdout)?)
    } else {
        Err(format!(
            "cargo public-api failed: {}",
            String::from_utf8_lossy(&output.stderr)
        )
        .into())
    }
}
