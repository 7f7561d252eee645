//! Reloads: all or nothing, with the replay store kept.

use std::fs;
use std::sync::{Arc, Mutex};

use mqward::{Advance, Mark, Reason, UnixTime};
use mqward_broker::{ColdStart, Guard, MemoryReplayStore, ReplayStore, StoreUnavailable};

use crate::test_fleet::{
    DEVICE, DEVICES, NOW, OTHER, POLICY, TestDevice, TestFleet, login, login_again, now, set_mode,
};

#[test]
fn a_bad_file_keeps_what_was_in_force() {
    let fleet = TestFleet::new();
    let guard = fleet.guard();
    let mut device = TestDevice::new(DEVICE);
    for (file, text, expected) in [
        (
            "policy.toml",
            "audience = \"mqtt.example.com\"\nrole = 1\n",
            "policy.toml:2: ",
        ),
        ("devices.csv", "client_id,generation\n", "devices.csv:1: "),
        ("auth_root.key", "00\n", "auth_root.key:1: "),
    ] {
        let before = fs::read_to_string(fleet.path(file)).unwrap();
        fleet.write(file, text);
        let error = guard.reload(now()).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
        assert_eq!(device.login(&guard, NOW), Ok(()), "{file}");
        fleet.write(file, &before);
        assert!(guard.reload(now()).is_ok());
    }
    let lines = fleet.audit_lines();
    let reloads: Vec<_> = lines
        .iter()
        .filter(|line| line["event"] == "reload")
        .collect();
    assert_eq!(reloads.len(), 6);
    assert_eq!(reloads[0]["verdict"], "refuse");
    assert!(
        reloads[0]["detail"]
            .as_str()
            .unwrap()
            .contains("policy.toml:2: ")
    );
    assert_eq!(reloads[1]["verdict"], "allow");
}

#[test]
fn marks_survive_a_reload() {
    let fleet = TestFleet::new();
    let guard = fleet.guard();
    let password = TestDevice::new(DEVICE).password_at(NOW);
    assert_eq!(login(&guard, DEVICE, &password, NOW), Ok(()));
    guard.reload(now()).unwrap();
    assert_eq!(login(&guard, DEVICE, &password, NOW), Err(Reason::Replayed));
}

#[test]
fn a_revoked_device_is_refused_also_on_its_own_connection() {
    let fleet = TestFleet::new();
    let guard = fleet.guard();
    let password = TestDevice::new(DEVICE).password_at(NOW);
    let other = TestDevice::new(OTHER).password_at(NOW);
    assert_eq!(login(&guard, DEVICE, &password, NOW), Ok(()));
    assert_eq!(login(&guard, OTHER, &other, NOW), Ok(()));
    fleet.write(
        "devices.csv",
        &DEVICES.replace("device-0123456789ab,1,246f28a1b2c3,required\n", ""),
    );
    guard.reload(now()).unwrap();
    assert_eq!(
        login_again(&guard, DEVICE, &password, NOW + 900),
        Err(Reason::Revoked)
    );
    assert_eq!(login_again(&guard, OTHER, &other, NOW + 900), Ok(()));
}

#[test]
fn new_rules_and_new_devices_count_at_once() {
    let fleet = TestFleet::new();
    let guard = fleet.guard();
    let new = "device-00000000000f";
    assert_eq!(
        TestDevice::new(new).login(&guard, NOW),
        Err(Reason::UnknownDevice)
    );
    fleet.write(
        "devices.csv",
        &format!("{DEVICES}{new},1,246f28a1b2c3,required\n"),
    );
    fleet.write(
        "policy.toml",
        &POLICY.replace("allow = \"rx/%c/#\"", "allow = \"in/%c/#\""),
    );
    guard.reload(now()).unwrap();
    assert_eq!(TestDevice::new(new).login(&guard, NOW), Ok(()));
    assert!(
        guard
            .subscribe(new.as_bytes(), b"in/device-00000000000f/#", None)
            .is_allowed()
    );
    assert!(
        !guard
            .subscribe(new.as_bytes(), b"rx/device-00000000000f/#", None)
            .is_allowed()
    );
}

