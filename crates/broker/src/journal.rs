//! An append-only file of records, each with a CRC, that finds its own torn end.

use core::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// What every journal begins with.
const MAGIC: [u8; 8] = *b"mqwardJ1";
/// Magic, purpose, id, CRC.
const HEADER_LEN: usize = 8 + 4 + 16 + 4;
/// Length of the body (u16), CRC (u32).
const FRAME_LEN: usize = 2 + 4;
/// Longest body: kind, numbers and a client id of 255 bytes.
pub(crate) const MAX_BODY_LEN: usize = 320;

/// An open journal. What was written whole is there after the process ends in any way; what was synced too after the
/// power failed.
#[derive(Debug)]
pub(crate) struct Journal {
    file: File,
    path: PathBuf,
    id: [u8; 16],
    /// Where the last whole record ends.
    len: u64,
    /// Behind `len` may stand half a record, which could not be cut off.
    torn: bool,
    frame: Vec<u8>,
}

/// The state of the bytes behind the first record that does not check.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(crate) enum Tail {
    /// Every record checks.
    Whole,
    /// None does from this offset on: a write that was cut short.
    Torn { at: u64 },
    /// Some do, further back: blocks that never reached the disk, or rot.
    Holed { at: u64 },
}

/// Why a file is no journal of this purpose.
#[derive(Debug)]
pub(crate) enum JournalError {
    Io(io::Error),
    /// Its beginning is not that of such a journal.
    Header,
}

impl From<io::Error> for JournalError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl fmt::Display for JournalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => error.fmt(f),
            Self::Header => f.write_str("its beginning is damaged, or it is another kind of file"),
        }
    }
}

impl Journal {
    /// Makes an empty journal at `path`, over what is there. Durable, its name included, once [`sync`](Self::sync)
    /// and [`rename`](Self::rename) or [`sync_folder`] have returned.
    pub(crate) fn create(path: &Path, purpose: [u8; 4]) -> io::Result<Self> {
        let mut id = [0; 16];
        getrandom::fill(&mut id).map_err(io::Error::other)?;
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path)?;
        let mut header = [MAGIC.as_slice(), &purpose, &id].concat();
        header.extend_from_slice(&crc32fast::hash(&header).to_be_bytes());
        file.write_all(&header)?;
        Ok(Self {
            file,
            path: path.to_owned(),
            id,
            len: HEADER_LEN as u64,
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
        scan(path, purpose, visit).map(|(_, _, tail)| tail)
    }

    /// Reads a journal as [`read`](Self::read) does and opens it for appending behind the first torn record.
    pub(crate) fn open(
        path: &Path,
        purpose: [u8; 4],
        visit: &mut dyn FnMut(u64, &[u8]),
    ) -> Result<(Self, Tail), JournalError> {
        let (id, len, tail) = scan(path, purpose, visit)?;
        let file = OpenOptions::new().write(true).open(path)?;
        let journal = Self {
            file,
            path: path.to_owned(),
            id,
            len,
            torn: tail != Tail::Whole,
            frame: Vec::with_capacity(FRAME_LEN + MAX_BODY_LEN),
        };
        Ok((journal, tail))
    }

    /// How long the file is, in bytes.
    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// The open file, for its metadata or for syncing it elsewhere.
    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    /// Appends a record: when this returns, it survives the end of the process, not yet that of the power.
    ///
    /// # Errors
    /// When it could not be written whole; it is not there then, also for who reads the file later.
    pub(crate) fn append(&mut self, body: &[u8]) -> io::Result<()> {
        self.frame.clear();
        frame(&self.id, body, &mut self.frame)?;
        let framed = core::mem::take(&mut self.frame);
        let written = self.write_at_end(&framed);
        self.frame = framed;
        written
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
        if self.torn {
            self.file.set_len(self.len)?;
            self.torn = false;
        }
        seek_to(&mut self.file, self.len)?;
        let written = self.file.write_all(bytes);
        if written.is_ok() {
            self.len = self.len.saturating_add(bytes.len() as u64);
        } else {
            self.torn = self.file.set_len(self.len).is_err();
        }
        written
    }

    /// Makes all that was appended survive a power failure.
    pub(crate) fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    /// Gives the file another name, over a file that has it, for good.
    pub(crate) fn rename(&mut self, path: &Path) -> io::Result<()> {
        fs::rename(&self.path, path)?;
        self.path = path.to_owned();
        sync_folder(path)
    }
}

/// Makes the names in the folder of `path` survive a power failure.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        Ok(())
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

fn seek_to(file: &mut File, len: u64) -> io::Result<()> {
    io::Seek::seek(file, io::SeekFrom::Start(len)).map(drop)
}

/// The CRC also covers the id of the file: a record of another journal, left in a block from before, does not check.
fn crc(id: &[u8; 16], body: &[u8]) -> [u8; 4] {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(id);
    hasher.update(body);
    hasher.finalize().to_be_bytes()
}

fn frame(id: &[u8; 16], body: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
    let len = u16::try_from(body.len())
        .ok()
        .filter(|len| (1..=MAX_BODY_LEN).contains(&usize::from(*len)))
        .ok_or(io::ErrorKind::InvalidInput)?;
    out.extend_from_slice(&len.to_be_bytes());
    out.extend_from_slice(body);
    out.extend_from_slice(&crc(id, body));
    Ok(())
}

/// The body of the record at the beginning of `bytes`, if it checks.
fn unframe<'a>(id: &[u8; 16], bytes: &'a [u8]) -> Option<&'a [u8]> {
    let (len, rest) = bytes.split_first_chunk::<2>()?;
    let len = usize::from(u16::from_be_bytes(*len));
    if len == 0 || len > MAX_BODY_LEN {
        return None;
    }
    let (body, rest) = rest.split_at_checked(len)?;
    (*rest.first_chunk::<4>()? == crc(id, body)).then_some(body)
}

