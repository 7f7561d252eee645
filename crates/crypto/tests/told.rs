//! What is told and kept: the texts of errors, the numbers that the documents state, the salt over a deep sleep.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod stampers;

use mqward_crypto::cose::{CoseError, MAX_EXTRA_LEN};
use mqward_crypto::{
    AgeError, AgeRule, Audience, BLOB_OVERHEAD, BOOT_SLOT_LEN, BlobError, BootError,
    CLOCK_JUMP_SECS, Claim, Class, Clock, ClockRule, Device, Direction, FIRST_CLOCK_JUMP_SECS,
    FrameError, Generation, HEADER_LEN, HardwareId, Header, ImportError, Judgement, LatestMark,
    LoginKey, LoginRefusal, LoginTerms, MAX_BLOB_LEN, MalformedPassword, OpenError, Opened, Opener,
    PASSWORD_LEN, ParamError, RESUME_RECORD_LEN, Receipt, ResumeRecord, SEAL_OVERHEAD, SealError,
    Sealer, Sender, StampError, StrictMark, TimeAnswerError, UnixTime, UpSeed, Window, sealed_len,
};

#[test]
fn errors_say_what_is_wrong() {
    let told = [
        (MalformedPassword.to_string(), "not a mqward password"),
        (StampError::UsedUp.to_string(), "boot"),
        (SealError::TopicLength { actual: 0 }.to_string(), "not 0"),
        (SealError::BufferTooSmall { needed: 36 }.to_string(), "36"),
        (SealError::OtherSender.to_string(), "another sender"),
        (SealError::Stamp(StampError::UsedUp).to_string(), "boot"),
        (SealError::TooLong.to_string(), "too long"),
        (LoginRefusal::UnknownDevice.to_string(), "unknown device"),
        (LoginRefusal::WrongTag.to_string(), "wrong key"),
        (LoginRefusal::OutsideWindow { skew: -61 }.to_string(), "-61"),
        (LoginRefusal::NoClock.to_string(), "no clock"),
        (BlobError::NotABlob.to_string(), "no provisioning blob"),
        (BlobError::Version { version: 9 }.to_string(), "version 9"),
        (BlobError::Truncated.to_string(), "too early"),
        (BlobError::TrailingBytes.to_string(), "bytes behind"),
        (BlobError::Checksum.to_string(), "checksum"),
        (BlobError::Content.to_string(), "client id or generation"),
        (BootError::Storage("worn").to_string(), "failed: worn"),
        (BootError::<&str>::Missing.to_string(), "no valid boot"),
        (BootError::<&str>::NotStored.to_string(), "read back"),
        (BootError::<&str>::Exhausted.to_string(), "used up"),
        (
            BootError::<&str>::AlreadyProvisioned.to_string(),
            "already there",
        ),
        (OpenError::Frame(FrameError::Boot).to_string(), "boot is 0"),
        (OpenError::OtherKey.to_string(), "another generation"),
        (OpenError::Refused.to_string(), "not authentic"),
        (TimeAnswerError::NoQuestion.to_string(), "nobody asked"),
        (TimeAnswerError::NoAnswer.to_string(), "not an answer"),
        (TimeAnswerError::OtherQuestion.to_string(), "earlier"),
        (TimeAnswerError::Late.to_string(), "too long"),
        (FrameError::TooShort { actual: 7 }.to_string(), "7 bytes"),
        (FrameError::TooShort { actual: 7 }.to_string(), "30"),
        (FrameError::Version { byte: 0x18 }.to_string(), "0x18"),
        (FrameError::Generation.to_string(), "generation is 0"),
        (FrameError::Time.to_string(), "time is 0"),
        (
            ParamError::ClientIdLength { actual: 0 }.to_string(),
            "not 0",
        ),
        (
            ParamError::HardwareIdLength { actual: 33 }.to_string(),
            "not 33",
        ),
        (ParamError::Audience.to_string(), "1 to 64"),
        (ParamError::Generation.to_string(), "1 to 255"),
        (ParamError::KeyLength { actual: 31 }.to_string(), "not 31"),
        (ParamError::Sender.to_string(), "16 to 255"),
        (ParamError::Boot.to_string(), "never 0"),
        (ParamError::Window.to_string(), "3600"),
        (ParamError::BufferTooSmall { needed: 39 }.to_string(), "39"),
        (AgeError::TooOld { age: 61 }.to_string(), "61 s ago"),
        (
            AgeError::FromTheFuture { ahead: 62 }.to_string(),
            "62 s in the future",
        ),
        (ImportError::Length.to_string(), "length"),
        (ImportError::Checksum.to_string(), "checksum"),
        (ImportError::Format.to_string(), "version or width"),
        (CoseError::Frame(FrameError::Time).to_string(), "time is 0"),
        (CoseError::NotCanonical.to_string(), "COSE_Encrypt0"),
        (CoseError::BufferTooSmall { needed: 40 }.to_string(), "40"),
        (CoseError::TooLong.to_string(), "4 GiB"),
        (Generation::FIRST.to_string(), "1"),
        (Class::Live.to_string(), "live"),
        (Class::Retained.to_string(), "retained"),
        (Class::Will.to_string(), "will"),
        (Class::Stored.to_string(), "stored"),
    ];
    for (text, part) in told {
        assert!(text.contains(part), "{part:?} is not in {text:?}");
    }
}

