//! Known attacks on logins and payloads, and known defects of other systems, by their number in docs/threat-model.md.

#![allow(
    clippy::unwrap_used,
    clippy::unwrap_in_result,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod stampers;

use mqward_crypto::{
    Advance, AgeRule, Audience, Claim, Class, Clock, ClockGate, ClockRule, Device, DownRoot,
    DownSeed, Generation, HardwareId, LoginKey, LoginRefusal, LoginTerms, Mark, OpenError, Opened,
    Opener, PASSWORD_LEN, ParamError, Password, Root, Sealer, Sender, TAG_LEN, UnixTime, UpRoot,
    UpSeed, sealed_len,
};

const NOW: u64 = 1_767_225_600;
const TOPIC: &str = "tx/device-1/t";

fn time(secs: u64) -> UnixTime {
    UnixTime::from_secs(secs).unwrap()
}

fn device(id: &str) -> Device<'_> {
    Device::new(id, Generation::FIRST).unwrap()
}

fn login_key(id: &str, hw: &[u8], audience: &str) -> LoginKey {
    let seed = Root::from_bytes([5; 32]).auth().seed(device(id));
    seed.login_key(
        HardwareId::new(hw).unwrap(),
        Audience::new(audience).unwrap(),
    )
}

fn key() -> LoginKey {
    login_key("device-1", b"\x24\x6f", "mqtt.example.com")
}

fn mint(key: &LoginKey, id: &str, count: u32, secs: u64) -> Password {
    let (mut stamper, _) = stampers::at(7, count, 0, 0);
    let clock = Clock::Trusted(time(secs));
    stamper.mint(key, device(id), clock).unwrap()
}

fn verify(key: &LoginKey, id: &str, password: &[u8], secs: u64) -> Result<Mark, LoginRefusal> {
    let terms = LoginTerms::new(60, ClockRule::Required).unwrap();
    let claim = Claim::parse(password).unwrap();
    claim
        .verify(key, true, id, &terms, time(secs))
        .map(|login| login.mark())
}

/// Moves the device's clock forward, records what it mints, and waits.
#[test]
fn a17_a_password_recorded_for_the_future_dies_with_the_next_login() {
    let recorded = mint(&key(), "device-1", 0, NOW + 86_400);
    assert!(matches!(
        verify(&key(), "device-1", recorded.as_bytes(), NOW),
        Err(LoginRefusal::OutsideWindow { skew: 86_400 })
    ));
    // The clock is right again, and the device logs in once before the recorded time has come.
    let honest = mint(&key(), "device-1", 1, NOW + 10);
    let stored = verify(&key(), "device-1", honest.as_bytes(), NOW + 10).unwrap();
    let late = verify(&key(), "device-1", recorded.as_bytes(), NOW + 86_400).unwrap();
    assert_eq!(late.compare(Some(stored)), Advance::Behind);
    // What is left (docs/threat-model.md): a device that never comes back leaves the recording above its mark.
    assert_eq!(late.compare(None), Advance::Advanced);
}

#[test]
fn a17_a_forged_clock_is_no_clock_and_does_not_raise_the_floor() {
    let mut gate = ClockGate::resume(time(NOW), time(NOW + 100));
    assert_eq!(
        gate.judge(NOW + 99),
        Clock::None,
        "back before an authenticated time"
    );
    assert_eq!(
        gate.judge(NOW + 20 * 365 * 86_400),
        Clock::None,
        "years ahead"
    );
    assert_eq!(gate.floor(), time(NOW + 100), "judging moved the floor");
    gate.raise(time(NOW + 50));
    assert_eq!(gate.floor(), time(NOW + 100), "the floor went back");
}

