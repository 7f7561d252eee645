//! What a broker remembers of accepted logins beside the mark: hints for the rules on clocks and for the log.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use mqward::UnixTime;

/// How many passwords without time a device with an optional clock may use in a row.
const MAX_CLOCKLESS_IN_A_ROW: u8 = 3;

/// What the accepted logins of a device come to: their newest time, and how many lacked one lately.
#[derive(Copy, Clone, Debug, Default)]
struct LastLogin {
    time: Option<UnixTime>,
    clockless_in_a_row: u8,
}

/// The last accepted login of every device that logged in since the start of the process.
///
/// Replay protection never rests on it: that is the store's. Like the store it holds known devices only.
#[derive(Debug, Default)]
pub(crate) struct LoginHistory(Mutex<HashMap<String, LastLogin>>);

impl LoginHistory {
    fn logins(&self) -> MutexGuard<'_, HashMap<String, LastLogin>> {
        // Every change is one insert, so a map whose holder died is whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a device with an optional clock may log in without time once more.
    pub(crate) fn may_lack_time(&self, client_id: &str) -> bool {
        let last = self.logins().get(client_id).copied().unwrap_or_default();
        last.clockless_in_a_row < MAX_CLOCKLESS_IN_A_ROW
    }

    /// Whether a password with this time was made after the last accepted one.
    ///
    /// With a lower counter it is no replay then: the counter went back. Without a clock on either side nothing
    /// speaks for a replay, and the graver of the two is assumed.
    pub(crate) fn is_later(&self, client_id: &str, time: Option<UnixTime>) -> bool {
        let last = self.logins().get(client_id).and_then(|login| login.time);
        match (last, time) {
            (Some(last), Some(time)) => time > last,
            _ => true,
        }
    }

    /// Remembers a login that was accepted.
    pub(crate) fn record(&self, client_id: &str, time: Option<UnixTime>) {
        let mut logins = self.logins();
        let login = logins.entry(client_id.to_owned()).or_default();
        login.clockless_in_a_row = match time {
            Some(_) => 0,
            None => login.clockless_in_a_row.saturating_add(1),
        };
        login.time = time.max(login.time);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_logins_without_time_in_a_row() {
        let history = LoginHistory::default();
        for _ in 0..MAX_CLOCKLESS_IN_A_ROW {
            assert!(history.may_lack_time("a"));
            history.record("a", None);
        }
        assert!(!history.may_lack_time("a"));
        assert!(history.may_lack_time("b"));
        history.record("a", UnixTime::from_secs(1_767_225_600));
        assert!(history.may_lack_time("a"));
    }

    #[test]
    fn a_later_password_with_a_lower_counter_is_no_replay() {
        let history = LoginHistory::default();
        let at = |secs| UnixTime::from_secs(secs);
        assert!(history.is_later("a", at(100)));
        history.record("a", at(100));
        assert!(!history.is_later("a", at(99)));
        assert!(!history.is_later("a", at(100)));
        assert!(history.is_later("a", at(101)));
        assert!(history.is_later("a", None));
    }
}
