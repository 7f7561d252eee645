//! Sealing a payload in the caller's buffer (spec §7.2).

use core::fmt;

use crate::aead::{Aad, aead_seal};
use crate::sender_keys::SenderKeys;
use crate::{
    Class, Clock, Device, DownSeed, HEADER_LEN, HardwareId, Header, MAX_TOPIC_LEN, ParamError,
    SEAL_OVERHEAD, SealStamper, Sender, StampError, UpSeed, cose,
};

/// The length of a sealed payload, in bytes, usable for static buffers.
///
/// ```
/// static BUFFER: [u8; mqward_crypto::sealed_len(64)] = [0; mqward_crypto::sealed_len(64)];
/// assert_eq!(BUFFER.len(), 94);
/// ```
#[must_use]
pub const fn sealed_len(payload_len: usize) -> usize {
    payload_len.saturating_add(SEAL_OVERHEAD)
}

/// Why a payload was not sealed. No stamp is spent, except for [`TooLong`](Self::TooLong).
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum SealError {
    /// A Topic Name has 1 to 65 535 bytes.
    TopicLength {
        /// Its length in bytes.
        actual: usize,
    },
    /// The buffer cannot hold header, payload and tag.
    BufferTooSmall {
        /// The length needed, in bytes.
        needed: usize,
    },
    /// The stamper counts for another sender.
    OtherSender,
    /// No stamp is left in this boot.
    Stamp(StampError),
    /// The payload exceeds what one nonce may encrypt (256 GiB).
    TooLong,
}

impl fmt::Display for SealError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TopicLength { actual } => {
                write!(
                    f,
                    "a Topic Name has 1 to {MAX_TOPIC_LEN} bytes, not {actual}"
                )
            }
            Self::BufferTooSmall { needed } => {
                write!(f, "the buffer is shorter than {needed} bytes")
            }
            Self::OtherSender => f.write_str("the stamper belongs to another sender"),
            Self::Stamp(error) => error.fmt(f),
            Self::TooLong => f.write_str("the payload is too long for one nonce"),
        }
    }
}

impl core::error::Error for SealError {}

/// Seals payloads of one sender: a device's uplink, or a backend's downlink to one device.
///
/// The payload opens only on its topic, in its direction, from its sender and for its class.
///
/// ```
/// use mqward_crypto::*;
/// # struct Ram([[u8; BOOT_SLOT_LEN]; 2]);
/// # impl BootStorage for Ram {
/// #     type Error = core::convert::Infallible;
/// #     fn read(&mut self, slot: Slot, buf: &mut [u8; BOOT_SLOT_LEN]) -> Result<(), Self::Error> { *buf = self.0[slot as usize]; Ok(()) }
/// #     fn write(&mut self, slot: Slot, buf: &[u8; BOOT_SLOT_LEN]) -> Result<(), Self::Error> { self.0[slot as usize] = *buf; Ok(()) }
/// # }
/// # let now = UnixTime::from_secs(1_767_225_600).expect("in range");
/// # let mut flash = Ram([BootRecord::first_slot(now), [0xff; BOOT_SLOT_LEN]]);
/// let device = Device::new("device-0123456789ab", Generation::FIRST)?;
/// let hw = HardwareId::new(&[0x24, 0x6f, 0x28, 0xa1, 0xb2, 0xc3])?;
/// let seed = UpSeed::from_bytes([7; 32]); // from the provisioning blob
/// let mut boot = BootRecord::start(&mut flash)?; // once per boot
/// let mut stamper = boot.seal_stamper(Sender::DEVICE, [0; 4]).expect("the first time");
///
/// let sealer = Sealer::uplink(&seed, device, hw, Sender::DEVICE)?;
/// let mut buf = [0; sealed_len(4)];
/// buf[HEADER_LEN..HEADER_LEN + 4].copy_from_slice(b"21.5");
/// let topic = "tx/device-0123456789ab/t";
/// let len = sealer.seal_in_place(&mut stamper, Class::Live, topic, Clock::Trusted(now), &mut buf, 4)?;
///
/// let opener = Opener::uplink(&seed, device, hw, Sender::DEVICE)?; // at the backend
/// let Opened::Message(message) = opener.open_in_place(topic, &mut buf[..len])? else { panic!() };
/// assert_eq!(message.payload(), b"21.5");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Sealer(SenderKeys);

