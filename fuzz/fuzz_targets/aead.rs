//! Key, nonce, AAD, message: every path seals as the crate `chacha20poly1305` does, opens what it sealed, and nothing that was changed.
#![no_main]

use chacha20poly1305::ChaCha20Poly1305;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use libfuzzer_sys::fuzz_target;
use mqward_aead::{Aad, MAX_AAD_HEAD_LEN, Path};

fuzz_target!(|input: &[u8]| {
    let Some((key, rest)) = input.split_first_chunk::<32>() else {
        return;
    };
    let Some((nonce, rest)) = rest.split_first_chunk::<12>() else {
        return;
    };
    let Some(([head_len, tail_len, flips, times], rest)) = rest.split_first_chunk() else {
        return;
    };
    let Some((head, rest)) = rest.split_at_checked(usize::from(*head_len) % (MAX_AAD_HEAD_LEN + 1))
    else {
        return;
    };
    let Some((tail, message)) = rest.split_at_checked(usize::from(*tail_len)) else {
        return;
    };
    // Inputs are short; what they begin is repeated, so that every pass over a long message is reached.
    let message = message.repeat(1 + usize::from(*times % 24));
    let payload = Payload {
        msg: &message,
        aad: &[head, tail].concat(),
    };
    let Ok(expected) = ChaCha20Poly1305::new(key.into()).encrypt(nonce.into(), payload) else {
        return;
    };
    let aad = Aad { head, tail };
    for path in Path::available() {
        let mut sealed = message.clone();
        let tag = path
            .seal(key, nonce, &aad, &mut sealed)
            .expect("short enough");
        assert_eq!([&sealed[..], &tag].concat(), expected, "{}", path.name());

        let mut forged = [&sealed[..], &tag].concat();
        let at = usize::from(*flips) % forged.len();
        forged[at] ^= 1 << (flips % 8);
        let (before, forged_tag) = forged.split_last_chunk().expect("a tag");
        let mut after = before.to_vec();
        assert!(
            path.open(key, nonce, &aad, &mut after, forged_tag)
                .is_none()
        );
        assert_eq!(after, before, "{} decrypted what was changed", path.name());

        path.open(key, nonce, &aad, &mut sealed, &tag)
            .expect("authentic");
        assert_eq!(sealed, message);
    }
});
