//! A part of the table: an array of slots with open addressing that is nearly full at every size.

use mqward::Mark;
use prefetch_index::prefetch_index;

use super::Stored;

/// How many bits tell the ids of a shard apart.
pub(super) const TAG_BITS: u32 = 54;
const TAG_MASK: u64 = (1 << TAG_BITS) - 1;
const AFTER_FLOOR: u64 = 1 << TAG_BITS;

/// What a slot holds, in registers.
#[derive(Copy, Clone, Debug)]
pub(super) struct Entry {
    /// A tag with one bit of state: 7 bytes.
    head: u64,
    /// No mark is 0, so that is an empty slot.
    mark: u64,
}

impl Entry {
    pub(super) fn new(tag: u64, stored: Stored) -> Self {
        let state = if stored.after_floor { AFTER_FLOOR } else { 0 };
        Self {
            head: tag & TAG_MASK | state,
            mark: stored.mark.get(),
        }
    }

    fn tag(self) -> u64 {
        self.head & TAG_MASK
    }

    /// `None` for an empty slot.
    fn stored(self) -> Option<Stored> {
        Some(Stored {
            mark: Mark::from_u64(self.mark)?,
            after_floor: self.head & AFTER_FLOOR != 0,
        })
    }
}

/// An entry in 15 bytes, which are always read and written as words of 8 that share one: a word of 7 would be made of single bytes.
#[derive(Copy, Clone, Debug)]
struct Slot([u8; 15]);

impl Slot {
    const HEAD_MASK: u64 = u64::MAX >> 8;

    /// With the highest tag, so that a search for any other ends there.
    const EMPTY: Self = {
        let mut slot = [0xff; 15];
        let mut byte = 7;
        while byte < slot.len() {
            slot[byte] = 0;
            byte += 1;
        }
        Self(slot)
    };

    fn entry(&self) -> Entry {
        Entry {
            head: self.head(),
            mark: self.mark(),
        }
    }

    /// Both words have the same byte where they meet.
    fn set(&mut self, entry: Entry) {
        let (front, back) = (entry.head | entry.mark << 56, entry.mark);
        self.0[..8].copy_from_slice(&front.to_le_bytes());
        self.0[7..].copy_from_slice(&back.to_le_bytes());
    }

    /// Tag and state.
    fn head(&self) -> u64 {
        let [front @ .., _, _, _, _, _, _, _] = self.0;
        u64::from_le_bytes(front) & Self::HEAD_MASK
    }

    fn tag(&self) -> u64 {
        self.head() & TAG_MASK
    }

    /// The mark as a number; 0 for an empty slot.
    fn mark(&self) -> u64 {
        let [_, _, _, _, _, _, _, mark @ ..] = self.0;
        u64::from_le_bytes(mark)
    }

    fn is_empty(&self) -> bool {
        self.mark() == 0
    }
}

/// Slots by linear probing in the order of Robin Hood: whoever is further from home has the place, and of those with one
/// home the lower tag comes first. So all stand in the order of their tags, around the end of the array, and a search
/// that fails ends early although few slots are empty.
#[derive(Debug, Default)]
pub(super) struct Shard {
    slots: Box<[Slot]>,
    len: usize,
}

/// Where a tag is, or where it would be inserted.
enum Place {
    At(usize),
    Missing(usize),
}

impl Shard {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn allocated(&self) -> usize {
        size_of_val(&*self.slots)
    }

    /// Asks the memory for the slots where a tag is, unless it is far from home.
    pub(super) fn prefetch(&self, tag: u64) {
        let home = home(tag, self.slots.len());
        // One of each line of 64 bytes or less.
        for ahead in [0, 4, 8, 12] {
            prefetch_index(&self.slots, home + ahead);
        }
    }

    /// Where a tag is, and what is stored there.
    pub(super) fn get(&self, tag: u64) -> Option<(usize, Stored)> {
        match self.find(tag)? {
            Place::At(index) => Some((index, self.slots.get(index)?.entry().stored()?)),
            Place::Missing(_) => None,
        }
    }

    /// Stores an entry, or raises the one with its tag, which may have been at `place` before.
    pub(super) fn raise(&mut self, new: Entry, place: Option<usize>) {
        let is_there = |index: &usize| {
            let slot = self.slots.get(*index);
            slot.is_some_and(|slot| slot.tag() == new.tag() && !slot.is_empty())
        };
        let place = place
            .filter(is_there)
            .or_else(|| match self.find(new.tag()) {
                Some(Place::At(index)) => Some(index),
                _ => None,
            });
        if let Some(slot) = place.and_then(|index| self.slots.get_mut(index)) {
            let old = slot.entry();
            match new.mark.cmp(&old.mark) {
                core::cmp::Ordering::Less => {}
                core::cmp::Ordering::Equal => slot.set(Entry {
                    head: old.head | new.head,
                    ..old
                }),
                core::cmp::Ordering::Greater => slot.set(new),
            }
            return;
        }
        if !fits(self.len + 1, self.slots.len()) {
            self.grow();
        }
        self.insert(new);
    }

    pub(super) fn set_floor(&mut self) {
        for slot in &mut self.slots {
            slot.set(Entry {
                head: slot.tag(),
                mark: slot.mark(),
            });
        }
    }

