//! The stage: a fleet as the factory issues it, and a Mosquitto with the plugin.

use core::net::SocketAddr;
use core::ops::Range;
use core::time::Duration;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Instant;

use mqward::{DownRoot, Sender, UpRoot};
use mqward_testbed::{Broker, Connect, Packet, Setup, Version, Wire, plugin_path};
use serde_json::Value;
use tempfile::TempDir;

use crate::command::Failure;
use crate::demo::node::{AUDIENCE, Node};
use crate::demo::stage::{key, mqward};
use crate::fleet::device::{Device, PATIENCE, Parts};
use crate::fleet::image::Images;

/// How many devices there are at once. One more of each kind is watched alone before.
pub(crate) const FLEET: usize = 20;
/// One of each kind has no clock: its logins rest on the boot counter alone.
const WITHOUT_CLOCK: Range<usize> = 18..FLEET;
const BACKEND: &str = "backend-1";
/// The backend's number among the senders of every device.
pub(crate) const BACKEND_SENDER: u8 = 16;
/// A client of the broker's own password file that may do anything: it plays a broker that was broken into.
const INSIDER: &str = "insider-1";
const INSIDER_PASSWORD: &str = "not a secret in a test";

const POLICY: &str = r##"
audience = "demo.example.com"

[keys]
auth_root = "auth_root.key"

[devices]
hardware_id = "registry"
file = "devices.csv"

[replay]
file = "replay.journal"

[audit]
file = "audit.jsonl"

[[role]]
name = "device"
client_id = { prefix = "device-", chars = "lower-hex", min = 19, max = 19 }
auth = "mqward"
limits = { packet = 512, payload = 256 }
publish = [{ allow = "tx/%c/#", sealed = true }]
subscribe = [{ allow = "rx/%c/cmd" }]

[[role]]
name = "backend"
client_id = { prefix = "backend-", chars = "digits", min = 9, max = 12 }
auth = "mqward"
publish = [{ allow = "rx/+/cmd", sealed = true }]
subscribe = [{ allow = "tx/+/#" }]

[[role]]
name = "insider"
client_id = { prefix = "insider-", chars = "digits", min = 9, max = 12 }
auth = "broker"
publish = [{ allow = "#" }]
subscribe = [{ allow = "#" }]
"##;

/// A running broker, the files of its fleet, and the images that its devices run.
pub(crate) struct Stage {
    folder: TempDir,
    broker: Broker,
    images: Images,
}

/// The MAC address of a device, which its client id repeats as a label would.
pub(crate) fn mac(index: usize) -> Result<[u8; 6], Failure> {
    Ok([0x24, 0x6f, 0x28, 0xa1, 0x00, u8::try_from(index)?])
}

pub(crate) fn client_id(index: usize) -> Result<String, Failure> {
    let mac = mac(index)?.map(|byte| format!("{byte:02x}")).concat();
    Ok(format!("device-{mac}"))
}

pub(crate) fn has_clock(index: usize) -> bool {
    !WITHOUT_CLOCK.contains(&index)
}

/// Every second device is in Rust.
pub(crate) fn is_in_rust(index: usize) -> bool {
    index % 2 == 1
}

/// The devices that are watched alone, one of each kind.
pub(crate) fn watched() -> Range<usize> {
    FLEET..FLEET + 2
}

/// Every device.
pub(crate) fn everyone() -> Range<usize> {
    0..watched().end
}

impl Stage {
    pub(crate) fn build(images: Images) -> Result<Self, Failure> {
        let folder = TempDir::with_prefix("mqward-fleet-")?;
        let path = folder.path();
        let at = |name: &str| path.join(name).display().to_string();
        eprintln!("… Issuing the fleet");
        mqward(&["fleet", "init", "--dir", &at("")])?;
        let mut ids = format!("{BACKEND}\n");
        let mut devices =
            format!("client_id,generation,hardware_id,clock\n{BACKEND},1,,required\n");
        for index in everyone() {
            let id = client_id(index)?;
            let label = id.trim_start_matches("device-");
            let clock = if has_clock(index) { "required" } else { "none" };
            ids.push_str(&format!("{id}\n"));
            devices.push_str(&format!("{id},1,{label},{clock}\n"));
        }
        fs::write(path.join("ids.txt"), ids)?;
        fs::write(path.join("devices.csv"), devices)?;
        fs::write(path.join("policy.toml"), POLICY)?;
        mqward(&[
            "device",
            "issue",
            "--ids",
            &at("ids.txt"),
            "--root",
            &at("root.key"),
            "--out",
            &at("batch"),
        ])?;
        mqward(&["replay", "init", "--store", &at("replay.journal")])?;
        eprintln!("… Starting Mosquitto with the plugin");
        let broker = Setup::new()
            .plugin(plugin_path()?)
            .option("policy", path.join("policy.toml"))
            .user(INSIDER, INSIDER_PASSWORD)
            .start()?;
        Ok(Self {
            folder,
            broker,
            images,
        })
    }

    /// Ends the broker in order and starts it again on the same port.
    pub(crate) fn restart_broker(&mut self) -> Result<(), Failure> {
        Ok(self.broker.restart()?)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.broker.address()
    }

