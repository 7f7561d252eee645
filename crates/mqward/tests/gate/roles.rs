//! Roles: one per client, none by default.

use mqward::{
    Authentication, CharClass, ClientId, ClientIdRule, Gate, GateError, Limits, OnRefuse, Reason,
    Role,
};

use crate::policy::{DEVICE, PERSON, publish, with_gate};

fn role(prefix: &'static str, class: CharClass, min: usize, max: usize) -> Role<'static> {
    Role {
        name: prefix,
        client_id: ClientIdRule::new(prefix, class, min, max).unwrap(),
        authentication: Authentication::Mqward,
        limits: Limits::default(),
        on_refuse: OnRefuse::Close,
        rules: &[],
    }
}

#[test]
fn a10_an_empty_policy_denies_everything() {
    let gate = Gate::new(&[]).unwrap();
    for verdict in [
        gate.publish(DEVICE, &publish(b"a", b"", false)),
        gate.subscribe(DEVICE, b"a"),
        gate.subscribe_count(DEVICE, 0),
        gate.deliver(DEVICE, b"a"),
    ] {
        assert!(!verdict.is_allowed());
        assert_eq!(verdict.reason(), Some(Reason::NoRole));
    }
}

#[test]
fn a13_a_role_without_rules_may_nothing() {
    let roles = [role("device-", CharClass::Word, 1, 64)];
    let gate = Gate::new(&roles).unwrap();
    for verdict in [
        gate.publish(DEVICE, &publish(b"a", b"", false)),
        gate.subscribe(DEVICE, b"#"),
        gate.deliver(DEVICE, b"a"),
    ] {
        assert!(!verdict.is_allowed());
        assert_eq!(verdict.reason(), Some(Reason::NotAllowed));
    }
}

#[test]
fn roles_that_share_a_client_id_are_an_error() {
    let roles = [
        role("a-", CharClass::Digits, 3, 9),
        role("b-", CharClass::Digits, 3, 9),
        role("b-1", CharClass::Hex, 1, 64),
    ];
    let error = Gate::new(&roles).unwrap_err();
    assert_eq!(
        error,
        GateError::RolesOverlap {
            first: 1,
            second: 2
        }
    );
    assert!(error.to_string().contains("role 1 and role 2"), "{error}");
    assert!(Gate::new(&roles[..2]).is_ok());
    // Same prefix, but no length in common.
    let apart = [
        role("a-", CharClass::Digits, 3, 4),
        role("a-", CharClass::Digits, 5, 6),
    ];
    assert!(Gate::new(&apart).is_ok());
}

#[test]
fn role_of_a_client() {
    with_gate(|gate| {
        let name = |id| {
            let found = gate.role_of(ClientId::from_bytes(id).unwrap());
            found.map(|(index, role)| (index, role.name))
        };
        assert_eq!(name(DEVICE), Some((0, "device")));
        assert_eq!(name(PERSON), Some((1, "person")));
        assert_eq!(name(b"nobody"), None);
        assert_eq!(gate.roles().len(), 4);
    });
}
