//! The stages that devices have reached on their way from static passwords to sealed payloads.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError, RwLock};

use crate::PolicyError;
use crate::device::DeviceStage;
use crate::journal::{Journal, Tail, lock_file, sync_folder};

/// What journals of stages are marked with.
const PURPOSE: [u8; 4] = *b"stag";
/// A record that names no device: what stands before it was durable. Damage there is a hole then, no torn end.
const SYNCED: &[u8] = &[255];

/// Stages that were reached, each durable before it is relied on. A device never goes back.
#[derive(Debug)]
pub(crate) struct Stages {
    path: PathBuf,
    reached: RwLock<HashMap<Box<str>, DeviceStage>>,
    writer: Mutex<Writer>,
    /// Where the journal was there before; its own file has the lock otherwise.
    _lock: Option<File>,
}

#[derive(Debug)]
struct Writer {
    journal: Journal,
    /// Reached, in force, and not in the file yet.
    unwritten: Vec<(Box<str>, DeviceStage)>,
}

impl Stages {
    /// Opens the file, or makes it.
    ///
    /// # Errors
    /// When another process has it, it is damaged, or cannot be read or written.
    pub(crate) fn open(path: &Path) -> Result<Self, PolicyError> {
        let failed = |reason: String| PolicyError::of_file(path, reason);
        let mut reached = HashMap::new();
        let mut lock = None;
        let journal = if path.exists() {
            // Before it is read: whoever has it may still write, and what is written next goes behind what was read.
            let file = OpenOptions::new().write(true).open(path);
            let file = file.map_err(|error| failed(error.to_string()))?;
            take_lock(path, &file)?;
            lock = Some(file);
            let visit = &mut |_, body: &[u8]| take(&mut reached, body);
            let (journal, tail) =
                Journal::open(path, PURPOSE, visit).map_err(|error| failed(error.to_string()))?;
            check(path, tail)?;
            journal
        } else {
            let made = Journal::create(path, PURPOSE).and_then(|journal| {
                journal.sync()?;
                sync_folder(path)?;
                Ok(journal)
            });
            let journal = made.map_err(|error| failed(error.to_string()))?;
            take_lock(path, journal.file())?;
            journal
        };
        Ok(Self {
            _lock: lock,
            path: path.to_owned(),
            reached: RwLock::new(reached),
            writer: Mutex::new(Writer {
                journal,
                unwritten: Vec::new(),
            }),
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The stage that a device has reached, at least the one it starts from.
    pub(crate) fn of(&self, client_id: &str, start: DeviceStage) -> DeviceStage {
        let reached = self.reached.read().unwrap_or_else(PoisonError::into_inner);
        let stage = reached.get(client_id).copied();
        stage.map_or(start, |stage| stage.max(start))
    }

    /// Notes that a device has reached a stage.
    ///
    /// # Errors
    /// When it is not durable yet. It is in force all the same, until the process ends.
    pub(crate) fn reach(&self, client_id: &str, stage: DeviceStage) -> io::Result<()> {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let mut reached = self.reached.write().unwrap_or_else(PoisonError::into_inner);
        match reached.get_mut(client_id) {
            Some(before) if *before >= stage => return Ok(()),
            Some(before) => *before = stage,
            None => drop(reached.insert(client_id.into(), stage)),
        }
        drop(reached);
        writer.unwritten.push((client_id.into(), stage));
        writer.write()
    }

    /// Writes what could not be written before.
    ///
    /// # Errors
    /// When it still cannot.
    pub(crate) fn retry(&self) -> io::Result<()> {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        writer.write()
    }
}

impl Writer {
    fn write(&mut self) -> io::Result<()> {
        if self.unwritten.is_empty() {
            return Ok(());
        }
        let bodies: Vec<Vec<u8>> = self
            .unwritten
            .iter()
            .map(|(client_id, stage)| {
                let number = match stage {
                    DeviceStage::Legacy => 0,
                    DeviceStage::Login => 1,
                    DeviceStage::Sealed => 2,
                };
                [&[number], client_id.as_bytes()].concat()
            })
            .collect();
        // Appended again after a sync that failed: twice the same does no harm.
        self.journal.append_all(bodies.iter().map(Vec::as_slice))?;
        self.journal.sync()?;
        self.unwritten.clear();
        // Without it the last stage alone could be damaged unnoticed.
        drop(self.journal.append(SYNCED));
        Ok(())
    }
}

/// Keeps other processes out of a file, as long as it is open.
fn take_lock(path: &Path, file: &File) -> Result<(), PolicyError> {
    match lock_file(file) {
        Ok(true) => Ok(()),
        Ok(false) => Err(PolicyError::of_file(path, "another process has it open")),
        Err(error) => Err(PolicyError::of_file(path, error.to_string())),
    }
}

fn take(reached: &mut HashMap<Box<str>, DeviceStage>, body: &[u8]) {
    let Some((number, client_id)) = body.split_first().filter(|(_, id)| !id.is_empty()) else {
        return;
    };
    let stage = match number {
        0 => DeviceStage::Legacy,
        1 => DeviceStage::Login,
        // What a newer program knows beyond that is no reason to go back.
        _ => DeviceStage::Sealed,
    };
    if let Ok(client_id) = core::str::from_utf8(client_id) {
        let reached = reached.entry(client_id.into()).or_insert(stage);
        *reached = stage.max(*reached);
    }
}

fn check(path: &Path, tail: Tail) -> Result<(), PolicyError> {
    match tail {
        Tail::Whole | Tail::Torn { .. } => Ok(()),
        Tail::Holed { at } => Err(PolicyError::of_file(
            path,
            format!("damaged at byte {at}: restore it from a backup"),
        )),
    }
}

/// The stages in a file, in the order of client ids, also while a broker has it open.
///
/// For reports on a migration, and for writing them into the registry when it is over.
///
/// # Errors
/// When the file cannot be read, is none of stages, or is damaged.
pub fn read_stages(path: &Path) -> Result<Vec<(String, DeviceStage)>, PolicyError> {
    let mut reached = HashMap::new();
    let tail = Journal::read(path, PURPOSE, &mut |_, body| take(&mut reached, body))
        .map_err(|error| PolicyError::of_file(path, error.to_string()))?;
    check(path, tail)?;
    let mut stages: Vec<_> = reached
        .into_iter()
        .map(|(client_id, stage)| (String::from(client_id), stage))
        .collect();
    stages.sort();
    Ok(stages)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wherever_a_byte_is_changed_nobody_falls_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("stages.journal");
        let stages = Stages::open(&path).unwrap();
        stages.reach("a", DeviceStage::Login).unwrap();
        stages.reach("b", DeviceStage::Sealed).unwrap();
        drop(stages);
        let bytes = std::fs::read(&path).unwrap();
        let mut refused = 0;
        for position in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[position] ^= 0x41;
            std::fs::write(&path, &changed).unwrap();
            let read = read_stages(&path);
            match Stages::open(&path) {
                Err(error) => {
                    refused += 1;
                    assert_eq!(read.unwrap_err().reason(), error.reason());
                    assert_eq!(error.file(), path);
                }
                Ok(stages) => {
                    assert_eq!(stages.of("a", DeviceStage::Legacy), DeviceStage::Login);
                    assert_eq!(stages.of("b", DeviceStage::Legacy), DeviceStage::Sealed);
                }
            }
        }
        assert!(refused > 40, "{refused} of {}", bytes.len());
        std::fs::write(&path, &bytes).unwrap();
        let read = read_stages(&path).unwrap();
        assert_eq!(read.len(), 2, "{read:?}");
    }

    #[test]
    fn nothing_is_read_before_the_file_is_ones_own() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("stages.journal");
        let stages = Stages::open(&path).unwrap();
        stages.reach("a", DeviceStage::Login).unwrap();
        stages.reach("b", DeviceStage::Login).unwrap();
        // What was read while another process still wrote would be written over.
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[35] ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        let error = Stages::open(&path).unwrap_err();
        assert!(error.reason().contains("another process"), "{error}");
    }

