//! What an operator is told: the texts of errors and values, and the rule and level that a refusal names.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use core::error::Error;

use mqward_topic::{
    Access, Acl, CharClass, ClientId, ClientIdError, ClientIdRule, ClientIdRuleError, Effect,
    Limits, Pattern, PatternError, Rule, Subscription, SyntaxError, TopicFilter, TopicName, Why,
};

#[test]
fn values_print_as_they_were_written() {
    let (name, filter) = (
        TopicName::new("tx/a").unwrap(),
        TopicFilter::new("tx/+").unwrap(),
    );
    let (id, pattern) = (
        ClientId::new("device-1").unwrap(),
        Pattern::new("tx/%c/#").unwrap(),
    );
    let shared = Subscription::new("$share/g/tx/+").unwrap();
    assert_eq!(name.to_string(), "tx/a");
    assert_eq!(filter.to_string(), "tx/+");
    assert_eq!(id.to_string(), "device-1");
    assert_eq!(pattern.to_string(), "tx/%c/#");
    assert_eq!(format!("{name:?}"), "TopicName(\"tx/a\")");
    assert_eq!(format!("{filter:?}"), "TopicFilter(\"tx/+\")");
    assert_eq!(format!("{id:?}"), "ClientId(\"device-1\")");
    assert!(format!("{pattern:?}").contains("tx/%c/#"));
    let rule = Rule {
        effect: Effect::Allow,
        access: Access::Publish,
        pattern,
        sealed: true,
    };
    assert_eq!(rule.to_string(), "allow publish sealed tx/%c/#");
    let rule = Rule {
        effect: Effect::Deny,
        access: Access::Subscribe,
        sealed: false,
        ..rule
    };
    assert_eq!(rule.to_string(), "deny subscribe tx/%c/#");
    assert!(format!("{shared:?}").contains("tx/+"));
}

#[test]
fn a_client_id_rule_tells_itself() {
    let rule = ClientIdRule::new("dev-", CharClass::LowerHex, 5, 12).unwrap();
    assert_eq!(rule.to_string(), "\"dev-\" then 0-9 a-f, 5 to 12 bytes");
    assert_eq!(
        (rule.prefix(), rule.class(), rule.min_len(), rule.max_len()),
        ("dev-", CharClass::LowerHex, 5, 12)
    );
    let classes = [
        CharClass::Digits,
        CharClass::LowerHex,
        CharClass::Hex,
        CharClass::Word,
        CharClass::WordDot,
    ];
    let told = classes.map(|class| class.to_string());
    for (at, text) in told.iter().enumerate() {
        assert!(text.starts_with("0-9") || text.starts_with("A-Z"), "{text}");
        assert!(!told[..at].contains(text), "{text} twice");
    }
}

#[test]
fn errors_say_what_and_where() {
    let told = |id: &str| ClientId::new(id).unwrap_err().to_string();
    assert_eq!(told(""), "empty");
    assert_eq!(told("ab+"), "forbidden character at byte 2");
    assert_eq!(told(&"a".repeat(256)), "256 bytes, at most 255 are allowed");
    let rule = ClientIdRule::new("d-", CharClass::Digits, 3, 4).unwrap();
    let told = |id| {
        rule.check(ClientId::new(id).unwrap())
            .unwrap_err()
            .to_string()
    };
    assert_eq!(told("x-1"), "does not begin with the prefix");
    assert_eq!(told("d-12345"), "7 bytes, 3 to 4 are allowed");
    assert_eq!(told("d-1x"), "byte 3 is not one of 0-9");

    let error = ClientIdRule::new("a+", CharClass::Word, 1, 9).unwrap_err();
    assert_eq!(error.to_string(), "prefix: forbidden character at byte 1");
    let source = error.source().and_then(|source| source.downcast_ref());
    assert_eq!(source, Some(&ClientIdError::Character { at: 1 }));
    let error = ClientIdRule::new("", CharClass::Word, 0, 9).unwrap_err();
    assert_eq!(error, ClientIdRuleError::Length { min: 0, max: 9 });
    assert_eq!(error.to_string(), "length 0 to 9 is not within 1 to 255");
    assert!(error.source().is_none());
    let error = ClientIdRule::new("abc", CharClass::Word, 1, 2).unwrap_err();
    assert_eq!(
        error.to_string(),
        "prefix of 3 bytes, but at most 2 are allowed"
    );

    let error = Pattern::new("a/#/b").unwrap_err();
    assert_eq!(error.to_string(), "'#' in level 1 is not the last level");
    let source = error.source().and_then(|source| source.downcast_ref());
    assert_eq!(source, Some(&SyntaxError::MultiLevelNotLast { level: 1 }));
    let error = Pattern::new("a/x%c").unwrap_err();
    assert_eq!(error, PatternError::Placeholder { level: 1 });
    assert!(error.to_string().contains("level 1") && error.source().is_none());

    let error = Limits::default().check_payload(5000).unwrap_err();
    assert_eq!(
        error.to_string(),
        "payload of 5000 bytes, at most 4096 are allowed"
    );
}

fn why(patterns: &[&str], filter: &str) -> Why {
    let rules: Vec<Rule<'_>> = patterns
        .iter()
        .map(|pattern| Rule {
            effect: Effect::Allow,
            access: Access::Subscribe,
            pattern: Pattern::new(pattern).unwrap(),
            sealed: false,
        })
        .collect();
    let client = ClientId::new("device-1").unwrap();
    Acl::new(&rules)
        .subscribe(client, TopicFilter::new(filter).unwrap())
        .why()
}

#[test]
fn a_refusal_names_the_closest_rule_whatever_its_place() {
    let closest = |rule, level| Why::NotCovered { rule, level };
    assert_eq!(why(&["x", "a/b/c", "a/x"], "a/b/d"), closest(1, 2));
    assert_eq!(why(&["a/b/c", "x", "a/x"], "a/b/d"), closest(0, 2));
    assert_eq!(why(&["x", "a/x", "a/b/c"], "a/b/d"), closest(2, 2));
    assert_eq!(
        why(&["a/x", "a/y"], "a/z"),
        closest(0, 1),
        "the first of equals"
    );
}

#[test]
fn the_level_that_is_named_is_one_of_the_filter_or_the_one_behind_it() {
    let at = |level| Why::NotCovered { rule: 0, level };
    assert_eq!(why(&["+"], "#"), at(0), "`#` has one level");
    assert_eq!(why(&["/+"], "/#"), at(1), "`/#` has two");
    assert_eq!(
        why(&["a/b"], "a"),
        at(1),
        "the rule goes on where the filter ends"
    );
    assert_eq!(why(&["a"], "a/b"), at(1));
}
