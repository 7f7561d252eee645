//! Counters of what was decided, in the text format of Prometheus.

use core::fmt::Write as _;
use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use mqward::{Action, Advance, Mark, UnixTime, Verdict};

use crate::device::DeviceStage;
use crate::login::Outcome;
use crate::replay_store::{ReplayStore, StoreUnavailable};

/// Upper ends of the latency histogram, in microseconds.
const BUCKETS: [u64; 11] = [1, 2, 5, 10, 50, 100, 500, 1_000, 5_000, 50_000, 500_000];

/// What has been counted since the start of the process.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    admitted: AtomicU64,
    deferred: AtomicU64,
    allowed: [AtomicU64; 3],
    /// Everything with a reason: rare, or a reason to look at it anyway.
    reasons: Mutex<BTreeMap<Reasoned, u64>>,
    store: [AtomicU64; BUCKETS.len() + 1],
    store_nanos: AtomicU64,
    pub(crate) audit_lost: AtomicU64,
    pub(crate) unlogged: AtomicU64,
    pub(crate) spared: AtomicU64,
    pub(crate) registry_failures: AtomicU64,
    reached: [AtomicU64; 3],
}

/// What happened, how it was answered, why.
type Reasoned = (&'static str, &'static str, &'static str);

/// What a metrics file says beside the counters.
#[derive(Copy, Clone, Debug, Default)]
pub(crate) struct Gauges {
    pub(crate) devices: Option<u64>,
}

impl Metrics {
    pub(crate) fn login(&self, outcome: &Outcome, verdict: &Verdict) {
        match (outcome, verdict.reason()) {
            (Outcome::Admit, None) => add(&self.admitted),
            (Outcome::Defer, None) => add(&self.deferred),
            (outcome, reason) => {
                let outcome = match outcome {
                    Outcome::Admit => "admit",
                    Outcome::Defer => "defer",
                    Outcome::Refuse(_) => "refuse",
                };
                self.reasoned("login", outcome, reason.map_or("", |reason| reason.code()));
            }
        }
    }

    pub(crate) fn verdict(&self, verdict: &Verdict) {
        let (index, action) = match verdict.action() {
            Action::Publish => (0, ACTIONS[0]),
            Action::Subscribe => (1, ACTIONS[1]),
            Action::Deliver => (2, ACTIONS[2]),
            Action::Connect => return,
        };
        match verdict.reason() {
            None => self.allowed.get(index).map_or((), add),
            Some(reason) => {
                let answer = match (verdict.is_allowed(), verdict.close()) {
                    (true, _) => "report",
                    (false, true) => "close",
                    (false, false) => "refuse",
                };
                self.reasoned(action, answer, reason.code());
            }
        }
    }

    pub(crate) fn reasoned(&self, what: &'static str, answer: &'static str, reason: &'static str) {
        let mut reasons = self.reasons.lock().unwrap_or_else(PoisonError::into_inner);
        let count = reasons.entry((what, answer, reason)).or_default();
        *count = count.saturating_add(1);
    }

    pub(crate) fn reached(&self, stage: DeviceStage) {
        let index = match stage {
            DeviceStage::Legacy => 0,
            DeviceStage::Login => 1,
            DeviceStage::Sealed => 2,
        };
        if let Some(count) = self.reached.get(index) {
            add(count);
        }
    }

    fn store_took(&self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let index = BUCKETS.iter().position(|end| micros < *end);
        if let Some(count) = self.store.get(index.unwrap_or(BUCKETS.len())) {
            add(count);
        }
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.store_nanos.fetch_add(nanos, Ordering::Relaxed);
    }

    /// All of it in the text format, version 0.0.4.
    pub(crate) fn text(&self, gauges: &Gauges) -> String {
        let mut text = String::new();
        let reasons = self
            .reasons
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let mut page = Page(&mut text);
        page.head("mqward_logins_total", "counter", "CONNECT packets judged.");
        page.line(
            "mqward_logins_total{outcome=\"admit\",reason=\"\"}",
            get(&self.admitted),
        );
        page.line(
            "mqward_logins_total{outcome=\"defer\",reason=\"\"}",
            get(&self.deferred),
        );
        for ((what, outcome, reason), count) in &reasons {
            if *what == "login" {
                page.line(
                    &format!("mqward_logins_total{{outcome=\"{outcome}\",reason=\"{reason}\"}}"),
                    *count,
                );
            }
        }
        page.head(
            "mqward_verdicts_total",
            "counter",
            "Packets and deliveries judged; report is what enforcement would have refused.",
        );
        for (action, count) in ACTIONS.iter().zip(&self.allowed) {
            page.line(
                &format!(
                    "mqward_verdicts_total{{action=\"{action}\",verdict=\"allow\",reason=\"\"}}"
                ),
                get(count),
            );
        }
        for ((action, verdict, reason), count) in &reasons {
            if *action != "login" {
                page.line(
                    &format!(
                        "mqward_verdicts_total{{action=\"{action}\",verdict=\"{verdict}\",reason=\"{reason}\"}}"
                    ),
                    *count,
                );
            }
        }
        page.head(
            "mqward_store_seconds",
            "histogram",
            "Time the replay store took for a login.",
        );
        let mut sum = 0_u64;
        for (end, count) in BUCKETS.iter().map(Some).chain([None]).zip(&self.store) {
            sum = sum.saturating_add(get(count));
            let end = end.map_or("+Inf".to_owned(), |micros| {
                format!("{}", Duration::from_micros(*micros).as_secs_f64())
            });
            page.line(&format!("mqward_store_seconds_bucket{{le=\"{end}\"}}"), sum);
        }
        let nanos = Duration::from_nanos(get(&self.store_nanos));
        page.line("mqward_store_seconds_sum", nanos.as_secs_f64());
        page.line("mqward_store_seconds_count", sum);
        page.head(
            "mqward_stages_reached_total",
            "counter",
            "Devices that moved on in the migration.",
        );
        for (stage, count) in ["legacy", "login", "sealed"]
            .iter()
            .zip(&self.reached)
            .skip(1)
        {
            page.line(
                &format!("mqward_stages_reached_total{{stage=\"{stage}\"}}"),
                get(count),
            );
        }
        for (name, help, count) in [
            (
                "mqward_audit_lines_lost_total",
                "Lines that the audit log could not take.",
                &self.audit_lost,
            ),
            (
                "mqward_audit_lines_limited_total",
                "Failures and logins that were counted here alone, above the limit of lines.",
                &self.unlogged,
            ),
            (
                "mqward_closes_spared_total",
                "Breaches that ended no connection, because too many had.",
                &self.spared,
            ),
            (
                "mqward_registry_failures_total",
                "Times that the registry could not be read; what was known stayed in force.",
                &self.registry_failures,
            ),
        ] {
            page.head(name, "counter", help);
            page.line(name, get(count));
        }
        if let Some(devices) = gauges.devices {
            page.head(
                "mqward_registry_devices",
                "gauge",
                "Devices in the registry.",
            );
            page.line("mqward_registry_devices", devices);
        }
        text
    }
}

/// The actions that are counted as verdicts.
const ACTIONS: [&str; 3] = ["publish", "subscribe", "deliver"];

struct Page<'a>(&'a mut String);

