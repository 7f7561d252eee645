//! The device's flash, emulated in RAM: the boot record in two sectors, the provisioning blob in a partition.

use mqward::{BOOT_SLOT_LEN, BootStorage, Slot};

/// After some boots: slot A, slot B, the provisioning blob, erased flash.
const IMAGE: &[u8; 512] = include_bytes!("../../inputs/flash.bin");

/// The two sectors of the boot record.
pub(crate) struct BootSectors {
    pub(crate) slots: [[u8; BOOT_SLOT_LEN]; 2],
    /// Whether the flash has stopped answering.
    pub(crate) broken: bool,
}

/// The flash did not answer.
#[derive(Debug)]
pub(crate) struct Broken;

impl BootSectors {
    /// The sectors as the last boot left them.
    pub(crate) fn after_some_boots() -> Self {
        let mut slots = [[0xff; BOOT_SLOT_LEN]; 2];
        for (slot, image) in slots.iter_mut().zip(IMAGE.chunks_exact(BOOT_SLOT_LEN)) {
            slot.copy_from_slice(image);
        }
        Self { slots, broken: false }
    }
}

impl BootStorage for BootSectors {
    type Error = Broken;

    fn read(&mut self, slot: Slot, buf: &mut [u8; BOOT_SLOT_LEN]) -> Result<(), Broken> {
        let [a, b] = &self.slots;
        *buf = match slot {
            Slot::A => *a,
            Slot::B => *b,
        };
        if self.broken { Err(Broken) } else { Ok(()) }
    }

    fn write(&mut self, slot: Slot, buf: &[u8; BOOT_SLOT_LEN]) -> Result<(), Broken> {
        let [a, b] = &mut self.slots;
        match slot {
            Slot::A => *a = *buf,
            Slot::B => *b = *buf,
        }
        if self.broken { Err(Broken) } else { Ok(()) }
    }
}

/// The partition of the provisioning blob.
pub(crate) fn provisioning_partition() -> &'static [u8] {
    IMAGE.split_at_checked(2 * BOOT_SLOT_LEN).map_or(&[], |(_, partition)| partition)
}
