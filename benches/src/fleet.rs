//! Whole logins of a fleet: policy, check of the password and replay store behind one guard.

use std::alloc::{GlobalAlloc, Layout, System};
use std::collections::HashMap;
use std::convert::Infallible;
use std::error::Error;
use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use mqward::{
    Advance, Audience, AuthRoot, BOOT_SLOT_LEN, BootRecord, BootStorage, Claim, Clock, ClockRule,
    Device, Generation, HardwareId, LoginTerms, Mark, Slot, UnixTime,
};
use mqward_broker::{
    ColdStart, Guard, LoginRequest, MemoryReplayStore, Outcome, ReplayJournal, ReplayStore,
    StoreUnavailable,
};

use crate::document::{Row, Section};
use crate::huge_pages;

const ROOT: [u8; 32] = [7; 32];
const AUDIENCE: &str = "mqtt.example.com";
const TIME: u64 = 0x6955_b900;
const POLICY: &str = r#"
audience = "mqtt.example.com"
[keys]
auth_root = "auth_root.key"
[devices]
hardware_id = "client-id"
[[role]]
name = "device"
client_id = { prefix = "device-", chars = "lower-hex", min = 19, max = 19 }
auth = "mqward"
publish = [{ allow = "tx/%c/#", sealed = true }]
subscribe = [{ allow = "rx/%c/#" }]
"#;
/// Logins in a batch, each of another device: so many that it matters little that another store had the caches before.
const BATCH: usize = 10_000;
/// Batches of which the median is taken.
const BATCHES: usize = 40;

const CHECK: &str = "mqward, no guard, no store";
const ALONE: &str = "mqward, no guard, marks in memory";
const IN_MEMORY: &str = "mqward, marks in memory";
const JOURNAL: &str = "mqward, durable journal";
const HASH_MAP: &str = "the same guard, `HashMap<String, u64>`";

/// Counts what is allocated: what a replay store takes is what is there after it was filled and was not before.
struct Counting;

static ALLOCATED: AtomicUsize = AtomicUsize::new(0);

#[global_allocator]
static ALLOCATOR: Counting = Counting;

// SAFETY: all is left to the system's allocator; a counter beside it changes nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATED.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        ALLOCATED.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        ALLOCATED.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATED.fetch_add(size, Ordering::Relaxed);
        ALLOCATED.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.realloc(memory, layout, size) }
    }
}

/// What comes to mind first: a map of marks by client id behind a lock.
#[derive(Default)]
struct MapStore(Mutex<HashMap<String, u64>>);

impl ReplayStore for MapStore {
    fn advance(&self, client_id: &str, mark: Mark, _: Option<UnixTime>) -> Advance {
        let mut marks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match marks.get_mut(client_id) {
            Some(stored) => {
                let advance = mark.compare(Mark::from_u64(*stored));
                if advance == Advance::Advanced {
                    *stored = mark.get();
                }
                advance
            }
            None => {
                marks.insert(client_id.to_owned(), mark.get());
                Advance::Advanced
            }
        }
    }

    fn newest(&self, client_id: &str) -> Result<Option<Mark>, StoreUnavailable> {
        let marks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(marks.get(client_id).copied().and_then(Mark::from_u64))
    }
}

/// A store that is filled before a guard has it.
struct Shared(Arc<dyn ReplayStore>);

impl ReplayStore for Shared {
    fn advance(&self, client_id: &str, mark: Mark, time: Option<UnixTime>) -> Advance {
        self.0.advance(client_id, mark, time)
    }

    fn newest(&self, client_id: &str) -> Result<Option<Mark>, StoreUnavailable> {
        self.0.newest(client_id)
    }

    fn announce(&self, client_id: &str) {
        self.0.announce(client_id);
    }

    fn maintain(&self, now: UnixTime) -> Vec<String> {
        self.0.maintain(now)
    }
}

/// A folder that goes with its value.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Result<Self, Box<dyn Error>> {
        let path = std::env::temp_dir().join(format!("mqward-benches-{}", std::process::id()));
        fs::create_dir_all(&path)?;
        let digits: String = ROOT.iter().map(|byte| format!("{byte:02x}")).collect();
        let key = path.join("auth_root.key");
        fs::write(&key, digits + "\n")?;
        #[cfg(unix)]
        fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
        fs::write(path.join("policy.toml"), POLICY)?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

struct Flash([[u8; BOOT_SLOT_LEN]; 2]);

impl BootStorage for Flash {
    type Error = Infallible;

    fn read(&mut self, slot: Slot, buf: &mut [u8; BOOT_SLOT_LEN]) -> Result<(), Infallible> {
        *buf = self.0[slot as usize];
        Ok(())
    }

    fn write(&mut self, slot: Slot, buf: &[u8; BOOT_SLOT_LEN]) -> Result<(), Infallible> {
        self.0[slot as usize] = *buf;
        Ok(())
    }
}

