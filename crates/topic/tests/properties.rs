//! Properties over generated text, against the naive matcher and naive grammar.

#[path = "oracle/naive.rs"]
mod naive;

use mqward_topic::{
    CharClass, ClientId, ClientIdRule, Pattern, Subscription, SyntaxError, TopicFilter, TopicName,
};
use proptest::prelude::*;

/// Levels that collide often, with names of more than one byte per character.
fn level() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["a", "b", "", "ä", "$s", "$", "ab", "😀"])
}

fn name() -> impl Strategy<Value = String> {
    prop::collection::vec(level(), 1..7)
        .prop_map(|levels| levels.join("/"))
        .prop_filter("not empty", |name| !name.is_empty())
}

fn filter() -> impl Strategy<Value = String> {
    let level = prop_oneof![3 => level(), 2 => Just("+")];
    (prop::collection::vec(level, 0..6), any::<bool>())
        .prop_map(|(mut levels, open)| {
            if open {
                levels.push("#");
            }
            levels.join("/")
        })
        .prop_filter("not empty", |filter| !filter.is_empty())
}

/// Text in which every rule of the grammar is broken now and then.
fn text() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "a", "/", "/", "+", "#", "$share", "$share/", "g", "%c", "\0", "\u{1}", "\u{9f}",
        "\u{fffe}", "ä", "😀",
    ]);
    prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

fn is_mqtt_text(text: &str) -> bool {
    !text.is_empty()
        && text.chars().all(|c| {
            let n = u32::from(c);
            !c.is_control() && n & 0xfffe != 0xfffe && !(0xfdd0..=0xfdef).contains(&n)
        })
}

fn is_filter(text: &str) -> bool {
    let levels = naive::levels(text);
    is_mqtt_text(text)
        && levels[0] != "$share"
        && levels
            .iter()
            .all(|l| matches!(*l, "+" | "#") || !l.contains(['+', '#']))
        && !levels[..levels.len() - 1].contains(&"#")
}

