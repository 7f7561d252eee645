//! The journal written anew: from a file in several passes, with logins meanwhile, and after a sync that failed.

use core::sync::atomic::{AtomicU32, Ordering};
use core::time::Duration;
use std::collections::BTreeMap;
use std::fs;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::time::Instant;

use mqward::{Advance, Mark};

use super::super::{ReplayError, ReplayJournal, ReplayMark, ReplayStart};
use super::{NEXT_BOOT, Place, THIS_BOOT, assert_declared, at, declare, fail_sync, len, mark};
use crate::ReplayStore;

/// More than are in memory at a time.
const IDS: u32 = 3_000;

fn in_file(path: &Path) -> BTreeMap<String, Mark> {
    let marks = ReplayJournal::read_marks(path).unwrap();
    let marks = marks.into_iter();
    marks
        .map(|mark| (mark.client_id, mark.mark.unwrap()))
        .collect()
}

/// Logins of many devices, several each, in an order that no hash follows.
fn log_in(store: &ReplayJournal, counts: core::ops::Range<u32>) {
    for count in counts {
        for number in 0..IDS {
            let id = format!("device-{}", number * 7 % IDS);
            assert_eq!(
                store.advance(&id, mark(1, 9, count), Some(at(10))),
                Advance::Advanced
            );
        }
    }
}

/// What the system may do with what it could not write.
fn lose_unsynced(place: &Place, store: &ReplayJournal) {
    let inner = store.inner();
    let (from, to) = (inner.synced_len, inner.journal.len());
    assert!(from < to);
    let mut file = fs::OpenOptions::new()
        .write(true)
        .open(&place.path)
        .unwrap();
    file.seek(SeekFrom::Start(from)).unwrap();
    file.write_all(&vec![0; usize::try_from(to - from).unwrap()])
        .unwrap();
}

#[test]
fn one_record_per_id_stays_in_any_number_of_passes() {
    let (place, store) = Place::opened();
    log_in(&store, 0..3);
    for number in 0..100 {
        store.forget(&format!("device-{number}")).unwrap();
    }
    // Some of them come back, with lower marks.
    for number in 0..50 {
        let id = format!("device-{number}");
        assert_eq!(
            store.advance(&id, mark(1, 8, 1), Some(at(10))),
            Advance::Advanced
        );
    }
    let (before, len_before) = (in_file(&place.path), len(&store));
    assert_eq!(before.len(), 2_950);
    assert_eq!(store.len(), 2_950);
    store.compact().unwrap();
    assert_eq!(in_file(&place.path), before);
    assert!(len(&store) < len_before / 2);
    let short = len(&store);
    store.compact().unwrap();
    assert_eq!(len(&store), short, "nothing is left to leave out");
    drop(store);
    let store = place.open(11, THIS_BOOT).unwrap();
    assert_eq!(store.start(), ReplayStart::InOrder);
    assert_eq!(store.len(), 2_950);
    for (id, mark) in &before {
        assert_eq!(store.newest(id), Ok(Some(*mark)));
    }
    assert_eq!(store.newest("device-70"), Ok(None));
}

#[test]
fn logins_while_the_journal_is_written_anew_are_in_the_new_one() {
    let (place, store) = Place::opened();
    log_in(&store, 0..1);
    let rewritten = AtomicU32::new(0);
    let accepted = std::thread::scope(|scope| {
        let logins = scope.spawn(|| {
            let mut accepted = BTreeMap::new();
            // However slow the machine is.
            for count in (1..).take_while(|_| rewritten.load(Ordering::Relaxed) < 4) {
                for number in 0..IDS {
                    let id = format!("device-{number}");
                    // Some of them wait for the disk, which moves on what is durable.
                    let time = (number % 500 != 0).then_some(at(10));
                    assert_eq!(
                        store.advance(&id, mark(1, 9, count), time),
                        Advance::Advanced
                    );
                    accepted.insert(id, mark(1, 9, count));
                }
            }
            accepted
        });
        while !logins.is_finished() {
            store.compact().unwrap();
            rewritten.fetch_add(1, Ordering::Relaxed);
        }
        logins.join().unwrap()
    });
    assert_eq!(in_file(&place.path), accepted);
    let after = place.stopped().open(11, THIS_BOOT).unwrap();
    assert_eq!(after.start(), ReplayStart::Killed);
    for (id, mark) in accepted {
        assert_eq!(after.advance(&id, mark, Some(at(10))), Advance::Same);
    }
}

