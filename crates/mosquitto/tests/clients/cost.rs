//! What the plugin costs the broker, beside the same load without it: `cargo xtask cost` prints it, and `cargo xtask bench`
//! has it written to the file that `MQWARD_COST_FILE` names.

use core::fmt::Write as _;
use core::time::Duration;
use std::process::Command;
use std::thread::{available_parallelism, sleep};

use mqward::Class;
use mqward_testbed::{Broker, Connect, Packet, Publish, Setup, Version, Wire, plugin_path};

use crate::crowd::{connect, crowd, device_id, quiet};
use crate::fleet::{FieldDevice, Fleet, PERSON, PERSON_PASSWORD};
use crate::process::Process;

/// Devices that take turns.
const DEVICES: usize = 64;
/// Of these the last have no clock.
const CLOCKLESS: usize = 32;
/// Each round loads one broker after the other; what is printed are medians of the rounds. Sockets make logins noisy.
const LOGIN_ROUNDS: usize = 301;
const PUBLISH_ROUNDS: usize = 101;
/// As many as there are devices of either kind.
const LOGINS: usize = 32;
const _: () = assert!(LOGINS == CLOCKLESS && LOGINS == DEVICES - CLOCKLESS);
const MESSAGES: usize = 5_000;
/// Messages that are sent at once.
const BATCH: usize = 200;
/// As long as a password of mqward, for brokers that do not check it or have it in a file.
const STATIC: &str = "a-static-password-of-thirty-nine-bytes.";

/// The load of one round, per operation.
#[derive(Copy, Clone)]
enum Load {
    Login { clocked: bool, at_once: bool },
    Publish { subscribed: bool },
}

/// One of the brokers that are compared.
struct Contender {
    broker: Broker,
    process: Process,
    /// None where the broker is not to look at passwords of mqward.
    fleet: Option<Vec<(String, FieldDevice)>>,
    publisher: Wire,
    subscriber: Wire,
}

impl Contender {
    fn new(setup: Setup, mut fleet: Option<Vec<(String, FieldDevice)>>) -> Self {
        let broker = quiet(setup).start().unwrap();
        let dial = |connect: &Connect| {
            let (wire, answer) = Wire::dial(broker.address(), Version::V3, connect).unwrap();
            assert!(
                matches!(answer, Packet::ConnAck { code: 0, .. }),
                "{answer:?}"
            );
            wire
        };
        // Not one of those that log in again and again.
        let publisher = dial(&login(&mut fleet, DEVICES, false));
        let subscriber = dial(&Connect::new(PERSON).login(PERSON, PERSON_PASSWORD));
        Self {
            process: Process::of(&broker),
            fleet,
            publisher,
            subscriber,
            broker,
        }
    }

    /// Nanoseconds of the broker's processor time for each operation.
    fn measure(&mut self, load: Load, sealed: &[u8]) -> f64 {
        if let Load::Publish { subscribed: true } = load {
            self.subscriber.subscribe(&["tx/#"]).unwrap();
            assert!(matches!(
                self.subscriber.receive().unwrap(),
                Packet::SubAck { .. }
            ));
        }
        let before = self.settled();
        let operations = match load {
            Load::Login {
                clocked,
                at_once: false,
            } => self.logins(clocked),
            Load::Login {
                clocked,
                at_once: true,
            } => self.storm(clocked),
            Load::Publish { subscribed } => self.messages(sealed, subscribed),
        };
        let nanos = self.settled() - before;
        if let Load::Publish { subscribed: true } = load {
            self.subscriber.unsubscribe("tx/#").unwrap();
            assert!(matches!(
                self.subscriber.receive().unwrap(),
                Packet::UnsubAck { .. }
            ));
        }
        nanos as f64 / operations as f64
    }

    /// Processor time, once the broker has nothing left to do.
    fn settled(&self) -> u64 {
        let mut nanos = self.process.cpu_nanos();
        loop {
            sleep(Duration::from_millis(3));
            let now = self.process.cpu_nanos();
            if now == nanos {
                return now;
            }
            nanos = now;
        }
    }

