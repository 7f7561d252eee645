//! Journals that are torn, holed, changed and mixed.

use std::fs;
use std::path::Path;

use super::frame::MAX_BODY_LEN;
use super::scan::HEADER_LEN;
use super::{Journal, JournalError, Tail};

const PURPOSE: [u8; 4] = *b"test";

fn bodies(path: &Path) -> Result<(Vec<Vec<u8>>, Tail), JournalError> {
    let mut bodies = Vec::new();
    let tail = Journal::read(path, PURPOSE, &mut |_, body| bodies.push(body.to_vec()))?;
    Ok((bodies, tail))
}

fn sample(path: &Path) -> Journal {
    let mut journal = Journal::create(path, PURPOSE).unwrap();
    for body in [b"one".as_slice(), b"second", b"the third"] {
        journal.append(body).unwrap();
    }
    journal
}

#[test]
fn a_torn_end_is_found_at_every_byte_and_cut_off() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, torn) = (folder.path().join("whole"), folder.path().join("torn"));
    let journal = sample(&whole);
    let bytes = fs::read(&whole).unwrap();
    assert_eq!(bytes.len() as u64, journal.len());
    let ends = [HEADER_LEN, HEADER_LEN + 9, HEADER_LEN + 21, HEADER_LEN + 36];
    assert_eq!(ends[3], bytes.len());
    for cut in 0..=bytes.len() {
        fs::write(&torn, &bytes[..cut]).unwrap();
        if cut < HEADER_LEN {
            assert!(matches!(bodies(&torn), Err(JournalError::Header)), "{cut}");
            continue;
        }
        let whole_records = ends.iter().filter(|end| **end <= cut).count() - 1;
        let (found, tail) = bodies(&torn).unwrap();
        assert_eq!(found.len(), whole_records, "{cut}");
        let end = ends[whole_records];
        // One byte of the next record is the zero that its length begins with.
        let expected = if cut <= end + 1 {
            Tail::Whole
        } else {
            Tail::Torn { at: end as u64 }
        };
        assert_eq!(tail, expected, "{cut}");
        // What is appended next can be read, whatever stood there.
        let (mut journal, _) = Journal::open(&torn, PURPOSE, &mut |_, _| {}).unwrap();
        journal.append(b"next").unwrap();
        let (found, tail) = bodies(&torn).unwrap();
        assert_eq!(
            (found.len(), tail),
            (whole_records + 1, Tail::Whole),
            "{cut}"
        );
        assert_eq!(found.last().unwrap(), b"next");
    }
}

#[test]
fn a_changed_byte_is_found_wherever_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    sample(&path);
    let bytes = fs::read(&path).unwrap();
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 0x10;
        fs::write(&path, &changed).unwrap();
        match bodies(&path) {
            Err(JournalError::Header) => assert!(at < HEADER_LEN, "{at}"),
            Ok((found, tail)) => {
                assert!(at >= HEADER_LEN && found.len() == 2, "{at}");
                let last = at >= HEADER_LEN + 21;
                assert_eq!(matches!(tail, Tail::Torn { .. }), last, "{at}");
                assert_eq!(matches!(tail, Tail::Holed { .. }), !last, "{at}");
            }
            Err(error) => panic!("{error}"),
        }
    }
}

#[test]
fn a_torn_end_is_told_from_the_zeros_ahead_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let mut journal = sample(&path);
    let before = journal.len();
    journal.reserve().unwrap();
    assert_eq!(journal.len(), before, "zeros are no records");
    let full = fs::metadata(&path).unwrap().len();
    assert_eq!(full % 4096, before % 4096);
    journal.append(b"the fourth").unwrap();
    assert_eq!(fs::metadata(&path).unwrap().len(), full, "over the zeros");
    let end = usize::try_from(before).unwrap();
    let bytes = fs::read(&path).unwrap();
    // However much of the last record reached the disk, from its beginning or its end.
    for cut in end..=end + 16 {
        for from_the_end in [false, true] {
            let mut torn = bytes.clone();
            match from_the_end {
                false => torn[cut..].fill(0),
                true => torn[end..cut].fill(0),
            }
            fs::write(&path, &torn).unwrap();
            let (found, tail) = bodies(&path).unwrap();
            let (all, none) = match from_the_end {
                // The upper half of its length is zero in any case.
                false => (cut == end + 16, cut <= end + 1),
                true => (cut <= end + 1, cut == end + 16),
            };
            assert_eq!(found.len(), 3 + usize::from(all), "{cut} {from_the_end}");
            let expected = match all || none {
                true => Tail::Whole,
                false => Tail::Torn { at: before },
            };
            assert_eq!(tail, expected, "{cut} {from_the_end}");
            let (mut journal, _) = Journal::open(&path, PURPOSE, &mut |_, _| {}).unwrap();
            journal.reserve().unwrap();
            journal.append(b"next").unwrap();
            let (found, tail) = bodies(&path).unwrap();
            assert_eq!((found.len(), tail), (4 + usize::from(all), Tail::Whole));
            assert_eq!(found.last().unwrap(), b"next");
        }
    }
}

#[test]
fn zeros_in_the_midst_of_records_are_a_hole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let mut journal = sample(&path);
    let at = journal.len();
    for number in 0..300_u16 {
        // Of every length, so that records begin with either upper half.
        journal
            .append(&[7].repeat(usize::from(number) + 1))
            .unwrap();
    }
    journal.reserve().unwrap();
    drop(journal);
    let whole = fs::read(&path).unwrap();
    let start = usize::try_from(at).unwrap();
    for len in [7, 8, 100, 4096] {
        let mut bytes = whole.clone();
        bytes[start..start + len].fill(0);
        fs::write(&path, &bytes).unwrap();
        let (found, tail) = bodies(&path).unwrap();
        assert_eq!(tail, Tail::Holed { at }, "{len}");
        assert_eq!(found.last().unwrap().len(), 300, "{len}");
    }
}

#[test]
fn records_of_another_journal_do_not_check() {
    let folder = tempfile::tempdir().unwrap();
    let (a, b) = (folder.path().join("a"), folder.path().join("b"));
    sample(&a);
    sample(&b);
    let mut mixed = fs::read(&a).unwrap();
    mixed.extend_from_slice(&fs::read(&b).unwrap()[HEADER_LEN..]);
    fs::write(&a, mixed).unwrap();
    let (found, tail) = bodies(&a).unwrap();
    assert_eq!(found.len(), 3);
    assert!(matches!(tail, Tail::Torn { .. }));
    assert!(matches!(
        Journal::read(&a, *b"othe", &mut |_, _| {}),
        Err(JournalError::Header)
    ));
}

#[test]
fn a_record_is_1_to_320_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = sample(&folder.path().join("journal"));
    let before = journal.len();
    assert!(journal.append(&[]).is_err());
    assert!(journal.append(&[1; MAX_BODY_LEN + 1]).is_err());
    assert_eq!(journal.len(), before);
    assert!(journal.append(&[1; MAX_BODY_LEN]).is_ok());
}