proptest! {
    #[test]
    fn matches_is_the_naive_matcher(filter in filter(), name in name()) {
        let parsed = TopicFilter::new(&filter).unwrap();
        prop_assert_eq!(
            parsed.matches(TopicName::new(&name).unwrap()),
            naive::matches(&filter, &name)
        );
    }

    #[test]
    fn covered_names_match_and_shared_names_overlap(a in filter(), b in filter(), name in name()) {
        let (parsed_a, parsed_b) = (TopicFilter::new(&a).unwrap(), TopicFilter::new(&b).unwrap());
        let (in_a, in_b) = (naive::matches(&a, &name), naive::matches(&b, &name));
        if parsed_a.covers(parsed_b) {
            prop_assert!(!in_b || in_a);
            prop_assert!(parsed_a.overlaps(parsed_b));
        }
        if in_a && in_b {
            prop_assert!(parsed_a.overlaps(parsed_b));
        }
        prop_assert_eq!(parsed_a.overlaps(parsed_b), parsed_b.overlaps(parsed_a));
    }

    #[test]
    fn covers_is_an_order(a in filter(), b in filter(), c in filter()) {
        let of = |text| TopicFilter::new(text).unwrap();
        prop_assert!(of(&a).covers(of(&a)));
        if of(&a).covers(of(&b)) && of(&b).covers(of(&c)) {
            prop_assert!(of(&a).covers(of(&c)));
        }
    }

    #[test]
    fn a_name_without_wildcards_is_a_filter_of_itself(filter in filter(), name in name()) {
        prop_assume!(!name.starts_with("$share/"));
        let parsed = TopicFilter::new(&filter).unwrap();
        let as_filter = TopicFilter::new(&name).unwrap();
        let as_name = TopicName::new(&name).unwrap();
        prop_assert_eq!(parsed.covers(as_filter), parsed.matches(as_name));
        prop_assert_eq!(parsed.overlaps(as_filter), parsed.matches(as_name));
    }

    #[test]
    fn constructors_accept_the_naive_grammar(text in text()) {
        let name = is_mqtt_text(&text) && !text.contains(['+', '#']);
        prop_assert_eq!(TopicName::new(&text).is_ok(), name);
        prop_assert_eq!(TopicFilter::new(&text).is_ok(), is_filter(&text));
        let placeholders = naive::levels(&text).iter().all(|l| *l == "%c" || !l.contains('%'));
        prop_assert_eq!(Pattern::new(&text).is_ok(), is_filter(&text) && placeholders);
        let shared = match text.splitn(3, '/').collect::<Vec<_>>()[..] {
            ["$share", group, filter] => {
                is_mqtt_text(group) && !group.contains(['+', '#']) && is_filter(filter)
            }
            _ => is_filter(&text),
        };
        prop_assert_eq!(Subscription::new(&text).is_ok(), shared);
        prop_assert_eq!(TopicFilter::from_bytes(text.as_bytes()), TopicFilter::new(&text));
    }

    #[test]
    fn any_bytes_give_a_value_that_prints_back_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
        match TopicName::from_bytes(&bytes) {
            Ok(name) => prop_assert_eq!(name.to_string().into_bytes(), bytes.clone()),
            Err(error) => prop_assert!(!error.to_string().is_empty()),
        }
        match (core::str::from_utf8(&bytes), TopicFilter::from_bytes(&bytes)) {
            (Err(utf8), result) => prop_assert_eq!(
                result,
                Err(SyntaxError::NotUtf8 { at: utf8.valid_up_to() })
            ),
            (Ok(text), result) => prop_assert_eq!(result.is_ok(), is_filter(text)),
        }
        if let Ok(id) = ClientId::from_bytes(&bytes) {
            prop_assert_eq!(id.as_bytes(), &bytes[..]);
            prop_assert!(bytes.iter().all(|b| b.is_ascii_graphic() && !b"+#/$%*".contains(b)));
        }
    }

    #[test]
    fn placeholder_is_the_literal_identifier(filter in filter(), name in name(), other in filter()) {
        // `b` written out, and `b` as the placeholder of the client `b`.
        let client = ClientId::new("b").unwrap();
        let levels: Vec<_> = naive::levels(&filter).into_iter()
            .map(|level| if level == "b" { "%c" } else { level })
            .collect();
        let pattern = levels.join("/");
        let pattern = Pattern::new(&pattern).unwrap();
        let literal = TopicFilter::new(&filter).unwrap();
        let other = TopicFilter::new(&other).unwrap();
        let name = TopicName::new(&name).unwrap();
        prop_assert_eq!(pattern.matches(name, client), literal.matches(name));
        prop_assert_eq!(pattern.covers(other, client), literal.covers(other));
        prop_assert_eq!(pattern.overlaps(other, client), literal.overlaps(other));
        if pattern.names_client() && literal.matches(name) {
            prop_assert_eq!(pattern.client_id(name), Some(client));
        }
        if let Some(owner) = pattern.client_id(name) {
            prop_assert!(pattern.matches(name, owner));
        }
    }

    #[test]
    fn client_id_rules_overlap_exactly_when_an_identifier_fits_both(
        a in ("[0-9aFz._-]{0,3}", 0..5usize, 1..6usize, 0..5usize),
        b in ("[0-9aFz._-]{0,3}", 0..5usize, 1..6usize, 0..5usize),
    ) {
        let classes = [
            CharClass::Digits, CharClass::LowerHex, CharClass::Hex, CharClass::Word,
            CharClass::WordDot,
        ];
        let new = |(prefix, class, min, more): &(String, usize, usize, usize)| {
            ClientIdRule::new(prefix, classes[*class], *min, min + more).map(|_| ())
        };
        prop_assume!(new(&a).is_ok() && new(&b).is_ok());
        let a = ClientIdRule::new(&a.0, classes[a.1], a.2, a.2 + a.3).unwrap();
        let b = ClientIdRule::new(&b.0, classes[b.1], b.2, b.2 + b.3).unwrap();
        // Brute force: every identifier that begins with one of the prefixes and goes on with
        // digits, which are in every class. What fits both begins with both.
        let fits_both = [a.prefix(), b.prefix()].iter().any(|prefix| {
            (0..12).any(|more| {
                let id = format!("{prefix}{}", "0".repeat(more));
                ClientId::new(&id).is_ok_and(|id| a.check(id).is_ok() && b.check(id).is_ok())
            })
        });
        prop_assert_eq!(a.overlaps(&b), fits_both);
        prop_assert_eq!(b.overlaps(&a), fits_both);
    }
}
