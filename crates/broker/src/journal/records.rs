//! The records of a part of a journal that is known to be whole, read while others are appended behind it.

use std::fs::File;
use std::io;
use std::sync::Arc;

use super::frame::{CRC_LEN, FRAME_LEN, unframe};
use super::scan::HEADER_LEN;
use super::window::Window;

/// An open journal, for reading.
#[derive(Clone, Debug)]
pub(crate) struct Readable {
    pub(super) file: Arc<File>,
    pub(super) id: [u8; 16],
}

impl Readable {
    /// The records from one place to another; from 0, all up to there.
    pub(crate) fn records(&self, start: u64, end: u64) -> Records {
        let start = start.max(HEADER_LEN as u64);
        Records {
            window: Window::new(Arc::clone(&self.file), start, end.max(start)),
            id: self.id,
            end,
        }
    }

    /// Shows the records among bytes that were appended, one behind the other.
    ///
    /// # Errors
    /// When one does not check, or from `visit`.
    pub(crate) fn visit_appended(
        &self,
        mut bytes: &[u8],
        visit: &mut dyn FnMut(&[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        while !bytes.is_empty() {
            let body = unframe(&self.id, bytes).ok_or(io::ErrorKind::InvalidData)?;
            visit(body)?;
            bytes = bytes.get(FRAME_LEN + body.len()..).unwrap_or(&[]);
        }
        Ok(())
    }
}

/// Goes through records.
pub(crate) struct Records {
    window: Window,
    id: [u8; 16],
    end: u64,
}

impl Records {
    /// The next body; `None` at the end.
    ///
    /// # Errors
    /// When the file cannot be read, or a record is not what was written: nothing behind it is shown.
    pub(crate) fn next(&mut self) -> io::Result<Option<&[u8]>> {
        let offset = self.window.offset();
        if offset >= self.end {
            return Ok(None);
        }
        let len = unframe(&self.id, self.window.view()?).map(<[u8]>::len);
        let Some(len) = len else {
            let reason = format!("damaged at byte {offset}, where it was whole");
            return Err(io::Error::new(io::ErrorKind::InvalidData, reason));
        };
        // Moved on first, for the body borrows the window.
        self.window.skip(FRAME_LEN + len);
        Ok(self.window.passed(len, CRC_LEN))
    }
}
