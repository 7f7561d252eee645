//! Poly1305 of eight blocks side by side in 512-bit registers, in radix 2^44 (RFC 8439 §2.5).
//!
//! Every eighth block belongs to one lane, which is multiplied by r^8 from one to the next, and by r^8 to r at the end, when
//! the lanes are added. Bounds, proved at their extremes by the tests:
//!
//! - the instructions multiply the low 52 bits of their operands, and add the low or the high 52 bits of the product;
//! - a power of r is below 2^130 + 2^128, so its limbs are below 2^44, 2^44 and 5/4 2^42; twenty times that is below 2^49;
//! - a reduced number has limbs below 2^44, 2^44 + 2^11 and 2^42 + 2^11; with those of a block, below 2^45, 2^45 + 2^11 and
//!   2^43;
//! - so a column of three low halves is below 3 2^52, of three high halves below 2^42; with that of the column before, times
//!   2^8, and its carry, it stays below 2^54;
//! - the last column's high half is below 2^39, what is carried from it to the first limb below 5 (2^49 + 2^12) < 2^52, and
//!   what that carries to the second limb below 2^9.

use core::arch::x86_64::*;

use zeroize::optimization_barrier;

use super::load_512;
use crate::poly1305::{Accumulator, powers};

/// Blocks that are taken at once.
pub(super) const LANES: usize = 8;

/// Bytes from which they take less time than one block after the other.
pub(super) const WORTHWHILE: usize = 384;

const MASK: u64 = (1 << 44) - 1;
const LAST_MASK: u64 = (1 << 42) - 1;

/// The limbs of eight numbers, one in each lane.
type Limbs = [__m512i; 3];

/// Limbs 2^(44 i) of a number below 2^130 + 2^128.
const fn limbs(value: Accumulator) -> [u64; 3] {
    let [h0, h1, h2] = value;
    [h0 & MASK, (h0 >> 44 | h1 << 20) & MASK, h1 >> 24 | h2 << 40]
}

/// The number of limbs below 2^48, reduced below 2^130 + 2^128.
const fn accumulator(limbs: [u64; 3]) -> Accumulator {
    let [l0, l1, l2] = limbs;
    let l1 = l1 + (l0 >> 44);
    let l2 = l2 + (l1 >> 44);
    let h0 = l0 & MASK | l1 << 44;
    let h1 = (l1 & MASK) >> 20 | l2 << 24;
    // 2^130 = 5 (mod p).
    let (h0, carry) = h0.overflowing_add((l2 >> 42) * 5);
    let (h1, carry) = h1.overflowing_add(carry as u64);
    [h0, h1, ((l2 & LAST_MASK) >> 40) + carry as u64]
}

/// The limbs of eight blocks with their bits 2^128, in lanes 0, 2, 4, 6, 1, 3, 5 and 7.
#[inline]
#[target_feature(enable = "avx512f,avx512vl,avx512ifma,avx2")]
fn load(blocks: &[[u8; 16]; LANES]) -> Limbs {
    let (halves, _) = blocks.as_flattened().as_chunks();
    let (front, back) = (load_512(&halves[0]), load_512(&halves[1]));
    let low = _mm512_unpacklo_epi64(front, back);
    let high = _mm512_unpackhi_epi64(front, back);
    let mask = _mm512_set1_epi64(MASK.cast_signed());
    let middle = _mm512_or_si512(_mm512_srli_epi64::<44>(low), _mm512_slli_epi64::<20>(high));
    [
        _mm512_and_si512(low, mask),
        _mm512_and_si512(middle, mask),
        _mm512_or_si512(_mm512_srli_epi64::<24>(high), _mm512_set1_epi64(1 << 40)),
    ]
}

/// A multiplier in each lane.
struct Multiplier {
    r: Limbs,
    /// Twenty times r, for what is folded at 2^132.
    s: Limbs,
}

