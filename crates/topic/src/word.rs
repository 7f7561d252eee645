//! Eight bytes of a text at once.

/// Bytes of a word.
pub(crate) const LEN: usize = 8;

/// The highest and the lowest bit of every byte.
const HIGH: u64 = 0x8080_8080_8080_8080;
const LOW: u64 = 0x0101_0101_0101_0101;

/// The eight bytes from `at` on, the first one lowest; zero behind the end of `text`.
///
/// No valid text holds a zero [MQTT-1.5.4-2], so a zero byte is its end.
#[inline]
pub(crate) fn load(text: &[u8], at: usize) -> u64 {
    let Some(last) = text.len().checked_sub(LEN) else {
        return load_short(text, at);
    };
    // Near the end the last eight bytes, without those before `at`: no branch that depends on the length.
    let from = at.min(last);
    let before = (at - from).min(LEN);
    match text.get(from..).and_then(<[u8]>::first_chunk::<LEN>) {
        // In two halves, because a shift by all 64 bits is none.
        Some(bytes) => u64::from_le_bytes(*bytes) >> (4 * before) >> (4 * before),
        None => 0,
    }
}

/// The same of a text of fewer than eight bytes.
#[cold]
fn load_short(text: &[u8], at: usize) -> u64 {
    let rest = text.get(at..).unwrap_or_default();
    rest.iter()
        .rev()
        .fold(0, |word, byte| word << 8 | u64::from(*byte))
}

/// How many bytes come before the first one that is not zero; eight if there is none.
#[inline]
pub(crate) const fn zeros_before(word: u64) -> usize {
    (word.trailing_zeros() / 8) as usize
}

/// The byte after `count` others, 0 to 7.
#[inline]
pub(crate) const fn byte(word: u64, count: usize) -> u8 {
    word.to_le_bytes()[count % LEN]
}

/// The first `count` bytes, 0 to 8; zero behind them.
#[cfg(any(test, feature = "alloc"))]
#[inline]
pub(crate) const fn first(word: u64, count: usize) -> u64 {
    let unused = 4 * LEN.saturating_sub(count);
    word << unused << unused >> unused >> unused
}

/// Bytes up to the first `wanted`; eight if there is none.
#[inline]
const fn before(word: u64, wanted: u8) -> usize {
    let zeros = word ^ LOW.wrapping_mul(wanted as u64);
    // Bytes behind the first one may be told as `wanted` and be none: a borrow runs upwards only.
    zeros_before(zeros.wrapping_sub(LOW) & !zeros & HIGH)
}

/// Bytes up to the first `/`; eight if there is none.
#[cfg(any(test, feature = "alloc"))]
#[inline]
pub(crate) const fn before_slash(word: u64) -> usize {
    before(word, b'/')
}

/// Where the level that begins or goes on at `at` ends: at its `/` or at the end of `text`.
#[inline]
pub(crate) fn level_end(text: &[u8], at: usize) -> usize {
    end(text, at, b'/')
}

/// Where what needs no wildcard ends from `at` on: at a `+` or at the end of `text`.
#[cfg(any(test, target_pointer_width = "64"))]
#[inline]
pub(crate) fn literal_end(text: &[u8], at: usize) -> usize {
    end(text, at, b'+')
}

#[inline]
fn end(text: &[u8], mut at: usize, mark: u8) -> usize {
    while at < text.len() {
        // Both at once: most end in the second if not in the first, and a guess which costs more than a look.
        let first = before(load(text, at), mark);
        let second = before(load(text, at + LEN), mark);
        let before = if first < LEN { first } else { LEN + second };
        at += before;
        if before < 2 * LEN {
            break;
        }
    }
    at.min(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn behind_the_end_are_zeros() {
        let text = b"0123456789abcdefghi";
        for len in 0..text.len() {
            for at in 0..len + 20 {
                let mut expected = [0; LEN];
                for (to, from) in expected.iter_mut().zip(text[..len].iter().skip(at)) {
                    *to = *from;
                }
                let word = load(&text[..len], at);
                assert_eq!(word.to_le_bytes(), expected, "{len} {at}");
                for count in 0..=LEN {
                    let cut = first(word, count).to_le_bytes();
                    assert_eq!(cut[..count], expected[..count]);
                    assert!(cut[count..].iter().all(|byte| *byte == 0));
                }
            }
        }
    }

    #[test]
    fn what_ends_ends_where_the_bytes_say() {
        // With the neighbours of `/` and `+` in value.
        for text in [
            &b"./0/"[..],
            b"0/.//",
            b"*+,/+",
            b",+*++/",
            b"\xff/\x80/0",
            b"aaaaaaaa/bbbbbbbbbbbbbbbbb/",
            b"x",
        ] {
            for times in 1..5 {
                let text = text.repeat(times);
                for at in 0..=text.len() {
                    let end = |mark| {
                        let end = text[at..].iter().position(|byte| *byte == mark);
                        end.map_or(text.len(), |end| at + end)
                    };
                    assert_eq!(level_end(&text, at), end(b'/'));
                    assert_eq!(literal_end(&text, at), end(b'+'));
                }
            }
        }
    }
}
