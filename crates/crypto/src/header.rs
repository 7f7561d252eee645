//! The header of a sealed payload: what a reader learns before it has the key (spec §7.1).

use core::fmt;

use crate::{Generation, SEAL_OVERHEAD, STAMP_LEN, Sender, Stamp, UnixTime};

/// Bytes of the header.
pub const HEADER_LEN: usize = 3 + STAMP_LEN;

/// The upper bits of the first byte of every sealed payload of this version.
const VERSION: u8 = 0x10;

/// Bit S of the first byte: the time field holds a salt, because the sender has no clock.
const NO_CLOCK: u8 = 0x04;

/// What a payload was sealed for; it opens for nothing else.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash)]
pub enum Class {
    /// Telemetry and commands that are worth something now.
    Live,
    /// A retained message, delivered again and again.
    Retained,
    /// A will, sealed at CONNECT and published later by the broker.
    Will,
    /// Commands and data that wait for a sleeping receiver.
    Stored,
}

impl Class {
    const fn bits(self) -> u8 {
        match self {
            Self::Live => 0,
            Self::Retained => 1,
            Self::Will => 2,
            Self::Stored => 3,
        }
    }

    const fn from_bits(byte0: u8) -> Self {
        match byte0 & 0x03 {
            0 => Self::Live,
            1 => Self::Retained,
            2 => Self::Will,
            _ => Self::Stored,
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Live => "live",
            Self::Retained => "retained",
            Self::Will => "will",
            Self::Stored => "stored",
        })
    }
}

/// A payload does not have the shape of a sealed one; nothing secret is involved.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum FrameError {
    /// Shorter than header and tag.
    TooShort {
        /// Its length in bytes.
        actual: usize,
    },
    /// The first byte is not 0x10 to 0x17: another version, or plaintext.
    Version {
        /// The first byte.
        byte: u8,
    },
    /// The generation is 0.
    Generation,
    /// The boot is 0.
    Boot,
    /// The header claims a clock, and the time is 0.
    Time,
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooShort { actual } => {
                write!(
                    f,
                    "{actual} bytes are fewer than the {SEAL_OVERHEAD} of an empty sealed payload"
                )
            }
            Self::Version { byte } => write!(f, "the first byte is {byte:#04x}, not 0x10 to 0x17"),
            Self::Generation => f.write_str("the generation is 0"),
            Self::Boot => f.write_str("the boot is 0"),
            Self::Time => f.write_str("the header claims a clock, but its time is 0"),
        }
    }
}

impl core::error::Error for FrameError {}

/// `byte0 || generation || sender || time-or-salt || boot || count`: 14 bytes in the clear.
///
/// A reader uses it to pick the one key that can open the payload. Until that key has opened it, all of this is a claim.
///
/// ```
/// use mqward_crypto::{Class, Header};
///
/// let payload = [
///     0x10, 0x01, 0x00, 0x69, 0x55, 0xb9, 0x00, 0x68, 0xe7, 0x78, 0x01, 0x00, 0x00, 0x07, 0x80, 0x13, 0xdf, 0xf5, 0x1d,
///     0xb5, 0xb3, 0x43, 0x0a, 0x73, 0x70, 0x8a, 0xf1, 0xe5, 0x7f, 0x44, 0xdd, 0x62, 0xe3, 0xad,
/// ];
/// let header = Header::parse(&payload)?;
/// assert_eq!((header.class(), header.generation().get(), header.sender().get()), (Class::Live, 1, 0));
/// assert_eq!((header.stamp().boot(), header.stamp().count()), (1_760_000_001, 7));
/// # Ok::<(), mqward_crypto::FrameError>(())
/// ```
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct Header {
    class: Class,
    no_clock: bool,
    generation: Generation,
    sender: Sender,
    stamp: Stamp,
}

impl Header {
    pub(crate) const fn new(
        class: Class,
        no_clock: bool,
        generation: Generation,
        sender: Sender,
        stamp: Stamp,
    ) -> Self {
        Self {
            class,
            no_clock,
            generation,
            sender,
            stamp,
        }
    }

    /// Reads the header of a whole sealed payload.
    ///
    /// # Errors
    /// [`FrameError`] if it is too short or not of this version.
    pub fn parse(sealed: &[u8]) -> Result<Self, FrameError> {
        match sealed.first_chunk::<HEADER_LEN>() {
            Some(header) if sealed.len() >= SEAL_OVERHEAD => Self::decode(header),
            _ => Err(FrameError::TooShort {
                actual: sealed.len(),
            }),
        }
    }

