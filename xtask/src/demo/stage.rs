//! The stage: a fleet folder made by the `mqward` command, and a Mosquitto with the plugin.

use core::net::SocketAddr;
use core::time::Duration;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread::sleep;

use mqward::{AuthRoot, DownRoot, Sender, UpRoot};
use mqward_testbed::{Broker, Connect, Packet, Setup, Version, Wire, plugin_path};
use tempfile::TempDir;

use crate::command::{Failure, root};
use crate::demo::node::Node;

/// The three devices, each with its MAC; the id ends in it, as printed on the label.
pub(crate) const DEVICES: [(&str, [u8; 6]); 3] = [
    ("device-246f28a10001", [0x24, 0x6f, 0x28, 0xa1, 0x00, 0x01]),
    ("device-246f28a10002", [0x24, 0x6f, 0x28, 0xa1, 0x00, 0x02]),
    ("device-246f28a10003", [0x24, 0x6f, 0x28, 0xa1, 0x00, 0x03]),
];
pub(crate) const BACKEND: &str = "backend-1";
pub(crate) const READER: &str = "reader-1";
/// A client of the broker's own password file that may do anything: it plays a broker that was broken into.
pub(crate) const INSIDER: &str = "insider-1";
pub(crate) const INSIDER_PASSWORD: &str = "not a secret in a demo";

/// Seconds that a password lives. Short, so that nobody has to wait long to see one expire.
pub(crate) const WINDOW_SECS: u32 = 3;

const POLICY: &str = r##"
audience = "demo.example.com"
window = 3

[keys]
auth_root = "auth_root.key"

[devices]
hardware_id = "registry"
file = "devices.csv"

[audit]
file = "audit.jsonl"

[[role]]
name = "device"
client_id = { prefix = "device-", chars = "lower-hex", min = 19, max = 19 }
auth = "mqward"
limits = { packet = 2048, payload = 1024 }
publish = [{ allow = "tx/%c/#", sealed = true }]
subscribe = [{ allow = "rx/%c/#" }]

[[role]]
name = "backend"
client_id = { prefix = "backend-", chars = "digits", min = 9, max = 12 }
auth = "mqward"
publish = [{ allow = "rx/+/#", sealed = true }]
subscribe = [{ allow = "tx/+/#" }]

[[role]]
name = "reader"
client_id = { prefix = "reader-", chars = "digits", min = 8, max = 12 }
auth = "mqward"
subscribe = [{ allow = "tx/+/#" }]

[[role]]
name = "insider"
client_id = { prefix = "insider-", chars = "digits", min = 9, max = 12 }
auth = "broker"
publish = [{ allow = "#" }]
subscribe = [{ allow = "#" }]
"##;

/// A running broker and the files of its fleet.
pub(crate) struct Stage {
    folder: TempDir,
    broker: Broker,
}

impl Stage {
    pub(crate) fn build() -> Result<Self, Failure> {
        let folder = TempDir::with_prefix("mqward-demo-")?;
        let path = folder.path();
        let at = |name: &str| path.join(name).display().to_string();
        eprintln!("… Building the command `mqward`, and making a fleet with it");
        mqward(&["fleet", "init", "--dir", &at("")])?;
        let mut devices = String::from("client_id,generation,hardware_id,clock\n");
        let everyone = DEVICES.iter().map(|(id, mac)| (*id, mac.as_slice()));
        for (id, mac) in everyone.chain([(BACKEND, [].as_slice()), (READER, &[])]) {
            let (blob, boot) = (at(&format!("{id}.blob")), at(&format!("{id}.boot")));
            let root = at("root.key");
            mqward(&[
                "device",
                "export",
                "--client-id",
                id,
                "--generation",
                "1",
                "--root",
                &root,
                "--out",
                &blob,
                "--boot-out",
                &boot,
            ])?;
            let mac: String = mac.iter().map(|byte| format!("{byte:02x}")).collect();
            devices.push_str(&format!("{id},1,{mac},required\n"));
        }
        fs::write(path.join("devices.csv"), devices)?;
        fs::write(path.join("policy.toml"), POLICY)?;
        eprintln!("… Building the plugin, and starting Mosquitto with it");
        let broker = Setup::new()
            .plugin(plugin_path()?)
            .option("policy", path.join("policy.toml"))
            .user(INSIDER, INSIDER_PASSWORD)
            .start()?;
        // A store that starts empty admits only what was minted later than its start plus the window (spec §6.5).
        sleep(Duration::from_secs(u64::from(WINDOW_SECS) + 1));
        Ok(Self { folder, broker })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.broker.address()
    }

