//! One row per case of MQTT §4.7 (and §1.5.4, §4.8.2), with the id of the normative statement.
//!
//! Ids are those of MQTT 5.0 unless a row says 3.1.1: `[MQTT-4.7.0-1]` of 5.0 is `[MQTT-4.7.1-1]` of
//! 3.1.1, `[MQTT-4.7.1-1]` of 5.0 is `[MQTT-4.7.1-2]`, `[MQTT-4.7.1-2]` is `[MQTT-4.7.1-3]`,
//! `[MQTT-1.5.4-x]` is `[MQTT-1.5.3-x]`. §4.8.2 exists in 5.0 only.

use mqward_topic::{MAX_STRING_LEN, Subscription, SyntaxError, TopicFilter, TopicName};

#[test]
fn names() {
    let rows: &[(&str, &str, Result<(), SyntaxError>)] = &[
        (
            "MQTT-4.7.0-1",
            "sport/+",
            Err(SyntaxError::WildcardInName { at: 6 }),
        ),
        (
            "MQTT-4.7.0-1",
            "#",
            Err(SyntaxError::WildcardInName { at: 0 }),
        ),
        (
            "MQTT-4.7.0-1",
            "a#b",
            Err(SyntaxError::WildcardInName { at: 1 }),
        ),
        ("MQTT-4.7.3-1", "", Err(SyntaxError::Empty)),
        ("MQTT-4.7.3-1", "/", Ok(())),
        ("MQTT-4.7.3-1", " ", Ok(())),
        ("MQTT-4.7.3-2", "a\0b", Err(SyntaxError::Nul { at: 1 })),
        ("MQTT-1.5.4-2", "\0", Err(SyntaxError::Nul { at: 0 })),
        ("MQTT-1.5.4-3", "\u{feff}a", Ok(())),
        ("MQTT §1.5.4", "a\u{1}", Err(SyntaxError::Control { at: 1 })),
        ("MQTT §1.5.4", "\u{7f}", Err(SyntaxError::Control { at: 0 })),
        (
            "MQTT §1.5.4",
            "ä\u{9f}",
            Err(SyntaxError::Control { at: 2 }),
        ),
        (
            "MQTT §1.5.4",
            "\u{fdd0}",
            Err(SyntaxError::NonCharacter { at: 0 }),
        ),
        (
            "MQTT §1.5.4",
            "a\u{ffff}",
            Err(SyntaxError::NonCharacter { at: 1 }),
        ),
        (
            "MQTT §1.5.4",
            "\u{10fffe}",
            Err(SyntaxError::NonCharacter { at: 0 }),
        ),
        ("MQTT §1.5.4", "A\u{2a6d4}", Ok(())),
        ("MQTT §4.7.3", "ACCOUNTS/Accounts payable", Ok(())),
        ("MQTT §4.7.2", "$SYS/uptime", Ok(())),
    ];
    for (id, text, expected) in rows {
        assert_eq!(
            TopicName::new(text).map(|_| ()),
            *expected,
            "{id}: {text:?}"
        );
        assert_eq!(
            TopicName::from_bytes(text.as_bytes()).map(|_| ()),
            *expected,
            "{id}: {text:?}"
        );
    }
}

#[test]
fn filters() {
    let alone = |level| Err(SyntaxError::WildcardNotAlone { level });
    let last = |level| Err(SyntaxError::MultiLevelNotLast { level });
    let rows: &[(&str, &str, Result<(), SyntaxError>)] = &[
        ("MQTT-4.7.1-1", "sport/tennis/#", Ok(())),
        ("MQTT-4.7.1-1", "#", Ok(())),
        ("MQTT-4.7.1-1", "sport/tennis#", alone(1)),
        ("MQTT-4.7.1-1", "sport/tennis/#/ranking", last(2)),
        ("MQTT-4.7.1-1", "#/", last(0)),
        ("MQTT-4.7.1-1", "#/#", last(0)),
        ("MQTT-4.7.1-1", "##", alone(0)),
        ("MQTT-4.7.1-2", "+", Ok(())),
        ("MQTT-4.7.1-2", "+/tennis/#", Ok(())),
        ("MQTT-4.7.1-2", "sport+", alone(0)),
        ("MQTT-4.7.1-2", "sport/+a/b", alone(1)),
        ("MQTT-4.7.1-2", "++", alone(0)),
        ("MQTT-4.7.1-2", "+#", alone(0)),
        ("MQTT-4.7.1-2", "sport/+/player1", Ok(())),
        ("MQTT-4.7.3-1", "", Err(SyntaxError::Empty)),
        ("MQTT-4.7.3-1", "//", Ok(())),
        ("MQTT-4.7.3-2", "a/\0", Err(SyntaxError::Nul { at: 2 })),
        (
            "MQTT §1.5.4",
            "+/\u{85}",
            Err(SyntaxError::Control { at: 2 }),
        ),
        ("MQTT §4.7.2", "$SYS/#", Ok(())),
        (
            "MQTT §4.8.2",
            "$share/a/b",
            Err(SyntaxError::SharedSubscription),
        ),
        (
            "MQTT §4.8.2",
            "$share",
            Err(SyntaxError::SharedSubscription),
        ),
        ("MQTT §4.8.2", "$shared/a", Ok(())),
        ("MQTT §4.8.2", "a/$share/b", Ok(())),
    ];
    for (id, text, expected) in rows {
        assert_eq!(
            TopicFilter::new(text).map(|_| ()),
            *expected,
            "{id}: {text:?}"
        );
    }
}

