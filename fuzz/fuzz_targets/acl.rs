//! Lines: client id, topic or filter, then rules such as `ap tx/%c/#` (allow, deny or sealed; publish or subscribe).
#![no_main]

use libfuzzer_sys::fuzz_target;
use mqward::{
    Access, Acl, ClientId, CompiledAcl, Effect, Pattern, Rule, TopicFilter, TopicName, Why,
};
use mqward_fuzz::{is_subset, matches, meet};

fuzz_target!(|text: &str| {
    let mut lines = text.lines();
    let (Some(id), Some(topic)) = (lines.next(), lines.next()) else {
        return;
    };
    let Ok(client) = ClientId::new(id) else {
        return;
    };
    let rules: Vec<Rule> = lines.take(8).filter_map(parse).collect();
    let acl = Acl::new(&rules);
    let compiled = CompiledAcl::new(&rules);
    let spelled: Vec<String> = rules
        .iter()
        .map(|rule| spell(rule.pattern.as_str(), id))
        .collect();
    let of = |effect, access| {
        let kind =
            move |(rule, _): &(&Rule, &String)| (rule.effect, rule.access) == (effect, access);
        rules
            .iter()
            .zip(&spelled)
            .filter(kind)
            .map(|(_, text)| text.as_str())
            .collect::<Vec<_>>()
    };
    if let Ok(name) = TopicName::new(topic) {
        assert_eq!(compiled.publish(client, name), acl.publish(client, name));
        assert_eq!(compiled.deliver(client, name), acl.deliver(client, name));
        for (access, decision) in [
            (Access::Publish, acl.publish(client, name)),
            (Access::Subscribe, acl.deliver(client, name)),
        ] {
            let hit = |effect| of(effect, access).iter().any(|rule| matches(rule, topic));
            let allowed = hit(Effect::Allow) && !hit(Effect::Deny);
            assert_eq!(decision.is_allowed(), allowed, "{:?}", decision.why());
            // Only what is published is asked for a seal; deliveries are judged by who may read.
            let sealed = |(rule, text): (&Rule, &String)| {
                rule.sealed && rule.access == Access::Publish && matches(text, topic)
            };
            assert_eq!(
                decision.sealed(),
                allowed && access == Access::Publish && rules.iter().zip(&spelled).any(sealed)
            );
            if let Why::AllowedBy { rule } | Why::DeniedBy { rule } = decision.why() {
                assert!(matches(&spelled[rule], topic));
            }
        }
    }
    if let Ok(filter) = TopicFilter::new(topic) {
        let allowed = is_subset(topic, &of(Effect::Allow, Access::Subscribe))
            && !of(Effect::Deny, Access::Subscribe)
                .iter()
                .any(|rule| meet(rule, topic));
        assert_eq!(acl.subscribe(client, filter).is_allowed(), allowed);
        assert_eq!(
            compiled.subscribe(client, filter),
            acl.subscribe(client, filter)
        );
    }
});

fn parse(line: &str) -> Option<Rule<'_>> {
    let (kind, pattern) = line.split_once(' ')?;
    let (effect, access) = (kind.chars().next()?, kind.chars().nth(1)?);
    Some(Rule {
        effect: if effect == 'd' {
            Effect::Deny
        } else {
            Effect::Allow
        },
        access: if access == 's' {
            Access::Subscribe
        } else {
            Access::Publish
        },
        pattern: Pattern::new(pattern).ok()?,
        sealed: effect == 's',
    })
}

/// The pattern with the client's identifier in it: an identifier has no character of topic syntax.
fn spell(pattern: &str, id: &str) -> String {
    let level = |level| if level == "%c" { id } else { level };
    pattern.split('/').map(level).collect::<Vec<_>>().join("/")
}
