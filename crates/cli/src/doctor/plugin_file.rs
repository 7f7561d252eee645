//! The plugin's file, looked at without running it.

use std::path::Path;

use object::Object;

/// What Mosquitto looks up in a plugin.
const EXPORTS: [&str; 3] = [
    "mosquitto_plugin_version",
    "mosquitto_plugin_init",
    "mosquitto_plugin_cleanup",
];

/// What is wrong with a shared object that shall be a plugin for this machine's broker.
pub(super) fn problem(path: &Path) -> Option<String> {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) => return Some(error.to_string()),
    };
    let Ok(file) = object::File::parse(bytes.as_slice()) else {
        return Some("no shared object that this machine could load".to_owned());
    };
    let machine = match file.architecture() {
        object::Architecture::X86_64 => "x86_64",
        object::Architecture::Aarch64 => "aarch64",
        object::Architecture::Arm => "arm",
        object::Architecture::I386 => "x86",
        object::Architecture::Riscv64 => "riscv64",
        // Not one that this check knows: the broker will say.
        _ => std::env::consts::ARCH,
    };
    if machine != std::env::consts::ARCH {
        return Some(format!(
            "built for {machine}, and this machine is {}",
            std::env::consts::ARCH
        ));
    }
    let exports = file.exports().unwrap_or_default();
    let missing = EXPORTS.iter().find(|wanted| {
        !exports
            .iter()
            .any(|export| export.name() == wanted.as_bytes())
    });
    missing.map(|name| format!("exports no `{name}`, so it is no plugin for Mosquitto 2"))
}