    fn decode(bytes: &[u8; HEADER_LEN]) -> Result<Self, FrameError> {
        let [byte0, generation, sender, stamp @ ..] = bytes;
        if byte0 & !(NO_CLOCK | 0x03) != VERSION {
            return Err(FrameError::Version { byte: *byte0 });
        }
        let header = Self {
            class: Class::from_bits(*byte0),
            no_clock: byte0 & NO_CLOCK != 0,
            generation: Generation::new(*generation).map_err(|_| FrameError::Generation)?,
            sender: Sender::from_byte(*sender),
            stamp: Stamp::decode(stamp).ok_or(FrameError::Boot)?,
        };
        if !header.no_clock && header.stamp.time_field() == 0 {
            return Err(FrameError::Time);
        }
        Ok(header)
    }

    fn byte0(&self) -> u8 {
        VERSION | if self.no_clock { NO_CLOCK } else { 0 } | self.class.bits()
    }

    pub(crate) fn encode(&self) -> [u8; HEADER_LEN] {
        let mut bytes = [0; HEADER_LEN];
        bytes[0] = self.byte0();
        bytes[1] = self.generation.get();
        bytes[2] = self.sender.get();
        bytes[3..].copy_from_slice(&self.stamp.encode());
        bytes
    }

    /// `iv = byte0 || time-or-salt || boot || count`
    pub(crate) fn iv(&self) -> [u8; 12] {
        let mut iv = [0; 12];
        iv[0] = self.byte0();
        iv[1..].copy_from_slice(&self.stamp.encode());
        iv
    }

    /// What the payload was sealed for.
    #[must_use]
    pub const fn class(&self) -> Class {
        self.class
    }

    /// The generation of the device's keys.
    #[must_use]
    pub const fn generation(&self) -> Generation {
        self.generation
    }

    /// Who sealed it.
    #[must_use]
    pub const fn sender(&self) -> Sender {
        self.sender
    }

    /// The stamp.
    #[must_use]
    pub const fn stamp(&self) -> Stamp {
        self.stamp
    }

    /// The time of sealing; `None` if the sender had no clock (bit S).
    #[must_use]
    pub fn time(&self) -> Option<UnixTime> {
        if self.no_clock {
            None
        } else {
            self.stamp.time()
        }
    }
}

/// Whether a PUBLISH payload has the shape of a sealed one: for a broker's `sealed` rule, which has no key.
///
/// RETAIN is clear for live and stored, set for retained, either for a will. An empty payload has no sealed shape: on a
/// topic with such a rule a retained value is cleared by sealing an empty payload, not by MQTT's unsigned delete.
#[must_use]
pub fn is_sealed_shape(payload: &[u8], retain: bool) -> bool {
    match Header::parse(payload).map(|header| header.class()) {
        Ok(Class::Will) => true,
        Ok(Class::Retained) => retain,
        Ok(Class::Live | Class::Stored) => !retain,
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealed(byte0: u8) -> [u8; SEAL_OVERHEAD] {
        let mut bytes = [1; SEAL_OVERHEAD];
        bytes[0] = byte0;
        bytes
    }

    #[test]
    fn every_first_byte() {
        for byte0 in 0..=255 {
            let parsed = Header::parse(&sealed(byte0));
            if (0x10..=0x17).contains(&byte0) {
                let header = parsed.unwrap();
                assert_eq!(header.encode(), sealed(byte0)[..HEADER_LEN]);
                assert_eq!(header.time().is_none(), byte0 & 4 != 0);
            } else {
                assert_eq!(parsed, Err(FrameError::Version { byte: byte0 }));
            }
        }
    }

    #[test]
    fn zeros_that_no_sender_writes() {
        let mut bytes = sealed(0x10);
        bytes[1] = 0;
        assert_eq!(Header::parse(&bytes), Err(FrameError::Generation));
        let mut bytes = sealed(0x10);
        bytes[7..11].fill(0);
        assert_eq!(Header::parse(&bytes), Err(FrameError::Boot));
        let mut bytes = sealed(0x10);
        bytes[3..7].fill(0);
        assert_eq!(Header::parse(&bytes), Err(FrameError::Time));
        bytes[0] = 0x14; // a salt may be anything
        assert!(Header::parse(&bytes).is_ok());
        assert_eq!(
            Header::parse(&bytes[..29]),
            Err(FrameError::TooShort { actual: 29 })
        );
    }

    #[test]
    fn shape_against_the_retain_flag() {
        for (byte0, retained, plain) in [
            (0x10, false, true),
            (0x11, true, false),
            (0x12, true, true),
            (0x13, false, true),
            (0x18, false, false),
            (b'{', false, false),
        ] {
            assert_eq!(
                is_sealed_shape(&sealed(byte0), true),
                retained,
                "{byte0:#x}"
            );
            assert_eq!(is_sealed_shape(&sealed(byte0), false), plain, "{byte0:#x}");
        }
        assert!(!is_sealed_shape(b"", true));
        assert!(!is_sealed_shape(b"", false));
        assert!(!is_sealed_shape(&sealed(0x10)[..29], false));
    }
}
