//! Receipts of messages that a device or a backend really sealed, over several boots.

#[allow(dead_code, reason = "the faults are for another test")]
#[path = "../flash/mod.rs"]
mod flash;

use std::collections::BTreeMap;
use std::sync::OnceLock;

use mqward_crypto::{
    BootRecord, Class, Clock, Device, Direction, DownSeed, Generation, HardwareId, Opened, Opener,
    Receipt, Sealer, Sender, UnixTime, UpSeed, sealed_len,
};

use flash::Flash;

pub(crate) const TOPIC: &str = "tx/device-1/t";
pub(crate) const FIRST_BOOT: u32 = 1000;
pub(crate) const BOOTS: u32 = 6;
pub(crate) const COUNTS: u32 = 300;
/// Message (boot b, count c) was sealed at this second.
pub(crate) fn sealed_at(boot: u32, count: u32) -> u64 {
    1_767_000_000 + u64::from(boot) * 1_000 + u64::from(count)
}

pub(crate) fn seal_all(
    direction: Direction,
    class: Class,
    clocked: bool,
) -> BTreeMap<(u32, u32), Receipt> {
    let device = Device::new("device-1", Generation::FIRST).unwrap();
    let hw = HardwareId::EMPTY;
    let (from, sealer, opener) = match direction {
        Direction::Up => {
            let seed = UpSeed::from_bytes([9; 32]);
            let sealer = Sealer::uplink(&seed, device, hw, Sender::DEVICE).unwrap();
            (
                Sender::DEVICE,
                sealer,
                Opener::uplink(&seed, device, hw, Sender::DEVICE).unwrap(),
            )
        }
        Direction::Down => {
            let (seed, from) = (DownSeed::from_bytes([8; 32]), Sender::backend(16).unwrap());
            let sealer = Sealer::downlink(&seed, device, hw, from, 77).unwrap();
            (
                from,
                sealer,
                Opener::downlink(&seed, device, hw, from, 77).unwrap(),
            )
        }
    };
    // Both slots are there, so that boots follow each other without a gap.
    let slot = |boot: u32| BootRecord::first_slot(UnixTime::from_secs(boot.into()).unwrap());
    let mut flash = Flash::new([slot(FIRST_BOOT - 1), slot(FIRST_BOOT - 2)]);
    let mut receipts = BTreeMap::new();
    for boot in 0..BOOTS {
        let mut stamper = BootRecord::start(&mut flash)
            .unwrap()
            .seal_stamper(from, [1; 4])
            .unwrap();
        assert_eq!(stamper.boot(), FIRST_BOOT + boot);
        for count in 0..COUNTS {
            let time = UnixTime::from_secs(sealed_at(boot, count)).unwrap();
            let clock = if clocked {
                Clock::Trusted(time)
            } else {
                Clock::None
            };
            let mut buf = [0; sealed_len(0)];
            sealer
                .seal(&mut stamper, class, TOPIC, clock, b"", &mut buf)
                .unwrap();
            let Ok(Opened::Message(message)) = opener.open_in_place(TOPIC, &mut buf) else {
                panic!("own message does not open");
            };
            receipts.insert((boot, count), *message.receipt());
        }
    }
    receipts
}

/// The receipt of (boot, count), boots counted from 0.
pub(crate) fn receipt(boot: u32, count: u32) -> Receipt {
    static ALL: OnceLock<BTreeMap<(u32, u32), Receipt>> = OnceLock::new();
    ALL.get_or_init(|| seal_all(Direction::Up, Class::Live, true))[&(boot, count)]
}

pub(crate) fn clockless(boot: u32, count: u32) -> Receipt {
    static ALL: OnceLock<BTreeMap<(u32, u32), Receipt>> = OnceLock::new();
    ALL.get_or_init(|| seal_all(Direction::Up, Class::Stored, false))[&(boot, count)]
}

/// A command without a time.
pub(crate) fn command(boot: u32, count: u32) -> Receipt {
    static ALL: OnceLock<BTreeMap<(u32, u32), Receipt>> = OnceLock::new();
    ALL.get_or_init(|| seal_all(Direction::Down, Class::Stored, false))[&(boot, count)]
}
