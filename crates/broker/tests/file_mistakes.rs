//! Every mistake in a key or device file is an error with file, line and reason.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "what fails here is a failed test"
)]

use std::fs;
use std::path::Path;

use mqward::UnixTime;
use mqward_broker::{Guard, Policy, PolicyError};

/// The policy that the files belong to: the documented one.
const EXAMPLE: &str = include_str!("../examples/policy.toml");

const DEVICES: &str = "client_id,generation,hardware_id,clock
device-0123456789ab,1,246f28a1b2c3,required
device-0123456789ab,2,,optional
device-0123456789ac,255,246F28A1B2C4,none
";

fn write_private(path: &Path, text: impl AsRef<[u8]>) {
    fs::write(path, text).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    }
}

/// Opens a guard over a policy and one more file that differs from a good one.
#[allow(clippy::unwrap_in_result, reason = "what fails here is a failed test")]
fn open_with(policy: &str, name: &str, contents: &[u8]) -> Result<(), PolicyError> {
    let folder = tempfile::tempdir().unwrap();
    write_private(&folder.path().join("policy.toml"), policy);
    write_private(
        &folder.path().join("auth_root.key"),
        format!("{}\n", "5a".repeat(32)),
    );
    write_private(&folder.path().join("devices.csv"), DEVICES);
    write_private(&folder.path().join(name), contents);
    let path = folder.path().join("policy.toml");
    let opened = Guard::open(&path, UnixTime::from_secs(1_767_225_600).unwrap()).map(drop);
    assert_eq!(
        opened.is_ok(),
        Policy::read(&path)
            .and_then(|policy| policy.check_files())
            .is_ok()
    );
    opened
}

#[track_caller]
fn expect_mistake(policy: &str, name: &str, contents: &[u8], line: u64, words: &str) {
    let error = open_with(policy, name, contents).expect_err(words);
    let shown = error.to_string();
    assert_eq!(error.file().file_name().unwrap(), name, "{shown}");
    assert_eq!(error.line(), Some(line), "{shown}");
    assert!(error.reason().contains(words), "{shown}");
    assert!(shown.contains(&format!("{name}:{line}: ")), "{shown}");
}

#[test]
fn a10_mistakes_in_the_device_file() {
    assert_eq!(
        open_with(EXAMPLE, "devices.csv", DEVICES.as_bytes()),
        Ok(())
    );
    let header = "client_id,generation,hardware_id,clock\n";
    assert_eq!(
        open_with(EXAMPLE, "devices.csv", header.as_bytes()),
        Ok(()),
        "a fleet of none"
    );
    expect_mistake(EXAMPLE, "devices.csv", b"", 1, "the first line is");
    expect_mistake(EXAMPLE, "devices.csv", b"\n\n", 1, "the first line is");
    expect_mistake(
        EXAMPLE,
        "devices.csv",
        b"device-0123456789ab,1,,none\n",
        1,
        "the first line is",
    );
    let lines = [
        ("device-0123456789ab", "4 fields"),
        ("device-0123456789ab,1,246f28a1b2c3", "4 fields"),
        ("device-0123456789ab,1,246f28a1b2c3,none,x", "4 fields"),
        (",1,,none", "client id"),
        ("device-0123456789AB,1,,none", "no role"),
        ("device-0123456789ab ,1,,none", "client id"),
        ("device-+123456789ab,1,,none", "client id"),
        ("op-anna,1,,none", "role `operator`"),
        ("device-0123456789ab,0,,none", "1 to 255"),
        ("device-0123456789ab,256,,none", "1 to 255"),
        ("device-0123456789ab,+1,,none", "1 to 255"),
        ("device-0123456789ab,01,,none", "1 to 255"),
        ("device-0123456789ab,,,none", "1 to 255"),
        ("device-0123456789ab,1,24:6f,none", "hexadecimal"),
        ("device-0123456789ab,1,246,none", "hexadecimal"),
        ("device-0123456789ab,1,zz,none", "hexadecimal"),
        ("device-0123456789ab,1,,", "unknown clock"),
        ("device-0123456789ab,1,,None", "unknown clock"),
        (
            "device-0123456789ac,7,,none\ndevice-0123456789ac,7,,none",
            "already",
        ),
    ];
    for (row, words) in lines {
        let line = if row.contains('\n') { 4 } else { 3 };
        let text = format!("{header}device-0123456789ff,1,246f28a1b2c3,required\n{row}\n");
        expect_mistake(EXAMPLE, "devices.csv", text.as_bytes(), line, words);
    }
    let long = format!("{header}device-0123456789ab,1,{},none\n", "ab".repeat(33));
    expect_mistake(EXAMPLE, "devices.csv", long.as_bytes(), 2, "at most 32");
    let invalid = [header.as_bytes(), b"device-0123456789ab,1,\xff,none\n"].concat();
    expect_mistake(EXAMPLE, "devices.csv", &invalid, 2, "UTF-8");
}

