//! A mosquitto.conf, with the files that it includes.

use core::fmt;
use std::path::{Path, PathBuf};

use crate::error::CliError;

/// One line that says something.
#[derive(Clone, Debug)]
pub(super) struct Setting {
    file: PathBuf,
    line: usize,
    pub(super) key: String,
    pub(super) value: String,
    /// The number of the listener that it stands behind, from 1; 0 before the first.
    pub(super) listener: usize,
}

impl Setting {
    pub(super) fn is_true(&self) -> bool {
        self.value.eq_ignore_ascii_case("true")
    }

    pub(super) fn path(&self) -> PathBuf {
        PathBuf::from(&self.value)
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file.display(), self.line)
    }
}

/// All lines, in the order that Mosquitto reads them.
#[derive(Debug, Default)]
pub(super) struct ConfFile {
    pub(super) settings: Vec<Setting>,
    listeners: usize,
}

impl ConfFile {
    pub(super) fn read(path: &Path) -> Result<Self, CliError> {
        let mut conf = Self::default();
        conf.add(path)?;
        Ok(conf)
    }

    /// The lines of one key.
    pub(super) fn all<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a Setting> {
        self.settings
            .iter()
            .filter(move |setting| setting.key == key)
    }

    /// The last line of a key: the one that counts.
    pub(super) fn last(&self, key: &str) -> Option<&Setting> {
        self.settings
            .iter()
            .rev()
            .find(|setting| setting.key == key)
    }

    pub(super) fn is_true(&self, key: &str) -> bool {
        self.last(key).is_some_and(Setting::is_true)
    }

    fn add(&mut self, path: &Path) -> Result<(), CliError> {
        let bytes = std::fs::read(path).map_err(|error| CliError::file(path, error))?;
        let text = String::from_utf8_lossy(&bytes);
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (key, value) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
            let value = value.trim();
            if key == "include_dir" {
                self.add_folder(Path::new(value))?;
                continue;
            }
            if key == "listener" || key == "port" {
                self.listeners += 1;
            }
            self.settings.push(Setting {
                file: path.to_owned(),
                line: index + 1,
                key: key.to_owned(),
                value: value.to_owned(),
                listener: self.listeners,
            });
        }
        Ok(())
    }

    /// The files of a folder whose names end in .conf, in the order of their names, as Mosquitto takes them.
    fn add_folder(&mut self, folder: &Path) -> Result<(), CliError> {
        let failed = |error| CliError::file(folder, error);
        let mut files = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            if path
                .extension()
                .is_some_and(|extension| extension == "conf")
            {
                files.push(path);
            }
        }
        files.sort();
        files.iter().try_for_each(|file| self.add(file))
    }
}