#[test]
fn values_give_back_what_they_were_made_of() {
    let generation = Generation::new(7).unwrap();
    let device = Device::new("device-1", generation).unwrap();
    assert_eq!(
        (device.client_id(), device.generation()),
        ("device-1", generation)
    );
    assert_eq!(HardwareId::new(&[1, 2]).unwrap().as_bytes(), [1, 2]);
    let audience = Audience::new("mqtt.example.com").unwrap();
    assert_eq!(audience.as_str(), "mqtt.example.com");
    let (sensor, backend) = (Sender::device(15).unwrap(), Sender::backend(16).unwrap());
    assert_eq!((sensor.get(), sensor.is_device()), (15, true));
    assert_eq!((backend.get(), backend.is_device()), (16, false));

    let (mut login, mut seal) = stampers::at(7, 3, 0, 1);
    assert_eq!((login.boot(), seal.boot()), (7, 7));
    assert_eq!(seal.sender(), Sender::DEVICE);
    let time = UnixTime::from_secs(1_767_225_600).unwrap();
    assert_eq!(Clock::Trusted(time).time(), Some(time));
    assert_eq!(Clock::None.time(), None);
    let terms = LoginTerms::new(61, ClockRule::Accepted).unwrap();
    assert_eq!(terms.window_secs(), 61);
    let key = LoginKey::from_bytes([1; 32]);
    let password = login.mint(&key, device, Clock::Trusted(time)).unwrap();
    assert_eq!(password.as_str().as_bytes(), password.as_bytes());
    let claim = Claim::parse(password.as_bytes()).unwrap();
    assert_eq!((claim.generation(), claim.time()), (generation, Some(time)));
    let late = UnixTime::from_secs(1_767_225_620).unwrap();
    let accepted = claim.verify(&key, true, "device-1", &terms, late).unwrap();
    assert_eq!(accepted.stamp(), claim.stamp());
    assert_eq!(accepted.mark(), claim.mark());
    assert_eq!((accepted.skew(), accepted.time()), (Some(-20), Some(time)));
    let mark = accepted.mark();
    assert_eq!((mark.generation(), mark.boot()), (7, 7));
    assert_eq!(mark.count(), claim.stamp().count());

    let seed = UpSeed::from_bytes([9; 32]);
    let sealer = Sealer::uplink(&seed, device, HardwareId::EMPTY, Sender::DEVICE).unwrap();
    let opener = Opener::uplink(&seed, device, HardwareId::EMPTY, Sender::DEVICE).unwrap();
    let mut sealed = [0; sealed_len(2)];
    let clock = Clock::Trusted(time);
    sealer
        .seal(&mut seal, Class::Will, "t", clock, b"xy", &mut sealed)
        .unwrap();
    let header = Header::parse(&sealed).unwrap();
    assert_eq!(
        (header.class(), header.generation()),
        (Class::Will, generation)
    );
    assert_eq!(
        (header.sender(), header.time()),
        (Sender::DEVICE, Some(time))
    );
    let Ok(Opened::Message(message)) = opener.open_in_place("t", &mut sealed) else {
        panic!("own message does not open");
    };
    assert_eq!(message.payload(), b"xy");
    let (payload, receipt) = message.into_parts();
    assert_eq!(payload, b"xy");
    assert_eq!(
        (receipt.class(), receipt.generation()),
        (Class::Will, generation)
    );
    assert_eq!(
        (receipt.direction(), receipt.sender()),
        (Direction::Up, Sender::DEVICE)
    );
    assert_eq!((receipt.boot(), receipt.time()), (7, Some(time)));
    assert_eq!(receipt.count(), header.stamp().count());
    assert_eq!(header.stamp().boot(), 7);
    let now = UnixTime::from_secs(1_767_225_605).unwrap();
    assert_eq!(receipt.age(Clock::Trusted(now)), Some(5));
    assert_eq!(receipt.age(Clock::None), None);
}

