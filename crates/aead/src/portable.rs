//! Sealing without code for one kind of processor: the keystream of the crate `chacha20`, by the vectors that it finds.

use core::hint::black_box;
use core::ops::RangeInclusive;

use chacha20::cipher::array::Array;
use chacha20::cipher::consts::U64;
use chacha20::cipher::typenum::Unsigned;
use chacha20::cipher::{
    BlockSizeUser, KeyIvInit, StreamCipherBackend, StreamCipherClosure, StreamCipherCore,
};
use chacha20::variants::Ietf;
use chacha20::{ChaChaCore, R20};

use crate::poly1305::Poly1305;
use crate::wide::{Cipher, Pair};
use crate::{Aad, KEY_LEN, NONCE_LEN, TAG_LEN, wide};

/// ChaCha20 without the buffer for half-used blocks of `chacha20::ChaCha20`.
type ChaCha20 = ChaChaCore<R20, Ietf>;

/// Blocks in a pass of vector code that makes less than a pass one block after the other.
const MADE_TOGETHER: RangeInclusive<usize> = 3..=8;

/// What the crate chose for this processor, from inside its vector code: what is inlined here is compiled with it.
struct Backend<'a, B>(&'a mut B);

impl<B: StreamCipherBackend<BlockSize = U64>> Cipher for Backend<'_, B> {
    type Mac = Poly1305;
    // It makes a pass of several blocks for one.
    const PASS: usize = B::ParBlocksSize::USIZE.div_ceil(2);

    #[inline(always)]
    fn keystream(&mut self, out: &mut [Pair], left: usize) {
        let (blocks, _) = Array::slice_as_chunks_mut(out.as_flattened_mut());
        if let (..=64, Some(block)) = (left, blocks.first_mut()) {
            return self.0.gen_ks_block(block);
        }
        let (passes, rest) = Array::slice_as_chunks_mut(blocks);
        for pass in passes {
            self.0.gen_par_ks_blocks(pass);
        }
        match rest {
            [] => {}
            // Nothing follows these two, so they may be the first of a pass that skips numbers. Nobody reads its others, and
            // the compiler leaves their rounds out. Of one block at a time it would make two passes.
            [first, second] if left <= 128 && MADE_TOGETHER.contains(&B::ParBlocksSize::USIZE) => {
                let mut pass = Array::<_, B::ParBlocksSize>::default();
                self.0.gen_par_ks_blocks(&mut pass);
                (*first, *second) = (pass[0], pass[1]);
            }
            _ => self.0.gen_tail_blocks(rest),
        }
    }

    #[inline(always)]
    fn mac(&self, key: &[u8; 32]) -> Poly1305 {
        Poly1305::new(key)
    }
}

struct Seal<'a> {
    aad: &'a Aad<'a>,
    message: &'a mut [u8],
    tag: &'a mut Option<u128>,
}

impl BlockSizeUser for Seal<'_> {
    type BlockSize = U64;
}

impl StreamCipherClosure for Seal<'_> {
    #[inline(always)]
    fn call<B: StreamCipherBackend<BlockSize = U64>>(self, backend: &mut B) {
        let cipher = Backend(backend);
        *self.tag = match (B::ParBlocksSize::USIZE, self.message.len()) {
            (..=2, _) | (_, ..=64) => wide::seal::<_, 1>(cipher, self.aad, self.message),
            (..=4, _) => wide::seal::<_, 2>(cipher, self.aad, self.message),
            _ => wide::seal::<_, 4>(cipher, self.aad, self.message),
        };
    }
}

struct Open<'a> {
    aad: &'a Aad<'a>,
    message: &'a mut [u8],
    tag: &'a [u8; TAG_LEN],
    opened: &'a mut Option<()>,
}

impl BlockSizeUser for Open<'_> {
    type BlockSize = U64;
}

impl StreamCipherClosure for Open<'_> {
    #[inline(always)]
    fn call<B: StreamCipherBackend<BlockSize = U64>>(self, backend: &mut B) {
        let cipher = Backend(backend);
        *self.opened = match (B::ParBlocksSize::USIZE, self.message.len()) {
            (..=2, _) | (_, ..=64) => wide::open::<_, 1>(cipher, self.aad, self.message, self.tag),
            (..=4, _) => wide::open::<_, 2>(cipher, self.aad, self.message, self.tag),
            _ => wide::open::<_, 4>(cipher, self.aad, self.message, self.tag),
        };
    }
}

/// The number of the first block, and zeros: the compiler cannot see what they are.
static START: [u32; 5] = [0; 5];

