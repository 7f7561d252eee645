//! Devices from a registry that changes while the broker runs.

use std::fs;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};

use mqward::{Access, Advance, AuthSeed, Effect, Generation, Mark, Publish, Reason, UnixTime};
use mqward_broker::{
    ColdStart, DeviceRule, Guard, MemoryReplayStore, NewDevice, Outcome, Registry, ReplayStore,
    StoreUnavailable,
};

use crate::test_fleet::{
    AUDIENCE, DEVICE, HARDWARE, NOW, OTHER, TestDevice, TestFleet, auth_root, eventually, login,
    login_again, now, registry_policy, request, time,
};

/// A fleet whose registry has [`DEVICE`] in it, and a command that has it open.
fn fleet() -> (TestFleet, Registry) {
    let fleet = TestFleet::new();
    fleet.write("policy.toml", &registry_policy());
    let mut registry = Registry::create(&fleet.path("registry.db")).unwrap();
    registry
        .add(&NewDevice::new(DEVICE, &HARDWARE), now())
        .unwrap();
    (fleet, registry)
}

fn publish(guard: &Guard, client_id: &str, topic: &str) -> bool {
    let packet = Publish {
        topic: topic.as_bytes(),
        payload: b"",
        retain: false,
        packet_len: None,
    };
    guard
        .publish(client_id.as_bytes(), &packet, None)
        .is_allowed()
}

#[test]
fn what_a_command_changes_counts_within_seconds() {
    let (fleet, mut registry) = fleet();
    let guard = fleet.guard();
    let start = guard.changes_since(0).upto;
    let mut device = TestDevice::new(DEVICE);
    assert_eq!(device.login(&guard, NOW), Ok(()));
    let mut other = TestDevice::new(OTHER);
    assert_eq!(other.login(&guard, NOW), Err(Reason::UnknownDevice));

    registry
        .add(&NewDevice::new(OTHER, &HARDWARE), now())
        .unwrap();
    eventually(|| guard.may_stay(OTHER.as_bytes()));
    assert_eq!(other.login(&guard, NOW), Ok(()));

    let connected = device.password_at(NOW);
    assert_eq!(login(&guard, DEVICE, &connected, NOW), Ok(()));
    let before = guard.changes_since(start);
    registry.revoke(DEVICE, "stolen", now()).unwrap();
    eventually(|| !guard.may_stay(DEVICE.as_bytes()));
    assert_eq!(device.login(&guard, NOW), Err(Reason::Revoked));
    assert_eq!(
        login_again(&guard, DEVICE, &connected, NOW + 900),
        Err(Reason::Revoked)
    );
    assert_eq!(other.login(&guard, NOW), Ok(()));
    eventually(|| guard.changes_since(before.upto).client_ids == Some(vec![DEVICE.to_owned()]));

    registry.unrevoke(DEVICE, now()).unwrap();
    eventually(|| guard.may_stay(DEVICE.as_bytes()));
    assert_eq!(device.login(&guard, NOW), Ok(()));
}

#[test]
fn the_first_login_of_a_generation_ends_the_one_before() {
    let (fleet, mut registry) = fleet();
    registry.rotate(DEVICE, None, None, now()).unwrap();
    let guard = fleet.guard();
    let mut old = TestDevice::new(DEVICE);
    let mut new = TestDevice::of_generation(DEVICE, 2);
    assert_eq!(
        old.login(&guard, NOW),
        Ok(()),
        "the new one may take its time"
    );
    assert!(guard.may_stay(DEVICE.as_bytes()));
    assert_eq!(new.login(&guard, NOW), Ok(()));
    assert_eq!(old.login(&guard, NOW), Err(Reason::Revoked));
    let mut never_issued = TestDevice::of_generation(DEVICE, 3);
    assert_eq!(never_issued.login(&guard, NOW), Err(Reason::UnknownDevice));
    registry
        .revoke_generation(DEVICE, Generation::new(2).unwrap(), now())
        .unwrap();
    eventually(|| !guard.may_stay(DEVICE.as_bytes()));
    assert_eq!(new.login(&guard, NOW), Err(Reason::Revoked));
}

