//! `topic.json`.

use serde::Deserialize;

use crate::{BitMatrix, Bytes, Text};

/// All of `topic.json`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Topics {
    /// Topic Names.
    pub names: Syntax,
    /// Topic Filters, without `$share`.
    pub filters: Syntax,
    /// Filters of a SUBSCRIBE, with `$share`.
    pub subscriptions: Subscriptions,
    /// Client Identifiers.
    pub client_ids: ClientIds,
    /// Rules for Client Identifiers.
    pub client_id_rules: ClientIdRules,
    /// Filters against filters and names.
    pub grids: Vec<Grid>,
}

/// Texts that are valid, bytes that are not.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Syntax {
    /// Must be accepted.
    pub valid: Vec<Text>,
    /// Must be refused.
    pub invalid: Vec<InvalidText>,
}

/// Bytes that break one rule.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InvalidText {
    /// The rule: `empty`, `too_long`, `not_utf8`, `nul`, `control`, `non_character`, `wildcard_in_name`,
    /// `wildcard_not_alone`, `multi_level_not_last`, `shared_subscription`, `share_name`,
    /// `share_without_filter`.
    pub error: String,
    /// What is refused.
    pub bytes: Bytes,
}

/// Filters of a SUBSCRIBE (spec §3.3).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subscriptions {
    /// Must be accepted.
    pub valid: Vec<Subscription>,
    /// Must be refused.
    pub invalid: Vec<InvalidText>,
}

/// A filter of a SUBSCRIBE, taken apart.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subscription {
    /// As it stands in the packet.
    pub text: String,
    /// Share Name, if it is shared.
    pub share_name: Option<String>,
    /// The Topic Filter that is judged.
    pub filter: String,
}

/// Client Identifiers (spec §3.4).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientIds {
    /// Must be accepted.
    pub valid: Vec<String>,
    /// Must be refused; bytes as hexadecimal digits, see [`decode_hex`](crate::decode_hex).
    pub invalid: Vec<String>,
}

/// Rules for Client Identifiers, against ids and against each other.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientIdRules {
    /// Rows of both tables, columns of `overlaps`.
    pub rules: Vec<ClientIdRule>,
    /// Columns of `accepts`.
    pub ids: Vec<String>,
    /// Whether the rule accepts the id.
    pub accepts: BitMatrix,
    /// Whether some id satisfies both rules.
    pub overlaps: BitMatrix,
}

/// A rule for Client Identifiers.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientIdRule {
    /// What an id begins with.
    pub prefix: String,
    /// What the rest is made of.
    pub class: CharClass,
    /// Shortest total length in bytes.
    pub min_len: usize,
    /// Longest total length in bytes.
    pub max_len: usize,
}

/// Characters behind the prefix.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum CharClass {
    /// `0-9`
    Digits,
    /// `0-9 a-f`
    LowerHex,
    /// `0-9 a-f A-F`
    Hex,
    /// `A-Z a-z 0-9 - _`
    Word,
    /// `A-Z a-z 0-9 - _ .`
    WordDot,
}

/// All filters that a few levels make, against names and against each other.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grid {
    /// Names the grid.
    pub name: String,
    /// Rows of all tables, columns of `covers` and `overlaps`.
    pub filters: Vec<String>,
    /// Columns of `matches`.
    pub names: Vec<String>,
    /// Whether the row's filter matches the name.
    pub matches: BitMatrix,
    /// Whether the row's filter matches every topic that the column's one matches.
    pub covers: BitMatrix,
    /// Whether both filters match some topic.
    pub overlaps: BitMatrix,
}
