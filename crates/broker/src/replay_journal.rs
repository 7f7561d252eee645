//! The durable replay store: marks in memory, every change in a journal beside them.

mod contents;
mod declaration;
mod error;
mod inner;
mod marks;
mod record;
mod request;
mod retry;
mod snapshot;
mod start;
#[cfg(test)]
mod tests;
mod upkeep;

use core::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use mqward::{Advance, Mark, UnixTime};

use crate::journal::{Journal, Tail};
use crate::replay_store::{ColdStart, ReplayStore, StoreUnavailable};
use contents::{Contents, PURPOSE};
pub use error::ReplayError;
use inner::Inner;
use marks::Marks;
use record::{Entry, Record, Run};
pub use request::ReplayMark;
use retry::Retry;
use snapshot::Snapshot;
pub use start::ReplayStart;
use start::{LastRun, Lock, born, inode, machine_boot};

/// A replay store in a file, for one broker process (spec §6.5).
///
/// Marks are judged in memory. Every accepted one is in the file before the login is: the end of the process, in any
/// way, forgets none. Against power failure only marks of passwords without time, those that begin a new generation
/// and the first after a long silence are synced one by one; for all others the cold-start rule holds. What cannot be
/// written is not accepted.
///
/// In memory a device takes at most 17 bytes, from some thousands of devices on: marks are kept by 64 bits of SipHash-1-3
/// of the client id, under a key that is drawn at each start. Two ids with the same 64 bits share a mark, the higher one:
/// one of them may be refused until its counter has passed the other's or the process starts anew, none is accepted twice.
/// Among ten million devices two such ids exist with a probability of 3 in a million. The file names every id, and what it
/// says of one is that id's own.
///
/// The file is written anew from itself, half a million ids at a time, which takes some 64 megabytes meanwhile.
///
/// Beside the journal lies a lock file. It keeps a second process out, and tells whether the journal is older than
/// the end of the last run; but for its last second, if it did not end in order.
///
/// ```
/// use mqward::{Advance, Generation, Mark, UnixTime};
/// use mqward_broker::{ColdStart, ReplayJournal, ReplayStore};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("replay.journal");
/// let now = UnixTime::from_secs(1_767_225_600).expect("between 1970 and 2106");
/// let cold_start = ColdStart::Strict { start: now, window_secs: 60 };
/// let mark = Mark::new(Generation::FIRST, 1_760_000_001, 7).expect("boot is not 0");
///
/// let store = ReplayJournal::create(&path, now)?; // says that no password was ever accepted
/// assert_eq!(store.advance("device-1", mark, Some(now)), Advance::Advanced);
/// drop(store);
/// let store = ReplayJournal::open(&path, cold_start, now)?;
/// assert_eq!(store.advance("device-1", mark, Some(now)), Advance::Same);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ReplayJournal {
    path: PathBuf,
    start: ReplayStart,
    inner: Mutex<Inner>,
    /// Held while the journal is written anew.
    rewriting: Mutex<()>,
    /// Attempts to do so that failed.
    retry: Mutex<Retry>,
    /// Attempts to do what a command asked for that failed.
    request_retry: Mutex<Retry>,
    /// Held during a sync, and taken before `inner`: one sync serves all who wait for it, and its error reaches them.
    syncing: Mutex<()>,
    // Let go last of all.
    lock: Mutex<Lock>,
}

impl ReplayJournal {
    /// Makes a new store for an audience for which **no password was ever accepted**: nothing is cold.
    ///
    /// # Errors
    /// When there is one already, or it cannot be made.
    pub fn create(path: &Path, now: UnixTime) -> Result<Self, ReplayError> {
        let mut lock = Lock::take(path)?;
        if path.exists() {
            return Err(ReplayError::File {
                path: path.to_owned(),
                reason: "there is a replay store already".to_owned(),
            });
        }
        let last_run = lock.last_run()?;
        let run = this_run(last_run.number, now, 3600, machine_boot());
        let contents = (ReplayStart::New, Contents::default());
        Self::write_first(path, (lock, last_run), contents, run)
    }

