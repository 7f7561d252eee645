//! The replay store: the newest accepted mark of every client id.

use core::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use mqward::{Advance, Mark, UnixTime};

use crate::replay_table::{Keys, ReplayTable, Stored};

/// Keeps the newest mark per client id. All brokers of one audience share one linearizable store.
///
/// Its answers must never be cached: a cache turns a one-time password into a reusable one.
///
/// A store on another machine answers within a deadline of its own, since a login waits for it, and perhaps the broker
/// with it. Where it does not learn whether a mark was stored it says [`Advance::Unavailable`]: the password is refused,
/// may be used up, and the device's next one passes. `tests/remote_store.rs` has such a store.
pub trait ReplayStore: Send + Sync {
    /// Compares with the stored mark and, if `mark` is strictly newer, stores it: one atomic step.
    ///
    /// Of any number of concurrent calls with the same mark exactly one gets [`Advance::Advanced`]. `time` is the
    /// password's authenticated time, `None` without a clock. A store that cannot answer, or has to assume that it
    /// has forgotten a mark, says [`Advance::Unavailable`] and changes nothing. The mark of a password without time
    /// is durable before the call returns, as far as the store keeps anything across a restart.
    fn advance(&self, client_id: &str, mark: Mark, time: Option<UnixTime>) -> Advance;

    /// The stored mark, for telling why a login is refused and for a connection that asks again.
    ///
    /// # Errors
    /// [`StoreUnavailable`] when the store cannot answer.
    fn newest(&self, client_id: &str) -> Result<Option<Mark>, StoreUnavailable>;

    /// Notes that passwords may be accepted in a window of so many seconds from now on, and as long as the store is open.
    ///
    /// [`Guard`](crate::Guard) says so at the start, and before a reload raises the window; where it fails, it does not
    /// start, or keeps its policy as a whole. A store that may forget marks, and be opened again, needs it: its cold start
    /// counts with the largest window that passwords were accepted in (spec §6.5), so it is durable when this returns.
    ///
    /// # Errors
    /// [`StoreUnavailable`] when it cannot be noted.
    fn widen(&self, window_secs: u16) -> Result<(), StoreUnavailable> {
        let _ = window_secs;
        Ok(())
    }

    /// A password in the name of this client id is about to be checked: if it is right, [`advance`](Self::advance) follows.
    ///
    /// A store in memory asks the memory for what it will look at, so that the check and this wait overlap. It changes
    /// nothing, waits for nothing and asks no other machine: anybody can claim to be anybody.
    fn announce(&self, client_id: &str) {
        let _ = client_id;
    }

    /// Work off the path of logins, about once a second, from a thread of its own: syncing, tidying, reconnecting.
    ///
    /// Each line that it returns goes to the operator's log.
    fn maintain(&self, now: UnixTime) -> Vec<String> {
        let _ = now;
        Vec::new()
    }
}

/// The replay store cannot be asked now.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct StoreUnavailable;

impl fmt::Display for StoreUnavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the replay store cannot be asked")
    }
}

impl core::error::Error for StoreUnavailable {}

/// What a store does that may have forgotten marks (spec §6.5).
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum ColdStart {
    /// Only passwords with a time later than start plus window pass; those without time stay refused, but for client
    /// ids of which the store has a mark.
    ///
    /// Right for production: a store that forgot its marks cannot know which passwords were used before it
    /// started. All of those have a time up to start plus window, so whatever is later is new for certain. The fleet
    /// is back about one window after a restart.
    Strict {
        /// When the store started.
        start: UnixTime,
        /// The window in seconds that passwords were accepted in before the start, and are now.
        window_secs: u16,
    },
    /// The first password seen of a client id passes. For development and tests only: after a restart, passwords
    /// that were used before it pass once more.
    Open,
}

impl ColdStart {
    /// Whether a first password with this time may pass. Later ones with a time are asked the same.
    #[must_use]
    pub fn admits(&self, time: Option<UnixTime>) -> bool {
        match (self, time) {
            (Self::Open, _) => true,
            (Self::Strict { .. }, None) => false,
            (Self::Strict { start, window_secs }, Some(time)) => {
                u64::from(time.get()) > u64::from(start.get()) + u64::from(*window_secs)
            }
        }
    }

