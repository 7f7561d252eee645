//! How a record stands in a journal: its length, its body, a CRC.

use std::io;

pub(super) const CRC_LEN: usize = 4;
/// Length of the body (u16), CRC (u32).
pub(super) const FRAME_LEN: usize = 2 + CRC_LEN;
/// Longest body: kind, numbers and a client id of 255 bytes.
pub(super) const MAX_BODY_LEN: usize = 320;

/// The CRC also covers the id of the file: a record of another journal, left in a block from before, does not check.
fn crc(id: &[u8; 16], body: &[u8]) -> [u8; 4] {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(id);
    hasher.update(body);
    hasher.finalize().to_be_bytes()
}

/// Appends the record to `out`.
pub(super) fn frame(id: &[u8; 16], body: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
    let len = u16::try_from(body.len())
        .ok()
        .filter(|len| (1..=MAX_BODY_LEN).contains(&usize::from(*len)))
        .ok_or(io::ErrorKind::InvalidInput)?;
    out.extend_from_slice(&len.to_be_bytes());
    out.extend_from_slice(body);
    out.extend_from_slice(&crc(id, body));
    Ok(())
}

/// The body of the record at the beginning of `bytes`, if it checks.
pub(super) fn unframe<'a>(id: &[u8; 16], bytes: &'a [u8]) -> Option<&'a [u8]> {
    let (len, rest) = bytes.split_first_chunk::<2>()?;
    let len = usize::from(u16::from_be_bytes(*len));
    if len == 0 || len > MAX_BODY_LEN {
        return None;
    }
    let (body, rest) = rest.split_at_checked(len)?;
    (*rest.first_chunk::<4>()? == crc(id, body)).then_some(body)
}
