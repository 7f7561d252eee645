//! A fleet in a temporary folder: policy, keys, devices, and the devices' side of a login.

use core::convert::Infallible;
use std::fs;
use std::path::{Path, PathBuf};

use mqward::{
    Audience, AuthRoot, BOOT_SLOT_LEN, BootRecord, BootStorage, Clock, Device, Generation,
    HardwareId, LoginKey, LoginStamper, Reason, Root, Slot, UnixTime, Verdict,
};
use mqward_broker::{Guard, LoginRequest, Outcome};
use tempfile::TempDir;

pub(crate) const NOW: u32 = 1_767_225_600;
pub(crate) const AUDIENCE: &str = "mqtt.example.com";
pub(crate) const DEVICE: &str = "device-0123456789ab";
pub(crate) const OTHER: &str = "device-0123456789ac";
pub(crate) const CLOCKLESS: &str = "device-0123456789ad";
pub(crate) const LATE_CLOCK: &str = "device-0123456789ae";
pub(crate) const HARDWARE: [u8; 6] = [0x24, 0x6f, 0x28, 0xa1, 0xb2, 0xc3];

pub(crate) const POLICY: &str = r#"
audience = "mqtt.example.com"
window = 60
[keys]
auth_root = "auth_root.key"
[devices]
hardware_id = "registry"
file = "devices.csv"
[replay]
cold_start = "open"
[audit]
file = "audit.jsonl"
[[role]]
name = "device"
client_id = { prefix = "device-", chars = "lower-hex", min = 19, max = 19 }
auth = "mqward"
publish = [{ allow = "tx/%c/#", sealed = true }, { allow = "plain/%c" }]
subscribe = [{ allow = "rx/%c/#" }, { deny = "rx/%c/secret/#" }]
[[role]]
name = "person"
client_id = { prefix = "op-", chars = "word", min = 4, max = 20 }
auth = "broker"
on_refuse = "refuse"
subscribe = [{ allow = "tx/#" }]
"#;

pub(crate) const DEVICES: &str = "client_id,generation,hardware_id,clock
device-0123456789ab,1,246f28a1b2c3,required
device-0123456789ac,1,246f28a1b2c3,required
device-0123456789ad,1,246f28a1b2c3,none
device-0123456789ae,1,246f28a1b2c3,optional
";

pub(crate) fn time(secs: u32) -> UnixTime {
    UnixTime::from_secs(u64::from(secs)).unwrap()
}

pub(crate) fn now() -> UnixTime {
    time(NOW)
}

pub(crate) fn auth_root() -> AuthRoot {
    Root::from_bytes(core::array::from_fn(|index| u8::try_from(index).unwrap())).auth()
}

