//! A search of the stack below this frame for keys that calls left there.

use core::hint::black_box;
use std::sync::Mutex;

/// Needles lie in memory with every byte changed, so that the search does not find the needles themselves.
const MASK: u8 = 0xa5;

/// As much of a key as counts as the key.
pub(crate) const PART: usize = 16;

/// Half keys, masked.
pub(crate) static NEEDLES: Mutex<Vec<[u8; PART]>> = Mutex::new(Vec::new());

/// How deep the search goes.
pub(crate) const STACK: usize = 128 * 1024;

/// How many needles lie in these bytes.
pub(crate) fn found(needles: &[[u8; PART]], bytes: &[u8]) -> usize {
    let mut wanted = [false; 256];
    for needle in needles {
        wanted[usize::from(needle[0])] = true;
    }
    let is_key = |part: &[u8]| {
        let masked = |needle: &&[u8; PART]| part.iter().zip(*needle).all(|(a, b)| a ^ MASK == *b);
        wanted[usize::from(part[0] ^ MASK)] && needles.iter().any(|needle| masked(&needle))
    };
    bytes.windows(PART).filter(|part| is_key(part)).count()
}

/// SHA-256's state before the first block (FIPS 180-4 §5.3.3).
const INITIAL: [u32; 8] = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];

/// Puts both halves of a secret on the list, and as HMAC's inner and outer pad hold it (RFC 2104 §2). SHA-256's states behind
/// these pads are on it too: who has them needs no key. So is all of it as the processor's instructions for SHA-256 take it.
pub(crate) fn look_for(secret: &[u8; 32]) {
    let mut needles = NEEDLES.lock().unwrap();
    let mut add = |bytes: &[u8]| {
        for half in bytes.chunks_exact(PART) {
            needles.push(core::array::from_fn(|at| half[at] ^ MASK));
        }
    };
    add(secret);
    add(&as_words(secret));
    for pad in [0x36, 0x5c] {
        let mut block = [pad; 64];
        for (byte, secret) in block.iter_mut().zip(secret) {
            *byte ^= secret;
        }
        add(&block[..32]);
        add(&as_words(&block[..32]));
        let mut state = INITIAL;
        sha2::block_api::compress256(&mut state, &[block]);
        let [a, b, c, d, e, f, g, h] = state;
        for words in [state, [f, e, b, a, h, g, d, c]] {
            let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_ne_bytes()).collect();
            add(&bytes);
        }
    }
}

/// Big-endian words, as the processor holds them.
fn as_words(bytes: &[u8]) -> Vec<u8> {
    let word = |bytes: &[u8]| u32::from_be_bytes(bytes.try_into().unwrap()).to_ne_bytes();
    bytes.chunks_exact(4).flat_map(word).collect()
}

/// Overwrites what earlier calls left below this frame.
#[inline(never)]
pub(crate) fn paint() {
    let mut dead = [0x11u8; STACK];
    black_box(&mut dead);
}

/// Calls `inner` so far down that the search's own frames do not lie on top of what it left.
#[inline(never)]
pub(crate) fn deep(inner: fn(&[u8]), blob: &[u8]) {
    let mut above = [0x22u8; STACK / 8];
    black_box(&mut above);
    inner(blob);
    black_box(&mut above);
}

/// How many parts of keys lie below this frame.
#[inline(never)]
pub(crate) fn residue() -> usize {
    let here = 0u8;
    let mut dead = vec![0; STACK / 2];
    let from = black_box(&raw const here).wrapping_sub(STACK / 2);
    // SAFETY: `paint` has touched these pages. Nothing alive is there, which is the point of reading them.
    unsafe { core::ptr::copy_nonoverlapping(from, dead.as_mut_ptr(), dead.len()) };
    found(&NEEDLES.lock().unwrap(), &dead)
}

/// Leaves a key behind, as a careless function does: the search has to find it.
#[inline(never)]
pub(crate) fn careless(blob: &[u8]) {
    let mut key = [0; 32];
    key.copy_from_slice(&blob[6..38]);
    black_box(&mut key);
}