/// From block 0 on.
///
/// The vector code loads the row of the counter and the nonce (RFC 8439 §2.3) whole. Stored word by word it would not be there
/// before everything stored earlier is, the wiping of the message before among it, and no two messages would overlap. An
/// operation on all four words makes the compiler hold them in one vector and store that (seen with Rust 1.85 and 1.95 where
/// `new` is inlined, as it is with thin LTO; otherwise it costs nothing).
#[inline(always)]
fn cipher(key: &[u8; KEY_LEN], nonce: &[u8; NONCE_LEN]) -> ChaCha20 {
    let [number, zeros @ ..] = *black_box(&START);
    let mut row = [number, 0, 0, 0];
    for (word, bytes) in row[1..].iter_mut().zip(nonce.chunks_exact(4)) {
        *word = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
    }
    for (word, zero) in row.iter_mut().zip(zeros) {
        *word ^= zero;
    }
    let mut nonce = [0; NONCE_LEN];
    for (bytes, word) in nonce.chunks_exact_mut(4).zip(&row[1..]) {
        bytes.copy_from_slice(&word.to_le_bytes());
    }
    let mut cipher = ChaCha20::new(key.into(), &nonce.into());
    cipher.set_block_pos(row[0]);
    cipher
}

pub(crate) fn seal(
    key: &[u8; KEY_LEN],
    nonce: &[u8; NONCE_LEN],
    aad: &Aad<'_>,
    message: &mut [u8],
) -> Option<u128> {
    let mut tag = None;
    cipher(key, nonce).process_with_backend(Seal {
        aad,
        message,
        tag: &mut tag,
    });
    tag
}

pub(crate) fn open(
    key: &[u8; KEY_LEN],
    nonce: &[u8; NONCE_LEN],
    aad: &Aad<'_>,
    message: &mut [u8],
    expected: &[u8; TAG_LEN],
) -> Option<()> {
    let mut opened = None;
    cipher(key, nonce).process_with_backend(Open {
        aad,
        message,
        tag: expected,
        opened: &mut opened,
    });
    opened
}

#[cfg(test)]
mod tests {
    use core::marker::PhantomData;
    use std::vec::Vec;

    use chacha20::cipher::array::ArraySize;
    use chacha20::cipher::consts::{U1, U2, U4, U8, U16};
    use chacha20::cipher::{Block, ParBlocksSizeUser};

    use super::*;
    use crate::narrow;

    /// Vector code that makes `N` blocks in a pass, of which a processor has one kind.
    struct Passes<N>(ChaCha20, PhantomData<N>);

    impl<N> BlockSizeUser for Passes<N> {
        type BlockSize = U64;
    }

    impl<N: ArraySize> ParBlocksSizeUser for Passes<N> {
        type ParBlocksSize = N;
    }

    impl<N: ArraySize> StreamCipherBackend for Passes<N> {
        fn gen_ks_block(&mut self, block: &mut Block<Self>) {
            self.0.write_keystream_block(block);
        }
    }

    fn check<N: ArraySize>(plain: &[u8]) {
        let (key, nonce) = ([7; KEY_LEN], *b"mqward nonce");
        let aad = Aad {
            head: b"head",
            tail: b"topic",
        };
        let passes = || Passes::<N>(cipher(&key, &nonce), PhantomData);
        let mut expected = plain.to_vec();
        let expected_tag = narrow::seal(&key, &nonce, &aad, &mut expected).unwrap();

        let (mut message, mut tag) = (plain.to_vec(), None);
        Seal {
            aad: &aad,
            message: &mut message,
            tag: &mut tag,
        }
        .call(&mut passes());
        let place = (N::USIZE, plain.len());
        assert_eq!(tag.map(u128::to_le_bytes), Some(expected_tag), "{place:?}");
        assert!(message == expected, "{place:?}");

        let mut opened = None;
        Open {
            aad: &aad,
            message: &mut message,
            tag: &expected_tag,
            opened: &mut opened,
        }
        .call(&mut passes());
        assert_eq!(opened, Some(()), "{place:?}");
        assert!(message == plain, "{place:?}");
    }

    #[test]
    fn every_length_in_passes_of_every_size() {
        let pattern: Vec<u8> = (0u8..251).cycle().take(1_100).collect();
        // Up to a pass of eight blocks, and where the second one ends.
        for len in (0..330).chain(440..590).chain(1_020..1_100) {
            let plain = &pattern[..len];
            check::<U1>(plain);
            check::<U2>(plain);
            check::<U4>(plain);
            check::<U8>(plain);
            check::<U16>(plain);
        }
    }
}
