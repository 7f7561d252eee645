//! What a replay journal says about the end of the run before.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use mqward::UnixTime;

use super::contents::Contents;
use super::error::ReplayError;
use super::marks::MarkSet;
use super::record::Floors;
use crate::ColdStart;
use crate::journal::{Journal, Tail, lock_file};

/// How the run before ended, as far as the files tell.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ReplayStart {
    /// The journal is new and was declared to be: no password of this audience was ever accepted.
    New,
    /// In order: nothing is forgotten.
    InOrder,
    /// The process was killed, the machine ran on: all that was written is there, nothing is forgotten.
    Killed,
    /// The machine stopped too, or had failed to write. Marks of passwords with a time may be missing from the end; those
    /// without are not.
    PowerLost,
    /// The journal is not there: whatever it held is forgotten.
    Missing,
    /// The journal is older than the end of the last run: it was restored from a backup.
    Restored,
    /// The file is a copy, so it may be an old one.
    Copied,
}

impl ReplayStart {
    /// Whether marks may be missing.
    #[must_use]
    pub const fn is_cold(self) -> bool {
        !matches!(self, Self::New | Self::InOrder | Self::Killed)
    }

    /// In words, for the operator.
    #[must_use]
    pub const fn describe(self) -> &'static str {
        match self {
            Self::New => "a new replay store",
            Self::InOrder => "the last run ended in order",
            Self::Killed => "the last run was killed; no mark is missing",
            Self::PowerLost => {
                "the machine stopped during the last run, or could not write; marks may be missing from its end"
            }
            Self::Missing => "there is no replay store; it may be lost",
            Self::Restored => "the replay store is older than the last run: restored from a backup",
            Self::Copied => "the replay store is a copy of the file of the last run",
        }
    }

    /// How the run before ended.
    pub(super) fn judge(
        path: &Path,
        contents: &Contents<impl MarkSet>,
        tail: Tail,
        lock: &LastRun,
        (boot, inode): (Option<[u8; 16]>, u64),
        journal: &Journal,
    ) -> Result<Self, ReplayError> {
        let damaged = |at| {
            Err(ReplayError::Damaged {
                path: path.to_owned(),
                at,
            })
        };
        let durable = lock.durable.filter(|(id, _)| id == journal.id());
        let durable = durable.map_or(0, |(_, len)| len);
        match tail {
            // Whatever file this is: it was in there for certain, and is not any more.
            Tail::Torn { at } | Tail::Holed { at } if durable.max(contents.synced_len) > at => {
                return damaged(at);
            }
            _ => {}
        }
        let Some(last) = contents.run else {
            return Ok(Self::Missing);
        };
        // Of an earlier run, an earlier state of the last one, or from before it was written anew.
        if lock.number > last.number
            || lock.number == 0
            || durable > journal.len()
            || !lock.knows(journal.id())
        {
            return Ok(Self::Restored);
        }
        // The number may have been given again.
        let is_other = lock.durable.is_some_and(|(id, _)| id == *journal.id())
            && lock.born != 0
            && lock.born != born(journal.file());
        if inode != last.inode || is_other {
            return Ok(Self::Copied);
        }
        // What a sync failed for may be gone, as if the machine had stopped.
        let same_boot = boot.is_some() && boot == last.boot && !lock.is_unsure;
        match tail {
            // Within one boot of the machine what was written is read back; in a hole it is not.
            Tail::Holed { at } if same_boot || contents.closed => damaged(at),
            Tail::Whole if contents.closed => Ok(Self::InOrder),
            _ if same_boot => Ok(Self::Killed),
            _ => Ok(Self::PowerLost),
        }
    }

    /// The floors to go on with (spec §6.5).
    pub(super) fn floors(
        self,
        contents: &Contents<impl MarkSet>,
        now: UnixTime,
        cold_start: ColdStart,
    ) -> Floors {
        let before = contents.floors;
        let ColdStart::Strict { window_secs, .. } = cold_start else {
            return before;
        };
        if !self.is_cold() {
            return before;
        }
        let window = contents.window_secs.max(window_secs);
        // A clock that lost time with the power: what was accepted was accepted before the time last seen.
        let start = now
            .get()
            .max(contents.last_time.saturating_add(SYNC_SLACK_SECS));
        let epoch = before.epoch.saturating_add(1);
        Floors {
            epoch,
            not_before: before
                .not_before
                .max(start.saturating_add(u32::from(window))),
            blind_epoch: if self == Self::PowerLost {
                before.blind_epoch
            } else {
                epoch
            },
        }
    }
}

/// The longest time between two syncs of a store in use, and then some.
pub(super) const SYNC_SLACK_SECS: u32 = 5;

/// Whether what was written is in the journal as long as the machine runs, in words of one length.
const SURE: &str = "sure  ";
const UNSURE: &str = "unsure";

/// The file beside a journal that keeps a second process out, and knows how far the last run came.
#[derive(Debug)]
pub(super) struct Lock {
    file: File,
    path: PathBuf,
}

