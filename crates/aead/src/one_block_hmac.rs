//! HMAC-SHA-256 of one block, where the processor has instructions for SHA-256.

use crate::KEY_LEN;
#[cfg(mqward_simd)]
use crate::x86::HasSha;

/// Bytes of SHA-256's block.
pub(crate) const BLOCK_LEN: usize = 64;
/// Bytes of SHA-256's digest.
pub(crate) const DIGEST_LEN: usize = 32;
/// SHA-256's state between two blocks: the words `a` to `h` (FIPS 180-4 §6.2).
pub(crate) type State = [u32; 8];

#[cfg(not(mqward_simd))]
type HasSha = core::convert::Infallible;

/// HMAC-SHA-256 (RFC 2104) of one block by the processor's instructions for SHA-256, and the proof that it has them.
///
/// It is no part of the AEAD: it derives keys for `mqward-crypto`, and stands here because all vector code is in this
/// crate's one module with `unsafe`. The message is one block that is padded already: at most 55 bytes, one bit, zeros,
/// and the length in bits of 64 bytes more in the last eight (FIPS 180-4 §5.1.1). Nothing checks that: what comes of
/// another block is no HMAC. Neither key nor state is written to memory by an optimised build.
///
/// ```
/// use mqward_aead::OneBlockHmac;
///
/// let mut message = [0; 64];
/// message[..3].copy_from_slice(b"abc");
/// message[3] = 0x80;
/// message[56..].copy_from_slice(&(8 * (64 + 3_u64)).to_be_bytes());
/// let mut tag = [0; 32];
/// if let Some(hmac) = OneBlockHmac::detect() {
///     hmac.by_fresh_key(&[7; 32], &message, &mut tag);
///     assert_eq!(tag[..4], [0x12, 0x7d, 0xa4, 0xce]);
/// }
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct OneBlockHmac(HasSha);

impl OneBlockHmac {
    /// `None` unless this build has the code and this processor the instructions.
    #[inline]
    #[must_use]
    pub fn detect() -> Option<Self> {
        #[cfg(mqward_simd)]
        return HasSha::detect().map(Self);
        #[cfg(not(mqward_simd))]
        return None;
    }

    /// The tag of `message` by the states behind both padded keys, the inner and the outer one.
    #[inline]
    pub fn by_kept_key(
        self,
        inner: &State,
        outer: &State,
        message: &[u8; BLOCK_LEN],
        out: &mut [u8; DIGEST_LEN],
    ) {
        #[cfg(mqward_simd)]
        self.0.behind_kept_key(inner, outer, message, out);
        #[cfg(not(mqward_simd))]
        match (self.0, inner, outer, message, out) {}
    }

    /// The tag of `message` by a key.
    #[inline]
    pub fn by_fresh_key(
        self,
        key: &[u8; KEY_LEN],
        message: &[u8; BLOCK_LEN],
        out: &mut [u8; DIGEST_LEN],
    ) {
        #[cfg(mqward_simd)]
        self.0.behind_fresh_key(key, message, out);
        #[cfg(not(mqward_simd))]
        match (self.0, key, message, out) {}
    }
}

#[cfg(all(test, mqward_simd))]
mod tests {
    use hmac::{Hmac, KeyInit, Mac};
    use proptest::prelude::*;
    use sha2::Sha256;
    use sha2::block_api::compress256;

    use super::*;
    use crate::x86::INITIAL;

    /// The state behind a key that is padded with one pad.
    fn kept(key: &[u8; KEY_LEN], pad: u8) -> State {
        let mut block = [pad; BLOCK_LEN];
        for (byte, key) in block.iter_mut().zip(key) {
            *byte ^= key;
        }
        let mut state = INITIAL;
        compress256(&mut state, &[block]);
        state
    }

    proptest! {
        #[test]
        fn both_are_hmac(key: [u8; KEY_LEN], text in proptest::collection::vec(any::<u8>(), 0..=55)) {
            let Some(hmac) = OneBlockHmac::detect() else {
                return Ok(());
            };
            let mut message = [0; BLOCK_LEN];
            message[..text.len()].copy_from_slice(&text);
            message[text.len()] = 0x80;
            let bits = u64::try_from(BLOCK_LEN + text.len()).unwrap() * 8;
            message[56..].copy_from_slice(&bits.to_be_bytes());
            let mut reference = Hmac::<Sha256>::new_from_slice(&key).unwrap();
            reference.update(&text);
            let expected: [u8; DIGEST_LEN] = reference.finalize().into_bytes().into();

            let (mut fresh, mut again) = ([0; DIGEST_LEN], [0; DIGEST_LEN]);
            hmac.by_fresh_key(&key, &message, &mut fresh);
            hmac.by_kept_key(&kept(&key, 0x36), &kept(&key, 0x5c), &message, &mut again);
            prop_assert_eq!((fresh, again), (expected, expected));
        }
    }
}
