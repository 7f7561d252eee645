//! The access control list.

use crate::{
    Access, ClientId, Decision, Effect, Rule, TopicFilter, TopicName, Why,
    level::{self, Levels},
};

/// Rules of a role. What no rule allows is refused; deny wins over allow; order has no meaning.
///
/// ```
/// use mqward_topic::{Access, Acl, ClientId, Effect, Pattern, Rule, TopicFilter, TopicName, Why};
///
/// let allow = |access, pattern| Rule {
///     effect: Effect::Allow,
///     access,
///     pattern: Pattern::new(pattern).unwrap(),
///     sealed: false,
/// };
/// let rules = [allow(Access::Publish, "tx/%c/#"), allow(Access::Subscribe, "rx/%c/#")];
/// let acl = Acl::new(&rules);
/// let id = ClientId::new("device-07").unwrap();
///
/// assert!(acl.publish(id, TopicName::new("tx/device-07/t").unwrap()).is_allowed());
/// let refused = acl.subscribe(id, TopicFilter::new("rx/+/#").unwrap());
/// assert!(!refused.is_allowed());
/// assert_eq!(refused.why(), Why::NotCovered { rule: 1, level: 1 });
/// ```
#[derive(Copy, Clone, Debug)]
pub struct Acl<'a> {
    rules: &'a [Rule<'a>],
}

impl<'a> Acl<'a> {
    /// A list of rules. An empty one refuses everything.
    #[must_use]
    pub const fn new(rules: &'a [Rule<'a>]) -> Self {
        Self { rules }
    }

    /// The rules.
    #[must_use]
    pub const fn rules(&self) -> &'a [Rule<'a>] {
        self.rules
    }

    /// May `client` publish to `topic`? Wills are judged by the same rules.
    pub fn publish(&self, client: ClientId<'_>, topic: TopicName<'_>) -> Decision {
        self.topic(Access::Publish, client, topic)
    }

    /// May a message about `topic` go to `client` now, whatever let it subscribe earlier?
    pub fn deliver(&self, client: ClientId<'_>, topic: TopicName<'_>) -> Decision {
        self.topic(Access::Subscribe, client, topic)
    }

    /// May `client` subscribe to `filter`? Exactly when every name that the filter can match is
    /// matched by some allow rule and none of them by a deny rule.
    pub fn subscribe(&self, client: ClientId<'_>, filter: TopicFilter<'_>) -> Decision {
        let wanted = Levels::of_filter(filter.as_str());
        if let Some(rule) = self.position(Effect::Deny, Access::Subscribe, |rule| {
            level::overlaps(rule.pattern.levels(client), wanted)
        }) {
            return Decision::new(Why::DeniedBy { rule }, false);
        }
        let why = match self.first_cover(Access::Subscribe, client, wanted) {
            Ok(rule) => Why::AllowedBy { rule },
            Err(closest) => self.together(client, wanted).unwrap_or(closest),
        };
        Decision::new(why.within(filter), false)
    }

    fn topic(&self, access: Access, client: ClientId<'_>, topic: TopicName<'_>) -> Decision {
        let wanted = Levels::of_name(topic.as_str());
        let matches = |rule: &Rule<'_>| level::covers(rule.pattern.levels(client), wanted).is_ok();
        if let Some(rule) = self.position(Effect::Deny, access, matches) {
            return Decision::new(Why::DeniedBy { rule }, false);
        }
        match self.first_cover(access, client, wanted) {
            Ok(rule) => {
                // Only what is published has a payload to judge.
                let sealed = access == Access::Publish
                    && self
                        .position(Effect::Allow, access, |rule| rule.sealed && matches(rule))
                        .is_some();
                Decision::new(Why::AllowedBy { rule }, sealed)
            }
            Err(why) => Decision::new(why, false),
        }
    }

    /// The first rule of this kind for which `test` holds.
    fn position(
        &self,
        effect: Effect,
        access: Access,
        test: impl Fn(&Rule<'a>) -> bool,
    ) -> Option<usize> {
        self.rules
            .iter()
            .position(|rule| rule.effect == effect && rule.access == access && test(rule))
    }

    /// The first allow rule that covers all of `wanted`, or why none does.
    fn first_cover(
        &self,
        access: Access,
        client: ClientId<'_>,
        wanted: Levels<'_>,
    ) -> Result<usize, Why> {
        let mut closest: Option<(usize, usize)> = None;
        for (index, rule) in self.rules.iter().enumerate() {
            if rule.effect != Effect::Allow || rule.access != access {
                continue;
            }
            match level::covers(rule.pattern.levels(client), wanted) {
                Ok(()) => return Ok(index),
                Err(at) if closest.is_none_or(|(_, best)| at > best) => closest = Some((index, at)),
                Err(_) => {}
            }
        }
        Err(closest.map_or(Why::NoRule, |(rule, level)| Why::NotCovered { rule, level }))
    }

    /// Whether allow rules cover `wanted` only together.
    ///
    /// Names of one length: put a level that no rule spells under every wildcard of `wanted`; the
    /// rule that matches this name has wildcards in all those levels, so it covers all names of
    /// that length. So one rule per length is enough, and without `#` there is one length only.
    /// With `#`, lengths beyond the longest rule are all alike.
    fn together(&self, client: ClientId<'_>, wanted: Levels<'_>) -> Option<Why> {
        if !wanted.is_open() {
            return None;
        }
        let rules = || {
            self.rules
                .iter()
                .filter(|rule| rule.effect == Effect::Allow && rule.access == Access::Subscribe)
        };
        let shortest = wanted.shortest();
        let longest = rules()
            .map(|rule| rule.pattern.levels(client).shortest() + 1)
            .max()?
            .max(shortest);
        let mut first = None;
        for len in shortest..=longest {
            let rule = self.position(Effect::Allow, Access::Subscribe, |rule| {
                level::covers(rule.pattern.levels(client), wanted.of_len(len)).is_ok()
            })?;
            first = first.or(Some(rule));
        }
        first.map(|first| Why::AllowedTogether { first })
    }
}
