//! No nonce twice: a device is stopped at every point of its boot sequence, and no (key, nonce) pair repeats.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod flash;

use std::collections::HashSet;

use flash::{Fault, Flash};
use mqward_crypto::{
    BOOT_SLOT_LEN, Boot, BootError, BootRecord, Class, Clock, Device, Generation, HEADER_LEN,
    HardwareId, Sealer, Sender, UnixTime, UpSeed, sealed_len,
};
use proptest::prelude::*;

const TOPIC: &str = "tx/device-1/t";

fn provisioned() -> UnixTime {
    UnixTime::from_secs(1_760_000_000).unwrap()
}

fn sealer() -> Sealer {
    let device = Device::new("device-1", Generation::FIRST).unwrap();
    Sealer::uplink(
        &UpSeed::from_bytes([7; 32]),
        device,
        HardwareId::EMPTY,
        Sender::DEVICE,
    )
    .unwrap()
}

/// Seals three messages in one boot and fails on a nonce that was there before.
fn seal_some(boot: &mut Boot, clock: Clock, salt: [u8; 4], used: &mut HashSet<[u8; 12]>) {
    let mut stamper = boot.seal_stamper(Sender::DEVICE, salt).unwrap();
    for _ in 0..3 {
        let mut buf = [0; sealed_len(2)];
        sealer()
            .seal(&mut stamper, Class::Live, TOPIC, clock, b"hi", &mut buf)
            .unwrap();
        let mut nonce = [0; 12];
        nonce[0] = buf[0];
        nonce[1..].copy_from_slice(&buf[3..HEADER_LEN]);
        assert!(used.insert(nonce), "nonce {nonce:02x?} used twice");
    }
}

#[test]
fn power_fails_at_every_storage_operation_and_every_torn_byte() {
    // Two good boots before and three after each fault, so that either slot is the one being written.
    for boots_before in 0..4 {
        for operation in 0..8 {
            for torn in 0..=BOOT_SLOT_LEN {
                for erase_first in [false, true] {
                    let mut flash = Flash::provisioned(provisioned());
                    let mut used = HashSet::new();
                    for _ in 0..boots_before {
                        let mut boot = BootRecord::start(&mut flash).unwrap();
                        seal_some(&mut boot, Clock::None, [0; 4], &mut used);
                    }
                    flash.fail_at(operation, Fault::PowerLoss { torn, erase_first });
                    if let Ok(mut boot) = BootRecord::start(&mut flash) {
                        seal_some(&mut boot, Clock::None, [0; 4], &mut used);
                    }
                    flash.power_on();
                    for _ in 0..3 {
                        let mut boot = BootRecord::start(&mut flash)
                            .expect("one torn slot must not stop a device");
                        seal_some(&mut boot, Clock::None, [0; 4], &mut used);
                    }
                }
            }
        }
    }
}

/// What can befall one slot between two boots.
#[derive(Copy, Clone, Debug)]
enum Harm {
    None,
    Erased(usize),
    Flipped(usize, usize),
    /// Restored to what it held some boots ago.
    Restored(usize, usize),
}

#[test]
fn either_slot_lost_or_restored_after_any_boot() {
    let harms = |slot| {
        let flipped = (0..BOOT_SLOT_LEN * 8)
            .step_by(7)
            .map(move |bit| Harm::Flipped(slot, bit));
        let restored = (0..6).map(move |ago| Harm::Restored(slot, ago));
        flipped.chain(restored).chain([Harm::Erased(slot)])
    };
    for harm in harms(0).chain(harms(1)) {
        for boots_before in 0..6 {
            for boots_between in 1..4 {
                let plan = [(boots_before, harm), (boots_between, harm), (3, Harm::None)];
                live_through(&plan);
            }
        }
    }
}