impl Multiplier {
    #[inline]
    #[target_feature(enable = "avx512f,avx512vl,avx512ifma,avx2")]
    fn new(r: Limbs) -> Self {
        let mut s = r;
        for limb in &mut s {
            *limb = _mm512_slli_epi64::<2>(times_five(*limb));
        }
        Self { r, s }
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512vl,avx512ifma,avx2")]
fn times_five(limb: __m512i) -> __m512i {
    _mm512_add_epi64(limb, _mm512_slli_epi64::<2>(limb))
}

/// h r, reduced.
#[inline]
#[target_feature(enable = "avx512f,avx512vl,avx512ifma,avx2")]
fn multiply(h: Limbs, multiplier: &Multiplier) -> Limbs {
    let Multiplier { r, s } = multiplier;
    let [h0, h1, h2] = h;
    let columns = [
        [(h0, r[0]), (h1, s[2]), (h2, s[1])],
        [(h0, r[1]), (h1, r[0]), (h2, s[2])],
        [(h0, r[2]), (h1, r[1]), (h2, r[0])],
    ];
    let mut low = [_mm512_setzero_si512(); 3];
    let mut high = low;
    for ((low, high), column) in low.iter_mut().zip(&mut high).zip(columns) {
        for (h, r) in column {
            *low = _mm512_madd52lo_epu64(*low, h, r);
            *high = _mm512_madd52hi_epu64(*high, h, r);
        }
    }
    // A high half stands 52 bits above its column, and so 8 bits into the next, or 10 above 2^130.
    let d0 = low[0];
    let d1 = _mm512_add_epi64(low[1], _mm512_slli_epi64::<8>(high[0]));
    let d2 = _mm512_add_epi64(low[2], _mm512_slli_epi64::<8>(high[1]));
    let over = _mm512_slli_epi64::<10>(high[2]);
    let mask = _mm512_set1_epi64(MASK.cast_signed());
    let last_mask = _mm512_set1_epi64(LAST_MASK.cast_signed());
    // All carries at once: what they leave above a limb is little.
    let over = _mm512_add_epi64(over, _mm512_srli_epi64::<42>(d2));
    let h0 = _mm512_add_epi64(_mm512_and_si512(d0, mask), times_five(over));
    let h1 = _mm512_add_epi64(_mm512_and_si512(d1, mask), _mm512_srli_epi64::<44>(d0));
    let h2 = _mm512_add_epi64(_mm512_and_si512(d2, last_mask), _mm512_srli_epi64::<44>(d1));
    [
        _mm512_and_si512(h0, mask),
        _mm512_add_epi64(h1, _mm512_srli_epi64::<44>(h0)),
        h2,
    ]
}

#[inline]
#[target_feature(enable = "avx512f,avx512vl,avx512ifma,avx2")]
fn add(left: Limbs, right: Limbs) -> Limbs {
    let mut sum = left;
    for (sum, right) in sum.iter_mut().zip(right) {
        *sum = _mm512_add_epi64(*sum, right);
    }
    sum
}

/// The sum of the eight lanes, limb by limb.
#[inline]
#[target_feature(enable = "avx512f,avx512vl,avx512ifma,avx2")]
fn sum(h: Limbs) -> [u64; 3] {
    let mut sums = [0; 3];
    for (sum, limb) in sums.iter_mut().zip(h) {
        *sum = _mm512_reduce_add_epi64(limb).cast_unsigned();
    }
    sums
}

/// The accumulator after these blocks (RFC 8439 §2.5.1), with r clamped.
#[target_feature(enable = "avx512f,avx512vl,avx512ifma,avx2,bmi2")]
pub(super) fn blocks(h: Accumulator, r: [u64; 2], blocks: &[[[u8; 16]; LANES]]) -> Accumulator {
    let Some((first, rest)) = blocks.split_first() else {
        return h;
    };
    let mut powers: [Accumulator; LANES] = powers(r);
    let (mut last, mut every) = ([_mm512_setzero_si512(); 3], [_mm512_setzero_si512(); 3]);
    let mut sum_of_first = load(first);
    for i in 0..3 {
        let [r1, r2, r3, r4, r5, r6, r7, r8] = powers.map(|power| limbs(power)[i].cast_signed());
        last[i] = _mm512_setr_epi64(r8, r4, r7, r3, r6, r2, r5, r1);
        every[i] = _mm512_set1_epi64(r8);
        let h = _mm512_setr_epi64(limbs(h)[i].cast_signed(), 0, 0, 0, 0, 0, 0, 0);
        sum_of_first[i] = _mm512_add_epi64(sum_of_first[i], h);
    }
    powers = [[0; 3]; LANES];
    optimization_barrier(&powers);
    let every = Multiplier::new(every);
    let mut h = sum_of_first;
    for blocks in rest {
        h = add(multiply(h, &every), load(blocks));
    }
    accumulator(sum(multiply(h, &Multiplier::new(last))))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::poly1305::tests::{clamped, p};
    use crate::x86::HasAvx512;
    use crate::x86::any_radix::{Blocks, check_blocks, check_blocks_at_edges, check_limbs, whole};

    /// What a reduced number's limbs stay below, and those of a sum with a block.
    const REDUCED: [u64; 3] = [1 << 44, (1 << 44) + (1 << 11), (1 << 42) + (1 << 11)];
    const SUM: [u64; 3] = [1 << 45, (1 << 45) + (1 << 11), 1 << 43];
    /// What the limbs of a power of r stay below.
    const POWER: [u64; 3] = [1 << 44, 1 << 44, 5 << 40];

    fn vectors(lanes: [[u64; 3]; LANES]) -> Limbs {
        core::array::from_fn(|i| {
            let [a, b, c, d, e, f, g, h] = lanes.map(|limbs| limbs[i].cast_signed());
            // SAFETY: the caller has seen that the processor has AVX-512IFMA.
            unsafe { _mm512_setr_epi64(a, b, c, d, e, f, g, h) }
        })
    }

    fn lanes(vectors: Limbs) -> [[u64; 3]; LANES] {
        let words = vectors.map(|vector| {
            let mut bytes = [0; 64];
            // SAFETY: the caller has seen that the processor has AVX-512IFMA.
            unsafe { crate::x86::store_512(&mut bytes, vector) };
            let (words, _) = bytes.as_chunks();
            core::array::from_fn::<_, LANES, _>(|lane| u64::from_le_bytes(words[lane]))
        });
        core::array::from_fn(|lane| words.map(|word| word[lane]))
    }

    fn check_multiply(h: [[u64; 3]; LANES], r: [[u64; 3]; LANES]) {
        // SAFETY: the caller has seen that the processor has AVX-512IFMA.
        let product = unsafe { multiply(vectors(h), &Multiplier::new(vectors(r))) };
        for ((h, r), product) in h.into_iter().zip(r).zip(lanes(product)) {
            assert!(
                product
                    .iter()
                    .zip(REDUCED)
                    .all(|(limb, bound)| *limb < bound),
                "{product:x?}"
            );
            assert_eq!(
                whole(product, 44) % p(),
                whole(h, 44) * whole(r, 44) % p(),
                "{h:x?} {r:x?}"
            );
        }
    }

    #[test]
    fn a_product_is_right_at_every_edge() {
        let Some(HasAvx512(())) = HasAvx512::detect() else {
            return;
        };
        let pick = |bits: usize, bounds: [u64; 3]| {
            core::array::from_fn(|i| if bits >> i & 1 == 1 { bounds[i] - 1 } else { 0 })
        };
        for r in 0..8 {
            let h = core::array::from_fn(|bits| pick(bits, SUM));
            check_multiply(h, [pick(r, POWER); LANES]);
            check_multiply(h, core::array::from_fn(|lane| pick(lane ^ r, POWER)));
        }
    }

    /// Every term grows with every operand, so the largest operands prove that none is ever too large for its word.
    #[test]
    fn nothing_overflows_at_the_largest_operands() {
        let [h, r] = [SUM, POWER].map(|bounds| bounds.map(|bound| u128::from(bound - 1)));
        let s = r.map(|limb| limb * 20);
        assert!(h.iter().chain(&r).chain(&s).all(|limb| *limb < 1 << 52));
        let factor = |i: usize, j: usize| if j <= i { r[i - j] } else { s[3 + i - j] };
        // Of a low half nothing is known but that it has 52 bits.
        let low = 3 * ((1 << 52) - 1);
        let high: [u128; 3] =
            core::array::from_fn(|i| (0..3).map(|j| (h[j] * factor(i, j)) >> 52).sum());
        assert!(high[0] < 1 << 42 && high[1] < 1 << 42 && high[2] < 1 << 39);
        let (d0, d1, d2) = (low, low + (high[0] << 8), low + (high[1] << 8));
        assert!(d0 < 1 << 54 && d1 < 1 << 54 && d2 < 1 << 54);
        let over = ((high[2] << 10) + (d2 >> 42)) * 5;
        assert!(over < 1 << 52);
        let (mask, last_mask) = (u128::from(MASK), u128::from(LAST_MASK));
        assert!(mask + (d0 >> 44) + ((mask + over) >> 44) < u128::from(REDUCED[1]));
        assert!(last_mask + (d1 >> 44) < u128::from(REDUCED[2]));
        // A block's limbs and a lane's, and the accumulator's in the first of them.
        let block = [mask, mask, (1 << 41) - 1];
        for i in 0..3 {
            assert!(block[i] + u128::from(REDUCED[i].max(POWER[i])) <= u128::from(SUM[i]));
            assert!(u128::from(REDUCED[i] - 1) * 8 < 1 << 48);
        }
    }

    #[test]
    fn limbs_and_back() {
        check_limbs(limbs, accumulator, 44, (POWER, (1 << 48) - 1));
    }

    /// The code under test, once it is known that the processor has what it needs.
    fn code() -> Option<Blocks<LANES>> {
        let HasAvx512(()) = HasAvx512::detect()?;
        // SAFETY: the processor has AVX-512IFMA, as the line above shows.
        Some(|h, r, data| unsafe { blocks(h, r, data) })
    }

    #[test]
    fn blocks_are_right_at_every_edge() {
        if let Some(code) = code() {
            check_blocks_at_edges(code);
        }
    }

    proptest! {
        #[test]
        fn blocks_are_right(h: [u64; 2], h2 in 0u64..=4, r: [u64; 2], data in prop::collection::vec(any::<[[u8; 16]; LANES]>(), 0..12)) {
            if let Some(code) = code() {
                check_blocks(code, ([h[0], h[1], h2], clamped(r)), &data);
            }
        }
    }
}
