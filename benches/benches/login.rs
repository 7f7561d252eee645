//! A login check: read the password, derive the device's key from the auth root, verify.

use core::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use mqward::{
    Audience, AuthRoot, BOOT_SLOT_LEN, BootRecord, BootStorage, Claim, Clock, ClockRule, Device,
    Generation, HardwareId, LoginTerms, Root, Slot, UnixTime,
};

const CLIENT_ID: &str = "device-0123456789ab";
const PASSWORD: &[u8] = b"AQFpVbkAaOd4AQAABzWDvWBDZNfhUzH90vNwBCY";

fn now() -> UnixTime {
    UnixTime::from_secs(1_767_225_600).unwrap()
}

fn auth_root() -> AuthRoot {
    Root::from_bytes(core::array::from_fn(|index| index as u8)).auth()
}

/// What a broker does for one CONNECT, up to the replay store.
fn check(auth_root: &AuthRoot, client_id: &str, password: &[u8]) -> bool {
    let hw = HardwareId::new(&[0x24, 0x6f, 0x28, 0xa1, 0xb2, 0xc3]).unwrap();
    let audience = Audience::new("mqtt.example.com").unwrap();
    let terms = LoginTerms::new(60, ClockRule::Required).unwrap();
    let Ok(claim) = Claim::parse(password) else {
        return false;
    };
    let device = Device::new(client_id, claim.generation()).unwrap();
    let key = auth_root.seed(device).login_key(hw, audience);
    claim.verify(&key, true, client_id, &terms, now()).is_ok()
}

struct Slots([[u8; BOOT_SLOT_LEN]; 2]);

impl BootStorage for Slots {
    type Error = core::convert::Infallible;

    fn read(&mut self, slot: Slot, buf: &mut [u8; BOOT_SLOT_LEN]) -> Result<(), Self::Error> {
        *buf = self.0[slot as usize];
        Ok(())
    }

    fn write(&mut self, slot: Slot, buf: &[u8; BOOT_SLOT_LEN]) -> Result<(), Self::Error> {
        self.0[slot as usize] = *buf;
        Ok(())
    }
}

fn login(c: &mut Criterion) {
    let root = auth_root();
    assert!(check(&root, CLIENT_ID, PASSWORD), "the vector logs in");
    assert!(
        !check(&root, "device-0123456789ac", PASSWORD),
        "and no other device with it"
    );
    c.bench_function("login check: derive and verify", |b| {
        b.iter(|| check(black_box(&root), black_box(CLIENT_ID), black_box(PASSWORD)));
    });
    c.bench_function("login check: wrong client id, refused", |b| {
        b.iter(|| {
            check(
                black_box(&root),
                black_box("device-0123456789ac"),
                black_box(PASSWORD),
            )
        });
    });

    let device = Device::new(CLIENT_ID, Generation::FIRST).unwrap();
    let key = root.seed(device).login_key(
        HardwareId::EMPTY,
        Audience::new("mqtt.example.com").unwrap(),
    );
    let mut slots = Slots([BootRecord::first_slot(now()), [0xff; BOOT_SLOT_LEN]]);
    let mut stamper = BootRecord::start(&mut slots)
        .unwrap()
        .login_stamper()
        .unwrap();
    c.bench_function("mint a password", |b| {
        b.iter(|| {
            if let Ok(password) = stamper.mint(black_box(&key), device, Clock::Trusted(now())) {
                black_box(password);
            } else {
                // 2^24 counts are used up: the next boot, as a device would.
                stamper = BootRecord::start(&mut slots)
                    .unwrap()
                    .login_stamper()
                    .unwrap();
            }
        });
    });
}

criterion_group!(benches, login);
criterion_main!(benches);
