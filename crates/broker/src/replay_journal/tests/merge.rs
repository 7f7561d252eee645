//! Marks from other stores and from backups.

use core::time::Duration;
use std::fs;
use std::time::Instant;

use mqward::Advance;

use super::super::{ReplayError, ReplayJournal, ReplayMark};
use super::{Place, THIS_BOOT, at, fail_sync, is_durable, len, mark};
use crate::ReplayStore;

#[test]
fn marks_merge_by_maximum_on_request_of_another_process() {
    let (place, store) = Place::opened();
    assert_eq!(
        store.advance("a", mark(1, 9, 5), Some(at(10))),
        Advance::Advanced
    );
    assert_eq!(
        store.advance("b", mark(1, 9, 5), Some(at(10))),
        Advance::Advanced
    );
    let marks =
        "client_id,generation,boot,count,known\na,1,9,9,at-least\nb,1,9,2,last\nc,3,1,0,last\n";
    let marks = ReplayMark::read_csv(marks.as_bytes()).unwrap();
    ReplayJournal::request_merge(&place.path, &marks).unwrap();
    assert!(matches!(
        ReplayJournal::request_merge(&place.path, &marks),
        Err(ReplayError::RequestPending { .. })
    ));
    assert_eq!(
        store.maintain(at(10)),
        ["merged 2 of 3 replay marks on request"]
    );
    let expected = [
        ("a", mark(1, 9, 9)),
        ("b", mark(1, 9, 5)),
        ("c", mark(3, 1, 0)),
    ];
    for (id, expected) in expected {
        assert_eq!(store.newest(id), Ok(Some(expected)), "{id}");
    }
    // Read by another process, while this one has it open.
    let read = ReplayJournal::read_marks(&place.path).unwrap();
    assert_eq!(read.len(), 3);
    let mut csv = Vec::new();
    ReplayMark::write_csv(&read, &mut csv).unwrap();
    assert_eq!(ReplayMark::read_csv(csv.as_slice()), Ok(read));
    ReplayJournal::request_merge(
        &place.path,
        &[ReplayMark {
            client_id: "a".to_owned(),
            mark: None,
            is_last: false,
        }],
    )
    .unwrap();
    assert_eq!(store.maintain(at(10)).len(), 1);
    assert_eq!(store.newest("a"), Ok(None));
    for wrong in [
        "client_id\n",
        "client_id,generation,boot,count,known\na,0,9,9,last\n",
        "client_id,generation,boot,count,known\na,1,9,16777216,last\n",
        "client_id,generation,boot,count,known\na,1,9,1,perhaps\n",
        "client_id,generation,boot,count,known\na/b,1,9,1,last\n",
    ] {
        assert!(ReplayMark::read_csv(wrong.as_bytes()).is_err(), "{wrong}");
    }
}

#[test]
fn a_restored_store_says_so_on_command() {
    let (place, store) = Place::opened();
    assert_eq!(store.advance("a", mark(1, 9, 5), None), Advance::Advanced);
    store.declare_restored(at(100), 60).unwrap();
    assert_eq!(
        store.advance("a", mark(1, 9, 6), None),
        Advance::Unavailable
    );
    assert_eq!(
        store.advance("a", mark(1, 9, 6), Some(at(160))),
        Advance::Unavailable
    );
    drop(store);
    let store = place.open(110, THIS_BOOT).unwrap();
    assert_eq!(store.not_before(), Some(at(160)));
    assert_eq!(
        store.advance("a", mark(1, 9, 6), Some(at(161))),
        Advance::Advanced
    );
    assert_eq!(store.advance("a", mark(1, 9, 7), None), Advance::Advanced);
}

#[test]
fn logins_have_their_turn_while_marks_are_merged() {
    const MARKS: usize = 30_000;
    let (_place, store) = Place::opened();
    let marks: Vec<_> = (0..MARKS)
        .map(|number| ReplayMark {
            client_id: format!("device-{number}"),
            mark: Some(mark(1, 9, 1)),
            is_last: true,
        })
        .collect();
    let partly = std::thread::scope(|scope| {
        let merged = scope.spawn(|| store.merge(&marks));
        let mut partly = 0;
        while !merged.is_finished() {
            partly += usize::from((1..MARKS).contains(&store.len()));
        }
        assert_eq!(merged.join().unwrap(), Ok(MARKS));
        partly
    });
    assert!(partly > 0, "a login would have waited for all of them");
    assert!(is_durable(&store));
}

#[test]
fn what_cannot_be_merged_is_not_written_again_each_second() {
    let (place, store) = Place::opened();
    let known = ReplayMark {
        client_id: "a".to_owned(),
        mark: Some(mark(1, 9, 1)),
        is_last: true,
    };
    ReplayJournal::request_merge(&place.path, &[known]).unwrap();
    fail_sync(&store);
    // In the way of the new file.
    fs::create_dir(place.beside(".new")).unwrap();
    let before = len(&store);
    let mut told = Vec::new();
    for _ in 0..3 {
        told.extend(store.maintain(at(10)));
    }
    told.retain(|line| line.contains("merge"));
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(len(&store), before);
    fs::remove_dir(place.beside(".new")).unwrap();
    store.compact().unwrap();
    let later = Instant::now() + Duration::from_secs(2);
    let mut told = Vec::new();
    assert_eq!(store.take_request(later, &mut told), Ok(()));
    assert_eq!(told, ["merged 1 of 1 replay marks on request"]);
    assert_eq!(store.newest("a"), Ok(Some(mark(1, 9, 1))));
}