#[test]
fn who_is_killed_again_and_again_does_not_read_more_each_time() {
    const ID: &str = "device-0123456789ab-0123456789";
    let place = Place::new();
    let mut stopped = vec![place];
    for run in 0..4_u32 {
        let place = stopped.last().unwrap();
        let store = place.open(10, THIS_BOOT).unwrap();
        for count in 0..15_000 {
            let mark = mark(1, 9 + run, count);
            assert_eq!(store.advance(ID, mark, Some(at(10))), Advance::Advanced);
        }
        // Never a round of upkeep.
        assert!(len(&store) < 1_600_000, "{run}: {}", len(&store));
        let next = place.stopped();
        assert_eq!(in_file(&next.path)[ID], mark(1, 9 + run, 14_999));
        stopped.push(next);
        core::mem::forget(store);
    }
}

#[test]
fn two_at_a_time_do_not_meet() {
    let (place, store) = Place::opened();
    log_in(&store, 0..2);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| store.compact().unwrap());
        }
    });
    let marks = in_file(&place.path);
    assert_eq!(marks.len(), usize::try_from(IDS).unwrap());
    assert!(marks.values().all(|found| *found == mark(1, 9, 1)));
}

#[test]
fn after_a_failed_sync_nothing_rests_on_what_the_system_kept() {
    let (place, store) = Place::opened();
    log_in(&store, 0..1);
    assert!(store.maintain(at(10)).is_empty());
    assert!(
        store.inner().unsynced.len() < 32,
        "no more than when that was"
    );
    log_in(&store, 1..2);
    store.forget("device-5").unwrap();
    let before = in_file(&place.path);
    fail_sync(&store);
    lose_unsynced(&place, &store);
    assert_ne!(in_file(&place.path), before);
    let next = mark(1, 9, 2);
    assert_eq!(
        store.advance("device-1", next, Some(at(10))),
        Advance::Unavailable
    );
    assert!(store.declare_restored(at(10), 60).is_err());
    let notices = store.maintain(at(10));
    assert_eq!(notices.len(), 1, "{notices:?}");
    assert!(notices[0].contains("as if"), "{notices:?}");
    assert_eq!(in_file(&place.path), before);
    assert_eq!(
        store.advance("device-1", next, Some(at(10))),
        Advance::Advanced
    );
    let after = place.stopped().open(11, THIS_BOOT).unwrap();
    assert_eq!(after.newest("device-1"), Ok(Some(next)));
    assert_eq!(after.newest("device-2"), Ok(Some(mark(1, 9, 1))));
    assert_eq!(after.newest("device-5"), Ok(None));
}

#[test]
fn what_cannot_be_written_anew_is_not_written_again_each_second() {
    let (place, store) = Place::opened();
    log_in(&store, 0..1);
    fail_sync(&store);
    // In the way of the new file.
    fs::create_dir(place.beside(".new")).unwrap();
    let start = Instant::now();
    let after = |secs| start + Duration::from_secs(secs);
    let told = store.rewrite_if_due(start).unwrap();
    assert!(told.contains("could not be written anew"), "{told}");
    assert_eq!(store.rewrite_if_due(after(0)), None);
    assert_eq!(store.rewrite_if_due(after(1)), None, "the same again");
    fs::remove_dir(place.beside(".new")).unwrap();
    let next = mark(1, 9, 1);
    for early in [1, 2] {
        assert_eq!(store.rewrite_if_due(after(early)), None);
        assert_eq!(
            store.advance("device-1", next, Some(at(10))),
            Advance::Unavailable,
            "not written after {early}"
        );
    }
    let told = store.rewrite_if_due(after(3)).unwrap();
    assert!(told.contains("could be written anew"), "{told}");
    assert_eq!(
        store.advance("device-1", next, Some(at(10))),
        Advance::Advanced
    );
}

#[test]
fn a_sync_that_fails_in_the_midst_of_it_loses_nothing() {
    let (place, store) = Place::opened();
    log_in(&store, 0..1);
    let (snapshot, old) = store.begin_snapshot().unwrap();
    let (snapshot, copied) = store.fill(snapshot, &old).unwrap();
    log_in(&store, 1..2);
    let before = in_file(&place.path);
    fail_sync(&store);
    lose_unsynced(&place, &store);
    store.replace(snapshot, &old, copied).unwrap();
    assert_eq!(in_file(&place.path), before);
    assert_eq!(
        store.advance("device-1", mark(1, 9, 2), Some(at(10))),
        Advance::Advanced,
        "certain again"
    );
}

