//! Payload and topic limits of a role, judged in the broker.

use mqward_testbed::{Packet, Publish, Version};

use crate::fleet::{ALICE, FieldDevice, Fleet, GENTLE, farewell, message, reader};

#[test]
fn a_payload_at_the_limit_passes_and_one_more_byte_closes() {
    let fleet = Fleet::new();
    let broker = fleet.start();
    let mut device = FieldDevice::new(ALICE);
    let topic = format!("tx/{ALICE}/t");
    for version in Version::ALL {
        let mut reader = reader(&broker, version);
        for qos in 0..=2 {
            let mut wire = device.log_in(&broker, version);
            wire.publish(&Publish::new(&topic, [b'x'; 64], 0)).unwrap();
            assert_eq!(message(&mut reader), (topic.clone(), vec![b'x'; 64]));
            wire.publish(&Publish::new(&topic, [b'x'; 65], qos))
                .unwrap();
            assert_eq!(
                wire.until_closed().unwrap(),
                Some(farewell(version)),
                "QoS {qos}"
            );
        }
        assert!(
            reader.is_open_and_quiet().unwrap(),
            "an oversize payload was delivered"
        );
    }
    assert!(fleet.audit().contains("payload"), "{}", fleet.audit());
}

#[test]
fn a_huge_payload_closes_too() {
    let fleet = Fleet::new();
    let broker = fleet.start();
    let mut wire = FieldDevice::new(ALICE).log_in(&broker, Version::V5);
    wire.publish(&Publish::new(&format!("tx/{ALICE}/t"), vec![0; 1 << 20], 1))
        .unwrap();
    assert_eq!(wire.until_closed().unwrap(), Some(farewell(Version::V5)));
}

#[test]
fn an_empty_payload_is_judged_like_any_other() {
    let fleet = Fleet::new();
    let broker = fleet.start();
    let mut device = FieldDevice::new(ALICE);
    for version in Version::ALL {
        let mut reader = reader(&broker, version);
        let mut wire = device.log_in(&broker, version);
        wire.publish(&Publish::new(&format!("tx/{ALICE}/t"), "", 1))
            .unwrap();
        assert!(matches!(
            wire.receive().unwrap(),
            Packet::PubAck { id: 1, .. }
        ));
        assert_eq!(message(&mut reader), (format!("tx/{ALICE}/t"), vec![]));
        wire.publish(&Publish::new("tx/else", "", 1)).unwrap();
        assert_eq!(wire.until_closed().unwrap(), Some(farewell(version)));
    }
}

#[test]
fn long_and_deep_topics_close() {
    let fleet = Fleet::new();
    let broker = fleet.start();
    let mut device = FieldDevice::new(ALICE);
    for version in Version::ALL {
        for tail in ["x".repeat(257), "/".repeat(190), "x".repeat(60_000)] {
            let mut wire = device.log_in(&broker, version);
            wire.publish(&Publish::new(&format!("tx/{ALICE}/{tail}"), "x", 1))
                .unwrap();
            assert_eq!(wire.until_closed().unwrap(), Some(farewell(version)));
        }
    }
}

#[test]
fn a_role_that_refuses_keeps_the_connection_after_an_oversize_payload() {
    let fleet = Fleet::new();
    let broker = fleet.start();
    let mut wire = FieldDevice::new(GENTLE).log_in(&broker, Version::V5);
    wire.publish(&Publish::new(&format!("tx/{GENTLE}/t"), [0; 65], 1))
        .unwrap();
    assert_eq!(
        wire.receive().unwrap(),
        Packet::PubAck { id: 1, code: 0x87 }
    );
    assert!(wire.is_open_and_quiet().unwrap());
}

/// A connection that stays open may go on forever.
#[test]
fn a_flood_of_refused_packets_does_not_fill_the_log() {
    let fleet = Fleet::new();
    let broker = fleet.start();
    let mut wire = FieldDevice::new(GENTLE).log_in(&broker, Version::V5);
    for _ in 0..2_000 {
        wire.publish(&Publish::new("tx/else", "x", 0)).unwrap();
    }
    wire.publish(&Publish::new("tx/else", "x", 1)).unwrap();
    assert!(matches!(wire.receive().unwrap(), Packet::PubAck { .. }));
    let log = broker.log();
    // Twice as many if a slow machine takes the flood into a second period, and so on.
    let lines = log.matches("refused publish").count();
    assert!((1..1_000).contains(&lines), "{lines}");
}
