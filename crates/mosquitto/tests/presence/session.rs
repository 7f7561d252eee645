//! Stored sessions: what they subscribed to once gives them nothing that the rules of now forbid.

use mqward_broker::DeviceStage;
use mqward_testbed::{Broker, Connect, Packet, Version, Wire};

use crate::fleet::{
    ALICE, FieldDevice, Fleet, PERSON, PERSON_PASSWORD, RELOADED, RESUMED, accepted, message,
    reload,
};
use crate::live_fleet::{Seen, assert_sound, live_fleet, now, policy, publish, removal, subscribe};

/// The rules of a device that may not be told anything but news.
fn narrower() -> String {
    let wide = r#"subscribe = [{ allow = "rx/%c/#" }]"#;
    let narrow = r#"subscribe = [{ allow = "rx/%c/news" }]"#;
    assert!(policy().contains(wide));
    policy().replace(wide, narrow)
}

/// Leaves a session behind that wants everything.
fn leave_session(broker: &Broker, version: Version, device: &mut FieldDevice) {
    let connect = device.connect().persistent();
    let (mut wire, _) = Wire::dial(broker.address(), version, &connect).unwrap();
    subscribe(&mut wire, &format!("rx/{ALICE}/#"));
    wire.disconnect().unwrap();
    assert_eq!(wire.receive().unwrap(), Packet::Closed);
}

fn resume(broker: &Broker, version: Version, device: &mut FieldDevice) -> Wire {
    let connect = device.connect().persistent();
    let (wire, answer) = Wire::dial(broker.address(), version, &connect).unwrap();
    assert_eq!(answer, RESUMED, "{}", broker.log());
    wire
}

fn send(broker: &Broker, version: Version, messages: &[(&str, &str)]) {
    let connect = Connect::new(PERSON).login(PERSON, PERSON_PASSWORD);
    let mut person = accepted(broker, version, &connect);
    for (topic, payload) in messages {
        publish(&mut person, &format!("rx/{ALICE}/{topic}"), payload);
    }
}

/// The session gets what the rules of now allow, and ends.
fn assert_gets(mut wire: Wire, payload: &str) {
    let topic = format!("rx/{ALICE}/news");
    assert_eq!(message(&mut wire), (topic, payload.into()));
    assert!(wire.is_open_and_quiet().unwrap(), "more than that");
}

#[test]
fn an_old_subscription_gives_what_the_rules_of_now_allow() {
    let (fleet, _registry) = live_fleet();
    let mut broker = fleet.start();
    let mut device = FieldDevice::new(ALICE);
    for version in Version::ALL {
        leave_session(&broker, version, &mut device);
        // Kept for it before the rules change, and after.
        send(&broker, version, &[("command", "old"), ("news", "1")]);
        fleet.write("policy.toml", &narrower());
        reload(&broker, RELOADED);
        send(&broker, version, &[("command", "new")]);
        assert_gets(resume(&broker, version, &mut device), "1");

        // While it is connected.
        let mut wire = resume(&broker, version, &mut device);
        send(&broker, version, &[("command", "newer"), ("news", "2")]);
        let topic = format!("rx/{ALICE}/news");
        assert_eq!(message(&mut wire), (topic, b"2".into()));
        assert!(wire.is_open_and_quiet().unwrap());
        fleet.write("policy.toml", &policy());
        reload(&broker, RELOADED);
        drop(device.log_in(&broker, version));
    }
    assert_sound(&mut broker);
}

#[test]
fn an_old_subscription_gives_no_more_after_a_restart() {
    for version in Version::ALL {
        let (fleet, _registry) = live_fleet();
        let mut broker = fleet.setup().line("persistence true").start().unwrap();
        let mut device = FieldDevice::new(ALICE);
        leave_session(&broker, version, &mut device);
        send(&broker, version, &[("command", "old"), ("news", "1")]);
        fleet.write("policy.toml", &narrower());
        broker.restart().unwrap();
        send(&broker, version, &[("command", "new")]);
        assert_gets(resume(&broker, version, &mut device), "1");
        send(&broker, version, &[("command", "newer"), ("news", "2")]);
        broker.restart().unwrap();
        assert_gets(resume(&broker, version, &mut device), "2");
        assert_sound(&mut broker);
    }
}

/// What came while a device was revoked is not kept for the day when it no longer is.
fn assert_kept_nothing(fleet: &Fleet, restart: bool) {
    let (_, mut registry) = (
        fleet,
        mqward_broker::Registry::open(&fleet.path("registry.db")).unwrap(),
    );
    let mut broker = fleet.setup().line("persistence true").start().unwrap();
    let mut device = FieldDevice::new(ALICE);
    for version in Version::ALL {
        let connect = device.connect().persistent();
        let (mut wire, _) = Wire::dial(broker.address(), version, &connect).unwrap();
        subscribe(&mut wire, &format!("rx/{ALICE}/#"));
        registry.revoke(ALICE, "", now()).unwrap();
        assert_eq!(wire.until_closed().unwrap(), Some(removal(version)));
        if restart {
            broker.restart().unwrap();
        }
        send(&broker, version, &[("command", "on")]);
        let seen = Seen::before(fleet);
        registry.unrevoke(ALICE, now()).unwrap();
        seen.wait(fleet);
        send(&broker, version, &[("news", "1")]);
        assert_gets(resume(&broker, version, &mut device), "1");
        drop(device.log_in(&broker, version));
    }
    assert_sound(&mut broker);
}

#[test]
fn nothing_is_kept_for_a_device_while_it_is_revoked() {
    let (fleet, _registry) = live_fleet();
    assert_kept_nothing(&fleet, false);
}

#[test]
fn nothing_is_kept_for_a_revoked_device_after_a_restart() {
    let (fleet, _registry) = live_fleet();
    assert_kept_nothing(&fleet, true);
}

/// A fleet that comes from static passwords has other user names than client ids, often one for all.
#[test]
fn what_waits_for_a_device_with_another_user_name_waits_on() {
    let (fleet, mut registry) = live_fleet();
    let migration = "[migration]\nfile = \"stages.journal\"\n[audit]";
    fleet.write("policy.toml", &policy().replace("[audit]", migration));
    registry
        .set_stage(ALICE, DeviceStage::Legacy, now())
        .unwrap();
    let setup = fleet.setup().user("fleet", "static");
    let mut broker = setup.line("persistence true").start().unwrap();
    let connect = Connect::new(ALICE).login("fleet", "static").persistent();
    for version in Version::ALL {
        let (mut wire, _) = Wire::dial(broker.address(), version, &connect).unwrap();
        subscribe(&mut wire, &format!("rx/{ALICE}/#"));
        wire.disconnect().unwrap();
        assert_eq!(wire.receive().unwrap(), Packet::Closed);
        send(&broker, version, &[("news", "1"), ("news", "2")]);
        broker.restart().unwrap();
        send(&broker, version, &[("news", "3"), ("news", "4")]);
        let (mut wire, answer) = Wire::dial(broker.address(), version, &connect).unwrap();
        assert_eq!(answer, RESUMED, "{}", broker.log());
        let topic = format!("rx/{ALICE}/news");
        for payload in ["1", "2", "3", "4"] {
            assert_eq!(message(&mut wire), (topic.clone(), payload.into()));
        }
        // When it is closed, the broker has read what was acknowledged.
        wire.disconnect().unwrap();
        assert_eq!(wire.receive().unwrap(), Packet::Closed);
        let clean = Connect::new(ALICE).login("fleet", "static");
        drop(accepted(&broker, version, &clean));
    }
    assert_sound(&mut broker);
}