    /// Opens the store, or makes one that knows that it may have forgotten everything.
    ///
    /// # Errors
    /// [`ReplayError::InUse`], [`ReplayError::Damaged`], or that a file cannot be read or written.
    pub fn open(path: &Path, cold_start: ColdStart, now: UnixTime) -> Result<Self, ReplayError> {
        Self::open_in_boot(path, cold_start, now, machine_boot())
    }

    fn open_in_boot(
        path: &Path,
        cold_start: ColdStart,
        now: UnixTime,
        boot: Option<[u8; 16]>,
    ) -> Result<Self, ReplayError> {
        let mut lock = Lock::take(path)?;
        let last_run = lock.last_run()?;
        let number = last_run.number;
        let window_secs = match cold_start {
            ColdStart::Strict { window_secs, .. } => window_secs,
            // Whoever opens it next does not know the window; this is the longest.
            ColdStart::Open => 3600,
        };
        let run = this_run(number, now, window_secs, boot);
        if !path.exists() {
            let mut contents = Contents::default();
            contents.window_secs = last_run.window_secs;
            let start = ReplayStart::Missing;
            contents.set_floors(start.floors(&contents, now, cold_start));
            return Self::write_first(path, (lock, last_run), (start, contents), run);
        }
        let (mut contents, journal, tail) = Contents::open(path)?;
        let inode = inode(journal.file()).map_err(|error| ReplayError::of_io(path, &error))?;
        let start = ReplayStart::judge(
            path,
            &contents,
            tail,
            &last_run,
            (run.boot, inode),
            &journal,
        )?;
        // The lock file knows of runs that a journal which was put back does not.
        contents.window_secs = contents.window_secs.max(last_run.window_secs);
        let before = contents.floors;
        contents.set_floors(start.floors(&contents, now, cold_start));
        let last = contents.run.map_or(0, |run| run.number);
        let run = Run {
            number: last.max(number).saturating_add(1),
            inode,
            ..run
        };
        // What stands behind a hole was read, and would be cut off by the next append. After a failed sync the system takes
        // for written what is not.
        if matches!(tail, Tail::Holed { .. }) || start == ReplayStart::Copied || last_run.is_unsure
        {
            drop(journal);
            return Self::write_first(path, (lock, last_run), (start, contents), run);
        }
        // Synced as a whole before the first login.
        let floors_changed = before != contents.floors;
        let store = Self::with(path, lock, start, (journal, run), contents);
        store.begin_run(floors_changed, last_run)?;
        if store.is_overgrown() {
            // Else whoever is killed again and again reads more each time. Without room it goes on as it is.
            drop(store.compact());
        }
        Ok(store)
    }

    /// How the run before had ended.
    #[must_use]
    pub fn start(&self) -> ReplayStart {
        self.start
    }

    /// How many client ids have a mark; those whose marks are kept together count as one.
    #[must_use]
    pub fn len(&self) -> usize {
        self.inner().marks.len()
    }

    /// Whether no client id has a mark.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How much memory the marks have, in bytes: at most 17 per client id, from some thousands on.
    #[must_use]
    pub fn allocated(&self) -> usize {
        self.inner().marks.allocated()
    }

    /// Passwords up to this time may have been used and forgotten; `None` where nothing was ever forgotten.
    #[must_use]
    pub fn not_before(&self) -> Option<UnixTime> {
        UnixTime::from_secs(u64::from(self.inner().floors.not_before))
    }

