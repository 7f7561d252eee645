//! HMAC-SHA-256 of a message that is padded to one block, as hosts compute it: without loops, and without a wait that can be spared.
//!
//! A device has the code of [`HmacKey`] alone, which takes messages of any length.

use core::slice;

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
    let mut blocks = [[0; BLOCK_LEN]; 2];
    let fits = pad(parts, end, &mut blocks[1]);
    if fits {
        behind_fresh_key(key, &mut blocks, out);
    }
    fits
}

#[inline(never)]
fn behind_kept_key(key: &HmacKey, message: &[u8; BLOCK_LEN], out: &mut [u8; 32]) {
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

/// The message is the second of `blocks`; the first becomes the padded key.
///
/// A padded key and what is behind it are compressed in one call. The outer padded key waits for nothing, so that a processor
/// compresses it beside the message.
#[inline(never)]
fn behind_fresh_key(key: &[u8; KEY_LEN], blocks: &mut [[u8; BLOCK_LEN]; 2], out: &mut [u8; 32]) {
    let mut states = HmacKey {
        inner: INITIAL,
        outer: INITIAL,
    };
    blocks[0] = padded(key, 0x36);
    let mut outer = [padded(key, 0x5c), BEHIND_DIGEST];
    compress256(&mut states.inner, blocks);
    write(&states.inner, &mut outer[1]);
    compress256(&mut states.outer, &outer);
    write(&states.outer, out);
    blocks[0] = [0; BLOCK_LEN];
    outer = [[0; BLOCK_LEN]; 2];
    optimization_barrier(blocks);
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
