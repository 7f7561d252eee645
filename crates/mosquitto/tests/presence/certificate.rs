//! Listeners that take a certificate for a login: Mosquitto asks no plugin there, so the plugin looks at first packets.

use core::net::{Ipv4Addr, SocketAddr};

use mqward_testbed::{Broker, Connect, Packet, Publish, Version, Wire};

use crate::fleet::{
    ACCEPTED, ALICE, BOB, FieldDevice, Fleet, PERSON, PERSON_PASSWORD, RELOADED, RESUMED, accepted,
    farewell, message, reader, reload,
};
use crate::live_fleet::{assert_sound, publish, removal, subscribe};
use crate::tls::{Authority, Tunnel, free_port};

/// A broker with a second listener, which asks for certificates.
struct Site {
    authority: Authority,
    fleet: Fleet,
    broker: Broker,
    listener: SocketAddr,
}

impl Site {
    fn new(more: &[&str]) -> Self {
        let (authority, fleet, port) = (Authority::new(), Fleet::new(), free_port());
        let mut setup = fleet.setup();
        for line in authority.listener(port) {
            setup = setup.line(&line);
        }
        for line in more {
            setup = setup.line(line);
        }
        Self {
            broker: setup.start().unwrap(),
            authority,
            fleet,
            listener: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
        }
    }

    fn dial(&self, name: &str, version: Version, connect: &Connect) -> (Tunnel, Wire, Packet) {
        let tunnel = self.authority.tunnel(self.listener, name);
        let (wire, answer) = Wire::dial(tunnel.address, version, connect).unwrap();
        (tunnel, wire, answer)
    }

    /// A connection that the broker accepts, whatever the plugin thinks of it later.
    fn enter(&self, name: &str, version: Version, id: &str) -> (Tunnel, Wire) {
        let (tunnel, wire, answer) = self.dial(name, version, &Connect::new(id));
        assert_eq!(answer, ACCEPTED, "{}", self.broker.log());
        (tunnel, wire)
    }
}

const NAMES: [&str; 2] = [
    "use_identity_as_username true",
    "use_subject_as_username true",
];

