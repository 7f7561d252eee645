//! A real Mosquitto broker on a loopback port, with raw MQTT connections to it.
//!
//! Used by the behaviour tests of the broker plugin and by the demo; not published.
//! It needs the Debian package `mosquitto`; without it [`Setup::start`] fails with an error that says so.
//!
//! - [`Setup`] writes a configuration and starts a [`Broker`], which ends when it is dropped.
//! - [`plugin_path`] builds the Mosquitto plugin of this workspace.
//! - [`Wire`] is one TCP connection that speaks MQTT 3.1.1 or 5 packet by packet, so that a test can say
//!   exactly what an attacker sends, and see exactly what comes back.
//!
//! ```no_run
//! use mqward_testbed::{Connect, Packet, Setup, Version, Wire};
//!
//! let broker = Setup::new().line("allow_anonymous true").start()?;
//! let mut wire = Wire::open(broker.address(), Version::V5)?;
//! wire.connect(&Connect::new("someone"))?;
//! assert_eq!(wire.receive()?, Packet::ConnAck { session_present: false, code: 0 });
//! # Ok::<(), std::io::Error>(())
//! ```

mod broker;
mod packet;
mod plugin;
mod wire;

pub use broker::{Broker, Setup};
pub use packet::{Connect, Packet, Publish, Version, Will, subscribe, unsubscribe};
pub use plugin::plugin_path;
pub use wire::Wire;
