//! Gates over compiled rules: the verdicts of the plain ones, with the same reason.

use mqward::{Access, CompiledRoles, Effect, Gate, GateError};

use crate::policy::{self, DEVICE, LENIENT, PERSON, REPORTED};

#[test]
fn every_verdict_is_the_plain_one() {
    let rules = policy::rules();
    let roles = policy::roles(&rules);
    let compiled = CompiledRoles::new(&roles);
    let (plain, compiled) = (
        Gate::new(&roles).unwrap(),
        Gate::compiled(&compiled).unwrap(),
    );
    assert_eq!(compiled.roles().len(), roles.len());
    let mut allowed = 0;
    for id in [DEVICE, PERSON, LENIENT, REPORTED, b"nobody"] {
        let own = core::str::from_utf8(id).unwrap();
        for topic in [
            "tx/%c/t",
            "tx/%c/forbidden",
            "log/%c",
            "rx/%c/a",
            "rx/%c/secret/a",
            "all",
            "tx/x/t",
            "$s",
            "tx/+",
        ] {
            let topic = topic.replace("%c", own);
            for payload in [&policy::sealed()[..], b"plain"] {
                let packet = policy::publish(topic.as_bytes(), payload, false);
                let verdict = compiled.publish(id, &packet);
                assert_eq!(verdict, plain.publish(id, &packet), "{topic}");
                let told = verdict.explain(&compiled).to_string();
                assert_eq!(told, verdict.explain(&plain).to_string());
                allowed += usize::from(verdict.is_allowed());
            }
            let verdict = compiled.deliver(id, topic.as_bytes());
            assert_eq!(verdict, plain.deliver(id, topic.as_bytes()), "{topic}");
            allowed += usize::from(verdict.is_allowed());
            for filter in [
                topic.clone(),
                format!("{topic}/#"),
                format!("$share/g/{topic}/+"),
            ] {
                let verdict = compiled.subscribe(id, filter.as_bytes());
                assert_eq!(verdict, plain.subscribe(id, filter.as_bytes()), "{filter}");
                allowed += usize::from(verdict.is_allowed());
            }
        }
    }
    assert!(allowed > 40, "{allowed}");
}

#[test]
fn a_role_is_asked_by_its_own_rules() {
    let own = [policy::rule(Effect::Allow, Access::Subscribe, "a", false)];
    let other = [policy::rule(Effect::Allow, Access::Subscribe, "b", false)];
    let mut roles = policy::roles(&own);
    roles[1].rules = &other;
    let compiled = CompiledRoles::new(&roles);
    let gate = Gate::compiled(&compiled).unwrap();
    assert!(gate.subscribe(DEVICE, b"a").is_allowed());
    assert!(!gate.subscribe(DEVICE, b"b").is_allowed());
    assert!(!gate.subscribe(PERSON, b"a").is_allowed());
    assert!(gate.subscribe(PERSON, b"b").is_allowed());
}

#[test]
fn roles_that_overlap_make_no_gate() {
    let rules = policy::rules();
    let roles = policy::roles(&rules);
    let twice = [roles[0], roles[1], roles[0]];
    let error = Gate::compiled(&CompiledRoles::new(&twice)).unwrap_err();
    assert_eq!(
        error,
        GateError::RolesOverlap {
            first: 0,
            second: 2
        }
    );
}
