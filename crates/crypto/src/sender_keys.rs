//! The keys of one sender in one direction, shared by the sides that seal and open (spec §4.4).

use crate::{
    Class, Device, Direction, DownSeed, Generation, HardwareId, ParamError, Sender, SenderKey,
    UpSeed,
};

/// One AEAD key per class of key: downlink live has its own, bound to the receiver's boot.
#[derive(Debug)]
pub(crate) struct SenderKeys {
    direction: Direction,
    generation: Generation,
    sender: Sender,
    key: SenderKey,
    /// Downlink only: the key of class live.
    live: Option<SenderKey>,
}

impl SenderKeys {
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
            live: None,
        })
    }

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
            live: Some(seed.sender_key(sender, device_boot, hw)),
        })
    }

    pub(crate) fn key(&self, class: Class) -> &SenderKey {
        match (class, &self.live) {
            (Class::Live, Some(live)) => live,
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