fn client_id(number: u64) -> String {
    format!("device-{number:012x}")
}

fn hardware_id(number: u64) -> [u8; 6] {
    let [_, _, id @ ..] = number.to_be_bytes();
    id
}

/// A device that logs in, with its next password.
struct Attempt {
    client_id: String,
    hardware_id: [u8; 6],
    password: String,
}

/// Logins of devices in an order that no cache foresees, each with a password of its own.
fn attempts(devices: u64, now: UnixTime) -> Result<Vec<Attempt>, Box<dyn Error>> {
    let mut flash = Flash([BootRecord::first_slot(now), [0xff; BOOT_SLOT_LEN]]);
    let mut boot = BootRecord::start(&mut flash)?;
    let mut stamper = boot.login_stamper().ok_or("one stamper per boot")?;
    let root = AuthRoot::from_bytes(ROOT);
    let audience = Audience::new(AUDIENCE)?;
    let count = u64::try_from(BATCH * BATCHES)?;
    let mut attempts = Vec::with_capacity(BATCH * BATCHES);
    for turn in 0..count {
        // Odd and no multiple of 5, so no device comes twice.
        let number = (turn * 0x9e37_79b1) % devices;
        let (client_id, hardware_id) = (client_id(number), hardware_id(number));
        let device = Device::new(&client_id, Generation::FIRST)?;
        let key = root
            .seed(device)
            .login_key(HardwareId::new(&hardware_id)?, audience);
        let password = stamper.mint(&key, device, Clock::Trusted(now))?;
        let password = password.as_str().to_owned();
        attempts.push(Attempt {
            client_id,
            hardware_id,
            password,
        });
    }
    Ok(attempts)
}

/// One way to log in.
struct Way<'a> {
    name: &'static str,
    log_in: Box<dyn Fn(&Attempt) -> bool + 'a>,
    bytes: f64,
    samples: Vec<f64>,
}

#[allow(clippy::cast_precision_loss, reason = "far below 2^52")]
fn per(sum: usize, devices: u64) -> f64 {
    sum as f64 / devices as f64
}

/// Makes a store that has a mark of every device, and says how many bytes each takes.
fn filled<S: ReplayStore>(
    devices: u64,
    now: UnixTime,
    make: impl FnOnce() -> Result<S, Box<dyn Error>>,
) -> Result<(Arc<S>, f64), Box<dyn Error>> {
    let before = ALLOCATED.load(Ordering::Relaxed);
    let store = make()?;
    let mark = Mark::new(Generation::FIRST, 1, 0).ok_or("boot is not 0")?;
    for number in 0..devices {
        if store.advance(&client_id(number), mark, Some(now)) != Advance::Advanced {
            return Err("a store refuses a first mark".into());
        }
        if number % 250_000 == 0 {
            store.maintain(now);
        }
    }
    let notices = store.maintain(now);
    if !notices.is_empty() {
        return Err(notices.join(" ").into());
    }
    let after = ALLOCATED.load(Ordering::Relaxed);
    Ok((Arc::new(store), per(after.saturating_sub(before), devices)))
}

fn guarded<'a>(
    name: &'static str,
    policy: &Path,
    (store, bytes): (Arc<dyn ReplayStore>, f64),
    now: UnixTime,
) -> Result<Way<'a>, Box<dyn Error>> {
    let guard = Guard::open_with_store(policy, Box::new(Shared(store)))?;
    let log_in = move |attempt: &Attempt| {
        let request = LoginRequest {
            client_id: attempt.client_id.as_bytes(),
            user_name: Some(attempt.client_id.as_bytes()),
            password: Some(attempt.password.as_bytes()),
            address: Some("192.0.2.7"),
            same_connection: false,
        };
        matches!(guard.login(black_box(&request), now), Outcome::Admit)
    };
    Ok(Way {
        name,
        log_in: Box::new(log_in),
        bytes,
        samples: Vec::new(),
    })
}

/// What a login is without a broker around it: read, derive, verify, and judge by the table, if there is one.
fn alone<'a>(store: Option<Arc<MemoryReplayStore>>, bytes: f64, now: UnixTime) -> Way<'a> {
    let root = AuthRoot::from_bytes(ROOT);
    let name = if store.is_some() { ALONE } else { CHECK };
    let log_in = move |attempt: &Attempt| {
        let check = || {
            let claim = Claim::parse(black_box(attempt.password.as_bytes())).ok()?;
            let id = black_box(attempt.client_id.as_str());
            let device = Device::new(id, claim.generation()).ok()?;
            let terms = LoginTerms::new(60, ClockRule::Required).ok()?;
            if let Some(store) = &store {
                store.announce(id);
            }
            let key = root.seed(device).login_key(
                HardwareId::new(&attempt.hardware_id).ok()?,
                Audience::new(AUDIENCE).ok()?,
            );
            let login = claim.verify(&key, true, id, &terms, now).ok()?;
            Some(match &store {
                Some(store) => store.advance(id, login.mark(), login.time()),
                None => login.mark().compare(None),
            })
        };
        check() == Some(Advance::Advanced)
    };
    Way {
        name,
        log_in: Box::new(log_in),
        bytes,
        samples: Vec::new(),
    }
}

