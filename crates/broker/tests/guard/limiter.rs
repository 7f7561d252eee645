//! Floods of failures: the log stays small, and nobody honest is kept out.

use mqward::{Publish, Reason};
use mqward_broker::{LoginRequest, Outcome};

use crate::test_fleet::{DEVICE, NOW, OTHER, POLICY, TestDevice, TestFleet, login, now, request};

fn limited() -> TestFleet {
    let fleet = TestFleet::new();
    let limiter = "[limiter]\nfailures = 5\nper_minute = 6\ncloses = 3\n[audit]";
    fleet.write("policy.toml", &POLICY.replace("[audit]", limiter));
    fleet
}

#[test]
fn a_password_that_verifies_is_admitted_whatever_happened_before() {
    let fleet = limited();
    let guard = fleet.guard();
    let mut device = TestDevice::new(DEVICE);
    // From the same address, in the name of the same device, and by the device itself.
    let wrong = TestDevice::with_key(
        DEVICE,
        1,
        crate::test_fleet::login_key(DEVICE, 1, b"x", "a"),
        1,
    )
    .password_at(NOW);
    let used = device.password_at(NOW);
    assert_eq!(login(&guard, DEVICE, &used, NOW), Ok(()));
    for _ in 0..1_000 {
        assert_eq!(login(&guard, DEVICE, &wrong, NOW), Err(Reason::WrongTag));
        assert_eq!(login(&guard, DEVICE, &used, NOW), Err(Reason::Replayed));
    }
    assert_eq!(device.login(&guard, NOW), Ok(()));
    assert_eq!(TestDevice::new(OTHER).login(&guard, NOW), Ok(()));
    let lines = fleet.audit_lines();
    let count = |event: &str, reason: Option<&str>| {
        let lines = lines.iter().filter(|line| line["event"] == event);
        lines
            .filter(|line| reason.is_none() || line["reason"] == reason.unwrap())
            .count()
    };
    assert_eq!(count("login", Some("wrong-tag")), 5);
    assert_eq!(count("login", Some("replayed")), 5);
    assert_eq!(
        count("limit", None),
        2,
        "one for the address, one for the device"
    );
    assert_eq!(lines.len(), 15);
    let metrics = guard.metrics();
    assert!(
        metrics.contains("mqward_logins_total{outcome=\"refuse\",reason=\"wrong-tag\"} 1000\n"),
        "{metrics}"
    );
    assert!(
        metrics.contains("mqward_audit_lines_limited_total 1990\n"),
        "{metrics}"
    );
    // A minute later it is heard again, with what was not.
    assert_eq!(
        login(&guard, DEVICE, &wrong, NOW + 30),
        Err(Reason::WrongTag)
    );
    let last = fleet.audit_lines().pop().unwrap();
    assert!(
        last["detail"].as_str().unwrap().contains("995 more"),
        "{last}"
    );
}

#[test]
fn a_device_that_logs_in_without_end_does_not_fill_the_disk() {
    let fleet = limited();
    let guard = fleet.guard();
    let mut rogue = TestDevice::new(DEVICE);
    for _ in 0..2_000 {
        assert_eq!(rogue.login(&guard, NOW), Ok(()), "never refused for it");
    }
    assert_eq!(TestDevice::new(OTHER).login(&guard, NOW), Ok(()));
    let lines = fleet.audit_lines();
    assert_eq!(lines.len(), 600 + 1 + 1);
    assert_eq!(lines[600]["event"], "limit");
    assert_eq!(lines[600]["client_id"], DEVICE);
    assert_eq!(lines[601]["client_id"], OTHER);
    assert_eq!(rogue.login(&guard, NOW + 1), Ok(()));
    let last = fleet.audit_lines().pop().unwrap();
    let detail = last["detail"].as_str().unwrap();
    assert!(detail.contains("1400 more"), "{last}");
}

#[test]
fn every_breach_ends_the_connection_where_the_policy_says_so() {
    let fleet = TestFleet::new();
    let limiter = "[limiter]\ncloses = 0\n[audit]";
    fleet.write("policy.toml", &POLICY.replace("[audit]", limiter));
    let guard = fleet.guard();
    let topic = format!("tx/{OTHER}/x");
    let packet = Publish {
        topic: topic.as_bytes(),
        payload: b"",
        retain: false,
        packet_len: None,
    };
    for _ in 0..1_000 {
        assert!(guard.publish(DEVICE.as_bytes(), &packet, None).close());
    }
}

