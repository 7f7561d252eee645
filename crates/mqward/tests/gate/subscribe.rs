//! SUBSCRIBE: every topic that the filter can match.

use mqward::{Access, Authentication, Effect, Gate, OnRefuse, Reason};

use crate::policy::{DEVICE, LENIENT, REPORTED, code, role, rule, with_gate};

#[test]
fn own_topics_and_nothing_wider() {
    with_gate(|gate| {
        for (filter, expected, v5) in [
            ("rx/device-0123456789ab/a", "allowed", 0),
            ("rx/device-0123456789ab/+", "denied", 0x87), // `secret` is one of them
            ("rx/device-0123456789ab/a/#", "allowed", 0),
            ("rx/device-0123456789ab", "allowed", 0),
            ("all", "allowed", 0),
            ("rx/device-0123456789ab/#", "denied", 0x87),
            ("rx/device-0123456789ab/secret", "denied", 0x87),
            ("rx/device-000000000000/a", "not-allowed", 0x87),
            ("rx/+/a", "not-allowed", 0x87),
            ("+/device-0123456789ab/a", "not-allowed", 0x87),
            ("all/#", "not-allowed", 0x87),
            ("+", "not-allowed", 0x87),
            ("tx/device-0123456789ab/t", "not-allowed", 0x87),
            ("a/#/b", "malformed-topic", 0x8f),
            ("a+", "malformed-topic", 0x8f),
            ("", "malformed-topic", 0x8f),
            ("a\0", "malformed-topic", 0x8f),
        ] {
            let verdict = gate.subscribe(DEVICE, filter.as_bytes());
            assert_eq!(code(&verdict), expected, "{filter}");
            assert_eq!(verdict.is_allowed(), expected == "allowed");
            assert_eq!(verdict.v5(), v5, "{filter}");
            assert_eq!(verdict.v3(), if verdict.is_allowed() { 0 } else { 0x80 });
            assert_eq!(verdict.close(), !verdict.is_allowed());
        }
    });
}

#[test]
fn everything_overlaps_the_deny_rule() {
    with_gate(|gate| {
        assert_eq!(gate.subscribe(DEVICE, b"#").reason(), Some(Reason::Denied));
    });
}

#[test]
fn a5_shared_subscription_is_judged_by_its_inner_filter() {
    with_gate(|gate| {
        for (filter, expected) in [
            ("$share/g/rx/device-0123456789ab/a", "allowed"),
            ("$share/g/rx/+/a", "not-allowed"),
            ("$share/g/#", "denied"),
            ("$share/g", "malformed-topic"),
            ("$share//rx/device-0123456789ab/a", "malformed-topic"),
            ("$share/+/rx/device-0123456789ab/a", "malformed-topic"),
            (
                "$share/g/$share/g/rx/device-0123456789ab/a",
                "malformed-topic",
            ),
        ] {
            let verdict = gate.subscribe(DEVICE, filter.as_bytes());
            assert_eq!(code(&verdict), expected, "{filter}");
            assert_eq!(verdict.is_allowed(), expected == "allowed");
        }
    });
}

/// Of every filter of up to three levels: what `$share/g/` stands before is judged as if it stood alone.
#[test]
fn a5_sharing_changes_no_verdict() {
    let levels = [
        "rx",
        "device-0123456789ab",
        "all",
        "a",
        "secret",
        "",
        "$SYS",
        "+",
        "#",
        "$share",
    ];
    let mut filters: Vec<String> = levels.map(str::to_owned).to_vec();
    for first in [0, levels.len()] {
        for index in first..filters.len() {
            for level in levels {
                filters.push(format!("{}/{level}", filters[index]));
            }
        }
    }
    with_gate(|gate| {
        let mut answers = [0; 3];
        for filter in &filters {
            let shared = gate.subscribe(DEVICE, format!("$share/g/{filter}").as_bytes());
            // Sharing does not nest (MQTT §4.8.2): what names a group itself is no filter.
            let alone = gate.subscribe(DEVICE, filter.as_bytes());
            let nested = filter.split('/').next() == Some("$share");
            let expected = if nested {
                "malformed-topic"
            } else {
                code(&alone)
            };
            // An empty filter is none, with a group or without.
            assert_eq!(code(&shared), expected, "{filter:?}");
            let kind = ["allowed", "denied", "not-allowed"]
                .iter()
                .position(|kind| *kind == expected);
            if let Some(kind) = kind {
                answers[kind] += 1;
            }
        }
        assert!(answers.iter().all(|count| *count > 0), "{answers:?}");
    });
}

#[test]
fn a6_dollar_names_are_denied_unless_a_rule_names_them() {
    let rules = [
        rule(Effect::Allow, Access::Subscribe, "#", false),
        rule(
            Effect::Allow,
            Access::Subscribe,
            "$SYS/broker/uptime",
            false,
        ),
    ];
    let roles = [role(
        "ops",
        "op-",
        Authentication::Broker,
        OnRefuse::Close,
        &rules,
    )];
    let gate = Gate::new(&roles).unwrap();
    assert!(gate.subscribe(b"op-1", b"#").is_allowed());
    assert!(gate.subscribe(b"op-1", b"$SYS/broker/uptime").is_allowed());
    for filter in [
        "$SYS/#",
        "$SYS/broker/+",
        "$queue/a",
        "$exclusive/a",
        "$delayed/1/a",
        "$CONTROL/#",
        "$",
        "$share/g/$SYS/#",
    ] {
        let verdict = gate.subscribe(b"op-1", filter.as_bytes());
        assert_eq!(verdict.reason(), Some(Reason::NotAllowed), "{filter}");
    }
}

#[test]
fn limits_come_before_parsing() {
    with_gate(|gate| {
        for (filter, expected, v5) in [
            (vec![0xff; 257], "topic-too-long", 0x8f),
            (b"#/".repeat(16), "topic-too-deep", 0x8f),
            (vec![b'/'; 10_000], "topic-too-long", 0x8f),
        ] {
            let verdict = gate.subscribe(DEVICE, &filter);
            assert_eq!((code(&verdict), verdict.v5()), (expected, v5));
            assert_eq!(verdict.v3(), 0x80);
        }
    });
}

#[test]
fn number_of_filters_is_limited() {
    with_gate(|gate| {
        assert!(gate.subscribe_count(DEVICE, 8).is_allowed());
        let verdict = gate.subscribe_count(DEVICE, 9);
        assert_eq!(code(&verdict), "too-many-filters");
        assert_eq!(
            (verdict.v3(), verdict.v5(), verdict.close()),
            (0x80, 0x97, true)
        );
        assert_eq!(code(&gate.subscribe_count(b"nobody", 1)), "no-role");
    });
}

#[test]
fn role_says_whether_to_close_refuse_or_report() {
    with_gate(|gate| {
        let verdict = gate.subscribe(LENIENT, b"rx/+/a");
        assert!(!verdict.is_allowed() && !verdict.close());
        assert_eq!((verdict.v3(), verdict.v5()), (0x80, 0x87));
        let verdict = gate.subscribe(REPORTED, b"rx/+/a");
        assert!(verdict.is_allowed() && verdict.is_reported());
        assert_eq!((verdict.v3(), verdict.v5()), (0, 0));
        let verdict = gate.subscribe_count(REPORTED, 9);
        assert!(verdict.is_allowed() && verdict.is_reported());
    });
}