/// Id, end of the last record before the first gap, state of what is behind.
fn scan(
    path: &Path,
    purpose: [u8; 4],
    visit: &mut dyn FnMut(u64, &[u8]),
) -> Result<([u8; 16], u64, Tail), JournalError> {
    let mut bytes = Vec::new();
    File::open(path)?.read_to_end(&mut bytes)?;
    let (header, mut rest) = bytes
        .split_first_chunk::<HEADER_LEN>()
        .ok_or(JournalError::Header)?;
    let [magic @ .., _, _, _, _] = header;
    if !magic.starts_with(&MAGIC)
        || magic.get(8..12) != Some(&purpose)
        || crc32fast::hash(magic).to_be_bytes().as_slice() != header.get(28..).unwrap_or(&[])
    {
        return Err(JournalError::Header);
    }
    let mut id = [0; 16];
    id.copy_from_slice(magic.get(12..28).ok_or(JournalError::Header)?);
    let offset = |rest: &[u8]| (bytes.len() - rest.len()) as u64;
    let mut gap = None;
    let mut holed = false;
    while !rest.is_empty() {
        if let Some(body) = unframe(&id, rest) {
            visit(offset(rest), body);
            holed |= gap.is_some();
            rest = rest.get(FRAME_LEN + body.len()..).unwrap_or(&[]);
        } else {
            gap.get_or_insert(offset(rest));
            rest = rest.get(1..).unwrap_or(&[]);
        }
    }
    Ok(match gap {
        None => (id, bytes.len() as u64, Tail::Whole),
        Some(at) if holed => (id, at, Tail::Holed { at }),
        Some(at) => (id, at, Tail::Torn { at }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PURPOSE: [u8; 4] = *b"test";

    fn bodies(path: &Path) -> Result<(Vec<Vec<u8>>, Tail), JournalError> {
        let mut bodies = Vec::new();
        let tail = Journal::read(path, PURPOSE, &mut |_, body| bodies.push(body.to_vec()))?;
        Ok((bodies, tail))
    }

    fn sample(path: &Path) -> Journal {
        let mut journal = Journal::create(path, PURPOSE).unwrap();
        for body in [b"one".as_slice(), b"second", b"the third"] {
            journal.append(body).unwrap();
        }
        journal
    }

    #[test]
    fn a_torn_end_is_found_at_every_byte_and_cut_off() {
        let folder = tempfile::tempdir().unwrap();
        let (whole, torn) = (folder.path().join("whole"), folder.path().join("torn"));
        let journal = sample(&whole);
        let bytes = fs::read(&whole).unwrap();
        assert_eq!(bytes.len() as u64, journal.len());
        let ends = [HEADER_LEN, HEADER_LEN + 9, HEADER_LEN + 21, HEADER_LEN + 36];
        assert_eq!(ends[3], bytes.len());
        for cut in 0..=bytes.len() {
            fs::write(&torn, &bytes[..cut]).unwrap();
            if cut < HEADER_LEN {
                assert!(matches!(bodies(&torn), Err(JournalError::Header)), "{cut}");
                continue;
            }
            let whole_records = ends.iter().filter(|end| **end <= cut).count() - 1;
            let (found, tail) = bodies(&torn).unwrap();
            assert_eq!(found.len(), whole_records, "{cut}");
            let end = ends[whole_records];
            let expected = if cut == end {
                Tail::Whole
            } else {
                Tail::Torn { at: end as u64 }
            };
            assert_eq!(tail, expected, "{cut}");
            // What is appended next can be read, whatever stood there.
            let (mut journal, _) = Journal::open(&torn, PURPOSE, &mut |_, _| {}).unwrap();
            journal.append(b"next").unwrap();
            let (found, tail) = bodies(&torn).unwrap();
            assert_eq!(
                (found.len(), tail),
                (whole_records + 1, Tail::Whole),
                "{cut}"
            );
            assert_eq!(found.last().unwrap(), b"next");
        }
    }

    #[test]
    fn a_changed_byte_is_found_wherever_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        sample(&path);
        let bytes = fs::read(&path).unwrap();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 0x10;
            fs::write(&path, &changed).unwrap();
            match bodies(&path) {
                Err(JournalError::Header) => assert!(at < HEADER_LEN, "{at}"),
                Ok((found, tail)) => {
                    assert!(at >= HEADER_LEN && found.len() == 2, "{at}");
                    let last = at >= HEADER_LEN + 21;
                    assert_eq!(matches!(tail, Tail::Torn { .. }), last, "{at}");
                    assert_eq!(matches!(tail, Tail::Holed { .. }), !last, "{at}");
                }
                Err(error) => panic!("{error}"),
            }
        }
    }

    #[test]
    fn records_of_another_journal_do_not_check() {
        let folder = tempfile::tempdir().unwrap();
        let (a, b) = (folder.path().join("a"), folder.path().join("b"));
        sample(&a);
        sample(&b);
        let mut mixed = fs::read(&a).unwrap();
        mixed.extend_from_slice(&fs::read(&b).unwrap()[HEADER_LEN..]);
        fs::write(&a, mixed).unwrap();
        let (found, tail) = bodies(&a).unwrap();
        assert_eq!(found.len(), 3);
        assert!(matches!(tail, Tail::Torn { .. }));
        assert!(matches!(
            Journal::read(&a, *b"othe", &mut |_, _| {}),
            Err(JournalError::Header)
        ));
    }

    #[test]
    fn a_record_is_1_to_320_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = sample(&folder.path().join("journal"));
        let before = journal.len();
        assert!(journal.append(&[]).is_err());
        assert!(journal.append(&[1; MAX_BODY_LEN + 1]).is_err());
        assert_eq!(journal.len(), before);
        assert!(journal.append(&[1; MAX_BODY_LEN]).is_ok());
    }
}
