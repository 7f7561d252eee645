//! Sealing on 64-bit processors: one pass of keystream for the key of the authenticator with the first of the message.

use zeroize::optimization_barrier;

use crate::words::xor;
use crate::{Aad, Authenticator, TAG_LEN, is_same};

/// Two blocks of keystream: what one pass makes at least, whatever the vector code.
pub(crate) type Pair = [u8; 128];

/// Bytes of block 0, which is the authenticator's key and nothing else (RFC 8439 §2.6).
const FIRST_BLOCK_LEN: usize = 64;

/// ChaCha20 from block 0 on, and the Poly1305 that goes with it.
pub(crate) trait Cipher {
    type Mac: Authenticator;
    /// Up to so many pairs are one pass, of which fewer would cost no less.
    const PASS: usize;

    /// Pairs that the next pass makes best, of so many that are left to make.
    #[inline(always)]
    fn best(left: usize) -> usize {
        left
    }

    /// Writes the next blocks of keystream over `out`, at least as many as `left` bytes need.
    fn keystream(&mut self, out: &mut [Pair], left: usize);

    /// As [`keystream`](Self::keystream), while the authenticator takes as much as it can of what is to be taken next: so many
    /// bytes.
    #[inline(always)]
    fn beside(&mut self, out: &mut [Pair], left: usize, _: &mut Self::Mac, _: &[u8]) -> usize {
        self.keystream(out, left);
        0
    }

    fn mac(&self, key: &[u8; 32]) -> Self::Mac;
}

/// Keystream for up to `PAIRS` times 128 bytes, wiped when it is dropped. No vector of it straddles two cache lines.
#[repr(align(64))]
struct Keystream<const PAIRS: usize>([Pair; PAIRS]);

impl<const PAIRS: usize> Keystream<PAIRS> {
    #[inline(always)]
    const fn new() -> Self {
        Self([[0; 128]; PAIRS])
    }

    /// Pairs that are made next, of so many bytes that are left.
    #[inline(always)]
    fn pairs<C: Cipher>(left: usize) -> usize {
        if PAIRS <= C::PASS {
            PAIRS
        } else {
            C::best(left.div_ceil(128)).min(PAIRS)
        }
    }

    /// Makes as much of it as `left` bytes ask for: how much, in bytes.
    #[inline(always)]
    fn make<C: Cipher>(&mut self, cipher: &mut C, left: usize) -> usize {
        let pairs = Self::pairs::<C>(left);
        if let Some(pairs) = self.0.get_mut(..pairs) {
            cipher.keystream(pairs, left);
        }
        pairs * 128
    }

    /// Encrypts or decrypts the whole message, from block 1 on: with all that was `made`, then with what follows.
    #[inline(always)]
    fn apply<C: Cipher>(&mut self, cipher: &mut C, made: usize, message: &mut [u8]) {
        let mut at_hand = FIRST_BLOCK_LEN..made;
        let mut rest = message;
        loop {
            let keystream = self.0.as_flattened().get(at_hand).unwrap_or_default();
            let (now, later) = rest.split_at_mut(rest.len().min(keystream.len()));
            xor(now, keystream);
            if later.is_empty() {
                return;
            }
            rest = later;
            at_hand = 0..self.make(cipher, rest.len());
        }
    }
}

impl<const PAIRS: usize> Drop for Keystream<PAIRS> {
    #[inline(always)]
    fn drop(&mut self) {
        self.0 = [[0; 128]; PAIRS];
        optimization_barrier(&self.0);
    }
}

#[inline(always)]
pub(crate) fn seal<C: Cipher, const PAIRS: usize>(
    mut cipher: C,
    aad: &Aad<'_>,
    message: &mut [u8],
) -> Option<u128> {
    let mut keystream = Keystream::<PAIRS>::new();
    let made = keystream.make(&mut cipher, message.len().saturating_add(FIRST_BLOCK_LEN));
    let mut mac = cipher.mac(keystream.0.first()?.first_chunk()?);
    aad.authenticate(&mut mac)?;
    let (mut encrypted, mut authenticated) = (0, 0);
    let mut at_hand = FIRST_BLOCK_LEN..made;
    loop {
        let stream = keystream.0.as_flattened().get(at_hand)?;
        let rest = message.get_mut(encrypted..)?;
        let now = rest.len().min(stream.len());
        xor(rest.get_mut(..now)?, stream);
        encrypted += now;
        // While the processor waits for one block of the authenticator after the other, it begins the next pass.
        if !C::Mac::AT_ONCE {
            mac.update_padded(message.get(authenticated..encrypted)?);
            authenticated = encrypted;
        }
        let left = message.len() - encrypted;
        if left == 0 {
            break;
        }
        let pairs = Keystream::<PAIRS>::pairs::<C>(left);
        let ciphertext = message.get(authenticated..encrypted)?;
        authenticated += cipher.beside(keystream.0.get_mut(..pairs)?, left, &mut mac, ciphertext);
        at_hand = 0..pairs * 128;
    }
    mac.update_padded(message.get(authenticated..)?);
    aad.finish(mac, message.len())
}

#[inline(always)]
pub(crate) fn open<C: Cipher, const PAIRS: usize>(
    mut cipher: C,
    aad: &Aad<'_>,
    message: &mut [u8],
    expected: &[u8; TAG_LEN],
) -> Option<()> {
    let mut keystream = Keystream::<PAIRS>::new();
    let needed = message.len().saturating_add(FIRST_BLOCK_LEN);
    let mut made = keystream.make(&mut cipher, needed);
    let mut mac = cipher.mac(keystream.0.first()?.first_chunk()?);
    aad.authenticate(&mut mac)?;
    let mut authenticated = 0;
    // What the buffer takes, beside the authenticator, in whole passes.
    while made < needed.min(PAIRS * 128) {
        let out = keystream.0.get_mut(made / 128..)?;
        let pairs = C::best((needed - made).div_ceil(128))
            .max(C::PASS)
            .min(out.len());
        let ciphertext = message.get(authenticated..)?;
        authenticated += cipher.beside(out.get_mut(..pairs)?, needed - made, &mut mac, ciphertext);
        made += pairs * 128;
    }
    mac.update_padded(message.get(authenticated..)?);
    // Nothing is decrypted before this line.
    if !is_same(aad.finish(mac, message.len())?.to_le_bytes(), expected) {
        return None;
    }
    keystream.apply(&mut cipher, made, message);
    Some(())
}
