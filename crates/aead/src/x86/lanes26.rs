//! Poly1305 of four blocks side by side in 256-bit registers, in radix 2^26 (RFC 8439 §2.5).
//!
//! Every fourth block belongs to one lane, which is multiplied by r^4 from one to the next, and by r^4, r^3, r^2 and r at
//! the end, when the lanes are added. Bounds, proved at their extremes by the tests:
//!
//! - the instruction multiplies the low 32 bits of its operands into 64;
//! - a power of r is below 2^130 + 2^128, so its limbs are below 2^26 and the last below 5/4 2^26; five times that is
//!   below 2^29;
//! - a reduced number has limbs below 2^26 + 2^10; with those of a block, below 2^27 + 2^10;
//! - so a column of five products is below 5 (2^27 + 2^10) 25/4 2^26 < 2^58, and no carry overflows 64 bits;
//! - a carry is below 2^32, five times the last one below 2^35: the two limbs that take a second carry, which is below
//!   2^10, are those that end above 2^26.

use core::arch::x86_64::*;
use core::hint::black_box;

use zeroize::optimization_barrier;

use super::load_256;
use crate::poly1305::{Accumulator, powers};

/// Blocks that are taken at once.
pub(super) const LANES: usize = 4;

/// Bytes from which they take less time than one block after the other.
pub(super) const WORTHWHILE: usize = 320;

const MASK: u64 = (1 << 26) - 1;

/// The limbs of four numbers, one in each lane.
type Limbs = [__m256i; 5];

/// Limbs 2^(26 i) of a number below 2^130 + 2^128.
const fn limbs(value: Accumulator) -> [u64; 5] {
    let [h0, h1, h2] = value;
    [
        h0 & MASK,
        (h0 >> 26) & MASK,
        (h0 >> 52 | h1 << 12) & MASK,
        (h1 >> 14) & MASK,
        h1 >> 40 | h2 << 24,
    ]
}

/// The number of limbs below 2^29, reduced below 2^130 + 2^128.
const fn accumulator(limbs: [u64; 5]) -> Accumulator {
    let [l0, l1, l2, l3, l4] = limbs;
    let l1 = l1 + (l0 >> 26);
    let l2 = l2 + (l1 >> 26);
    let l3 = l3 + (l2 >> 26);
    let l4 = l4 + (l3 >> 26);
    let h0 = l0 & MASK | (l1 & MASK) << 26 | l2 << 52;
    let h1 = (l2 & MASK) >> 12 | (l3 & MASK) << 14 | l4 << 40;
    // 2^130 = 5 (mod p).
    let (h0, carry) = h0.overflowing_add((l4 >> 26) * 5);
    let (h1, carry) = h1.overflowing_add(carry as u64);
    [h0, h1, ((l4 & MASK) >> 24) + carry as u64]
}

/// The limbs of four blocks with their bits 2^128, in lanes 0, 2, 1 and 3.
#[inline]
#[target_feature(enable = "avx2")]
fn load(blocks: &[[u8; 16]; LANES], mask: __m256i) -> Limbs {
    let (halves, _) = blocks.as_flattened().as_chunks();
    let (front, back) = (load_256(&halves[0]), load_256(&halves[1]));
    let low = _mm256_unpacklo_epi64(front, back);
    let high = _mm256_unpackhi_epi64(front, back);
    let middle = _mm256_or_si256(_mm256_srli_epi64::<52>(low), _mm256_slli_epi64::<12>(high));
    [
        _mm256_and_si256(low, mask),
        _mm256_and_si256(_mm256_srli_epi64::<26>(low), mask),
        _mm256_and_si256(middle, mask),
        _mm256_and_si256(_mm256_srli_epi64::<14>(high), mask),
        _mm256_or_si256(_mm256_srli_epi64::<40>(high), _mm256_set1_epi64x(1 << 24)),
    ]
}

#[inline]
#[target_feature(enable = "avx2")]
fn add(left: Limbs, right: Limbs) -> Limbs {
    let mut sum = left;
    for (sum, right) in sum.iter_mut().zip(right) {
        *sum = _mm256_add_epi64(*sum, right);
    }
    sum
}