/// Whoever swallows a CONNECT may use it once; the payload that he then sees or sends stays out of his reach.
#[test]
fn a18_who_takes_a_password_over_can_neither_read_nor_write_a_sealed_payload() {
    let taken = mint(&key(), "device-1", 0, NOW);
    assert!(
        verify(&key(), "device-1", taken.as_bytes(), NOW).is_ok(),
        "inherent without TLS"
    );
    let seed = UpSeed::from_bytes([9; 32]);
    let opener = Opener::uplink(&seed, device("device-1"), HardwareId::EMPTY, Sender::DEVICE);
    // All that the attacker has of the device: the bytes of the password, as a key.
    let mut guess = [0; 32];
    guess.copy_from_slice(&taken.as_bytes()[..32]);
    let forger = UpSeed::from_bytes(guess);
    let sealer = Sealer::uplink(
        &forger,
        device("device-1"),
        HardwareId::EMPTY,
        Sender::DEVICE,
    );
    let (_, mut stamper) = stampers::at(7, 0, 0, 0);
    let mut buf = [0; sealed_len(4)];
    sealer
        .unwrap()
        .seal(
            &mut stamper,
            Class::Live,
            TOPIC,
            Clock::None,
            b"open",
            &mut buf,
        )
        .unwrap();
    assert_eq!(
        opener.unwrap().open_in_place(TOPIC, &mut buf).unwrap_err(),
        OpenError::Refused
    );
}

#[test]
fn a21_what_is_refused_leaves_no_plaintext_behind() {
    let seed = UpSeed::from_bytes([9; 32]);
    let ends = (
        Sealer::uplink(&seed, device("device-1"), HardwareId::EMPTY, Sender::DEVICE).unwrap(),
        Opener::uplink(&seed, device("device-1"), HardwareId::EMPTY, Sender::DEVICE).unwrap(),
    );
    let (_, mut stamper) = stampers::at(7, 0, 0, 0);
    let mut sealed = [0; sealed_len(6)];
    ends.0
        .seal(
            &mut stamper,
            Class::Live,
            TOPIC,
            Clock::None,
            b"secret",
            &mut sealed,
        )
        .unwrap();
    for bit in 0..8 * TAG_LEN {
        let mut changed = sealed;
        changed[sealed_len(6) - TAG_LEN + bit / 8] ^= 1 << (bit % 8);
        assert_eq!(
            ends.1.open_in_place(TOPIC, &mut changed).unwrap_err(),
            OpenError::Refused
        );
        assert_eq!(changed, [0; sealed_len(6)], "bit {bit}");
    }
}

