//! What keeps a journal durable and short, beside logins.

use core::time::Duration;
use std::io;
use std::sync::{Arc, PoisonError};
use std::time::Instant;

use mqward::UnixTime;

use super::retry::{LONGEST_WAIT, room};
use super::snapshot::{IDS_PER_PASS, Snapshot, abandon};
use super::start::born;
use super::{ReplayError, ReplayJournal};
use crate::journal::Readable;

/// A journal shorter than this is left as it is.
const MIN_LEN: u64 = 1024 * 1024;
/// How many times its length after it was last written anew a journal may have.
const GROWTH: u64 = 2;
/// The longest wait for another attempt while nothing is accepted.
const LONGEST_OUTAGE: Duration = Duration::from_secs(16);
/// How much may be copied while logins wait, in bytes, and how often less is aimed at.
const TAIL_LEN: u64 = 64 * 1024;
const TAIL_ROUNDS: u32 = 8;
/// How often the journal is synced while it is written anew, and after how many records the clock is asked.
const SYNC_EVERY: Duration = Duration::from_secs(1);
const RECORDS_PER_LOOK: u32 = 4096;
/// A record that says what is durable, framed.
const SYNCED_LEN: u64 = 2 + 13 + 4;

impl ReplayJournal {
    /// Waits until what ends at a place of the journal is durable: for a sync of its own, or for one that serves several.
    ///
    /// Other logins go on meanwhile.
    ///
    /// # Errors
    /// When a sync failed: what the file holds is not certain then.
    pub(super) fn make_durable(&self, (file_number, end): (u64, u64)) -> io::Result<()> {
        let _syncing = self.syncing();
        let inner = self.inner();
        if inner.broken {
            return Err(io::Error::other("an earlier sync failed"));
        }
        if inner.file_number != file_number || inner.synced_len >= end {
            return Ok(());
        }
        let len = inner.journal.len();
        let file = Arc::clone(inner.journal.file());
        drop(inner);
        let synced = file.sync_data();
        let mut inner = self.inner();
        match &synced {
            // Written anew meanwhile: durable there.
            _ if inner.file_number != file_number => return Ok(()),
            Ok(()) => inner.set_durable(len),
            Err(error) => {
                inner.give_up(error);
                drop(inner);
                self.note_durable();
            }
        }
        synced
    }

    /// Makes what was written durable, off the path of logins, and notes when.
    pub(super) fn sync_tail(&self, now: UnixTime) -> Result<(), ReplayError> {
        let failed = |error: io::Error| ReplayError::of_io(&self.path, &error);
        let mut inner = self.inner();
        if inner.broken {
            return Ok(());
        }
        // Without room a file that grows has to do.
        drop(inner.journal.reserve());
        let (file_number, len) = (inner.file_number, inner.journal.len());
        if inner.noted_len == len {
            return Ok(());
        }
        drop(inner);
        self.make_durable((file_number, len)).map_err(failed)?;
        let mut inner = self.inner();
        if inner.file_number != file_number {
            return Ok(());
        }
        inner.note_time(len, now).map_err(failed)?;
        // This record alone is no reason to sync again.
        if inner.journal.len() == len.saturating_add(SYNCED_LEN) {
            inner.noted_len = inner.journal.len();
        }
        drop(inner);
        self.note_durable();
        Ok(())
    }

    /// Writes the journal anew, with one record per client id; logins go on meanwhile.
    ///
    /// A store in use does so by itself, whenever the file has doubled and has more than a megabyte.
    ///
    /// # Errors
    /// When the new file cannot be written. The old one stays.
    pub fn compact(&self) -> Result<(), ReplayError> {
        self.rewrite()
            .map_err(|error| ReplayError::of_io(&self.path, &error))
    }

    /// Whether a journal that was just opened is so long that it is written anew at once, where that takes a moment.
    pub(super) fn is_overgrown(&self) -> bool {
        let inner = self.inner();
        inner.marks.len() <= IDS_PER_PASS
            && inner.journal.len() > MIN_LEN.max(inner.snapshot_len.saturating_mul(2 * GROWTH))
    }

    /// Writes the journal anew when it is too long, or when what it holds is not certain; says what the operator has to know.
    ///
    /// It writes all of it, so where that fails it is not tried again each time.
    pub(super) fn rewrite_if_due(&self, now: Instant) -> Option<String> {
        let inner = self.inner();
        let len = inner.journal.len();
        let is_due = inner.broken
            || len > MIN_LEN.max(inner.snapshot_len.saturating_mul(GROWTH))
            || (inner.crowded && len > inner.snapshot_len);
        // Without it nobody is let in.
        let longest = match inner.broken {
            true => LONGEST_OUTAGE,
            false => LONGEST_WAIT,
        };
        drop(inner);
        let mut retry = self.retry.lock().unwrap_or_else(PoisonError::into_inner);
        if !is_due || !retry.is_due(now, longest, || room(&self.path)) {
            return None;
        }
        match self.rewrite() {
            Ok(()) if retry.done() => Some("the replay store could be written anew".to_owned()),
            Ok(()) => None,
            Err(error) => {
                let room = room(&self.path);
                let reason = retry.failed(now, &error, (len, room))?;
                let path = self.path.display();
                Some(format!(
                    "replay store: {path}: {reason}: it could not be written anew, which is tried again from time to time"
                ))
            }
        }
    }

