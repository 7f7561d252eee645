//! AEAD_CHACHA20_POLY1305 in place with associated data in two pieces (RFC 8439 §2.8): the only file that names its crates.

use chacha20::cipher::{KeyIvInit, StreamCipherCore};
use chacha20::variants::Ietf;
use chacha20::{ChaChaCore, R20};
use poly1305::Poly1305;
use poly1305::universal_hash::{KeyInit, UniversalHash};
use zeroize::Zeroize;

use crate::mac::equal;
use crate::{KEY_LEN, TAG_LEN};

/// ChaCha20 without the buffer for half-used blocks of `chacha20::ChaCha20`, which costs a device 400 bytes of stack.
type ChaCha20 = ChaChaCore<R20, Ietf>;

/// ChaCha20's block (RFC 8439 §2.3).
const CHACHA_BLOCK_LEN: usize = 64;

/// The longest message under one nonce: 2^32 - 1 blocks, the first being the Poly1305 key (RFC 8439 §2.8).
const MAX_MESSAGE_LEN: u64 = (u32::MAX as u64 - 1) * CHACHA_BLOCK_LEN as u64;

/// Associated data in two pieces, authenticated as if they were one.
///
/// The head is short and the tail may be 65 535 bytes that nobody wants to copy.
pub(crate) struct Aad<'a> {
    pub(crate) head: &'a [u8],
    pub(crate) tail: &'a [u8],
}

/// Encrypts `message` in place and returns the tag (AEAD_CHACHA20_POLY1305, RFC 8439 §2.8).
///
/// `None` if the message is too long for one nonce (256 GiB); nothing is written then.
pub(crate) fn aead_seal(
    key: &[u8; KEY_LEN],
    iv: &[u8; 12],
    aad: &Aad<'_>,
    message: &mut [u8],
) -> Option<[u8; TAG_LEN]> {
    let mut cipher = cipher(key, iv, message.len())?;
    let mac = authenticator(&mut cipher);
    cipher.try_apply_keystream_partial(message.into()).ok()?;
    tag(mac, aad, message)
}

/// Verifies the tag, then decrypts `message` in place (RFC 8439 §2.8).
///
/// Nothing is decrypted unless the tag is right.
pub(crate) fn aead_open(
    key: &[u8; KEY_LEN],
    iv: &[u8; 12],
    aad: &Aad<'_>,
    message: &mut [u8],
    expected: &[u8; TAG_LEN],
) -> Option<()> {
    let mut cipher = cipher(key, iv, message.len())?;
    let mac = authenticator(&mut cipher);
    let mut actual = tag(mac, aad, message)?;
    let same = bool::from(equal(&actual, expected));
    // The right tag of a forged message is what a forger wants.
    actual.zeroize();
    if !same {
        return None;
    }
    cipher.try_apply_keystream_partial(message.into()).ok()
}

/// The cipher at block 0, if the message is short enough for one nonce.
fn cipher(key: &[u8; KEY_LEN], iv: &[u8; 12], message_len: usize) -> Option<ChaCha20> {
    if u64::try_from(message_len).ok()? > MAX_MESSAGE_LEN {
        return None;
    }
    Some(ChaCha20::new(key.into(), iv.into()))
}

/// The authenticator keyed with block 0, which leaves the cipher at block 1 (RFC 8439 §2.6, §2.8).
fn authenticator(cipher: &mut ChaCha20) -> Poly1305 {
    let mut block = [0; CHACHA_BLOCK_LEN].into();
    cipher.write_keystream_block(&mut block);
    let mut mac_key = [0; 32];
    mac_key.copy_from_slice(&block[..32]);
    let mac = Poly1305::new((&mac_key).into());
    block.zeroize();
    mac_key.zeroize();
    mac
}

