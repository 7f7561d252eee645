//! `doctor`: a healthy broker first, then one thing broken at a time.

use std::fs;

use mqward_testbed::plugin_path;
use serde_json::Value;

use crate::bench::Bench;
use crate::mosquitto::fleet;

/// A broker's folder with nothing wrong, except that there is no TLS and the broker is an old one.
fn healthy() -> Bench {
    let bench = fleet();
    for other in ["root.key", "up_root.key", "down_root.key", "boot"] {
        fs::remove_file(bench.path(other)).unwrap();
    }
    bench.chmod("", 0o755);
    for file in ["policy.toml", "devices.csv"] {
        bench.chmod(file, 0o644);
    }
    let policy = String::from_utf8(bench.read("policy.toml")).unwrap();
    bench.write(
        "policy.toml",
        policy.replace("cold_start = \"open\"", "file = \"replay.journal\""),
    );
    bench.private("passwords", "");
    // As whoever runs the test: root's files belong to root.
    let config = format!(
        "mosquitto config --policy policy.toml --out . --user root --plugin {} --users {}",
        plugin_path().unwrap().display(),
        bench.path("passwords").display()
    );
    bench.run(&config, "").ok();
    bench
}

fn doctor(bench: &Bench) -> (i32, Vec<Value>) {
    let ran = bench.run("doctor --config mosquitto.conf --json", "");
    assert_eq!(ran.stderr, "");
    (ran.code, ran.lines())
}

/// After `edit` of the configuration there is one finding more, of this severity, with these words.
#[track_caller]
fn finds(edit: (&str, &str), severity: &str, words: &[&str]) {
    let bench = healthy();
    let conf = String::from_utf8(bench.read("mosquitto.conf")).unwrap();
    assert!(conf.contains(edit.0), "{edit:?}");
    bench.write("mosquitto.conf", conf.replacen(edit.0, edit.1, 1));
    found(&bench, severity, words);
}

#[track_caller]
fn found(bench: &Bench, severity: &str, words: &[&str]) {
    let (code, findings) = doctor(bench);
    let found = findings.iter().find(|finding| {
        let text = finding.to_string();
        finding["severity"] == severity && words.iter().all(|word| text.contains(word))
    });
    assert!(
        found.is_some(),
        "no {severity} with {words:?} in {findings:#?}"
    );
    assert_eq!(
        code,
        i32::from(findings.iter().any(|finding| finding["severity"] != "note"))
    );
    assert!(
        findings
            .iter()
            .all(|finding| finding["todo"].as_str().unwrap().len() > 8)
    );
}

#[test]
fn a_configuration_of_this_command_is_healthy() {
    let bench = healthy();
    let (code, findings) = doctor(&bench);
    assert_eq!(code, 0, "{findings:#?}");
    assert!(findings.iter().all(|finding| finding["severity"] == "note"));
    assert!(
        findings
            .iter()
            .any(|finding| finding["what"].as_str().unwrap().contains("no TLS"))
    );
    let is_told = |findings: &[Value]| {
        findings
            .iter()
            .any(|f| f.to_string().contains("static password"))
    };
    assert!(is_told(&findings), "{findings:#?}");
    let conf = String::from_utf8(bench.read("mosquitto.conf")).unwrap();
    for (from, to) in [
        ("password_file ", "# password_file "),
        ("listener 1883", "listener 1883 127.0.0.1"),
    ] {
        bench.write("mosquitto.conf", conf.replacen(from, to, 1));
        assert!(!is_told(&doctor(&bench).1), "{to}");
    }
    bench.write("mosquitto.conf", conf);
    let text = bench.run("doctor --config mosquitto.conf", "").ok();
    assert!(text.text().ends_with("nothing is wrong"));
    // The policy alone, without a configuration; no broker on this machine.
    let alone = "doctor --policy policy.toml --mosquitto /nowhere/mosquitto";
    let alone = bench.run(alone, "").ok();
    assert!(alone.text().contains("no such broker"));
    bench
        .run("doctor --config missing.conf", "")
        .fails(3, &["missing.conf"]);
}

#[test]
fn what_lets_clients_in_past_the_plugin() {
    finds(
        ("allow_anonymous false", "allow_anonymous true"),
        "error",
        &["allow_anonymous"],
    );
    finds(
        ("listener 1883", "connection other\nlistener 1883"),
        "warning",
        &["bridge", "other"],
    );
    finds(
        ("check_retain_source true", "check_retain_source false"),
        "warning",
        &["check_retain_source"],
    );
    finds(
        ("persistence true", "acl_file /etc/acl"),
        "note",
        &["acl_file"],
    );
    let own = ("per_listener_settings false", "per_listener_settings true");
    finds(own, "error", &["loads no plugin"]);
}

