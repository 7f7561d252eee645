//! ChaCha20 in vectors: four rows of a block in four registers, several blocks side by side (RFC 8439 §2.3).

use core::arch::x86_64::*;
use core::hint::black_box;

use super::{store_256, store_512};
use crate::poly1305::{Poly1305, step};
use crate::wide::Pair;
use crate::{KEY_LEN, NONCE_LEN};

/// Where the keystream stands. It borrows the key, so that there is no second copy to wipe.
pub(super) struct State<'a> {
    key: &'a [u8; KEY_LEN],
    nonce: &'a [u8; NONCE_LEN],
    counter: u32,
}

impl<'a> State<'a> {
    /// From block 0 on.
    #[inline(always)]
    pub(super) const fn new(key: &'a [u8; KEY_LEN], nonce: &'a [u8; NONCE_LEN]) -> Self {
        Self {
            key,
            nonce,
            counter: 0,
        }
    }

    /// The four rows of the next block (RFC 8439 §2.3).
    #[inline(always)]
    fn rows(&self) -> [[i32; 4]; 4] {
        let word = |bytes: &[u8; 4]| i32::from_le_bytes(*bytes);
        let (k, _) = self.key.as_chunks();
        let (n, _) = self.nonce.as_chunks();
        [
            // "expand 32-byte k"
            [0x6170_7865, 0x3320_646e, 0x7962_2d32, 0x6b20_6574],
            [word(&k[0]), word(&k[1]), word(&k[2]), word(&k[3])],
            [word(&k[4]), word(&k[5]), word(&k[6]), word(&k[7])],
            [
                self.counter.cast_signed(),
                word(&n[0]),
                word(&n[1]),
                word(&n[2]),
            ],
        ]
    }

    /// Counts blocks (RFC 8439 §2.4).
    #[inline(always)]
    const fn advance(&mut self, blocks: u32) {
        self.counter = self.counter.wrapping_add(blocks);
    }
}

