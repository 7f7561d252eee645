//! The device registry: which devices exist, in one SQLite file that a command changes while brokers read it.

mod backup;
mod connection;
mod entry;
mod error;
mod export;
mod import;
mod insertion;
mod rows;
mod schema;
mod view;

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};

use mqward::{Access, AuthSeed, Effect, Generation, Pattern, UnixTime};
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior, params};

use self::connection::{connect, prepare_writer};
use self::insertion::{add, check_hardware_id, check_id, insert_generation, next_change, touch};
use crate::device::{DeviceClock, DeviceRecord, DeviceRule, DeviceStage, NewDevice};
pub(crate) use entry::RegistryEntry;
pub use error::{LineError, RegistryError};
pub(crate) use view::{Refreshed, RegistryView};

/// How many devices [`Registry::iter`] reads at a time.
const PAGE: usize = 500;

/// The devices of a fleet, in a file.
///
/// Every change is one transaction. Brokers that have the file open see it within seconds and are never made to
/// wait. Nothing is ever deleted: a generation must never be issued twice.
///
/// ```
/// use mqward::UnixTime;
/// use mqward_broker::{NewDevice, Registry};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("registry.db");
/// let now = UnixTime::from_secs(1_767_225_600).expect("between 1970 and 2106");
/// let mut registry = Registry::create(&path)?;
/// let board = [0x24, 0x6f, 0x28, 0xa1, 0xb2, 0xc3];
/// registry.add(&NewDevice::new("device-0123456789ab", &board), now)?;
/// assert_eq!(registry.rotate("device-0123456789ab", None, None, now)?.get(), 2);
/// registry.revoke("device-0123456789ab", "stolen", now)?;
/// assert_eq!(registry.get("device-0123456789ab")?.unwrap().accepted().count(), 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Registry {
    connection: Connection,
    path: PathBuf,
}

impl Registry {
    /// Makes a new, empty registry; on Unix with mode 0600.
    ///
    /// # Errors
    /// When there is such a file already, or it cannot be made.
    pub fn create(path: &Path) -> Result<Self, RegistryError> {
        let failed = |reason: String| RegistryError::File {
            path: path.to_owned(),
            reason,
        };
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options
            .open(path)
            .map_err(|error| failed(error.to_string()))?;
        let mut id = [0; 16];
        getrandom::fill(&mut id).map_err(|error| failed(error.to_string()))?;
        let mut connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        let prepared =
            prepare_writer(&connection).and_then(|()| schema::create(&mut connection, &id));
        prepared.map_err(|error| RegistryError::of_sqlite(path, &error))?;
        Ok(Self {
            connection,
            path: path.to_owned(),
        })
    }

    /// Opens a registry to change it.
    ///
    /// # Errors
    /// When the file is not there, cannot be opened, or is no registry of a known version.
    pub fn open(path: &Path) -> Result<Self, RegistryError> {
        let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        schema::check(&connection, path)?;
        prepare_writer(&connection).map_err(|error| RegistryError::of_sqlite(path, &error))?;
        Ok(Self {
            connection,
            path: path.to_owned(),
        })
    }