    /// Boots a device that was provisioned, on its own board.
    pub(crate) fn device(&self, index: usize) -> Result<Node, Failure> {
        let (id, mac) = DEVICES.get(index).ok_or("three devices were provisioned")?;
        Node::boot(self.folder.path(), id, mac, Sender::DEVICE)
    }

    /// Boots the backend or the reader.
    pub(crate) fn service(&self, id: &str, sender: u8) -> Result<Node, Failure> {
        Node::boot(self.folder.path(), id, &[], Sender::backend(sender)?)
    }

    pub(crate) fn auth_root(&self) -> Result<AuthRoot, Failure> {
        Ok(AuthRoot::from_bytes(key(&self
            .folder
            .path()
            .join("auth_root.key"))?))
    }

    pub(crate) fn up_root(&self) -> Result<UpRoot, Failure> {
        Ok(UpRoot::from_bytes(key(&self
            .folder
            .path()
            .join("up_root.key"))?))
    }

    pub(crate) fn down_root(&self) -> Result<DownRoot, Failure> {
        Ok(DownRoot::from_bytes(key(&self
            .folder
            .path()
            .join("down_root.key"))?))
    }

    /// The reason of the newest line in the operator's audit log.
    pub(crate) fn last_reason(&self) -> Result<String, Failure> {
        let log = fs::read_to_string(self.folder.path().join("audit.jsonl"))?;
        let line = log.lines().last().unwrap_or_default();
        let line: serde_json::Value = serde_json::from_str(line)?;
        let verdict = line.get("verdict").and_then(|v| v.as_str()).unwrap_or("?");
        let reason = line.get("reason").and_then(|v| v.as_str()).unwrap_or("");
        Ok(format!("{verdict}: {reason}"))
    }

    /// Logs a node in over a raw connection, with a fresh password.
    pub(crate) fn log_in(&self, node: &mut Node, version: Version) -> Result<Wire, Failure> {
        let id = node.client_id()?;
        let password = node.password()?;
        self.admitted(version, &Connect::new(&id).login(&id, password.as_str()))
    }

    /// The insider's connection.
    pub(crate) fn insider(&self) -> Result<Wire, Failure> {
        self.admitted(
            Version::V3,
            &Connect::new(INSIDER).login(INSIDER, INSIDER_PASSWORD),
        )
    }

    fn admitted(&self, version: Version, connect: &Connect) -> Result<Wire, Failure> {
        match Wire::dial(self.address(), version, connect)? {
            (wire, Packet::ConnAck { code: 0, .. }) => Ok(wire),
            (_, packet) => Err(format!("an honest login was answered with {packet:?}").into()),
        }
    }
}

/// Runs the command that an operator would run.
pub(crate) fn mqward(arguments: &[&str]) -> Result<(), Failure> {
    let output = Command::new(env!("CARGO"))
        .args([
            "run",
            "--quiet",
            "--package",
            "mqward-cli",
            "--bin",
            "mqward",
            "--",
        ])
        .args(arguments)
        .current_dir(root())
        .output()?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(format!("`mqward {}` failed: {said}", arguments.join(" ")).into())
}

/// A key file: 64 hexadecimal digits.
pub(crate) fn key(path: &Path) -> Result<[u8; 32], Failure> {
    let text = fs::read_to_string(path)?;
    let mut key = [0; 32];
    for (byte, digits) in key.iter_mut().zip(text.trim().as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(core::str::from_utf8(digits)?, 16)?;
    }
    Ok(key)
}
