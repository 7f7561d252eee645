//! The state file of a receiver: what it has acted on, kept from one run to the next.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};

use fs4::TryLockError;
use mqward::{
    Class, Judgement, LatestJudgement, LatestMark, Receipt, Ticket, TopicName, UnixTime, Window,
};
use serde::{Deserialize, Serialize};

use crate::error::CliError;
use crate::output::{base64, from_base64};
use crate::private_file;

/// 1024 counts: messages of one sender may overtake each other by as much.
type SenderWindow = Window<16>;

const VERSION: u32 = 1;

/// One sender of one device in one generation of its keys.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub(crate) struct SenderName {
    pub(crate) client_id: String,
    pub(crate) generation: u8,
    pub(crate) sender: u8,
}

/// The file's contents.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct StateFile {
    version: u32,
    /// When the receiver started without a state; absent for a fleet that was new then.
    cold_start: Option<u32>,
    windows: Vec<StoredWindow>,
    marks: Vec<StoredMark>,
}

#[derive(Deserialize, Serialize)]
struct StoredWindow {
    #[serde(flatten)]
    name: SenderName,
    /// The export of the window, in base64.
    window: String,
}

#[derive(Deserialize, Serialize)]
struct StoredMark {
    #[serde(flatten)]
    name: SenderName,
    topic: String,
    class: MarkClass,
    mark: u64,
}

/// A class with a mark per topic.
#[derive(Copy, Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
enum MarkClass {
    Retained,
    Will,
}

/// What a mark belongs to (spec §8.4): a will is sealed before the retained value of the same connection.
type MarkName = (SenderName, String, MarkClass);

/// How a receiver starts that has no state file.
#[derive(Copy, Clone, Debug)]
pub(crate) enum FirstStart {
    /// The fleet is new: nothing was ever acted on.
    NewFleet,
    /// The state is lost: only what was sealed after this time, and a skew in seconds, is accepted.
    Cold(UnixTime),
}

/// What a receiver has acted on; one process has it at a time.
#[derive(Debug)]
pub(crate) struct ReceiverState {
    path: PathBuf,
    /// Locked as long as it is open; beside the state, which is replaced by every commit.
    _lock: File,
    cold_start: Option<UnixTime>,
    skew: u16,
    windows: BTreeMap<SenderName, SenderWindow>,
    marks: BTreeMap<MarkName, LatestMark>,
}

/// The right to remember one message, once its line is out.
#[derive(Debug)]
pub(crate) struct Receipted {
    name: SenderName,
    /// For a class with a mark per topic.
    mark: Option<(String, MarkClass)>,
    ticket: Ticket,
}

/// What the state says of an authentic message.
#[derive(Debug)]
pub(crate) enum Seen {
    /// Not acted on before.
    Fresh(Receipted),
    /// Acted on before.
    Duplicate,
    /// The last retained value or will again, as after every subscribe: to be taken, with nothing to remember.
    Current,
    /// Older than what is remembered.
    TooOld,
    /// It cannot be told.
    Closed,
}

impl ReceiverState {
    /// Opens the state file, or starts without one, and writes it once so that a folder that cannot be written to is
    /// found out before a message is handled.
    pub(crate) fn open(path: &Path, first: FirstStart, skew: u16) -> Result<Self, CliError> {
        let lock = lock(path)?;
        let cold_start = match first {
            FirstStart::NewFleet => None,
            FirstStart::Cold(start) => Some(start),
        };
        let mut state = Self {
            path: path.to_owned(),
            _lock: lock,
            cold_start,
            skew,
            windows: BTreeMap::new(),
            marks: BTreeMap::new(),
        };
        match std::fs::read(path) {
            Ok(bytes) => state.load(&bytes)?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(CliError::file(path, error)),
        }
        state.save()?;
        Ok(state)
    }

    fn load(&mut self, bytes: &[u8]) -> Result<(), CliError> {
        let damaged = |reason: &str| {
            CliError::file(&self.path, format_args!("not a receiver's state: {reason}")).hint(
                "Move it away to start cold: what was sealed before that start is refused then.",
            )
        };
        let file: StateFile =
            serde_json::from_slice(bytes).map_err(|error| damaged(&error.to_string()))?;
        if file.version != VERSION {
            return Err(damaged("unknown version"));
        }
        let mut windows = BTreeMap::new();
        for stored in file.windows {
            let bytes =
                from_base64(&stored.window).ok_or_else(|| damaged("a window is not base64"))?;
            let window =
                SenderWindow::import(&bytes).map_err(|error| damaged(&error.to_string()))?;
            windows.insert(stored.name, window);
        }
        let marks = file.marks.into_iter();
        self.marks = marks
            .map(|stored| {
                (
                    (stored.name, stored.topic, stored.class),
                    LatestMark::from_u64(stored.mark),
                )
            })
            .collect();
        self.windows = windows;
        self.cold_start = file
            .cold_start
            .and_then(|start| UnixTime::from_secs(u64::from(start)));
        Ok(())
    }

