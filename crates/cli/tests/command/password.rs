//! `password`, `password inspect` and `verify`.

use std::collections::BTreeSet;

use crate::bench::{AUDIENCE, Bench, HW, ID, PASSWORD, TIME, ran};

fn mint(key: &str) -> String {
    format!("password {key} --hw {HW} --audience {AUDIENCE} --boot-record boot")
}

fn verify(key: &str) -> String {
    format!("verify {key} --client-id {ID} --hw {HW} --audience {AUDIENCE}")
}

#[test]
fn the_eighth_password_of_the_example_is_the_example() {
    for key in [
        format!("--root root.key --client-id {ID}"),
        format!("--auth-root auth_root.key --client-id {ID} --generation 1"),
        "--blob d".to_owned(),
    ] {
        let bench = Bench::new();
        bench
            .run(
                &format!("device export --client-id {ID} --generation 1 --root root.key --out d"),
                "",
            )
            .ok();
        let ran = bench
            .run(&format!("{} --time {TIME} --count 8", mint(&key)), "")
            .ok();
        let passwords: Vec<_> = ran.text().lines().collect();
        assert_eq!(passwords.len(), 8);
        assert_eq!(passwords[7], PASSWORD, "{key}");
        assert_eq!(passwords.iter().collect::<BTreeSet<_>>().len(), 8);
    }
}

#[test]
fn every_call_counts_one_boot_up_also_when_calls_meet() {
    let bench = Bench::new();
    let mint = format!(
        "{} --json",
        mint(&format!("--root root.key --client-id {ID}"))
    );
    let children: Vec<_> = (0..12).map(|_| bench.spawn(&mint)).collect();
    let boots: BTreeSet<u64> = children
        .into_iter()
        .map(|child| {
            ran(child.wait_with_output().unwrap()).ok().json()["boot"]
                .as_u64()
                .unwrap()
        })
        .collect();
    assert_eq!(boots, (1_760_000_001..=1_760_000_012).collect());
    assert_eq!(bench.read("boot").len(), 32);
}

#[test]
fn a_lost_or_damaged_boot_record_is_never_made_up() {
    let bench = Bench::new();
    let key = format!("--root root.key --client-id {ID}");
    let other = mint(&key).replace("--boot-record boot", "--boot-record lost");
    bench.run(&other, "").fails(3, &["lost", "provisioning"]);
    assert!(!bench.path("lost").exists());
    for damaged in [
        b"".to_vec(),
        vec![0; 32],
        vec![0xff; 32],
        bench.read("boot")[..15].to_vec(),
    ] {
        bench.private("lost", &damaged);
        bench.run(&other, "").fails(3, &["lost", "new generation"]);
        assert_eq!(bench.read("lost"), damaged);
    }
    // One lost slot is survived, and what it may have held is skipped.
    bench.run(&mint(&key), "").ok();
    let mut record = bench.read("boot");
    record[3] ^= 1;
    bench.private("boot", &record);
    let json = bench.run(&format!("{} --json", mint(&key)), "").ok().json();
    assert_eq!(json["boot"], 1_760_000_004);
    // A mistake in the arguments costs no boot.
    bench
        .run(&mint("--root missing --client-id d"), "")
        .fails(3, &[]);
    assert_eq!(
        bench.run(&format!("{} --json", mint(&key)), "").ok().json()["boot"],
        1_760_000_005
    );
}

#[test]
fn a_backend_starts_at_the_time_and_a_device_does_not() {
    let bench = Bench::new();
    let key = "--root root.key --client-id backend-1";
    let json = bench
        .run(&format!("{} --backend --time {TIME} --json", mint(key)), "")
        .ok()
        .json();
    assert_eq!(
        (&json["boot"], &json["user_name"]),
        (&1_767_225_600.into(), &"backend-1".into())
    );
    let json = bench
        .run(&format!("{} --backend --time {TIME} --json", mint(key)), "")
        .ok()
        .json();
    assert_eq!(json["boot"], 1_767_225_601);
}

