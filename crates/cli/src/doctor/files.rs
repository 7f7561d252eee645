//! The policy and the files that it names: do they load, who may read and write them, is the time plausible.

use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use mqward_broker::{Policy, Registry, ReplayJournal, read_stages};

use super::finding::Findings;
use crate::time_argument;

/// 2026-01-01, before which no version of this command was built.
const FLOOR: u32 = 1_767_225_600;
/// How far a file may be ahead of the clock, in seconds.
const AHEAD: i64 = 60;

/// Looks at a policy; the answer is what it says, if it says anything.
pub(super) fn inspect(path: &Path, user: Option<&str>, findings: &mut Findings) -> Option<Policy> {
    let place = path.display();
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => {
            findings.error(
                place,
                error,
                "The broker does not start without its policy.",
            );
            return None;
        }
    };
    let policy = match Policy::parse(&text, path) {
        Ok(policy) => policy,
        Err(error) => {
            findings.error(
                place,
                error,
                "The broker does not start with it; a running one keeps the policy before.",
            );
            return None;
        }
    };
    if let Err(error) = policy.check_files() {
        findings.error(
            place,
            error,
            "The broker does not start with it; a running one keeps what it had.",
        );
    }
    choices(path, &policy, findings);
    let uid = user.and_then(uid_of);
    rights(path, &policy, uid, findings);
    contents(&policy, findings);
    clock(&policy, findings);
    Some(policy)
}

/// What the policy itself chooses.
fn choices(path: &Path, policy: &Policy, findings: &mut Findings) {
    let place = path.display();
    if policy.is_cold_start_open() {
        findings.warning(
            &place,
            "cold_start = \"open\": after a restart, passwords that were used before it work again",
            "For development only. Take it out for a fleet.",
        );
    }
    for role in policy.gate().roles() {
        if policy.is_development_role(role.name) {
            findings.warning(
                &place,
                format_args!(
                    "role {:?} has development = true: whoever may write beside the replay store makes used passwords of its devices good again",
                    role.name
                ),
                "For a workbench only. Take it out for a fleet.",
            );
        }
    }
    if policy.replay_file().is_none() {
        findings.warning(
            &place,
            "no `file` in [replay]: a restart forgets which passwords were used",
            "Name one; until then everybody waits one window after a restart, and devices without a clock stay out.",
        );
    }
    if policy.audit_file().is_none() {
        findings.warning(
            &place,
            "no [audit]: nobody can tell why a device was refused",
            "Name a file there.",
        );
    }
}

/// Who may read and write.
fn rights(path: &Path, policy: &Policy, uid: Option<u32>, findings: &mut Findings) {
    let keys = [policy.auth_root_file(), policy.login_keys_file()];
    let read = [policy.devices_file(), policy.registry_file()];
    let mut all = vec![path];
    all.extend(read.into_iter().chain(keys).flatten());
    for file in &all {
        let Ok(metadata) = fs::metadata(file) else {
            continue;
        };
        if metadata.mode() & 0o022 != 0 {
            findings.error(
                file.display(),
                format_args!("mode {:04o} lets others change it", metadata.mode() & 0o777),
                "chmod go-w: whoever can change it decides who logs in.",
            );
        }
        if let Some(uid) = uid.filter(|uid| !may(&metadata, *uid, 0o4)) {
            findings.error(
                file.display(),
                format_args!(
                    "belongs to user {}, and the broker's user {uid} cannot read it",
                    metadata.uid()
                ),
                "chown it to the user of the broker.",
            );
        }
        let folder = folder_of(file);
        let Ok(metadata) = fs::metadata(folder) else {
            continue;
        };
        // In a folder with the sticky bit nobody can replace what is another one's.
        if metadata.mode() & 0o022 != 0 && metadata.mode() & 0o1000 == 0 {
            findings.error(
                folder.display(),
                format_args!(
                    "mode {:04o} lets others replace what is in it",
                    metadata.mode() & 0o777
                ),
                "chmod go-w: whoever can replace the policy or a key decides who logs in.",
            );
        }
    }
    let written = [
        policy.replay_file(),
        policy.audit_file(),
        policy.metrics_file(),
        policy.stages_file(),
        policy.registry_file(),
    ];
    for file in written.into_iter().flatten() {
        let folder = folder_of(file);
        match (fs::metadata(folder), uid) {
            (Err(error), _) => findings.error(
                folder.display(),
                error,
                "Make the folder, for the user of the broker.",
            ),
            (Ok(metadata), Some(uid)) if !may(&metadata, uid, 0o2) => findings.error(
                folder.display(),
                format_args!(
                    "the broker's user {uid} cannot write {} here",
                    file.display()
                ),
                "chown the folder to the user of the broker.",
            ),
            _ => {}
        }
    }
    for key in keys.into_iter().flatten() {
        for (name, harm) in [
            ("root.key", "with it every key of the fleet can be made"),
            ("up_root.key", "with it every telemetry payload can be read"),
            ("down_root.key", "with it every device can be commanded"),
        ] {
            let other = folder_of(key).join(name);
            if other.exists() && other != key {
                findings.error(
                    other.display(),
                    format_args!("is on the broker, and {harm}"),
                    "A broker needs auth_root.key alone: move it away.",
                );
            }
        }
    }
}