    fn logins(&mut self, clocked: bool) -> usize {
        for number in 0..LOGINS {
            let connect = login(&mut self.fleet, of_kind(number, clocked), clocked);
            let address = self.broker.address();
            let (mut wire, answer) = Wire::dial(address, Version::V3, &connect).unwrap();
            assert!(
                matches!(answer, Packet::ConnAck { code: 0, .. }),
                "{answer:?}"
            );
            wire.disconnect().unwrap();
            assert_eq!(wire.receive().unwrap(), Packet::Closed);
        }
        LOGINS
    }

    /// As after a restart of the broker: it reads one CONNECT after the other, and sleeps in between no more.
    fn storm(&mut self, clocked: bool) -> usize {
        let address = self.broker.address();
        let mut wires: Vec<Wire> = (0..LOGINS)
            .map(|_| Wire::open(address, Version::V3).unwrap())
            .collect();
        for (number, wire) in wires.iter_mut().enumerate() {
            let connect = login(&mut self.fleet, of_kind(number, clocked), clocked);
            wire.connect(&connect).unwrap();
        }
        for wire in &mut wires {
            let answer = wire.receive().unwrap();
            assert!(
                matches!(answer, Packet::ConnAck { code: 0, .. }),
                "{answer:?}"
            );
        }
        for wire in &mut wires {
            wire.disconnect().unwrap();
        }
        for wire in &mut wires {
            assert_eq!(wire.receive().unwrap(), Packet::Closed);
        }
        LOGINS
    }

    fn messages(&mut self, sealed: &[u8], subscribed: bool) -> usize {
        let topic = format!("tx/{}/t", device_id(DEVICES));
        let one = Publish::new(&topic, sealed, 0).encode(Version::V3).unwrap();
        let batch = one.repeat(BATCH);
        for _ in 0..MESSAGES / BATCH {
            self.publisher.send(&batch).unwrap();
            assert!(self.publisher.is_open_and_quiet().unwrap());
            if subscribed {
                for _ in 0..BATCH {
                    let got = self.subscriber.receive().unwrap();
                    assert!(matches!(got, Packet::Publish(_)), "{got:?}");
                }
            }
        }
        MESSAGES
    }
}

/// Of the devices with a clock or without, this one.
const fn of_kind(number: usize, clocked: bool) -> usize {
    match clocked {
        true => number,
        false => DEVICES - CLOCKLESS + number,
    }
}

fn login(fleet: &mut Option<Vec<(String, FieldDevice)>>, number: usize, clocked: bool) -> Connect {
    match fleet {
        Some(fleet) => {
            let (id, device) = &mut fleet[number];
            connect(id, device, clocked)
        }
        None => Connect::new(device_id(number)).login(device_id(number), STATIC),
    }
}

/// No plugin and no rules; Mosquitto's password file and ACL file; the plugin.
fn contenders(fleet: &Fleet) -> [Contender; 3] {
    let bare = Setup::new().line("allow_anonymous true");
    let rules =
        format!("user {PERSON}\ntopic read tx/#\npattern write tx/%c/#\npattern read rx/%c/#\n");
    fleet.write("acl", &rules);
    let files = (0..=DEVICES).fold(Setup::new(), |setup, number| {
        setup.user(&device_id(number), STATIC)
    });
    let files = files
        .user(PERSON, PERSON_PASSWORD)
        .line(&format!("acl_file {}", fleet.path("acl").display()));
    let devices = (0..=DEVICES).map(|number| {
        let id = device_id(number);
        let device = FieldDevice::new(&id);
        (id, device)
    });
    [
        Contender::new(bare, None),
        Contender::new(files, None),
        Contender::new(fleet.setup(), Some(devices.collect())),
    ]
}

