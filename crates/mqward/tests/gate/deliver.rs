//! Deliveries: what a client may still get.

use mqward::{Access, Authentication, Effect, Gate, OnRefuse, Reason};

use crate::policy::{DEVICE, REPORTED, code, role, rule, with_gate};

#[test]
fn the_rules_for_subscribe_hold() {
    with_gate(|gate| {
        for (topic, expected) in [
            (&b"rx/device-0123456789ab/a"[..], "allowed"),
            (b"all", "allowed"),
            (b"rx/device-0123456789ab/secret/a", "denied"),
            (b"rx/device-000000000000/a", "not-allowed"),
            (b"tx/device-0123456789ab/a", "not-allowed"),
            (b"$SYS/uptime", "not-allowed"),
            (b"rx/#", "malformed-topic"),
            (b"rx/\xff", "malformed-topic"),
        ] {
            let verdict = gate.deliver(DEVICE, topic);
            assert_eq!(code(&verdict), expected);
            assert_eq!(verdict.is_allowed(), expected == "allowed");
            assert!(!verdict.close());
        }
    });
}

#[test]
fn a8_a9_a_right_that_was_revoked_ends() {
    let before = [rule(Effect::Allow, Access::Subscribe, "news/#", false)];
    let after = [
        rule(Effect::Allow, Access::Subscribe, "news/#", false),
        rule(Effect::Deny, Access::Subscribe, "news/internal", false),
    ];
    let judge = |rules: &[_]| {
        let roles = [role(
            "person",
            "op-",
            Authentication::Broker,
            OnRefuse::Close,
            rules,
        )];
        let gate = Gate::new(&roles).unwrap();
        (
            gate.subscribe(b"op-1", b"news/#").is_allowed(),
            gate.deliver(b"op-1", b"news/internal").is_allowed(),
            gate.deliver(b"op-1", b"news/public").is_allowed(),
        )
    };
    assert_eq!(judge(&before), (true, true, true));
    assert_eq!(judge(&after), (false, false, true));
    assert_eq!(judge(&[]), (false, false, false));
}

#[test]
fn nobody_is_disconnected_for_a_message_of_others() {
    with_gate(|gate| {
        for id in [&b"nobody"[..], b"+", b"", DEVICE] {
            let verdict = gate.deliver(id, b"else/where");
            assert!(!verdict.is_allowed() && !verdict.close());
        }
        let verdict = gate.deliver(REPORTED, b"else/where");
        assert!(verdict.is_allowed());
        assert_eq!(verdict.reason(), Some(Reason::NotAllowed));
    });
}

#[test]
fn limits_are_on_what_a_client_sends() {
    let rules = [rule(Effect::Allow, Access::Subscribe, "#", false)];
    let roles = [role(
        "person",
        "op-",
        Authentication::Broker,
        OnRefuse::Close,
        &rules,
    )];
    let gate = Gate::new(&roles).unwrap();
    assert!(gate.deliver(b"op-1", &[b'/'; 300]).is_allowed());
    assert!(!gate.subscribe(b"op-1", &[b'/'; 300]).is_allowed());
}
