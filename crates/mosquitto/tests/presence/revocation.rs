//! Revocation: it ends a connection within seconds, that one alone, and nobody waits for a reload.

use core::net::{Ipv4Addr, SocketAddr};

use mqward::Generation;
use mqward_broker::DeviceStage;
use mqward_testbed::{Connect, Packet, Publish, Version, Wire, plugin_path};

use crate::fleet::{
    ACCEPTED, ALICE, BOB, FieldDevice, PERSON, PERSON_PASSWORD, RELOADED, accepted, assert_refused,
    farewell, message, reader, reload,
};
use crate::live_fleet::{Seen, assert_sound, live_fleet, now, policy, publish, removal, subscribe};
use crate::tls::free_port;

#[test]
fn a_revoked_device_is_disconnected_without_its_will() {
    let (fleet, mut registry) = live_fleet();
    let mut broker = fleet.start();
    let (mut alice, mut bob) = (FieldDevice::new(ALICE), FieldDevice::new(BOB));
    for version in Version::ALL {
        let mut reader = reader(&broker, version);
        let mut other = bob.log_in(&broker, version);
        let connect = alice.connect().will(&format!("tx/{ALICE}/will"), b"gone");
        let mut wire = accepted(&broker, version, &connect);
        registry.revoke(ALICE, "stolen", now()).unwrap();
        assert_eq!(wire.until_closed().unwrap(), Some(removal(version)));
        assert_refused(&broker, version, &alice.connect());
        assert!(other.is_open_and_quiet().unwrap());
        assert!(reader.is_open_and_quiet().unwrap(), "a will was published");
        let seen = Seen::before(&fleet);
        registry.unrevoke(ALICE, now()).unwrap();
        seen.wait(&fleet);
        assert!(alice.log_in(&broker, version).is_open_and_quiet().unwrap());
    }
    assert!(broker.logs("mqward: disconnected \"device-0123456789ab\": revoked"));
    let ended = fleet.audit().matches("its connection was ended").count();
    assert_eq!(ended, 2, "{}", fleet.audit());
    assert_sound(&mut broker);
}

/// A device that was gone already when it was revoked has nothing more to say either.
#[test]
fn a_will_that_waits_is_not_published_once_its_device_is_revoked() {
    let (fleet, mut registry) = live_fleet();
    let mut broker = fleet.start();
    let mut reader = reader(&broker, Version::V5);
    for (id, wait) in [(ALICE, 5), (BOB, 6)] {
        let connect = FieldDevice::new(id).connect().persistent();
        let connect = connect
            .will(&format!("tx/{id}/will"), b"gone")
            .will_delay(wait);
        drop(accepted(&broker, Version::V5, &connect));
    }
    let seen = Seen::before(&fleet);
    registry.revoke(ALICE, "", now()).unwrap();
    seen.wait(&fleet);
    assert_eq!(
        message(&mut reader),
        (format!("tx/{BOB}/will"), b"gone".into())
    );
    let refused = "refused a packet of \"device-0123456789ab\"";
    assert!(broker.log().contains(refused), "{}", broker.log());
    assert_sound(&mut broker);
}

#[test]
fn a_person_of_the_broker_is_revoked_like_a_device() {
    let (fleet, mut registry) = live_fleet();
    let mut broker = fleet.start();
    let connect = Connect::new(PERSON).login(PERSON, PERSON_PASSWORD);
    for version in Version::ALL {
        let mut wire = reader(&broker, version);
        // Somebody who guesses at the person's password changes nothing about the person's connection.
        assert_refused(
            &broker,
            version,
            &Connect::new(PERSON).login(PERSON, "guess"),
        );
        registry.revoke(PERSON, "left", now()).unwrap();
        assert_eq!(wire.until_closed().unwrap(), Some(removal(version)));
        assert_refused(&broker, version, &connect);
        let seen = Seen::before(&fleet);
        registry.unrevoke(PERSON, now()).unwrap();
        seen.wait(&fleet);
    }
    assert_sound(&mut broker);
}

/// What the broker's own users send is judged from their first packet on.
#[test]
fn a_person_who_was_revoked_before_the_first_packet_sends_none() {
    let (fleet, mut registry) = live_fleet();
    let mut broker = fleet.start();
    let connect = Connect::new(PERSON).login(PERSON, PERSON_PASSWORD);
    for version in Version::ALL {
        let mut wire = accepted(&broker, version, &connect);
        let seen = Seen::before(&fleet);
        registry.revoke(PERSON, "left", now()).unwrap();
        seen.wait(&fleet);
        wire.subscribe(&["tx/#"]).unwrap();
        let end = wire.until_closed().unwrap().unwrap();
        assert!(
            end == farewell(version) || end == removal(version),
            "{end:?}"
        );
        let seen = Seen::before(&fleet);
        registry.unrevoke(PERSON, now()).unwrap();
        seen.wait(&fleet);
    }
    assert_sound(&mut broker);
}

