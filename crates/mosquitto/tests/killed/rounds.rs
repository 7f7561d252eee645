//! The rounds of a run: login load, perhaps a revocation, a kill, a restart, every old password once more.

use core::fmt;
use core::sync::atomic::Ordering;
use core::time::Duration;
use std::fs;
use std::thread::{Scope, sleep};
use std::time::Instant;

use fastrand::Rng;
use mqward_broker::{DeviceClock, NewDevice, Registry, ReplayJournal};
use mqward_testbed::{Broker, Packet, Version, Wire};

use crate::fleet::{Fleet, HARDWARE_ID, POLICY, refusal, time};
use crate::herd::{Herd, Member, Sent};

/// Devices that log in from the first round to the last: half of them have a clock.
const STEADY: usize = 8;
/// After so many rounds a device is revoked, and another one takes its place.
const TERM: usize = 3;
/// How many of the latest accepted passwords are tried again after each restart, and how many of all.
const LATEST: usize = 150;
const ANY: usize = 50;
/// How long honest devices may take before they count as locked out.
const PATIENCE: Duration = Duration::from_secs(60);

/// What is to be forgotten at each restart, to see that the run notices.
#[derive(Copy, Clone, Eq, PartialEq)]
pub(crate) enum Amnesia {
    None,
    Marks,
    Revocations,
}

/// What decides about a run.
pub(crate) struct Plan {
    pub(crate) kills: usize,
    pub(crate) seed: u64,
    pub(crate) amnesia: Amnesia,
}

/// What a run came to.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) kills: usize,
    pub(crate) accepted: usize,
    /// Logins that the kill left without an answer, and how many of them turned out not to have happened.
    pub(crate) doubtful: usize,
    pub(crate) undone: usize,
    pub(crate) retried: usize,
    pub(crate) revoked: usize,
    /// Logins of revoked devices, each with a new password.
    pub(crate) revoked_tried: usize,
    /// From the kill until every honest device was in again, of the rounds in which nothing held them up.
    pub(crate) back: Vec<Duration>,
    pub(crate) violations: Vec<String>,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut back: Vec<u128> = self.back.iter().map(Duration::as_millis).collect();
        back.sort_unstable();
        let median = back.get(back.len() / 2).copied().unwrap_or_default();
        let longest = back.last().copied().unwrap_or_default();
        writeln!(f, "kills -9 of the broker             {:>9}", self.kills)?;
        writeln!(f, "logins accepted                    {:>9}", self.accepted)?;
        writeln!(f, "logins that a kill left unanswered {:>9}", self.doubtful)?;
        writeln!(f, "  of these accepted at the retry   {:>9}", self.undone)?;
        writeln!(f, "used passwords tried again         {:>9}", self.retried)?;
        writeln!(f, "devices revoked                    {:>9}", self.revoked)?;
        writeln!(
            f,
            "their logins afterwards            {:>9}",
            self.revoked_tried
        )?;
        writeln!(
            f,
            "violations                         {:>9}",
            self.violations.len()
        )?;
        writeln!(
            f,
            "all honest devices back after the kill: median {median} ms, longest {longest} ms"
        )
    }
}

/// A run with its broker.
struct Run<'a> {
    plan: &'a Plan,
    fleet: &'a Fleet,
    herd: &'a Herd,
    broker: Broker,
    registry: Registry,
    rng: Rng,
    outcome: Outcome,
}

pub(crate) fn run(plan: &Plan) -> Outcome {
    let (fleet, registry) = fleet(plan);
    let setup = fleet
        .setup()
        .line("log_type none")
        .line("log_type information");
    let broker = setup.line("log_type error").start().unwrap();
    let herd = Herd::new(broker.address());
    let steady: Vec<Member> = (0..STEADY).map(member).collect();
    let passing: Vec<Member> = (0..plan.kills.div_ceil(TERM))
        .map(|n| member(STEADY + n))
        .collect();
    let mut run = Run {
        plan,
        fleet: &fleet,
        herd: &herd,
        broker,
        registry,
        rng: Rng::with_seed(plan.seed),
        outcome: Outcome::default(),
    };
    std::thread::scope(|scope| {
        // Also when this thread panics: the scope would wait for the others for ever.
        let _end = End(&herd);
        for member in &steady {
            run.spawn(scope, member);
        }
        run.rounds(scope, &steady, &passing);
    });
    let Run { mut outcome, .. } = run;
    let record = herd.record();
    outcome.accepted = record.accepted.len();
    outcome.violations.clone_from(&record.violations);
    outcome
}

