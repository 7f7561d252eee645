//! The decoder of base64url for hosts: a word of characters at once, in constant time (RFC 4648 §5).

/// Characters that are decoded at once, one in each byte of a word.
const CHARACTERS: usize = 8;

/// What they decode to.
const BYTES: usize = 6;

/// Decodes into the whole of `out`; false unless the text is the one that [`encode`](crate::base64url::encode) would write.
///
/// Time depends on the lengths alone. `out` is for nobody if the text is refused. Inlined, so that known lengths spare the loops.
#[inline(always)]
pub(crate) fn decode(text: &[u8], out: &mut [u8]) -> bool {
    if text.len() % 4 == 1 || out.len() != text.len() - text.len().div_ceil(4) {
        return false;
    }
    let (mut words, mut places) = (text.chunks_exact(CHARACTERS), out.chunks_exact_mut(BYTES));
    let whole = words.by_ref().zip(places.by_ref());
    let wrong = whole.fold(0, |wrong, (text, out)| wrong | decode_word(text, out));
    wrong | decode_word(words.remainder(), places.into_remainder()) == 0
}

/// Decodes at most a word; zero unless something is wrong.
#[inline(always)]
fn decode_word(text: &[u8], out: &mut [u8]) -> u64 {
    // `A` stands for zeros.
    let mut characters = [b'A'; CHARACTERS];
    for (character, from) in characters.iter_mut().zip(text) {
        *character = *from;
    }
    let (bits, illegal) = bits_of(u64::from_be_bytes(characters));
    let bytes = bits.to_be_bytes();
    let mut bytes = bytes.iter().skip(CHARACTERS - BYTES);
    for (place, byte) in out.iter_mut().zip(bytes.by_ref()) {
        *place = *byte;
    }
    // What no byte takes is zero, or another text has the same bytes.
    bytes.fold(illegal, |all, byte| all | u64::from(*byte))
}

/// The value that the characters in the bytes of a word have together, and zero if all are of the alphabet.
///
/// All bytes are handled at once; no step carries from one into the next, because bit 7 of each is free to take it.
fn bits_of(characters: u64) -> (u64, u64) {
    const ONES: u64 = u64::MAX / 0xff;
    const ASCII: u64 = ONES * 0x7f;
    let codes = characters & ASCII;
    // Bit 7 of each byte that is at least `first`.
    let from = |first: u8| codes + ONES * u64::from(0x80 - first);
    // The runs of the alphabet: first and last character, and the value of the first.
    let runs = [
        (b'-', b'-', 62),
        (b'0', b'9', 52),
        (b'A', b'Z', 0),
        (b'_', b'_', 63),
        (b'a', b'z', 26),
    ];
    let (mut legal, mut change) = (0, 0);
    for (first, last, value) in runs {
        let within = (from(first) ^ from(last + 1)) & !ASCII;
        legal |= within;
        // 0x7f in each byte that is within the run.
        let all = within - (within >> 7);
        // Modulo 64, which is what is left of the sum: the 128 goes with bit 7.
        change |= all & (ONES * u64::from(value + 128 - first));
    }
    let mut bits = (codes + change) & (ONES * 0x3f);
    // Joins values of 6 bits to those of 12, then 24, then 48.
    let mut width = 6;
    let mut room = 8;
    while room < u64::BITS {
        let low = u64::MAX / ((1 << room) + 1);
        bits = (bits & !low) >> (room - width) | bits & low;
        width *= 2;
        room *= 2;
    }
    (bits, (legal ^ !ASCII) | characters & !ASCII)
}
