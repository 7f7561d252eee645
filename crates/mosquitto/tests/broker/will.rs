//! Wills: judged when they are published, for Mosquitto shows them to no plugin before.

use mqward_testbed::Version;

use crate::fleet::{ALICE, BOB, FieldDevice, Fleet, accepted, message, reader};

#[test]
fn an_own_will_is_delivered_and_others_are_dropped() {
    let fleet = Fleet::new();
    let broker = fleet.start();
    let mut device = FieldDevice::new(ALICE);
    let own = format!("tx/{ALICE}/will");
    for version in Version::ALL {
        let mut reader = reader(&broker, version);
        let wills = [
            (format!("tx/{BOB}/will"), &b"gone"[..]),
            (own.clone(), &[b'x'; 65]),
            (own.clone(), &b"gone"[..]),
        ];
        for (topic, payload) in wills {
            let wire = accepted(&broker, version, &device.connect().will(&topic, payload));
            // No DISCONNECT: the broker publishes the will.
            drop(wire);
        }
        // The last one is the first to arrive.
        assert_eq!(message(&mut reader), (own.clone(), b"gone".into()));
        assert!(reader.is_open_and_quiet().unwrap());
    }
}

#[test]
fn a_session_that_is_closed_for_a_breach_may_leave_its_own_will_only() {
    let fleet = Fleet::new();
    let broker = fleet.start();
    let mut device = FieldDevice::new(ALICE);
    let mut reader = reader(&broker, Version::V5);
    let own = format!("tx/{ALICE}/will");
    for topic in [format!("tx/{BOB}/will"), own.clone()] {
        let connect = device.connect().will(&topic, b"gone");
        let mut wire = accepted(&broker, Version::V5, &connect);
        wire.subscribe(&["#"]).unwrap();
        assert!(wire.until_closed().unwrap().is_some());
    }
    assert_eq!(message(&mut reader), (own, b"gone".into()));
    assert!(reader.is_open_and_quiet().unwrap());
}

/// The new login is judged, then the old connection's will, and only then the old connection ends.
#[test]
fn a_session_that_is_taken_over_leaves_its_own_will_only() {
    let fleet = Fleet::new();
    let broker = fleet.start();
    let mut device = FieldDevice::new(ALICE);
    let own = format!("tx/{ALICE}/will");
    for version in Version::ALL {
        let mut reader = reader(&broker, version);
        let connect = device.connect().will(&format!("tx/{BOB}/will"), b"foreign");
        let mut first = accepted(&broker, version, &connect);
        let mut second = accepted(&broker, version, &device.connect().will(&own, b"own"));
        assert!(first.until_closed().unwrap().is_some());
        assert!(second.is_open_and_quiet().unwrap());
        let mut third = device.log_in(&broker, version);
        assert!(second.until_closed().unwrap().is_some());
        assert_eq!(message(&mut reader), (own.clone(), b"own".into()));
        assert!(third.is_open_and_quiet().unwrap());
        assert!(reader.is_open_and_quiet().unwrap(), "a foreign will came");
    }
}

/// Judged long after the connection and all that belonged to it are gone.
#[test]
fn a_will_that_waits_is_judged_when_its_time_comes() {
    let fleet = Fleet::new();
    let broker = fleet.start();
    let mut reader = reader(&broker, Version::V5);
    let own = format!("tx/{ALICE}/will");
    let wills = [
        (ALICE, own.clone(), &b"own"[..]),
        (BOB, own.clone(), b"foreign"),
    ];
    for (id, topic, payload) in wills {
        let mut device = FieldDevice::new(id);
        let connect = device.connect().persistent();
        let connect = connect.will(&topic, payload).will_delay(2);
        drop(accepted(&broker, Version::V5, &connect));
    }
    assert_eq!(message(&mut reader), (own, b"own".into()));
    assert!(broker.logs("mqward: refused publish by \"device-0123456789cd\""));
    assert!(reader.is_open_and_quiet().unwrap(), "a foreign will came");
}
