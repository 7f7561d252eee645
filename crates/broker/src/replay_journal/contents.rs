//! What the records of a replay journal come to.

use std::path::Path;

use super::error::ReplayError;
use super::marks::MarkSet;
use super::record::{Floors, Record, Run};
use crate::journal::{Journal, JournalError, Tail};

/// All that the records of a journal come to.
#[derive(Default)]
pub(super) struct Contents<M> {
    pub(super) marks: M,
    pub(super) floors: Floors,
    pub(super) run: Option<Run>,
    /// The largest window that the last run is known to have accepted passwords in, in seconds.
    pub(super) window_secs: u16,
    /// The latest time that the broker's clock is known to have shown.
    pub(super) last_time: u32,
    /// How much was durable for certain.
    pub(super) synced_len: u64,
    /// How many records of marks there were: one for each login since the file was last written anew.
    pub(super) mark_records: u64,
    /// The last record says that the run ended in order.
    pub(super) closed: bool,
    unknown_records: bool,
}

/// What replay journals are marked with.
pub(super) const PURPOSE: [u8; 4] = *b"repl";

impl<M: MarkSet> Contents<M> {
    /// Reads a journal without opening it for writing.
    pub(super) fn read(path: &Path) -> Result<(Self, Tail), ReplayError> {
        let mut contents = Self::default();
        let read = Journal::read(path, PURPOSE, &mut |_, body| contents.take(body));
        let tail = read.map_err(|error| of_journal(path, &error))?;
        contents.known(path).map(|contents| (contents, tail))
    }

    /// Opens a journal for appending.
    pub(super) fn open(path: &Path) -> Result<(Self, Journal, Tail), ReplayError> {
        let mut contents = Self::default();
        let opened = Journal::open(path, PURPOSE, &mut |_, body| contents.take(body));
        let (journal, tail) = opened.map_err(|error| of_journal(path, &error))?;
        contents
            .known(path)
            .map(|contents| (contents, journal, tail))
    }

    fn known(self, path: &Path) -> Result<Self, ReplayError> {
        if self.unknown_records {
            return Err(ReplayError::Newer {
                path: path.to_owned(),
            });
        }
        Ok(self)
    }

    pub(super) fn set_floors(&mut self, floors: Floors) {
        if floors.blind_epoch != self.floors.blind_epoch {
            self.marks.set_floor();
        }
        self.floors = floors;
    }

    fn take(&mut self, body: &[u8]) {
        let mut seen = |time: mqward::UnixTime| self.last_time = self.last_time.max(time.get());
        self.closed = false;
        match Record::decode(body) {
            Some(Record::Mark { client_id, entry }) => {
                self.marks.raise(client_id, entry, self.floors);
                self.mark_records += 1;
            }
            Some(Record::Forget { client_id }) => self.marks.forget(client_id),
            Some(Record::Floors(floors)) => self.set_floors(floors),
            Some(Record::Run(run)) => {
                seen(run.time);
                self.window_secs = run.window_secs;
                self.run = Some(run);
            }
            Some(Record::Synced { len, time }) => {
                seen(time);
                self.synced_len = self.synced_len.max(len);
            }
            Some(Record::Close { time }) => {
                seen(time);
                self.closed = true;
            }
            None => self.unknown_records = true,
        }
    }
}

fn of_journal(path: &Path, error: &JournalError) -> ReplayError {
    match error {
        JournalError::Io(error) => ReplayError::of_io(path, error),
        JournalError::Header => ReplayError::NoJournal {
            path: path.to_owned(),
        },
    }
}
