//! What the command reads: a file, or standard input for `-`.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::error::CliError;

/// The longest payload of an MQTT packet (MQTT 5.0 §2.1.4: Remaining Length of four bytes).
pub(crate) const MAX_PAYLOAD_LEN: u64 = 268_435_455;

/// Whether a path stands for standard input or output.
pub(crate) fn is_dash(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Reads at most `max_len` bytes.
pub(crate) fn read(path: &Path, max_len: u64) -> Result<Vec<u8>, CliError> {
    let mut bytes = Vec::new();
    let read = if is_dash(path) {
        io::stdin().lock().take(max_len + 1).read_to_end(&mut bytes)
    } else {
        File::open(path).and_then(|file| file.take(max_len + 1).read_to_end(&mut bytes))
    };
    let read = read.map_err(|error| CliError::file(path, error))?;
    if u64::try_from(read).is_ok_and(|read| read > max_len) {
        return Err(CliError::file(path, format!("longer than {max_len} bytes")));
    }
    Ok(bytes)
}
