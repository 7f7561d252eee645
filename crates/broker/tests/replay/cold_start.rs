//! Every vector of a cold start (spec §6.5), through a journal that is not there.

use mqward::{Advance, UnixTime};
use mqward_broker::{ColdStart, ReplayJournal, ReplayStart, ReplayStore};

use crate::child::mark;

#[test]
fn a_journal_that_was_lost_lets_pass_what_the_vectors_let_pass() {
    let cases = mqward_vectors::failures().cold_starts;
    assert!(cases.iter().any(|case| case.accepted));
    for case in cases {
        let folder = tempfile::tempdir().unwrap();
        let start = UnixTime::from_secs(case.started.into()).unwrap();
        let cold_start = ColdStart::Strict {
            start,
            window_secs: case.window,
        };
        let path = folder.path().join("replay.journal");
        let store = ReplayJournal::open(&path, cold_start, start).unwrap();
        assert_eq!(store.start(), ReplayStart::Missing);
        let time = UnixTime::from_secs(case.time.into());
        let advance = store.advance("device", mark(7), time);
        if case.accepted {
            assert_eq!(advance, Advance::Advanced, "{case:?}");
            assert_eq!(store.advance("device", mark(8), None), Advance::Advanced);
        } else {
            assert_eq!(advance, Advance::Unavailable, "{case:?}");
            assert_eq!(store.newest("device"), Ok(None), "{case:?}");
        }
    }
}