    /// The last time that a password must not have, if there is one.
    pub(crate) fn not_before(&self) -> Option<UnixTime> {
        let Self::Strict { start, window_secs } = self else {
            return None;
        };
        UnixTime::from_secs(u64::from(start.get()) + u64::from(*window_secs))
    }
}

/// Marks in the memory of this process, gone when it ends.
///
/// It only ever holds devices whose password was right, so nobody outside the fleet can make it grow. A device takes at
/// most 17 bytes, for marks are kept by a keyed hash of the client id: see [`ReplayJournal`](crate::ReplayJournal) for what
/// that means.
///
/// ```
/// use mqward::{Advance, Generation, Mark};
/// use mqward_broker::{ColdStart, MemoryReplayStore, ReplayStore};
///
/// let store = MemoryReplayStore::new(ColdStart::Open);
/// let mark = Mark::new(Generation::FIRST, 1_760_000_001, 7).expect("boot is not 0");
/// assert_eq!(store.advance("device-1", mark, None), Advance::Advanced);
/// assert_eq!(store.advance("device-1", mark, None), Advance::Same);
/// ```
pub struct MemoryReplayStore {
    cold_start: ColdStart,
    /// The table's, so that nobody else waits while a client id is hashed.
    keys: Keys,
    table: Mutex<ReplayTable>,
}

impl MemoryReplayStore {
    /// An empty store.
    #[must_use]
    pub fn new(cold_start: ColdStart) -> Self {
        Self::with_table(cold_start, ReplayTable::default())
    }

    fn with_table(cold_start: ColdStart, table: ReplayTable) -> Self {
        Self {
            cold_start,
            keys: table.keys().clone(),
            table: Mutex::new(table),
        }
    }

    /// How much memory the marks have, in bytes.
    #[must_use]
    pub fn allocated(&self) -> usize {
        self.table().allocated()
    }

    /// One lock is enough: it is held for a search, far shorter than the tag before it takes.
    fn table(&self) -> MutexGuard<'_, ReplayTable> {
        // Nothing that changes the table can panic, so one whose holder died is whole.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ReplayStore for MemoryReplayStore {
    fn advance(&self, client_id: &str, mark: Mark, time: Option<UnixTime>) -> Advance {
        let key = self.keys.key(client_id);
        let mut table = self.table();
        let found = table.find(key);
        let stored = found.stored;
        match mark.compare(stored.map(|stored| stored.mark)) {
            Advance::Advanced => {}
            refused => return refused,
        }
        // With a time, whatever the store has a mark of: an id that shares the slot of another opens nothing.
        let is_known = time.is_none() && stored.is_some();
        if !is_known && !self.cold_start.admits(time) {
            return Advance::Unavailable;
        }
        let after_floor = true;
        table.raise(found, Stored { mark, after_floor });
        Advance::Advanced
    }

    fn newest(&self, client_id: &str) -> Result<Option<Mark>, StoreUnavailable> {
        let key = self.keys.key(client_id);
        let stored = self.table().find(key).stored;
        Ok(stored.map(|stored| stored.mark))
    }

    fn announce(&self, client_id: &str) {
        let key = self.keys.key(client_id);
        if let Ok(table) = self.table.try_lock() {
            table.prefetch(key);
        }
    }
}

