//! Every vector of `topic.json` and `acl.json`, made by the independent program, through the public API.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

use mqward_topic::{
    Access, Acl, CharClass, ClientId, ClientIdRule, Effect, Pattern, Rule, Subscription,
    SyntaxError, TopicFilter, TopicName,
};
use mqward_vectors as vectors;

/// What the vectors call a broken rule.
fn name_of(error: SyntaxError) -> &'static str {
    match error {
        SyntaxError::Empty => "empty",
        SyntaxError::TooLong { .. } => "too_long",
        SyntaxError::NotUtf8 { .. } => "not_utf8",
        SyntaxError::Nul { .. } => "nul",
        SyntaxError::Control { .. } => "control",
        SyntaxError::NonCharacter { .. } => "non_character",
        SyntaxError::WildcardInName { .. } => "wildcard_in_name",
        SyntaxError::WildcardNotAlone { .. } => "wildcard_not_alone",
        SyntaxError::MultiLevelNotLast { .. } => "multi_level_not_last",
        SyntaxError::SharedSubscription => "shared_subscription",
        SyntaxError::ShareName => "share_name",
        SyntaxError::ShareWithoutFilter => "share_without_filter",
        other => panic!("the vectors have no name for {other:?}"),
    }
}

/// The first bytes of what may be 65 536 of them.
fn shown(bytes: &[u8]) -> String {
    String::from_utf8_lossy(&bytes[..bytes.len().min(40)]).into_owned()
}

/// Refused for the reason that the vector gives, as bytes and, where they are text, as text.
fn refused<T>(
    invalid: &[vectors::InvalidText],
    from_bytes: impl for<'a> Fn(&'a [u8]) -> Result<T, SyntaxError>,
    new: impl for<'a> Fn(&'a str) -> Result<T, SyntaxError>,
) {
    assert!(!invalid.is_empty());
    for case in invalid {
        let bytes = case.bytes.to_vec();
        let error = Some(case.error.as_str());
        assert_eq!(
            from_bytes(&bytes).err().map(name_of),
            error,
            "{}",
            shown(&bytes)
        );
        if let Ok(text) = core::str::from_utf8(&bytes) {
            assert_eq!(new(text).err().map(name_of), error, "{}", shown(&bytes));
        }
    }
}

#[test]
fn names() {
    let names = vectors::topics().names;
    for text in &names.valid {
        let text = text.to_text();
        let name = TopicName::new(&text).unwrap();
        assert_eq!(name.as_str(), text);
        assert_eq!(TopicName::from_bytes(text.as_bytes()), Ok(name));
    }
    refused(
        &names.invalid,
        |bytes| TopicName::from_bytes(bytes).map(|_| ()),
        |text| TopicName::new(text).map(|_| ()),
    );
}

#[test]
fn filters() {
    let filters = vectors::topics().filters;
    for text in &filters.valid {
        let text = text.to_text();
        let filter = TopicFilter::new(&text).unwrap();
        assert_eq!(filter.as_str(), text);
        assert_eq!(TopicFilter::from_bytes(text.as_bytes()), Ok(filter));
        let subscription = Subscription::new(&text).unwrap();
        assert_eq!(subscription.share_name(), None);
        assert_eq!(subscription.filter(), filter);
    }
    refused(
        &filters.invalid,
        |bytes| TopicFilter::from_bytes(bytes).map(|_| ()),
        |text| TopicFilter::new(text).map(|_| ()),
    );
}

#[test]
fn subscriptions() {
    let subscriptions = vectors::topics().subscriptions;
    for case in &subscriptions.valid {
        let subscription = Subscription::new(&case.text).unwrap();
        assert_eq!(subscription.share_name(), case.share_name.as_deref());
        assert_eq!(subscription.filter().as_str(), case.filter);
        assert_eq!(
            Subscription::from_bytes(case.text.as_bytes()),
            Ok(subscription)
        );
    }
    refused(
        &subscriptions.invalid,
        |bytes| Subscription::from_bytes(bytes).map(|_| ()),
        |text| Subscription::new(text).map(|_| ()),
    );
}

#[test]
fn client_ids() {
    let ids = vectors::topics().client_ids;
    for text in &ids.valid {
        let id = ClientId::new(text).unwrap();
        assert_eq!(id.as_str(), text);
        assert_eq!(ClientId::from_bytes(text.as_bytes()), Ok(id));
    }
    for hex in &ids.invalid {
        let bytes = vectors::decode_hex(hex).unwrap();
        assert!(ClientId::from_bytes(&bytes).is_err(), "{hex}");
        if let Ok(text) = core::str::from_utf8(&bytes) {
            assert!(ClientId::new(text).is_err(), "{hex}");
        }
    }
}

fn client_id_rule(rule: &vectors::ClientIdRule) -> ClientIdRule<'_> {
    let class = match rule.class {
        vectors::CharClass::Digits => CharClass::Digits,
        vectors::CharClass::LowerHex => CharClass::LowerHex,
        vectors::CharClass::Hex => CharClass::Hex,
        vectors::CharClass::Word => CharClass::Word,
        vectors::CharClass::WordDot => CharClass::WordDot,
    };
    ClientIdRule::new(&rule.prefix, class, rule.min_len, rule.max_len).unwrap()
}

