//! What is doubtful about the rules of a gate.

use mqward::{Access, Effect, Gate, Role, Rule};
use serde::Serialize;

use super::witness::{clients, filter_for, witness};

/// How bad it is.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Severity {
    /// Most likely a mistake.
    Warning,
    /// Worth knowing.
    Note,
}

/// What it is.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Kind {
    /// Other rules say the same already.
    Shadowed,
    /// It changes nothing.
    NoEffect,
    /// It meets another rule.
    Overlap,
    /// It gives one client what is another's, or everything.
    TooBroad,
}

/// One finding, about one rule.
#[derive(Debug)]
pub(super) struct Finding {
    pub(super) severity: Severity,
    pub(super) kind: Kind,
    /// Role and number of the rule.
    pub(super) rule: (usize, usize),
    /// The rule that it is about as well.
    pub(super) other: Option<(usize, usize)>,
    /// In words, with what stands before and behind the other rule.
    pub(super) words: (&'static str, &'static str),
    /// The client for whom the example holds.
    pub(super) client: String,
    /// A topic that shows it.
    pub(super) topic: String,
}

/// A role with the client ids that decide for all of its clients.
struct Inspected<'g> {
    index: usize,
    role: Role<'g>,
    clients: Vec<String>,
}

/// Looks at every rule of every role.
pub(super) fn inspect(gate: &Gate<'_>) -> Vec<Finding> {
    let roles: Vec<Inspected<'_>> = gate
        .roles()
        .iter()
        .enumerate()
        .map(|(index, role)| Inspected {
            index,
            role: *role,
            clients: clients(role, gate.roles()),
        })
        .collect();
    let mut findings = Vec::new();
    for role in &roles {
        let dropped = role.shadowed(&mut findings);
        role.without_effect(&mut findings);
        role.overlaps(&dropped, &mut findings);
        role.too_broad(&roles, &mut findings);
    }
    findings.sort_by_key(|finding| finding.rule);
    findings
}

impl<'g> Inspected<'g> {
    /// Rules of a kind, with their numbers.
    fn rules(&self, effect: Effect, access: Access) -> impl Iterator<Item = (usize, &'g Rule<'g>)> {
        let rules = self.role.rules.iter().enumerate();
        rules.filter(move |(_, rule)| rule.effect == effect && rule.access == access)
    }

    fn filters(&self, rules: &[usize], client: &str) -> Vec<String> {
        let rules = rules.iter().filter_map(|at| self.role.rules.get(*at));
        rules.map(|rule| filter_for(rule.pattern, client)).collect()
    }

    /// Whether `others` together match all that `rule` does, whoever the client is.
    fn covered(&self, rule: &Rule<'_>, others: &[usize]) -> bool {
        !others.is_empty()
            && self.clients.iter().all(|client| {
                let filters = self.filters(others, client);
                let filters: Vec<&str> = filters.iter().map(String::as_str).collect();
                witness(&[&filter_for(rule.pattern, client)], &filters).is_none()
            })
    }

    /// The first client and topic that two rules share.
    fn shared(&self, one: &Rule<'_>, two: &Rule<'_>) -> Option<(String, String)> {
        self.clients.iter().find_map(|client| {
            let filters = [
                filter_for(one.pattern, client),
                filter_for(two.pattern, client),
            ];
            let topic = witness(&[&filters[0], &filters[1]], &[])?;
            Some((client.clone(), topic))
        })
    }

    /// A client and a topic of one rule.
    fn example(&self, rule: &Rule<'_>) -> (String, String) {
        self.shared(rule, rule).unwrap_or_default()
    }

    /// Rules that others say already, from the last one on, so that of two alike the first stays.
    fn shadowed(&self, findings: &mut Vec<Finding>) -> Vec<usize> {
        let mut dropped = Vec::new();
        for (at, rule) in self.role.rules.iter().enumerate().rev() {
            let others = self
                .rules(rule.effect, rule.access)
                .filter(|(other, other_rule)| {
                    // A rule that demands sealed payloads says more than one that does not.
                    *other != at && !dropped.contains(other) && (!rule.sealed || other_rule.sealed)
                });
            let others: Vec<usize> = others.map(|(other, _)| other).collect();
            if !self.covered(rule, &others) {
                continue;
            }
            let single = others
                .iter()
                .find(|other| self.covered(rule, core::slice::from_ref(*other)));
            let other = single.or(others.first()).copied();
            let sealed = other
                .and_then(|other| self.role.rules.get(other))
                .is_some_and(|rule| rule.sealed);
            let words = match (single.is_some(), sealed && !rule.sealed) {
                (true, false) => ("says nothing that is not in", ""),
                (true, true) => (
                    "says nothing that is not in",
                    ", which demands sealed payloads for it as well",
                ),
                (false, _) => (
                    "says nothing that is not in several rules together, the first is",
                    "",
                ),
            };
            let (client, topic) = self.example(rule);
            findings.push(Finding {
                severity: Severity::Warning,
                kind: Kind::Shadowed,
                rule: (self.index, at),
                other: other.map(|other| (self.index, other)),
                words,
                client,
                topic,
            });
            dropped.push(at);
        }
        dropped
    }

    /// Allow rules that are denied whole, and deny rules that meet nothing allowed.
    fn without_effect(&self, findings: &mut Vec<Finding>) {
        for (at, rule) in self.role.rules.iter().enumerate() {
            let (other, words) = match rule.effect {
                Effect::Allow => {
                    let denied: Vec<usize> = self
                        .rules(Effect::Deny, rule.access)
                        .map(|(at, _)| at)
                        .collect();
                    if !self.covered(rule, &denied) {
                        continue;
                    }
                    (
                        denied.first().copied(),
                        ("allows nothing, since all of it is denied, first by", ""),
                    )
                }
                Effect::Deny => {
                    let mut allowed = self.rules(Effect::Allow, rule.access);
                    if allowed.any(|(_, allow)| self.shared(rule, allow).is_some()) {
                        continue;
                    }
                    (None, ("denies what no rule allows", ""))
                }
            };
            let (client, topic) = self.example(rule);
            findings.push(Finding {
                severity: Severity::Warning,
                kind: Kind::NoEffect,
                rule: (self.index, at),
                other: other.map(|other| (self.index, other)),
                words,
                client,
                topic,
            });
        }
    }

