//! What a lock is held for: the file, the marks, and how much of the file is durable.

use std::io;

use mqward::UnixTime;

use super::marks::Marks;
use super::record::{Floors, Record, Run};
use super::start::{LastRun, SYNC_SLACK_SECS};
use crate::journal::Journal;
use crate::replay_table::Stored;

/// How much memory is kept for what comes between two syncs.
const UNSYNCED_LEN: usize = 64 * 1024;

pub(super) struct Inner {
    pub(super) journal: Journal,
    /// When the file was made, see [`born`](super::start::born).
    pub(super) born: u64,
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
    /// The latest time that a power failure leaves in the file.
    pub(super) sure_time: UnixTime,
    /// A later one, in the file up to an offset that is not durable yet.
    pub(super) noted_time: Option<(u64, UnixTime)>,
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
        if let Some((_, time)) = self.noted_time.take_if(|(end, _)| *end <= len) {
            self.sure_time = self.sure_time.max(time);
        }
        let newly = usize::try_from(newly).unwrap_or(usize::MAX);
        self.unsynced.drain(..newly.min(self.unsynced.len()));
        if self.unsynced.capacity() > UNSYNCED_LEN {
            self.unsynced.shrink_to(UNSYNCED_LEN);
        }
    }

    /// Notes that what is durable was so at a time.
    pub(super) fn note_time(&mut self, len: u64, time: UnixTime) -> io::Result<()> {
        self.append(&Record::Synced { len, time })?;
        let time = self.noted_time.map_or(time, |(_, noted)| noted.max(time));
        self.noted_time = Some((self.journal.len(), time));
        Ok(())
    }

    /// Whether a cold start after a power failure closes a password with this time, whatever the clock says by then. One that
    /// it does not has to be durable by itself; a time is noted with it, so that those of the same moment need not.
    pub(super) fn is_closed_without_power(&mut self, time: UnixTime) -> bool {
        let window_secs = u32::from(self.run.window_secs);
        let latest =
            u64::from(self.sure_time.get()) + u64::from(SYNC_SLACK_SECS) + u64::from(window_secs);
        if u64::from(time.get()) <= latest {
            return true;
        }
        // The clock shows that much at least, or the password had not been in its window.
        let shown = time.get().saturating_sub(window_secs);
        if let Some(shown) = UnixTime::from_secs(u64::from(shown)) {
            drop(self.note_time(self.synced_len, shown));
        }
        false
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
            born: self.born,
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
