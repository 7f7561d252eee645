//! Brute force over every small filter: covering is set inclusion, overlapping is a shared name.
#![allow(clippy::unwrap_used, reason = "a test may stop at a broken table")]

#[path = "oracle/naive.rs"]
mod naive;

use mqward_topic::{Access, Acl, ClientId, Effect, Pattern, Rule, TopicFilter, TopicName, Why};

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
    all
}

/// All valid filters of 1 to `max` levels out of `a`, `b`, the empty level, `+` and `#`.
fn filters(max: usize) -> Vec<String> {
    let levels = ["a", "b", "", "+", "#"];
    let mut all = grid(&levels, &levels, max);
    // Valid: not empty, and `#` in the last level only.
    all.retain(|text| !text.is_empty() && !text.contains("#/"));
    all
}

/// The same with `$s` in the first level.
fn dollar_filters(max: usize) -> Vec<String> {
    let mut all = grid(&["$s"], &["a", "b", "", "+", "#"], max);
    all.retain(|text| !text.contains("#/"));
    all
}

/// All names of 1 to `max` levels out of `a`, `b`, the empty level and `c`, which no filter spells;
/// likewise behind `$s` and behind `$c`. The empty Topic Name does not exist.
fn names(max: usize) -> Vec<String> {
    let levels = ["a", "b", "", "c"];
    let mut all = grid(&levels, &levels, max);
    all.retain(|text| !text.is_empty());
    all.extend(grid(&["$s", "$c"], &levels, max));
    all
}

/// A set of names, one bit each.
#[derive(Clone, PartialEq)]
struct Set(Vec<u64>);

impl Set {
    fn of(filter: &str, names: &[Vec<&str>]) -> Self {
        let filter = naive::levels(filter);
        let mut set = Self(vec![0; names.len().div_ceil(64)]);
        for (i, name) in names.iter().enumerate() {
            if naive::matches_levels(&filter, name) {
                set.0[i / 64] |= 1 << (i % 64);
            }
        }
        set
    }

    fn is_inside(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).all(|(a, b)| a & !b == 0)
    }

    fn meets(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).any(|(a, b)| a & b != 0)
    }

    fn with(mut self, other: &Self) -> Self {
        self.0.iter_mut().zip(&other.0).for_each(|(a, b)| *a |= b);
        self
    }
}

fn sets(filters: &[String], names: &[String]) -> Vec<Set> {
    let names: Vec<_> = names.iter().map(|name| naive::levels(name)).collect();
    filters.iter().map(|f| Set::of(f, &names)).collect()
}

#[test]
fn the_grid_is_the_one_of_the_claim() {
    assert_eq!(filters(3).len(), 104); // 10 816 ordered pairs
    assert_eq!(filters(4).len(), 424); // 179 776 ordered pairs
    assert!(filters(4).iter().all(|f| TopicFilter::new(f).is_ok()));
}

#[test]
fn matches_equals_the_naive_matcher_on_every_filter_and_name() {
    let names = names(5);
    let mut filters = filters(4);
    filters.extend(dollar_filters(3));
    for filter in &filters {
        let parsed = TopicFilter::new(filter).unwrap();
        for name in &names {
            assert_eq!(
                parsed.matches(TopicName::new(name).unwrap()),
                naive::matches(filter, name),
                "{filter} against {name}"
            );
        }
    }
}

#[test]
fn covers_and_overlaps_are_exact_on_every_ordered_pair() {
    let names = names(6);
    let mut filters = filters(4);
    filters.extend(dollar_filters(4));
    let sets = sets(&filters, &names);
    let parsed: Vec<_> = filters
        .iter()
        .map(|f| TopicFilter::new(f).unwrap())
        .collect();

    let (mut wrong_grants, mut wrong_refusals, mut wrong_overlaps, mut inside) = (0, 0, 0, 0);
    for (rule, rule_set) in parsed.iter().zip(&sets) {
        for (wanted, wanted_set) in parsed.iter().zip(&sets) {
            let truth = wanted_set.is_inside(rule_set);
            inside += usize::from(truth);
            match (rule.covers(*wanted), truth) {
                (true, false) => {
                    wrong_grants += 1;
                    eprintln!("wrong grant: rule {rule}, subscription {wanted}");
                }
                (false, true) => {
                    wrong_refusals += 1;
                    eprintln!("wrong refusal: rule {rule}, subscription {wanted}");
                }
                _ => {}
            }
            if rule.overlaps(*wanted) != wanted_set.meets(rule_set) {
                wrong_overlaps += 1;
                eprintln!("wrong overlap: {rule} and {wanted}");
            }
        }
    }
    assert_eq!((wrong_grants, wrong_refusals, wrong_overlaps), (0, 0, 0));
    // The comparison is not one of nothing with nothing.
    assert!(inside > parsed.len(), "{inside}");
}

/// The rules of the list tests: `b` is written as the placeholder, and the client is `b`.
struct Fleet {
    patterns: Vec<String>,
    filters: Vec<String>,
    sets: Vec<Set>,
}

impl Fleet {
    fn new(levels: usize) -> Self {
        let mut filters = filters(levels);
        filters.push("$s/#".to_owned());
        filters.push("$s/+".to_owned());
        Self {
            patterns: filters.iter().map(|f| f.replace('b', "%c")).collect(),
            sets: sets(&filters, &names(levels + 2)),
            filters,
        }
    }

    fn len(&self) -> usize {
        self.filters.len()
    }

