//! A device as a broker keeps it in memory.

use std::collections::HashMap;

use mqward::{AuthSeed, Generation};
use rusqlite::Connection;
use zeroize::Zeroizing;

use super::rows::{generation, rule_of, word};
use crate::device::{DeviceClock, DeviceRule, DeviceStage};

/// What a broker has to know of a device to judge it.
#[derive(Debug)]
pub(crate) struct RegistryEntry {
    pub(crate) revoked: bool,
    pub(crate) clock: DeviceClock,
    pub(crate) stage: DeviceStage,
    pub(crate) role: Option<Box<str>>,
    pub(crate) topic_id: Option<Box<str>>,
    pub(crate) rules: Box<[DeviceRule]>,
    generations: Vec<EntryGeneration>,
}

/// One generation of it.
#[derive(Debug)]
pub(crate) struct EntryGeneration {
    generation: Generation,
    pub(crate) revoked: bool,
    pub(crate) hardware_id: Box<[u8]>,
    pub(crate) seed: Option<AuthSeed>,
}

impl RegistryEntry {
    /// A generation that the device has or had.
    pub(crate) fn generation(&self, wanted: Generation) -> Option<&EntryGeneration> {
        self.generations
            .iter()
            .find(|entry| entry.generation == wanted)
    }

    /// Whether it is judged by other rules than everybody in its role.
    pub(super) fn is_special(&self) -> bool {
        self.role.is_some() || self.topic_id.is_some() || !self.rules.is_empty()
    }
}

/// All devices that changed after `since`, with the number of the newest change.
///
/// One query per table instead of three per device: a million devices are read in seconds.
pub(super) fn changed_since(
    connection: &Connection,
    since: i64,
) -> rusqlite::Result<HashMap<Box<str>, RegistryEntry>> {
    let mut devices = HashMap::new();
    let mut select = connection
        .prepare_cached("SELECT client_id, revoked_at IS NOT NULL, clock, stage, role, topic_id FROM device WHERE change > ?1")?;
    let mut rows = select.query([since])?;
    while let Some(row) = rows.next()? {
        let entry = RegistryEntry {
            revoked: row.get(1)?,
            clock: word(row, 2)?,
            stage: word(row, 3)?,
            role: row.get(4)?,
            topic_id: row.get(5)?,
            rules: Box::default(),
            generations: Vec::with_capacity(1),
        };
        devices.insert(row.get::<_, Box<str>>(0)?, entry);
    }
    // All of them are read without looking each device up.
    let sql = if since < 0 {
        "SELECT client_id, number, revoked_at IS NOT NULL, hardware_id, auth_seed FROM generation WHERE ?1 < 0"
    } else {
        "SELECT g.client_id, g.number, g.revoked_at IS NOT NULL, g.hardware_id, g.auth_seed
         FROM generation g JOIN device d USING (client_id) WHERE d.change > ?1"
    };
    let mut select = connection.prepare_cached(sql)?;
    let mut rows = select.query([since])?;
    while let Some(row) = rows.next()? {
        if let Some(device) = devices.get_mut(row.get_ref(0)?.as_str()?) {
            device.generations.push(EntryGeneration {
                generation: generation(row, 1)?,
                revoked: row.get(2)?,
                hardware_id: row.get_ref(3)?.as_blob()?.into(),
                seed: row
                    .get::<_, Option<[u8; mqward::KEY_LEN]>>(4)?
                    .map(|bytes| AuthSeed::from_bytes(*Zeroizing::new(bytes))),
            });
        }
    }
    let mut select = connection.prepare_cached(
        "SELECT r.client_id, r.effect, r.access, r.pattern, r.sealed
         FROM rule r JOIN device d USING (client_id) WHERE d.change > ?1 ORDER BY r.client_id, r.position",
    )?;
    let mut rows = select.query([since])?;
    let mut rules: HashMap<Box<str>, Vec<DeviceRule>> = HashMap::new();
    while let Some(row) = rows.next()? {
        rules.entry(row.get(0)?).or_default().push(rule_of(row, 1)?);
    }
    for (client_id, rules) in rules {
        if let Some(device) = devices.get_mut(&client_id) {
            device.rules = rules.into();
        }
    }
    Ok(devices)
}