#[test]
fn lengths() {
    // [MQTT-4.7.3-3]: no more than 65 535 bytes.
    let text = "a".repeat(MAX_STRING_LEN);
    assert!(TopicName::new(&text).is_ok());
    assert!(TopicFilter::new(&text).is_ok());
    assert!(Subscription::new(&text).is_ok());
    let text = "a".repeat(MAX_STRING_LEN + 1);
    let error = SyntaxError::TooLong { len: 65_536 };
    assert_eq!(TopicName::new(&text), Err(error));
    assert_eq!(TopicFilter::new(&text), Err(error));
    assert_eq!(Subscription::new(&text), Err(error));
    assert_eq!(
        Subscription::new(&format!("$share/g/{text}")),
        Err(SyntaxError::TooLong { len: 65_545 })
    );
}

#[test]
fn utf8() {
    // [MQTT-1.5.4-1]: well-formed UTF-8, no encoded surrogates, shortest form, nothing cut off.
    for bytes in [
        &b"a\xff"[..],
        b"a\xc3",
        b"a\xe2\x82",
        b"a\xf0\x9f\x98",
        b"a\xed\xa0\x80",
        b"a\xc0\xaf",
        b"a\xf4\x90\x80\x80",
    ] {
        let error = SyntaxError::NotUtf8 { at: 1 };
        assert_eq!(TopicName::from_bytes(bytes), Err(error), "{bytes:x?}");
        assert_eq!(TopicFilter::from_bytes(bytes), Err(error), "{bytes:x?}");
        assert_eq!(Subscription::from_bytes(bytes), Err(error), "{bytes:x?}");
    }
}

#[test]
fn matching() {
    let rows: &[(&str, &str, &str, bool)] = &[
        // The examples of §4.7.1.2, the multi-level wildcard.
        (
            "MQTT §4.7.1.2",
            "sport/tennis/player1/#",
            "sport/tennis/player1",
            true,
        ),
        (
            "MQTT §4.7.1.2",
            "sport/tennis/player1/#",
            "sport/tennis/player1/ranking",
            true,
        ),
        (
            "MQTT §4.7.1.2",
            "sport/tennis/player1/#",
            "sport/tennis/player1/score/wimbledon",
            true,
        ),
        (
            "MQTT §4.7.1.2",
            "sport/tennis/player1/#",
            "sport/tennis/player10",
            false,
        ),
        ("MQTT §4.7.1.2", "sport/#", "sport", true),
        ("MQTT §4.7.1.2", "sport/#", "sports", false),
        ("MQTT §4.7.1.2", "#", "a", true),
        ("MQTT §4.7.1.2", "#", "/", true),
        // The examples of §4.7.1.3, the single-level wildcard.
        (
            "MQTT §4.7.1.3",
            "sport/tennis/+",
            "sport/tennis/player1",
            true,
        ),
        (
            "MQTT §4.7.1.3",
            "sport/tennis/+",
            "sport/tennis/player1/ranking",
            false,
        ),
        ("MQTT §4.7.1.3", "sport/+", "sport", false),
        ("MQTT §4.7.1.3", "sport/+", "sport/", true),
        ("MQTT §4.7.1.3", "/finance", "/finance", true),
        ("MQTT §4.7.1.3", "+/+", "/finance", true),
        ("MQTT §4.7.1.3", "/+", "/finance", true),
        ("MQTT §4.7.1.3", "+", "/finance", false),
        ("MQTT §4.7.1.3", "+/#", "a", true),
        ("MQTT §4.7.1.3", "a/+/c", "a//c", true),
        // [MQTT-4.7.2-1], names that begin with `$`.
        ("MQTT-4.7.2-1", "#", "$SYS/uptime", false),
        (
            "MQTT-4.7.2-1",
            "+/monitor/Clients",
            "$SYS/monitor/Clients",
            false,
        ),
        ("MQTT-4.7.2-1", "+", "$", false),
        ("MQTT-4.7.2-1", "+/#", "$SYS", false),
        ("MQTT-4.7.2-1", "$SYS/#", "$SYS/uptime", true),
        ("MQTT-4.7.2-1", "$SYS/#", "$SYS", true),
        (
            "MQTT-4.7.2-1",
            "$SYS/monitor/+",
            "$SYS/monitor/Clients",
            true,
        ),
        ("MQTT-4.7.2-1", "a/+", "a/$x", true),
        ("MQTT-4.7.2-1", "a/#", "a/$x/y", true),
        ("MQTT-4.7.2-1", "/#", "/$SYS", true),
        // [MQTT-4.7.3-4], byte for byte.
        ("MQTT-4.7.3-4", "Accounts", "ACCOUNTS", false),
        ("MQTT-4.7.3-4", "Accounts", "Accounts ", false),
        ("MQTT-4.7.3-4", "\u{e4}", "a\u{308}", false),
        ("MQTT-4.7.3-4", "a", "/a", false),
        ("MQTT-4.7.3-4", "a", "a/", false),
        ("MQTT-4.7.3-4", "ä/+/ü", "ä/ö/ü", true),
    ];
    for (id, filter, name, expected) in rows {
        assert_eq!(
            TopicFilter::new(filter)
                .unwrap()
                .matches(TopicName::new(name).unwrap()),
            *expected,
            "{id}: {filter} against {name}"
        );
    }
}

