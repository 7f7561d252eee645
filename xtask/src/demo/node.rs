//! A provisioned member of the demo's fleet: its blob, its boot record, its stampers.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};
use std::{fs, io};

use mqward::{
    Audience, BOOT_SLOT_LEN, Blob, Boot, BootRecord, BootStorage, Class, Clock, Device, Generation,
    HardwareId, LoginKey, LoginStamper, Opener, Password, SealStamper, Sealer, Sender, Slot,
    UnixTime, sealed_len,
};

use crate::command::Failure;

/// The name of the demo's broker in every device's configuration.
pub(crate) const AUDIENCE: &str = "demo.example.com";

/// The clock of everyone in the demo.
pub(crate) fn now() -> Result<UnixTime, Failure> {
    let secs = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    UnixTime::from_secs(secs).ok_or_else(|| "the clock is not between 1970 and 2106".into())
}

/// Two slots in a file, where a device has two flash sectors: what `mqward device export` wrote, then slot B.
struct Slots(PathBuf);

impl Slots {
    fn both(&self) -> io::Result<[[u8; BOOT_SLOT_LEN]; 2]> {
        let mut slots = [[0xff; BOOT_SLOT_LEN]; 2];
        for (slot, bytes) in slots
            .iter_mut()
            .zip(fs::read(&self.0)?.chunks_exact(BOOT_SLOT_LEN))
        {
            slot.copy_from_slice(bytes);
        }
        Ok(slots)
    }
}

impl BootStorage for Slots {
    type Error = io::Error;

    fn read(&mut self, slot: Slot, buf: &mut [u8; BOOT_SLOT_LEN]) -> io::Result<()> {
        *buf = self.both()?[slot as usize];
        Ok(())
    }

    fn write(&mut self, slot: Slot, buf: &[u8; BOOT_SLOT_LEN]) -> io::Result<()> {
        let mut slots = self.both()?;
        slots[slot as usize] = *buf;
        fs::write(&self.0, slots.concat())
    }
}

/// A device, or a backend, which logs in in the same way.
pub(crate) struct Node {
    flash: Vec<u8>,
    slots: Slots,
    hardware_id: Vec<u8>,
    sender: Sender,
    boot: u32,
    login: LoginStamper,
    seal: SealStamper,
}

impl Node {
    /// Boots what was provisioned into `folder` under this client id, on a board with this hardware id.
    pub(crate) fn boot(
        folder: &Path,
        client_id: &str,
        hardware_id: &[u8],
        sender: Sender,
    ) -> Result<Self, Failure> {
        let flash = fs::read(folder.join(format!("{client_id}.blob")))?;
        let mut slots = Slots(folder.join(format!("{client_id}.boot")));
        let (boot, login, seal) = start(&mut slots, sender)?;
        Ok(Self {
            flash,
            slots,
            hardware_id: hardware_id.to_vec(),
            sender,
            boot,
            login,
            seal,
        })
    }

    /// The same flash on another board.
    pub(crate) fn cloned_to(&self, hardware_id: &[u8]) -> Result<Self, Failure> {
        let mut slots = Slots(self.slots.0.with_extension("clone"));
        fs::copy(&self.slots.0, &slots.0)?;
        let (boot, login, seal) = start(&mut slots, self.sender)?;
        let flash = self.flash.clone();
        Ok(Self {
            flash,
            slots,
            hardware_id: hardware_id.to_vec(),
            sender: self.sender,
            boot,
            login,
            seal,
        })
    }

    pub(crate) fn blob(&self) -> Result<Blob<'_>, Failure> {
        Ok(Blob::parse(&self.flash)?)
    }

    pub(crate) fn client_id(&self) -> Result<String, Failure> {
        Ok(self.blob()?.device().client_id().to_owned())
    }

    pub(crate) fn hardware_id(&self) -> &[u8] {
        &self.hardware_id
    }

    pub(crate) fn boot_number(&self) -> u32 {
        self.boot
    }

    /// A fresh password; every connection attempt takes its own.
    pub(crate) fn password(&mut self) -> Result<Password, Failure> {
        self.password_at(now()?)
    }

    /// A password as it was minted at another time.
    pub(crate) fn password_at(&mut self, time: UnixTime) -> Result<Password, Failure> {
        let blob = Blob::parse(&self.flash)?;
        let hw = HardwareId::new(&self.hardware_id)?;
        let key = blob.auth_seed().login_key(hw, Audience::new(AUDIENCE)?);
        Ok(self.login.mint(&key, blob.device(), Clock::Trusted(time))?)
    }

    /// Seals telemetry of this device.
    pub(crate) fn seal_up(&mut self, topic: &str, payload: &[u8]) -> Result<Vec<u8>, Failure> {
        let blob = Blob::parse(&self.flash)?;
        let hw = HardwareId::new(&self.hardware_id)?;
        let sealer = Sealer::uplink(blob.up_seed(), blob.device(), hw, self.sender)?;
        seal(&sealer, &mut self.seal, topic, payload)
    }

    /// Seals a command with a sealer that a backend made from its roots.
    pub(crate) fn seal_with(
        &mut self,
        sealer: &Sealer,
        topic: &str,
        payload: &[u8],
    ) -> Result<Vec<u8>, Failure> {
        seal(sealer, &mut self.seal, topic, payload)
    }

    /// Opens commands of one backend in this device's current boot.
    pub(crate) fn command_opener(&self, backend: Sender) -> Result<Opener, Failure> {
        let blob = self.blob()?;
        let hw = HardwareId::new(&self.hardware_id)?;
        Ok(Opener::downlink(
            blob.down_seed(),
            blob.device(),
            hw,
            backend,
            self.boot,
        )?)
    }
}

fn start(slots: &mut Slots, sender: Sender) -> Result<(u32, LoginStamper, SealStamper), Failure> {
    let mut boot: Boot = BootRecord::start(slots)?;
    // The demo has clocks, so the salt of clockless boots stays unused.
    match (boot.login_stamper(), boot.seal_stamper(sender, [0; 4])) {
        (Some(login), Some(seal)) => Ok((boot.number(), login, seal)),
        _ => Err("a new boot has both stampers".into()),
    }
}

fn seal(
    sealer: &Sealer,
    stamper: &mut SealStamper,
    topic: &str,
    payload: &[u8],
) -> Result<Vec<u8>, Failure> {
    let mut out = vec![0; sealed_len(payload.len())];
    sealer.seal(
        stamper,
        Class::Live,
        topic,
        Clock::Trusted(now()?),
        payload,
        &mut out,
    )?;
    Ok(out)
}

/// A device of the demo in its first generation.
pub(crate) fn device(client_id: &str) -> Result<Device<'_>, Failure> {
    Ok(Device::new(client_id, Generation::FIRST)?)
}

/// A password under any key, well formed in every other way: what a guesser sends.
pub(crate) fn password_under(key: &LoginKey, client_id: &str) -> Result<String, Failure> {
    let folder = tempfile::tempdir()?;
    let mut slots = Slots(folder.path().join("boot"));
    fs::write(&slots.0, BootRecord::first_slot(now()?))?;
    let (_, mut login, _) = start(&mut slots, Sender::DEVICE)?;
    let password = login.mint(key, device(client_id)?, Clock::Trusted(now()?))?;
    Ok(password.as_str().to_owned())
}
