//! The receipt of an authentic message: who sealed it, when, and how old it may be (spec §7.4, §8.6).

use core::fmt;

use crate::{Class, Clock, Generation, Header, Sender, UnixTime};

/// Which way a payload travels; each has keys of its own.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash)]
pub enum Direction {
    /// From a device to the backend.
    Up,
    /// From a backend to a device.
    Down,
}

/// The authenticated facts about one message. Only an [`Opener`](crate::Opener) makes one, so what a window has judged
/// was authentic.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct Receipt {
    direction: Direction,
    header: Header,
}

impl Receipt {
    pub(crate) const fn new(direction: Direction, header: &Header) -> Self {
        Self {
            direction,
            header: *header,
        }
    }

    /// Which way it travelled.
    #[must_use]
    pub const fn direction(&self) -> Direction {
        self.direction
    }

    /// What it was sealed for.
    #[must_use]
    pub const fn class(&self) -> Class {
        self.header.class()
    }

    /// The generation of the device's keys.
    #[must_use]
    pub const fn generation(&self) -> Generation {
        self.header.generation()
    }

    /// Who sealed it.
    #[must_use]
    pub const fn sender(&self) -> Sender {
        self.header.sender()
    }

    /// The sender's boot: for a device, what a backend binds live downlink to.
    #[must_use]
    pub const fn boot(&self) -> u32 {
        self.header.stamp().boot()
    }

    /// The count within the boot.
    #[must_use]
    pub const fn count(&self) -> u32 {
        self.header.stamp().count()
    }

    /// When it was sealed; `None` if the sender had no clock.
    #[must_use]
    pub fn time(&self) -> Option<UnixTime> {
        self.header.time()
    }

    /// Its age in seconds, negative if it comes from the future; `None` unless both sides have a clock.
    #[must_use]
    pub fn age(&self, clock: Clock) -> Option<i64> {
        Some(clock.time()?.minus(self.time()?))
    }

    /// Judges the age; without a clock on either side there is nothing to judge.
    ///
    /// # Errors
    /// [`AgeError`] with the age found.
    pub fn check_age(&self, rule: &AgeRule, clock: Clock) -> Result<(), AgeError> {
        match self.age(clock) {
            Some(age) if age < -i64::from(rule.max_ahead) => {
                Err(AgeError::FromTheFuture { ahead: -age })
            }
            Some(age) if rule.max_age.is_some_and(|max| age > i64::from(max)) => {
                Err(AgeError::TooOld { age })
            }
            _ => Ok(()),
        }
    }
}

/// How far in the future a message may come from, in seconds (spec §8.6).
pub(crate) const MAX_AHEAD_SECS: u16 = 60;

/// How old a message may be.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct AgeRule {
    max_age: Option<u32>,
    max_ahead: u32,
}

impl AgeRule {
    /// Uplink: any age, at most 60 seconds in the future.
    pub const UPLINK: Self = Self {
        max_age: None,
        max_ahead: MAX_AHEAD_SECS as u32,
    };
    /// Downlink live: at most 60 seconds old, at most 60 seconds in the future.
    pub const DOWNLINK_LIVE: Self = Self {
        max_age: Some(60),
        max_ahead: MAX_AHEAD_SECS as u32,
    };

    /// The same rule with another maximum age in seconds, or none. The future stays at 60 seconds.
    #[must_use]
    pub const fn with_max_age(mut self, secs: Option<u32>) -> Self {
        self.max_age = secs;
        self
    }
}

/// An authentic message is too old or too new to act upon.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum AgeError {
    /// Older than the rule allows.
    TooOld {
        /// Its age in seconds.
        age: i64,
    },
    /// Sealed in the future.
    FromTheFuture {
        /// By so many seconds.
        ahead: i64,
    },
}

impl fmt::Display for AgeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooOld { age } => write!(f, "sealed {age} s ago"),
            Self::FromTheFuture { ahead } => write!(f, "sealed {ahead} s in the future"),
        }
    }
}

impl core::error::Error for AgeError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Stamp;

    #[test]
    fn edges_of_age() {
        let receipt = |secs, no_clock| {
            let stamp = Stamp::new(secs, 1, 1);
            Receipt::new(
                Direction::Down,
                &Header::new(
                    Class::Live,
                    no_clock,
                    Generation::FIRST,
                    Sender::from_byte(16),
                    stamp,
                ),
            )
        };
        let now = Clock::Trusted(UnixTime::from_secs(1_000).unwrap());
        let rule = AgeRule::DOWNLINK_LIVE;
        assert_eq!(receipt(940, false).check_age(&rule, now), Ok(()));
        assert_eq!(
            receipt(939, false).check_age(&rule, now),
            Err(AgeError::TooOld { age: 61 })
        );
        assert_eq!(receipt(939, false).check_age(&AgeRule::UPLINK, now), Ok(()));
        assert_eq!(receipt(1_060, false).check_age(&rule, now), Ok(()));
        assert_eq!(
            receipt(1_061, false).check_age(&AgeRule::UPLINK, now),
            Err(AgeError::FromTheFuture { ahead: 61 })
        );
        assert_eq!(receipt(1, true).check_age(&rule, now), Ok(()));
        assert_eq!(receipt(1, false).check_age(&rule, Clock::None), Ok(()));
    }
}
