//! An append-only file of records, each with a CRC, that finds its own torn end.

use core::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What every journal begins with.
const MAGIC: [u8; 8] = *b"mqwardJ1";
/// Magic, purpose, id, CRC.
const HEADER_LEN: usize = 8 + 4 + 16 + 4;
/// Length of the body (u16), CRC (u32).
const FRAME_LEN: usize = 2 + 4;
/// Longest body: kind, numbers and a client id of 255 bytes.
pub(crate) const MAX_BODY_LEN: usize = 320;
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

/// The state of the bytes behind the first record that does not check.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(crate) enum Tail {
    /// Every record checks, and nothing but zeros is behind them.
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
        scan(path, purpose, visit).map(|scanned| scanned.tail)
    }

    /// Reads a journal as [`read`](Self::read) does and opens it for appending behind the first torn record.
    pub(crate) fn open(
        path: &Path,
        purpose: [u8; 4],
        visit: &mut dyn FnMut(u64, &[u8]),
    ) -> Result<(Self, Tail), JournalError> {
        let Scanned {
            id,
            len,
            file_len,
            tail,
        } = scan(path, purpose, visit)?;
        let file = OpenOptions::new().write(true).open(path)?;
        let journal = Self {
            file: Arc::new(file),
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
        seek_to(&self.file, self.file_len)?;
        while self.file_len < end {
            // Whole blocks, whatever the records end with.
            let rest = (end - self.file_len).min(4096 - self.file_len % 4096);
            let rest = usize::try_from(rest).unwrap_or(zeros.len());
            let written = (&*self.file).write(zeros.get(..rest).unwrap_or(&zeros))?;
            if written == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            self.file_len = self.file_len.saturating_add(written as u64);
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
        self.cut_torn()?;
        seek_to(&self.file, self.len)?;
        let written = (&*self.file).write_all(bytes);
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

    /// The name of the file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

/// The open folder of a file.
struct Folder(#[cfg(unix)] File);

impl Folder {
    #[cfg(unix)]
    fn of(path: &Path) -> io::Result<Self> {
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new("."))).map(Self)
    }

    #[cfg(not(unix))]
    fn of(_: &Path) -> io::Result<Self> {
        Ok(Self())
    }

    fn sync(&self) -> io::Result<()> {
        #[cfg(unix)]
        self.0.sync_all()?;
        Ok(())
    }
}

/// Makes the names in the folder of `path` survive a power failure.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    Folder::of(path)?.sync()
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

fn seek_to(mut file: &File, len: u64) -> io::Result<()> {
    file.seek(SeekFrom::Start(len)).map(drop)
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

/// What a journal on disk looks like.
struct Scanned {
    id: [u8; 16],
    /// The end of the last record before the first gap.
    len: u64,
    file_len: u64,
    tail: Tail,
}

fn scan(
    path: &Path,
    purpose: [u8; 4],
    visit: &mut dyn FnMut(u64, &[u8]),
) -> Result<Scanned, JournalError> {
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
            if gap.is_none() {
                gap = Some(rest);
            }
            // No record begins among zeros but with their last one, the upper half of its length.
            let zeros = rest.iter().take_while(|byte| **byte == 0).count();
            rest = rest.get(zeros.saturating_sub(1).max(1)..).unwrap_or(&[]);
        }
    }
    let file_len = bytes.len() as u64;
    let (len, tail) = match gap.map(|gap| (gap, offset(gap))) {
        None => (file_len, Tail::Whole),
        Some((_, at)) if holed => (at, Tail::Holed { at }),
        Some((gap, at)) if gap.iter().all(|byte| *byte == 0) => (at, Tail::Whole),
        Some((_, at)) => (at, Tail::Torn { at }),
    };
    Ok(Scanned {
        id,
        len,
        file_len,
        tail,
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
            // One byte of the next record is the zero that its length begins with.
            let expected = if cut <= end + 1 {
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
    fn a_torn_end_is_told_from_the_zeros_ahead_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let mut journal = sample(&path);
        let before = journal.len();
        journal.reserve().unwrap();
        assert_eq!(journal.len(), before, "zeros are no records");
        let full = fs::metadata(&path).unwrap().len();
        assert_eq!(full % 4096, before % 4096);
        journal.append(b"the fourth").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().len(), full, "over the zeros");
        let end = usize::try_from(before).unwrap();
        let bytes = fs::read(&path).unwrap();
        // However much of the last record reached the disk, from its beginning or its end.
        for cut in end..=end + 16 {
            for from_the_end in [false, true] {
                let mut torn = bytes.clone();
                match from_the_end {
                    false => torn[cut..].fill(0),
                    true => torn[end..cut].fill(0),
                }
                fs::write(&path, &torn).unwrap();
                let (found, tail) = bodies(&path).unwrap();
                let (all, none) = match from_the_end {
                    // The upper half of its length is zero in any case.
                    false => (cut == end + 16, cut <= end + 1),
                    true => (cut <= end + 1, cut == end + 16),
                };
                assert_eq!(found.len(), 3 + usize::from(all), "{cut} {from_the_end}");
                let expected = match all || none {
                    true => Tail::Whole,
                    false => Tail::Torn { at: before },
                };
                assert_eq!(tail, expected, "{cut} {from_the_end}");
                let (mut journal, _) = Journal::open(&path, PURPOSE, &mut |_, _| {}).unwrap();
                journal.reserve().unwrap();
                journal.append(b"next").unwrap();
                let (found, tail) = bodies(&path).unwrap();
                assert_eq!((found.len(), tail), (4 + usize::from(all), Tail::Whole));
                assert_eq!(found.last().unwrap(), b"next");
            }
        }
    }

    #[test]
    fn zeros_in_the_midst_of_records_are_a_hole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let mut journal = sample(&path);
        let at = journal.len();
        for number in 0..300_u16 {
            // Of every length, so that records begin with either upper half.
            journal
                .append(&[7].repeat(usize::from(number) + 1))
                .unwrap();
        }
        journal.reserve().unwrap();
        drop(journal);
        let whole = fs::read(&path).unwrap();
        let start = usize::try_from(at).unwrap();
        for len in [7, 8, 100, 4096] {
            let mut bytes = whole.clone();
            bytes[start..start + len].fill(0);
            fs::write(&path, &bytes).unwrap();
            let (found, tail) = bodies(&path).unwrap();
            assert_eq!(tail, Tail::Holed { at }, "{len}");
            assert_eq!(found.last().unwrap().len(), 300, "{len}");
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
