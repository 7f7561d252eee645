//! The role: what a kind of client is called, how it proves who it is, what it may do.

use mqward_topic::{ClientIdRule, Limits, Rule};

/// Who decides whether a client is the one that its Client Identifier says.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash)]
pub enum Authentication {
    /// The one-time CONNECT password of this project.
    Mqward,
    /// The broker's own password file or certificates: for people and bridges. Their user name is their Client Identifier
    /// too.
    Broker,
}

/// What happens when a client breaks a limit or asks for a topic that it may not have.
///
/// A CONNECT that is refused always ends the connection (MQTT 5.0 §3.1.4, 3.1.1 §3.1.4).
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq, Hash)]
pub enum OnRefuse {
    /// The connection is closed.
    #[default]
    Close,
    /// The one packet is refused, the connection stays.
    Refuse,
    /// It is let through, and only reported: for trying out a policy. Never applies to who a client
    /// is: Client Identifier, user name and password are judged as ever.
    Report,
}

/// One role of a policy.
#[derive(Copy, Clone, Debug)]
pub struct Role<'a> {
    /// Its name, for the operator.
    pub name: &'a str,
    /// Whose role it is. No Client Identifier may fit two roles.
    pub client_id: ClientIdRule<'a>,
    /// How its clients authenticate.
    pub authentication: Authentication,
    /// How much its clients may send.
    pub limits: Limits,
    /// What happens on a breach.
    pub on_refuse: OnRefuse,
    /// What its clients may publish and subscribe.
    pub rules: &'a [Rule<'a>],
}
