//! Sealed time (spec §9): the vectors of question and answer, and what gives no time.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_in_result,
    reason = "a test stops at the first surprise"
)]

mod stampers;

use std::sync::LazyLock;

use mqward_crypto::{
    Class, Clock, ClockGate, Device, Generation, HEADER_LEN, HardwareId, MAX_COUNT, Message,
    Opened, Opener, Root, SEAL_OVERHEAD, SealError, SealStamper, Sealer, Sender, StampError,
    TIME_ANSWER_LEN, TIME_ANSWER_MAX_MS, TimeAnswerError, TimeQuestion, UnixTime, sealed_len,
    time_answer,
};
use mqward_vectors as vectors;

static SEALED: LazyLock<vectors::Sealed> = LazyLock::new(vectors::sealed);

fn vector(name: &str) -> &'static vectors::SealedMessage {
    let mut messages = SEALED.messages.iter();
    messages.find(|message| message.name == name).unwrap()
}

/// A device with an open question, and a backend.
struct Pair {
    root: Root,
    device: Device<'static>,
    hw: HardwareId<'static>,
    boot: u32,
    question: TimeQuestion,
    sealed: [u8; SEAL_OVERHEAD],
    backend: SealStamper,
    stamper: SealStamper,
}

const ASKED_MS: u64 = 40_000;

impl Pair {
    fn new() -> Self {
        let asked = vector("time-request");
        let answer = vector("time-answer");
        let (_, stamper) = stampers::at(asked.boot, asked.count, asked.sender, asked.time_or_salt);
        let (_, backend) = stampers::at(answer.boot, answer.count, answer.sender, 0);
        let mut pair = Self {
            root: Root::from_bytes(asked.root),
            device: Device::new(&asked.client_id, Generation::new(asked.generation).unwrap())
                .unwrap(),
            hw: HardwareId::new(&asked.hardware_id).unwrap(),
            boot: asked.boot,
            question: TimeQuestion::new(),
            sealed: [0; SEAL_OVERHEAD],
            backend,
            stamper,
        };
        pair.ask(ASKED_MS).unwrap();
        pair
    }

    fn ask(&mut self, now_ms: u64) -> Result<(), SealError> {
        let seed = self.root.up().seed(self.device);
        let sealer = Sealer::uplink(&seed, self.device, self.hw, Sender::DEVICE).unwrap();
        let topic = vector("time-request").topic.to_text();
        let (question, stamper) = (&mut self.question, &mut self.stamper);
        question.ask(&sealer, stamper, &topic, now_ms, &mut self.sealed)
    }

    /// What the backend makes of the last question.
    fn answer(&self, now: u32) -> Option<[u8; TIME_ANSWER_LEN]> {
        let seed = self.root.up().seed(self.device);
        let opener = Opener::uplink(&seed, self.device, self.hw, Sender::DEVICE).unwrap();
        let (topic, mut sealed) = (vector("time-request").topic.to_text(), self.sealed);
        let Ok(Opened::Message(message)) = opener.open_in_place(&topic, &mut sealed) else {
            panic!("the question opens");
        };
        time_answer(&message, UnixTime::from_secs(now.into()).unwrap())
    }

    fn seal(&mut self, class: Class, payload: &[u8]) -> Vec<u8> {
        let answer = vector("time-answer");
        let (seed, from) = (self.root.down().seed(self.device), self.backend.sender());
        let sealer = Sealer::downlink(&seed, self.device, self.hw, from, self.boot).unwrap();
        let mut out = vec![0; sealed_len(payload.len())];
        let clock = Clock::Trusted(UnixTime::from_secs(answer.time_or_salt.into()).unwrap());
        let topic = answer.topic.to_text();
        let stamper = &mut self.backend;
        sealer
            .seal(stamper, class, &topic, clock, payload, &mut out)
            .unwrap();
        out
    }

    /// What the device makes of what arrives.
    fn take(&mut self, sealed: &[u8], now_ms: u64) -> Result<u32, TimeAnswerError> {
        let (seed, from) = (self.root.down().seed(self.device), self.backend.sender());
        let opener = Opener::downlink(&seed, self.device, self.hw, from, self.boot).unwrap();
        let (topic, mut sealed) = (vector("time-answer").topic.to_text(), sealed.to_vec());
        let Ok(Opened::Message(message)) = opener.open_in_place(&topic, &mut sealed) else {
            panic!("the answer opens");
        };
        self.question.take(&message, now_ms).map(UnixTime::get)
    }
}

#[test]
fn question_and_answer_are_those_of_the_vectors() {
    let (asked, answered) = (vector("time-request"), vector("time-answer"));
    let mut pair = Pair::new();
    assert_eq!(pair.sealed, asked.sealed[..]);
    let payload = pair.answer(answered.time_or_salt).unwrap();
    assert_eq!(payload, answered.payload.to_vec()[..]);
    let answer = pair.seal(Class::Live, &payload);
    assert_eq!(answer, answered.sealed);
    assert!(pair.question.is_open());
    assert_eq!(pair.take(&answer, ASKED_MS), Ok(answered.time_or_salt));
    // Once.
    assert!(!pair.question.is_open());
    let again = pair.take(&answer, ASKED_MS);
    assert_eq!(again, Err(TimeAnswerError::NoQuestion));
}

