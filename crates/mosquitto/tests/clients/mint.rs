//! Passwords from the `mqward` command, as a script of a device gets them.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use mqward::{Blob, BootRecord, Device, Generation, MAX_BLOB_LEN};

use crate::fleet::{AUDIENCE, Fleet, root, time};

/// A device whose keys and boot record are files.
#[derive(Clone)]
pub(crate) struct Mint {
    pub(crate) id: &'static str,
    blob: PathBuf,
    boot_record: PathBuf,
}

impl Mint {
    /// Provisions the device: what it is flashed with, in the folder of the fleet.
    pub(crate) fn new(fleet: &Fleet, id: &'static str) -> Self {
        let device = Device::new(id, Generation::FIRST).unwrap();
        let root = root();
        let (auth, up, down) = (root.auth(), root.up(), root.down());
        let seeds = (auth.seed(device), up.seed(device), down.seed(device));
        let mut blob = [0; MAX_BLOB_LEN];
        let len = Blob::write(device, &seeds.0, &seeds.1, &seeds.2, &mut blob).unwrap();
        let mint = Self {
            id,
            blob: fleet.path(&format!("{id}.blob")),
            boot_record: fleet.path(&format!("{id}.boot")),
        };
        fleet.write(&format!("{id}.blob"), "");
        fleet.write(&format!("{id}.boot"), "");
        fs::write(&mint.blob, &blob[..len]).unwrap();
        fs::write(&mint.boot_record, BootRecord::first_slot(time(0))).unwrap();
        mint
    }

    /// The command that prints a new password, with its arguments.
    pub(crate) fn command(&self) -> Vec<OsString> {
        let mut command: Vec<OsString> = vec![mqward().into(), "password".into(), "--blob".into()];
        command.push(self.blob.clone().into());
        command.extend(["--hw", "24:6f:28:a1:b2:c3", "--audience", AUDIENCE].map(OsString::from));
        command.extend([
            "--boot-record".into(),
            self.boot_record.clone().into_os_string(),
        ]);
        command
    }

    /// A new password.
    pub(crate) fn password(&self) -> String {
        let command = self.command();
        let output = Command::new(&command[0])
            .args(&command[1..])
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{told}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }
}

/// The command of this workspace.
fn mqward() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--quiet", "--package", "mqward-cli"]);
        cargo.args(["--bin", "mqward", "--message-format", "json"]);
        let output = cargo
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{told}");
        let messages = String::from_utf8(output.stdout).unwrap();
        let (_, program) = messages.rsplit_once("\"executable\":\"").unwrap();
        program.split('"').next().unwrap().into()
    })
}
