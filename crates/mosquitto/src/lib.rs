//! mqward as a plugin of the Mosquitto broker, 2.0 and later (plugin interface version 5).
//!
//! ```text
//! listener 8883
//! allow_anonymous false
//! plugin /usr/lib/mqward/libmqward_mosquitto.so
//! plugin_opt_policy /etc/mqward/policy.toml
//! ```
//!
//! `plugin_opt_policy` names the policy file; a mistake in it keeps the broker from starting, and on SIGHUP
//! keeps the policy that was in force. What the plugin decides:
//!
//! | event | decided by | when refused |
//! |---|---|---|
//! | CONNECT | [`mqward_broker::Guard::login`]; roles with `auth = "broker"` are left to Mosquitto | CONNACK 5, or 0x87 in MQTT 5, whatever the reason |
//! | PUBLISH, any QoS, and a will when it is published | `Guard::publish`: topic, payload length, sealed shape | connection closed, or only the message refused if the role says `on_refuse = "refuse"` |
//! | SUBSCRIBE, each filter, `$share` unstripped | `Guard::subscribe` | connection closed, or SUBACK 0x80, 0x87 in MQTT 5 |
//! | delivery of a message to a subscriber | `Guard::deliver` | not delivered |
//!
//! What Mosquitto keeps to itself: listeners with `use_identity_as_username` or `use_subject_as_username`
//! never ask a plugin about a login, so roles that log in with mqward passwords do not belong there; publishing
//! to `$SYS/` is refused by Mosquitto, which then leaves the connection open; the length of a whole packet is
//! for `max_packet_size` in mosquitto.conf to limit.

#[cfg(panic = "abort")]
compile_error!("a panic must become a refusal: build this crate with panic = \"unwind\"");

mod connections;
mod entry;
mod options;
mod plugin;
mod sys;
mod unwind;
