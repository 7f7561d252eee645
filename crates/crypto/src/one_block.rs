//! HMAC-SHA-256 of a message that is padded to one block, as hosts compute it: without loops, and without a wait that can be spared.
//!
//! A device has the code of [`HmacKey`] alone, which takes messages of any length.

use core::slice;

use mqward_aead::OneBlockHmac;
use sha2::block_api::compress256;
use zeroize::optimization_barrier;

use crate::KEY_LEN;
use crate::mac::{BLOCK_LEN, Block, HmacKey, INITIAL, LENGTH_AT, write};

/// Where the inner digest goes, padded behind the outer key (FIPS 180-4 §5.1.1).
const BEHIND_DIGEST: [u8; BLOCK_LEN] = {
    let mut block = [0; BLOCK_LEN];
    block[32] = 0x80;
    // 96 bytes are 0x300 bits.
    block[BLOCK_LEN - 2] = 3;
    block
};

/// `HMAC-SHA-256(key, parts[0] || parts[1] || … || end)`; false, and nothing written, if that takes more than one block.
#[inline(always)]
pub(crate) fn by_kept_key(key: &HmacKey, parts: &[&[u8]], end: &[u8], out: &mut [u8; 32]) -> bool {
    let mut message = [0; BLOCK_LEN];
    let fits = pad(parts, end, &mut message);
    if fits {
        behind_kept_key(key, &message, out);
    }
    fits
}

/// As [`by_kept_key`], for a key that is used once.
#[inline(always)]
pub(crate) fn by_fresh_key(
    key: &[u8; KEY_LEN],
    parts: &[&[u8]],
    end: &[u8],
    out: &mut [u8; 32],
) -> bool {
    let mut message = [0; BLOCK_LEN];
    let fits = pad(parts, end, &mut message);
    if fits {
        behind_fresh_key(key, &message, out);
    }
    fits
}

#[inline(never)]
fn behind_kept_key(key: &HmacKey, message: &[u8; BLOCK_LEN], out: &mut [u8; 32]) {
    match OneBlockHmac::detect() {
        Some(hmac) => hmac.by_kept_key(&key.inner, &key.outer, message, out),
        None => portable_behind_kept_key(key, message, out),
    }
}

#[inline(never)]
fn behind_fresh_key(key: &[u8; KEY_LEN], message: &[u8; BLOCK_LEN], out: &mut [u8; 32]) {
    match OneBlockHmac::detect() {
        Some(hmac) => hmac.by_fresh_key(key, message, out),
        None => portable_behind_fresh_key(key, message, out),
    }
}

fn portable_behind_kept_key(key: &HmacKey, message: &[u8; BLOCK_LEN], out: &mut [u8; 32]) {
    let mut digest = Block(BEHIND_DIGEST);
    let mut state = key.inner;
    compress256(&mut state, slice::from_ref(message));
    write(&state, &mut digest.0);
    state = key.outer;
    compress256(&mut state, slice::from_ref(&digest.0));
    write(&state, out);
    state = [0; 8];
    optimization_barrier(&state);
}

/// A padded key and what is behind it are compressed in one call. The outer padded key waits for nothing, so that a processor
/// compresses it beside the message.
fn portable_behind_fresh_key(key: &[u8; KEY_LEN], message: &[u8; BLOCK_LEN], out: &mut [u8; 32]) {
    let mut states = HmacKey {
        inner: INITIAL,
        outer: INITIAL,
    };
    let mut inner = [padded(key, 0x36), *message];
    let mut outer = [padded(key, 0x5c), BEHIND_DIGEST];
    compress256(&mut states.inner, &inner);
    write(&states.inner, &mut outer[1]);
    compress256(&mut states.outer, &outer);
    write(&states.outer, out);
    inner[0] = [0; BLOCK_LEN];
    outer = [[0; BLOCK_LEN]; 2];
    optimization_barrier(&inner);
    optimization_barrier(&outer);
}

/// The key with zeros behind it, changed by the pad (RFC 2104 §2).
fn padded(key: &[u8; KEY_LEN], pad: u8) -> [u8; BLOCK_LEN] {
    let mut block = [pad; BLOCK_LEN];
    for (byte, key) in block.iter_mut().zip(key) {
        *byte ^= key;
    }
    block
}

/// Writes a message that follows a padded key, and its padding, into a block of zeros; false if it takes more than one.
///
/// Inlined, so that parts of known lengths are stores and not calls.
#[inline(always)]
fn pad(parts: &[&[u8]], end: &[u8], block: &mut [u8; BLOCK_LEN]) -> bool {
    let (message, length) = block.split_at_mut(LENGTH_AT);
    let mut len = 0;
    let mut put = |part: &[u8]| {
        let free = &mut message[len..];
        let fits = part.len() <= free.len();
        if fits {
            free[..part.len()].copy_from_slice(part);
            len += part.len();
        }
        fits
    };
    for part in parts {
        if !put(part) {
            return false;
        }
    }
    if !(put(end) && put(&[0x80])) {
        return false;
    }
    let hashed = u64::try_from(BLOCK_LEN + len - 1).unwrap_or(0);
    length.copy_from_slice(&(hashed * 8).to_be_bytes());
    true
}

#[cfg(test)]
mod tests {
    use hmac::{Hmac, KeyInit, Mac};
    use sha2::Sha256;

    use super::*;

    #[test]
    fn every_length_by_every_way() {
        let key: [u8; KEY_LEN] = core::array::from_fn(|i| u8::try_from(7 * i % 251).unwrap());
        let kept = HmacKey::new(&key);
        let text: [u8; BLOCK_LEN] = core::array::from_fn(|i| u8::try_from(3 * i + 1).unwrap());
        for len in 0..LENGTH_AT {
            let text = &text[..len];
            let mut reference = Hmac::<Sha256>::new_from_slice(&key).unwrap();
            reference.update(text);
            let expected: [u8; 32] = reference.finalize().into_bytes().into();
            let mut message = [0; BLOCK_LEN];
            assert!(pad(&[text], &[], &mut message));
            let mut tags = [[0; 32]; 4];
            behind_kept_key(&kept, &message, &mut tags[0]);
            behind_fresh_key(&key, &message, &mut tags[1]);
            portable_behind_kept_key(&kept, &message, &mut tags[2]);
            portable_behind_fresh_key(&key, &message, &mut tags[3]);
            assert_eq!(tags, [expected; 4], "{len}");
        }
    }

    #[test]
    fn what_takes_two_blocks_is_left_to_others() {
        let (key, mut out) = ([7; KEY_LEN], [1; 32]);
        let longest = [0; LENGTH_AT - 1];
        for (parts, fits) in [([&longest[..], b""], true), ([&longest, b"a"], false)] {
            assert_eq!(by_fresh_key(&key, &parts, &[], &mut out), fits);
            assert_eq!(
                by_kept_key(&HmacKey::new(&key), &parts, &[], &mut out),
                fits
            );
            assert!(!by_fresh_key(&key, &parts, b"a", &mut [0; 32]));
        }
        out = [1; 32];
        assert!(!by_fresh_key(&key, &[&[0; LENGTH_AT]], &[], &mut out));
        assert_eq!(out, [1; 32]);
    }
}
