//! Sealing on 64-bit processors: one pass of keystream for the key of the authenticator with the first of the message.

use chacha20::cipher::array::Array;
use chacha20::cipher::{KeyIvInit, StreamCipherCore};
use zeroize::optimization_barrier;

use crate::aad::tag;
use crate::poly1305::Poly1305;
use crate::{Aad, Authenticator, ChaCha20, KEY_LEN, NONCE_LEN, TAG_LEN, is_same};

/// Two blocks of keystream: what one pass makes at least, whatever the vector code.
pub(crate) type Pair = [u8; 128];

/// Bytes of block 0, which is the authenticator's key and nothing else (RFC 8439 §2.6).
const FIRST_BLOCK_LEN: usize = 64;

/// ChaCha20 from block 0 on, and the Poly1305 that goes with it.
pub(crate) trait Cipher<'a> {
    /// What proves that the processor can run it.
    type Proof: Copy;
    type Mac: Authenticator;
    /// Pairs below which a pass costs no less.
    const STEP: usize;

    fn new(proof: Self::Proof, key: &'a [u8; KEY_LEN], nonce: &'a [u8; NONCE_LEN]) -> Self;

    /// Writes the next blocks of keystream over `out`.
    fn keystream(&mut self, out: &mut [Pair]);

    fn mac(&self, key: &[u8; 32]) -> Self::Mac;
}

/// The crate `chacha20`, which makes four blocks at once where the processor can.
pub(crate) struct Portable(ChaCha20);

/// Four blocks.
pub(crate) const PORTABLE_PAIRS: usize = 2;

impl<'a> Cipher<'a> for Portable {
    type Proof = ();
    type Mac = Poly1305;
    // Fewer than four blocks are made one by one, each in a pass of four.
    const STEP: usize = PORTABLE_PAIRS;

    fn new((): (), key: &'a [u8; KEY_LEN], nonce: &'a [u8; NONCE_LEN]) -> Self {
        Self(ChaCha20::new(key.into(), nonce.into()))
    }

    fn keystream(&mut self, out: &mut [Pair]) {
        let (blocks, _) = Array::slice_as_chunks_mut(out.as_flattened_mut());
        self.0.write_keystream_blocks(blocks);
    }

    fn mac(&self, key: &[u8; 32]) -> Poly1305 {
        Poly1305::new(key)
    }
}

/// Keystream for `PAIRS` times 128 bytes, wiped when it is dropped. No vector of it straddles two cache lines.
#[repr(align(64))]
struct Keystream<const PAIRS: usize>([Pair; PAIRS]);

impl<const PAIRS: usize> Keystream<PAIRS> {
    const fn new() -> Self {
        Self([[0; 128]; PAIRS])
    }

    /// Makes the first of it, and the authenticator that its block 0 keys.
    #[inline(always)]
    fn first<'a, C: Cipher<'a>>(&mut self, cipher: &mut C) -> Option<C::Mac> {
        cipher.keystream(&mut self.0);
        let key = self.0.first()?.first_chunk()?;
        Some(cipher.mac(key))
    }

    /// Encrypts or decrypts the whole message, from block 1 on.
    fn apply<'a, C: Cipher<'a>>(&mut self, cipher: &mut C, message: &mut [u8]) {
        let mut skipped = FIRST_BLOCK_LEN;
        let mut rest = message;
        loop {
            let at_hand = self.0.as_flattened().get(skipped..).unwrap_or_default();
            let (now, later) = rest.split_at_mut(rest.len().min(at_hand.len()));
            xor(now, at_hand);
            if later.is_empty() {
                return;
            }
            rest = later;
            skipped = 0;
            let needed = rest.len().div_ceil(128).next_multiple_of(C::STEP);
            if let Some(pairs) = self.0.get_mut(..needed.min(PAIRS)) {
                cipher.keystream(pairs);
            }
        }
    }
}

/// Sixteen bytes at once where there are as many: the authenticator would wait for stores of single bytes.
#[inline(always)]
fn xor(message: &mut [u8], keystream: &[u8]) {
    let word = |bytes: &[u8]| bytes.try_into().map_or(0, u128::from_le_bytes);
    let whole = message.len() & !15;
    let (blocks, tail) = message.split_at_mut(whole);
    let streams = keystream.chunks_exact(16);
    for (block, stream) in blocks.chunks_exact_mut(16).zip(streams) {
        block.copy_from_slice(&(word(block) ^ word(stream)).to_le_bytes());
    }
    let rest = keystream.get(whole..).unwrap_or_default();
    for (byte, stream) in tail.iter_mut().zip(rest) {
        *byte ^= stream;
    }
}

impl<const PAIRS: usize> Drop for Keystream<PAIRS> {
    fn drop(&mut self) {
        self.0 = [[0; 128]; PAIRS];
        optimization_barrier(&self.0);
    }
}

#[inline]
pub(crate) fn seal<'a, C: Cipher<'a>, const PAIRS: usize>(
    proof: C::Proof,
    key: &'a [u8; KEY_LEN],
    nonce: &'a [u8; NONCE_LEN],
    aad: &Aad<'_>,
    message: &mut [u8],
) -> Option<[u8; TAG_LEN]> {
    let mut cipher = C::new(proof, key, nonce);
    let mut keystream = Keystream::<PAIRS>::new();
    let mac = keystream.first(&mut cipher)?;
    keystream.apply(&mut cipher, message);
    tag(mac, aad, message)
}

#[inline]
pub(crate) fn open<'a, C: Cipher<'a>, const PAIRS: usize>(
    proof: C::Proof,
    key: &'a [u8; KEY_LEN],
    nonce: &'a [u8; NONCE_LEN],
    aad: &Aad<'_>,
    message: &mut [u8],
    expected: &[u8; TAG_LEN],
) -> Option<()> {
    let mut cipher = C::new(proof, key, nonce);
    let mut keystream = Keystream::<PAIRS>::new();
    let mac = keystream.first(&mut cipher)?;
    let actual = tag(mac, aad, message)?;
    // Nothing is decrypted before this line.
    if !is_same(actual, expected) {
        return None;
    }
    keystream.apply(&mut cipher, message);
    Some(())
}
