//! The newest mark of every client id in at most 17 bytes each, whose ids it does not keep.

mod shard;
#[cfg(test)]
mod tests;

use core::hash::BuildHasher;
use std::collections::hash_map::RandomState;

use mqward::Mark;

use shard::{Entry, Shard, TAG_BITS};

/// How many shards there are, and how many bits of a key choose one: what grows at a time is this part of the table.
const SHARD_BITS: u32 = 64 - TAG_BITS;

/// A table of marks by a keyed hash of the client id.
///
/// Where a key falls and its tag are all 64 bits of SipHash-1-3 under a random key of this table. Two ids whose 64 bits
/// are equal share a slot, and both are judged by the higher mark: one of them may be refused until its counter has
/// passed the other's or the process starts anew, none is ever let in twice. Among a million devices two such ids exist
/// with probability 3e-8, among ten million with 3e-6, and nobody can look for them: the key is drawn at each start.
///
/// Marks only grow and none is removed, so a slot that two ids share stays right for both. Beside passwords, a connection
/// whose generation was taken back may stay until its next login where the other id is in a later one.
#[derive(Debug)]
pub(crate) struct ReplayTable {
    shards: Box<[Shard]>,
    keys: Keys,
}

/// What makes the keys of a table out of client ids: a copy of it does so without the table.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    hasher: RandomState,
    /// Fewer bits, so that ids do share slots.
    #[cfg(test)]
    mask: u64,
}

/// What the table knows a client id by.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(crate) struct Key(u64);

/// What was found for a client id.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Found {
    key: Key,
    /// Where it was: another entry may be there by now, and it elsewhere.
    place: Option<usize>,
    pub(crate) stored: Option<Stored>,
}

/// What is stored for a client id. The higher mark is the greater one, of equal ones the one from after the floor.
#[derive(Copy, Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Stored {
    /// The highest mark.
    pub(crate) mark: Mark,
    /// It is from after the last cold start that closed passwords without time too (spec §6.5).
    pub(crate) after_floor: bool,
}

impl Default for ReplayTable {
    fn default() -> Self {
        Self {
            shards: (0..1_u32 << SHARD_BITS).map(|_| Shard::default()).collect(),
            keys: Keys {
                hasher: RandomState::new(),
                #[cfg(test)]
                mask: u64::MAX,
            },
        }
    }
}

impl ReplayTable {
    /// An empty table in which ids share slots often: keys have this many bits.
    #[cfg(test)]
    pub(crate) fn with_key_bits(bits: u32) -> Self {
        // From the middle: some choose the shard, some the place in it.
        let mut table = Self::default();
        table.keys.mask = ((1 << bits) - 1) << (TAG_BITS - bits / 2);
        table
    }

    /// What a client id is looked up by.
    pub(crate) fn key(&self, client_id: &str) -> Key {
        self.keys.key(client_id)
    }

    pub(crate) fn keys(&self) -> &Keys {
        &self.keys
    }

    /// What is stored for a client id, or for one that shares its slot.
    pub(crate) fn find(&self, key: Key) -> Found {
        let (shard, tag) = key.split();
        let found = self.shards.get(shard).and_then(|shard| shard.get(tag));
        let (place, stored) = found.unzip();
        Found { key, place, stored }
    }

    /// Asks the memory for where a key is, and does not wait for it.
    pub(crate) fn prefetch(&self, key: Key) {
        let (shard, tag) = key.split();
        if let Some(shard) = self.shards.get(shard) {
            shard.prefetch(tag);
        }
    }

    /// Stores a mark unless a higher one is there. Of equal ones the later state is kept.
    pub(crate) fn raise(&mut self, found: Found, new: Stored) {
        let (shard, tag) = found.key.split();
        if let Some(shard) = self.shards.get_mut(shard) {
            shard.raise(Entry::new(tag, new), found.place);
        }
    }

    /// No mark is from after the last cold start any more: there is a new one.
    pub(crate) fn set_floor(&mut self) {
        for shard in &mut self.shards {
            shard.set_floor();
        }
    }

    /// How many slots are in use: one for each client id, but for those that share one.
    pub(crate) fn len(&self) -> usize {
        self.shards.iter().map(Shard::len).sum()
    }

    /// How much memory is allocated, in bytes, used or not.
    pub(crate) fn allocated(&self) -> usize {
        let own = size_of_val(&*self.shards);
        self.shards
            .iter()
            .fold(own, |sum, shard| sum + shard.allocated())
    }
}

impl Keys {
    /// As [`ReplayTable::key`].
    pub(crate) fn key(&self, client_id: &str) -> Key {
        let hash = self.hasher.hash_one(client_id);
        #[cfg(test)]
        let hash = hash & self.mask;
        Key(hash)
    }
}

impl Key {
    /// The shard and the tag in it.
    fn split(self) -> (usize, u64) {
        // Ten bits, which fit everywhere.
        let shard = usize::try_from(self.0 >> TAG_BITS).unwrap_or(0);
        (shard, self.0 & ((1 << TAG_BITS) - 1))
    }
}
