//! HMAC-SHA-256 (RFC 2104) of one block, by the processor's instructions for SHA-256.
//!
//! States stay in registers from one compression to the next, and an optimised build leaves nothing of a key or a state on
//! the stack. The two padded keys are not interleaved: the processor looks far enough ahead to compress the outer one beside the message.

use core::arch::x86_64::*;

use super::{load_128, store_128};
use crate::KEY_LEN;
use crate::one_block_hmac::{BLOCK_LEN, DIGEST_LEN, State};

/// The constants of the rounds (FIPS 180-4 §4.2.2): four are one register, sixteen are rounds with the same schedule.
#[rustfmt::skip]
static K: [[[u32; 4]; 4]; 4] = [
    [
        [0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5], [0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5],
        [0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3], [0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174],
    ],
    [
        [0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc], [0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da],
        [0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7], [0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967],
    ],
    [
        [0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13], [0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85],
        [0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3], [0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070],
    ],
    [
        [0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5], [0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3],
        [0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208], [0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2],
    ],
];

/// SHA-256's state before the first block (FIPS 180-4 §5.3.3).
pub(crate) const INITIAL: State = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];

/// A state as the instructions take it: its words from the highest of a register to the lowest.
#[derive(Clone, Copy)]
struct Registers {
    abef: __m128i,
    cdgh: __m128i,
}

/// HMAC by the states behind both padded keys.
#[target_feature(enable = "sha,ssse3,sse4.1")]
pub(super) fn behind_kept_key(
    inner: &State,
    outer: &State,
    message: &[u8; BLOCK_LEN],
    out: &mut [u8; DIGEST_LEN],
) {
    let inner = compress(registers(inner), words(message));
    finish(inner, registers(outer), out);
}

/// HMAC by a key that is padded here.
#[target_feature(enable = "sha,ssse3,sse4.1")]
pub(super) fn behind_fresh_key(
    key: &[u8; KEY_LEN],
    message: &[u8; BLOCK_LEN],
    out: &mut [u8; DIGEST_LEN],
) {
    let initial = registers(&INITIAL);
    let key = words(key);
    let inner = compress(initial, padded(key, _mm_set1_epi8(0x36)));
    let outer = compress(initial, padded(key, _mm_set1_epi8(0x5c)));
    finish(compress(inner, words(message)), outer, out);
}

/// The key with zeros behind it, changed by the pad (RFC 2104 §2).
#[inline]
#[target_feature(enable = "sha,ssse3,sse4.1")]
fn padded([front, back]: [__m128i; 2], pad: __m128i) -> [__m128i; 4] {
    [
        _mm_xor_si128(front, pad),
        _mm_xor_si128(back, pad),
        pad,
        pad,
    ]
}

/// Compresses the inner digest, padded behind the outer key, and writes what comes of it.
#[inline]
#[target_feature(enable = "sha,ssse3,sse4.1")]
fn finish(inner: Registers, outer: Registers, out: &mut [u8; DIGEST_LEN]) {
    let [front, back] = in_order(inner);
    // One bit, zeros, and the length of 96 bytes in bits (FIPS 180-4 §5.1.1).
    let end = _mm_set_epi32(0, 0, 0, i32::MIN);
    let length = _mm_set_epi32(0x300, 0, 0, 0);
    let [front, back] = in_order(compress(outer, [front, back, end, length]));
    let (halves, _) = out.as_chunks_mut();
    for (half, words) in halves.iter_mut().zip([front, back]) {
        store_128(half, swapped(words));
    }
}

