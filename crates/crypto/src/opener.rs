//! Opening a sealed payload in the caller's buffer (spec §7.4).

use core::fmt;

use zeroize::Zeroize;

use crate::aead::{Aad, aead_open};
use crate::sender_keys::SenderKeys;
use crate::{
    Device, DownSeed, FrameError, HEADER_LEN, HardwareId, Header, ParamError, Receipt, Sender,
    TAG_LEN, UpSeed, cose,
};

/// Why a payload does not open.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum OpenError {
    /// It is not a sealed payload; the buffer is unchanged.
    Frame(FrameError),
    /// Its header names another generation or sender than this opener's; the buffer is unchanged.
    OtherKey,
    /// It was changed, or sealed for another topic, direction, sender, class, device or boot: no more is told, and the
    /// buffer is zeroed.
    Refused,
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Frame(error) => error.fmt(f),
            Self::OtherKey => f.write_str("sealed in another generation or by another sender"),
            Self::Refused => f.write_str("the payload is not authentic"),
        }
    }
}

impl core::error::Error for OpenError {}

/// What a PUBLISH held.
#[derive(Debug)]
pub enum Opened<'b> {
    /// Nothing: MQTT's delete of a retained message, which anyone who may publish can send. Neither a value nor an error.
    Cleared,
    /// An authentic message, to be judged by a window before it has an effect.
    Message(Message<'b>),
}

/// An authentic message in the caller's buffer. `Debug` leaves the plaintext out.
pub struct Message<'b> {
    payload: &'b mut [u8],
    receipt: Receipt,
}

impl fmt::Debug for Message<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("len", &self.payload.len())
            .field("receipt", &self.receipt)
            .finish_non_exhaustive()
    }
}

impl<'b> Message<'b> {
    /// The plaintext.
    #[must_use]
    pub const fn payload(&self) -> &[u8] {
        self.payload
    }

    /// Who sealed it and when: what windows and marks judge.
    #[must_use]
    pub const fn receipt(&self) -> &Receipt {
        &self.receipt
    }

    /// The plaintext and the receipt, apart.
    #[must_use]
    pub fn into_parts(self) -> (&'b mut [u8], Receipt) {
        (self.payload, self.receipt)
    }
}

/// Opens payloads of one sender: a device's uplink at a backend, or a backend's downlink at the device.
///
/// There is no way to decrypt without verifying.
#[derive(Debug)]
pub struct Opener(SenderKeys);

impl Opener {
    /// The opener of a device's uplink.
    ///
    /// # Errors
    /// [`ParamError::Sender`] unless `sender` is a device's, 0 to 15.
    pub fn uplink(
        seed: &UpSeed,
        device: Device<'_>,
        hw: HardwareId<'_>,
        sender: Sender,
    ) -> Result<Self, ParamError> {
        SenderKeys::uplink(seed, device, hw, sender).map(Self)
    }

    /// The opener of a device for one backend, in the device's current boot.
    ///
    /// # Errors
    /// [`ParamError::Sender`] unless `sender` is a backend's, 16 to 255; [`ParamError::Boot`] for boot 0.
    pub fn downlink(
        seed: &DownSeed,
        device: Device<'_>,
        hw: HardwareId<'_>,
        sender: Sender,
        own_boot: u32,
    ) -> Result<Self, ParamError> {
        SenderKeys::downlink(seed, device, hw, sender, own_boot).map(Self)
    }

    /// Verifies and decrypts a PUBLISH payload where it stands.
    ///
    /// `topic` is the Topic Name it arrived on, byte for byte; for an MQTT 5 topic alias, the name it stands for.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open_in_place<'b>(
        &self,
        topic: &str,
        sealed: &'b mut [u8],
    ) -> Result<Opened<'b>, OpenError> {
        if sealed.is_empty() {
            return Ok(Opened::Cleared);
        }
        let header = Header::parse(sealed).map_err(OpenError::Frame)?;
        if header.generation() != self.0.generation() || header.sender() != self.0.sender() {
            return Err(OpenError::OtherKey);
        }
        if self.authenticate(&header, topic, sealed).is_none() {
            sealed.zeroize();
            return Err(OpenError::Refused);
        }
        let plaintext = HEADER_LEN..sealed.len() - TAG_LEN;
        let payload = sealed.get_mut(plaintext).ok_or(OpenError::Refused)?;
        let receipt = Receipt::new(self.0.direction(), &header);
        Ok(Opened::Message(Message { payload, receipt }))
    }

    fn authenticate(&self, header: &Header, topic: &str, sealed: &mut [u8]) -> Option<()> {
        let aad_head = cose::AadHead::new(topic.len())?;
        let aad = Aad {
            head: aad_head.as_bytes(),
            tail: topic.as_bytes(),
        };
        let (rest, tag) = sealed.split_last_chunk_mut::<TAG_LEN>()?;
        let ciphertext = rest.get_mut(HEADER_LEN..)?;
        let key = self.0.key(header.class()).expose();
        aead_open(key, &header.iv(), &aad, ciphertext, tag)
    }
}
