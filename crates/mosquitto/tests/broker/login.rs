//! CONNECT: who gets in, and that a refusal never says why.

use std::thread;

use mqward::Clock;
use mqward_testbed::{Connect, Packet, Version, Wire};

use crate::fleet::{
    ACCEPTED, ALICE, AUDIENCE, BOB, FieldDevice, Fleet, HARDWARE_ID, PERSON, PERSON_PASSWORD,
    accepted, assert_refused, foreign_root, refusal, root, time,
};

#[test]
fn a_password_is_accepted_once() {
    let fleet = Fleet::new();
    let broker = fleet.start();
    let mut device = FieldDevice::new(ALICE);
    for version in Version::ALL {
        let connect = device.connect();
        let mut wire = accepted(&broker, version, &connect);
        // At once, while the connection is up; and when it is gone.
        assert_refused(&broker, version, &connect);
        assert!(
            wire.is_open_and_quiet().unwrap(),
            "a replay took the session over"
        );
        wire.disconnect().unwrap();
        assert_eq!(wire.receive().unwrap(), Packet::Closed);
        assert_refused(&broker, version, &connect);
    }
    assert!(
        fleet.audit().contains(r#""reason":"replayed""#),
        "{}",
        fleet.audit()
    );
    assert!(
        broker.logs("mqward: refused login by \"device-0123456789ab\" from 127.0.0.1: replayed")
    );
}

#[test]
fn the_next_stamp_logs_in_within_the_same_second() {
    let fleet = Fleet::new();
    let broker = fleet.start();
    let mut device = FieldDevice::new(ALICE);
    let now = Clock::Trusted(time(0));
    for version in [Version::V3, Version::V5, Version::V3, Version::V5] {
        let connect = Connect::new(ALICE).login(ALICE, device.password(now));
        let mut wire = accepted(&broker, version, &connect);
        assert!(wire.is_open_and_quiet().unwrap());
    }
}

#[test]
fn an_older_password_does_not_log_in_after_a_newer_one() {
    let fleet = Fleet::new();
    let broker = fleet.start();
    let mut device = FieldDevice::new(ALICE);
    let older = device.connect();
    let _wire = device.log_in(&broker, Version::V5);
    assert_refused(&broker, Version::V5, &older);
}

#[test]
fn of_connections_that_race_with_one_password_exactly_one_wins() {
    let fleet = Fleet::new();
    let broker = fleet.start();
    let mut device = FieldDevice::new(ALICE);
    for version in Version::ALL {
        let connect = device.connect();
        // All have their TCP connection before the first one sends.
        let wires: Vec<Wire> = (0..8)
            .map(|_| Wire::open(broker.address(), version).unwrap())
            .collect();
        let racers: Vec<_> = wires
            .into_iter()
            .map(|mut wire| {
                let connect = connect.clone();
                thread::spawn(move || {
                    wire.connect(&connect).unwrap();
                    (wire.receive().unwrap(), wire)
                })
            })
            .collect();
        let results: Vec<(Packet, Wire)> = racers.into_iter().map(|r| r.join().unwrap()).collect();
        let won = results
            .iter()
            .filter(|(answer, _)| *answer == ACCEPTED)
            .count();
        let lost = results
            .iter()
            .filter(|(answer, _)| *answer == refusal(version))
            .count();
        assert_eq!((won, lost), (1, 7));
    }
}

#[test]
fn every_refusal_looks_the_same() {
    let fleet = Fleet::new();
    let broker = fleet.start();
    let now = Clock::Trusted(time(0));
    let mut alice = FieldDevice::new(ALICE);
    let mut stranger = FieldDevice::new("device-ffffffffffff");
    let mut keyless = FieldDevice::with(ALICE, &foreign_root(), HARDWARE_ID, AUDIENCE);
    let mut cloned = FieldDevice::with(ALICE, &root(), [9; 6], AUDIENCE);
    let mut elsewhere = FieldDevice::with(ALICE, &root(), HARDWARE_ID, "other.example.com");
    for version in Version::ALL {
        let attempts = [
            ("device-ffffffffffff", stranger.password(now)),
            (ALICE, keyless.password(now)),
            (ALICE, cloned.password(now)),
            (ALICE, elsewhere.password(now)),
            (ALICE, alice.password(Clock::Trusted(time(-300)))),
            (ALICE, alice.password(Clock::Trusted(time(300)))),
            (ALICE, alice.password(Clock::None)),
            (BOB, alice.password(now)),
            (ALICE, String::new()),
            (ALICE, "guess".into()),
            (ALICE, alice.password(now) + "="),
            ("nobody", alice.password(now)),
        ];
        for (id, password) in attempts {
            assert_refused(&broker, version, &Connect::new(id).login(id, password));
        }
    }
    // None of that used up what the honest device has next.
    let _wire = alice.log_in(&broker, Version::V3);
    let audit = fleet.audit();
    for reason in [
        "unknown-device",
        "wrong-tag",
        "outside-window",
        "no-clock",
        "no-role",
    ] {
        assert!(
            audit.contains(&format!(r#""reason":"{reason}""#)),
            "{reason} not in {audit}"
        );
    }
}

#[test]
fn user_name_and_password_are_demanded() {
    let fleet = Fleet::new();
    let broker = fleet.start();
    let mut device = FieldDevice::new(ALICE);
    for version in Version::ALL {
        assert_refused(&broker, version, &Connect::new(ALICE));
        for user_name in ["", BOB, "device-0123456789AB", "device-0123456789ab "] {
            let mut connect = device.connect();
            connect.user_name = Some(user_name.into());
            assert_refused(&broker, version, &connect);
        }
        let mut connect = device.connect();
        connect.password = None;
        assert_refused(&broker, version, &connect);
        connect.password = Some(vec![]);
        assert_refused(&broker, version, &connect);
    }
    // A password alone is a protocol error in 3.1.1 (MQTT-3.1.2-22) and the broker's to refuse.
    let mut connect = device.connect();
    connect.user_name = None;
    assert_refused(&broker, Version::V5, &connect);
    let (_, answer) = Wire::dial(broker.address(), Version::V3, &connect).unwrap();
    assert_eq!(answer, Packet::Closed);
}

#[test]
fn a_password_is_bytes_not_text() {
    let fleet = Fleet::new();
    let broker = fleet.start();
    for version in Version::ALL {
        let connect = Connect::new(ALICE).login(ALICE, [0xff; 39]);
        assert_refused(&broker, version, &connect);
    }
}

#[test]
fn client_ids_that_are_topic_syntax_stay_out() {
    let fleet = Fleet::new();
    let mut broker = fleet.start();
    let ids: [&[u8]; 10] = [
        b"",
        b"+",
        b"#",
        b"device-+",
        b"device-0123456789ab/x",
        b"device-0123456789a+",
        b"device-0123456789a#",
        b"device-0123456789a\x01",
        b"device-0123456789\xc3\xa4",
        b"$share",
    ];
    let mut device = FieldDevice::new(ALICE);
    for version in Version::ALL {
        for id in ids {
            let password = device.password(Clock::Trusted(time(0)));
            let (_, answer) = Wire::dial(
                broker.address(),
                version,
                &Connect::new(id).login(id, password),
            )
            .unwrap();
            // Control characters the broker refuses itself, each version of it in its own way.
            let refused = if id.contains(&1) {
                answer != ACCEPTED
            } else {
                answer == refusal(version)
            };
            assert!(refused, "{}: {answer:?}", id.escape_ascii());
        }
    }
    assert!(broker.is_running().unwrap());
}

#[test]
fn roles_of_the_broker_use_its_password_file() {
    let fleet = Fleet::new();
    // A device's name in the broker's file does not open a way around its one-time passwords.
    let setup = fleet.setup().user(ALICE, "static").user("person-2", "hers");
    let broker = setup.start().unwrap();
    for version in Version::ALL {
        let mut wire = accepted(
            &broker,
            version,
            &Connect::new(PERSON).login(PERSON, PERSON_PASSWORD),
        );
        assert!(wire.is_open_and_quiet().unwrap());
        assert_refused(
            &broker,
            version,
            &Connect::new(PERSON).login(PERSON, "wrong"),
        );
        assert_refused(&broker, version, &Connect::new(PERSON));
        assert_refused(
            &broker,
            version,
            &Connect::new(ALICE).login(ALICE, "static"),
        );
        // A11: another person's own password under this one's client id.
        assert_refused(
            &broker,
            version,
            &Connect::new(PERSON).login("person-2", "hers"),
        );
        // The person's password under a client id of no role, and of a device.
        assert_refused(
            &broker,
            version,
            &Connect::new("x").login(PERSON, PERSON_PASSWORD),
        );
        assert_refused(
            &broker,
            version,
            &Connect::new(ALICE).login(PERSON, PERSON_PASSWORD),
        );
    }
}

#[test]
fn an_authentication_method_is_no_way_around() {
    let fleet = Fleet::new();
    let broker = fleet.start();
    let mut connect = FieldDevice::new(ALICE).connect();
    connect.auth_method = Some("mqward".into());
    let (_, answer) = Wire::dial(broker.address(), Version::V5, &connect).unwrap();
    // Bad authentication method.
    assert_eq!(
        answer,
        Packet::ConnAck {
            session_present: false,
            code: 0x8c
        }
    );
}
