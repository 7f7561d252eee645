//! Connections about whose login nobody asked: a broker took a certificate, or what it had stored, for one.

use mqward::Reason;
use mqward_broker::{Guard, NewDevice, Outcome, Registry};

use crate::migration;
use crate::test_fleet::{
    DEVICE, HARDWARE, NOW, OTHER, TestDevice, TestFleet, eventually, now, registry_policy,
};

const PERSON: &str = "op-alice";

/// `None` if the broker's own check counts, else why not.
fn refusal(guard: &Guard, client_id: &str, user_name: Option<&str>) -> Option<Reason> {
    let user_name = user_name.map(str::as_bytes);
    match guard.login_unasked(client_id.as_bytes(), user_name, Some("192.0.2.7")) {
        Outcome::Defer => None,
        Outcome::Refuse(verdict) => verdict.reason(),
        Outcome::Admit => panic!("admitted without a password"),
    }
}

#[test]
fn a_certificate_is_no_password_of_a_device() {
    let fleet = TestFleet::new();
    let guard = fleet.guard();
    for name in [Some(DEVICE), Some(OTHER), None] {
        assert!(refusal(&guard, DEVICE, name).is_some(), "{name:?}");
    }
    assert_eq!(
        refusal(&guard, DEVICE, Some(DEVICE)),
        Some(Reason::NoPassword)
    );
    assert_eq!(
        refusal(&guard, "stranger", Some("stranger")),
        Some(Reason::NoRole)
    );
}

#[test]
fn a_person_is_left_to_the_broker_under_the_name_of_the_certificate_alone() {
    let fleet = TestFleet::new();
    let guard = fleet.guard();
    assert_eq!(refusal(&guard, PERSON, Some(PERSON)), None);
    for name in [Some("op-mallory"), Some(""), Some("op-alice "), None] {
        assert_eq!(
            refusal(&guard, PERSON, name),
            Some(Reason::UserName),
            "{name:?}"
        );
        let line = fleet.audit_lines().pop().unwrap();
        assert_eq!(
            (&line["client_id"], &line["verdict"], &line["reason"]),
            (&PERSON.into(), &"refuse".into(), &"user-name".into())
        );
        assert_eq!(
            (&line["address"], &line["close"]),
            (&"192.0.2.7".into(), &true.into())
        );
    }
}

#[test]
fn a_device_in_stage_legacy_is_left_to_the_broker_until_its_first_good_password() {
    let (fleet, mut registry) = migration::fleet();
    let guard = fleet.guard();
    assert_eq!(refusal(&guard, DEVICE, Some(DEVICE)), None);
    for name in [Some(OTHER), None] {
        assert_eq!(
            refusal(&guard, DEVICE, name),
            Some(Reason::UserName),
            "{name:?}"
        );
        // Its password file would have had to know the name.
        let line = fleet.audit_lines().pop().unwrap();
        assert_eq!(line["reason"], "user-name");
        let detail = line["detail"].as_str().unwrap();
        assert!(detail.contains("certificate"), "{detail}");
    }
    assert_eq!(TestDevice::new(DEVICE).login(&guard, NOW), Ok(()));
    assert!(refusal(&guard, DEVICE, Some(DEVICE)).is_some());

    assert_eq!(refusal(&guard, OTHER, Some(OTHER)), None);
    registry.revoke(OTHER, "lost", now()).unwrap();
    eventually(|| refusal(&guard, OTHER, Some(OTHER)) == Some(Reason::Revoked));
}

#[test]
fn who_has_no_role_or_no_valid_id_may_not_stay() {
    let fleet = TestFleet::new();
    fleet.write("policy.toml", &registry_policy());
    let mut registry = Registry::create(&fleet.path("registry.db")).unwrap();
    registry
        .add(&NewDevice::new(DEVICE, &HARDWARE), now())
        .unwrap();
    let guard = fleet.guard();
    for id in [DEVICE, PERSON] {
        assert!(guard.may_stay(id.as_bytes()), "{id}");
    }
    for id in [&b""[..], b"stranger", b"op-\xff", b"op-al/ce", b"op-+++"] {
        assert!(!guard.may_stay(id), "{}", id.escape_ascii());
    }
    assert!(
        !guard.may_stay(OTHER.as_bytes()),
        "a device that the registry does not know"
    );
}

#[test]
fn an_ended_connection_is_told_as_a_revocation() {
    let fleet = TestFleet::new();
    let guard = fleet.guard();
    guard.note_ended(DEVICE.as_bytes(), None);
    let line = fleet.audit_lines().pop().unwrap();
    assert_eq!(
        (&line["client_id"], &line["verdict"], &line["reason"]),
        (&DEVICE.into(), &"refuse".into(), &"revoked".into())
    );
    assert!(line["address"].is_null(), "{line}");
}
