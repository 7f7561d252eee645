//! Blocks of sixteen bytes as words, and what is left of one.
//!
//! What is left goes word by word, each half as long as the last: a copy of a length that only the run knows would be a
//! call, and a load waits for stores that are not like it.

/// Up to fifteen bytes, with zeros up to a whole block.
#[inline(always)]
pub(crate) fn padded(bytes: &[u8]) -> u128 {
    let (mut value, mut rest, mut bits) = (0, bytes, 0);
    if let Some((word, after)) = rest.split_first_chunk() {
        (value, rest, bits) = (u128::from(u64::from_le_bytes(*word)), after, 64);
    }
    if let Some((word, after)) = rest.split_first_chunk() {
        value |= u128::from(u32::from_le_bytes(*word)) << bits;
        (rest, bits) = (after, bits + 32);
    }
    if let Some((word, after)) = rest.split_first_chunk() {
        value |= u128::from(u16::from_le_bytes(*word)) << bits;
        (rest, bits) = (after, bits + 16);
    }
    if let Some((byte, _)) = rest.split_first() {
        value |= u128::from(*byte) << bits;
    }
    value
}

/// XORs a message with as much keystream.
#[inline(always)]
pub(crate) fn xor(message: &mut [u8], keystream: &[u8]) {
    // As many at once as one instruction takes, of the widest that the caller may use.
    let (whole, rest) = message.split_at_mut(message.len() & !63);
    let (streams, stream) = keystream.split_at(whole.len().min(keystream.len()));
    for (block, stream) in whole.chunks_exact_mut(64).zip(streams.chunks_exact(64)) {
        for (byte, stream) in block.iter_mut().zip(stream) {
            *byte ^= stream;
        }
    }
    let (whole, mut rest) = rest.split_at_mut(rest.len() & !15);
    let (streams, mut stream) = stream.split_at(whole.len().min(stream.len()));
    for (block, stream) in whole.chunks_exact_mut(16).zip(streams.chunks_exact(16)) {
        for (byte, stream) in block.iter_mut().zip(stream) {
            *byte ^= stream;
        }
    }
    macro_rules! word {
        ($word:ty) => {
            let size = rest.len() & size_of::<$word>();
            let (now, later) = rest.split_at_mut(size);
            let (key, keys) = stream.split_at(size.min(stream.len()));
            if let (Some(word), Some(key)) = (now.first_chunk_mut(), key.first_chunk()) {
                *word =
                    (<$word>::from_le_bytes(*word) ^ <$word>::from_le_bytes(*key)).to_le_bytes();
            }
            (rest, stream) = (later, keys);
        };
    }
    word!(u64);
    word!(u32);
    word!(u16);
    word!(u8);
    debug_assert!(rest.is_empty());
    let _ = stream;
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;

    #[test]
    fn every_length_byte_by_byte() {
        for len in 0..200u8 {
            for spare in [0, 1, 15, 16, 17, 64, 130] {
                let mut message: Vec<u8> = (1..=len).collect();
                let keystream: Vec<u8> = (0..len)
                    .chain(core::iter::repeat_n(7, spare))
                    .map(|byte: u8| byte.wrapping_mul(37) ^ 0xa5)
                    .collect();
                let expected: Vec<u8> = message
                    .iter()
                    .zip(&keystream)
                    .map(|(left, right)| left ^ right)
                    .collect();
                xor(&mut message, &keystream);
                assert_eq!(message, expected, "{len} + {spare}");
            }
        }
        for len in 0..16 {
            let bytes: Vec<u8> = (1..=len).collect();
            let mut block = [0; 16];
            block[..bytes.len()].copy_from_slice(&bytes);
            assert_eq!(padded(&bytes), u128::from_le_bytes(block));
        }
    }
}
