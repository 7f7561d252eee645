//! A guard over a replay store in a file.

use std::fs;

use mqward::{Clock, Reason};
use mqward_broker::{Guard, ReplayJournal};

use crate::test_fleet::{CLOCKLESS, DEVICE, NOW, POLICY, TestDevice, TestFleet, login, now, time};

fn durable() -> TestFleet {
    let fleet = TestFleet::new();
    let file = "[replay]\nfile = \"replay.journal\"";
    fleet.write(
        "policy.toml",
        &POLICY.replace("[replay]\ncold_start = \"open\"", file),
    );
    drop(ReplayJournal::create(&fleet.path("replay.journal"), now()).unwrap());
    fleet
}

fn open(fleet: &TestFleet, secs: u32) -> Guard {
    Guard::open(&fleet.path("policy.toml"), time(secs)).unwrap()
}

#[test]
fn a_restart_in_order_makes_nobody_wait() {
    let fleet = durable();
    let guard = open(&fleet, NOW);
    let (mut device, mut clockless) = (TestDevice::new(DEVICE), TestDevice::new(CLOCKLESS));
    let used = device.password_at(NOW);
    let used_without_time = clockless.password(Clock::None);
    assert_eq!(login(&guard, DEVICE, &used, NOW), Ok(()));
    assert_eq!(login(&guard, CLOCKLESS, &used_without_time, NOW), Ok(()));
    drop(guard);
    let guard = open(&fleet, NOW + 1);
    assert_eq!(login(&guard, DEVICE, &used, NOW + 1), Err(Reason::Replayed));
    assert_eq!(device.login(&guard, NOW + 1), Ok(()));
    let again = login(&guard, CLOCKLESS, &used_without_time, NOW + 1);
    assert!(
        matches!(again, Err(Reason::Replayed | Reason::CounterWentBack)),
        "{again:?}"
    );
    let next = clockless.password(Clock::None);
    assert_eq!(login(&guard, CLOCKLESS, &next, NOW + 1), Ok(()));
    let lines = fleet.audit_lines();
    let starts = lines.iter().filter(|line| line["event"] == "store");
    assert_eq!(starts.count(), 2);
}

#[test]
fn a_store_that_was_lost_says_so_and_waits_a_window() {
    let fleet = durable();
    let guard = open(&fleet, NOW);
    let mut device = TestDevice::new(DEVICE);
    let used = device.password_at(NOW + 30);
    assert_eq!(login(&guard, DEVICE, &used, NOW), Ok(()));
    drop(guard);
    fs::remove_file(fleet.path("replay.journal")).unwrap();
    let guard = open(&fleet, NOW + 10);
    assert_eq!(
        login(&guard, DEVICE, &used, NOW + 10),
        Err(Reason::Unavailable)
    );
    assert_eq!(device.login(&guard, NOW + 70), Err(Reason::Unavailable));
    assert_eq!(device.login(&guard, NOW + 71), Ok(()));
    let lines = fleet.audit_lines();
    let start = lines.iter().rfind(|line| line["event"] == "store").unwrap();
    let detail = start["detail"].as_str().unwrap();
    assert!(
        detail.contains("may be lost") && detail.contains(&(NOW + 70).to_string()),
        "{detail}"
    );
}

#[test]
fn a_store_that_cannot_be_used_is_an_error_that_names_it() {
    let fleet = durable();
    let guard = open(&fleet, NOW);
    let second = Guard::open(&fleet.path("policy.toml"), now()).unwrap_err();
    assert_eq!(second.file(), fleet.path("replay.journal"));
    assert!(second.to_string().contains("another process"), "{second}");
    drop(guard);
    fs::write(fleet.path("replay.journal"), "something else").unwrap();
    let error = Guard::open(&fleet.path("policy.toml"), now()).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("replay.journal: not a replay store"),
        "{error}"
    );
}

#[test]
fn a_window_that_was_raised_while_it_ran_counts_after_the_store_was_lost() {
    let fleet = durable();
    let guard = open(&fleet, NOW);
    let before = fs::read_to_string(fleet.path("policy.toml")).unwrap();
    fleet.write(
        "policy.toml",
        &before.replace("window = 60", "window = 600"),
    );
    guard.reload(now()).unwrap();
    // A clock that is ahead.
    let used = TestDevice::new(DEVICE).password_at(NOW + 500);
    assert_eq!(login(&guard, DEVICE, &used, NOW), Ok(()));
    drop(guard);
    fs::remove_file(fleet.path("replay.journal")).unwrap();
    fleet.write("policy.toml", &before);
    let guard = open(&fleet, NOW + 10);
    assert_eq!(
        login(&guard, DEVICE, &used, NOW + 500),
        Err(Reason::Unavailable)
    );
    let next = TestDevice::new(DEVICE).password_at(NOW + 611);
    assert_eq!(login(&guard, DEVICE, &next, NOW + 611), Ok(()));
}