#[inline]
#[target_feature(enable = "avx2")]
fn times_five(limb: __m256i) -> __m256i {
    _mm256_add_epi64(limb, _mm256_slli_epi64::<2>(limb))
}

/// A multiplier in each lane.
struct Multiplier {
    r: Limbs,
    /// Five times r, for what is folded at 2^130.
    s: Limbs,
}

impl Multiplier {
    #[inline]
    #[target_feature(enable = "avx2")]
    fn new(r: Limbs) -> Self {
        let mut s = r;
        for limb in &mut s {
            *limb = times_five(*limb);
        }
        Self { r, s }
    }
}

/// h r, reduced.
#[inline]
#[target_feature(enable = "avx2")]
fn multiply(h: Limbs, multiplier: &Multiplier, mask: __m256i) -> Limbs {
    let Multiplier { r, s } = multiplier;
    let [h0, h1, h2, h3, h4] = h;
    // Written out: of a loop over the columns the compiler makes one that goes through memory.
    let d0 = _mm256_mul_epu32(h0, r[0]);
    let d0 = plus(plus(d0, h1, s[4]), h2, s[3]);
    let d0 = plus(plus(d0, h3, s[2]), h4, s[1]);
    let d1 = _mm256_mul_epu32(h0, r[1]);
    let d1 = plus(plus(d1, h1, r[0]), h2, s[4]);
    let d1 = plus(plus(d1, h3, s[3]), h4, s[2]);
    let d2 = _mm256_mul_epu32(h0, r[2]);
    let d2 = plus(plus(d2, h1, r[1]), h2, r[0]);
    let d2 = plus(plus(d2, h3, s[4]), h4, s[3]);
    let d3 = _mm256_mul_epu32(h0, r[3]);
    let d3 = plus(plus(d3, h1, r[2]), h2, r[1]);
    let d3 = plus(plus(d3, h3, r[0]), h4, s[4]);
    let d4 = _mm256_mul_epu32(h0, r[4]);
    let d4 = plus(plus(d4, h1, r[3]), h2, r[2]);
    let d4 = plus(plus(d4, h3, r[1]), h4, r[0]);
    reduce([d0, d1, d2, d3, d4], mask)
}

/// The sum and the product of two limbs.
#[inline]
#[target_feature(enable = "avx2")]
fn plus(sum: __m256i, h: __m256i, r: __m256i) -> __m256i {
    _mm256_add_epi64(sum, _mm256_mul_epu32(h, r))
}

/// Limbs of less than 2^58 carried, two chains at a time.
#[inline]
#[target_feature(enable = "avx2")]
fn reduce(sums: Limbs, mask: __m256i) -> Limbs {
    let [d0, d1, d2, d3, d4] = sums;
    let (d0, c0) = (_mm256_and_si256(d0, mask), _mm256_srli_epi64::<26>(d0));
    let (d3, c3) = (_mm256_and_si256(d3, mask), _mm256_srli_epi64::<26>(d3));
    let d1 = _mm256_add_epi64(d1, c0);
    let d4 = _mm256_add_epi64(d4, c3);
    let (d1, c1) = (_mm256_and_si256(d1, mask), _mm256_srli_epi64::<26>(d1));
    let (d4, c4) = (_mm256_and_si256(d4, mask), _mm256_srli_epi64::<26>(d4));
    let d2 = _mm256_add_epi64(d2, c1);
    let d0 = _mm256_add_epi64(d0, times_five(c4));
    let (d2, c2) = (_mm256_and_si256(d2, mask), _mm256_srli_epi64::<26>(d2));
    let (d0, c0) = (_mm256_and_si256(d0, mask), _mm256_srli_epi64::<26>(d0));
    let d3 = _mm256_add_epi64(d3, c2);
    let d1 = _mm256_add_epi64(d1, c0);
    let (d3, c3) = (_mm256_and_si256(d3, mask), _mm256_srli_epi64::<26>(d3));
    [d0, d1, d2, d3, _mm256_add_epi64(d4, c3)]
}