impl Lock {
    /// Takes the lock; it is free again when the process ends in any way.
    pub(super) fn take(journal: &Path) -> Result<Self, ReplayError> {
        let path = beside(journal, ".lock");
        let failed = |error| ReplayError::of_io(&path, &error);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        // No sharing at all: the whole lock, where there is no flock.
        #[cfg(windows)]
        std::os::windows::fs::OpenOptionsExt::share_mode(&mut options, 0);
        let file = options.open(&path).map_err(failed)?;
        if !lock_file(&file).map_err(failed)? {
            return Err(ReplayError::InUse {
                path: journal.to_owned(),
            });
        }
        Ok(Self { file, path })
    }

    /// What it says about the last run.
    pub(super) fn last_run(&mut self) -> Result<LastRun, ReplayError> {
        let mut text = String::new();
        let read = self
            .file
            .seek(SeekFrom::Start(0))
            .and_then(|_| (&self.file).take(256).read_to_string(&mut text));
        read.map_err(|error| ReplayError::of_io(&self.path, &error))?;
        let mut words = text.split_ascii_whitespace();
        let number = words.next().and_then(|word| word.parse().ok()).unwrap_or(0);
        let durable = words
            .next()
            .zip(words.next())
            .and_then(|(digits, len)| Some((journal_id(digits)?, len.parse().ok()?)));
        // The first versions wrote neither.
        let window_secs = words.next().and_then(|word| word.parse().ok()).unwrap_or(0);
        let next = words.next().and_then(journal_id);
        let is_unsure = words.next() == Some(UNSURE);
        let born = words.next().and_then(|word| word.parse().ok()).unwrap_or(0);
        Ok(LastRun {
            number,
            durable,
            window_secs,
            next,
            is_unsure,
            born,
        })
    }

    /// Says which run it is, and how much of which journal is durable; durable itself when this returns.
    pub(super) fn begin_run(&mut self, run: &LastRun) -> Result<(), ReplayError> {
        self.write_durably(run)
            .map_err(|error| ReplayError::of_io(&self.path, &error))
    }

    /// Says the same of what a stop must not take back.
    pub(super) fn write_durably(&mut self, run: &LastRun) -> std::io::Result<()> {
        self.write(run).and_then(|()| self.file.sync_all())
    }

    /// Says the same as the run goes on. A power failure may take it back: the journal is never shorter than this says.
    pub(super) fn write(&mut self, run: &LastRun) -> std::io::Result<()> {
        let LastRun {
            number,
            durable,
            window_secs,
            next,
            is_unsure,
            born,
        } = *run;
        let (id, len) = durable.unwrap_or_default();
        let [id, next] =
            [id, next.unwrap_or_default()].map(|id| base16ct::lower::encode_string(&id));
        // Always as long, in one write: never half a number, never one with old digits behind it.
        let state = if is_unsure { UNSURE } else { SURE };
        let text =
            format!("{number:020} {id} {len:020} {window_secs:05} {next} {state} {born:020}\n");
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(text.as_bytes())
    }
}

/// What the lock file says about the last run.
#[derive(Copy, Clone, Debug)]
pub(super) struct LastRun {
    /// Its number; 0 if the file has none.
    pub(super) number: u64,
    /// The id of its journal, and how much of that was durable.
    pub(super) durable: Option<([u8; 16], u64)>,
    /// The largest window that it accepted passwords in; 0 if that is not known.
    pub(super) window_secs: u16,
    /// The id of the journal that was about to take the place of that one, or zeros; `None` if that is not known.
    pub(super) next: Option<[u8; 16]>,
    /// A sync failed: the journal may lack what was written behind the durable part, in any boot of the machine.
    pub(super) is_unsure: bool,
    /// When the file of its journal was made; 0 if that is not known.
    pub(super) born: u64,
}

impl LastRun {
    /// Whether a journal is the one that it speaks of, or that one written anew.
    fn knows(&self, id: &[u8; 16]) -> bool {
        match (self.durable, &self.next) {
            (Some((of_run, _)), Some(next)) => of_run == *id || next == id,
            _ => true,
        }
    }
}

/// A path with something appended to its last component.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn journal_id(digits: &str) -> Option<[u8; 16]> {
    let mut id = [0; 16];
    let decoded = base16ct::lower::decode(digits, &mut id).ok()?;
    (decoded.len() == 16).then_some(id)
}

/// Which boot of the machine this is, where the system tells.
pub(super) fn machine_boot() -> Option<[u8; 16]> {
    let text = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let digits: String = text.trim_end().split('-').collect();
    let mut boot = [0; 16];
    let decoded = base16ct::lower::decode(digits, &mut boot).ok()?;
    (decoded.len() == 16).then_some(boot)
}

/// When a file was made, in nanoseconds since 1970, which no restore brings back; 0 where the system does not tell.
pub(super) fn born(file: &File) -> u64 {
    let made = file.metadata().and_then(|metadata| metadata.created());
    made.ok()
        .and_then(|made| made.duration_since(SystemTime::UNIX_EPOCH).ok())
        .and_then(|since| u64::try_from(since.as_nanos()).ok())
        .unwrap_or(0)
}

#[cfg(unix)]
pub(super) fn inode(file: &File) -> Result<u64, std::io::Error> {
    use std::os::unix::fs::MetadataExt;

    file.metadata().map(|metadata| metadata.ino())
}

#[cfg(not(unix))]
pub(super) fn inode(_: &File) -> Result<u64, std::io::Error> {
    Ok(0)
}
