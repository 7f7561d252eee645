//! Keys do not stay behind: freed heap blocks and dead stack frames are searched for them.
//!
//! The stack is searched in optimised builds alone (`cargo test --release`): unoptimised code copies whatever it moves,
//! and no `Drop` sees those copies. For the same reason sender keys, which are moved into their `Sealer` or `Opener`, are
//! not on the list: docs/assurance.md says what is found of them.

#![allow(
    unsafe_code,
    clippy::unwrap_used,
    reason = "a scan of memory that nobody owns any more"
)]

mod residue;

use core::alloc::{GlobalAlloc, Layout};
use core::hint::black_box;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::alloc::System;
use std::sync::Mutex;

use residue::{NEEDLES, STACK, careless, deep, found, look_for, paint, residue};

use mqward_crypto::{
    AuthRoot, AuthSeed, BOOT_SLOT_LEN, Blob, BootRecord, BootStorage, Claim, Class, Clock,
    ClockRule, Device, DownRoot, DownSeed, Generation, HardwareId, LoginKey, LoginTerms,
    MAX_BLOB_LEN, Opened, Opener, Root, Sealer, Sender, SenderKey, Slot, UnixTime, UpRoot, UpSeed,
    sealed_len,
};

/// Freed blocks that held one.
static FREED_WITH_A_KEY: AtomicUsize = AtomicUsize::new(0);

/// One search at a time; the allocator looks only while it is held.
static SEARCHING: Mutex<()> = Mutex::new(());

struct Searching;

// SAFETY: every call goes to the system's allocator; a block is only read before it is freed.
unsafe impl GlobalAlloc for Searching {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if let Ok(needles) = NEEDLES.try_lock() {
            // SAFETY: the block is whole until the last line, and was zeroed when it was new.
            let bytes = unsafe { core::slice::from_raw_parts(block, layout.size()) };
            if found(&needles, bytes) > 0 {
                FREED_WITH_A_KEY.fetch_add(1, Ordering::Relaxed);
            }
        }
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Searching = Searching;

const HW: [u8; 6] = [0x24, 0x6f, 0x28, 0xa1, 0xb2, 0xc3];
fn device() -> Device<'static> {
    Device::new("device-0123456789ab", Generation::FIRST).unwrap()
}

/// Slots in memory, as a device has two flash sectors.
struct Ram([[u8; BOOT_SLOT_LEN]; 2]);