/// Boots so many times before each harm, and fails on a nonce that comes twice.
fn live_through(plan: &[(usize, Harm)]) {
    let mut flash = Flash::provisioned(provisioned());
    let mut history = vec![flash.slots];
    let mut used = HashSet::new();
    for &(boots, harm) in plan {
        for _ in 0..boots {
            let mut boot =
                BootRecord::start(&mut flash).expect("one lost slot must not stop a device");
            seal_some(&mut boot, Clock::None, [0; 4], &mut used);
            history.push(flash.slots);
        }
        match harm {
            Harm::None => {}
            Harm::Erased(slot) => flash.slots[slot] = [0xff; BOOT_SLOT_LEN],
            Harm::Flipped(slot, bit) => flash.slots[slot][bit / 8] ^= 1 << (bit % 8),
            Harm::Restored(slot, ago) => {
                let then = history.len().saturating_sub(1 + ago);
                flash.slots[slot] = history[then][slot];
            }
        }
        if flash.slots != history[history.len() - 1] && history.contains(&flash.slots) {
            // The newest slot went back to what it held before: that is the whole record of an earlier boot, which no
            // reader can tell from it. The test below is about that.
            return;
        }
        if BootRecord::start(&mut flash.clone()).is_err() {
            // The harm hit the only slot that provisioning wrote: an error, and the device is provisioned again.
            assert_eq!(history.len(), 1, "{harm:?}");
            return;
        }
    }
}

proptest! {
    /// Harm to one slot at a time and power losses at any operation, in any order, with at least one boot in between.
    #[test]
    fn no_life_of_a_device_repeats_a_nonce(
        life in prop::collection::vec(
            (1..4usize, 0..4u8, 0..2usize, 0..8u32, 0..=BOOT_SLOT_LEN, any::<bool>()), 1..40)
    ) {
        let mut flash = Flash::provisioned(provisioned());
        let mut history = vec![flash.slots];
        let mut used = HashSet::new();
        for (boots, kind, slot, operation, torn, erase_first) in life {
            for _ in 0..boots {
                let mut boot = BootRecord::start(&mut flash).expect("one harm at a time");
                seal_some(&mut boot, Clock::None, [0; 4], &mut used);
                history.push(flash.slots);
            }
            match kind {
                0 => flash.slots[slot] = [0xff; BOOT_SLOT_LEN],
                1 => {
                    flash.slots[slot] = history[history.len() / 2][slot];
                    if history.contains(&flash.slots) {
                        // The whole record of an earlier boot: not harm to one slot.
                        flash.slots = history[history.len() - 1];
                    }
                }
                2 => flash.slots[slot][torn % BOOT_SLOT_LEN] ^= 0x10,
                _ => {
                    flash.fail_at(operation, Fault::PowerLoss { torn, erase_first });
                    if let Ok(mut boot) = BootRecord::start(&mut flash) {
                        seal_some(&mut boot, Clock::None, [0; 4], &mut used);
                    }
                    flash.power_on();
                    history.push(flash.slots);
                }
            }
        }
    }
}

#[test]
fn the_whole_flash_restored_repeats_counts_but_no_nonce() {
    // A clone, a restored image, or a write that was reported and then lost repeats (boot, count). The verifier reports that as a counter that went back; the
    // time, or the salt of a clockless boot, keeps the nonces apart meanwhile.
    let image = Flash::provisioned(provisioned());
    let mut used = HashSet::new();
    for life in 0..50 {
        let mut flash = image.clone();
        let mut boot = BootRecord::start(&mut flash).unwrap();
        assert_eq!(boot.number(), 1_760_000_003, "the counter did go back");
        let now = Clock::Trusted(UnixTime::from_secs(1_767_225_600 + life).unwrap());
        seal_some(&mut boot, now, [0; 4], &mut used);
    }
    for life in 0..50u32 {
        let mut flash = image.clone();
        let mut boot = BootRecord::start(&mut flash).unwrap();
        let salt = life.wrapping_mul(0x9e37_79b9).to_be_bytes();
        seal_some(&mut boot, Clock::None, salt, &mut used);
    }
}