#[test]
fn a_registry_that_cannot_be_read_stays_in_force_as_it_was() {
    let (fleet, mut registry) = fleet();
    let guard = fleet.guard();
    let mut device = TestDevice::new(DEVICE);
    let path = fleet.path("registry.db");
    let says = |words: &str| {
        fleet.audit_lines().iter().any(|line| {
            line["event"] == "registry" && line["detail"].as_str().unwrap().contains(words)
        })
    };
    fs::rename(&path, fleet.path("away.db")).unwrap();
    eventually(|| says("cannot be read"));
    assert_eq!(device.login(&guard, NOW), Ok(()));
    assert!(
        guard.reload(now()).is_ok(),
        "known well enough to go on with"
    );
    assert_eq!(device.login(&guard, NOW), Ok(()));
    assert!(guard.metrics().contains("mqward_registry_failures_total"));
    registry.revoke(DEVICE, "while it was away", now()).unwrap();
    drop(registry);
    fs::rename(fleet.path("away.db"), &path).unwrap();
    eventually(|| says("can be read again"));
    eventually(|| device.login(&guard, NOW) == Err(Reason::Revoked));

    // An older state of the file, as from a backup: what it says counts, whatever was known before.
    drop(guard);
    let guard = fleet.guard();
    let mut backup = Registry::create(&fleet.path("backup.db")).unwrap();
    backup
        .add(&NewDevice::new(DEVICE, &HARDWARE), now())
        .unwrap();
    drop(backup);
    for log in ["-wal", "-shm", ""] {
        let _ = fs::remove_file(fleet.path(&format!("registry.db{log}")));
    }
    fs::rename(fleet.path("backup.db"), &path).unwrap();
    eventually(|| device.login(&guard, NOW) == Ok(()));
}

#[test]
fn seeds_of_a_devices_own_take_the_place_of_a_root() {
    let (fleet, mut registry) = fleet();
    let seed = || AuthSeed::from_bytes([0x5e; 32]);
    let seeded = NewDevice {
        auth_seed: Some(seed()),
        ..NewDevice::new(OTHER, &HARDWARE)
    };
    registry.add(&seeded, now()).unwrap();
    let key = || {
        let hardware = mqward::HardwareId::new(&HARDWARE).unwrap();
        seed().login_key(hardware, mqward::Audience::new(AUDIENCE).unwrap())
    };
    let mut device = TestDevice::with_key(OTHER, 1, key(), 1_760_000_000);
    let mut from_root = TestDevice::new(OTHER);
    let guard = fleet.guard();
    assert_eq!(device.login(&guard, NOW), Ok(()));
    assert_eq!(from_root.login(&guard, NOW), Err(Reason::WrongTag));
    assert_eq!(
        TestDevice::new(DEVICE).login(&guard, NOW),
        Ok(()),
        "this one is from the root"
    );
    drop(guard);

    // Without any root in the broker.
    let without = registry_policy().replace("[keys]\nauth_root = \"auth_root.key\"\n", "");
    fleet.write("policy.toml", &without);
    fs::remove_file(fleet.path("auth_root.key")).unwrap();
    let guard = fleet.guard();
    assert_eq!(device.login(&guard, NOW), Ok(()));
    assert_eq!(
        TestDevice::new(DEVICE).login(&guard, NOW),
        Err(Reason::UnknownDevice)
    );
    drop(guard);
    #[cfg(unix)]
    {
        crate::test_fleet::set_mode(&fleet.path("registry.db"), 0o640);
        let error = fleet.open().unwrap_err();
        assert!(
            error
                .to_string()
                .contains("registry.db: holds seeds but has mode 0640"),
            "{error}"
        );
    }
    let _ = auth_root();
}

