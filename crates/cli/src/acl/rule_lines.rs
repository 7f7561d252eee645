//! On which line of a policy each rule stands.

use serde::Deserialize;
use toml::{Spanned, Value};

/// Lines of rules, by role and number, both as the gate counts them.
#[derive(Debug, Default)]
pub(super) struct RuleLines(Vec<Vec<usize>>);

#[derive(Deserialize)]
struct PolicyTable {
    #[serde(default)]
    role: Vec<RoleTable>,
}

#[derive(Deserialize)]
struct RoleTable {
    #[serde(default)]
    publish: Vec<Spanned<Value>>,
    #[serde(default)]
    subscribe: Vec<Spanned<Value>>,
}

impl RuleLines {
    /// Reads the text of a policy that was found without mistake.
    pub(super) fn new(text: &str) -> Self {
        let Ok(table) = toml::from_str::<PolicyTable>(text) else {
            return Self::default();
        };
        let line_of = |rule: &Spanned<Value>| {
            let before = text.as_bytes().iter().take(rule.span().start);
            before.filter(|byte| **byte == b'\n').count() + 1
        };
        let roles = table.role.iter();
        // The gate has a role's rules in this order.
        let lines = roles.map(|role| {
            role.publish
                .iter()
                .chain(&role.subscribe)
                .map(line_of)
                .collect()
        });
        Self(lines.collect())
    }

    pub(super) fn find(&self, role: usize, rule: usize) -> Option<usize> {
        self.0.get(role)?.get(rule).copied()
    }
}