impl fmt::Debug for MemoryReplayStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryReplayStore")
            .field("cold_start", &self.cold_start)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use mqward::Generation;

    use super::*;

    const START: u32 = 1_767_225_600;

    fn at(secs: u32) -> Option<UnixTime> {
        UnixTime::from_secs(u64::from(secs))
    }

    fn mark(generation: u8, boot: u32, count: u32) -> Mark {
        Mark::new(Generation::new(generation).unwrap(), boot, count).unwrap()
    }

    fn strict() -> MemoryReplayStore {
        let start = at(START).unwrap();
        MemoryReplayStore::new(ColdStart::Strict {
            start,
            window_secs: 60,
        })
    }

    #[test]
    fn cold_start_admits_what_cannot_have_been_used_before() {
        let store = strict();
        assert_eq!(
            store.advance("a", mark(1, 9, 0), None),
            Advance::Unavailable
        );
        assert_eq!(
            store.advance("a", mark(1, 9, 1), at(START - 60)),
            Advance::Unavailable
        );
        assert_eq!(
            store.advance("a", mark(1, 9, 2), at(START + 60)),
            Advance::Unavailable
        );
        assert_eq!(
            store.newest("a"),
            Ok(None),
            "a refused mark must not be stored"
        );
        assert_eq!(
            store.advance("a", mark(1, 9, 3), at(START + 61)),
            Advance::Advanced
        );
        // From its first mark on an id is judged by marks alone.
        assert_eq!(store.advance("a", mark(1, 9, 4), None), Advance::Advanced);
        assert_eq!(
            store.advance("b", mark(1, 9, 4), None),
            Advance::Unavailable
        );
        // But for a time that a password from before the start may have.
        assert_eq!(
            store.advance("a", mark(1, 9, 5), at(START + 60)),
            Advance::Unavailable
        );
        assert_eq!(
            store.advance("a", mark(1, 9, 5), at(START + 61)),
            Advance::Advanced
        );
    }

    #[test]
    fn an_id_that_shares_a_slot_opens_no_time_before_the_start() {
        let store =
            MemoryReplayStore::with_table(strict().cold_start, ReplayTable::with_key_bits(0));
        // Used before the start, and forgotten.
        let used = (mark(1, 9, 7), at(START + 60));
        assert_eq!(
            store.advance("b", mark(1, 8, 1), at(START + 61)),
            Advance::Advanced
        );
        assert_eq!(store.advance("a", used.0, used.1), Advance::Unavailable);
        assert_eq!(store.newest("a"), Ok(Some(mark(1, 8, 1))), "the other's");
    }

    #[test]
    fn cold_start_near_the_end_of_time_does_not_wrap() {
        let start = at(u32::MAX).unwrap();
        let store = MemoryReplayStore::new(ColdStart::Strict {
            start,
            window_secs: 3600,
        });
        assert_eq!(
            store.advance("a", mark(1, 9, 0), at(u32::MAX)),
            Advance::Unavailable
        );
        assert_eq!(
            store.advance("a", mark(1, 9, 0), at(1)),
            Advance::Unavailable
        );
    }

    #[test]
    fn marks_only_grow() {
        let store = MemoryReplayStore::new(ColdStart::Open);
        assert_eq!(store.advance("a", mark(1, 9, 5), None), Advance::Advanced);
        assert_eq!(store.advance("a", mark(1, 9, 5), None), Advance::Same);
        assert_eq!(store.advance("a", mark(1, 9, 4), None), Advance::Behind);
        assert_eq!(store.advance("a", mark(1, 8, 900), None), Advance::Behind);
        assert_eq!(store.advance("a", mark(1, 9, 6), None), Advance::Advanced);
        assert_eq!(store.advance("a", mark(2, 1, 0), None), Advance::Advanced);
        assert_eq!(
            store.advance("a", mark(1, u32::MAX, 0), None),
            Advance::Behind
        );
        assert_eq!(store.advance("b", mark(1, 9, 5), None), Advance::Advanced);
        assert_eq!(store.newest("a"), Ok(Some(mark(2, 1, 0))));
    }

    #[test]
    fn announcing_a_password_waits_for_nobody_and_changes_nothing() {
        let store = MemoryReplayStore::new(ColdStart::Open);
        let held = store.table();
        std::thread::scope(|scope| {
            let (done, announced) = std::sync::mpsc::channel();
            let store = &store;
            scope.spawn(move || {
                store.announce("a");
                let _ = done.send(());
            });
            let in_time = announced.recv_timeout(core::time::Duration::from_secs(10));
            drop(held);
            assert!(in_time.is_ok());
        });
        store.announce("a");
        assert_eq!(store.newest("a"), Ok(None));
    }

    #[test]
    fn of_concurrent_advances_exactly_one_wins() {
        const THREADS: usize = 8;
        let store = MemoryReplayStore::new(ColdStart::Open);
        for count in 0..500 {
            let barrier = Barrier::new(THREADS);
            let wins = std::thread::scope(|scope| {
                let attempts: Vec<_> = (0..THREADS)
                    .map(|_| {
                        scope.spawn(|| {
                            barrier.wait();
                            store.advance("a", mark(1, 9, count), None) == Advance::Advanced
                        })
                    })
                    .collect();
                attempts
                    .into_iter()
                    .filter_map(|attempt| attempt.join().ok())
                    .filter(|won| *won)
                    .count()
            });
            assert_eq!(wins, 1, "round {count}");
        }
    }
}