#[test]
fn an_endless_loop_ends_by_itself_and_locks_nobody_out() {
    let fleet = TestFleet::new();
    let guard = fleet.guard();
    let topic = format!("tx/{OTHER}/x");
    let packet = Publish {
        topic: topic.as_bytes(),
        payload: b"",
        retain: false,
        packet_len: None,
    };
    let mut device = TestDevice::new(DEVICE);
    let mut closed = 0;
    for _ in 0..200 {
        assert_eq!(device.login(&guard, NOW), Ok(()), "never at the login");
        let verdict = guard.publish(DEVICE.as_bytes(), &packet, None);
        assert!(!verdict.is_allowed(), "nor does the message pass");
        closed += u32::from(verdict.close());
    }
    assert_eq!(closed, 60);
    // What the device may do it can do as before, and so can others.
    let own = format!("tx/{DEVICE}/x");
    let mut sealed = [1; 30];
    sealed[0] = 0x10;
    let allowed = Publish {
        topic: own.as_bytes(),
        payload: &sealed,
        ..packet
    };
    let verdict = guard.publish(DEVICE.as_bytes(), &allowed, None);
    assert!(verdict.is_allowed(), "{verdict:?}");
    assert!(
        guard
            .publish(
                OTHER.as_bytes(),
                &Publish {
                    topic: b"x",
                    ..packet
                },
                None
            )
            .close()
    );
    // Ten minutes later it is as if nothing had been.
    assert_eq!(device.login(&guard, NOW + 600), Ok(()));
    assert!(guard.publish(DEVICE.as_bytes(), &packet, None).close());
}

#[test]
fn an_endless_loop_of_reconnects_ends_where_the_policy_says_so() {
    let fleet = limited();
    let guard = fleet.guard();
    let mut device = TestDevice::new(DEVICE);
    let topic = format!("tx/{OTHER}/x");
    let packet = Publish {
        topic: topic.as_bytes(),
        payload: b"",
        retain: false,
        packet_len: None,
    };
    let mut closed = 0;
    for _ in 0..20 {
        // What paho and mqtt.js do: connect with a fresh password, send the unacknowledged message again.
        assert_eq!(device.login(&guard, NOW), Ok(()));
        let verdict = guard.publish(DEVICE.as_bytes(), &packet, None);
        assert!(!verdict.is_allowed());
        if !verdict.close() {
            break;
        }
        closed += 1;
    }
    assert_eq!(closed, 3);
    assert!(guard.metrics().contains("mqward_closes_spared_total 1\n"));
    // One place in 4096 is shared with the loop by chance, two hardly ever.
    let closes = |client_id: &str| {
        let topics = ["x", "y", "z"].map(|topic| Publish {
            topic: topic.as_bytes(),
            ..packet
        });
        let verdicts = topics.map(|packet| guard.publish(client_id.as_bytes(), &packet, None));
        verdicts.iter().filter(|verdict| verdict.close()).count()
    };
    assert!(closes(DEVICE) >= 2, "on another topic it is no loop");
    assert!(closes(OTHER) >= 2, "another client's loop is its own");
    let lines = fleet.audit_lines();
    let limit = lines.iter().find(|line| line["event"] == "limit").unwrap();
    assert_eq!(limit["client_id"], DEVICE);
}

#[test]
fn logins_that_are_left_to_the_broker_cannot_fill_the_disk() {
    let fleet = limited();
    let guard = fleet.guard();
    let from = |client_id: &'static str, address: &'static str| {
        let request = LoginRequest {
            address: Some(address),
            ..request(client_id, "guessed")
        };
        assert!(matches!(guard.login(&request, now()), Outcome::Defer));
    };
    // The plugin cannot know that the broker refuses every one of them.
    for _ in 0..1_000 {
        from("op-ann", "192.0.2.7");
        from("op-bob", "192.0.2.7");
    }
    let deferred = |address: &str| {
        let lines = fleet.audit_lines();
        let lines = lines.iter().filter(|line| line["verdict"] == "defer");
        lines.filter(|line| line["address"] == address).count()
    };
    assert_eq!(deferred("192.0.2.7"), 5);
    // Neither failures from there nor people from elsewhere go unheard for it.
    let wrong = request(DEVICE, "guessed");
    assert!(matches!(guard.login(&wrong, now()), Outcome::Refuse(_)));
    from("op-ann", "192.0.2.8");
    assert_eq!(deferred("192.0.2.8"), 1);
    let lines = fleet.audit_lines();
    assert_eq!(lines.len(), 5 + 1 + 1 + 1, "{lines:?}");
    assert!(
        guard
            .metrics()
            .contains("outcome=\"defer\",reason=\"\"} 2001\n")
    );
}
