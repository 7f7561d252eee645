//! Sealing on small processors: one block at a time, in little code and stack.

use chacha20::cipher::{KeyIvInit, StreamCipherCore};
use zeroize::{Zeroize, optimization_barrier};

use crate::aad::tag;
use crate::{Aad, Authenticator, ChaCha20, KEY_LEN, NONCE_LEN, TAG_LEN, is_refused, is_same};

/// Poly1305 in radix 2^32 (RFC 8439 §2.5).
///
/// Bounds, proved at their extremes by the tests:
///
/// - between blocks h[4] <= 4; adding a block and its bit 2^128 makes it at most 6;
/// - every word of r is below 2^28, and all but r[0] are multiples of 4, so 2^128 r[k] = 5/4 r[k] (mod p); of r[0] the two
///   lowest bits stay behind at 2^128;
/// - so a column is at most four products below 2^32 5/4 2^28 and one below 6 5/4 2^28: with its carry below 2^63.
pub(crate) struct Poly1305 {
    h: [u32; 5],
    /// r[3], r[2], r[1], r[0], then 5/4 of each, rounded down: the column 2^(32 i) begins at index 3 - i.
    multipliers: [u32; 8],
    pad: [u32; 4],
}

#[expect(clippy::cast_possible_truncation, reason = "the low word is meant")]
const fn low(value: u64) -> u32 {
    value as u32
}

const fn words(bytes: &[u8; 16]) -> [u32; 4] {
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = *bytes;
    [
        u32::from_le_bytes([a, b, c, d]),
        u32::from_le_bytes([e, f, g, h]),
        u32::from_le_bytes([i, j, k, l]),
        u32::from_le_bytes([m, n, o, p]),
    ]
}

const fn product(left: u32, right: u32) -> u64 {
    left as u64 * right as u64
}

impl Poly1305 {
    /// h = (h + block + 2^128) r, not fully reduced.
    #[inline(never)]
    fn block(&mut self, block: &[u8; 16]) {
        let mut carry = 0;
        for (h, word) in self.h.iter_mut().zip(words(block)) {
            carry += u64::from(*h) + u64::from(word);
            *h = low(carry);
            carry >>= 32;
        }
        let [.., h4] = &mut self.h;
        *h4 = h4.wrapping_add(low(carry)).wrapping_add(1);

        let [h0, h1, h2, h3, h4] = self.h;
        let [r3, r2, r1, r0, s3, s2, s1, s0] = self.multipliers;
        // Written out: loops over these arrays take twice the instructions.
        let columns = [
            product(h0, r0) + product(h1, s3) + product(h2, s2) + product(h3, s1) + product(h4, s0),
            product(h0, r1) + product(h1, r0) + product(h2, s3) + product(h3, s2) + product(h4, s1),
            product(h0, r2) + product(h1, r1) + product(h2, r0) + product(h3, s3) + product(h4, s2),
            product(h0, r3) + product(h1, r2) + product(h2, r1) + product(h3, r0) + product(h4, s3),
        ];
        let mut carry = 0u64;
        for (h, column) in self.h.iter_mut().zip(columns) {
            carry += column;
            *h = low(carry);
            carry >>= 32;
        }
        // 2^130 = 5 (mod p).
        let top = h4.wrapping_mul(r0 & 3).wrapping_add(low(carry));
        let mut carry = u64::from(top >> 2) * 5;
        for h in self.h.iter_mut().take(4) {
            carry += u64::from(*h);
            *h = low(carry);
            carry >>= 32;
        }
        let [.., h4] = &mut self.h;
        *h4 = (top & 3).wrapping_add(low(carry));
    }
}

impl Authenticator for Poly1305 {
    fn new(key: &[u8; 32]) -> Self {
        let (mut r, mut pad) = ([0; 16], [0; 16]);
        r.copy_from_slice(&key[..16]);
        pad.copy_from_slice(&key[16..]);
        let [r0, r1, r2, r3] = words(&r);
        let r = [
            r3 & 0x0fff_fffc,
            r2 & 0x0fff_fffc,
            r1 & 0x0fff_fffc,
            r0 & 0x0fff_ffff,
        ];
        let mut multipliers = [0; 8];
        let (whole, folded) = multipliers.split_at_mut(4);
        for ((whole, folded), r) in whole.iter_mut().zip(folded).zip(r) {
            *whole = r;
            *folded = (r >> 2) * 5;
        }
        Self {
            h: [0; 5],
            multipliers,
            pad: words(&pad),
        }
    }

    #[inline(never)]
    fn update_padded(&mut self, data: &[u8]) {
        let mut rest = data;
        while let Some((block, after)) = rest.split_first_chunk() {
            self.block(block);
            rest = after;
        }
        if !rest.is_empty() {
            let mut block = [0; 16];
            for (to, from) in block.iter_mut().zip(rest) {
                *to = *from;
            }
            self.block(&block);
        }
    }

