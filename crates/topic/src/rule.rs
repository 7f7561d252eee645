//! One line of an access control list.

use core::fmt;

use crate::Pattern;

/// What a rule does.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash)]
pub enum Effect {
    /// Adds what the pattern matches.
    Allow,
    /// Takes away what the pattern matches, whatever else allows it.
    Deny,
}

/// What a rule is about.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash)]
pub enum Access {
    /// Sending messages.
    Publish,
    /// Asking for messages and getting them.
    Subscribe,
}

/// One rule of an [`Acl`](crate::Acl). The order of rules has no meaning.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash)]
pub struct Rule<'a> {
    /// Allow or deny.
    pub effect: Effect,
    /// Publish or subscribe.
    pub access: Access,
    /// Which topics.
    pub pattern: Pattern<'a>,
    /// Messages that this rule allows to publish must have the shape of a sealed payload. It says
    /// nothing in a deny rule and in a rule about subscribing.
    pub sealed: bool,
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
        })
    }
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Publish => "publish",
            Self::Subscribe => "subscribe",
        })
    }
}

impl fmt::Display for Rule<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sealed = if self.sealed { " sealed" } else { "" };
        write!(
            f,
            "{} {}{sealed} {}",
            self.effect, self.access, self.pattern
        )
    }
}
