//! The journal through stops of every kind, on files as they would lie there.

mod damage;
mod first_version;
mod merge;
mod rewrite;
mod shared_slots;
mod windows;

use std::fs;
use std::io;
use std::path::PathBuf;

use mqward::{Advance, Generation, Mark, UnixTime};
use tempfile::TempDir;

use super::{ReplayError, ReplayJournal, ReplayMark, ReplayStart};
use crate::journal::RESERVE_LEN;
use crate::{ColdStart, ReplayStore};

const START: u32 = 1_767_225_600;
const THIS_BOOT: Option<[u8; 16]> = Some([1; 16]);
const NEXT_BOOT: Option<[u8; 16]> = Some([2; 16]);

fn at(secs: u32) -> UnixTime {
    UnixTime::from_secs(u64::from(START + secs)).unwrap()
}

fn mark(generation: u8, boot: u32, count: u32) -> Mark {
    Mark::new(Generation::new(generation).unwrap(), boot, count).unwrap()
}

struct Place {
    _folder: TempDir,
    path: PathBuf,
}

impl Place {
    /// A folder in which a journal was made by a machine in its first boot, and closed.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("replay.journal");
        drop(ReplayJournal::create(&path, at(0)).unwrap());
        Self {
            _folder: folder,
            path,
        }
    }

    /// The same, and opened in that boot.
    fn opened() -> (Self, ReplayJournal) {
        let place = Self::new();
        let store = place.open(10, THIS_BOOT).unwrap();
        (place, store)
    }

    fn open(&self, secs: u32, boot: Option<[u8; 16]>) -> Result<ReplayJournal, ReplayError> {
        let cold_start = ColdStart::Strict {
            start: at(secs),
            window_secs: 60,
        };
        ReplayJournal::open_in_boot(&self.path, cold_start, at(secs), boot)
    }

    fn beside(&self, suffix: &str) -> PathBuf {
        super::start::beside(&self.path, suffix)
    }

    /// The files as a process that stops right now leaves them, in a folder where nobody has them open.
    fn stopped(&self) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("replay.journal");
        let stopped = Self {
            _folder: folder,
            path,
        };
        // Hard links keep the inode, which a copy would not.
        fs::hard_link(&self.path, &stopped.path).unwrap();
        fs::copy(self.beside(".lock"), stopped.beside(".lock")).unwrap();
        stopped
    }

    fn cut(&self, len: u64) {
        let file = fs::OpenOptions::new().write(true).open(&self.path).unwrap();
        file.set_len(len).unwrap();
    }
}

/// Where the last record ends.
fn len(store: &ReplayJournal) -> u64 {
    store.inner().journal.len()
}

fn is_durable(store: &ReplayJournal) -> bool {
    let inner = store.inner();
    inner.synced_len == inner.journal.len()
}

fn fail_sync(store: &ReplayJournal) {
    store.inner().give_up(&io::Error::other("as if"));
}

fn declare(store: &ReplayJournal) {
    store.declare_restored(at(1_000), 60).unwrap();
}

/// That what was declared holds after the process was killed.
fn assert_declared(place: &Place) {
    let after = place.stopped().open(11, THIS_BOOT).unwrap();
    assert_eq!(after.not_before(), Some(at(1_060)));
    assert_eq!(
        after.advance("device-1", mark(1, 9, 2), Some(at(1_000))),
        Advance::Unavailable
    );
}

#[test]
fn what_was_closed_in_order_is_warm() {
    let (place, store) = Place::opened();
    assert_eq!(store.start(), ReplayStart::InOrder);
    assert_eq!(
        store.advance("a", mark(1, 9, 1), Some(at(10))),
        Advance::Advanced
    );
    assert_eq!(store.advance("b", mark(1, 9, 1), None), Advance::Advanced);
    drop(store);
    let store = place.open(11, NEXT_BOOT).unwrap();
    assert_eq!(store.start(), ReplayStart::InOrder);
    assert_eq!(store.not_before(), None);
    assert_eq!(
        store.advance("a", mark(1, 9, 1), Some(at(10))),
        Advance::Same
    );
    assert_eq!(
        store.advance("a", mark(1, 9, 2), Some(at(11))),
        Advance::Advanced
    );
    assert_eq!(store.advance("b", mark(1, 9, 0), None), Advance::Behind);
    assert_eq!(store.advance("b", mark(1, 9, 2), None), Advance::Advanced);
    assert_eq!(store.advance("c", mark(1, 9, 2), None), Advance::Advanced);
}

