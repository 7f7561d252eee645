//! Which devices changed lately, for adapters that end connections.

use core::sync::atomic::{AtomicU64, Ordering};
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How many changes are told one by one.
const KEPT: usize = 4096;

/// What changed since a number that an earlier answer ended with.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct DeviceChanges {
    /// Where the next question goes on.
    pub upto: u64,
    /// The devices that changed, some perhaps twice; `None` is all of them.
    pub client_ids: Option<Vec<String>>,
}

#[derive(Debug, Default)]
pub(crate) struct ChangeLog {
    changes: Mutex<Changes>,
    /// The number of the next change, to be looked at before every packet.
    upto: AtomicU64,
}

#[derive(Debug, Default)]
struct Changes {
    /// The number of the next change.
    next: u64,
    /// The newest of them; the first has the number `next` minus their count.
    recent: VecDeque<Box<str>>,
}

impl ChangeLog {
    pub(crate) fn note(&self, client_ids: impl IntoIterator<Item = Box<str>>) {
        let mut changes = self.changes();
        for client_id in client_ids {
            if changes.recent.len() == KEPT {
                changes.recent.pop_front();
            }
            changes.recent.push_back(client_id);
            changes.next = changes.next.wrapping_add(1);
        }
        self.upto.store(changes.next, Ordering::Release);
    }

    pub(crate) fn note_all(&self) {
        let mut changes = self.changes();
        changes.recent.clear();
        changes.next = changes.next.wrapping_add(1);
        self.upto.store(changes.next, Ordering::Release);
    }

    pub(crate) fn upto(&self) -> u64 {
        self.upto.load(Ordering::Acquire)
    }

    pub(crate) fn since(&self, number: u64) -> DeviceChanges {
        let changes = self.changes();
        let missed = changes.next.checked_sub(number);
        let missed = missed.and_then(|missed| usize::try_from(missed).ok());
        let known = missed.and_then(|missed| changes.recent.len().checked_sub(missed));
        DeviceChanges {
            upto: changes.next,
            client_ids: known.map(|start| {
                let ids = changes.recent.iter().skip(start);
                ids.map(|id| String::from(&**id)).collect()
            }),
        }
    }

    fn changes(&self) -> MutexGuard<'_, Changes> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_told_once_and_too_many_are_told_as_all() {
        let log = ChangeLog::default();
        let ids = |changes: DeviceChanges| changes.client_ids;
        let start = log.since(0);
        assert_eq!(start.client_ids, Some(Vec::new()));
        log.note(["a".into(), "b".into()]);
        let next = log.since(start.upto);
        assert_eq!((start.upto, next.upto), (0, log.upto()));
        assert_eq!(next.client_ids, Some(vec!["a".to_owned(), "b".to_owned()]));
        log.note(["c".into()]);
        assert_eq!(ids(log.since(next.upto)), Some(vec!["c".to_owned()]));
        assert_eq!(ids(log.since(start.upto)).unwrap().len(), 3);
        log.note_all();
        assert_eq!(ids(log.since(next.upto)), None);
        let next = log.since(next.upto);
        assert_eq!(next.upto, log.upto());
        assert_eq!(ids(log.since(next.upto)), Some(Vec::new()));
        log.note((0..KEPT + 1).map(|number| number.to_string().into()));
        assert_eq!(ids(log.since(next.upto)), None);
        assert_eq!(ids(log.since(next.upto + 1)).unwrap().len(), KEPT);
        assert_eq!(
            ids(log.since(u64::MAX)),
            None,
            "a number of another process"
        );
    }
}
