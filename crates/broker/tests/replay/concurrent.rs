//! Logins at the same moment that wait for the same sync: one is accepted per stamp, each is durable.

use std::collections::HashSet;
use std::fs;
use std::sync::Barrier;

use mqward::Advance;
use mqward_broker::{ReplayJournal, ReplayStart, ReplayStore};

use crate::child::{folder, mark, now, open};

const THREADS: u64 = 8;
const ROUNDS: u64 = 60;

#[test]
fn of_logins_with_one_stamp_one_is_accepted_also_while_others_sync() {
    if folder().is_some() {
        return;
    }
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("replay.journal");
    let store = ReplayJournal::create(&path, now()).unwrap();
    let barrier = Barrier::new(usize::try_from(THREADS).unwrap());
    let accepted: Vec<u64> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| {
                let (store, barrier) = (&store, &barrier);
                scope.spawn(move || {
                    let mut accepted = Vec::new();
                    for round in 0..ROUNDS {
                        barrier.wait();
                        // Half of them without time, which waits for the disk; all with the same stamp.
                        let time = (thread % 2 == 0).then_some(now());
                        if store.advance("contended", mark(round), time) == Advance::Advanced {
                            accepted.push(round);
                        }
                        let own = format!("device-{thread}");
                        assert_eq!(store.advance(&own, mark(round), None), Advance::Advanced);
                        // What was answered is durable: a copy of the file has it.
                        if round % 16 == thread {
                            store.compact().unwrap();
                        }
                    }
                    accepted
                })
            })
            .collect();
        threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap())
            .collect()
    });
    let different: HashSet<&u64> = accepted.iter().collect();
    assert_eq!(different.len(), accepted.len(), "accepted twice");
    // A barrier opens each round, so every round has a winner.
    assert_eq!(accepted.len() as u64, ROUNDS);
    // As after a kill: nothing of the end is written.
    let stopped = place.path().join("stopped.journal");
    fs::hard_link(&path, &stopped).unwrap();
    fs::copy(
        place.path().join("replay.journal.lock"),
        place.path().join("stopped.journal.lock"),
    )
    .unwrap();
    let after = open(&stopped);
    assert_eq!(after.start(), ReplayStart::Killed);
    for thread in 0..THREADS {
        let last = after.newest(&format!("device-{thread}"));
        assert_eq!(last, Ok(Some(mark(ROUNDS - 1))));
    }
}
