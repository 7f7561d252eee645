//! Listeners that take the identity of a shared key for a login: Mosquitto asks no plugin there, and shows no certificate.

use core::net::{Ipv4Addr, SocketAddr};

use mqward_testbed::{Broker, Connect, Packet, Publish, Version, Wire};

use crate::fleet::{ACCEPTED, ALICE, FieldDevice, Fleet, PERSON, farewell, message, reader};
use crate::live_fleet::{assert_sound, publish, subscribe};
use crate::tls::{SharedKeys, Tunnel, free_port};

/// Somebody with a shared key, and no right to be a device.
const EVE: &str = "eve";

/// A broker with a second listener, for shared keys.
struct Site {
    _keys: SharedKeys,
    _fleet: Fleet,
    broker: Broker,
    listener: SocketAddr,
}

impl Site {
    fn new() -> Self {
        let (keys, fleet, port) = (SharedKeys::new(&[EVE, PERSON]), Fleet::new(), free_port());
        let mut setup = fleet.setup();
        for line in keys.listener(port) {
            setup = setup.line(&line);
        }
        setup = setup.line("use_identity_as_username true");
        Self {
            broker: setup.start().unwrap(),
            _keys: keys,
            _fleet: fleet,
            listener: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
        }
    }

    /// A connection that the broker accepts, whatever the plugin thinks of it later.
    fn enter(&self, identity: &str, version: Version, id: &str) -> (Tunnel, Wire) {
        let tunnel = SharedKeys::tunnel(self.listener, identity);
        let (wire, answer) = Wire::dial(tunnel.address, version, &Connect::new(id)).unwrap();
        assert_eq!(answer, ACCEPTED, "{}", self.broker.log());
        (tunnel, wire)
    }
}

/// The structure of a connection that ended is where the next one's is, and neither shows a certificate.
#[test]
fn a_shared_key_is_no_password_of_the_device_before_it() {
    let mut site = Site::new();
    let mut device = FieldDevice::new(ALICE);
    for version in Version::ALL {
        let mut reader = reader(&site.broker, version);
        for qos in 0..=2 {
            let mut wire = device.log_in(&site.broker, version);
            wire.disconnect().unwrap();
            assert_eq!(wire.receive().unwrap(), Packet::Closed);
            let (_tunnel, mut thief) = site.enter(EVE, version, ALICE);
            thief
                .publish(&Publish::new(&format!("tx/{ALICE}/t"), "forged", qos))
                .unwrap();
            assert_eq!(thief.until_closed().unwrap(), Some(farewell(version)));
        }
        assert!(reader.is_open_and_quiet().unwrap(), "it was published");
    }
    assert_sound(&mut site.broker);
}

#[test]
fn the_identity_of_a_shared_key_is_the_client_id_of_a_role_of_the_broker() {
    let mut site = Site::new();
    let mut device = FieldDevice::new(ALICE);
    for version in Version::ALL {
        let (_tunnel, mut wire) = site.enter(PERSON, version, PERSON);
        subscribe(&mut wire, "tx/#");
        let mut sender = device.log_in(&site.broker, version);
        let topic = format!("tx/{ALICE}/t");
        publish(&mut sender, &topic, "21.5");
        assert_eq!(message(&mut wire), (topic, b"21.5".into()));
        publish(&mut wire, &format!("rx/{ALICE}/command"), "on");
    }
    assert_sound(&mut site.broker);
}
