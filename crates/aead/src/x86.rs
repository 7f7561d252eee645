//! Vector code for x86-64, the only module with `unsafe`: loads, stores, and calls of what a proof of the processor allows.
//!
//! Every function on the way carries its target features, because an intrinsic is inlined into nothing less; no closure
//! and no operator trait stands between, because neither inherits them.

#![allow(
    unsafe_code,
    reason = "loads and stores of vectors, and calls of what a proof of the processor allows"
)]
#![allow(
    clippy::incompatible_msrv,
    reason = "compiled by Rust 1.89 and later alone"
)]

#[cfg(test)]
mod any_radix;
mod chacha20;
mod lanes26;
mod lanes44;
mod sha256;

use core::arch::x86_64::*;

#[cfg(test)]
pub(crate) use sha256::INITIAL;

use chacha20::{State, keystream_256, keystream_512, pass_256_beside};

use crate::one_block_hmac::{BLOCK_LEN, DIGEST_LEN, State as Sha256State};
use crate::poly1305::Poly1305;
use crate::wide::{Cipher, Pair};
use crate::words::padded;
use crate::{Aad, Authenticator, KEY_LEN, NONCE_LEN, TAG_LEN, wide};

cpufeatures::new!(avx2, "avx2", "bmi2");
cpufeatures::new!(avx512, "avx512f", "avx512vl", "avx512ifma", "avx2", "bmi2");
cpufeatures::new!(sha, "sha", "ssse3", "sse4.1");

/// The processor has AVX2 and BMI2.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct HasAvx2(());

impl HasAvx2 {
    #[inline]
    pub(crate) fn detect() -> Option<Self> {
        avx2::get().then_some(Self(()))
    }

    pub(crate) fn seal(
        self,
        key: &[u8; KEY_LEN],
        nonce: &[u8; NONCE_LEN],
        aad: &Aad<'_>,
        message: &mut [u8],
    ) -> Option<u128> {
        let cipher = Avx2(self, State::new(key, nonce));
        // SAFETY: the processor has AVX2 and BMI2, as the proof shows.
        unsafe { seal_256(cipher, aad, message) }
    }

    pub(crate) fn open(
        self,
        key: &[u8; KEY_LEN],
        nonce: &[u8; NONCE_LEN],
        aad: &Aad<'_>,
        message: &mut [u8],
        tag: &[u8; TAG_LEN],
    ) -> Option<()> {
        let cipher = Avx2(self, State::new(key, nonce));
        // SAFETY: the processor has AVX2 and BMI2, as the proof shows.
        unsafe { open_256(cipher, aad, message, tag) }
    }
}

/// The processor has AVX-512F, AVX-512VL, AVX-512IFMA, AVX2 and BMI2.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct HasAvx512(());

impl HasAvx512 {
    #[inline]
    pub(crate) fn detect() -> Option<Self> {
        avx512::get().then_some(Self(()))
    }

    pub(crate) fn seal(
        self,
        key: &[u8; KEY_LEN],
        nonce: &[u8; NONCE_LEN],
        aad: &Aad<'_>,
        message: &mut [u8],
    ) -> Option<u128> {
        let cipher = Avx512(self, State::new(key, nonce));
        // SAFETY: the processor has what the function needs, as the proof shows.
        unsafe { seal_512(cipher, aad, message) }
    }

    pub(crate) fn open(
        self,
        key: &[u8; KEY_LEN],
        nonce: &[u8; NONCE_LEN],
        aad: &Aad<'_>,
        message: &mut [u8],
        tag: &[u8; TAG_LEN],
    ) -> Option<()> {
        let cipher = Avx512(self, State::new(key, nonce));
        // SAFETY: the processor has what the function needs, as the proof shows.
        unsafe { open_512(cipher, aad, message, tag) }
    }
}

/// The processor has the instructions for SHA-256, SSSE3 and SSE4.1.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct HasSha(());

impl HasSha {
    #[inline]
    pub(crate) fn detect() -> Option<Self> {
        sha::get().then_some(Self(()))
    }

    #[inline]
    pub(crate) fn behind_kept_key(
        self,
        inner: &Sha256State,
        outer: &Sha256State,
        message: &[u8; BLOCK_LEN],
        out: &mut [u8; DIGEST_LEN],
    ) {
        // SAFETY: the processor has what the function needs, as the proof shows.
        unsafe { sha256::behind_kept_key(inner, outer, message, out) }
    }

    #[inline]
    pub(crate) fn behind_fresh_key(
        self,
        key: &[u8; KEY_LEN],
        message: &[u8; BLOCK_LEN],
        out: &mut [u8; DIGEST_LEN],
    ) {
        // SAFETY: the processor has what the function needs, as the proof shows.
        unsafe { sha256::behind_fresh_key(key, message, out) }
    }
}

