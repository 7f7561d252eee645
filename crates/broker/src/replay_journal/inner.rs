//! What a lock is held for: the file, the marks, and how much of the file is durable.

use std::io;

use mqward::UnixTime;

use super::marks::Marks;
use super::record::{Floors, Record, Run};
use super::start::LastRun;
use crate::journal::Journal;
use crate::replay_table::Stored;

/// How much memory is kept for what comes between two syncs.
const UNSYNCED_LEN: usize = 64 * 1024;

pub(super) struct Inner {
    pub(super) journal: Journal,
    pub(super) marks: Marks,
    pub(super) floors: Floors,
    pub(super) run: Run,
    /// The id of the journal that is about to take the place of this one; zeros if none is.
    pub(super) next_id: [u8; 16],
    /// The window of the run before.
    pub(super) last_window_secs: u16,
    /// A sync failed, so what the file holds is not certain: nothing is accepted until it is written anew.
    pub(super) broken: bool,
    /// The last write failed: a shorter file may find room.
    pub(super) crowded: bool,
    /// What the last trouble was, until it is reported.
    pub(super) trouble: Option<String>,
    /// How much of the file is known to be durable.
    pub(super) synced_len: u64,
    /// What the file has from there on, in memory: what a failed sync may lose.
    pub(super) unsynced: Vec<u8>,
    /// How long the file was when its last record said what is durable.
    pub(super) noted_len: u64,
    /// How many files were begun: a place in an earlier one is durable, for the next was before it counted.
    pub(super) file_number: u64,
    /// How long the file was after it was last written anew.
    pub(super) snapshot_len: u64,
    /// The latest time that somebody said it was.
    pub(super) last_time: UnixTime,
    pub(super) body: Vec<u8>,
}

impl Inner {
    pub(super) fn append(&mut self, record: &Record<'_>) -> io::Result<()> {
        match self.journal.append(record.encode(&mut self.body)) {
            Ok(written) => {
                self.unsynced.extend_from_slice(written);
                Ok(())
            }
            Err(error) => {
                self.crowded = true;
                self.trouble.get_or_insert_with(|| error.to_string());
                Err(error)
            }
        }
    }

    pub(super) fn sync(&mut self) -> io::Result<()> {
        if self.broken {
            return Err(io::Error::other("an earlier sync failed"));
        }
        let synced = self.journal.sync();
        match &synced {
            Ok(()) => self.set_durable(self.journal.len()),
            Err(error) => self.give_up(error),
        }
        synced
    }

    /// The file is durable up to there.
    pub(super) fn set_durable(&mut self, len: u64) {
        let newly = len.saturating_sub(self.synced_len);
        self.synced_len = self.synced_len.max(len);
        let newly = usize::try_from(newly).unwrap_or(usize::MAX);
        self.unsynced.drain(..newly.min(self.unsynced.len()));
        if self.unsynced.capacity() > UNSYNCED_LEN {
            self.unsynced.shrink_to(UNSYNCED_LEN);
        }
    }

    /// The end of the journal, for [`ReplayJournal::make_durable`](super::ReplayJournal::make_durable).
    pub(super) fn place(&self) -> (u64, u64) {
        (self.file_number, self.journal.len())
    }

    /// The system may have dropped what it could not write: the file says nothing certain any more.
    pub(super) fn give_up(&mut self, error: &io::Error) {
        self.broken = true;
        self.trouble.get_or_insert_with(|| error.to_string());
    }

    /// What the lock file is to say.
    pub(super) fn last_run(&self) -> LastRun {
        LastRun {
            number: self.run.number,
            durable: Some((*self.journal.id(), self.synced_len)),
            window_secs: self.run.window_secs,
            next: Some(self.next_id),
            is_unsure: self.broken,
        }
    }

    /// The run, for a file that is written anew: it knows the latest time that the old one recorded.
    pub(super) fn run_by_now(&self) -> Run {
        Run {
            time: self.run.time.max(self.last_time),
            ..self.run
        }
    }

    /// Whether a mark that is newer than the stored one may pass, for all that may have been forgotten.
    pub(super) fn floors_admit(&self, stored: Option<Stored>, time: Option<UnixTime>) -> bool {
        match time {
            // Whatever is stored: an id that shares the slot of another opens nothing.
            Some(time) => self.floors.epoch == 0 || time.get() > self.floors.not_before,
            // Marks of such passwords are durable one by one, so only a floor that says more than "the end may be
            // missing" concerns them.
            None => self.floors.blind_epoch == 0 || stored.is_some_and(|stored| stored.after_floor),
        }
    }
}
