//! The same single pass of keystream with Poly1305 on the verified field arithmetic of `fiat-crypto`: what verification costs.

use chacha20::cipher::{KeyIvInit, StreamCipher};
use fiat_crypto::poly1305_64::*;

type Tight = fiat_poly1305_tight_field_element;
type Loose = fiat_poly1305_loose_field_element;

fn element(bytes: &[u8; 17]) -> Tight {
    let mut element = fiat_poly1305_tight_field_element([0; 3]);
    fiat_poly1305_from_bytes(&mut element, bytes);
    element
}

fn relaxed(element: &Tight) -> Loose {
    let mut loose = fiat_poly1305_loose_field_element([0; 3]);
    fiat_poly1305_relax(&mut loose, element);
    loose
}

struct Poly1305 {
    h: Tight,
    r: Loose,
}

impl Poly1305 {
    fn new(key: &[u8]) -> Self {
        let mut r = [0; 17];
        r[..16].copy_from_slice(&key[..16]);
        for at in [3, 7, 11, 15] {
            r[at] &= 15;
        }
        for at in [4, 8, 12] {
            r[at] &= 252;
        }
        Self {
            h: fiat_poly1305_tight_field_element([0; 3]),
            r: relaxed(&element(&r)),
        }
    }

    fn update_padded(&mut self, data: &[u8]) {
        for part in data.chunks(16) {
            let mut block = [0; 17];
            block[..part.len()].copy_from_slice(part);
            block[16] = 1;
            let mut sum = fiat_poly1305_loose_field_element([0; 3]);
            fiat_poly1305_add(&mut sum, &self.h, &element(&block));
            fiat_poly1305_carry_mul(&mut self.h, &sum, &self.r);
        }
    }

    fn finish(self, pad: &[u8]) -> [u8; 16] {
        let mut bytes = [0; 17];
        fiat_poly1305_to_bytes(&mut bytes, &self.h);
        let word = |bytes: &[u8]| u128::from_le_bytes(core::array::from_fn(|at| bytes[at]));
        word(&bytes).wrapping_add(word(pad)).to_le_bytes()
    }
}

pub(crate) fn seal(key: &[u8; 32], nonce: &[u8; 12], aad: &[u8], message: &mut [u8]) -> [u8; 16] {
    let mut cipher = chacha20::ChaCha20::new(key.into(), nonce.into());
    let mut first = [0; 256];
    cipher.apply_keystream(&mut first);
    let (now, later) = message.split_at_mut(message.len().min(192));
    for (byte, stream) in now.iter_mut().zip(&first[64..]) {
        *byte ^= stream;
    }
    cipher.apply_keystream(later);
    let mut mac = Poly1305::new(&first[..16]);
    mac.update_padded(aad);
    mac.update_padded(message);
    let mut lengths = [0; 16];
    lengths[..8].copy_from_slice(&(aad.len() as u64).to_le_bytes());
    lengths[8..].copy_from_slice(&(message.len() as u64).to_le_bytes());
    mac.update_padded(&lengths);
    mac.finish(&first[16..32])
}
