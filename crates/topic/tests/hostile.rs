//! Attacks seen on other systems: hostile identifiers, widened filters, hidden topics, huge input.
#![allow(clippy::unwrap_used, reason = "a test may stop at a broken table")]

use mqward_topic::{
    Access, Acl, CharClass, ClientId, ClientIdError, ClientIdRule, ClientIdRuleError, Effect,
    Limit, Limits, Pattern, PatternError, Rule, Subscription, SyntaxError, TopicFilter, TopicName,
    Why,
};

fn rule(effect: Effect, access: Access, pattern: &str) -> Rule<'_> {
    Rule {
        effect,
        access,
        pattern: Pattern::new(pattern).unwrap(),
        sealed: false,
    }
}

fn allow(access: Access, pattern: &str) -> Rule<'_> {
    rule(Effect::Allow, access, pattern)
}

fn device() -> ClientId<'static> {
    ClientId::new("device-07").unwrap()
}

fn may_subscribe(rules: &[Rule<'_>], filter: &str) -> bool {
    Subscription::new(filter)
        .is_ok_and(|s| Acl::new(rules).subscribe(device(), s.filter()).is_allowed())
}

#[test]
fn a1_a2_a3_hostile_client_ids_are_no_client_ids() {
    for id in [
        "+",
        "#",
        "a/b",
        "/",
        "",
        "%c",
        "%u",
        "$x",
        "$",
        "a+",
        "a#",
        "*",
        "a*b",
        "a b",
        "a\tb",
        "a\0b",
        "\0",
        "dévice",
        "\u{202e}a",
        "\u{7f}",
        "a\n",
    ] {
        assert!(ClientId::new(id).is_err(), "{id:?}");
        assert!(ClientId::from_bytes(id.as_bytes()).is_err(), "{id:?}");
    }
    for id in [&b"a\xff"[..], b"\xc3", b"a\xed\xa0\x80"] {
        assert!(matches!(
            ClientId::from_bytes(id),
            Err(ClientIdError::Character { .. })
        ));
    }
    assert!(ClientId::new(&"a".repeat(256)).is_err());
}

#[test]
fn a1_placeholder_is_one_literal_level() {
    let own = Pattern::new("tx/%c/#").unwrap();
    // Characters that regular expressions, globs or other brokers' patterns give a meaning to.
    for id in [
        ".",
        "..",
        ".-",
        "a|b",
        "[a-z]",
        "{c}",
        "{clientid}",
        "\\",
        "^",
        "?",
        "@",
    ] {
        let id = ClientId::new(id).unwrap();
        assert!(own.matches(TopicName::new(&format!("tx/{id}/t")).unwrap(), id));
        assert!(!own.matches(TopicName::new("tx/device-07/t").unwrap(), id));
        assert!(!own.covers(TopicFilter::new("tx/+/t").unwrap(), id));
        assert!(!own.covers(TopicFilter::new("tx/#").unwrap(), id));
    }
    // A client that spells the placeholder gets the level `%c`, not somebody's.
    assert!(!own.covers(TopicFilter::new("tx/%c/#").unwrap(), device()));
}

#[test]
fn a3_placeholder_has_to_be_a_whole_level() {
    for (pattern, level) in [
        ("tx/a%c", 1),
        ("tx/%c%c/#", 1),
        ("%C", 0),
        ("tx/%u/#", 1),
        ("100%", 0),
        ("a/b/%", 2),
    ] {
        assert_eq!(
            Pattern::new(pattern),
            Err(PatternError::Placeholder { level }),
            "{pattern}"
        );
    }
    assert!(Pattern::new("%c").unwrap().names_client());
    assert!(!Pattern::new("tx/c").unwrap().names_client());
    assert_eq!(
        Pattern::new("$share/g/a"),
        Err(PatternError::Syntax(SyntaxError::SharedSubscription))
    );
}

#[test]
fn a4_v14_filter_in_filter_is_a_subset_test() {
    for (rule, wanted, expected) in [
        ("foo/+/bar", "foo/#", false),
        ("/+//#", "/foo///#", true),
        ("#", "$SYS/uptime", false),
        ("+", "#", false),
        ("a/b/c/d/+", "a/b/c/d/", true),
        ("$SYS/+", "$SYS/#", false),
        ("$SYS/#", "$SYS/+", true),
        ("#", "$SYS/#", false),
        ("+/#", "#", true),
        ("/+/#", "/#", true),
        ("/#", "/+/#", true),
        ("+/+/#", "#", false),
        ("sport/#", "sport", true),
        ("sport/+", "sport/#", false),
        ("+/+", "/finance", true),
        ("+", "/finance", false),
        ("#", "#", true),
        ("+", "$x", false),
    ] {
        let rule = TopicFilter::new(rule).unwrap();
        let wanted = TopicFilter::new(wanted).unwrap();
        assert_eq!(rule.covers(wanted), expected, "{rule} covers {wanted}");
    }
}

#[test]
fn a4_wildcards_over_others_topics_are_refused() {
    let rules = [allow(Access::Subscribe, "rx/%c/#")];
    for filter in [
        "rx/device-07/#",
        "rx/device-07",
        "rx/device-07/+/a",
        "rx/device-07/a",
    ] {
        assert!(may_subscribe(&rules, filter), "{filter}");
    }
    for filter in [
        "#",
        "+/#",
        "+/+/#",
        "rx/#",
        "rx/+",
        "rx/+/#",
        "+/device-07/#",
        "rx/device-08/#",
        "rx/device-07x/#",
        "rx//#",
        "rx/%c/#",
        "/rx/device-07/#",
        "RX/device-07/#",
    ] {
        assert!(!may_subscribe(&rules, filter), "{filter}");
    }
}

#[test]
fn a5_shared_subscription_is_judged_by_its_inner_filter() {
    let rules = [allow(Access::Subscribe, "rx/%c/#")];
    assert!(may_subscribe(&rules, "$share/g/rx/device-07/#"));
    for filter in [
        "$share/g/rx/+/#",
        "$share/g/#",
        "$share/rx/device-07/#",
        "$share/g",
        "$share/",
        "$share//rx/device-07/#",
        "$share/+/rx/device-07/#",
        "$share/g/$share/g/rx/device-07/#",
        "$SHARE/g/rx/device-07/#",
    ] {
        assert!(!may_subscribe(&rules, filter), "{filter}");
    }
}

#[test]
fn a6_other_dollar_names_are_denied_unless_a_rule_names_them() {
    let rules = [
        allow(Access::Subscribe, "#"),
        allow(Access::Subscribe, "+/#"),
        allow(Access::Publish, "#"),
    ];
    for text in [
        "$queue/rx/device-08",
        "$exclusive/rx/device-08",
        "$delayed/5/rx/device-08",
        "$SYS/uptime",
        "$CONTROL/dynamic-security/v1",
        "$",
    ] {
        assert!(!may_subscribe(&rules, text), "{text}");
        let name = TopicName::new(text).unwrap();
        assert!(!Acl::new(&rules).publish(device(), name).is_allowed());
        assert!(!Acl::new(&rules).deliver(device(), name).is_allowed());
    }
    let rules = [allow(Access::Subscribe, "$SYS/broker/+")];
    assert!(may_subscribe(&rules, "$SYS/broker/uptime"));
    assert!(!may_subscribe(&rules, "$SYS/#"));
}

#[test]
fn deny_wins_in_any_order_and_for_any_overlap() {
    let mut rules = [
        allow(Access::Subscribe, "rx/#"),
        rule(Effect::Deny, Access::Subscribe, "rx/+/secret"),
    ];
    for _ in 0..2 {
        assert!(may_subscribe(&rules, "rx/device-07/public"));
        assert!(!may_subscribe(&rules, "rx/device-07/secret"));
        assert!(!may_subscribe(&rules, "rx/device-07/+"));
        assert!(!may_subscribe(&rules, "rx/#"));
        rules.reverse();
    }
}

#[test]
fn a10_empty_list_refuses_everything() {
    let acl = Acl::new(&[]);
    let name = TopicName::new("a").unwrap();
    assert_eq!(acl.publish(device(), name).why(), Why::NoRule);
    assert_eq!(acl.deliver(device(), name).why(), Why::NoRule);
    let filter = TopicFilter::new("a").unwrap();
    assert_eq!(acl.subscribe(device(), filter).why(), Why::NoRule);
}

#[test]
fn a8_delivery_follows_the_rules_of_today() {
    let name = TopicName::new("rx/device-07/a").unwrap();
    let granted = [allow(Access::Subscribe, "rx/%c/#")];
    assert!(Acl::new(&granted).deliver(device(), name).is_allowed());
    let revoked = [
        allow(Access::Subscribe, "rx/%c/#"),
        rule(Effect::Deny, Access::Subscribe, "rx/device-07/#"),
    ];
    assert_eq!(
        Acl::new(&revoked).deliver(device(), name).why(),
        Why::DeniedBy { rule: 1 }
    );
}

#[test]
fn reason_names_the_closest_rule_and_its_level() {
    let rules = [
        allow(Access::Publish, "tx/%c/#"),
        allow(Access::Publish, "tx/%c/a/b"),
        allow(Access::Subscribe, "rx/%c/+"),
    ];
    let acl = Acl::new(&rules);
    let publish = |text| acl.publish(device(), TopicName::new(text).unwrap()).why();
    let subscribe = |text| {
        acl.subscribe(device(), TopicFilter::new(text).unwrap())
            .why()
    };
    let not_covered = |rule, level| Why::NotCovered { rule, level };
    assert_eq!(publish("tx/device-07/a/b"), Why::AllowedBy { rule: 0 });
    assert_eq!(publish("tx/device-08/a"), not_covered(0, 1));
    assert_eq!(publish("tx"), not_covered(0, 1));
    assert_eq!(subscribe("rx/device-07/a/b"), not_covered(2, 3));
    assert_eq!(subscribe("rx/device-07/#"), not_covered(2, 2));
    assert_eq!(subscribe("#"), not_covered(2, 0));
}

#[test]
fn sealed_is_asked_for_if_any_matching_allow_rule_asks() {
    let mut rules = [
        allow(Access::Publish, "tx/%c/#"),
        allow(Access::Publish, "tx/+/sealed/#"),
    ];
    rules[1].sealed = true;
    let acl = Acl::new(&rules);
    let publish = |text| acl.publish(device(), TopicName::new(text).unwrap());
    assert!(publish("tx/device-07/sealed/a").sealed());
    assert!(!publish("tx/device-07/open").sealed());
    assert!(publish("tx/device-08/sealed").sealed());
    let refused = publish("rx/device-07");
    assert!(!refused.is_allowed() && !refused.sealed());
}

#[test]
fn pattern_tells_whose_topic_it_is() {
    let whose = |pattern: &str, name: &str| -> Option<String> {
        Pattern::new(pattern)
            .unwrap()
            .client_id(TopicName::new(name).unwrap())
            .map(|id| id.as_str().to_owned())
    };
    assert_eq!(whose("tx/%c/#", "tx/d1/t").as_deref(), Some("d1"));
    assert_eq!(whose("tx/%c/#", "tx/d1").as_deref(), Some("d1"));
    assert_eq!(whose("%c", "d1").as_deref(), Some("d1"));
    assert_eq!(whose("+/%c/%c", "x/d1/d1").as_deref(), Some("d1"));
    assert_eq!(whose("+/%c/%c", "x/d1/d2"), None);
    assert_eq!(whose("tx/%c/#", "rx/d1/t"), None);
    assert_eq!(whose("tx/%c/#", "tx"), None);
    assert_eq!(whose("tx/%c/#", "tx//t"), None);
    assert_eq!(whose("tx/%c/#", "tx/%c/t"), None);
    assert_eq!(whose("tx/%c/#", "tx/d 1/t"), None);
    assert_eq!(whose("%c/#", "$SYS/t"), None);
    assert_eq!(whose("tx/d1/#", "tx/d1/t"), None);
}

#[test]
fn a23_text_that_is_not_mqtt_text_is_refused() {
    for bytes in [
        &b"tx/\x00"[..],
        b"tx/\xc3",
        b"tx/\xed\xa0\x80",
        b"\xff",
        b"tx/\x1b[2J",
        b"tx/\xef\xbf\xbf",
        b"tx/\xc2\x80",
        b"",
    ] {
        assert!(TopicName::from_bytes(bytes).is_err(), "{bytes:x?}");
        assert!(TopicFilter::from_bytes(bytes).is_err(), "{bytes:x?}");
        assert!(Subscription::from_bytes(bytes).is_err(), "{bytes:x?}");
    }
    // Every valid multi-byte text, cut off inside a character.
    let text = "tx/ä€😀".as_bytes();
    for end in 0..=text.len() {
        let whole = core::str::from_utf8(&text[..end]).is_ok() && end > 0;
        assert_eq!(TopicName::from_bytes(&text[..end]).is_ok(), whole, "{end}");
    }
}

#[test]
fn a24_largest_and_deepest_input() {
    let long = vec![b'a'; 65_535];
    assert!(TopicName::from_bytes(&long).is_ok());
    let longer = vec![b'a'; 65_536];
    assert_eq!(
        TopicName::from_bytes(&longer),
        Err(SyntaxError::TooLong { len: 65_536 })
    );

    let limits = Limits::default();
    assert_eq!(
        limits.check_topic(&long).unwrap_err().which,
        Limit::TopicLength
    );
    let slashes = "/".repeat(10_000);
    assert!(limits.check_topic(slashes.as_bytes()).is_err());

    // Without limits still a plain loop: 10 001 and 65 536 levels.
    for n in [10_000, 65_535] {
        let slashes = "/".repeat(n);
        let name = TopicName::new(&slashes).unwrap();
        let filter = TopicFilter::new(&slashes).unwrap();
        assert_eq!(name.levels().count(), n + 1);
        assert!(filter.matches(name) && filter.covers(filter) && filter.overlaps(filter));
        assert!(TopicFilter::new("#").unwrap().covers(filter));
    }
    let deep = format!("{}#", "+/".repeat(32_767));
    let deep = TopicFilter::new(&deep).unwrap();
    let rules = [allow(Access::Subscribe, "#")];
    assert!(Acl::new(&rules).subscribe(device(), deep).is_allowed());
    let rules = [
        allow(Access::Subscribe, "+/+"),
        allow(Access::Subscribe, "+"),
    ];
    assert!(!Acl::new(&rules).subscribe(device(), deep).is_allowed());
}

#[test]
fn a25_malformed_wildcards_are_refused() {
    for filter in [
        "##", "a/##", "#a", "a#", "a/#/b", "#/", "+a", "a+", "++", "+#", "a/+b/c", "#/#", "/#/",
    ] {
        assert!(TopicFilter::new(filter).is_err(), "{filter}");
        assert!(Subscription::new(&format!("$share/g/{filter}")).is_err());
        assert!(Pattern::new(filter).is_err(), "{filter}");
    }
}

#[test]
fn client_id_rule_judges_prefix_length_and_class() {
    let check = |rule: &ClientIdRule<'_>, id: &str| rule.check(ClientId::new(id).unwrap());
    let rule = ClientIdRule::new("dev-", CharClass::LowerHex, 6, 8).unwrap();
    assert_eq!(check(&rule, "dev-0f"), Ok(()));
    assert_eq!(check(&rule, "dev-0f0f"), Ok(()));
    assert_eq!(check(&rule, "Dev-0f"), Err(ClientIdError::Prefix));
    assert_eq!(check(&rule, "de"), Err(ClientIdError::Prefix));
    let length = |len| {
        Err(ClientIdError::Length {
            len,
            min: 6,
            max: 8,
        })
    };
    assert_eq!(check(&rule, "dev-0"), length(5));
    assert_eq!(check(&rule, "dev-0f0f0"), length(9));
    assert_eq!(
        check(&rule, "dev-0F"),
        Err(ClientIdError::Class {
            at: 5,
            class: CharClass::LowerHex
        })
    );
    // The whole grammar of classes, byte by byte.
    for byte in 0..=u8::MAX {
        let c = char::from(byte);
        let word = c.is_ascii_alphanumeric() || c == '-' || c == '_';
        assert_eq!(CharClass::Digits.contains(byte), c.is_ascii_digit());
        assert_eq!(CharClass::Hex.contains(byte), c.is_ascii_hexdigit());
        assert_eq!(
            CharClass::LowerHex.contains(byte),
            c.is_ascii_hexdigit() && !c.is_ascii_uppercase()
        );
        assert_eq!(CharClass::Word.contains(byte), word);
        assert_eq!(CharClass::WordDot.contains(byte), word || c == '.');
    }
}

#[test]
fn client_id_rule_that_can_not_be_is_refused() {
    let new = |prefix, min, max| ClientIdRule::new(prefix, CharClass::Word, min, max).unwrap_err();
    assert_eq!(new("a", 0, 5), ClientIdRuleError::Length { min: 0, max: 5 });
    assert_eq!(new("a", 6, 5), ClientIdRuleError::Length { min: 6, max: 5 });
    assert_eq!(
        new("a", 1, 256),
        ClientIdRuleError::Length { min: 1, max: 256 }
    );
    assert_eq!(
        new("abc", 1, 2),
        ClientIdRuleError::PrefixTooLong { len: 3, max: 2 }
    );
    for prefix in ["a/", "+", "#", "$", "%c", "*", " ", "ä", "\0"] {
        assert!(
            matches!(new(prefix, 1, 9), ClientIdRuleError::Prefix(_)),
            "{prefix:?}"
        );
    }
}
