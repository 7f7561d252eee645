//! `why`, on an audit log that the broker side wrote.

use mqward::UnixTime;
use mqward_broker::{Guard, LoginRequest};

use crate::bench::{Bench, ID, PASSWORD};

const POLICY: &str = r#"
audience = "mqtt.example.com"
[keys]
auth_root = "auth_root.key"
[devices]
hardware_id = "client-id"
[replay]
cold_start = "open"
[audit]
file = "audit.jsonl"
[[role]]
name = "device"
client_id = { prefix = "device-", chars = "lower-hex", min = 19, max = 19 }
auth = "mqward"
publish = [ { allow = "tx/%c/#", sealed = true } ]
"#;

#[test]
fn the_last_verdicts_in_words() {
    let bench = Bench::new();
    // The example's device has another board than its id says, so its hardware id comes from nowhere else.
    bench.write("policy.toml", POLICY);
    let at = |secs| UnixTime::from_secs(secs).unwrap();
    let guard = Guard::open(&bench.path("policy.toml"), at(1_767_225_600)).unwrap();
    let login = |client_id: &str, password: &str| {
        let request = LoginRequest {
            client_id: client_id.as_bytes(),
            user_name: Some(client_id.as_bytes()),
            password: Some(password.as_bytes()),
            address: Some("192.0.2.7"),
            same_connection: false,
        };
        let _ = guard.login(&request, at(1_767_225_600));
    };
    login(ID, "static");
    login(ID, PASSWORD);
    login("\u{1b}[31mred", PASSWORD);
    let verdict = guard.subscribe(ID.as_bytes(), b"rx/#", None);
    assert!(!verdict.is_allowed());

    let why = format!("why {ID} --audit audit.jsonl");
    let text = bench.run(&why, "").ok();
    let lines: Vec<&str> = text.text().lines().collect();
    for (line, words) in [
        (
            0,
            &["2026-01-01T00:00:00Z  login from 192.0.2.7: refused (malformed-password)"][..],
        ),
        (2, &["What to do:", "39 characters"]),
        (3, &["refused (wrong-tag)", "role \"device\""]),
        (5, &["What to do:", "audience"]),
        (6, &["subscribe \"rx/#\": refused (not-allowed)"]),
    ] {
        for word in words {
            assert!(
                lines[line].contains(word),
                "{word:?} in line {line}:\n{}",
                text.text()
            );
        }
    }
    let last = bench.run(&format!("{why} --last 1 --json"), "").ok().json();
    assert_eq!(
        (&last["event"], &last["reason"]),
        (&"subscribe".into(), &"not-allowed".into())
    );
    assert!(last["hint"].as_str().unwrap().contains("acl explain"));
    bench
        .run("why nobody --audit audit.jsonl", "")
        .fails(1, &["nobody", "never reached"]);
    bench
        .run(&format!("why {ID} --audit none"), "")
        .fails(3, &["none"]);
    // Torn lines, and lines of another make, take nothing away.
    let log = String::from_utf8(bench.read("audit.jsonl")).unwrap();
    bench.write(
        "torn",
        format!("{{\"time\":1,\n\nnull\n{log}{{\"client_id\":\"{ID}\"}}\n{{\"cli"),
    );
    let torn = bench.run(&format!("why {ID} --audit torn"), "").ok();
    assert_eq!(torn.text(), text.text());
    // Rotated logs are read in the order that they are named.
    let both = bench
        .run(&format!("{why} --audit torn --last 9 --json"), "")
        .ok();
    assert_eq!(both.lines().len(), 6);
}

#[test]
fn what_came_from_the_network_cannot_steer_a_terminal() {
    let bench = Bench::new();
    let entry = format!(
        "{{\"time\":1767225600,\"event\":\"publish\",\"client_id\":\"{ID}\",\"verdict\":\"refuse\",\"reason\":\"denied\",\
         \"topic\":\"\\u001b[2J\",\"detail\":\"\\u001b[31m\\u0007\"}}\n"
    );
    bench.write("log", entry);
    let ran = bench.run(&format!("why {ID} --audit log"), "").ok();
    assert!(!ran.text().contains(['\u{1b}', '\u{7}']));
    assert!(ran.text().contains("deny rule"));
}

/// The first thing that whoever tries a broker without a replay file meets.
#[test]
fn a_cold_start_is_explained_as_one() {
    let bench = Bench::new();
    let entry = format!(
        "{{\"time\":1767225600,\"event\":\"login\",\"client_id\":\"{ID}\",\"verdict\":\"refuse\",\"reason\":\"unavailable\"}}\n"
    );
    bench.write("log", entry);
    let ran = bench.run(&format!("why {ID} --audit log"), "").ok();
    for word in ["cold start", "one window", "replay init", "disk full"] {
        assert!(ran.text().contains(word), "{word:?} in {}", ran.text());
    }
}
