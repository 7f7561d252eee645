//! The testbed against a plain Mosquitto: what the plugin's tests rely on.

use mqward_testbed::{Connect, Packet, Publish, Setup, Version, Wire};

const ACCEPTED: Packet = Packet::ConnAck {
    session_present: false,
    code: 0,
};

#[test]
fn publishes_reach_a_subscriber_at_every_qos() {
    let broker = Setup::new().line("allow_anonymous true").start().unwrap();
    for version in Version::ALL {
        let (mut reader, answer) =
            Wire::dial(broker.address(), version, &Connect::new("r")).unwrap();
        assert_eq!(answer, ACCEPTED);
        reader.subscribe(&["a/#", "b"]).unwrap();
        assert_eq!(
            reader.receive().unwrap(),
            Packet::SubAck {
                id: 2,
                codes: vec![1, 1]
            }
        );
        let (mut writer, answer) =
            Wire::dial(broker.address(), version, &Connect::new("w")).unwrap();
        assert_eq!(answer, ACCEPTED);
        for qos in 0..=2 {
            writer.publish(&Publish::new("a/1", [qos], qos)).unwrap();
            if qos == 1 {
                assert!(matches!(
                    writer.receive().unwrap(),
                    Packet::PubAck { id: 1, .. }
                ));
            }
            if qos == 2 {
                assert_eq!(writer.receive().unwrap(), Packet::PubRec { id: 1, code: 0 });
                writer.release(1).unwrap();
                assert_eq!(
                    writer.receive().unwrap(),
                    Packet::PubComp { id: 1, code: 0 }
                );
            }
            let Packet::Publish(got) = reader.receive().unwrap() else {
                panic!("no PUBLISH")
            };
            assert_eq!((got.topic.as_str(), got.payload), ("a/1", vec![qos]));
            if got.id != 0 {
                reader.acknowledge(got.id).unwrap();
            }
        }
        assert!(writer.is_open_and_quiet().unwrap());
        assert!(reader.is_open_and_quiet().unwrap());
        reader.unsubscribe("b").unwrap();
        assert_eq!(reader.receive().unwrap(), Packet::UnsubAck { id: 3 });
        reader.disconnect().unwrap();
        assert_eq!(reader.receive().unwrap(), Packet::Closed);
    }
}

#[test]
fn password_file_decides_and_codes_are_seen_as_sent() {
    let mut broker = Setup::new().user("alice", "secret").start().unwrap();
    let right = Connect::new("x").login("alice", "secret");
    let wrong = Connect::new("x").login("alice", "no");
    for (version, refused) in [(Version::V3, 5), (Version::V5, 0x87)] {
        let (_, answer) = Wire::dial(broker.address(), version, &right).unwrap();
        assert_eq!(answer, ACCEPTED);
        let (mut wire, answer) = Wire::dial(broker.address(), version, &wrong).unwrap();
        assert_eq!(
            answer,
            Packet::ConnAck {
                session_present: false,
                code: refused
            }
        );
        assert_eq!(wire.receive().unwrap(), Packet::Closed);
    }
    broker.restart().unwrap();
    assert!(broker.is_running().unwrap());
    broker.hang_up().unwrap();
    assert!(broker.logs("Reloading config."));
}

#[test]
fn a_broker_that_does_not_start_says_why() {
    let error = Setup::new().line("no_such_option 1").start().unwrap_err();
    assert!(error.to_string().contains("no_such_option"), "{error}");
}

#[test]
fn unknown_authentication_method_is_answered_with_8c() {
    let broker = Setup::new().line("allow_anonymous true").start().unwrap();
    let mut connect = Connect::new("x");
    connect.auth_method = Some("SCRAM-SHA-256".into());
    let (_, answer) = Wire::dial(broker.address(), Version::V5, &connect).unwrap();
    assert_eq!(
        answer,
        Packet::ConnAck {
            session_present: false,
            code: 0x8c
        }
    );
}