#[test]
fn a_gateway_may_speak_for_another_id_and_by_rules_of_its_own() {
    let (fleet, mut registry) = fleet();
    let policy = registry_policy()
        + r#"
[[role]]
name = "gateway"
client_id = { prefix = "gw-", chars = "word", min = 4, max = 20 }
auth = "mqward"
publish = [{ allow = "gw/%c/#" }]
"#;
    fleet.write("policy.toml", &policy);
    registry
        .add(&NewDevice::new(OTHER, &HARDWARE), now())
        .unwrap();
    registry.set_topic_id(OTHER, Some(DEVICE), now()).unwrap();
    let guard = fleet.guard();
    assert!(!publish(&guard, OTHER, &format!("plain/{OTHER}")));
    assert!(publish(&guard, OTHER, &format!("plain/{DEVICE}")));
    assert!(publish(&guard, DEVICE, &format!("plain/{DEVICE}")));
    assert!(!publish(&guard, DEVICE, &format!("plain/{OTHER}")));
    let filter = format!("rx/{DEVICE}/#");
    assert!(
        !guard
            .subscribe(OTHER.as_bytes(), filter.as_bytes(), None)
            .is_allowed(),
        "deny wins"
    );
    let topic = format!("rx/{DEVICE}/x");
    assert!(
        guard
            .deliver(OTHER.as_bytes(), topic.as_bytes())
            .is_allowed()
    );
    // It still logs in as itself.
    assert_eq!(TestDevice::new(OTHER).login(&guard, NOW), Ok(()));

    let rules = [
        DeviceRule {
            effect: Effect::Allow,
            access: Access::Publish,
            pattern: "extra/%c".to_owned(),
            sealed: false,
        },
        DeviceRule {
            effect: Effect::Deny,
            access: Access::Publish,
            pattern: "plain/#".to_owned(),
            sealed: false,
        },
    ];
    assert!(!publish(&guard, DEVICE, &format!("extra/{DEVICE}")));
    registry.set_rules(DEVICE, &rules, now()).unwrap();
    eventually(|| publish(&guard, DEVICE, &format!("extra/{DEVICE}")));
    assert!(!publish(&guard, DEVICE, &format!("plain/{DEVICE}")));
    assert!(
        publish(&guard, OTHER, &format!("plain/{DEVICE}")),
        "its rules are not another's"
    );

    registry.set_role(DEVICE, Some("gateway"), now()).unwrap();
    eventually(|| publish(&guard, DEVICE, &format!("gw/{DEVICE}/x")));
    assert_eq!(TestDevice::new(DEVICE).login(&guard, NOW), Ok(()));
    let role = fleet.audit_lines().last().unwrap()["role"].clone();
    assert_eq!(role, "gateway");

    registry.set_role(DEVICE, Some("nonsense"), now()).unwrap();
    eventually(|| !guard.may_stay(DEVICE.as_bytes()));
    assert!(!publish(&guard, DEVICE, &format!("gw/{DEVICE}/x")));
    assert!(
        !guard
            .deliver(DEVICE.as_bytes(), topic.as_bytes())
            .is_allowed()
    );
    let refused = guard.login(&request(DEVICE, "x"), time(NOW));
    assert!(
        matches!(refused, Outcome::Refuse(verdict) if verdict.reason() == Some(Reason::NoRole))
    );
}

