//! How much of the broker's log one plugin fills with packets that were refused on connections that stay.

use core::time::Duration;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// How many lines there are in one [`PERIOD`].
const LINES: u32 = 100;
const PERIOD: Duration = Duration::from_secs(10);

/// Counts lines. A client whose packets are refused one by one sends as many as it likes; the audit log and the metrics
/// tell of them by client.
#[derive(Debug, Default)]
pub(crate) struct LogBudget(Mutex<Spent>);

#[derive(Debug, Default)]
struct Spent {
    since: Option<Instant>,
    lines: u32,
    unlogged: u64,
}

impl LogBudget {
    /// Whether there is a line left at `now`; then with how many there were none for since the last one.
    pub(crate) fn take(&self, now: Instant) -> Option<u64> {
        let mut spent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_over = |since: Instant| now.saturating_duration_since(since) >= PERIOD;
        if spent.since.is_none_or(is_over) {
            spent.since = Some(now);
            spent.lines = 0;
        }
        if spent.lines == LINES {
            spent.unlogged = spent.unlogged.saturating_add(1);
            return None;
        }
        spent.lines += 1;
        Some(core::mem::take(&mut spent.unlogged))
    }
}
