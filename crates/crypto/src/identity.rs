//! Who a key belongs to: device, generation, hardware, audience, sender (spec §3.5).

use core::fmt;
use core::num::NonZeroU8;

use crate::{MAX_AUDIENCE_LEN, MAX_CLIENT_ID_LEN, MAX_HARDWARE_ID_LEN, ParamError};

/// Which provisioning of a device its keys come from: 1 to 255, never issued twice.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Ord, PartialOrd, Hash)]
pub struct Generation(NonZeroU8);

impl Generation {
    /// The first provisioning.
    pub const FIRST: Self = Self(NonZeroU8::MIN);

    /// A generation from its number.
    ///
    /// # Errors
    /// [`ParamError::Generation`] for 0.
    pub const fn new(number: u8) -> Result<Self, ParamError> {
        match NonZeroU8::new(number) {
            Some(number) => Ok(Self(number)),
            None => Err(ParamError::Generation),
        }
    }

    /// The number, 1 to 255.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0.get()
    }
}

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}

/// A device as the key tree sees it: a Client Identifier of 1 to 255 bytes in one generation.
///
/// Which characters an id may have is the gate's business; every byte string of this length derives keys.
///
/// ```
/// use mqward_crypto::{Device, Generation};
///
/// let device = Device::new("device-0123456789ab", Generation::FIRST)?;
/// assert_eq!(device.client_id(), "device-0123456789ab");
/// # Ok::<(), mqward_crypto::ParamError>(())
/// ```
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash)]
pub struct Device<'a> {
    client_id: &'a str,
    client_id_len: u8,
    generation: Generation,
}

impl<'a> Device<'a> {
    /// A device from its Client Identifier and generation.
    ///
    /// # Errors
    /// [`ParamError::ClientIdLength`] for an id that is empty or longer than [`MAX_CLIENT_ID_LEN`] bytes.
    pub fn new(client_id: &'a str, generation: Generation) -> Result<Self, ParamError> {
        match u8::try_from(client_id.len()) {
            Ok(client_id_len @ 1..) => Ok(Self {
                client_id,
                client_id_len,
                generation,
            }),
            _ => Err(ParamError::ClientIdLength {
                actual: client_id.len(),
            }),
        }
    }

    /// The Client Identifier.
    #[must_use]
    pub const fn client_id(&self) -> &'a str {
        self.client_id
    }

    /// The generation.
    #[must_use]
    pub const fn generation(&self) -> Generation {
        self.generation
    }

    /// `lp(client_id)`: its length byte, then its bytes.
    pub(crate) fn length_prefixed(&self) -> ([u8; 1], &'a [u8]) {
        ([self.client_id_len], self.client_id.as_bytes())
    }
}

const _: () = assert!(MAX_CLIENT_ID_LEN == u8::MAX as usize);

/// The public name of a board: 0 to 32 bytes, normally the 6 bytes of its base MAC as printed on the label.
///
/// Binding it stops flash that was copied to another board; it does not stop whoever patches the firmware.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash)]
pub struct HardwareId<'a> {
    bytes: &'a [u8],
    len: u8,
}

impl<'a> HardwareId<'a> {
    /// No hardware id: keys are bound to the Client Identifier alone.
    pub const EMPTY: Self = Self { bytes: &[], len: 0 };

    /// A hardware id from its bytes.
    ///
    /// # Errors
    /// [`ParamError::HardwareIdLength`] for more than [`MAX_HARDWARE_ID_LEN`] bytes.
    pub fn new(bytes: &'a [u8]) -> Result<Self, ParamError> {
        match u8::try_from(bytes.len()) {
            Ok(len) if bytes.len() <= MAX_HARDWARE_ID_LEN => Ok(Self { bytes, len }),
            _ => Err(ParamError::HardwareIdLength {
                actual: bytes.len(),
            }),
        }
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// `lp(hw)`.
    pub(crate) fn length_prefixed(&self) -> ([u8; 1], &'a [u8]) {
        ([self.len], self.bytes)
    }
}

/// The configured name of a broker or cluster: 1 to 64 bytes 0x21 to 0x7E without `A` to `Z`.
///
/// It comes from the device's configuration, never from the network, or a rogue broker could ask for another's password.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash)]
pub struct Audience<'a> {
    name: &'a str,
    len: u8,
}

impl<'a> Audience<'a> {
    /// An audience from its name, for example `mqtt.example.com`.
    ///
    /// # Errors
    /// [`ParamError::Audience`] for a name that breaks the rule above.
    pub fn new(name: &'a str) -> Result<Self, ParamError> {
        let legal = |byte: u8| byte.is_ascii_graphic() && !byte.is_ascii_uppercase();
        match u8::try_from(name.len()) {
            Ok(len @ 1..) if name.len() <= MAX_AUDIENCE_LEN && name.bytes().all(legal) => {
                Ok(Self { name, len })
            }
            _ => Err(ParamError::Audience),
        }
    }

    /// The name.
    #[must_use]
    pub const fn as_str(&self) -> &'a str {
        self.name
    }

    /// `lp(audience)`.
    pub(crate) fn length_prefixed(&self) -> ([u8; 1], &'a [u8]) {
        ([self.len], self.name.as_bytes())
    }
}

/// Who seals within one device's keys: 0 is the device, 1 to 15 further sealers on it, 16 to 255 backends.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Ord, PartialOrd, Hash)]
pub struct Sender(u8);

impl Sender {
    /// The device itself.
    pub const DEVICE: Self = Self(0);

    /// A sealer on a device: 0 to 15.
    ///
    /// # Errors
    /// [`ParamError::Sender`] for more than 15.
    pub const fn device(number: u8) -> Result<Self, ParamError> {
        if number < 16 {
            Ok(Self(number))
        } else {
            Err(ParamError::Sender)
        }
    }

    /// A backend that has leased this number: 16 to 255.
    ///
    /// # Errors
    /// [`ParamError::Sender`] for less than 16.
    pub const fn backend(number: u8) -> Result<Self, ParamError> {
        if number >= 16 {
            Ok(Self(number))
        } else {
            Err(ParamError::Sender)
        }
    }

    /// A sender as read from a header; every byte is one.
    pub(crate) const fn from_byte(byte: u8) -> Self {
        Self(byte)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }

    /// Whether it is a device's number.
    #[must_use]
    pub const fn is_device(self) -> bool {
        self.0 < 16
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_errors_and_never_cut() {
        let long = "x".repeat(256);
        assert!(Device::new("", Generation::FIRST).is_err());
        assert!(Device::new(&long, Generation::FIRST).is_err());
        assert!(Device::new(&long[..255], Generation::FIRST).is_ok());
        assert!(HardwareId::new(&[0; 32]).is_ok());
        assert!(HardwareId::new(&[0; 33]).is_err());
        assert!(HardwareId::new(&[0; 300]).is_err());
        assert!(Audience::new(&long[..64]).is_ok());
        for name in [
            "",
            &long[..65],
            &long,
            "MQTT.example.com",
            "a b",
            "caf\u{e9}",
            "a\0",
        ] {
            assert_eq!(Audience::new(name), Err(ParamError::Audience), "{name:?}");
        }
    }

    #[test]
    fn senders_know_their_side() {
        assert!(Sender::device(15).is_ok_and(Sender::is_device));
        assert!(Sender::device(16).is_err());
        assert!(Sender::backend(15).is_err());
        assert!(Sender::backend(16).is_ok_and(|sender| !sender.is_device()));
        assert_eq!(Generation::new(0), Err(ParamError::Generation));
    }
}