/// The compression function (FIPS 180-4 §6.2.2).
#[inline]
#[target_feature(enable = "sha,ssse3,sse4.1")]
fn compress(before: Registers, block: [__m128i; 4]) -> Registers {
    let [mut a, mut b, mut c, mut d] = block;
    let [first, later @ ..] = &K;
    let mut state = four_rounds(before, a, first[0]);
    state = four_rounds(state, b, first[1]);
    state = four_rounds(state, c, first[2]);
    state = four_rounds(state, d, first[3]);
    for k in later {
        a = scheduled(a, b, c, d);
        state = four_rounds(state, a, k[0]);
        b = scheduled(b, c, d, a);
        state = four_rounds(state, b, k[1]);
        c = scheduled(c, d, a, b);
        state = four_rounds(state, c, k[2]);
        d = scheduled(d, a, b, c);
        state = four_rounds(state, d, k[3]);
    }
    Registers {
        abef: _mm_add_epi32(state.abef, before.abef),
        cdgh: _mm_add_epi32(state.cdgh, before.cdgh),
    }
}

/// The instruction makes two rounds, after which the old `abef` is the new `cdgh`.
#[inline]
#[target_feature(enable = "sha,ssse3,sse4.1")]
fn four_rounds(state: Registers, words: __m128i, k: [u32; 4]) -> Registers {
    let sum = _mm_add_epi32(words, four_words(k));
    let cdgh = _mm_sha256rnds2_epu32(state.cdgh, state.abef, sum);
    let upper = _mm_shuffle_epi32(sum, 0b1110);
    let abef = _mm_sha256rnds2_epu32(state.abef, cdgh, upper);
    Registers { abef, cdgh }
}

/// The four words of the schedule behind sixteen (FIPS 180-4 §6.2.2, step 1).
#[inline]
#[target_feature(enable = "sha,ssse3,sse4.1")]
fn scheduled(a: __m128i, b: __m128i, c: __m128i, d: __m128i) -> __m128i {
    let seven_back = _mm_alignr_epi8(d, c, 4);
    let sum = _mm_add_epi32(_mm_sha256msg1_epu32(a, b), seven_back);
    _mm_sha256msg2_epu32(sum, d)
}

/// A key or a block, whose words are big-endian, from the lowest of a register on.
#[inline]
#[target_feature(enable = "sha,ssse3,sse4.1")]
fn words<const N: usize>(bytes: &[u8]) -> [__m128i; N] {
    let mut words = [_mm_setzero_si128(); N];
    let (chunks, _) = bytes.as_chunks();
    for (words, chunk) in words.iter_mut().zip(chunks) {
        *words = swapped(load_128(chunk));
    }
    words
}

/// From bytes to words, and back.
#[inline]
#[target_feature(enable = "sha,ssse3,sse4.1")]
fn swapped(v: __m128i) -> __m128i {
    let each_word_backwards = _mm_set_epi64x(0x0c0d_0e0f_0809_0a0b, 0x0405_0607_0001_0203);
    _mm_shuffle_epi8(v, each_word_backwards)
}

#[inline]
#[target_feature(enable = "sha,ssse3,sse4.1")]
fn four_words(words: [u32; 4]) -> __m128i {
    let [a, b, c, d] = words.map(u32::cast_signed);
    _mm_set_epi32(d, c, b, a)
}

#[inline]
#[target_feature(enable = "sha,ssse3,sse4.1")]
fn registers(state: &State) -> Registers {
    let [a, b, c, d, e, f, g, h] = *state;
    let cdab = _mm_shuffle_epi32(four_words([a, b, c, d]), 0b10_11_00_01);
    let efgh = _mm_shuffle_epi32(four_words([e, f, g, h]), 0b00_01_10_11);
    Registers {
        abef: _mm_alignr_epi8(cdab, efgh, 8),
        cdgh: _mm_blend_epi16(efgh, cdab, 0xf0),
    }
}

/// The words `a` to `d` from the lowest of a register on, then `e` to `h`.
#[inline]
#[target_feature(enable = "sha,ssse3,sse4.1")]
fn in_order(state: Registers) -> [__m128i; 2] {
    let feba = _mm_shuffle_epi32(state.abef, 0b00_01_10_11);
    let dchg = _mm_shuffle_epi32(state.cdgh, 0b10_11_00_01);
    [
        _mm_blend_epi16(feba, dchg, 0xf0),
        _mm_alignr_epi8(dchg, feba, 8),
    ]
}
