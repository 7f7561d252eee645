//! Known attacks on what a broker lets through, by their number in docs/threat-model.md.

#![allow(clippy::unwrap_used, reason = "a test may stop at a broken policy")]

use mqward::{
    Access, Authentication, CharClass, ClientIdRule, Connect, Effect, Gate, Limits, OnRefuse,
    Pattern, Publish, Role, Rule, Will,
};

const ID: &[u8] = b"device-1";

fn rule(effect: Effect, access: Access, pattern: &str) -> Rule<'_> {
    Rule {
        effect,
        access,
        pattern: Pattern::new(pattern).unwrap(),
        sealed: false,
    }
}

fn role<'a>(rules: &'a [Rule<'a>]) -> Role<'a> {
    Role {
        name: "device",
        client_id: ClientIdRule::new("device-", CharClass::Word, 8, 20).unwrap(),
        authentication: Authentication::Mqward,
        rules,
        limits: Limits::default(),
        on_refuse: OnRefuse::Close,
    }
}

const fn publish<'a>(topic: &'a [u8], retain: bool) -> Publish<'a> {
    Publish {
        topic,
        payload: b"x",
        retain,
        packet_len: None,
    }
}

/// A plugin behind ours widens the filter that was judged: what comes of it is judged again.
#[test]
fn a7_a_filter_that_was_changed_after_the_check_delivers_nothing_more() {
    let rules = [rule(Effect::Allow, Access::Subscribe, "rx/%c/#")];
    let roles = [role(&rules)];
    let gate = Gate::new(&roles).unwrap();
    assert!(gate.subscribe(ID, b"rx/device-1/#").is_allowed());
    // The broker now holds a subscription to `#` for this client.
    for topic in [&b"rx/device-2/cmd"[..], b"tx/device-1/t", b"$SYS/uptime"] {
        assert!(!gate.deliver(ID, topic).is_allowed());
    }
    assert!(gate.deliver(ID, b"rx/device-1/cmd").is_allowed());
}

/// Every packet that carries a topic passes the same rules: there is no side entry.
#[test]
fn a12_no_packet_type_is_left_out() {
    let rules = [
        rule(Effect::Allow, Access::Publish, "tx/%c/t"),
        rule(Effect::Allow, Access::Subscribe, "rx/%c/t"),
    ];
    let roles = [role(&rules)];
    let gate = Gate::new(&roles).unwrap();
    let connect = |topic| {
        gate.connect(&Connect {
            client_id: ID,
            user_name: Some(ID),
            password: Some(b"AQFpVbkAaOd4AQAABzWDvWBDZNfhUzH90vNwBCY"),
            will: Some(Will {
                topic,
                payload: b"",
                retain: false,
            }),
            packet_len: None,
        })
    };
    assert!(connect(b"tx/device-1/t").is_allowed(), "the good twin");
    for topic in [
        &b"tx/device-2/t"[..],
        b"$SYS/broker",
        b"rx/device-1/t",
        b"",
        b"tx/+/t",
        b"tx/device-1/t\0",
    ] {
        assert!(!connect(topic).is_allowed());
        for retain in [false, true] {
            assert!(!gate.publish(ID, &publish(topic, retain)).is_allowed());
        }
        if topic != b"rx/device-1/t" {
            assert!(!gate.subscribe(ID, topic).is_allowed());
            assert!(!gate.deliver(ID, topic).is_allowed());
        }
        // Who was let in by nobody has no way to any packet either.
        assert!(
            !gate
                .publish(b"stranger", &publish(topic, false))
                .is_allowed()
        );
        assert!(!gate.subscribe(b"stranger", topic).is_allowed());
        assert!(!gate.deliver(b"stranger", topic).is_allowed());
    }
    assert!(
        gate.publish(ID, &publish(b"tx/device-1/t", true))
            .is_allowed()
    );
    assert!(gate.subscribe(ID, b"rx/device-1/t").is_allowed());
}
