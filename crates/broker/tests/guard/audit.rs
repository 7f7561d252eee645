//! What the audit log says, and what it never says.

use std::fs;

use mqward::{Clock, Publish, Reason};
use mqward_broker::LoginRequest;

use crate::test_fleet::{
    AUDIENCE, CLOCKLESS, DEVICE, HARDWARE, NOW, OTHER, TestDevice, TestFleet, auth_root, hex,
    login, login_again, login_key, now, request,
};

#[test]
fn every_login_leaves_a_line_with_its_reason() {
    let fleet = TestFleet::new();
    let guard = fleet.guard();
    let mut device = TestDevice::new(DEVICE);
    let password = device.password_at(NOW - 5);
    assert_eq!(login(&guard, DEVICE, &password, NOW), Ok(()));
    assert_eq!(login(&guard, DEVICE, &password, NOW), Err(Reason::Replayed));
    let stale = device.password_at(NOW - 500);
    assert_eq!(
        login(&guard, DEVICE, &stale, NOW),
        Err(Reason::OutsideWindow)
    );
    let _ = guard.login(&request("op-ann", "x"), now());

    let lines = fleet.audit_lines();
    assert_eq!(lines.len(), 4);
    for line in &lines {
        assert_eq!(line["event"], "login");
        assert_eq!(line["time"], NOW);
        assert_eq!(line["address"], "192.0.2.7");
    }
    assert_eq!(lines[0]["client_id"], DEVICE);
    assert_eq!(lines[0]["verdict"], "allow");
    assert_eq!(lines[0]["role"], "device");
    assert_eq!(lines[0]["skew"], -5);
    assert!(lines[0].get("reason").is_none());
    assert_eq!(lines[1]["verdict"], "refuse");
    assert_eq!(lines[1]["reason"], Reason::Replayed.code());
    assert_eq!(lines[1]["close"], true);
    assert_eq!(lines[2]["reason"], Reason::OutsideWindow.code());
    assert_eq!(lines[2]["skew"], -500);
    assert_eq!(lines[3]["verdict"], "defer");
    assert_eq!(lines[3]["role"], "person");
}

#[test]
fn refused_packets_leave_a_line_and_allowed_ones_none() {
    let fleet = TestFleet::new();
    let guard = fleet.guard();
    let id = DEVICE.as_bytes();
    assert!(
        guard
            .subscribe(id, b"rx/device-0123456789ab/cmd", None)
            .is_allowed()
    );
    let before = fleet.audit_lines().len();
    assert!(!guard.subscribe(id, b"rx/#", Some("192.0.2.7")).is_allowed());
    let publish = Publish {
        topic: b"tx/device-0123456789ac/t",
        payload: b"21.5",
        retain: false,
        packet_len: None,
    };
    assert!(!guard.publish(id, &publish, None).is_allowed());
    assert!(!guard.deliver(id, b"rx/device-0123456789ac/t").is_allowed());
    let lines = fleet.audit_lines();
    assert_eq!(lines.len(), before + 2, "deliveries are not logged");
    assert_eq!(lines[before]["event"], "subscribe");
    assert_eq!(lines[before]["topic"], "rx/#");
    assert_eq!(lines[before]["verdict"], "refuse");
    assert_eq!(lines[before + 1]["event"], "publish");
    assert_eq!(lines[before + 1]["topic"], "tx/device-0123456789ac/t");
    assert!(
        lines[before + 1]["time"].as_u64().unwrap() > u64::from(NOW),
        "the system's clock"
    );
}

#[test]
fn a30_no_password_and_no_key_ever_reaches_the_log() {
    let fleet = TestFleet::new();
    let guard = fleet.guard();
    let mut device = TestDevice::new(DEVICE);
    let mut clockless = TestDevice::new(CLOCKLESS);
    let mut passwords = vec![
        "hunter2-of-the-broker".to_owned(),
        "not a password".to_owned(),
    ];
    for round in 0..20 {
        let good = device.password_at(NOW);
        let stale = device.password_at(NOW - 100 * round);
        let free = clockless.password(Clock::None);
        for (client_id, password) in [
            (DEVICE, &good),
            (DEVICE, &good),
            (DEVICE, &stale),
            (CLOCKLESS, &free),
            (OTHER, &good),
            ("+", &good),
        ] {
            let _ = login(&guard, client_id, password, NOW);
            let _ = login_again(&guard, client_id, password, NOW);
        }
        let swapped = LoginRequest {
            user_name: Some(good.as_bytes()),
            password: Some(DEVICE.as_bytes()),
            ..request(DEVICE, &good)
        };
        let _ = guard.login(&swapped, now());
        passwords.extend([good, stale, free]);
    }
    let _ = guard.login(&request("op-ann", &passwords[0]), now());
    let _ = login(&guard, DEVICE, &passwords[1], NOW);
    let publish = Publish {
        topic: b"plain/nobody",
        payload: b"a secret payload",
        retain: false,
        packet_len: None,
    };
    let _ = guard.publish(DEVICE.as_bytes(), &publish, None);
    fleet.write("auth_root.key", &hex(auth_root().expose()));
    assert!(guard.reload(now()).is_err());

    let log = fs::read_to_string(fleet.path("audit.jsonl")).unwrap();
    let shown = format!("{log}\n{guard:?}\n{:?}", request(DEVICE, &passwords[2]));
    assert!(log.lines().count() > 100);
    let login_key = login_key(DEVICE, 1, &HARDWARE, AUDIENCE);
    let keys = [hex(auth_root().expose()), hex(login_key.expose())];
    for secret in passwords.iter().chain(&keys) {
        assert!(!shown.contains(secret.as_str()), "{secret}");
        assert!(!shown.contains(&secret[..12]), "{secret}");
    }
    assert!(!shown.contains("a secret payload"));
}

#[cfg(target_os = "linux")]
#[test]
fn a_log_that_cannot_be_written_holds_nobody_up() {
    let fleet = TestFleet::new();
    fleet.policy("audit.jsonl", "/dev/full");
    let guard = fleet.guard();
    let mut device = TestDevice::new(DEVICE);
    for lost in 1..=3 {
        assert_eq!(device.login(&guard, NOW), Ok(()));
        assert_eq!(guard.audit_failures(), lost);
    }
}
