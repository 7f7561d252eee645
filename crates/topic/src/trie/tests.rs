//! What no answer tells, because the plain list gives the same one in its own time: that it came from the tree.

#![allow(clippy::unwrap_used, reason = "a test may stop at a broken table")]

use super::*;
use crate::{Acl, Effect, Pattern, TopicName};
use alloc::{format, string::String, vec::Vec};

const PATTERNS: [&str; 9] = [
    "tx/%c/#",
    "tx/+/state",
    "tx/site-0123456789abcdef/line-4/state",
    "rx/a/b/c",
    "rx/a/b/d",
    "+/+/e",
    "/#",
    "#",
    "$SYS/broker/#",
];

/// All patterns and `texts`, each as a rule of a kind that goes round.
fn rules(texts: &[String]) -> Vec<Rule<'_>> {
    let kinds = [
        (Effect::Allow, Access::Publish),
        (Effect::Allow, Access::Subscribe),
        (Effect::Allow, Access::Publish),
        (Effect::Deny, Access::Publish),
        (Effect::Deny, Access::Subscribe),
    ];
    let few = PATTERNS.iter().copied();
    few.chain(texts.iter().map(String::as_str))
        .zip(kinds.into_iter().cycle())
        .map(|(text, (effect, access))| Rule {
            effect,
            access,
            pattern: Pattern::new(text).unwrap(),
            sealed: false,
        })
        .collect()
}

#[test]
fn the_tree_answers_and_nobody_asks_the_list() {
    let texts: Vec<_> = (0..1_000)
        .map(|i| format!("site-{}/line-{i}/state", i % 100))
        .collect();
    let client = ClientId::new("device-1").unwrap();
    for count in [0, 1, texts.len()] {
        let rules = rules(&texts[..count]);
        let acl = Acl::new(&rules);
        let publish = Trie::new(&rules, Access::Publish);
        let subscribe = Trie::new(&rules, Access::Subscribe);
        for text in [
            "tx/device-1/state",
            "tx/device-2/state",
            "tx/site-0123456789abcdef/line-4/state",
            "rx/a/b/c",
            "rx/a/b/x",
            "a/b/e",
            "site-0/line-0/state",
            "site-0/line-900/state",
            "site-0/line-1/state",
            "/",
            "$SYS/broker/load",
            "$other",
        ] {
            let topic = TopicName::new(text).unwrap();
            let query = Query::of(text);
            let answer = |trie: &Trie| trie.walk(query, client).map(|found| found.why());
            assert_eq!(answer(&publish).unwrap(), acl.publish(client, topic).why());
            assert_eq!(
                answer(&subscribe).unwrap(),
                acl.deliver(client, topic).why()
            );
            for tail in [Tail::Singles(1), Tail::Singles(3), Tail::Multi] {
                let query = Query { tail, ..query };
                assert!(subscribe.walk(query, client).is_ok(), "{query:?}");
            }
        }
    }
}
