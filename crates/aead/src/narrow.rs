//! Sealing on small processors: one block at a time, in little code and stack.

use zeroize::optimization_barrier;

use crate::{Aad, KEY_LEN, NONCE_LEN, TAG_LEN, is_refused, is_same};

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

const fn product(left: u32, right: u32) -> u64 {
    left as u64 * right as u64
}

impl Poly1305 {
    const EMPTY: Self = Self {
        h: [0; 5],
        multipliers: [0; 8],
        pad: [0; 4],
    };

    /// Takes the one-time key (RFC 8439 §2.5.1): r, of which bits are cleared, and what is added at the end.
    fn key(&mut self, key: impl Iterator<Item = u32>) {
        let (whole, folded) = self.multipliers.split_at_mut(4);
        let mut words = key;
        let mut mask = 0x0fff_ffff;
        for ((whole, folded), word) in whole.iter_mut().zip(folded).rev().zip(&mut words) {
            *whole = word & mask;
            *folded = (*whole >> 2) * 5;
            mask = 0x0fff_fffc;
        }
        for (pad, word) in self.pad.iter_mut().zip(words) {
            *pad = word;
        }
    }

    /// h = (h + block + 2^128) r, not fully reduced.
    #[inline(never)]
    fn block(&mut self, block: &[u8; 16]) {
        let mut carry = 0;
        for (h, bytes) in self.h.iter_mut().zip(block.chunks_exact(4)) {
            carry += u64::from(*h) + u64::from(word_of(bytes));
            *h = low(carry);
            carry >>= 32;
        }
        let [h0, h1, h2, h3, h4] = self.h;
        let h4 = h4.wrapping_add(low(carry)).wrapping_add(1);

        let [_, _, _, r0, ..] = self.multipliers;
        let mut carry = 0u64;
        // A loop over the products of a column too would take twice the instructions.
        for (h, column) in self.h.iter_mut().zip(self.multipliers.windows(5).rev()) {
            if let [a, b, c, d, e] = *column {
                carry += product(h0, a)
                    + product(h1, b)
                    + product(h2, c)
                    + product(h3, d)
                    // One word, which a core without a long multiplication has much cheaper.
                    + u64::from(h4.wrapping_mul(e));
            }
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

    /// The tag (RFC 8439 §2.5.1).
    fn finish(&self) -> [u8; TAG_LEN] {
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

/// "expand 32-byte k" (RFC 8439 §2.3).
const CONSTANTS: [u32; 4] = [0x6170_7865, 0x3320_646e, 0x7962_2d32, 0x6b20_6574];

/// One message under one nonce: its keystream, and its authenticator, all in one place and wiped when it is dropped.
struct Session {
    /// ChaCha20 before the rounds: constants, key, number of the block, nonce (RFC 8439 §2.3).
    input: [u32; 16],
    /// The same after them; the sum of both is the keystream.
    mixed: [u32; 16],
    mac: Poly1305,
    /// The block that the authenticator takes next, zeros behind what is there.
    joint: [u8; 16],
    filled: usize,
}

/// A quarter round (RFC 8439 §2.1) of four words of the state.
#[inline(always)]
fn quarter(state: &mut [u32; 16], [a, b, c, d]: [usize; 4]) {
    let (mut w, mut x) = (state[a % 16], state[b % 16]);
    let (mut y, mut z) = (state[c % 16], state[d % 16]);
    w = w.wrapping_add(x);
    z = (z ^ w).rotate_left(16);
    y = y.wrapping_add(z);
    x = (x ^ y).rotate_left(12);
    w = w.wrapping_add(x);
    z = (z ^ w).rotate_left(8);
    y = y.wrapping_add(z);
    x = (x ^ y).rotate_left(7);
    state[a % 16] = w;
    state[b % 16] = x;
    state[c % 16] = y;
    state[d % 16] = z;
}

impl Session {
    const EMPTY: Self = Self {
        input: [0; 16],
        mixed: [0; 16],
        mac: Poly1305::EMPTY,
        joint: [0; 16],
        filled: 0,
    };

    /// Block 0 keys the authenticator (RFC 8439 §2.6).
    #[inline(never)]
    fn start(&mut self, key: &[u8; KEY_LEN], nonce: &[u8; NONCE_LEN]) {
        let (constants, places) = self.input.split_at_mut(4);
        let (keys, places) = places.split_at_mut(8);
        let (_, nonces) = places.split_at_mut(1);
        for (word, constant) in constants.iter_mut().zip(CONSTANTS) {
            *word = constant;
        }
        for (word, bytes) in keys.iter_mut().zip(key.chunks_exact(4)) {
            *word = word_of(bytes);
        }
        for (word, bytes) in nonces.iter_mut().zip(nonce.chunks_exact(4)) {
            *word = word_of(bytes);
        }
        self.mix();
        self.mac.key(keystream(&self.mixed, &self.input));
    }

    /// The twenty rounds, the quarters written out: a loop over them takes 290 bytes less and half as much time again.
    #[inline(never)]
    fn mix(&mut self) {
        let state = &mut self.mixed;
        *state = self.input;
        for _ in 0..10 {
            // Columns, then diagonals (RFC 8439 §2.3).
            quarter(state, [0, 4, 8, 12]);
            quarter(state, [1, 5, 9, 13]);
            quarter(state, [2, 6, 10, 14]);
            quarter(state, [3, 7, 11, 15]);
            quarter(state, [0, 5, 10, 15]);
            quarter(state, [1, 6, 11, 12]);
            quarter(state, [2, 7, 8, 13]);
            quarter(state, [3, 4, 9, 14]);
        }
    }

    /// Encrypts or decrypts the whole message, from block 1 on.
    #[inline(never)]
    fn apply(&mut self, message: &mut [u8]) {
        for part in message.chunks_mut(64) {
            self.input[12] = self.input[12].wrapping_add(1);
            self.mix();
            let words = part.chunks_mut(4);
            for (bytes, stream) in words.zip(keystream(&self.mixed, &self.input)) {
                if let Ok(whole) = <&mut [u8; 4]>::try_from(&mut *bytes) {
                    *whole = (u32::from_le_bytes(*whole) ^ stream).to_le_bytes();
                    continue;
                }
                for (byte, stream) in bytes.iter_mut().zip(stream.to_le_bytes()) {
                    *byte ^= stream;
                }
            }
        }
    }

    /// Gives data to the authenticator.
    #[inline(never)]
    fn absorb(&mut self, data: &[u8]) {
        let mut rest = data;
        while let Some((byte, after)) = rest.split_first() {
            match rest.split_first_chunk() {
                Some((block, after)) if self.filled == 0 => {
                    self.mac.block(block);
                    rest = after;
                }
                _ => {
                    self.joint[self.filled % 16] = *byte;
                    self.filled += 1;
                    rest = after;
                    if self.filled == 16 {
                        self.pad();
                    }
                }
            }
        }
    }

    /// Ends a block that was begun with zeros (RFC 8439 §2.8.1).
    #[inline(never)]
    fn pad(&mut self) {
        if self.filled != 0 {
            self.mac.block(&self.joint);
            self.joint = [0; 16];
            self.filled = 0;
        }
    }

    /// The tag over `aad || pad16 || ciphertext || pad16 || len(aad) || len(ciphertext)` (RFC 8439 §2.8).
    #[inline(never)]
    fn tag(&mut self, aad: &Aad<'_>, ciphertext: &[u8]) -> [u8; TAG_LEN] {
        self.absorb(aad.head);
        self.absorb(aad.tail);
        self.pad();
        self.absorb(ciphertext);
        self.pad();
        for len in [
            aad.head.len().wrapping_add(aad.tail.len()),
            ciphertext.len(),
        ] {
            self.absorb(&u64::try_from(len).unwrap_or(0).to_le_bytes());
        }
        self.mac.finish()
    }

    #[inline(never)]
    fn wipe(&mut self) {
        self.input = [0; 16];
        self.mixed = [0; 16];
        self.mac = Poly1305::EMPTY;
        self.joint = [0; 16];
        optimization_barrier(self);
    }
}

/// The block of keystream between what was put in and what came out (RFC 8439 §2.3.1).
fn keystream(mixed: &[u32; 16], input: &[u32; 16]) -> impl Iterator<Item = u32> {
    let words = mixed.iter().zip(input);
    words.map(|(mixed, input)| mixed.wrapping_add(*input))
}

/// Of four bytes.
fn word_of(bytes: &[u8]) -> u32 {
    bytes.try_into().map_or(0, u32::from_le_bytes)
}

impl Drop for Session {
    fn drop(&mut self) {
        self.wipe();
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
    let mut session = Session::EMPTY;
    session.start(key, nonce);
    session.apply(message);
    Some(session.tag(aad, message))
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
    let mut session = Session::EMPTY;
    session.start(key, nonce);
    // Nothing is decrypted before the tag is known to be right.
    if !is_same(session.tag(aad, message), expected) {
        return None;
    }
    session.apply(message);
    Some(())
}

#[cfg(all(test, target_pointer_width = "64"))]
impl Poly1305 {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        let mut this = Self::EMPTY;
        this.key(key.chunks_exact(4).map(word_of));
        this
    }
}

#[cfg(all(test, target_pointer_width = "64"))]
impl crate::Authenticator for Poly1305 {
    const AT_ONCE: bool = false;

    fn update_padded(&mut self, data: &[u8]) {
        for part in data.chunks(16) {
            let mut block = [0; 16];
            block[..part.len()].copy_from_slice(part);
            self.block(&block);
        }
    }

    fn update(&mut self, block: u128) {
        self.block(&block.to_le_bytes());
    }

    fn finish(self) -> u128 {
        u128::from_le_bytes(Self::finish(&self))
    }
}

#[cfg(test)]
mod tests {
    use num_bigint::BigUint;

    use super::*;

    fn number(words: &[u32]) -> BigUint {
        BigUint::from_slice(words)
    }

    /// RFC 8439 §2.3.2.
    #[test]
    fn a_block_of_keystream_is_the_standards() {
        let key = core::array::from_fn(|i| u8::try_from(i).unwrap());
        let nonce = [0, 0, 0, 9, 0, 0, 0, 0x4a, 0, 0, 0, 0];
        let mut session = Session::EMPTY;
        session.start(&key, &nonce);
        let mut zeros = [0; 64];
        session.apply(&mut zeros);
        assert_eq!(zeros[..4], [0x10, 0xf1, 0xe7, 0xe4]);
        assert_eq!(zeros[60..], [0xa2, 0x50, 0x3c, 0x4e]);
    }

    #[test]
    fn a_session_is_wiped() {
        let mut session = core::mem::ManuallyDrop::new(Session::EMPTY);
        session.start(&[7; 32], &[9; 12]);
        session.absorb(b"half a block");
        session.wipe();
        let left = session.input.iter().chain(&session.mixed);
        let left = left.chain(&session.mac.h).chain(&session.mac.pad);
        assert!(left.chain(&session.mac.multipliers).all(|word| *word == 0));
        assert_eq!(session.joint, [0; 16]);
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
                        let mut mac = Poly1305::EMPTY;
                        mac.key(key.chunks_exact(4).map(word_of));
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
        assert!(h4 * folded < 1 << 32);
        assert!(h4 * 3 + (column >> 32) < 1 << 32);
    }
}
