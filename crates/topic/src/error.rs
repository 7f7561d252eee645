//! The rules that a string broke.

use core::{error::Error, fmt};

use crate::{CharClass, MAX_CLIENT_ID_LEN, MAX_STRING_LEN};

/// Why a string is no Topic Name, no Topic Filter or no shared subscription.
///
/// Byte positions (`at`) and level positions (`level`) count from 0. Statement ids are those of
/// MQTT 5.0; MQTT 3.1.1 has the same rules under §1.5.3 and §4.7.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash)]
#[non_exhaustive]
pub enum SyntaxError {
    /// No character at all [MQTT-4.7.3-1].
    Empty,
    /// More than [`MAX_STRING_LEN`] bytes [MQTT-4.7.3-3].
    TooLong {
        /// Length in bytes.
        len: usize,
    },
    /// Not well-formed UTF-8, which also means an encoded surrogate [MQTT-1.5.4-1].
    NotUtf8 {
        /// First byte that is not UTF-8.
        at: usize,
    },
    /// U+0000 [MQTT-1.5.4-2].
    Nul {
        /// Its byte position.
        at: usize,
    },
    /// A control character, U+0001..U+001F or U+007F..U+009F (§1.5.4: SHOULD NOT be sent, may be refused).
    Control {
        /// Its byte position.
        at: usize,
    },
    /// A Unicode non-character such as U+FFFF (§1.5.4: SHOULD NOT be sent, may be refused).
    NonCharacter {
        /// Its byte position.
        at: usize,
    },
    /// `+` or `#` in a Topic Name [MQTT-4.7.0-1].
    WildcardInName {
        /// Its byte position.
        at: usize,
    },
    /// `+` or `#` beside other characters of a level [MQTT-4.7.1-1] [MQTT-4.7.1-2].
    WildcardNotAlone {
        /// The level.
        level: usize,
    },
    /// `#` before the last level [MQTT-4.7.1-1].
    MultiLevelNotLast {
        /// The level.
        level: usize,
    },
    /// The first level is `$share` where a Topic Filter without it is wanted (§4.8.2).
    SharedSubscription,
    /// The ShareName is missing, empty, or holds `+` or `#` [MQTT-4.8.2-1] [MQTT-4.8.2-2].
    ShareName,
    /// Nothing follows the ShareName [MQTT-4.8.2-2].
    ShareWithoutFilter,
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Empty => f.write_str("empty"),
            Self::TooLong { len } => write!(f, "{len} bytes, at most {MAX_STRING_LEN} are allowed"),
            Self::NotUtf8 { at } => write!(f, "not UTF-8 at byte {at}"),
            Self::Nul { at } => write!(f, "NUL at byte {at}"),
            Self::Control { at } => write!(f, "control character at byte {at}"),
            Self::NonCharacter { at } => write!(f, "Unicode non-character at byte {at}"),
            Self::WildcardInName { at } => {
                write!(f, "wildcard in a Topic Name at byte {at}")
            }
            Self::WildcardNotAlone { level } => {
                write!(f, "wildcard is not alone in level {level}")
            }
            Self::MultiLevelNotLast { level } => {
                write!(f, "'#' in level {level} is not the last level")
            }
            Self::SharedSubscription => f.write_str("shared subscription where a filter is wanted"),
            Self::ShareName => f.write_str("ShareName is missing, empty or holds a wildcard"),
            Self::ShareWithoutFilter => f.write_str("no Topic Filter after the ShareName"),
        }
    }
}

impl Error for SyntaxError {}

/// Why a string is no [`ClientId`](crate::ClientId), or not one of a [`ClientIdRule`](crate::ClientIdRule).
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash)]
#[non_exhaustive]
pub enum ClientIdError {
    /// No character at all.
    Empty,
    /// More than [`MAX_CLIENT_ID_LEN`] bytes.
    TooLong {
        /// Length in bytes.
        len: usize,
    },
    /// A byte outside 0x21..=0x7E, or one of `+ # / $ % *`.
    Character {
        /// Its byte position, from 0.
        at: usize,
    },
    /// Does not begin with the prefix of the rule.
    Prefix,
    /// A character after the prefix is not of the rule's class.
    Class {
        /// Its byte position, from 0.
        at: usize,
        /// The class it should be of.
        class: CharClass,
    },
    /// Shorter or longer than the rule wants.
    Length {
        /// Length in bytes.
        len: usize,
        /// Minimum, in bytes.
        min: usize,
        /// Maximum, in bytes.
        max: usize,
    },
}

impl fmt::Display for ClientIdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Empty => f.write_str("empty"),
            Self::TooLong { len } => {
                write!(f, "{len} bytes, at most {MAX_CLIENT_ID_LEN} are allowed")
            }
            Self::Character { at } => write!(f, "forbidden character at byte {at}"),
            Self::Prefix => f.write_str("does not begin with the prefix"),
            Self::Class { at, class } => write!(f, "byte {at} is not one of {class}"),
            Self::Length { len, min, max } => {
                write!(f, "{len} bytes, {min} to {max} are allowed")
            }
        }
    }
}

impl Error for ClientIdError {}

/// Why a [`ClientIdRule`](crate::ClientIdRule) can't be.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash)]
#[non_exhaustive]
pub enum ClientIdRuleError {
    /// The prefix holds a character that no Client Identifier may hold, or is too long.
    Prefix(ClientIdError),
    /// Not 1 <= minimum <= maximum <= [`MAX_CLIENT_ID_LEN`].
    Length {
        /// Minimum, in bytes.
        min: usize,
        /// Maximum, in bytes.
        max: usize,
    },
    /// The prefix alone is longer than the maximum.
    PrefixTooLong {
        /// Length of the prefix, in bytes.
        len: usize,
        /// Maximum, in bytes.
        max: usize,
    },
}

impl fmt::Display for ClientIdRuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Prefix(error) => write!(f, "prefix: {error}"),
            Self::Length { min, max } => write!(
                f,
                "length {min} to {max} is not within 1 to {MAX_CLIENT_ID_LEN}"
            ),
            Self::PrefixTooLong { len, max } => {
                write!(f, "prefix of {len} bytes, but at most {max} are allowed")
            }
        }
    }
}

impl Error for ClientIdRuleError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Prefix(error) => Some(error),
            _ => None,
        }
    }
}

/// Why a string is no [`Pattern`](crate::Pattern).
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash)]
#[non_exhaustive]
pub enum PatternError {
    /// Not a Topic Filter.
    Syntax(SyntaxError),
    /// A `%` that is not the whole-level placeholder `%c`.
    Placeholder {
        /// The level, from 0.
        level: usize,
    },
}

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Syntax(error) => error.fmt(f),
            Self::Placeholder { level } => {
                write!(
                    f,
                    "'%' in level {level} is not the whole-level placeholder '%c'"
                )
            }
        }
    }
}

impl Error for PatternError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Syntax(error) => Some(error),
            Self::Placeholder { .. } => None,
        }
    }
}

impl From<SyntaxError> for PatternError {
    fn from(error: SyntaxError) -> Self {
        Self::Syntax(error)
    }
}