struct End<'a>(&'a Herd);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.done.store(true, Ordering::Release);
    }
}

fn id(number: usize) -> String {
    format!("device-{number:012x}")
}

fn has_clock(number: usize) -> bool {
    number % 2 == 0
}

fn member(number: usize) -> Member {
    Member::new(&id(number), has_clock(number))
}

/// A fleet with all devices of the run, whose marks and registry are files.
fn fleet(plan: &Plan) -> (Fleet, Registry) {
    let fleet = Fleet::new();
    // Where marks are to be forgotten, the broker must not notice that.
    let replay = match plan.amnesia {
        Amnesia::Marks => "file = \"replay.journal\"\ncold_start = \"open\"",
        _ => "file = \"replay.journal\"",
    };
    let policy = POLICY
        .replace("file = \"devices.csv\"", "registry = \"registry.db\"")
        .replace("cold_start = \"open\"", replay);
    assert!(policy.contains("registry.db") && policy.contains("replay.journal"));
    fleet.write("policy.toml", &policy);
    drop(ReplayJournal::create(&fleet.path("replay.journal"), time(0)).unwrap());
    let mut registry = Registry::create(&fleet.path("registry.db")).unwrap();
    for number in 0..STEADY + plan.kills.div_ceil(TERM) {
        let id = id(number);
        let mut device = NewDevice::new(&id, &HARDWARE_ID);
        if !has_clock(number) {
            device.clock = DeviceClock::None;
        }
        registry.add(&device, time(0)).unwrap();
    }
    (fleet, registry)
}

impl<'a> Run<'a> {
    fn spawn<'s>(&mut self, scope: &'s Scope<'s, '_>, member: &'s Member)
    where
        'a: 's,
    {
        let (herd, rng) = (self.herd, self.rng.fork());
        scope.spawn(move || herd.live(member, rng));
    }

