//! A device and two receivers over their whole life: every step may be a reboot, a torn write, a lost message, a
//! restore, and a model that remembers everything watches.

#![allow(
    clippy::unwrap_used,
    clippy::unwrap_in_result,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

#[allow(dead_code, reason = "a fault is for the other test")]
mod flash;

use std::collections::HashSet;

use flash::{Fault, Flash};
use mqward_crypto::{
    BOOT_SLOT_LEN, BootRecord, Class, Clock, Device, Generation, HardwareId, Judgement, Opened,
    Opener, Receipt, SealStamper, Sealer, Sender, UnixTime, UpSeed, Window, sealed_len,
};
use proptest::prelude::*;

const TOPIC: &str = "tx/device-1/t";
const PROVISIONED: u32 = 1_760_000_000;
/// How long a window that was restored stays closed to what was sealed before (spec §8.5).
const COLD_SECS: u32 = 60;

#[derive(Clone, Debug)]
enum Step {
    Wait(u32),
    Seal,
    Reboot,
    PowerFails {
        operation: u32,
        torn: usize,
        erase_first: bool,
    },
    /// A slot of the boot record wears out, and the device starts.
    LoseSlot(usize),
    /// The newest message, delivered to a receiver.
    DeliverNewest(usize),
    /// Any message, early, late or again.
    Deliver(usize, prop::sample::Index),
    /// A receiver dies between opening and its transaction.
    DieWith(usize, prop::sample::Index),
    BackUp(usize),
    Restore(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let receiver = || 0..2usize;
    prop_oneof![
        2 => (1..90u32).prop_map(Step::Wait),
        6 => Just(Step::Seal),
        1 => Just(Step::Reboot),
        1 => (0..2usize).prop_map(Step::LoseSlot),
        1 => (0..8u32, 0..=BOOT_SLOT_LEN, any::<bool>()).prop_map(
            |(operation, torn, erase_first)| Step::PowerFails { operation, torn, erase_first }),
        4 => receiver().prop_map(Step::DeliverNewest),
        6 => (receiver(), any::<prop::sample::Index>()).prop_map(|(who, which)| Step::Deliver(who, which)),
        2 => (receiver(), any::<prop::sample::Index>()).prop_map(|(who, which)| Step::DieWith(who, which)),
        1 => receiver().prop_map(Step::BackUp),
        1 => receiver().prop_map(Step::Restore),
    ]
}

/// What a receiver keeps on its disk, and what an onlooker remembers of it.
struct Receiver {
    stored: Vec<u8>,
    backup: Vec<u8>,
    acted: HashSet<(u32, u32)>,
    highest: (u32, u32),
    /// Messages that were sealed up to this second are not waited for.
    closed_until: u32,
}

impl Receiver {
    fn new() -> Self {
        let mut stored = vec![0; Window::<2>::EXPORT_LEN];
        Window::<2>::new().export(&mut stored).unwrap();
        Self {
            backup: stored.clone(),
            stored,
            acted: HashSet::new(),
            highest: (0, 0),
            closed_until: 0,
        }
    }

    /// Acts on a message if its window says so; without `commit` it dies before the transaction.
    fn receive(&mut self, receipt: &Receipt, commit: bool) -> Result<(), TestCaseError> {
        let mut window = Window::<2>::import(&self.stored).unwrap();
        let stamp = stamp(receipt);
        let newest = stamp > self.highest
            && receipt
                .time()
                .is_some_and(|time| time.get() > self.closed_until);
        match window.judge(receipt) {
            Judgement::Fresh(ticket) => {
                prop_assert!(!self.acted.contains(&stamp), "acted on {stamp:?} twice");
                if commit {
                    window.commit(ticket).unwrap();
                    window.export(&mut self.stored).unwrap();
                    self.acted.insert(stamp);
                    self.highest = self.highest.max(stamp);
                }
            }
            other => prop_assert!(!newest, "{other:?}: {stamp:?} is news"),
        }
        Ok(())
    }
}

struct World {
    sealer: Sealer,
    opener: Opener,
    flash: Flash,
    stamper: SealStamper,
    now: u32,
    nonces: HashSet<[u8; 11]>,
    sent: Vec<Receipt>,
    receivers: [Receiver; 2],
}

impl World {
    fn new() -> Self {
        let device = Device::new("device-1", Generation::FIRST).unwrap();
        let (seed, hw) = (UpSeed::from_bytes([7; 32]), HardwareId::EMPTY);
        let mut flash = Flash::provisioned(UnixTime::from_secs(PROVISIONED.into()).unwrap());
        Self {
            sealer: Sealer::uplink(&seed, device, hw, Sender::DEVICE).unwrap(),
            opener: Opener::uplink(&seed, device, hw, Sender::DEVICE).unwrap(),
            stamper: booted(&mut flash),
            flash,
            now: PROVISIONED + 1_000,
            nonces: HashSet::new(),
            sent: Vec::new(),
            receivers: [Receiver::new(), Receiver::new()],
        }
    }

