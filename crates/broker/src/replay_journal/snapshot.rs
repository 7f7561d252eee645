//! A journal written anew: one record per client id instead of one per login.

use core::hash::BuildHasher;
use std::collections::hash_map::RandomState;
use std::fs;
use std::io;
use std::path::Path;

use super::contents::PURPOSE;
use super::marks::{IdMarks, MarkSet};
use super::record::{Floors, Record, Run};
use super::start::{beside, inode};
use crate::journal::{Journal, Readable};

/// How many client ids are in memory at a time, some 64 megabytes; for each so many the old file is read once.
pub(super) const IDS_PER_PASS: usize = if cfg!(test) { 1 << 10 } else { 1 << 19 };
/// How much is written at a time.
const PIECE_LEN: usize = 64 * 1024;

/// Shows the records of a journal to a visitor, from the first to the last, as often as it is asked to.
pub(super) type Source<'a> = dyn FnMut(&mut dyn FnMut(&[u8])) -> io::Result<()> + 'a;

/// A file in the making, beside the journal whose place it is to take.
pub(super) struct Snapshot {
    journal: Journal,
    run: Run,
    pieces: Pieces,
}

impl Snapshot {
    /// Begins one, over what an earlier attempt left.
    pub(super) fn begin(path: &Path, floors: Floors, run: Run) -> io::Result<Self> {
        let mut journal = Journal::create(&beside(path, ".new"), PURPOSE)?;
        let run = Run {
            inode: inode(journal.file())?,
            ..run
        };
        let mut body = Vec::new();
        journal.append(Record::Floors(floors).encode(&mut body))?;
        journal.append(Record::Run(run).encode(&mut body))?;
        Ok(Self {
            journal,
            run,
            pieces: Pieces::default(),
        })
    }

    /// Adds what was declared; the last one counts.
    pub(super) fn add_floors(&mut self, floors: Floors) -> io::Result<()> {
        self.add(Record::Floors(floors).encode(&mut Vec::new()))
    }

    /// Adds the run as it is by now; the last one counts.
    pub(super) fn add_run(&mut self, run: Run) -> io::Result<()> {
        let inode = self.run.inode;
        self.run = Run { inode, ..run };
        self.add(Record::Run(self.run).encode(&mut Vec::new()))
    }

    /// Adds the newest mark of each client id in `source`, of which there are about so many.
    ///
    /// By ids, never by their keys: the file says what each id has used, also of ids that share a slot.
    pub(super) fn add_newest(&mut self, ids: usize, source: &mut Source<'_>) -> io::Result<()> {
        let hasher = RandomState::new();
        let passes = ids.div_ceil(IDS_PER_PASS).max(1) as u64;
        let mut body = Vec::new();
        for pass in 0..passes {
            let mut marks = IdMarks::default();
            source(&mut |body| {
                let (client_id, entry) = match Record::decode(body) {
                    Some(Record::Mark { client_id, entry }) => (client_id, Some(entry)),
                    Some(Record::Forget { client_id }) => (client_id, None),
                    _ => return,
                };
                if passes == 1 || hasher.hash_one(client_id) % passes == pass {
                    match entry {
                        Some(entry) => marks.raise(client_id, entry, Floors::default()),
                        None => marks.forget(client_id),
                    }
                }
            })?;
            for (client_id, entry) in marks.iter() {
                self.add(Record::Mark { client_id, entry }.encode(&mut body))?;
            }
        }
        Ok(())
    }

    /// Adds the records of a part of the old journal as they are.
    pub(super) fn copy(&mut self, old: &Readable, start: u64, end: u64) -> io::Result<()> {
        let mut records = old.records(start, end);
        while let Some(body) = records.next()? {
            self.copy_record(body)?;
        }
        Ok(())
    }

    /// Adds records that were appended to the old journal, from memory.
    pub(super) fn copy_appended(&mut self, old: &Readable, appended: &[u8]) -> io::Result<()> {
        old.visit_appended(appended, &mut |body| self.copy_record(body))
    }

    fn copy_record(&mut self, body: &[u8]) -> io::Result<()> {
        match Record::decode(body) {
            Some(Record::Mark { .. } | Record::Forget { .. } | Record::Floors(_)) => self.add(body),
            // Of the old file alone.
            Some(Record::Run(_) | Record::Synced { .. } | Record::Close { .. }) => Ok(()),
            None => Err(io::ErrorKind::InvalidData.into()),
        }
    }

    fn add(&mut self, body: &[u8]) -> io::Result<()> {
        self.pieces.bytes.extend_from_slice(body);
        self.pieces.ends.push(self.pieces.bytes.len());
        if self.pieces.bytes.len() < PIECE_LEN {
            return Ok(());
        }
        self.write()
    }

    fn write(&mut self) -> io::Result<()> {
        let written = self.journal.append_all(self.pieces.iter());
        self.pieces.bytes.clear();
        self.pieces.ends.clear();
        written
    }

    /// Makes durable what was added.
    pub(super) fn sync(&mut self) -> io::Result<()> {
        self.write()?;
        self.journal.sync()
    }

    /// Takes the place of the journal at `path`, durable when this returns.
    ///
    /// # Errors
    /// When it could not, or, as [`is_at`](Self::is_at) tells, when it did, but perhaps not after a power failure.
    pub(super) fn place(&mut self, path: &Path) -> io::Result<()> {
        self.write()?;
        // Without room a file that grows has to do.
        drop(self.journal.reserve());
        self.journal.sync()?;
        self.journal.rename(path)
    }

    /// What tells it from every other journal.
    pub(super) const fn id(&self) -> &[u8; 16] {
        self.journal.id()
    }

    /// Whether it has the name `path`.
    pub(super) fn is_at(&self, path: &Path) -> bool {
        self.journal.path() == path
    }

    /// The journal that it is, and the run that it says to be of.
    pub(super) fn finish(self) -> (Journal, Run) {
        (self.journal, self.run)
    }
}

/// Frees the space of a snapshot that could not be finished; the next attempt begins one over it in any case.
pub(super) fn abandon(path: &Path) {
    drop(fs::remove_file(beside(path, ".new")));
}

/// Records to be written with one call.
#[derive(Default)]
struct Pieces {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Pieces {
    fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let starts = core::iter::once(0).chain(self.ends.iter().copied());
        starts
            .zip(&self.ends)
            .filter_map(|(start, end)| self.bytes.get(start..*end))
    }
}