#[test]
fn client_id_rules() {
    let file = vectors::topics().client_id_rules;
    let rules: Vec<_> = file.rules.iter().map(client_id_rule).collect();
    for (row, rule) in rules.iter().enumerate() {
        for (column, id) in file.ids.iter().enumerate() {
            let accepted = rule.check(ClientId::new(id).unwrap()).is_ok();
            assert_eq!(
                Some(accepted),
                file.accepts.get(row, column),
                "{rule}: {id}"
            );
        }
        for (column, other) in rules.iter().enumerate() {
            assert_eq!(
                Some(rule.overlaps(other)),
                file.overlaps.get(row, column),
                "{rule} and {other}"
            );
        }
    }
}

/// A pattern without `%c` stands for what the filter of the same text stands for, whoever asks.
#[test]
fn grids() {
    let client = ClientId::new("a").unwrap();
    for grid in &vectors::topics().grids {
        let names: Vec<_> = grid
            .names
            .iter()
            .map(|text| TopicName::new(text).unwrap())
            .collect();
        let filters: Vec<_> = grid
            .filters
            .iter()
            .map(|text| TopicFilter::new(text).unwrap())
            .collect();
        for (row, filter) in filters.iter().enumerate() {
            let pattern = Pattern::new(filter.as_str()).unwrap();
            for (column, name) in names.iter().enumerate() {
                let expected = grid.matches.get(row, column);
                assert_eq!(Some(filter.matches(*name)), expected, "{filter}: {name}");
                assert_eq!(Some(pattern.matches(*name, client)), expected);
            }
            for (column, other) in filters.iter().enumerate() {
                let expected = grid.covers.get(row, column);
                assert_eq!(
                    Some(filter.covers(*other)),
                    expected,
                    "{filter} covers {other}"
                );
                assert_eq!(Some(pattern.covers(*other, client)), expected);
                let expected = grid.overlaps.get(row, column);
                assert_eq!(
                    Some(filter.overlaps(*other)),
                    expected,
                    "{filter} overlaps {other}"
                );
                assert_eq!(Some(pattern.overlaps(*other, client)), expected);
            }
        }
    }
}

fn rule(rule: &vectors::Rule) -> Rule<'_> {
    Rule {
        effect: match rule.effect {
            vectors::RuleEffect::Allow => Effect::Allow,
            vectors::RuleEffect::Deny => Effect::Deny,
        },
        access: match rule.access {
            vectors::RuleAccess::Publish => Access::Publish,
            vectors::RuleAccess::Subscribe => Access::Subscribe,
        },
        pattern: Pattern::new(&rule.pattern).unwrap(),
        sealed: rule.sealed,
    }
}

/// Of every set of rules in its own order and from behind, because order has no meaning (spec §10.1).
#[test]
fn decisions() {
    for case in &vectors::acl().cases {
        let mut rules: Vec<_> = case.rules.iter().map(rule).collect();
        decide(case, Acl::new(&rules));
        rules.reverse();
        decide(case, Acl::new(&rules));
    }
}

fn decide(case: &vectors::AclCase, acl: Acl<'_>) {
    let client = ClientId::new(&case.client_id).unwrap();
    for it in &case.subscribe {
        let filter = Subscription::new(&it.filter).unwrap().filter();
        let decision = acl.subscribe(client, filter);
        let label = format!("{}: subscribe {}: {decision:?}", case.name, it.filter);
        assert_eq!(decision.is_allowed(), it.allowed, "{label}");
        assert!(!decision.sealed(), "{label}");
    }
    for it in &case.publish {
        let decision = acl.publish(client, TopicName::new(&it.topic).unwrap());
        let label = format!("{}: publish {}: {decision:?}", case.name, it.topic);
        assert_eq!(decision.is_allowed(), it.allowed, "{label}");
        assert_eq!(decision.sealed(), it.sealed, "{label}");
    }
    for it in &case.deliver {
        let decision = acl.deliver(client, TopicName::new(&it.topic).unwrap());
        let label = format!("{}: deliver {}: {decision:?}", case.name, it.topic);
        assert_eq!(decision.is_allowed(), it.allowed, "{label}");
        assert!(!decision.sealed(), "{label}");
    }
}

#[test]
fn patterns() {
    let patterns = vectors::acl().patterns;
    for text in &patterns.valid {
        let pattern = Pattern::new(text).unwrap();
        assert_eq!(pattern.as_str(), text);
        let placeholder = text.split('/').any(|level| level == "%c");
        assert_eq!(pattern.names_client(), placeholder, "{text}");
    }
    for text in &patterns.invalid {
        assert!(Pattern::new(text).is_err(), "{text:?}");
    }
}

#[test]
fn client_id_that_a_topic_names() {
    for case in &vectors::acl().client_id_of {
        let pattern = Pattern::new(&case.pattern).unwrap();
        let topic = TopicName::new(&case.topic).unwrap();
        let id = pattern.client_id(topic);
        assert_eq!(
            id.map(|id| id.as_str()),
            case.client_id.as_deref(),
            "{pattern}: {topic}"
        );
        assert!(id.is_none_or(|id| pattern.matches(topic, id)));
    }
}
