//! The compiled list against the plain one: the same decision with the same reason, on every input.
#![allow(clippy::unwrap_used, reason = "a test may stop at a broken table")]

use mqward_topic::{
    Access, Acl, ClientId, CompiledAcl, Decision, Effect, Pattern, Rule, Subscription, TopicName,
    Why,
};
use proptest::prelude::*;

/// All texts of 1 to `max` levels: first level out of `first`, the others out of `others`.
fn grid(first: &[&str], others: &[&str], max: usize) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    let mut longest: Vec<String> = first.iter().map(|&level| level.to_owned()).collect();
    for _ in 0..max {
        all.extend(longest.iter().cloned());
        longest = longest
            .iter()
            .flat_map(|text| others.iter().map(move |level| format!("{text}/{level}")))
            .collect();
    }
    all.retain(|text| !text.is_empty() && !text.contains("#/"));
    all
}

fn rule(effect: Effect, access: Access, pattern: &str, sealed: bool) -> Rule<'_> {
    Rule {
        effect,
        access,
        pattern: Pattern::new(pattern).unwrap(),
        sealed,
    }
}

/// Every question of `topics` and `filters` to both lists; how many answers of each kind there were.
struct Questions<'a> {
    clients: Vec<ClientId<'a>>,
    topics: Vec<TopicName<'a>>,
    filters: Vec<Subscription<'a>>,
    answers: [usize; 6],
}

