//! A window that moves over a file, so that no file is ever in memory as a whole.

use std::fs::File;
use std::io;
use std::sync::Arc;

use super::frame::{FRAME_LEN, MAX_BODY_LEN};

/// How much is read at a time.
const LEN: usize = 256 * 1024;
/// How much is always in view, where the file has it: the longest record.
const VIEW: usize = FRAME_LEN + MAX_BODY_LEN;

/// What of a file is in view.
pub(super) struct Window {
    file: Arc<File>,
    bytes: Vec<u8>,
    /// Where the view begins in `bytes`.
    start: usize,
    /// Where `bytes` ends in the file.
    read_to: u64,
    /// What stands behind is not looked at.
    end: u64,
}

impl Window {
    /// Over the bytes of a file from `start` to `end`, or to where it ends before that.
    pub(super) fn new(file: Arc<File>, start: u64, end: u64) -> Self {
        Self {
            file,
            bytes: Vec::new(),
            start: 0,
            read_to: start,
            end,
        }
    }

    /// What comes next: nothing at the end only, and a whole record if there is one.
    pub(super) fn view(&mut self) -> io::Result<&[u8]> {
        if self.bytes.len() - self.start < VIEW {
            self.fill()?;
        }
        Ok(self.bytes.get(self.start..).unwrap_or(&[]))
    }

    /// Moves on.
    pub(super) fn skip(&mut self, len: usize) {
        self.start = self.bytes.len().min(self.start.saturating_add(len));
    }

    /// So many bytes, which ended so many before the view; until the next look at it.
    pub(super) fn passed(&self, len: usize, behind: usize) -> Option<&[u8]> {
        let end = self.start.checked_sub(behind)?;
        self.bytes.get(end.checked_sub(len)?..end)
    }

    /// Where the view begins in the file.
    pub(super) fn offset(&self) -> u64 {
        self.read_to - (self.bytes.len() - self.start) as u64
    }

    fn fill(&mut self) -> io::Result<()> {
        self.bytes.drain(..self.start);
        self.start = 0;
        while self.bytes.len() < VIEW && self.read_to < self.end {
            let rest = usize::try_from(self.end - self.read_to).unwrap_or(LEN);
            let before = self.bytes.len();
            self.bytes.resize(before + rest.min(LEN), 0);
            let free = self.bytes.get_mut(before..).unwrap_or(&mut []);
            let read = read_at(&self.file, free, self.read_to);
            self.bytes.truncate(before + *read.as_ref().unwrap_or(&0));
            match read {
                // Shorter than it was said to be.
                Ok(0) => self.end = self.read_to,
                Ok(len) => self.read_to = self.read_to.saturating_add(len as u64),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// Reads at a place, whoever else reads and writes the open file elsewhere.
#[cfg(unix)]
fn read_at(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, bytes, offset)
}

#[cfg(windows)]
fn read_at(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, bytes, offset)
}

/// Writes at a place, with one call where the system takes it all.
#[cfg(unix)]
pub(super) fn write_all_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, offset)
}

#[cfg(windows)]
pub(super) fn write_all_at(file: &File, mut bytes: &[u8], mut offset: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        match std::os::windows::fs::FileExt::seek_write(file, bytes, offset) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(len) => {
                bytes = bytes.get(len..).unwrap_or(&[]);
                offset = offset.saturating_add(len as u64);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
