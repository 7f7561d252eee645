//! The stamp: eleven bytes that only grow (spec §5.1).

use crate::UnixTime;

/// The largest count of a boot: 2^24 - 1.
pub const MAX_COUNT: u32 = 0x00ff_ffff;

/// `time u32 || boot u32 || count u24`, big-endian: what every password and every sealed payload carries.
///
/// Uniqueness and replay rest on (boot, count), freshness on time alone. Stamps are made by a
/// [`LoginStamper`](crate::LoginStamper) or a [`SealStamper`](crate::SealStamper); this type only reads them.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct Stamp {
    time: u32,
    boot: u32,
    count: u32,
}

impl Stamp {
    /// A stamp; `count` is at most [`MAX_COUNT`] by the stampers' own check.
    pub(crate) const fn new(time: u32, boot: u32, count: u32) -> Self {
        Self { time, boot, count }
    }

    /// Reads a stamp; `None` if its boot is 0, which no sender has.
    pub(crate) fn decode(bytes: &[u8; crate::STAMP_LEN]) -> Option<Self> {
        let [t0, t1, t2, t3, b0, b1, b2, b3, c0, c1, c2] = *bytes;
        let stamp = Self {
            time: u32::from_be_bytes([t0, t1, t2, t3]),
            boot: u32::from_be_bytes([b0, b1, b2, b3]),
            count: u32::from_be_bytes([0, c0, c1, c2]),
        };
        (stamp.boot != 0).then_some(stamp)
    }

    /// The eleven bytes.
    pub(crate) fn encode(&self) -> [u8; crate::STAMP_LEN] {
        let [t0, t1, t2, t3] = self.time.to_be_bytes();
        let [b0, b1, b2, b3] = self.boot.to_be_bytes();
        let [_, c0, c1, c2] = self.count.to_be_bytes();
        [t0, t1, t2, t3, b0, b1, b2, b3, c0, c1, c2]
    }

    /// The time field: Unix seconds, or a salt where the header says so.
    pub(crate) const fn time_field(&self) -> u32 {
        self.time
    }

    /// The time field as Unix seconds; `None` for 0. Meaningless where a header says that it is a salt.
    pub(crate) fn time(&self) -> Option<UnixTime> {
        UnixTime::from_field(self.time)
    }

    /// The boot number, never 0.
    #[must_use]
    pub const fn boot(&self) -> u32 {
        self.boot
    }

    /// The count within the boot, at most [`MAX_COUNT`].
    #[must_use]
    pub const fn count(&self) -> u32 {
        self.count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn travels_there_and_back() {
        let stamp = Stamp::new(0x0102_0304, 0x0506_0708, 0x0009_0a0b);
        assert_eq!(stamp.encode(), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
        assert_eq!(Stamp::decode(&stamp.encode()), Some(stamp));
        assert_eq!(Stamp::decode(&[0xff, 1, 1, 1, 0, 0, 0, 0, 1, 1, 1]), None);
    }
}
