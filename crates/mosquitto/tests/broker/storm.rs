//! Mutated packets by the thousand: the broker lives, and nobody gets what he has no right to.
//!
//! `cargo xtask storm` runs this with 100 000 packets; an ordinary test run with fewer. What is mutated, and how, follows
//! from the seed alone; the bytes of passwords and sealed payloads are made of the time of the run.

use core::fmt::Write as _;

use fastrand::Rng;
use mqward::Class;
use mqward_testbed::{
    Broker, Connect, Packet, Publish, Setup, Version, Wire, subscribe, unsubscribe,
};

use crate::fleet::{
    ALICE, BOB, FieldDevice, Fleet, GENTLE, PERSON, PERSON_PASSWORD, POLICY, accepted,
};
use crate::mutation::mutate;

/// How many mutated packets an ordinary run sends.
const PACKETS: usize = 2000;
const SEED: u64 = 1;
/// Without it the broker holds small packets back until the last one is acknowledged, 40 ms each.
const PROMPT: &str = "set_tcp_nodelay true";
/// The person who publishes what devices may or may not get.
const PUBLISHER: &str = "person-2";
/// What that person says, and where.
const SAID: [(&str, &str); 5] = [
    ("rx/device-0123456789ab/t", "for alice"),
    ("rx/gentle-1/t", "for gentle"),
    ("rx/device-0123456789cd/t", "for bob"),
    ("secret/t", "for nobody"),
    ("rx", "for nobody"),
];

/// What a storm came to.
#[derive(Debug, Default)]
struct Outcome {
    sent: usize,
    connections: usize,
    logins: usize,
    /// Messages of the attackers that the watcher saw.
    passed: usize,
    /// Messages that the attackers got.
    received: usize,
    violations: Vec<String>,
}

