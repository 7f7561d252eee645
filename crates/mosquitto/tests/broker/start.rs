//! Starting: a mistake in the configuration keeps the broker down, and its log says where.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use mqward_testbed::{Setup, plugin_path};

use crate::fleet::Fleet;

#[track_caller]
fn assert_does_not_start(setup: Setup, why: &str) {
    match setup.start() {
        Ok(broker) => panic!("started; its log:\n{}", broker.log()),
        Err(e) => assert!(e.to_string().contains(why), "not `{why}` but {e}"),
    }
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
fn a_plugin_that_is_loaded_twice_keeps_the_broker_down() {
    let fleet = Fleet::new();
    let again = format!("plugin {}", plugin_path().unwrap().display());
    let option = format!("plugin_opt_policy {}", fleet.path("policy.toml").display());
    assert_does_not_start(fleet.setup().line(&again).line(&option), "loaded twice");
}