#[test]
fn logins_go_on_while_a_command_writes() {
    let (fleet, mut registry) = fleet();
    let guard = fleet.guard();
    let mut device = TestDevice::new(DEVICE);
    let csv: String = core::iter::once("client_id\n".to_owned())
        .chain((0..20_000).map(|number| format!("device-{number:012x}\n")))
        .collect();
    let writer = std::thread::spawn(move || registry.import_csv(csv.as_bytes(), now()));
    let mut slowest = core::time::Duration::ZERO;
    while !guard.may_stay(b"device-000000004e1f") {
        let start = std::time::Instant::now();
        assert_eq!(device.login(&guard, NOW), Ok(()));
        slowest = slowest.max(start.elapsed());
        std::thread::sleep(core::time::Duration::from_millis(1));
    }
    assert_eq!(writer.join().unwrap(), Ok(20_000));
    println!("slowest login beside an import of 20 000 devices: {slowest:?}");
    assert!(
        slowest < core::time::Duration::from_millis(500),
        "{slowest:?}"
    );
}

/// A store that takes its time, as one on a busy disk does: until it is told to answer.
struct SlowStore {
    store: MemoryReplayStore,
    asked: Sender<()>,
    answer: Mutex<Receiver<()>>,
}

impl ReplayStore for SlowStore {
    fn advance(&self, client_id: &str, mark: Mark, at: Option<UnixTime>) -> Advance {
        self.asked.send(()).unwrap();
        self.answer.lock().unwrap().recv().unwrap();
        self.store.advance(client_id, mark, at)
    }

    fn newest(&self, client_id: &str) -> Result<Option<Mark>, StoreUnavailable> {
        self.store.newest(client_id)
    }
}

#[test]
fn who_is_revoked_while_its_login_waits_for_the_store_is_not_let_in() {
    let (fleet, mut registry) = fleet();
    let (asked, is_asked) = channel();
    let (answer, may_answer) = channel();
    let store = SlowStore {
        store: MemoryReplayStore::new(ColdStart::Open),
        asked,
        answer: Mutex::new(may_answer),
    };
    let guard = Guard::open_with_store(&fleet.path("policy.toml"), Box::new(store)).unwrap();
    let mut device = TestDevice::new(DEVICE);
    std::thread::scope(|scope| {
        let login = scope.spawn(|| device.login(&guard, NOW));
        is_asked.recv().unwrap();
        assert!(guard.may_stay(DEVICE.as_bytes()));
        registry.revoke(DEVICE, "just now", now()).unwrap();
        eventually(|| !guard.may_stay(DEVICE.as_bytes()));
        answer.send(()).unwrap();
        assert_eq!(login.join().unwrap(), Err(Reason::Revoked));
    });
    assert_eq!(fleet.audit_lines().pop().unwrap()["reason"], "revoked");
}

#[test]
fn a_registry_that_is_put_back_while_the_broker_runs_is_read_anew() {
    let (fleet, mut registry) = fleet();
    let copy = fleet.path("copy.db");
    registry.back_up(&copy).unwrap();
    registry
        .add(&NewDevice::new(OTHER, &HARDWARE), now())
        .unwrap();
    registry.revoke(DEVICE, "by mistake", now()).unwrap();
    let guard = fleet.guard();
    assert!(guard.may_stay(OTHER.as_bytes()) && !guard.may_stay(DEVICE.as_bytes()));
    drop(registry);
    let path = fleet.path("registry.db");
    for suffix in ["", "-wal", "-shm"] {
        fs::remove_file(fleet.path(&format!("registry.db{suffix}"))).unwrap();
    }
    // Nobody gets in, nor stays, by way of a file that is not there.
    std::thread::sleep(core::time::Duration::from_millis(1_500));
    assert!(guard.may_stay(OTHER.as_bytes()) && !guard.may_stay(DEVICE.as_bytes()));
    let mut restored = Registry::restore(&copy, &path).unwrap();
    // As many changes as there were before: the number of changes alone would not tell.
    restored.set_note(DEVICE, "one", now()).unwrap();
    restored.set_note(DEVICE, "two", now()).unwrap();
    eventually(|| guard.may_stay(DEVICE.as_bytes()) && !guard.may_stay(OTHER.as_bytes()));
    let mut device = TestDevice::new(DEVICE);
    assert_eq!(device.login(&guard, NOW), Ok(()));
}