#[test]
fn killed_in_the_same_boot_nothing_is_forgotten_nor_cold() {
    let (place, store) = Place::opened();
    assert_eq!(
        store.advance("a", mark(1, 9, 1), Some(at(10))),
        Advance::Advanced
    );
    let stopped = place.stopped();
    let after = stopped.open(11, THIS_BOOT).unwrap();
    assert_eq!(after.start(), ReplayStart::Killed);
    assert_eq!(
        after.advance("a", mark(1, 9, 1), Some(at(10))),
        Advance::Same
    );
    assert_eq!(
        after.advance("a", mark(1, 9, 2), Some(at(10))),
        Advance::Advanced
    );
    assert_eq!(after.advance("b", mark(1, 9, 2), None), Advance::Advanced);
}

#[test]
fn after_a_power_failure_timed_passwords_wait_and_marks_hold_for_the_others() {
    let (place, store) = Place::opened();
    assert_eq!(
        store.advance("a", mark(1, 9, 1), Some(at(10))),
        Advance::Advanced
    );
    assert_eq!(
        store.advance("clockless", mark(1, 9, 1), None),
        Advance::Advanced
    );
    let durable = len(&store);
    // This one was accepted, and did not reach the disk.
    assert_eq!(
        store.advance("a", mark(1, 9, 5), Some(at(70))),
        Advance::Advanced
    );
    let stopped = place.stopped();
    stopped.cut(durable);
    let after = stopped.open(20, NEXT_BOOT).unwrap();
    assert_eq!(after.start(), ReplayStart::PowerLost);
    assert_eq!(after.not_before(), Some(at(80)));
    assert_eq!(
        after.advance("a", mark(1, 9, 5), Some(at(70))),
        Advance::Unavailable
    );
    assert_eq!(
        after.advance("a", mark(1, 9, 1), Some(at(81))),
        Advance::Same
    );
    assert_eq!(
        after.advance("a", mark(1, 9, 6), Some(at(80))),
        Advance::Unavailable
    );
    assert_eq!(
        after.advance("a", mark(1, 9, 7), Some(at(81))),
        Advance::Advanced
    );
    assert_eq!(
        after.advance("a", mark(1, 9, 8), Some(at(60))),
        Advance::Unavailable,
        "no such time, whatever is known of the device"
    );
    assert_eq!(
        after.advance("clockless", mark(1, 9, 1), None),
        Advance::Same
    );
    assert_eq!(
        after.advance("clockless", mark(1, 9, 2), None),
        Advance::Advanced
    );
    assert_eq!(
        after.advance("never seen", mark(1, 9, 2), None),
        Advance::Advanced
    );
    drop(after);
    // Closed in order before the window was over: still cold for whom it was.
    let again = stopped.open(30, NEXT_BOOT).unwrap();
    assert_eq!(again.start(), ReplayStart::InOrder);
    assert_eq!(
        again.advance("b", mark(1, 9, 1), Some(at(70))),
        Advance::Unavailable
    );
    assert_eq!(
        again.advance("a", mark(1, 9, 9), Some(at(62))),
        Advance::Unavailable
    );
    assert_eq!(
        again.advance("a", mark(1, 9, 9), Some(at(81))),
        Advance::Advanced
    );
}

#[test]
fn a_clock_that_lost_time_with_the_power_opens_nothing_early() {
    let (place, store) = Place::opened();
    assert_eq!(
        store.advance("a", mark(1, 9, 1), Some(at(5_000))),
        Advance::Advanced
    );
    assert!(store.maintain(at(5_000)).is_empty());
    let after = place.stopped().open(100, NEXT_BOOT).unwrap();
    assert_eq!(after.not_before(), Some(at(5_065)));
    // A journal that was just written anew knows as much.
    store.compact().unwrap();
    let after = place.stopped().open(100, NEXT_BOOT).unwrap();
    assert_eq!(after.not_before(), Some(at(5_065)));
}

