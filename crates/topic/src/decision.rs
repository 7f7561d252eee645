//! The answer of an access control list, with its reason.

use crate::TopicFilter;

/// Whether something is allowed, and by or against which rule.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash)]
#[must_use]
pub struct Decision {
    why: Why,
    sealed: bool,
}

impl Decision {
    pub(crate) const fn new(why: Why, sealed: bool) -> Self {
        Self { why, sealed }
    }

    /// Whether it is allowed.
    #[must_use]
    pub const fn is_allowed(&self) -> bool {
        matches!(
            self.why,
            Why::AllowedBy { .. } | Why::AllowedTogether { .. }
        )
    }

    /// The reason.
    #[must_use]
    pub const fn why(&self) -> Why {
        self.why
    }

    /// Whether the message must have the shape of a sealed payload: it may be published, and one of
    /// the allow rules that match asks for it. Always false for a subscription and for a delivery,
    /// which have no payload to judge.
    #[must_use]
    pub const fn sealed(&self) -> bool {
        self.sealed
    }
}

/// The reason of a [`Decision`]. Rules are positions in the list, levels are positions in the topic
/// or filter, both from 0.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash)]
pub enum Why {
    /// This rule alone allows all of it.
    AllowedBy {
        /// The first such rule.
        rule: usize,
    },
    /// No rule alone allows all that the filter can match, but together they do.
    AllowedTogether {
        /// The rule that allows the shortest names that the filter can match.
        first: usize,
    },
    /// A deny rule matches, or shares a name with the filter.
    DeniedBy {
        /// The first such rule.
        rule: usize,
    },
    /// No rule allows this kind of access at all.
    NoRule,
    /// Some of it is allowed by no rule.
    NotCovered {
        /// The closest allow rule: the one that fails at the last level.
        rule: usize,
        /// The first level at which it fails. The number of levels if what was asked for is too
        /// short for the rule.
        level: usize,
    },
}

impl Why {
    /// `#` and `/#` are walked with one level more than they have: names the one that is there.
    pub(crate) fn within(self, filter: TopicFilter<'_>) -> Self {
        match self {
            Self::NotCovered { rule, level } if matches!(filter.as_str(), "#" | "/#") => {
                Self::NotCovered {
                    rule,
                    level: level.min(filter.levels().count() - 1),
                }
            }
            why => why,
        }
    }
}
