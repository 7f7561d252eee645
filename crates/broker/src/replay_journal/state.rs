//! The marks of a replay journal in memory, and what its records say beside them.

use core::hash::BuildHasher;
use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::path::Path;

use super::error::ReplayError;
use super::record::{Entry, Floors, Record, Run};
use crate::journal::{Journal, JournalError, Tail};

/// A snapshot is written piece by piece, with logins between the pieces.
const SHARDS: usize = 1024;

/// Every client id with its mark.
pub(super) struct Marks {
    shards: Vec<HashMap<Box<str>, Entry>>,
    hasher: RandomState,
}

impl Default for Marks {
    fn default() -> Self {
        Self {
            shards: (0..SHARDS).map(|_| HashMap::new()).collect(),
            hasher: RandomState::new(),
        }
    }
}

impl Marks {
    fn shard_of(&self, client_id: &str) -> usize {
        let hash = self.hasher.hash_one(client_id);
        usize::try_from(hash % SHARDS as u64).unwrap_or(0)
    }

    pub(super) fn get(&self, client_id: &str) -> Option<Entry> {
        let shard = self.shards.get(self.shard_of(client_id))?;
        shard.get(client_id).copied()
    }

    pub(super) fn set(&mut self, client_id: &str, entry: Entry) {
        let shard = self.shard_of(client_id);
        if let Some(shard) = self.shards.get_mut(shard) {
            match shard.get_mut(client_id) {
                Some(stored) => *stored = entry,
                None => drop(shard.insert(client_id.into(), entry)),
            }
        }
    }

    /// Sets a mark unless a higher one is there.
    pub(super) fn raise(&mut self, client_id: &str, entry: Entry) {
        match self.get(client_id) {
            Some(stored) if stored.mark > entry.mark => {}
            Some(stored) if stored.mark == entry.mark && stored.epoch >= entry.epoch => {}
            _ => self.set(client_id, entry),
        }
    }

    pub(super) fn remove(&mut self, client_id: &str) {
        let shard = self.shard_of(client_id);
        if let Some(shard) = self.shards.get_mut(shard) {
            shard.remove(client_id);
        }
    }

    pub(super) fn len(&self) -> usize {
        self.shards.iter().map(HashMap::len).sum()
    }

    pub(super) fn shards(&self) -> usize {
        self.shards.len()
    }

    pub(super) fn shard(&self, index: usize) -> impl Iterator<Item = (&str, Entry)> {
        let shard = self.shards.get(index).into_iter().flatten();
        shard.map(|(client_id, entry)| (&**client_id, *entry))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, Entry)> {
        (0..self.shards()).flat_map(|index| self.shard(index))
    }
}

/// All that the records of a journal come to.
#[derive(Default)]
pub(super) struct Contents {
    pub(super) marks: Marks,
    pub(super) floors: Floors,
    pub(super) run: Option<Run>,
    /// The latest time that the broker's clock is known to have shown.
    pub(super) last_time: u32,
    /// How much was durable for certain.
    pub(super) synced_len: u64,
    /// The last record says that the run ended in order.
    pub(super) closed: bool,
    unknown_records: bool,
}

/// What replay journals are marked with.
pub(super) const PURPOSE: [u8; 4] = *b"repl";

impl Contents {
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

    fn take(&mut self, body: &[u8]) {
        let mut seen = |time: mqward::UnixTime| self.last_time = self.last_time.max(time.get());
        self.closed = false;
        match Record::decode(body) {
            Some(Record::Mark { client_id, entry }) => self.marks.raise(client_id, entry),
            Some(Record::Forget { client_id }) => self.marks.remove(client_id),
            Some(Record::Floors(floors)) => self.floors = floors,
            Some(Record::Run(run)) => {
                seen(run.time);
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
