//! Stampers that stand at a chosen count, by way of a resume record put together by hand.

use mqward_crypto::{LoginStamper, RESUME_RECORD_LEN, ResumeRecord, SealStamper};

/// A login and a seal stamper of `boot` whose next count is `count`.
pub(crate) fn at(boot: u32, count: u32, sender: u8, salt: u32) -> (LoginStamper, SealStamper) {
    let magic = u32::from_be_bytes(*b"mqwS");
    let words = [magic, u32::from(sender), boot, count, boot, count, salt];
    let mut record = [0; RESUME_RECORD_LEN];
    for (slot, word) in record.chunks_exact_mut(4).zip(words) {
        slot.copy_from_slice(&word.to_be_bytes());
    }
    let check = crc32(&record[..28]);
    record[28..].copy_from_slice(&check.to_be_bytes());
    ResumeRecord::wake(&mut record).expect("a whole record")
}

/// CRC-32/ISO-HDLC by the polynomial division that defines it.
fn crc32(bytes: &[u8]) -> u32 {
    let mut register = u32::MAX;
    for bit in bytes
        .iter()
        .flat_map(|byte| (0..8).map(move |bit| u32::from(byte >> bit & 1)))
    {
        let carry = (register ^ bit) & 1;
        register = (register >> 1) ^ if carry == 1 { 0xedb8_8320 } else { 0 };
    }
    !register
}
