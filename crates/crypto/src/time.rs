//! Time as an argument: this library never reads a clock (spec §1, §5.1).

use core::num::NonZeroU32;

/// Seconds since 1970-01-01T00:00:00Z, from 1 to 2^32 - 1: good until 2106.
///
/// ```
/// use mqward_crypto::UnixTime;
///
/// let now = UnixTime::from_secs(1_767_225_600).expect("between 1970 and 2106");
/// assert_eq!(now.get(), 1_767_225_600);
/// assert!(UnixTime::from_secs(0).is_none());
/// ```
#[derive(Copy, Clone, Debug, Eq, PartialEq, Ord, PartialOrd, Hash)]
pub struct UnixTime(NonZeroU32);

impl UnixTime {
    /// A time from whole seconds; `None` for 0 and for what 32 bits cannot hold.
    #[must_use]
    pub fn from_secs(secs: u64) -> Option<Self> {
        u32::try_from(secs).ok().and_then(NonZeroU32::new).map(Self)
    }

    /// The seconds, never 0.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0.get()
    }

    /// A time from a wire field, in which 0 says "no clock".
    pub(crate) fn from_field(field: u32) -> Option<Self> {
        NonZeroU32::new(field).map(Self)
    }

    /// This time minus another, in seconds.
    pub(crate) fn minus(self, other: Self) -> i64 {
        i64::from(self.get()) - i64::from(other.get())
    }
}

/// What a sender knows of the time, as its [`ClockGate`](crate::ClockGate) judged it.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum Clock {
    /// A time that passed the clock gate.
    Trusted(UnixTime),
    /// No clock, or one that cannot be right.
    None,
}

impl Clock {
    /// The time, if there is one.
    #[must_use]
    pub const fn time(self) -> Option<UnixTime> {
        match self {
            Self::Trusted(time) => Some(time),
            Self::None => None,
        }
    }
}