/// The twenty rounds (RFC 8439 §2.3) on `N` times as many blocks as a register has rows of.
macro_rules! rounds {
    ($name:ident, $double:ident, $last:ident, $half:ident, $features:literal, $vector:ty, $add:ident, $xor:ident, $shuffle:ident, $rotate:ident, $masks:ty) => {
        #[inline]
        #[target_feature(enable = $features)]
        fn $half<const N: usize>(v: &mut [[$vector; 4]; N], masks: &$masks) {
            for [a, b, _, d] in v.iter_mut() {
                *a = $add(*a, *b);
                *d = $rotate::<16, 16>($xor(*d, *a), masks);
            }
            for [_, b, c, d] in v.iter_mut() {
                *c = $add(*c, *d);
                *b = $rotate::<12, 20>($xor(*b, *c), masks);
            }
            for [a, b, _, d] in v.iter_mut() {
                *a = $add(*a, *b);
                *d = $rotate::<8, 24>($xor(*d, *a), masks);
            }
            for [_, b, c, d] in v.iter_mut() {
                *c = $add(*c, *d);
                *b = $rotate::<7, 25>($xor(*b, *c), masks);
            }
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn $name<const N: usize>(start: &[[$vector; 4]; N], masks: &$masks) -> [[$vector; 4]; N] {
            let mut v = *start;
            for _ in 0..10 {
                $double(&mut v, masks);
            }
            $last(&mut v, start);
            v
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn $double<const N: usize>(v: &mut [[$vector; 4]; N], masks: &$masks) {
            $half(v, masks);
            // Diagonals become columns. Row b is the last to be ready, so the other three turn.
            for [a, _, c, d] in v.iter_mut() {
                *a = $shuffle::<0b10_01_00_11>(*a);
                *c = $shuffle::<0b00_11_10_01>(*c);
                *d = $shuffle::<0b01_00_11_10>(*d);
            }
            $half(v, masks);
            for [a, _, c, d] in v.iter_mut() {
                *a = $shuffle::<0b00_11_10_01>(*a);
                *c = $shuffle::<0b10_01_00_11>(*c);
                *d = $shuffle::<0b01_00_11_10>(*d);
            }
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn $last<const N: usize>(v: &mut [[$vector; 4]; N], start: &[[$vector; 4]; N]) {
            for (v, start) in v.iter_mut().zip(start) {
                for (row, start) in v.iter_mut().zip(start) {
                    *row = $add(*row, *start);
                }
            }
        }
    };
}

rounds!(
    rounds_256,
    double_256,
    last_256,
    half_256,
    "avx2",
    __m256i,
    _mm256_add_epi32,
    _mm256_xor_si256,
    _mm256_shuffle_epi32,
    rotate_256,
    ByteMasks
);
rounds!(
    rounds_256_vl,
    double_256_vl,
    last_256_vl,
    half_256_vl,
    "avx512f,avx512vl,avx512ifma,avx2",
    __m256i,
    _mm256_add_epi32,
    _mm256_xor_si256,
    _mm256_shuffle_epi32,
    rotate_256_vl,
    ()
);
rounds!(
    rounds_512,
    double_512,
    last_512,
    half_512,
    "avx512f,avx512vl,avx512ifma,avx2",
    __m512i,
    _mm512_add_epi32,
    _mm512_xor_si512,
    _mm512_shuffle_epi32,
    rotate_512,
    ()
);

/// How the bytes of a register move when each of its words turns by whole bytes: one instruction instead of three.
struct ByteMasks {
    by_16: __m256i,
    by_8: __m256i,
}

impl ByteMasks {
    /// Hidden from the compiler: of a shuffle that it can read it makes two, which take twice the time.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn hidden() -> Self {
        let by_16 = _mm256_broadcastsi128_si256(_mm_setr_epi8(
            2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13,
        ));
        let by_8 = _mm256_broadcastsi128_si256(_mm_setr_epi8(
            3, 0, 1, 2, 7, 4, 5, 6, 11, 8, 9, 10, 15, 12, 13, 14,
        ));
        Self {
            by_16: black_box(by_16),
            by_8: black_box(by_8),
        }
    }
}

/// Rotates by `LEFT`, which with `RIGHT` is 32.
#[inline]
#[target_feature(enable = "avx2")]
fn rotate_256<const LEFT: i32, const RIGHT: i32>(v: __m256i, masks: &ByteMasks) -> __m256i {
    match LEFT {
        16 => _mm256_shuffle_epi8(v, masks.by_16),
        8 => _mm256_shuffle_epi8(v, masks.by_8),
        _ => _mm256_or_si256(_mm256_slli_epi32::<LEFT>(v), _mm256_srli_epi32::<RIGHT>(v)),
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512vl,avx512ifma,avx2")]
fn rotate_256_vl<const LEFT: i32, const RIGHT: i32>(v: __m256i, (): &()) -> __m256i {
    _mm256_rol_epi32::<LEFT>(v)
}

#[inline]
#[target_feature(enable = "avx512f,avx512vl,avx512ifma,avx2")]
fn rotate_512<const LEFT: i32, const RIGHT: i32>(v: __m512i, (): &()) -> __m512i {
    _mm512_rol_epi32::<LEFT>(v)
}

/// The rows of `2 N` blocks before the rounds, two blocks in a register.
#[inline]
#[target_feature(enable = "avx2")]
fn start_256<const N: usize>(state: &mut State<'_>) -> [[__m256i; 4]; N] {
    let mut rows = [_mm256_setzero_si256(); 4];
    for (vector, [a, b, c, d]) in rows.iter_mut().zip(state.rows()) {
        *vector = _mm256_broadcastsi128_si256(_mm_setr_epi32(a, b, c, d));
    }
    rows[3] = _mm256_add_epi32(rows[3], _mm256_setr_epi32(0, 0, 0, 0, 1, 0, 0, 0));
    let mut start = [rows; N];
    for v in &mut start {
        v[3] = rows[3];
        rows[3] = _mm256_add_epi32(rows[3], _mm256_setr_epi32(2, 0, 0, 0, 2, 0, 0, 0));
        state.advance(2);
    }
    start
}

/// Writes `2 N` blocks.
#[inline]
#[target_feature(enable = "avx2")]
fn finish_256<const N: usize>(v: [[__m256i; 4]; N], out: &mut [Pair; N]) {
    for (pair, [a, b, c, d]) in out.iter_mut().zip(v) {
        let (quarters, _) = pair.as_chunks_mut();
        let blocks = [
            _mm256_permute2x128_si256::<0x20>(a, b),
            _mm256_permute2x128_si256::<0x20>(c, d),
            _mm256_permute2x128_si256::<0x31>(a, b),
            _mm256_permute2x128_si256::<0x31>(c, d),
        ];
        for (quarter, half) in quarters.iter_mut().zip(blocks) {
            store_256(quarter, half);
        }
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn pass_256<const N: usize>(state: &mut State<'_>, masks: &ByteMasks, out: &mut [Pair; N]) {
    finish_256(rounds_256(&start_256(state), masks), out);
}

/// Double rounds (RFC 8439 §2.3).
const DOUBLE_ROUNDS: usize = 10;

/// Six blocks, and beside them the authenticator's multiplications, which go through other registers and ports: `N` in a double
/// round, and what is over after the last.
#[target_feature(enable = "avx2,bmi2")]
pub(super) fn pass_256_beside<const N: usize, const BLOCKS: usize>(
    state: &mut State<'_>,
    out: &mut [Pair; 3],
    mac: &mut Poly1305,
    ciphertext: &[[u8; 16]; BLOCKS],
) {
    const { assert!(BLOCKS >= DOUBLE_ROUNDS * N) };
    let masks = ByteMasks::hidden();
    let start = start_256(state);
    let mut v = start;
    let (accumulator, r) = mac.parts();
    let mut h = *accumulator;
    let (beside, over) = ciphertext.split_at(DOUBLE_ROUNDS * N);
    let (beside, _) = beside.as_chunks::<N>();
    for blocks in beside {
        double_256(&mut v, &masks);
        for block in blocks {
            h = step(h, u128::from_le_bytes(*block), r);
        }
    }
    for block in over {
        h = step(h, u128::from_le_bytes(*block), r);
    }
    *accumulator = h;
    last_256(&mut v, &start);
    finish_256(v, out);
}

/// Two blocks by the instructions of AVX-512 that rotate.
#[inline]
#[target_feature(enable = "avx512f,avx512vl,avx512ifma,avx2")]
fn pass_256_vl(state: &mut State<'_>, out: &mut [Pair; 1]) {
    finish_256(rounds_256_vl(&start_256(state), &()), out);
}

/// `4 N` blocks, four in a register's row.
#[inline]
#[target_feature(enable = "avx512f,avx512vl,avx512ifma,avx2")]
fn pass_512<const N: usize>(state: &mut State<'_>, out: &mut [[Pair; 2]; N]) {
    let mut rows = [_mm512_setzero_si512(); 4];
    for (vector, [a, b, c, d]) in rows.iter_mut().zip(state.rows()) {
        *vector = _mm512_broadcast_i32x4(_mm_setr_epi32(a, b, c, d));
    }
    rows[3] = _mm512_add_epi32(
        rows[3],
        _mm512_setr_epi32(0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0),
    );
    let mut start = [rows; N];
    for v in &mut start {
        v[3] = rows[3];
        rows[3] = _mm512_add_epi32(
            rows[3],
            _mm512_setr_epi32(4, 0, 0, 0, 4, 0, 0, 0, 4, 0, 0, 0, 4, 0, 0, 0),
        );
        state.advance(4);
    }
    let v = rounds_512(&start, &());
    for (pairs, [a, b, c, d]) in out.iter_mut().zip(v) {
        let (blocks, _) = pairs.as_flattened_mut().as_chunks_mut();
        let (front_ab, front_cd) = (
            _mm512_shuffle_i32x4::<0x44>(a, b),
            _mm512_shuffle_i32x4::<0x44>(c, d),
        );
        let (back_ab, back_cd) = (
            _mm512_shuffle_i32x4::<0xee>(a, b),
            _mm512_shuffle_i32x4::<0xee>(c, d),
        );
        let whole = [
            _mm512_shuffle_i32x4::<0x88>(front_ab, front_cd),
            _mm512_shuffle_i32x4::<0xdd>(front_ab, front_cd),
            _mm512_shuffle_i32x4::<0x88>(back_ab, back_cd),
            _mm512_shuffle_i32x4::<0xdd>(back_ab, back_cd),
        ];
        for (block, vector) in blocks.iter_mut().zip(whole) {
            store_512(block, vector);
        }
    }
}

/// Writes up to eight blocks.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn keystream_256(state: &mut State<'_>, out: &mut [Pair]) {
    let masks = ByteMasks::hidden();
    if let Some(pairs) = out.first_chunk_mut::<4>() {
        pass_256(state, &masks, pairs);
    } else if let Some(pairs) = out.first_chunk_mut::<3>() {
        pass_256(state, &masks, pairs);
    } else if let Some(pairs) = out.first_chunk_mut::<2>() {
        pass_256(state, &masks, pairs);
    } else if let Some(pairs) = out.first_chunk_mut::<1>() {
        pass_256(state, &masks, pairs);
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512vl,avx512ifma,avx2")]
pub(super) fn keystream_512(state: &mut State<'_>, out: &mut [Pair]) {
    let (quads, last) = out.as_chunks_mut::<2>();
    let (whole, rest) = quads.as_chunks_mut::<5>();
    for quads in whole {
        pass_512(state, quads);
    }
    if let Some(quads) = rest.first_chunk_mut::<4>() {
        pass_512(state, quads);
    } else if let Some(quads) = rest.first_chunk_mut::<3>() {
        pass_512(state, quads);
    } else if let Some(quads) = rest.first_chunk_mut::<2>() {
        pass_512(state, quads);
    } else if let Some(quads) = rest.first_chunk_mut::<1>() {
        pass_512(state, quads);
    }
    if let Some(pair) = last.first_chunk_mut::<1>() {
        pass_256_vl(state, pair);
    }
}
