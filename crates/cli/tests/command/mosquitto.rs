//! `mosquitto config`, with the broker that it is for.

use core::time::Duration;
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};

use mqward_testbed::plugin_path;

use crate::bench::{Bench, HW, ID, TOPIC, ran};

pub(crate) const POLICY: &str = r#"
audience = "mqtt.example.com"
[keys]
auth_root = "auth_root.key"
[devices]
hardware_id = "registry"
file = "devices.csv"
[replay]
cold_start = "open"
[audit]
file = "audit.jsonl"
[[role]]
name = "device"
client_id = { prefix = "device-", chars = "lower-hex", min = 19, max = 19 }
auth = "mqward"
limits = { packet = 20000, payload = 16000 }
publish = [ { allow = "tx/%c/#", sealed = true } ]
[[role]]
name = "person"
client_id = { prefix = "op-", chars = "word", min = 4, max = 19 }
auth = "broker"
subscribe = [ { allow = "tx/+/#" } ]
"#;

/// A policy with its files, on a bench.
pub(crate) fn fleet() -> Bench {
    let bench = Bench::new();
    bench.write("policy.toml", POLICY);
    bench.write(
        "devices.csv",
        format!("client_id,generation,hardware_id,clock\n{ID},1,{HW},required\n"),
    );
    bench
}

/// The lines that are no comments.
fn settings(conf: &str) -> Vec<&str> {
    conf.lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect()
}

#[test]
fn a_configuration_follows_from_the_policy() {
    let bench = fleet();
    let conf = bench.run("mosquitto config --policy policy.toml", "").ok();
    let lines = settings(conf.text());
    let policy = format!("plugin_opt_policy {}", bench.path("policy.toml").display());
    for line in [
        "allow_anonymous false",
        "per_listener_settings false",
        "plugin /usr/lib/mqward/libmqward_mosquitto.so",
        policy.as_str(),
        "listener 1883",
        "max_packet_size 21024",
        "password_file /etc/mosquitto/passwords",
        "persistence true",
        "user mosquitto",
    ] {
        assert!(lines.contains(&line), "no {line:?} in\n{}", conf.text());
    }
    assert!(
        !lines
            .iter()
            .any(|line| line.starts_with("message_size_limit"))
    );
    assert!(conf.text().contains("message_size_limit stays unset"));
    // Who listens reads them, and nothing keeps him from using them.
    assert!(conf.text().contains("Static passwords"));
    let local = "mosquitto config --policy policy.toml --bind 127.0.0.1";
    assert!(
        !bench
            .run(local, "")
            .ok()
            .text()
            .contains("Static passwords")
    );
    // Every setting has a reason above it.
    let blocks: Vec<&str> = conf.text().split("\n\n").skip(1).collect();
    assert!(blocks.len() > 10 && blocks.iter().all(|block| block.starts_with("# ")));
    // Without people no password file, with a certificate TLS.
    let only = POLICY.split("[[role]]\nname = \"person\"").next().unwrap();
    bench.write("only.toml", only);
    let tls = "mosquitto config --policy only.toml --cert c.pem --key k.pem --bind 192.0.2.1";
    let conf = bench.run(tls, "").ok();
    let lines = settings(conf.text());
    assert!(lines.contains(&"listener 8883 192.0.2.1"));
    assert!(!conf.text().contains("password_file") && !conf.text().contains("Static passwords"));
    bench
        .run("mosquitto config --policy only.toml --cert c.pem", "")
        .fails(2, &["--key"]);
    bench.write("bad.toml", "role = 1");
    bench
        .run("mosquitto config --policy bad.toml", "")
        .fails(1, &["bad.toml:1"]);
}

/// systemd starts the broker in `/`.
#[test]
fn every_file_is_named_from_the_root_of_the_file_system() {
    let bench = fleet();
    let files = "--plugin p.so --users users --data data --log broker.log --cert c.pem --key k.pem";
    let config = format!("mosquitto config --policy policy.toml {files}");
    let conf = bench.run(&config, "").ok();
    let lines = settings(conf.text());
    for (key, file) in [
        ("plugin", "p.so"),
        ("plugin_opt_policy", "policy.toml"),
        ("password_file", "users"),
        ("persistence_location", "data/"),
        ("log_dest file", "broker.log"),
        ("certfile", "c.pem"),
        ("keyfile", "k.pem"),
    ] {
        let line = format!("{key} {}", bench.path(file).display());
        assert!(lines.contains(&line.as_str()), "no {line:?} in {lines:#?}");
    }
}

