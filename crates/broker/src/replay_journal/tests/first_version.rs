//! A journal as the first versions wrote it, byte by byte.

use std::fs;

use mqward::Advance;

use super::super::{ReplayJournal, ReplayMark, ReplayStart};
use super::{Place, THIS_BOOT, at, mark};
use crate::ReplayStore;

/// Made by a program that shares no code with this one: floors, a run, marks of "a" and "b", floors of a restored store, a
/// mark of "b" from after it, one of "c", which is forgotten then, a lower one of "a", and an end in order.
const JOURNAL: &str = "
    6d71776172644a317265706c000102030405060708090a0b0c0d0e0f52b1ce17000d0300000000000000000000000079
    d0782500280400000000000000070101010101010101010101010101010101000000000000000c003c6955b9007c9d03
    46000e0101000000090000050000000061635c80bc000e0101000000090000050000000062fa55d106000d0300000001
    6955b93c00000001fef1364a000e010100000009000006000000016265da92e9000e0102000000090000000000000063
    60551ced000202631a0a1f46000e0101000000090000030000000161ac1e52e0000d0500000000000000e06955b94677
    00c5a10005066955b9478b2ca4c7
";

fn journal() -> Vec<u8> {
    let digits: String = JOURNAL.split_whitespace().collect();
    base16ct::lower::decode_vec(digits).unwrap()
}

#[test]
fn it_is_read_and_written_anew_as_what_it_was() {
    let place = Place::new();
    fs::write(&place.path, journal()).unwrap();
    let known = |id: &str, count| ReplayMark {
        client_id: id.to_owned(),
        mark: Some(mark(1, 9, count)),
        is_last: false,
    };
    let expected = [known("a", 5), known("b", 6)];
    assert_eq!(ReplayJournal::read_marks(&place.path).unwrap(), expected);
    // It has another inode than its run says, so it is a copy, and everybody waits.
    let store = place.open(100, THIS_BOOT).unwrap();
    assert_eq!(store.not_before(), Some(at(160)));
    assert_eq!(ReplayJournal::read_marks(&place.path).unwrap(), expected);
    assert_eq!(store.len(), 2);
    for (id, count) in [("a", 5), ("b", 6)] {
        let time = Some(at(161));
        assert_eq!(store.advance(id, mark(1, 9, count), time), Advance::Same);
        assert_eq!(
            store.advance(id, mark(1, 9, count + 1), None),
            Advance::Unavailable
        );
        assert_eq!(
            store.advance(id, mark(1, 9, count + 2), time),
            Advance::Advanced
        );
    }
    assert_eq!(store.newest("c"), Ok(None));
}

#[test]
fn its_floors_close_whom_they_closed() {
    let place = Place::new();
    fs::write(&place.path, journal()).unwrap();
    let (contents, _) = super::super::Contents::<super::super::Marks>::read(&place.path).unwrap();
    let after_floor = |id: &str| {
        let marks = &contents.marks;
        marks.find(id).stored.unwrap().after_floor
    };
    // The lower mark of "a", from after them, says nothing: not the highest is what was let out.
    assert!(after_floor("b") && !after_floor("a"));
    assert!(contents.closed);
}

#[test]
fn its_lock_file_does_not_know_of_a_journal_that_was_just_written_anew() {
    let (place, store) = Place::opened();
    assert_eq!(store.advance("a", mark(1, 9, 1), None), Advance::Advanced);
    let stopped = place.stopped();
    let id = "5".repeat(32);
    for (number, start) in [(2, ReplayStart::Killed), (4, ReplayStart::Restored)] {
        let text = format!("{number:020} {id} {:020}\n", 4_000);
        fs::write(stopped.beside(".lock"), text).unwrap();
        let after = stopped.open(11, THIS_BOOT).unwrap();
        assert_eq!(after.start(), start, "{number}");
    }
}
