//! HMAC-SHA-256, HKDF-Expand of one block, comparison. This file and `one_block` alone name the crate of SHA-256.

use core::hint::black_box;
use core::slice;

use sha2::block_api::compress256;
use subtle::{Choice, ConstantTimeEq};
use zeroize::{Zeroize, optimization_barrier};

use crate::KEY_LEN;
#[cfg(target_pointer_width = "64")]
use crate::one_block;

/// SHA-256's block, to which HMAC pads its key (RFC 2104 §2).
pub(crate) const BLOCK_LEN: usize = 64;

/// Where the last block holds the length (FIPS 180-4 §5.1.1).
pub(crate) const LENGTH_AT: usize = BLOCK_LEN - 8;

/// SHA-256's state before the first block (FIPS 180-4 §5.3.3).
pub(crate) const INITIAL: [u32; 8] = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];

/// A key of HMAC-SHA-256 at work: SHA-256's states behind both padded keys (RFC 2104 §4). Wiped on drop.
///
/// Whoever keeps it spares half of the compressions of a short message. The crate `hmac` has this too, at three times
/// the flash and twice the stack.
pub(crate) struct HmacKey {
    pub(crate) inner: [u32; 8],
    pub(crate) outer: [u32; 8],
}

impl HmacKey {
    pub(crate) fn new(key: &[u8; KEY_LEN]) -> Self {
        let mut states = Self {
            inner: INITIAL,
            outer: INITIAL,
        };
        let mut block = Block::EMPTY;
        // Neither run waits for the other, so that a host works on both at once.
        for (state, pad) in [(&mut states.inner, 0x36), (&mut states.outer, 0x5c)] {
            block.0 = [pad; BLOCK_LEN];
            // Read anew for each pad: what a compiler keeps in registers over a call it spills to the stack.
            for (byte, key) in block.0.iter_mut().zip(black_box(key)) {
                *byte ^= key;
            }
            compress256(state, slice::from_ref(&block.0));
        }
        states
    }

    /// `HKDF-Expand-SHA-256(key, info, 32)` where `info` is the parts joined (RFC 5869 §2.3).
    ///
    /// For L = HashLen the output is T(1) = HMAC(PRK, info || 0x01), so no second construction enters a firmware.
    pub(crate) fn expand(&self, info: &[&[u8]], out: &mut [u8; KEY_LEN]) {
        self.mac(info, &[0x01], out);
    }

    /// `HMAC-SHA-256(key, parts[0] || parts[1] || … || end)` (RFC 2104 §2), written to its place: what is returned may
    /// leave copies.
    // A host spares what the loop over parts of known lengths costs; a device wants the code once.
    #[cfg_attr(target_pointer_width = "64", inline(always))]
    pub(crate) fn mac(&self, parts: &[&[u8]], end: &[u8], out: &mut [u8; 32]) {
        #[cfg(target_pointer_width = "64")]
        if one_block::by_kept_key(self, parts, end, out) {
            return;
        }
        self.mac_of_any_length(parts, end, out);
    }

    #[cfg_attr(target_pointer_width = "64", cold, inline(never))]
    fn mac_of_any_length(&self, parts: &[&[u8]], end: &[u8], out: &mut [u8; 32]) {
        let mut state = self.inner;
        let mut block = Block::EMPTY;
        // Bytes hashed: the padded key was the first block.
        let mut len = BLOCK_LEN;
        for part in parts.iter().copied().chain([end]) {
            let mut rest = part;
            while !rest.is_empty() {
                let free = &mut block.0[len % BLOCK_LEN..];
                let (now, later) = rest.split_at(rest.len().min(free.len()));
                free[..now.len()].copy_from_slice(now);
                rest = later;
                len += now.len();
                if len % BLOCK_LEN == 0 {
                    block.compress_into(&mut state);
                }
            }
        }
        block.finish(&mut state, len);
        write(&state, &mut block.0);
        state = self.outer;
        block.finish(&mut state, BLOCK_LEN + 32);
        write(&state, out);
        state.zeroize();
    }
}

impl Drop for HmacKey {
    fn drop(&mut self) {
        self.inner = [0; 8];
        self.outer = [0; 8];
        optimization_barrier(self);
    }
}

/// A block of SHA-256 that is filled from the front, zeros behind. Wiped on drop.
pub(crate) struct Block(pub(crate) [u8; BLOCK_LEN]);

impl Block {
    const EMPTY: Self = Self([0; BLOCK_LEN]);

