//! The keys of one sender in one direction, shared by the sides that seal and open (spec §4.4).

use crate::{
    Class, Device, Direction, DownSeed, Generation, HardwareId, KEY_LEN, ParamError, Sender,
    SenderKey, UpSeed,
};

/// One AEAD key per class of key: downlink live has its own, bound to the receiver's boot.
#[derive(Debug)]
pub(crate) struct SenderKeys {
    direction: Direction,
    generation: Generation,
    sender: Sender,
    key: SenderKey,
    /// Downlink: the key of class live. Uplink: zeros, not `None`, which would carry along what lay on the stack.
    live: SenderKey,
}

impl SenderKeys {
    // Inlined into each caller it would be moved from place to place, and what it leaves there is not wiped.
    #[inline(never)]
    pub(crate) fn uplink(
        seed: &UpSeed,
        device: Device<'_>,
        hw: HardwareId<'_>,
        sender: Sender,
    ) -> Result<Self, ParamError> {
        if !sender.is_device() {
            return Err(ParamError::Sender);
        }
        Ok(Self {
            direction: Direction::Up,
            generation: device.generation(),
            sender,
            key: seed.sender_key(sender, hw),
            live: SenderKey::from_bytes([0; KEY_LEN]),
        })
    }

    #[inline(never)]
    pub(crate) fn downlink(
        seed: &DownSeed,
        device: Device<'_>,
        hw: HardwareId<'_>,
        sender: Sender,
        device_boot: u32,
    ) -> Result<Self, ParamError> {
        if sender.is_device() {
            return Err(ParamError::Sender);
        }
        if device_boot == 0 {
            return Err(ParamError::Boot);
        }
        Ok(Self {
            direction: Direction::Down,
            generation: device.generation(),
            sender,
            key: seed.sender_key(sender, 0, hw),
            live: seed.sender_key(sender, device_boot, hw),
        })
    }

    pub(crate) fn key(&self, class: Class) -> &SenderKey {
        match (class, self.direction) {
            (Class::Live, Direction::Down) => &self.live,
            _ => &self.key,
        }
    }

    pub(crate) const fn direction(&self) -> Direction {
        self.direction
    }

    pub(crate) const fn generation(&self) -> Generation {
        self.generation
    }

    pub(crate) const fn sender(&self) -> Sender {
        self.sender
    }
}
