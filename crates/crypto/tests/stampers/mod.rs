//! Stampers that stand at a chosen count, by way of a resume record put together by hand.

#[path = "../crc32/mod.rs"]
pub(crate) mod crc32;

use mqward_crypto::{LoginStamper, RESUME_RECORD_LEN, ResumeRecord, SealStamper};

/// A login and a seal stamper of `boot` whose next count is `count`.
pub(crate) fn at(boot: u32, count: u32, sender: u8, salt: u32) -> (LoginStamper, SealStamper) {
    let magic = u32::from_be_bytes(*b"mqwS");
    let words = [magic, u32::from(sender), boot, count, boot, count, salt];
    let mut record = [0; RESUME_RECORD_LEN];
    for (slot, word) in record.chunks_exact_mut(4).zip(words) {
        slot.copy_from_slice(&word.to_be_bytes());
    }
    let check = crc32::crc32(&record[..28]);
    record[28..].copy_from_slice(&check.to_be_bytes());
    ResumeRecord::wake(&mut record).expect("a whole record")
}
