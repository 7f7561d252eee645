//! Topics that begin with `$`: the broker's own, which no wildcard of a rule reaches, whoever asks.

use mqward_testbed::{Connect, Packet, Publish, Version};

use crate::fleet::{
    ALICE, FieldDevice, Fleet, PERSON, PERSON_PASSWORD, POLICY, accepted, farewell, reader,
};

/// A fleet in which everybody may do everything that wildcards can say.
fn open_fleet() -> Fleet {
    let fleet = Fleet::new();
    let policy = POLICY
        .replace(
            r#"[{ allow = "tx/%c/#" }]"#,
            r##"[{ allow = "#" }, { allow = "+/#" }]"##,
        )
        .replace(r#"[{ allow = "rx/%c/#" }]"#, r##"[{ allow = "#" }]"##)
        .replace(r#"[{ allow = "tx/#" }]"#, r##"[{ allow = "#" }]"##)
        .replace(r#"[{ allow = "rx/#" }]"#, r##"[{ allow = "#" }]"##);
    fleet.write("policy.toml", &policy);
    fleet
}

const CONTROL: &str = "$CONTROL/dynamic-security/v1";

#[test]
fn control_topics_are_closed_to_wildcards() {
    let fleet = open_fleet();
    let broker = fleet.start();
    let mut device = FieldDevice::new(ALICE);
    let command = r#"{"commands":[{"command":"listClients"}]}"#;
    for version in Version::ALL {
        for qos in 0..=2 {
            let mut wire = device.log_in(&broker, version);
            wire.publish(&Publish::new(CONTROL, command, qos)).unwrap();
            assert_eq!(wire.until_closed().unwrap(), Some(farewell(version)));
        }
        for filter in [CONTROL, "$CONTROL/#", "$CONTROL/+/v1/response"] {
            let mut wire = device.log_in(&broker, version);
            wire.subscribe(&[filter]).unwrap();
            assert_eq!(
                wire.until_closed().unwrap(),
                Some(farewell(version)),
                "{filter}"
            );
        }
        let connect = Connect::new(PERSON).login(PERSON, PERSON_PASSWORD);
        let mut person = accepted(&broker, version, &connect);
        person.publish(&Publish::new(CONTROL, command, 1)).unwrap();
        assert_eq!(person.until_closed().unwrap(), Some(farewell(version)));
    }
}

/// A dry run lets pass what a rule refuses, but never the administration of the broker.
#[test]
fn control_topics_are_closed_where_refusals_are_only_reported() {
    let fleet = Fleet::new();
    let report = r#"on_refuse = "report""#;
    let policy = POLICY.replace(r#"limits = { payload = 64 }"#, report);
    let policy = policy.replace("on_refuse = \"refuse\"\n", "");
    fleet.write("policy.toml", &policy);
    let broker = fleet.start();
    let mut device = FieldDevice::new(ALICE);
    for version in Version::ALL {
        let mut wire = device.log_in(&broker, version);
        let code = |refused: u8| if version == Version::V5 { refused } else { 0 };
        wire.publish(&Publish::new("tx/else", "x", 1)).unwrap();
        let id = 1;
        assert_eq!(
            wire.receive().unwrap(),
            Packet::PubAck {
                id,
                code: code(0x10)
            },
            "reported"
        );
        for filter in [CONTROL, "$CONTROL/#", "$share/g/$CONTROL/+/v1/response"] {
            wire.subscribe(&[filter]).unwrap();
            let Packet::SubAck { codes, .. } = wire.receive().unwrap() else {
                panic!("{filter}: no SUBACK");
            };
            assert!(
                codes.iter().all(|code| *code >= 0x80),
                "{filter}: {codes:?}"
            );
        }
        wire.publish(&Publish::new(CONTROL, "{}", 0)).unwrap();
        assert!(wire.is_open_and_quiet().unwrap());
    }
    let refused = r#"mqward: refused publish by "device-0123456789ab" from 127.0.0.1: not-allowed: "$CONTROL/"#;
    assert!(broker.logs(refused), "{}", broker.log());
}

#[test]
fn system_topics_are_closed_to_wildcards() {
    let fleet = open_fleet();
    let broker = fleet.start();
    let mut device = FieldDevice::new(ALICE);
    for version in Version::ALL {
        for filter in [
            "$SYS/#",
            "$SYS/broker/uptime",
            "$SYS/+/clients/total",
            "$share/g/$SYS/#",
        ] {
            let mut wire = device.log_in(&broker, version);
            wire.subscribe(&[filter]).unwrap();
            assert_eq!(
                wire.until_closed().unwrap(),
                Some(farewell(version)),
                "{filter}"
            );
        }
        // `#` is everything but that.
        let mut wire = device.log_in(&broker, version);
        wire.subscribe(&["#"]).unwrap();
        assert!(matches!(wire.receive().unwrap(), Packet::SubAck { .. }));
        assert!(wire.is_open_and_quiet().unwrap());
    }
}

/// Mosquitto refuses these before it asks a plugin: nothing is delivered, and the connection stays.
#[test]
fn the_broker_itself_refuses_messages_to_shared_and_system_topics() {
    let fleet = open_fleet();
    let broker = fleet.start();
    let mut device = FieldDevice::new(ALICE);
    for version in Version::ALL {
        let mut reader = reader(&broker, version);
        let mut wire = device.log_in(&broker, version);
        for topic in ["$share/g/tx/t", "$SYS/broker/uptime"] {
            wire.publish(&Publish::new(topic, "x", 1)).unwrap();
            let code = if version == Version::V5 { 0x87 } else { 0 };
            assert_eq!(wire.receive().unwrap(), Packet::PubAck { id: 1, code });
        }
        assert!(wire.is_open_and_quiet().unwrap());
        assert!(reader.is_open_and_quiet().unwrap());
    }
    assert!(!fleet.audit().contains(r#""event":"publish""#));
}