    /// `None` where there is no slot at all.
    fn find(&self, tag: u64) -> Option<Place> {
        let len = self.slots.len();
        let home_of_tag = home(tag, len);
        // From its home on there are lower tags, then itself, then higher ones, but for those from around the end.
        let behind = self.slots.get(home_of_tag..)?;
        if let Some(ahead) = behind.iter().position(|slot| slot.tag() >= tag) {
            let index = home_of_tag + ahead;
            let slot = self.slots.get(index)?;
            if slot.is_empty() {
                return Some(Place::Missing(index));
            }
            if slot.tag() == tag {
                return Some(Place::At(index));
            }
            if home(slot.tag(), len) <= index {
                return Some(Place::Missing(index));
            }
        }
        self.find_around_the_end(tag)
    }

    /// As [`find`](Self::find), by how far everybody is from home.
    fn find_around_the_end(&self, tag: u64) -> Option<Place> {
        let len = self.slots.len();
        let mut index = home(tag, len);
        for distance in 0..len {
            let slot = self.slots.get(index)?;
            if slot.is_empty() {
                return Some(Place::Missing(index));
            }
            let there = slot.tag();
            if there == tag {
                return Some(Place::At(index));
            }
            let home = home(there, len);
            let its_distance = if index >= home {
                index - home
            } else {
                index + len - home
            };
            if its_distance < distance || (its_distance == distance && there > tag) {
                return Some(Place::Missing(index));
            }
            index += 1;
            if index == len {
                index = 0;
            }
        }
        // Never full, so never reached with slots.
        None
    }

    /// Puts in a slot whose tag is not there, and moves on by one what stands from its place to the next empty slot.
    fn insert(&mut self, new: Entry) {
        let Some(Place::Missing(index)) = self.find(new.tag()) else {
            return;
        };
        let last = self.slots.len().saturating_sub(1);
        let is_empty = Slot::is_empty;
        let (before, behind) = self.slots.split_at(index);
        if let Some(run) = behind.iter().position(is_empty) {
            self.slots.copy_within(index..index + run, index + 1);
        } else if let (Some(run), Some(end)) = (
            before.iter().position(is_empty),
            self.slots.get(last).copied(),
        ) {
            // Around the end.
            self.slots.copy_within(..run, 1);
            self.slots.copy_within(index..last, index + 1);
            if let Some(first) = self.slots.first_mut() {
                *first = end;
            }
        } else {
            // Never: there is an empty one.
            return;
        }
        if let Some(slot) = self.slots.get_mut(index) {
            slot.set(new);
            self.len += 1;
        }
    }

    /// By a thirty-second: each insertion pays for about thirty moves, and no size leaves more than a tenth empty.
    fn grow(&mut self) {
        let mut len = self.slots.len();
        while !fits(self.len + 1, len) {
            len += len / 32 + 1;
        }
        let old = core::mem::replace(&mut self.slots, vec![Slot::EMPTY; len].into_boxed_slice());
        self.len = 0;
        // Behind an empty slot nobody is away from home for the sake of those before it.
        let start = old.iter().position(Slot::is_empty).unwrap_or(0);
        let (tail, head) = old.split_at(start);
        let entries = head.iter().chain(tail).filter(|slot| !slot.is_empty());
        // Places are counted on where the order goes around the end.
        let (mut around, mut last_tag, mut next, mut end) = (0, 0, 0, usize::MAX);
        for slot in entries {
            let tag = slot.tag();
            if tag < last_tag {
                around = len;
            }
            last_tag = tag;
            let place = (home(tag, len) + around).max(next);
            if place >= end {
                self.insert(slot.entry());
                continue;
            }
            if end == usize::MAX {
                end = place + len;
            }
            next = place + 1;
            let index = if place < len { place } else { place - len };
            if let Some(free) = self.slots.get_mut(index) {
                *free = *slot;
                self.len += 1;
            }
        }
    }
}

/// Whether so many entries leave every sixteenth slot empty, and one at least.
const fn fits(entries: usize, slots: usize) -> bool {
    entries + slots / 16 < slots
}

/// Where a tag wants to be among `len` slots: in the order of tags.
fn home(tag: u64, len: usize) -> usize {
    // 32 bits of the tag times a length below 2^32.
    let scaled = (tag >> (TAG_BITS - 32)).wrapping_mul(len as u64) >> 32;
    usize::try_from(scaled).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_gives_back_what_it_was_set_to() {
        let ones = |bits: u32| (0..bits).map(|bit| 1 << bit);
        let heads = ones(TAG_BITS + 1).chain([0, TAG_MASK, AFTER_FLOOR | TAG_MASK]);
        let marks = ones(u64::BITS).chain([0x0123_4567_89ab_cdef, u64::MAX]);
        let mut slot = Slot::EMPTY;
        for head in heads {
            for mark in marks.clone() {
                slot.set(Entry { head, mark });
                assert_eq!((slot.head(), slot.mark()), (head, mark));
                assert_eq!(slot.tag(), head & TAG_MASK);
                assert!(!slot.is_empty());
            }
        }
    }

    #[test]
    fn an_empty_slot_has_the_highest_tag_and_no_mark() {
        assert_eq!((Slot::EMPTY.tag(), Slot::EMPTY.mark()), (TAG_MASK, 0));
        assert!(Slot::EMPTY.is_empty());
        assert!(Slot::EMPTY.entry().stored().is_none());
    }
}