/// Poly1305 over `aad || pad16 || message || pad16 || len(aad) || len(message)` (RFC 8439 §2.8).
fn tag(mut mac: Poly1305, aad: &Aad<'_>, message: &[u8]) -> Option<[u8; TAG_LEN]> {
    // Padding belongs after the whole AAD, so the blocks in which head and tail meet are joined here.
    let mut joint = [0; 32];
    let from_tail = joint.len().checked_sub(aad.head.len())?.min(aad.tail.len());
    let (first, rest) = aad.tail.split_at_checked(from_tail)?;
    let used = aad.head.len() + from_tail;
    joint.get_mut(..aad.head.len())?.copy_from_slice(aad.head);
    joint.get_mut(aad.head.len()..used)?.copy_from_slice(first);
    mac.update_padded(joint.get(..used)?);
    mac.update_padded(rest);
    mac.update_padded(message);

    let aad_len = u64::try_from(aad.head.len().checked_add(aad.tail.len())?).ok()?;
    let mut lengths = [0; 16];
    lengths[..8].copy_from_slice(&aad_len.to_le_bytes());
    lengths[8..].copy_from_slice(&u64::try_from(message.len()).ok()?.to_le_bytes());
    mac.update(&[lengths.into()]);
    Some(mac.finalize().into())
}

#[cfg(test)]
mod tests {
    use chacha20poly1305::ChaCha20Poly1305;
    use chacha20poly1305::aead::{Aead, Payload};

    use super::*;

    /// Bytes whose period is a prime, so that swapped blocks cannot cancel out.
    fn pattern(len: usize) -> std::vec::Vec<u8> {
        (0u8..251).cycle().take(len).collect()
    }

    #[test]
    fn seals_as_the_reference_for_every_length_and_opens_what_it_sealed() {
        let key: [u8; 32] = pattern(32).try_into().unwrap();
        let iv = *b"mqward nonce";
        let reference = ChaCha20Poly1305::new(&key.into());
        for len in 0..2200 {
            // Heads of up to 32 bytes, with tails that end before, at and after the joint blocks.
            let head = pattern(len % 33);
            let tail = pattern(1 + len % 97);
            let aad = Aad {
                head: &head,
                tail: &tail,
            };
            let joined = [head.as_slice(), &tail].concat();
            let plain = pattern(len);
            let mut buf = plain.clone();
            let tag = aead_seal(&key, &iv, &aad, &mut buf).unwrap();
            let sealed = [buf.as_slice(), &tag].concat();
            let payload = Payload {
                msg: &plain,
                aad: &joined,
            };
            assert_eq!(
                sealed,
                reference.encrypt(&iv.into(), payload).unwrap(),
                "{len}"
            );

            let mut wrong = tag;
            wrong[len % 16] ^= 1 << (len % 8);
            let before = buf.clone();
            assert!(aead_open(&key, &iv, &aad, &mut buf, &wrong).is_none());
            assert_eq!(buf, before, "a refused message was touched");
            aead_open(&key, &iv, &aad, &mut buf, &tag).unwrap();
            assert_eq!(buf, plain);
        }
    }

    #[test]
    fn rfc_8439_2_8_2() {
        let key: [u8; 32] = core::array::from_fn(|i| 0x80 + u8::try_from(i).unwrap());
        let iv = [7, 0, 0, 0, 0x40, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47];
        let aad = [
            0x50, 0x51, 0x52, 0x53, 0xc0, 0xc1, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7,
        ];
        let mut text = *b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.";
        let aad = Aad {
            head: &aad[..3],
            tail: &aad[3..],
        };
        let tag = aead_seal(&key, &iv, &aad, &mut text).unwrap();
        assert_eq!(text[..8], [0xd3, 0x1a, 0x8d, 0x34, 0x64, 0x8e, 0x60, 0xdb]);
        let expected = 0x1ae1_0b59_4f09_e26a_7e90_2ecb_d060_0691u128.to_be_bytes();
        assert_eq!(tag, expected);
    }
}