#[test]
fn files_that_the_broker_is_to_read() {
    let bench = healthy();
    let conf = String::from_utf8(bench.read("mosquitto.conf")).unwrap();
    for key in ["certfile", "keyfile", "cafile", "psk_file", "password_file"] {
        let file = bench.path("a-file").display().to_string();
        let edited = conf.replacen("listener 1883", &format!("listener 1883\n{key} {file}"), 1);
        bench.write("mosquitto.conf", &edited);
        found(&bench, "error", &[key, "a-file", "No such file"]);
        bench.private("a-file", "");
        let (code, findings) = doctor(&bench);
        assert_eq!(code, 0, "{key}: {findings:#?}");
        // As root's key is for a broker that is `nobody` by then.
        bench.write("mosquitto.conf", edited.replace("user root", "user nobody"));
        found(
            &bench,
            "error",
            &[key, "a-file", "0600", "nobody cannot read it"],
        );
        bench.write("mosquitto.conf", &edited);
        bench.chmod("a-file", 0o644);
        let is_secret = !matches!(key, "certfile" | "cafile");
        if is_secret {
            found(&bench, "warning", &[key, "a-file", "everybody"]);
        }
        assert_eq!(doctor(&bench).0, i32::from(is_secret), "{key}");
        fs::remove_file(bench.path("a-file")).unwrap();
    }
}

#[test]
fn a_certificate_is_taken_for_a_login() {
    for key in ["use_identity_as_username", "use_subject_as_username"] {
        let asked = format!("listener 1883\nrequire_certificate true\n{key} true");
        let edit = ("listener 1883", asked.as_str());
        finds(edit, "error", &[key, "asks no plugin", "device"]);
        // One that nobody is asked for.
        let unasked = format!("listener 1883\n{key} true");
        let edit = ("listener 1883", unasked.as_str());
        finds(edit, "error", &[key, "without require_certificate"]);
        let elsewhere =
            format!("listener 1883\n{key} true\nlistener 1884\nrequire_certificate true");
        let edit = ("listener 1883", elsewhere.as_str());
        finds(edit, "error", &[key, "without require_certificate"]);
        // Nobody has a password of mqward, so nobody's client id is taken.
        let bench = healthy();
        let policy = String::from_utf8(bench.read("policy.toml")).unwrap();
        let roles = policy.replace("auth = \"mqward\"", "auth = \"broker\"");
        bench.write("policy.toml", roles);
        let conf = String::from_utf8(bench.read("mosquitto.conf")).unwrap();
        bench.write("mosquitto.conf", conf.replacen("listener 1883", &asked, 1));
        found(
            &bench,
            "note",
            &[key, "asks no plugin", "has to be the client id"],
        );
        let (_, findings) = doctor(&bench);
        let mut about = findings
            .iter()
            .filter(|finding| finding.to_string().contains(key));
        assert!(
            about.all(|finding| finding["severity"] == "note"),
            "{findings:#?}"
        );
    }
}

#[test]
fn what_depends_on_the_version() {
    let bench = healthy();
    let conf = String::from_utf8(bench.read("mosquitto.conf")).unwrap();
    let conf = conf.replace("per_listener_settings false", "per_listener_settings true");
    bench.write(
        "mosquitto.conf",
        conf.replace("\nplugin", "\nlistener 1884 127.0.0.1\nplugin"),
    );
    for (version, severity, word) in [
        ("2.0.11", "error", "no ticks"),
        ("2.0.21", "note", "per_listener_settings"),
        ("2.1.2", "note", "per_listener_settings"),
        ("1.6.9", "error", "older than 2.0"),
        ("odd", "warning", "does not say its version"),
    ] {
        bench.write(
            "broker",
            format!("#!/bin/sh\necho mosquitto version {version}\nexit 3\n"),
        );
        bench.chmod("broker", 0o755);
        let path = bench.path("broker").display().to_string();
        let ran = bench.run(
            &format!("doctor --config mosquitto.conf --json --mosquitto {path}"),
            "",
        );
        let found = ran
            .lines()
            .iter()
            .any(|line| line["severity"] == severity && line.to_string().contains(word));
        assert!(found, "{version}: {}", ran.text());
    }
}

#[test]
fn the_plugin_is_looked_at_without_running_it() {
    let plugin = plugin_path().unwrap().display().to_string();
    finds(
        (&plugin, "/nowhere/libmqward_mosquitto.so"),
        "error",
        &["No such file"],
    );
    finds((&plugin, "policy.toml"), "error", &["no shared object"]);
    let mqward = env!("CARGO_BIN_EXE_mqward");
    finds(
        (&plugin, mqward),
        "error",
        &["exports no `mosquitto_plugin_version`"],
    );
    finds(
        (&format!("plugin {plugin}"), "# none"),
        "error",
        &["no line loads the mqward plugin"],
    );
    finds(
        ("plugin_opt_policy", "# plugin_opt_policy"),
        "error",
        &["no plugin_opt_policy"],
    );
}

#[test]
fn sizes() {
    finds(
        ("max_packet_size 21024", "max_packet_size 2000"),
        "warning",
        &["less than the policy's largest packet, 20000"],
    );
    finds(("max_packet_size 21024", ""), "warning", &["256 MB"]);
    finds(
        ("max_packet_size", "message_size_limit 100\nmax_packet_size"),
        "warning",
        &["swallows"],
    );
}

