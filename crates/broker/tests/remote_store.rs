//! A replay store on another machine: it fails, delays, answers late or not at all, and two brokers share it.

#![allow(
    clippy::unwrap_used,
    clippy::unwrap_in_result,
    clippy::panic,
    reason = "what fails here is a failed test"
)]

use core::sync::atomic::{AtomicU8, Ordering};
use core::time::Duration;
use std::collections::HashMap;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};

use mqward::{Advance, Generation, Mark, UnixTime};
use mqward_broker::{ColdStart, MemoryReplayStore, ReplayStore, StoreUnavailable};

const NOW: u32 = 1_767_225_600;
/// What a broker waits for an answer.
const DEADLINE: Duration = Duration::from_millis(50);

/// One statement, as a database would run it.
enum Statement {
    /// `INSERT … ON CONFLICT … DO UPDATE SET mark = $2 WHERE mark < $2 RETURNING …`: the mark before.
    Advance(String, u64, Sender<Option<u64>>),
    Select(String, Sender<Option<u64>>),
}

/// How the network to the server is.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
#[repr(u8)]
enum Weather {
    Fair,
    /// Nothing arrives.
    Refused,
    /// It arrives and is done; the answer does not come back.
    AnswerLost,
    /// It is done, long after the broker gave up.
    Late,
}

impl Weather {
    const ALL: [Self; 4] = [Self::Fair, Self::Refused, Self::AnswerLost, Self::Late];
}

/// The server: one thread, one statement after the other.
fn server() -> Sender<Statement> {
    let (statements, inbox): (Sender<Statement>, Receiver<Statement>) = mpsc::channel();
    std::thread::spawn(move || {
        let mut rows: HashMap<String, u64> = HashMap::new();
        for statement in inbox {
            match statement {
                Statement::Advance(client_id, mark, answer) => {
                    let before = rows.get(&client_id).copied();
                    if before.is_none_or(|before| before < mark) {
                        rows.insert(client_id, mark);
                    }
                    // Nobody may be waiting any more.
                    let _ = answer.send(before);
                }
                Statement::Select(client_id, answer) => {
                    let _ = answer.send(rows.get(&client_id).copied());
                }
            }
        }
    });
    statements
}

/// A broker's end of the connection: an adapter that anybody could write against a real database.
struct RemoteStore {
    server: Mutex<Sender<Statement>>,
    weather: Arc<AtomicU8>,
}

impl RemoteStore {
    fn ask(
        &self,
        statement: impl FnOnce(Sender<Option<u64>>) -> Statement,
    ) -> Result<Option<u64>, StoreUnavailable> {
        let (answer, waiting) = mpsc::channel();
        let statement = statement(answer);
        let server = self.server.lock().unwrap().clone();
        match Weather::ALL[usize::from(self.weather.load(Ordering::SeqCst))] {
            Weather::Refused => return Err(StoreUnavailable),
            Weather::Fair => server.send(statement).unwrap(),
            Weather::AnswerLost => {
                server.send(statement).unwrap();
                // It is done by then, and the broker knows nothing of it.
                let _ = waiting.recv();
                return Err(StoreUnavailable);
            }
            Weather::Late => {
                std::thread::spawn(move || {
                    std::thread::sleep(2 * DEADLINE);
                    server.send(statement).unwrap();
                });
            }
        }
        // A deadline of its own: who waits for ever holds up every login behind this one.
        waiting.recv_timeout(DEADLINE).map_err(|_| StoreUnavailable)
    }
}

impl ReplayStore for RemoteStore {
    fn advance(&self, client_id: &str, mark: Mark, _time: Option<UnixTime>) -> Advance {
        let sent = |answer| Statement::Advance(client_id.to_owned(), mark.get(), answer);
        match self.ask(sent) {
            Ok(before) => mark.compare(before.and_then(Mark::from_u64)),
            // Done or not, nobody knows: the password is refused, and used up if it was done.
            Err(StoreUnavailable) => Advance::Unavailable,
        }
    }

    fn newest(&self, client_id: &str) -> Result<Option<Mark>, StoreUnavailable> {
        let stored = self.ask(|answer| Statement::Select(client_id.to_owned(), answer))?;
        Ok(stored.and_then(Mark::from_u64))
    }
}

/// Two brokers with connections of their own to one server.
fn brokers() -> [(RemoteStore, Arc<AtomicU8>); 2] {
    let server = server();
    [0, 1].map(|_| {
        let weather = Arc::new(AtomicU8::new(Weather::Fair as u8));
        let store = RemoteStore {
            server: Mutex::new(server.clone()),
            weather: Arc::clone(&weather),
        };
        (store, weather)
    })
}

fn mark(count: u32) -> Mark {
    Mark::new(Generation::FIRST, 1, count).unwrap()
}

fn at() -> Option<UnixTime> {
    UnixTime::from_secs(u64::from(NOW))
}

#[test]
fn in_any_weather_a_stamp_is_accepted_once_by_all_brokers_together() {
    let brokers = brokers();
    let mut count = 0;
    for first in Weather::ALL {
        for second in Weather::ALL {
            count += 1;
            let mut accepted = 0;
            for ((store, sky), weather) in brokers.iter().zip([first, second]) {
                sky.store(weather as u8, Ordering::SeqCst);
                let advance = store.advance("device-1", mark(count), at());
                accepted += u32::from(advance == Advance::Advanced);
                if weather != Weather::Fair {
                    assert_eq!(advance, Advance::Unavailable, "unknown is no yes");
                    assert_eq!(store.newest("device-1"), Err(StoreUnavailable));
                }
                sky.store(Weather::Fair as u8, Ordering::SeqCst);
            }
            // What is late arrives; then everybody tries again, with the old password and with the next one.
            std::thread::sleep(3 * DEADLINE);
            for (store, _) in &brokers {
                accepted +=
                    u32::from(store.advance("device-1", mark(count), at()) == Advance::Advanced);
            }
            assert!(accepted <= 1, "{first:?} {second:?}: {accepted}");
            count += 1;
            let (store, _) = &brokers[0];
            assert_eq!(
                store.advance("device-1", mark(count), at()),
                Advance::Advanced,
                "the next password passes"
            );
        }
    }
}

#[test]
fn of_concurrent_logins_at_two_brokers_one_wins() {
    let brokers = brokers();
    for count in 1..200 {
        let wins: usize = std::thread::scope(|scope| {
            let attempts: Vec<_> = (0..6)
                .map(|number| {
                    let (store, _) = &brokers[number % 2];
                    scope.spawn(move || store.advance("device-1", mark(count), at()))
                })
                .collect();
            attempts
                .into_iter()
                .map(|attempt| usize::from(attempt.join().unwrap() == Advance::Advanced))
                .sum()
        });
        assert_eq!(wins, 1, "{count}");
    }
}

#[test]
fn stores_merge_by_maximum_in_any_order() {
    // Two brokers that were apart for a while: what each accepted is used up for both.
    let marks = [mark(3), mark(9), mark(5)];
    for order in [[0, 1, 2], [2, 1, 0], [1, 0, 2], [1, 2, 0]] {
        let (store, _) = &brokers()[0];
        let memory = MemoryReplayStore::new(ColdStart::Open);
        for index in order {
            let _ = store.advance("device-1", marks[index], at());
            let _ = memory.advance("device-1", marks[index], at());
        }
        assert_eq!(store.newest("device-1"), Ok(Some(mark(9))));
        assert_eq!(memory.newest("device-1"), Ok(Some(mark(9))));
    }
}
