//! CONNECT: who it is, what it brings, what it leaves behind.

use mqward::{Connect, Gate, Reason, Verdict, Will};

use crate::policy::{DEVICE, LENIENT, PASSWORD, PERSON, REPORTED, code, sealed, will, with_gate};

fn connect<'p>(id: &'p [u8]) -> Connect<'p> {
    Connect {
        client_id: id,
        user_name: Some(id),
        password: Some(PASSWORD),
        will: None,
        packet_len: Some(120),
    }
}

fn with_will(gate: &Gate<'_>, id: &[u8], will: Will<'_>) -> Verdict {
    gate.connect(&Connect {
        will: Some(will),
        ..connect(id)
    })
}

#[test]
fn a_client_of_a_role_goes_on() {
    with_gate(|gate| {
        let verdict = gate.connect(&connect(DEVICE));
        assert!(verdict.is_allowed() && !verdict.is_reported() && !verdict.close());
        assert_eq!((verdict.v3(), verdict.v5()), (0, 0));
        assert_eq!((verdict.role(), verdict.reason()), (Some(0), None));
    });
}

#[test]
fn who_fits_no_role_is_refused_and_closed() {
    with_gate(|gate| {
        for (id, expected) in [
            (&b"admin"[..], "no-role"),
            (b"Device-01", "no-role"),
            (b"", "client-id"),
            (b"device-/01", "client-id"),
            (b"+", "client-id"),
            (b"#", "client-id"),
            (b"$SYS", "client-id"),
            (b"device-%c", "client-id"),
            (b"device-\0", "client-id"),
            (b"device-\xff", "client-id"),
        ] {
            let verdict = gate.connect(&connect(id));
            assert_eq!(code(&verdict), expected, "{id:?}");
            assert!(!verdict.is_allowed() && verdict.close());
            assert_eq!(
                (verdict.v3(), verdict.v5(), verdict.role()),
                (2, 0x85, None)
            );
        }
    });
}

#[test]
fn user_name_has_to_be_the_client_id() {
    with_gate(|gate| {
        for user_name in [
            None,
            Some(&b""[..]),
            Some(b"device-0123456789AB"),
            Some(b"device-0123456789ab "),
        ] {
            for id in [DEVICE, LENIENT, REPORTED] {
                let verdict = gate.connect(&Connect {
                    user_name,
                    ..connect(id)
                });
                assert_eq!(verdict.reason(), Some(Reason::UserName));
                assert!(!verdict.is_allowed() && verdict.close());
                assert_eq!((verdict.v3(), verdict.v5()), (5, 0x87));
            }
        }
        let other = gate.connect(&Connect {
            user_name: Some(DEVICE),
            ..connect(b"device-000000000000")
        });
        assert_eq!(other.reason(), Some(Reason::UserName));
    });
}

#[test]
fn a26_absent_empty_and_misshapen_passwords_are_refused() {
    with_gate(|gate| {
        for (password, expected) in [
            (None, Reason::NoPassword),
            (Some(&b""[..]), Reason::Password),
            (Some(&PASSWORD[..38]), Reason::Password),
            (Some(&[b'A'; 40]), Reason::Password),
            (Some(&[b'A'; 65_535]), Reason::Password),
        ] {
            for id in [DEVICE, LENIENT, REPORTED] {
                let verdict = gate.connect(&Connect {
                    password,
                    ..connect(id)
                });
                assert_eq!(verdict.reason(), Some(expected));
                assert!(!verdict.is_allowed() && verdict.close());
                assert_eq!((verdict.v3(), verdict.v5()), (5, 0x87));
            }
        }
    });
}

#[test]
fn people_of_the_broker_keep_their_own_passwords_under_their_own_names() {
    with_gate(|gate| {
        for password in [None, Some(&b""[..]), Some(&b"any length at all"[..])] {
            let verdict = gate.connect(&Connect {
                user_name: Some(PERSON),
                password,
                ..connect(PERSON)
            });
            assert!(verdict.is_allowed());
            assert_eq!(verdict.role(), Some(1));
        }
        // A11: whoever the broker knows as `ann` must not take the client id, and the session, of another.
        for user_name in [None, Some(&b""[..]), Some(&b"ann"[..])] {
            let verdict = gate.connect(&Connect {
                user_name,
                password: Some(b"her own"),
                ..connect(PERSON)
            });
            assert_eq!(verdict.reason(), Some(Reason::UserName));
            assert!(verdict.close());
        }
        // Limits and will stay ours.
        let verdict = with_will(gate, PERSON, will(b"tx/device-0123456789ab/t", b"x", false));
        assert_eq!(verdict.reason(), Some(Reason::WillNotAllowed));
    });
}