    /// A device fresh from the line, whose broker is at this port of the loopback.
    pub(crate) fn device(&self, index: usize, port: u16) -> Result<Device, Failure> {
        let id = client_id(index)?;
        let batch = self.folder.path().join("batch");
        let parts = Parts {
            id: &id,
            mac: mac(index)?,
            blob: &fs::read(batch.join(format!("{id}.blob")))?,
            first_slot: &fs::read(batch.join(format!("{id}.boot")))?,
            audience: AUDIENCE,
            port,
            has_clock: has_clock(index),
            is_in_rust: is_in_rust(index),
        };
        let image = if is_in_rust(index) {
            &self.images.rust
        } else {
            &self.images.c
        };
        Device::new(self.folder.path(), image, &parts)
    }

    /// Boots the backend.
    pub(crate) fn backend(&self) -> Result<Node, Failure> {
        let sender = Sender::backend(BACKEND_SENDER)?;
        Node::boot(&self.path("batch"), BACKEND, &[], sender)
    }

    /// A connection of the backend, with a fresh password.
    pub(crate) fn backend_connection(&self, node: &mut Node) -> Result<Wire, Failure> {
        let password = node.password()?;
        self.admitted(&Connect::new(BACKEND).login(BACKEND, password.as_str()))
    }

    /// The insider's connection.
    pub(crate) fn insider(&self) -> Result<Wire, Failure> {
        self.admitted(&Connect::new(INSIDER).login(INSIDER, INSIDER_PASSWORD))
    }

    fn admitted(&self, connect: &Connect) -> Result<Wire, Failure> {
        match Wire::dial(self.address(), Version::V3, connect)? {
            (wire, Packet::ConnAck { code: 0, .. }) => Ok(wire),
            (_, packet) => Err(format!("an honest login was answered with {packet:?}").into()),
        }
    }

    pub(crate) fn up_root(&self) -> Result<UpRoot, Failure> {
        Ok(UpRoot::from_bytes(key(&self.path("up_root.key"))?))
    }

    pub(crate) fn down_root(&self) -> Result<DownRoot, Failure> {
        Ok(DownRoot::from_bytes(key(&self.path("down_root.key"))?))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Sends a recorded CONNECT again, and fails unless the broker refuses it for the right reason (spec §10.6).
    pub(crate) fn refuses_replay(&self, connect: &[u8], index: usize) -> Result<(), Failure> {
        let (version, refusal) = if is_in_rust(index) {
            (Version::V5, 0x87)
        } else {
            (Version::V3, 5)
        };
        let mut wire = Wire::open(self.address(), version)?;
        wire.send(connect)?;
        let answer = wire.receive()?;
        let last = self.audit()?.pop().ok_or("the audit log is empty")?;
        if !matches!(answer, Packet::ConnAck { code, .. } if code == refusal)
            || last["reason"] != "replayed"
            || last["client_id"] != client_id(index)?
        {
            return Err(format!("a replayed CONNECT was answered with {answer:?}: {last}").into());
        }
        Ok(())
    }

    /// Waits until a device on another board was refused for the key that its chip makes of the same seeds.
    pub(crate) fn refuses_clone(&self, clone: &Device) -> Result<(), Failure> {
        let begun = Instant::now();
        let is_it = |line: &Value| line["client_id"] == clone.id() && line["reason"] == "wrong-tag";
        while !self.audit()?.iter().any(is_it) {
            if begun.elapsed() > PATIENCE {
                return Err(format!("{} on another board was not refused", clone.id()).into());
            }
            sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    /// Fails unless the audit log has one login of each device per boot and per restart of the broker, and refuses
    /// nobody but the listener and clones.
    pub(crate) fn every_login_was_honest(&self) -> Result<(), Failure> {
        let mut logins = BTreeMap::new();
        let mut refusals = Vec::new();
        for line in self.audit()? {
            let id = line["client_id"].as_str().unwrap_or_default().to_owned();
            match (line["event"].as_str(), line["verdict"].as_str()) {
                (Some("login"), Some("allow")) => *logins.entry(id).or_insert(0) += 1,
                (_, Some("refuse")) => refusals.push(line),
                _ => {}
            }
        }
        for index in everyone() {
            let id = client_id(index)?;
            let count = logins.get(&id).copied().unwrap_or(0);
            // Those that are watched alone were without power when the broker started again.
            let honest = if watched().contains(&index) { 2 } else { 3 };
            if count != honest {
                return Err(format!("{id} logged in {count} times instead of {honest}").into());
            }
        }
        // A clone tries as often as it can; the listener tried once per device.
        let watched_ids = watched().map(client_id).collect::<Result<Vec<_>, _>>()?;
        refusals.retain(|line| {
            let watched = watched_ids.iter().any(|id| line["client_id"] == *id);
            !watched || line["reason"] != "wrong-tag"
        });
        if refusals.len() != watched().len()
            || !refusals.iter().all(|line| line["reason"] == "replayed")
        {
            return Err(format!("somebody else was refused: {refusals:?}").into());
        }
        Ok(())
    }

    fn audit(&self) -> Result<Vec<Value>, Failure> {
        read_lines(&self.path("audit.jsonl"))
    }
}

fn read_lines(path: &Path) -> Result<Vec<Value>, Failure> {
    let text = fs::read_to_string(path)?;
    let lines = text.lines().map(serde_json::from_str);
    Ok(lines.collect::<Result<_, _>>()?)
}