    fn finish(self) -> [u8; TAG_LEN] {
        // h < 2^130 + 2^128 < 2 p, so one subtraction of p, that is h + 5 - 2^130, reduces it.
        let mut carry = 5;
        for h in self.h.iter().take(4) {
            carry = (carry + u64::from(*h)) >> 32;
        }
        let [.., h4] = self.h;
        let at_least_p = h4.wrapping_add(low(carry)) >> 2;
        let mut carry = u64::from(at_least_p * 5);
        let mut tag = [0; TAG_LEN];
        for ((bytes, h), pad) in tag.chunks_exact_mut(4).zip(self.h).zip(self.pad) {
            carry += u64::from(h) + u64::from(pad);
            bytes.copy_from_slice(&low(carry).to_le_bytes());
            carry >>= 32;
        }
        tag
    }
}

impl Drop for Poly1305 {
    fn drop(&mut self) {
        self.h = [0; 5];
        self.multipliers = [0; 8];
        self.pad = [0; 4];
        optimization_barrier(self);
    }
}

/// ChaCha20 with room for one block of keystream, wiped when it is dropped.
struct Cipher {
    core: ChaCha20,
    block: [u8; 64],
}

impl Cipher {
    /// The cipher, and the authenticator keyed with its block 0 (RFC 8439 §2.6).
    fn start(key: &[u8; KEY_LEN], nonce: &[u8; NONCE_LEN]) -> (Self, Poly1305) {
        let mut this = Self {
            core: ChaCha20::new(key.into(), nonce.into()),
            block: [0; 64],
        };
        this.next();
        let mut key = [0; 32];
        key.copy_from_slice(&this.block[..32]);
        let mac = Poly1305::new(&key);
        key.zeroize();
        (this, mac)
    }

    #[inline(never)]
    fn next(&mut self) {
        self.core.write_keystream_block((&mut self.block).into());
    }

    #[inline(never)]
    fn apply(&mut self, message: &mut [u8]) {
        for part in message.chunks_mut(64) {
            self.next();
            let streams = self.block.chunks_exact(4);
            for (word, stream) in part.chunks_exact_mut(4).zip(streams) {
                let both = word_of(word) ^ word_of(stream);
                word.copy_from_slice(&both.to_le_bytes());
            }
            let at = part.len() & !3;
            let tail = part.iter_mut().zip(&self.block).skip(at);
            for (byte, stream) in tail {
                *byte ^= stream;
            }
        }
    }
}

/// Of four bytes.
fn word_of(bytes: &[u8]) -> u32 {
    bytes.try_into().map_or(0, u32::from_le_bytes)
}

impl Drop for Cipher {
    fn drop(&mut self) {
        self.block.zeroize();
    }
}

pub(crate) fn seal(
    key: &[u8; KEY_LEN],
    nonce: &[u8; NONCE_LEN],
    aad: &Aad<'_>,
    message: &mut [u8],
) -> Option<[u8; TAG_LEN]> {
    if is_refused(aad, message.len()) {
        return None;
    }
    let (mut cipher, mac) = Cipher::start(key, nonce);
    cipher.apply(message);
    tag(mac, aad, message)
}

pub(crate) fn open(
    key: &[u8; KEY_LEN],
    nonce: &[u8; NONCE_LEN],
    aad: &Aad<'_>,
    message: &mut [u8],
    expected: &[u8; TAG_LEN],
) -> Option<()> {
    if is_refused(aad, message.len()) {
        return None;
    }
    let (mut cipher, mac) = Cipher::start(key, nonce);
    let actual = tag(mac, aad, message)?;
    // Nothing is decrypted before this line.
    if !is_same(actual, expected) {
        return None;
    }
    cipher.apply(message);
    Some(())
}

#[cfg(test)]
mod tests {
    use num_bigint::BigUint;

    use super::*;

    fn number(words: &[u32]) -> BigUint {
        BigUint::from_slice(words)
    }

    #[test]
    fn a_block_is_right_at_every_edge() {
        let p = (BigUint::from(1u8) << 130) - 5u8;
        let edges = [0, 1, 5, 1 << 31, u32::MAX - 5, u32::MAX - 4, u32::MAX];
        for r in [[0xff; 16], [0x55; 16], [0x80; 16], [4; 16], [3; 16]] {
            let mut key = [0; 32];
            key[..16].copy_from_slice(&r);
            for [a, b] in edges.iter().flat_map(|a| edges.map(|b| [*a, b])) {
                for h4 in 0..=4 {
                    for block in [[0; 16], [0xff; 16]] {
                        let mut mac = Poly1305::new(&key);
                        mac.h = [a, b, b, a, h4];
                        let mut r = mac.multipliers;
                        r.reverse();
                        let sum = number(&mac.h)
                            + BigUint::from_bytes_le(&block)
                            + (BigUint::from(1u8) << 128);
                        let expected = sum * number(&r[4..]) % &p;
                        mac.block(&block);
                        assert!(mac.h[4] <= 4, "{:x?}", mac.h);
                        assert_eq!(number(&mac.h) % &p, expected);
                    }
                }
            }
        }
    }

    /// Every term grows with every operand, so the largest operands prove that none is ever too large for its word.
    #[test]
    fn nothing_overflows_at_the_largest_operands() {
        let (word, r) = (u128::from(u32::MAX), 0x0fff_ffffu128);
        let h4 = 4 + 1 + 1;
        let folded = (r >> 2) * 5;
        let column = 4 * word * (r + 3) * 5 / 4 + h4 * folded;
        assert!(column + (column >> 32) < 1 << 63);
        assert!(h4 * 3 + (column >> 32) < 1 << 32);
    }
}
