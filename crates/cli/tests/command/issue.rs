//! `device issue` and `device bind`, and that a generation is issued once.

use std::fs;

use mqward::Blob;
use serde_json::Value;

use crate::bench::{Bench, unhex};

const EXPORT: &str = "device export --root root.key --client-id device-0123456789ab";
const ISSUE: &str = "device issue --root root.key --prefix device-";

fn lines(bench: &Bench, file: &str) -> Vec<Value> {
    let text = String::from_utf8(bench.read(file)).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn ids(bench: &Bench, manifest: &str) -> Vec<String> {
    let ids = lines(bench, manifest);
    ids.iter()
        .map(|line| line["client_id"].as_str().unwrap().to_owned())
        .collect()
}

/// A batch of three in the folder `batch`, and a registry.
fn batch() -> (Bench, Vec<String>) {
    let bench = Bench::new();
    bench
        .run(&format!("{ISSUE} --count 3 --out batch"), "")
        .ok();
    bench.run("registry init --registry r.db", "").ok();
    let ids = ids(&bench, "batch/manifest.jsonl");
    (bench, ids)
}

const BIND: &str = "device bind --registry r.db --manifest batch/manifest.jsonl --macs macs.csv";

#[test]
fn a_generation_is_issued_once() {
    let bench = Bench::new();
    bench
        .run(&format!("{EXPORT} --generation 1 --out a"), "")
        .ok();
    // Another folder, another format: the same seeds and a boot number that may be behind.
    for other in ["--out b", "--out b.json --format json"] {
        bench
            .run(&format!("{EXPORT} --generation 1 {other}"), "")
            .fails(1, &["issued already", "--generation 2", "--again"]);
    }
    assert!(!bench.path("b").exists() && !bench.path("b.json").exists());
    bench
        .run(&format!("{EXPORT} --generation 2 --again x --out b"), "")
        .fails(1, &["never issued"]);
    bench
        .run(&format!("{EXPORT} --generation 5 --out b"), "")
        .ok();
    bench
        .run(&format!("{EXPORT} --generation 4 --out c"), "")
        .fails(1, &["generation 5 was issued already"]);
    bench
        .run(&format!("{EXPORT} --generation 5 --out c --again"), "")
        .fails(2, &["--again"]);
    bench
        .run(
            &format!("{EXPORT} --generation 5 --out c --again burnt"),
            "",
        )
        .ok();
    let ledger = lines(&bench, "issued.jsonl");
    assert_eq!(ledger.len(), 3);
    assert_eq!(
        (&ledger[2]["again"], &ledger[1]["again"]),
        (&"burnt".into(), &Value::Null)
    );
    assert!(!bench.leaks(bench.read("issued.jsonl")));
    // Another client id has nothing to do with it.
    let other = EXPORT.replace("ab", "ac");
    bench
        .run(&format!("{other} --generation 1 --out d"), "")
        .ok();
}

#[test]
fn a_ledger_that_cannot_be_read_issues_nothing() {
    let bench = Bench::new();
    for (text, word) in [
        ("{\"client_id\":", "torn"),
        ("nonsense\n", "issued.jsonl:1"),
        ("{\"client_id\":\"a\",\"generation\":1}\n", "issued.jsonl:1"),
    ] {
        bench.write("issued.jsonl", text);
        bench
            .run(&format!("{EXPORT} --generation 1 --out a"), "")
            .fails(3, &[word]);
        bench
            .run(&format!("{ISSUE} --count 1 --out batch"), "")
            .fails(3, &[word]);
        assert!(!bench.path("a").exists() && !bench.path("batch").exists());
    }
}

#[test]
fn a_batch_is_whole_and_its_manifest_holds_no_secret() {
    let (bench, ids) = batch();
    assert_eq!(ids.len(), 3);
    assert_eq!(bench.mode("batch"), 0o700);
    for line in lines(&bench, "batch/manifest.jsonl") {
        let id = line["client_id"].as_str().unwrap();
        assert!(id.starts_with("device-") && id.len() == 19, "{id}");
        assert_eq!(line["generation"], 1);
        let files = line["files"].as_array().unwrap();
        assert_eq!(files.len(), 2);
        for file in files {
            use sha2::Digest;
            let name = format!("batch/{}", file["name"].as_str().unwrap());
            let sum = unhex(file["sha256"].as_str().unwrap());
            assert_eq!(sha2::Sha256::digest(bench.read(&name)).to_vec(), sum);
            assert_eq!(bench.mode(&name), 0o600);
        }
        let blob = bench.read(&format!("batch/{id}.blob"));
        let blob = Blob::parse(&blob).unwrap();
        assert_eq!(blob.device().client_id(), id);
        let manifest = String::from_utf8(bench.read("batch/manifest.jsonl")).unwrap();
        for seed in [
            blob.auth_seed().expose(),
            blob.up_seed().expose(),
            blob.down_seed().expose(),
        ] {
            assert!(!manifest.contains(&base16ct::lower::encode_string(seed)));
        }
    }
    assert_eq!(
        bench.read("issued.jsonl"),
        bench.read("batch/manifest.jsonl")
    );
    // The same folder again is refused before anything is noted.
    bench
        .run(&format!("{ISSUE} --count 1 --out batch"), "")
        .fails(3, &["new folder"]);
    assert_eq!(lines(&bench, "issued.jsonl").len(), 3);
    // One of the batch cannot be exported beside it.
    let export = EXPORT.replace("device-0123456789ab", &ids[0]);
    bench
        .run(&format!("{export} --generation 1 --out x"), "")
        .fails(1, &["issued already"]);
}

#[test]
fn ids_of_ones_own_and_nvs_files() {
    let bench = Bench::new();
    let issue = "device issue --root root.key --ids - --format nvs-csv";
    bench
        .run(&format!("{issue} --out one"), "sn-1\nsn-2\n")
        .ok();
    assert_eq!(ids(&bench, "one/manifest.jsonl"), ["sn-1", "sn-2"]);
    assert!(bench.path("one/sn-2.csv").exists());
    bench
        .run(&format!("{issue} --out two"), "sn-3\nsn-2\n")
        .fails(1, &["sn-2", "issued already"]);
    assert!(!bench.path("two").exists());
    for (ids, word) in [
        ("sn-4\nsn-4\n", "-:2: this id stands above"),
        ("sn-4\na/b\n", "-:2:"),
        ("../x\n", "-:1:"),
        ("..\n", "-:1:"),
        ("", "no ids"),
    ] {
        bench
            .run(&format!("{issue} --out two"), ids)
            .fails(1, &[word]);
    }
    assert!(!bench.path("two").exists());
    bench
        .run(&format!("{issue} --out two --again lost"), "sn-2\n")
        .ok();
    bench
        .run(&format!("{ISSUE} --count 5000 --digits 4 --out x"), "")
        .fails(2, &["too few"]);
    bench
        .run("device issue --root root.key --count 5 --out x", "")
        .fails(2, &["--prefix"]);
}

#[test]
fn bind_puts_the_boards_into_the_registry() {
    let (bench, ids) = batch();
    let macs = format!(
        "client_id,hardware_id\n{},24:6f:28:a1:b2:c3\n{},246F28A1B2C4\n",
        ids[0], ids[2]
    );
    bench.write("macs.csv", macs);
    let json = bench
        .run(&format!("{BIND} --json --note line-3"), "")
        .ok()
        .json();
    assert_eq!((&json["bound"], &json["left"]), (&2.into(), &1.into()));
    let list = bench
        .run("device list --registry r.db --json", "")
        .ok()
        .lines();
    assert_eq!(list.len(), 2);
    let first = list
        .iter()
        .find(|line| line["client_id"] == ids[0].as_str());
    let first = first.unwrap();
    assert_eq!(first["generations"][0]["hardware_id"], "246f28a1b2c3");
    assert_eq!(
        (&first["note"], &first["state"]),
        (&"line-3".into(), &"active".into())
    );
    // The rest of the batch, on another day.
    bench.write(
        "macs.csv",
        format!("client_id,hardware_id\n{},246f28a1b2c5\n", ids[1]),
    );
    bench.run(BIND, "").ok();
    bench
        .run(BIND, "")
        .fails(1, &["macs.csv:2:", "in the registry already", "belongs to"]);
}

#[test]
fn bind_is_all_or_nothing() {
    let (bench, ids) = batch();
    bench
        .run("device add --registry r.db other --hw 0a0b0c0d0e0f", "")
        .ok();
    let good = format!("client_id,hardware_id\n{},246f28a1b2c3\n", ids[0]);
    let (one, two) = (&ids[1], &ids[2]);
    for (bad, words) in [
        (
            format!("{one},246f28a1b2c3\n"),
            vec!["macs.csv:3: board 246f28a1b2c3 stands on line 2"],
        ),
        (
            format!("{},246f28a1b2c4\n", ids[0]),
            vec!["macs.csv:3: id", "stands on line 2 already"],
        ),
        (
            "device-ffff,246f28a1b2c4\n".to_owned(),
            vec!["macs.csv:3:", "not in the manifest"],
        ),
        (format!("{one},\n"), vec!["macs.csv:3: no hardware id"]),
        (format!("{one},none\n"), vec!["macs.csv:3: no hardware id"]),
        (
            format!("{one},24:6f:2\n"),
            vec!["macs.csv:3:", "hexadecimal"],
        ),
        (format!("{one}\n"), vec!["macs.csv:3: a line has 2 fields"]),
        (
            format!("{one},0a0b0c0d0e0f\n"),
            vec!["macs.csv:3:", "belongs to `other`"],
        ),
        (
            format!("other,246f28a1b2c4\n{two},zz\n"),
            vec!["macs.csv:3:", "macs.csv:4:"],
        ),
    ] {
        bench.write("macs.csv", good.clone() + &bad);
        bench
            .run(BIND, "")
            .fails(1, &words)
            .fails(1, &["Nothing was bound"]);
        let list = bench
            .run("device list --registry r.db --json", "")
            .ok()
            .lines();
        assert_eq!(list.len(), 1, "{bad}");
    }
    bench.write("macs.csv", "mac,id\n");
    bench
        .run(BIND, "")
        .fails(1, &["macs.csv:1:", "client_id,hardware_id"]);
    // The board of a device that is out may be used again.
    bench.run("device revoke --registry r.db other", "").ok();
    bench.write(
        "macs.csv",
        format!("client_id,hardware_id\n{one},0a0b0c0d0e0f\n"),
    );
    bench.run(BIND, "").ok();
    fs::remove_file(bench.path("batch/manifest.jsonl")).unwrap();
    bench.run(BIND, "").fails(3, &["manifest.jsonl"]);
}