impl<'a> Questions<'a> {
    fn new(clients: &[&'a str], topics: &'a [String], filters: &'a [String]) -> Self {
        Self {
            clients: clients
                .iter()
                .map(|id| ClientId::new(id).unwrap())
                .collect(),
            topics: topics.iter().map(|t| TopicName::new(t).unwrap()).collect(),
            filters: filters
                .iter()
                .map(|f| Subscription::new(f).unwrap())
                .collect(),
            answers: [0; 6],
        }
    }

    fn ask(&mut self, rules: &[Rule<'_>]) {
        let (acl, compiled) = (Acl::new(rules), CompiledAcl::new(rules));
        assert_eq!(compiled.rules(), rules);
        let mut compare = |plain: Decision, compiled: Decision, what: &dyn Fn() -> String| {
            assert_eq!(plain, compiled, "{} under {rules:?}", what());
            let kind = match plain.why() {
                Why::AllowedBy { .. } => 0,
                Why::AllowedTogether { .. } => 1,
                Why::DeniedBy { .. } => 2,
                Why::NoRule => 3,
                Why::NotCovered { .. } => 4,
            };
            self.answers[kind] += 1;
            self.answers[5] += usize::from(plain.sealed());
        };
        for &client in &self.clients {
            for &topic in &self.topics {
                let what = || format!("{client}: {topic}");
                compare(
                    acl.publish(client, topic),
                    compiled.publish(client, topic),
                    &what,
                );
                compare(
                    acl.deliver(client, topic),
                    compiled.deliver(client, topic),
                    &what,
                );
            }
            for subscription in &self.filters {
                let filter = subscription.filter();
                let what = || format!("{client}: {filter}");
                compare(
                    acl.subscribe(client, filter),
                    compiled.subscribe(client, filter),
                    &what,
                );
            }
        }
    }

    /// There were answers of all these kinds: the comparison is not one of nothing with nothing.
    fn were(&self, kinds: &[usize]) {
        let all = kinds.iter().all(|kind| self.answers[*kind] > 0);
        assert!(all, "{:?}", self.answers);
    }
}

const KINDS: [(Effect, Access, bool); 5] = [
    (Effect::Allow, Access::Publish, false),
    (Effect::Allow, Access::Publish, true),
    (Effect::Allow, Access::Subscribe, false),
    (Effect::Deny, Access::Publish, false),
    (Effect::Deny, Access::Subscribe, false),
];

/// `b` as a literal and as the identifier of the client `b`, so that both edges lead on.
fn patterns(max: usize) -> Vec<String> {
    let mut all = grid(
        &["a", "b", "%c", "", "+", "#", "$s"],
        &["b", "%c", "", "+", "#"],
        max,
    );
    all.push("$s/#".to_owned());
    all
}

fn topics(max: usize) -> Vec<String> {
    grid(&["a", "b", "", "$s", "%c"], &["a", "b", ""], max)
}

fn filters(max: usize) -> Vec<String> {
    let mut all = grid(&["a", "b", "", "$s", "+", "#"], &["b", "", "+", "#"], max);
    let shared: Vec<_> = all
        .iter()
        .step_by(3)
        .map(|f| format!("$share/g/{f}"))
        .collect();
    all.extend(shared);
    all
}

#[test]
fn every_pair_of_small_rules() {
    let (patterns, topics, filters) = (patterns(2), topics(3), filters(3));
    let mut questions = Questions::new(&["b"], &topics, &filters);
    for (i, a) in patterns.iter().enumerate() {
        for (j, b) in patterns.iter().enumerate() {
            // All pairs of patterns, and in turn all pairs of kinds that can meet.
            let (x, y) = (KINDS[(i + j) % 5], KINDS[(i + 3 * j + j / 5) % 5]);
            questions.ask(&[rule(x.0, x.1, a, x.2), rule(y.0, y.1, b, y.2)]);
        }
    }
    questions.were(&[0, 2, 3, 4, 5]);
}

#[test]
fn every_pair_of_allow_and_deny_about_subscribing() {
    let (patterns, filters) = (patterns(2), filters(3));
    let mut questions = Questions::new(&["b"], &[], &filters);
    for a in &patterns {
        for b in &patterns {
            let first = rule(Effect::Allow, Access::Subscribe, a, false);
            for effect in [Effect::Allow, Effect::Deny] {
                questions.ask(&[first, rule(effect, Access::Subscribe, b, false)]);
            }
        }
    }
    questions.were(&[0, 2, 4]);
}

#[test]
fn long_lists_of_deeper_rules() {
    let (patterns, topics, filters) = (patterns(4), topics(4), filters(4));
    let mut questions = Questions::new(&["b", "x"], &topics, &filters);
    // Numerical Recipes' linear congruential generator: the same sample on every run.
    let mut state: u32 = 11;
    let mut next = |below: usize| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        usize::try_from(state >> 8).unwrap() % below
    };
    for round in 0..150 {
        let rules: Vec<_> = (0..1 + round)
            .map(|_| {
                let (effect, access, sealed) = {
                    let kinds = next(5) + 1;
                    KINDS[next(kinds)]
                };
                rule(effect, access, &patterns[next(patterns.len())], sealed)
            })
            .collect();
        questions.ask(&rules);
    }
    questions.were(&[0, 1, 2, 3, 4, 5]);
}

/// Texts that differ in length around the eight bytes of a word, only in their last byte, or not in their bytes but in
/// where a level ends.
fn level() -> impl Strategy<Value = String> {
    let stem = prop::sample::select(vec![
        "",
        "a",
        "ab",
        "$s",
        "ä",
        "12345678",
        "123456789",
        "123456789abcdefg",
        "😀😀😀",
    ]);
    (stem, prop::sample::select(vec!["", "x", "y"])).prop_map(|(stem, end)| format!("{stem}{end}"))
}

fn levels(wild: Vec<&'static str>) -> impl Strategy<Value = String> {
    let level = prop_oneof![5 => level(), 2 => prop::sample::select(wild).prop_map(str::to_owned)];
    (prop::collection::vec(level, 1..5), 0..4).prop_map(|(mut levels, open)| {
        if open == 0 {
            levels.push("#".to_owned());
        }
        levels.join("/")
    })
}

proptest! {
    #[test]
    fn any_rules_and_any_questions(
        patterns in prop::collection::vec((levels(vec!["+", "%c"]), 0..5usize), 0..12),
        changed in prop::collection::vec((levels(vec!["+", "z"]), any::<prop::sample::Index>()), 1..12),
        client in prop::sample::select(vec!["a", "12345678", "123456789x", "123456789abcdefgx"]),
    ) {
        let rules: Vec<_> = patterns.iter()
            .filter(|(text, _)| Pattern::new(text).is_ok())
            .map(|(text, kind)| rule(KINDS[*kind].0, KINDS[*kind].1, text, KINDS[*kind].2))
            .collect();
        // Filters and names out of nothing, and such that a rule gives most of.
        let mut texts: Vec<String> = changed.iter().map(|(text, _)| text.clone()).collect();
        for (text, at) in &changed {
            if rules.is_empty() {
                break;
            }
            let like = rules[at.index(rules.len())].pattern.as_str();
            texts.push(like.replace("%c", client).replace('+', text.split('/').next().unwrap()));
            texts.push(like.replace("%c", client));
            texts.push(like.replace("%c", "z").replace("/#", ""));
            texts.push(format!("{}/{text}", like.replace("%c", client).replace("/#", "")));
        }
        let names: Vec<_> = texts.iter().filter(|t| TopicName::new(t).is_ok()).cloned().collect();
        texts.retain(|text| Subscription::new(text).is_ok());
        Questions::new(&[client], &names, &texts).ask(&rules);
    }
}

#[test]
fn more_branches_than_a_walk_keeps() {
    // Every one of 2^6 beginnings fits the same name.
    let two = |texts: Vec<String>| -> Vec<String> {
        let with = |text: &String, level| format!("{text}/{level}");
        texts
            .iter()
            .flat_map(|text| [with(text, "a"), with(text, "+")])
            .collect()
    };
    let mut texts = vec!["t".to_owned()];
    for _ in 0..6 {
        texts = two(texts);
    }
    let rules: Vec<_> = texts
        .iter()
        .enumerate()
        .map(|(i, text)| {
            let (effect, access, sealed) = KINDS[[0, 2, 0, 2, 0, 1, 3, 4][i % 8]];
            rule(effect, access, text, sealed)
        })
        .collect();
    let topics = [
        "t/a/a/a/a/a/a",
        "t/a/b/a/b/a/b",
        "t/b/b/b/b/b/b",
        "t/a/a/a/a/a",
        "t/b/b/b/b/b/b/b",
        "u",
    ];
    let topics = topics.map(str::to_owned);
    let filters = [
        "t/a/a/a/a/a/+",
        "t/+/+/+/+/+/+",
        "t/a/a/a/+/#",
        "t/#",
        "t/b/b/b/b/b/b/#",
    ]
    .map(str::to_owned);
    let mut questions = Questions::new(&["a", "c"], &topics, &filters);
    questions.ask(&rules);
    questions.ask(&rules[..1]);
}

#[test]
fn nothing_is_too_long_or_too_deep() {
    let slashes = "/".repeat(65_535);
    let deep = format!("{}a", "a/".repeat(32_767));
    let wide = "x".repeat(65_535);
    let plus = format!("{}+", "+/".repeat(32_767));
    let topics = [slashes, deep, wide, format!("a{}", "/".repeat(65_534))];
    let mut filters = topics.to_vec();
    filters.push(plus.clone());
    filters.push(format!("{}#", "+/".repeat(32_767)));
    let mut patterns = filters.clone();
    patterns.push(format!("{}%c", "a/".repeat(32_766)));
    patterns.extend(["+", "+/#", "#", "/#", "a/#"].map(str::to_owned));
    let mut questions = Questions::new(&["a", "b"], &topics, &filters);
    for kind in KINDS {
        let rules: Vec<_> = patterns
            .iter()
            .map(|text| rule(kind.0, kind.1, text, kind.2))
            .collect();
        questions.ask(&rules[..rules.len() - 5]);
        questions.ask(&rules);
    }
}

#[test]
fn ten_thousand_rules() {
    let texts: Vec<_> = (0..10_000)
        .map(|i| format!("site-{}/line-{i}/state", i % 100))
        .collect();
    let rules: Vec<_> = texts
        .iter()
        .enumerate()
        .map(|(i, text)| {
            let (effect, access, sealed) = KINDS[i % 5];
            rule(effect, access, text, sealed)
        })
        .chain([rule(Effect::Allow, Access::Publish, "tx/%c/#", false)])
        .collect();
    let mut topics: Vec<_> = texts.iter().step_by(997).cloned().collect();
    topics.extend(
        [
            "tx/a/b",
            "tx/b",
            "site-1/line-1",
            "site-1/line-2/state",
            "site-1",
        ]
        .map(str::to_owned),
    );
    let mut filters = topics.clone();
    filters.extend(["site-1/+/state", "site-1/#", "site-3/line-4/#", "#"].map(str::to_owned));
    Questions::new(&["a"], &topics, &filters).ask(&rules);
}
