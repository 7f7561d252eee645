//! The fleet as the verifier knows it: keys beside the devices they belong to.

use std::path::Path;
use std::sync::Arc;

use mqward::{
    Audience, AuthSeed, Claim, ClockRule, Device, Generation, HardwareId, Login, LoginRefusal,
    LoginTerms, MAX_HARDWARE_ID_LEN, UnixTime,
};

use crate::PolicyError;
use crate::device::{DeviceClock, DeviceStage};
use crate::device_file::DeviceFile;
use crate::key_source::KeySource;
use crate::policy::{DevicesSource, Policy};
use crate::registry::{RegistryEntry, RegistryError, RegistryView};
use crate::rule_set::HardwareIdSource;

/// Keys and devices of one policy.
#[derive(Debug)]
pub(crate) struct Fleet {
    keys: Option<KeySource>,
    devices: Devices,
}

/// The list of devices, if there is one.
#[derive(Debug)]
enum Devices {
    Roles,
    File(DeviceFile),
    Registry(Arc<RegistryView>),
}

/// A client that presents a password, with what the fleet says about it.
#[derive(Debug)]
pub(crate) struct Known<'a> {
    device: Device<'a>,
    known: bool,
    /// Its password is checked all the same, so that the log can say who still tries.
    pub(crate) revoked: bool,
    hardware_id: [u8; MAX_HARDWARE_ID_LEN],
    hardware_id_len: usize,
    pub(crate) clock: DeviceClock,
    entry: Option<Arc<RegistryEntry>>,
}

/// Whether a device may log in, without its password.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(crate) enum Standing {
    Accepted,
    Revoked,
    Unknown,
}

impl Fleet {
    /// Reads the key and device files of a policy. A registry that is in memory already is only brought up to date.
    ///
    /// # Errors
    /// The first mistake in either.
    pub(crate) fn read(
        policy: &Policy,
        known: Option<&Arc<RegistryView>>,
    ) -> Result<Self, PolicyError> {
        let keys = match (policy.keys_file(), policy.devices()) {
            (Some(file), _) => Some(KeySource::read(file, policy)?),
            (None, DevicesSource::Registry(path)) => Some(KeySource::own_seeds(path)?),
            (None, _) => None,
        };
        let devices = match policy.devices() {
            DevicesSource::Roles => Devices::Roles,
            DevicesSource::File(path) => Devices::File(DeviceFile::read(path, policy)?),
            DevicesSource::Registry(path) => {
                Devices::Registry(match known.filter(|view| view.path() == path.as_path()) {
                    Some(view) => Arc::clone(view),
                    None => Arc::new(
                        RegistryView::open(path).map_err(|error| of_registry(path, &error))?,
                    ),
                })
            }
        };
        Ok(Self { keys, devices })
    }

    /// The registry, if the policy names one.
    pub(crate) const fn registry(&self) -> Option<&Arc<RegistryView>> {
        match &self.devices {
            Devices::Registry(view) => Some(view),
            _ => None,
        }
    }

    /// The stage that the registry names for a device.
    pub(crate) fn stage(&self, client_id: &str) -> DeviceStage {
        let entry = self
            .registry()
            .and_then(|registry| registry.find(client_id));
        entry.map_or(DeviceStage::Sealed, |entry| entry.stage)
    }

    /// Whether a device may log in, in one generation or in any.
    pub(crate) fn standing(&self, client_id: &str, generation: Option<Generation>) -> Standing {
        match &self.devices {
            Devices::Roles => Standing::Accepted,
            Devices::File(file) => match file.accepts(client_id, generation) {
                true => Standing::Accepted,
                false => Standing::Unknown,
            },
            Devices::Registry(registry) => {
                let Some(entry) = registry.find(client_id) else {
                    return Standing::Unknown;
                };
                match (
                    entry.revoked,
                    generation.map(|generation| entry.generation(generation)),
                ) {
                    (true, _) => Standing::Revoked,
                    (false, None) => Standing::Accepted,
                    (false, Some(None)) => Standing::Unknown,
                    (false, Some(Some(generation))) if generation.revoked => Standing::Revoked,
                    (false, Some(Some(_))) => Standing::Accepted,
                }
            }
        }
    }

    /// Looks a device up. One that is not known comes back too, to be checked against a decoy.
    pub(crate) fn find<'a>(&self, policy: &Policy, role: usize, device: Device<'a>) -> Known<'a> {
        let mut found = Known {
            device,
            known: false,
            revoked: false,
            hardware_id: [0; MAX_HARDWARE_ID_LEN],
            // As long as a MAC address where the device is not known: as many blocks to hash.
            hardware_id_len: 6,
            clock: DeviceClock::Required,
            entry: None,
        };
        let (client_id, generation) = (device.client_id(), device.generation());
        let mut listed = None;
        match &self.devices {
            // Without a list, every id that fits the role exists, as first provisioned; a table of keys is a list.
            Devices::Roles => {
                found.known =
                    generation.get() == 1 || matches!(self.keys, Some(KeySource::LoginKeys { .. }));
            }
            Devices::File(file) => {
                if let Some(entry) = file.find(client_id, generation) {
                    found.known = true;
                    found.clock = entry.clock;
                    listed = Some(entry.hardware_id.as_slice());
                }
            }
            Devices::Registry(registry) => found.entry = registry.find(client_id),
        }
        let entry = found.entry.clone();
        if let Some(entry) = &entry {
            if let Some(of_generation) = entry.generation(generation) {
                found.known = true;
                found.revoked = entry.revoked || of_generation.revoked;
                found.clock = entry.clock;
                listed = Some(&of_generation.hardware_id);
            }
        }
        let own_seed = found.own_seed().is_some();
        found.known &= self
            .keys
            .as_ref()
            .is_some_and(|keys| keys.has(device, own_seed));
        match policy.hardware_id(role) {
            (HardwareIdSource::Registry, _) => {
                if let Some(hardware_id) = listed {
                    found.set_hardware_id(hardware_id);
                }
            }
            (HardwareIdSource::ClientId, prefix_len) => {
                let digits = client_id.get(prefix_len..).unwrap_or("");
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
        let (device, known) = (found.device, found.known);
        keys.with_login_key(device, known, found.own_seed(), hw, audience, |key| {
            claim.verify(key, known, device.client_id(), &terms, now)
        })
    }
}

/// A registry's error as one of the policy that names it.
fn of_registry(path: &Path, error: &RegistryError) -> PolicyError {
    let reason = error.to_string();
    let own_words = reason.strip_prefix(&format!("{}: ", path.display()));
    PolicyError::of_file(path, own_words.unwrap_or(&reason))
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

    fn own_seed(&self) -> Option<&AuthSeed> {
        let entry = self.entry.as_ref()?;
        entry.generation(self.device.generation())?.seed.as_ref()
    }
}