    fn with(
        path: &Path,
        lock: Lock,
        start: ReplayStart,
        (journal, run): (Journal, Run),
        contents: Contents<Marks>,
    ) -> Self {
        // As long as it would be, had it just been written anew.
        let ids = u64::try_from(contents.marks.len()).unwrap_or(u64::MAX);
        let snapshot_len = match contents.mark_records {
            0 => journal.len(),
            records => journal.len() / records * ids.min(records),
        };
        Self {
            path: path.to_owned(),
            start,
            inner: Mutex::new(Inner {
                snapshot_len,
                synced_len: journal.len(),
                unsynced: Vec::new(),
                noted_len: 0,
                sure_time: run.time,
                noted_time: None,
                file_number: 0,
                born: born(journal.file()),
                journal,
                marks: contents.marks,
                floors: contents.floors,
                run,
                next_id: [0; 16],
                last_window_secs: contents.window_secs,
                broken: false,
                crowded: false,
                trouble: None,
                last_time: run.time,
                body: Vec::new(),
            }),
            rewriting: Mutex::new(()),
            retry: Mutex::default(),
            request_retry: Mutex::default(),
            syncing: Mutex::new(()),
            lock: Mutex::new(lock),
        }
    }

    /// Writes a new file, with what is in the old one if there is one, and begins a run with it.
    fn write_first(
        path: &Path,
        (mut lock, last_run): (Lock, LastRun),
        (start, mut contents): (ReplayStart, Contents<Marks>),
        run: Run,
    ) -> Result<Self, ReplayError> {
        let failed = |error: io::Error| ReplayError::of_io(path, &error);
        let is_there = path.exists();
        let written = Snapshot::begin(path, contents.floors, run).and_then(|mut snapshot| {
            if is_there {
                // What stands behind a hole too.
                snapshot.add_newest(contents.marks.len(), &mut |take| {
                    let read = Journal::read(path, PURPOSE, &mut |_, body| take(body));
                    read.map(drop)
                        .map_err(|error| io::Error::other(error.to_string()))
                })?;
            }
            // A stop from here on is none that lost the journal.
            lock.write_durably(&LastRun {
                next: Some(*snapshot.id()),
                ..last_run
            })?;
            snapshot.place(path)?;
            Ok(snapshot.finish())
        });
        let written = written.inspect_err(|_| snapshot::abandon(path));
        // Of the old file.
        contents.mark_records = 0;
        let store = Self::with(path, lock, start, written.map_err(failed)?, contents);
        store.number_lock()?;
        Ok(store)
    }

    /// Says in the journal, then in the lock file, that a new run has begun.
    fn begin_run(&self, floors_changed: bool, last_run: LastRun) -> Result<(), ReplayError> {
        let mut inner = self.inner();
        let (run, floors) = (inner.run, inner.floors);
        // Without room a file that grows has to do.
        drop(inner.journal.reserve());
        // The floors first: a run that has begun has them.
        let mut written = Ok(());
        if floors_changed {
            written = inner.append(&Record::Floors(floors));
        }
        let written = written
            .and_then(|()| inner.append(&Record::Run(run)))
            .and_then(|()| inner.sync());
        drop(inner);
        if let Err(error) = written {
            // What the run before did not sync may be gone with this.
            drop(self.lock().write(&LastRun {
                is_unsure: true,
                ..last_run
            }));
            return Err(ReplayError::of_io(&self.path, &error));
        }
        self.number_lock()
    }

    fn number_lock(&self) -> Result<(), ReplayError> {
        let mut lock = self.lock();
        let run = self.inner().last_run();
        lock.begin_run(&run)
    }

    /// Says in the lock file that a sync failed, if one did.
    fn failed(&self, inner: MutexGuard<'_, Inner>, error: &io::Error) -> ReplayError {
        let is_broken = inner.broken;
        drop(inner);
        if is_broken {
            self.note_durable();
        }
        ReplayError::of_io(&self.path, error)
    }

    /// Says in the lock file how much is durable. Where that fails, an older state of the journal is not noticed.
    fn note_durable(&self) {
        let mut lock = self.lock();
        let run = self.inner().last_run();
        drop(lock.write(&run));
    }

