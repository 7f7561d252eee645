//! Vector code for x86-64, the only module with `unsafe`: four rows of a block in four registers, several blocks side by side.
//!
//! Every function on the way carries its target features, because an intrinsic is inlined into nothing less; no closure
//! and no operator trait stands between, because neither inherits them.

#![allow(
    unsafe_code,
    reason = "stores of vectors, and calls of what a proof of the processor allows"
)]
#![allow(
    clippy::incompatible_msrv,
    reason = "compiled by Rust 1.89 and later alone"
)]

use core::arch::x86_64::*;

use crate::poly1305::Poly1305;
use crate::wide::{Cipher, Pair};
use crate::{Authenticator, KEY_LEN, NONCE_LEN};

cpufeatures::new!(avx2, "avx2");
cpufeatures::new!(avx512, "avx512f", "avx512vl", "avx2");

/// The processor has AVX2.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct HasAvx2(());

impl HasAvx2 {
    #[inline]
    pub(crate) fn detect() -> Option<Self> {
        avx2::get().then_some(Self(()))
    }
}

/// The processor has AVX-512F, AVX-512VL and AVX2.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct HasAvx512(());

impl HasAvx512 {
    #[inline]
    pub(crate) fn detect() -> Option<Self> {
        avx512::get().then_some(Self(()))
    }
}

/// Where the keystream stands. It borrows the key, so that there is no second copy to wipe.
struct State<'a> {
    key: &'a [u8; KEY_LEN],
    nonce: &'a [u8; NONCE_LEN],
    counter: u32,
}

impl State<'_> {
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
    ($name:ident, $half:ident, $features:literal, $vector:ty, $add:ident, $xor:ident, $shuffle:ident, $rotate:ident) => {
        #[inline]
        #[target_feature(enable = $features)]
        fn $half<const N: usize>(v: &mut [[$vector; 4]; N]) {
            for [a, b, _, d] in v.iter_mut() {
                *a = $add(*a, *b);
                *d = $rotate::<16, 16>($xor(*d, *a));
            }
            for [_, b, c, d] in v.iter_mut() {
                *c = $add(*c, *d);
                *b = $rotate::<12, 20>($xor(*b, *c));
            }
            for [a, b, _, d] in v.iter_mut() {
                *a = $add(*a, *b);
                *d = $rotate::<8, 24>($xor(*d, *a));
            }
            for [_, b, c, d] in v.iter_mut() {
                *c = $add(*c, *d);
                *b = $rotate::<7, 25>($xor(*b, *c));
            }
        }

        #[inline]
        #[target_feature(enable = $features)]
        fn $name<const N: usize>(start: &[[$vector; 4]; N]) -> [[$vector; 4]; N] {
            let mut v = *start;
            for _ in 0..10 {
                $half(&mut v);
                // Diagonals become columns. Row b is the last to be ready, so the other three turn.
                for [a, _, c, d] in v.iter_mut() {
                    *a = $shuffle::<0b10_01_00_11>(*a);
                    *c = $shuffle::<0b00_11_10_01>(*c);
                    *d = $shuffle::<0b01_00_11_10>(*d);
                }
                $half(&mut v);
                for [a, _, c, d] in v.iter_mut() {
                    *a = $shuffle::<0b00_11_10_01>(*a);
                    *c = $shuffle::<0b10_01_00_11>(*c);
                    *d = $shuffle::<0b01_00_11_10>(*d);
                }
            }
            for (v, start) in v.iter_mut().zip(start) {
                for (row, start) in v.iter_mut().zip(start) {
                    *row = $add(*row, *start);
                }
            }
            v
        }
    };
}

rounds!(
    rounds_256,
    half_256,
    "avx2",
    __m256i,
    _mm256_add_epi32,
    _mm256_xor_si256,
    _mm256_shuffle_epi32,
    rotate_256
);
rounds!(
    rounds_256_vl,
    half_256_vl,
    "avx512f,avx512vl,avx2",
    __m256i,
    _mm256_add_epi32,
    _mm256_xor_si256,
    _mm256_shuffle_epi32,
    rotate_256_vl
);
rounds!(
    rounds_512,
    half_512,
    "avx512f,avx512vl,avx2",
    __m512i,
    _mm512_add_epi32,
    _mm512_xor_si512,
    _mm512_shuffle_epi32,
    rotate_512
);

