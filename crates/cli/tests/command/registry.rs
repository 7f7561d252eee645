//! `registry` and the `device` commands that change it.

use serde_json::Value;

use crate::bench::Bench;

const ID: &str = "device-0123456789ab";

/// A registry with one device.
fn registry() -> Bench {
    let bench = Bench::new();
    bench.run("registry init --registry r.db", "").ok();
    bench
        .run(
            &format!("device add --registry r.db {ID} --hw 24:6f:28:a1:b2:c3"),
            "",
        )
        .ok();
    bench
}

fn show(bench: &Bench) -> Value {
    let show = format!("device show --registry r.db {ID} --json");
    bench.run(&show, "").ok().json()
}

#[test]
fn add_show_revoke_unrevoke() {
    let bench = registry();
    assert_eq!(bench.mode("r.db"), 0o600);
    let device = show(&bench);
    assert_eq!(device["state"], "active");
    assert_eq!(device["generations"][0]["hardware_id"], "246f28a1b2c3");
    assert_eq!(
        (&device["clock"], &device["stage"]),
        (&"required".into(), &"sealed".into())
    );
    bench
        .run(&format!("device add --registry r.db {ID} --hw none"), "")
        .fails(1, &[ID, "exists already"]);
    bench
        .run(
            &format!("device revoke --registry r.db {ID} --note stolen"),
            "",
        )
        .ok();
    let device = show(&bench);
    assert_eq!(
        (&device["state"], &device["revoked_note"]),
        (&"revoked".into(), &"stolen".into())
    );
    let text = bench
        .run(&format!("device show --registry r.db {ID}"), "")
        .ok();
    assert!(text.text().contains("revoked") && text.text().contains("stolen"));
    bench
        .run(&format!("device unrevoke --registry r.db {ID}"), "")
        .ok();
    assert_eq!(show(&bench)["state"], "active");
    bench
        .run("device show --registry r.db nobody", "")
        .fails(1, &["nobody"]);
}

#[test]
fn revoking_several_is_checked_before_the_first() {
    let bench = registry();
    bench
        .run(&format!("device revoke --registry r.db {ID} nobody"), "")
        .fails(1, &["nobody", "Nobody was revoked"]);
    assert_eq!(show(&bench)["state"], "active");
    bench
        .run("device add --registry r.db gw-1 --hw none", "")
        .ok();
    let ran = bench
        .run(&format!("device revoke --registry r.db {ID} gw-1"), "")
        .ok();
    assert_eq!(ran.text().lines().count(), 2);
}

