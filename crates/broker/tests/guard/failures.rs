//! What goes wrong around a broker: it refuses with a reason, loses nothing, and goes on by itself.

use std::fs;

use core::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;

use mqward::{Advance, Mark, Reason, UnixTime};
use mqward_broker::{
    ColdStart, Guard, MemoryReplayStore, ReplayStart, ReplayStore, StoreUnavailable,
};

use crate::test_fleet::{
    DEVICE, NOW, POLICY, TestDevice, TestFleet, login, login_again, now, time,
};

const YEAR: u32 = 365 * 86_400;

fn durable() -> TestFleet {
    let fleet = TestFleet::new();
    fleet.write(
        "policy.toml",
        &POLICY.replace("cold_start = \"open\"", "file = \"replay.journal\""),
    );
    drop(mqward_broker::ReplayJournal::create(&fleet.path("replay.journal"), now()).unwrap());
    fleet
}

fn open_at(fleet: &TestFleet, secs: u32) -> Guard {
    Guard::open(&fleet.path("policy.toml"), time(secs)).unwrap()
}

#[test]
fn a_clock_that_jumps_a_year_refuses_in_words_and_uses_nothing_up() {
    for jumped in [NOW + YEAR, NOW - YEAR] {
        let fleet = durable();
        let guard = open_at(&fleet, NOW);
        let mut device = TestDevice::new(DEVICE);
        let used = device.password_at(NOW);
        assert_eq!(login(&guard, DEVICE, &used, NOW), Ok(()));
        let honest = device.password_at(NOW + 1);
        // The broker's clock is wrong now, the device's is right.
        assert_eq!(
            login(&guard, DEVICE, &honest, jumped),
            Err(Reason::OutsideWindow)
        );
        let line = fleet.audit_lines().pop().unwrap();
        assert_eq!(line["reason"], "outside-window");
        assert_eq!(
            line["skew"].as_i64().unwrap(),
            i64::from(NOW + 1) - i64::from(jumped)
        );
        guard.reload(time(jumped)).unwrap();
        // Repaired: the very same password passes, the used one does not.
        assert_eq!(login(&guard, DEVICE, &honest, NOW + 2), Ok(()));
        assert_eq!(login(&guard, DEVICE, &used, NOW + 2), Err(Reason::Replayed));
    }
}

#[test]
fn a_restart_under_a_wrong_clock_forgets_nothing() {
    for jumped in [NOW + YEAR, NOW - YEAR] {
        let fleet = durable();
        let guard = open_at(&fleet, NOW);
        let mut device = TestDevice::new(DEVICE);
        let used = device.password_at(NOW);
        assert_eq!(login(&guard, DEVICE, &used, NOW), Ok(()));
        drop(guard);
        let guard = open_at(&fleet, jumped);
        assert_eq!(
            device.login(&guard, NOW + 1),
            Ok(()),
            "time is what the adapter says"
        );
        drop(guard);
        let guard = open_at(&fleet, NOW + 2);
        // What a process before this one accepted is not told from a counter that went back.
        assert!(login(&guard, DEVICE, &used, NOW + 2).is_err());
        assert_eq!(device.login(&guard, NOW + 2), Ok(()), "and nobody waits");
    }
}

#[test]
fn a_store_that_was_in_a_wrong_future_when_the_power_failed_says_until_when_it_is_closed() {
    let fleet = durable();
    let guard = open_at(&fleet, NOW + YEAR);
    drop(guard);
    // What tells that the machine ran on is gone: the last record, and with it the end in order.
    let path = fleet.path("replay.journal");
    let bytes = fs::read(&path).unwrap();
    let cut = bytes.len() - 11;
    fs::OpenOptions::new()
        .write(true)
        .open(&path)
        .unwrap()
        .set_len(cut.try_into().unwrap())
        .unwrap();
    fs::write(fleet.path("replay.journal.lock"), "").unwrap();
    let guard = open_at(&fleet, NOW);
    let mut device = TestDevice::new(DEVICE);
    assert_eq!(device.login(&guard, NOW + 100), Err(Reason::Unavailable));
    let opened = fleet
        .audit_lines()
        .into_iter()
        .rfind(|line| line["event"] == "store");
    let detail = opened.unwrap()["detail"].as_str().unwrap().to_owned();
    let until: u32 = detail.rsplit(' ').next().unwrap().parse().unwrap();
    assert!(until >= NOW + YEAR, "{detail}");
    drop(guard);
    // What the guide says: without the file the store is as cold as any, and marks are merged back.
    let marks = mqward_broker::ReplayJournal::read_marks(&path).unwrap();
    fs::remove_file(&path).unwrap();
    let cold = ColdStart::Strict {
        start: time(NOW),
        window_secs: 60,
    };
    let store = mqward_broker::ReplayJournal::open(&path, cold, time(NOW)).unwrap();
    assert_eq!(store.start(), ReplayStart::Missing);
    store.merge(&marks).unwrap();
    assert!(store.not_before().unwrap() < time(NOW + 120));
    assert!(store.maintain(time(NOW)).is_empty());
    drop(store);
    let guard = open_at(&fleet, NOW + 120);
    assert_eq!(device.login(&guard, NOW + 120), Ok(()));
}