/// What a clock that lost time leaves open is durable at once: later than the last time that is known, and the window.
#[test]
fn a_login_after_a_long_silence_is_durable() {
    let (place, store) = Place::opened();
    let log_in = |id: &str, secs| {
        let time = Some(at(secs));
        assert_eq!(store.advance(id, mark(1, 9, 1), time), Advance::Advanced);
        is_durable(&store)
    };
    assert!(!log_in("a", 75), "up to 10, five seconds between syncs, 60");
    assert!(log_in("b", 76));
    // One waits for all of the same seconds.
    assert!(!log_in("c", 80));
    assert!(log_in("d", 3_600));
    let stopped = place.stopped();
    let durable = len(&store);
    for (id, secs) in [("e", 3_580), ("f", 3_605)] {
        assert!(!log_in(id, secs));
    }
    stopped.cut(durable);
    let after = stopped.open(100, NEXT_BOOT).unwrap();
    for (id, secs, answer) in [
        ("b", 76, Advance::Same),
        ("d", 3_600, Advance::Same),
        ("e", 3_580, Advance::Unavailable),
        ("f", 3_605, Advance::Unavailable),
    ] {
        assert_eq!(
            after.advance(id, mark(1, 9, 1), Some(at(secs))),
            answer,
            "{id}"
        );
    }
}

#[test]
fn a_time_that_was_noted_counts_once_it_is_durable_itself() {
    let (_place, store) = Place::opened();
    let log_in = |id: &str, secs| {
        let time = Some(at(secs));
        assert_eq!(store.advance(id, mark(1, 9, 1), time), Advance::Advanced);
        is_durable(&store)
    };
    assert!(!log_in("a", 70));
    assert!(store.maintain(at(70)).is_empty());
    assert!(log_in("b", 100), "the note is not, by then");
    assert!(!log_in("c", 135), "and now is");
    assert!(log_in("d", 136));
    // In a new file it is as soon as that is in place.
    assert!(store.maintain(at(150)).is_empty());
    store.compact().unwrap();
    assert!(!log_in("e", 215));
    assert!(log_in("f", 216));
}

#[test]
fn the_first_login_of_a_generation_is_durable() {
    let (_place, store) = Place::opened();
    assert_eq!(
        store.advance("a", mark(1, 9, 1), Some(at(10))),
        Advance::Advanced
    );
    assert!(!is_durable(&store));
    assert_eq!(
        store.advance("a", mark(2, 9, 0), Some(at(11))),
        Advance::Advanced
    );
    assert!(is_durable(&store));
    assert_eq!(
        store.advance("a", mark(2, 9, 1), Some(at(11))),
        Advance::Advanced
    );
    assert!(!is_durable(&store));
}

#[test]
fn a_store_that_is_gone_restored_or_copied_closes_those_without_time_too() {
    type Damage = fn(&Place, &[u8]);
    let cases: [(&str, Damage); 4] = [
        ("gone", |place, _| fs::remove_file(&place.path).unwrap()),
        ("older", |place, old| fs::write(&place.path, old).unwrap()),
        ("copied", |place, _| {
            // Made while the original is there, so that it cannot get its number.
            let copy = place.beside(".copy");
            fs::copy(&place.path, &copy).unwrap();
            fs::rename(&copy, &place.path).unwrap();
        }),
        ("without lock file", |place, _| {
            fs::remove_file(place.beside(".lock")).unwrap();
        }),
    ];
    for (name, damage) in cases {
        let place = Place::new();
        let old = fs::read(&place.path).unwrap();
        let store = place.open(10, THIS_BOOT).unwrap();
        assert_eq!(
            store.advance("clockless", mark(1, 9, 1), None),
            Advance::Advanced
        );
        drop(store);
        damage(&place, &old);
        let store = place.open(20, THIS_BOOT).unwrap();
        assert!(store.start().is_cold(), "{name}: {:?}", store.start());
        assert_eq!(
            store.not_before(),
            Some(at(80)).max(store.not_before()),
            "{name}"
        );
        for (id, passed) in [
            ("clockless", Advance::Unavailable),
            ("other", Advance::Unavailable),
        ] {
            assert_eq!(store.advance(id, mark(1, 9, 5), None), passed, "{name}");
        }
        let known = ReplayMark {
            client_id: "clockless".to_owned(),
            mark: Some(mark(1, 9, 3)),
            is_last: true,
        };
        assert_eq!(store.merge(&[known]), Ok(1), "{name}");
        assert_eq!(
            store.advance("clockless", mark(1, 9, 3), None),
            Advance::Same,
            "{name}"
        );
        assert_eq!(
            store.advance("clockless", mark(1, 9, 5), None),
            Advance::Advanced,
            "{name}"
        );
        assert_eq!(
            store.advance("timed", mark(1, 9, 5), Some(at(60))),
            Advance::Unavailable,
            "{name}"
        );
        let after = store.not_before().unwrap().get() + 1 - START;
        assert_eq!(
            store.advance("timed", mark(1, 9, 5), Some(at(after))),
            Advance::Advanced,
            "{name}"
        );
        drop(store);
        let store = place.open(30, THIS_BOOT).unwrap();
        assert_eq!(store.start(), ReplayStart::InOrder, "{name}");
        assert_eq!(
            store.advance("clockless", mark(1, 9, 6), None),
            Advance::Advanced,
            "{name}"
        );
        assert_eq!(
            store.advance("other", mark(1, 9, 6), None),
            Advance::Unavailable,
            "{name}"
        );
    }
}

