//! Devices that log in all the time, with a record of every password that they sent.

use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use core::time::Duration;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::sleep;

use core::net::SocketAddr;
use fastrand::Rng;
use mqward::Clock;
use mqward_testbed::{Connect, Packet, Version, Wire};

use crate::fleet::{FieldDevice, time};

/// Between two attempts to reach a broker that is down.
const PAUSE: Duration = Duration::from_millis(5);

/// One device of the herd.
pub(crate) struct Member {
    pub(crate) id: String,
    clocked: bool,
    device: Mutex<FieldDevice>,
    /// Set before it is revoked: it logs in no more, and a login that is under way may go either way.
    pub(crate) retired: AtomicBool,
    /// The life of the broker in which it was accepted last.
    pub(crate) seen_in: AtomicUsize,
}

impl Member {
    pub(crate) fn new(id: &str, clocked: bool) -> Self {
        Self {
            id: id.into(),
            clocked,
            device: Mutex::new(FieldDevice::new(id)),
            retired: AtomicBool::new(false),
            seen_in: AtomicUsize::new(0),
        }
    }

    /// A CONNECT with a password that nobody has seen.
    pub(crate) fn connect(&self) -> Connect {
        let clock = match self.clocked {
            true => Clock::Trusted(time(0)),
            false => Clock::None,
        };
        let password = locked(&self.device).password(clock);
        Connect::new(&self.id).login(&self.id, password)
    }
}

/// A CONNECT that was sent.
#[derive(Clone)]
pub(crate) struct Sent {
    pub(crate) version: Version,
    pub(crate) connect: Connect,
}

/// Every CONNECT that was sent, by what came back.
#[derive(Default)]
pub(crate) struct Record {
    /// CONNACK 0, in this order.
    pub(crate) accepted: Vec<Sent>,
    /// The connection ended before an answer: the broker may have used the password up, or not.
    pub(crate) doubtful: Vec<Sent>,
    pub(crate) violations: Vec<String>,
}

/// What all threads share.
pub(crate) struct Herd {
    pub(crate) address: SocketAddr,
    record: Mutex<Record>,
    /// Which life of the broker this is, from 1 on.
    pub(crate) life: AtomicUsize,
    /// Nobody logs in until it is unset.
    pub(crate) paused: AtomicBool,
    pub(crate) done: AtomicBool,
}

impl Herd {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self {
            address,
            record: Mutex::default(),
            life: AtomicUsize::new(1),
            paused: AtomicBool::new(false),
            done: AtomicBool::new(false),
        }
    }

    pub(crate) fn record(&self) -> MutexGuard<'_, Record> {
        locked(&self.record)
    }

    pub(crate) fn violation(&self, what: String) {
        self.record().violations.push(what);
    }

    /// What a device does until it is retired: it logs in, stays a moment, and goes, with a word or without.
    pub(crate) fn live(&self, member: &Member, mut rng: Rng) {
        while !self.done.load(Ordering::Acquire) && !member.retired.load(Ordering::Acquire) {
            if self.paused.load(Ordering::Acquire) {
                sleep(Duration::from_millis(1));
                continue;
            }
            let life = self.life.load(Ordering::Acquire);
            let version = Version::ALL[rng.usize(0..2)];
            let Ok(mut wire) = Wire::open(self.address, version) else {
                sleep(PAUSE);
                continue;
            };
            let connect = member.connect();
            let answer = wire
                .connect(&connect)
                .and_then(|()| wire.receive())
                .unwrap_or(Packet::Closed);
            let sent = Sent { version, connect };
            match answer {
                Packet::ConnAck { code: 0, .. } => {
                    self.record().accepted.push(sent);
                    member.seen_in.store(life, Ordering::Release);
                    sleep(Duration::from_micros(rng.u64(0..3000)));
                    if rng.bool() {
                        let _ = wire.disconnect();
                    }
                }
                Packet::ConnAck { code, .. } => {
                    if !member.retired.load(Ordering::Acquire) {
                        let id = &member.id;
                        self.violation(format!("life {life}: {id} was honest and got {code}"));
                    }
                }
                _ => {
                    self.record().doubtful.push(sent);
                    sleep(PAUSE);
                }
            }
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