    /// Writes the journal anew from what is certain: the old file as far as it is durable, and what was appended since,
    /// which is in memory. Where a sync failed, nothing rests on what the system may have dropped.
    fn rewrite(&self) -> io::Result<()> {
        // Two at a time would write one file.
        let _rewriting = self
            .rewriting
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let written = self.begin_snapshot().and_then(|(snapshot, old)| {
            let (snapshot, copied) = self.fill(snapshot, &old)?;
            self.announce(&snapshot)?;
            self.replace(snapshot, &old, copied)
        });
        if written.is_err() {
            abandon(&self.path);
        }
        written
    }

    /// Begins a snapshot, of the journal that comes with it.
    pub(super) fn begin_snapshot(&self) -> io::Result<(Snapshot, Readable)> {
        let inner = self.inner();
        let (floors, run, old) = (inner.floors, inner.run_by_now(), inner.journal.readable());
        drop(inner);
        Ok((Snapshot::begin(&self.path, floors, run)?, old))
    }

    /// Copies what is durable into a snapshot, with logins meanwhile, and says up to where.
    pub(super) fn fill(
        &self,
        mut snapshot: Snapshot,
        old: &Readable,
    ) -> io::Result<(Snapshot, u64)> {
        let synced = self.inner().synced_len;
        self.shorten_tail(synced);
        let inner = self.inner();
        let (ids, mut copied) = (inner.marks.len(), inner.synced_len);
        let (floors, begun) = (inner.floors, inner.last_time);
        drop(inner);
        // Of what is copied up to here only marks are taken: what was declared since the file was begun is said anew.
        snapshot.add_floors(floors)?;
        let start = Instant::now();
        let mut next_sync = SYNC_EVERY;
        snapshot.add_newest(ids, &mut |take| {
            let mut records = old.records(0, copied);
            let mut look = 0_u32;
            while let Some(body) = records.next()? {
                take(body);
                look += 1;
                if look % RECORDS_PER_LOOK == 0 && start.elapsed() >= next_sync {
                    let now = u64::from(begun.get()).saturating_add(start.elapsed().as_secs());
                    // What cannot be synced is noted there.
                    drop(self.sync_tail(UnixTime::from_secs(now).unwrap_or(begun)));
                    next_sync = start.elapsed().saturating_add(SYNC_EVERY);
                }
            }
            Ok(())
        })?;
        // What came meanwhile, until little is left for the moment when logins wait.
        for _ in 0..TAIL_ROUNDS {
            let durable = self.shorten_tail(copied);
            if durable == copied {
                break;
            }
            snapshot.copy(old, copied, durable)?;
            copied = durable;
        }
        snapshot.sync()?;
        Ok((snapshot, copied))
    }

    /// Syncs the journal if much has come since what was `copied`, and says how much is durable, or just that. Where the
    /// sync fails, so much more is taken from memory.
    fn shorten_tail(&self, copied: u64) -> u64 {
        let inner = self.inner();
        let (place, tail_len) = (inner.place(), inner.journal.len().saturating_sub(copied));
        drop(inner);
        if tail_len < TAIL_LEN {
            return copied;
        }
        drop(self.make_durable(place));
        self.inner().synced_len
    }

    /// Says in the lock file, for good, which journal is about to take the place of this one: after a stop in between, neither
    /// is taken for one that was put back.
    pub(super) fn announce(&self, snapshot: &Snapshot) -> io::Result<()> {
        let mut lock = self.lock();
        let mut inner = self.inner();
        inner.next_id = *snapshot.id();
        let run = inner.last_run();
        drop(inner);
        lock.write_durably(&run)
    }

    /// Adds the rest to a snapshot and goes on in it; logins wait.
    pub(super) fn replace(
        &self,
        mut snapshot: Snapshot,
        old: &Readable,
        copied: u64,
    ) -> io::Result<()> {
        let mut inner = self.inner();
        snapshot.copy(old, copied, inner.synced_len)?;
        snapshot.copy_appended(old, &inner.unsynced)?;
        // Its window may have been raised since the file was begun.
        snapshot.add_run(inner.run_by_now())?;
        // Under the lock: what is durable in the old file has to be so in the new one before it counts.
        if let Err(error) = snapshot.place(&self.path) {
            if snapshot.is_at(&self.path) {
                // What the next start would read is the new file; what is written goes to the old one.
                inner.give_up(&error);
                drop(inner);
                self.note_durable();
            }
            return Err(error);
        }
        let (journal, run) = snapshot.finish();
        inner.snapshot_len = journal.len();
        inner.synced_len = journal.len();
        inner.unsynced.clear();
        inner.noted_len = 0;
        inner.file_number += 1;
        inner.born = born(journal.file());
        inner.journal = journal;
        inner.run = run;
        inner.sure_time = run.time;
        inner.noted_time = None;
        inner.crowded = false;
        inner.broken = false;
        inner.next_id = [0; 16];
        drop(inner);
        self.note_durable();
        Ok(())
    }
}