    /// Compresses the full block and empties it.
    fn compress_into(&mut self, state: &mut [u32; 8]) {
        compress256(state, slice::from_ref(&self.0));
        self.0 = [0; BLOCK_LEN];
    }

    /// Pads a message of `len` bytes, the last of which are in the block (FIPS 180-4 §5.1.1).
    fn finish(&mut self, state: &mut [u32; 8], len: usize) {
        let at = len % BLOCK_LEN;
        self.0[at] = 0x80;
        if at >= LENGTH_AT {
            self.compress_into(state);
        }
        let bits = u64::try_from(len).unwrap_or(0) * 8;
        self.0[LENGTH_AT..].copy_from_slice(&bits.to_be_bytes());
        self.compress_into(state);
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        self.0 = [0; BLOCK_LEN];
        optimization_barrier(self);
    }
}

/// Writes the state as a digest (FIPS 180-4 §6.2.2) to the front of `out`.
pub(crate) fn write(state: &[u32; 8], out: &mut [u8]) {
    for (bytes, word) in out.chunks_exact_mut(4).zip(state) {
        bytes.copy_from_slice(&word.to_be_bytes());
    }
}

/// As [`HmacKey::mac`], for a key that is used once.
#[cfg_attr(target_pointer_width = "64", inline(always))]
pub(crate) fn hmac(key: &[u8; KEY_LEN], parts: &[&[u8]], out: &mut [u8; 32]) {
    #[cfg(target_pointer_width = "64")]
    if one_block::by_fresh_key(key, parts, &[], out) {
        return;
    }
    HmacKey::new(key).mac(parts, &[], out);
}

/// As [`HmacKey::expand`], for a key that is used once.
#[cfg_attr(target_pointer_width = "64", inline(always))]
pub(crate) fn expand(key: &[u8; KEY_LEN], info: &[&[u8]], out: &mut [u8; KEY_LEN]) {
    #[cfg(target_pointer_width = "64")]
    if one_block::by_fresh_key(key, info, &[0x01], out) {
        return;
    }
    HmacKey::new(key).expand(info, out);
}

/// Whether two byte strings are equal, without a hint of where they differ.
pub(crate) fn equal<const N: usize>(left: &[u8; N], right: &[u8; N]) -> Choice {
    let difference = left.iter().zip(right).fold(0, |all, (a, b)| all | (a ^ b));
    // What the compiler cannot look into it does not cut short.
    black_box(difference).ct_eq(&0)
}

#[cfg(test)]
mod tests {
    use hmac::{Hmac, KeyInit, Mac};
    use sha2::Sha256;

    use super::*;

    #[test]
    fn expand_is_hkdf_expand() {
        let key: [u8; 32] = core::array::from_fn(|i| u8::try_from(i).unwrap());
        let parts: [&[u8]; 6] = [b"label", b"\x01", b"\x03", b"abc", b"", b"xyz"];
        let mut expected = [0; 32];
        hkdf::Hkdf::<Sha256>::from_prk(&key)
            .unwrap()
            .expand(&parts.concat(), &mut expected)
            .unwrap();
        let mut actual = [0; 32];
        expand(&key, &parts, &mut actual);
        assert_eq!(actual, expected);
    }

    #[test]
    fn equals_the_reference_for_every_length() {
        let key: [u8; 32] = core::array::from_fn(|i| u8::try_from(7 * i % 251).unwrap());
        let kept = HmacKey::new(&key);
        let message: std::vec::Vec<u8> = (0u8..251).cycle().take(400).collect();
        for len in 0..message.len() {
            let message = &message[..len];
            let mut reference = Hmac::<Sha256>::new_from_slice(&key).unwrap();
            reference.update(message);
            let expected: [u8; 32] = reference.finalize().into_bytes().into();
            let (front, back) = message.split_at(len / 3);
            let (mut once, mut again) = ([0; 32], [0; 32]);
            hmac(&key, &[message], &mut once);
            kept.mac(&[front, b""], back, &mut again);
            assert_eq!((once, again), (expected, expected), "{len}");
        }
    }

    #[test]
    fn rfc_4231_case_4_padded_key() {
        // RFC 4231 uses a 25-byte key; the padding of RFC 2104 makes it one of 32 bytes that ends in zeros.
        let mut key = [0; 32];
        for (byte, value) in key.iter_mut().zip(1u8..=25) {
            *byte = value;
        }
        let mut tag = [0; 32];
        hmac(&key, &[&[0xcd; 20], &[0xcd; 30]], &mut tag);
        assert_eq!(tag[..8], [0x82, 0x55, 0x8a, 0x38, 0x9a, 0x44, 0x3c, 0x0e]);
    }
}
