//! What the numbers were measured on.

use std::error::Error;
use std::process::Command;

/// Peers whose versions are printed, from the lock file of the benches.
const PEERS: [&str; 8] = [
    "aws-lc-rs",
    "aws-lc-sys",
    "chacha20",
    "chacha20poly1305",
    "fiat-crypto",
    "libsodium-sys-stable",
    "ring",
    "rumqttc",
];

const LOCK: &str = include_str!("../Cargo.lock");

fn output(program: &str, argument: &str) -> Result<String, Box<dyn Error>> {
    let output = Command::new(program).arg(argument).output()?;
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

/// What the processor has, as /proc/cpuinfo calls it.
pub(crate) fn flags() -> Result<Vec<String>, Box<dyn Error>> {
    let info = std::fs::read_to_string("/proc/cpuinfo")?;
    let flags = info.lines().find(|line| line.starts_with("flags"));
    Ok(flags
        .into_iter()
        .flat_map(str::split_whitespace)
        .map(str::to_owned)
        .collect())
}

/// The name and version of the broker that the tests run.
pub(crate) fn mosquitto() -> Result<String, Box<dyn Error>> {
    let program = std::env::var("MQWARD_MOSQUITTO");
    let help = output(program.as_deref().unwrap_or("/usr/sbin/mosquitto"), "-h")?;
    let words: Vec<&str> = help.split_whitespace().take(3).collect();
    match words[..] {
        ["mosquitto", "version", version] => Ok(format!("Mosquitto {version}")),
        _ => Err("mosquitto -h does not say its version".into()),
    }
}

fn version(package: &str) -> Option<String> {
    let entry = format!("name = \"{package}\"\nversion = \"");
    let (_, rest) = LOCK.split_once(&entry)?;
    Some(format!("{package} {}", rest.split('"').next()?))
}

/// Machine, compiler, date and versions.
pub(crate) fn description() -> Result<String, Box<dyn Error>> {
    let info = std::fs::read_to_string("/proc/cpuinfo")?;
    let field = |name: &str| {
        let line = info.lines().find(|line| line.starts_with(name));
        line.and_then(|line| line.split_once(": "))
            .map_or("", |(_, value)| value)
    };
    let flags: Vec<&str> = field("flags").split(' ').collect();
    let known = ["sha_ni", "avx2", "avx512f", "avx512ifma"];
    let present: Vec<&str> = known
        .into_iter()
        .filter(|flag| flags.contains(flag))
        .collect();
    let processors = info
        .lines()
        .filter(|line| line.starts_with("processor"))
        .count();
    let versions: Vec<String> = PEERS.into_iter().filter_map(version).collect();
    Ok(format!(
        "{}: {}, family {} model {}, {processors} processors, {}; {}, release profile, no `target-cpu`.\n\
         {}, {}.\n",
        output("date", "+%F")?,
        field("model name"),
        field("cpu family"),
        field("model"),
        present.join(" "),
        output("rustc", "--version")?,
        versions.join(", "),
        openssl::version::version(),
    ))
}
