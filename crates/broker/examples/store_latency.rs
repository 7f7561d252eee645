//! Prints what the replay journal and the registry cost a login: `cargo run --release -p mqward-broker --example
//! store_latency [DEVICES]`.

use core::error::Error;
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::path::Path;
use std::time::{Instant, SystemTime};

use mqward::{Advance, Generation, Mark, UnixTime};
use mqward_broker::{
    ColdStart, Guard, LoginRequest, MemoryReplayStore, Outcome, Registry, ReplayJournal,
    ReplayStore,
};

const POLICY: &str = r#"
audience = "mqtt.example.com"
[devices]
hardware_id = "registry"
registry = "registry.db"
[[role]]
name = "device"
client_id = { prefix = "device-", chars = "digits", min = 15, max = 15 }
auth = "mqward"
"#;

fn main() -> Result<(), Box<dyn Error>> {
    let devices = match std::env::args().nth(1) {
        Some(number) => number.parse()?,
        None => 100_000,
    };
    let folder = tempfile::tempdir()?;
    let secs = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)?
        .as_secs();
    let now = UnixTime::from_secs(secs).ok_or("the clock is outside 1970 to 2106")?;
    let ids: Vec<String> = (0..devices)
        .map(|number| format!("device-{number:08}"))
        .collect();

    println!("advance, {devices} devices, five logins each    median     p99   p99.9     max");
    let memory = MemoryReplayStore::new(ColdStart::Open);
    row("in memory", log_in(&memory, &ids, now, true)?);
    let path = folder.path().join("replay.journal");
    let store = ReplayJournal::create(&path, now)?;
    let done = AtomicBool::new(false);
    let timed = std::thread::scope(|scope| {
        // As a guard's thread does.
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_millis(200));
                for notice in store.maintain(now) {
                    println!("{notice}");
                }
            }
        });
        let timed = log_in(&store, &ids, now, true);
        done.store(true, Ordering::Relaxed);
        timed
    })?;
    row("journal, with time", timed);
    let few = ids.get(..ids.len().min(200)).unwrap_or(&[]);
    row(
        "journal, without time (synced)",
        log_in(&store, few, now, false)?,
    );
    drop(store);
    let start = Instant::now();
    let store = ReplayJournal::open(&path, ColdStart::Open, now)?;
    let len = std::fs::metadata(&path)?.len();
    println!(
        "opening the journal: {:.0?} for {} marks in {} kB",
        start.elapsed(),
        store.len(),
        len / 1024
    );
    drop(store);
    registry(folder.path(), &ids, now)
}

/// The times that each of five logins of every device took.
fn log_in(
    store: &dyn ReplayStore,
    ids: &[String],
    now: UnixTime,
    timed: bool,
) -> Result<Vec<Duration>, Box<dyn Error>> {
    let mut times = Vec::with_capacity(5 * ids.len());
    for count in 0..5 {
        let boot = if timed { 1 } else { 2 };
        let mark = Mark::new(Generation::FIRST, boot, count).ok_or("no mark")?;
        // In an order that no cache foresees.
        let mut index = 0;
        for _ in ids {
            index = (index + 7_919) % ids.len();
            let Some(id) = ids.get(index) else { continue };
            let start = Instant::now();
            let advance = store.advance(id, mark, timed.then_some(now));
            times.push(start.elapsed());
            if advance == Advance::Unavailable {
                return Err("the store is unavailable".into());
            }
        }
    }
    times.sort();
    Ok(times)
}

fn row(name: &str, times: Vec<Duration>) {
    let at = |part: f64| {
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a position in a list that fits memory"
        )]
        let index = (times.len() as f64 * part) as usize;
        let time = times.get(index.min(times.len().saturating_sub(1)));
        time.map_or(0.0, |time| time.as_secs_f64() * 1e6)
    };
    println!(
        "{name:<45} {:>7.1} {:>7.1} {:>7.1} {:>7.1} us",
        at(0.5),
        at(0.99),
        at(0.999),
        at(1.0)
    );
}

fn registry(folder: &Path, ids: &[String], now: UnixTime) -> Result<(), Box<dyn Error>> {
    let mut registry = Registry::create(&folder.join("registry.db"))?;
    let csv = format!("client_id\n{}\n", ids.join("\n"));
    let start = Instant::now();
    registry.import_csv(csv.as_bytes(), now)?;
    println!("importing {} devices: {:.0?}", ids.len(), start.elapsed());
    // The devices' keys are of no interest here: a password that is wrong costs what a right one does.
    let policy = folder.join("policy.toml");
    std::fs::write(&policy, POLICY)?;
    let start = Instant::now();
    let guard = Guard::open(&policy, now)?;
    println!("opening the registry: {:.0?}", start.elapsed());
    let mut times = Vec::with_capacity(ids.len());
    let mut index = 0;
    for _ in ids {
        index = (index + 7_919) % ids.len();
        let Some(id) = ids.get(index) else { continue };
        let request = LoginRequest {
            client_id: id.as_bytes(),
            user_name: Some(id.as_bytes()),
            password: Some(b"AQFpVbkAaOd4AQAABzWDvWBDZNfhUzH90vNwBCY"),
            address: Some("192.0.2.7"),
            same_connection: false,
        };
        let start = Instant::now();
        let outcome = guard.login(&request, now);
        times.push(start.elapsed());
        if !matches!(outcome, Outcome::Refuse(_)) {
            return Err("admitted".into());
        }
    }
    times.sort();
    row("a whole login up to the store, refused", times);
    let id = ids.first().ok_or("no devices")?;
    let start = Instant::now();
    registry.revoke(id, "", now)?;
    while guard.may_stay(id.as_bytes()) {
        std::thread::sleep(Duration::from_millis(1));
    }
    println!("a revocation counts after {:.0?}", start.elapsed());
    Ok(())
}