#[test]
fn a_backend_restored_from_a_backup_steps_over_what_it_used() {
    let backup = Flash::provisioned(provisioned());
    let mut boots = HashSet::new();
    for start in 0..100 {
        let mut counter = backup.clone();
        let now = UnixTime::from_secs(1_767_225_600 + start).unwrap();
        let boot = BootRecord::start_at_least(&mut counter, now).unwrap();
        assert!(
            boots.insert(boot.number()),
            "boot {} used twice",
            boot.number()
        );
        // A clock that went back does not take the counter with it.
        let again = BootRecord::start_at_least(&mut counter, provisioned()).unwrap();
        assert_eq!(again.number(), boot.number() + 1);
    }
}

/// Also right after a start that the clock made step ahead, while both slots were good.
#[test]
fn a_slot_that_is_lost_after_a_step_ahead_leads_to_no_boot_again() {
    for lost in [0, 1] {
        let mut flash = Flash::provisioned(provisioned());
        let mut boots = HashSet::new();
        for _ in 0..3 {
            boots.insert(BootRecord::start(&mut flash).unwrap().number());
        }
        let now = UnixTime::from_secs(u64::from(provisioned().get()) + 100).unwrap();
        let ahead = BootRecord::start_at_least(&mut flash, now).unwrap();
        assert_eq!(ahead.number(), now.get());
        assert!(boots.insert(ahead.number()));
        flash.slots[lost] = [0xff; BOOT_SLOT_LEN];
        for _ in 0..200 {
            let number = BootRecord::start(&mut flash).unwrap().number();
            assert!(boots.insert(number), "slot {lost}: boot {number} again");
        }
    }
}

#[test]
fn a_lost_record_is_an_error_and_never_a_start_at_zero() {
    for erased in [
        [0xff; BOOT_SLOT_LEN],
        [0; BOOT_SLOT_LEN],
        *b"something else!!",
    ] {
        let mut flash = Flash::new([erased; 2]);
        assert_eq!(
            BootRecord::start(&mut flash).unwrap_err(),
            BootError::Missing
        );
        assert_eq!(flash.slots, [erased; 2], "a failed start must not write");
    }
    // Any flipped bit in the only valid slot is a lost record as well.
    for bit in 0..BOOT_SLOT_LEN * 8 {
        let mut flash = Flash::provisioned(provisioned());
        flash.slots[0][bit / 8] ^= 1 << (bit % 8);
        assert_eq!(
            BootRecord::start(&mut flash).unwrap_err(),
            BootError::Missing,
            "bit {bit}"
        );
    }
}

#[test]
fn flash_that_lies_or_fails_gives_no_boot() {
    let mut flash = Flash::provisioned(provisioned());
    flash.fail_at(2, Fault::LostWrite);
    assert_eq!(
        BootRecord::start(&mut flash).unwrap_err(),
        BootError::NotStored
    );
    let mut flash = Flash::provisioned(provisioned());
    flash.fail_at(
        0,
        Fault::PowerLoss {
            torn: 0,
            erase_first: false,
        },
    );
    assert!(matches!(
        BootRecord::start(&mut flash),
        Err(BootError::Storage(_))
    ));
}

#[test]
fn provisioning_creates_once() {
    let mut flash = Flash::new([[0xff; BOOT_SLOT_LEN]; 2]);
    BootRecord::provision(&mut flash, provisioned()).unwrap();
    assert_eq!(flash.slots[0], BootRecord::first_slot(provisioned()));
    let _ = BootRecord::start(&mut flash).unwrap();
    let error = BootRecord::provision(&mut flash, provisioned()).unwrap_err();
    assert_eq!(error, BootError::AlreadyProvisioned);
    assert_eq!(
        BootRecord::start(&mut flash).unwrap().number(),
        1_760_000_004
    );
}

#[test]
fn the_last_boot_is_an_error_not_a_wrap() {
    let last = UnixTime::from_secs(u64::from(u32::MAX)).unwrap();
    let mut flash = Flash::provisioned(last);
    assert_eq!(
        BootRecord::start(&mut flash).unwrap_err(),
        BootError::Exhausted
    );
    assert_eq!(
        BootRecord::start_at_least(&mut flash, last).unwrap_err(),
        BootError::Exhausted
    );
}
