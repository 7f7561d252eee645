//! Poly1305 in radix 2^64, for processors that multiply 64-bit words (RFC 8439 §2.5).

use zeroize::optimization_barrier;

use crate::Authenticator;
use crate::words::padded;

/// r0 and r1 once clamped (RFC 8439 §2.5): both are below 2^60, and r1 is a multiple of 4.
const CLAMP: [u64; 2] = [0x0fff_fffc_0fff_ffff, 0x0fff_fffc_0fff_fffc];

/// The accumulator below 2^130 + 2^128, as h0 + 2^64 h1 + 2^128 h2.
pub(crate) type Accumulator = [u64; 3];

/// The one-time authenticator of one message.
///
/// Bounds, proved at their extremes by the tests below:
///
/// - between blocks h2 <= 4; adding a block and its bit 2^128 makes it at most 6;
/// - r0, r1 < 2^60, and s1 = 5/4 r1 < 5/4 2^60, exact because 4 divides r1;
/// - so h0 r0 + h1 s1 and h0 r1 + h1 r0 + h2 s1 + carry stay below 2^127, h2 r0 + carry below 11/16 2^64,
///   and 5/4 of that below 2^64;
/// - 2^130 = 5 (mod p) folds what lies above 2 bits of the third word: (d2 >> 2) 5 = (d2 & !3) + (d2 >> 2), which
///   leaves h2 <= 3 plus one carry.
pub(crate) struct Poly1305 {
    h: Accumulator,
    r: [u64; 2],
    pad: [u64; 2],
}

/// r0, r1 and s1.
#[derive(Clone, Copy)]
pub(crate) struct Multiplier {
    r0: u64,
    r1: u64,
    s1: u64,
}

impl Multiplier {
    const fn new(r: [u64; 2]) -> Self {
        let [r0, r1] = r;
        Self {
            r0,
            r1,
            s1: r1 + (r1 >> 2),
        }
    }
}

const fn wide(left: u64, right: u64) -> u128 {
    left as u128 * right as u128
}

#[expect(clippy::cast_possible_truncation, reason = "the low word is meant")]
const fn low(value: u128) -> u64 {
    value as u64
}

const fn high(value: u128) -> u64 {
    low(value >> 64)
}

const fn words(bytes: [u8; 16]) -> [u64; 2] {
    let value = u128::from_le_bytes(bytes);
    [low(value), high(value)]
}

/// (h + block + 2^128) r, not fully reduced.
#[inline(always)]
pub(crate) const fn step(h: Accumulator, block: u128, r: Multiplier) -> Accumulator {
    let sum = h[0] as u128 + low(block) as u128;
    let h0 = low(sum);
    let sum = h[1] as u128 + high(block) as u128 + (sum >> 64);
    let h1 = low(sum);
    let h2 = h[2].wrapping_add(high(sum)).wrapping_add(1);
    multiply([h0, h1, h2], r)
}

/// h r, not fully reduced; h2 is at most 6.
#[inline(always)]
const fn multiply(h: Accumulator, r: Multiplier) -> Accumulator {
    let [h0, h1, h2] = h;
    let d0 = wide(h0, r.r0).wrapping_add(wide(h1, r.s1));
    let d1 = wide(h0, r.r1)
        .wrapping_add(wide(h1, r.r0))
        .wrapping_add(h2.wrapping_mul(r.s1) as u128)
        .wrapping_add(d0 >> 64);
    let d2 = h2.wrapping_mul(r.r0).wrapping_add(high(d1));
    let folded = (d2 & !3).wrapping_add(d2 >> 2);
    let sum = low(d0) as u128 + folded as u128;
    let h0 = low(sum);
    let sum = low(d1) as u128 + (sum >> 64);
    [h0, low(sum), (d2 & 3).wrapping_add(high(sum))]
}

/// r, r^2 and so on, with r clamped.
#[cfg(any(mqward_simd, test))]
#[inline(always)]
pub(crate) const fn powers<const N: usize>(r: [u64; 2]) -> [Accumulator; N] {
    let multiplier = Multiplier::new(r);
    let mut powers = [[r[0], r[1], 0]; N];
    let mut at = 1;
    while at < N {
        powers[at] = multiply(powers[at - 1], multiplier);
        at += 1;
    }
    powers
}

