//! A fleet with its broker: policy, keys, devices that mint passwords, a person with a password of the broker's.

use core::convert::Infallible;
use core::time::Duration;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::thread::sleep;
use std::time::{SystemTime, UNIX_EPOCH};

use mqward::{
    Audience, BOOT_SLOT_LEN, BootRecord, BootStorage, Class, Clock, Device, Generation, HardwareId,
    LoginKey, LoginStamper, Root, SealStamper, Sealer, Sender, Slot, UnixTime, sealed_len,
};
use mqward_testbed::{Broker, Connect, Packet, Setup, Version, Wire, plugin_path};
use tempfile::TempDir;

/// The first device of the registry.
pub(crate) const ALICE: &str = "device-0123456789ab";
/// The second device of the registry.
pub(crate) const BOB: &str = "device-0123456789cd";
/// A device whose role only refuses, and never closes.
pub(crate) const GENTLE: &str = "gentle-1";
/// A person who logs in with the broker's password file, and reads everything.
pub(crate) const PERSON: &str = "person-1";
pub(crate) const PERSON_PASSWORD: &str = "correct horse";

pub(crate) const AUDIENCE: &str = "mqtt.example.com";
pub(crate) const HARDWARE_ID: [u8; 6] = [0x24, 0x6f, 0x28, 0xa1, 0xb2, 0xc3];

/// `cold_start = "open"` lets tests log in right after the start.
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
limits = { payload = 64 }
publish = [{ allow = "tx/%c/#" }]
subscribe = [{ allow = "rx/%c/#" }]
[[role]]
name = "gentle"
client_id = { prefix = "gentle-", chars = "digits", min = 8, max = 8 }
auth = "mqward"
on_refuse = "refuse"
limits = { payload = 64 }
publish = [{ allow = "tx/%c/#" }]
subscribe = [{ allow = "rx/%c/#" }]
[[role]]
name = "person"
client_id = { prefix = "person-", chars = "digits", min = 8, max = 8 }
auth = "broker"
publish = [{ allow = "rx/#" }]
subscribe = [{ allow = "tx/#" }]
"#;

pub(crate) const DEVICES: &str = "client_id,generation,hardware_id,clock
device-0123456789ab,1,246f28a1b2c3,required
device-0123456789cd,1,246f28a1b2c3,required
gentle-1,1,246f28a1b2c3,required
";

pub(crate) const ACCEPTED: Packet = Packet::ConnAck {
    session_present: false,
    code: 0,
};
pub(crate) const RESUMED: Packet = Packet::ConnAck {
    session_present: true,
    code: 0,
};

/// The one answer to every login that fails: "not authorised".
pub(crate) fn refusal(version: Version) -> Packet {
    let code = if version == Version::V3 { 5 } else { 0x87 };
    Packet::ConnAck {
        session_present: false,
        code,
    }
}

/// What a version 5 client is told before the broker closes; 3.1.1 has no such packet.
pub(crate) fn farewell(version: Version) -> Vec<Packet> {
    match version {
        Version::V3 => vec![],
        Version::V5 => vec![Packet::Disconnect { code: 0x80 }],
    }
}

/// Files of a fleet, before its broker starts.
pub(crate) struct Fleet {
    dir: TempDir,
}

impl Fleet {
    pub(crate) fn new() -> Self {
        let fleet = Self {
            dir: tempfile::tempdir().unwrap(),
        };
        let hex: String = root()
            .auth()
            .expose()
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect();
        fleet.write("auth_root.key", &format!("{hex}\n"));
        fleet.write("devices.csv", DEVICES);
        fleet.write("policy.toml", POLICY);
        fleet
    }

    /// Writes a file that only its owner may read.
    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    }

    /// Writes the policy with one thing changed.
    pub(crate) fn edit_policy(&self, from: &str, to: &str) {
        assert!(POLICY.contains(from), "{from}");
        self.write("policy.toml", &POLICY.replace(from, to));
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn audit(&self) -> String {
        fs::read_to_string(self.path("audit.jsonl")).unwrap()
    }

    /// A broker with the plugin and this fleet's policy.
    pub(crate) fn setup(&self) -> Setup {
        Setup::new()
            .plugin(plugin_path().unwrap())
            .option("policy", self.path("policy.toml"))
            .user(PERSON, PERSON_PASSWORD)
    }

    pub(crate) fn start(&self) -> Broker {
        self.setup().start().unwrap()
    }
}

pub(crate) fn root() -> Root {
    Root::from_bytes([7; 32])
}

/// Unix time in seconds, `offset` away from now.
pub(crate) fn time(offset: i64) -> UnixTime {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs();
    UnixTime::from_secs(now.checked_add_signed(offset).unwrap()).unwrap()
}

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

/// A device in the field, or somebody with the wrong keys who pretends to be one.
pub(crate) struct FieldDevice {
    id: String,
    key: LoginKey,
    stamper: LoginStamper,
    sealer: Sealer,
    seal_stamper: SealStamper,
}

