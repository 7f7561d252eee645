//! The clock gate: which times a device may believe (spec §5.5).

use crate::{Clock, UnixTime};

/// How far ahead of the floor a clock may be before the device has ever logged in: ten years.
pub const FIRST_CLOCK_JUMP_SECS: u32 = 10 * 365 * 86_400;

/// How far ahead of the floor a clock may be once an authenticated time is known: two years.
pub const CLOCK_JUMP_SECS: u32 = 2 * 365 * 86_400;

/// Turns a clock reading into a [`Clock`], so that a forged time (SNTP is not authenticated) cannot make a device
/// mint passwords for a far future.
///
/// A reading below the floor or too far ahead of it counts as no clock, never as a reason not to log in. Only
/// authenticated time raises the floor: that of a password accepted over TLS, or sealed time
/// ([`TimeQuestion`](crate::TimeQuestion)). The caller stores [`floor`](Self::floor) when it has been raised.
///
/// ```
/// use mqward_crypto::{Clock, ClockGate, UnixTime};
///
/// let time = |secs| UnixTime::from_secs(secs).expect("in range");
/// let mut gate = ClockGate::new(time(1_767_225_600)); // the firmware's build time
/// assert_eq!(gate.judge(86_400), Clock::None); // 1970: the RTC lost power
/// assert_eq!(gate.judge(1_767_300_000), Clock::Trusted(time(1_767_300_000)));
/// assert_eq!(gate.judge(4_000_000_000), Clock::None); // 2096: forged
/// gate.raise(time(1_767_300_000));
/// assert_eq!(gate.judge(1_767_225_600), Clock::None);
/// ```
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct ClockGate {
    floor: UnixTime,
    jump: u32,
}

impl ClockGate {
    /// The gate of a device that has never seen an authenticated time: `build_time` is the floor.
    #[must_use]
    pub const fn new(build_time: UnixTime) -> Self {
        Self {
            floor: build_time,
            jump: FIRST_CLOCK_JUMP_SECS,
        }
    }

    /// The gate after a reboot: the stored floor, or the build time if a newer firmware was flashed since.
    #[must_use]
    pub fn resume(build_time: UnixTime, stored_floor: UnixTime) -> Self {
        Self {
            floor: build_time.max(stored_floor),
            jump: CLOCK_JUMP_SECS,
        }
    }

    /// Overrides how far ahead of the floor a clock may be, in seconds.
    #[must_use]
    pub const fn with_jump(mut self, secs: u32) -> Self {
        self.jump = secs;
        self
    }

    /// Judges a reading of the clock in Unix seconds.
    #[must_use]
    pub fn judge(&self, now_secs: u64) -> Clock {
        let ahead = now_secs.checked_sub(u64::from(self.floor.get()));
        match (ahead, UnixTime::from_secs(now_secs)) {
            (Some(ahead), Some(now)) if ahead <= u64::from(self.jump) => Clock::Trusted(now),
            _ => Clock::None,
        }
    }

    /// Raises the floor to a time that was **authenticated**; never lowers it.
    ///
    /// Not for SNTP: whoever forges it once would lock the device out of every earlier time. Not after a login whose password
    /// had no time either: it says nothing of the clock.
    pub fn raise(&mut self, authenticated: UnixTime) {
        self.floor = self.floor.max(authenticated);
        self.jump = self.jump.min(CLOCK_JUMP_SECS);
    }

    /// The floor, to be stored.
    #[must_use]
    pub const fn floor(&self) -> UnixTime {
        self.floor
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_of_floor_and_jump() {
        let floor = UnixTime::from_secs(1_000_000).unwrap();
        let gate = ClockGate::resume(floor, UnixTime::from_secs(5).unwrap()).with_jump(100);
        assert_eq!(gate.judge(999_999), Clock::None);
        assert_eq!(gate.judge(1_000_000).time(), Some(floor));
        assert!(gate.judge(1_000_100).time().is_some());
        assert_eq!(gate.judge(1_000_101), Clock::None);
        assert_eq!(gate.judge(u64::MAX), Clock::None);
        assert_eq!(gate.judge(0), Clock::None);
    }

    #[test]
    fn the_floor_never_falls() {
        let mut gate = ClockGate::new(UnixTime::from_secs(1_000).unwrap());
        gate.raise(UnixTime::from_secs(500).unwrap());
        assert_eq!(gate.floor().get(), 1_000);
        gate.raise(UnixTime::from_secs(2_000).unwrap());
        assert_eq!(gate.floor().get(), 2_000);
        // After an authenticated time the years-wide first jump is over.
        assert_eq!(
            gate.judge(2_000 + u64::from(CLOCK_JUMP_SECS) + 1),
            Clock::None
        );
    }
}
