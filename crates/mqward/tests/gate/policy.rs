//! The policy under test: sealing devices, people of the broker's own, a role that refuses, one that reports.

use mqward::{
    Access, Authentication, CharClass, ClientIdRule, CompiledRoles, Effect, Gate, Limits, OnRefuse,
    Pattern, Publish, Role, Rule, Verdict, Will,
};

pub(crate) const DEVICE: &[u8] = b"device-0123456789ab";
pub(crate) const PERSON: &[u8] = b"op-ann";
pub(crate) const LENIENT: &[u8] = b"lab-1";
pub(crate) const REPORTED: &[u8] = b"try-1";
/// A password of the right form; the gate can't know more.
pub(crate) const PASSWORD: &[u8] = b"AQFpVbkAaOd4AQAABzWDvWBDZNfhUzH90vNwBCY";

pub(crate) fn rule(effect: Effect, access: Access, pattern: &str, sealed: bool) -> Rule<'_> {
    Rule {
        effect,
        access,
        pattern: Pattern::new(pattern).unwrap(),
        sealed,
    }
}

pub(crate) fn rules() -> [Rule<'static>; 6] {
    use Access::{Publish, Subscribe};
    use Effect::{Allow, Deny};
    [
        rule(Allow, Publish, "tx/%c/#", true),
        rule(Allow, Publish, "log/%c", false),
        rule(Deny, Publish, "tx/%c/forbidden", false),
        rule(Allow, Subscribe, "rx/%c/#", false),
        rule(Deny, Subscribe, "rx/%c/secret/#", false),
        rule(Allow, Subscribe, "all", false),
    ]
}

pub(crate) fn role<'a>(
    name: &'a str,
    prefix: &'a str,
    authentication: Authentication,
    on_refuse: OnRefuse,
    rules: &'a [Rule<'a>],
) -> Role<'a> {
    Role {
        name,
        client_id: ClientIdRule::new(prefix, CharClass::Word, 1, 64).unwrap(),
        authentication,
        limits: Limits::default(),
        on_refuse,
        rules,
    }
}

pub(crate) fn roles<'a>(rules: &'a [Rule<'a>]) -> [Role<'a>; 4] {
    use Authentication::{Broker, Mqward};
    [
        role("device", "device-", Mqward, OnRefuse::Close, rules),
        role("person", "op-", Broker, OnRefuse::Close, rules),
        role("lab", "lab-", Mqward, OnRefuse::Refuse, rules),
        role("trial", "try-", Mqward, OnRefuse::Report, rules),
    ]
}

/// Under the plain rules, and under the same compiled.
pub(crate) fn with_gate(test: impl Fn(&Gate<'_>)) {
    let rules = rules();
    let roles = roles(&rules);
    test(&Gate::new(&roles).unwrap());
    test(&Gate::compiled(&CompiledRoles::new(&roles)).unwrap());
}

/// A payload of the sealed shape, of class live.
pub(crate) fn sealed() -> [u8; 30] {
    let mut payload = [1; 30];
    payload[0] = 0x10;
    payload
}

pub(crate) fn publish(topic: &[u8], payload: &[u8], retain: bool) -> Publish<'static> {
    Publish {
        topic: topic.to_vec().leak(),
        payload: payload.to_vec().leak(),
        retain,
        packet_len: None,
    }
}

pub(crate) fn will(topic: &[u8], payload: &[u8], retain: bool) -> Will<'static> {
    Will {
        topic: topic.to_vec().leak(),
        payload: payload.to_vec().leak(),
        retain,
    }
}

/// The code of what was refused or reported.
pub(crate) fn code(verdict: &Verdict) -> &'static str {
    verdict.reason().map_or("allowed", |reason| reason.code())
}
