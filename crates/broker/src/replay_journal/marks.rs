//! Sets of marks: the one that logins are judged by, and one that is exact by client ids.

use std::collections::HashMap;

use super::record::{Entry, Floors};
use crate::replay_table::{Found, ReplayTable, Stored};

/// What the records of a journal are collected in.
pub(super) trait MarkSet: Default {
    /// Takes an entry over, unless a higher mark is there.
    fn raise(&mut self, client_id: &str, entry: Entry, floors: Floors);

    /// Forgets a client id, whatever its mark.
    fn forget(&mut self, client_id: &str);

    /// No entry so far is from after the newest floor for passwords without time.
    fn set_floor(&mut self);
}

impl Entry {
    /// What the table keeps of it.
    pub(super) const fn stored(self, floors: Floors) -> Stored {
        Stored {
            mark: self.mark,
            after_floor: self.epoch >= floors.blind_epoch,
        }
    }
}

/// The mark of every client id, without the ids.
#[derive(Default)]
pub(super) struct Marks {
    table: ReplayTable,
    /// The ids that were forgotten, for development, and what is known of them since. Their slots in the table stay, for
    /// another id may share one; nobody asks for them.
    apart: HashMap<Box<str>, Option<Stored>>,
}

impl Marks {
    pub(super) fn find(&self, client_id: &str) -> Found {
        let mut found = self.table.find(self.table.key(client_id));
        if !self.apart.is_empty() {
            if let Some(apart) = self.apart.get(client_id) {
                found.stored = *apart;
            }
        }
        found
    }

    /// See [`ReplayTable::prefetch`].
    pub(super) fn prefetch(&self, client_id: &str) {
        self.table.prefetch(self.table.key(client_id));
    }

    /// Stores what is not lower than what was found.
    pub(super) fn set(&mut self, client_id: &str, found: Found, new: Stored) {
        if !self.apart.is_empty() {
            if let Some(apart) = self.apart.get_mut(client_id) {
                *apart = Some(apart.map_or(new, |before| before.max(new)));
                return;
            }
        }
        self.table.raise(found, new);
    }

    /// How many client ids have a mark; those that share a slot count as one.
    pub(super) fn len(&self) -> usize {
        let mut len = self.table.len();
        for (client_id, apart) in &self.apart {
            len += usize::from(apart.is_some());
            len -= usize::from(self.table.find(self.table.key(client_id)).stored.is_some());
        }
        len
    }

    /// How much memory they have, in bytes.
    pub(super) fn allocated(&self) -> usize {
        self.table.allocated()
    }

    /// Marks of a table in which ids share slots.
    #[cfg(test)]
    pub(super) fn with_key_bits(bits: u32) -> Self {
        Self {
            table: ReplayTable::with_key_bits(bits),
            ..Self::default()
        }
    }
}

impl MarkSet for Marks {
    fn raise(&mut self, client_id: &str, entry: Entry, floors: Floors) {
        self.set(client_id, self.find(client_id), entry.stored(floors));
    }

    fn forget(&mut self, client_id: &str) {
        self.apart.insert(client_id.into(), None);
    }

    fn set_floor(&mut self) {
        self.table.set_floor();
        for apart in self.apart.values_mut().flatten() {
            apart.after_floor = false;
        }
    }
}

/// The entry of every client id, exact, as the file has it.
#[derive(Default)]
pub(super) struct IdMarks(HashMap<Box<str>, Entry>);

impl IdMarks {
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, Entry)> {
        self.0
            .iter()
            .map(|(client_id, entry)| (&**client_id, *entry))
    }
}

impl MarkSet for IdMarks {
    fn raise(&mut self, client_id: &str, entry: Entry, _: Floors) {
        match self.0.get_mut(client_id) {
            Some(stored) if (stored.mark, stored.epoch) < (entry.mark, entry.epoch) => {
                *stored = entry;
            }
            Some(_) => {}
            None => drop(self.0.insert(client_id.into(), entry)),
        }
    }

    fn forget(&mut self, client_id: &str) {
        self.0.remove(client_id);
    }

    fn set_floor(&mut self) {}
}
