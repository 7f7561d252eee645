//! PUBLISH: own topics pass, others end the connection, at every QoS and in both versions.

use mqward::Class;
use mqward_testbed::{Packet, Publish, Version};

use crate::fleet::{
    ALICE, BOB, FieldDevice, Fleet, GENTLE, RELOADED, farewell, message, reader, reload,
};

#[test]
fn own_topics_pass_at_every_qos() {
    let fleet = Fleet::new();
    let broker = fleet.start();
    let mut device = FieldDevice::new(ALICE);
    for version in Version::ALL {
        let mut reader = reader(&broker, version);
        let mut wire = device.log_in(&broker, version);
        let topic = format!("tx/{ALICE}/t");
        for qos in 0..=2 {
            wire.publish(&Publish::new(&topic, [qos], qos)).unwrap();
            match qos {
                1 => assert_eq!(wire.receive().unwrap(), Packet::PubAck { id: 1, code: 0 }),
                2 => {
                    assert_eq!(wire.receive().unwrap(), Packet::PubRec { id: 1, code: 0 });
                    wire.release(1).unwrap();
                    assert_eq!(wire.receive().unwrap(), Packet::PubComp { id: 1, code: 0 });
                }
                _ => {}
            }
            assert_eq!(message(&mut reader), (topic.clone(), vec![qos]));
        }
        assert!(wire.is_open_and_quiet().unwrap());
    }
}

#[test]
fn another_topic_closes_the_connection_at_every_qos() {
    let fleet = Fleet::new();
    let broker = fleet.start();
    let mut device = FieldDevice::new(ALICE);
    let topics = [
        format!("tx/{BOB}/t"),
        format!("tx/{ALICE}x/t"),
        format!("rx/{ALICE}/t"),
        format!("/tx/{ALICE}/t"),
        "tx".into(),
        "$CONTROL/dynamic-security/v1".into(),
    ];
    for version in Version::ALL {
        let mut reader = reader(&broker, version);
        for qos in 0..=2 {
            for topic in &topics {
                let mut wire = device.log_in(&broker, version);
                wire.publish(&Publish::new(topic, "x", qos)).unwrap();
                assert_eq!(
                    wire.until_closed().unwrap(),
                    Some(farewell(version)),
                    "{topic} {qos}"
                );
            }
        }
        assert!(
            reader.is_open_and_quiet().unwrap(),
            "a refused message was delivered"
        );
    }
    assert!(
        fleet.audit().contains(&format!(r#""topic":"tx/{BOB}/t""#)),
        "{}",
        fleet.audit()
    );
}

#[test]
fn what_was_sent_behind_a_refused_message_is_not_published() {
    let fleet = Fleet::new();
    let broker = fleet.start();
    let mut device = FieldDevice::new(ALICE);
    for version in Version::ALL {
        let mut reader = reader(&broker, version);
        let mut wire = device.log_in(&broker, version);
        for topic in [format!("tx/{BOB}/t"), format!("tx/{ALICE}/t")] {
            wire.publish(&Publish::new(&topic, "x", 0)).unwrap();
        }
        assert_eq!(wire.until_closed().unwrap(), Some(farewell(version)));
        assert!(reader.is_open_and_quiet().unwrap());
    }
}

#[test]
fn topic_names_in_sys_are_refused_by_the_broker_itself() {
    let fleet = Fleet::new();
    let broker = fleet.start();
    let mut wire = FieldDevice::new(ALICE).log_in(&broker, Version::V5);
    wire.publish(&Publish::new("$SYS/broker/uptime", "0", 1))
        .unwrap();
    assert_eq!(
        wire.receive().unwrap(),
        Packet::PubAck { id: 1, code: 0x87 }
    );
    // The one topic below $SYS that Mosquitto passes on.
    wire.publish(&Publish::new("$SYS/broker/connection/x/state", "0", 1))
        .unwrap();
    assert_eq!(wire.until_closed().unwrap(), Some(farewell(Version::V5)));
}

#[test]
fn a_role_that_refuses_keeps_the_connection() {
    let fleet = Fleet::new();
    let broker = fleet.start();
    let mut device = FieldDevice::new(GENTLE);
    for version in Version::ALL {
        let mut reader = reader(&broker, version);
        let mut wire = device.log_in(&broker, version);
        for qos in 0..=2 {
            wire.publish(&Publish::new(&format!("tx/{BOB}/t"), "x", qos))
                .unwrap();
            // 3.1.1 cannot say no: the broker acknowledges what it drops.
            let code = if version == Version::V5 { 0x87 } else { 0 };
            match qos {
                1 => assert_eq!(wire.receive().unwrap(), Packet::PubAck { id: 1, code }),
                2 => assert_eq!(wire.receive().unwrap(), Packet::PubRec { id: 1, code }),
                _ => {}
            }
        }
        assert!(wire.is_open_and_quiet().unwrap());
        assert!(
            reader.is_open_and_quiet().unwrap(),
            "a refused message was delivered"
        );
    }
}

#[test]
fn a_sealed_topic_takes_sealed_payloads_of_the_right_class_only() {
    let fleet = Fleet::new();
    fleet.edit_policy(
        r#"{ allow = "tx/%c/#" }"#,
        r#"{ allow = "tx/%c/#", sealed = true }"#,
    );
    let topic = format!("tx/{ALICE}/t");
    for version in Version::ALL {
        let broker = fleet.start();
        let mut device = FieldDevice::new(ALICE);
        let mut reader = reader(&broker, version);
        let live = device.seal(Class::Live, &topic, b"21.5");
        let retained = device.seal(Class::Retained, &topic, b"21.5");
        let mut wire = device.log_in(&broker, version);
        wire.publish(&Publish::new(&topic, &live, 0)).unwrap();
        assert_eq!(message(&mut reader), (topic.clone(), live.clone()));
        wire.publish(&Publish::new(&topic, &retained, 0).retained())
            .unwrap();
        assert_eq!(message(&mut reader), (topic.clone(), retained.clone()));
        let refused = [
            Publish::new(&topic, "21.5", 0),
            Publish::new(&topic, &live[..29], 0),
            Publish::new(&topic, &live, 0).retained(),
            Publish::new(&topic, &retained, 0),
            // MQTT's delete is unsigned, so a sealed topic does not take it.
            Publish::new(&topic, "", 0).retained(),
        ];
        for publish in refused {
            let mut wire = device.log_in(&broker, version);
            wire.publish(&publish).unwrap();
            assert_eq!(
                wire.until_closed().unwrap(),
                Some(farewell(version)),
                "{publish:?}"
            );
        }
        assert!(reader.is_open_and_quiet().unwrap());
    }
}

#[test]
fn an_acl_file_of_the_broker_widens_nothing() {
    let fleet = Fleet::new();
    fleet.write(
        "acl",
        "topic readwrite #\n\nuser device-0123456789ab\ntopic readwrite #\n",
    );
    let acl_file = format!("acl_file {}", fleet.path("acl").display());
    let broker = fleet.setup().line(&acl_file).start().unwrap();
    let mut device = FieldDevice::new(ALICE);
    for version in Version::ALL {
        let mut wire = device.log_in(&broker, version);
        wire.publish(&Publish::new(&format!("tx/{BOB}/t"), "x", 0))
            .unwrap();
        assert_eq!(wire.until_closed().unwrap(), Some(farewell(version)));
        let mut wire = device.log_in(&broker, version);
        wire.subscribe(&["#"]).unwrap();
        assert_eq!(wire.until_closed().unwrap(), Some(farewell(version)));
        reload(&broker, RELOADED);
    }
}
