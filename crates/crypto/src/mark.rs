//! The replay mark: the last accepted login of one client id (spec §6.4).

use crate::{Generation, Stamp};

/// `generation << 56 | boot << 24 | count`: one number that grows with every login of a device.
///
/// A replay store keeps the highest one per client id. Marks of several stores merge by maximum.
///
/// ```
/// use mqward_crypto::{Advance, Generation, Mark};
///
/// let first = Mark::new(Generation::FIRST, 1_760_000_001, 7).expect("boot is not 0");
/// let next = Mark::new(Generation::FIRST, 1_760_000_001, 8).expect("boot is not 0");
/// assert_eq!(next.compare(Some(first)), Advance::Advanced);
/// assert_eq!(first.compare(Some(first)), Advance::Same);
/// assert_eq!(first.compare(Some(next)), Advance::Behind);
/// ```
#[derive(Copy, Clone, Debug, Eq, PartialEq, Ord, PartialOrd, Hash)]
pub struct Mark(u64);

impl Mark {
    /// A mark from its parts; `None` if boot is 0 or count does not fit 24 bits.
    #[must_use]
    pub fn new(generation: Generation, boot: u32, count: u32) -> Option<Self> {
        (boot != 0 && count <= crate::MAX_COUNT)
            .then(|| Self::from_parts(generation, &Stamp::new(0, boot, count)))
    }

    /// A mark as a store keeps it; `None` for a number that no login has.
    #[must_use]
    pub fn from_u64(number: u64) -> Option<Self> {
        let mark = Self(number);
        (number >> 56 != 0 && mark.boot() != 0).then_some(mark)
    }

    pub(crate) fn from_parts(generation: Generation, stamp: &Stamp) -> Self {
        Self(
            u64::from(generation.get()) << 56
                | u64::from(stamp.boot()) << 24
                | u64::from(stamp.count()),
        )
    }

    /// The number to store.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The generation's number.
    #[must_use]
    pub const fn generation(self) -> u8 {
        self.0.to_be_bytes()[0]
    }

    /// The boot.
    #[must_use]
    pub const fn boot(self) -> u32 {
        let [_, a, b, c, d, _, _, _] = self.0.to_be_bytes();
        u32::from_be_bytes([a, b, c, d])
    }

    /// The count.
    #[must_use]
    pub const fn count(self) -> u32 {
        let [_, _, _, _, _, a, b, c] = self.0.to_be_bytes();
        u32::from_be_bytes([0, a, b, c])
    }

    /// How this mark stands against the stored one; a store does this and the write in one atomic step.
    #[must_use]
    pub fn compare(self, stored: Option<Self>) -> Advance {
        match stored {
            Some(stored) if self.0 == stored.0 => Advance::Same,
            Some(stored) if self.0 < stored.0 => Advance::Behind,
            Some(_) | None => Advance::Advanced,
        }
    }
}

/// A replay store's answer to a mark.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum Advance {
    /// Strictly newer than the stored one, and stored now.
    Advanced,
    /// The stored one itself: a replay, unless the adapter proves that the same connection asks again.
    Same,
    /// Older than the stored one: a replay, or a counter that went back.
    Behind,
    /// The store cannot answer; the login is refused as "server unavailable".
    Unavailable,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_travel_there_and_back() {
        let generation = Generation::new(0xab).unwrap();
        let mark = Mark::new(generation, 0x0102_0304, 0x0005_0607).unwrap();
        assert_eq!(mark.get(), 0xab01_0203_0405_0607);
        assert_eq!(
            (mark.generation(), mark.boot(), mark.count()),
            (0xab, 0x0102_0304, 0x0005_0607)
        );
        assert_eq!(Mark::from_u64(mark.get()), Some(mark));
    }

    #[test]
    fn numbers_that_no_login_has() {
        assert_eq!(Mark::new(Generation::FIRST, 0, 1), None);
        assert_eq!(Mark::new(Generation::FIRST, 1, 1 << 24), None);
        assert_eq!(Mark::from_u64(0x0000_0000_0100_0000), None);
        assert_eq!(Mark::from_u64(0x0100_0000_0000_0001), None);
    }

    #[test]
    fn a_new_generation_is_newer_than_any_boot_of_the_old() {
        let old = Mark::new(Generation::FIRST, u32::MAX, crate::MAX_COUNT).unwrap();
        let new = Mark::new(Generation::new(2).unwrap(), 1, 0).unwrap();
        assert_eq!(new.compare(Some(old)), Advance::Advanced);
        assert_eq!(old.compare(Some(new)), Advance::Behind);
        assert_eq!(old.compare(None), Advance::Advanced);
    }
}