    fn rounds<'s>(&mut self, scope: &'s Scope<'s, '_>, steady: &'s [Member], passing: &'s [Member])
    where
        'a: 's,
    {
        let mut revoked: Vec<&Member> = Vec::new();
        let mut honest: Vec<&Member> = steady.iter().collect();
        self.await_all(&honest);
        for round in 0..self.plan.kills {
            if round % TERM == 0 {
                let newcomer = &passing[round / TERM];
                self.spawn(scope, newcomer);
                honest.push(newcomer);
                self.await_all(&honest);
            }
            sleep(Duration::from_millis(self.rng.u64(10..300)));
            if round % TERM == TERM - 1 {
                let leaver = honest.pop().unwrap();
                leaver.retired.store(true, Ordering::Release);
                self.registry.revoke(&leaver.id, "", time(0)).unwrap();
                revoked.push(leaver);
                self.outcome.revoked += 1;
                // The broker looks once a second: it may have seen the change when it dies, or not.
                sleep(Duration::from_millis(self.rng.u64(0..1500)));
            }
            self.kill(&honest, &revoked);
            if self.herd.record().violations.len() > 20 {
                break;
            }
        }
    }

    /// One kill, and what must hold after it. A new login of a device makes all its older passwords worthless, also when
    /// their marks were lost: so in half of the rounds the old ones come first.
    fn kill(&mut self, honest: &[&Member], revoked: &[&Member]) {
        let old_first = self.plan.amnesia != Amnesia::None || self.rng.bool();
        self.broker.kill().unwrap();
        let killed = Instant::now();
        self.herd.paused.store(old_first, Ordering::Release);
        self.herd.life.fetch_add(1, Ordering::AcqRel);
        self.outcome.kills += 1;
        self.forget(revoked);
        self.restart();
        if !old_first {
            self.await_all(honest);
            self.outcome.back.push(killed.elapsed());
            self.herd.paused.store(true, Ordering::Release);
        }
        self.try_revoked(revoked);
        self.try_used();
        self.try_doubtful();
        self.herd.paused.store(false, Ordering::Release);
        self.await_all(honest);
    }

    fn forget(&mut self, revoked: &[&Member]) {
        match self.plan.amnesia {
            Amnesia::None => {}
            Amnesia::Marks => {
                fs::remove_file(self.fleet.path("replay.journal")).unwrap();
                fs::remove_file(self.fleet.path("replay.journal.lock")).unwrap();
            }
            Amnesia::Revocations => {
                for member in revoked {
                    self.registry.unrevoke(&member.id, time(0)).unwrap();
                }
            }
        }
    }

    fn restart(&mut self) {
        for _ in 0..5 {
            match self.broker.restart() {
                Ok(()) => return,
                // A connection of somebody's was given the broker's port while it was free.
                Err(e) if e.to_string().contains("Address already in use") => {
                    sleep(Duration::from_millis(500));
                }
                Err(e) => panic!("{e}"),
            }
        }
        panic!("the broker's port stays taken");
    }

    /// Waits until every one of them was accepted in this life of the broker.
    fn await_all(&self, honest: &[&Member]) {
        let life = self.herd.life.load(Ordering::Acquire);
        let deadline = Instant::now() + PATIENCE;
        while let Some(out) = honest
            .iter()
            .find(|member| member.seen_in.load(Ordering::Acquire) != life)
        {
            if Instant::now() > deadline {
                let id = &out.id;
                panic!(
                    "life {life}: {id} stays out\n{:?}",
                    self.herd.record().violations
                );
            }
            sleep(Duration::from_millis(1));
        }
    }

    fn try_revoked(&mut self, revoked: &[&Member]) {
        for member in revoked {
            let version = Version::ALL[self.rng.usize(0..2)];
            let connect = member.connect();
            self.outcome.revoked_tried += 1;
            if self.gets_in(&Sent { version, connect }) {
                self.violation(&format!("{} was revoked and got in", member.id));
            }
        }
    }

    /// The latest passwords that were accepted before the kill, newest first, then some of all.
    fn try_used(&mut self) {
        let accepted = self.herd.record().accepted.clone();
        let latest = accepted.iter().rev().take(LATEST);
        let any: Vec<Sent> = (0..ANY.min(accepted.len()))
            .map(|_| accepted[self.rng.usize(0..accepted.len())].clone())
            .collect();
        let again: Vec<Sent> = latest.cloned().chain(any).collect();
        for sent in again {
            self.outcome.retried += 1;
            if self.gets_in(&sent) {
                self.accepted_twice(&sent);
            }
        }
    }

    /// A password whose first answer was lost may be accepted now, but then not once more.
    fn try_doubtful(&mut self) {
        let doubtful = core::mem::take(&mut self.herd.record().doubtful);
        for sent in doubtful {
            self.outcome.doubtful += 1;
            if self.gets_in(&sent) {
                self.outcome.undone += 1;
                if self.gets_in(&sent) {
                    self.accepted_twice(&sent);
                }
                self.herd.record().accepted.push(sent);
            }
        }
    }

    fn accepted_twice(&self, sent: &Sent) {
        let id = sent.connect.client_id.escape_ascii();
        self.violation(&format!("a password of {id} was accepted twice"));
    }

    fn violation(&self, what: &str) {
        let life = self.herd.life.load(Ordering::Acquire);
        self.herd.violation(format!("life {life}: {what}"));
    }

    /// Whether this CONNECT is let in; anything but the one refusal is not what the broker answers.
    fn gets_in(&self, sent: &Sent) -> bool {
        let (_, answer) = Wire::dial(self.herd.address, sent.version, &sent.connect).unwrap();
        match answer {
            Packet::ConnAck { code: 0, .. } => true,
            answer if answer == refusal(sent.version) => false,
            answer => panic!("{answer:?}\n{}", self.broker.log()),
        }
    }
}