/// Rotates by `LEFT`, which with `RIGHT` is 32.
#[inline]
#[target_feature(enable = "avx2")]
fn rotate_256<const LEFT: i32, const RIGHT: i32>(v: __m256i) -> __m256i {
    match LEFT {
        // Whole bytes move in one instruction.
        16 => _mm256_shuffle_epi8(
            v,
            _mm256_broadcastsi128_si256(_mm_setr_epi8(
                2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13,
            )),
        ),
        8 => _mm256_shuffle_epi8(
            v,
            _mm256_broadcastsi128_si256(_mm_setr_epi8(
                3, 0, 1, 2, 7, 4, 5, 6, 11, 8, 9, 10, 15, 12, 13, 14,
            )),
        ),
        _ => _mm256_or_si256(_mm256_slli_epi32::<LEFT>(v), _mm256_srli_epi32::<RIGHT>(v)),
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512vl,avx2")]
fn rotate_256_vl<const LEFT: i32, const RIGHT: i32>(v: __m256i) -> __m256i {
    _mm256_rol_epi32::<LEFT>(v)
}

#[inline]
#[target_feature(enable = "avx512f,avx512vl,avx2")]
fn rotate_512<const LEFT: i32, const RIGHT: i32>(v: __m512i) -> __m512i {
    _mm512_rol_epi32::<LEFT>(v)
}

#[inline]
#[target_feature(enable = "avx2")]
fn store_256(to: &mut [u8; 32], v: __m256i) {
    // SAFETY: the array is 32 bytes, writable, and the store asks for no alignment.
    unsafe { _mm256_storeu_si256((&raw mut *to).cast(), v) };
}

#[inline]
#[target_feature(enable = "avx512f,avx512vl,avx2")]
fn store_512(to: &mut [u8; 64], v: __m512i) {
    // SAFETY: the array is 64 bytes, writable, and the store asks for no alignment.
    unsafe { _mm512_storeu_si512((&raw mut *to).cast(), v) };
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
fn pass_256<const N: usize>(state: &mut State<'_>, out: &mut [Pair; N]) {
    finish_256(rounds_256(&start_256(state)), out);
}

/// Two blocks by the instructions of AVX-512 that rotate.
#[inline]
#[target_feature(enable = "avx512f,avx512vl,avx2")]
fn pass_256_vl(state: &mut State<'_>, out: &mut [Pair; 1]) {
    finish_256(rounds_256_vl(&start_256(state)), out);
}

/// `4 N` blocks, four in a register's row.
#[inline]
#[target_feature(enable = "avx512f,avx512vl,avx2")]
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
    let v = rounds_512(&start);
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

#[target_feature(enable = "avx2")]
fn keystream_256(state: &mut State<'_>, out: &mut [Pair]) {
    let (whole, rest) = out.as_chunks_mut::<4>();
    for pairs in whole {
        pass_256(state, pairs);
    }
    if let Some(pairs) = rest.first_chunk_mut::<3>() {
        pass_256(state, pairs);
    } else if let Some(pairs) = rest.first_chunk_mut::<2>() {
        pass_256(state, pairs);
    } else if let Some(pairs) = rest.first_chunk_mut::<1>() {
        pass_256(state, pairs);
    }
}

#[target_feature(enable = "avx512f,avx512vl,avx2")]
fn keystream_512(state: &mut State<'_>, out: &mut [Pair]) {
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

/// ChaCha20 in 256-bit registers.
pub(crate) struct Avx2<'a>(HasAvx2, State<'a>);

impl<'a> Cipher<'a> for Avx2<'a> {
    type Proof = HasAvx2;
    type Mac = Poly1305;
    const STEP: usize = 1;

    #[inline]
    fn new(proof: HasAvx2, key: &'a [u8; KEY_LEN], nonce: &'a [u8; NONCE_LEN]) -> Self {
        let counter = 0;
        Self(
            proof,
            State {
                key,
                nonce,
                counter,
            },
        )
    }

    #[inline]
    fn keystream(&mut self, out: &mut [Pair]) {
        let HasAvx2(()) = self.0;
        // SAFETY: the processor has AVX2, as the proof shows.
        unsafe { keystream_256(&mut self.1, out) };
    }

    #[inline]
    fn mac(&self, key: &[u8; 32]) -> Poly1305 {
        Poly1305::new(key)
    }
}

/// ChaCha20 in 512-bit registers.
pub(crate) struct Avx512<'a>(HasAvx512, State<'a>);

impl<'a> Cipher<'a> for Avx512<'a> {
    type Proof = HasAvx512;
    type Mac = Poly1305;
    const STEP: usize = 1;

    #[inline]
    fn new(proof: HasAvx512, key: &'a [u8; KEY_LEN], nonce: &'a [u8; NONCE_LEN]) -> Self {
        let counter = 0;
        Self(
            proof,
            State {
                key,
                nonce,
                counter,
            },
        )
    }

    #[inline]
    fn keystream(&mut self, out: &mut [Pair]) {
        let HasAvx512(()) = self.0;
        // SAFETY: the processor has AVX-512F, AVX-512VL and AVX2, as the proof shows.
        unsafe { keystream_512(&mut self.1, out) };
    }

    #[inline]
    fn mac(&self, key: &[u8; 32]) -> Poly1305 {
        Poly1305::new(key)
    }
}
