//! Topics and client ids that decide a question about rules for all of them.

use std::collections::BTreeSet;

use mqward::{CharClass, ClientId, ClientIdRule, Pattern, Role, TopicFilter, TopicName};

/// The Topic Filter that a pattern is for one client. A client id holds no `/`, `+`, `#` or `%`, so this widens nothing.
pub(super) fn filter_for(pattern: Pattern<'_>, client: &str) -> String {
    let levels = pattern.as_str().split('/');
    let levels = levels.map(|level| if level == "%c" { client } else { level });
    levels.collect::<Vec<_>>().join("/")
}

/// A Topic Name that all of `inside` match and none of `outside`; `None` if there is none.
///
/// One name for each length decides: under every wildcard it has a level that no filter spells. A filter that
/// matches this name has wildcards there as well, and so matches every name of that length. Lengths beyond the longest
/// filter are all alike.
pub(super) fn witness(inside: &[&str], outside: &[&str]) -> Option<String> {
    let parse = |filters: &[&str]| -> Option<Vec<(String, usize)>> {
        let checked = filters.iter().map(|text| {
            let filter = TopicFilter::new(text).ok()?;
            Some((filter.as_str().to_owned(), filter.levels().count()))
        });
        checked.collect()
    };
    // Rules of a valid policy with a valid client id are filters, unless they become too long for any packet.
    let (inside, outside) = (parse(inside)?, parse(outside)?);
    let all = || inside.iter().chain(&outside);
    let spelt: BTreeSet<&str> = all().flat_map(|(text, _)| text.split('/')).collect();
    let fresh = (0_u32..)
        .map(|number| {
            if number == 0 {
                "x".to_owned()
            } else {
                format!("x{number}")
            }
        })
        .find(|level| !spelt.contains(level.as_str()))?;
    let longest = all().map(|(_, levels)| *levels).max()? + 1;
    let matches = |(text, _): &(String, usize), name: TopicName<'_>| {
        TopicFilter::new(text).is_ok_and(|filter| filter.matches(name))
    };
    (1..=longest).find_map(|len| {
        let level = |at: usize| {
            let spelt = inside
                .iter()
                .filter_map(|(text, _)| text.split('/').nth(at));
            let mut literal = spelt.filter(|level| !matches!(*level, "+" | "#"));
            literal.next().unwrap_or(&fresh)
        };
        let text = (0..len).map(level).collect::<Vec<_>>().join("/");
        let name = TopicName::new(&text).ok()?;
        let found = inside.iter().all(|filter| matches(filter, name))
            && !outside.iter().any(|filter| matches(filter, name));
        found.then(|| text.clone())
    })
}

/// Client ids of a role that decide for all of them: those that some pattern spells, and two that none does.
///
/// What a rule means for a client depends only on which levels of which patterns its id equals.
pub(super) fn clients(role: &Role<'_>, all: &[Role<'_>]) -> Vec<String> {
    let rules = all.iter().flat_map(|role| role.rules);
    let spelt: BTreeSet<&str> = rules
        .flat_map(|rule| rule.pattern.as_str().split('/'))
        .collect();
    let belongs = |id: &str| ClientId::new(id).is_ok_and(|id| role.client_id.check(id).is_ok());
    let fresh = ids_of(&role.client_id)
        .filter(|id| belongs(id) && !spelt.contains(id.as_str()))
        .take(2);
    let mut ids: Vec<String> = fresh.collect();
    ids.extend(
        spelt
            .iter()
            .filter(|id| belongs(id))
            .map(|id| (*id).to_owned()),
    );
    ids
}