#[test]
fn cold_start_open_forgets_in_peace() {
    let place = Place::new();
    fs::remove_file(&place.path).unwrap();
    let store = ReplayJournal::open(&place.path, ColdStart::Open, at(5)).unwrap();
    assert_eq!(store.advance("a", mark(1, 9, 5), None), Advance::Advanced);
}

#[test]
fn one_process_at_a_time() {
    let (place, store) = Place::opened();
    assert!(matches!(
        place.open(10, THIS_BOOT),
        Err(ReplayError::InUse { .. })
    ));
    assert!(matches!(
        ReplayJournal::create(&place.path, at(10)),
        Err(ReplayError::InUse { .. })
    ));
    drop(store);
    assert!(
        ReplayJournal::create(&place.path, at(10)).is_err(),
        "never over an old one"
    );
    assert!(place.open(10, THIS_BOOT).is_ok());
}

#[test]
fn a_journal_is_written_anew_before_it_grows_without_end() {
    let (place, store) = Place::opened();
    let mut longest = 0;
    for count in 0..120_000 {
        let id = ["a", "b", "c"][usize::try_from(count % 3).unwrap()];
        assert_eq!(
            store.advance(id, mark(1, 9, count), Some(at(10))),
            Advance::Advanced
        );
        if count % 1_000 == 0 {
            longest = longest.max(len(&store));
            assert!(store.maintain(at(10)).is_empty());
        }
    }
    assert!(longest < 1_200_000, "{longest}");
    assert!(fs::metadata(&place.path).unwrap().len() < longest + 2 * RESERVE_LEN);
    let after = place.stopped().open(11, THIS_BOOT).unwrap();
    assert_eq!(after.start(), ReplayStart::Killed);
    assert_eq!(after.newest("c"), Ok(Some(mark(1, 9, 119_999))));
    assert_eq!(after.newest("b"), Ok(Some(mark(1, 9, 119_998))));
}

#[test]
fn what_is_declared_while_the_journal_is_written_anew_stays_declared() {
    let (place, store) = Place::opened();
    let marks = (0..20_000).map(|number| ReplayMark {
        client_id: format!("device-{number}"),
        mark: Some(mark(1, 9, 1)),
        is_last: true,
    });
    store.merge(&marks.collect::<Vec<_>>()).unwrap();
    std::thread::scope(|scope| {
        let rewritten = scope.spawn(|| store.compact());
        // Best in the middle of it; passed over, the test says less.
        while !place.beside(".new").exists() && !rewritten.is_finished() {
            core::hint::spin_loop();
        }
        declare(&store);
        rewritten.join().unwrap().unwrap();
    });
    assert_declared(&place);
}

#[test]
fn an_older_state_of_the_same_file_is_not_taken_for_the_last_one() {
    let (place, store) = Place::opened();
    assert_eq!(store.advance("a", mark(1, 9, 1), None), Advance::Advanced);
    let backup = fs::read(&place.path).unwrap();
    assert_eq!(store.advance("a", mark(1, 9, 2), None), Advance::Advanced);
    assert!(store.maintain(at(20)).is_empty());
    let stopped = place.stopped();
    // As `cp` does over a file that is there: the same inode, and the same run.
    fs::write(&stopped.path, backup).unwrap();
    let after = stopped.open(30, THIS_BOOT).unwrap();
    assert_eq!(after.start(), ReplayStart::Restored);
    assert_eq!(
        after.advance("a", mark(1, 9, 2), None),
        Advance::Unavailable
    );
}

