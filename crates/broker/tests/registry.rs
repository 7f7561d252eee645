//! The registry as a command uses it.

#![allow(
    clippy::unwrap_used,
    clippy::unwrap_in_result,
    clippy::panic,
    reason = "what fails here is a failed test"
)]

use std::fs;
use std::path::PathBuf;

use mqward::{Access, AuthSeed, Effect, Generation, UnixTime};
use mqward_broker::{DeviceClock, DeviceRule, DeviceStage, NewDevice, Registry, RegistryError};
use tempfile::TempDir;

const DEVICE: &str = "device-0123456789ab";
const BOARD: [u8; 6] = [0x24, 0x6f, 0x28, 0xa1, 0xb2, 0xc3];

fn at(secs: u64) -> UnixTime {
    UnixTime::from_secs(1_767_225_600 + secs).unwrap()
}

fn generation(number: u8) -> Generation {
    Generation::new(number).unwrap()
}

fn registry() -> (TempDir, PathBuf, Registry) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("registry.db");
    let mut registry = Registry::create(&path).unwrap();
    registry
        .add(&NewDevice::new(DEVICE, &BOARD), at(0))
        .unwrap();
    (folder, path, registry)
}

fn accepted(registry: &Registry) -> Vec<u8> {
    let device = registry.get(DEVICE).unwrap().unwrap();
    device
        .accepted()
        .map(|entry| entry.generation.get())
        .collect()
}

#[test]
fn what_was_added_is_there_after_opening_anew() {
    let (_folder, path, mut registry) = registry();
    let full = NewDevice {
        client_id: "gateway-1",
        generation: generation(7),
        hardware_id: &[],
        auth_seed: Some(AuthSeed::from_bytes([0x5e; 32])),
        clock: DeviceClock::None,
        stage: DeviceStage::Legacy,
        role: Some("gateway"),
        topic_id: Some("device-0123456789ff"),
        note: "roof, \"left\"",
    };
    registry.add(&full, at(5)).unwrap();
    drop(registry);
    let registry = Registry::open_read_only(&path).unwrap();
    assert_eq!(registry.count(), Ok(2));
    let device = registry.get("gateway-1").unwrap().unwrap();
    assert_eq!(
        (device.clock, device.stage),
        (DeviceClock::None, DeviceStage::Legacy)
    );
    assert_eq!(device.role.as_deref(), Some("gateway"));
    assert_eq!(device.topic_id.as_deref(), Some("device-0123456789ff"));
    assert_eq!(device.note, "roof, \"left\"");
    assert_eq!((device.created, device.changed), (at(5), at(5)));
    assert_eq!(device.generations.len(), 1);
    assert_eq!(device.generations[0].generation, generation(7));
    assert!(device.generations[0].has_seed);
    assert!(device.generations[0].hardware_id.is_empty());
    assert!(registry.holds_seeds().unwrap());
    assert_eq!(registry.get("device-0").unwrap(), None);
    let first = registry.get(DEVICE).unwrap().unwrap();
    assert_eq!(first.generations[0].hardware_id, BOARD);
    assert_eq!(
        (first.clock, first.stage),
        (DeviceClock::Required, DeviceStage::Sealed)
    );
}

#[test]
fn a_generation_is_never_issued_twice_and_255_retires() {
    let (_folder, _path, mut registry) = registry();
    assert_eq!(
        registry.rotate(DEVICE, None, None, at(1)),
        Ok(generation(2))
    );
    assert_eq!(
        accepted(&registry),
        [1, 2],
        "until the first login with the new one"
    );
    registry
        .revoke_generation(DEVICE, generation(2), at(2))
        .unwrap();
    assert_eq!(accepted(&registry), [1]);
    let other_board = [9; 6];
    assert_eq!(
        registry.rotate(DEVICE, Some(&other_board), None, at(3)),
        Ok(generation(3))
    );
    let device = registry.get(DEVICE).unwrap().unwrap();
    assert_eq!(device.generations[1].hardware_id, BOARD);
    assert_eq!(device.generations[2].hardware_id, other_board);
    for number in 4..=255 {
        assert_eq!(
            registry.rotate(DEVICE, None, None, at(4)),
            Ok(generation(number))
        );
    }
    let used_up = RegistryError::GenerationsUsedUp {
        client_id: DEVICE.to_owned(),
    };
    assert_eq!(registry.rotate(DEVICE, None, None, at(5)), Err(used_up));
    assert!(matches!(
        registry.add(&NewDevice::new(DEVICE, &BOARD), at(6)),
        Err(RegistryError::DeviceExists { .. })
    ));
    assert_eq!(
        registry.get(DEVICE).unwrap().unwrap().changed,
        at(4),
        "a change that failed is none"
    );
}

