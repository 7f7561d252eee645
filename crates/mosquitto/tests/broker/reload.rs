//! SIGHUP and restart: honest clients stay, revoked rights end, a bad file changes nothing, used passwords stay used.

use core::time::Duration;
use std::thread::sleep;

use mqward::Clock;
use mqward_testbed::{Connect, Packet, Publish, Version, Wire};

use crate::fleet::{
    ALICE, BOB, DEVICES, FieldDevice, Fleet, PERSON, PERSON_PASSWORD, POLICY, RELOADED, RESUMED,
    accepted, assert_refused, farewell, message, reader, reload, time,
};

#[test]
fn connections_outlive_the_window_of_their_passwords() {
    let fleet = Fleet::new();
    fleet.edit_policy("window = 60", "window = 3");
    let broker = fleet.start();
    let mut alice = FieldDevice::new(ALICE);
    let mut bob = FieldDevice::new(BOB);
    let first = alice.connect();
    let mut wires = [
        accepted(&broker, Version::V3, &first),
        bob.log_in(&broker, Version::V5),
        accepted(
            &broker,
            Version::V5,
            &Connect::new(PERSON).login(PERSON, PERSON_PASSWORD),
        ),
    ];
    sleep(Duration::from_secs(5));
    for _ in 0..3 {
        reload(&broker, RELOADED);
        for wire in &mut wires {
            assert!(wire.is_open_and_quiet().unwrap(), "{}", broker.log());
        }
    }
    // Being asked again has not made the password any fresher.
    assert_refused(&broker, Version::V3, &first);
}

#[test]
fn a_used_password_is_no_better_after_a_reload() {
    let fleet = Fleet::new();
    let broker = fleet.start();
    let mut device = FieldDevice::new(ALICE);
    for version in Version::ALL {
        let connect = device.connect();
        let mut wire = accepted(&broker, version, &connect);
        reload(&broker, RELOADED);
        assert_refused(&broker, version, &connect);
        wire.disconnect().unwrap();
        assert_eq!(wire.receive().unwrap(), Packet::Closed);
        // The memory of the ended connection is free for the next one, right after a reload.
        reload(&broker, RELOADED);
        for _ in 0..20 {
            assert_refused(&broker, version, &connect);
        }
    }
}

#[test]
fn a_connection_that_took_a_session_over_is_asked_about_like_any_other() {
    let fleet = Fleet::new();
    let broker = fleet.start();
    let mut device = FieldDevice::new(ALICE);
    for version in Version::ALL {
        let mut old = device.log_in(&broker, version);
        let mut new = device.log_in(&broker, version);
        assert!(old.until_closed().unwrap().is_some());
        reload(&broker, RELOADED);
        assert!(new.is_open_and_quiet().unwrap());
        fleet.write("devices.csv", &devices_without(ALICE));
        reload(&broker, RELOADED);
        assert!(new.until_closed().unwrap().is_some());
        fleet.write("devices.csv", DEVICES);
        reload(&broker, RELOADED);
    }
}

#[test]
fn a_session_without_a_connection_keeps_its_messages() {
    let fleet = Fleet::new();
    let mut broker = fleet.start();
    let mut device = FieldDevice::new(ALICE);
    let command = format!("rx/{ALICE}/command");
    for version in Version::ALL {
        let mut wire = accepted(&broker, version, &device.connect().persistent());
        wire.subscribe(&[&format!("rx/{ALICE}/#")]).unwrap();
        assert_eq!(
            wire.receive().unwrap(),
            Packet::SubAck {
                id: 2,
                codes: vec![1]
            }
        );
        drop(wire);
        let mut person = accepted(
            &broker,
            version,
            &Connect::new(PERSON).login(PERSON, PERSON_PASSWORD),
        );
        person.publish(&Publish::new(&command, "on", 1)).unwrap();
        assert!(matches!(person.receive().unwrap(), Packet::PubAck { .. }));
        reload(&broker, RELOADED);
        reload(&broker, RELOADED);
        let (mut wire, answer) =
            Wire::dial(broker.address(), version, &device.connect().persistent()).unwrap();
        assert_eq!(answer, RESUMED, "{}", broker.log());
        assert_eq!(message(&mut wire), (command.clone(), b"on".into()));
        wire.disconnect().unwrap();
        assert_eq!(wire.receive().unwrap(), Packet::Closed);
        let _clean = device.log_in(&broker, version);
    }
    // Asking about a session that nobody is connected to is not an attempt to log in.
    assert!(!broker.log().contains("refused login"), "{}", broker.log());
    assert!(broker.is_running().unwrap());
}

