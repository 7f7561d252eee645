//! The pattern of an access rule: a Topic Filter with a place for the client's own identifier.

use core::fmt;

use crate::{
    ClientId, PatternError, TopicFilter, TopicName,
    level::{self, Levels},
};

/// A Topic Filter in which the whole level `%c` stands for the Client Identifier.
///
/// The identifier is compared as one literal level; it never becomes part of a filter text, so it
/// can't widen the pattern. A `%` anywhere else is an error.
///
/// ```
/// use mqward_topic::{ClientId, Pattern, TopicFilter, TopicName};
///
/// let own = Pattern::new("tx/%c/#").unwrap();
/// let id = ClientId::new("device-07").unwrap();
/// assert!(own.matches(TopicName::new("tx/device-07/t").unwrap(), id));
/// assert!(!own.covers(TopicFilter::new("tx/+/t").unwrap(), id));
/// assert_eq!(own.client_id(TopicName::new("tx/device-07/t").unwrap()), Some(id));
/// ```
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash)]
pub struct Pattern<'a> {
    text: &'a str,
    names_client: bool,
}

impl<'a> Pattern<'a> {
    /// Validates a pattern. `$share/…` is none: rules are about the filter inside.
    ///
    /// # Errors
    /// What keeps `pattern` from being a Topic Filter, or a `%` that is not the level `%c`.
    pub fn new(pattern: &'a str) -> Result<Self, PatternError> {
        let filter = TopicFilter::new(pattern)?;
        let mut names_client = false;
        for (level, text) in filter.levels().enumerate() {
            if text == "%c" {
                names_client = true;
            } else if text.contains('%') {
                return Err(PatternError::Placeholder { level });
            }
        }
        Ok(Self {
            text: pattern,
            names_client,
        })
    }

    /// The pattern as text.
    #[must_use]
    pub const fn as_str(&self) -> &'a str {
        self.text
    }

    /// Whether a level is the placeholder `%c`.
    #[must_use]
    pub const fn names_client(&self) -> bool {
        self.names_client
    }

    /// Whether the pattern, for this client, matches `topic`.
    #[must_use]
    pub fn matches(&self, topic: TopicName<'_>, client: ClientId<'_>) -> bool {
        level::covers(self.levels(client), Levels::of_name(topic.as_str())).is_ok()
    }

    /// Whether the pattern, for this client, matches every name that `filter` stands for.
    #[must_use]
    pub fn covers(&self, filter: TopicFilter<'_>, client: ClientId<'_>) -> bool {
        level::covers(self.levels(client), Levels::of_filter(filter.as_str())).is_ok()
    }

    /// Whether the pattern, for this client, and `filter` share at least one name.
    #[must_use]
    pub fn overlaps(&self, filter: TopicFilter<'_>, client: ClientId<'_>) -> bool {
        level::overlaps(self.levels(client), Levels::of_filter(filter.as_str()))
    }

    /// The client whose topic this is: the identifier for which the pattern matches `topic`.
    ///
    /// `None` if there is none, or if the pattern has no `%c`.
    #[must_use]
    pub fn client_id<'t>(&self, topic: TopicName<'t>) -> Option<ClientId<'t>> {
        let at = self
            .text
            .split(level::SEPARATOR)
            .position(|level| level == "%c")?;
        let client = ClientId::new(topic.levels().nth(at)?).ok()?;
        self.matches(topic, client).then_some(client)
    }

    pub(crate) fn levels<'s>(&'s self, client: ClientId<'s>) -> Levels<'s> {
        Levels::of_pattern(self.text, client)
    }
}

impl<'a> TryFrom<&'a str> for Pattern<'a> {
    type Error = PatternError;

    fn try_from(pattern: &'a str) -> Result<Self, PatternError> {
        Self::new(pattern)
    }
}

impl fmt::Display for Pattern<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text)
    }
}

impl fmt::Debug for Pattern<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pattern({:?})", self.text)
    }
}
