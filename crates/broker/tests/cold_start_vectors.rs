//! Every vector of a cold start (spec §6.5), through the store that keeps marks in memory.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what fails here is a failed test"
)]

use mqward::{Advance, Generation, Mark, UnixTime};
use mqward_broker::{ColdStart, MemoryReplayStore, ReplayStore};

const DEVICE: &str = "device-0123456789ab";

fn mark(count: u32) -> Mark {
    Mark::new(Generation::FIRST, 1_760_000_001, count).unwrap()
}

#[test]
fn cold_store_lets_pass_what_the_vectors_let_pass() {
    let cases = mqward_vectors::failures().cold_starts;
    assert!(cases.iter().any(|case| case.accepted));
    for case in cases {
        let start = UnixTime::from_secs(case.started.into()).unwrap();
        let store = MemoryReplayStore::new(ColdStart::Strict {
            start,
            window_secs: case.window,
        });
        // Time 0 is none.
        let time = UnixTime::from_secs(case.time.into());
        let advance = store.advance(DEVICE, mark(7), time);
        if case.accepted {
            assert_eq!(advance, Advance::Advanced, "{case:?}");
            assert_eq!(store.newest(DEVICE), Ok(Some(mark(7))), "{case:?}");
            // Warm for this device: its next password passes by its mark alone, the same one not again.
            assert_eq!(store.advance(DEVICE, mark(7), time), Advance::Same);
            assert_eq!(store.advance(DEVICE, mark(8), None), Advance::Advanced);
        } else {
            assert_eq!(advance, Advance::Unavailable, "{case:?}");
            // A refused password leaves no mark, or its replay would meet a warm store.
            assert_eq!(store.newest(DEVICE), Ok(None), "{case:?}");
            assert_eq!(store.advance(DEVICE, mark(8), time), Advance::Unavailable);
        }
    }
}
