#![no_std]
#![deny(unsafe_code)]
#![doc = include_str!("../README.md")]

#[cfg(test)]
extern crate std;

mod aad;
#[cfg(any(not(target_pointer_width = "64"), test))]
mod narrow;
#[cfg(target_pointer_width = "64")]
mod one_block_hmac;
#[cfg(target_pointer_width = "64")]
mod path;
#[cfg(target_pointer_width = "64")]
mod poly1305;
#[cfg(target_pointer_width = "64")]
mod portable;
#[cfg(test)]
mod tests;
#[cfg(target_pointer_width = "64")]
mod wide;
#[cfg(target_pointer_width = "64")]
mod words;
#[cfg(test)]
mod wycheproof;
#[cfg(mqward_simd)]
mod x86;

use core::hint::black_box;

pub use aad::{Aad, MAX_AAD_HEAD_LEN};
#[cfg(target_pointer_width = "64")]
pub use one_block_hmac::OneBlockHmac;
#[cfg(target_pointer_width = "64")]
pub use path::Path;

/// Bytes of a key.
pub const KEY_LEN: usize = 32;
/// Bytes of a nonce, which no key may meet twice.
pub const NONCE_LEN: usize = 12;
/// Bytes of a tag.
pub const TAG_LEN: usize = 16;

/// The longest message: of 2^32 blocks (RFC 8439 §2.8) the first is the authenticator's key, and 64 are spare, because
/// keystream is made in passes of several.
const MAX_MESSAGE_LEN: u64 = ((1 << 32) - 64) * 64;

fn is_refused(aad: &Aad<'_>, message_len: usize) -> bool {
    aad.head.len() > MAX_AAD_HEAD_LEN
        || u64::try_from(message_len).is_ok_and(|len| len > MAX_MESSAGE_LEN)
}

/// A one-time authenticator: Poly1305 (RFC 8439 §2.5).
#[cfg(target_pointer_width = "64")]
trait Authenticator {
    /// Whether it takes long data at once in less time than in parts.
    const AT_ONCE: bool;

    /// Takes data, and zeros up to a whole block (RFC 8439 §2.8.1).
    fn update_padded(&mut self, data: &[u8]);

    /// Takes one block, as a number.
    fn update(&mut self, block: u128);

    /// The tag, as a number: an array would be stored in halves and waited for when it is loaded whole.
    fn finish(self) -> u128;
}

/// Whether two tags are the same, without a hint of where they differ.
fn is_same(left: [u8; TAG_LEN], right: &[u8; TAG_LEN]) -> bool {
    let difference = u128::from_le_bytes(left) ^ u128::from_le_bytes(*right);
    // One word, behind a barrier, so that no compiler compares the halves one after the other.
    black_box((difference | difference >> 64) & u128::from(u64::MAX)) == 0
}

/// Encrypts `message` in place and returns the tag (AEAD_CHACHA20_POLY1305, RFC 8439 §2.8).
///
/// The nonce must be new for this key. `None` if the head of `aad` has more than [`MAX_AAD_HEAD_LEN`] bytes, or the
/// message more than one nonce may encrypt (256 GiB); nothing is written then.
///
/// ```
/// use mqward_aead::{Aad, open, seal};
///
/// let aad = Aad { head: b"v1 ", tail: b"tx/device-1/temperature" };
/// let mut message = *b"21.5";
/// let tag = seal(&[7; 32], &[1; 12], &aad, &mut message).ok_or("too long")?;
/// assert_ne!(message, *b"21.5");
/// open(&[7; 32], &[1; 12], &aad, &mut message, &tag).ok_or("not authentic")?;
/// assert_eq!(message, *b"21.5");
/// # Ok::<(), &str>(())
/// ```
#[must_use]
pub fn seal(
    key: &[u8; KEY_LEN],
    nonce: &[u8; NONCE_LEN],
    aad: &Aad<'_>,
    message: &mut [u8],
) -> Option<[u8; TAG_LEN]> {
    #[cfg(target_pointer_width = "64")]
    return Path::best().seal(key, nonce, aad, message);
    #[cfg(not(target_pointer_width = "64"))]
    return narrow::seal(key, nonce, aad, message);
}

/// Verifies the tag, then decrypts `message` in place (RFC 8439 §2.8).
///
/// `None` unless the tag is right: nothing is decrypted then.
#[must_use]
pub fn open(
    key: &[u8; KEY_LEN],
    nonce: &[u8; NONCE_LEN],
    aad: &Aad<'_>,
    message: &mut [u8],
    tag: &[u8; TAG_LEN],
) -> Option<()> {
    #[cfg(target_pointer_width = "64")]
    return Path::best().open(key, nonce, aad, message, tag);
    #[cfg(not(target_pointer_width = "64"))]
    return narrow::open(key, nonce, aad, message, tag);
}
