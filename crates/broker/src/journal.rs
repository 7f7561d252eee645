//! An append-only file of records, each with a CRC, that finds its own torn end.

mod folder;
mod frame;
mod records;
mod scan;
#[cfg(test)]
mod tests;
mod window;

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use folder::Folder;
pub(crate) use folder::sync_folder;
use frame::{FRAME_LEN, MAX_BODY_LEN, frame};
pub(crate) use records::Readable;
use scan::{HEADER_LEN, MAGIC, Scanned, scan};
pub(crate) use scan::{JournalError, Tail};
use window::write_all_at;

/// How much of a journal is filled with zeros ahead of its records, at least half of it at any time.
pub(crate) const RESERVE_LEN: u64 = 64 * 1024;

/// An open journal. What was written whole is there after the process ends in any way; what was synced too after the
/// power failed.
#[derive(Debug)]
pub(crate) struct Journal {
    file: Arc<File>,
    path: PathBuf,
    id: [u8; 16],
    /// Where the last whole record ends.
    len: u64,
    /// Where the file ends: zeros stand between.
    file_len: u64,
    /// Behind `len` may stand half a record, which could not be cut off.
    torn: bool,
    frame: Vec<u8>,
}

impl Journal {
    /// Makes an empty journal at `path`, over what is there. Durable, its name included, once [`sync`](Self::sync)
    /// and [`rename`](Self::rename) or [`sync_folder`] have returned.
    pub(crate) fn create(path: &Path, purpose: [u8; 4]) -> io::Result<Self> {
        let mut id = [0; 16];
        getrandom::fill(&mut id).map_err(io::Error::other)?;
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path)?;
        let mut header = [MAGIC.as_slice(), &purpose, &id].concat();
        header.extend_from_slice(&crc32fast::hash(&header).to_be_bytes());
        (&file).write_all(&header)?;
        Ok(Self {
            file: Arc::new(file),
            path: path.to_owned(),
            id,
            len: HEADER_LEN as u64,
            file_len: HEADER_LEN as u64,
            torn: false,
            frame: Vec::with_capacity(FRAME_LEN + MAX_BODY_LEN),
        })
    }

    /// Reads a journal and shows every record that checks, with its offset, to `visit`. Nothing is written.
    pub(crate) fn read(
        path: &Path,
        purpose: [u8; 4],
        visit: &mut dyn FnMut(u64, &[u8]),
    ) -> Result<Tail, JournalError> {
        let file = Arc::new(File::open(path)?);
        scan(&file, purpose, visit).map(|scanned| scanned.tail)
    }

    /// Reads a journal as [`read`](Self::read) does and opens it for appending behind the first torn record.
    pub(crate) fn open(
        path: &Path,
        purpose: [u8; 4],
        visit: &mut dyn FnMut(u64, &[u8]),
    ) -> Result<(Self, Tail), JournalError> {
        let file = Arc::new(OpenOptions::new().read(true).write(true).open(path)?);
        let Scanned {
            id,
            len,
            file_len,
            tail,
        } = scan(&file, purpose, visit)?;
        let journal = Self {
            file,
            path: path.to_owned(),
            id,
            len,
            file_len,
            torn: tail != Tail::Whole,
            frame: Vec::with_capacity(FRAME_LEN + MAX_BODY_LEN),
        };
        Ok((journal, tail))
    }

    /// What tells it from every other journal.
    pub(crate) const fn id(&self) -> &[u8; 16] {
        &self.id
    }

    /// The same journal for reading, while it is appended to.
    pub(crate) fn readable(&self) -> Readable {
        Readable {
            file: Arc::clone(&self.file),
            id: self.id,
        }
    }

    /// How long header and records are, in bytes.
    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// The open file, for its metadata or for syncing it elsewhere.
    pub(crate) fn file(&self) -> &Arc<File> {
        &self.file
    }

    /// Fills the file with zeros ahead of its records, if they have come near its end.
    ///
    /// A sync of records that are written over zeros leaves the file system's own records alone, which a file that
    /// grows does not.
    ///
    /// # Errors
    /// When there is no room. The journal works as well without.
    pub(crate) fn reserve(&mut self) -> io::Result<()> {
        if self.file_len.saturating_sub(self.len) >= RESERVE_LEN / 2 {
            return Ok(());
        }
        self.cut_torn()?;
        let zeros = [0; 4096];
        let end = self.len.saturating_add(RESERVE_LEN);
        while self.file_len < end {
            // Whole blocks, whatever the records end with.
            let rest = (end - self.file_len).min(4096 - self.file_len % 4096);
            let rest = usize::try_from(rest).unwrap_or(zeros.len());
            let some = zeros.get(..rest).unwrap_or(&zeros);
            write_all_at(&self.file, some, self.file_len)?;
            self.file_len = self.file_len.saturating_add(some.len() as u64);
        }
        Ok(())
    }

    /// Takes back what was [reserved](Self::reserve).
    ///
    /// # Errors
    /// When the file cannot be cut. Its records are there as before.
    pub(crate) fn release(&mut self) -> io::Result<()> {
        self.file.set_len(self.len)?;
        self.file_len = self.len;
        Ok(())
    }

    /// Appends a record: when this returns, it survives the end of the process, not yet that of the power. Shows the
    /// bytes that were written.
    ///
    /// # Errors
    /// When it could not be written whole; it is not there then, also for who reads the file later.
    pub(crate) fn append(&mut self, body: &[u8]) -> io::Result<&[u8]> {
        self.frame.clear();
        frame(&self.id, body, &mut self.frame)?;
        let framed = core::mem::take(&mut self.frame);
        let written = self.write_at_end(&framed);
        self.frame = framed;
        written.map(|()| self.frame.as_slice())
    }

    /// Appends many records with one write.
    ///
    /// # Errors
    /// As [`append`](Self::append), for all of them.
    pub(crate) fn append_all<'a>(
        &mut self,
        bodies: impl IntoIterator<Item = &'a [u8]>,
    ) -> io::Result<()> {
        let mut framed = Vec::new();
        for body in bodies {
            frame(&self.id, body, &mut framed)?;
        }
        self.write_at_end(&framed)
    }

    fn write_at_end(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.cut_torn()?;
        let written = write_all_at(&self.file, bytes, self.len);
        if written.is_ok() {
            self.len = self.len.saturating_add(bytes.len() as u64);
            self.file_len = self.file_len.max(self.len);
        } else {
            self.torn = true;
            // Tried again before the next record, if need be.
            drop(self.cut_torn());
        }
        written
    }

    /// Cuts half a record off.
    fn cut_torn(&mut self) -> io::Result<()> {
        if self.torn {
            self.release()?;
            self.torn = false;
        }
        Ok(())
    }

    /// Makes all that was appended survive a power failure.
    pub(crate) fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    /// Gives the file another name, over a file that has it, for good.
    ///
    /// # Errors
    /// When it could not, or when it has the name, as [`path`](Self::path) tells, but perhaps not after a power failure.
    pub(crate) fn rename(&mut self, path: &Path) -> io::Result<()> {
        // Opened first: without a descriptor or the right to read the folder, nothing is renamed.
        let folder = Folder::of(path)?;
        fs::rename(&self.path, path)?;
        self.path = path.to_owned();
        folder.sync()
    }

    /// From here on nothing can be synced, and what is written goes nowhere.
    #[cfg(all(test, unix))]
    pub(crate) fn break_disk(&mut self) {
        if let Ok(nowhere) = OpenOptions::new().write(true).open("/dev/null") {
            self.file = Arc::new(nowhere);
        }
    }

    /// The name of the file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

/// Takes the lock of an open file; `false` where another process, or another opening of the file, has it.
pub(crate) fn lock_file(file: &File) -> io::Result<bool> {
    #[cfg(unix)]
    match rustix::fs::flock(file, rustix::fs::FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(true),
        Err(rustix::io::Errno::WOULDBLOCK) => Ok(false),
        Err(error) => Err(error.into()),
    }
    #[cfg(not(unix))]
    {
        let _ = file;
        Ok(true)
    }
}
