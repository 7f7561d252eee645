//! paho-python, in a virtual environment of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::Mutex;

use mqward_testbed::Version;

use crate::{Client, Passwords};

const PACKAGE: &str = "paho-mqtt==2.2.0";
static MAKING: Mutex<()> = Mutex::new(());

/// Starts the script beside this file.
pub(crate) fn start(client: &Client<'_>) -> Script {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/device.py");
    let mut command = Command::new(python());
    command.arg("-B").arg(script).arg(client.port.to_string());
    command.arg(match client.version {
        Version::V3 => "4",
        Version::V5 => "5",
    });
    command.arg(client.mint.id).arg(match client.passwords {
        Passwords::Fresh => "fresh",
        Passwords::Old => "old",
    });
    Script(command.args(client.mint.command()).spawn().unwrap())
}

/// A program that ends with the test.
pub(crate) struct Script(Child);

impl Drop for Script {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Python with the package, made once; needs `python3` with its `venv` module, and a package index.
fn python() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let home = folder.join(PACKAGE);
    let python = home.join("bin/python");
    let _guard = MAKING.lock();
    if !python.exists() {
        // Made aside and then renamed: another test process may be at it, and none may see half of it.
        let draft = folder.join(format!("{PACKAGE}-draft-{}", std::process::id()));
        run(Command::new("python3").args(["-m", "venv"]).arg(&draft));
        let mut pip = Command::new(draft.join("bin/python"));
        pip.args(["-m", "pip", "install", "--quiet"]);
        run(pip.args(["--disable-pip-version-check", PACKAGE]));
        let _ = fs::remove_dir_all(&home);
        if fs::rename(&draft, &home).is_err() {
            let _ = fs::remove_dir_all(&draft);
        }
    }
    python
}

fn run(command: &mut Command) {
    let output = command.output().expect("python3 (Debian: python3-venv)");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {told}");
}