#[test]
fn a_generation_that_is_revoked_ends_its_connection() {
    let (fleet, mut registry) = live_fleet();
    let mut broker = fleet.start();
    let mut wire = FieldDevice::new(ALICE).log_in(&broker, Version::V5);
    let seen = Seen::before(&fleet);
    registry.rotate(ALICE, None, None, now()).unwrap();
    seen.wait(&fleet);
    // Both generations are accepted until the new one is there.
    assert!(wire.is_open_and_quiet().unwrap());
    registry
        .revoke_generation(ALICE, Generation::FIRST, now())
        .unwrap();
    assert_eq!(wire.until_closed().unwrap(), Some(removal(Version::V5)));
    assert_sound(&mut broker);
}

#[test]
fn of_a_session_that_was_taken_over_the_new_connection_ends() {
    let (fleet, mut registry) = live_fleet();
    let mut broker = fleet.start();
    let mut device = FieldDevice::new(ALICE);
    for version in Version::ALL {
        let mut wires: Vec<Wire> = (0..3)
            .map(|_| {
                let connect = device.connect().persistent();
                Wire::dial(broker.address(), version, &connect).unwrap().0
            })
            .collect();
        let mut newest = wires.pop().unwrap();
        assert!(newest.is_open_and_quiet().unwrap());
        for wire in &mut wires {
            assert!(wire.until_closed().unwrap().is_some());
        }
        registry.revoke(ALICE, "", now()).unwrap();
        assert_eq!(newest.until_closed().unwrap(), Some(removal(version)));
        let seen = Seen::before(&fleet);
        registry.unrevoke(ALICE, now()).unwrap();
        seen.wait(&fleet);
    }
    assert_sound(&mut broker);
}

/// What made Mosquitto 2.0.11 read freed memory: a session without a connection is never "ended" again.
#[test]
fn a_session_that_nobody_is_connected_to_is_left_alone() {
    let (fleet, mut registry) = live_fleet();
    let mut broker = fleet.start();
    let (mut alice, mut bob) = (FieldDevice::new(ALICE), FieldDevice::new(BOB));
    for version in Version::ALL {
        for round in 0..4 {
            let connect = alice.connect().persistent();
            let (mut wire, _) = Wire::dial(broker.address(), version, &connect).unwrap();
            assert!(wire.is_open_and_quiet().unwrap());
            if round % 2 == 0 {
                wire.disconnect().unwrap();
                assert_eq!(wire.receive().unwrap(), Packet::Closed);
            }
            let seen = Seen::before(&fleet);
            registry.revoke(ALICE, "", now()).unwrap();
            seen.wait(&fleet);
            assert!(wire.until_closed().unwrap().is_some());
            let seen = Seen::before(&fleet);
            registry.unrevoke(ALICE, now()).unwrap();
            seen.wait(&fleet);
        }
        // The memory of what was freed is used again.
        for _ in 0..50 {
            assert!(bob.log_in(&broker, version).is_open_and_quiet().unwrap());
        }
    }
    let ended = broker.log().matches("mqward: disconnected").count();
    assert_eq!(ended, 4, "{}", broker.log());
    assert_sound(&mut broker);
}

#[test]
fn a_role_that_a_reload_takes_away_ends_its_connections() {
    let (fleet, _registry) = live_fleet();
    let mut broker = fleet.start();
    let mut device = FieldDevice::new(ALICE).log_in(&broker, Version::V5);
    let mut person = reader(&broker, Version::V5);
    fleet.write(
        "policy.toml",
        &policy().replace("\"person-\"", "\"people-\""),
    );
    reload(&broker, RELOADED);
    assert!(person.until_closed().unwrap().is_some());
    assert!(device.is_open_and_quiet().unwrap());
    assert_sound(&mut broker);
}

