//! The COSE_Encrypt0 form of a sealed payload, computed without a key (spec §7; RFC 9052 §5.2, RFC 9053 §4.3).

use core::fmt;

use crate::{FrameError, HEADER_LEN, Header, MAX_TOPIC_LEN, SEAL_OVERHEAD};

/// Enc_structure up to the topic: array(3), "Encrypt0", bstr { 1: 24 } (RFC 9052 §5.3).
const ENC_STRUCTURE: [u8; 15] = *b"\x83\x68Encrypt0\x44\xa1\x01\x18\x18";

/// Tag 16, array(3), bstr { 1: 24 }, map(2), 4: bstr(2).
const BEFORE_KID: [u8; 10] = [0xd0, 0x83, 0x44, 0xa1, 0x01, 0x18, 0x18, 0xa2, 0x04, 0x42];
const KID_AT: usize = BEFORE_KID.len();
/// 5: bstr(12).
const BEFORE_IV: [u8; 2] = [0x05, 0x4c];
const IV_AT: usize = BEFORE_IV.len() + KID_AT + 2;
const CIPHERTEXT_AT: usize = IV_AT + 12;

/// How many bytes the full form has beyond the compact one, at most.
pub const MAX_EXTRA_LEN: usize = CIPHERTEXT_AT + 5 - HEADER_LEN;

/// The Enc_structure's head for a topic of some length; the topic's bytes follow it.
pub(crate) struct AadHead {
    bytes: [u8; 18],
    len: usize,
}

impl AadHead {
    /// `None` unless the topic has 1 to 65 535 bytes.
    pub(crate) fn new(topic_len: usize) -> Option<Self> {
        let [high, low] = match u16::try_from(topic_len) {
            Ok(len @ 1..) => len.to_be_bytes(),
            _ => return None,
        };
        let mut bytes = [0; 18];
        bytes[..ENC_STRUCTURE.len()].copy_from_slice(&ENC_STRUCTURE);
        // As `BstrHead`, of which topics need the short ones alone.
        let len = match topic_len {
            0..24 => {
                bytes[15] = 0x40 | low;
                16
            }
            24..0x100 => {
                bytes[15] = 0x58;
                bytes[16] = low;
                17
            }
            _ => {
                bytes[15] = 0x59;
                bytes[16] = high;
                bytes[17] = low;
                18
            }
        };
        Some(Self { bytes, len })
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

const _: () = assert!(MAX_TOPIC_LEN == u16::MAX as usize);

/// The head of a byte string in its shortest form (RFC 8949 §3, §4.2.1).
struct BstrHead {
    bytes: [u8; 5],
    len: usize,
}

impl BstrHead {
    /// `None` for 4 GiB and more.
    fn new(len: usize) -> Option<Self> {
        let [a, b, c, d] = u32::try_from(len).ok()?.to_be_bytes();
        Some(match len {
            0..24 => Self {
                bytes: [0x40 | d, 0, 0, 0, 0],
                len: 1,
            },
            24..0x100 => Self {
                bytes: [0x58, d, 0, 0, 0],
                len: 2,
            },
            0x100..0x1_0000 => Self {
                bytes: [0x59, c, d, 0, 0],
                len: 3,
            },
            _ => Self {
                bytes: [0x5a, a, b, c, d],
                len: 5,
            },
        })
    }

    fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

/// Why one form could not be computed from the other.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum CoseError {
    /// The compact form, given or found inside, is none.
    Frame(FrameError),
    /// The full form is not encoded exactly as [`expand`] would.
    NotCanonical,
    /// The buffer cannot hold the result.
    BufferTooSmall {
        /// The length needed, in bytes.
        needed: usize,
    },
    /// Four GiB and more have no full form here.
    TooLong,
}

impl fmt::Display for CoseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Frame(error) => error.fmt(f),
            Self::NotCanonical => {
                f.write_str("not the one COSE_Encrypt0 encoding of a sealed payload")
            }
            Self::BufferTooSmall { needed } => {
                write!(f, "the buffer is shorter than {needed} bytes")
            }
            Self::TooLong => f.write_str("a payload of 4 GiB or more has no COSE form"),
        }
    }
}

impl core::error::Error for CoseError {}

