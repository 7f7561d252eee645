//! A full disk: what cannot be written is not accepted, who is in stays, and it goes on by itself.

use mqward_testbed::{Publish, Version};

use crate::fleet::{
    ALICE, BOB, FieldDevice, Fleet, POLICY, accepted, assert_refused, farewell, message, reader,
};
use crate::system::System;

#[test]
fn without_room_for_marks_nobody_logs_in_and_nothing_is_used_up() {
    let (fleet, system) = (Fleet::new(), System::new());
    let journal = "[replay]\nfile = \"replay.journal\"";
    fleet.write("policy.toml", &POLICY.replace("[replay]", journal));
    let mut broker = system.hold(fleet.setup()).start().unwrap();
    let (mut alice, mut bob) = (FieldDevice::new(ALICE), FieldDevice::new(BOB));
    for version in Version::ALL {
        let mut reader = reader(&broker, version);
        let before = alice.connect();
        let mut wire = accepted(&broker, version, &before);
        system.fill("replay.journal");
        let waiting = bob.connect();
        for _ in 0..3 {
            assert_refused(&broker, version, &waiting);
        }
        assert_refused(&broker, version, &before);
        // Who is in, works on.
        wire.publish(&Publish::new(&format!("tx/{ALICE}/t"), "x", 0))
            .unwrap();
        assert_eq!(message(&mut reader), (format!("tx/{ALICE}/t"), b"x".into()));
        assert!(
            fleet.audit().contains(r#""reason":"unavailable""#),
            "{}",
            fleet.audit()
        );

        system.fill("");
        drop(accepted(&broker, version, &waiting));
        broker.restart().unwrap();
        for used in [&before, &waiting] {
            assert_refused(&broker, version, used);
        }
    }
    assert!(broker.is_running().unwrap());
}

#[test]
fn without_room_for_the_audit_log_the_rules_hold() {
    let (fleet, system) = (Fleet::new(), System::new());
    let metrics = "[metrics]\nfile = \"mqward.prom\"\ninterval = 1\n[audit]";
    fleet.write("policy.toml", &POLICY.replace("[audit]", metrics));
    let broker = system.hold(fleet.setup()).start().unwrap();
    let mut device = FieldDevice::new(ALICE);
    for version in Version::ALL {
        let mut reader = reader(&broker, version);
        let length = fleet.audit().len();
        system.fill("audit.jsonl");
        let connect = device.connect();
        let mut wire = accepted(&broker, version, &connect);
        assert_refused(&broker, version, &connect);
        wire.publish(&Publish::new(&format!("tx/{BOB}/t"), "x", 0))
            .unwrap();
        assert_eq!(wire.until_closed().unwrap(), Some(farewell(version)));
        assert!(reader.is_open_and_quiet().unwrap());
        assert_eq!(fleet.audit().len(), length);
        system.fill("");
        drop(device.log_in(&broker, version));
        // Whole lines again, none of them glued to a rest of a lost one.
        let audit = fleet.audit();
        assert!(audit.len() > length);
        for line in audit.lines().filter(|line| !line.is_empty()) {
            assert!(line.starts_with('{') && line.ends_with('}'), "{line}");
        }
    }
    // How many lines there should be is in the metrics.
    let lost = |text: String| {
        let line = text
            .lines()
            .find(|line| line.starts_with("mqward_audit_lines_lost_total"));
        line.is_some_and(|line| !line.ends_with(" 0"))
    };
    let path = fleet.path("mqward.prom");
    let told = (0..100).any(|_| {
        std::thread::sleep(core::time::Duration::from_millis(100));
        lost(std::fs::read_to_string(&path).unwrap_or_default())
    });
    assert!(told, "{:?}", std::fs::read_to_string(&path));
}
