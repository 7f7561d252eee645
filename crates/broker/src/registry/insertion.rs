//! New rows of a registry, checked before they are written.

use std::path::Path;

use mqward::{AuthSeed, ClientId, Generation, HardwareId, UnixTime};
use rusqlite::{OptionalExtension, Transaction, params};

use super::RegistryError;
use crate::device::NewDevice;

/// Counts the changes of the fleet up.
pub(super) fn next_change(
    transaction: &Transaction<'_>,
    path: &Path,
) -> Result<i64, RegistryError> {
    let sql = "UPDATE fleet SET change = change + 1 RETURNING change";
    transaction
        .query_row(sql, [], |row| row.get(0))
        .map_err(|error| RegistryError::of_sqlite(path, &error))
}

/// Marks a device as changed.
pub(super) fn touch(
    transaction: &Transaction<'_>,
    path: &Path,
    client_id: &str,
    now: UnixTime,
) -> Result<(), RegistryError> {
    let change = next_change(transaction, path)?;
    let touched = transaction.execute(
        "UPDATE device SET changed_at = ?2, change = ?3 WHERE client_id = ?1",
        params![client_id, now.get(), change],
    );
    match touched {
        Ok(1) => Ok(()),
        Ok(_) => Err(RegistryError::UnknownDevice {
            client_id: client_id.to_owned(),
        }),
        Err(error) => Err(RegistryError::of_sqlite(path, &error)),
    }
}

/// Adds a device in its first generation.
pub(super) fn add(
    transaction: &Transaction<'_>,
    path: &Path,
    device: &NewDevice<'_>,
    change: i64,
    now: UnixTime,
) -> Result<(), RegistryError> {
    check_id("client id", Some(device.client_id))?;
    check_id("topic id", device.topic_id)?;
    let failed = |error: rusqlite::Error| RegistryError::of_sqlite(path, &error);
    let exists = transaction
        .prepare_cached("SELECT 1 FROM device WHERE client_id = ?1")
        .and_then(|mut select| select.query_row([device.client_id], |_| Ok(())).optional());
    if exists.map_err(failed)?.is_some() {
        return Err(RegistryError::DeviceExists {
            client_id: device.client_id.to_owned(),
        });
    }
    let mut insert = transaction
        .prepare_cached(
            "INSERT INTO device (client_id, clock, stage, role, topic_id, note, created_at, changed_at, change)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7, ?8)",
        )
        .map_err(failed)?;
    insert
        .execute(params![
            device.client_id,
            device.clock.to_string(),
            device.stage.to_string(),
            device.role,
            device.topic_id,
            device.note,
            now.get(),
            change,
        ])
        .map_err(failed)?;
    let of = (device.client_id, device.generation);
    insert_generation(
        transaction,
        path,
        of,
        device.hardware_id,
        device.auth_seed.as_ref(),
        now,
    )
}

/// Adds a generation of a device.
pub(super) fn insert_generation(
    transaction: &Transaction<'_>,
    path: &Path,
    (client_id, generation): (&str, Generation),
    hardware_id: &[u8],
    auth_seed: Option<&AuthSeed>,
    now: UnixTime,
) -> Result<(), RegistryError> {
    check_hardware_id(hardware_id)?;
    let seed = auth_seed.map(|seed| seed.expose().as_slice());
    let values = params![client_id, generation.get(), hardware_id, seed, now.get()];
    transaction
        .prepare_cached(
            "INSERT INTO generation (client_id, number, hardware_id, auth_seed, created_at)
             VALUES (?1, ?2, ?3, ?4, ?5)",
        )
        .and_then(|mut insert| insert.execute(values))
        .map(drop)
        .map_err(|error| RegistryError::of_sqlite(path, &error))
}

/// Whether an id, if there is one, has the form of a Client Identifier.
pub(super) fn check_id(what: &'static str, id: Option<&str>) -> Result<(), RegistryError> {
    match id.map(ClientId::new) {
        Some(Err(error)) => Err(RegistryError::invalid(what, error)),
        _ => Ok(()),
    }
}

/// Whether a hardware id has at most 32 bytes.
pub(super) fn check_hardware_id(bytes: &[u8]) -> Result<(), RegistryError> {
    match HardwareId::new(bytes) {
        Ok(_) => Ok(()),
        Err(error) => Err(RegistryError::invalid("hardware id", error)),
    }
}
