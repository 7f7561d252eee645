//! Two flash slots that lose power, lie, or tear a write on command.

use mqward_crypto::{BOOT_SLOT_LEN, BootRecord, BootStorage, Slot, UnixTime};

/// What goes wrong at an operation.
#[derive(Copy, Clone, Debug)]
pub(crate) enum Fault {
    /// Power is lost: a write leaves its first `torn` bytes, over the old contents or over erased flash.
    PowerLoss { torn: usize, erase_first: bool },
    /// The write reports success and does nothing.
    LostWrite,
}

#[derive(Clone, Debug)]
pub(crate) struct Flash {
    pub(crate) slots: [[u8; BOOT_SLOT_LEN]; 2],
    operation: u32,
    fault: Option<(u32, Fault)>,
    off: bool,
}

impl Flash {
    pub(crate) fn new(slots: [[u8; BOOT_SLOT_LEN]; 2]) -> Self {
        Self {
            slots,
            operation: 0,
            fault: None,
            off: false,
        }
    }

    pub(crate) fn provisioned(first_boot: UnixTime) -> Self {
        Self::new([BootRecord::first_slot(first_boot), [0xff; BOOT_SLOT_LEN]])
    }

    /// Plans a fault for the n-th operation from now.
    pub(crate) fn fail_at(&mut self, operation: u32, fault: Fault) {
        self.operation = 0;
        self.fault = Some((operation, fault));
    }

    pub(crate) fn power_on(&mut self) {
        self.fault = None;
        self.off = false;
    }

    fn due(&mut self) -> Result<Option<Fault>, &'static str> {
        if self.off {
            return Err("no power");
        }
        let now = self.operation;
        self.operation += 1;
        Ok(self
            .fault
            .filter(|(at, _)| *at == now)
            .map(|(_, fault)| fault))
    }
}

impl BootStorage for Flash {
    type Error = &'static str;

    fn read(&mut self, slot: Slot, buf: &mut [u8; BOOT_SLOT_LEN]) -> Result<(), Self::Error> {
        if let Some(Fault::PowerLoss { .. }) = self.due()? {
            self.off = true;
            return Err("no power");
        }
        *buf = self.slots[slot as usize];
        Ok(())
    }

    fn write(&mut self, slot: Slot, buf: &[u8; BOOT_SLOT_LEN]) -> Result<(), Self::Error> {
        match self.due()? {
            Some(Fault::LostWrite) => Ok(()),
            Some(Fault::PowerLoss { torn, erase_first }) => {
                let target = &mut self.slots[slot as usize];
                if erase_first {
                    target.fill(0xff);
                }
                target[..torn].copy_from_slice(&buf[..torn]);
                self.off = true;
                Err("no power")
            }
            None => {
                self.slots[slot as usize] = *buf;
                Ok(())
            }
        }
    }
}
