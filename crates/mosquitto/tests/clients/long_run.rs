//! A broker that runs on under logins and messages: its memory stays flat, its descriptors do not add up, and nobody
//! honest is refused. `cargo xtask soak --minutes 15` lets it run for longer than an ordinary test run.

use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use core::time::Duration;
use std::fs;
use std::thread::sleep;
use std::time::Instant;

use fastrand::Rng;
use mqward::Class;
use mqward_testbed::{Broker, Connect, Packet, Publish, Version, Wire};

use crate::crowd::{connect, crowd, device_id, quiet};
use crate::fleet::{FieldDevice, PERSON, PERSON_PASSWORD, accepted, refusal};
use crate::process::Process;

/// How long an ordinary run takes.
const SECONDS: u64 = 20;
/// Devices for each of the threads that log in: the first two threads have those with a clock.
const DEVICES: usize = 32;
const THREADS: usize = 3;
/// Messages for each login.
const MESSAGES: u64 = 10;
const BATCH: usize = 200;
/// What the line through the memory of the second half may rise over that half, in KiB. In the ordinary run that finds
/// what loses a hundred bytes with each login; in a long one, some bytes.
const MARGIN: f64 = 1024.0;
/// The log is moved away when it is longer, as an operator would do.
const LOG: u64 = 16 << 20;

#[derive(Default)]
struct Count {
    logins: AtomicU64,
    refused: AtomicU64,
    messages: AtomicU64,
    done: AtomicBool,
}

impl Count {
    fn goes_on(&self) -> bool {
        !self.done.load(Ordering::Acquire)
    }
}

/// Memory in KiB and descriptors at one moment.
struct Sample {
    seconds: f64,
    memory: u64,
    descriptors: usize,
}

#[test]
fn memory_stays_flat_and_descriptors_are_given_back() {
    let seconds = match std::env::var("MQWARD_SOAK_SECONDS") {
        Ok(seconds) => seconds.parse().unwrap(),
        Err(_) => SECONDS,
    };
    let fleet = crowd(DEVICES * THREADS + 1, DEVICES + 1);
    let broker = quiet(fleet.setup()).start().unwrap();
    let process = Process::of(&broker);
    // Once around, so that what is opened once is open.
    let person = Connect::new(PERSON).login(PERSON, PERSON_PASSWORD);
    let mut wire = accepted(&broker, Version::V5, &person);
    wire.disconnect().unwrap();
    assert_eq!(wire.receive().unwrap(), Packet::Closed);
    let at_rest = process.descriptors();
    let count = Count::default();
    let samples = std::thread::scope(|scope| {
        // Also when this thread panics: the scope would wait for the others for ever.
        let _end = End(&count);
        for thread in 0..THREADS {
            let (broker, count) = (&broker, &count);
            scope.spawn(move || log_in(broker, count, thread));
        }
        scope.spawn(|| publish(&broker, &count));
        watch(&process, Duration::from_secs(seconds), || {
            let audit = fleet.path("audit.jsonl");
            if fs::metadata(&audit).is_ok_and(|file| file.len() > LOG) {
                fs::rename(&audit, fleet.path("audit.old")).unwrap();
            }
        })
    });
    let second_half = &samples[samples.len() / 2..];
    let rise = rise(second_half);
    println!("{}", report(&samples, &count, rise));
    assert!(rise < MARGIN, "memory rises by {rise:.0} KiB");
    assert!(count.logins.load(Ordering::Relaxed) > 0);
    assert!(count.messages.load(Ordering::Relaxed) > 0);
    let deadline = Instant::now() + Duration::from_secs(20);
    while process.descriptors() > at_rest {
        let open = process.descriptors();
        assert!(Instant::now() < deadline, "{open} instead of {at_rest}");
        sleep(Duration::from_millis(50));
    }
}

struct End<'a>(&'a Count);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.done.store(true, Ordering::Release);
    }
}

/// Devices that come and go; now and then somebody is refused.
fn log_in(broker: &Broker, count: &Count, thread: usize) {
    let _end = End(count);
    let mut rng = Rng::with_seed(thread as u64);
    let clocked = thread + 1 < THREADS;
    let first = thread * DEVICES;
    let mut devices: Vec<(String, FieldDevice)> = (first..first + DEVICES)
        .map(|number| (device_id(number), FieldDevice::new(&device_id(number))))
        .collect();
    while count.goes_on() {
        let (id, device) = rng.choice(&mut devices).unwrap();
        let version = Version::ALL[rng.usize(0..2)];
        let connect = connect(id, device, clocked);
        let connect = match rng.u8(0..8) {
            0 => connect.will(&format!("tx/{id}/will"), b"gone"),
            1 => connect.persistent(),
            _ => connect,
        };
        let (mut wire, answer) = Wire::dial(broker.address(), version, &connect).unwrap();
        assert!(
            matches!(answer, Packet::ConnAck { code: 0, .. }),
            "{id}: {answer:?}"
        );
        count.logins.fetch_add(1, Ordering::Relaxed);
        match rng.u8(0..8) {
            // A subscription that goes with the connection, or stays with the session.
            0 => {
                wire.subscribe(&[&format!("rx/{id}/#")]).unwrap();
                let _ = wire.receive().unwrap();
            }
            1 => {
                // Mosquitto 2.0.11 loses the memory of the will of a CONNECT that is refused.
                let connect = Connect {
                    will: None,
                    ..connect
                };
                refused(broker, version, &connect);
                refused(
                    broker,
                    version,
                    &Connect::new(PERSON).login(PERSON, "guess"),
                );
                let nobody = format!("device-{:012x}", rng.u64(1 << 40..1 << 41));
                refused(broker, version, &connect_as(&nobody, connect));
                count.refused.fetch_add(3, Ordering::Relaxed);
            }
            2 => {}
            _ => wire.disconnect().unwrap(),
        }
    }
}

