//! Torn ends, holes and rot.

use std::fs;

use mqward::Advance;

use super::super::{ReplayError, ReplayStart};
use super::{NEXT_BOOT, Place, THIS_BOOT, at, len, mark};
use crate::ReplayStore;

#[test]
fn a_torn_end_costs_what_was_torn_and_nothing_else() {
    let (place, store) = Place::opened();
    let mut ends = Vec::new();
    for count in 0..4 {
        assert_eq!(
            store.advance("device-1", mark(1, 9, count), Some(at(10))),
            Advance::Advanced
        );
        ends.push(len(&store));
    }
    let bytes = fs::read(&place.path).unwrap();
    let first = ends[0];
    for cut in first..=ends[3] {
        fs::write(&place.path, &bytes).unwrap();
        let stopped = place.stopped();
        stopped.cut(cut);
        let whole = u32::try_from(ends.iter().filter(|end| **end <= cut).count()).unwrap() - 1;
        let after = stopped.open(11, THIS_BOOT).unwrap();
        assert_eq!(
            after.newest("device-1"),
            Ok(Some(mark(1, 9, whole))),
            "{cut}"
        );
        assert_eq!(
            after.advance("device-1", mark(1, 9, whole), Some(at(10))),
            Advance::Same
        );
        assert_eq!(
            after.advance("device-1", mark(1, 9, 7), Some(at(10))),
            Advance::Advanced
        );
        drop(after);
        let again = stopped.open(12, THIS_BOOT).unwrap();
        assert_eq!(again.start(), ReplayStart::InOrder);
        assert_eq!(again.newest("device-1"), Ok(Some(mark(1, 9, 7))));
        drop(again);
        fs::write(&place.path, &bytes).unwrap();
    }
}

#[test]
fn damage_where_all_was_durable_is_an_error_that_says_where() {
    let (place, store) = Place::opened();
    let before = len(&store);
    for count in 0..10 {
        assert_eq!(
            store.advance("device-1", mark(1, 9, count), Some(at(10))),
            Advance::Advanced
        );
    }
    assert!(
        store.maintain(at(10)).is_empty(),
        "all of that is durable now"
    );
    assert_eq!(
        store.advance("device-1", mark(1, 9, 11), Some(at(10))),
        Advance::Advanced
    );
    let bytes = fs::read(&place.path).unwrap();
    let end = len(&store);
    // As the process leaves both files that does not end in order.
    let lock = fs::read(place.beside(".lock")).unwrap();
    drop(store);
    let damage = |at: u64| {
        let mut damaged = bytes.clone();
        damaged[usize::try_from(at).unwrap()] ^= 1;
        fs::write(&place.path, damaged).unwrap();
        fs::write(place.beside(".lock"), &lock).unwrap();
    };
    for boot in [THIS_BOOT, NEXT_BOOT] {
        damage(before + 3);
        let error = place.open(20, boot).unwrap_err();
        assert!(
            matches!(error, ReplayError::Damaged { at, .. } if at == before),
            "{error}"
        );
    }
    damage(5);
    assert!(matches!(
        place.open(20, THIS_BOOT),
        Err(ReplayError::NoJournal { .. })
    ));
    // The last record was never said to be durable.
    damage(end - 1);
    assert_eq!(
        place.open(20, NEXT_BOOT).unwrap().start(),
        ReplayStart::PowerLost
    );
}

#[test]
fn blocks_that_never_reached_the_disk_leave_a_hole_not_an_end() {
    let (place, store) = Place::opened();
    let start = usize::try_from(len(&store)).unwrap();
    for count in 0..10 {
        assert_eq!(
            store.advance("device-1", mark(1, 9, count), Some(at(10))),
            Advance::Advanced
        );
    }
    let stopped = place.stopped();
    let mut bytes = fs::read(&stopped.path).unwrap();
    bytes[start + 40..start + 100].fill(0);
    fs::write(&stopped.path, &bytes).unwrap();
    let after = stopped.open(20, NEXT_BOOT).unwrap();
    assert_eq!(after.start(), ReplayStart::PowerLost);
    assert_eq!(
        after.newest("device-1"),
        Ok(Some(mark(1, 9, 9))),
        "what is behind it counts"
    );
    drop(after);
    let again = stopped.open(30, NEXT_BOOT).unwrap();
    assert_eq!(
        again.newest("device-1"),
        Ok(Some(mark(1, 9, 9))),
        "and still does"
    );
}