#[test]
fn rotate_counts_up_and_a_revoked_generation_stays_out() {
    let bench = registry();
    let rotate = format!("device rotate --registry r.db {ID} --json");
    let json = bench.run(&rotate, "").ok().json();
    assert_eq!(json["generation"], 2);
    bench.run(&format!("{rotate} --hw 246f28a1b2c4"), "").ok();
    let device = show(&bench);
    let boards: Vec<_> = device["generations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|g| g["hardware_id"].as_str().unwrap())
        .collect();
    assert_eq!(boards, ["246f28a1b2c3", "246f28a1b2c3", "246f28a1b2c4"]);
    bench
        .run(
            &format!("device revoke --registry r.db {ID} --generation 1"),
            "",
        )
        .ok();
    bench
        .run(
            &format!("device revoke --registry r.db {ID} --generation 9"),
            "",
        )
        .fails(1, &["generation 9"]);
    bench
        .run(&format!("device unrevoke --registry r.db {ID}"), "")
        .ok();
    assert!(show(&bench)["generations"][0]["revoked"].is_number());
    let list = bench.run("device list --registry r.db", "").ok();
    assert!(
        list.text().contains("  2,3  246f28a1b2c4  "),
        "{}",
        list.text()
    );
}

#[test]
fn list_filters() {
    let bench = registry();
    bench.write(
        "more.csv",
        "client_id,hardware_id,clock,stage,role,note\n\
         gw-1,,none,legacy,gateway,roof\ngw-2,0a,optional,login,,\n",
    );
    let imported = bench.run("device import --registry r.db more.csv", "").ok();
    assert_eq!(imported.text(), "imported 2 lines");
    bench.run("device revoke --registry r.db gw-2", "").ok();
    let list = |filter: &str| {
        let ran = bench
            .run(&format!("device list --registry r.db --json {filter}"), "")
            .ok();
        let lines = ran.lines();
        let ids = lines.iter().map(|line| line["client_id"].as_str().unwrap());
        ids.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(list(""), format!("{ID} gw-1 gw-2"));
    assert_eq!(list("--prefix gw-"), "gw-1 gw-2");
    assert_eq!(list("--state revoked"), "gw-2");
    assert_eq!(list("--state active"), format!("{ID} gw-1"));
    assert_eq!(list("--stage legacy"), "gw-1");
    assert_eq!(list("--clock optional"), "gw-2");
    assert_eq!(list("--role gateway"), "gw-1");
    bench
        .run("device list --registry r.db --stage x", "")
        .fails(2, &["unknown stage"]);
}

#[test]
fn import_names_every_wrong_line_and_changes_nothing() {
    let bench = registry();
    let csv = format!("client_id,hardware_id\ngw-1,0a\n{ID},0b\ngw-3,xx\n");
    bench
        .run("device import --registry r.db -", csv)
        .fails(1, &["line 3", "line 4"]);
    assert_eq!(
        bench
            .run("device list --registry r.db", "")
            .ok()
            .text()
            .lines()
            .count(),
        1
    );
}

#[test]
fn set_changes_what_it_names() {
    let bench = registry();
    let set = format!("device set --registry r.db {ID}");
    bench.run(&set, "").fails(2, &["--clock"]);
    bench
        .run(
            &format!(
                "{set} --clock optional --stage login --role gateway --topic-id other --note roof"
            ),
            "",
        )
        .ok();
    let device = show(&bench);
    assert_eq!(
        (&device["clock"], &device["stage"]),
        (&"optional".into(), &"login".into())
    );
    assert_eq!(
        (&device["role"], &device["topic_id"]),
        (&"gateway".into(), &"other".into())
    );
    bench
        .run(&format!("{set} --role '' --topic-id ''"), "")
        .ok();
    let device = show(&bench);
    assert_eq!(
        (&device["role"], &device["topic_id"], &device["note"]),
        (&Value::Null, &Value::Null, &"roof".into())
    );
    let rule = |rule: &str| {
        let mut command = bench.command(&set);
        crate::bench::ran(command.arg("--rule").arg(rule).output().unwrap())
    };
    rule("publish allow sealed tx/x/#").ok();
    assert_eq!(show(&bench)["rules"][0], "allow publish sealed tx/x/#");
    for bad in [
        "publish tx/#",
        "publish allow",
        "publish allow tx/%d",
        "deny publish x",
    ] {
        rule(bad).fails(2, &["--rule"]);
    }
    rule("subscribe allow sealed tx/x").fails(1, &["sealed"]);
    rule("").ok();
    assert_eq!(show(&bench)["rules"], Value::Array(Vec::new()));
}

#[test]
fn the_public_export_holds_no_secret() {
    let bench = registry();
    let seed = "5e".repeat(32);
    bench.private("seed.key", format!("{seed}\n"));
    bench
        .run(
            "device add --registry r.db gw-1 --hw none --auth-seed seed.key --note cellar",
            "",
        )
        .ok();
    bench
        .run("device revoke --registry r.db gw-1 --note gone", "")
        .ok();
    let ran = bench
        .run("registry export --public --registry r.db", "")
        .ok();
    let lines = ran.lines();
    assert_eq!(
        (&lines[0]["revoked"], &lines[1]["revoked"]),
        (&false.into(), &true.into())
    );
    for secret in [seed.as_str(), "cellar", "gone"] {
        assert!(!ran.text().contains(secret));
    }
    bench
        .run("registry export --registry r.db", "")
        .fails(2, &["--public"]);
    // A seed that others can read is refused as any key.
    bench.chmod("seed.key", 0o644);
    bench
        .run(
            "device add --registry r.db gw-2 --hw none --auth-seed seed.key",
            "",
        )
        .fails(3, &["seed.key"]);
}

#[test]
fn a_file_that_is_no_registry_is_told() {
    let bench = registry();
    bench
        .run("registry init --registry r.db", "")
        .fails(3, &["r.db"]);
    bench
        .run("device list --registry none.db", "")
        .fails(3, &["none.db"]);
    bench
        .run("device unrevoke --registry none.db x", "")
        .fails(3, &["none.db", "registry init"]);
    assert!(
        !bench.path("none.db").exists(),
        "a typing mistake makes no registry"
    );
    bench.write("text.db", "x".repeat(5000));
    bench
        .run("device list --registry text.db", "")
        .fails(3, &["text.db", "not a registry"]);
}

#[test]
fn backup_and_restore() {
    let bench = registry();
    let backup = "registry backup --registry r.db copy.db --json";
    let copied = bench.run(backup, "").ok().json();
    assert_eq!(copied["devices"], 1);
    assert!(copied["last_change"].as_u64() > Some(1_700_000_000));
    assert_eq!(bench.mode("copy.db"), 0o600);
    bench.run(backup, "").fails(3, &["copy.db", "exists"]);
    bench
        .run(&format!("device revoke --registry r.db {ID}"), "")
        .ok();
    let restore = "registry restore --registry r.db copy.db";
    bench.run(restore, "").fails(3, &["r.db", "away first"]);
    assert_eq!(show(&bench)["state"], "revoked", "untouched");
    for file in ["r.db", "r.db-wal", "r.db-shm"] {
        let _ = std::fs::remove_file(bench.path(file));
    }
    let restored = bench.run(restore, "").ok();
    assert!(
        restored.text().contains("revoke again"),
        "{}",
        restored.text()
    );
    assert_eq!(bench.mode("r.db"), 0o600);
    assert_eq!(show(&bench)["state"], "active");
    bench.write("other", "no registry");
    bench
        .run("registry restore --registry s.db other", "")
        .fails(3, &["other", "not a registry"]);
    assert!(!bench.path("s.db").exists());
}
