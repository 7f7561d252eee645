//! The README's tour, run as it stands there.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Output};

use crate::bench::Bench;

/// Runs a script with this command in its path.
fn sh(script: &str, folder: &Path) -> Output {
    let bin = Path::new(env!("CARGO_BIN_EXE_mqward")).parent().unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let mut shell = Command::new("sh");
    shell.args(["-euxc", script]).env("PATH", path);
    shell.current_dir(folder).output().unwrap()
}

/// What the front page calls after the builds, which `cargo` itself is the test of.
#[test]
fn the_front_page_works() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let readme = include_str!("../../../../README.md");
    let blocks = readme.split("```sh\n").skip(1);
    let lines = blocks.flat_map(|block| block.split("```").next().unwrap().lines());
    let script: Vec<&str> = lines.filter(|line| !line.starts_with("cargo ")).collect();
    assert!(script.len() >= 2, "the commands are there");
    let bench = Bench::new();
    // The copy of the repository that they are called in.
    symlink(root.join("crates"), bench.path("crates")).unwrap();
    let output = sh(&script.join("\n"), &bench.path(""));
    let stdout = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stdout}\n{stderr}");
    assert!(stdout.contains("no mistakes"), "{stdout}");
}

#[test]
fn the_tour_of_the_readme_works() {
    let readme = include_str!("../../README.md");
    let script: String = readme
        .split("```sh\n")
        .skip(1)
        .map(|block| block.split("```").next().unwrap())
        .collect();
    assert!(script.lines().count() > 15, "the tour is there");
    // `set -e` takes no notice of `!`.
    let refused = "refused() { if \"$@\"; then return 1; fi; }\n";
    let script = refused.to_owned() + &script.replace("\n! ", "\nrefused ");
    let bench = Bench::new();
    let folder = bench.path("tour");
    std::fs::create_dir(&folder).unwrap();
    let output = sh(&script, &folder);
    let stdout = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stdout}\n{stderr}");
    for word in [
        "accepted",
        "refused (outside-window)",
        "21.5",
        "\"verdict\":\"fresh\"",
        "\"verdict\":\"duplicate\"",
        "no mistakes",
        "valve on",
    ] {
        assert!(stdout.contains(word), "no {word:?} in:\n{stdout}");
    }
    let root = std::fs::read_to_string(folder.join("keys/root.key")).unwrap();
    assert!(!stdout.contains(root.trim()) && !stderr.contains(root.trim()));
}
