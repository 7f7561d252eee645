//! The guide for backends: its commands run as they stand there, its code is quoted from files that are tested.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use mqward_vectors::Oracle;

const GUIDE: &str = include_str!("../../../docs/backend.md");

/// The guide's blocks in one language.
fn blocks(language: &str) -> Vec<&'static str> {
    let fence = format!("```{language}\n");
    let rest = GUIDE.split(&fence).skip(1);
    rest.map(|block| block.split("```").next().unwrap())
        .collect()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The command `mqward`, which this package must not depend on: the vectors judge it.
fn command() -> PathBuf {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--locked", "--package", "mqward-cli"]);
    cargo.args(["--message-format", "json"]).current_dir(root());
    let output = cargo.output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    let messages = String::from_utf8(output.stdout).unwrap();
    let built = messages
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .filter_map(|message| message["executable"].as_str().map(PathBuf::from));
    built.last().unwrap()
}

#[test]
fn commands_work_as_they_stand() {
    let oracle = Oracle::prepare(Path::new(env!("CARGO_TARGET_TMPDIR"))).unwrap();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join(format!("backend-guide-{}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir(&folder).unwrap();
    std::os::unix::fs::symlink(root().join("bindings"), folder.join("bindings")).unwrap();
    // `set -e` takes no notice of `!`.
    let script = blocks("sh").concat().replace("\n! ", "\nrefused ");
    assert!(script.lines().count() > 30, "the guide is there");
    let command = command();
    let machine = format!(
        "refused() {{ if \"$@\"; then return 1; fi; }}\nPATH='{}':$PATH\npython3() {{ '{}' -B \"$@\"; }}\n",
        command.parent().unwrap().display(),
        oracle.python().get_program().to_str().unwrap(),
    );
    let output = Command::new("sh")
        .args(["-euc", &format!("{machine}set -x\n{script}")])
        .current_dir(&folder)
        .output()
        .unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stdout}\n{stderr}");
    for (line, times) in [
        ("21.5\n", 1),
        ("\"verdict\":\"fresh\"", 2),
        ("\"verdict\":\"duplicate\"", 2),
        ("fresh tx/device-0123456789ab/t\n", 4),
        ("duplicate tx/device-0123456789ab/t\n", 4),
        ("unknown tx/device-0123456789ab/t\n", 2),
        ("close\n", 1),
        ("d08344a1011818a2", 1),
    ] {
        let found = stdout.matches(line).count();
        assert_eq!(found, times, "{line:?} in:\n{stdout}\n{stderr}");
    }
    let key = fs::read_to_string(folder.join("keys/up_root.key")).unwrap();
    assert!(!stdout.contains(key.trim()) && !stderr.contains(key.trim()));
    fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn code_is_quoted() {
    for (language, file) in [
        ("python", "bindings/python/examples/subscriber.py"),
        ("js", "bindings/node/examples/subscriber.mjs"),
        ("c", "bindings/c/examples/backend.c"),
        ("rust", "crates/mqward/tests/backend_guide.rs"),
    ] {
        let source = fs::read_to_string(root().join(file)).unwrap();
        let blocks = blocks(language);
        assert!(!blocks.is_empty(), "{language}");
        for block in blocks {
            assert!(source.contains(block), "not in {file}:\n{block}");
        }
    }
}
