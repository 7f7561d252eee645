//! No room, no right to write, and damage: every command says so, ends with 3, and leaves what was there.

use std::fs;
use std::process::Command;

use crate::bench::{Bench, HW, ID, Ran, ran};

/// Runs the command where no file may grow beyond so many blocks of 512 bytes.
fn run_in(bench: &Bench, blocks: u32, args: &str) -> Ran {
    let command = format!(
        "trap '' XFSZ; ulimit -f {blocks}; exec {} {args}",
        env!("CARGO_BIN_EXE_mqward")
    );
    let output = Command::new("sh")
        .args(["-c", &command])
        .current_dir(bench.path(""))
        .output()
        .unwrap();
    ran(output)
}

/// Every file with its contents.
fn files(bench: &Bench) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = fs::read_dir(bench.path(""))
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.file_type().unwrap().is_file())
        .map(|entry| {
            let name = entry.file_name().into_string().unwrap();
            (name, fs::read(entry.path()).unwrap())
        })
        .collect();
    files.sort();
    files
}

#[test]
fn without_room_no_key_blob_or_password_is_made_by_halves() {
    let bench = Bench::new();
    let before = files(&bench);
    let export = format!("device export --root root.key --client-id {ID} --generation 1 --out .");
    let password = format!(
        "password --root root.key --client-id {ID} --generation 1 --hw {HW} \
         --audience mqtt.example.com --boot-record boot"
    );
    for args in [
        "fleet init --dir keys",
        export.as_str(),
        "registry init --registry r.db",
        "replay init --store replay.journal",
    ] {
        let failed = run_in(&bench, 0, args);
        assert_eq!(failed.code, 3, "{args}: {}", failed.stderr);
        assert!(
            failed.stderr.contains("File too large") || failed.stderr.contains("disk"),
            "{args}: {}",
            failed.stderr
        );
        assert_eq!(failed.text(), "", "{args}");
    }
    // The counter could not be written, so nothing may leave the command that it was for.
    let failed = run_in(&bench, 0, &password);
    assert_eq!((failed.code, failed.text()), (3, ""), "{}", failed.stderr);
    let left: Vec<_> = files(&bench)
        .into_iter()
        .filter(|(name, contents)| {
            !before.contains(&(name.clone(), contents.clone())) && !contents.is_empty()
        })
        .map(|(name, _)| name)
        .collect();
    assert_eq!(left, [""; 0], "half a file");
}

#[test]
fn a_registry_without_room_or_rights_stays_as_it_was() {
    let bench = Bench::new();
    bench.run("registry init --registry r.db", "").ok();
    let add = format!("device add --registry r.db {ID} --hw {HW}");
    bench.run(&add, "").ok();
    let many: String = (0..20_000).map(|n| format!("device-{n:012x}\n")).collect();
    bench.write("many.csv", format!("client_id\n{many}"));
    let import = "device import --registry r.db many.csv";
    let failed = run_in(&bench, 400, import);
    assert_eq!(failed.code, 3, "{}", failed.stderr);
    assert!(failed.stderr.contains("r.db"), "{}", failed.stderr);
    let failed = run_in(&bench, 8, "registry backup --registry r.db copy.db");
    assert_eq!(failed.code, 3, "{}", failed.stderr);
    assert!(!bench.path("copy.db").exists(), "half a copy");
    let list = |bench: &Bench| {
        let list = bench.run("device list --registry r.db --json", "").ok();
        list.lines().len()
    };
    assert_eq!(list(&bench), 1, "all or nothing");
    bench.run(import, "").ok();
    assert_eq!(list(&bench), 20_001);

    // As a user who may read it, and no more.
    let program = bench.path("mqward");
    fs::copy(env!("CARGO_BIN_EXE_mqward"), &program).unwrap();
    for (name, mode) in [
        ("r.db", 0o444),
        ("r.db-wal", 0o444),
        ("r.db-shm", 0o444),
        ("mqward", 0o755),
        ("", 0o555),
    ] {
        bench.chmod(name, mode);
    }
    let id = Command::new("id").arg("-u").output().unwrap();
    let as_other = |args: &str| {
        let mut command = if id.stdout == b"0\n" {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]);
            command.arg(&program);
            command
        } else {
            Command::new(&program)
        };
        ran(command
            .args(args.split_whitespace())
            .current_dir(bench.path(""))
            .output()
            .unwrap())
    };
    let revoke = format!("device revoke --registry r.db {ID}");
    as_other(&revoke).fails(3, &["r.db", "may not be written"]);
    let show = as_other(&format!("device show --registry r.db {ID} --json")).ok();
    assert_eq!(show.json()["state"], "active");
    bench.chmod("", 0o755);
}

#[test]
fn a_damaged_store_is_named_and_left_alone() {
    let bench = Bench::new();
    bench.run("replay init --store replay.journal", "").ok();
    bench.run("registry init --registry r.db", "").ok();
    bench
        .run("registry backup --registry r.db copy.db", "")
        .ok();
    for (file, args) in [
        ("replay.journal", "replay export --store replay.journal"),
        ("copy.db", "device list --registry copy.db"),
        ("copy.db", "registry backup --registry copy.db another.db"),
        ("copy.db", "registry restore --registry new.db copy.db"),
    ] {
        let mut bytes = bench.read(file);
        bytes[3] ^= 0x20;
        bench.write(file, &bytes);
        bench.run(args, "").fails(3, &[file]);
        assert_eq!(bench.read(file), bytes);
        bytes[3] ^= 0x20;
        bench.write(file, &bytes);
    }
}
