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
