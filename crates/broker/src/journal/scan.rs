//! A journal as it lies on the disk, read from its beginning to its end.

use core::fmt;
use std::fs::File;
use std::io;
use std::sync::Arc;

use super::frame::{FRAME_LEN, unframe};
use super::window::Window;

/// What every journal begins with.
pub(super) const MAGIC: [u8; 8] = *b"mqwardJ1";
/// Magic, purpose, id, CRC.
pub(super) const HEADER_LEN: usize = 8 + 4 + 16 + 4;

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

/// What a journal on disk looks like.
pub(super) struct Scanned {
    pub(super) id: [u8; 16],
    /// The end of the last record before the first gap.
    pub(super) len: u64,
    pub(super) file_len: u64,
    pub(super) tail: Tail,
}

/// Shows every record that checks, with its offset, to `visit`.
pub(super) fn scan(
    file: &Arc<File>,
    purpose: [u8; 4],
    visit: &mut dyn FnMut(u64, &[u8]),
) -> Result<Scanned, JournalError> {
    // Of a file that somebody appends to, what was there at first.
    let end = file.metadata()?.len();
    let mut window = Window::new(Arc::clone(file), 0, end);
    let view = window.view()?;
    let header = view
        .first_chunk::<HEADER_LEN>()
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
    window.skip(HEADER_LEN);
    let mut gap = None;
    let mut zeros_alone = true;
    let mut holed = false;
    loop {
        let offset = window.offset();
        let rest = window.view()?;
        if rest.is_empty() {
            break;
        }
        let step = if let Some(body) = unframe(&id, rest) {
            visit(offset, body);
            holed |= gap.is_some();
            FRAME_LEN + body.len()
        } else {
            gap = gap.or(Some(offset));
            // No record begins among zeros but with their last one, the upper half of its length.
            let zeros = rest.iter().take_while(|byte| **byte == 0).count();
            zeros_alone &= zeros > 0;
            zeros.saturating_sub(1).max(1)
        };
        window.skip(step);
    }
    let file_len = window.offset();
    let (len, tail) = match gap {
        None => (file_len, Tail::Whole),
        Some(at) if holed => (at, Tail::Holed { at }),
        Some(at) if zeros_alone => (at, Tail::Whole),
        Some(at) => (at, Tail::Torn { at }),
    };
    Ok(Scanned {
        id,
        len,
        file_len,
        tail,
    })
}
