//! base64url without padding in constant time (RFC 4648 §5), for texts of a length that the types fix.
//!
//! The crate `base64ct` takes texts of any length, at six times the flash; it is the reference in the tests.

#[cfg(target_pointer_width = "64")]
pub(crate) use crate::base64url_words::decode;
#[cfg(not(target_pointer_width = "64"))]
pub(crate) use by_character::decode;

/// Encodes, as many characters as `out` has room for: the bits behind the last byte are zeros (RFC 4648 §3.5).
pub(crate) fn encode(bytes: &[u8], out: &mut [u8]) {
    let mut bytes = bytes.iter();
    let mut bits = 0;
    // Bits that no character shows yet: 0, 2 or 4 before each byte.
    let mut waiting = 0;
    for character in out {
        if waiting < 6 {
            bits = bits << 8 | u32::from(bytes.next().copied().unwrap_or(0));
            waiting += 8;
        }
        waiting -= 6;
        *character = character_of(bits >> waiting);
    }
}

/// The character of the low six bits.
fn character_of(bits: u32) -> u8 {
    let [bits, ..] = bits.to_le_bytes();
    let value = i16::from(bits & 63);
    // The distance from a value to its character changes where a new run of the alphabet begins.
    let beyond = |last: i16, change: i16| (last - value) >> 8 & change;
    let [character, _] = (value
        + i16::from(b'A')
        + beyond(25, 6)
        + beyond(51, -75)
        + beyond(61, -13)
        + beyond(62, 49))
    .to_le_bytes();
    character
}

/// The decoder that is smallest, for devices.
#[cfg(any(not(target_pointer_width = "64"), test))]
mod by_character {
    /// Decodes into the whole of `out`; false unless the text is the one that [`encode`](super::encode) would write.
    ///
    /// Time depends on the lengths alone. `out` is for nobody if the text is refused.
    pub(crate) fn decode(text: &[u8], out: &mut [u8]) -> bool {
        let mut out = out.iter_mut();
        let mut bits = 0;
        let mut waiting = 0;
        // Negative as soon as one character is none of the alphabet.
        let mut all = 0;
        for character in text {
            let value = value_of(*character);
            all |= value;
            bits = bits << 6 | u32::from(value.to_le_bytes()[0]);
            waiting += 6;
            if waiting >= 8 {
                waiting -= 8;
                let Some(byte) = out.next() else {
                    return false;
                };
                *byte = (bits >> waiting).to_le_bytes()[0];
            }
        }
        let behind = bits & ((1 << waiting) - 1);
        out.next().is_none() && waiting < 6 && (all >= 0) & (behind == 0)
    }

    /// The value of a character, 0 to 63, or -1.
    fn value_of(character: u8) -> i16 {
        let code = i16::from(character);
        let within = |first: u8, last: u8, change: i16| {
            let (first, last) = (i16::from(first), i16::from(last));
            ((first - 1 - code) & (code - last - 1)) >> 8 & (code + change)
        };
        within(b'A', b'Z', -64)
            + within(b'a', b'z', -70)
            + within(b'0', b'9', 5)
            + within(b'-', b'-', 18)
            + within(b'_', b'_', -31)
            - 1
    }
}

#[cfg(test)]
mod tests {
    use base64ct::{Base64UrlUnpadded, Encoding};

    use super::*;

    type Decoder = fn(&[u8], &mut [u8]) -> bool;

    /// The host's and the device's.
    const DECODERS: [Decoder; 2] = [decode, by_character::decode];

    #[test]
    fn equals_the_reference_for_every_length() {
        for len in 0..60 {
            let bytes: std::vec::Vec<u8> =
                (0..len).map(|at: u8| at.wrapping_mul(197) ^ 0x5a).collect();
            let mut room = [0; 80];
            let expected = Base64UrlUnpadded::encode(&bytes, &mut room).unwrap();
            let mut text = std::vec![0; expected.len()];
            encode(&bytes, &mut text);
            assert_eq!(text, expected.as_bytes());
            for decode in DECODERS {
                let mut back = std::vec![0; bytes.len()];
                assert!(decode(&text, &mut back), "{expected}");
                assert_eq!(back, bytes);
            }
        }
    }

    #[test]
    fn every_pair_of_characters_as_the_reference() {
        for first in 0..=255 {
            for second in 0..=255 {
                let text = [first, second];
                let mut theirs = [0];
                let expected = Base64UrlUnpadded::decode(text, &mut theirs).is_ok();
                for decode in DECODERS {
                    let mut ours = [0];
                    assert_eq!(decode(&text, &mut ours), expected, "{text:?}");
                    if expected {
                        assert_eq!(ours, theirs);
                    }
                }
            }
        }
    }

    #[test]
    fn every_character_at_every_place_as_the_reference() {
        for at in 0..16 {
            for character in 0..=255 {
                let mut text = *b"A-_z09Za-_Az90ZA";
                text[at] = character;
                let mut theirs = [0; 12];
                let expected = Base64UrlUnpadded::decode(text, &mut theirs).is_ok();
                for decode in DECODERS {
                    let mut ours = [0; 12];
                    assert_eq!(decode(&text, &mut ours), expected, "{text:?}");
                    if expected {
                        assert_eq!(ours, theirs);
                    }
                }
            }
        }
    }

    /// Of a password's length: several words, and characters behind them.
    #[test]
    fn the_same_mistake_twice_is_no_less_a_mistake() {
        let text = *b"A-_z09Za-_Az90ZAA-_z09Za-_Az90ZAA-_z09Y";
        let mut bytes = [0; 29];
        let of_the_alphabet = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_".contains(byte);
        let wrong: std::vec::Vec<u8> = (0..=255).filter(|byte| !of_the_alphabet(byte)).collect();
        assert_eq!(wrong.len(), 256 - 64);
        for decode in DECODERS {
            assert!(decode(&text, &mut bytes));
            for first in 0..text.len() {
                for second in first + 1..text.len() {
                    for character in &wrong {
                        let mut text = text;
                        text[first] = *character;
                        text[second] = *character;
                        assert!(!decode(&text, &mut bytes), "{}", text.escape_ascii());
                    }
                }
            }
        }
    }

    #[test]
    fn lengths_that_no_text_has() {
        for decode in DECODERS {
            assert!(!decode(b"AAAAA", &mut [0; 3]));
            assert!(!decode(b"AAA", &mut [0; 3]));
            assert!(!decode(b"AAAA", &mut [0; 2]));
            assert!(!decode(b"A", &mut []));
        }
    }
}
