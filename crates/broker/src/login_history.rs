//! What a broker remembers of accepted logins beside the mark: hints for the rules on clocks and for the log.

use core::hash::BuildHasher;
use core::sync::atomic::{AtomicU64, Ordering};
use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::sync::{Mutex, MutexGuard, PoisonError};

use mqward::UnixTime;

use crate::device::DeviceClock;

/// How many passwords without time a device with an optional clock may use in a row.
const MAX_CLOCKLESS_IN_A_ROW: u8 = 3;
/// How many of the last logins are remembered, give or take those that fall into one place.
const RECENT: usize = 1 << 16;

/// The accepted logins since the start of the process, as far as anybody asks about them.
///
/// Replay protection never rests on it: that is the store's. It does not grow with the fleet: by its id it holds a device
/// with an optional clock while that lacks the time, and nobody else.
#[derive(Debug, Default)]
pub(crate) struct LoginHistory {
    /// How many logins in a row lacked a time, where some did and the clock is optional.
    clockless: Mutex<HashMap<Box<str>, u8>>,
    recent: RecentLogins,
}

impl LoginHistory {
    fn clockless(&self) -> MutexGuard<'_, HashMap<Box<str>, u8>> {
        // Every change is one insert, so a map whose holder died is whole.
        self.clockless
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a device with an optional clock may log in without time once more.
    pub(crate) fn may_lack_time(&self, client_id: &str) -> bool {
        let in_a_row = self.clockless().get(client_id).copied().unwrap_or(0);
        in_a_row < MAX_CLOCKLESS_IN_A_ROW
    }

    /// Whether a password with this time was made after the last accepted one.
    ///
    /// With a lower counter it is no replay then: the counter went back. Without a clock on either side, or where the
    /// last login is not remembered any more, nothing speaks for a replay, and the graver of the two is assumed.
    pub(crate) fn is_later(&self, client_id: &str, time: Option<UnixTime>) -> bool {
        match (self.recent.time_of(client_id), time) {
            (Some(last), Some(time)) => time.get() > last,
            _ => true,
        }
    }

    /// Remembers a login that was accepted.
    pub(crate) fn record(&self, client_id: &str, time: Option<UnixTime>, clock: DeviceClock) {
        match (time, clock) {
            (Some(_), DeviceClock::Optional) => drop(self.clockless().remove(client_id)),
            (None, DeviceClock::Optional) => {
                let mut clockless = self.clockless();
                let in_a_row = clockless.entry(client_id.into()).or_default();
                *in_a_row = in_a_row.saturating_add(1);
            }
            // Nobody counts them.
            (_, DeviceClock::Required | DeviceClock::None) => {}
        }
        if let Some(time) = time {
            self.recent.note(client_id, time.get());
        }
    }
}

/// The times of the last logins, in a fixed number of places that later ones take over.
///
/// A password is judged within the window alone, so older logins would tell nothing.
#[derive(Debug)]
struct RecentLogins {
    hasher: RandomState,
    /// Half of a hash of the client id above, the time in seconds below.
    places: Box<[AtomicU64]>,
}

impl Default for RecentLogins {
    fn default() -> Self {
        Self {
            hasher: RandomState::new(),
            places: (0..RECENT).map(|_| AtomicU64::new(0)).collect(),
        }
    }
}

impl RecentLogins {
    /// Where a client id belongs, and what it is known by there.
    fn place(&self, client_id: &str) -> Option<(&AtomicU64, u64)> {
        let hash = self.hasher.hash_one(client_id);
        let index = usize::try_from(hash % RECENT as u64).ok()?;
        Some((self.places.get(index)?, hash >> 32))
    }

    fn time_of(&self, client_id: &str) -> Option<u32> {
        let (place, name) = self.place(client_id)?;
        let [there, time] = split(place.load(Ordering::Relaxed));
        (there == name && time > 0)
            .then(|| u32::try_from(time).ok())
            .flatten()
    }

    fn note(&self, client_id: &str, time: u32) {
        let Some((place, name)) = self.place(client_id) else {
            return;
        };
        // Of two logins at the same moment either may stay: a hint is all it is.
        let [there, before] = split(place.load(Ordering::Relaxed));
        let newest = if there == name {
            before.max(time.into())
        } else {
            time.into()
        };
        place.store(name << 32 | newest, Ordering::Relaxed);
    }
}

const fn split(place: u64) -> [u64; 2] {
    [place >> 32, place & 0xffff_ffff]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_logins_without_time_in_a_row() {
        let history = LoginHistory::default();
        let clock = DeviceClock::Optional;
        for _ in 0..MAX_CLOCKLESS_IN_A_ROW {
            assert!(history.may_lack_time("a"));
            history.record("a", None, clock);
        }
        assert!(!history.may_lack_time("a"));
        assert!(history.may_lack_time("b"));
        history.record("a", UnixTime::from_secs(1_767_225_600), clock);
        assert!(history.may_lack_time("a"));
    }

    #[test]
    fn a_later_password_with_a_lower_counter_is_no_replay() {
        let history = LoginHistory::default();
        let at = |secs| UnixTime::from_secs(secs);
        let clock = DeviceClock::Required;
        assert!(history.is_later("a", at(100)));
        history.record("a", at(100), clock);
        assert!(!history.is_later("a", at(99)));
        assert!(!history.is_later("a", at(100)));
        assert!(history.is_later("a", at(101)));
        assert!(history.is_later("a", None));
        // A clock that went back a little takes nothing back.
        history.record("a", at(90), clock);
        assert!(!history.is_later("a", at(95)));
    }

    #[test]
    fn it_does_not_grow_with_the_fleet() {
        let history = LoginHistory::default();
        let at = |secs| UnixTime::from_secs(secs);
        for number in 0..200_000 {
            let id = format!("device-{number}");
            history.record(&id, at(100), DeviceClock::Required);
            if number % 100 == 0 {
                history.record(&id, None, DeviceClock::None);
                history.record(&id, None, DeviceClock::Optional);
                history.record(&id, at(100), DeviceClock::Optional);
            }
        }
        assert_eq!(history.clockless().len(), 0);
        assert_eq!(history.recent.places.len(), RECENT);
        // The last ones are known, and of none more than what is true.
        let known = |number| !history.is_later(&format!("device-{number}"), at(100));
        assert!((199_000..200_000).filter(|number| known(*number)).count() > 900);
        assert!((0..200_000).all(|number| history.is_later(&format!("device-{number}"), at(101))));
    }
}
