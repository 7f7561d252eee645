//! The operator's guide, run as it stands there: with paths of a folder, and a broker of this test for `systemctl`.

use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use mqward_testbed::plugin_path;

use crate::bench::Bench;

const GUIDE: &str = include_str!("../../../../docs/operate-mosquitto.md");

/// What the machine of the guide has and this one has not. Without root's rights files belong to whom they belong to.
const MACHINE: &str = r#"
systemctl() {
    if [ "$1" = reload ]; then kill -HUP "$(cat broker.pid)"; sleep 1; return; fi
    /usr/sbin/mosquitto -c etc-mosquitto/mosquitto.conf > broker.log 2>&1 &
    echo $! > broker.pid
    for attempt in 1 2 3 4 5 6 7 8 9 10; do
        if grep -q ' running$' broker.log; then return; fi
        sleep 0.5
    done
    cat broker.log >&2
    return 1
}
refused() { if "$@"; then return 1; fi; }
if [ "$(id -u)" != 0 ]; then chown() { :; }; fi
trap 'kill "$(cat broker.pid)" 2> stop.log; wait' EXIT
"#;

#[test]
fn the_guide_works_as_it_stands() {
    let bench = Bench::new();
    bench.chmod("", 0o755);
    for folder in ["home", "etc-mosquitto", "data"] {
        std::fs::create_dir(bench.path(folder)).unwrap();
    }
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port().to_string();
    drop(free);
    let root = bench.path("").display().to_string();
    let blocks = GUIDE.split("```sh\n").skip(1);
    let script: String = blocks
        .map(|block| block.split("```").next().unwrap())
        .collect();
    assert!(script.lines().count() > 60, "the guide is there");
    let plugin = plugin_path().unwrap().display().to_string();
    let config = format!(
        "mosquitto config --port {port} --bind 127.0.0.1 --plugin {plugin} --data {root}data --users"
    );
    let script = script
        .replace(
            "mosquitto config",
            &format!("{config} {root}etc-mosquitto/passwords"),
        )
        // `set -e` takes no notice of `!`.
        .replace("\n! ", "\nrefused ")
        .replace("/media/safe", &format!("{root}safe"))
        .replace("/var/lib/mqward", &format!("{root}var-mqward"))
        .replace("/etc/mqward", &format!("{root}etc-mqward"))
        .replace("/etc/mosquitto", &format!("{root}etc-mosquitto"))
        .replace("-p 1883", &format!("-p {port}"));
    let bin = Path::new(env!("CARGO_BIN_EXE_mqward")).parent().unwrap();
    let path = format!(
        "{}:/usr/sbin:{}",
        bin.display(),
        std::env::var("PATH").unwrap()
    );
    let output = Command::new("sh")
        .args(["-euc", &format!("{MACHINE}\nset -x\n{script}")])
        .env("PATH", path)
        .current_dir(bench.path(""))
        .output()
        .unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    let log = std::fs::read_to_string(bench.path("broker.log")).unwrap_or_default();
    assert!(output.status.success(), "{stdout}\n{stderr}\n{log}");
    for word in [
        "nothing to say about its rules",
        "nothing is wrong",
        "issued 3 devices",
        "bound 3 devices",
        "(replayed)",
        "stolen in Lyon",
        "generation 2",
        "asked the broker to merge 1 marks",
        "registry-1.db: 4 devices",
        "revoke again",
        "5 devices: 1 legacy, 0 login, 4 sealed",
        "legacy  device-00000000000a: last static login",
        "publish not-allowed, 1 times",
        "publish not-sealed, 1 times",
        "5 devices: 0 legacy, 0 login, 5 sealed",
        "1 devices have a later stage now",
    ] {
        assert!(
            stdout.contains(word),
            "no {word:?} in:\n{stdout}\n{stderr}\n{log}"
        );
    }
    let key = std::fs::read_to_string(bench.path("safe/root.key")).unwrap();
    for text in [&stdout, &stderr] {
        assert!(!text.contains(key.trim()));
    }
}

#[test]
fn the_guide_explains_every_refusal() {
    let source = include_str!("../../../mqward/src/reason.rs");
    let body = source.split("pub const fn code(").nth(1).unwrap();
    let body = body.split("impl fmt::Display").next().unwrap();
    let codes: Vec<&str> = body
        .split("=> \"")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap())
        .collect();
    assert!(codes.len() >= 25);
    for code in codes {
        assert!(
            GUIDE.contains(&format!("`{code}`")),
            "no {code} in the guide"
        );
    }
}