    /// Writes the state in one step, durably.
    fn save(&self) -> Result<(), CliError> {
        let mut windows = Vec::with_capacity(self.windows.len());
        for (name, window) in &self.windows {
            let mut bytes = [0; SenderWindow::EXPORT_LEN];
            window
                .export(&mut bytes)
                .map_err(|error| CliError::file(&self.path, error))?;
            windows.push(StoredWindow {
                name: name.clone(),
                window: base64(&bytes),
            });
        }
        let marks = self
            .marks
            .iter()
            .map(|((name, topic, class), mark)| StoredMark {
                name: name.clone(),
                topic: topic.clone(),
                class: *class,
                mark: mark.get(),
            });
        let file = StateFile {
            version: VERSION,
            cold_start: self.cold_start.map(UnixTime::get),
            windows,
            marks: marks.collect(),
        };
        let mut text =
            serde_json::to_vec(&file).map_err(|error| CliError::file(&self.path, error))?;
        text.push(b'\n');
        private_file::replace(&self.path, &text).map_err(|error| {
            CliError::file(&self.path, format_args!("the state cannot be kept: {error}"))
                .hint("The last message was printed and not remembered: it is printed again if it comes again.")
        })
    }

    /// The window of a sender; one that is not there is new, or cold if the receiver started cold.
    fn window(&self, name: &SenderName) -> SenderWindow {
        match (self.windows.get(name), self.cold_start) {
            (Some(window), _) => window.clone(),
            (None, None) => SenderWindow::new(),
            (None, Some(start)) => SenderWindow::cold(start, self.skew),
        }
    }

    /// Judges an authentic message without remembering it.
    pub(crate) fn judge(&self, name: &SenderName, topic: TopicName<'_>, receipt: &Receipt) -> Seen {
        let class = match receipt.class() {
            Class::Retained => MarkClass::Retained,
            Class::Will => MarkClass::Will,
            Class::Live | Class::Stored => {
                return match self.window(name).judge(receipt) {
                    Judgement::Fresh(ticket) => Seen::Fresh(Receipted {
                        name: name.clone(),
                        mark: None,
                        ticket,
                    }),
                    Judgement::Duplicate => Seen::Duplicate,
                    Judgement::TooOld => Seen::TooOld,
                    Judgement::Closed => Seen::Closed,
                };
            }
        };
        let key = (name.clone(), topic.as_str().to_owned(), class);
        match self
            .marks
            .get(&key)
            .copied()
            .unwrap_or_default()
            .judge(receipt)
        {
            LatestJudgement::Newer(ticket) => Seen::Fresh(Receipted {
                name: key.0,
                mark: Some((key.1, class)),
                ticket,
            }),
            LatestJudgement::Same => Seen::Current,
            LatestJudgement::Older => Seen::TooOld,
            LatestJudgement::Closed => Seen::Closed,
        }
    }

    /// Remembers a message whose line is out.
    pub(crate) fn commit(&mut self, receipted: Receipted) -> Result<(), CliError> {
        let Receipted { name, mark, ticket } = receipted;
        let committed = match mark {
            None => {
                let mut window = self.window(&name);
                let committed = window.commit(ticket);
                self.windows.insert(name, window);
                committed
            }
            Some((topic, class)) => self
                .marks
                .entry((name, topic, class))
                .or_default()
                .commit(ticket),
        };
        committed.map_err(|error| CliError::file(&self.path, error))?;
        self.save()
    }

    /// Tells the window of a sender its last stamp, as for a sender without a clock after a cold start.
    pub(crate) fn reopen(
        &mut self,
        name: SenderName,
        boot: u32,
        count: u32,
    ) -> Result<(), CliError> {
        let mut window = self.window(&name);
        window.reopen(boot, count);
        self.windows.insert(name, window);
        self.save()
    }
}

/// Locks a state file by the file beside it, which stays: removing it would let a third process lock another one.
fn lock(path: &Path) -> Result<File, CliError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let lock_path = PathBuf::from(name);
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&lock_path)
        .map_err(|error| CliError::file(&lock_path, error))?;
    match fs4::FileExt::try_lock(&file) {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(CliError::file(
            path,
            "another process reads with this state",
        )
        .hint(
            "Two readers of one state would both act on a message: give each a state of its own.",
        )),
        Err(TryLockError::Error(error)) => Err(CliError::file(&lock_path, error)),
    }
}
