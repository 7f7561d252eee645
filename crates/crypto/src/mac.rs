//! HMAC-SHA-256, HKDF-Expand of one block, comparison: the only file that names their crates.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq};
use zeroize::Zeroize;

use crate::KEY_LEN;

/// SHA-256's block, to which HMAC pads its key (RFC 2104 §2).
const HMAC_BLOCK_LEN: usize = 64;

/// `HMAC-SHA-256(key, parts[0] || parts[1] || …)` (RFC 2104).
pub(crate) fn hmac(key: &[u8; KEY_LEN], parts: &[&[u8]]) -> [u8; 32] {
    // A key padded by hand to the block takes the constructor that cannot fail.
    let mut padded = [0; HMAC_BLOCK_LEN];
    padded[..KEY_LEN].copy_from_slice(key);
    let mut mac = Hmac::<Sha256>::new((&padded).into());
    padded[..KEY_LEN].zeroize(); // the rest is zeros
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// `HKDF-Expand-SHA-256(key, info, 32)` where `info` is the parts joined (RFC 5869 §2.3).
///
/// For L = HashLen the output is T(1) = HMAC(PRK, info || 0x01), so no second construction enters a firmware.
pub(crate) fn expand(key: &[u8; KEY_LEN], info: [&[u8]; 6]) -> [u8; KEY_LEN] {
    let [a, b, c, d, e, f] = info;
    hmac(key, &[a, b, c, d, e, f, &[0x01]])
}

/// Whether two byte strings are equal, without a hint of where they differ.
pub(crate) fn equal(left: &[u8], right: &[u8]) -> Choice {
    left.ct_eq(right)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expand_is_hkdf_expand() {
        let key: [u8; 32] = core::array::from_fn(|i| u8::try_from(i).unwrap());
        let parts: [&[u8]; 6] = [b"label", b"\x01", b"\x03", b"abc", b"", b"xyz"];
        let mut expected = [0; 32];
        hkdf::Hkdf::<Sha256>::from_prk(&key)
            .unwrap()
            .expand(&parts.concat(), &mut expected)
            .unwrap();
        assert_eq!(expand(&key, parts), expected);
    }

    #[test]
    fn rfc_4231_case_4_padded_key() {
        // RFC 4231 uses a 25-byte key; the padding of RFC 2104 makes it one of 32 bytes that ends in zeros.
        let mut key = [0; 32];
        for (byte, value) in key.iter_mut().zip(1u8..=25) {
            *byte = value;
        }
        let tag = hmac(&key, &[&[0xcd; 20], &[0xcd; 30]]);
        assert_eq!(tag[..8], [0x82, 0x55, 0x8a, 0x38, 0x9a, 0x44, 0x3c, 0x0e]);
    }
}
