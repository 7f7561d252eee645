//! What is doubtful about a mosquitto.conf and the broker that reads it.

use std::path::{Path, PathBuf};
use std::process::Command;

use mqward::Authentication;
use mqward_broker::Policy;

use super::conf_file::{ConfFile, Setting};
use super::finding::Findings;
use super::plugin_file;

/// A version of Mosquitto.
pub(super) type Version = (u32, u32, u32);

/// The first one that sends plugins ticks with per_listener_settings, and frees sessions once.
const REPAIRED: Version = (2, 0, 21);

/// Asks the broker which version it is.
pub(super) fn version(binary: &Path, findings: &mut Findings) -> Option<Version> {
    let place = binary.display();
    let Ok(output) = Command::new(binary).arg("-h").output() else {
        let todo = "Name it with `--mosquitto FILE`; without it, what differs between versions is not judged.";
        findings.note(place, "no such broker on this machine", todo);
        return None;
    };
    let text = String::from_utf8_lossy(&output.stdout);
    let parsed = text
        .lines()
        .find_map(|line| line.strip_prefix("mosquitto version "))
        .and_then(parse_version);
    match parsed {
        None => findings.warning(place, "does not say its version", "Is it Mosquitto?"),
        Some(version) if version < (2, 0, 0) => findings.error(
            place,
            "older than 2.0, whose plugins are of another kind",
            "Install Mosquitto 2.0.11 or newer.",
        ),
        Some(version) if version < REPAIRED => findings.note(
            place,
            format_args!("version {}.{}.{}", version.0, version.1, version.2),
            "Keep per_listener_settings off. 2.0.21 (bookworm-backports) repairs that and a use of freed memory on SIGHUP.",
        ),
        Some(_) => {}
    }
    parsed
}

fn parse_version(text: &str) -> Option<Version> {
    let mut numbers = text.trim().split('.').map(|part| {
        let digits = part
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(part.len());
        part.get(..digits)?.parse().ok()
    });
    Some((numbers.next()??, numbers.next()??, numbers.next()??))
}

/// Looks at all settings.
pub(super) fn inspect(conf: &ConfFile, version: Option<Version>, findings: &mut Findings) {
    logins(conf, version, findings);
    plugin(conf, findings);
    bypasses(conf, findings);
    for setting in conf
        .all("message_size_limit")
        .filter(|setting| setting.value != "0")
    {
        findings.warning(
            setting,
            "message_size_limit swallows a long PUBLISH: the connection stays open and the plugin never hears of it",
            "Take it out; `limits` in the policy and max_packet_size do the work.",
        );
    }
    if conf
        .all("listener")
        .chain(conf.all("port"))
        .next()
        .is_none()
    {
        findings.warning(
            "mosquitto.conf",
            "no listener: only this machine can connect",
            "Add `listener 8883` with a certificate.",
        );
    }
}

fn logins(conf: &ConfFile, version: Option<Version>, findings: &mut Findings) {
    for setting in conf
        .all("allow_anonymous")
        .filter(|setting| setting.is_true())
    {
        findings.error(
            setting,
            "allow_anonymous true lets in who has no password",
            "Set it to false.",
        );
    }
    for setting in conf
        .all("per_listener_settings")
        .filter(|setting| setting.is_true())
    {
        if version.is_none_or(|version| version < REPAIRED) {
            findings.error(
                setting,
                "per_listener_settings: before 2.0.21 plugins get no ticks with it, so a revoked device stays connected",
                "Set it to false, or use Mosquitto 2.0.21.",
            );
        } else {
            findings.note(
                setting,
                "per_listener_settings: a listener without plugin lines of its own is open to its own rules",
                "Set it to false, or repeat the plugin lines behind every listener.",
            );
        }
    }
    if conf
        .last("check_retain_source")
        .is_some_and(|setting| !setting.is_true())
    {
        findings.warning(
            "check_retain_source",
            "off: a retained message of somebody who lost the right to publish it is handed out all the same",
            "Set it to true.",
        );
    }
    for setting in conf.all("acl_file") {
        findings.note(
            setting,
            "acl_file: what it allows the plugin still judges, what it denies stays denied",
            "Keep rules in the policy alone, so that `mqward acl explain` knows them all.",
        );
    }
}

/// The lines that load a plugin.
fn plugins(conf: &ConfFile) -> impl Iterator<Item = &Setting> {
    conf.all("plugin").chain(conf.all("auth_plugin"))
}

