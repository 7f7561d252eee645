//! Mutations of MQTT packets: bits, lengths, cuts, splices, all drawn from one seed.

use fastrand::Rng;

/// Bytes and texts that mean something to a broker.
const TOKENS: [&[u8]; 16] = [
    b"#",
    b"+",
    b"/",
    b"$",
    b"\0",
    b"\xff",
    b"\x80",
    b"\x7f",
    b"\xff\xff",
    b"\xff\xff\xff\x7f",
    b"$share/g/#",
    b"$SYS/#",
    b"secret/",
    b"\xed\xa0\x80",
    b"\xef\xbb\xbf",
    b"\x23\x00\x01",
];

/// `packet` with one to three mistakes in it; `others` is what parts are taken from.
pub(crate) fn mutate(rng: &mut Rng, packet: &[u8], others: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = packet.to_vec();
    for _ in 0..rng.usize(1..=3) {
        mistake(rng, &mut bytes, others);
    }
    // Half of them arrive in a frame that fits, so that it is the inside that is wrong.
    if rng.bool() {
        bytes = framed(&bytes);
    }
    bytes
}

fn mistake(rng: &mut Rng, bytes: &mut Vec<u8>, others: &[Vec<u8>]) {
    let end = bytes.len();
    let at = rng.usize(0..=end);
    match rng.u8(0..9) {
        // Bit flips.
        0 | 1 => {
            for _ in 0..rng.usize(1..=4) {
                if end > 0 {
                    bytes[rng.usize(0..end)] ^= 1 << rng.u8(0..8);
                }
            }
        }
        // A Remaining Length that lies (MQTT 5 §2.1.4).
        2 => {
            let (head, body) = frame(bytes);
            let lie = match rng.u8(0..3) {
                0 => body.len().saturating_sub(rng.usize(1..=8)),
                1 => body.len() + rng.usize(1..=8),
                _ => rng.usize(0..=268_435_455),
            };
            let body = body.to_vec();
            *bytes = vec![head];
            put_length(bytes, lie);
            bytes.extend(body);
        }
        // A length inside that lies: two bytes, wherever they are.
        3 => {
            if let Some(field) = bytes.get_mut(at..at.saturating_add(2)) {
                let lie = if rng.bool() {
                    rng.u16(0..=64)
                } else {
                    rng.u16(..)
                };
                field.copy_from_slice(&lie.to_be_bytes());
            }
        }
        // Truncation.
        4 => bytes.truncate(at),
        // The head of one packet and the tail of another.
        5 => {
            if let Some(other) = rng.choice(others) {
                bytes.truncate(at);
                bytes.extend(&other[rng.usize(0..=other.len())..]);
            }
        }
        // The inside of one packet under the first byte of another.
        6 => {
            if let (Some(other), Some(first)) = (rng.choice(others), bytes.first().copied()) {
                bytes.clone_from(other);
                if let Some(byte) = bytes.first_mut() {
                    *byte = first;
                }
            }
        }
        // Something with a meaning where it has none, put in or over what is there.
        7 => {
            let token = TOKENS[rng.usize(0..TOKENS.len())];
            let over = if rng.bool() { token.len() } else { 0 };
            bytes.splice(at..end.min(at + over), token.iter().copied());
        }
        // A part twice.
        _ => {
            let part = bytes[at..end.min(at + rng.usize(0..=16))].to_vec();
            bytes.splice(at..at, part);
        }
    }
}

/// First byte and what follows the Remaining Length, however wrong that is.
fn frame(bytes: &[u8]) -> (u8, &[u8]) {
    let Some((first, rest)) = bytes.split_first() else {
        return (0, &[]);
    };
    let digits = rest.iter().take(4).take_while(|b| **b >= 0x80).count();
    (*first, rest.get(digits + 1..).unwrap_or_default())
}

/// The same packet with the Remaining Length that it should have.
fn framed(bytes: &[u8]) -> Vec<u8> {
    let (first, body) = frame(bytes);
    let mut packet = vec![first];
    put_length(&mut packet, body.len());
    packet.extend(body);
    packet
}

/// Variable Byte Integer (MQTT 5 §1.5.5).
fn put_length(out: &mut Vec<u8>, mut length: usize) {
    loop {
        let digit = u8::try_from(length % 128).unwrap();
        length /= 128;
        out.push(digit | if length > 0 { 0x80 } else { 0 });
        if length == 0 {
            return;
        }
    }
}