#[test]
fn a_file_is_not_overwritten_unasked() {
    let bench = fleet();
    bench.write("mosquitto.conf", "mine");
    let config = "mosquitto config --policy policy.toml --out .";
    bench
        .run(config, "")
        .fails(3, &["mosquitto.conf", "--force"]);
    assert_eq!(bench.read("mosquitto.conf"), b"mine");
    bench.run(&format!("{config} --force"), "").ok();
    assert!(bench.read("mosquitto.conf").len() > 1000);
}

/// A broker that ends with the test.
struct Broker(Child);

impl Drop for Broker {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_broker_runs_with_it() {
    let bench = fleet();
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    bench.private("passwords", "op-ann:secret\n");
    let hashed = Command::new("mosquitto_passwd")
        .arg("-U")
        .arg(bench.path("passwords"))
        .status();
    assert!(hashed.expect("the Debian package mosquitto").success());
    let plugin = plugin_path().unwrap().display();
    let folder = bench.path("");
    let folder = folder.display();
    let config = format!(
        "mosquitto config --policy policy.toml --out . --plugin {plugin} --port {port} --bind 127.0.0.1 \
         --users {folder}passwords --data {folder} --log {folder}log --user root"
    );
    bench.run(&config, "").ok();
    let child = Command::new("/usr/sbin/mosquitto")
        .arg("-c")
        .arg(bench.path("mosquitto.conf"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let mut broker = Broker(child.expect("the Debian package mosquitto"));
    for attempt in 0.. {
        assert!(
            attempt < 500 && broker.0.try_wait().unwrap().is_none(),
            "{:?}",
            std::fs::read_to_string(bench.path("log"))
        );
        if TcpStream::connect(("127.0.0.1", port)).is_ok() {
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let export = format!("device export --root root.key --client-id {ID} --generation 1 --out .");
    bench.run(&export, "").ok();
    let password = || {
        let mint = format!(
            "password --blob {ID}.blob --hw {HW} --audience mqtt.example.com --boot-record {ID}.boot"
        );
        bench.run(&mint, "").ok().text().to_owned()
    };
    let seal = format!(
        "seal --blob {ID}.blob --direction up --hw {HW} --topic {TOPIC} --boot-record {ID}.boot"
    );
    bench.write("sealed", bench.run(&seal, "21.5").ok().stdout);
    let publish = |password: &str, version: &str, file: &str| {
        let output = Command::new("mosquitto_pub")
            .args([
                "-h",
                "127.0.0.1",
                "-p",
                &port.to_string(),
                "-i",
                ID,
                "-u",
                ID,
                "-P",
                password,
            ])
            .args(["-q", "1", "-V", version, "-t", TOPIC, "-f"])
            .arg(bench.path(file))
            .output();
        ran(output.unwrap()).code
    };
    let once = password();
    assert_eq!(publish(&once, "5", "sealed"), 0);
    assert_ne!(publish(&once, "5", "sealed"), 0, "a password works once");
    assert_ne!(publish("static", "5", "sealed"), 0);
    bench.write("large", vec![b'x'; 30_000]);
    assert_ne!(
        publish(&password(), "311", "large"),
        0,
        "longer than max_packet_size"
    );
    // A person with a static password; the same without one.
    let subscribe = |args: &[&str]| {
        let mut command = Command::new("mosquitto_sub");
        command.args([
            "-h",
            "127.0.0.1",
            "-p",
            &port.to_string(),
            "-i",
            "op-ann",
            "-t",
            "tx/+/#",
            "-E",
        ]);
        ran(command.args(args).output().unwrap()).code
    };
    assert_eq!(subscribe(&["-u", "op-ann", "-P", "secret"]), 0);
    assert_ne!(subscribe(&["-u", "op-ann", "-P", "guess"]), 0);
    assert_ne!(subscribe(&[]), 0);
    let why = bench
        .run(&format!("why {ID} --audit audit.jsonl --refused"), "")
        .ok();
    assert!(why.text().contains("(replayed)") && why.text().contains("(malformed-password)"));
}