#[test]
fn inspect_needs_no_key() {
    let bench = Bench::new();
    let ran = bench.run("password inspect", format!("{PASSWORD}\n")).ok();
    for word in ["2026-01-01T00:00:00Z", TIME, "1760000001", "count       7"] {
        assert!(ran.text().contains(word), "{}", ran.text());
    }
    bench.write("file", PASSWORD);
    let json = bench.run("password inspect file --json", "").ok().json();
    assert_eq!(json["generation"], 1);
    assert_eq!(
        json["mark"],
        (1u64 << 56 | 1_760_000_001 << 24 | 7).to_string()
    );
    for bad in [
        "",
        &PASSWORD[1..],
        &format!("{PASSWORD}="),
        "secret",
        &"A".repeat(2000),
    ] {
        let ran = bench.run("password inspect", bad);
        assert!(
            matches!(ran.code, 1 | 3) && !ran.stderr.contains("secret"),
            "{bad}"
        );
    }
    let clockless = bench
        .run(
            &format!(
                "{} --no-clock",
                mint(&format!("--root root.key --client-id {ID}"))
            ),
            "",
        )
        .ok();
    let json = bench
        .run("password inspect --json", clockless.stdout)
        .ok()
        .json();
    assert!(json["time"].is_null() && json["time_rfc3339"].is_null());
}

#[test]
fn verify_names_the_reason() {
    let bench = Bench::new();
    let good = format!(
        "{} --now 2026-01-01T00:00:30Z",
        verify("--auth-root auth_root.key")
    );
    let json = bench.run(&format!("{good} --json"), PASSWORD).ok().json();
    assert_eq!(
        (&json["verdict"], &json["skew"], &json["reason"]),
        (&"accepted".into(), &(-30).into(), &serde_json::Value::Null)
    );
    let mark = json["mark"].as_str().unwrap().to_owned();

    let refused = |args: &str, reason: &str| {
        let ran = bench.run(&format!("{args} --json"), PASSWORD).fails(1, &[]);
        assert_eq!(ran.json()["reason"], reason, "{args}");
        assert_eq!(ran.json()["verdict"], "refused");
    };
    refused(&good.replace(HW, "246f28a1b2c4"), "wrong-tag");
    refused(&good.replace(HW, "none"), "wrong-tag");
    refused(&good.replace(ID, "device-0123456789ac"), "wrong-tag");
    refused(&good.replace(AUDIENCE, "mqtt.example.org"), "wrong-tag");
    refused(&good.replace("auth_root.key", "up_root.key"), "wrong-tag");
    refused(&good.replace("00:00:30Z", "00:01:01Z"), "outside-window");
    refused(&format!("{} --window 29", good), "outside-window");
    refused(&format!("{good} --generation 2"), "unknown-device");
    refused(&format!("{good} --last-mark {mark}"), "replayed");
    let later = mark.parse::<u64>().unwrap() + 1;
    refused(&format!("{good} --last-mark {later}"), "counter-went-back");
    bench
        .run(&format!("{good} --last-mark {}", later - 2), PASSWORD)
        .ok();
    let text = bench
        .run(&good.replace("00:00:30Z", "00:01:01Z"), PASSWORD)
        .fails(1, &[]);
    assert!(text.text().contains("61 s behind"), "{}", text.text());

    let clockless = bench
        .run(
            &format!(
                "{} --no-clock",
                mint(&format!("--root root.key --client-id {ID}"))
            ),
            "",
        )
        .ok();
    let ran = bench
        .run(&format!("{good} --json"), &clockless.stdout)
        .fails(1, &[]);
    assert_eq!(ran.json()["reason"], "no-clock");
    bench
        .run(&format!("{good} --clock none"), &clockless.stdout)
        .ok();

    refused_text(&bench, &good);
    for window in ["0", "3601", "70000"] {
        bench
            .run(&format!("{good} --window {window}"), PASSWORD)
            .fails(2, &["window"]);
    }
    bench
        .run(&good.replace(AUDIENCE, "MQTT"), PASSWORD)
        .fails(2, &["audience"]);
}

