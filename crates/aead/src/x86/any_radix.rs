//! Tests of numbers in limbs, and of blocks in lanes, whatever the radix.

use num_bigint::BigUint;

use crate::poly1305::Accumulator;
use crate::poly1305::tests::{R_EDGES, clamped, number, p, stepped};

/// Takes accumulator, r and blocks, and returns the accumulator.
pub(super) type Blocks<const LANES: usize> =
    fn(Accumulator, [u64; 2], &[[[u8; 16]; LANES]]) -> Accumulator;

/// The number of limbs 2^(bits i).
pub(super) fn whole<const N: usize>(limbs: [u64; N], bits: u32) -> BigUint {
    let up = limbs.iter().rev();
    up.fold(BigUint::ZERO, |sum, limb| (sum << bits) + limb)
}

/// Numbers become limbs below `bounds` and numbers again, and so do limbs of at most `most`.
pub(super) fn check_limbs<const N: usize>(
    limbs: fn(Accumulator) -> [u64; N],
    accumulator: fn([u64; N]) -> Accumulator,
    bits: u32,
    (bounds, most): ([u64; N], u64),
) {
    for h2 in 0..=4 {
        for h0 in [0, 1, u64::MAX - 5, u64::MAX] {
            for h1 in [0, 1, u64::MAX - 1, u64::MAX] {
                let h = [h0, h1, h2];
                let limbs = limbs(h);
                assert!(limbs.iter().zip(bounds).all(|(limb, bound)| *limb < bound));
                assert_eq!(whole(limbs, bits), number(&h));
                let back = accumulator(limbs);
                assert!(back[2] <= 4);
                assert_eq!(number(&back) % p(), number(&h) % p());
            }
        }
    }
    let back = accumulator([most; N]);
    assert!(back[2] <= 4);
    assert_eq!(number(&back) % p(), whole([most; N], bits) % p());
}

/// The accumulator after these blocks is what it is one after the other.
pub(super) fn check_blocks<const LANES: usize>(
    blocks: Blocks<LANES>,
    (h, r): (Accumulator, [u64; 2]),
    data: &[[[u8; 16]; LANES]],
) {
    let actual = blocks(h, r, data);
    assert!(actual[2] <= 4);
    let expected = stepped(h, r, data.as_flattened());
    assert_eq!(
        number(&actual) % p(),
        number(&expected) % p(),
        "{h:x?} {r:x?} {data:x?}"
    );
}

/// The same wherever a carry begins or ends.
pub(super) fn check_blocks_at_edges<const LANES: usize>(blocks: Blocks<LANES>) {
    for h in [[0; 3], [u64::MAX, u64::MAX, 4], [u64::MAX - 4, u64::MAX, 3]] {
        for (r0, r1) in R_EDGES.iter().flat_map(|r0| R_EDGES.map(|r1| (*r0, r1))) {
            for byte in [0, 0xff, 0x80, 1] {
                for groups in [0, 1, 2, 3, 9] {
                    let data = [[[byte; 16]; LANES]].repeat(groups);
                    check_blocks(blocks, (h, clamped([r0, r1])), &data);
                }
            }
        }
    }
}
