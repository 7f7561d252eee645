//! Client ids whose keys in memory are equal: refused too much, never too little, and told apart in the file.

use mqward::Advance;

use super::super::marks::Marks;
use super::super::{ReplayJournal, ReplayMark};
use super::{Place, THIS_BOOT, at, mark};
use crate::ReplayStore;

/// An empty store in which all ids share one slot.
fn sharing(place: &Place, secs: u32) -> ReplayJournal {
    let store = place.open(secs, THIS_BOOT).unwrap();
    store.inner().marks = Marks::with_key_bits(0);
    store
}

#[test]
fn the_higher_mark_judges_both_until_the_next_start() {
    let place = Place::new();
    let store = sharing(&place, 10);
    let time = Some(at(10));
    assert_eq!(store.advance("a", mark(1, 5, 0), time), Advance::Advanced);
    assert_eq!(store.advance("b", mark(1, 9, 0), time), Advance::Advanced);
    assert_eq!(store.advance("a", mark(1, 5, 0), time), Advance::Behind);
    assert_eq!(store.advance("a", mark(1, 5, 1), time), Advance::Behind);
    assert_eq!(store.advance("a", mark(1, 9, 0), time), Advance::Same);
    assert_eq!(store.len(), 1);
    // From the file, as from the file and memory.
    for synced in [false, true] {
        if synced {
            assert!(store.maintain(at(10)).is_empty());
        }
        store.compact().unwrap();
    }
    let known = ReplayMark {
        client_id: "c".to_owned(),
        mark: Some(mark(1, 7, 0)),
        is_last: true,
    };
    assert_eq!(store.merge(&[known]), Ok(0), "lower than the shared mark");
    drop(store);
    // Under another key each has its own again, that of the merge too.
    let store = place.open(11, THIS_BOOT).unwrap();
    for (id, own) in [
        ("a", mark(1, 5, 0)),
        ("b", mark(1, 9, 0)),
        ("c", mark(1, 7, 0)),
    ] {
        assert_eq!(store.newest(id), Ok(Some(own)), "{id}");
    }
}

#[test]
fn who_is_forgotten_takes_nobody_along() {
    let place = Place::new();
    let store = sharing(&place, 10);
    let time = Some(at(10));
    assert_eq!(store.advance("b", mark(1, 9, 0), time), Advance::Advanced);
    assert_eq!(store.advance("a", mark(1, 9, 1), time), Advance::Advanced);
    store.forget("a").unwrap();
    assert_eq!(store.newest("a"), Ok(None));
    assert_eq!(store.advance("b", mark(1, 9, 0), time), Advance::Behind);
    assert_eq!(store.advance("a", mark(1, 1, 0), time), Advance::Advanced);
    assert_eq!(store.advance("a", mark(1, 1, 0), time), Advance::Same);
    assert_eq!(store.advance("b", mark(1, 9, 2), time), Advance::Advanced);
    assert_eq!(store.newest("a"), Ok(Some(mark(1, 1, 0))));
    for written_anew in [false, true] {
        if written_anew {
            store.compact().unwrap();
        }
        let after = place.stopped().open(11, THIS_BOOT).unwrap();
        assert_eq!(after.newest("a"), Ok(Some(mark(1, 1, 0))));
        assert_eq!(after.newest("b"), Ok(Some(mark(1, 9, 2))));
        assert_eq!(after.len(), 2);
    }
}

#[test]
fn a_cold_start_stays_closed_to_times_before_it() {
    let place = Place::new();
    let store = sharing(&place, 10);
    // Used, and about to be forgotten.
    let used = (mark(1, 9, 9), Some(at(70)));
    store.declare_restored(at(20), 60).unwrap();
    let other = store.advance("b", mark(1, 8, 0), Some(at(81)));
    assert_eq!(other, Advance::Advanced);
    assert_eq!(store.advance("a", used.0, used.1), Advance::Unavailable);
    assert_eq!(
        store.advance("a", mark(1, 9, 10), Some(at(81))),
        Advance::Advanced
    );
}
