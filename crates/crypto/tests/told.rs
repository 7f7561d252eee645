//! What is told and kept: the texts of errors, the numbers that the documents state, the salt over a deep sleep.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test stops at the first surprise"
)]

mod stampers;

use mqward_crypto::{
    CLOCK_JUMP_SECS, Class, Clock, Device, FIRST_CLOCK_JUMP_SECS, Generation, HardwareId,
    LoginRefusal, MalformedPassword, RESUME_RECORD_LEN, ResumeRecord, SealError, Sealer, Sender,
    StampError, UpSeed, Window, sealed_len,
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
    ];
    for (text, part) in told {
        assert!(text.contains(part), "{part:?} is not in {text:?}");
    }
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