#[test]
fn a_stored_session_keeps_its_messages_over_a_restart_and_a_reload() {
    let fleet = Fleet::new();
    let mut broker = fleet.setup().line("persistence true").start().unwrap();
    let mut device = FieldDevice::new(ALICE);
    let command = format!("rx/{ALICE}/command");
    for version in Version::ALL {
        let mut wire = accepted(&broker, version, &device.connect().persistent());
        wire.subscribe(&[&format!("rx/{ALICE}/#")]).unwrap();
        assert_eq!(
            wire.receive().unwrap(),
            Packet::SubAck {
                id: 2,
                codes: vec![1]
            }
        );
        drop(wire);
        let mut person = accepted(
            &broker,
            version,
            &Connect::new(PERSON).login(PERSON, PERSON_PASSWORD),
        );
        person.publish(&Publish::new(&command, "on", 1)).unwrap();
        assert!(matches!(person.receive().unwrap(), Packet::PubAck { .. }));
        broker.restart().unwrap();
        // Two rounds of the broker's loop, so that the plugin has seen it tick.
        assert!(reader(&broker, version).is_open_and_quiet().unwrap());
        reload(&broker, RELOADED);
        let (mut wire, answer) =
            Wire::dial(broker.address(), version, &device.connect().persistent()).unwrap();
        assert_eq!(answer, RESUMED, "{}", broker.log());
        assert_eq!(message(&mut wire), (command.clone(), b"on".into()));
        assert!(!broker.log().contains("refused login"), "{}", broker.log());
        wire.disconnect().unwrap();
        assert_eq!(wire.receive().unwrap(), Packet::Closed);
        let _clean = device.log_in(&broker, version);
    }
}

/// The device file without one device.
fn devices_without(id: &str) -> String {
    DEVICES
        .lines()
        .filter(|line| !line.starts_with(id))
        .map(|line| format!("{line}\n"))
        .collect()
}

#[test]
fn a_device_that_was_taken_off_the_list_is_disconnected() {
    let fleet = Fleet::new();
    let broker = fleet.start();
    let mut alice = FieldDevice::new(ALICE);
    let mut bob = FieldDevice::new(BOB);
    for version in Version::ALL {
        let mut wires = [alice.log_in(&broker, version), bob.log_in(&broker, version)];
        fleet.write("devices.csv", &devices_without(ALICE));
        reload(&broker, RELOADED);
        assert!(wires[0].until_closed().unwrap().is_some());
        assert!(wires[1].is_open_and_quiet().unwrap());
        assert_refused(&broker, version, &alice.connect());
        fleet.write("devices.csv", DEVICES);
        reload(&broker, RELOADED);
    }
}

#[test]
fn a_session_of_a_device_that_was_taken_off_the_list_does_not_come_back() {
    let fleet = Fleet::new();
    let mut broker = fleet.start();
    let mut device = FieldDevice::new(ALICE);
    for version in Version::ALL {
        drop(accepted(&broker, version, &device.connect().persistent()));
        let mut reader = reader(&broker, version);
        fleet.write("devices.csv", &devices_without(ALICE));
        reload(&broker, RELOADED);
        assert!(reader.is_open_and_quiet().unwrap());
        // Refusing a session that nobody is connected to is what harms Mosquitto 2.0.
        assert!(!broker.log().contains("refused login"), "{}", broker.log());
        assert_refused(&broker, version, &device.connect().persistent());
        broker.restart().unwrap();
        fleet.write("devices.csv", DEVICES);
        reload(&broker, RELOADED);
    }
}