impl Poly1305 {
    /// Takes the one-time key (RFC 8439 §2.5.1).
    #[inline(always)]
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        let (mut r, mut pad) = ([0; 16], [0; 16]);
        r.copy_from_slice(&key[..16]);
        pad.copy_from_slice(&key[16..]);
        let [r0, r1] = words(r);
        Self {
            h: [0; 3],
            r: [r0 & CLAMP[0], r1 & CLAMP[1]],
            pad: words(pad),
        }
    }

    /// Takes whole blocks.
    #[inline(always)]
    pub(crate) fn blocks(&mut self, mut data: &[u8]) {
        let r = Multiplier::new(self.r);
        let mut h = self.h;
        while let Some((block, rest)) = data.split_first_chunk() {
            h = step(h, u128::from_le_bytes(*block), r);
            data = rest;
        }
        self.h = h;
    }

    /// The accumulator, and what it is multiplied by.
    #[cfg(mqward_simd)]
    #[inline(always)]
    pub(crate) const fn parts(&mut self) -> (&mut Accumulator, Multiplier) {
        (&mut self.h, Multiplier::new(self.r))
    }

    /// Takes blocks by other code, which gets the accumulator and r and returns the accumulator.
    #[cfg(mqward_simd)]
    #[inline(always)]
    pub(crate) fn blocks_by(&mut self, code: impl FnOnce(Accumulator, [u64; 2]) -> Accumulator) {
        self.h = code(self.h, self.r);
    }
}

impl Authenticator for Poly1305 {
    const AT_ONCE: bool = false;

    #[inline(always)]
    fn update_padded(&mut self, data: &[u8]) {
        let (whole, rest) = data.split_at(data.len() & !15);
        self.blocks(whole);
        if !rest.is_empty() {
            self.update(padded(rest));
        }
    }

    #[inline(always)]
    fn update(&mut self, block: u128) {
        self.h = step(self.h, block, Multiplier::new(self.r));
    }

    #[inline(always)]
    fn finish(self) -> u128 {
        // h < 2^130 + 2^128 < 2 p, so one subtraction of p, that is h + 5 - 2^130, reduces it.
        let [h0, h1, h2] = self.h;
        let sum = u128::from(h0) + 5;
        let g0 = low(sum);
        let sum = u128::from(h1) + (sum >> 64);
        let g1 = low(sum);
        let at_least_p = h2.wrapping_add(high(sum)) >> 2;
        let take = at_least_p.wrapping_neg();
        let reduced = [h0 ^ (take & (h0 ^ g0)), h1 ^ (take & (h1 ^ g1))];
        let whole = |[low, high]: [u64; 2]| u128::from(high) << 64 | u128::from(low);
        whole(reduced).wrapping_add(whole(self.pad))
    }
}