#[test]
fn a_state_from_before_the_end_in_order_is_not_taken_for_the_end() {
    let (place, store) = Place::opened();
    let backup = fs::read(&place.path).unwrap();
    // Since the last look at what is durable.
    assert_eq!(store.advance("a", mark(1, 9, 2), None), Advance::Advanced);
    drop(store);
    fs::write(&place.path, backup).unwrap();
    let after = place.open(30, THIS_BOOT).unwrap();
    assert_eq!(after.start(), ReplayStart::Restored);
    assert_eq!(
        after.advance("a", mark(1, 9, 2), None),
        Advance::Unavailable
    );
}

/// File systems give the number of a file that is gone to the next one, so that a journal which is written anew twice may have
/// the number of the first again.
#[test]
fn a_journal_that_was_written_anew_since_is_not_taken_for_the_last_one() {
    let (place, store) = Place::opened();
    assert_eq!(store.advance("a", mark(1, 9, 1), None), Advance::Advanced);
    assert!(store.maintain(at(10)).is_empty());
    let old = place.stopped();
    store.compact().unwrap();
    assert_eq!(store.advance("a", mark(1, 9, 2), None), Advance::Advanced);
    let new = place.stopped();
    fs::copy(new.beside(".lock"), old.beside(".lock")).unwrap();
    let after = old.open(30, THIS_BOOT).unwrap();
    assert_eq!(after.start(), ReplayStart::Restored);
    assert_eq!(
        after.advance("a", mark(1, 9, 2), None),
        Advance::Unavailable
    );
    assert_eq!(
        new.open(30, THIS_BOOT).unwrap().start(),
        ReplayStart::Killed
    );
}

#[test]
fn a_stop_anywhere_in_a_rewrite_is_no_restore() {
    // The name may be the old file's or the new one's, whatever of this the lock file was told last.
    for (is_replaced, told) in [(false, 0), (false, 1), (true, 1), (true, 2)] {
        let (place, store) = Place::opened();
        assert_eq!(store.advance("a", mark(1, 9, 1), None), Advance::Advanced);
        let lock = || fs::read(place.beside(".lock")).unwrap();
        let (before, mut locks) = (place.stopped(), vec![lock()]);
        let (snapshot, old) = store.begin_snapshot().unwrap();
        let (snapshot, copied) = store.fill(snapshot, &old).unwrap();
        store.announce(&snapshot).unwrap();
        locks.push(lock());
        store.replace(snapshot, &old, copied).unwrap();
        locks.push(lock());
        let stopped = match is_replaced {
            false => before,
            true => place.stopped(),
        };
        fs::write(stopped.beside(".lock"), &locks[told]).unwrap();
        let after = stopped.open(11, THIS_BOOT).unwrap();
        assert_eq!(after.start(), ReplayStart::Killed, "{is_replaced} {told}");
        assert_eq!(after.advance("a", mark(1, 9, 1), None), Advance::Same);
    }
}

/// File systems give the number of a file that is gone to the next one: a folder that was put back may have all its numbers.
#[test]
fn a_file_with_the_number_of_the_last_one_is_not_that_one() {
    for (is_other, start) in [(false, ReplayStart::InOrder), (true, ReplayStart::Copied)] {
        let (place, store) = Place::opened();
        if store.inner().born == 0 {
            eprintln!("not tested: this file system does not say when a file was made");
            return;
        }
        assert_eq!(store.advance("a", mark(1, 9, 1), None), Advance::Advanced);
        drop(store);
        if is_other {
            // Made a nanosecond later than the one that the lock file speaks of.
            let lock = fs::read_to_string(place.beside(".lock")).unwrap();
            let (rest, born) = lock.trim_end().rsplit_once(' ').unwrap();
            let born: u64 = born.parse().unwrap();
            fs::write(place.beside(".lock"), format!("{rest} {:020}\n", born - 1)).unwrap();
        }
        let after = place.open(20, THIS_BOOT).unwrap();
        assert_eq!(after.start(), start);
        let answer = after.advance("a", mark(1, 9, 2), None);
        assert_eq!(answer == Advance::Unavailable, is_other);
        drop(after);
        assert_eq!(
            place.open(30, THIS_BOOT).unwrap().start(),
            ReplayStart::InOrder
        );
    }
}
