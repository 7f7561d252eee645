//! A fleet on its way from static passwords and plaintext, device by device.

use mqward::{Publish, Reason, Verdict};
use mqward_broker::{DeviceStage, Guard, LoginRequest, NewDevice, Outcome, Registry, read_stages};

use crate::test_fleet::{
    DEVICE, HARDWARE, NOW, OTHER, TestDevice, TestFleet, eventually, login, now, registry_policy,
    request, time,
};

/// The shape of a sealed live payload: header, nothing, tag.
const SEALED: [u8; 30] = {
    let mut payload = [1; 30];
    payload[0] = 0x10;
    payload
};

/// Two devices whose registry says that they are still to migrate.
pub(crate) fn fleet() -> (TestFleet, Registry) {
    let fleet = TestFleet::new();
    let migration = "[migration]\nfile = \"stages.journal\"\n[audit]";
    fleet.write(
        "policy.toml",
        &registry_policy().replace("[audit]", migration),
    );
    let mut registry = Registry::create(&fleet.path("registry.db")).unwrap();
    for client_id in [DEVICE, OTHER] {
        let legacy = NewDevice {
            stage: DeviceStage::Legacy,
            ..NewDevice::new(client_id, &HARDWARE)
        };
        registry.add(&legacy, now()).unwrap();
    }
    (fleet, registry)
}

fn defers(guard: &Guard, request: &LoginRequest<'_>) -> bool {
    match guard.login(request, time(NOW)) {
        Outcome::Defer => true,
        Outcome::Refuse(_) => false,
        Outcome::Admit => panic!("admitted"),
    }
}

fn publish(guard: &Guard, payload: &[u8]) -> Verdict {
    let topic = format!("tx/{DEVICE}/t");
    let packet = Publish {
        topic: topic.as_bytes(),
        payload,
        retain: false,
        packet_len: None,
    };
    guard.publish(DEVICE.as_bytes(), &packet, None)
}

#[test]
fn the_first_good_password_ends_the_static_one_for_good() {
    let (fleet, _registry) = fleet();
    let guard = fleet.guard();
    let fixed = LoginRequest {
        user_name: Some(b"fleet"),
        ..request(DEVICE, "hunter2")
    };
    let nothing = LoginRequest {
        user_name: None,
        password: None,
        ..request(DEVICE, "")
    };
    let as_long = request(DEVICE, "AQFpVbkAaOd4AQAABzWDvWBDZNfhUzH90vNwBCA");
    for attempt in [&fixed, &nothing, &as_long] {
        assert!(defers(&guard, attempt), "{attempt:?}");
    }
    let mut device = TestDevice::new(DEVICE);
    let stale = device.password_at(NOW - 1_000);
    assert_eq!(
        login(&guard, DEVICE, &stale, NOW),
        Err(Reason::OutsideWindow),
        "it was meant as one"
    );
    assert!(defers(&guard, &fixed), "and was no good one");
    let good = device.password_at(NOW);
    assert_eq!(login(&guard, DEVICE, &good, NOW), Ok(()));
    for attempt in [&fixed, &nothing, &as_long] {
        assert!(!defers(&guard, attempt), "{attempt:?}");
    }
    assert_eq!(login(&guard, DEVICE, &good, NOW), Err(Reason::Replayed));
    assert!(
        defers(&guard, &request(OTHER, "hunter2")),
        "another device goes its own way"
    );
    assert!(
        guard
            .metrics()
            .contains("mqward_stages_reached_total{stage=\"login\"} 1\n")
    );
    drop(guard);
    let guard = fleet.guard();
    assert!(!defers(&guard, &fixed), "after a restart too");
    guard.reload(now()).unwrap();
    assert!(!defers(&guard, &fixed), "and a reload");
    let stages = read_stages(&fleet.path("stages.journal")).unwrap();
    assert_eq!(stages, [(DEVICE.to_owned(), DeviceStage::Login)]);
}

