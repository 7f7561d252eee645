//! `migrate`: what it counts, and what it refuses to guess. The guide's test walks a device through all of it.

use mqward::UnixTime;
use mqward_broker::{Guard, LoginRequest};

use crate::bench::{Bench, ID};
use crate::mosquitto::POLICY;

const OTHER: &str = "device-0123456789ac";

fn fleet() -> Bench {
    let bench = crate::mosquitto::fleet();
    let policy = POLICY.replace("file = \"devices.csv\"", "registry = \"r.db\"");
    bench.write(
        "policy.toml",
        policy + "[migration]\nfile = \"stages.journal\"\n",
    );
    bench.run("registry init --registry r.db", "").ok();
    for id in [ID, OTHER] {
        let add = format!("device add --registry r.db {id} --hw 246f28a1b2c3 --stage legacy");
        bench.run(&add, "").ok();
    }
    bench
}

#[test]
fn nobody_is_said_to_have_moved_who_did_not() {
    let bench = fleet();
    let status = "migrate status --policy policy.toml --json";
    // Before the broker ever started.
    let lines = bench.run(status, "").ok().lines();
    assert_eq!(
        (&lines[0]["legacy"], &lines[0]["sealed"]),
        (&2.into(), &0.into())
    );
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[1]["client_id"], ID);

    let now = UnixTime::from_secs(1_767_225_600).unwrap();
    let guard = Guard::open(&bench.path("policy.toml"), now).unwrap();
    let request = |password: &'static str| LoginRequest {
        client_id: ID.as_bytes(),
        user_name: Some(ID.as_bytes()),
        password: Some(password.as_bytes()),
        address: None,
        same_connection: false,
    };
    let _ = guard.login(&request("hunter2"), now);
    let lines = bench.run(status, "").ok().lines();
    assert_eq!(lines[1]["last_static_login"], 1_767_225_600);
    assert_eq!(lines[0]["legacy"], 2);
    let _ = guard.login(&request(crate::bench::PASSWORD), now);
    // While the broker runs.
    let lines = bench.run(status, "").ok().lines();
    assert_eq!(
        (&lines[0]["legacy"], &lines[0]["login"]),
        (&1.into(), &1.into())
    );
    assert_eq!(lines[1]["stage"], "login");
    let recorded = bench
        .run("migrate record --policy policy.toml --json", "")
        .ok();
    assert_eq!(recorded.json()["devices"], 1);
    let show = format!("device show --registry r.db {ID} --json");
    assert_eq!(bench.run(&show, "").ok().json()["stage"], "login");
    drop(guard);
    // Lost, and nobody falls back.
    std::fs::remove_file(bench.path("stages.journal")).unwrap();
    let lines = bench.run(status, "").ok().lines();
    assert_eq!(
        (&lines[0]["legacy"], &lines[0]["login"]),
        (&1.into(), &1.into())
    );
    // Who is revoked is waited for no more.
    bench
        .run(&format!("device revoke --registry r.db {OTHER}"), "")
        .ok();
    let lines = bench.run(status, "").ok().lines();
    assert_eq!((lines.len(), &lines[0]["revoked"]), (2, &1.into()));
}

#[test]
fn what_was_let_through_is_counted_by_device_and_reason() {
    let bench = fleet();
    let line = |time: u32, reason: &str, topic: &str, verdict: &str| {
        format!(
            "{{\"time\":{time},\"event\":\"publish\",\"client_id\":\"{ID}\",\"verdict\":\"{verdict}\",\
             \"reason\":\"{reason}\",\"close\":true,\"topic\":\"{topic}\"}}\n"
        )
    };
    bench.write(
        "old.jsonl",
        line(1, "not-sealed", "tx/1", "report") + "{\"time\":2,\"eve",
    );
    bench.write(
        "new.jsonl",
        [
            line(3, "not-sealed", "tx/2", "report"),
            line(4, "not-allowed", "x", "report"),
            // This one was refused, so nothing was let through.
            line(5, "denied", "y", "refuse"),
            "{\"time\":6,\"event\":\"store\",\"verdict\":\"report\",\"detail\":\"new\"}\n"
                .to_owned(),
        ]
        .concat(),
    );
    let status = "migrate status --policy policy.toml --audit old.jsonl --audit new.jsonl --json";
    let lines = bench.run(status, "").ok().lines();
    assert_eq!(lines[0]["would_refuse"], 3);
    let reported = &lines[3..];
    assert_eq!(reported.len(), 2);
    assert_eq!(reported[0]["reason"], "not-allowed");
    assert_eq!(
        (
            &reported[1]["count"],
            &reported[1]["last_topic"],
            &reported[1]["closes"]
        ),
        (&2.into(), &"tx/2".into(), &true.into())
    );
    bench
        .run("migrate status --policy policy.toml --audit missing", "")
        .fails(3, &["missing"]);
    bench.write("policy.toml", POLICY);
    bench
        .run("migrate status --policy policy.toml", "")
        .fails(1, &["[migration]"]);
    bench.write("stages.journal", "no journal");
    let policy = POLICY.replace("file = \"devices.csv\"", "registry = \"r.db\"");
    bench.write(
        "policy.toml",
        policy + "[migration]\nfile = \"stages.journal\"\n",
    );
    bench
        .run("migrate record --policy policy.toml", "")
        .fails(3, &["stages.journal"]);
}