#[test]
fn wherever_a_byte_is_changed_no_used_password_passes() {
    let (place, store) = Place::opened();
    for count in 0..3 {
        let (timed, clockless) = (mark(1, 9, count), mark(1, 7, count));
        assert_eq!(
            store.advance("timed", timed, Some(at(10))),
            Advance::Advanced
        );
        assert_eq!(
            store.advance("clockless", clockless, None),
            Advance::Advanced
        );
        assert!(store.maintain(at(10)).is_empty());
    }
    drop(store);
    let bytes = fs::read(&place.path).unwrap();
    let lock = fs::read(place.beside(".lock")).unwrap();
    let original = place.beside(".original");
    fs::hard_link(&place.path, &original).unwrap();
    let mut errors = 0;
    for position in 0..bytes.len() {
        for boot in [THIS_BOOT, NEXT_BOOT] {
            let mut damaged = bytes.clone();
            damaged[position] ^= 0x41;
            // The same file of the file system, so that it is no copy.
            fs::remove_file(&place.path).unwrap();
            fs::hard_link(&original, &place.path).unwrap();
            fs::write(&place.path, &damaged).unwrap();
            fs::write(place.beside(".lock"), &lock).unwrap();
            match place.open(11, boot) {
                Err(error) => {
                    errors += 1;
                    assert!(!error.to_string().is_empty());
                    assert_eq!(fs::read(&place.path).unwrap(), damaged, "left as it is");
                }
                Ok(store) => {
                    for count in 0..3 {
                        assert_ne!(
                            store.advance("timed", mark(1, 9, count), Some(at(10))),
                            Advance::Advanced,
                            "{position}"
                        );
                        assert_ne!(
                            store.advance("clockless", mark(1, 7, count), None),
                            Advance::Advanced,
                            "{position}"
                        );
                    }
                }
            }
        }
    }
    // All but the last record, which says no more than that the run ended in order.
    assert!(
        errors > 2 * (bytes.len() - 12),
        "{errors} of {}",
        bytes.len()
    );
}

/// The system drops what it could not write, and reads back what was there before, in the same boot of the machine.
#[cfg(unix)]
#[test]
fn a_process_that_ends_after_a_failed_sync_was_not_just_killed() {
    let (place, store) = Place::opened();
    let stopped = place.stopped();
    assert_eq!(store.advance("b", mark(1, 9, 1), None), Advance::Advanced);
    let durable = len(&store);
    let used = (mark(1, 9, 1), Some(at(70)));
    assert_eq!(store.advance("a", used.0, used.1), Advance::Advanced);
    store.inner().journal.break_disk();
    assert!(!store.maintain(at(10)).is_empty());
    fs::copy(place.beside(".lock"), stopped.beside(".lock")).unwrap();
    drop(store);
    stopped.cut(durable);
    let after = stopped.open(20, THIS_BOOT).unwrap();
    assert_eq!(after.start(), ReplayStart::PowerLost);
    assert_eq!(after.advance("a", used.0, used.1), Advance::Unavailable);
    // Those without time were durable one by one, or were not accepted.
    assert_eq!(after.advance("b", mark(1, 9, 1), None), Advance::Same);
    assert_eq!(after.advance("b", mark(1, 9, 2), None), Advance::Advanced);
    // Nothing rests on what was read back: it is a new file.
    let id = |place: &Place| fs::read(&place.path).unwrap()[12..28].to_vec();
    assert_ne!(id(&stopped), id(&place));
    drop(after);
    let after = stopped.open(21, THIS_BOOT).unwrap();
    assert_eq!(after.start(), ReplayStart::InOrder);
    assert_eq!(after.not_before(), Some(at(80)));
}

#[cfg(unix)]
#[test]
fn an_end_that_cannot_be_synced_leaves_the_next_start_unsure() {
    let (place, store) = Place::opened();
    let used = (mark(1, 9, 1), Some(at(70)));
    assert_eq!(store.advance("a", used.0, used.1), Advance::Advanced);
    store.inner().journal.break_disk();
    drop(store);
    let after = place.open(20, THIS_BOOT).unwrap();
    assert_eq!(after.start(), ReplayStart::PowerLost);
}

#[cfg(unix)]
#[test]
fn a_start_that_cannot_be_synced_leaves_the_next_one_unsure() {
    let (place, store) = Place::opened();
    let stopped = place.stopped();
    let last_run = store.lock().last_run().unwrap();
    assert!(!last_run.is_unsure);
    store.inner().journal.break_disk();
    assert!(store.begin_run(false, last_run).is_err());
    let noted = store.lock().last_run().unwrap();
    assert!(noted.is_unsure);
    assert_eq!(noted.number, last_run.number, "of a run that has begun");
    fs::copy(place.beside(".lock"), stopped.beside(".lock")).unwrap();
    let after = stopped.open(20, THIS_BOOT).unwrap();
    assert_eq!(after.start(), ReplayStart::PowerLost);
}