fn measure(devices: u64, with_all: bool) -> Result<Vec<Row>, Box<dyn Error>> {
    let now = UnixTime::from_secs(TIME).ok_or("range")?;
    let folder = Folder::new()?;
    let policy = folder.0.join("policy.toml");
    let attempts = attempts(devices, now)?;
    let table = || Ok(MemoryReplayStore::new(ColdStart::Open));
    let mut ways = Vec::new();
    let (store, bytes) = filled(devices, now, table)?;
    ways.push(guarded(IN_MEMORY, &policy, (store, bytes), now)?);
    if with_all {
        let (store, bytes) = filled(devices, now, table)?;
        ways.push(alone(None, 0.0, now));
        ways.push(alone(Some(store), bytes, now));
        let path = folder.0.join("replay.journal");
        let (store, bytes) = filled(devices, now, || Ok(ReplayJournal::create(&path, now)?))?;
        ways.push(guarded(JOURNAL, &policy, (store, bytes), now)?);
    }
    let (store, bytes) = filled(devices, now, || Ok(MapStore::default()))?;
    ways.push(guarded(HASH_MAP, &policy, (store, bytes), now)?);

    let count = ways.len();
    for (round, batch) in attempts.chunks(BATCH).enumerate() {
        for turn in 0..count {
            let way = &mut ways[(round + turn) % count];
            let start = Instant::now();
            let admitted = batch.iter().filter(|attempt| (way.log_in)(attempt)).count();
            let nanos = start.elapsed().as_secs_f64() * 1e9;
            if admitted != batch.len() {
                return Err(format!("{}: {admitted} of {}", way.name, batch.len()).into());
            }
            way.samples.push(nanos / per(batch.len(), 1));
        }
    }
    let mut rows = Vec::new();
    for mut way in ways {
        way.samples.sort_by(f64::total_cmp);
        let median = way.samples[way.samples.len() / 2];
        rows.push(Row {
            name: way.name,
            is_ours: way.name != HASH_MAP,
            times: vec![median, way.bytes],
        });
    }
    Ok(rows)
}

fn section(title: &'static str, pages: &str, rows: Vec<Row>) -> Section {
    let rates: Vec<String> = rows
        .iter()
        .map(|row| format!("{:.2} million ({})", 1e3 / row.times[0], row.name))
        .collect();
    let note = format!(
        "CONNECT to verdict, each of another device in an order that no cache foresees, on one core: the gate of the policy, the \
         two derivations, the tag, time, and the replay store with a mark of every device. The journal's write call is in its \
         row.{pages} Logins a second: {}. The second column is what the store has allocated for a device, in bytes.",
        rates.join(", ")
    );
    Section {
        title,
        note: Box::leak(note.into_boxed_str()),
        columns: vec!["login".to_owned(), "bytes per device".to_owned()],
        rows,
        goals: Vec::new(),
        chart: None,
    }
}

/// What [`sections`] has of a million devices, for a process that has its memory in other pages.
pub(crate) fn million() -> Result<Vec<Row>, Box<dyn Error>> {
    measure(1_000_000, true)
}

/// A million devices, and beside all peers also in huge pages, and ten million.
pub(crate) fn sections(_: usize) -> Result<Vec<Section>, Box<dyn Error>> {
    let mut million = section("Whole logins, 1 000 000 devices", "", million()?);
    // Two hashes, a search and what is left of the wait for memory, which differs from machine to machine: 1.2 to 1.4 here.
    million.goal(ALONE, CHECK, 0, 1.75);
    million.goal(IN_MEMORY, HASH_MAP, 0, 1.0);
    million.goal(IN_MEMORY, HASH_MAP, 1, 0.3);
    let mut sections = vec![million];
    if cfg!(feature = "peers") {
        if let Some(rows) = huge_pages::million()? {
            let mut million = section(
                "Whole logins, 1 000 000 devices, huge pages",
                " As above, by a process whose allocator asks for huge pages (`GLIBC_TUNABLES=glibc.malloc.hugetlb=1`), so that \
                 no login waits for the address of one.",
                rows,
            );
            million.goal(ALONE, CHECK, 0, 1.5);
            sections.push(million);
        }
        let ten = measure(10_000_000, false)?;
        sections.push(section("Whole logins, 10 000 000 devices", "", ten));
    }
    Ok(sections)
}
