//! A file that holds secrets: refused when others may read it, never overwritten by accident, wiped from memory.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;

use mqward::KEY_LEN;
use zeroize::Zeroizing;

use crate::error::CliError;
use crate::input::is_dash;

/// The longest file of secrets that is read, in bytes.
const MAX_LEN: usize = 64 * 1024;

/// Reads a file of secrets whole, or standard input for `-`.
///
/// Refused if group or others may read the file: whoever could, may have.
pub(crate) fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, CliError> {
    if is_dash(path) {
        return read_bounded(&mut io::stdin().lock(), path);
    }
    let mut file = File::open(path).map_err(|error| CliError::file(path, error))?;
    let metadata = file
        .metadata()
        .map_err(|error| CliError::file(path, error))?;
    if metadata.is_dir() {
        return Err(CliError::file(path, "a folder, where a file is wanted"));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // A pipe (`<(command)`) belongs to whoever made it; the mode means something for files alone.
        let mode = metadata.permissions().mode() & 0o777;
        if metadata.is_file() && mode & 0o077 != 0 {
            let reason = format!("holds secrets, but its mode {mode:04o} lets others at it");
            return Err(CliError::file(path, reason).hint(format_args!(
                "If nobody has read it yet: chmod 600 {}",
                path.display()
            )));
        }
    }
    read_bounded(&mut file, path)
}

fn read_bounded(from: &mut impl Read, path: &Path) -> Result<Zeroizing<Vec<u8>>, CliError> {
    // One buffer of the final size: a growing one would leave copies behind.
    let mut buffer = Zeroizing::new(vec![0; MAX_LEN + 1]);
    let mut len = 0;
    while let Some(rest) = buffer.get_mut(len..).filter(|rest| !rest.is_empty()) {
        match from.read(rest) {
            Ok(0) => {
                buffer.truncate(len);
                return Ok(buffer);
            }
            Ok(read) => len += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(CliError::file(path, error)),
        }
    }
    Err(CliError::file(path, format!("longer than {MAX_LEN} bytes")))
}

/// Reads a key file: 64 hexadecimal digits and a newline.
pub(crate) fn read_key(path: &Path) -> Result<Zeroizing<[u8; KEY_LEN]>, CliError> {
    let text = read(path)?;
    let mut key = Zeroizing::new([0; KEY_LEN]);
    let decoded = base16ct::lower::decode(text.trim_ascii_end(), key.as_mut_slice());
    if decoded.is_ok_and(|bytes| bytes.len() == KEY_LEN) {
        return Ok(key);
    }
    Err(CliError::file(
        path,
        "not a key file: 64 lower-case hexadecimal digits and a newline",
    )
    .hint("`mqward fleet init` makes key files; a provisioning blob goes to `--blob`."))
}

/// A key as the text of a key file.
pub(crate) fn key_text(key: &[u8; KEY_LEN]) -> Zeroizing<[u8; 2 * KEY_LEN + 1]> {
    let mut text = Zeroizing::new([b'\n'; 2 * KEY_LEN + 1]);
    // The buffer has room for the digits, so encoding cannot fail; the newline stays behind them.
    let encoded = base16ct::lower::encode(key, text.as_mut_slice()).map(<[u8]>::len);
    debug_assert_eq!(encoded, Ok(2 * KEY_LEN));
    text
}

/// What happens to a file that is there already.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(crate) enum Existing {
    /// It stays, and writing fails.
    Keep,
    /// It is replaced whole.
    Replace,
}

/// Writes a file that its owner alone may read, and returns once it would survive a power loss.
pub(crate) fn write(path: &Path, contents: &[u8], existing: Existing) -> Result<(), CliError> {
    let written = match existing {
        Existing::Keep => create(path, contents),
        Existing::Replace => replace(path, contents),
    };
    written.map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => CliError::file(path, "is there already"),
        _ => CliError::file(path, error),
    })
}

fn create(path: &Path, contents: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    let written = file.write_all(contents).and_then(|()| file.sync_all());
    if written.is_err() {
        // Half a key file is worse than none; the first error is the one to tell.
        let _ = std::fs::remove_file(path);
    }
    written?;
    sync_folder_of(path)
}

/// Puts a file in place of another in one step (tempfile creates it with mode 0600).
pub(crate) fn replace(path: &Path, contents: &[u8]) -> io::Result<()> {
    let mut file = tempfile::Builder::new()
        .prefix(".mqward-")
        .tempfile_in(folder_of(path))?;
    file.write_all(contents)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    sync_folder_of(path)
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Makes a new or replaced directory entry durable.
#[cfg(unix)]
fn sync_folder_of(path: &Path) -> io::Result<()> {
    File::open(folder_of(path))?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder_of(_: &Path) -> io::Result<()> {
    Ok(())
}