#[test]
fn shared_subscriptions() {
    type Parts<'a> = Result<(Option<&'a str>, &'a str), SyntaxError>;
    let rows: &[(&str, &str, Parts<'_>)] = &[
        ("MQTT §4.8.2", "a/b", Ok((None, "a/b"))),
        (
            "MQTT §4.8.2",
            "$share/consumer1/sport/tennis/+",
            Ok((Some("consumer1"), "sport/tennis/+")),
        ),
        (
            "MQTT §4.8.2",
            "$share/consumer1//finance",
            Ok((Some("consumer1"), "/finance")),
        ),
        ("MQTT §4.8.2", "$share/g/$SYS/#", Ok((Some("g"), "$SYS/#"))),
        ("MQTT §4.8.2", "$share/ /#", Ok((Some(" "), "#"))),
        ("MQTT-4.8.2-1", "$share//a", Err(SyntaxError::ShareName)),
        ("MQTT-4.8.2-1", "$share", Err(SyntaxError::ShareName)),
        ("MQTT-4.8.2-1", "$share/", Err(SyntaxError::ShareName)),
        ("MQTT-4.8.2-1", "$share//", Err(SyntaxError::ShareName)),
        ("MQTT-4.8.2-2", "$share/+/a", Err(SyntaxError::ShareName)),
        ("MQTT-4.8.2-2", "$share/#/a", Err(SyntaxError::ShareName)),
        ("MQTT-4.8.2-2", "$share/g+/a", Err(SyntaxError::ShareName)),
        ("MQTT-4.8.2-2", "$share/#", Err(SyntaxError::ShareName)),
        (
            "MQTT-4.8.2-2",
            "$share/g",
            Err(SyntaxError::ShareWithoutFilter),
        ),
        (
            "MQTT-4.8.2-2",
            "$share/g/",
            Err(SyntaxError::ShareWithoutFilter),
        ),
        (
            "MQTT-4.8.2-2",
            "$share/g/a#",
            Err(SyntaxError::WildcardNotAlone { level: 0 }),
        ),
        (
            "MQTT-4.8.2-2",
            "$share/g/#/a",
            Err(SyntaxError::MultiLevelNotLast { level: 0 }),
        ),
        (
            "MQTT-4.8.2-2",
            "$share/g/$share/h/a",
            Err(SyntaxError::SharedSubscription),
        ),
        (
            "MQTT §1.5.4",
            "$share/g\0/a",
            Err(SyntaxError::Nul { at: 8 }),
        ),
        ("MQTT §4.8.2", "$SHARE/g/a", Ok((None, "$SHARE/g/a"))),
        ("MQTT §4.8.2", "/$share/g/a", Ok((None, "/$share/g/a"))),
    ];
    for (id, text, expected) in rows {
        assert_eq!(
            Subscription::new(text).map(|s| (s.share_name(), s.filter().as_str())),
            *expected,
            "{id}: {text:?}"
        );
    }
}