/// One sealed payload, and every other place where it might be passed off as authentic.
#[test]
fn a29_a_payload_opens_nowhere_else() {
    let root = Root::from_bytes([5; 32]).up();
    let up = root.seed(device("device-1"));
    let hw = HardwareId::new(b"\x24\x6f").unwrap();
    let sealer = Sealer::uplink(&up, device("device-1"), hw, Sender::DEVICE).unwrap();
    let (_, mut stamper) = stampers::at(7, 0, 0, 0);
    let mut sealed = [0; sealed_len(4)];
    sealer
        .seal(
            &mut stamper,
            Class::Live,
            TOPIC,
            Clock::None,
            b"21.5",
            &mut sealed,
        )
        .unwrap();
    let refused = |opener: &Opener, topic: &str, bytes: &[u8]| {
        let mut buf = bytes.to_vec();
        opener.open_in_place(topic, &mut buf).is_err()
    };

    let own = Opener::uplink(&up, device("device-1"), hw, Sender::DEVICE).unwrap();
    let mut good = sealed;
    let Ok(Opened::Message(message)) = own.open_in_place(TOPIC, &mut good) else {
        panic!("the good twin does not open");
    };
    assert_eq!(message.payload(), b"21.5");

    for topic in [
        "tx/device-2/t",
        "tx/device-1/T",
        "tx/device-1/t/",
        "/tx/device-1/t",
        "",
    ] {
        assert!(refused(&own, topic, &sealed), "on topic {topic:?}");
    }
    for class in [0x10, 0x11, 0x15, 0x16, 0x17] {
        let mut changed = sealed;
        changed[0] = class;
        assert!(refused(&own, TOPIC, &changed), "as class {class:#x}");
    }
    // Generation and sender are inputs of the key: openers of the others, fed with a changed header, do not open either.
    let second = Device::new("device-1", Generation::new(2).unwrap()).unwrap();
    let other_generation = Opener::uplink(&up, second, hw, Sender::DEVICE).unwrap();
    assert!(refused(&other_generation, TOPIC, &sealed));
    let next = Opener::uplink(&root.seed(second), second, hw, Sender::DEVICE).unwrap();
    let mut changed = sealed;
    changed[1] = 2;
    assert!(refused(&next, TOPIC, &changed));
    let other_sender =
        Opener::uplink(&up, device("device-1"), hw, Sender::device(1).unwrap()).unwrap();
    assert!(refused(&other_sender, TOPIC, &sealed));
    let mut changed = sealed;
    changed[2] = 1;
    assert!(refused(&other_sender, TOPIC, &changed));
    // Another board with the same flash, another device.
    for hw in [&b"\x24\x70"[..], b"\x24", b""] {
        let hw = HardwareId::new(hw).unwrap();
        let other_board = Opener::uplink(&up, device("device-1"), hw, Sender::DEVICE).unwrap();
        assert!(refused(&other_board, TOPIC, &sealed));
    }
    let other_device = Opener::uplink(
        &root.seed(device("device-2")),
        device("device-2"),
        hw,
        Sender::DEVICE,
    )
    .unwrap();
    assert!(refused(&other_device, TOPIC, &sealed));
    // Reflected to the device as a command, even if both seeds were the same by mistake.
    let down = DownSeed::from_bytes(*up.expose());
    let backend = Sender::backend(16).unwrap();
    let device_side = Opener::downlink(&down, device("device-1"), hw, backend, 7).unwrap();
    assert!(refused(&device_side, TOPIC, &sealed));
    let mut changed = sealed;
    changed[2] = 16;
    assert!(refused(&device_side, TOPIC, &changed));
}

/// Whoever holds one purpose root uses it, and what follows from it, as any other: no command and no telemetry comes of it.
#[test]
fn the_root_of_one_purpose_is_worth_nothing_for_another() {
    let root = Root::from_bytes([5; 32]);
    let (id, hw) = (device("device-1"), HardwareId::new(b"\x24\x6f").unwrap());
    let (auth, up, down) = (root.auth(), root.up(), root.down());
    let backend = Sender::backend(16).unwrap();
    let obeys = Opener::downlink(&down.seed(id), id, hw, backend, 7).unwrap();
    let reads = Opener::uplink(&up.seed(id), id, hw, Sender::DEVICE).unwrap();
    let opens = |down: &DownSeed, up: &UpSeed| {
        let (_, mut of_backend) = stampers::at(9, 0, 16, 0);
        let (_, mut of_device) = stampers::at(9, 0, 0, 0);
        let commands = Sealer::downlink(down, id, hw, backend, 7).unwrap();
        let reports = Sealer::uplink(up, id, hw, Sender::DEVICE).unwrap();
        [Class::Live, Class::Stored].map(|class| {
            let (mut command, mut report) = ([0; sealed_len(4)], [0; sealed_len(4)]);
            let (clock, text) = (Clock::Trusted(time(NOW)), b"open");
            commands
                .seal(
                    &mut of_backend,
                    class,
                    "rx/device-1/cmd",
                    clock,
                    text,
                    &mut command,
                )
                .unwrap();
            reports
                .seal(&mut of_device, class, TOPIC, clock, text, &mut report)
                .unwrap();
            (
                obeys.open_in_place("rx/device-1/cmd", &mut command).is_ok(),
                reads.open_in_place(TOPIC, &mut report).is_ok(),
            )
        })
    };
    assert_eq!(opens(&down.seed(id), &up.seed(id)), [(true, true); 2]);
    // Of whom no command is, and of whom no telemetry: as roots, then as seeds.
    for (no_down, no_up) in [
        (auth.expose(), down.expose()),
        (up.expose(), auth.expose()),
        (up.expose(), down.expose()),
    ] {
        let (no_down, no_up) = (DownRoot::from_bytes(*no_down), UpRoot::from_bytes(*no_up));
        assert_eq!(
            opens(&no_down.seed(id), &no_up.seed(id)),
            [(false, false); 2]
        );
    }
    let (auth, up, down) = (auth.seed(id), up.seed(id), down.seed(id));
    for (no_down, no_up) in [
        (auth.expose(), down.expose()),
        (up.expose(), auth.expose()),
        (up.expose(), down.expose()),
    ] {
        let (no_down, no_up) = (DownSeed::from_bytes(*no_down), UpSeed::from_bytes(*no_up));
        assert_eq!(opens(&no_down, &no_up), [(false, false); 2]);
    }
}

