//! One emulated device: its flash file, its emulator, its console.

use core::time::Duration;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Instant;

use mqward::BOOT_SLOT_LEN;

use crate::command::Failure;

/// Bytes of an erase unit; `bindings/firmware/mqtt/flash.h` says what is in which.
const SECTOR: usize = 4096;
/// How long a device may take for anything.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// What a device's flash and board are made with.
pub(crate) struct Parts<'a> {
    pub(crate) id: &'a str,
    /// What the chip says of itself; the MAC address is the hardware id.
    pub(crate) mac: [u8; 6],
    /// What `mqward device issue` wrote.
    pub(crate) blob: &'a [u8],
    pub(crate) first_slot: &'a [u8],
    pub(crate) audience: &'a str,
    /// A port of this machine's loopback, which the device reaches as 10.0.2.2.
    pub(crate) port: u16,
    pub(crate) has_clock: bool,
    pub(crate) is_in_rust: bool,
}

impl Parts<'_> {
    fn flash(&self) -> Result<Vec<u8>, Failure> {
        let mut settings = vec![10, 0, 2, 2];
        settings.extend(self.port.to_be_bytes());
        settings.extend([u8::from(self.has_clock), u8::try_from(self.audience.len())?]);
        settings.extend(self.audience.as_bytes());
        let first_slot = self
            .first_slot
            .get(..BOOT_SLOT_LEN)
            .ok_or("the first boot record is too short")?;
        let mut flash = vec![0xff; 4 * SECTOR];
        for (sector, contents) in [(0, first_slot), (2, self.blob), (3, &settings)] {
            flash[sector * SECTOR..][..contents.len()].copy_from_slice(contents);
        }
        Ok(flash)
    }
}

/// A device with or without power. Its emulator ends when this is dropped.
pub(crate) struct Device {
    id: String,
    mac: [u8; 6],
    image: PathBuf,
    folder: PathBuf,
    is_in_rust: bool,
    emulator: Option<Child>,
    starts: usize,
}

impl Device {
    /// Writes the flash into a folder of its own below `folder`.
    pub(crate) fn new(folder: &Path, image: &Path, parts: &Parts<'_>) -> Result<Self, Failure> {
        let folder = folder.join(parts.id);
        fs::create_dir_all(&folder)?;
        fs::write(folder.join("flash.bin"), parts.flash()?)?;
        Ok(Self {
            id: parts.id.to_owned(),
            mac: parts.mac,
            image: image.to_owned(),
            folder,
            is_in_rust: parts.is_in_rust,
            emulator: None,
            starts: 0,
        })
    }

    /// The same flash on another board, without power.
    pub(crate) fn cloned(&self) -> Result<Self, Failure> {
        let folder = self.folder.with_extension("clone");
        fs::create_dir_all(&folder)?;
        fs::copy(self.folder.join("flash.bin"), folder.join("flash.bin"))?;
        let mut mac = self.mac;
        mac[5] ^= 0x80;
        Ok(Self {
            id: self.id.clone(),
            mac,
            image: self.image.clone(),
            folder,
            is_in_rust: self.is_in_rust,
            emulator: None,
            starts: 0,
        })
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn is_in_rust(&self) -> bool {
        self.is_in_rust
    }

    /// Starts the emulator, with an empty console.
    pub(crate) fn power_on(&mut self) -> Result<(), Failure> {
        self.starts += 1;
        let mac = self.mac.map(|byte| format!("{byte:02x}")).join(":");
        let child = Command::new("qemu-system-arm")
            .args(["-M", "mps2-an385", "-nographic", "-monitor", "none"])
            .args(["-serial", "none"])
            .args(["-semihosting-config", "enable=on,target=native", "-nic"])
            .arg(format!("user,model=lan9118,mac={mac}"))
            .arg("-kernel")
            .arg(&self.image)
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(self.console_path())?)
            .spawn()?;
        self.emulator = Some(child);
        Ok(())
    }

    /// Ends the emulator with SIGKILL, at whatever it was doing.
    pub(crate) fn cut_power(&mut self) -> Result<(), Failure> {
        if let Some(mut child) = self.emulator.take() {
            child.kill()?;
            child.wait()?;
        }
        Ok(())
    }

    /// What it has printed since it has power.
    pub(crate) fn console(&self) -> Result<String, Failure> {
        Ok(String::from_utf8_lossy(&fs::read(self.console_path())?).into_owned())
    }

    /// Waits until it has printed this line.
    pub(crate) fn prints(&self, line: &str) -> Result<(), Failure> {
        let begun = Instant::now();
        loop {
            let console = self.console()?;
            if console.lines().any(|printed| printed == line) {
                return Ok(());
            }
            if begun.elapsed() > PATIENCE {
                return Err(format!("{} did not print `{line}` but\n{console}", self.id).into());
            }
            sleep(Duration::from_millis(10));
        }
    }

    /// Bytes of its stack that it never used since it has power.
    pub(crate) fn stack_left(&self) -> Result<u32, Failure> {
        let console = self.console()?;
        let last = console
            .lines()
            .filter_map(|line| line.strip_prefix("stack left "))
            .next_back()
            .ok_or_else(|| format!("{} said nothing of its stack", self.id))?;
        Ok(last.parse()?)
    }

    fn console_path(&self) -> PathBuf {
        self.folder.join(format!("console-{}.txt", self.starts))
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.cut_power();
    }
}