#[test]
fn hardware_ids_that_would_not_count() {
    let none = EXAMPLE.replace("hardware_id = \"registry\"", "hardware_id = \"none\"");
    expect_mistake(&none, "devices.csv", DEVICES.as_bytes(), 2, "\"none\"");
    let client_id = EXAMPLE.replace("hardware_id = \"registry\"", "hardware_id = \"client-id\"");
    expect_mistake(
        &client_id,
        "devices.csv",
        DEVICES.as_bytes(),
        2,
        "not the one in the client id",
    );
    let same = "client_id,generation,hardware_id,clock\ndevice-0123456789ab,1,0123456789AB,none\n";
    assert_eq!(
        open_with(&client_id, "devices.csv", same.as_bytes()),
        Ok(())
    );
}

#[test]
fn mistakes_in_the_key_file() {
    let digits = "5a".repeat(32);
    for wrong in [
        String::new(),
        digits.clone(),
        format!("{digits}\r\n"),
        format!("{digits}\n\n"),
        format!(" {digits}\n"),
        format!("{}\n", &digits[1..]),
        format!("{digits}5a\n"),
        format!("{}\n", digits.to_uppercase()),
        format!("{}x\n", &digits[1..]),
    ] {
        expect_mistake(
            EXAMPLE,
            "auth_root.key",
            wrong.as_bytes(),
            1,
            "64 lower-case hexadecimal digits",
        );
    }
    let huge = open_with(EXAMPLE, "auth_root.key", &[b'a'; 2000]).unwrap_err();
    assert!(huge.reason().contains("longer than"), "{huge}");
    assert!(!huge.to_string().contains("aaaa"));
}

#[test]
fn mistakes_in_the_table_of_login_keys() {
    let policy = EXAMPLE.replace(
        "auth_root = \"auth_root.key\"",
        "login_keys = \"login_keys.csv\"",
    );
    let header = "client_id,generation,login_key\n";
    let key = "0f".repeat(32);
    let good = format!("{header}device-0123456789ab,1,{key}\ndevice-0123456789ab,2,{key}\n");
    assert_eq!(
        open_with(&policy, "login_keys.csv", good.as_bytes()),
        Ok(())
    );
    expect_mistake(&policy, "login_keys.csv", b"", 1, "the first line is");
    for (row, words) in [
        (String::new(), "three fields"),
        (format!("device-0123456789ab,{key}"), "three fields"),
        (format!("{key},1,device-0123456789ab"), "no role"),
        (format!("device-0123456789ab,1,{key},x"), "client id"),
        (format!("\"device-0123456789ab\",1,{key}"), "no role"),
        (format!("device-0123456789ab,0,{key}"), "1 to 255"),
        (
            format!("device-0123456789ab,1,{}", &key[1..]),
            "64 lower-case",
        ),
        (
            format!("device-0123456789ab,1,{}", key.to_uppercase()),
            "64 lower-case",
        ),
        (format!("device-0123456789ff,1,{key}"), "already"),
    ] {
        let text = format!("{header}device-0123456789ff,1,{key}\n{row}\n");
        expect_mistake(&policy, "login_keys.csv", text.as_bytes(), 3, words);
        let shown = open_with(&policy, "login_keys.csv", text.as_bytes())
            .unwrap_err()
            .to_string();
        assert!(!shown.contains("0f0f"), "{shown}");
    }
    let invalid = [header.as_bytes(), b"device-\xff,1,\n"].concat();
    expect_mistake(&policy, "login_keys.csv", &invalid, 2, "UTF-8");
}

#[test]
fn files_that_are_not_there() {
    let now = UnixTime::from_secs(1_767_225_600).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let policy = folder.path().join("policy.toml");
    for missing in ["policy.toml", "auth_root.key", "devices.csv"] {
        let error = Guard::open(&policy, now).unwrap_err();
        assert_eq!(error.file(), folder.path().join(missing));
        assert_eq!(error.line(), None);
        let contents = match missing {
            "policy.toml" => EXAMPLE.to_owned(),
            "auth_root.key" => format!("{}\n", "5a".repeat(32)),
            _ => DEVICES.to_owned(),
        };
        write_private(&folder.path().join(missing), contents);
    }
    assert!(Guard::open(&policy, now).is_ok());
    fs::remove_file(folder.path().join("auth_root.key")).unwrap();
    fs::create_dir(folder.path().join("auth_root.key")).unwrap();
    assert!(Guard::open(&policy, now).is_err(), "a folder is no key");
    fs::remove_dir(folder.path().join("auth_root.key")).unwrap();
    write_private(
        &folder.path().join("auth_root.key"),
        format!("{}\n", "5a".repeat(32)),
    );
    write_private(
        &policy,
        EXAMPLE.replace("audit.jsonl", "nowhere/audit.jsonl"),
    );
    let error = Guard::open(&policy, now).unwrap_err();
    assert_eq!(error.file(), folder.path().join("nowhere/audit.jsonl"));
}

#[test]
fn the_documented_policy_loads_with_good_files() {
    assert_eq!(
        open_with(EXAMPLE, "policy.toml", EXAMPLE.as_bytes()),
        Ok(())
    );
}