#[test]
fn a_ticket_that_is_used_says_so() {
    let mut window = Window::<1>::new();
    let device = Device::new("device-1", Generation::FIRST).unwrap();
    let seed = UpSeed::from_bytes([9; 32]);
    let sealer = Sealer::uplink(&seed, device, HardwareId::EMPTY, Sender::DEVICE).unwrap();
    let opener = Opener::uplink(&seed, device, HardwareId::EMPTY, Sender::DEVICE).unwrap();
    let (_, mut stamper) = stampers::at(7, 3, 0, 1);
    let mut sealed = [0; sealed_len(0)];
    sealer
        .seal(
            &mut stamper,
            Class::Live,
            "t",
            Clock::None,
            b"",
            &mut sealed,
        )
        .unwrap();
    let Ok(Opened::Message(message)) = opener.open_in_place("t", &mut sealed) else {
        panic!("own message does not open");
    };
    let (Judgement::Fresh(one), Judgement::Fresh(two)) = (
        window.judge(message.receipt()),
        window.judge(message.receipt()),
    ) else {
        panic!("not fresh");
    };
    window.commit(one).unwrap();
    let told = window.commit(two).unwrap_err().to_string();
    assert!(told.contains("committed before"), "{told}");
}

/// Whoever keeps a place for them in memory or flash counts on these (spec §4.5, §6.1, §7).
#[test]
fn lengths_are_those_of_the_specification() {
    assert_eq!((BLOB_OVERHEAD, MAX_BLOB_LEN), (107, 362));
    assert_eq!((HEADER_LEN, SEAL_OVERHEAD, PASSWORD_LEN), (14, 30, 39));
    assert_eq!((BOOT_SLOT_LEN, RESUME_RECORD_LEN), (16, 32));
    assert_eq!(MAX_EXTRA_LEN, 17);
}

#[test]
fn jumps_of_the_clock_are_ten_years_and_two() {
    assert_eq!(FIRST_CLOCK_JUMP_SECS, 315_360_000);
    assert_eq!(CLOCK_JUMP_SECS, 63_072_000);
}

/// Stored windows outlive a firmware: their length is part of the format.
#[test]
fn stored_windows_have_their_length() {
    assert_eq!(
        [
            Window::<1>::EXPORT_LEN,
            Window::<2>::EXPORT_LEN,
            Window::<16>::EXPORT_LEN
        ],
        [43, 59, 283]
    );
}

#[test]
fn the_salt_of_a_boot_is_kept_over_a_deep_sleep() {
    let (login, seal) = stampers::at(7, 3, 0, 0xdead_beef);
    let mut retained = [0; RESUME_RECORD_LEN];
    ResumeRecord::sleep(login, seal, &mut retained);
    let (_, mut stamper) = ResumeRecord::wake(&mut retained).unwrap();
    let device = Device::new("device-1", Generation::FIRST).unwrap();
    let seed = UpSeed::from_bytes([9; 32]);
    let sealer = Sealer::uplink(&seed, device, HardwareId::EMPTY, Sender::DEVICE).unwrap();
    let mut sealed = [0; sealed_len(1)];
    sealer
        .seal(
            &mut stamper,
            Class::Live,
            "t",
            Clock::None,
            b"x",
            &mut sealed,
        )
        .unwrap();
    assert_eq!(sealed[3..7], [0xde, 0xad, 0xbe, 0xef]);
}

