//! The Topic Filter: a set of Topic Names.

use core::fmt;

#[cfg(target_pointer_width = "64")]
use crate::shape::Shape;
use crate::{
    SyntaxError, TopicName, inclusion,
    level::{self, Levels},
    subscription, utf8_string,
};

/// A Topic Filter (MQTT 5.0 §4.7, 3.1.1 §4.7): topic levels, of which `+` stands for any one level
/// and `#`, last only, for any number of further levels, none included.
///
/// A filter stands for a set of Topic Names: [`matches`](Self::matches) asks whether a name is in
/// it, [`covers`](Self::covers) whether another filter's set lies inside it,
/// [`overlaps`](Self::overlaps) whether both share a name. All three are exact. Two quirks of MQTT
/// are part of that: a wildcard in the first level matches no name that begins with `$`
/// [MQTT-4.7.2-1], and the empty Topic Name does not exist [MQTT-4.7.3-1], so that `#` equals `+/#`
/// and `/#` equals `/+/#`. The longest name (65 535 bytes) is not taken into account: names are as
/// long as they need to be.
///
/// ```
/// use mqward_topic::{SyntaxError, TopicFilter, TopicName};
///
/// let rule = TopicFilter::new("rx/device-07/#")?;
/// assert!(rule.matches(TopicName::new("rx/device-07")?));
/// assert!(rule.covers(TopicFilter::new("rx/device-07/+/low")?));
/// assert!(!rule.covers(TopicFilter::new("rx/+/reboot")?));
/// assert!(rule.overlaps(TopicFilter::new("rx/+/reboot")?));
/// # Ok::<(), SyntaxError>(())
/// ```
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash)]
pub struct TopicFilter<'a> {
    text: &'a str,
    #[cfg(target_pointer_width = "64")]
    shape: Shape,
}

impl<'a> TopicFilter<'a> {
    /// Validates a Topic Filter. A shared subscription is none: see
    /// [`Subscription`](crate::Subscription).
    ///
    /// # Errors
    /// The rule of MQTT that `filter` breaks.
    pub fn new(filter: &'a str) -> Result<Self, SyntaxError> {
        utf8_string::check(filter)?;
        Self::of_mqtt_text(filter)
    }

    /// Text that is a UTF-8 Encoded String of MQTT already; may be empty all the same.
    pub(crate) fn of_mqtt_text(filter: &'a str) -> Result<Self, SyntaxError> {
        if filter.is_empty() {
            return Err(SyntaxError::Empty);
        }
        if subscription::shared(filter).is_some() {
            return Err(SyntaxError::SharedSubscription);
        }
        if utf8_string::has_wildcard(filter) {
            check_wildcards(filter.as_bytes())?;
        }
        Ok(Self {
            text: filter,
            #[cfg(target_pointer_width = "64")]
            shape: Shape::of(filter),
        })
    }

    /// Validates the bytes of a Topic Filter as they came from the network.
    ///
    /// # Errors
    /// The rule of MQTT that `filter` breaks. The length is judged before anything is read.
    pub fn from_bytes(filter: &'a [u8]) -> Result<Self, SyntaxError> {
        Self::new(utf8_string::decode(filter)?)
    }

    /// The filter as text.
    #[must_use]
    pub const fn as_str(&self) -> &'a str {
        self.text
    }

    /// The filter as bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.text.as_bytes()
    }

    /// The topic levels as text: the parts between the `/`, at least one.
    pub fn levels(&self) -> impl Iterator<Item = &'a str> + Clone + use<'a> {
        self.text.split(level::SEPARATOR)
    }

    /// Whether `name` is one of the names that this filter stands for.
    #[must_use]
    pub fn matches(&self, name: TopicName<'_>) -> bool {
        #[cfg(target_pointer_width = "64")]
        return self.shape.matches(self.text, name.as_str());
        #[cfg(not(target_pointer_width = "64"))]
        level::covers(Levels::of_filter(self.text), Levels::of_name(name.as_str())).is_ok()
    }

    /// Whether every name that `other` stands for is also one of this filter.
    #[must_use]
    pub fn covers(&self, other: TopicFilter<'_>) -> bool {
        if cfg!(target_pointer_width = "64") {
            inclusion::includes(self.text, other.text)
        } else {
            level::covers(Levels::of_filter(self.text), Levels::of_filter(other.text)).is_ok()
        }
    }

    /// Whether this filter and `other` share at least one name.
    #[must_use]
    pub fn overlaps(&self, other: TopicFilter<'_>) -> bool {
        level::overlaps(Levels::of_filter(self.text), Levels::of_filter(other.text))
    }
}

impl<'a> TryFrom<&'a str> for TopicFilter<'a> {
    type Error = SyntaxError;

    fn try_from(filter: &'a str) -> Result<Self, SyntaxError> {
        Self::new(filter)
    }
}

impl fmt::Display for TopicFilter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text)
    }
}

impl fmt::Debug for TopicFilter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TopicFilter({:?})", self.text)
    }
}

/// [MQTT-4.7.1-1], [MQTT-4.7.1-2]: wildcards have their level alone, `#` has the last one.
fn check_wildcards(filter: &[u8]) -> Result<(), SyntaxError> {
    for (at, byte) in filter.iter().enumerate() {
        if !matches!(byte, b'+' | b'#') {
            continue;
        }
        let (before, rest) = filter.split_at_checked(at).unwrap_or_default();
        let level = || before.iter().filter(|b| **b == b'/').count();
        match (before.last(), rest.get(1)) {
            (None | Some(b'/'), None) => {}
            (None | Some(b'/'), Some(b'/')) if *byte == b'+' => {}
            (None | Some(b'/'), Some(b'/')) => {
                return Err(SyntaxError::MultiLevelNotLast { level: level() });
            }
            _ => return Err(SyntaxError::WildcardNotAlone { level: level() }),
        }
    }
    Ok(())
}