#[test]
fn an_answer_is_taken_within_five_seconds() {
    for (now_ms, expected) in [
        (ASKED_MS, Ok(1)),
        (ASKED_MS + TIME_ANSWER_MAX_MS, Ok(1)),
        (
            ASKED_MS + TIME_ANSWER_MAX_MS + 1,
            Err(TimeAnswerError::Late),
        ),
        (u64::MAX, Err(TimeAnswerError::Late)),
        // An uptime that went back.
        (ASKED_MS - 1, Err(TimeAnswerError::Late)),
    ] {
        let mut pair = Pair::new();
        let payload = pair.answer(1).unwrap();
        let answer = pair.seal(Class::Live, &payload);
        assert_eq!(pair.take(&answer, now_ms), expected, "{now_ms}");
        assert!(!pair.question.is_open(), "{now_ms}");
    }
}

#[test]
fn what_is_no_answer_to_the_open_question_leaves_it_open() {
    let mut pair = Pair::new();
    let first = pair.answer(1_767_225_600).unwrap();
    pair.ask(ASKED_MS + 1).unwrap();
    let second = pair.answer(1_767_225_600).unwrap();
    assert_ne!(first, second);
    let held_back = pair.seal(Class::Live, &first);
    let other = Err(TimeAnswerError::OtherQuestion);
    assert_eq!(pair.take(&held_back, ASKED_MS + 2), other);

    let mut other_boot = second;
    other_boot[0] ^= 1;
    let changed = pair.seal(Class::Live, &other_boot);
    assert_eq!(pair.take(&changed, ASKED_MS + 2), other);

    let mut without_time = second;
    without_time[7..].fill(0);
    let longer = [&second[..], &[0]].concat();
    for (class, payload) in [
        (Class::Live, &without_time[..]),
        (Class::Live, &second[..10]),
        (Class::Live, &second[..6]),
        (Class::Live, &longer),
        (Class::Live, b""),
        (Class::Stored, &second),
        (Class::Retained, &second),
    ] {
        let sealed = pair.seal(class, payload);
        let taken = pair.take(&sealed, ASKED_MS + 2);
        assert_eq!(taken, Err(TimeAnswerError::NoAnswer), "{class} {payload:?}");
    }
    let answer = pair.seal(Class::Live, &second);
    assert_eq!(pair.take(&answer, ASKED_MS + 2), Ok(1_767_225_600));
}

/// A device's own message with an answer's payload is none: the direction is in the key.
#[test]
fn an_uplink_is_no_answer_and_a_measurement_no_question() {
    let mut pair = Pair::new();
    let payload = pair.answer(1_767_225_600).unwrap();
    let seed = pair.root.up().seed(pair.device);
    let sealer = Sealer::uplink(&seed, pair.device, pair.hw, Sender::DEVICE).unwrap();
    let opener = Opener::uplink(&seed, pair.device, pair.hw, Sender::DEVICE).unwrap();
    let mut open = |class: Class, payload: &[u8], judge: &mut dyn FnMut(&Message<'_>)| {
        let mut buf = vec![0; sealed_len(payload.len())];
        sealer
            .seal(
                &mut pair.stamper,
                class,
                "t",
                Clock::None,
                payload,
                &mut buf,
            )
            .unwrap();
        match opener.open_in_place("t", &mut buf) {
            Ok(Opened::Message(message)) => judge(&message),
            _ => panic!("it opens"),
        }
    };
    let now = UnixTime::from_secs(1_767_225_600).unwrap();
    open(Class::Live, &payload, &mut |message| {
        let taken = pair.question.take(message, ASKED_MS);
        assert_eq!(taken, Err(TimeAnswerError::NoAnswer));
        assert_eq!(time_answer(message, now), None);
    });
    for (class, payload) in [(Class::Live, &b"21.5"[..]), (Class::Retained, b"")] {
        open(class, payload, &mut |message| {
            assert_eq!(time_answer(message, now), None);
        });
    }
}

#[test]
fn who_could_not_ask_waits_for_nothing() {
    let mut pair = Pair::new();
    (_, pair.stamper) = stampers::at(pair.boot, MAX_COUNT, 0, 0);
    pair.ask(ASKED_MS).unwrap();
    assert_eq!(pair.answer(1).unwrap()[4..7], [0xff; 3], "the last count");
    assert!(pair.question.is_open());
    assert_eq!(
        pair.ask(ASKED_MS),
        Err(SealError::Stamp(StampError::UsedUp))
    );
    assert!(!pair.question.is_open());
}

/// A forged clock within the jump would keep question and answer from being taken, if their age were judged.
#[test]
fn a_clock_that_is_years_off_is_set() {
    let time = |secs| UnixTime::from_secs(secs).unwrap();
    let mut gate = ClockGate::new(time(1_767_000_000));
    assert!(gate.judge(1_860_000_000).time().is_some(), "forged");
    let mut pair = Pair::new();
    assert_eq!(pair.sealed[0], 0x14, "a question says nothing of the time");
    let payload = pair.answer(1_767_225_600).unwrap();
    let answer = pair.seal(Class::Live, &payload);
    assert_eq!(answer.len(), HEADER_LEN + payload.len() + 16);
    let taken = pair.take(&answer, ASKED_MS + 100).unwrap();
    gate.raise(time(taken.into()));
    assert_eq!(gate.floor(), time(1_767_225_600));
    assert_eq!(gate.judge(1_860_000_000), Clock::None);
    assert_eq!(gate.judge(taken.into()), Clock::Trusted(time(taken.into())));
}
