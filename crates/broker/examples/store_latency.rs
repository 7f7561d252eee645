//! Prints what the replay journal and the registry cost a login: `cargo run --release -p mqward-broker --example
//! store_latency [DEVICES]`.

use core::error::Error;
use core::fmt::Write as _;
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
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

    println!("marks in memory                allocated  resident  bytes each  ns a login");
    for fleet in [1_000_000, 10_000_000] {
        in_memory(fleet, now)?;
    }
    println!("advance, {devices} devices, five logins each    median     p99   p99.9     max");
    let memory = MemoryReplayStore::new(ColdStart::Open);
    row("in memory", log_in(&memory, &ids, now)?);
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
        let timed = log_in(&store, &ids, now);
        done.store(true, Ordering::Relaxed);
        timed
    })?;
    row("journal, with time", timed);
    let few = ids.get(..ids.len().min(SYNCS / 5)).unwrap_or(&[]);
    // In turns, so that what else the machine does meets all three.
    let (mut synced, mut over_zeros, mut at_the_end) = (Vec::new(), Vec::new(), Vec::new());
    let bare = [
        BareFile::new(&folder.path().join("zeros"), true)?,
        BareFile::new(&folder.path().join("grows"), false)?,
    ];
    let [mut zeros, mut grows] = bare;
    for count in 0..5 {
        for id in few {
            synced.push(advance(&store, id, (2, count), None)?);
            over_zeros.push(zeros.write_and_sync()?);
            at_the_end.push(grows.write_and_sync()?);
        }
    }
    row("journal, without time (synced)", synced);
    row("  a bare write and fdatasync, over zeros", over_zeros);
    row("  a bare write and fdatasync, file grows", at_the_end);
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

/// How much memory the marks of a fleet take, and how long a login of one of its devices does, in an order that no cache
/// foresees.
fn in_memory(devices: u32, now: UnixTime) -> Result<(), Box<dyn Error>> {
    let before = resident()?;
    let store = MemoryReplayStore::new(ColdStart::Open);
    let mut id = String::new();
    for number in 0..devices {
        id.clear();
        write!(id, "device-{number:08}")?;
        advance(&store, &id, (1, 0), Some(now))?;
    }
    let resident = resident()?.saturating_sub(before);
    let ids: Vec<String> = (0..1_000_000_u64)
        .map(|turn| format!("device-{:08}", turn * 0x9e37_79b1 % u64::from(devices)))
        .collect();
    let start = Instant::now();
    for (id, count) in ids.iter().zip(1..) {
        advance(&store, id, (1, count), Some(now))?;
    }
    let nanos = start.elapsed().as_nanos() / 1_000_000;
    let allocated = store.allocated();
    println!(
        "{devices:>10} devices         {:>8.1} MB {:>6.1} MB {:>11.2} {nanos:>11}",
        megabytes(allocated)?,
        megabytes(resident)?,
        megabytes(allocated)? * 1e6 / f64::from(devices)
    );
    Ok(())
}

/// How much memory of this process is in use, in bytes; 0 where the system does not tell.
fn resident() -> Result<usize, Box<dyn Error>> {
    let Ok(status) = std::fs::read_to_string("/proc/self/status") else {
        return Ok(0);
    };
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_ascii_whitespace().next());
    let kilobytes: usize = number.unwrap_or("0").parse()?;
    Ok(kilobytes * 1024)
}

fn megabytes(bytes: usize) -> Result<f64, Box<dyn Error>> {
    Ok(f64::from(u32::try_from(bytes)?) / 1e6)
}

/// The times that each of five logins of every device took.
fn log_in(
    store: &dyn ReplayStore,
    ids: &[String],
    now: UnixTime,
) -> Result<Vec<Duration>, Box<dyn Error>> {
    let mut times = Vec::with_capacity(5 * ids.len());
    for count in 0..5 {
        // In an order that no cache foresees.
        let mut index = 0;
        for _ in ids {
            index = (index + 7_919) % ids.len();
            let Some(id) = ids.get(index) else { continue };
            times.push(advance(store, id, (1, count), Some(now))?);
        }
    }
    Ok(times)
}

fn advance(
    store: &dyn ReplayStore,
    id: &str,
    (boot, count): (u32, u32),
    time: Option<UnixTime>,
) -> Result<Duration, Box<dyn Error>> {
    let mark = Mark::new(Generation::FIRST, boot, count).ok_or("no mark")?;
    let start = Instant::now();
    let advance = store.advance(id, mark, time);
    let elapsed = start.elapsed();
    if advance == Advance::Unavailable {
        return Err("the store is unavailable".into());
    }
    Ok(elapsed)
}

/// How many logins wait for the disk.
const SYNCS: usize = 1_000;
/// As long as the record of one login here.
const RECORD: [u8; 34] = [b'x'; 34];

/// A file that is written and synced as the journal's is, with nothing else done.
struct BareFile {
    file: File,
    len: u64,
}

impl BareFile {
    fn new(path: &Path, filled: bool) -> Result<Self, Box<dyn Error>> {
        let mut file = File::create(path)?;
        if filled {
            file.write_all(&vec![0; SYNCS * RECORD.len()])?;
        }
        file.sync_all()?;
        Ok(Self { file, len: 0 })
    }

    fn write_and_sync(&mut self) -> Result<Duration, Box<dyn Error>> {
        let start = Instant::now();
        self.file.seek(SeekFrom::Start(self.len))?;
        self.file.write_all(&RECORD)?;
        self.file.sync_data()?;
        self.len = self.len.saturating_add(RECORD.len() as u64);
        Ok(start.elapsed())
    }
}

fn row(name: &str, mut times: Vec<Duration>) {
    times.sort();
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
