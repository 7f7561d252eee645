//! Counters, and the file that they go to.

use std::fs;

use mqward::Publish;

use crate::test_fleet::{DEVICE, NOW, POLICY, TestDevice, TestFleet, eventually, login};

#[test]
fn a_file_for_prometheus_is_written_and_replaced_whole() {
    let fleet = TestFleet::new();
    let metrics = "[metrics]\nfile = \"mqward.prom\"\ninterval = 1\n[audit]";
    fleet.write("policy.toml", &POLICY.replace("[audit]", metrics));
    let guard = fleet.guard();
    let mut device = TestDevice::new(DEVICE);
    let used = device.password_at(NOW);
    let _ = login(&guard, DEVICE, &used, NOW);
    let _ = login(&guard, DEVICE, &used, NOW);
    let _ = guard.deliver(DEVICE.as_bytes(), b"rx/x");
    let topic = format!("plain/{DEVICE}");
    let packet = Publish {
        topic: topic.as_bytes(),
        payload: b"",
        retain: false,
        packet_len: None,
    };
    let _ = guard.publish(DEVICE.as_bytes(), &packet, None);
    let path = fleet.path("mqward.prom");
    let text = || fs::read_to_string(&path).unwrap_or_default();
    eventually(|| text().contains("mqward_logins_total{outcome=\"admit\",reason=\"\"} 1\n"));
    for line in [
        "mqward_logins_total{outcome=\"refuse\",reason=\"replayed\"} 1\n",
        "mqward_verdicts_total{action=\"publish\",verdict=\"allow\",reason=\"\"} 1\n",
        "mqward_verdicts_total{action=\"deliver\",verdict=\"refuse\",reason=\"not-allowed\"} 1\n",
        "mqward_store_seconds_count 2\n",
        "mqward_store_seconds_bucket{le=\"+Inf\"} 2\n",
        "mqward_store_seconds_bucket{le=\"0.001\"} 2\n",
    ] {
        assert!(text().contains(line), "{line}{}", text());
    }
    for line in text().lines().filter(|line| !line.starts_with('#')) {
        let (name, value) = line.rsplit_once(' ').unwrap();
        assert!(
            name.starts_with("mqward_") && value.parse::<f64>().is_ok(),
            "{line}"
        );
    }
    device.login(&guard, NOW).unwrap();
    drop(guard);
    assert!(
        text().contains("outcome=\"admit\",reason=\"\"} 2\n"),
        "also at the end"
    );
    assert!(!fleet.path("mqward.prom.new").exists());
}

#[test]
fn a_log_that_was_moved_away_goes_on_in_a_new_file() {
    let fleet = TestFleet::new();
    let guard = fleet.guard();
    let mut device = TestDevice::new(DEVICE);
    device.login(&guard, NOW).unwrap();
    fs::rename(fleet.path("audit.jsonl"), fleet.path("audit.jsonl.1")).unwrap();
    device.login(&guard, NOW).unwrap();
    eventually(|| fleet.path("audit.jsonl").exists());
    device.login(&guard, NOW).unwrap();
    let old = fs::read_to_string(fleet.path("audit.jsonl.1")).unwrap();
    assert_eq!((old.lines().count(), fleet.audit_lines().len()), (2, 1));
    assert_eq!(guard.audit_failures(), 0);
}
