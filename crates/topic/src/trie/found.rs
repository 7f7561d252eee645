//! What a walk through the tree has found.

use super::{Ends, NONE, Node};
use crate::Why;

#[derive(Debug)]
pub(crate) struct Found {
    deny: u32,
    allow: u32,
    sealed: bool,
    /// The first of the allow rules that fit down to the deepest level, and this level.
    closest: u32,
    level: usize,
}

impl Found {
    /// At the root, of whose allow rules this is the first.
    pub(super) const fn new(first_allow: u32) -> Self {
        Self {
            deny: NONE,
            allow: NONE,
            sealed: false,
            closest: first_allow,
            level: 0,
        }
    }

    /// One level deeper, where this is the first allow rule.
    pub(super) fn enter(&mut self, first_allow: u32) {
        if first_allow != NONE {
            self.closest = first_allow;
            self.level += 1;
        }
    }

    /// What a node says to everything below it.
    pub(super) fn open(&mut self, node: &Node, denial: Ends) {
        self.allow = self.allow.min(node.allow.open);
        self.deny = self.deny.min(denial.open);
        self.sealed |= node.sealed_open;
    }

    /// What a node says to what ends there.
    pub(super) fn end(&mut self, node: &Node, denial: Ends) {
        self.allow = self.allow.min(node.allow.end);
        self.deny = self.deny.min(denial.end);
        self.sealed |= node.sealed;
    }

    /// Whether an allow rule that fits asks for sealed payloads, and no deny rule fits.
    pub(crate) const fn sealed(&self) -> bool {
        self.sealed && self.deny == NONE
    }

    /// The answer about a name.
    pub(crate) fn why(&self) -> Why {
        match position(self.deny) {
            Some(rule) => Why::DeniedBy { rule },
            None => self.cover(),
        }
    }

    /// The answer of the allow rules alone.
    pub(crate) fn cover(&self) -> Why {
        let level = self.level;
        match (position(self.allow), position(self.closest)) {
            (Some(rule), _) => Why::AllowedBy { rule },
            (None, Some(rule)) => Why::NotCovered { rule, level },
            (None, None) => Why::NoRule,
        }
    }
}

fn position(rule: u32) -> Option<usize> {
    if rule == NONE {
        return None;
    }
    usize::try_from(rule).ok()
}