pub(crate) fn login_key(
    client_id: &str,
    generation: u8,
    hardware: &[u8],
    audience: &str,
) -> LoginKey {
    let device = Device::new(client_id, Generation::new(generation).unwrap()).unwrap();
    let hardware = HardwareId::new(hardware).unwrap();
    auth_root()
        .seed(device)
        .login_key(hardware, Audience::new(audience).unwrap())
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The files that a broker reads.
pub(crate) struct TestFleet {
    folder: TempDir,
}

impl TestFleet {
    pub(crate) fn new() -> Self {
        let fleet = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        fleet.write("policy.toml", POLICY);
        fleet.write("devices.csv", DEVICES);
        fleet.write("auth_root.key", &format!("{}\n", hex(auth_root().expose())));
        fleet
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file as its owner alone may read it.
    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
        set_mode(&self.path(name), 0o600);
    }

    pub(crate) fn policy(&self, from: &str, to: &str) {
        assert!(POLICY.contains(from));
        self.write("policy.toml", &POLICY.replace(from, to));
    }

    pub(crate) fn guard(&self) -> Guard {
        self.open().unwrap()
    }

    pub(crate) fn open(&self) -> Result<Guard, mqward_broker::PolicyError> {
        Guard::open(&self.path("policy.toml"), now())
    }

    pub(crate) fn audit_lines(&self) -> Vec<serde_json::Value> {
        let text = fs::read_to_string(self.path("audit.jsonl")).unwrap();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

#[cfg(unix)]
pub(crate) fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[cfg(not(unix))]
pub(crate) fn set_mode(_: &Path, _: u32) {}

struct Flash([[u8; BOOT_SLOT_LEN]; 2]);

impl BootStorage for Flash {
    type Error = Infallible;

    fn read(&mut self, slot: Slot, buf: &mut [u8; BOOT_SLOT_LEN]) -> Result<(), Infallible> {
        *buf = self.0[usize::from(slot == Slot::B)];
        Ok(())
    }

    fn write(&mut self, slot: Slot, buf: &[u8; BOOT_SLOT_LEN]) -> Result<(), Infallible> {
        self.0[usize::from(slot == Slot::B)] = *buf;
        Ok(())
    }
}

/// A device in the field.
pub(crate) struct TestDevice {
    client_id: &'static str,
    generation: u8,
    key: LoginKey,
    flash: Flash,
    stamper: LoginStamper,
}

impl TestDevice {
    pub(crate) fn new(client_id: &'static str) -> Self {
        Self::of_generation(client_id, 1)
    }

    pub(crate) fn of_generation(client_id: &'static str, generation: u8) -> Self {
        let key = login_key(client_id, generation, &HARDWARE, AUDIENCE);
        Self::with_key(client_id, generation, key, 1_760_000_000)
    }

    pub(crate) fn with_key(
        client_id: &'static str,
        generation: u8,
        key: LoginKey,
        first_boot: u32,
    ) -> Self {
        let mut flash = Flash([
            BootRecord::first_slot(time(first_boot)),
            [0xff; BOOT_SLOT_LEN],
        ]);
        let stamper = BootRecord::start(&mut flash)
            .unwrap()
            .login_stamper()
            .unwrap();
        Self {
            client_id,
            generation,
            key,
            flash,
            stamper,
        }
    }

    pub(crate) fn reboot(&mut self) {
        self.stamper = BootRecord::start(&mut self.flash)
            .unwrap()
            .login_stamper()
            .unwrap();
    }

    pub(crate) fn password(&mut self, clock: Clock) -> String {
        let device =
            Device::new(self.client_id, Generation::new(self.generation).unwrap()).unwrap();
        self.stamper
            .mint(&self.key, device, clock)
            .unwrap()
            .as_str()
            .to_owned()
    }

    pub(crate) fn password_at(&mut self, secs: u32) -> String {
        self.password(Clock::Trusted(time(secs)))
    }

    /// One honest login with a fresh password.
    pub(crate) fn login(&mut self, guard: &Guard, secs: u32) -> Result<(), Reason> {
        let password = self.password_at(secs);
        login(guard, self.client_id, &password, secs)
    }
}

pub(crate) fn request<'a>(client_id: &'a str, password: &'a str) -> LoginRequest<'a> {
    LoginRequest {
        client_id: client_id.as_bytes(),
        user_name: Some(client_id.as_bytes()),
        password: Some(password.as_bytes()),
        address: Some("192.0.2.7"),
        same_connection: false,
    }
}

pub(crate) fn login(
    guard: &Guard,
    client_id: &str,
    password: &str,
    secs: u32,
) -> Result<(), Reason> {
    admitted(guard.login(&request(client_id, password), time(secs)))
}

pub(crate) fn login_again(
    guard: &Guard,
    client_id: &str,
    password: &str,
    secs: u32,
) -> Result<(), Reason> {
    let again = LoginRequest {
        same_connection: true,
        ..request(client_id, password)
    };
    admitted(guard.login(&again, time(secs)))
}

pub(crate) fn admitted(outcome: Outcome) -> Result<(), Reason> {
    match outcome {
        Outcome::Admit => Ok(()),
        Outcome::Defer => panic!("left to the broker"),
        Outcome::Refuse(verdict) => Err(verdict.reason().unwrap()),
    }
}

pub(crate) fn refused(outcome: Outcome) -> Verdict {
    match outcome {
        Outcome::Refuse(verdict) => verdict,
        other => panic!("not refused: {other:?}"),
    }
}

/// A policy that takes its devices from a registry.
pub(crate) fn registry_policy() -> String {
    let policy = POLICY.replace("file = \"devices.csv\"", "registry = \"registry.db\"");
    assert_ne!(policy, POLICY);
    policy
}

/// Waits until something is so that another thread does about once a second.
#[track_caller]
pub(crate) fn eventually(mut what: impl FnMut() -> bool) {
    for _ in 0..200 {
        if what() {
            return;
        }
        std::thread::sleep(core::time::Duration::from_millis(50));
    }
    panic!("not within ten seconds");
}