/// The sum of the four lanes, limb by limb.
#[inline]
#[target_feature(enable = "avx2")]
fn sum(h: Limbs) -> [u64; 5] {
    let mut sums = [0; 5];
    for (sum, limb) in sums.iter_mut().zip(h) {
        let pair = _mm_add_epi64(
            _mm256_castsi256_si128(limb),
            _mm256_extracti128_si256::<1>(limb),
        );
        let one = _mm_add_epi64(pair, _mm_unpackhi_epi64(pair, pair));
        *sum = _mm_cvtsi128_si64(one).cast_unsigned();
    }
    sums
}

/// The accumulator after these blocks (RFC 8439 §2.5.1), with r clamped.
#[target_feature(enable = "avx2,bmi2")]
pub(super) fn blocks(h: Accumulator, r: [u64; 2], blocks: &[[[u8; 16]; LANES]]) -> Accumulator {
    let Some((first, rest)) = blocks.split_first() else {
        return h;
    };
    let mut powers: [Accumulator; LANES] = powers(r);
    let (mut last, mut every) = ([_mm256_setzero_si256(); 5], [_mm256_setzero_si256(); 5]);
    // Hidden, as the multipliers below: from limbs that it knows to be short the compiler drops what makes a multiplication of
    // 32 bits, and then puts one of 64 bits together where it has forgotten.
    let mask = black_box(_mm256_set1_epi64x(MASK.cast_signed()));
    let mut sum_of_first = load(first, mask);
    for i in 0..5 {
        let [r1, r2, r3, r4] = powers.map(|power| limbs(power)[i].cast_signed());
        last[i] = _mm256_setr_epi64x(r4, r2, r3, r1);
        every[i] = _mm256_set1_epi64x(r4);
        let h = _mm256_setr_epi64x(limbs(h)[i].cast_signed(), 0, 0, 0);
        sum_of_first[i] = _mm256_add_epi64(sum_of_first[i], h);
    }
    powers = [[0; 3]; LANES];
    optimization_barrier(&powers);
    let mut multipliers = [Multiplier::new(every), Multiplier::new(last)];
    let multipliers = black_box(&mut multipliers);
    let mut h = sum_of_first;
    // One multiplication, so that the compiler has one place to put it: the last is by the powers of each lane.
    for at in 0..=rest.len() {
        h = multiply(h, &multipliers[usize::from(at == rest.len())], mask);
        if let Some(blocks) = rest.get(at) {
            h = add(h, load(blocks, mask));
        }
    }
    // There are not enough registers for them.
    for multiplier in multipliers.iter_mut() {
        multiplier.r = [_mm256_setzero_si256(); 5];
        multiplier.s = [_mm256_setzero_si256(); 5];
    }
    optimization_barrier(multipliers);
    accumulator(sum(h))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::poly1305::tests::{clamped, p};
    use crate::x86::HasAvx2;
    use crate::x86::any_radix::{Blocks, check_blocks, check_blocks_at_edges, check_limbs, whole};

    /// What a reduced number's limbs stay below, and those of a sum with a block.
    const REDUCED: [u64; 5] = [
        1 << 26,
        (1 << 26) + (1 << 10),
        1 << 26,
        1 << 26,
        (1 << 26) + (1 << 10),
    ];
    const SUM: [u64; 5] = [
        1 << 27,
        (1 << 27) + (1 << 10),
        1 << 27,
        1 << 27,
        (1 << 27) + (1 << 10),
    ];
    /// What the limbs of a power of r stay below.
    const POWER: [u64; 5] = [1 << 26, 1 << 26, 1 << 26, 1 << 26, 5 << 24];

    fn vectors(lanes: [[u64; 5]; LANES]) -> Limbs {
        core::array::from_fn(|i| {
            let lane = lanes.map(|limbs| limbs[i].cast_signed());
            // SAFETY: the caller has seen that the processor has AVX2.
            unsafe { _mm256_setr_epi64x(lane[0], lane[1], lane[2], lane[3]) }
        })
    }

    fn lanes(vectors: Limbs) -> [[u64; 5]; LANES] {
        let words = vectors.map(|vector| {
            let mut bytes = [0; 32];
            // SAFETY: the caller has seen that the processor has AVX2.
            unsafe { crate::x86::store_256(&mut bytes, vector) };
            let (words, _) = bytes.as_chunks();
            [0, 1, 2, 3].map(|lane: usize| u64::from_le_bytes(words[lane]))
        });
        [0, 1, 2, 3].map(|lane: usize| words.map(|word| word[lane]))
    }

    fn check_multiply(h: [[u64; 5]; LANES], r: [[u64; 5]; LANES]) {
        // SAFETY: the caller has seen that the processor has AVX2.
        let product = unsafe {
            multiply(
                vectors(h),
                &Multiplier::new(vectors(r)),
                _mm256_set1_epi64x(MASK.cast_signed()),
            )
        };
        for ((h, r), product) in h.into_iter().zip(r).zip(lanes(product)) {
            assert!(
                product
                    .iter()
                    .zip(REDUCED)
                    .all(|(limb, bound)| *limb < bound),
                "{product:x?}"
            );
            assert_eq!(
                whole(product, 26) % p(),
                whole(h, 26) * whole(r, 26) % p(),
                "{h:x?} {r:x?}"
            );
        }
    }

    #[test]
    fn a_product_is_right_at_every_edge() {
        let Some(HasAvx2(())) = HasAvx2::detect() else {
            return;
        };
        let pick = |bits: u32, bounds: [u64; 5]| {
            core::array::from_fn(|i| if bits >> i & 1 == 1 { bounds[i] - 1 } else { 0 })
        };
        for h in 0..32 {
            for r in 0..32 {
                let h = [h, 31, h ^ 31, 31 - h / 2].map(|bits| pick(bits, SUM));
                check_multiply(h, [r, r, 31, r ^ 31].map(|bits| pick(bits, POWER)));
            }
        }
    }

    /// Every term grows with every operand, so the largest operands prove that none is ever too large for its word.
    #[test]
    fn nothing_overflows_at_the_largest_operands() {
        let [h, r] = [SUM, POWER].map(|bounds| bounds.map(|bound| u128::from(bound - 1)));
        let s = r.map(|limb| limb * 5);
        assert!(h.iter().chain(&r).chain(&s).all(|limb| *limb < 1 << 32));
        let columns: [u128; 5] = core::array::from_fn(|i| {
            (0..5)
                .map(|j| h[j] * if j <= i { r[i - j] } else { s[5 + i - j] })
                .sum()
        });
        assert!(columns.iter().all(|column| *column < 1 << 58));
        // As `reduce` carries them.
        let [d0, d1, d2, d3, d4] = columns;
        let d4 = d4 + (d3 >> 26);
        let d1 = d1 + (d0 >> 26);
        let d2 = d2 + (d1 >> 26);
        let mask = u128::from(MASK);
        let d0 = mask + (d4 >> 26) * 5;
        let d3 = mask + (d2 >> 26);
        assert!([d0, d1, d2, d3, d4].iter().all(|limb| *limb < 1 << 64));
        assert!(mask + (d0 >> 26) < u128::from(REDUCED[1]));
        assert!(mask + (d3 >> 26) < u128::from(REDUCED[4]));
        // A block's limbs and a lane's, and the accumulator's in the first of them.
        let block = [mask, mask, mask, mask, (1 << 25) - 1];
        for i in 0..5 {
            assert!(block[i] + u128::from(REDUCED[i].max(POWER[i])) <= u128::from(SUM[i]));
            assert!(u128::from(REDUCED[i] - 1) * 4 < 1 << 29);
        }
    }

    #[test]
    fn limbs_and_back() {
        check_limbs(limbs, accumulator, 26, (POWER, (1 << 29) - 1));
    }

    /// The code under test, once it is known that the processor has what it needs.
    fn code() -> Option<Blocks<LANES>> {
        let HasAvx2(()) = HasAvx2::detect()?;
        // SAFETY: the processor has AVX2, as the line above shows.
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