    /// Taken before `inner`, so that what is written last is the latest.
    fn lock(&self) -> MutexGuard<'_, Lock> {
        self.lock.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn syncing(&self) -> MutexGuard<'_, ()> {
        self.syncing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        // A mark is in the table only after it is in the file, so what a dead holder left only refuses too much.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn this_run(last_number: u64, now: UnixTime, window_secs: u16, boot: Option<[u8; 16]>) -> Run {
    Run {
        number: last_number.saturating_add(1),
        boot,
        inode: 0,
        window_secs,
        time: now,
    }
}

impl ReplayStore for ReplayJournal {
    fn advance(&self, client_id: &str, mark: Mark, time: Option<UnixTime>) -> Advance {
        let mut inner = self.inner();
        let found = inner.marks.find(client_id);
        let stored = found.stored;
        match mark.compare(stored.map(|entry| entry.mark)) {
            Advance::Advanced => {}
            refused => return refused,
        }
        if inner.broken || !inner.floors_admit(stored, time) {
            return Advance::Unavailable;
        }
        let entry = Entry {
            mark,
            epoch: inner.floors.epoch,
        };
        if inner.append(&Record::Mark { client_id, entry }).is_err() {
            return Advance::Unavailable;
        }
        // From here on it is used up, whatever the answer is.
        let new = entry.stored(inner.floors);
        inner.marks.set(client_id, found, new);
        let first_of_generation =
            stored.map_or(1, |entry| entry.mark.generation()) != mark.generation();
        if !first_of_generation && time.is_some_and(|time| inner.is_closed_without_power(time)) {
            return Advance::Advanced;
        }
        let place = inner.place();
        drop(inner);
        match self.make_durable(place) {
            Ok(()) => Advance::Advanced,
            Err(_) => Advance::Unavailable,
        }
    }

    fn newest(&self, client_id: &str) -> Result<Option<Mark>, StoreUnavailable> {
        let inner = self.inner();
        let stored = inner.marks.find(client_id).stored;
        Ok(stored.map(|stored| stored.mark))
    }

    fn widen(&self, window_secs: u16) -> Result<(), StoreUnavailable> {
        self.raise_window(window_secs).map_err(|_| StoreUnavailable)
    }

    fn announce(&self, client_id: &str) {
        // Whoever syncs holds the lock.
        if let Ok(inner) = self.inner.try_lock() {
            inner.marks.prefetch(client_id);
        }
    }

    fn maintain(&self, now: UnixTime) -> Vec<String> {
        let mut notices = Vec::new();
        let mut inner = self.inner();
        inner.last_time = inner.last_time.max(now);
        let trouble = inner.trouble.take();
        drop(inner);
        notices.extend(
            trouble.map(|trouble| format!("the replay store could not be written: {trouble}")),
        );
        let requested = self.take_request(Instant::now(), &mut notices);
        for done in [requested, self.sync_tail(now)] {
            notices.extend(done.err().map(|error| format!("replay store: {error}")));
        }
        notices.extend(self.rewrite_if_due(Instant::now()));
        notices
    }
}

impl Drop for ReplayJournal {
    fn drop(&mut self) {
        let mut inner = self.inner();
        if inner.sync().is_err() {
            drop(inner);
            // Nothing is certain of what was written since: the next start has to know.
            self.note_durable();
            return;
        }
        if self.start == ReplayStart::New && inner.marks.len() == 0 {
            // Made for a broker that is to start: nothing was accepted in any window.
            let run = Run {
                window_secs: 0,
                ..inner.run_by_now()
            };
            if inner.append(&Record::Run(run)).is_ok() {
                inner.run = run;
            }
        }
        let time = inner.last_time;
        // Without this record the next start is a cold one: nothing is lost but a window.
        if inner.append(&Record::Close { time }).is_ok() {
            drop(inner.journal.release());
            drop(inner.sync());
        }
        drop(inner);
        self.note_durable();
    }
}

impl fmt::Debug for ReplayJournal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReplayJournal")
            .field("path", &self.path)
            .field("start", &self.start)
            .finish_non_exhaustive()
    }
}