    #[test]
    fn a_stage_that_was_reached_stays_and_only_grows() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("stages.journal");
        let stages = Stages::open(&path).unwrap();
        assert_eq!(stages.of("a", DeviceStage::Legacy), DeviceStage::Legacy);
        stages.reach("a", DeviceStage::Sealed).unwrap();
        stages.reach("a", DeviceStage::Login).unwrap();
        stages.reach("b", DeviceStage::Login).unwrap();
        assert!(Stages::open(&path).is_err(), "one process at a time");
        let read = read_stages(&path).unwrap();
        assert_eq!(read[0], ("a".to_owned(), DeviceStage::Sealed));
        assert_eq!(read[1], ("b".to_owned(), DeviceStage::Login));
        drop(stages);
        let mut bytes = std::fs::read(&path).unwrap();
        let whole = bytes.len();
        bytes.extend_from_slice(&[0, 9, 1]);
        std::fs::write(&path, &bytes).unwrap();
        let stages = Stages::open(&path).unwrap();
        assert_eq!(stages.of("a", DeviceStage::Legacy), DeviceStage::Sealed);
        assert_eq!(stages.of("b", DeviceStage::Legacy), DeviceStage::Login);
        assert_eq!(stages.of("b", DeviceStage::Sealed), DeviceStage::Sealed);
        drop(stages);
        bytes.truncate(whole);
        bytes[35] ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        assert!(
            Stages::open(&path)
                .unwrap_err()
                .reason()
                .contains("damaged")
        );
    }
}
