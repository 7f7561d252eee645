//! Known attacks on logins as the broker judges them, by their number in docs/threat-model.md.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

#[path = "guard/test_fleet.rs"]
#[allow(dead_code, reason = "the other tests of the guard need the rest")]
mod test_fleet;

use mqward::{Advance, Generation, Mark, Reason};
use mqward_broker::{Policy, ReplayJournal, ReplayStore};
use test_fleet::{DEVICE, NOW, OTHER, POLICY, TestDevice, TestFleet, login, login_again, time};

/// A client of the fleet with a valid key of its own, or nobody, asks for another's session.
#[test]
fn a11_who_fails_as_somebody_else_takes_nothing_from_him() {
    let fleet = TestFleet::new();
    let guard = fleet.guard();
    let mut victim = TestDevice::new(DEVICE);
    let connected = victim.password_at(NOW);
    assert_eq!(login(&guard, DEVICE, &connected, NOW), Ok(()));
    let mut rogue = TestDevice::new(OTHER);
    for _ in 0..5 {
        let password = rogue.password_at(NOW);
        assert_eq!(login(&guard, DEVICE, &password, NOW), Err(Reason::WrongTag));
    }
    assert_eq!(
        login(&guard, DEVICE, &connected, NOW),
        Err(Reason::Replayed)
    );
    // The victim's connection is confirmed when the broker asks again, and its next login passes.
    assert_eq!(login_again(&guard, DEVICE, &connected, NOW + 30), Ok(()));
    assert_eq!(victim.login(&guard, NOW + 30), Ok(()));
    assert_eq!(rogue.login(&guard, NOW + 30), Ok(()));
}

#[test]
fn a15_a_listener_gets_nothing_out_of_a_connect() {
    let fleet = TestFleet::new();
    let guard = fleet.guard();
    let mut device = TestDevice::new(DEVICE);
    let heard: Vec<String> = (0..20)
        .map(|second| {
            let password = device.password_at(NOW + second);
            assert_eq!(login(&guard, DEVICE, &password, NOW + second), Ok(()));
            password
        })
        .collect();
    for password in &heard {
        for secs in [NOW, NOW + 20, NOW + 60, NOW + 1_000_000] {
            assert!(login(&guard, DEVICE, password, secs).is_err());
            assert!(login(&guard, OTHER, password, secs).is_err());
        }
    }
}

/// The clock of the device was moved a day ahead while its passwords were recorded.
#[test]
fn a17_a_recorded_future_is_behind_once_the_device_was_back() {
    let fleet = TestFleet::new();
    let guard = fleet.guard();
    let mut device = TestDevice::new(DEVICE);
    let recorded = device.password_at(NOW + 86_400);
    assert_eq!(
        login(&guard, DEVICE, &recorded, NOW),
        Err(Reason::OutsideWindow)
    );
    assert_eq!(
        device.login(&guard, NOW + 1),
        Ok(()),
        "its clock is right again"
    );
    let refused = login(&guard, DEVICE, &recorded, NOW + 86_400);
    assert!(
        matches!(refused, Err(Reason::CounterWentBack | Reason::Replayed)),
        "{refused:?}"
    );
}

#[test]
fn d3_no_policy_switches_the_window_off() {
    for window in ["0", "3601", "-1", "\"off\"", "false", "4294967296"] {
        let text = POLICY.replace("window = 60", &format!("window = {window}"));
        assert!(Policy::parse(&text, "policy.toml").is_err(), "{window}");
    }
    let without = POLICY.replace("window = 60\n", "");
    assert!(
        Policy::parse(&without, "policy.toml").is_ok(),
        "60 by default"
    );
}

/// Every check that can fail fails before the mark moves; what failed for one reason is still good for its owner.
#[test]
fn d9_the_mark_moves_last_and_once() {
    let fleet = TestFleet::new();
    let guard = fleet.guard();
    let mut device = TestDevice::new(DEVICE);
    let password = device.password_at(NOW);
    assert_eq!(login(&guard, OTHER, &password, NOW), Err(Reason::WrongTag));
    assert_eq!(
        login(&guard, DEVICE, &password, NOW + 61),
        Err(Reason::OutsideWindow)
    );
    assert_eq!(
        login(&guard, DEVICE, &password, NOW - 61),
        Err(Reason::OutsideWindow)
    );
    assert_eq!(login(&guard, DEVICE, &password, NOW + 60), Ok(()));
    // A mark outlives its window: there is no time after which the same password is new again.
    for secs in [NOW + 60, NOW, NOW - 60] {
        assert_eq!(
            login(&guard, DEVICE, &password, secs),
            Err(Reason::Replayed)
        );
    }
}

/// Two stores that each saw another part of the logins merge by maximum, and nothing that either saw passes again.
#[test]
fn d10_stores_merge_by_maximum() {
    let folder = tempfile::tempdir().unwrap();
    let mark = |boot, count| Mark::new(Generation::FIRST, boot, count).unwrap();
    // Each store is ahead of the other for one of the devices.
    let seen = [
        ("one.journal", "device-1", [mark(7, 1), mark(7, 4)]),
        ("one.journal", "device-2", [mark(7, 2), mark(7, 3)]),
        ("two.journal", "device-1", [mark(7, 2), mark(7, 3)]),
        ("two.journal", "device-2", [mark(7, 1), mark(8, 0)]),
    ];
    let paths = ["one.journal", "two.journal"].map(|name| folder.path().join(name));
    let stores = paths
        .each_ref()
        .map(|path| ReplayJournal::create(path, time(NOW)).unwrap());
    for (name, device, marks) in seen {
        let store = &stores[usize::from(name == "two.journal")];
        for mark in marks {
            assert_eq!(store.advance(device, mark, None), Advance::Advanced);
        }
    }
    let marks = paths.map(|path| ReplayJournal::read_marks(&path).unwrap());
    for (store, theirs) in stores.iter().zip(marks.iter().rev()) {
        assert_eq!(store.merge(theirs), Ok(1), "the one that is higher there");
        for (_, device, marks) in seen {
            for mark in marks {
                assert_ne!(store.advance(device, mark, None), Advance::Advanced);
            }
        }
        let newest = ["device-1", "device-2"].map(|device| store.newest(device));
        assert_eq!(newest, [Ok(Some(mark(7, 4))), Ok(Some(mark(8, 0)))]);
        let next = store.advance("device-1", mark(7, 5), None);
        assert_eq!(next, Advance::Advanced);
    }
}
