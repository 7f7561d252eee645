//! The UTF-8 Encoded String of MQTT (5.0 §1.5.4, 3.1.1 §1.5.3), as far as Topic Names and Filters need it.

use crate::SyntaxError;

/// Longest string that MQTT can carry, in bytes (§1.5.4: a two-byte length).
pub const MAX_STRING_LEN: usize = 65_535;

/// Bytes that are not empty, not too long and UTF-8. The length is judged before anything is read.
pub(crate) fn decode(bytes: &[u8]) -> Result<&str, SyntaxError> {
    check_len(bytes.len())?;
    core::str::from_utf8(bytes).map_err(|error| SyntaxError::NotUtf8 {
        at: error.valid_up_to(),
    })
}

/// 1 to [`MAX_STRING_LEN`] characters that MQTT allows.
pub(crate) fn check(s: &str) -> Result<(), SyntaxError> {
    check_len(s.len())?;
    // Most topics are printable ASCII. No early end, so that the compiler takes many bytes at once.
    if s.bytes()
        .fold(true, |ascii, b| ascii & matches!(b, 0x20..=0x7e))
    {
        return Ok(());
    }
    s.char_indices().try_for_each(|(at, c)| match u32::from(c) {
        0 => Err(SyntaxError::Nul { at }),
        0x01..=0x1f | 0x7f..=0x9f => Err(SyntaxError::Control { at }),
        0xfdd0..=0xfdef => Err(SyntaxError::NonCharacter { at }),
        c if c & 0xfffe == 0xfffe => Err(SyntaxError::NonCharacter { at }),
        _ => Ok(()),
    })
}

/// Whether there is a `+` or `#`. No early end, see [`check`].
pub(crate) fn has_wildcard(s: &str) -> bool {
    s.bytes()
        .fold(false, |found, b| found | (b == b'+') | (b == b'#'))
}

fn check_len(len: usize) -> Result<(), SyntaxError> {
    match len {
        0 => Err(SyntaxError::Empty),
        1..=MAX_STRING_LEN => Ok(()),
        _ => Err(SyntaxError::TooLong { len }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scalar_value_is_judged_as_section_1_5_4_says() {
        for c in '\0'..=char::MAX {
            let mut buf = [0; 4];
            let verdict = check(c.encode_utf8(&mut buf));
            let n = u32::from(c);
            let expected = if n == 0 {
                Err(SyntaxError::Nul { at: 0 })
            } else if c.is_control() {
                Err(SyntaxError::Control { at: 0 })
            } else if n % 0x1_0000 >= 0xfffe || (n / 16 >= 0xfdd && n / 16 <= 0xfde) {
                Err(SyntaxError::NonCharacter { at: 0 })
            } else {
                Ok(())
            };
            assert_eq!(verdict, expected, "U+{n:04X}");
        }
    }

    #[test]
    fn position_is_that_of_the_character() {
        assert_eq!(check("ä\u{1}"), Err(SyntaxError::Control { at: 2 }));
        assert_eq!(decode(b"ab\xff"), Err(SyntaxError::NotUtf8 { at: 2 }));
    }

    #[test]
    fn length_is_judged_before_the_bytes_are_read() {
        let bytes = [0xff; MAX_STRING_LEN + 1];
        assert_eq!(decode(&bytes), Err(SyntaxError::TooLong { len: 65_536 }));
        assert_eq!(decode(&bytes[1..]), Err(SyntaxError::NotUtf8 { at: 0 }));
        assert_eq!(decode(b""), Err(SyntaxError::Empty));
    }
}
