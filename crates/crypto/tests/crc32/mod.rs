//! The checksum of stored state, computed apart from the code under test.

/// CRC-32/ISO-HDLC by the polynomial division that defines it.
pub(crate) fn crc32(bytes: &[u8]) -> u32 {
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