/// Writes the full COSE_Encrypt0 of a compact sealed payload and returns its length.
///
/// A COSE library opens it with the sender key, algorithm 24 and the Topic Name as external AAD.
///
/// ```
/// use mqward_crypto::{SEAL_OVERHEAD, cose};
///
/// let mut sealed = [1; SEAL_OVERHEAD];
/// sealed[0] = 0x10;
/// let mut full = [0; SEAL_OVERHEAD + cose::MAX_EXTRA_LEN];
/// let len = cose::expand(&sealed, &mut full)?;
/// let mut back = [0; SEAL_OVERHEAD];
/// assert_eq!(cose::compact(&full[..len], &mut back)?, sealed.len());
/// assert_eq!(back, sealed);
/// # Ok::<(), cose::CoseError>(())
/// ```
///
/// # Errors
/// [`CoseError`]; `out` is unchanged then.
pub fn expand(sealed: &[u8], out: &mut [u8]) -> Result<usize, CoseError> {
    let header = Header::parse(sealed).map_err(CoseError::Frame)?;
    let ciphertext = sealed.get(HEADER_LEN..).unwrap_or_default();
    let head = BstrHead::new(ciphertext.len()).ok_or(CoseError::TooLong)?;
    let needed = CIPHERTEXT_AT + head.as_bytes().len() + ciphertext.len();
    let out = out
        .get_mut(..needed)
        .ok_or(CoseError::BufferTooSmall { needed })?;
    let parts: [&[u8]; 6] = [
        &BEFORE_KID,
        &[header.generation().get(), header.sender().get()],
        &BEFORE_IV,
        &header.iv(),
        head.as_bytes(),
        ciphertext,
    ];
    let mut rest = out;
    for part in parts {
        let Some((slot, tail)) = rest.split_at_mut_checked(part.len()) else {
            return Err(CoseError::BufferTooSmall { needed });
        };
        slot.copy_from_slice(part);
        rest = tail;
    }
    Ok(needed)
}

/// Writes the compact form of a full COSE_Encrypt0 and returns its length.
///
/// The one encoding that [`expand`] writes is accepted, so a payload has one full form alone.
///
/// # Errors
/// [`CoseError`]; `out` is unchanged then.
pub fn compact(full: &[u8], out: &mut [u8]) -> Result<usize, CoseError> {
    let (fixed, rest) = full
        .split_first_chunk::<CIPHERTEXT_AT>()
        .ok_or(CoseError::NotCanonical)?;
    let head_len = match rest.first() {
        Some(0x40..=0x57) => 1,
        Some(0x58) => 2,
        Some(0x59) => 3,
        Some(0x5a) => 5,
        _ => return Err(CoseError::NotCanonical),
    };
    let (head, ciphertext) = rest
        .split_at_checked(head_len)
        .ok_or(CoseError::NotCanonical)?;
    // A head that is not the shortest, or counts more or fewer bytes than follow, differs from this one.
    let shortest = BstrHead::new(ciphertext.len()).ok_or(CoseError::TooLong)?;
    let canonical = fixed[..KID_AT] == BEFORE_KID
        && fixed[KID_AT + 2..IV_AT] == BEFORE_IV
        && head == shortest.as_bytes();
    if !canonical {
        return Err(CoseError::NotCanonical);
    }
    let needed = HEADER_LEN + ciphertext.len();
    if needed < SEAL_OVERHEAD {
        return Err(CoseError::Frame(FrameError::TooShort { actual: needed }));
    }
    let mut header = [0; SEAL_OVERHEAD];
    header[0] = fixed[IV_AT];
    header[1..3].copy_from_slice(&fixed[KID_AT..KID_AT + 2]);
    header[3..HEADER_LEN].copy_from_slice(&fixed[IV_AT + 1..]);
    Header::parse(&header).map_err(CoseError::Frame)?;

    let out = out
        .get_mut(..needed)
        .ok_or(CoseError::BufferTooSmall { needed })?;
    let (header_out, ciphertext_out) = out
        .split_at_mut_checked(HEADER_LEN)
        .ok_or(CoseError::BufferTooSmall { needed })?;
    header_out.copy_from_slice(&header[..HEADER_LEN]);
    ciphertext_out.copy_from_slice(ciphertext);
    Ok(needed)
}
