//! The grammar of a role's Client Identifiers.

use core::fmt;

use crate::{ClientId, ClientIdError, ClientIdRuleError, MAX_CLIENT_ID_LEN, client_id};

/// A class of characters. Every class holds the digits.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash)]
pub enum CharClass {
    /// `0-9`
    Digits,
    /// `0-9 a-f`
    LowerHex,
    /// `0-9 a-f A-F`
    Hex,
    /// `A-Z a-z 0-9 - _`
    Word,
    /// `A-Z a-z 0-9 - _ .`; some brokers give the `.` a meaning of its own.
    WordDot,
}

impl CharClass {
    /// Whether the class holds the ASCII character `byte`.
    #[must_use]
    pub const fn contains(self, byte: u8) -> bool {
        match self {
            Self::Digits => byte.is_ascii_digit(),
            Self::LowerHex => byte.is_ascii_digit() || matches!(byte, b'a'..=b'f'),
            Self::Hex => byte.is_ascii_hexdigit(),
            Self::Word => byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'),
            Self::WordDot => byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'),
        }
    }
}

impl fmt::Display for CharClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Digits => "0-9",
            Self::LowerHex => "0-9 a-f",
            Self::Hex => "0-9 a-f A-F",
            Self::Word => "A-Z a-z 0-9 - _",
            Self::WordDot => "A-Z a-z 0-9 - _ .",
        })
    }
}

/// Which Client Identifiers belong to a role: a literal prefix, then characters of one class, and a
/// minimum and maximum length of the whole.
///
/// ```
/// use mqward_topic::{CharClass, ClientId, ClientIdError, ClientIdRule};
///
/// let devices = ClientIdRule::new("device-", CharClass::LowerHex, 19, 19).unwrap();
/// let id = ClientId::new("device-0123456789ab").unwrap();
/// assert_eq!(devices.check(id), Ok(()));
/// assert_eq!(devices.check(ClientId::new("admin").unwrap()), Err(ClientIdError::Prefix));
/// ```
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash)]
pub struct ClientIdRule<'a> {
    prefix: &'a str,
    class: CharClass,
    min_len: usize,
    max_len: usize,
}

impl<'a> ClientIdRule<'a> {
    /// A rule; `min_len` and `max_len` are bytes of the whole identifier, prefix included. The
    /// prefix may be empty.
    ///
    /// # Errors
    /// A prefix that no identifier may hold, a length outside 1 to 255, or lengths that no
    /// identifier with this prefix can have.
    pub fn new(
        prefix: &'a str,
        class: CharClass,
        min_len: usize,
        max_len: usize,
    ) -> Result<Self, ClientIdRuleError> {
        client_id::check_text(prefix.as_bytes()).map_err(ClientIdRuleError::Prefix)?;
        if min_len < 1 || min_len > max_len || max_len > MAX_CLIENT_ID_LEN {
            return Err(ClientIdRuleError::Length {
                min: min_len,
                max: max_len,
            });
        }
        if prefix.len() > max_len {
            return Err(ClientIdRuleError::PrefixTooLong {
                len: prefix.len(),
                max: max_len,
            });
        }
        Ok(Self {
            prefix,
            class,
            min_len,
            max_len,
        })
    }

    /// Whether `id` belongs to the role.
    ///
    /// # Errors
    /// [`ClientIdError::Prefix`], [`ClientIdError::Length`] or [`ClientIdError::Class`], judged in
    /// this order.
    pub fn check(&self, id: ClientId<'_>) -> Result<(), ClientIdError> {
        let rest = id
            .as_str()
            .strip_prefix(self.prefix)
            .ok_or(ClientIdError::Prefix)?;
        let len = id.as_str().len();
        if !(self.min_len..=self.max_len).contains(&len) {
            return Err(ClientIdError::Length {
                len,
                min: self.min_len,
                max: self.max_len,
            });
        }
        match rest.bytes().position(|b| !self.class.contains(b)) {
            Some(at) => Err(ClientIdError::Class {
                at: len - rest.len() + at,
                class: self.class,
            }),
            None => Ok(()),
        }
    }

    /// Whether some identifier belongs to both.
    #[must_use]
    pub fn overlaps(&self, other: &ClientIdRule<'_>) -> bool {
        // Both identifiers begin with the longer prefix; what follows can be digits, which every
        // class holds.
        let (short, long) = if self.prefix.len() <= other.prefix.len() {
            (self, other)
        } else {
            (other, self)
        };
        let Some(rest) = long.prefix.strip_prefix(short.prefix) else {
            return false;
        };
        let shortest = self.min_len.max(other.min_len).max(long.prefix.len());
        let longest = self.max_len.min(other.max_len);
        shortest <= longest && rest.bytes().all(|b| short.class.contains(b))
    }

    /// The literal prefix.
    #[must_use]
    pub const fn prefix(&self) -> &'a str {
        self.prefix
    }

    /// The class of the characters after the prefix.
    #[must_use]
    pub const fn class(&self) -> CharClass {
        self.class
    }

    /// Minimum length of the whole identifier, in bytes.
    #[must_use]
    pub const fn min_len(&self) -> usize {
        self.min_len
    }

    /// Maximum length of the whole identifier, in bytes.
    #[must_use]
    pub const fn max_len(&self) -> usize {
        self.max_len
    }
}

impl fmt::Display for ClientIdRule<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "\"{}\" then {}, {} to {} bytes",
            self.prefix, self.class, self.min_len, self.max_len
        )
    }
}
