//! The gate behind the guard: publish, subscribe, deliver.

use mqward::Publish;

use crate::test_fleet::{DEVICE, TestFleet};

#[test]
fn rules_of_the_policy_decide() {
    let fleet = TestFleet::new();
    let guard = fleet.guard();
    let id = DEVICE.as_bytes();
    let publish = |topic: &str, payload: &[u8]| {
        guard
            .publish(
                id,
                &Publish {
                    topic: topic.as_bytes(),
                    payload,
                    retain: false,
                    packet_len: None,
                },
                None,
            )
            .is_allowed()
    };
    // Live, generation 1, sender 0, some time, boot 1, count 0; the tag is not the broker's to check.
    let mut sealed = [0; 30];
    sealed[0] = 0x10;
    sealed[1] = 1;
    sealed[3..11].copy_from_slice(&[0x69, 0x55, 0xb9, 0, 0, 0, 0, 1]);
    assert!(publish("tx/device-0123456789ab/t", &sealed));
    assert!(!publish("tx/device-0123456789ab/t", b"21.5"), "not sealed");
    assert!(publish("plain/device-0123456789ab", b"21.5"));
    assert!(!publish("plain/device-0123456789ac", b"21.5"));
    assert!(!publish("plain/device-0123456789ab", &[0; 4097]));

    let subscribe = |filter: &str| guard.subscribe(id, filter.as_bytes(), None).is_allowed();
    assert!(subscribe("rx/device-0123456789ab/cmd"));
    assert!(subscribe("$share/g/rx/device-0123456789ab/cmd"));
    for filter in [
        "#",
        "rx/#",
        "rx/+/cmd",
        "rx/device-0123456789ab/#",
        "$share/g/#",
        "$SYS/#",
        "rx/device-0123456789ac/cmd",
    ] {
        assert!(!subscribe(filter), "{filter}");
    }
    assert!(
        guard
            .deliver(id, b"rx/device-0123456789ab/cmd")
            .is_allowed()
    );
    assert!(
        !guard
            .deliver(id, b"rx/device-0123456789ab/secret/x")
            .is_allowed()
    );
    assert!(
        !guard
            .deliver(id, b"rx/device-0123456789ac/cmd")
            .is_allowed()
    );
}

#[test]
fn refusals_explain_themselves() {
    let fleet = TestFleet::new();
    let guard = fleet.guard();
    let verdict = guard.subscribe(DEVICE.as_bytes(), b"rx/+/cmd", None);
    let explained = guard.explain(&verdict);
    assert!(
        explained.contains("device") && explained.contains("rx/%c/#"),
        "{explained}"
    );
}

#[test]
fn a_review_says_what_a_publish_would_and_leaves_no_trace() {
    let fleet = TestFleet::new();
    let guard = fleet.guard();
    let id = DEVICE.as_bytes();
    let packet = |topic: &'static str, payload: &'static [u8]| Publish {
        topic: topic.as_bytes(),
        payload,
        retain: true,
        packet_len: None,
    };
    let packets = [
        packet("plain/device-0123456789ab", b"21.5"),
        packet("plain/device-0123456789ac", b"21.5"),
        packet("tx/device-0123456789ab/t", b"21.5"),
        packet("plain/+", b""),
    ];
    let before = (fleet.audit_lines().len(), guard.metrics());
    // More often than a client may be closed for one topic: a publish would be spared from then on.
    for _ in 0..1_000 {
        for packet in &packets {
            assert_eq!(guard.review(id, packet), guard.review(id, packet));
            assert!(!guard.review(b"stranger", packet).is_allowed());
        }
    }
    assert_eq!((fleet.audit_lines().len(), guard.metrics()), before);
    for packet in &packets {
        assert_eq!(
            guard.review(id, packet),
            guard.publish(id, packet, None),
            "{packet:?}"
        );
        assert!(!guard.review(b"stranger", packet).is_allowed());
    }
    assert!(guard.review(id, &packets[0]).is_allowed());
    assert!(
        packets[1..]
            .iter()
            .all(|packet| !guard.review(id, packet).is_allowed())
    );
}
