//! Clients in C that reconnect by themselves, with the code of `docs/firmware.md`: a broker that starts again lets them in.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use core::time::Duration;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::thread::sleep;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use mqward::{Blob, BootRecord, Device, Generation, MAX_BLOB_LEN, Root, UnixTime};
use mqward_testbed::{Setup, plugin_path};
use tempfile::TempDir;

const GUIDE: &str = include_str!("../../../../docs/firmware.md");
const ID: &str = "device-0123456789ab";
const POLICY: &str = r#"
audience = "mqtt.example.com"
[keys]
auth_root = "auth_root.key"
[devices]
hardware_id = "registry"
file = "devices.csv"
[replay]
file = "replay.journal"
cold_start = "open"
[audit]
file = "audit.jsonl"
[[role]]
name = "device"
client_id = { prefix = "device-", chars = "lower-hex", min = 19, max = 19 }
auth = "mqward"
publish = [{ allow = "tx/%c/#", sealed = true }]
subscribe = [{ allow = "rx/%c/#" }]
"#;
const DEVICES: &str =
    "client_id,generation,hardware_id,clock\ndevice-0123456789ab,1,246f28a1b2c3,required\n";
/// What a Rust static library asks of the linker on Linux.
const SYSTEM_LIBRARIES: [&str; 6] = ["-lgcc_s", "-lutil", "-lrt", "-lpthread", "-lm", "-ldl"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A fleet of one device, in a folder.
struct Fleet(TempDir);

impl Fleet {
    fn new() -> Self {
        let fleet = Self(tempfile::tempdir().unwrap());
        let root = Root::from_bytes([7; 32]);
        let key: String = root
            .auth()
            .expose()
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect();
        let device = Device::new(ID, Generation::FIRST).unwrap();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let now = UnixTime::from_secs(now.as_secs()).unwrap();
        let mut blob = [0; MAX_BLOB_LEN];
        let (auth, up, down) = (root.auth(), root.up(), root.down());
        let seeds = (auth.seed(device), up.seed(device), down.seed(device));
        let len = Blob::write(device, &seeds.0, &seeds.1, &seeds.2, &mut blob).unwrap();
        fleet.write("auth_root.key", format!("{key}\n").as_bytes());
        fleet.write("devices.csv", DEVICES.as_bytes());
        fleet.write("policy.toml", POLICY.as_bytes());
        fleet.write("blob", &blob[..len]);
        fleet.write("boot", &BootRecord::first_slot(now));
        fleet
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.path(name), bytes).unwrap();
        fs::set_permissions(self.path(name), Permissions::from_mode(0o600)).unwrap();
    }

    /// How many lines of the audit log hold `text`.
    fn audited(&self, text: &str) -> usize {
        let audit = fs::read_to_string(self.path("audit.jsonl")).unwrap_or_default();
        audit.lines().filter(|line| line.contains(text)).count()
    }

    /// Waits until the audit log holds `text` so many times; `false` after half a minute.
    fn audits(&self, text: &str, times: usize) -> bool {
        let deadline = Instant::now() + Duration::from_secs(30);
        while self.audited(text) < times {
            if Instant::now() > deadline {
                return false;
            }
            sleep(Duration::from_millis(20));
        }
        true
    }
}

/// A program that ends with the test.
struct Client(Child);

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The static library of the C ABI.
fn library() -> PathBuf {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--locked", "--package", "mqward-ffi"]);
    cargo.args(["--message-format", "json"]).current_dir(root());
    let output = cargo.output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let messages = String::from_utf8(output.stdout).unwrap();
    let file = messages
        .split('"')
        .find(|part| part.ends_with("/libmqward.a"))
        .unwrap();
    file.into()
}

/// Compiles the client whose code in the guide begins with `include`.
fn compile(name: &str, include: &str, link: &str, folder: &Path) -> PathBuf {
    let (_, block) = GUIDE.split_once(&format!("```c\n{include}")).unwrap();
    let block = block.split("```").next().unwrap();
    let quoted = folder.join("quoted.c");
    fs::write(&quoted, format!("{include}{block}")).unwrap();
    let program = folder.join(name);
    let (tests, firmware) = (
        root().join("crates/mosquitto/tests/reconnect"),
        root().join("bindings/firmware/mqtt"),
    );
    let mut compiler = Command::new("cc");
    compiler
        .args(["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-o"])
        .arg(&program);
    for folder in [&root().join("include"), &tests, &firmware] {
        compiler.arg("-I").arg(folder);
    }
    compiler.arg(tests.join(format!("{name}.c")));
    compiler.args([
        tests.join("host.c"),
        firmware.join("device.c"),
        quoted,
        library(),
    ]);
    let output = compiler.arg(link).args(SYSTEM_LIBRARIES).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{told} (Debian: libmosquitto-dev, libpaho-mqtt-dev)"
    );
    program
}

/// With fresh passwords the device is back after a restart of the broker; with its old one it is not.
fn comes_back_with_fresh_passwords_alone(name: &str, include: &str, link: &str) {
    for passwords in ["fresh", "old"] {
        let fleet = Fleet::new();
        let program = compile(name, include, link, fleet.0.path());
        let setup = Setup::new().plugin(plugin_path().unwrap());
        let mut broker = setup
            .option("policy", fleet.path("policy.toml"))
            .start()
            .unwrap();
        let mut command = Command::new(program);
        command.arg(broker.address().port().to_string());
        command
            .args([fleet.path("blob"), fleet.path("boot")])
            .arg(passwords);
        let _client = Client(command.spawn().unwrap());
        let allowed = "\"verdict\":\"allow\"";
        assert!(fleet.audits(allowed, 1), "{name}: {}", broker.log());
        broker.restart().unwrap();
        if passwords == "fresh" {
            assert!(fleet.audits(allowed, 2), "{name}: {}", broker.log());
            assert_eq!(fleet.audited("\"refuse\""), 0, "{name}: {}", broker.log());
        } else {
            assert!(fleet.audits("\"replayed\"", 2), "{name}: {}", broker.log());
            assert_eq!(fleet.audited(allowed), 1, "{name}: {}", broker.log());
        }
    }
}

#[test]
fn paho_comes_back() {
    comes_back_with_fresh_passwords_alone("paho", "#include <MQTTAsync.h>", "-lpaho-mqtt3a");
}

#[test]
fn libmosquitto_comes_back() {
    comes_back_with_fresh_passwords_alone("mosquitto", "#include <mosquitto.h>", "-lmosquitto");
}
