//! Windows that change between and within runs: a cold start counts with the largest that passwords were accepted in.

use std::fs;

use mqward::Advance;

use super::super::ReplayJournal;
use super::{NEXT_BOOT, Place, THIS_BOOT, at, fail_sync, mark};
use crate::{ReplayStore, StoreUnavailable};

#[test]
fn a_raised_window_outlives_the_power() {
    for written_anew in [false, true] {
        let (place, store) = Place::opened();
        assert_eq!(store.widen(600), Ok(()));
        assert_eq!(store.widen(30), Ok(()), "no window makes it smaller");
        if written_anew {
            store.compact().unwrap();
        }
        let stopped = place.stopped();
        let after = stopped.open(20, NEXT_BOOT).unwrap();
        assert_eq!(after.not_before(), Some(at(620)), "{written_anew}");
        assert_eq!(
            after.advance("a", mark(1, 9, 1), Some(at(620))),
            Advance::Unavailable
        );
        // What is missing from the end of that run is of its own window.
        let after = stopped.stopped().open(5_000, THIS_BOOT).unwrap();
        assert_eq!(after.not_before(), Some(at(5_060)), "{written_anew}");
    }
}

#[test]
fn a_window_that_is_raised_while_the_journal_is_written_anew_is_in_the_new_one() {
    let (place, store) = Place::opened();
    let (snapshot, old) = store.begin_snapshot().unwrap();
    assert_eq!(store.widen(600), Ok(()));
    let (snapshot, copied) = store.fill(snapshot, &old).unwrap();
    store.replace(snapshot, &old, copied).unwrap();
    // The lock file is told of what the new one says.
    store.advance("a", mark(1, 9, 1), Some(at(10)));
    assert!(store.maintain(at(10)).is_empty());
    let after = place.stopped().open(20, NEXT_BOOT).unwrap();
    assert_eq!(after.not_before(), Some(at(620)));
}

#[test]
fn a_window_that_cannot_be_kept_is_refused() {
    let (_place, store) = Place::opened();
    fail_sync(&store);
    assert_eq!(store.widen(600), Err(StoreUnavailable));
    assert_eq!(store.widen(60), Ok(()), "the one that it has");
    // Once the journal is certain again it can.
    assert!(
        store
            .maintain(at(10))
            .iter()
            .any(|line| line.contains("as if"))
    );
    assert_eq!(store.widen(600), Ok(()));
}

#[cfg(unix)]
#[test]
fn a_window_that_cannot_be_synced_leaves_the_next_start_unsure() {
    let (_place, store) = Place::opened();
    store.inner().journal.break_disk();
    assert_eq!(store.widen(600), Err(StoreUnavailable));
    assert!(store.lock().last_run().unwrap().is_unsure);
}

#[test]
fn a_store_that_was_lost_or_put_back_knows_the_last_window_too() {
    type Loss = fn(&Place, &[u8]);
    let cases: [(&str, Loss); 2] = [
        ("lost", |place, _| fs::remove_file(&place.path).unwrap()),
        ("put back", |place, old| {
            fs::write(&place.path, old).unwrap();
        }),
    ];
    for (name, lose) in cases {
        let (place, store) = Place::opened();
        drop(store);
        let old = fs::read(&place.path).unwrap();
        let store = place.open(11, THIS_BOOT).unwrap();
        assert_eq!(store.widen(600), Ok(()));
        assert!(store.maintain(at(20)).is_empty());
        drop(store);
        lose(&place, &old);
        let store = place.open(30, THIS_BOOT).unwrap();
        assert!(store.start().is_cold(), "{name}");
        assert!(store.not_before() >= Some(at(630)), "{name}");
    }
}

#[test]
fn what_is_declared_restored_counts_with_the_window_of_the_run_before() {
    let (place, store) = Place::opened();
    assert_eq!(store.widen(600), Ok(()));
    drop(store);
    // As the command does, with the window of the policy by now.
    let store = place.open(20, THIS_BOOT).unwrap();
    store.declare_restored(at(20), 60).unwrap();
    assert_eq!(store.not_before(), Some(at(620)));
}

/// Which is to say that it accepted nothing in any window; in use it may have, in the longest.
#[test]
fn a_store_that_was_just_made_holds_nobody_up_for_an_hour() {
    for (is_used, until) in [(false, 80), (true, 3_620)] {
        let place = Place::new();
        if is_used {
            fs::remove_file(&place.path).unwrap();
            let store = ReplayJournal::create(&place.path, at(5)).unwrap();
            store.advance("a", mark(1, 9, 1), Some(at(5)));
        }
        fs::remove_file(&place.path).unwrap();
        let store = place.open(20, THIS_BOOT).unwrap();
        assert_eq!(store.not_before(), Some(at(until)));
    }
}
