//! What `Debug` shows of a packet: kinds, lengths and flags, nothing that breaks a line and nothing that is secret.

use mqward::{Connect, Publish, Will};

#[test]
fn packets_tell_their_kind_and_not_what_they_carry() {
    let will = Will {
        topic: b"tx/a\n",
        payload: b"hidden",
        retain: true,
    };
    let connect = Connect {
        client_id: b"device-1\x1b",
        user_name: Some(b"device-1"),
        password: Some(b"hidden"),
        will: Some(will),
        packet_len: Some(77),
    };
    let publish = Publish {
        topic: b"rx/b",
        payload: b"hidden",
        retain: false,
        packet_len: Some(78),
    };
    let shown = format!("{connect:?}");
    for part in ["Connect", "77", "Will", "true", "device-1\\x1b", "tx/a\\n"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let shown = format!("{publish:?} {shown}");
    for part in ["Publish", "78", "false", "rx/b"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert!(!shown.contains("hidden"), "{shown}");
    assert!(shown.chars().all(|c| !c.is_control()), "{shown:?}");
}
