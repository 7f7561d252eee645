//! Truncated, overlong and hostile input: a clear error, nothing half-done, no panic.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod stampers;

use mqward_crypto::{
    Blob, Claim, Class, Clock, Device, DownSeed, FrameError, Generation, HEADER_LEN, HardwareId,
    Header, MAX_TOPIC_LEN, OpenError, Opened, Opener, ParamError, SEAL_OVERHEAD, SealError, Sealer,
    Sender, StampError, UpSeed, Window, cose, is_sealed_shape, sealed_len,
};
use proptest::prelude::*;

fn pair() -> (Sealer, Opener) {
    let device = Device::new("device-1", Generation::FIRST).unwrap();
    let seed = UpSeed::from_bytes([9; 32]);
    let hw = HardwareId::EMPTY;
    (
        Sealer::uplink(&seed, device, hw, Sender::DEVICE).unwrap(),
        Opener::uplink(&seed, device, hw, Sender::DEVICE).unwrap(),
    )
}

#[test]
fn a_refused_seal_spends_no_stamp_and_leaves_no_plaintext() {
    let (sealer, _) = pair();
    let (_, mut stamper) = stampers::at(7, 0, 0, 0);
    let too_long = "a".repeat(MAX_TOPIC_LEN + 1);
    for topic in ["", too_long.as_str()] {
        let mut out = [0xaa; 64];
        let error = sealer
            .seal(
                &mut stamper,
                Class::Live,
                topic,
                Clock::None,
                b"secret",
                &mut out,
            )
            .unwrap_err();
        assert_eq!(
            error,
            SealError::TopicLength {
                actual: topic.len()
            }
        );
        assert!(!out.windows(6).any(|bytes| bytes == b"secret"));
    }
    let mut small = [0xaa; SEAL_OVERHEAD + 5];
    let error = sealer
        .seal(
            &mut stamper,
            Class::Live,
            "t",
            Clock::None,
            b"secret",
            &mut small,
        )
        .unwrap_err();
    assert_eq!(error, SealError::BufferTooSmall { needed: 36 });
    assert_eq!(small, [0xaa; SEAL_OVERHEAD + 5]);
    let error = sealer
        .seal_in_place(
            &mut stamper,
            Class::Live,
            "t",
            Clock::None,
            &mut small,
            usize::MAX,
        )
        .unwrap_err();
    assert!(matches!(error, SealError::BufferTooSmall { .. }));
    let (_, mut other) = stampers::at(7, 0, 3, 0);
    let mut out = [0; 64];
    let error = sealer
        .seal(
            &mut other,
            Class::Live,
            "t",
            Clock::None,
            b"secret",
            &mut out,
        )
        .unwrap_err();
    assert_eq!(error, SealError::OtherSender);

    let mut out = [0; sealed_len(1)];
    sealer
        .seal(&mut stamper, Class::Live, "t", Clock::None, b"x", &mut out)
        .unwrap();
    assert_eq!(
        Header::parse(&out).unwrap().stamp().count(),
        0,
        "a refused seal spent a stamp"
    );
}

#[test]
fn senders_keep_to_their_halves_and_a_downlink_has_a_boot() {
    let device = Device::new("device-1", Generation::FIRST).unwrap();
    let (up, down) = (UpSeed::from_bytes([9; 32]), DownSeed::from_bytes([9; 32]));
    let hw = HardwareId::EMPTY;
    let (last_device, backend) = (Sender::device(15).unwrap(), Sender::backend(16).unwrap());
    assert!(Sealer::uplink(&up, device, hw, last_device).is_ok());
    assert_eq!(
        Sealer::uplink(&up, device, hw, backend).unwrap_err(),
        ParamError::Sender
    );
    assert_eq!(
        Opener::uplink(&up, device, hw, backend).unwrap_err(),
        ParamError::Sender
    );
    assert!(Sealer::downlink(&down, device, hw, backend, 1).is_ok());
    assert_eq!(
        Sealer::downlink(&down, device, hw, last_device, 1).unwrap_err(),
        ParamError::Sender
    );
    assert_eq!(
        Opener::downlink(&down, device, hw, last_device, 1).unwrap_err(),
        ParamError::Sender
    );
    assert_eq!(
        Sealer::downlink(&down, device, hw, backend, 0).unwrap_err(),
        ParamError::Boot
    );
    assert_eq!(
        Opener::downlink(&down, device, hw, backend, 0).unwrap_err(),
        ParamError::Boot
    );
}

#[test]
fn the_last_count_seals_and_the_next_is_an_error() {
    let (sealer, _) = pair();
    let (_, mut stamper) = stampers::at(7, 0x00ff_ffff, 0, 0);
    let mut out = [0; sealed_len(1)];
    sealer
        .seal(&mut stamper, Class::Live, "t", Clock::None, b"x", &mut out)
        .unwrap();
    let error = sealer
        .seal(&mut stamper, Class::Live, "t", Clock::None, b"x", &mut out)
        .unwrap_err();
    assert_eq!(error, SealError::Stamp(StampError::UsedUp));
    assert_eq!(out, [0; sealed_len(1)]);
}

