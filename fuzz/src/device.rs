//! A device whose flash can be torn, and the messages that it seals.

use mqward::{
    BOOT_SLOT_LEN, BootRecord, BootStorage, Class, Clock, Device, Direction, DownSeed, Generation,
    HardwareId, Opened, Opener, Receipt, Sealer, Sender, Slot, UnixTime, UpSeed, sealed_len,
};

/// Two slots; a write keeps its first `torn` bytes and fails if `torn` is less than a slot.
pub struct Flash {
    pub slots: [[u8; BOOT_SLOT_LEN]; 2],
    pub torn: usize,
}

impl Flash {
    #[must_use]
    pub fn provisioned(first_boot: UnixTime) -> Self {
        let slots = [BootRecord::first_slot(first_boot), [0xff; BOOT_SLOT_LEN]];
        Self {
            slots,
            torn: BOOT_SLOT_LEN,
        }
    }
}

impl BootStorage for Flash {
    type Error = ();

    fn read(&mut self, slot: Slot, buf: &mut [u8; BOOT_SLOT_LEN]) -> Result<(), ()> {
        *buf = self.slots[slot as usize];
        Ok(())
    }

    fn write(&mut self, slot: Slot, buf: &[u8; BOOT_SLOT_LEN]) -> Result<(), ()> {
        self.slots[slot as usize][..self.torn].copy_from_slice(&buf[..self.torn]);
        if self.torn == BOOT_SLOT_LEN {
            Ok(())
        } else {
            Err(())
        }
    }
}

/// Seconds after the start of 2026.
#[must_use]
pub fn at(secs: u32) -> UnixTime {
    UnixTime::from_secs(1_767_225_600 + u64::from(secs)).expect("before 2106")
}

#[must_use]
pub fn device() -> Device<'static> {
    Device::new("device-1", Generation::FIRST).expect("a short id")
}

/// Both ends of the device's uplink under this seed.
#[must_use]
pub fn uplink(seed: u8) -> (Sealer, Opener) {
    let seed = UpSeed::from_bytes([seed; 32]);
    let sealer = Sealer::uplink(&seed, device(), HardwareId::EMPTY, Sender::DEVICE);
    let opener = Opener::uplink(&seed, device(), HardwareId::EMPTY, Sender::DEVICE);
    (
        sealer.expect("an uplink sender"),
        opener.expect("an uplink sender"),
    )
}

/// Both ends of a backend's downlink to the device in one of its boots.
fn downlink(seed: u8) -> (Sealer, Opener) {
    let (seed, receiver_boot) = (DownSeed::from_bytes([seed; 32]), 77);
    let from = backend();
    let sealer = Sealer::downlink(&seed, device(), HardwareId::EMPTY, from, receiver_boot);
    let opener = Opener::downlink(&seed, device(), HardwareId::EMPTY, from, receiver_boot);
    (
        sealer.expect("a downlink sender"),
        opener.expect("a downlink sender"),
    )
}

fn backend() -> Sender {
    Sender::backend(16).expect("the first backend")
}

/// Receipts of `counts` messages in each of `boots` boots; message (b, c) has the time b * counts + c.
#[must_use]
pub fn sealed_messages(
    direction: Direction,
    class: Class,
    boots: u32,
    counts: u32,
) -> Vec<Receipt> {
    let (from, (sealer, opener)) = match direction {
        Direction::Up => (Sender::DEVICE, uplink(9)),
        Direction::Down => (backend(), downlink(8)),
    };
    let mut flash = Flash::provisioned(at(0));
    let mut receipts = Vec::new();
    for boot in 0..boots {
        let mut boot_number = BootRecord::start(&mut flash).expect("a whole record");
        let mut stamper = boot_number
            .seal_stamper(from, [0; 4])
            .expect("the first time");
        for count in 0..counts {
            let clock = Clock::Trusted(at(boot * counts + count));
            let mut buf = [0; sealed_len(0)];
            sealer
                .seal(&mut stamper, class, "t", clock, b"", &mut buf)
                .expect("room and stamps");
            let Ok(Opened::Message(message)) = opener.open_in_place("t", &mut buf) else {
                panic!("its own message does not open");
            };
            receipts.push(*message.receipt());
        }
    }
    receipts
}
