//! What is where in the flash: the boot record in two sectors, the provisioning blob, the settings.

use mqward::{BOOT_SLOT_LEN, BootStorage, Slot};

use crate::machine::{FlashChip, FlashFailed};

/// Bytes of an erase unit. Each slot of the boot record has one of its own: a torn write harms one alone.
const SECTOR: usize = 4096;
const SLOT_A: usize = 0;
const SLOT_B: usize = SECTOR;
pub(crate) const PROVISIONING: usize = 2 * SECTOR;
pub(crate) const SETTINGS: usize = 3 * SECTOR;

impl BootStorage for FlashChip {
    type Error = FlashFailed;

    fn read(&mut self, slot: Slot, buf: &mut [u8; BOOT_SLOT_LEN]) -> Result<(), FlashFailed> {
        FlashChip::read(self, address(slot), buf)
    }

    fn write(&mut self, slot: Slot, buf: &[u8; BOOT_SLOT_LEN]) -> Result<(), FlashFailed> {
        FlashChip::write(self, address(slot), buf)
    }
}

fn address(slot: Slot) -> usize {
    match slot {
        Slot::A => SLOT_A,
        Slot::B => SLOT_B,
    }
}