#[test]
fn a8_a_command_that_was_kept_back_is_too_old() {
    let down = DownSeed::from_bytes([9; 32]);
    let backend = Sender::backend(16).unwrap();
    let hw = HardwareId::EMPTY;
    let sealer = Sealer::downlink(&down, device("device-1"), hw, backend, 7).unwrap();
    let opener = Opener::downlink(&down, device("device-1"), hw, backend, 7).unwrap();
    let (_, mut stamper) = stampers::at(9, 0, 16, 0);
    let mut buf = [0; sealed_len(4)];
    let clock = Clock::Trusted(time(NOW));
    sealer
        .seal(
            &mut stamper,
            Class::Live,
            "rx/device-1/cmd",
            clock,
            b"open",
            &mut buf,
        )
        .unwrap();
    let mut replay = buf;
    let Ok(Opened::Message(message)) = opener.open_in_place("rx/device-1/cmd", &mut buf) else {
        panic!("does not open");
    };
    let age = |secs| {
        message
            .receipt()
            .check_age(&AgeRule::DOWNLINK_LIVE, Clock::Trusted(time(secs)))
    };
    assert!(age(NOW + 60).is_ok());
    assert!(age(NOW + 61).is_err());
    // After the device's next start the key is another one.
    let restarted = Opener::downlink(&down, device("device-1"), hw, backend, 8).unwrap();
    assert_eq!(
        restarted
            .open_in_place("rx/device-1/cmd", &mut replay)
            .unwrap_err(),
        OpenError::Refused
    );
}

/// A MAC is bytes with a length: one that holds a zero is as good as any other, and what follows the zero counts.
#[test]
fn d1_a_tag_with_a_zero_byte_is_whole() {
    let mut zeros_at = [false; TAG_LEN];
    for count in 0..8000 {
        let password = mint(&key(), "device-1", count, NOW);
        let mut raw = decode(password.as_bytes());
        let Some(zero) = raw[13..].iter().position(|byte| *byte == 0) else {
            continue;
        };
        zeros_at[zero] = true;
        assert!(verify(&key(), "device-1", password.as_bytes(), NOW).is_ok());
        raw[28] ^= 1;
        assert_eq!(
            verify(&key(), "device-1", &encode(&raw), NOW),
            Err(LoginRefusal::WrongTag)
        );
    }
    assert_eq!(zeros_at, [true; TAG_LEN], "not every place was seen");
}

#[test]
fn d2_the_public_part_is_never_the_key() {
    // Who has only what travels, and computes with it as the key, gets another tag.
    let password = mint(&key(), "device-1", 0, NOW);
    let raw = decode(password.as_bytes());
    let mut public = [0; 32];
    public[..13].copy_from_slice(&raw[..13]);
    let forged = mint(&LoginKey::from_bytes(public), "device-1", 0, NOW);
    assert_ne!(forged.as_bytes(), password.as_bytes());
    assert_eq!(
        verify(&key(), "device-1", forged.as_bytes(), NOW),
        Err(LoginRefusal::WrongTag)
    );
}

