//! The files that a mosquitto.conf names, with who may read them.

use std::fs;
use std::os::unix::fs::MetadataExt;

use super::conf_file::ConfFile;
use super::files::{may, uid_of};
use super::finding::Findings;

/// Settings whose files Mosquitto reads, and whether what is in them is for it alone. It has given up root's rights by then.
const READ: [(&str, bool); 11] = [
    ("certfile", false),
    ("keyfile", true),
    ("cafile", false),
    ("crlfile", false),
    ("dhparamfile", false),
    ("password_file", true),
    ("psk_file", true),
    ("acl_file", false),
    ("bridge_certfile", false),
    ("bridge_keyfile", true),
    ("bridge_cafile", false),
];

/// Looks at each of them.
pub(super) fn inspect(conf: &ConfFile, user: &str, findings: &mut Findings) {
    let uid = uid_of(user);
    for (key, is_secret) in READ {
        for setting in conf.all(key) {
            let file = setting.path();
            let metadata = match fs::metadata(&file) {
                Ok(metadata) => metadata,
                Err(error) => {
                    findings.error(
                        setting,
                        format_args!("{key} {}: {error}", file.display()),
                        "The broker does not start without it: put it there, or take the line out.",
                    );
                    continue;
                }
            };
            if uid.is_some_and(|uid| !may(&metadata, uid, 0o4)) {
                findings.error(
                    setting,
                    format_args!(
                        "{key} {}: mode {:04o} of user {}, so user {user} cannot read it",
                        file.display(),
                        metadata.mode() & 0o777,
                        metadata.uid()
                    ),
                    "The broker does not start: chown the file to the user of the broker.",
                );
            }
            if is_secret && metadata.mode() & 0o004 != 0 {
                findings.warning(
                    setting,
                    format_args!(
                        "{key} {}: everybody on this machine can read it",
                        file.display()
                    ),
                    "chmod o-r, and make what is in it anew.",
                );
            }
        }
    }
}