fn opened(payload: &[u8], sealed_at: UnixTime) -> (String, Receipt) {
    let device = Device::new("device-1", Generation::FIRST).unwrap();
    let seed = UpSeed::from_bytes([9; 32]);
    let sealer = Sealer::uplink(&seed, device, HardwareId::EMPTY, Sender::DEVICE).unwrap();
    let opener = Opener::uplink(&seed, device, HardwareId::EMPTY, Sender::DEVICE).unwrap();
    let (_, mut stamper) = stampers::at(7, 3, 0, 1);
    let mut sealed = vec![0; sealed_len(payload.len())];
    let clock = Clock::Trusted(sealed_at);
    sealer
        .seal(&mut stamper, Class::Live, "t", clock, payload, &mut sealed)
        .unwrap();
    let Ok(Opened::Message(message)) = opener.open_in_place("t", &mut sealed) else {
        panic!("own message does not open");
    };
    assert_eq!(message.payload(), payload);
    (format!("{message:?} {message:#?}"), *message.receipt())
}

/// Debug output ends in logs, and a payload that was sealed is nothing for them.
#[test]
fn a_message_prints_how_long_it_is_and_not_what_it_says() {
    let time = UnixTime::from_secs(1_767_225_600).unwrap();
    let (printed, _) = opened(b"door-code 4711", time);
    assert!(printed.contains("len: 14"), "{printed}");
    for part in ["door", "4711", "100, 111, 111", "52, 55, 49", "64, 6f"] {
        assert!(!printed.contains(part), "{part} in {printed}");
    }
}

#[test]
fn another_maximum_age_leaves_the_future_at_a_minute() {
    let secs = 1_767_225_600;
    let at = |secs| Clock::Trusted(UnixTime::from_secs(secs).unwrap());
    let (_, receipt) = opened(b"x", UnixTime::from_secs(secs).unwrap());
    for rule in [AgeRule::UPLINK, AgeRule::DOWNLINK_LIVE] {
        let (short, any) = (rule.with_max_age(Some(30)), rule.with_max_age(None));
        assert_eq!(receipt.check_age(&short, at(secs + 30)), Ok(()));
        assert_eq!(
            receipt.check_age(&short, at(secs + 31)),
            Err(AgeError::TooOld { age: 31 })
        );
        assert_eq!(receipt.check_age(&any, at(secs + 1_000_000_000)), Ok(()));
        for rule in [rule, short, any] {
            assert_eq!(receipt.check_age(&rule, at(secs - 60)), Ok(()));
            assert_eq!(
                receipt.check_age(&rule, at(secs - 61)),
                Err(AgeError::FromTheFuture { ahead: 61 })
            );
            assert_eq!(receipt.check_age(&rule, Clock::None), Ok(()));
        }
    }
}

#[test]
fn a_default_window_and_a_default_mark_are_those_of_provisioning() {
    assert_eq!(Window::<2>::default(), Window::<2>::new());
    assert_eq!(StrictMark::default(), StrictMark::NONE);
    assert_eq!(LatestMark::default(), LatestMark::NONE);
}

/// Debug output ends in logs: what a value is may be read there, a password never.
#[test]
fn passwords_and_claims_print_their_kind_and_no_secret() {
    let (mut login, _) = stampers::at(7, 3, 0, 1);
    let device = Device::new("device-1", Generation::FIRST).unwrap();
    let key = LoginKey::from_bytes([1; 32]);
    let password = login.mint(&key, device, Clock::None).unwrap();
    let claim = Claim::parse(password.as_bytes()).unwrap();
    let (password_text, claim_text) = (format!("{password:?}"), format!("{claim:?}"));
    assert!(password_text.starts_with("Password"), "{password_text}");
    assert!(claim_text.starts_with("Claim"), "{claim_text}");
    assert!(claim_text.contains("generation") && claim_text.contains("stamp"));
    for text in [&password_text, &claim_text] {
        assert!(!text.contains(&password.as_str()[..8]), "{text}");
        assert!(!text.contains("tag"), "{text}");
    }
}

/// A count that began anew would make passwords that the broker has seen.
#[test]
fn the_counts_of_logins_go_on_after_a_deep_sleep() {
    let device = Device::new("device-1", Generation::FIRST).unwrap();
    let key = LoginKey::from_bytes([1; 32]);
    let (mut login, mut seal) = stampers::at(7, 0, 0, 1);
    for expected in 0..9 {
        let password = login.mint(&key, device, Clock::None).unwrap();
        let claim = Claim::parse(password.as_bytes()).unwrap();
        assert_eq!((claim.stamp().boot(), claim.stamp().count()), (7, expected));
        if expected % 3 == 2 {
            let mut retained = [0; RESUME_RECORD_LEN];
            ResumeRecord::sleep(login, seal, &mut retained);
            (login, seal) = ResumeRecord::wake(&mut retained).unwrap();
        }
    }
}