#[test]
fn a_key_file_that_is_gone_keeps_what_was_in_force() {
    let fleet = TestFleet::new();
    let guard = fleet.guard();
    let mut device = TestDevice::new(DEVICE);
    for file in ["auth_root.key", "devices.csv"] {
        let bytes = fs::read(fleet.path(file)).unwrap();
        fs::remove_file(fleet.path(file)).unwrap();
        let error = guard.reload(time(NOW)).unwrap_err().to_string();
        assert!(error.contains(file), "{error}");
        let line = fleet.audit_lines().pop().unwrap();
        assert_eq!(line["event"], "reload");
        assert!(line["detail"].as_str().unwrap().contains(file), "{line}");
        assert_eq!(device.login(&guard, NOW), Ok(()), "{file}");
        // At a start nothing is in force.
        let error = fleet.open().unwrap_err().to_string();
        assert!(error.contains(file), "{error}");
        fs::write(fleet.path(file), bytes).unwrap();
        crate::test_fleet::set_mode(&fleet.path(file), 0o600);
        guard.reload(time(NOW)).unwrap();
    }
}

/// A store behind a network that comes and goes.
struct FarStore {
    store: MemoryReplayStore,
    is_up: Arc<AtomicBool>,
}

impl ReplayStore for FarStore {
    fn advance(&self, client_id: &str, mark: Mark, at: Option<UnixTime>) -> Advance {
        match self.is_up.load(Ordering::Relaxed) {
            true => self.store.advance(client_id, mark, at),
            false => Advance::Unavailable,
        }
    }

    fn newest(&self, client_id: &str) -> Result<Option<Mark>, StoreUnavailable> {
        match self.is_up.load(Ordering::Relaxed) {
            true => self.store.newest(client_id),
            false => Err(StoreUnavailable),
        }
    }
}

#[test]
fn while_the_store_cannot_be_asked_nobody_gets_in_and_nothing_is_used_up() {
    let fleet = TestFleet::new();
    let is_up = Arc::new(AtomicBool::new(true));
    let store = FarStore {
        store: MemoryReplayStore::new(ColdStart::Open),
        is_up: Arc::clone(&is_up),
    };
    let guard = Guard::open_with_store(&fleet.path("policy.toml"), Box::new(store)).unwrap();
    let mut device = TestDevice::new(DEVICE);
    let connected = device.password_at(NOW);
    assert_eq!(login(&guard, DEVICE, &connected, NOW), Ok(()));
    let fresh = device.password_at(NOW);
    is_up.store(false, Ordering::Relaxed);
    // A used password, a fresh one, and that of a connection that asks again: none is told from another.
    for password in [&connected, &fresh] {
        assert_eq!(
            login(&guard, DEVICE, password, NOW),
            Err(Reason::Unavailable)
        );
        assert_eq!(
            login_again(&guard, DEVICE, password, NOW),
            Err(Reason::Unavailable)
        );
        let line = fleet.audit_lines().pop().unwrap();
        assert_eq!(line["reason"], "unavailable");
        assert!(line["detail"].as_str().unwrap().contains("replay store"));
    }
    is_up.store(true, Ordering::Relaxed);
    assert_eq!(login_again(&guard, DEVICE, &connected, NOW), Ok(()));
    assert_eq!(login(&guard, DEVICE, &fresh, NOW), Ok(()));
    assert_eq!(login(&guard, DEVICE, &fresh, NOW), Err(Reason::Replayed));
}