#[target_feature(enable = "avx2,bmi2")]
fn seal_256(cipher: Avx2<'_>, aad: &Aad<'_>, message: &mut [u8]) -> Option<u128> {
    match message.len() {
        ..=64 => wide::seal::<_, 1>(cipher, aad, message),
        65..=192 => wide::seal::<_, 2>(cipher, aad, message),
        193..=320 => wide::seal::<_, 3>(cipher, aad, message),
        _ => wide::seal::<_, 4>(cipher, aad, message),
    }
}

#[target_feature(enable = "avx2,bmi2")]
fn open_256(
    cipher: Avx2<'_>,
    aad: &Aad<'_>,
    message: &mut [u8],
    tag: &[u8; TAG_LEN],
) -> Option<()> {
    match message.len() {
        ..=64 => wide::open::<_, 1>(cipher, aad, message, tag),
        65..=192 => wide::open::<_, 2>(cipher, aad, message, tag),
        193..=320 => wide::open::<_, 3>(cipher, aad, message, tag),
        321..=448 => wide::open::<_, 4>(cipher, aad, message, tag),
        // More keystream at hand is more that is made beside the authenticator, and more to wipe.
        449..=704 => wide::open::<_, 6>(cipher, aad, message, tag),
        _ => wide::open::<_, 9>(cipher, aad, message, tag),
    }
}

#[target_feature(enable = "avx512f,avx512vl,avx512ifma,avx2,bmi2")]
fn seal_512(cipher: Avx512<'_>, aad: &Aad<'_>, message: &mut [u8]) -> Option<u128> {
    match message.len() {
        ..=64 => wide::seal::<_, 1>(cipher, aad, message),
        65..=192 => wide::seal::<_, 2>(cipher, aad, message),
        193..=448 => wide::seal::<_, 4>(cipher, aad, message),
        _ => wide::seal::<_, 10>(cipher, aad, message),
    }
}

#[target_feature(enable = "avx512f,avx512vl,avx512ifma,avx2,bmi2")]
fn open_512(
    cipher: Avx512<'_>,
    aad: &Aad<'_>,
    message: &mut [u8],
    tag: &[u8; TAG_LEN],
) -> Option<()> {
    match message.len() {
        ..=64 => wide::open::<_, 1>(cipher, aad, message, tag),
        65..=192 => wide::open::<_, 2>(cipher, aad, message, tag),
        193..=448 => wide::open::<_, 4>(cipher, aad, message, tag),
        _ => wide::open::<_, 10>(cipher, aad, message, tag),
    }
}

#[inline]
fn load_128(from: &[u8; 16]) -> __m128i {
    // SAFETY: SSE2 is part of x86-64, the array is 16 bytes, and the load asks for no alignment.
    unsafe { _mm_loadu_si128((&raw const *from).cast()) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn load_256(from: &[u8; 32]) -> __m256i {
    // SAFETY: the array is 32 bytes, and the load asks for no alignment.
    unsafe { _mm256_loadu_si256((&raw const *from).cast()) }
}

#[inline]
#[target_feature(enable = "avx512f,avx512vl,avx512ifma,avx2")]
fn load_512(from: &[u8; 64]) -> __m512i {
    // SAFETY: the array is 64 bytes, and the load asks for no alignment.
    unsafe { _mm512_loadu_si512((&raw const *from).cast()) }
}

#[inline]
fn store_128(to: &mut [u8; 16], v: __m128i) {
    // SAFETY: SSE2 is part of x86-64, the array is 16 bytes, writable, and the store asks for no alignment.
    unsafe { _mm_storeu_si128((&raw mut *to).cast(), v) };
}

#[inline]
#[target_feature(enable = "avx2")]
fn store_256(to: &mut [u8; 32], v: __m256i) {
    // SAFETY: the array is 32 bytes, writable, and the store asks for no alignment.
    unsafe { _mm256_storeu_si256((&raw mut *to).cast(), v) };
}

#[inline]
#[target_feature(enable = "avx512f,avx512vl,avx512ifma,avx2")]
fn store_512(to: &mut [u8; 64], v: __m512i) {
    // SAFETY: the array is 64 bytes, writable, and the store asks for no alignment.
    unsafe { _mm512_storeu_si512((&raw mut *to).cast(), v) };
}

/// ChaCha20 in 256-bit registers.
struct Avx2<'a>(HasAvx2, State<'a>);

impl Cipher for Avx2<'_> {
    type Mac = Avx2Mac;
    const PASS: usize = 3;

    /// Three pairs fill the registers. One alone takes as long as two, so four are made at once before they become three
    /// and one.
    #[inline(always)]
    fn best(left: usize) -> usize {
        if left > 4 { 3 } else { left }
    }

    #[inline(always)]
    fn keystream(&mut self, out: &mut [Pair], _: usize) {
        let HasAvx2(()) = self.0;
        // SAFETY: the processor has AVX2 and BMI2, as the proof shows.
        unsafe { keystream_256(&mut self.1, out) };
    }

    #[inline(always)]
    fn beside(
        &mut self,
        out: &mut [Pair],
        left: usize,
        mac: &mut Avx2Mac,
        ciphertext: &[u8],
    ) -> usize {
        let HasAvx2(()) = self.0;
        let (blocks, _) = ciphertext.as_chunks();
        let Ok(pairs) = <&mut [Pair; 3]>::try_from(&mut *out) else {
            self.keystream(out, left);
            return 0;
        };
        // As many as the rounds leave time for, unless so many are left that the lanes take most of them in less.
        if let (Some(blocks), ..=72) = (blocks.first_chunk::<32>(), blocks.len()) {
            // SAFETY: the processor has AVX2 and BMI2, as the proof shows.
            unsafe { pass_256_beside::<3, _>(&mut self.1, pairs, &mut mac.1, blocks) };
            return blocks.as_flattened().len();
        }
        if let Some(blocks) = blocks.first_chunk::<20>() {
            // SAFETY: the processor has AVX2 and BMI2, as the proof shows.
            unsafe { pass_256_beside::<2, _>(&mut self.1, pairs, &mut mac.1, blocks) };
            return blocks.as_flattened().len();
        }
        self.keystream(out, left);
        0
    }

    #[inline(always)]
    fn mac(&self, key: &[u8; 32]) -> Avx2Mac {
        Avx2Mac(self.0, Poly1305::new(key))
    }
}