#[test]
fn files_and_their_rights() {
    type Break = fn(&Bench);
    let cases: [(Break, &str, &[&str]); 14] = [
        (
            |bench| bench.chmod("auth_root.key", 0o640),
            "error",
            &["auth_root.key", "0640"],
        ),
        (
            |bench| bench.chmod("policy.toml", 0o664),
            "error",
            &["policy.toml", "lets others change it"],
        ),
        (
            |bench| bench.chmod("", 0o777),
            "error",
            &["lets others replace"],
        ),
        (
            |bench| bench.private("root.key", "x"),
            "error",
            &["root.key", "every key of the fleet"],
        ),
        (
            |bench| bench.private("up_root.key", "x"),
            "error",
            &["up_root.key", "telemetry"],
        ),
        (
            |bench| fs::remove_file(bench.path("auth_root.key")).unwrap(),
            "error",
            &["auth_root.key"],
        ),
        (
            |bench| bench.write("policy.toml", "role = 1"),
            "error",
            &["policy.toml:1"],
        ),
        (
            |bench| fs::remove_file(bench.path("policy.toml")).unwrap(),
            "error",
            &["policy.toml"],
        ),
        (
            |bench| replace(bench, "file = \"replay.journal\"", ""),
            "warning",
            &["no `file` in [replay]"],
        ),
        (
            |bench| replace(bench, "file = \"replay.journal\"", "cold_start = \"open\""),
            "warning",
            &["cold_start"],
        ),
        (
            |bench| {
                replace(
                    bench,
                    "auth = \"mqward\"",
                    "auth = \"mqward\"\ndevelopment = true",
                );
            },
            "warning",
            &["role \\\"device\\\" has development = true"],
        ),
        (
            |bench| replace(bench, "[audit]\nfile = \"audit.jsonl\"", ""),
            "warning",
            &["no [audit]"],
        ),
        (
            |bench| {
                replace(
                    bench,
                    "[audit]",
                    "[migration]\nfile = \"stages.journal\"\n[audit]",
                );
                bench.write("stages.journal", "x".repeat(100));
            },
            "error",
            &["stages.journal", "migrate record"],
        ),
        (
            |bench| bench.write("replay.journal", "x".repeat(100)),
            "error",
            &["replay.journal", "cold"],
        ),
    ];
    for (break_it, severity, words) in cases {
        let bench = healthy();
        break_it(&bench);
        found(&bench, severity, words);
        bench.chmod("", 0o755);
    }
}

fn replace(bench: &Bench, from: &str, to: &str) {
    let policy = String::from_utf8(bench.read("policy.toml")).unwrap();
    assert!(policy.contains(from));
    bench.write("policy.toml", policy.replace(from, to));
}

#[test]
fn a_registry_is_opened() {
    let bench = healthy();
    replace(&bench, "file = \"devices.csv\"", "registry = \"r.db\"");
    found(&bench, "error", &["r.db"]);
    bench.run("registry init --registry r.db", "").ok();
    assert_eq!(doctor(&bench).0, 0);
    bench.private("seed.key", format!("{}\n", "5e".repeat(32)));
    bench
        .run(
            "device add --registry r.db device-0123456789ab --hw none --auth-seed seed.key",
            "",
        )
        .ok();
    bench.chmod("r.db", 0o640);
    found(&bench, "error", &["r.db", "holds seeds", "0640"]);
}

#[test]
fn a_clock_that_went_back_is_seen() {
    let bench = healthy();
    bench.write("audit.jsonl", "");
    let later = std::time::SystemTime::now() + core::time::Duration::from_secs(86_400);
    let file = fs::File::options()
        .write(true)
        .open(bench.path("audit.jsonl"))
        .unwrap();
    file.set_modified(later).unwrap();
    found(&bench, "error", &["audit.jsonl", "the clock went back"]);
}

#[test]
fn included_files_and_the_brokers_user_count() {
    let bench = healthy();
    fs::create_dir(bench.path("conf.d")).unwrap();
    bench.write("conf.d/z.conf", "\n  allow_anonymous   true\n");
    bench.write("conf.d/z.bak", "message_size_limit 1\n");
    let conf = String::from_utf8(bench.read("mosquitto.conf")).unwrap();
    let folder = bench.path("conf.d").display().to_string();
    bench.write("mosquitto.conf", format!("{conf}include_dir {folder}\n"));
    found(&bench, "error", &["z.conf:2", "allow_anonymous"]);
    assert_eq!(
        doctor(&bench)
            .1
            .iter()
            .filter(|finding| finding["severity"] != "note")
            .count(),
        1
    );
    // The files here belong to whoever runs the test, and `nobody` is somebody else.
    bench.write("mosquitto.conf", conf.replace("user root", "user nobody"));
    found(&bench, "error", &["auth_root.key", "cannot read it"]);
    found(&bench, "error", &["cannot write", "replay.journal"]);
}
