//! Sealing without code for one kind of processor: the keystream of the crate `chacha20`, by the vectors that it finds.

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
        if !rest.is_empty() {
            self.0.gen_tail_blocks(rest);
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
        *self.tag = match B::ParBlocksSize::USIZE {
            ..=2 => wide::seal::<_, 1>(cipher, self.aad, self.message),
            3..=4 => wide::seal::<_, 2>(cipher, self.aad, self.message),
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
        *self.opened = match B::ParBlocksSize::USIZE {
            ..=2 => wide::open::<_, 1>(cipher, self.aad, self.message, self.tag),
            3..=4 => wide::open::<_, 2>(cipher, self.aad, self.message, self.tag),
            _ => wide::open::<_, 4>(cipher, self.aad, self.message, self.tag),
        };
    }
}

pub(crate) fn seal(
    key: &[u8; KEY_LEN],
    nonce: &[u8; NONCE_LEN],
    aad: &Aad<'_>,
    message: &mut [u8],
) -> Option<u128> {
    let mut tag = None;
    ChaCha20::new(key.into(), nonce.into()).process_with_backend(Seal {
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
    ChaCha20::new(key.into(), nonce.into()).process_with_backend(Open {
        aad,
        message,
        tag: expected,
        opened: &mut opened,
    });
    opened
}
