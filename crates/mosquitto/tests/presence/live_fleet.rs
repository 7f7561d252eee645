//! A fleet whose devices are in a registry that a command changes while the broker runs.

use core::time::Duration;
use std::thread::sleep;

use mqward::UnixTime;
use mqward_broker::{NewDevice, Registry};
use mqward_testbed::{Broker, Packet, Version, Wire};

use crate::fleet::{ALICE, BOB, Fleet, HARDWARE_ID, PERSON, POLICY, time};

/// What the registry policy says instead of `devices.csv`.
pub(crate) fn policy() -> String {
    POLICY.replace("file = \"devices.csv\"", "registry = \"registry.db\"")
}

/// A fleet with [`ALICE`], [`BOB`] and [`PERSON`] in its registry, and a command that has it open.
pub(crate) fn live_fleet() -> (Fleet, Registry) {
    let fleet = Fleet::new();
    fleet.write("policy.toml", &policy());
    let mut registry = Registry::create(&fleet.path("registry.db")).unwrap();
    for (id, hardware_id) in [
        (ALICE, &HARDWARE_ID[..]),
        (BOB, &HARDWARE_ID),
        (PERSON, &[]),
    ] {
        registry
            .add(&NewDevice::new(id, hardware_id), now())
            .unwrap();
    }
    (fleet, registry)
}

pub(crate) fn now() -> UnixTime {
    time(0)
}

/// Waits until the broker has seen one more change of the registry.
pub(crate) struct Seen(usize);

impl Seen {
    pub(crate) fn before(fleet: &Fleet) -> Self {
        Self(changes(fleet))
    }

    #[track_caller]
    pub(crate) fn wait(self, fleet: &Fleet) {
        for _ in 0..1000 {
            if changes(fleet) > self.0 {
                return;
            }
            sleep(Duration::from_millis(10));
        }
        panic!("the broker did not see the change:\n{}", fleet.audit());
    }
}

fn changes(fleet: &Fleet) -> usize {
    fleet
        .audit()
        .matches("devices changed in the registry")
        .count()
}

/// What a client that is taken off is told before the broker closes.
pub(crate) fn removal(version: Version) -> Vec<Packet> {
    match version {
        Version::V3 => vec![],
        Version::V5 => vec![Packet::Disconnect { code: 0x98 }],
    }
}

/// Subscribes to one filter, which is granted at QoS 1.
#[track_caller]
pub(crate) fn subscribe(wire: &mut Wire, filter: &str) {
    wire.subscribe(&[filter]).unwrap();
    let codes = vec![1];
    assert_eq!(wire.receive().unwrap(), Packet::SubAck { id: 2, codes });
}

/// Publishes at QoS 1; when this returns, the broker is through with delivering.
#[track_caller]
pub(crate) fn publish(wire: &mut Wire, topic: &str, payload: &str) {
    wire.publish(&mqward_testbed::Publish::new(topic, payload, 1))
        .unwrap();
    let answer = wire.receive().unwrap();
    assert!(matches!(answer, Packet::PubAck { id: 1, .. }), "{answer:?}");
}

/// Whether the broker is alive and its log tells of nothing that must not be.
#[track_caller]
pub(crate) fn assert_sound(broker: &mut Broker) {
    assert!(broker.is_running().unwrap(), "{}", broker.log());
    assert!(!broker.log().contains("panic"), "{}", broker.log());
}