/// Ids of a rule, shortest first, each once: the prefix and a number in the digits of its class.
fn ids_of<'r>(rule: &ClientIdRule<'r>) -> impl Iterator<Item = String> + use<'r> {
    let digits: &'static [char] = match rule.class() {
        CharClass::Digits => &['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'],
        _ => &[
            'a', 'b', 'c', 'd', 'e', 'f', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9',
        ],
    };
    let prefix = rule.prefix();
    let shortest = rule.min_len().max(prefix.len());
    (shortest..=rule.max_len()).flat_map(move |len| {
        let rest = len - prefix.len();
        let count = u32::try_from(rest)
            .ok()
            .and_then(|rest| digits.len().checked_pow(rest))
            .unwrap_or(usize::MAX);
        (0..count).map(move |number| {
            let mut number = number;
            let mut id = prefix.to_owned();
            for _ in 0..rest {
                id.extend(digits.get(number % digits.len()));
                number /= digits.len();
            }
            id
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_witness_is_found_where_there_is_one() {
        for (inside, outside, topic) in [
            (&["a/#"][..], &[][..], Some("a")),
            (&["a/+"], &[], Some("a/x")),
            (&["#"], &[], Some("x")),
            (&["/#"], &[], Some("/x")),
            (&["x/+"], &[], Some("x/x1")),
            (&["a/+/c", "+/b/#"], &[], Some("a/b/c")),
            (&["a/b", "a/c"], &[], None),
            (&["+/b", "$SYS/b"], &[], None),
            (&["a/#"], &["a"], Some("a/x")),
            (&["a/#"], &["a", "a/+/#"], None),
            (&["a/#"], &["a", "a/+", "a/+/+"], Some("a/x/x/x")),
            (&["a/+"], &["a/b", "a/c"], Some("a/x")),
            (&["#"], &["+/#"], None),
            (&["a/b/c"], &["a/#"], None),
        ] {
            assert_eq!(
                witness(inside, outside).as_deref(),
                topic,
                "{inside:?} {outside:?}"
            );
        }
    }

    /// Two ways to the same answer: no topic is left out exactly when the rules together allow the subscription.
    #[test]
    fn no_witness_means_that_a_subscription_is_allowed() {
        let parts = ["a", "b", "+", ""];
        let mut filters = vec![
            "#".to_owned(),
            "a".to_owned(),
            "b".to_owned(),
            "+".to_owned(),
        ];
        for first in parts {
            filters.push(format!("{first}/#"));
            filters.extend(parts.map(|second| format!("{first}/{second}")));
            filters.extend(parts.map(|second| format!("{first}/{second}/#")));
        }
        let client = ClientId::new("nobody").unwrap();
        let rule = |text: &'static str| mqward::Rule {
            effect: mqward::Effect::Allow,
            access: mqward::Access::Subscribe,
            pattern: Pattern::new(text).unwrap(),
            sealed: false,
        };
        let filters: Vec<&'static str> = filters.into_iter().map(|f| &*f.leak()).collect();
        let mut covered = 0;
        for one in &filters {
            for two in &filters {
                let rules = [rule(one), rule(two)];
                let acl = mqward::Acl::new(&rules);
                for wanted in &filters {
                    let allowed = acl
                        .subscribe(client, TopicFilter::new(wanted).unwrap())
                        .is_allowed();
                    let left = witness(&[wanted], &[one, two]);
                    assert_eq!(
                        left.is_none(),
                        allowed,
                        "{wanted} by {one} and {two}: {left:?}"
                    );
                    covered += usize::from(allowed);
                }
            }
        }
        assert!(covered > 1000);
    }

    #[test]
    fn ids_are_counted_through() {
        let rule = ClientIdRule::new("d-", CharClass::Digits, 2, 4).unwrap();
        let ids: Vec<String> = ids_of(&rule).collect();
        assert_eq!(
            (ids.len(), ids[0].as_str(), ids[1].as_str()),
            (111, "d-", "d-0")
        );
        let long = ClientIdRule::new("", CharClass::Word, 200, 255).unwrap();
        assert_eq!(
            ids_of(&long).take(2).map(|id| id.len()).collect::<Vec<_>>(),
            [200, 200]
        );
    }
}
