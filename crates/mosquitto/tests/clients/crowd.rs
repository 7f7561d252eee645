//! A fleet of many devices whose files are what an operator would have: registry, replay journal, audit log.

use mqward::Clock;
use mqward_broker::{DeviceClock, NewDevice, Registry, ReplayJournal};
use mqward_testbed::{Connect, Setup};

use crate::fleet::{FieldDevice, Fleet, HARDWARE_ID, PERSON, POLICY, time};

/// The Client Identifier of a device.
pub(crate) fn device_id(number: usize) -> String {
    format!("device-{number:012x}")
}

/// A fleet with so many devices; the last `clockless` have no clock.
pub(crate) fn crowd(devices: usize, clockless: usize) -> Fleet {
    let fleet = Fleet::new();
    let policy = POLICY
        .replace("file = \"devices.csv\"", "registry = \"registry.db\"")
        .replace("cold_start = \"open\"", "file = \"replay.journal\"")
        .replacen("tx/%c/#\" }", "tx/%c/#\", sealed = true }", 1);
    fleet.write("policy.toml", &policy);
    drop(ReplayJournal::create(&fleet.path("replay.journal"), time(0)).unwrap());
    let mut registry = Registry::create(&fleet.path("registry.db")).unwrap();
    for number in 0..devices {
        let id = device_id(number);
        let mut device = NewDevice::new(&id, &HARDWARE_ID);
        if number >= devices - clockless {
            device.clock = DeviceClock::None;
        }
        registry.add(&device, time(0)).unwrap();
    }
    registry.add(&NewDevice::new(PERSON, &[]), time(0)).unwrap();
    fleet
}

/// A broker's log with what went wrong, and nothing about each client.
pub(crate) fn quiet(setup: Setup) -> Setup {
    ["log_type none", "log_type information", "log_type error"]
        .into_iter()
        .fold(setup, Setup::line)
        .line("connection_messages false")
        .line("set_tcp_nodelay true")
}

/// A CONNECT with a new password, with or without a time in it.
pub(crate) fn connect(id: &str, device: &mut FieldDevice, clocked: bool) -> Connect {
    let clock = match clocked {
        true => Clock::Trusted(time(0)),
        false => Clock::None,
    };
    Connect::new(id).login(id, device.password(clock))
}
