//! Every path against the crate `chacha20poly1305`.

use std::boxed::Box;
use std::vec::Vec;

use chacha20poly1305::ChaCha20Poly1305;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use proptest::prelude::*;

use crate::{Aad, KEY_LEN, MAX_AAD_HEAD_LEN, NONCE_LEN, TAG_LEN, narrow, open, seal};

type Seal = dyn Fn(&[u8; KEY_LEN], &[u8; NONCE_LEN], &Aad<'_>, &mut [u8]) -> Option<[u8; TAG_LEN]>;
type Open =
    dyn Fn(&[u8; KEY_LEN], &[u8; NONCE_LEN], &Aad<'_>, &mut [u8], &[u8; TAG_LEN]) -> Option<()>;

/// One way through the crate.
pub(crate) struct Way {
    pub(crate) name: &'static str,
    pub(crate) seal: Box<Seal>,
    pub(crate) open: Box<Open>,
}

/// All ways: the microcontroller's, those of this processor, and the one that a caller gets.
pub(crate) fn ways() -> Vec<Way> {
    let mut ways = std::vec![
        Way {
            name: "narrow",
            seal: Box::new(narrow::seal),
            open: Box::new(narrow::open),
        },
        Way {
            name: "default",
            seal: Box::new(seal),
            open: Box::new(open),
        },
    ];
    #[cfg(target_pointer_width = "64")]
    ways.extend(crate::Path::available().map(|path| Way {
        name: path.name(),
        seal: Box::new(move |key, nonce, aad, message| path.seal(key, nonce, aad, message)),
        open: Box::new(move |key, nonce, aad, message, tag| {
            path.open(key, nonce, aad, message, tag)
        }),
    }));
    ways
}

fn check(key: &[u8; 32], nonce: &[u8; 12], head: &[u8], tail: &[u8], plain: &[u8]) {
    let joined = [head, tail].concat();
    let payload = Payload {
        msg: plain,
        aad: &joined,
    };
    let expected = ChaCha20Poly1305::new(key.into())
        .encrypt(nonce.into(), payload)
        .unwrap();
    let (ciphertext, expected) = expected.split_last_chunk::<TAG_LEN>().unwrap();
    let aad = Aad { head, tail };
    for way in ways() {
        let place = || {
            std::format!(
                "{}, {} bytes, AAD {} + {}",
                way.name,
                plain.len(),
                head.len(),
                tail.len()
            )
        };
        let mut message = plain.to_vec();
        let tag = (way.seal)(key, nonce, &aad, &mut message).unwrap();
        assert_eq!(tag, *expected, "{}", place());
        assert!(message == ciphertext, "{}", place());
        let at = plain.len() + head.len();
        let mut wrong = tag;
        wrong[at % 16] ^= 1 << (at % 8);
        assert!((way.open)(key, nonce, &aad, &mut message, &wrong).is_none());
        assert!(
            message == ciphertext,
            "a refused message was touched: {}",
            place()
        );
        (way.open)(key, nonce, &aad, &mut message, &tag).unwrap();
        assert!(message == plain, "{}", place());
    }
}

/// Bytes whose period is a prime, so that swapped blocks cannot cancel out.
fn pattern(len: usize) -> Vec<u8> {
    (0u8..251).cycle().take(len).collect()
}

#[test]
fn every_length_as_the_reference() {
    let key = pattern(32).try_into().unwrap();
    for len in 0..2200 {
        // Heads of up to 32 bytes, with tails that end before, at and after the joint blocks.
        let (head, tail) = (pattern(len % 33), pattern(len % 97));
        check(&key, b"mqward nonce", &head, &tail, &pattern(len));
    }
    // Where the buffers of keystream for long messages are used up once and twice, and where nothing is special.
    let used_up = (2239..2242)
        .chain(2495..2498)
        .chain(3391..3394)
        .chain(3775..3778);
    for len in used_up.chain([4096, 16_383, 65_536]) {
        check(&key, b"mqward nonce", b"", b"topic", &pattern(len));
    }
}

/// As long as a Topic Name may be, so that it is authenticated by the code for long data too.
#[test]
fn long_associated_data_as_the_reference() {
    let key = pattern(32).try_into().unwrap();
    for len in (0..1500).chain([65_535]) {
        check(
            &key,
            b"mqward nonce",
            &pattern(len % 33),
            &pattern(len),
            b"21.5",
        );
    }
}

proptest! {
    #[test]
    fn random_keys_and_data_as_the_reference(
        key: [u8; 32],
        nonce: [u8; 12],
        head in prop::collection::vec(any::<u8>(), 0..=MAX_AAD_HEAD_LEN),
        tail in prop::collection::vec(any::<u8>(), 0..200),
        plain in prop::collection::vec(any::<u8>(), 0..2200),
    ) {
        check(&key, &nonce, &head, &tail, &plain);
    }
}

#[test]
fn a_head_that_is_too_long_is_refused() {
    let aad = Aad {
        head: &[0; MAX_AAD_HEAD_LEN + 1],
        tail: b"",
    };
    for way in ways() {
        let mut message = *b"21.5";
        assert!((way.seal)(&[7; 32], &[1; 12], &aad, &mut message).is_none());
        assert_eq!(message, *b"21.5");
        assert!((way.open)(&[7; 32], &[1; 12], &aad, &mut message, &[0; 16]).is_none());
    }
}

/// As long as an array of 16 bytes may differ in one bit.
#[test]
fn tags_that_differ_in_any_bit_are_not_the_same() {
    assert!(crate::is_same([7; 16], &[7; 16]));
    for bit in 0..128 {
        let mut other = [7; 16];
        other[bit / 8] ^= 1 << (bit % 8);
        assert!(!crate::is_same([7; 16], &other), "bit {bit}");
    }
}

/// Behind 2^32 blocks the keystream would begin anew with the authenticator's key (RFC 8439 §2.8).
#[cfg(target_pointer_width = "64")]
#[test]
fn no_message_is_so_long_that_keystream_repeats() {
    let aad = Aad {
        head: b"",
        tail: b"",
    };
    let limit: usize = 256 << 30;
    for spare in [4096, 8192, limit] {
        assert!(!crate::is_refused(&aad, limit - spare), "{spare}");
    }
    for spare in [0, 64, 4095] {
        assert!(crate::is_refused(&aad, limit - spare), "{spare}");
    }
    assert!(crate::is_refused(&aad, usize::MAX));
}