/// Poly1305, of long data in 256-bit registers.
struct Avx2Mac(HasAvx2, Poly1305);

impl Authenticator for Avx2Mac {
    const AT_ONCE: bool = true;

    #[inline(always)]
    fn update_padded(&mut self, data: &[u8]) {
        let HasAvx2(()) = self.0;
        if data.len() < lanes26::WORTHWHILE {
            return self.1.update_padded(data);
        }
        let (blocks, rest) = data.as_chunks();
        // What does not fill the lanes goes first: its multiplications do not wait for the powers of r, nor these for it.
        let (first, blocks) = blocks.split_at(blocks.len() % lanes26::LANES);
        self.1.blocks(first.as_flattened());
        let (blocks, _) = blocks.as_chunks();
        // SAFETY: the processor has AVX2 and BMI2, as the proof shows.
        self.1
            .blocks_by(|h, r| unsafe { lanes26::blocks(h, r, blocks) });
        if !rest.is_empty() {
            self.1.update(padded(rest));
        }
    }

    #[inline(always)]
    fn update(&mut self, block: u128) {
        self.1.update(block);
    }

    #[inline(always)]
    fn finish(self) -> u128 {
        self.1.finish()
    }
}

/// ChaCha20 in 512-bit registers.
struct Avx512<'a>(HasAvx512, State<'a>);

impl Cipher for Avx512<'_> {
    type Mac = Avx512Mac;
    const PASS: usize = 4;

    #[inline(always)]
    fn keystream(&mut self, out: &mut [Pair], _: usize) {
        let HasAvx512(()) = self.0;
        // SAFETY: the processor has what the function needs, as the proof shows.
        unsafe { keystream_512(&mut self.1, out) };
    }

    #[inline(always)]
    fn mac(&self, key: &[u8; 32]) -> Avx512Mac {
        Avx512Mac(self.0, Poly1305::new(key))
    }
}

/// Poly1305, of long data in 512-bit registers.
struct Avx512Mac(HasAvx512, Poly1305);

impl Authenticator for Avx512Mac {
    const AT_ONCE: bool = true;

    #[inline(always)]
    fn update_padded(&mut self, data: &[u8]) {
        let HasAvx512(()) = self.0;
        if data.len() < lanes44::WORTHWHILE {
            return self.1.update_padded(data);
        }
        let (blocks, rest) = data.as_chunks();
        // What does not fill the lanes goes first: its multiplications do not wait for the powers of r, nor these for it.
        let (first, blocks) = blocks.split_at(blocks.len() % lanes44::LANES);
        self.1.blocks(first.as_flattened());
        let (blocks, _) = blocks.as_chunks();
        // SAFETY: the processor has what the function needs, as the proof shows.
        self.1
            .blocks_by(|h, r| unsafe { lanes44::blocks(h, r, blocks) });
        if !rest.is_empty() {
            self.1.update(padded(rest));
        }
    }

    #[inline(always)]
    fn update(&mut self, block: u128) {
        self.1.update(block);
    }

    #[inline(always)]
    fn finish(self) -> u128 {
        self.1.finish()
    }
}
