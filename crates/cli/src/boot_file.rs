//! The boot record in a file: slot A in its first 16 bytes, slot B in the next.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use mqward::{BOOT_SLOT_LEN, Boot, BootError, BootRecord, BootStorage, Slot, UnixTime};

use crate::error::CliError;

/// An open boot record, locked against every other process until it is dropped.
///
/// The file that `device export` writes holds slot A alone; the first start appends slot B.
#[derive(Debug)]
pub(crate) struct BootFile {
    file: File,
    path: PathBuf,
}

impl BootFile {
    /// Opens an existing boot record and waits until no other process counts in it.
    pub(crate) fn open(path: &Path) -> Result<Self, CliError> {
        let file = OpenOptions::new().read(true).write(true).open(path);
        let file = file.map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => CliError::file(path, "no boot record here").hint(
                "Only provisioning creates one: `mqward device export` writes it beside the blob. \
                 A lost one means a new generation, never a fresh start.",
            ),
            _ => CliError::file(path, error),
        })?;
        fs4::FileExt::lock(&file).map_err(|error| CliError::file(path, error))?;
        Ok(Self {
            file,
            path: path.to_owned(),
        })
    }

    /// Counts one boot up and hands it out: at least `now` for a backend, the next one for a device.
    pub(crate) fn start(mut self, at_least: Option<UnixTime>) -> Result<Boot, CliError> {
        let boot = match at_least {
            None => BootRecord::start(&mut self),
            Some(now) => BootRecord::start_at_least(&mut self, now),
        };
        boot.map_err(|error| match error {
            BootError::Missing => CliError::file(&self.path, error).hint(
                "Neither slot holds a valid record. Never make one up: export a new generation.",
            ),
            _ => CliError::file(&self.path, error),
        })
    }

    fn seek(&mut self, slot: Slot) -> io::Result<()> {
        let at = match slot {
            Slot::A => SeekFrom::Start(0),
            Slot::B => SeekFrom::Start(BOOT_SLOT_LEN as u64),
        };
        self.file.seek(at).map(drop)
    }
}

impl BootStorage for BootFile {
    type Error = io::Error;

    fn read(&mut self, slot: Slot, buf: &mut [u8; BOOT_SLOT_LEN]) -> io::Result<()> {
        self.seek(slot)?;
        // A slot that is not there yet reads as erased.
        buf.fill(0xff);
        let mut rest = buf.as_mut_slice();
        while !rest.is_empty() {
            match self.file.read(rest) {
                Ok(0) => break,
                Ok(read) => rest = rest.get_mut(read..).unwrap_or_default(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn write(&mut self, slot: Slot, buf: &[u8; BOOT_SLOT_LEN]) -> io::Result<()> {
        self.seek(slot)?;
        self.file.write_all(buf)?;
        self.file.sync_all()
    }
}
