//! A file that holds secrets: read whole, refused when others may read it, wiped after use.

use std::fs::{File, Metadata};
use std::io::Read;
use std::path::Path;

use zeroize::Zeroizing;

use crate::PolicyError;

/// Reads a file of secrets of at most `max_len` bytes.
///
/// # Errors
/// When it cannot be read, is no regular file, is longer, or (on Unix) its mode gives group or others any access.
pub(crate) fn read_private(path: &Path, max_len: u64) -> Result<Zeroizing<Vec<u8>>, PolicyError> {
    let unreadable = |error: std::io::Error| PolicyError::of_file(path, error.to_string());
    let mut file = File::open(path).map_err(unreadable)?;
    // Judged on the open file: what is read is what was checked.
    let metadata = file.metadata().map_err(unreadable)?;
    if !metadata.is_file() {
        return Err(PolicyError::of_file(path, "not a regular file"));
    }
    check_mode(path, &metadata)?;
    let too_long = || PolicyError::of_file(path, format!("longer than {max_len} bytes"));
    if metadata.len() > max_len {
        return Err(too_long());
    }
    let len = usize::try_from(metadata.len()).map_err(|_| too_long())?;
    // One buffer of the final size: a growing one would leave copies behind.
    let mut contents = Zeroizing::new(vec![0; len]);
    file.read_exact(&mut contents).map_err(unreadable)?;
    Ok(contents)
}

#[cfg(unix)]
fn check_mode(path: &Path, metadata: &Metadata) -> Result<(), PolicyError> {
    use std::os::unix::fs::PermissionsExt;

    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 == 0 {
        return Ok(());
    }
    let reason = format!("holds keys but has mode {mode:04o}: run `chmod 600` on it");
    Err(PolicyError::of_file(path, reason))
}

#[cfg(not(unix))]
fn check_mode(_: &Path, _: &Metadata) -> Result<(), PolicyError> {
    Ok(())
}
