//! The guides for firmware and backends: commands run as they stand there, code compiles or is quoted from tested files.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use mqward_vectors::Oracle;

const BACKEND: &str = include_str!("../../../docs/backend.md");
const FIRMWARE: &str = include_str!("../../../docs/firmware.md");

/// A guide's blocks in one language.
fn blocks(guide: &'static str, language: &str) -> Vec<&'static str> {
    let fence = format!("```{language}\n");
    let rest = guide.split(&fence).skip(1);
    rest.map(|block| block.split("```").next().unwrap())
        .collect()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// An empty folder of this process.
fn scratch(name: &str) -> PathBuf {
    let name = format!("{name}-{}", std::process::id());
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir(&folder).unwrap();
    folder
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
    let mut built = messages
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .filter_map(|message| message["executable"].as_str().map(PathBuf::from));
    built.next_back().unwrap()
}

/// Runs a guide's commands in `folder`; returns what they print. No key is among it.
fn run(guide: &'static str, folder: &Path) -> String {
    let oracle = Oracle::prepare(Path::new(env!("CARGO_TARGET_TMPDIR"))).unwrap();
    // `set -e` takes no notice of `!`.
    let script = blocks(guide, "sh").concat().replace("\n! ", "\nrefused ");
    let machine = format!(
        "refused() {{ if \"$@\"; then return 1; fi; }}\nPATH='{}':$PATH\npython3() {{ '{}' -B \"$@\"; }}\n",
        command().parent().unwrap().display(),
        oracle.python().get_program().to_str().unwrap(),
    );
    let output = Command::new("sh")
        .args(["-euc", &format!("{machine}set -x\n{script}")])
        .current_dir(folder)
        .output()
        .unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stdout}\n{stderr}");
    for keys in fs::read_dir(folder).unwrap() {
        let root = keys.unwrap().path().join("root.key");
        if let Ok(key) = fs::read_to_string(root) {
            assert!(!stdout.contains(key.trim()) && !stderr.contains(key.trim()));
        }
    }
    stdout
}

#[test]
fn commands_for_backends_work_as_they_stand() {
    let folder = scratch("backend");
    symlink(root().join("bindings"), folder.join("bindings")).unwrap();
    let stdout = run(BACKEND, &folder);
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
        assert_eq!(
            stdout.matches(line).count(),
            times,
            "{line:?} in:\n{stdout}"
        );
    }
    fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn commands_for_firmware_work_as_they_stand() {
    let folder = scratch("firmware");
    let stdout = run(FIRMWARE, &folder);
    for line in ["refused (replayed)", "mint a new one", "accepted"] {
        assert!(stdout.contains(line), "{line:?} in:\n{stdout}");
    }
    // Blob and slot, in both forms.
    let blob = fs::read(folder.join("device-0123456789ab.blob")).unwrap();
    assert_eq!(blob.len(), 107 + "device-0123456789ab".len());
    let nvs = fs::read_to_string(folder.join("esp.csv")).unwrap();
    assert!(
        nvs.contains("mqward,namespace") && nvs.contains("\nblob,") && nvs.contains("\nboot0,")
    );
    fs::remove_dir_all(&folder).unwrap();
}

/// The lines of a text without what they are indented by.
fn lines(text: &str) -> Vec<&str> {
    text.lines().map(str::trim).collect()
}

#[test]
fn code_is_quoted() {
    let quotes: [(&'static str, &str, &[&str]); 5] = [
        (
            BACKEND,
            "python",
            &["bindings/python/examples/subscriber.py"],
        ),
        (BACKEND, "js", &["bindings/node/examples/subscriber.mjs"]),
        (BACKEND, "c", &["bindings/c/examples/backend.c"]),
        (BACKEND, "rust", &["crates/mqward/tests/backend_guide.rs"]),
        (
            FIRMWARE,
            "rust",
            &[
                "bindings/firmware/rust/src/main.rs",
                "bindings/firmware/rust/src/flash.rs",
            ],
        ),
    ];
    for (guide, language, files) in quotes {
        let blocks = blocks(guide, language);
        assert!(!blocks.is_empty(), "{language}");
        for block in blocks {
            assert!(is_quoted(block, files), "not in {files:?}:\n{block}");
        }
    }
}

fn is_quoted(block: &str, files: &[&str]) -> bool {
    let block = lines(block);
    files.iter().any(|file| {
        let source = fs::read_to_string(root().join(file)).unwrap();
        lines(&source)
            .windows(block.len())
            .any(|window| window == block)
    })
}

/// Blocks that include something are files of their own and compile; the others are from the firmware that runs in QEMU.
#[test]
fn firmware_in_c_compiles_or_is_quoted() {
    let folder = scratch("firmware-c");
    let (files, quotes): (Vec<_>, Vec<_>) = blocks(FIRMWARE, "c")
        .into_iter()
        .partition(|block| block.starts_with("#include"));
    assert!(files.len() >= 3 && quotes.len() >= 4);
    for block in quotes {
        let files = [
            "bindings/firmware/mqtt/device.c",
            "bindings/firmware/mqtt/device.h",
        ];
        assert!(is_quoted(block, &files), "not in {files:?}:\n{block}");
    }
    for (index, block) in files.into_iter().enumerate() {
        let source = folder.join(format!("{index}.c"));
        fs::write(&source, block).unwrap();
        let mut compiler = Command::new("cc");
        compiler.args(["-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror"]);
        compiler
            .args(["-fsyntax-only", "-I"])
            .arg(root().join("include"));
        compiler
            .arg("-I")
            .arg(root().join("bindings/firmware/mqtt"));
        let output = compiler.arg(&source).output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success(),
            "{told} (Debian: libpaho-mqtt-dev, libmosquitto-dev)"
        );
    }
    fs::remove_dir_all(&folder).unwrap();
}

/// Links between the guides and to files lead somewhere.
#[test]
fn links_lead_somewhere() {
    for guide in [BACKEND, FIRMWARE] {
        for target in guide.split("](").skip(1) {
            let target = target.split(')').next().unwrap();
            let (file, section) = target.split_once('#').unwrap_or((target, ""));
            if file.is_empty() {
                let titles: Vec<String> = guide
                    .lines()
                    .filter_map(|line| line.strip_prefix("## "))
                    .map(anchor)
                    .collect();
                assert!(
                    titles.contains(&section.to_owned()),
                    "{section} in {titles:?}"
                );
            } else if !file.starts_with("https://") {
                assert!(root().join("docs").join(file).exists(), "{target}");
            }
        }
    }
}

/// What a heading is called in links.
fn anchor(title: &str) -> String {
    let kept = title.to_lowercase();
    let kept = kept
        .chars()
        .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}
