//! `seal`, `open` for one message, and `cose`.

use crate::bench::{Bench, HW, ID, SEALED, TIME, TOPIC, unhex};

const UP: &str = "--up-root up_root.key";
const DOWN: &str = "--down-root down_root.key";

fn seal(key: &str, topic: &str) -> String {
    format!(
        "seal {key} --client-id {ID} --hw {HW} --topic {topic} --boot-record boot --time {TIME}"
    )
}

fn open(key: &str, topic: &str) -> String {
    format!("open {key} --client-id {ID} --hw {HW} --topic {topic} --now {TIME}")
}

#[test]
fn the_example_opens() {
    let bench = Bench::new();
    for key in [UP, "--root root.key --direction up"] {
        let json = bench
            .run(&format!("{} --from hex --json", open(key, TOPIC)), SEALED)
            .ok()
            .json();
        assert_eq!(json["payload"], "21.5");
        assert_eq!(
            (&json["class"], &json["boot"], &json["count"], &json["age"]),
            (&"live".into(), &1_760_000_001.into(), &7.into(), &0.into())
        );
    }
    let ran = bench.run(&open(UP, TOPIC), unhex(SEALED)).ok();
    assert_eq!(ran.stdout, b"21.5");
}

#[test]
fn what_is_sealed_opens_in_every_class_and_encoding() {
    let bench = Bench::new();
    // Downwards: upwards the bytes would begin like the root of the example.
    let payload: Vec<u8> = (0..=255).rev().collect();
    bench.write("payload", &payload);
    for class in ["live", "retained", "will", "stored"] {
        for encoding in ["raw", "hex", "base64"] {
            let sealed = bench
                .run(
                    &format!(
                        "{} --class {class} --to {encoding} payload",
                        seal(UP, TOPIC)
                    ),
                    "",
                )
                .ok();
            let json = bench
                .run(
                    &format!("{} --from {encoding} --json", open(UP, TOPIC)),
                    &sealed.stdout,
                )
                .ok()
                .json();
            assert_eq!(
                (&json["class"], &json["sender"], &json["count"]),
                (&class.into(), &0.into(), &0.into())
            );
            let back = bench
                .run(
                    &format!("{} --from {encoding}", open(UP, TOPIC)),
                    &sealed.stdout,
                )
                .ok();
            assert_eq!(back.stdout, payload);
        }
    }
    let json = bench
        .run(&format!("{} --json payload", seal(UP, TOPIC)), "")
        .ok()
        .json();
    assert_eq!(
        (&json["topic"], &json["class"]),
        (&TOPIC.into(), &"live".into())
    );
}

#[test]
fn downlink_is_bound_to_the_device_and_its_boot() {
    let bench = Bench::new();
    let topic = "rx/device-0123456789ab/valve";
    let sealed = bench
        .run(
            &format!("{} --device-boot 1760000001", seal(DOWN, topic)),
            "on",
        )
        .ok()
        .stdout;
    let right = format!("{} --device-boot 1760000001", open(DOWN, topic));
    let json = bench.run(&format!("{right} --json"), &sealed).ok().json();
    // A backend's boot is at least its time.
    assert_eq!(
        (&json["sender"], &json["boot"], &json["payload"]),
        (&16.into(), &1_767_225_600.into(), &"on".into())
    );
    for wrong in [
        right.replace("1760000001", "1760000002"),
        right.replace(topic, "rx/device-0123456789ab/door"),
        right.replace(HW, "none"),
        right.replace(ID, "device-1"),
        right.replace(DOWN, "--down-root up_root.key"),
    ] {
        let ran = bench.run(&wrong, &sealed).fails(1, &["not authentic"]);
        assert_eq!(ran.stdout, b"");
    }
    bench
        .run(&format!("{right} --sender 17"), &sealed)
        .fails(1, &["sender 16", "--sender"]);
    bench
        .run(&open(DOWN, topic), &sealed)
        .fails(2, &["--device-boot"]);
    bench
        .run(&seal(DOWN, topic), "on")
        .fails(2, &["--device-boot"]);
    // What waits for a sleeper does not depend on its boot.
    let stored = bench
        .run(
            &format!("{} --class stored --sender 200", seal(DOWN, topic)),
            "on",
        )
        .ok()
        .stdout;
    bench
        .run(&format!("{} --sender 200", open(DOWN, topic)), &stored)
        .ok();
}

#[test]
fn refusals_and_usage() {
    let bench = Bench::new();
    let hex = format!("{} --from hex", open(UP, TOPIC));
    bench
        .run(&hex, format!("{}00", &SEALED[..66]))
        .fails(1, &["not authentic"]);
    bench
        .run(&hex.replace(TOPIC, "tx/device-0123456789ab/u"), SEALED)
        .fails(1, &["not authentic"]);
    bench
        .run(&open(UP, TOPIC), SEALED)
        .fails(1, &["first byte", "--from hex"]);
    bench.run(&hex, &SEALED[..40]).fails(1, &["fewer than"]);
    bench.run(&hex, "xyz").fails(3, &["hexadecimal"]);
    bench
        .run(&hex.replace("--now", "--generation 2 --now"), SEALED)
        .fails(1, &["--generation"]);
    let ran = bench.run(&open(UP, TOPIC), "").ok();
    assert!(ran.text().starts_with("cleared"));
    bench
        .run(&open("--root root.key", TOPIC), "")
        .fails(2, &["--direction"]);
    bench
        .run(&open("--up-root up_root.key --direction down", TOPIC), "")
        .fails(2, &["direction"]);
    bench
        .run(&hex.replace(TOPIC, "tx/+/t"), SEALED)
        .fails(2, &["--topic"]);
    bench
        .run(&seal("--up-root up_root.key --sender 16", TOPIC), "x")
        .fails(2, &["sender"]);
    bench
        .run(
            &seal(
                "--down-root down_root.key --sender 15 --device-boot 1",
                TOPIC,
            ),
            "x",
        )
        .fails(2, &["sender"]);
    bench
        .run(&seal(UP, TOPIC).replace("--boot-record boot", ""), "x")
        .fails(2, &["--boot-record"]);
}

#[test]
fn cose_there_and_back_without_a_key() {
    let bench = Bench::new();
    let full = bench.run("cose expand", SEALED).ok();
    assert!(
        full.text().starts_with("d08344a1011818a204420100054c10"),
        "{}",
        full.text()
    );
    assert_eq!(bench.run("cose compact", &full.stdout).ok().text(), SEALED);
    let raw = bench
        .run("cose expand --from raw --to raw", unhex(SEALED))
        .ok();
    assert_eq!(raw.stdout, unhex(full.text()));
    bench.run("cose expand", "00").fails(1, &["fewer than"]);
    bench
        .run("cose compact", SEALED)
        .fails(1, &["COSE_Encrypt0"]);
    bench
        .run("cose compact", format!("{}00", full.text()))
        .fails(1, &["COSE_Encrypt0"]);
    bench.run("cose expand missing", "").fails(3, &["missing"]);
}