impl FieldDevice {
    /// An honest device.
    pub(crate) fn new(id: &str) -> Self {
        Self::with(id, &root(), HARDWARE_ID, AUDIENCE)
    }

    /// One that differs from an honest device in whatever is passed here.
    pub(crate) fn with(id: &str, root: &Root, hardware_id: [u8; 6], audience: &str) -> Self {
        let device = Device::new(id, Generation::new(1).unwrap()).unwrap();
        let hardware_id = HardwareId::new(&hardware_id).unwrap();
        let audience = Audience::new(audience).unwrap();
        let key = root.auth().seed(device).login_key(hardware_id, audience);
        let mut flash = Flash([[0xff; BOOT_SLOT_LEN]; 2]);
        BootRecord::provision(&mut flash, time(-86_400)).unwrap();
        let mut boot = BootRecord::start(&mut flash).unwrap();
        let up_seed = root.up().seed(device);
        Self {
            id: id.into(),
            key,
            stamper: boot.login_stamper().unwrap(),
            sealer: Sealer::uplink(&up_seed, device, hardware_id, Sender::DEVICE).unwrap(),
            seal_stamper: boot.seal_stamper(Sender::DEVICE, [1; 4]).unwrap(),
        }
    }

    /// A fresh password with this clock.
    pub(crate) fn password(&mut self, clock: Clock) -> String {
        let device = Device::new(&self.id, Generation::new(1).unwrap()).unwrap();
        self.stamper
            .mint(&self.key, device, clock)
            .unwrap()
            .as_str()
            .into()
    }

    /// A sealed payload.
    pub(crate) fn seal(&mut self, class: Class, topic: &str, payload: &[u8]) -> Vec<u8> {
        let mut out = vec![0; sealed_len(payload.len())];
        let clock = Clock::Trusted(time(0));
        self.sealer
            .seal(
                &mut self.seal_stamper,
                class,
                topic,
                clock,
                payload,
                &mut out,
            )
            .unwrap();
        out
    }

    /// A CONNECT with a fresh password of now.
    pub(crate) fn connect(&mut self) -> Connect {
        let password = self.password(Clock::Trusted(time(0)));
        Connect::new(&self.id).login(&self.id, password)
    }

    /// A connection that is logged in.
    pub(crate) fn log_in(&mut self, broker: &Broker, version: Version) -> Wire {
        accepted(broker, version, &self.connect())
    }
}

/// The foreign root of an attacker who has none of ours.
pub(crate) fn foreign_root() -> Root {
    Root::from_bytes([8; 32])
}

/// A connection whose CONNECT must be accepted.
pub(crate) fn accepted(broker: &Broker, version: Version, connect: &Connect) -> Wire {
    let (wire, answer) = Wire::dial(broker.address(), version, connect).unwrap();
    assert_eq!(answer, ACCEPTED, "{}", broker.log());
    wire
}

/// Asserts that this CONNECT gets the one refusal, and then the end of the connection.
#[track_caller]
pub(crate) fn assert_refused(broker: &Broker, version: Version, connect: &Connect) {
    let (mut wire, answer) = Wire::dial(broker.address(), version, connect).unwrap();
    assert_eq!(answer, refusal(version));
    assert_eq!(wire.receive().unwrap(), Packet::Closed);
}

/// What the log says after a reload that worked.
pub(crate) const RELOADED: &str = "mqward: policy reloaded";

/// Reloads, and returns when the log says `outcome` once more.
pub(crate) fn reload(broker: &Broker, outcome: &str) {
    let before = broker.log().matches(outcome).count();
    for attempt in 0..1000 {
        // Mosquitto forgets a SIGHUP that comes while it reloads, so one may not be enough.
        if attempt % 100 == 0 {
            broker.hang_up().unwrap();
        }
        sleep(Duration::from_millis(10));
        if broker.log().matches(outcome).count() > before {
            return;
        }
    }
    panic!("no `{outcome}` in the log:\n{}", broker.log());
}

/// The person, subscribed to everything that devices send.
pub(crate) fn reader(broker: &Broker, version: Version) -> Wire {
    let mut wire = accepted(
        broker,
        version,
        &Connect::new(PERSON).login(PERSON, PERSON_PASSWORD),
    );
    wire.subscribe(&["tx/#"]).unwrap();
    assert_eq!(
        wire.receive().unwrap(),
        Packet::SubAck {
            id: 2,
            codes: vec![1]
        }
    );
    wire
}

/// The next message that `reader` gets, topic and payload; acknowledged.
#[track_caller]
pub(crate) fn message(reader: &mut Wire) -> (String, Vec<u8>) {
    match reader.receive().unwrap() {
        Packet::Publish(publish) => {
            if publish.id != 0 {
                reader.acknowledge(publish.id).unwrap();
            }
            (publish.topic, publish.payload)
        }
        other => panic!("no PUBLISH but {other:?}"),
    }
}
