//! The access control list, compiled for brokers.

use alloc::boxed::Box;

use crate::{
    Access, Acl, ClientId, Decision, Effect, Rule, TopicFilter, TopicName, Why, inclusion,
    level::{self, Levels},
    trie::{Query, Tail, Trie, Wide},
    utf8_string,
};

/// The same answers as [`Acl`], whatever the question, in a time that does not grow with the number of rules.
///
/// Made once for a list of rules, in memory that is linear in their total length; a decision allocates nothing and takes
/// no lock. Two questions still look at more rules than those that fit: a filter with a wildcard is compared with every
/// deny rule about subscribing, and where more than 16 different beginnings of rules fit one and the same name, which
/// takes as many rules that overlap, the list is asked as [`Acl`] asks it. No topic costs more than that, whoever chose
/// it: how many entries a level is looked up in was fixed when the rules were compiled.
///
/// ```
/// use mqward_topic::{Access, Acl, ClientId, CompiledAcl, Effect, Pattern, Rule, TopicName};
///
/// let rules = [Rule {
///     effect: Effect::Allow,
///     access: Access::Publish,
///     pattern: Pattern::new("tx/%c/#").unwrap(),
///     sealed: false,
/// }];
/// let compiled = CompiledAcl::new(&rules);
/// let id = ClientId::new("device-07").unwrap();
/// for topic in ["tx/device-07/t", "tx/device-08/t"] {
///     let topic = TopicName::new(topic).unwrap();
///     assert_eq!(compiled.publish(id, topic), Acl::new(&rules).publish(id, topic));
/// }
/// ```
#[derive(Clone, Debug)]
pub struct CompiledAcl<'a> {
    acl: Acl<'a>,
    publish: Trie,
    subscribe: Trie,
    /// The deny rules about subscribing.
    denials: Box<[usize]>,
    /// What [`Acl`] calls the longest length that is not like all longer ones.
    longest: usize,
}

impl<'a> CompiledAcl<'a> {
    /// Compiles a list of rules. An empty one refuses everything.
    #[must_use]
    pub fn new(rules: &'a [Rule<'a>]) -> Self {
        let denials = rules
            .iter()
            .enumerate()
            .filter(|(_, rule)| (rule.effect, rule.access) == (Effect::Deny, Access::Subscribe));
        let allowed = rules
            .iter()
            .filter(|rule| (rule.effect, rule.access) == (Effect::Allow, Access::Subscribe));
        Self {
            acl: Acl::new(rules),
            publish: Trie::new(rules, Access::Publish),
            subscribe: Trie::new(rules, Access::Subscribe),
            denials: denials.map(|(index, _)| index).collect(),
            longest: allowed
                .map(|rule| Levels::of_filter(rule.pattern.as_str()).shortest() + 1)
                .max()
                .unwrap_or_default(),
        }
    }

    /// The rules.
    #[must_use]
    pub const fn rules(&self) -> &'a [Rule<'a>] {
        self.acl.rules()
    }

    /// May `client` publish to `topic`? As [`Acl::publish`].
    pub fn publish(&self, client: ClientId<'_>, topic: TopicName<'_>) -> Decision {
        match self.publish.walk(Query::of(topic.as_str()), client) {
            Ok(found) => Decision::new(found.why(), found.sealed()),
            Err(Wide) => self.acl.publish(client, topic),
        }
    }

    /// May a message about `topic` go to `client` now? As [`Acl::deliver`].
    pub fn deliver(&self, client: ClientId<'_>, topic: TopicName<'_>) -> Decision {
        match self.subscribe.walk(Query::of(topic.as_str()), client) {
            Ok(found) => Decision::new(found.why(), false),
            Err(Wide) => self.acl.deliver(client, topic),
        }
    }

    /// May `client` subscribe to `filter`? As [`Acl::subscribe`].
    pub fn subscribe(&self, client: ClientId<'_>, filter: TopicFilter<'_>) -> Decision {
        match self.judge(client, filter) {
            Ok(why) => Decision::new(why.within(filter), false),
            Err(Wide) => self.acl.subscribe(client, filter),
        }
    }

    fn judge(&self, client: ClientId<'_>, filter: TopicFilter<'_>) -> Result<Why, Wide> {
        let text = inclusion::told(filter.as_str());
        if !utf8_string::has_wildcard(text) {
            // It stands for one name, so what overlaps it also matches it.
            return Ok(self.subscribe.walk(Query::of(text), client)?.why());
        }
        let wanted = Levels::of_filter(filter.as_str());
        let overlaps = |rule: &Rule<'_>| level::overlaps(rule.pattern.levels(client), wanted);
        let denial = self.denials.iter().find(|index| {
            let rule = self.rules().get(**index);
            rule.is_some_and(overlaps)
        });
        if let Some(rule) = denial {
            return Ok(Why::DeniedBy { rule: *rule });
        }
        let Some(levels) = text.strip_suffix("/#") else {
            return Ok(self.subscribe.walk(Query::of(text), client)?.cover());
        };
        let query = |tail| Query { levels, tail };
        match self.subscribe.walk(query(Tail::Multi), client)?.cover() {
            // As `Acl::together`: one rule per length.
            closest @ Why::NotCovered { .. } => {
                let shortest = levels.bytes().filter(|byte| *byte == b'/').count() + 1;
                let mut together = None;
                for more in 0..=self.longest.saturating_sub(shortest) {
                    match self
                        .subscribe
                        .walk(query(Tail::Singles(more)), client)?
                        .cover()
                    {
                        Why::AllowedBy { rule } => together = together.or(Some(rule)),
                        _ => return Ok(closest),
                    }
                }
                Ok(together.map_or(closest, |first| Why::AllowedTogether { first }))
            }
            why => Ok(why),
        }
    }
}