#[test]
fn a_right_that_was_taken_away_ends_old_subscriptions_too() {
    let fleet = Fleet::new();
    let broker = fleet.start();
    for version in Version::ALL {
        let mut reader = reader(&broker, version);
        fleet.edit_policy(r#"subscribe = [{ allow = "tx/#" }]"#, "subscribe = []");
        reload(&broker, RELOADED);
        let id = if version == Version::V3 { ALICE } else { BOB };
        let mut wire = FieldDevice::new(id).log_in(&broker, version);
        wire.publish(&Publish::new(&format!("tx/{id}/t"), "x", 1))
            .unwrap();
        // Neither the writer is harmed nor the reader; only nothing arrives.
        assert!(matches!(
            wire.receive().unwrap(),
            Packet::PubAck { id: 1, .. }
        ));
        assert!(wire.is_open_and_quiet().unwrap());
        assert!(reader.is_open_and_quiet().unwrap());
        fleet.write("policy.toml", POLICY);
        reload(&broker, RELOADED);
        wire.publish(&Publish::new(&format!("tx/{id}/t"), "y", 0))
            .unwrap();
        assert_eq!(message(&mut reader), (format!("tx/{id}/t"), b"y".into()));
    }
}

#[test]
fn retained_messages_of_a_role_that_lost_its_right_do_not_hurt_their_readers() {
    let fleet = Fleet::new();
    let broker = fleet
        .setup()
        .line("check_retain_source true")
        .start()
        .unwrap();
    let mut device = FieldDevice::new(ALICE);
    let topic = format!("tx/{ALICE}/t");
    let mut wire = device.log_in(&broker, Version::V5);
    wire.publish(&Publish::new(&topic, "kept", 1).retained())
        .unwrap();
    assert!(matches!(
        wire.receive().unwrap(),
        Packet::PubAck { id: 1, .. }
    ));
    for version in Version::ALL {
        let mut reader = reader(&broker, version);
        assert_eq!(message(&mut reader), (topic.clone(), b"kept".into()));
    }
    fleet.edit_policy(r#"publish = [{ allow = "tx/%c/#" }]"#, "publish = []");
    reload(&broker, RELOADED);
    for version in Version::ALL {
        assert!(reader(&broker, version).is_open_and_quiet().unwrap());
    }
    // The device itself is closed when it tries again.
    wire.publish(&Publish::new(&topic, "more", 1)).unwrap();
    assert_eq!(wire.until_closed().unwrap(), Some(farewell(Version::V5)));
}

#[test]
fn a_mistake_keeps_the_old_policy() {
    let fleet = Fleet::new();
    let broker = fleet.start();
    let mut device = FieldDevice::new(ALICE);
    let mut wire = device.log_in(&broker, Version::V5);
    fleet.edit_policy("window = 60", "window = 0");
    reload(&broker, "the old policy stays in force");
    assert!(broker.log().contains("policy.toml:3: "), "{}", broker.log());
    assert!(wire.is_open_and_quiet().unwrap());
    wire.publish(&Publish::new(&format!("tx/{BOB}/t"), "x", 0))
        .unwrap();
    assert_eq!(wire.until_closed().unwrap(), Some(farewell(Version::V5)));
    let _wire = device.log_in(&broker, Version::V5);
}

#[test]
fn a_restart_forgets_the_marks_but_admits_nothing_that_was_used_before() {
    let fleet = Fleet::new();
    let strict = POLICY.replace(r#"cold_start = "open""#, r#"cold_start = "strict""#);
    fleet.write("policy.toml", &strict.replace("window = 60", "window = 3"));
    let mut broker = fleet.start();
    let mut device = FieldDevice::new(ALICE);
    // The window after the start is closed to everybody, and opens by itself.
    assert_refused(&broker, Version::V5, &device.connect());
    sleep(Duration::from_secs(5));
    let ahead = Clock::Trusted(time(1));
    let connect = Connect::new(ALICE).login(ALICE, device.password(ahead));
    drop(accepted(&broker, Version::V5, &connect));
    broker.restart().unwrap();
    assert_refused(&broker, Version::V5, &connect);
    sleep(Duration::from_secs(5));
    let _wire = device.log_in(&broker, Version::V5);
}
