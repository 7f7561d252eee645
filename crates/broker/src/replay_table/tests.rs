//! The table against a memory of everything, and its size.

use std::collections::HashMap;

use mqward::{Advance, Mark};

use super::{Found, Key, ReplayTable, Stored};

/// xorshift64.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

/// The higher the number, the higher the mark, and all its bytes differ.
fn mark(number: u64) -> Mark {
    let count = number.wrapping_mul(0x9e_3779) & 0xff_ffff;
    Mark::from_u64((1 << 56) | ((number + 1) << 24) | count).unwrap()
}

/// Raises marks of random ids at random, and compares each answer with two memories: one by id, which must never be
/// betrayed, and one by key, which must be met exactly.
fn against_a_memory_of_everything(mut table: ReplayTable, ids: u64, steps: u32) -> usize {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut by_id: HashMap<u64, Mark> = HashMap::new();
    let mut by_key: HashMap<u64, Stored> = HashMap::new();
    let mut found_first: HashMap<u64, Found> = HashMap::new();
    let mut refused_too_much = 0;
    for step in 0..steps {
        let id = random.below(ids);
        let key = table.key(&format!("device-{id}"));
        let new = Stored {
            mark: mark(random.below(1_000)),
            after_floor: random.below(2) == 0,
        };
        table.prefetch(key);
        let found = table.find(key);
        let stored = found.stored;
        assert_eq!(stored, by_key.get(&key.0).copied(), "step {step}");
        let advance = new.mark.compare(stored.map(|stored| stored.mark));
        if let Some(used) = by_id.get(&id) {
            assert!(
                advance != Advance::Advanced || new.mark > *used,
                "step {step}: a mark that {id} has used is taken for new"
            );
        }
        refused_too_much += usize::from(
            advance != Advance::Advanced && by_id.get(&id).is_none_or(|used| new.mark > *used),
        );
        // A place that was found long ago is as good, though others moved.
        let long_ago = *found_first.entry(key.0).or_insert(found);
        table.raise(
            if random.below(2) == 0 {
                found
            } else {
                long_ago
            },
            new,
        );
        let used = by_id.entry(id).or_insert(new.mark);
        *used = new.mark.max(*used);
        let expected = by_key.entry(key.0).or_insert(new);
        match new.mark.cmp(&expected.mark) {
            core::cmp::Ordering::Less => {}
            core::cmp::Ordering::Equal => expected.after_floor |= new.after_floor,
            core::cmp::Ordering::Greater => *expected = new,
        }
        if random.below(u64::from(steps) / 5) == 0 {
            table.set_floor();
            for stored in by_key.values_mut() {
                stored.after_floor = false;
            }
        }
    }
    assert_eq!(table.len(), by_key.len());
    for (key, expected) in by_key {
        assert_eq!(table.find(Key(key)).stored, Some(expected));
    }
    refused_too_much
}

#[test]
fn it_answers_as_a_memory_of_everything() {
    for ids in [1, 2, 3, 20, 500, 60_000] {
        let refused = against_a_memory_of_everything(ReplayTable::default(), ids, 100_000);
        assert_eq!(refused, 0, "{ids}: no two of so few ids share a slot");
    }
}

#[test]
fn ids_that_share_a_slot_are_refused_too_much_and_never_too_little() {
    for bits in [0, 1, 4, 8, 12, 16, 20] {
        let table = ReplayTable::with_key_bits(bits);
        let refused = against_a_memory_of_everything(table, 20_000, 100_000);
        assert!(
            refused > 0,
            "with {bits} bits some of 20 000 ids share slots"
        );
    }
}

#[test]
fn a_shard_takes_whatever_falls_into_it() {
    // Keys of one shard with homes close together, at its beginning and across its end.
    let mut table = ReplayTable::default();
    let mut keys = Vec::new();
    for number in 0..700_u64 {
        keys.push(Key(number << 30));
        keys.push(Key((1 << super::TAG_BITS) - 1 - (number << 20)));
    }
    for (number, key) in (0..).zip(&keys) {
        let new = Stored {
            mark: mark(number),
            after_floor: false,
        };
        let found = table.find(*key);
        assert_eq!(found.stored, None);
        table.raise(found, new);
    }
    for (number, key) in (0..).zip(&keys) {
        let found = table.find(*key).stored.unwrap();
        assert_eq!(found.mark, mark(number));
    }
    assert_eq!(table.len(), keys.len());
}

#[test]
fn a_device_takes_at_most_17_bytes_at_every_size() {
    let mut table = ReplayTable::default();
    let mut most = 0.0_f64;
    // What a keyed hash gives: any 64 bits.
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    for number in 0..2_000_000_u32 {
        let key = Key(random.below(u64::MAX));
        let new = Stored {
            mark: mark(u64::from(number)),
            after_floor: true,
        };
        table.raise(table.find(key), new);
        let devices = number + 1;
        if devices >= 100_000 && devices % 10_000 == 0 {
            assert!(
                table.allocated() <= 17 * table.len(),
                "{devices}: {}",
                table.allocated()
            );
            let bytes = u32::try_from(table.allocated()).unwrap();
            most = most.max(f64::from(bytes) / f64::from(devices));
        }
    }
    assert_eq!(table.len(), 2_000_000);
    println!("at most {most:.2} bytes per device");
}
