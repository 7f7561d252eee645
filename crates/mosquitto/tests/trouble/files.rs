//! Files that are missing or wrong when the broker reloads: what was in force stays, and the log names the file.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use mqward_testbed::{Publish, Version};

use crate::fleet::{
    ALICE, BOB, FieldDevice, Fleet, POLICY, RELOADED, assert_refused, farewell, message, reader,
    reload,
};

const KEPT: &str = "the old policy stays in force";

/// Breaks something, reloads, and sees that nothing has changed but the log; then mends it.
fn assert_kept(file: &str, damage: impl Fn(&Fleet)) {
    let fleet = Fleet::new();
    let broker = fleet.start();
    let mut device = FieldDevice::new(ALICE);
    for version in Version::ALL {
        let mut reader = reader(&broker, version);
        let mut wire = device.log_in(&broker, version);
        let used = device.connect();
        drop(crate::fleet::accepted(&broker, version, &used));
        assert!(wire.until_closed().unwrap().is_some());
        let kept = fs::read(fleet.path(file)).unwrap();
        damage(&fleet);
        reload(&broker, KEPT);
        let log = broker.log();
        let line = log.lines().rfind(|line| line.contains(KEPT)).unwrap();
        assert!(line.contains(file), "{line}");

        // Keys, devices, rules and used passwords are as they were.
        let mut wire = device.log_in(&broker, version);
        assert_refused(&broker, version, &used);
        wire.publish(&Publish::new(&format!("tx/{ALICE}/t"), "x", 0))
            .unwrap();
        assert_eq!(message(&mut reader), (format!("tx/{ALICE}/t"), b"x".into()));
        wire.publish(&Publish::new(&format!("tx/{BOB}/t"), "x", 0))
            .unwrap();
        assert_eq!(wire.until_closed().unwrap(), Some(farewell(version)));
        assert!(reader.is_open_and_quiet().unwrap());

        let path = fleet.path(file);
        if path.is_dir() {
            fs::remove_dir(&path).unwrap();
        }
        fleet.write(file, core::str::from_utf8(&kept).unwrap());
        reload(&broker, RELOADED);
    }
}

#[test]
fn a_policy_that_is_gone_changes_nothing() {
    assert_kept("policy.toml", |fleet| {
        fs::remove_file(fleet.path("policy.toml")).unwrap();
    });
}

#[test]
fn a_policy_that_cannot_be_read_changes_nothing() {
    assert_kept("policy.toml", |fleet| {
        fs::remove_file(fleet.path("policy.toml")).unwrap();
        fs::create_dir(fleet.path("policy.toml")).unwrap();
    });
}

#[test]
fn a_policy_that_was_cut_off_changes_nothing() {
    assert_kept("policy.toml", |fleet| {
        let half = POLICY.split_at(POLICY.rfind("chars").unwrap()).0;
        fleet.write("policy.toml", half);
    });
}

#[test]
fn a_key_that_is_gone_changes_nothing() {
    assert_kept("auth_root.key", |fleet| {
        fs::remove_file(fleet.path("auth_root.key")).unwrap();
    });
}

#[test]
fn a_key_that_others_may_read_changes_nothing() {
    assert_kept("auth_root.key", |fleet| {
        let mode = Permissions::from_mode(0o644);
        fs::set_permissions(fleet.path("auth_root.key"), mode).unwrap();
    });
}

#[test]
fn a_key_that_is_none_changes_nothing() {
    assert_kept("auth_root.key", |fleet| fleet.write("auth_root.key", "7\n"));
}

#[test]
fn a_device_file_with_a_mistake_changes_nothing() {
    assert_kept("devices.csv", |fleet| {
        let header = "client_id,generation,hardware_id,clock\n";
        fleet.write("devices.csv", &format!("{header}{ALICE},256,,required\n"));
    });
}
