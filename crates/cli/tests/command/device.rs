//! `device export`.

use mqward::{Blob, BootRecord, Root, UnixTime};

use crate::bench::{Bench, ID, unhex};

const EXPORT: &str =
    "device export --client-id device-0123456789ab --generation 1 --first-boot 1760000000";

#[test]
fn blob_and_boot_record_are_files_of_their_own() {
    let bench = Bench::new();
    let ran = bench
        .run(&format!("{EXPORT} --root root.key --out ."), "")
        .ok();
    assert!(ran.text().contains("./device-0123456789ab.blob"));
    let bytes = bench.read("device-0123456789ab.blob");
    let blob = Blob::parse(&bytes).unwrap();
    let device = blob.device();
    assert_eq!((device.client_id(), device.generation().get()), (ID, 1));
    let root = Root::from_bytes(core::array::from_fn(|i| u8::try_from(i).unwrap()));
    assert_eq!(blob.auth_seed().expose(), root.auth().seed(device).expose());
    assert_eq!(blob.up_seed().expose(), root.up().seed(device).expose());
    assert_eq!(blob.down_seed().expose(), root.down().seed(device).expose());
    assert_eq!(
        bench.read("device-0123456789ab.boot"),
        BootRecord::first_slot(UnixTime::from_secs(1_760_000_000).unwrap())
    );
    for file in ["device-0123456789ab.blob", "device-0123456789ab.boot"] {
        assert_eq!(bench.mode(file), 0o600);
    }
    // The purpose roots give the same.
    let roots = "--auth-root auth_root.key --up-root up_root.key --down-root down_root.key";
    let ran = bench
        .run(
            &format!("{EXPORT} {roots} --out two.bin --boot-out two.rec --json --again unflashed"),
            "",
        )
        .ok();
    assert_eq!(
        ran.json()["files"],
        serde_json::json!(["two.bin", "two.rec"])
    );
    assert_eq!(bench.read("two.bin"), bytes);
    assert_eq!(
        bench.read("two.rec"),
        bench.read("device-0123456789ab.boot")
    );
}

#[test]
fn every_format_carries_the_same_bytes() {
    let bench = Bench::new();
    bench
        .run(&format!("{EXPORT} --root root.key --out d"), "")
        .ok();
    let (blob, boot) = (bench.read("d"), bench.read("d.boot"));

    bench
        .run(
            &format!("{EXPORT} --root root.key --again unflashed --format nvs-csv --out d.csv"),
            "",
        )
        .ok();
    let csv = String::from_utf8(bench.read("d.csv")).unwrap();
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(
        lines[..2],
        ["key,type,encoding,value", "mqward,namespace,,"]
    );
    assert_eq!(
        unhex(lines[2].strip_prefix("blob,data,hex2bin,").unwrap()),
        blob
    );
    assert_eq!(
        unhex(lines[3].strip_prefix("boot0,data,hex2bin,").unwrap()),
        boot
    );
    assert_eq!(lines.len(), 4);

    bench
        .run(
            &format!("{EXPORT} --root root.key --again unflashed --format json --out d.json"),
            "",
        )
        .ok();
    let json: serde_json::Value = serde_json::from_slice(&bench.read("d.json")).unwrap();
    assert_eq!(unhex(json["blob"].as_str().unwrap()), blob);
    assert_eq!(unhex(json["boot0"].as_str().unwrap()), boot);
    assert_eq!(
        unhex(json["up_seed"].as_str().unwrap()),
        Blob::parse(&blob).unwrap().up_seed().expose()
    );
    assert_eq!(
        (&json["client_id"], &json["first_boot"]),
        (&ID.into(), &1_760_000_000.into())
    );

    bench
        .run(
            &format!("{EXPORT} --root root.key --again unflashed --format c-header --out d.h"),
            "",
        )
        .ok();
    let header = String::from_utf8(bench.read("d.h")).unwrap();
    assert!(header.starts_with("/* DEMO ONLY"));
    let bytes: Vec<u8> = header
        .split("0x")
        .skip(1)
        .map(|rest| u8::from_str_radix(&rest[..2], 16).unwrap())
        .collect();
    assert_eq!(bytes, [blob, boot].concat());
    for file in ["d.csv", "d.json", "d.h"] {
        assert_eq!(bench.mode(file), 0o600);
    }
}

