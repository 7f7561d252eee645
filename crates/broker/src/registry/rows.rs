//! Devices read from the rows of a registry.

use mqward::{Access, Effect, Generation, UnixTime};
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use crate::device::{DeviceRecord, DeviceRule, GenerationRecord, Revocation};

const DEVICE: &str = "SELECT client_id, clock, stage, role, topic_id, note, revoked_at, revoked_note, created_at, changed_at
     FROM device";

/// A device by its id.
pub(super) fn device(
    connection: &Connection,
    client_id: &str,
) -> rusqlite::Result<Option<DeviceRecord>> {
    let transaction = connection.unchecked_transaction()?;
    let found = transaction
        .prepare_cached(&format!("{DEVICE} WHERE client_id = ?1"))?
        .query_row([client_id], device_of)
        .optional()?;
    let Some(mut device) = found else {
        return Ok(None);
    };
    complete(&transaction, &mut device)?;
    Ok(Some(device))
}

/// Devices behind an id, in order.
pub(super) fn page(
    connection: &Connection,
    after: &str,
    limit: usize,
) -> rusqlite::Result<Vec<DeviceRecord>> {
    let transaction = connection.unchecked_transaction()?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut select = transaction.prepare_cached(&format!(
        "{DEVICE} WHERE client_id > ?1 ORDER BY client_id LIMIT ?2"
    ))?;
    let mut devices = select
        .query_map(params![after, limit], device_of)?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    for device in &mut devices {
        complete(&transaction, device)?;
    }
    Ok(devices)
}

/// Whether any generation has a seed of its own.
pub(super) fn holds_seeds(connection: &Connection) -> rusqlite::Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM generation WHERE auth_seed IS NOT NULL)";
    connection.query_row(sql, [], |row| row.get(0))
}

/// Puts other rules in the place of a device's own.
pub(super) fn replace_rules(
    transaction: &Transaction<'_>,
    client_id: &str,
    rules: &[DeviceRule],
) -> rusqlite::Result<()> {
    transaction.execute("DELETE FROM rule WHERE client_id = ?1", [client_id])?;
    let mut insert = transaction.prepare_cached(
        "INSERT INTO rule (client_id, position, effect, access, pattern, sealed) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    for (position, rule) in (0_i64..).zip(rules) {
        let effect = match rule.effect {
            Effect::Allow => "allow",
            Effect::Deny => "deny",
        };
        let access = match rule.access {
            Access::Publish => "publish",
            Access::Subscribe => "subscribe",
        };
        insert.execute(params![
            client_id,
            position,
            effect,
            access,
            rule.pattern,
            rule.sealed
        ])?;
    }
    Ok(())
}

/// A rule from the columns effect, access, pattern and sealed, from `first` on.
pub(super) fn rule_of(row: &Row<'_>, first: usize) -> rusqlite::Result<DeviceRule> {
    let effect = match row.get_ref(first)?.as_str()? {
        "deny" => Effect::Deny,
        _ => Effect::Allow,
    };
    let access = match row.get_ref(first + 1)?.as_str()? {
        "publish" => Access::Publish,
        _ => Access::Subscribe,
    };
    Ok(DeviceRule {
        effect,
        access,
        pattern: row.get(first + 2)?,
        sealed: row.get(first + 3)?,
    })
}

/// A value of the type that a text column spells.
pub(super) fn word<T>(row: &Row<'_>, column: usize) -> rusqlite::Result<T>
where
    T: core::str::FromStr<Err: core::error::Error + Send + Sync + 'static>,
{
    let text = row.get_ref(column)?.as_str()?;
    text.parse().map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error))
    })
}

/// A generation from its column.
pub(super) fn generation(row: &Row<'_>, column: usize) -> rusqlite::Result<Generation> {
    let number: u8 = row.get(column)?;
    Generation::new(number)
        .map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, i64::from(number)))
}

fn time(row: &Row<'_>, column: usize) -> rusqlite::Result<UnixTime> {
    let secs: i64 = row.get(column)?;
    u64::try_from(secs)
        .ok()
        .and_then(UnixTime::from_secs)
        .ok_or(rusqlite::Error::IntegralValueOutOfRange(column, secs))
}

fn optional_time(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<UnixTime>> {
    match row.get::<_, Option<i64>>(column)? {
        None => Ok(None),
        Some(_) => time(row, column).map(Some),
    }
}

fn device_of(row: &Row<'_>) -> rusqlite::Result<DeviceRecord> {
    let revoked = match optional_time(row, 6)? {
        None => None,
        Some(time) => Some(Revocation {
            time,
            note: row.get(7)?,
        }),
    };
    Ok(DeviceRecord {
        client_id: row.get(0)?,
        clock: word(row, 1)?,
        stage: word(row, 2)?,
        role: row.get(3)?,
        topic_id: row.get(4)?,
        note: row.get(5)?,
        revoked,
        generations: Vec::new(),
        rules: Vec::new(),
        created: time(row, 8)?,
        changed: time(row, 9)?,
    })
}

/// Reads what stands in other tables than the device's own.
fn complete(transaction: &Transaction<'_>, device: &mut DeviceRecord) -> rusqlite::Result<()> {
    device.generations = transaction
        .prepare_cached(
            "SELECT number, hardware_id, auth_seed IS NOT NULL, revoked_at, created_at
             FROM generation WHERE client_id = ?1 ORDER BY number",
        )?
        .query_map([&device.client_id], |row| {
            Ok(GenerationRecord {
                generation: generation(row, 0)?,
                hardware_id: row.get(1)?,
                has_seed: row.get(2)?,
                revoked: optional_time(row, 3)?,
                created: time(row, 4)?,
            })
        })?
        .collect::<rusqlite::Result<_>>()?;
    device.rules = transaction
        .prepare_cached(
            "SELECT effect, access, pattern, sealed FROM rule WHERE client_id = ?1 ORDER BY position",
        )?
        .query_map([&device.client_id], |row| rule_of(row, 0))?
        .collect::<rusqlite::Result<_>>()?;
    Ok(())
}