/// Rules of a single device and its role count from the next packet on; the connection stays.
#[test]
fn new_rules_count_from_the_next_packet_on() {
    let (fleet, mut registry) = live_fleet();
    let mut broker = fleet.start();
    let mut device = FieldDevice::new(ALICE);
    for version in Version::ALL {
        let mut person = accepted(
            &broker,
            version,
            &Connect::new(PERSON).login(PERSON, PERSON_PASSWORD),
        );
        let mut wire = device.log_in(&broker, version);
        subscribe(&mut wire, &format!("rx/{ALICE}/#"));
        let seen = Seen::before(&fleet);
        registry
            .set_topic_id(ALICE, Some("elsewhere"), now())
            .unwrap();
        seen.wait(&fleet);
        assert!(wire.is_open_and_quiet().unwrap());
        publish(&mut person, &format!("rx/{ALICE}/command"), "on");
        assert!(
            wire.is_open_and_quiet().unwrap(),
            "an old subscription counts"
        );
        wire.publish(&Publish::new(&format!("tx/{ALICE}/t"), "x", 0))
            .unwrap();
        assert_eq!(wire.until_closed().unwrap(), Some(farewell(version)));
        let seen = Seen::before(&fleet);
        registry.set_topic_id(ALICE, None, now()).unwrap();
        seen.wait(&fleet);
    }
    assert_sound(&mut broker);
}

/// A static password that has had its day ends with the next login, and with a reload.
#[test]
fn a_stage_that_is_raised_counts_from_the_next_login_on() {
    let (fleet, mut registry) = live_fleet();
    let migration = "[migration]\nfile = \"stages.journal\"\n[audit]";
    fleet.write("policy.toml", &policy().replace("[audit]", migration));
    registry
        .set_stage(ALICE, DeviceStage::Legacy, now())
        .unwrap();
    let mut broker = fleet.setup().user("fleet", "static").start().unwrap();
    let connect = Connect::new(ALICE).login("fleet", "static");
    let mut wire = accepted(&broker, Version::V5, &connect);
    publish(&mut wire, &format!("tx/{ALICE}/t"), "x");
    let seen = Seen::before(&fleet);
    registry
        .set_stage(ALICE, DeviceStage::Login, now())
        .unwrap();
    seen.wait(&fleet);
    assert!(wire.is_open_and_quiet().unwrap());
    assert_refused(&broker, Version::V5, &connect);
    reload(&broker, RELOADED);
    assert!(wire.until_closed().unwrap().is_some());
    // The device itself takes its connection over, whichever it has.
    drop(FieldDevice::new(ALICE).log_in(&broker, Version::V5));
    assert_sound(&mut broker);
}

/// Mosquitto 2.0.11 sends no ticks then; what a revoked device sends or would get is refused all the same.
#[test]
fn with_settings_per_listener_a_revoked_device_does_nothing_more() {
    let (fleet, mut registry) = live_fleet();
    let port = free_port();
    let broker = fleet
        .setup()
        .per_listener_settings()
        .line(&format!("listener {port} 127.0.0.1"))
        .line("allow_anonymous false")
        .line(&format!("plugin {}", plugin_path().unwrap().display()))
        .line(&format!(
            "plugin_opt_policy {}",
            fleet.path("policy.toml").display()
        ));
    let mut broker = broker.start().unwrap();
    let second = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let (mut alice, mut bob) = (FieldDevice::new(ALICE), FieldDevice::new(BOB));
    for version in Version::ALL {
        let mut reader = reader(&broker, version);
        let connect = alice.connect().will(&format!("tx/{ALICE}/will"), b"gone");
        let (mut wire, answer) = Wire::dial(second, version, &connect).unwrap();
        assert_eq!(answer, ACCEPTED);
        let mut other = bob.log_in(&broker, version);
        let seen = Seen::before(&fleet);
        registry.revoke(ALICE, "", now()).unwrap();
        seen.wait(&fleet);
        // One round of the broker's loop, with a tick at its end if there are any.
        wire.send(&[0xc0, 0]).unwrap();
        let mut end = match wire.receive().unwrap() {
            Packet::PingResp | Packet::Closed => vec![],
            other => vec![other],
        };
        wire.publish(&Publish::new(&format!("tx/{ALICE}/t"), "x", 0))
            .unwrap();
        end.append(&mut wire.until_closed().unwrap().unwrap());
        assert!(
            end == farewell(version) || end == removal(version),
            "{end:?}"
        );
        // Its will is not published either.
        publish(&mut other, &format!("tx/{BOB}/t"), "y");
        assert_eq!(message(&mut reader), (format!("tx/{BOB}/t"), b"y".into()));
        let seen = Seen::before(&fleet);
        registry.unrevoke(ALICE, now()).unwrap();
        seen.wait(&fleet);
    }
    assert_sound(&mut broker);
}
