//! Starting: a mistake in the configuration keeps the broker down, and its log says where.

use core::net::{Ipv4Addr, SocketAddr};
use std::fs::{self, Permissions};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;

use mqward_testbed::{Setup, Version, Wire, plugin_path};

use crate::fleet::{
    ACCEPTED, ALICE, BOB, FieldDevice, Fleet, RELOADED, accepted, assert_refused, refusal, reload,
};

#[track_caller]
fn assert_does_not_start(setup: Setup, why: &str) {
    match setup.start() {
        Ok(broker) => panic!("started; its log:\n{}", broker.log()),
        Err(e) => assert!(e.to_string().contains(why), "not `{why}` but {e}"),
    }
}

/// A broker whose second listener, at the address, has a plugin of its own with this policy.
fn second_listener(fleet: &Fleet, policy: &str) -> (Setup, SocketAddr) {
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = port.local_addr().unwrap();
    let policy = fleet.path(policy);
    let setup = fleet
        .setup()
        .per_listener_settings()
        .line(&format!("listener {} 127.0.0.1", address.port()))
        .line("allow_anonymous false")
        .line(&format!("plugin {}", plugin_path().unwrap().display()))
        .line(&format!("plugin_opt_policy {}", policy.display()));
    (setup, address)
}

#[test]
fn a_mistake_in_the_policy_names_file_and_line() {
    let fleet = Fleet::new();
    fleet.edit_policy("window = 60", "window = 0");
    assert_does_not_start(fleet.setup(), "policy.toml:3: ");
}

#[test]
fn a_missing_or_readable_key_file_keeps_the_broker_down() {
    let fleet = Fleet::new();
    let key = fleet.path("auth_root.key");
    fs::set_permissions(&key, Permissions::from_mode(0o644)).unwrap();
    assert_does_not_start(fleet.setup(), "auth_root.key");
    fs::remove_file(key).unwrap();
    assert_does_not_start(fleet.setup(), "auth_root.key");
}

#[test]
fn plugin_options_are_checked() {
    let fleet = Fleet::new();
    let bare = || Setup::new().plugin(plugin_path().unwrap());
    assert_does_not_start(bare(), "plugin_opt_policy is missing");
    assert_does_not_start(
        bare().option("polciy", fleet.path("policy.toml")),
        "plugin_opt_polciy",
    );
    let twice = fleet.setup().option("policy", fleet.path("policy.toml"));
    assert_does_not_start(twice, "plugin_opt_policy is there twice");
    assert_does_not_start(
        bare().option("policy", fleet.path("nothing.toml")),
        "nothing.toml",
    );
}

#[test]
fn a_plugin_that_is_loaded_twice_is_refused_or_works_as_one() {
    let fleet = Fleet::new();
    let again = format!("plugin {}", plugin_path().unwrap().display());
    let option = format!("plugin_opt_policy {}", fleet.path("policy.toml").display());
    match fleet.setup().line(&again).line(&option).start() {
        // Mosquitto 2.0 knows the callbacks already.
        Err(e) => assert!(e.to_string().contains("loaded twice"), "{e}"),
        // Mosquitto 2.1 asks the first one.
        Ok(broker) => {
            let mut device = FieldDevice::new(ALICE);
            let connect = device.connect();
            let mut wire = accepted(&broker, Version::V5, &connect);
            assert_refused(&broker, Version::V5, &connect);
            assert!(wire.is_open_and_quiet().unwrap());
        }
    }
}

#[test]
fn listeners_with_policies_of_one_audience_keep_the_broker_down() {
    let fleet = Fleet::new();
    let policy = fs::read_to_string(fleet.path("policy.toml")).unwrap();
    // A store each: what one has accepted the other would accept again.
    fs::write(fleet.path("second.toml"), &policy).unwrap();
    let setup = || second_listener(&fleet, "second.toml").0;
    assert_does_not_start(setup(), "second.toml: audience \"mqtt.example.com\"");
    let other = policy.replace("mqtt.example.com", "other.example.com");
    let other = other.replace("audit.jsonl", "second.jsonl");
    fs::write(fleet.path("second.toml"), other).unwrap();
    drop(setup().start().unwrap());
}

/// What keeps a broker down at its start keeps a policy out of force later.
#[test]
fn a_reload_gives_no_second_policy_the_audience_of_the_first() {
    let fleet = Fleet::new();
    let policy = fs::read_to_string(fleet.path("policy.toml")).unwrap();
    let second = policy.replace("audit.jsonl", "second.jsonl");
    let other = second.replace("mqtt.example.com", "other.example.com");
    fs::write(fleet.path("second.toml"), &other).unwrap();
    let (setup, address) = second_listener(&fleet, "second.toml");
    let broker = setup.start().unwrap();
    let mut device = FieldDevice::new(ALICE);
    fs::write(fleet.path("second.toml"), second).unwrap();
    reload(&broker, "second.toml: audience \"mqtt.example.com\"");
    for version in Version::ALL {
        let connect = device.connect();
        drop(accepted(&broker, version, &connect));
        let (_, answer) = Wire::dial(address, version, &connect).unwrap();
        assert_eq!(answer, refusal(version), "accepted by each");
    }
    fs::write(fleet.path("second.toml"), other).unwrap();
    reload(&broker, RELOADED);
}

#[test]
fn listeners_with_the_same_policy_accept_a_password_once_among_them() {
    let fleet = Fleet::new();
    let (setup, second) = second_listener(&fleet, "policy.toml");
    let broker = setup.start().unwrap();
    let mut alice = FieldDevice::new(ALICE);
    let mut bob = FieldDevice::new(BOB);
    for version in Version::ALL {
        let connect = alice.connect();
        let mut first_wire = accepted(&broker, version, &connect);
        let (_, answer) = Wire::dial(second, version, &connect).unwrap();
        assert_eq!(answer, refusal(version));
        let (mut second_wire, answer) = Wire::dial(second, version, &bob.connect()).unwrap();
        assert_eq!(answer, ACCEPTED);
        // Both outlive a reload, though 2.0.11 sends no ticks here.
        reload(&broker, RELOADED);
        assert!(first_wire.is_open_and_quiet().unwrap());
        assert!(second_wire.is_open_and_quiet().unwrap());
        assert_refused(&broker, version, &connect);
    }
}