/// After the new file was begun with the floors of then, before it is known how much of the old one is copied.
#[test]
fn what_is_declared_at_its_very_start_stays_declared() {
    let (place, store) = Place::opened();
    log_in(&store, 0..1);
    let (snapshot, old) = store.begin_snapshot().unwrap();
    declare(&store);
    let (snapshot, copied) = store.fill(snapshot, &old).unwrap();
    store.replace(snapshot, &old, copied).unwrap();
    assert_declared(&place);
}

#[test]
fn what_is_damaged_in_the_old_file_is_not_left_out_in_silence() {
    let (place, store) = Place::opened();
    let start = len(&store);
    log_in(&store, 0..2);
    assert!(store.maintain(at(10)).is_empty());
    let mut bytes = fs::read(&place.path).unwrap();
    bytes[usize::try_from(start).unwrap() + 5] ^= 1;
    fs::write(&place.path, &bytes).unwrap();
    let error = store.compact().unwrap_err();
    assert!(
        error
            .to_string()
            .contains(&format!("damaged at byte {start}")),
        "{error}"
    );
    assert!(!place.beside(".new").exists());
    // The marks in memory hold on, and what comes is written as before.
    assert_eq!(
        store.advance("device-1", mark(1, 9, 1), Some(at(10))),
        Advance::Same
    );
    assert_eq!(
        store.advance("device-1", mark(1, 9, 2), Some(at(10))),
        Advance::Advanced
    );
    drop(store);
    assert!(matches!(
        place.open(11, NEXT_BOOT),
        Err(ReplayError::Damaged { at, .. }) if at == start
    ));
}

#[test]
fn a_file_that_is_written_anew_at_the_start_has_every_id() {
    type Damage = fn(&Place, u64);
    let cases: [(Damage, ReplayStart); 2] = [
        (
            |place, end| {
                // In the last round, none of which was durable: of one device a record of it is lost.
                let mut bytes = fs::read(&place.path).unwrap();
                let end = usize::try_from(end).unwrap();
                bytes[end - 4_000..end - 3_990].fill(0);
                fs::write(&place.path, bytes).unwrap();
            },
            ReplayStart::PowerLost,
        ),
        (
            |place, _| {
                let copy = place.beside(".copy");
                fs::copy(&place.path, &copy).unwrap();
                fs::rename(&copy, &place.path).unwrap();
            },
            ReplayStart::Copied,
        ),
    ];
    for (damage, start) in cases {
        let place = Place::new();
        let store = place.open(10, THIS_BOOT).unwrap();
        log_in(&store, 0..1);
        assert!(store.maintain(at(10)).is_empty());
        log_in(&store, 1..2);
        let stopped = place.stopped();
        damage(&stopped, len(&store));
        let expected = in_file(&stopped.path);
        let after = stopped.open(20, NEXT_BOOT).unwrap();
        assert_eq!(after.start(), start);
        assert_eq!(in_file(&stopped.path), expected);
        let newest = expected.values().filter(|found| **found == mark(1, 9, 1));
        let lost = usize::from(start == ReplayStart::PowerLost);
        assert!(newest.count() + 2 * lost >= 3_000);
        drop(after);
        let again = stopped.open(30, NEXT_BOOT).unwrap();
        assert_eq!(again.start(), ReplayStart::InOrder);
        for (id, mark) in expected {
            assert_eq!(again.newest(&id), Ok(Some(mark)), "{id}");
        }
    }
}

#[test]
fn who_was_let_out_of_a_cold_start_stays_so_in_a_new_file() {
    let place = Place::new();
    fs::remove_file(&place.path).unwrap();
    let store = place.open(10, THIS_BOOT).unwrap();
    let known = |id: &str, is_last| ReplayMark {
        client_id: id.to_owned(),
        mark: Some(mark(1, 9, 1)),
        is_last,
    };
    store
        .merge(&[known("let out", true), known("closed", false)])
        .unwrap();
    // A later mark of nobody's word changes neither.
    let later = |id: &str| ReplayMark {
        mark: Some(mark(1, 9, 2)),
        ..known(id, false)
    };
    store.merge(&[later("let out"), later("closed")]).unwrap();
    for _ in 0..2 {
        store.compact().unwrap();
    }
    drop(store);
    let store = place.open(20, THIS_BOOT).unwrap();
    let next = mark(1, 9, 3);
    assert_eq!(store.advance("let out", next, None), Advance::Advanced);
    assert_eq!(store.advance("closed", next, None), Advance::Unavailable);
    // The next one closes both.
    store.declare_restored(at(20), 60).unwrap();
    store.compact().unwrap();
    drop(store);
    let store = place.open(30, THIS_BOOT).unwrap();
    let next = mark(1, 9, 4);
    assert_eq!(store.advance("let out", next, None), Advance::Unavailable);
}
