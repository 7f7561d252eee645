//! A broker's clock that jumps: who is connected stays, passwords of another time wait, used ones stay used.

use mqward::Clock;
use mqward_testbed::{Connect, Version};

use crate::fleet::{
    ALICE, BOB, FieldDevice, Fleet, POLICY, RELOADED, accepted, assert_refused, reload, time,
};
use crate::system::System;

const YEAR: i64 = 365 * 86_400;

fn connect(device: &mut FieldDevice, id: &str, offset: i64) -> Connect {
    Connect::new(id).login(id, device.password(Clock::Trusted(time(offset))))
}

fn assert_year_is_survived(offset: i64) {
    let (fleet, system) = (Fleet::new(), System::new());
    let journal = "[replay]\nfile = \"replay.journal\"";
    fleet.write("policy.toml", &POLICY.replace("[replay]", journal));
    let mut broker = system.hold(fleet.setup()).start().unwrap();
    let (mut alice, mut bob) = (FieldDevice::new(ALICE), FieldDevice::new(BOB));
    for version in Version::ALL {
        system.set_clock(0);
        let before = alice.connect();
        let mut wire = accepted(&broker, version, &before);
        system.set_clock(offset);
        // Who is in stays in, through a reload too.
        assert!(wire.is_open_and_quiet().unwrap());
        reload(&broker, RELOADED);
        assert!(wire.is_open_and_quiet().unwrap(), "{}", broker.log());
        // Right and new, but of another time; and the used one is no better.
        assert_refused(&broker, version, &bob.connect());
        assert_refused(&broker, version, &before);
        // A device that believes the same clock.
        let strayed = connect(&mut bob, BOB, offset);
        let mut other = accepted(&broker, version, &strayed);
        system.set_clock(0);
        reload(&broker, RELOADED);
        assert!(wire.is_open_and_quiet().unwrap());
        assert!(other.is_open_and_quiet().unwrap());
        assert_refused(&broker, version, &strayed);
        // It is back where everybody is, and needs nobody's help for it.
        let back = bob.connect();
        drop(accepted(&broker, version, &back));
        broker.restart().unwrap();
        for used in [&before, &strayed, &back] {
            assert_refused(&broker, version, used);
        }
        system.set_clock(offset);
        assert_refused(&broker, version, &strayed);
    }
    let audit = fleet.audit();
    assert!(audit.contains(r#""reason":"outside-window""#), "{audit}");
    assert!(broker.is_running().unwrap());
}

#[test]
fn a_year_ahead_locks_nobody_out_for_longer_than_it_lasts() {
    assert_year_is_survived(YEAR);
}

#[test]
fn a_year_behind_locks_nobody_out_for_longer_than_it_lasts() {
    assert_year_is_survived(-YEAR);
}

#[test]
fn a_clock_outside_its_range_refuses_and_says_so() {
    let (fleet, system) = (Fleet::new(), System::new());
    let broker = system.hold(fleet.setup()).start().unwrap();
    let mut device = FieldDevice::new(ALICE);
    let mut wire = device.log_in(&broker, Version::V5);
    system.set_clock(100 * YEAR);
    assert_refused(&broker, Version::V3, &device.connect());
    assert!(broker.logs("the system clock is outside 1970 to 2106: login refused"));
    reload(
        &broker,
        "the system clock is outside 1970 to 2106: not reloaded",
    );
    system.set_clock(0);
    drop(device.log_in(&broker, Version::V3));
    // Mosquitto has asked about it meanwhile, and there was no time to judge it by.
    assert!(wire.until_closed().unwrap().is_some());
}