struct Storm<'a> {
    broker: &'a Broker,
    rng: Rng,
    attackers: [(&'static str, FieldDevice); 2],
    watcher: Wire,
    publisher: Wire,
    outcome: Outcome,
}

impl<'a> Storm<'a> {
    fn new(broker: &'a Broker, seed: u64) -> Self {
        let login = |id| Connect::new(id).login(id, PERSON_PASSWORD);
        let mut watcher = accepted(broker, Version::V3, &login(PERSON));
        watcher.subscribe(&["#"]).unwrap();
        assert_eq!(
            watcher.receive().unwrap(),
            Packet::SubAck {
                id: 2,
                codes: vec![1]
            }
        );
        let mut publisher = accepted(broker, Version::V3, &login(PUBLISHER));
        // Retained, so that any subscription that should not be shows at once.
        for (topic, payload) in SAID {
            publisher
                .publish(&Publish::new(topic, payload, 0).retained())
                .unwrap();
        }
        assert!(publisher.is_open_and_quiet().unwrap());
        Self {
            broker,
            rng: Rng::with_seed(seed),
            attackers: [ALICE, GENTLE].map(|id| (id, FieldDevice::new(id))),
            watcher,
            publisher,
            outcome: Outcome::default(),
        }
    }

    fn run(&mut self, packets: usize) {
        while self.outcome.sent < packets && self.outcome.violations.len() < 10 {
            self.connection();
        }
    }

    /// One connection of an attacker: what he sends, what he gets, what the watcher sees of it.
    fn connection(&mut self) {
        self.outcome.connections += 1;
        let version = Version::ALL[self.rng.usize(0..2)];
        let attacker = self.rng.usize(0..2);
        let (id, device) = &mut self.attackers[attacker];
        let id = *id;
        let mut own = packets(device, id, version);
        let others = packets_of_others(version);
        let connects = connects(device, id, &mut self.rng);
        let connects = connects.map(|connect| connect.encode(version));
        let mut stream = Vec::new();
        match self.rng.u8(0..8) {
            // Before CONNECT.
            0 => {}
            // Instead of CONNECT.
            1 | 2 => {
                own.extend(connects.clone());
                let connect = self.rng.usize(0..connects.len());
                stream.extend(mutate(&mut self.rng, &connects[connect], &own));
                self.outcome.sent += 1;
            }
            // After CONNECT.
            _ => stream.extend(&connects[0]),
        }
        own.extend(connects);
        let pool: Vec<Vec<u8>> = own.iter().chain(&others).cloned().collect();
        for _ in 0..self.rng.usize(1..=12) {
            let packet = self.rng.choice(&own).unwrap();
            if self.rng.u8(0..4) == 0 {
                stream.extend(packet);
            } else {
                stream.extend(mutate(&mut self.rng, packet, &pool));
                self.outcome.sent += 1;
            }
        }
        let mut wire = Wire::open(self.broker.address(), version).unwrap();
        wire.send(&stream).unwrap();
        self.speak();
        wire.finish().unwrap();
        let seen = self.watch();
        match wire.bytes_until_closed().unwrap() {
            Some(got) => self.judge(id, &got, &stream),
            None => self.violation("the broker does not close", &stream),
        }
        if let Some(what) = seen {
            self.violation(&what, &stream);
        }
    }

    /// The publisher says everything again, to whoever listens by now.
    fn speak(&mut self) {
        for (topic, payload) in SAID {
            self.publisher
                .publish(&Publish::new(topic, payload, 0))
                .unwrap();
        }
        assert!(self.publisher.is_open_and_quiet().unwrap());
    }

    /// Reads what the watcher got up to now; returns what nobody had the right to send.
    fn watch(&mut self) -> Option<String> {
        let mut wrong = None;
        self.watcher.send(&[0xc0, 0]).unwrap();
        loop {
            match self.watcher.receive().unwrap() {
                Packet::PingResp => return wrong,
                Packet::Publish(message) => {
                    if message.id != 0 {
                        self.watcher.acknowledge(message.id).unwrap();
                    }
                    if said(&message.topic, &message.payload) {
                        continue;
                    }
                    self.outcome.passed += 1;
                    if !may_publish(&message.topic, &message.payload) {
                        wrong = Some(format!("delivered: {message:?}"));
                    }
                }
                other => return Some(format!("the watcher got {other:?}")),
            }
        }
    }

    /// What an attacker got: nothing but what was said to him.
    fn judge(&mut self, id: &str, got: &[u8], stream: &[u8]) {
        let mut rest = got;
        while let Some((first, body, after)) = next_frame(rest) {
            rest = after;
            match first >> 4 {
                2 if body.get(1) == Some(&0) => self.outcome.logins += 1,
                3 => {
                    self.outcome.received += 1;
                    let length = body
                        .first_chunk()
                        .map_or(0, |n| usize::from(u16::from_be_bytes(*n)));
                    let topic = body.get(2..2 + length).unwrap_or_default();
                    let own = format!("rx/{id}/t");
                    if topic != own.as_bytes() {
                        self.violation(&format!("{id} got \"{}\"", topic.escape_ascii()), stream);
                    }
                }
                _ => {}
            }
        }
    }

    fn violation(&mut self, what: &str, stream: &[u8]) {
        let number = self.outcome.connections;
        let mut hex = String::new();
        for byte in stream {
            write!(hex, "{byte:02x}").unwrap();
        }
        self.outcome
            .violations
            .push(format!("connection {number}: {what}: {hex}"));
    }
}

/// What a device may send, well formed.
fn packets(device: &mut FieldDevice, id: &str, version: Version) -> Vec<Vec<u8>> {
    let (plain, sealed) = (format!("tx/{id}/t"), format!("sealed/{id}/t"));
    let live = device.seal(Class::Live, &sealed, b"21.5");
    let retained = device.seal(Class::Retained, &sealed, b"21.5");
    let publishes = [
        Publish::new(&plain, "1", 0),
        Publish::new(&plain, "2", 1),
        Publish::new(&plain, "3", 2),
        Publish::new(&plain, "4", 1).retained(),
        Publish::new(&sealed, live, 0),
        Publish::new(&sealed, retained, 1).retained(),
    ];
    let mut packets: Vec<Vec<u8>> = publishes
        .iter()
        .map(|p| p.encode(version).unwrap())
        .collect();
    let own = format!("rx/{id}/#");
    let shared = format!("$share/g/rx/{id}/t");
    packets.push(subscribe(version, 2, &[&own]).unwrap());
    packets.push(subscribe(version, 4, &[&shared, &own]).unwrap());
    packets.push(unsubscribe(version, 3, &own).unwrap());
    // PUBACK, PUBREC, PUBREL, PUBCOMP, PINGREQ, DISCONNECT.
    for head in [0x40, 0x50, 0x62, 0x70] {
        packets.push(vec![head, 2, 0, 1]);
    }
    packets.push(vec![0xc0, 0]);
    packets.push(vec![0xe0, 0]);
    if version == Version::V5 {
        // AUTH; a Topic Alias that is set, and one that is used (MQTT 5 §3.3.2.3.4).
        packets.push(vec![0xf0, 2, 0x18, 0]);
        for name in [plain.as_str(), ""] {
            let mut body = vec![0, u8::try_from(name.len()).unwrap()];
            body.extend(name.bytes());
            body.extend([3, 0x23, 0, 1]);
            body.extend(b"alias");
            packets.push([&[0x30, u8::try_from(body.len()).unwrap()], &body[..]].concat());
        }
    }
    packets
}

/// What others may send and this device may not: parts of it get into what it sends.
fn packets_of_others(version: Version) -> Vec<Vec<u8>> {
    let mut packets = Vec::new();
    for topic in [
        "tx/device-0123456789cd/t",
        "rx/device-0123456789cd/t",
        "secret/t",
        "tx",
    ] {
        packets.push(Publish::new(topic, "stolen", 1).encode(version).unwrap());
    }
    for filter in ["#", "+/+/t", "rx/#", "$share/g/#", "secret/t", "rx/+/t"] {
        packets.push(subscribe(version, 5, &[filter]).unwrap());
    }
    packets
}

/// Ways of this device to log in, and of pretending to be others with its password.
fn connects(device: &mut FieldDevice, id: &str, rng: &mut Rng) -> [Connect; 3] {
    let mut own = device.connect();
    if rng.bool() {
        own = own.will(&format!("tx/{id}/gone"), b"will");
    }
    if rng.bool() {
        own = own.persistent();
    }
    let mut as_bob = own.clone();
    as_bob.client_id = BOB.into();
    as_bob.user_name = Some(BOB.into());
    let mut as_person = own.clone();
    as_person.client_id = PERSON.into();
    as_person.user_name = Some(PERSON.into());
    [own, as_bob, as_person]
}

fn said(topic: &str, payload: &[u8]) -> bool {
    SAID.iter()
        .any(|(at, what)| *at == topic && what.as_bytes() == payload)
}

/// The rules of the policy below, said again: `tx/%c/#` and `sealed/%c/#`, 64 bytes, no wildcard.
fn may_publish(topic: &str, payload: &[u8]) -> bool {
    let below = |root: &str| {
        [ALICE, GENTLE].iter().any(|id| {
            let rest = topic.strip_prefix(&format!("{root}/{id}"));
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    };
    let sealed = payload.len() >= 30 && (0x10..=0x17).contains(&payload[0]);
    payload.len() <= 64
        && !topic.contains(['+', '#', '\0'])
        && (below("tx") || below("sealed") && sealed)
}

/// First byte, body, and what follows; `None` at the end and at a frame that was cut off by it.
fn next_frame(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (first, mut rest) = bytes.split_first()?;
    let mut length = 0;
    for shift in [0, 7, 14, 21] {
        let (digit, after) = rest.split_first()?;
        rest = after;
        length |= usize::from(digit & 0x7f) << shift;
        if *digit < 0x80 {
            break;
        }
    }
    let (body, rest) = rest.split_at_checked(length)?;
    Some((*first, body, rest))
}

fn number(name: &str, usual: u64) -> u64 {
    std::env::var(name).map_or(usual, |text| text.parse().unwrap())
}

#[test]
fn mutated_packets_neither_stop_the_broker_nor_get_anything() {
    let fleet = Fleet::new();
    let policy = POLICY
        .replace(
            r#"[{ allow = "tx/%c/#" }]"#,
            r#"[{ allow = "tx/%c/#" }, { allow = "sealed/%c/#", sealed = true }]"#,
        )
        .replace(
            r#"[{ allow = "rx/#" }]"#,
            r#"[{ allow = "rx/#" }, { allow = "secret/#" }]"#,
        )
        .replace(r#"[{ allow = "tx/#" }]"#, r##"[{ allow = "#" }]"##);
    fleet.write("policy.toml", &policy);
    let mut broker = fleet
        .setup()
        .user(PUBLISHER, PERSON_PASSWORD)
        .line(PROMPT)
        .start()
        .unwrap();
    let mut bystander = FieldDevice::new(BOB).log_in(&broker, Version::V5);
    let packets = number("MQWARD_STORM_PACKETS", u64::try_from(PACKETS).unwrap());
    let mut storm = Storm::new(&broker, number("MQWARD_STORM_SEED", SEED));
    storm.run(packets.try_into().unwrap());
    let Storm {
        attackers, outcome, ..
    } = storm;
    println!(
        "{} mutated packets in {} connections: {} logins, {} messages passed, {} received, {} violations",
        outcome.sent,
        outcome.connections,
        outcome.logins,
        outcome.passed,
        outcome.received,
        outcome.violations.len()
    );
    assert!(outcome.violations.is_empty(), "{:#?}", outcome.violations);
    // The storm got as far as the rules, on both of their sides.
    assert!(
        outcome.logins > 0 && outcome.passed > 0 && outcome.received > 0,
        "{outcome:?}"
    );
    let audit = fleet.audit();
    for reason in ["not-allowed", "not-sealed", "wrong-tag", "user-name"] {
        assert!(audit.contains(reason), "{reason} not in {audit}");
    }
    let admitted =
        |line: &&str| line.contains(r#""event":"login""#) && line.contains(r#""verdict":"allow""#);
    for line in audit.lines().filter(admitted) {
        let known = [ALICE, BOB, GENTLE]
            .iter()
            .any(|id| line.contains(&format!(r#""client_id":"{id}""#)));
        assert!(known, "{line}");
    }
    assert!(
        bystander.is_open_and_quiet().unwrap(),
        "somebody else was touched"
    );
    for (_, mut device) in attackers {
        let mut wire = device.log_in(&broker, Version::V3);
        assert!(wire.is_open_and_quiet().unwrap());
    }
    assert!(broker.is_running().unwrap());
}

/// The same storm on a broker that allows everything: what it must find is there.
#[test]
fn the_storm_finds_a_broker_without_rules() {
    let broker = Setup::new()
        .line("allow_anonymous true")
        .line(PROMPT)
        .start()
        .unwrap();
    let mut storm = Storm::new(&broker, SEED);
    storm.run(PACKETS);
    let outcome = storm.outcome;
    let found = |what: &str| {
        outcome
            .violations
            .iter()
            .any(|violation| violation.contains(what))
    };
    assert!(found("delivered: ") && found(" got "), "{outcome:?}");
}
