//! A broker's view of the registry: all devices in memory, brought up to date from the file now and then.

use core::fmt;
use std::collections::{HashMap, HashSet};
use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use rusqlite::{Connection, OpenFlags};

use super::connection::connect;
use super::entry::{RegistryEntry, changed_since};
use super::{RegistryError, rows, schema};

/// How many changed devices are put in place before a login gets its turn.
const CHUNK: usize = 1024;

/// All devices, as of the last time that the file could be read.
///
/// A login asks the memory alone: it never waits for the file, nor for a command that writes it.
pub(crate) struct RegistryView {
    path: PathBuf,
    devices: RwLock<Devices>,
    reader: Mutex<Option<Reader>>,
}

#[derive(Default)]
struct Devices {
    entries: HashMap<Box<str>, Arc<RegistryEntry>>,
    special: HashSet<Box<str>>,
}

/// The open file, and how much of it is known.
struct Reader {
    connection: Connection,
    file: Option<(u64, u64)>,
    fleet: Vec<u8>,
    change: i64,
    data_version: i64,
}

/// What a refresh found changed.
#[derive(Debug)]
pub(crate) enum Refreshed {
    Nothing,
    Devices(Vec<Box<str>>),
    /// Another file, or an older state of it.
    Everything,
}

impl RegistryView {
    /// Reads a registry.
    ///
    /// # Errors
    /// When it cannot be read, or holds seeds and others than its owner may read it.
    pub(crate) fn open(path: &Path) -> Result<Self, RegistryError> {
        let view = Self {
            path: path.to_owned(),
            devices: RwLock::default(),
            reader: Mutex::new(None),
        };
        view.refresh()?;
        Ok(view)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// A device.
    pub(crate) fn find(&self, client_id: &str) -> Option<Arc<RegistryEntry>> {
        let devices = self.devices.read().unwrap_or_else(PoisonError::into_inner);
        devices.entries.get(client_id).map(Arc::clone)
    }

    /// How many devices there are.
    pub(crate) fn len(&self) -> usize {
        let devices = self.devices.read().unwrap_or_else(PoisonError::into_inner);
        devices.entries.len()
    }

    /// The devices that are judged by other rules than everybody in their role.
    pub(crate) fn special(&self) -> Vec<(Box<str>, Arc<RegistryEntry>)> {
        let devices = self.devices.read().unwrap_or_else(PoisonError::into_inner);
        let special = devices.special.iter();
        special
            .filter_map(|id| Some((id.clone(), Arc::clone(devices.entries.get(id)?))))
            .collect()
    }

    /// Looks whether the file changed and takes the changes over.
    ///
    /// # Errors
    /// When the file cannot be read; everything known before stays in force.
    pub(crate) fn refresh(&self) -> Result<Refreshed, RegistryError> {
        let failed = |error: rusqlite::Error| RegistryError::of_sqlite(&self.path, &error);
        let mut slot = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        let metadata = fs::metadata(&self.path).map_err(|error| RegistryError::File {
            path: self.path.clone(),
            reason: error.to_string(),
        })?;
        let file = identity(&metadata);
        let known = slot.take().filter(|reader| reader.file == file);
        let mut reader = match known {
            Some(reader) => reader,
            None => Reader::open(&self.path, file)?,
        };
        let version = reader.data_version().map_err(failed)?;
        if version == reader.data_version {
            *slot = Some(reader);
            return Ok(Refreshed::Nothing);
        }
        let read = reader.read().map_err(failed);
        let (fleet, change, since, entries, holds_seeds) = match read {
            Ok(read) => read,
            Err(error) => {
                *slot = Some(reader);
                return Err(error);
            }
        };
        if holds_seeds {
            check_mode(&self.path, &metadata)?;
        }
        let refreshed = if since == NOTHING_KNOWN {
            self.replace(entries);
            Refreshed::Everything
        } else {
            Refreshed::Devices(self.apply(entries))
        };
        reader.fleet = fleet;
        reader.change = change;
        reader.data_version = version;
        *slot = Some(reader);
        Ok(refreshed)
    }

    fn replace(&self, entries: HashMap<Box<str>, RegistryEntry>) {
        let mut next = Devices::default();
        for (client_id, entry) in entries {
            next.insert(client_id, entry);
        }
        let mut devices = self.devices.write().unwrap_or_else(PoisonError::into_inner);
        core::mem::swap(&mut *devices, &mut next);
        drop(devices);
        // Freed without the lock.
        drop(next);
    }

    fn apply(&self, entries: HashMap<Box<str>, RegistryEntry>) -> Vec<Box<str>> {
        let changed = entries.keys().cloned().collect();
        let mut entries = entries.into_iter();
        loop {
            let mut devices = self.devices.write().unwrap_or_else(PoisonError::into_inner);
            for _ in 0..CHUNK {
                match entries.next() {
                    Some((client_id, entry)) => devices.insert(client_id, entry),
                    None => return changed,
                }
            }
        }
    }
}

impl Devices {
    fn insert(&mut self, client_id: Box<str>, entry: RegistryEntry) {
        if entry.is_special() {
            self.special.insert(client_id.clone());
        } else {
            self.special.remove(&client_id);
        }
        self.entries.insert(client_id, Arc::new(entry));
    }
}

/// The number before the first change.
const NOTHING_KNOWN: i64 = -1;

type Read = (Vec<u8>, i64, i64, HashMap<Box<str>, RegistryEntry>, bool);

impl Reader {
    fn open(path: &Path, file: Option<(u64, u64)>) -> Result<Self, RegistryError> {
        let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        schema::check(&connection, path)?;
        Ok(Self {
            connection,
            file,
            fleet: Vec::new(),
            change: NOTHING_KNOWN,
            data_version: NOTHING_KNOWN,
        })
    }

    /// A number that changes with every commit of another connection.
    fn data_version(&self) -> rusqlite::Result<i64> {
        self.connection
            .pragma_query_value(None, "data_version", |row| row.get(0))
    }

    /// What is newer than what is known, all as of one moment.
    fn read(&self) -> rusqlite::Result<Read> {
        let transaction = self.connection.unchecked_transaction()?;
        let (fleet, change): (Vec<u8>, i64) =
            transaction.query_row("SELECT id, change FROM fleet", [], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?;
        // Another fleet, or a state from before: it was restored from a backup.
        let goes_on = fleet == self.fleet && change >= self.change;
        let since = if goes_on { self.change } else { NOTHING_KNOWN };
        let entries = changed_since(&transaction, since)?;
        let holds_seeds = rows::holds_seeds(&transaction)?;
        Ok((fleet, change, since, entries, holds_seeds))
    }
}

impl fmt::Debug for RegistryView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RegistryView")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

#[cfg(unix)]
fn identity(metadata: &Metadata) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;

    Some((metadata.dev(), metadata.ino()))
}

#[cfg(not(unix))]
fn identity(_: &Metadata) -> Option<(u64, u64)> {
    None
}

#[cfg(unix)]
fn check_mode(path: &Path, metadata: &Metadata) -> Result<(), RegistryError> {
    use std::os::unix::fs::PermissionsExt;

    match metadata.permissions().mode() & 0o777 {
        mode if mode & 0o077 == 0 => Ok(()),
        mode => Err(RegistryError::NotPrivate {
            path: path.to_owned(),
            mode,
        }),
    }
}

#[cfg(not(unix))]
fn check_mode(_: &Path, _: &Metadata) -> Result<(), RegistryError> {
    Ok(())
}
