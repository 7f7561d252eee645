//! Which files a policy names; the policy itself is judged by the broker's own code.

use std::path::{Path, PathBuf};

use serde::Deserialize;

/// The paths in a policy, from where the policy is.
#[derive(Debug, Default)]
pub(crate) struct PolicyFiles {
    pub(crate) auth_root: Option<PathBuf>,
    pub(crate) login_keys: Option<PathBuf>,
    pub(crate) devices: Option<PathBuf>,
    pub(crate) registry: Option<PathBuf>,
    pub(crate) replay: Option<PathBuf>,
    pub(crate) audit: Option<PathBuf>,
    pub(crate) metrics: Option<PathBuf>,
    pub(crate) stages: Option<PathBuf>,
    /// `cold_start = "open"`: the policy says that it is one for development.
    pub(crate) is_development: bool,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PolicyTable {
    keys: KeysTable,
    devices: DevicesTable,
    replay: ReplayTable,
    audit: FileTable,
    metrics: FileTable,
    migration: FileTable,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct KeysTable {
    auth_root: Option<PathBuf>,
    login_keys: Option<PathBuf>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct DevicesTable {
    file: Option<PathBuf>,
    registry: Option<PathBuf>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ReplayTable {
    file: Option<PathBuf>,
    cold_start: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct FileTable {
    file: Option<PathBuf>,
}

impl PolicyFiles {
    /// Reads the text of a policy that was found without mistake.
    pub(crate) fn new(text: &str, policy: &Path) -> Self {
        let table: PolicyTable = toml::from_str(text).unwrap_or_default();
        let folder = policy.parent().unwrap_or(Path::new(""));
        let beside = |name: Option<PathBuf>| name.map(|name| folder.join(name));
        Self {
            auth_root: beside(table.keys.auth_root),
            login_keys: beside(table.keys.login_keys),
            devices: beside(table.devices.file),
            registry: beside(table.devices.registry),
            replay: beside(table.replay.file),
            audit: beside(table.audit.file),
            metrics: beside(table.metrics.file),
            stages: beside(table.migration.file),
            is_development: table.replay.cold_start.as_deref() == Some("open"),
        }
    }
}
