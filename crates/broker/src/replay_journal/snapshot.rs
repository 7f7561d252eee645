//! The journal written anew: one record per client id instead of one per login.

use std::fs;
use std::io;
use std::path::Path;

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
    /// Makes what was written durable, off the path of logins, and notes when.
    pub(super) fn sync_tail(&self, now: UnixTime) -> Result<(), ReplayError> {
        let failed = |error: io::Error| ReplayError::of_io(&self.path, &error);
        let inner = self.inner();
        let len = inner.journal.len();
        if inner.broken || inner.synced_len == len {
            return Ok(());
        }
        let file = inner.journal.file().try_clone().map_err(failed)?;
        drop(inner);
        let synced = file.sync_data();
        let mut inner = self.inner();
        if let Err(error) = synced {
            inner.broken = true;
            return Err(failed(error));
        }
        inner
            .append(&Record::Synced { len, time: now })
            .map_err(failed)?;
        // This record alone is no reason to sync again.
        if inner.synced_len < len {
            let appended_meanwhile = inner.journal.len() > len.saturating_add(SYNCED_LEN);
            inner.synced_len = if appended_meanwhile {
                len
            } else {
                inner.journal.len()
            };
        }
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
        let (journal, run) = write(&self.path, &inner.marks, inner.floors, inner.run)?;
        inner.snapshot_len = journal.len();
        inner.synced_len = journal.len();
        inner.journal = journal;
        inner.crowded = false;
        inner.run = run;
        inner.broken = false;
        Ok(())
    }

    /// Writes piece by piece, with logins between the pieces; what they change is written last.
    fn rewrite(&self) -> io::Result<()> {
        let mut inner = self.inner();
        let (mut journal, run) = begin(&self.path, inner.floors, inner.run)?;
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
            let changed = changes.iter().map(|(id, entry)| (&**id, *entry));
            bodies.set(changed);
            journal.append_all(bodies.iter())?;
            // Under the lock: what is durable in the old file has to be so in the new one before it counts.
            journal.sync()?;
            journal.rename(&self.path)
        });
        if let Err(error) = placed {
            drop(inner);
            abandon(&self.path);
            return Err(error);
        }
        inner.snapshot_len = journal.len();
        inner.synced_len = journal.len();
        inner.journal = journal;
        inner.crowded = false;
        inner.run = run;
        Ok(())
    }
}

/// A record that says what is durable, framed.
const SYNCED_LEN: u64 = 2 + 13 + 4;