#[test]
fn the_first_sealed_message_ends_plaintext_for_good() {
    let (fleet, _registry) = fleet();
    let guard = fleet.guard();
    assert!(publish(&guard, b"21.5").is_allowed());
    assert!(publish(&guard, &SEALED).is_allowed());
    assert!(
        publish(&guard, b"21.5").is_allowed(),
        "who has not proved who it is latches nothing"
    );
    assert_eq!(TestDevice::new(DEVICE).login(&guard, NOW), Ok(()));
    assert!(publish(&guard, b"21.5").is_allowed());
    let report = fleet.audit_lines().pop().unwrap();
    assert_eq!(
        (&report["verdict"], &report["reason"]),
        (&"report".into(), &"not-sealed".into())
    );
    assert_eq!(report["close"], true, "what enforcement would do");
    let plain = format!("plain/{DEVICE}");
    let unrelated = Publish {
        topic: plain.as_bytes(),
        payload: &SEALED,
        retain: false,
        packet_len: None,
    };
    assert!(
        guard
            .publish(DEVICE.as_bytes(), &unrelated, None)
            .is_allowed()
    );
    assert!(
        publish(&guard, b"21.5").is_allowed(),
        "no rule asked for that seal"
    );

    let retained = format!("tx/{DEVICE}/t");
    let review = |payload: &[u8]| {
        let packet = Publish {
            topic: retained.as_bytes(),
            payload,
            ..unrelated
        };
        guard.review(DEVICE.as_bytes(), &packet).is_allowed()
    };
    assert!(
        review(&SEALED) && review(b"21.5"),
        "what was sealed before is no message of now"
    );
    assert!(publish(&guard, &SEALED).is_allowed());
    assert!(review(&SEALED) && !review(b"21.5"));
    let refused = publish(&guard, b"21.5");
    assert_eq!(
        (refused.is_allowed(), refused.reason()),
        (false, Some(Reason::NotSealed))
    );
    assert!(publish(&guard, &SEALED).is_allowed());
    let allowed_as_ever = Publish {
        payload: b"x",
        ..unrelated
    };
    assert!(
        guard
            .publish(DEVICE.as_bytes(), &allowed_as_ever, None)
            .is_allowed()
    );
    let metrics = guard.metrics();
    let reports =
        "mqward_verdicts_total{action=\"publish\",verdict=\"report\",reason=\"not-sealed\"} 4\n";
    assert!(metrics.contains(reports), "{metrics}");
    assert!(metrics.contains("mqward_stages_reached_total{stage=\"sealed\"} 1\n"));
    drop(guard);
    assert!(!publish(&fleet.guard(), b"21.5").is_allowed());
}

#[test]
fn a_report_names_every_kind_however_loud_another_one_is() {
    let (fleet, _registry) = fleet();
    let policy = std::fs::read_to_string(fleet.path("policy.toml")).unwrap();
    let reporting = "auth = \"mqward\"\non_refuse = \"report\"";
    fleet.write(
        "policy.toml",
        &policy.replacen("auth = \"mqward\"", reporting, 1),
    );
    let guard = fleet.guard();
    for _ in 0..1_000 {
        assert!(publish(&guard, b"21.5").is_allowed());
    }
    let elsewhere = Publish {
        topic: b"debug/a",
        payload: b"",
        retain: false,
        packet_len: None,
    };
    assert!(
        guard
            .publish(DEVICE.as_bytes(), &elsewhere, None)
            .is_allowed()
    );
    let lines = fleet.audit_lines();
    let reported = |reason: &str| {
        let lines = lines.iter().filter(|line| line["reason"] == reason);
        lines.filter(|line| line["verdict"] == "report").count()
    };
    assert_eq!(reported("not-sealed"), 100, "a flood is bounded");
    assert_eq!(reported("not-allowed"), 1);
}

#[test]
fn without_a_place_to_keep_stages_the_policy_holds_as_it_is() {
    let (fleet, _registry) = fleet();
    fleet.write("policy.toml", &registry_policy());
    let guard = fleet.guard();
    assert!(!defers(&guard, &request(DEVICE, "hunter2")));
    assert!(!publish(&guard, b"21.5").is_allowed());
}

#[test]
fn a_revoked_device_is_not_left_to_the_broker() {
    let (fleet, mut registry) = fleet();
    let guard = fleet.guard();
    assert!(defers(&guard, &request(DEVICE, "hunter2")));
    registry.revoke(DEVICE, "lost", now()).unwrap();
    eventually(|| !defers(&guard, &request(DEVICE, "hunter2")));
    assert!(!guard.may_stay(DEVICE.as_bytes()));
}