fn connect_as(id: &str, mut connect: Connect) -> Connect {
    connect.client_id = id.into();
    connect.user_name = Some(id.into());
    connect
}

fn refused(broker: &Broker, version: Version, connect: &Connect) {
    let (_, answer) = Wire::dial(broker.address(), version, connect).unwrap();
    assert_eq!(answer, refusal(version));
}

/// One device that publishes as the others log in, and a person who gets every message.
fn publish(broker: &Broker, count: &Count) {
    let _end = End(count);
    let id = device_id(DEVICES * THREADS);
    let topic = format!("tx/{id}/t");
    let mut device = FieldDevice::new(&id);
    let mut wire = accepted(broker, Version::V3, &connect(&id, &mut device, false));
    let person = Connect::new(PERSON).login(PERSON, PERSON_PASSWORD);
    let mut reader = accepted(broker, Version::V3, &person);
    reader.subscribe(&[&topic]).unwrap();
    assert!(matches!(reader.receive().unwrap(), Packet::SubAck { .. }));
    let sealed = device.seal(Class::Live, &topic, b"21.5");
    let one = Publish::new(&topic, sealed, 0).encode(Version::V3).unwrap();
    let batch = one.repeat(BATCH);
    while count.goes_on() {
        let due = count.logins.load(Ordering::Relaxed) * MESSAGES;
        if count.messages.load(Ordering::Relaxed) >= due {
            sleep(Duration::from_millis(1));
            continue;
        }
        wire.send(&batch).unwrap();
        assert!(wire.is_open_and_quiet().unwrap());
        for _ in 0..BATCH {
            let got = reader.receive().unwrap();
            assert!(matches!(got, Packet::Publish(_)), "{got:?}");
        }
        count.messages.fetch_add(BATCH as u64, Ordering::Relaxed);
    }
}

/// Samples of the whole time, about a hundred and more; `also` is done at each.
fn watch(process: &Process, time: Duration, also: impl Fn()) -> Vec<Sample> {
    let start = Instant::now();
    let mut samples = Vec::new();
    while start.elapsed() < time {
        sleep(Duration::from_millis(200));
        also();
        samples.push(Sample {
            seconds: start.elapsed().as_secs_f64(),
            memory: process.memory_kib(),
            descriptors: process.descriptors(),
        });
    }
    samples
}

/// How far the line of least squares through the memory rises from the first sample to the last, in KiB.
fn rise(samples: &[Sample]) -> f64 {
    let number = samples.len() as f64;
    let mean = |of: fn(&Sample) -> f64| samples.iter().map(of).sum::<f64>() / number;
    let (x, y) = (mean(|s| s.seconds), mean(|s| s.memory as f64));
    let (mut above, mut below) = (0.0, 0.0);
    for sample in samples {
        above += (sample.seconds - x) * (sample.memory as f64 - y);
        below += (sample.seconds - x) * (sample.seconds - x);
    }
    let time = samples[samples.len() - 1].seconds - samples[0].seconds;
    above / below * time
}

fn report(samples: &[Sample], count: &Count, rise: f64) -> String {
    let mut text = String::from("  seconds   memory KiB   descriptors\n");
    let tenths = (1..=10).map(|tenth| &samples[(samples.len() * tenth / 10).max(1) - 1]);
    for Sample {
        seconds,
        memory,
        descriptors,
    } in tenths
    {
        text.push_str(&format!("{seconds:>9.0}{memory:>13}{descriptors:>14}\n"));
    }
    let most = samples.iter().map(|s| s.descriptors).max();
    let read = |number: &AtomicU64| number.load(Ordering::Relaxed);
    text.push_str(&format!(
        "logins accepted {}, refused on purpose {}, messages delivered {}\n",
        read(&count.logins),
        read(&count.refused),
        read(&count.messages)
    ));
    text.push_str(&format!(
        "memory over the second half {rise:+.0} KiB (margin {MARGIN} KiB); most descriptors {}",
        most.unwrap_or_default()
    ));
    text
}
