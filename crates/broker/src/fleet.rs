//! The fleet as the verifier knows it: keys beside the devices they belong to.

use mqward::{
    Audience, Claim, ClockRule, Device, HardwareId, Login, LoginRefusal, LoginTerms,
    MAX_HARDWARE_ID_LEN, UnixTime,
};

use crate::PolicyError;
use crate::device::DeviceClock;
use crate::device_file::DeviceFile;
use crate::key_source::KeySource;
use crate::policy::Policy;
use crate::rule_set::HardwareIdSource;

/// Keys and devices of one policy.
#[derive(Debug)]
pub(crate) struct Fleet {
    keys: Option<KeySource>,
    devices: Option<DeviceFile>,
}

/// A client that presents a password, with what the fleet says about it.
#[derive(Debug)]
pub(crate) struct Known<'a> {
    device: Device<'a>,
    known: bool,
    hardware_id: [u8; MAX_HARDWARE_ID_LEN],
    hardware_id_len: usize,
    pub(crate) clock: DeviceClock,
}

impl Fleet {
    /// Reads the key and device files of a policy.
    ///
    /// # Errors
    /// The first mistake in either.
    pub(crate) fn read(policy: &Policy) -> Result<Self, PolicyError> {
        let keys = match policy.keys_file() {
            None => None,
            Some(file) => Some(KeySource::read(file, policy)?),
        };
        let devices = match policy.devices_file() {
            None => None,
            Some(path) => Some(DeviceFile::read(path, policy)?),
        };
        Ok(Self { keys, devices })
    }

    /// Looks a device up. One that is not known comes back too, to be checked against a decoy.
    pub(crate) fn find<'a>(&self, policy: &Policy, role: usize, device: Device<'a>) -> Known<'a> {
        let entry = self
            .devices
            .as_ref()
            .map(|devices| devices.find(device.client_id(), device.generation()));
        let has_key = self.keys.as_ref().is_some_and(|keys| keys.has(device));
        let known = match (&entry, &self.keys) {
            (Some(entry), _) => entry.is_some() && has_key,
            (None, Some(KeySource::LoginKeys { .. })) => has_key,
            // Without a list, every id that fits the role exists, as first provisioned.
            (None, _) => device.generation().get() == 1 && has_key,
        };
        let entry = entry.flatten();
        let mut found = Known {
            device,
            known,
            hardware_id: [0; MAX_HARDWARE_ID_LEN],
            // As long as a MAC address where the device is not known: as many blocks to hash.
            hardware_id_len: 6,
            clock: entry.map_or(DeviceClock::Required, |entry| entry.clock),
        };
        match policy.hardware_id(role) {
            (HardwareIdSource::Registry, _) => {
                if let Some(entry) = entry {
                    found.set_hardware_id(&entry.hardware_id);
                }
            }
            (HardwareIdSource::ClientId, prefix_len) => {
                let digits = device.client_id().get(prefix_len..).unwrap_or("");
                let mut bytes = [0; MAX_HARDWARE_ID_LEN];
                match base16ct::mixed::decode(digits, &mut bytes) {
                    Ok(bytes) => found.set_hardware_id(bytes),
                    // The role's grammar rules this out; if it ever does not, nobody is admitted.
                    Err(_) => found.known = false,
                }
            }
            (HardwareIdSource::None | HardwareIdSource::InLoginKey, _) => {
                found.set_hardware_id(&[]);
            }
        }
        found
    }

    /// Checks tag and time of a password (spec §6.3): the same derivations and the same tag for known and unknown.
    pub(crate) fn verify(
        &self,
        found: &Known<'_>,
        claim: &Claim,
        audience: Audience<'_>,
        (window_secs, clock): (u16, ClockRule),
        now: UnixTime,
    ) -> Result<Login, LoginRefusal> {
        // Neither error can happen after validation; if one does, nobody is admitted.
        let (Some(keys), Ok(terms), Ok(hw)) = (
            &self.keys,
            LoginTerms::new(window_secs, clock),
            HardwareId::new(found.hardware_id()),
        ) else {
            return Err(LoginRefusal::UnknownDevice);
        };
        keys.with_login_key(found.device, found.known, hw, audience, |key| {
            claim.verify(key, found.known, found.device.client_id(), &terms, now)
        })
    }
}

impl Known<'_> {
    fn set_hardware_id(&mut self, bytes: &[u8]) {
        for (to, from) in self.hardware_id.iter_mut().zip(bytes) {
            *to = *from;
        }
        self.hardware_id_len = bytes.len().min(MAX_HARDWARE_ID_LEN);
    }

    fn hardware_id(&self) -> &[u8] {
        self.hardware_id.get(..self.hardware_id_len).unwrap_or(&[])
    }
}