#[test]
fn nothing_is_overwritten_unasked() {
    let bench = Bench::new();
    bench.write("d.boot", "counts");
    bench
        .run(&format!("{EXPORT} --root root.key --out d"), "")
        .fails(3, &["d.boot", "--force"]);
    assert!(!bench.path("d").exists(), "neither of the two was written");
    bench
        .run(&format!("{EXPORT} --root root.key --out d --force"), "")
        .ok();
    assert_eq!(
        (bench.read("d.boot").len(), bench.mode("d.boot")),
        (16, 0o600)
    );
    bench
        .run(
            &format!("{EXPORT} --root root.key --out d.json --format json --again unflashed"),
            "",
        )
        .ok();
    bench
        .run(
            &format!("{EXPORT} --root root.key --out d.json --format json"),
            "",
        )
        .fails(3, &["d.json", "already"]);
}

#[test]
fn secrets_reach_standard_output_only_when_told_to() {
    let bench = Bench::new();
    let export = format!("{EXPORT} --root root.key --out -");
    bench.run(&export, "").fails(2, &["--boot-out"]);
    assert!(
        bench.leaks(
            &bench
                .run_leaky(&format!("{export} --format json"), "")
                .ok()
                .stdout
        )
    );
    let again = format!("{export} --boot-out b --again unflashed");
    let blob = bench.run_leaky(&again, "").ok();
    assert_eq!(Blob::parse(&blob.stdout).unwrap().device().client_id(), ID);
}

#[test]
fn wrong_arguments_are_told() {
    let bench = Bench::new();
    let id = "device export --generation 1 --root root.key --out x --client-id";
    for bad in ["a/b", "+", "''", "caf\u{e9}", &"x".repeat(256)] {
        bench
            .run(&format!("{id} {bad}"), "")
            .fails(2, &["--client-id"]);
    }
    for generation in ["0", "256", "x"] {
        let args = format!(
            "device export --generation {generation} --root root.key --out x --client-id d"
        );
        bench.run(&args, "").fails(2, &["a generation is 1 to 255"]);
    }
    bench
        .run(
            "device export --client-id d --generation 1 --out x --auth-root auth_root.key",
            "",
        )
        .fails(2, &["--up-root"]);
    bench
        .run("device export --client-id d --generation 1 --out x", "")
        .fails(2, &["--root"]);
    bench
        .run(&format!("{EXPORT} --root missing --out x"), "")
        .fails(3, &["missing"]);
    bench
        .run(&format!("{EXPORT} --root root.key --out none/x"), "")
        .fails(3, &["none/x"]);
    let boot = format!("{EXPORT} --root root.key --out x --format json --boot-out y");
    bench.run(&boot, "").fails(2, &["--boot-out"]);
    assert!(!bench.path("x").exists());
}

#[test]
fn key_files_that_others_may_read_are_refused() {
    let bench = Bench::new();
    for mode in [0o640, 0o604, 0o660, 0o644, 0o610] {
        bench.chmod("root.key", mode);
        bench
            .run(&format!("{EXPORT} --root root.key --out x"), "")
            .fails(
                3,
                &["root.key", &format!("{mode:04o}"), "chmod 600 root.key"],
            );
    }
    bench.chmod("root.key", 0o400);
    bench
        .run(&format!("{EXPORT} --root root.key --out x"), "")
        .ok();
}

#[test]
fn what_is_no_key_file_is_told_without_its_contents() {
    let bench = Bench::new();
    let digits = "0123456789abcdef".repeat(4);
    for bad in [
        digits[1..].to_owned(),
        format!("{digits}00\n"),
        digits.to_uppercase(),
        String::new(),
        "x".repeat(64),
        "y".repeat(70_000),
    ] {
        bench.private("bad.key", &bad);
        let ran = bench
            .run(&format!("{EXPORT} --root bad.key --out x"), "")
            .fails(3, &["bad.key"]);
        assert!(bad.len() < 8 || !ran.stderr.contains(&bad[..8]));
    }
    std::fs::create_dir(bench.path("folder")).unwrap();
    bench
        .run(&format!("{EXPORT} --root folder --out x"), "")
        .fails(3, &["folder"]);
    // A key from a pipe has no mode to judge, nor a folder for the ledger.
    bench
        .run(&format!("{EXPORT} --root - --out x"), format!("{digits}\n"))
        .fails(2, &["--ledger"]);
    let piped = format!("{EXPORT} --root - --ledger ledger --out x");
    bench.run(&piped, format!("{digits}\n")).ok();
}