impl Sealer {
    /// The sealer of a device.
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

    /// The sealer of a backend towards one device, whose current boot is `device_boot`.
    ///
    /// The backend learns that boot ([`Receipt::boot`](crate::Receipt::boot)) from an uplink that its window judged
    /// fresh, and takes a higher one only, or an old recording would misdirect its commands (spec §8.2). Class live is
    /// bound to it, the other classes are not.
    ///
    /// # Errors
    /// [`ParamError::Sender`] unless `sender` is a backend's, 16 to 255; [`ParamError::Boot`] for boot 0.
    pub fn downlink(
        seed: &DownSeed,
        device: Device<'_>,
        hw: HardwareId<'_>,
        sender: Sender,
        device_boot: u32,
    ) -> Result<Self, ParamError> {
        SenderKeys::downlink(seed, device, hw, sender, device_boot).map(Self)
    }

    /// Seals `buf[HEADER_LEN..HEADER_LEN + payload_len]` where it stands and returns the sealed length:
    /// `buf[..returned]` is the payload of the PUBLISH.
    ///
    /// `topic` is the Topic Name of that PUBLISH, byte for byte.
    ///
    /// # Errors
    /// [`SealError`]; the buffer is unchanged then.
    pub fn seal_in_place(
        &self,
        stamper: &mut SealStamper,
        class: Class,
        topic: &str,
        clock: Clock,
        buf: &mut [u8],
        payload_len: usize,
    ) -> Result<usize, SealError> {
        let needed = sealed_len(payload_len);
        let error = SealError::BufferTooSmall { needed };
        let sealed = buf.get_mut(..needed).ok_or(error)?;
        let (header_out, rest) = sealed.split_first_chunk_mut::<HEADER_LEN>().ok_or(error)?;
        let (payload, tag_out) = rest.split_last_chunk_mut().ok_or(error)?;
        let aad_head = cose::AadHead::new(topic.len()).ok_or(SealError::TopicLength {
            actual: topic.len(),
        })?;
        if stamper.sender() != self.0.sender() {
            return Err(SealError::OtherSender);
        }

        let (stamp, no_clock) = stamper.stamp(clock).map_err(SealError::Stamp)?;
        let header = Header::new(class, no_clock, self.0.generation(), self.0.sender(), stamp);
        let aad = Aad {
            head: aad_head.as_bytes(),
            tail: topic.as_bytes(),
        };
        let key = self.0.key(class).expose();
        let tag = aead_seal(key, &header.iv(), &aad, payload).ok_or(SealError::TooLong)?;
        *header_out = header.encode();
        *tag_out = tag;
        Ok(needed)
    }

    /// Seals `payload` into another buffer and returns the sealed length.
    ///
    /// # Errors
    /// [`SealError`]; no stamp is spent if `out` is too small.
    pub fn seal(
        &self,
        stamper: &mut SealStamper,
        class: Class,
        topic: &str,
        clock: Clock,
        payload: &[u8],
        out: &mut [u8],
    ) -> Result<usize, SealError> {
        let needed = sealed_len(payload.len());
        let error = SealError::BufferTooSmall { needed };
        let sealed = out.get_mut(..needed).ok_or(error)?;
        sealed
            .get_mut(HEADER_LEN..HEADER_LEN + payload.len())
            .ok_or(error)?
            .copy_from_slice(payload);
        let sealed_len = self.seal_in_place(stamper, class, topic, clock, sealed, payload.len());
        if sealed_len.is_err() {
            // The plaintext does not stay where a sealed payload was asked for.
            sealed.fill(0);
        }
        sealed_len
    }
}