fn plugin(conf: &ConfFile, findings: &mut Findings) {
    let mut ours = 0;
    for setting in plugins(conf) {
        let path = setting.path();
        if let Some(problem) = plugin_file::problem(&path) {
            findings.error(
                setting,
                format_args!("{}: {problem}", path.display()),
                "The broker does not start with it: install the plugin, or correct the path.",
            );
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        ours += usize::from(name.contains("mqward"));
    }
    if ours == 0 {
        findings.error(
            "mosquitto.conf",
            "no line loads the mqward plugin",
            "`mqward mosquitto config --policy FILE` prints what is needed.",
        );
    }
    if conf.is_true("per_listener_settings") {
        for listener in conf.all("listener") {
            if !plugins(conf).any(|plugin| plugin.listener == listener.listener) {
                findings.error(
                    listener,
                    format_args!(
                        "listener {} loads no plugin, and per_listener_settings is on",
                        listener.value
                    ),
                    "Repeat the plugin lines behind it, or set per_listener_settings to false.",
                );
            }
        }
    }
}

fn bypasses(conf: &ConfFile, findings: &mut Findings) {
    for setting in conf.all("connection") {
        findings.warning(
            setting,
            format_args!(
                "bridge {:?}: what it brings in no rule judges",
                setting.value
            ),
            "Narrow its `topic` lines to what the other broker is trusted with.",
        );
    }
    for setting in conf.all("listener") {
        let mut words = setting.value.split_whitespace().skip(1);
        let bound = words.next().unwrap_or("");
        let local = bound.starts_with("127.")
            || bound == "::1"
            || bound == "localhost"
            || bound.starts_with('/');
        let own = |key: &str| {
            conf.all(key)
                .any(|other| other.listener == setting.listener)
        };
        if !local && !own("certfile") && !own("psk_hint") {
            findings.note(
                setting,
                format_args!("listener {} has no TLS", setting.value),
                "Devices' passwords cannot be used twice and sealed payloads hold; all the rest can be read and changed on the way.",
            );
            if conf.last("password_file").is_some() {
                findings.note(
                    setting,
                    format_args!(
                        "listener {} has no TLS: whoever reads a static password there can use it",
                        setting.value
                    ),
                    "Let the users of password_file come in over TLS, or over a listener on 127.0.0.1.",
                );
            }
        }
    }
}

/// The policy that the plugin reads.
pub(super) fn policy(conf: &ConfFile, findings: &mut Findings) -> Option<PathBuf> {
    let setting = conf
        .last("plugin_opt_policy")
        .or_else(|| conf.last("auth_opt_policy"));
    if setting.is_none() {
        findings.error(
            "mosquitto.conf",
            "no plugin_opt_policy",
            "The plugin does not start without a policy: add `plugin_opt_policy FILE` behind its line.",
        );
    }
    if let Some(setting) = setting.filter(|setting| setting.path().is_relative()) {
        findings.warning(
            setting,
            "a relative path is looked up from wherever the broker was started",
            "Write it from the root.",
        );
    }
    setting.map(Setting::path)
}

/// Listeners that take the name in a certificate, or a PSK identity, for a login, beside who logs in by the policy.
pub(super) fn certificates(conf: &ConfFile, policy: Option<&Policy>, findings: &mut Findings) {
    let roles = policy.map(|policy| {
        let roles = policy.gate().roles().iter();
        let by_password = roles.filter(|role| role.authentication == Authentication::Mqward);
        by_password.map(|role| role.name).collect::<Vec<_>>()
    });
    for key in ["use_identity_as_username", "use_subject_as_username"] {
        for setting in conf.all(key).filter(|setting| setting.is_true()) {
            let is_beside = |other: &&Setting| other.listener == setting.listener;
            let what = format!("{key}: Mosquitto asks no plugin about logins on this listener");
            match roles.as_deref() {
                Some([]) => findings.note(
                    setting,
                    what,
                    "Right for roles with auth = \"broker\" alone, as here: the name in a certificate has to be the client id.",
                ),
                Some(roles) => findings.error(
                    setting,
                    format_args!(
                        "{what}: whoever has a certificate takes the client id of a device (role {}) until its first packet is refused",
                        roles.join(", ")
                    ),
                    "Take it out, or keep every client with auth = \"mqward\" off this listener by other means.",
                ),
                None => findings.error(
                    setting,
                    what,
                    "Take it out, or keep every client with auth = \"mqward\" off this listener by other means.",
                ),
            }
            let asked = conf.all("require_certificate").filter(is_beside).last();
            let by_shared_key = conf.all("psk_hint").any(|other| is_beside(&other));
            if !asked.is_some_and(Setting::is_true) && !by_shared_key {
                findings.error(
                    setting,
                    format_args!("{key} without require_certificate: nobody is asked for a certificate, so nobody gets in"),
                    "Set require_certificate to true behind the same listener.",
                );
            }
        }
    }
}

/// Compares what the broker takes into memory with what the policy allows.
pub(super) fn sizes(conf: &ConfFile, policy: &Policy, findings: &mut Findings) {
    let roles = policy.gate().roles().iter();
    let largest = roles.map(|role| role.limits.max_packet).max().unwrap_or(0);
    match conf.last("max_packet_size") {
        None => findings.warning(
            "mosquitto.conf",
            "no max_packet_size: 2.0 reads up to 256 MB into memory before anybody judges it",
            "Set it a bit above the largest `packet` of the policy.",
        ),
        Some(setting) => {
            let max: u32 = setting.value.parse().unwrap_or(0);
            if max < largest {
                findings.warning(
                    setting,
                    format_args!(
                        "max_packet_size {max} is less than the policy's largest packet, {largest}"
                    ),
                    "Such packets end the connection without a line in the audit log: raise it.",
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::parse_version;

    #[test]
    fn versions() {
        assert_eq!(parse_version("2.0.11"), Some((2, 0, 11)));
        assert_eq!(parse_version("2.1.2-rc1\n"), Some((2, 1, 2)));
        assert_eq!(parse_version("two"), None);
    }
}