#[test]
fn d3_there_is_no_off_for_the_window() {
    for window in [0, 3601, u16::MAX] {
        assert_eq!(
            LoginTerms::new(window, ClockRule::Accepted),
            Err(ParamError::Window)
        );
    }
    let password = mint(&key(), "device-1", 0, NOW);
    assert!(verify(&key(), "device-1", password.as_bytes(), NOW + 60).is_ok());
    assert!(verify(&key(), "device-1", password.as_bytes(), NOW + 61).is_err());
    assert!(verify(&key(), "device-1", password.as_bytes(), NOW - 61).is_err());
}

/// Wherever two variable parts stand side by side, moving a byte from one to the other gives another key.
#[test]
fn d4_parts_do_not_run_into_each_other() {
    let pairs = [
        (("d", "ab", "c"), ("d", "a", "bc")),
        (("d", "", "abc"), ("d", "a", "bc")),
        (("ab", "c", "m"), ("a", "bc", "m")),
    ];
    for (left, right) in pairs {
        let keys = [left, right].map(|(id, hw, audience)| login_key(id, hw.as_bytes(), audience));
        assert_ne!(keys[0].expose(), keys[1].expose(), "{left:?} {right:?}");
    }
    // The Client Identifier is in the tag too, with its length.
    let password = mint(&key(), "device-1", 0, NOW);
    for other in ["device-", "device-11", "evice-1", "device-1\0"] {
        assert_eq!(
            verify(&key(), other, password.as_bytes(), NOW),
            Err(LoginRefusal::WrongTag)
        );
    }
}

#[test]
fn d6_separators_in_an_identifier_mean_nothing() {
    for id in ["a_b", "a_b_0_0_2026", "a-b.c:d", "_", "a%2Fb"] {
        let key = login_key(id, b"", "m");
        let password = mint(&key, id, 0, NOW);
        assert_eq!(password.as_bytes().len(), PASSWORD_LEN);
        assert!(verify(&key, id, password.as_bytes(), NOW).is_ok(), "{id}");
    }
}

#[test]
fn d7_a_password_that_was_cut_is_refused_and_none_holds_a_zero() {
    for count in 0..200 {
        let password = mint(&key(), "device-1", count, NOW + u64::from(count));
        assert!(
            password
                .as_bytes()
                .iter()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(byte))
        );
        for len in 0..PASSWORD_LEN {
            assert!(Claim::parse(&password.as_bytes()[..len]).is_err());
        }
    }
}

/// One stamp has one password: every other tag of 128 bits is wrong, in the same second or not.
#[test]
fn d8_every_bit_of_the_password_counts() {
    let password = mint(&key(), "device-1", 3, NOW);
    let raw = decode(password.as_bytes());
    let terms = LoginTerms::new(3600, ClockRule::Accepted).unwrap();
    for bit in 0..8 * raw.len() {
        let mut changed = raw;
        changed[bit / 8] ^= 1 << (bit % 8);
        let claim = Claim::parse(&encode(&changed));
        let login = claim.map(|claim| claim.verify(&key(), true, "device-1", &terms, time(NOW)));
        assert!(!matches!(login, Ok(Ok(_))), "bit {bit}");
    }
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// base64url by its definition (RFC 4648 §5).
fn decode(text: &[u8; PASSWORD_LEN]) -> [u8; 29] {
    let mut raw = [0; 29];
    for (at, byte) in text.iter().enumerate() {
        let value = ALPHABET.iter().position(|letter| letter == byte).unwrap();
        for bit in 0..6 {
            let place = 6 * at + bit;
            if place < 8 * 29 && value >> (5 - bit) & 1 == 1 {
                raw[place / 8] |= 0x80 >> (place % 8);
            }
        }
    }
    raw
}

fn encode(raw: &[u8; 29]) -> [u8; PASSWORD_LEN] {
    core::array::from_fn(|at| {
        let bit = |bit: usize| {
            let place = 6 * at + bit;
            let byte = raw.get(place / 8).copied().unwrap_or(0);
            usize::from(byte >> (7 - place % 8) & 1)
        };
        ALPHABET[(0..6).fold(0, |value, at| value << 1 | bit(at))]
    })
}