#[test]
fn the_log_is_reopened_after_rotation() {
    let fleet = TestFleet::new();
    let guard = fleet.guard();
    let mut device = TestDevice::new(DEVICE);
    device.login(&guard, NOW).unwrap();
    fs::rename(fleet.path("audit.jsonl"), fleet.path("audit.jsonl.1")).unwrap();
    guard.reload(now()).unwrap();
    device.login(&guard, NOW).unwrap();
    let events: Vec<_> = fleet
        .audit_lines()
        .iter()
        .map(|line| line["event"].clone())
        .collect();
    assert_eq!(events, ["reload", "login"]);
    assert_eq!(
        fs::read_to_string(fleet.path("audit.jsonl.1"))
            .unwrap()
            .lines()
            .count(),
        1
    );
}

#[cfg(unix)]
#[test]
fn keys_that_others_may_read_are_refused() {
    let fleet = TestFleet::new();
    for mode in [0o644, 0o640, 0o604, 0o620, 0o610] {
        set_mode(&fleet.path("auth_root.key"), mode);
        let error = fleet.open().unwrap_err();
        assert_eq!(error.file(), fleet.path("auth_root.key"));
        assert!(error.reason().contains(&format!("{mode:04o}")), "{error}");
    }
    for mode in [0o600, 0o400] {
        set_mode(&fleet.path("auth_root.key"), mode);
        assert!(fleet.open().is_ok());
    }
}

/// A store whose notes are on another machine, which notes no window above a limit.
struct NotingStore {
    store: MemoryReplayStore,
    noted: Arc<Mutex<Vec<u16>>>,
    limit: u16,
}

impl NotingStore {
    fn boxed(limit: u16) -> (Box<Self>, Arc<Mutex<Vec<u16>>>) {
        let noted = Arc::new(Mutex::new(Vec::new()));
        let store = Self {
            store: MemoryReplayStore::new(ColdStart::Open),
            noted: Arc::clone(&noted),
            limit,
        };
        (Box::new(store), noted)
    }
}

impl ReplayStore for NotingStore {
    fn advance(&self, client_id: &str, mark: Mark, time: Option<UnixTime>) -> Advance {
        self.store.advance(client_id, mark, time)
    }

    fn newest(&self, client_id: &str) -> Result<Option<Mark>, StoreUnavailable> {
        self.store.newest(client_id)
    }

    fn widen(&self, window_secs: u16) -> Result<(), StoreUnavailable> {
        if window_secs > self.limit {
            return Err(StoreUnavailable);
        }
        let mut noted = self.noted.lock().map_err(|_| StoreUnavailable)?;
        noted.push(window_secs);
        Ok(())
    }
}

#[test]
fn a_window_counts_once_the_store_has_noted_it() {
    let fleet = TestFleet::new();
    let path = fleet.path("policy.toml");
    let (store, noted) = NotingStore::boxed(300);
    let guard = Guard::open_with_store(&path, store).unwrap();
    assert_eq!(*noted.lock().unwrap(), [60]);
    let late = TestDevice::new(DEVICE).password_at(NOW - 200);
    let refused = Err(Reason::OutsideWindow);
    assert_eq!(login(&guard, DEVICE, &late, NOW), refused);
    // With it comes nothing else that the file says.
    fleet.policy(
        "window = 60",
        "window = 600\n[migration]\nfile = \"stages\"",
    );
    let error = guard.reload(now()).unwrap_err().to_string();
    assert!(error.contains("window of 600"), "{error}");
    assert_eq!(login(&guard, DEVICE, &late, NOW), refused);
    let lines = fleet.audit_lines();
    let line = lines.iter().rfind(|line| line["event"] == "reload");
    assert_eq!(line.unwrap()["verdict"], "refuse");
    fleet.policy("window = 60", "window = 300");
    guard.reload(now()).unwrap();
    assert_eq!(login(&guard, DEVICE, &late, NOW), Ok(()));
    // A store that cannot be asked stands in the way of no other change.
    for smaller in ["window = 300", "window = 30"] {
        fleet.policy("window = 60", smaller);
        guard.reload(now()).unwrap();
    }
    assert_eq!(*noted.lock().unwrap(), [60, 300]);
}

#[test]
fn a_broker_does_not_start_with_a_window_that_its_store_cannot_note() {
    let fleet = TestFleet::new();
    let (store, _) = NotingStore::boxed(59);
    let error = Guard::open_with_store(&fleet.path("policy.toml"), store).unwrap_err();
    assert!(error.to_string().contains("window of 60"), "{error}");
}