impl Page<'_> {
    fn head(&mut self, name: &str, kind: &str, help: &str) {
        // Writing to a string does not fail.
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn line(&mut self, name: &str, value: impl core::fmt::Display) {
        let _ = writeln!(self.0, "{name} {value}");
    }
}

fn add(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

fn get(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

/// Puts a text in the place of a file, so that a reader sees the old one or the new one.
pub(crate) fn write_metrics_file(path: &Path, text: &str) -> io::Result<()> {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let new = PathBuf::from(name);
    let mut file = File::create(&new)?;
    let written = file.write_all(text.as_bytes());
    drop(file);
    let placed = written.and_then(|()| fs::rename(&new, path));
    if placed.is_err() {
        drop(fs::remove_file(&new));
    }
    placed
}

/// A replay store whose answers are timed.
pub(crate) struct TimedStore<'a> {
    pub(crate) store: &'a dyn ReplayStore,
    pub(crate) metrics: &'a Metrics,
}

impl ReplayStore for TimedStore<'_> {
    fn advance(&self, client_id: &str, mark: Mark, time: Option<UnixTime>) -> Advance {
        let start = std::time::Instant::now();
        let advance = self.store.advance(client_id, mark, time);
        self.metrics.store_took(start.elapsed());
        advance
    }

    fn newest(&self, client_id: &str) -> Result<Option<Mark>, StoreUnavailable> {
        self.store.newest(client_id)
    }

    fn widen(&self, window_secs: u16) -> Result<(), StoreUnavailable> {
        self.store.widen(window_secs)
    }

    fn announce(&self, client_id: &str) {
        self.store.announce(client_id);
    }
}