#[test]
fn topics_of_every_length_class_bind() {
    let (sealer, opener) = pair();
    let (_, mut stamper) = stampers::at(7, 0, 0, 0);
    for len in [
        1,
        22,
        23,
        24,
        25,
        254,
        255,
        256,
        257,
        10_000,
        MAX_TOPIC_LEN - 1,
        MAX_TOPIC_LEN,
    ] {
        for slashes in [false, true] {
            let topic = if slashes {
                "/".repeat(len)
            } else {
                "a".repeat(len)
            };
            let mut buf = [0; sealed_len(4)];
            sealer
                .seal(
                    &mut stamper,
                    Class::Live,
                    &topic,
                    Clock::None,
                    b"21.5",
                    &mut buf,
                )
                .unwrap();
            let mut shorter = buf;
            assert_eq!(
                opener.open_in_place(&topic[1..], &mut shorter).unwrap_err(),
                OpenError::Refused
            );
            let Ok(Opened::Message(message)) = opener.open_in_place(&topic, &mut buf) else {
                panic!("topic of {len} bytes does not open");
            };
            assert_eq!(message.payload(), b"21.5");
        }
    }
    // A frame that this opener's key is for, so that the topic's length alone decides.
    let mut buf = [1; SEAL_OVERHEAD];
    (buf[0], buf[2]) = (0x10, 0);
    assert_eq!(
        opener
            .open_in_place(&"a".repeat(MAX_TOPIC_LEN + 1), &mut buf)
            .unwrap_err(),
        OpenError::Refused
    );
}

#[test]
fn an_empty_payload_is_cleared_and_neither_value_nor_error() {
    let (_, opener) = pair();
    assert!(matches!(
        opener.open_in_place("t", &mut []),
        Ok(Opened::Cleared)
    ));
    assert!(!is_sealed_shape(b"", true));
    assert_eq!(
        opener.open_in_place("t", &mut [0x10]).unwrap_err(),
        OpenError::Frame(FrameError::TooShort { actual: 1 })
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn arbitrary_bytes_never_panic_and_never_open(
        mut bytes in prop::collection::vec(any::<u8>(), 0..200),
        first in prop_oneof![Just(None), (0x10u8..0x18).prop_map(Some)],
        topic in "\\PC{0,40}",
    ) {
        if let (Some(first), Some(slot)) = (first, bytes.first_mut()) {
            *slot = first;
        }
        let (_, opener) = pair();
        let mut out = [0; 512];
        let _ = Claim::parse(&bytes);
        let _ = Blob::parse(&bytes);
        let _ = Window::<1>::import(&bytes);
        if let Ok(len) = cose::compact(&bytes, &mut out) {
            let mut again = [0; 512];
            let full = cose::expand(&out[..len], &mut again).unwrap();
            prop_assert_eq!(&again[..full], &bytes[..]);
        }
        if let Ok(len) = cose::expand(&bytes, &mut out) {
            let mut again = [0; 512];
            let compact = cose::compact(&out[..len], &mut again).unwrap();
            prop_assert_eq!(&again[..compact], &bytes[..]);
        }
        let was_empty = bytes.is_empty();
        let opened = opener.open_in_place(&topic, &mut bytes);
        prop_assert!(opened.is_err() || was_empty);
    }

    /// Behind a checksum that fits: the parsers have to judge what is inside.
    #[test]
    fn arbitrary_contents_with_a_right_checksum_never_panic(
        mut bytes in prop::collection::vec(any::<u8>(), 107..364),
        id_len in 0..=255u8,
        generation in any::<u8>(),
    ) {
        bytes[..6].copy_from_slice(&[b'm', b'q', b'w', b'P', 1, generation]);
        bytes[102] = id_len;
        let end = 103 + usize::from(id_len);
        if let Some(check) = bytes.get(..end).map(stampers::crc32::crc32) {
            if let Some(slot) = bytes.get_mut(end..end + 4) {
                slot.copy_from_slice(&check.to_be_bytes());
                let utf8 = core::str::from_utf8(&bytes[103..end]).is_ok();
                let legal = utf8 && id_len > 0 && generation > 0;
                prop_assert_eq!(Blob::parse_partition(&bytes).is_ok(), legal);
            }
        }
        let mut window = bytes;
        window.truncate(Window::<1>::EXPORT_LEN);
        window[..3].copy_from_slice(&[1, 1, generation & 3]);
        let last = window.len() - 4;
        let check = stampers::crc32::crc32(&window[..last]);
        window[last..].copy_from_slice(&check.to_be_bytes());
        if let Ok(imported) = Window::<1>::import(&window) {
            let mut again = [0; Window::<1>::EXPORT_LEN];
            imported.export(&mut again).unwrap();
            prop_assert_eq!(Window::<1>::import(&again), Ok(imported));
        }
    }

    #[test]
    fn any_flipped_bit_refuses(
        payload in prop::collection::vec(any::<u8>(), 0..100),
        bit in any::<prop::sample::Index>(),
    ) {
        let (sealer, opener) = pair();
        let (_, mut stamper) = stampers::at(7, 3, 0, 0);
        let topic = "tx/device-1/t";
        let mut buf = vec![0; sealed_len(payload.len())];
        sealer.seal(&mut stamper, Class::Stored, topic, Clock::None, &payload, &mut buf).unwrap();
        let bit = bit.index(buf.len() * 8);
        buf[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(opener.open_in_place(topic, &mut buf).is_err());
        prop_assert!(buf.len() > HEADER_LEN);
    }

    #[test]
    fn a_password_text_is_canonical_or_malformed(text in "[A-Za-z0-9_+/=-]{37,41}") {
        if let Ok(claim) = Claim::parse(text.as_bytes()) {
            prop_assert_eq!(text.len(), 39);
            prop_assert!(claim.stamp().boot() != 0);
        }
    }
}