impl BootStorage for Ram {
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

/// A device's whole life from its blob: derives, logs in, seals, opens, and drops every key.
#[inline(never)]
fn live(blob: &[u8]) {
    let now = UnixTime::from_secs(1_767_225_600).unwrap();
    let hw = HardwareId::new(&HW).unwrap();
    let mut flash = Ram([BootRecord::first_slot(now), [0xff; BOOT_SLOT_LEN]]);
    let mut boot = BootRecord::start(&mut flash).unwrap();
    // Looked at where it lies: moved out of the result, it would leave a copy there.
    let parsed = Blob::parse(blob);
    let blob = parsed.as_ref().unwrap();
    let audience = mqward_crypto::Audience::new("mqtt.example.com").unwrap();
    let key = blob.auth_seed().login_key(hw, audience);
    let mut stamper = boot.login_stamper().unwrap();
    let password = stamper.mint(&key, device(), Clock::Trusted(now)).unwrap();
    let claim = Claim::parse(password.as_bytes()).unwrap();
    let terms = LoginTerms::new(60, ClockRule::Required).unwrap();
    assert!(
        claim
            .verify(&key, true, device().client_id(), &terms, now)
            .is_ok()
    );

    let mut stamper = boot.seal_stamper(Sender::DEVICE, [0; 4]).unwrap();
    let sealer = Sealer::uplink(blob.up_seed(), device(), hw, Sender::DEVICE).unwrap();
    let opener = Opener::uplink(blob.up_seed(), device(), hw, Sender::DEVICE).unwrap();
    let mut buf = [0; sealed_len(4)];
    sealer
        .seal(
            &mut stamper,
            Class::Live,
            "t",
            Clock::Trusted(now),
            b"21.5",
            &mut buf,
        )
        .unwrap();
    assert!(matches!(
        opener.open_in_place("t", &mut buf),
        Ok(Opened::Message(_))
    ));
    let backend = Sender::backend(16).unwrap();
    let _ = black_box(Opener::downlink(
        blob.down_seed(),
        device(),
        hw,
        backend,
        boot.number(),
    ));
}

/// Derives every key of the device, and calls nothing afterwards that would lie on top of what that left.
#[inline(never)]
fn derive(blob: &[u8]) {
    let hw = HardwareId::new(&HW).unwrap();
    let parsed = Blob::parse(blob);
    let blob = parsed.as_ref().unwrap();
    let audience = mqward_crypto::Audience::new("mqtt.example.com").unwrap();
    black_box(&blob.up_seed().sender_key(Sender::DEVICE, hw));
    black_box(&blob.auth_seed().login_key(hw, audience));
}

/// Leaves this key all over the dead stack.
#[inline(never)]
fn litter(key: [u8; 32]) {
    let mut dead = [key; STACK / 8 / 32];
    black_box(&mut dead);
}

/// The blob, on the heap, and all secrets of its device on the list.
fn provision() -> Vec<u8> {
    let root = Root::from_bytes(core::array::from_fn(|at| {
        u8::try_from(at * 7 % 251).unwrap()
    }));
    let (auth, up, down) = (
        root.auth().seed(device()),
        root.up().seed(device()),
        root.down().seed(device()),
    );
    let hw = HardwareId::new(&HW).unwrap();
    let audience = mqward_crypto::Audience::new("mqtt.example.com").unwrap();
    for secret in [auth.expose(), up.expose(), down.expose()] {
        look_for(secret);
    }
    look_for(auth.login_key(hw, audience).expose());
    if std::env::var_os("MQWARD_SENDER_KEYS").is_some() {
        look_for(up.sender_key(Sender::DEVICE, hw).expose());
        let backend = Sender::backend(16).unwrap();
        look_for(down.sender_key(backend, 0, hw).expose());
        look_for(down.sender_key(backend, 1_767_225_603, hw).expose());
    }
    let mut blob = vec![0; MAX_BLOB_LEN];
    let len = Blob::write(device(), &auth, &up, &down, &mut blob).unwrap();
    blob.truncate(len);
    blob
}

#[test]
fn no_key_stays_on_the_stack() {
    let _one = SEARCHING.lock().unwrap();
    let blob = provision();
    paint();
    deep(careless, &blob);
    assert!(residue() > 0, "the search finds nothing");
    if cfg!(debug_assertions) {
        eprintln!("not searched: run this test with --release");
        return;
    }
    paint();
    assert_eq!(residue(), 0, "the paint does not cover the stack");
    deep(live, &blob);
    assert_eq!(residue(), 0, "parts of keys on the dead stack");
    paint();
    deep(derive, &blob);
    assert_eq!(residue(), 0, "parts of derived keys on the dead stack");
}

#[test]
fn no_key_stays_in_freed_memory() {
    let _one = SEARCHING.lock().unwrap();
    let freed = || FREED_WITH_A_KEY.load(Ordering::Relaxed);
    let bytes =
        |key: u8| -> [u8; 32] { core::array::from_fn(|at| key ^ u8::try_from(at).unwrap()) };
    for key in 0xc0..0xcc {
        look_for(&bytes(key));
    }
    let before = freed();
    drop(black_box(Box::new(bytes(0xc0))));
    assert_eq!(freed(), before + 1, "the search finds nothing");
    drop(black_box(Box::new(Root::from_bytes(bytes(0xc1)))));
    drop(black_box(Box::new(AuthRoot::from_bytes(bytes(0xc2)))));
    drop(black_box(Box::new(UpRoot::from_bytes(bytes(0xc3)))));
    drop(black_box(Box::new(DownRoot::from_bytes(bytes(0xc4)))));
    drop(black_box(Box::new(AuthSeed::from_bytes(bytes(0xc5)))));
    drop(black_box(Box::new(UpSeed::from_bytes(bytes(0xc6)))));
    drop(black_box(Box::new(DownSeed::from_bytes(bytes(0xc7)))));
    drop(black_box(Box::new(LoginKey::from_bytes(bytes(0xc8)))));
    drop(black_box(Box::new(SenderKey::from_bytes(bytes(0xc9)))));
    let hw = HardwareId::new(&HW).unwrap();
    let seed = UpSeed::from_bytes(bytes(0xca));
    look_for(seed.sender_key(Sender::DEVICE, hw).expose());
    for _ in 0..3 {
        let sealer = Sealer::uplink(&seed, device(), hw, Sender::DEVICE).unwrap();
        let opener = Opener::uplink(&seed, device(), hw, Sender::DEVICE).unwrap();
        drop(black_box(Box::new((sealer, opener))));
    }
    // A password is one until it was used.
    let now = UnixTime::from_secs(1_767_225_600).unwrap();
    let mut flash = Ram([BootRecord::first_slot(now), [0xff; BOOT_SLOT_LEN]]);
    let mut stamper = BootRecord::start(&mut flash)
        .unwrap()
        .login_stamper()
        .unwrap();
    let key = LoginKey::from_bytes(bytes(0xcc));
    let password = stamper.mint(&key, device(), Clock::Trusted(now)).unwrap();
    look_for(password.as_bytes().last_chunk().unwrap());
    drop(black_box(Box::new(password)));
    // What a value does not use is not filled with what earlier calls left on the stack.
    litter(bytes(0xcb));
    let sealer = Sealer::uplink(&seed, device(), hw, Sender::DEVICE);
    let boxed = black_box(Box::new(sealer));
    assert!(boxed.is_ok());
    drop(boxed);
    assert_eq!(freed(), before + 1, "a freed block held a key");
}