    fn rule(&self, effect: Effect, index: usize) -> Rule<'_> {
        Rule {
            effect,
            access: Access::Subscribe,
            pattern: Pattern::new(&self.patterns[index]).unwrap(),
            sealed: false,
        }
    }

    /// Every filter as subscription under these rules, against the sets.
    fn judge(&self, rules: &[(Effect, usize)]) {
        let list: Vec<Rule<'_>> = rules.iter().map(|&(e, i)| self.rule(e, i)).collect();
        let acl = Acl::new(&list);
        let client = ClientId::new("b").unwrap();
        let of = |effect: Effect| {
            rules
                .iter()
                .filter(move |(e, _)| *e == effect)
                .map(|&(_, i)| &self.sets[i])
        };
        let none = Set(vec![0; self.sets[0].0.len()]);
        let allowed = of(Effect::Allow).fold(none.clone(), Set::with);
        let denied = of(Effect::Deny).fold(none, Set::with);
        for (filter, wanted) in self.filters.iter().zip(&self.sets) {
            let decision = acl.subscribe(client, TopicFilter::new(filter).unwrap());
            let truth = wanted.is_inside(&allowed) && !wanted.meets(&denied);
            assert_eq!(
                decision.is_allowed(),
                truth,
                "{filter} under {:?}",
                list.iter().map(ToString::to_string).collect::<Vec<_>>()
            );
            // The reason has to be true as well.
            let set = |rule: usize| &self.sets[rules[rule].1];
            match decision.why() {
                Why::AllowedBy { rule } => assert!(wanted.is_inside(set(rule))),
                Why::AllowedTogether { first } => {
                    assert!(wanted.meets(set(first)) && !wanted.is_inside(set(first)));
                }
                Why::DeniedBy { rule } => {
                    assert_eq!(rules[rule].0, Effect::Deny);
                    assert!(wanted.meets(set(rule)));
                }
                Why::NoRule => assert!(of(Effect::Allow).next().is_none()),
                Why::NotCovered { rule, level } => {
                    assert_eq!(rules[rule].0, Effect::Allow);
                    assert!(!wanted.is_inside(set(rule)));
                    assert!(
                        level <= filter.split('/').count(),
                        "{filter}, level {level}"
                    );
                }
            }
        }
    }
}

#[test]
fn two_allow_rules_grant_exactly_their_union() {
    let fleet = Fleet::new(3);
    for a in 0..fleet.len() {
        for b in a..fleet.len() {
            fleet.judge(&[(Effect::Allow, a), (Effect::Allow, b)]);
        }
    }
}

#[test]
fn a_deny_rule_takes_away_exactly_what_it_meets() {
    let fleet = Fleet::new(3);
    for allow in 0..fleet.len() {
        for deny in (0..fleet.len()).filter(|deny| (deny + allow) % 3 == 0) {
            fleet.judge(&[(Effect::Deny, deny), (Effect::Allow, allow)]);
        }
    }
}

#[test]
fn three_to_five_rules_in_any_order_grant_exactly_the_difference() {
    let fleet = Fleet::new(3);
    // Numerical Recipes' linear congruential generator: the same sample on every run.
    let mut state: u32 = 7;
    let mut next = |below: usize| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        usize::try_from(state >> 8).unwrap() % below
    };
    for _ in 0..2_000 {
        let count = 3 + next(3);
        let mut rules: Vec<_> = (0..count)
            .map(|_| {
                let effect = if next(5) == 0 {
                    Effect::Deny
                } else {
                    Effect::Allow
                };
                (effect, next(fleet.len()))
            })
            .collect();
        fleet.judge(&rules);
        rules.reverse();
        fleet.judge(&rules);
    }
}

#[test]
fn rules_that_cover_only_together() {
    let fleet = Fleet::new(3);
    let index = |text: &str| fleet.filters.iter().position(|f| f == text).unwrap();
    let allow =
        |texts: &[&str]| -> Vec<_> { texts.iter().map(|t| (Effect::Allow, index(t))).collect() };
    // One per length: a, a/x, a/x/y and longer.
    for rules in [
        allow(&["a", "a/+", "a/+/#"]),
        allow(&["a", "a/+/#"]),
        allow(&["+", "+/+/#"]),
        allow(&["b", "+/+/#", "+"]),
    ] {
        fleet.judge(&rules);
        let list: Vec<_> = rules.iter().map(|&(e, i)| fleet.rule(e, i)).collect();
        let client = ClientId::new("b").unwrap();
        let together = ["a/#", "#"].iter().any(|f| {
            let why = Acl::new(&list).subscribe(client, TopicFilter::new(f).unwrap());
            matches!(why.why(), Why::AllowedTogether { .. })
        });
        assert!(together, "{list:?}");
    }
}

#[test]
fn publish_and_deliver_follow_the_sets_of_their_own_access() {
    let fleet = Fleet::new(3);
    let names = names(5);
    let client = ClientId::new("b").unwrap();
    for allow in (0..fleet.len()).step_by(3) {
        for deny in (0..fleet.len()).step_by(5) {
            let mut rules = [
                fleet.rule(Effect::Allow, allow),
                fleet.rule(Effect::Deny, deny),
            ];
            rules[0].access = Access::Publish;
            rules[1].access = Access::Publish;
            let acl = Acl::new(&rules);
            for (i, name) in names.iter().enumerate().step_by(7) {
                let bit = |set: &Set| set.0[i / 64] >> (i % 64) & 1 == 1;
                let name = TopicName::new(name).unwrap();
                assert_eq!(
                    acl.publish(client, name).is_allowed(),
                    bit(&fleet.sets[allow]) && !bit(&fleet.sets[deny]),
                );
                assert_eq!(acl.deliver(client, name).why(), Why::NoRule);
            }
        }
    }
}
