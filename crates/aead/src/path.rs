//! The code that a message takes, chosen by what the processor can do.

#[cfg(mqward_simd)]
use crate::x86;
use crate::{Aad, KEY_LEN, NONCE_LEN, TAG_LEN, is_refused, portable};

/// One of the ways through the same computation, for tests and benchmarks that must see each: [`seal`](crate::seal) and
/// [`open`](crate::open) take the best.
///
/// ```
/// let aad = mqward_aead::Aad { head: b"head", tail: b"tail" };
/// let mut tags = mqward_aead::Path::available().map(|path| path.seal(&[7; 32], &[1; 12], &aad, &mut *b"21.5 degrees".to_vec()));
/// let first = tags.next();
/// assert!(tags.all(|tag| Some(tag) == first));
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Path(Kind);

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Kind {
    Portable,
    #[cfg(mqward_simd)]
    Avx2(x86::HasAvx2),
    #[cfg(mqward_simd)]
    Avx512(x86::HasAvx512),
}

impl Path {
    /// The fastest that this processor can run.
    #[inline]
    #[must_use]
    pub fn best() -> Self {
        #[cfg(mqward_simd)]
        {
            if let Some(proof) = x86::HasAvx512::detect() {
                return Self(Kind::Avx512(proof));
            }
            if let Some(proof) = x86::HasAvx2::detect() {
                return Self(Kind::Avx2(proof));
            }
        }
        Self(Kind::Portable)
    }

    /// All that this build has and this processor can run, the slowest first.
    pub fn available() -> impl Iterator<Item = Self> {
        let portable = core::iter::once(Self(Kind::Portable));
        #[cfg(mqward_simd)]
        let portable = portable
            .chain(x86::HasAvx2::detect().map(|proof| Self(Kind::Avx2(proof))))
            .chain(x86::HasAvx512::detect().map(|proof| Self(Kind::Avx512(proof))));
        portable
    }

    /// What it needs of the processor, in a word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self.0 {
            Kind::Portable => "portable",
            #[cfg(mqward_simd)]
            Kind::Avx2(_) => "AVX2",
            #[cfg(mqward_simd)]
            Kind::Avx512(_) => "AVX-512",
        }
    }

    /// As [`seal`](crate::seal).
    #[inline]
    #[must_use]
    pub fn seal(
        self,
        key: &[u8; KEY_LEN],
        nonce: &[u8; NONCE_LEN],
        aad: &Aad<'_>,
        message: &mut [u8],
    ) -> Option<[u8; TAG_LEN]> {
        if is_refused(aad, message.len()) {
            return None;
        }
        let tag = match self.0 {
            Kind::Portable => portable::seal(key, nonce, aad, message),
            #[cfg(mqward_simd)]
            Kind::Avx2(proof) => proof.seal(key, nonce, aad, message),
            #[cfg(mqward_simd)]
            Kind::Avx512(proof) => proof.seal(key, nonce, aad, message),
        };
        tag.map(u128::to_le_bytes)
    }

    /// As [`open`](crate::open).
    #[inline]
    #[must_use]
    pub fn open(
        self,
        key: &[u8; KEY_LEN],
        nonce: &[u8; NONCE_LEN],
        aad: &Aad<'_>,
        message: &mut [u8],
        tag: &[u8; TAG_LEN],
    ) -> Option<()> {
        if is_refused(aad, message.len()) {
            return None;
        }
        match self.0 {
            Kind::Portable => portable::open(key, nonce, aad, message, tag),
            #[cfg(mqward_simd)]
            Kind::Avx2(proof) => proof.open(key, nonce, aad, message, tag),
            #[cfg(mqward_simd)]
            Kind::Avx512(proof) => proof.open(key, nonce, aad, message, tag),
        }
    }
}