    fn take(&mut self, step: &Step) -> Result<(), TestCaseError> {
        match step {
            Step::Wait(secs) => self.now += secs,
            Step::Seal => self.seal()?,
            Step::Reboot => self.stamper = booted(&mut self.flash),
            Step::PowerFails {
                operation,
                torn,
                erase_first,
            } => {
                let (torn, erase_first) = (*torn, *erase_first);
                self.flash
                    .fail_at(*operation, Fault::PowerLoss { torn, erase_first });
                // Power came back too late or was never lost: both are lives of a device.
                if let Ok(mut boot) = BootRecord::start(&mut self.flash) {
                    self.stamper = boot.seal_stamper(Sender::DEVICE, [0; 4]).unwrap();
                    self.seal()?;
                }
                self.flash.power_on();
                self.stamper = booted(&mut self.flash);
            }
            Step::LoseSlot(slot) => {
                self.flash.slots[*slot] = [0xff; BOOT_SLOT_LEN];
                self.stamper = booted(&mut self.flash);
            }
            Step::DeliverNewest(who) => {
                if let Some(receipt) = self.sent.last() {
                    self.receivers[*who].receive(receipt, true)?;
                }
            }
            Step::Deliver(who, which) | Step::DieWith(who, which) => {
                if !self.sent.is_empty() {
                    let commit = matches!(step, Step::Deliver(..));
                    self.receivers[*who].receive(which.get(&self.sent), commit)?;
                }
            }
            Step::BackUp(who) => {
                let receiver = &mut self.receivers[*who];
                receiver.backup = receiver.stored.clone();
            }
            Step::Restore(who) => {
                let receiver = &mut self.receivers[*who];
                let mut window = Window::<2>::import(&receiver.backup).unwrap();
                let now = UnixTime::from_secs(self.now.into()).unwrap();
                window.set_cold(now, u16::try_from(COLD_SECS).unwrap());
                window.export(&mut receiver.stored).unwrap();
                receiver.closed_until = self.now + COLD_SECS;
            }
        }
        Ok(())
    }

    fn seal(&mut self) -> Result<(), TestCaseError> {
        let clock = Clock::Trusted(UnixTime::from_secs(self.now.into()).unwrap());
        let mut buf = [0; sealed_len(1)];
        self.sealer
            .seal(
                &mut self.stamper,
                Class::Stored,
                TOPIC,
                clock,
                b"x",
                &mut buf,
            )
            .unwrap();
        let nonce: [u8; 11] = buf[3..14].try_into().unwrap();
        prop_assert!(self.nonces.insert(nonce), "nonce {nonce:02x?} again");
        let Ok(Opened::Message(message)) = self.opener.open_in_place(TOPIC, &mut buf) else {
            panic!("own message does not open");
        };
        let receipt = *message.receipt();
        let before = self.sent.last().map_or((0, 0), stamp);
        prop_assert!(stamp(&receipt) > before, "{receipt:?} after {before:?}");
        self.sent.push(receipt);
        Ok(())
    }
}

fn stamp(receipt: &Receipt) -> (u32, u32) {
    (receipt.boot(), receipt.count())
}

fn booted(flash: &mut Flash) -> SealStamper {
    let mut boot = BootRecord::start(flash).unwrap();
    boot.seal_stamper(Sender::DEVICE, [0; 4]).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn no_nonce_and_no_effect_twice_and_no_news_is_lost(steps in prop::collection::vec(step(), 1..200)) {
        let mut world = World::new();
        for step in &steps {
            world.take(step)?;
        }
    }
}