    /// Opens a registry to read it. Changes are errors then.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_read_only(path: &Path) -> Result<Self, RegistryError> {
        let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        schema::check(&connection, path)?;
        Ok(Self {
            connection,
            path: path.to_owned(),
        })
    }

    /// Adds a device.
    ///
    /// # Errors
    /// [`RegistryError::DeviceExists`], [`RegistryError::Invalid`], or that the file cannot be written.
    pub fn add(&mut self, device: &NewDevice<'_>, now: UnixTime) -> Result<(), RegistryError> {
        self.transact(|transaction, path| {
            let change = next_change(transaction, path)?;
            add(transaction, path, device, change, now)
        })
    }

    /// A device by its Client Identifier.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn get(&self, client_id: &str) -> Result<Option<DeviceRecord>, RegistryError> {
        rows::device(&self.connection, client_id).map_err(|error| self.failed(&error))
    }

    /// How many devices there are, revoked ones included.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn count(&self) -> Result<u64, RegistryError> {
        let count = self
            .connection
            .query_row("SELECT count(*) FROM device", [], |row| {
                row.get::<_, i64>(0)
            });
        let count = count.map_err(|error| self.failed(&error))?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// At most `limit` devices in the order of their Client Identifiers, from the first one behind `after`.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn list(
        &self,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<DeviceRecord>, RegistryError> {
        rows::page(&self.connection, after.unwrap_or(""), limit)
            .map_err(|error| self.failed(&error))
    }

    /// All devices in the order of their Client Identifiers, read a page at a time.
    ///
    /// Pages are read one by one: what changes meanwhile may be seen or not.
    pub fn iter(&self) -> impl Iterator<Item = Result<DeviceRecord, RegistryError>> + '_ {
        let mut after: Option<String> = None;
        let mut done = false;
        let mut page = Vec::new().into_iter();
        core::iter::from_fn(move || {
            if page.len() == 0 && !done {
                match self.list(after.as_deref(), PAGE) {
                    Ok(next) => {
                        done = next.len() < PAGE;
                        after = next.last().map(|device| device.client_id.clone());
                        page = next.into_iter();
                    }
                    Err(error) => {
                        done = true;
                        return Some(Err(error));
                    }
                }
            }
            page.next().map(Ok)
        })
    }

    /// Revokes a device in all its generations, with a note why. Who is revoked already keeps the first note.
    ///
    /// # Errors
    /// [`RegistryError::UnknownDevice`], or that the file cannot be written.
    pub fn revoke(
        &mut self,
        client_id: &str,
        note: &str,
        now: UnixTime,
    ) -> Result<(), RegistryError> {
        self.update(
            client_id,
            now,
            "UPDATE device SET revoked_note = coalesce(revoked_note, ?2), revoked_at = coalesce(revoked_at, ?3)
             WHERE client_id = ?1",
            params![client_id, note, now.get()],
        )
    }

    /// Takes a revocation of a device back. Generations that were revoked one by one stay so.
    ///
    /// # Errors
    /// As [`revoke`](Self::revoke).
    pub fn unrevoke(&mut self, client_id: &str, now: UnixTime) -> Result<(), RegistryError> {
        self.update(
            client_id,
            now,
            "UPDATE device SET revoked_note = NULL, revoked_at = NULL WHERE client_id = ?1",
            params![client_id],
        )
    }

    /// Revokes one generation of a device: nobody logs in with it any more. That is for good.
    ///
    /// # Errors
    /// [`RegistryError::UnknownDevice`], [`RegistryError::UnknownGeneration`], or that the file cannot be written.
    pub fn revoke_generation(
        &mut self,
        client_id: &str,
        generation: Generation,
        now: UnixTime,
    ) -> Result<(), RegistryError> {
        self.update_generation(
            (client_id, generation),
            now,
            "UPDATE generation SET revoked_at = coalesce(revoked_at, ?3) WHERE client_id = ?1 AND number = ?2",
            params![client_id, generation.get(), now.get()],
        )
    }

    /// Issues the next generation of a device and says which it is.
    ///
    /// The one before stays accepted until the first login with the new one ends it. Without `hardware_id` the new
    /// generation is for the same board; without `auth_seed` its seed comes from the auth root.
    ///
    /// # Errors
    /// [`RegistryError::UnknownDevice`]; [`RegistryError::GenerationsUsedUp`] after 255; that the file cannot be
    /// written.
    pub fn rotate(
        &mut self,
        client_id: &str,
        hardware_id: Option<&[u8]>,
        auth_seed: Option<&AuthSeed>,
        now: UnixTime,
    ) -> Result<Generation, RegistryError> {
        self.transact(|transaction, path| {
            let failed = |error: &rusqlite::Error| RegistryError::of_sqlite(path, error);
            touch(transaction, path, client_id, now)?;
            let newest: (u8, Vec<u8>) = transaction
                .query_row(
                    "SELECT number, hardware_id FROM generation WHERE client_id = ?1 ORDER BY number DESC LIMIT 1",
                    [client_id],
                    |row| Ok((row.get(0)?, row.get(1)?)),
                )
                .map_err(|error| failed(&error))?;
            let used_up = || RegistryError::GenerationsUsedUp {
                client_id: client_id.to_owned(),
            };
            let number = newest.0.checked_add(1).ok_or_else(used_up)?;
            let generation = Generation::new(number).map_err(|_| used_up())?;
            let hardware_id = hardware_id.unwrap_or(&newest.1);
            insert_generation(transaction, path, (client_id, generation), hardware_id, auth_seed, now)?;
            Ok(generation)
        })
    }

    /// Changes what the registry says about a device's clock.
    ///
    /// # Errors
    /// As [`revoke`](Self::revoke).
    pub fn set_clock(
        &mut self,
        client_id: &str,
        clock: DeviceClock,
        now: UnixTime,
    ) -> Result<(), RegistryError> {
        let sql = "UPDATE device SET clock = ?2 WHERE client_id = ?1";
        self.update(client_id, now, sql, params![client_id, clock.to_string()])
    }

    /// Changes the stage that a device starts from. A broker that has seen a later one stays with that.
    ///
    /// # Errors
    /// As [`revoke`](Self::revoke).
    pub fn set_stage(
        &mut self,
        client_id: &str,
        stage: DeviceStage,
        now: UnixTime,
    ) -> Result<(), RegistryError> {
        let sql = "UPDATE device SET stage = ?2 WHERE client_id = ?1";
        self.update(client_id, now, sql, params![client_id, stage.to_string()])
    }

    /// Pins a device to a role by name, or gives it back to the role that its client id fits.
    ///
    /// # Errors
    /// As [`revoke`](Self::revoke). Whether there is such a role only a policy knows: without it the device is refused.
    pub fn set_role(
        &mut self,
        client_id: &str,
        role: Option<&str>,
        now: UnixTime,
    ) -> Result<(), RegistryError> {
        let sql = "UPDATE device SET role = ?2 WHERE client_id = ?1";
        self.update(client_id, now, sql, params![client_id, role])
    }

    /// Changes what `%c` stands for in the rules of a device; `None` is its client id.
    ///
    /// # Errors
    /// [`RegistryError::Invalid`] unless it has the form of a Client Identifier; else as [`revoke`](Self::revoke).
    pub fn set_topic_id(
        &mut self,
        client_id: &str,
        topic_id: Option<&str>,
        now: UnixTime,
    ) -> Result<(), RegistryError> {
        check_id("topic id", topic_id)?;
        let sql = "UPDATE device SET topic_id = ?2 WHERE client_id = ?1";
        self.update(client_id, now, sql, params![client_id, topic_id])
    }

    /// Changes the note for people.
    ///
    /// # Errors
    /// As [`revoke`](Self::revoke).
    pub fn set_note(
        &mut self,
        client_id: &str,
        note: &str,
        now: UnixTime,
    ) -> Result<(), RegistryError> {
        let sql = "UPDATE device SET note = ?2 WHERE client_id = ?1";
        self.update(client_id, now, sql, params![client_id, note])
    }

    /// Names the board of a generation: the second pass of provisioning, when its MAC is known.
    ///
    /// # Errors
    /// [`RegistryError::Invalid`] for more than 32 bytes; else as [`revoke_generation`](Self::revoke_generation).
    pub fn set_hardware_id(
        &mut self,
        client_id: &str,
        generation: Generation,
        hardware_id: &[u8],
        now: UnixTime,
    ) -> Result<(), RegistryError> {
        check_hardware_id(hardware_id)?;
        self.update_generation(
            (client_id, generation),
            now,
            "UPDATE generation SET hardware_id = ?3 WHERE client_id = ?1 AND number = ?2",
            params![client_id, generation.get(), hardware_id],
        )
    }

    /// Replaces the rules of a device's own.
    ///
    /// # Errors
    /// [`RegistryError::Invalid`] for a pattern that is none, or `sealed` where nothing is published; else as
    /// [`revoke`](Self::revoke).
    pub fn set_rules(
        &mut self,
        client_id: &str,
        rules: &[DeviceRule],
        now: UnixTime,
    ) -> Result<(), RegistryError> {
        for rule in rules {
            Pattern::new(&rule.pattern).map_err(|error| RegistryError::invalid("rule", error))?;
            if rule.sealed && (rule.effect, rule.access) != (Effect::Allow, Access::Publish) {
                let reason = "`sealed` belongs to a rule that allows publishing";
                return Err(RegistryError::invalid("rule", reason));
            }
        }
        self.transact(|transaction, path| {
            touch(transaction, path, client_id, now)?;
            rows::replace_rules(transaction, client_id, rules)
                .map_err(|error| RegistryError::of_sqlite(path, &error))
        })
    }

    /// Whether the file holds seeds: it is a file of secrets then.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn holds_seeds(&self) -> Result<bool, RegistryError> {
        rows::holds_seeds(&self.connection).map_err(|error| self.failed(&error))
    }

    fn update(
        &mut self,
        client_id: &str,
        now: UnixTime,
        sql: &str,
        values: impl rusqlite::Params,
    ) -> Result<(), RegistryError> {
        self.transact(|transaction, path| {
            touch(transaction, path, client_id, now)?;
            let updated = transaction.execute(sql, values);
            updated
                .map(drop)
                .map_err(|error| RegistryError::of_sqlite(path, &error))
        })
    }

    fn update_generation(
        &mut self,
        (client_id, generation): (&str, Generation),
        now: UnixTime,
        sql: &str,
        values: impl rusqlite::Params,
    ) -> Result<(), RegistryError> {
        self.transact(|transaction, path| {
            touch(transaction, path, client_id, now)?;
            match transaction.execute(sql, values) {
                Ok(1) => Ok(()),
                Ok(_) => Err(RegistryError::UnknownGeneration {
                    client_id: client_id.to_owned(),
                    generation: generation.get(),
                }),
                Err(error) => Err(RegistryError::of_sqlite(path, &error)),
            }
        })
    }

    /// Runs a change as a whole or not at all.
    fn transact<T>(
        &mut self,
        change: impl FnOnce(&Transaction<'_>, &Path) -> Result<T, RegistryError>,
    ) -> Result<T, RegistryError> {
        let path = self.path.clone();
        let failed = |error: rusqlite::Error| RegistryError::of_sqlite(&path, &error);
        // Immediate: a writer that has to wait does so before it has read anything.
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(failed)?;
        let done = change(&transaction, &path)?;
        transaction.commit().map_err(failed)?;
        Ok(done)
    }

    fn failed(&self, error: &rusqlite::Error) -> RegistryError {
        RegistryError::of_sqlite(&self.path, error)
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        // So that the file alone is a whole backup as far as no broker is reading just now. What this fails to move
        // stays in the log beside it, as durable as before; a connection that may only read has nothing to move.
        let moved = self
            .connection
            .query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
        drop(moved);
    }
}