#[test]
fn a_revocation_has_a_time_and_a_note_and_can_be_taken_back() {
    let (_folder, _path, mut registry) = registry();
    registry.revoke(DEVICE, "stolen", at(10)).unwrap();
    registry.revoke(DEVICE, "again", at(20)).unwrap();
    let revoked = registry.get(DEVICE).unwrap().unwrap().revoked.unwrap();
    assert_eq!((revoked.time, revoked.note.as_str()), (at(10), "stolen"));
    assert!(accepted(&registry).is_empty());
    registry.unrevoke(DEVICE, at(30)).unwrap();
    assert_eq!(accepted(&registry), [1]);
    let unknown = RegistryError::UnknownDevice {
        client_id: "nobody".to_owned(),
    };
    assert_eq!(registry.revoke("nobody", "", at(40)), Err(unknown));
    assert!(matches!(
        registry.revoke_generation(DEVICE, generation(2), at(40)),
        Err(RegistryError::UnknownGeneration { generation: 2, .. })
    ));
}

#[test]
fn everything_about_a_device_can_be_changed_but_its_name() {
    let (_folder, _path, mut registry) = registry();
    let rules = [
        DeviceRule {
            effect: Effect::Allow,
            access: Access::Publish,
            pattern: "tx/%c/#".to_owned(),
            sealed: true,
        },
        DeviceRule {
            effect: Effect::Deny,
            access: Access::Subscribe,
            pattern: "rx/+/x".to_owned(),
            sealed: false,
        },
    ];
    registry
        .set_clock(DEVICE, DeviceClock::Optional, at(1))
        .unwrap();
    registry
        .set_stage(DEVICE, DeviceStage::Login, at(1))
        .unwrap();
    registry.set_role(DEVICE, Some("gateway"), at(1)).unwrap();
    registry
        .set_topic_id(DEVICE, Some("device-x"), at(1))
        .unwrap();
    registry.set_note(DEVICE, "in the cellar", at(1)).unwrap();
    registry
        .set_hardware_id(DEVICE, generation(1), &[1, 2], at(1))
        .unwrap();
    registry.set_rules(DEVICE, &rules, at(2)).unwrap();
    let device = registry.get(DEVICE).unwrap().unwrap();
    assert_eq!(
        (device.clock, device.stage),
        (DeviceClock::Optional, DeviceStage::Login)
    );
    assert_eq!(device.role.as_deref(), Some("gateway"));
    assert_eq!(device.topic_id.as_deref(), Some("device-x"));
    assert_eq!(device.note, "in the cellar");
    assert_eq!(device.generations[0].hardware_id, [1, 2]);
    assert_eq!(device.rules, rules);
    assert_eq!((device.created, device.changed), (at(0), at(2)));
    registry.set_rules(DEVICE, &rules[1..], at(3)).unwrap();
    registry.set_topic_id(DEVICE, None, at(3)).unwrap();
    let device = registry.get(DEVICE).unwrap().unwrap();
    assert_eq!((device.rules.len(), device.topic_id), (1, None));

    let sealed_subscribe = DeviceRule {
        sealed: true,
        ..rules[1].clone()
    };
    let no_pattern = DeviceRule {
        pattern: "tx/#/x".to_owned(),
        ..rules[0].clone()
    };
    for wrong in [
        registry.set_topic_id(DEVICE, Some("a/b"), at(4)),
        registry.set_topic_id(DEVICE, Some(""), at(4)),
        registry.set_hardware_id(DEVICE, generation(1), &[0; 33], at(4)),
        registry.set_rules(DEVICE, &[sealed_subscribe], at(4)),
        registry.set_rules(DEVICE, &[no_pattern], at(4)),
        registry.add(&NewDevice::new("a/b", &[]), at(4)),
        registry.add(&NewDevice::new("", &[]), at(4)),
        registry.add(&NewDevice::new(&"x".repeat(256), &[]), at(4)),
        registry.add(&NewDevice::new("device-new", &[0; 33]), at(4)),
    ] {
        assert!(
            matches!(wrong, Err(RegistryError::Invalid { .. })),
            "{wrong:?}"
        );
    }
    assert_eq!(registry.count(), Ok(1), "what failed left nothing behind");
}