impl Drop for Poly1305 {
    fn drop(&mut self) {
        self.h = [0; 3];
        self.r = [0; 2];
        self.pad = [0; 2];
        optimization_barrier(self);
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::vec::Vec;

    use num_bigint::BigUint;
    use proptest::prelude::*;

    use super::*;

    /// Words at which carries begin, end and run through.
    const EDGES: [u64; 9] = [
        0,
        1,
        5,
        u32::MAX as u64,
        1 << 63,
        u64::MAX - 5,
        u64::MAX - 4,
        u64::MAX - 1,
        u64::MAX,
    ];

    /// Words of r before they are clamped.
    pub(crate) const R_EDGES: [u64; 5] = [0, 4, 0x5555_5555_5555_5555, 1 << 59, u64::MAX];

    pub(crate) fn p() -> BigUint {
        (BigUint::from(1u8) << 130) - 5u8
    }

    pub(crate) fn number(words: &[u64]) -> BigUint {
        words
            .iter()
            .rev()
            .fold(BigUint::ZERO, |sum, word| (sum << 64) + word)
    }

    pub(crate) fn clamped(r: [u64; 2]) -> [u64; 2] {
        [r[0] & CLAMP[0], r[1] & CLAMP[1]]
    }

    /// The accumulator after these blocks, one after the other.
    #[cfg(mqward_simd)]
    pub(crate) fn stepped(h: Accumulator, r: [u64; 2], blocks: &[[u8; 16]]) -> Accumulator {
        let mut mac = Poly1305 { h, r, pad: [0; 2] };
        mac.blocks(blocks.as_flattened());
        mac.h
    }

    fn check_step(h: Accumulator, block: [u64; 2], r: [u64; 2]) {
        let r = clamped(r);
        let joined = u128::from(block[1]) << 64 | u128::from(block[0]);
        let actual = step(h, joined, Multiplier::new(r));
        assert!(actual[2] <= 4, "{h:x?} {block:x?} {r:x?}: {actual:x?}");
        let sum = number(&h) + number(&block) + (BigUint::from(1u8) << 128);
        assert_eq!(
            number(&actual) % p(),
            sum * number(&r) % p(),
            "{h:x?} {block:x?} {r:x?}"
        );
    }

    #[test]
    fn a_step_is_right_at_every_edge() {
        for h0 in EDGES {
            for h1 in EDGES {
                for h2 in 0..=4 {
                    for block in [[0, 0], [u64::MAX, 0], [0, u64::MAX], [u64::MAX, u64::MAX]] {
                        for r0 in R_EDGES {
                            for r1 in R_EDGES {
                                check_step([h0, h1, h2], block, [r0, r1]);
                            }
                        }
                    }
                }
            }
        }
    }

    /// Every term grows with every operand, so the largest operands prove that none is ever too large for its word.
    #[test]
    fn nothing_overflows_at_the_largest_operands() {
        let [r0, r1] = CLAMP.map(u128::from);
        let s1 = r1 + (r1 >> 2);
        assert_eq!(s1 * 4, r1 * 5);
        let (word, h2) = (u128::from(u64::MAX), 4 + 1 + 1);
        assert!(h2 * s1 <= word);
        let d0 = (word * r0).checked_add(word * s1).unwrap();
        let d1 = (word * r1)
            .checked_add(word * r0)
            .and_then(|d1| d1.checked_add(h2 * s1))
            .and_then(|d1| d1.checked_add(d0 >> 64))
            .unwrap();
        assert!(d0 < 1 << 127 && d1 < 1 << 127);
        let d2 = h2 * r0 + (d1 >> 64);
        assert!(d2 <= word);
        assert!((d2 & !3) + (d2 >> 2) <= word);
    }

    /// RFC 8439 §2.5.1 with whole numbers; `data` in whole blocks.
    fn reference(key: &[u8; 32], data: &[u8]) -> [u8; 16] {
        let clamp = number(&CLAMP);
        let r = BigUint::from_bytes_le(&key[..16]) & clamp;
        let mut h = BigUint::ZERO;
        for block in data.chunks(16) {
            h += BigUint::from_bytes_le(block) + (BigUint::from(1u8) << 128);
            h = h * &r % p();
        }
        h += BigUint::from_bytes_le(&key[16..]);
        let mut bytes: Vec<u8> = h.to_bytes_le();
        bytes.resize(17, 0);
        bytes[..16].try_into().unwrap()
    }

    fn tag(mut mac: impl Authenticator, data: &[u8]) -> [u8; 16] {
        mac.update_padded(data);
        mac.finish().to_le_bytes()
    }

    fn check_tag(key: &[u8; 32], data: &[u8]) {
        let expected = reference(key, data);
        assert_eq!(
            tag(Poly1305::new(key), data),
            expected,
            "wide, {key:x?} {data:x?}"
        );
        let narrow = tag(crate::narrow::Poly1305::new(key), data);
        assert_eq!(narrow, expected, "narrow, {key:x?} {data:x?}");
    }

    /// With r = 1 or 2 the accumulator is what the blocks say: around p and 2^130 its last reduction is decided.
    #[test]
    fn the_last_reduction_is_right_around_p() {
        for r in 0..=5 {
            let mut key = [0; 32];
            key[0] = r;
            for pad in [0, 0xff] {
                key[16..].fill(pad);
                for low in 0..=16u128 {
                    for data in [low, u128::MAX - low, (u128::MAX - 4) / 2 - low] {
                        let block = data.to_le_bytes();
                        for blocks in 1..=6 {
                            check_tag(&key, &block.repeat(blocks));
                            let second = [block, [0xff; 16], (u128::MAX - low).to_le_bytes()];
                            check_tag(&key, &second.concat());
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn words_of_all_ones_and_zeros() {
        for bits in 0u32..256 {
            let byte = |bit: u32| if bits >> bit & 1 == 1 { 0xff } else { 0 };
            let mut key = [0; 32];
            for (at, word) in key.chunks_exact_mut(8).enumerate() {
                word.fill(byte(u32::try_from(at).unwrap()));
            }
            let data: Vec<u8> = (4..8).flat_map(|bit| [byte(bit); 8]).collect();
            for blocks in 1..5 {
                check_tag(&key, &data.repeat(blocks));
            }
        }
    }

    /// What a multiplier of many lanes is made of: each power is small enough to be multiplied again.
    #[test]
    fn powers_are_right() {
        for (r0, r1) in R_EDGES.iter().flat_map(|r0| R_EDGES.map(|r1| (*r0, r1))) {
            let r = clamped([r0, r1]);
            let mut expected = BigUint::from(1u8);
            for power in powers::<8>(r) {
                expected = expected * number(&r) % p();
                assert!(power[2] <= 4);
                assert_eq!(number(&power) % p(), expected);
            }
        }
    }

    proptest! {
        #[test]
        fn steps_are_right(h: [u64; 2], h2 in 0u64..=4, block: [u64; 2], r: [u64; 2]) {
            check_step([h[0], h[1], h2], block, r);
        }

        #[test]
        fn tags_are_right(key: [u8; 32], data in prop::collection::vec(any::<[u8; 16]>(), 0..40)) {
            check_tag(&key, data.as_flattened());
        }
    }
}