/// Whether the databases are readable.
fn contents(policy: &Policy, findings: &mut Findings) {
    if let Some(path) = policy.registry_file() {
        let opened = Registry::open_read_only(path).and_then(|registry| registry.holds_seeds());
        match (opened, fs::metadata(path)) {
            (Err(error), _) => findings.error(
                path.display(),
                error,
                "Restore it from a backup, or make one with `mqward registry init`.",
            ),
            (Ok(true), Ok(metadata)) if metadata.mode() & 0o077 != 0 => findings.error(
                path.display(),
                format_args!(
                    "holds seeds, but its mode is {:04o}",
                    metadata.mode() & 0o777
                ),
                "chmod 600",
            ),
            _ => {}
        }
    }
    if let Some(path) = policy.stages_file().filter(|path| path.exists()) {
        if let Err(error) = read_stages(path) {
            findings.error(
                path.display(),
                error,
                "Restore it from a backup; what `mqward migrate record` wrote into the registry holds without it.",
            );
        }
    }
    if let Some(path) = policy.replay_file().filter(|path| path.exists()) {
        if let Err(error) = ReplayJournal::read_marks(path) {
            findings.error(
                path.display(),
                error,
                "Restore it from a backup, or move it away: the broker then starts cold, and safe.",
            );
        }
    }
}

/// Whether this machine's time can be true.
fn clock(policy: &Policy, findings: &mut Findings) {
    let now = match time_argument::now() {
        Ok(now) if now.get() >= FLOOR => now.get(),
        _ => {
            findings.error(
                "clock",
                "this machine's clock is before 2026",
                "Set the clock and run NTP: passwords are judged by it.",
            );
            return;
        }
    };
    for file in [
        policy.audit_file(),
        policy.replay_file(),
        policy.metrics_file(),
    ]
    .into_iter()
    .flatten()
    {
        let Ok(metadata) = fs::metadata(file) else {
            continue;
        };
        if metadata.mtime() > i64::from(now) + AHEAD {
            findings.error(
                file.display(),
                format_args!(
                    "was written {} s in the future: the clock went back",
                    metadata.mtime() - i64::from(now)
                ),
                "Find out which of the two times is wrong before devices log in.",
            );
        }
    }
}

fn folder_of(file: &Path) -> &Path {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Whether a user has a right (4 read, 2 write). Groups get the benefit of the doubt.
pub(super) fn may(metadata: &Metadata, uid: u32, right: u32) -> bool {
    let mode = metadata.mode();
    uid == 0
        || if metadata.uid() == uid {
            mode & (right << 6) != 0
        } else {
            mode & (right << 3 | right) != 0
        }
}

/// The number of a user of this machine.
pub(super) fn uid_of(name: &str) -> Option<u32> {
    let users = fs::read_to_string("/etc/passwd").ok()?;
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        (fields.next()? == name).then_some(())?;
        fields.nth(1)?.parse().ok()
    })
}