#[test]
fn lists_come_in_pages() {
    let (_folder, _path, mut registry) = registry();
    let mut csv = "client_id\n".to_owned();
    for number in 0..1_234 {
        csv.push_str(&format!("device-{number:012x}\n"));
    }
    assert_eq!(registry.import_csv(csv.as_bytes(), at(1)), Ok(1_234));
    let ids: Vec<String> = registry
        .iter()
        .map(|device| device.unwrap().client_id)
        .collect();
    assert_eq!(ids.len(), 1_235);
    assert!(ids.is_sorted());
    let page = registry.list(Some("device-00000000000f"), 2).unwrap();
    assert_eq!(page[0].client_id, "device-000000000010");
    assert_eq!(page.len(), 2);
}

#[test]
fn an_import_is_all_or_nothing() {
    let (_folder, _path, mut registry) = registry();
    let good = "client_id,generation,hardware_id,clock\n\
        device-0123456789a1,1,246f28a1b2c3,required\n\
        device-0123456789a1,2,,required\n\
        device-0123456789a2,255,,none\n";
    let wrong = format!(
        "{good}device-0123456789a2,255,,none\ndevice-0123456789a3,0,,none\nb/c,1,,none\n\
         {DEVICE},1,,none\ndevice-0123456789a4,1,zz,none\ndevice-0123456789a5,1,,late\ndevice-0123456789a6,1\n"
    );
    let Err(RegistryError::Lines(lines)) = registry.import_csv(wrong.as_bytes(), at(1)) else {
        panic!("imported");
    };
    let shown: Vec<_> = lines
        .iter()
        .map(|line| (line.line, line.reason.as_str()))
        .collect();
    assert_eq!(shown.len(), 7, "{shown:?}");
    for ((line, reason), (expected, words)) in shown.iter().zip([
        (5, "listed already"),
        (6, "1 to 255"),
        (7, "client id"),
        (8, "exists already"),
        (9, "hexadecimal"),
        (10, "unknown clock"),
        (11, "2 fields"),
    ]) {
        assert_eq!(*line, expected, "{reason}");
        assert!(reason.contains(words), "{reason}");
    }
    assert_eq!(registry.count(), Ok(1));
    assert_eq!(registry.import_csv(good.as_bytes(), at(2)), Ok(3));
    assert_eq!(registry.count(), Ok(3));
    let device = registry.get("device-0123456789a1").unwrap().unwrap();
    assert_eq!(device.generations.len(), 2);
    assert_eq!(device.generations[0].hardware_id, BOARD);

    let other_columns = "note,client_id,stage\n\"a, b\",device-0123456789a9,legacy\n";
    assert_eq!(registry.import_csv(other_columns.as_bytes(), at(3)), Ok(1));
    let device = registry.get("device-0123456789a9").unwrap().unwrap();
    assert_eq!(
        (device.note.as_str(), device.stage),
        ("a, b", DeviceStage::Legacy)
    );
    for (text, words) in [
        ("", "client_id"),
        ("generation\n1\n", "client_id"),
        ("client_id,client_id\n", "twice"),
        ("client_id,secret\n", "column 2"),
    ] {
        let error = registry.import_csv(text.as_bytes(), at(4)).unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[test]
fn a_public_export_has_no_secrets_and_no_notes() {
    let (_folder, _path, mut registry) = registry();
    let seeded = NewDevice {
        auth_seed: Some(AuthSeed::from_bytes([0x5e; 32])),
        note: "private",
        ..NewDevice::new("device-2", &[])
    };
    registry.add(&seeded, at(0)).unwrap();
    registry.revoke("device-2", "also private", at(1)).unwrap();
    let mut output = Vec::new();
    assert_eq!(registry.export_public(&mut output), Ok(2));
    let text = String::from_utf8(output).unwrap();
    let lines: Vec<serde_json::Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines[0]["client_id"], DEVICE);
    assert_eq!(lines[0]["generations"][0]["hardware_id"], "246f28a1b2c3");
    assert_eq!(lines[0]["revoked"], false);
    assert_eq!(lines[1]["revoked"], true);
    assert!(!text.contains("private") && !text.contains("5e5e"));
}

#[test]
fn files_that_are_no_registry() {
    let (folder, path, registry) = registry();
    assert!(Registry::create(&path).is_err(), "never over an old one");
    drop(registry);
    let other = folder.path().join("other.db");
    assert!(matches!(
        Registry::open(&other),
        Err(RegistryError::File { .. })
    ));
    fs::write(&other, "client_id,generation\n".repeat(100)).unwrap();
    assert!(matches!(
        Registry::open(&other),
        Err(RegistryError::NoRegistry { .. })
    ));
    fs::write(&other, "").unwrap();
    assert!(matches!(
        Registry::open_read_only(&other),
        Err(RegistryError::NoRegistry { .. })
    ));
    // The file without its log is whole when nobody has it open.
    fs::copy(&path, &other).unwrap();
    assert_eq!(Registry::open(&other).unwrap().count(), Ok(1));
    for log in ["other.db-wal", "other.db-shm"] {
        fs::remove_file(folder.path().join(log)).unwrap();
    }
    let mut bytes = fs::read(&path).unwrap();
    // user_version, SQLite file format §1.3.
    bytes[60..64].copy_from_slice(&2_i32.to_be_bytes());
    fs::write(&other, &bytes).unwrap();
    assert!(matches!(
        Registry::open(&other),
        Err(RegistryError::Version { found: 2, .. })
    ));
}

#[test]
fn a_reader_changes_nothing() {
    let (_folder, path, _registry) = registry();
    let mut reader = Registry::open_read_only(&path).unwrap();
    assert!(matches!(
        reader.revoke(DEVICE, "", at(1)),
        Err(RegistryError::File { .. })
    ));
}

#[cfg(unix)]
#[test]
fn a_new_registry_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;

    let (folder, _path, _registry) = registry();
    for entry in fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{:?}", entry.file_name());
    }
}

