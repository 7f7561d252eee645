//! `acl.json`.

use serde::Deserialize;

/// All of `acl.json`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Acl {
    /// Sets of rules with decisions.
    pub cases: Vec<AclCase>,
    /// Patterns that are valid and not.
    pub patterns: Patterns,
    /// Client ids that topics name.
    pub client_id_of: Vec<ClientIdOf>,
}

/// One set of rules, asked by one client (spec §10).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AclCase {
    /// Names the case.
    pub name: String,
    /// Who asks.
    pub client_id: String,
    /// Order does not matter.
    pub rules: Vec<Rule>,
    /// Decisions on filters.
    pub subscribe: Vec<Subscribe>,
    /// Decisions on topics to publish on.
    pub publish: Vec<Publish>,
    /// Decisions on topics to be delivered.
    pub deliver: Vec<Deliver>,
}

/// One ACL rule.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Allow or deny.
    pub effect: RuleEffect,
    /// Publish or subscribe.
    pub access: RuleAccess,
    /// Topic Filter in which a level may be `%c`.
    pub pattern: String,
    /// Whether it asks for a sealed payload.
    pub sealed: bool,
}

/// What a rule does.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum RuleEffect {
    /// It grants.
    Allow,
    /// It takes away, whatever others grant.
    Deny,
}

/// What a rule is about.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum RuleAccess {
    /// PUBLISH by the client.
    Publish,
    /// SUBSCRIBE by the client, and delivery to it.
    Subscribe,
}

/// Decision on a filter.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subscribe {
    /// As it stands in a SUBSCRIBE: may begin with `$share`.
    pub filter: String,
    /// The decision.
    pub allowed: bool,
}

/// Decision on a topic to publish on.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Publish {
    /// The Topic Name.
    pub topic: String,
    /// The decision.
    pub allowed: bool,
    /// Whether an allow rule that matches asks for a sealed payload.
    pub sealed: bool,
}

/// Decision on a topic to be delivered.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deliver {
    /// The Topic Name.
    pub topic: String,
    /// The decision.
    pub allowed: bool,
}

/// Syntax of patterns.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Patterns {
    /// Must be accepted.
    pub valid: Vec<String>,
    /// Must be refused.
    pub invalid: Vec<String>,
}

/// The client id that a topic names under a pattern.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientIdOf {
    /// The pattern.
    pub pattern: String,
    /// The Topic Name.
    pub topic: String,
    /// The one id under which the pattern matches the topic.
    pub client_id: Option<String>,
}
