//! A bridge of the broker's own: Mosquitto asks no plugin about it, so the log has to tell.

use mqward_testbed::{Connect, Publish, Setup, Version};

use crate::fleet::{ALICE, FieldDevice, Fleet, accepted, message, reader};
use crate::live_fleet::assert_sound;

const WARNING: &str = "mqward: warning: messages come in over the bridge";

#[test]
fn what_a_bridge_brings_in_is_told_once() {
    let fleet = Fleet::new();
    let remote = Setup::new().line("allow_anonymous true").start().unwrap();
    let mut broker = fleet
        .setup()
        .line("connection elsewhere")
        .line(&format!("address {}", remote.address()))
        .line("topic # in 1 tx/ tx/")
        .line("bridge_protocol_version mqttv311")
        .start()
        .unwrap();
    let mut reader = reader(&broker, Version::V5);
    let mut device = FieldDevice::new(ALICE).log_in(&broker, Version::V5);
    // Messages of clients that were asked about are no bridge's.
    for qos in [0, 1] {
        let own = Publish::new(&format!("tx/{ALICE}/t"), "own", qos);
        device.publish(&own).unwrap();
        assert_eq!(message(&mut reader).1, b"own");
    }
    assert!(!broker.log().contains(WARNING), "{}", broker.log());

    let mut sender = accepted(&remote, Version::V3, &Connect::new("sender"));
    // Until the bridge has subscribed over there.
    assert!(remote.logs("Sending SUBACK to"));
    for payload in ["1", "2", "3"] {
        sender
            .publish(&Publish::new("tx/anybody/t", payload, 0))
            .unwrap();
        let expected = ("tx/anybody/t".to_owned(), payload.as_bytes().to_vec());
        assert_eq!(message(&mut reader), expected);
    }
    assert!(broker.logs(WARNING));
    assert_eq!(broker.log().matches(WARNING).count(), 1, "{}", broker.log());
    assert_sound(&mut broker);
}