#[test]
fn a_certificate_is_no_password_of_a_device() {
    for line in NAMES {
        let mut site = Site::new(&[line]);
        for version in Version::ALL {
            // Whoever it was issued to, the device itself included.
            for name in [ALICE, "anybody"] {
                let (_tunnel, mut wire) = site.enter(name, version, ALICE);
                wire.subscribe(&[&format!("rx/{ALICE}/#")]).unwrap();
                assert_eq!(wire.until_closed().unwrap(), Some(farewell(version)));
                for qos in 0..=2 {
                    let (_tunnel, mut wire) = site.enter(name, version, ALICE);
                    wire.publish(&Publish::new(&format!("tx/{ALICE}/t"), "x", qos))
                        .unwrap();
                    assert_eq!(wire.until_closed().unwrap(), Some(farewell(version)));
                }
            }
            let mut reader = reader(&site.broker, version);
            let (tunnel, mut wire) = site.enter(ALICE, version, ALICE);
            wire.publish(&Publish::new(&format!("tx/{ALICE}/t"), "x", 1))
                .unwrap();
            assert!(wire.until_closed().unwrap().is_some());
            drop(tunnel);
            let will = Connect::new(ALICE).will(&format!("tx/{ALICE}/will"), b"gone");
            let (tunnel, wire, answer) = site.dial(ALICE, version, &will);
            assert_eq!(answer, ACCEPTED);
            drop((tunnel, wire));
            assert!(site.broker.logs("login not judged"));
            // Nor is the will of one that was closed for its first packet.
            let (_tunnel, mut wire, answer) = site.dial(ALICE, version, &will);
            assert_eq!(answer, ACCEPTED);
            wire.publish(&Publish::new(&format!("tx/{ALICE}/t"), "x", 1))
                .unwrap();
            assert!(wire.until_closed().unwrap().is_some());
            assert!(
                reader.is_open_and_quiet().unwrap(),
                "something was published"
            );
        }
        let audit = site.fleet.audit();
        assert!(
            audit.contains(r#""reason":"no-password""#)
                || audit.contains(r#""reason":"user-name""#),
            "{audit}"
        );
        assert!(!audit.contains(r#""event":"publish""#), "{audit}");
        assert_sound(&mut site.broker);
    }
}

#[test]
fn the_name_in_a_certificate_is_the_client_id_of_a_role_of_the_broker() {
    let mut site = Site::new(&[NAMES[0]]);
    for version in Version::ALL {
        let (_tunnel, mut wire) = site.enter(PERSON, version, PERSON);
        subscribe(&mut wire, "tx/#");
        let mut device = FieldDevice::new(if version == Version::V3 { ALICE } else { BOB });
        let mut sender = device.log_in(&site.broker, version);
        for payload in ["1", "2"] {
            let id = if version == Version::V3 { ALICE } else { BOB };
            let topic = format!("tx/{id}/t");
            publish(&mut sender, &topic, payload);
            assert_eq!(message(&mut wire), (topic, payload.into()));
            reload(&site.broker, RELOADED);
            assert!(wire.is_open_and_quiet().unwrap());
        }
        // The rules of the role hold all the same.
        wire.publish(&Publish::new(&format!("tx/{ALICE}/t"), "x", 0))
            .unwrap();
        assert_eq!(wire.until_closed().unwrap(), Some(farewell(version)));

        // Somebody else's certificate under this client id.
        let (_tunnel, mut wire) = site.enter("person-2", version, PERSON);
        wire.subscribe(&["tx/#"]).unwrap();
        assert_eq!(wire.until_closed().unwrap(), Some(farewell(version)));
    }
    assert_sound(&mut site.broker);
}

/// Who takes a session over that way is disconnected before it gets a message of it, and cannot take it apart.
#[test]
fn a_session_that_is_taken_over_without_a_login_gives_nothing_away() {
    let mut site = Site::new(&[NAMES[0]]);
    let mut device = FieldDevice::new(ALICE);
    let own = format!("rx/{ALICE}/#");
    let topic = format!("rx/{ALICE}/command");
    for version in Version::ALL {
        let connect = device.connect().persistent();
        let mut wire = accepted(&site.broker, version, &connect);
        subscribe(&mut wire, &own);
        let person = Connect::new(PERSON).login(PERSON, PERSON_PASSWORD);
        let mut person = accepted(&site.broker, version, &person);

        // While the device is connected, and when it is gone; with what was kept, and what comes.
        for round in 0..2 {
            let (tunnel, mut thief, answer) =
                site.dial(ALICE, version, &Connect::new(ALICE).persistent());
            assert_eq!(answer, RESUMED);
            if round == 0 {
                assert!(wire.until_closed().unwrap().is_some());
                publish(&mut person, &topic, "secret");
                assert_eq!(thief.until_closed().unwrap(), Some(removal(version)));
            } else {
                thief.unsubscribe(&own).unwrap();
                assert_eq!(thief.until_closed().unwrap(), Some(farewell(version)));
            }
            drop(tunnel);
        }
        let connect = device.connect().persistent();
        let (mut wire, answer) = Wire::dial(site.broker.address(), version, &connect).unwrap();
        assert_eq!(answer, RESUMED);
        publish(&mut person, &topic, "on");
        assert_eq!(message(&mut wire), (topic.clone(), b"on".into()));
        wire.disconnect().unwrap();
        assert_eq!(wire.receive().unwrap(), Packet::Closed);
        drop(device.log_in(&site.broker, version));
    }
    assert_sound(&mut site.broker);
}

/// The structure of a connection that ended is where the next one's is: that makes it no better.
#[test]
fn a_connection_that_follows_a_device_is_not_taken_for_it() {
    let mut site = Site::new(&[NAMES[0]]);
    let mut device = FieldDevice::new(ALICE);
    for version in Version::ALL {
        for persistent in [false, true] {
            for _ in 0..5 {
                let mut connect = device.connect();
                if persistent {
                    connect = connect.persistent();
                }
                let (mut wire, _) = Wire::dial(site.broker.address(), version, &connect).unwrap();
                assert!(wire.is_open_and_quiet().unwrap());
                wire.disconnect().unwrap();
                assert_eq!(wire.receive().unwrap(), Packet::Closed);
                let (_tunnel, mut thief) = site.enter(ALICE, version, ALICE);
                thief
                    .publish(&Publish::new(&format!("tx/{ALICE}/t"), "x", 1))
                    .unwrap();
                assert_eq!(thief.until_closed().unwrap(), Some(farewell(version)));
            }
        }
    }
    assert_sound(&mut site.broker);
}

/// Nor is one that follows a person of whom nothing was seen but the will.
#[test]
fn a_connection_that_follows_a_will_is_not_taken_for_its_sender() {
    let mut site = Site::new(&[NAMES[0]]);
    let command = format!("rx/{ALICE}/command");
    for version in Version::ALL {
        let mut device = FieldDevice::new(ALICE).log_in(&site.broker, version);
        subscribe(&mut device, &format!("rx/{ALICE}/#"));
        for _ in 0..5 {
            let connect = Connect::new(PERSON).will(&command, b"gone");
            let (tunnel, wire, answer) = site.dial(PERSON, version, &connect);
            assert_eq!(answer, ACCEPTED);
            drop((tunnel, wire));
            assert_eq!(message(&mut device), (command.clone(), b"gone".into()));
            let (_tunnel, mut thief) = site.enter("person-2", version, PERSON);
            thief.subscribe(&["tx/#"]).unwrap();
            assert_eq!(thief.until_closed().unwrap(), Some(farewell(version)));
        }
    }
    assert_sound(&mut site.broker);
}

/// Certificates beside passwords: where the broker asks for both, the plugin is asked about logins as ever.
#[test]
fn a_certificate_beside_a_password_changes_nothing() {
    let mut site = Site::new(&[]);
    let mut device = FieldDevice::new(ALICE);
    for version in Version::ALL {
        let mut reader = reader(&site.broker, version);
        let will = format!("tx/{ALICE}/will");
        let connect = device.connect().will(&will, b"first");
        let (_first_tunnel, mut first, answer) = site.dial(ALICE, version, &connect);
        assert_eq!(answer, ACCEPTED, "{}", site.broker.log());
        // Taken over: the old connection's will is published.
        let connect = device.connect().will(&will, b"second");
        let (tunnel, mut second, answer) = site.dial(ALICE, version, &connect);
        assert_eq!(answer, ACCEPTED);
        assert!(first.until_closed().unwrap().is_some());
        assert_eq!(message(&mut reader), (will.clone(), b"first".into()));
        assert!(second.is_open_and_quiet().unwrap());
        drop((second, tunnel));
        assert_eq!(message(&mut reader), (will.clone(), b"second".into()));
        let (_tunnel, _, answer) = site.dial(ALICE, version, &Connect::new(ALICE));
        assert_ne!(answer, ACCEPTED, "a certificate alone");
    }
    assert_sound(&mut site.broker);
}
