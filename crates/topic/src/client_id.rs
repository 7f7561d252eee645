//! The Client Identifier: who a connection is.

use core::fmt;

use crate::ClientIdError;

/// Longest Client Identifier, in bytes.
pub const MAX_CLIENT_ID_LEN: usize = 255;

/// A Client Identifier: 1 to 255 printable ASCII characters (0x21..=0x7E), none of `+ # / $ % *`.
///
/// Narrower than MQTT (5.0 §3.1.3.1), so that an identifier is always exactly one topic level and
/// never a wildcard, a `$` name or a placeholder, in any broker.
///
/// ```
/// use mqward_topic::{ClientId, ClientIdError};
///
/// let id = ClientId::new("device-0123456789ab")?;
/// assert_eq!(id.as_str().len(), 19);
/// assert_eq!(ClientId::new("+"), Err(ClientIdError::Character { at: 0 }));
/// # Ok::<(), ClientIdError>(())
/// ```
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash)]
pub struct ClientId<'a>(&'a str);

impl<'a> ClientId<'a> {
    /// Validates a Client Identifier.
    ///
    /// # Errors
    /// [`ClientIdError::Empty`], [`ClientIdError::TooLong`] or [`ClientIdError::Character`].
    pub fn new(id: &'a str) -> Result<Self, ClientIdError> {
        if id.is_empty() {
            return Err(ClientIdError::Empty);
        }
        check_text(id.as_bytes())?;
        Ok(Self(id))
    }

    /// Validates the bytes of a Client Identifier as they came from the network.
    ///
    /// # Errors
    /// As [`new`](Self::new); bytes that are not ASCII are [`ClientIdError::Character`].
    pub fn from_bytes(id: &'a [u8]) -> Result<Self, ClientIdError> {
        if id.is_empty() {
            return Err(ClientIdError::Empty);
        }
        check_text(id)?;
        // What has passed is ASCII, so this never fails.
        match core::str::from_utf8(id) {
            Ok(id) => Ok(Self(id)),
            Err(error) => Err(ClientIdError::Character {
                at: error.valid_up_to(),
            }),
        }
    }

    /// The identifier as text.
    #[must_use]
    pub const fn as_str(&self) -> &'a str {
        self.0
    }

    /// The identifier as bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.0.as_bytes()
    }
}

impl<'a> TryFrom<&'a str> for ClientId<'a> {
    type Error = ClientIdError;

    fn try_from(id: &'a str) -> Result<Self, ClientIdError> {
        Self::new(id)
    }
}

impl fmt::Display for ClientId<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl fmt::Debug for ClientId<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ClientId({:?})", self.0)
    }
}

/// At most [`MAX_CLIENT_ID_LEN`] characters that an identifier may hold.
pub(crate) fn check_text(text: &[u8]) -> Result<(), ClientIdError> {
    if text.len() > MAX_CLIENT_ID_LEN {
        return Err(ClientIdError::TooLong { len: text.len() });
    }
    let allowed =
        |b: u8| b.is_ascii_graphic() & !matches!(b, b'+' | b'#' | b'/' | b'$' | b'%' | b'*');
    // No early end on the good path, so that the compiler takes many bytes at once.
    if text.iter().fold(true, |all, b| all & allowed(*b)) {
        return Ok(());
    }
    let at = text.iter().position(|b| !allowed(*b)).unwrap_or_default();
    Err(ClientIdError::Character { at })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_judged() {
        for byte in 0..=u8::MAX {
            let allowed = (0x21..=0x7e).contains(&byte) && !b"+#/$%*".contains(&byte);
            let text = [b'a', byte];
            let expected = if allowed {
                Ok(())
            } else {
                Err(ClientIdError::Character { at: 1 })
            };
            assert_eq!(
                ClientId::from_bytes(&text).map(|_| ()),
                expected,
                "{byte:#x}"
            );
        }
    }

    #[test]
    fn length_is_1_to_255() {
        let text = [b'a'; MAX_CLIENT_ID_LEN + 1];
        assert_eq!(ClientId::from_bytes(b""), Err(ClientIdError::Empty));
        assert!(ClientId::from_bytes(&text[..1]).is_ok());
        assert!(ClientId::from_bytes(&text[1..]).is_ok());
        assert_eq!(
            ClientId::from_bytes(&text),
            Err(ClientIdError::TooLong { len: 256 })
        );
    }
}
