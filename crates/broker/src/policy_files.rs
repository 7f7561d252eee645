//! The files that a policy names.

use std::path::Path;

use crate::Policy;
use crate::policy::{DevicesSource, KeysFile};

/// Paths are relative to the folder that the policy was read from.
impl Policy {
    /// The auth root, if login keys are made from it.
    #[must_use]
    pub fn auth_root_file(&self) -> Option<&Path> {
        match self.keys_file()? {
            KeysFile::AuthRoot(path) => Some(path),
            KeysFile::LoginKeys(_) => None,
        }
    }

    /// The table of login keys, if there is one in place of an auth root.
    #[must_use]
    pub fn login_keys_file(&self) -> Option<&Path> {
        match self.keys_file()? {
            KeysFile::LoginKeys(path) => Some(path),
            KeysFile::AuthRoot(_) => None,
        }
    }

    /// The device file, if devices are in one.
    #[must_use]
    pub fn devices_file(&self) -> Option<&Path> {
        match self.devices() {
            DevicesSource::File(path) => Some(path),
            DevicesSource::Registry(_) | DevicesSource::Roles => None,
        }
    }

    /// The device registry, if devices are in one.
    #[must_use]
    pub fn registry_file(&self) -> Option<&Path> {
        match self.devices() {
            DevicesSource::Registry(path) => Some(path),
            DevicesSource::File(_) | DevicesSource::Roles => None,
        }
    }

    /// The replay store; `None` where marks are kept in memory.
    #[must_use]
    pub fn replay_file(&self) -> Option<&Path> {
        self.services().replay_file.as_deref()
    }

    /// The audit log.
    #[must_use]
    pub fn audit_file(&self) -> Option<&Path> {
        self.services().audit_file.as_deref()
    }

    /// Where metrics are written.
    #[must_use]
    pub fn metrics_file(&self) -> Option<&Path> {
        self.services().metrics.as_ref().map(|rule| &*rule.file)
    }

    /// Where the stages of a migration are kept.
    #[must_use]
    pub fn stages_file(&self) -> Option<&Path> {
        self.services().stages_file.as_deref()
    }

    /// Whether a store that forgot a mark admits the first password it sees ([`ColdStart::Open`](crate::ColdStart::Open)): for development alone.
    #[must_use]
    pub fn is_cold_start_open(&self) -> bool {
        self.services().cold_start_open
    }

    /// Whether the role of this name is marked `development = true`: a command may make the broker forget what its devices
    /// used.
    #[must_use]
    pub fn is_development_role(&self, name: &str) -> bool {
        let roles = &self.text().roles;
        roles
            .iter()
            .any(|role| role.name == name && role.development)
    }
}
