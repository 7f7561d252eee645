//! The Topic Name: what a PUBLISH packet is about.

use core::fmt;

use crate::{SyntaxError, level, utf8_string};

/// A Topic Name (MQTT 5.0 §4.7, 3.1.1 §4.7): 1 to 65 535 bytes of UTF-8 without wildcards, NUL,
/// control characters and Unicode non-characters.
///
/// Validated once; everything after that can't fail. Comparison is byte for byte, no
/// normalisation [MQTT-4.7.3-4].
///
/// ```
/// use mqward_topic::{SyntaxError, TopicName};
///
/// let name = TopicName::new("tx/device-07/temperature")?;
/// assert!(name.levels().eq(["tx", "device-07", "temperature"]));
/// assert_eq!(TopicName::new("tx/+"), Err(SyntaxError::WildcardInName { at: 3 }));
/// # Ok::<(), SyntaxError>(())
/// ```
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash)]
pub struct TopicName<'a>(&'a str);

impl<'a> TopicName<'a> {
    /// Validates a Topic Name.
    ///
    /// # Errors
    /// The rule of MQTT that `name` breaks.
    pub fn new(name: &'a str) -> Result<Self, SyntaxError> {
        utf8_string::check(name)?;
        if utf8_string::has_wildcard(name) {
            let at = name.find(['+', '#']).unwrap_or_default();
            return Err(SyntaxError::WildcardInName { at });
        }
        Ok(Self(name))
    }

    /// Validates the bytes of a Topic Name as they came from the network.
    ///
    /// # Errors
    /// The rule of MQTT that `name` breaks. The length is judged before anything is read.
    pub fn from_bytes(name: &'a [u8]) -> Result<Self, SyntaxError> {
        Self::new(utf8_string::decode(name)?)
    }

    /// The name as text.
    #[must_use]
    pub const fn as_str(&self) -> &'a str {
        self.0
    }

    /// The name as bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.0.as_bytes()
    }

    /// The topic levels: the parts between the `/`, at least one. A level may be empty.
    pub fn levels(&self) -> impl Iterator<Item = &'a str> + Clone + use<'a> {
        self.0.split(level::SEPARATOR)
    }
}

impl<'a> TryFrom<&'a str> for TopicName<'a> {
    type Error = SyntaxError;

    fn try_from(name: &'a str) -> Result<Self, SyntaxError> {
        Self::new(name)
    }
}

impl fmt::Display for TopicName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl fmt::Debug for TopicName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TopicName({:?})", self.0)
    }
}
