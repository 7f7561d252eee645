//! What the client is told, what the operator reads.

use mqward::{ClientIdError, Connect, Limit, LimitError, Reason, SyntaxError, Verdict, Will};

use crate::policy::{DEVICE, PASSWORD, publish, roles, rules, with_gate};

#[test]
fn wrong_stale_replayed_unknown_are_one_and_the_same_to_the_client() {
    for reason in [
        Reason::UserName,
        Reason::NoPassword,
        Reason::Password,
        Reason::UnknownDevice,
        Reason::WrongTag,
        Reason::OutsideWindow,
        Reason::NoClock,
        Reason::Replayed,
        Reason::CounterWentBack,
        Reason::Revoked,
    ] {
        let verdict = Verdict::refuse_login(Some(0), reason);
        assert_eq!((verdict.v3(), verdict.v5()), (5, 0x87), "{reason}");
        assert!(!verdict.is_allowed() && verdict.close() && !verdict.is_reported());
        assert_eq!((verdict.reason(), verdict.role()), (Some(reason), Some(0)));
    }
    let verdict = Verdict::refuse_login(Some(0), Reason::Unavailable);
    assert_eq!((verdict.v3(), verdict.v5()), (3, 0x88));
}

#[test]
fn codes_are_stable_and_all_different() {
    let limit = |which| {
        Reason::Limit(LimitError {
            which,
            max: 1,
            actual: 2,
        })
    };
    let codes = [
        (Reason::ClientId(ClientIdError::Empty), "client-id"),
        (Reason::NoRole, "no-role"),
        (Reason::UserName, "user-name"),
        (Reason::NoPassword, "no-password"),
        (Reason::Password, "malformed-password"),
        (Reason::UnknownDevice, "unknown-device"),
        (Reason::WrongTag, "wrong-tag"),
        (Reason::OutsideWindow, "outside-window"),
        (Reason::NoClock, "no-clock"),
        (Reason::Replayed, "replayed"),
        (Reason::CounterWentBack, "counter-went-back"),
        (Reason::Revoked, "revoked"),
        (Reason::Unavailable, "unavailable"),
        (limit(Limit::Packet), "packet-too-large"),
        (limit(Limit::Payload), "payload-too-large"),
        (limit(Limit::TopicLength), "topic-too-long"),
        (limit(Limit::TopicLevels), "topic-too-deep"),
        (limit(Limit::Filters), "too-many-filters"),
        (Reason::Topic(SyntaxError::Empty), "malformed-topic"),
        (Reason::NotAllowed, "not-allowed"),
        (Reason::Denied, "denied"),
        (Reason::NotSealed, "not-sealed"),
        (Reason::WillNotAllowed, "will-not-allowed"),
        (Reason::WillNotSealed, "will-not-sealed"),
    ];
    let mut seen = std::collections::HashSet::new();
    for (reason, code) in codes {
        assert_eq!(reason.code(), code);
        assert!(seen.insert(code) && seen.insert(Box::leak(reason.to_string().into_boxed_str())));
    }
}

#[test]
fn explanation_names_action_outcome_role_rule_and_level() {
    let rules = rules();
    let roles = roles(&rules);
    let gate = mqward::Gate::new(&roles).unwrap();
    let explain = |verdict: Verdict| verdict.explain(&gate).to_string();
    assert_eq!(
        explain(gate.publish(DEVICE, &publish(b"tx/device-000000000000/t", b"", false))),
        "PUBLISH refused, connection closed (not-allowed): no rule allows it; role \"device\", the closest is \
         rule 0 \"allow publish sealed tx/%c/#\", which does not cover it from level 1 on (rules and levels count \
         from 0)"
    );
    assert_eq!(
        explain(gate.subscribe(b"lab-1", b"rx/lab-1/secret")),
        "SUBSCRIBE refused (denied): a rule denies it; role \"lab\", denied by rule 4 \
         \"deny subscribe rx/%c/secret/#\" (rules and levels count from 0)"
    );
    assert_eq!(
        explain(gate.deliver(DEVICE, b"all")),
        "delivery allowed; role \"device\", allowed by rule 5 \"allow subscribe all\" (rules and levels count from 0)"
    );
    assert_eq!(
        explain(gate.subscribe(b"try-1", b"\xff")),
        "SUBSCRIBE allowed but reported (malformed-topic): the topic is not valid: not UTF-8 at byte 0; role \"trial\""
    );
    assert_eq!(
        explain(gate.subscribe(b"nobody", b"a")),
        "SUBSCRIBE refused, connection closed (no-role): the Client Identifier belongs to no role"
    );
    assert_eq!(
        explain(Verdict::refuse_login(Some(0), Reason::Replayed)),
        "CONNECT refused, connection closed (replayed): the password was used before; role \"device\""
    );
}

#[test]
fn explanation_by_another_gate_says_nothing_wrong() {
    with_gate(|gate| {
        let verdict = gate.publish(DEVICE, &publish(b"log/device-0123456789ab", b"", false));
        let other = mqward::Gate::new(&[]).unwrap();
        assert_eq!(verdict.explain(&other).to_string(), "PUBLISH allowed");
    });
}

#[test]
fn a30_neither_password_nor_payload_is_printed() {
    let connect = Connect {
        client_id: DEVICE,
        user_name: Some(DEVICE),
        password: Some(PASSWORD),
        will: Some(Will {
            topic: b"a",
            payload: b"hidden",
            retain: false,
        }),
        packet_len: None,
    };
    let printed = format!("{connect:?} {:?}", publish(b"a", b"hidden", false));
    assert!(
        !printed.contains("AQFp") && !printed.contains("65, 81"),
        "{printed}"
    );
    assert!(
        !printed.contains("hidden") && !printed.contains("104, 105"),
        "{printed}"
    );
}
