//! Interoperation with `coset` over a plain ChaCha20-Poly1305: what is sealed here opens there, and the other way round.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Error, Key, Nonce};
use coset::iana::Algorithm;
use coset::{
    CoseEncrypt0, CoseEncrypt0Builder, HeaderBuilder, RegisteredLabelWithPrivate,
    TaggedCborSerializable,
};
use mqward::{
    BOOT_SLOT_LEN, BootRecord, BootStorage, Class, Clock, Device, Generation, HardwareId, Opened,
    Opener, Sealer, Sender, Slot, UnixTime, UpSeed, cose, sealed_len,
};

const TOPICS: [&str; 3] = ["t", "tx/device-1/temperature", "tx/device-1/grün"];
/// Around the lengths at which the head of a byte string grows.
const LENGTHS: [usize; 8] = [0, 1, 7, 8, 239, 240, 241, 70_000];
const CLASSES: [Class; 4] = [Class::Live, Class::Retained, Class::Will, Class::Stored];

struct Flash([[u8; BOOT_SLOT_LEN]; 2]);

impl BootStorage for Flash {
    type Error = ();

    fn read(&mut self, slot: Slot, buf: &mut [u8; BOOT_SLOT_LEN]) -> Result<(), ()> {
        *buf = self.0[usize::from(slot == Slot::B)];
        Ok(())
    }

    fn write(&mut self, slot: Slot, buf: &[u8; BOOT_SLOT_LEN]) -> Result<(), ()> {
        self.0[usize::from(slot == Slot::B)] = *buf;
        Ok(())
    }
}

fn time() -> UnixTime {
    UnixTime::from_secs(1_784_505_600).unwrap()
}

fn seed() -> UpSeed {
    UpSeed::from_bytes([0x5e; 32])
}

fn device() -> Device<'static> {
    Device::new("device-1", Generation::new(3).unwrap()).unwrap()
}

fn hardware_id() -> HardwareId<'static> {
    HardwareId::new(&[0x24, 0x6f, 0x28, 0xa1, 0xb2, 0xc3]).unwrap()
}

/// The other implementation, with the key in its hands.
fn plain() -> ChaCha20Poly1305 {
    let key = seed().sender_key(Sender::DEVICE, hardware_id());
    ChaCha20Poly1305::new(&Key::from(*key.expose()))
}

fn open_with_coset(full: &[u8], topic: &str) -> Result<Vec<u8>, Error> {
    let message = CoseEncrypt0::from_tagged_slice(full).map_err(|_| Error)?;
    let chosen = RegisteredLabelWithPrivate::Assigned(Algorithm::ChaCha20Poly1305);
    assert_eq!(message.protected.header.alg, Some(chosen));
    assert_eq!(message.unprotected.key_id, [3, Sender::DEVICE.get()]);
    let nonce = Nonce::try_from(message.unprotected.iv.as_slice()).map_err(|_| Error)?;
    message.decrypt_ciphertext(
        topic.as_bytes(),
        || Error,
        |msg, aad| plain().decrypt(&nonce, Payload { msg, aad }),
    )
}

#[test]
fn coset_opens_what_is_sealed_here() {
    let mut flash = Flash([[0xff; BOOT_SLOT_LEN]; 2]);
    BootRecord::provision(&mut flash, time()).unwrap();
    let mut stamper = BootRecord::start(&mut flash)
        .unwrap()
        .seal_stamper(Sender::DEVICE, [7; 4])
        .unwrap();
    let sealer = Sealer::uplink(&seed(), device(), hardware_id(), Sender::DEVICE).unwrap();
    for topic in TOPICS {
        for len in LENGTHS {
            for (class, clock) in CLASSES
                .into_iter()
                .zip([Clock::Trusted(time()), Clock::None].into_iter().cycle())
            {
                let payload: Vec<u8> = (0..len).map(|at| at.to_le_bytes()[0]).collect();
                let mut sealed = vec![0; sealed_len(len)];
                sealer
                    .seal(&mut stamper, class, topic, clock, &payload, &mut sealed)
                    .unwrap();
                let mut full = vec![0; sealed.len() + cose::MAX_EXTRA_LEN];
                let full_len = cose::expand(&sealed, &mut full).unwrap();
                assert_eq!(open_with_coset(&full[..full_len], topic), Ok(payload));
                assert_eq!(open_with_coset(&full[..full_len], "other"), Err(Error));
                full[full_len - 1] ^= 1;
                assert_eq!(open_with_coset(&full[..full_len], topic), Err(Error));
            }
        }
    }
}

#[test]
fn what_coset_writes_opens_here() {
    let opener = Opener::uplink(&seed(), device(), hardware_id(), Sender::DEVICE).unwrap();
    for topic in TOPICS {
        for len in LENGTHS {
            for class in 0..4 {
                let payload: Vec<u8> = (0..len).map(|at| at.to_le_bytes()[0]).collect();
                // byte0, time, boot, count (spec §7.2).
                let mut iv = vec![0x10 | class];
                iv.extend(time().get().to_be_bytes());
                iv.extend(5_u32.to_be_bytes());
                iv.extend([0, 0, 9]);
                let nonce = Nonce::try_from(iv.as_slice()).unwrap();
                let full = CoseEncrypt0Builder::new()
                    .protected(
                        HeaderBuilder::new()
                            .algorithm(Algorithm::ChaCha20Poly1305)
                            .build(),
                    )
                    .unprotected(
                        HeaderBuilder::new()
                            .key_id(vec![3, Sender::DEVICE.get()])
                            .iv(iv)
                            .build(),
                    )
                    .try_create_ciphertext(&payload, topic.as_bytes(), |msg, aad| {
                        plain().encrypt(&nonce, Payload { msg, aad })
                    })
                    .unwrap()
                    .build()
                    .to_tagged_vec()
                    .unwrap();
                let mut sealed = vec![0; full.len()];
                let sealed_len = cose::compact(&full, &mut sealed).unwrap();
                sealed.truncate(sealed_len);
                let mut elsewhere = sealed.clone();
                let Ok(Opened::Message(message)) = opener.open_in_place(topic, &mut sealed) else {
                    panic!("does not open: {topic}, {len} bytes, class {class}");
                };
                assert_eq!(message.payload(), payload);
                let receipt = message.receipt();
                assert_eq!(
                    (receipt.boot(), receipt.count(), receipt.time()),
                    (5, 9, Some(time()))
                );
                assert!(opener.open_in_place("other", &mut elsewhere).is_err());
            }
        }
    }
}
