//! The journal written anew: one record per client id instead of one per login.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

use mqward::UnixTime;

use super::record::{Entry, Floors, Record, Run};
use super::start::{beside, inode};
use super::state::{Marks, PURPOSE};
use super::{ReplayError, ReplayJournal};
use crate::journal::Journal;

/// A journal shorter than this is left as it is.
const MIN_LEN: u64 = 1024 * 1024;
/// How many times its length after it was last written anew a journal may have.
const GROWTH: u64 = 2;

/// Writes all that is known to a new file and puts it in the place of `path`, durable when this returns.
pub(super) fn write(
    path: &Path,
    marks: &Marks,
    floors: Floors,
    run: Run,
) -> io::Result<(Journal, Run)> {
    let (mut journal, run) = begin(path, floors, run)?;
    let mut bodies = Bodies::default();
    let written = (0..marks.shards()).try_for_each(|index| {
        bodies.set(marks.shard(index).map(|(id, entry)| (id, Some(entry))));
        journal.append_all(bodies.iter())
    });
    // Without room a file that grows has to do.
    drop(journal.reserve());
    let placed = written
        .and_then(|()| journal.sync())
        .and_then(|()| journal.rename(path));
    if let Err(error) = placed {
        abandon(path);
        return Err(error);
    }
    Ok((journal, run))
}

fn begin(path: &Path, floors: Floors, run: Run) -> io::Result<(Journal, Run)> {
    let mut journal = Journal::create(&beside(path, ".new"), PURPOSE)?;
    let run = Run {
        inode: inode(journal.file())?,
        ..run
    };
    let mut body = Vec::new();
    journal.append(Record::Floors(floors).encode(&mut body))?;
    journal.append(Record::Run(run).encode(&mut body))?;
    Ok((journal, run))
}

/// Frees the space of a file that could not be finished; the next attempt begins one over it in any case.
fn abandon(path: &Path) {
    drop(fs::remove_file(beside(path, ".new")));
}

/// Encoded records, one behind the other.
#[derive(Default)]
struct Bodies {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    body: Vec<u8>,
}

impl Bodies {
    fn set<'a>(&mut self, changes: impl Iterator<Item = (&'a str, Option<Entry>)>) {
        self.bytes.clear();
        self.ends.clear();
        for (client_id, entry) in changes {
            let record = match entry {
                Some(entry) => Record::Mark { client_id, entry },
                None => Record::Forget { client_id },
            };
            self.bytes.extend_from_slice(record.encode(&mut self.body));
            self.ends.push(self.bytes.len());
        }
    }

    fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let starts = core::iter::once(0).chain(self.ends.iter().copied());
        starts
            .zip(&self.ends)
            .filter_map(|(start, end)| self.bytes.get(start..*end))
    }
}

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
            Ok(()) => inner.synced_len = inner.synced_len.max(len),
            Err(error) => inner.give_up(error),
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
        inner
            .append(&Record::Synced { len, time: now })
            .map_err(failed)?;
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

    /// Writes the journal anew when it is too long, or when what it holds is not certain.
    pub(super) fn rewrite_if_due(&self) -> Result<(), ReplayError> {
        let inner = self.inner();
        let len = inner.journal.len();
        let due = len > MIN_LEN.max(inner.snapshot_len.saturating_mul(GROWTH))
            || (inner.crowded && len > inner.snapshot_len);
        let (due, broken) = (due, inner.broken);
        drop(inner);
        let done = match (broken, due) {
            (true, _) => self.rewrite_at_once(),
            (false, true) => self.rewrite(),
            (false, false) => Ok(()),
        };
        done.map_err(|error| ReplayError::of_io(&self.path, &error))
    }

    /// Nothing is accepted before this is done.
    fn rewrite_at_once(&self) -> io::Result<()> {
        let mut inner = self.inner();
        let (journal, run) = write(&self.path, &inner.marks, inner.floors, inner.run_by_now())?;
        inner.snapshot_len = journal.len();
        inner.synced_len = journal.len();
        inner.noted_len = 0;
        inner.file_number += 1;
        inner.journal = journal;
        inner.crowded = false;
        inner.run = run;
        inner.broken = false;
        Ok(())
    }

    /// Writes piece by piece, with logins between the pieces; what they change is written last.
    fn rewrite(&self) -> io::Result<()> {
        let mut inner = self.inner();
        let floors = inner.floors;
        let (mut journal, run) = begin(&self.path, floors, inner.run_by_now())?;
        inner.since_snapshot = Some(Vec::new());
        let shards = inner.marks.shards();
        drop(inner);
        let mut bodies = Bodies::default();
        let written = (0..shards).try_for_each(|index| {
            let inner = self.inner();
            let shard = inner.marks.shard(index);
            bodies.set(shard.map(|(id, entry)| (id, Some(entry))));
            drop(inner);
            journal.append_all(bodies.iter())
        });
        let written = written.and_then(|()| journal.sync());
        let mut inner = self.inner();
        let changes = inner.since_snapshot.take().unwrap_or_default();
        let placed = written.and_then(|()| {
            if inner.floors != floors {
                journal.append(Record::Floors(inner.floors).encode(&mut bodies.body))?;
            }
            let changed = changes.iter().map(|(id, entry)| (&**id, *entry));
            bodies.set(changed);
            journal.append_all(bodies.iter())?;
            drop(journal.reserve());
            // Under the lock: what is durable in the old file has to be so in the new one before it counts.
            journal.sync()?;
            journal.rename(&self.path)
        });
        if let Err(error) = placed {
            if journal.path() == self.path {
                // What the next start would read is the new file; what is written goes to the old one.
                inner.give_up(&error);
            }
            drop(inner);
            abandon(&self.path);
            return Err(error);
        }
        inner.snapshot_len = journal.len();
        inner.synced_len = journal.len();
        inner.noted_len = 0;
        inner.file_number += 1;
        inner.journal = journal;
        inner.crowded = false;
        inner.run = run;
        Ok(())
    }
}

/// A record that says what is durable, framed.
const SYNCED_LEN: u64 = 2 + 13 + 4;