#[test]
fn packet_has_to_be_within_the_limit_if_it_can_be_seen() {
    with_gate(|gate| {
        let of_len = |packet_len| {
            gate.connect(&Connect {
                packet_len,
                ..connect(DEVICE)
            })
        };
        assert!(of_len(None).is_allowed());
        assert!(of_len(Some(8192)).is_allowed());
        let verdict = of_len(Some(8193));
        assert_eq!(code(&verdict), "packet-too-large");
        assert!(!verdict.is_allowed() && verdict.close());
        assert_eq!((verdict.v3(), verdict.v5()), (5, 0x95));
    });
}

#[test]
fn a14_will_is_judged_as_a_publish() {
    with_gate(|gate| {
        let mut shape = sealed();
        shape[0] = 0x12; // class will
        let own = b"tx/device-0123456789ab/will";
        for (topic, payload, retain, expected, v5) in [
            (&own[..], &shape[..], false, "allowed", 0),
            (own, &shape, true, "allowed", 0),
            (own, b"offline", false, "will-not-sealed", 0x99),
            (b"log/device-0123456789ab", b"offline", false, "allowed", 0),
            (
                b"tx/device-0123456789ab/forbidden",
                &shape,
                false,
                "will-not-allowed",
                0x87,
            ),
            (
                b"tx/device-000000000000/will",
                &shape,
                false,
                "will-not-allowed",
                0x87,
            ),
            (
                b"rx/device-0123456789ab/x",
                &shape,
                false,
                "will-not-allowed",
                0x87,
            ),
            (b"$SYS/x", &shape, false, "will-not-allowed", 0x87),
            (b"tx/+/will", &shape, false, "malformed-topic", 0x90),
            (b"tx/\xff", &shape, false, "malformed-topic", 0x90),
            (b"", &shape, false, "malformed-topic", 0x90),
            (&[b'a'; 257], &shape, false, "topic-too-long", 0x90),
            (&[b'/'; 16], &shape, false, "topic-too-deep", 0x90),
            (own, &[0x12; 4097], false, "payload-too-large", 0x95),
        ] {
            let verdict = with_will(gate, DEVICE, will(topic, payload, retain));
            assert_eq!(code(&verdict), expected, "{}", topic.escape_ascii());
            assert_eq!(verdict.is_allowed(), expected == "allowed");
            assert_eq!(verdict.close(), !verdict.is_allowed());
            assert_eq!(verdict.v5(), v5, "{expected}");
            assert_eq!(verdict.v3(), if verdict.is_allowed() { 0 } else { 5 });
        }
    });
}

#[test]
fn a_connect_that_is_refused_always_closes() {
    with_gate(|gate| {
        let verdict = with_will(
            gate,
            LENIENT,
            will(b"tx/device-0123456789ab/t", b"x", false),
        );
        assert!(!verdict.is_allowed() && verdict.close());
    });
}

#[test]
fn a_role_that_reports_lets_a_bad_will_pass_but_not_a_bad_identity() {
    with_gate(|gate| {
        let bad = will(b"tx/device-0123456789ab/t", b"x", false);
        let verdict = with_will(gate, REPORTED, bad);
        assert!(verdict.is_allowed() && verdict.is_reported() && !verdict.close());
        assert_eq!(verdict.reason(), Some(Reason::WillNotAllowed));
        assert_eq!((verdict.v3(), verdict.v5()), (0, 0));
        // A breach that is only reported must not hide a missing password.
        let verdict = gate.connect(&Connect {
            will: Some(bad),
            packet_len: Some(1 << 20),
            password: None,
            ..connect(REPORTED)
        });
        assert!(!verdict.is_allowed());
        assert_eq!(verdict.reason(), Some(Reason::NoPassword));
    });
}
