//! Connections that are cut, a broker that is killed, and who comes back.

use core::time::Duration;
use std::fs;
use std::thread::sleep;
use std::time::Instant;

use mqward_broker::ReplayJournal;
use mqward_testbed::{Broker, Version, Wire};

use crate::fleet::{ALICE, BOB, FieldDevice, Fleet, POLICY, accepted, refusal, time};
use crate::mint::Mint;
use crate::relay::Relay;
use crate::{Client, Passwords, mosquitto, paho, rumqtt};

/// How long a client may take to come back.
const PATIENCE: Duration = Duration::from_secs(240);

/// A fleet with its broker, a device with one of the clients, and the line between them.
struct Scene {
    fleet: Fleet,
    broker: Broker,
    relay: Relay,
    mint: Mint,
}

impl Scene {
    fn new() -> Self {
        let fleet = Fleet::new();
        let policy = POLICY.replace("cold_start = \"open\"", "file = \"replay.journal\"");
        fleet.write("policy.toml", &policy);
        drop(ReplayJournal::create(&fleet.path("replay.journal"), time(0)).unwrap());
        let broker = fleet.start();
        let relay = Relay::new(broker.address());
        let mint = Mint::new(&fleet, ALICE);
        Self {
            fleet,
            broker,
            relay,
            mint,
        }
    }

    fn client(&self, version: Version, passwords: Passwords) -> Client<'_> {
        Client {
            mint: &self.mint,
            version,
            port: self.relay.port(),
            passwords,
        }
    }

    /// How many lines about the device the audit log has with this text.
    fn audited(&self, text: &str) -> usize {
        let audit = fs::read_to_string(self.fleet.path("audit.jsonl")).unwrap_or_default();
        let lines = audit.lines().filter(|line| line.contains(ALICE));
        lines.filter(|line| line.contains(text)).count()
    }

    #[track_caller]
    fn await_audited(&self, text: &str, times: usize) {
        let deadline = Instant::now() + PATIENCE;
        while self.audited(text) < times {
            let log = self.broker.log();
            assert!(Instant::now() < deadline, "not {times} of {text}\n{log}");
            sleep(Duration::from_millis(20));
        }
    }

    /// Whoever listened has nothing: every CONNECT that was sent is refused.
    fn assert_used_up(&self, version: Version) {
        for connect in self.relay.connects() {
            let mut wire = Wire::open(self.broker.address(), version).unwrap();
            wire.send(&connect).unwrap();
            assert_eq!(wire.receive().unwrap(), refusal(version));
        }
    }
}

const ALLOWED: &str = "\"verdict\":\"allow\"";
const REFUSED: &str = "\"verdict\":\"refuse\"";
const REPLAYED: &str = "\"reason\":\"replayed\"";

/// Whether a client is told to mint before each CONNECT, or only after it was refused.
#[derive(Copy, Clone, Eq, PartialEq)]
enum Minting {
    BeforeEach,
    AfterRefusal,
}

/// Starts a client, which goes on until what comes back is dropped.
type Start<T> = fn(&Client<'_>) -> T;

fn comes_back<T>(start: Start<T>, minting: Minting) {
    for version in Version::ALL {
        let mut scene = Scene::new();
        let client = start(&scene.client(version, Passwords::Fresh));
        scene.await_audited(ALLOWED, 1);
        for times in [2, 3] {
            scene.relay.cut();
            scene.await_audited(ALLOWED, times);
        }
        scene.broker.kill().unwrap();
        sleep(Duration::from_secs(1));
        scene.broker.restart().unwrap();
        scene.await_audited(ALLOWED, 4);
        drop(client);
        let (refused, replayed) = (scene.audited(REFUSED), scene.audited(REPLAYED));
        let connects = scene.relay.connects();
        let mut different = connects.clone();
        different.sort_unstable();
        different.dedup();
        assert!(different.len() >= 4, "{}", scene.broker.log());
        match minting {
            Minting::BeforeEach => {
                assert_eq!(refused, 0, "{}", scene.broker.log());
                assert_eq!(different.len(), connects.len());
            }
            // Its own attempt to reconnect, with the password that it has.
            Minting::AfterRefusal => assert_eq!(refused, replayed, "{}", scene.broker.log()),
        }
        scene.assert_used_up(version);
    }
}

/// A client that knows only its first password is let in once.
fn stays_out_and_harms_nobody<T>(start: Start<T>) {
    for version in Version::ALL {
        let scene = Scene::new();
        let client = start(&scene.client(version, Passwords::Old));
        scene.await_audited(ALLOWED, 1);
        scene.relay.cut();
        scene.await_audited(REPLAYED, 3);
        assert_eq!(scene.audited(ALLOWED), 1, "{}", scene.broker.log());
        // The device itself, from the same address, with a new password; and another one.
        let mut device = own_login(&scene, version);
        let mut other = FieldDevice::new(BOB).log_in(&scene.broker, version);
        let before = scene.audited(REPLAYED);
        scene.await_audited(REPLAYED, before + 3);
        assert!(device.is_open_and_quiet().unwrap());
        assert!(other.is_open_and_quiet().unwrap());
        drop(own_login(&scene, version));
        drop(client);
        assert_eq!(scene.audited(ALLOWED), 3, "{}", scene.broker.log());
        assert_eq!(scene.audited(REFUSED), scene.audited(REPLAYED));
        scene.assert_used_up(version);
    }
}

fn own_login(scene: &Scene, version: Version) -> Wire {
    let connect = mqward_testbed::Connect::new(ALICE).login(ALICE, scene.mint.password());
    accepted(&scene.broker, version, &connect)
}

#[test]
fn paho_python_comes_back() {
    comes_back(paho::start, Minting::BeforeEach);
}

#[test]
fn paho_python_with_its_old_password_stays_out() {
    stays_out_and_harms_nobody(paho::start);
}

#[test]
fn rumqttc_comes_back() {
    comes_back(rumqtt::start, Minting::BeforeEach);
}

#[test]
fn rumqttc_with_its_old_password_stays_out() {
    stays_out_and_harms_nobody(rumqtt::start);
}

#[test]
fn mosquitto_sub_comes_back() {
    comes_back(
        |client| mosquitto::start("mosquitto_sub", client),
        Minting::AfterRefusal,
    );
}

#[test]
fn mosquitto_sub_with_its_old_password_stays_out() {
    stays_out_and_harms_nobody(|client| mosquitto::start("mosquitto_sub", client));
}

#[test]
fn mosquitto_pub_comes_back() {
    comes_back(
        |client| mosquitto::start("mosquitto_pub", client),
        Minting::AfterRefusal,
    );
}

#[test]
fn mosquitto_pub_with_its_old_password_stays_out() {
    stays_out_and_harms_nobody(|client| mosquitto::start("mosquitto_pub", client));
}