#[test]
fn a_copy_is_whole_private_and_can_be_put_back() {
    let (folder, path, mut registry) = registry();
    let copy = folder.path().join("copy.db");
    // A reader in the middle of its work, as a broker is.
    let reader = Registry::open_read_only(&path).unwrap();
    let mut devices = reader.iter();
    registry.back_up(&copy).unwrap();
    assert!(devices.next().is_some());
    assert!(!folder.path().join("copy.db-wal").exists(), "one file");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(&copy).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let bytes = fs::read(&copy).unwrap();
    let error = registry.back_up(&copy).unwrap_err().to_string();
    assert!(
        error.contains("copy.db") && error.contains("exists"),
        "{error}"
    );
    assert_eq!(fs::read(&copy).unwrap(), bytes, "never over another one");

    registry.revoke(DEVICE, "stolen", at(9)).unwrap();
    let error = Registry::restore(&copy, &path).unwrap_err().to_string();
    assert!(error.contains("registry.db"), "{error}");
    assert!(accepted(&registry).is_empty(), "nor over a registry");
    // The log of an old registry, which would be applied to the new one.
    drop((registry, devices));
    drop(reader);
    fs::remove_file(&path).unwrap();
    let error = Registry::restore(&copy, &path).unwrap_err().to_string();
    assert!(error.contains("-wal") || error.contains("-shm"), "{error}");
    for suffix in ["-wal", "-shm"] {
        drop(fs::remove_file(
            folder.path().join(format!("registry.db{suffix}")),
        ));
    }
    let restored = Registry::restore(&copy, &path).unwrap();
    assert_eq!(accepted(&restored), [1], "as it was");
    drop(restored);
    let mut again = Registry::open(&path).unwrap();
    again.revoke(DEVICE, "stolen", at(10)).unwrap();
    assert_eq!(fs::read(&copy).unwrap(), bytes);
}

#[test]
fn of_a_damaged_registry_no_copy_is_left() {
    let (folder, path, mut registry) = registry();
    let many: String = (0..2_000)
        .map(|number| format!("device-{number:012x}\n"))
        .collect();
    registry
        .import_csv(format!("client_id\n{many}").as_bytes(), at(1))
        .unwrap();
    let whole = folder.path().join("whole.db");
    registry.back_up(&whole).unwrap();
    drop(registry);
    let bytes = fs::read(&whole).unwrap();
    let mut found = 0;
    for at in (200..bytes.len()).step_by(1_999) {
        let mut damaged = bytes.clone();
        damaged[at..(at + 64).min(bytes.len())].fill(0xa5);
        fs::remove_file(&path).unwrap();
        for suffix in ["-wal", "-shm"] {
            drop(fs::remove_file(
                folder.path().join(format!("registry.db{suffix}")),
            ));
        }
        fs::write(&path, damaged).unwrap();
        let copy = folder.path().join("copy.db");
        let made = Registry::open_read_only(&path).and_then(|registry| registry.back_up(&copy));
        // Not every byte of a file of SQLite means anything.
        match made {
            Ok(()) => fs::remove_file(&copy).unwrap(),
            Err(_) => {
                found += 1;
                assert!(!copy.exists(), "{at}");
            }
        }
        let restored = folder.path().join("restored.db");
        if Registry::restore(&path, &restored).is_err() {
            assert!(!restored.exists(), "{at}");
        }
        for suffix in ["", "-wal", "-shm"] {
            drop(fs::remove_file(
                folder.path().join(format!("restored.db{suffix}")),
            ));
        }
    }
    assert!(found > 20, "{found}");
}
