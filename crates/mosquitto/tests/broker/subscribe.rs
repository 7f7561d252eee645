//! SUBSCRIBE: a filter passes when all it can match is allowed; delivery is judged once more.

use mqward_testbed::{Connect, Packet, Publish, Version, Wire};

use crate::fleet::{
    ALICE, BOB, FieldDevice, Fleet, GENTLE, PERSON, PERSON_PASSWORD, RESUMED, accepted, farewell,
    message,
};

#[test]
fn own_topics_pass_and_are_delivered() {
    let fleet = Fleet::new();
    let broker = fleet.start();
    let mut device = FieldDevice::new(ALICE);
    for version in Version::ALL {
        let mut wire = device.log_in(&broker, version);
        let own = format!("rx/{ALICE}/#");
        let shared = format!("$share/group/rx/{ALICE}/shared/+");
        wire.subscribe(&[&own, &shared]).unwrap();
        assert_eq!(
            wire.receive().unwrap(),
            Packet::SubAck {
                id: 2,
                codes: vec![1, 1]
            }
        );
        let mut person = accepted(
            &broker,
            version,
            &Connect::new(PERSON).login(PERSON, PERSON_PASSWORD),
        );
        let topic = format!("rx/{ALICE}/command");
        person.publish(&Publish::new(&topic, "on", 0)).unwrap();
        person
            .publish(&Publish::new(&format!("rx/{BOB}/command"), "on", 0))
            .unwrap();
        assert_eq!(message(&mut wire), (topic, b"on".into()));
        wire.unsubscribe(&own).unwrap();
        assert_eq!(wire.receive().unwrap(), Packet::UnsubAck { id: 3 });
        assert!(wire.is_open_and_quiet().unwrap());
    }
}

#[test]
fn anything_wider_than_own_topics_closes_the_connection() {
    let fleet = Fleet::new();
    let broker = fleet.start();
    let mut device = FieldDevice::new(ALICE);
    let filters = [
        format!("rx/{BOB}/#"),
        "rx/+/command".into(),
        "rx/#".into(),
        "#".into(),
        "+/+/+".into(),
        format!("+/{ALICE}/#"),
        format!("tx/{ALICE}/#"),
        "$SYS/#".into(),
        format!("$share/group/rx/{BOB}/#"),
        "$share/group/#".into(),
        format!("$share/rx/{ALICE}/#"),
    ];
    for version in Version::ALL {
        for filter in &filters {
            let mut wire = device.log_in(&broker, version);
            wire.subscribe(&[filter]).unwrap();
            assert_eq!(
                wire.until_closed().unwrap(),
                Some(farewell(version)),
                "{filter}"
            );
        }
    }
}

#[test]
fn one_bad_filter_among_good_ones_closes_the_connection() {
    let fleet = Fleet::new();
    let broker = fleet.start();
    let mut device = FieldDevice::new(ALICE);
    for version in Version::ALL {
        let mut connect = device.connect();
        connect = connect.persistent();
        let mut wire = accepted(&broker, version, &connect);
        let own = format!("rx/{ALICE}/#");
        wire.subscribe(&[&own, "rx/#", &own]).unwrap();
        assert_eq!(wire.until_closed().unwrap(), Some(farewell(version)));

        // What the session kept from before the bad filter is within its rights still.
        let connect = device.connect().persistent();
        let (mut wire, answer) = Wire::dial(broker.address(), version, &connect).unwrap();
        assert_eq!(answer, RESUMED);
        let mut person = accepted(
            &broker,
            version,
            &Connect::new(PERSON).login(PERSON, PERSON_PASSWORD),
        );
        for id in [BOB, ALICE] {
            person
                .publish(&Publish::new(&format!("rx/{id}/x"), "on", 0))
                .unwrap();
        }
        assert_eq!(message(&mut wire), (format!("rx/{ALICE}/x"), b"on".into()));
        assert!(wire.is_open_and_quiet().unwrap());
        // Leaves no session to the next version.
        wire.disconnect().unwrap();
        assert_eq!(wire.receive().unwrap(), Packet::Closed);
        let _clean = device.log_in(&broker, version);
    }
}

#[test]
fn a_role_that_refuses_gets_a_failure_code_per_filter() {
    let fleet = Fleet::new();
    let broker = fleet.start();
    let mut device = FieldDevice::new(GENTLE);
    for (version, refused) in [(Version::V3, 0x80), (Version::V5, 0x87)] {
        let mut wire = device.log_in(&broker, version);
        let own = format!("rx/{GENTLE}/#");
        wire.subscribe(&["#", &own, "$share/g/#"]).unwrap();
        let codes = vec![refused, 1, refused];
        assert_eq!(wire.receive().unwrap(), Packet::SubAck { id: 2, codes });
        assert!(wire.is_open_and_quiet().unwrap());
    }
}

#[test]
fn unsubscribing_from_anything_is_harmless() {
    let fleet = Fleet::new();
    let broker = fleet.start();
    let mut device = FieldDevice::new(ALICE);
    for version in Version::ALL {
        let mut wire = device.log_in(&broker, version);
        wire.unsubscribe("#").unwrap();
        assert_eq!(wire.receive().unwrap(), Packet::UnsubAck { id: 3 });
        assert!(wire.is_open_and_quiet().unwrap());
    }
}
