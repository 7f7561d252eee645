//! The folder of a file, whose names have to survive a power failure too.

#[cfg(unix)]
use std::fs::File;
use std::io;
use std::path::Path;

/// The open folder of a file.
pub(super) struct Folder(#[cfg(unix)] File);

impl Folder {
    #[cfg(unix)]
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new("."))).map(Self)
    }

    #[cfg(not(unix))]
    pub(super) fn of(_: &Path) -> io::Result<Self> {
        Ok(Self())
    }

    pub(super) fn sync(&self) -> io::Result<()> {
        #[cfg(unix)]
        self.0.sync_all()?;
        Ok(())
    }
}

/// Makes the names in the folder of `path` survive a power failure.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    Folder::of(path)?.sync()
}
