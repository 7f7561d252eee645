//! The plugin's lines in mosquitto.conf.

use core::error::Error;
use core::fmt;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

/// What the `plugin_opt_` lines say.
pub(crate) struct Options {
    /// `plugin_opt_policy`: the policy file.
    pub(crate) policy: PathBuf,
}

impl Options {
    /// Reads (key, value) pairs; an unknown key is a mistake, not something to ignore.
    pub(crate) fn new(pairs: &[(&[u8], &[u8])]) -> Result<Self, OptionsError> {
        let mut policy = None;
        for (key, value) in pairs {
            if *key != b"policy" {
                return Err(OptionsError::Unknown(key.escape_ascii().to_string()));
            }
            if policy
                .replace(PathBuf::from(OsStr::from_bytes(value)))
                .is_some()
            {
                return Err(OptionsError::Repeated);
            }
        }
        policy
            .map(|policy| Self { policy })
            .ok_or(OptionsError::NoPolicy)
    }
}

/// A mistake in the plugin's lines of mosquitto.conf.
#[derive(Debug)]
pub(crate) enum OptionsError {
    NoPolicy,
    Repeated,
    Unknown(String),
}

impl fmt::Display for OptionsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoPolicy => f.write_str("mosquitto.conf: plugin_opt_policy is missing"),
            Self::Repeated => f.write_str("mosquitto.conf: plugin_opt_policy is there twice"),
            Self::Unknown(key) => {
                write!(
                    f,
                    "mosquitto.conf: unknown plugin_opt_{key} (there is plugin_opt_policy)"
                )
            }
        }
    }
}

impl Error for OptionsError {}