/// What is no password gets the same shape of answer.
fn refused_text(bench: &Bench, good: &str) {
    for text in [
        "",
        "no password",
        &PASSWORD[1..],
        "AQFpVbkAaOd4AQAABzWDvWBDZNfhUzH90vNwBCZ",
    ] {
        let json = bench
            .run(&format!("{good} --json"), text)
            .fails(1, &[])
            .json();
        assert_eq!(
            (&json["verdict"], &json["reason"]),
            (&"refused".into(), &"malformed-password".into())
        );
        assert!(json.get("boot").is_none());
    }
}

#[test]
fn verify_with_the_keys_that_a_verifier_may_hold() {
    let bench = Bench::new();
    bench
        .run(
            &format!("device export --client-id {ID} --generation 1 --root root.key --out d"),
            "",
        )
        .ok();
    let now = format!("--now {TIME}");
    for key in ["--root root.key", "--blob d", "--auth-root auth_root.key"] {
        bench.run(&format!("{} {now}", verify(key)), PASSWORD).ok();
    }
    bench
        .run(
            &format!("{} {now}", verify("--blob d").replace(ID, "device-0")),
            PASSWORD,
        )
        .fails(2, &[ID]);
    bench
        .run(
            &format!("device export --client-id {ID} --generation 2 --root root.key --out e"),
            "",
        )
        .ok();
    let json = bench
        .run(&format!("{} {now} --json", verify("--blob e")), PASSWORD)
        .fails(1, &[])
        .json();
    assert_eq!(json["reason"], "unknown-device");

    let root = mqward::Root::from_bytes(core::array::from_fn(|i| u8::try_from(i).unwrap()));
    let device = mqward::Device::new(ID, mqward::Generation::FIRST).unwrap();
    let seed = root.auth().seed(device);
    bench.private("seed.key", crate::bench::key_text(seed.expose()));
    bench
        .run(
            &format!("{} {now}", verify("--auth-seed seed.key")),
            PASSWORD,
        )
        .ok();
    let hw = crate::bench::unhex(HW);
    let login = seed.login_key(
        mqward::HardwareId::new(&hw).unwrap(),
        mqward::Audience::new(AUDIENCE).unwrap(),
    );
    bench.private("login.key", crate::bench::key_text(login.expose()));
    bench
        .run(
            &format!("verify --login-key login.key --client-id {ID} {now}"),
            PASSWORD,
        )
        .ok();
    bench
        .run(
            &format!("verify --login-key login.key --client-id device-1 {now}"),
            PASSWORD,
        )
        .fails(1, &[]);
}

#[test]
fn usage_errors() {
    let bench = Bench::new();
    bench.run("", "").fails(2, &["Exit codes"]);
    bench.run("password", "").fails(2, &["--hw"]);
    bench.run("password --json", "").fails(2, &["--hw"]);
    bench.run(&mint(""), "").fails(2, &["--blob"]);
    bench
        .run(&mint("--root root.key"), "")
        .fails(2, &["--client-id"]);
    bench
        .run(
            &mint("--root root.key --auth-root auth_root.key --client-id d"),
            "",
        )
        .fails(2, &["cannot be used with"]);
    bench
        .run(&mint("--root root.key --client-id d --time tomorrow"), "")
        .fails(2, &["RFC 3339"]);
    bench
        .run(
            &mint("--root root.key --client-id d --no-clock --backend"),
            "",
        )
        .fails(2, &["--backend"]);
    let odd = mint("--root root.key --client-id d").replace(HW, "24:6f:2");
    bench.run(&odd, "").fails(2, &["hexadecimal"]);
    let colons =
        mint(&format!("--root root.key --client-id {ID}")).replace(HW, "24:6F:28:A1:B2:C3");
    let ran = bench
        .run(&format!("{colons} --time {TIME} --count 8"), "")
        .ok();
    assert_eq!(ran.text().lines().last(), Some(PASSWORD));
}