#[test]
#[ignore = "prints and asserts nothing: `cargo xtask cost`"]
fn print() {
    // A build is for all processors.
    plugin_path().unwrap();
    stay_on_one_processor();
    // The last one only publishes.
    let fleet = crowd(DEVICES + 1, CLOCKLESS + 1);
    let mut contenders = contenders(&fleet);
    let topic = format!("tx/{}/t", device_id(DEVICES));
    let sealed = FieldDevice::new(&device_id(DEVICES)).seal(Class::Live, &topic, b"21.5");
    let mut table = format!(
        "Microseconds of processor time of the broker's process for each operation, in user and in system mode, on one processor with\n\
         the load: medians of {LOGIN_ROUNDS} rounds of {LOGINS} logins and {PUBLISH_ROUNDS} rounds of {MESSAGES} messages in which three brokers take turns: without\n\
         plugin and rules, with Mosquitto's password file and ACL file, with the plugin. Then what a round took more with the plugin: the\n\
         medians and, in parentheses, the quartiles.\n\n\
         | | no plugin | files | plugin | plugin - no plugin | plugin - files |\n|---|--:|--:|--:|--:|--:|\n"
    );
    for (name, load) in [
        ("CONNECT", by_clock(true, false)),
        ("CONNECT, 32 at once", by_clock(true, true)),
        ("CONNECT without a clock", by_clock(false, false)),
        ("CONNECT without one, 32 at once", by_clock(false, true)),
        (
            "PUBLISH, nobody subscribed",
            Load::Publish { subscribed: false },
        ),
        (
            "PUBLISH and one delivery",
            Load::Publish { subscribed: true },
        ),
    ] {
        let mut seen: [Vec<f64>; 3] = Default::default();
        let mut more: [Vec<f64>; 2] = Default::default();
        let rounds = match load {
            Load::Login { .. } => LOGIN_ROUNDS,
            Load::Publish { .. } => PUBLISH_ROUNDS,
        };
        // The first round warms up.
        for round in 0..=rounds {
            let mut nanos = [0.0; 3];
            // Each follows each other one as often.
            for turn in 0..3 {
                let turn = if round % 2 == 0 { turn } else { 2 - turn };
                let index = (round + turn) % 3;
                nanos[index] = contenders[index].measure(load, &sealed) / 1000.0;
            }
            if round > 0 {
                for (seen, nanos) in seen.iter_mut().zip(&nanos) {
                    seen.push(*nanos);
                }
                more[0].push(nanos[2] - nanos[0]);
                more[1].push(nanos[2] - nanos[1]);
            }
        }
        let [none, files, plugin] = seen.map(|mut values| quartiles(&mut values)[1]);
        let [over_none, over_files] = more.map(|mut values| {
            let [low, middle, high] = quartiles(&mut values);
            format!("{middle:+.2} ({low:+.2} to {high:+.2})")
        });
        writeln!(
            table,
            "| {name} | {none:.2} | {files:.2} | {plugin:.2} | {over_none} | {over_files} |"
        )
        .unwrap();
    }
    println!("{table}");
    if let Some(file) = std::env::var_os("MQWARD_COST_FILE") {
        std::fs::write(file, table).unwrap();
    }
}

/// Load and brokers share a processor, and the brokers inherit it: where the system puts them would make more of a
/// difference than what is measured.
fn stay_on_one_processor() {
    let last = available_parallelism().unwrap().get() - 1;
    let done = Command::new("taskset")
        .args(["--all-tasks", "--cpu-list", "--pid", &last.to_string()])
        .arg(std::process::id().to_string())
        .output()
        .unwrap();
    assert!(done.status.success(), "{done:?}");
}

const fn by_clock(clocked: bool, at_once: bool) -> Load {
    Load::Login { clocked, at_once }
}

fn quartiles(values: &mut [f64]) -> [f64; 3] {
    values.sort_by(f64::total_cmp);
    [1, 2, 3].map(|quarter| values[values.len() * quarter / 4])
}