    /// Pairs that share topics, where that changes what one of them says.
    fn overlaps(&self, dropped: &[usize], findings: &mut Vec<Finding>) {
        for (at, rule) in self.role.rules.iter().enumerate() {
            if rule.effect == Effect::Deny || dropped.contains(&at) {
                continue;
            }
            for (other, other_rule) in self.role.rules.iter().enumerate() {
                if other == at || other_rule.access != rule.access || dropped.contains(&other) {
                    continue;
                }
                let words = match (other_rule.effect, rule.access) {
                    (Effect::Deny, _) if self.covered(rule, &[other]) => continue,
                    (Effect::Deny, Access::Publish) => ("allows topics that are denied by", ""),
                    (Effect::Deny, Access::Subscribe) => (
                        "cannot be subscribed to as a whole: it meets",
                        ", and a subscription is allowed whole or not at all",
                    ),
                    // Told once of each pair, unless only one of them demands sealed payloads.
                    (Effect::Allow, _) if other_rule.sealed && !rule.sealed => (
                        "allows plaintext, but shares topics with",
                        ", which demands sealed payloads for them",
                    ),
                    (Effect::Allow, _) if other > at && rule.sealed == other_rule.sealed => {
                        ("shares topics with", "")
                    }
                    (Effect::Allow, _) => continue,
                };
                if let Some((client, topic)) = self.shared(rule, other_rule) {
                    findings.push(Finding {
                        severity: Severity::Note,
                        kind: Kind::Overlap,
                        rule: (self.index, at),
                        other: Some((self.index, other)),
                        words,
                        client,
                        topic,
                    });
                }
            }
        }
    }

    /// Allow rules that reach into what another client calls its own, or that reach everything.
    fn too_broad(&self, roles: &[Inspected<'g>], findings: &mut Vec<Finding>) {
        for access in [Access::Publish, Access::Subscribe] {
            let denied: Vec<usize> = self.rules(Effect::Deny, access).map(|(at, _)| at).collect();
            for (at, rule) in self.rules(Effect::Allow, access) {
                let found = self
                    .everything(rule, &denied)
                    .or_else(|| self.of_others(rule, &denied, roles));
                if let Some((severity, other, words, (client, topic))) = found {
                    findings.push(Finding {
                        severity,
                        kind: Kind::TooBroad,
                        rule: (self.index, at),
                        other,
                        words,
                        client,
                        topic,
                    });
                }
            }
        }
    }

    /// What a client may reach by a rule and that lies in `inside`, if anything.
    fn reach(
        &self,
        rule: &Rule<'_>,
        denied: &[usize],
        client: &str,
        inside: &str,
    ) -> Option<String> {
        let denied = self.filters(denied, client);
        let denied: Vec<&str> = denied.iter().map(String::as_str).collect();
        witness(&[&filter_for(rule.pattern, client), inside], &denied)
    }

    fn everything(&self, rule: &Rule<'_>, denied: &[usize]) -> Option<Found> {
        let client = self.clients.first()?;
        if matches!(rule.pattern.as_str(), "#" | "+/#") {
            let topic = self.reach(rule, denied, client, "#")?;
            let words = ("reaches every topic that does not begin with `$`", "");
            return Some((Severity::Warning, None, words, (client.clone(), topic)));
        }
        let topic = self.reach(rule, denied, client, "$CONTROL/#")?;
        let words = ("reaches the broker's own controls", "");
        let control = rule.access == Access::Publish;
        control.then(|| (Severity::Warning, None, words, (client.clone(), topic)))
    }

    fn of_others(
        &self,
        rule: &Rule<'_>,
        denied: &[usize],
        roles: &[Inspected<'g>],
    ) -> Option<Found> {
        let words = match rule.access {
            Access::Publish => (
                "lets a client publish as another one, to topics that are its own by",
                "",
            ),
            Access::Subscribe => ("lets a client read what is another one's own by", ""),
        };
        for role in roles {
            let own = role
                .rules(Effect::Allow, rule.access)
                .filter(|(_, own)| own.pattern.names_client());
            for (at, own) in own {
                for (victim, client) in pairs(&role.clients, &self.clients) {
                    let theirs = filter_for(own.pattern, victim);
                    if let Some(topic) = self.reach(rule, denied, client, &theirs) {
                        // That a backend reads along is what most backends are for.
                        let along = rule.access == Access::Subscribe && role.index != self.index;
                        let severity = if along {
                            Severity::Note
                        } else {
                            Severity::Warning
                        };
                        let example = (client.to_owned(), topic);
                        return Some((severity, Some((role.index, at)), words, example));
                    }
                }
            }
        }
        None
    }
}

/// Severity, other rule, words, and a client with a topic.
type Found = (
    Severity,
    Option<(usize, usize)>,
    (&'static str, &'static str),
    (String, String),
);

/// Two clients that are not the same.
fn pairs<'a>(
    victims: &'a [String],
    clients: &'a [String],
) -> impl Iterator<Item = (&'a str, &'a str)> {
    let pairs = victims.iter().flat_map(move |victim| {
        clients
            .iter()
            .map(move |client| (victim.as_str(), client.as_str()))
    });
    pairs.filter(|(victim, client)| victim != client)
}
