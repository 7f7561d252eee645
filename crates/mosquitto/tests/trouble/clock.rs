//! A broker's clock that jumps: who is connected stays, passwords of another time wait, used ones stay used.

use mqward::Clock;
use mqward_testbed::{Broker, Connect, Version, Wire};

use crate::fleet::{
    ALICE, BOB, FieldDevice, Fleet, POLICY, RELOADED, accepted, assert_refused, reload, time,
};
use crate::system::System;

const YEAR: i64 = 365 * 86_400;

/// Sets the clock, and lets the broker notice: 2.0.21 measures patience by it, and may close what comes in just then.
fn jump(system: &System, broker: &Broker, offset: i64) {
    system.set_clock(offset);
    for _ in 0..2 {
        drop(Wire::dial(broker.address(), Version::V3, &Connect::new("nobody")).unwrap());
    }
}

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
        jump(&system, &broker, 0);
        let before = alice.connect();
        let mut wire = accepted(&broker, version, &before);
        jump(&system, &broker, offset);
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
        jump(&system, &broker, 0);
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
        jump(&system, &broker, offset);
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

/// At the start only: a jump that far, while it runs, is more than Mosquitto 2.0.21 itself survives.
#[test]
fn a_clock_outside_its_range_keeps_the_broker_down() {
    let (fleet, system) = (Fleet::new(), System::new());
    for offset in [100 * YEAR, -i64::from(time(86_400).get())] {
        system.set_clock(offset);
        let error = system.hold(fleet.setup()).start().unwrap_err().to_string();
        let why = "mqward: the system clock is outside 1970 to 2106";
        assert!(error.contains(why), "{error}");
    }
    system.set_clock(0);
    let broker = system.hold(fleet.setup()).start().unwrap();
    drop(FieldDevice::new(ALICE).log_in(&broker, Version::V5));
}
