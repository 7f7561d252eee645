//! PUBLISH: size, name, rules, shape.

use mqward::{Limit, Publish, Reason, SyntaxError, Why};

use crate::policy::{DEVICE, LENIENT, PERSON, REPORTED, code, publish, sealed, with_gate};

#[test]
fn own_topics_and_no_others() {
    with_gate(|gate| {
        let sealed = sealed();
        for (topic, expected) in [
            (&b"tx/device-0123456789ab/t"[..], "allowed"),
            (b"tx/device-0123456789ab", "allowed"),
            (b"tx/device-0123456789ab/a/b/c", "allowed"),
            (b"log/device-0123456789ab", "allowed"),
            (b"log/device-0123456789ab/x", "not-allowed"),
            (b"tx/device-000000000000/t", "not-allowed"),
            (b"tx/device-0123456789abc/t", "not-allowed"),
            (b"tx/%c/t", "not-allowed"),
            (b"tx", "not-allowed"),
            (b"/tx/device-0123456789ab/t", "not-allowed"),
            (b"rx/device-0123456789ab/t", "not-allowed"),
            (b"$SYS/t", "not-allowed"),
            (b"$share/g/tx/device-0123456789ab/t", "not-allowed"),
            (b"tx/device-0123456789ab/forbidden", "denied"),
        ] {
            let verdict = gate.publish(DEVICE, &publish(topic, &sealed, false));
            assert_eq!(code(&verdict), expected, "{}", topic.escape_ascii());
            assert_eq!(verdict.is_allowed(), expected == "allowed");
            // MQTT 3.1.1 has no code for it.
            assert_eq!(verdict.v3(), 0);
            assert_eq!(verdict.v5(), if verdict.is_allowed() { 0 } else { 0x87 });
            assert_eq!(verdict.close(), !verdict.is_allowed());
            assert!(verdict.why().is_some());
        }
    });
}

#[test]
fn verdict_names_rule_and_level() {
    with_gate(|gate| {
        let why = |topic| {
            gate.publish(DEVICE, &publish(topic, &sealed(), false))
                .why()
        };
        let allowed = Some(Why::AllowedBy { rule: 0 });
        assert_eq!(why(b"tx/device-0123456789ab/t"), allowed);
        let denied = Some(Why::DeniedBy { rule: 2 });
        assert_eq!(why(b"tx/device-0123456789ab/forbidden"), denied);
        let refused = Some(Why::NotCovered { rule: 0, level: 1 });
        assert_eq!(why(b"tx/device-000000000000/t"), refused);
    });
}

#[test]
fn sealed_shape_where_the_rule_asks_for_it() {
    with_gate(|gate| {
        let own = b"tx/device-0123456789ab/t";
        let live = sealed();
        let retained = {
            let mut payload = sealed();
            payload[0] = 0x11;
            payload
        };
        for (payload, retain, allowed) in [
            (&live[..], false, true),
            (&live, true, false),
            (&retained, true, true),
            (&retained, false, false),
            (&live[..29], false, false),
            (b"21.5", false, false),
            (b"", false, false),
            // Nor may MQTT's unauthenticated delete of a retained message pass.
            (b"", true, false),
        ] {
            let verdict = gate.publish(DEVICE, &publish(own, payload, retain));
            assert_eq!(verdict.is_allowed(), allowed, "{payload:?} {retain}");
            if !allowed {
                assert_eq!(verdict.reason(), Some(Reason::NotSealed));
                assert_eq!((verdict.v3(), verdict.v5()), (0, 0x99));
            }
        }
        // The other rule does not ask.
        let log = publish(b"log/device-0123456789ab", b"21.5", false);
        assert!(gate.publish(DEVICE, &log).is_allowed());
    });
}

#[test]
fn limits_come_before_parsing() {
    with_gate(|gate| {
        // Neither UTF-8 nor a Topic Name, but it is the length that is told.
        let verdict = gate.publish(DEVICE, &publish(&[0xff; 257], &sealed(), false));
        assert_eq!(code(&verdict), "topic-too-long");
        assert_eq!(verdict.v5(), 0x90);
        let verdict = gate.publish(DEVICE, &publish(&b"/+".repeat(16), &sealed(), false));
        assert_eq!(code(&verdict), "topic-too-deep");
        // Payload before topic, packet before payload.
        let verdict = gate.publish(DEVICE, &publish(b"\xff", &[0; 4097], false));
        assert_eq!(code(&verdict), "payload-too-large");
        let verdict = gate.publish(
            DEVICE,
            &Publish {
                packet_len: Some(8193),
                ..publish(b"\xff", &[0; 4097], false)
            },
        );
        assert_eq!(code(&verdict), "packet-too-large");
        let Some(Reason::Limit(error)) = verdict.reason() else {
            panic!("{verdict:?}")
        };
        assert_eq!(
            (error.which, error.max, error.actual),
            (Limit::Packet, 8192, 8193)
        );
        let verdict = gate.publish(DEVICE, &publish(b"tx/\xff", &sealed(), false));
        assert_eq!(
            verdict.reason(),
            Some(Reason::Topic(SyntaxError::NotUtf8 { at: 3 }))
        );
    });
}

#[test]
fn too_large_is_told_as_the_packet_can_tell_it() {
    with_gate(|gate| {
        let large = publish(b"log/x", &[0; 4097], false);
        // DISCONNECT knows 0x95, PUBACK does not.
        let verdict = gate.publish(DEVICE, &large);
        assert_eq!((verdict.close(), verdict.v5()), (true, 0x95));
        let verdict = gate.publish(LENIENT, &large);
        assert_eq!((verdict.close(), verdict.v5()), (false, 0x97));
    });
}

#[test]
fn role_says_whether_to_close_refuse_or_report() {
    with_gate(|gate| {
        for (topic, payload) in [
            (&b"tx/device-000000000000/t"[..], &b"x"[..]),
            (b"tx/+", b"x"),
            (&[b'a'; 257], b"x"),
            (b"log/x", &[0; 4097]),
        ] {
            let packet = publish(topic, payload, false);
            let verdict = gate.publish(PERSON, &packet);
            assert!(!verdict.is_allowed() && verdict.close());
            let verdict = gate.publish(LENIENT, &packet);
            assert!(!verdict.is_allowed() && !verdict.close() && !verdict.is_reported());
            let verdict = gate.publish(REPORTED, &packet);
            assert!(verdict.is_allowed() && verdict.is_reported() && !verdict.close());
            assert!(verdict.reason().is_some());
            assert_eq!(verdict.v5(), 0);
        }
        let unsealed = publish(b"tx/try-1/t", b"21.5", false);
        let verdict = gate.publish(REPORTED, &unsealed);
        assert!(verdict.is_allowed());
        assert_eq!(verdict.reason(), Some(Reason::NotSealed));
    });
}
