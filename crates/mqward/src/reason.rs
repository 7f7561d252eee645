//! Why something was refused, for the operator's log.

use core::fmt;

use mqward_topic::{ClientIdError, Limit, LimitError, SyntaxError};

/// Why something was refused or reported. For the operator: what the client is told is in
/// [`Verdict::v3`](crate::Verdict::v3) and [`Verdict::v5`](crate::Verdict::v5), and says less.
///
/// `Display` is a clause in English; [`code`](Self::code) is for machines.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// The Client Identifier is none.
    ClientId(ClientIdError),
    /// The Client Identifier belongs to no role.
    NoRole,
    /// The user name is absent or not the Client Identifier.
    UserName,
    /// There is no password at all.
    NoPassword,
    /// The password does not have the form of one.
    Password,
    /// No such device, or not in this generation.
    UnknownDevice,
    /// The password was not made with the key of this device.
    WrongTag,
    /// The password's time is too far from now.
    OutsideWindow,
    /// The password has no time, and this device must have one.
    NoClock,
    /// The password was used before.
    Replayed,
    /// The password is right, but its counter is behind: erased, restored or cloned flash.
    CounterWentBack,
    /// The device or its generation was revoked.
    Revoked,
    /// What is needed to decide can't be had just now.
    Unavailable,
    /// Something is larger than its limit.
    Limit(LimitError),
    /// The Topic Name or Topic Filter is none.
    Topic(SyntaxError),
    /// No rule allows it.
    NotAllowed,
    /// A deny rule forbids it.
    Denied,
    /// The rule asks for a sealed payload, and this isn't one.
    NotSealed,
    /// The rules do not let the client publish its will.
    WillNotAllowed,
    /// The rule asks for a sealed will, and this isn't one.
    WillNotSealed,
}

impl Reason {
    /// A stable name for audit logs and metrics.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::ClientId(_) => "client-id",
            Self::NoRole => "no-role",
            Self::UserName => "user-name",
            Self::NoPassword => "no-password",
            Self::Password => "malformed-password",
            Self::UnknownDevice => "unknown-device",
            Self::WrongTag => "wrong-tag",
            Self::OutsideWindow => "outside-window",
            Self::NoClock => "no-clock",
            Self::Replayed => "replayed",
            Self::CounterWentBack => "counter-went-back",
            Self::Revoked => "revoked",
            Self::Unavailable => "unavailable",
            Self::Limit(error) => match error.which {
                Limit::Packet => "packet-too-large",
                Limit::Payload => "payload-too-large",
                Limit::TopicLength => "topic-too-long",
                Limit::TopicLevels => "topic-too-deep",
                Limit::Filters => "too-many-filters",
                _ => "limit",
            },
            Self::Topic(_) => "malformed-topic",
            Self::NotAllowed => "not-allowed",
            Self::Denied => "denied",
            Self::NotSealed => "not-sealed",
            Self::WillNotAllowed => "will-not-allowed",
            Self::WillNotSealed => "will-not-sealed",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ClientId(error) => {
                return write!(f, "the Client Identifier is not valid: {error}");
            }
            Self::NoRole => "the Client Identifier belongs to no role",
            Self::UserName => "the user name is not the Client Identifier",
            Self::NoPassword => "there is no password",
            Self::Password => "the password is malformed",
            Self::UnknownDevice => "the device or its generation is not known",
            Self::WrongTag => "the password was made with another key",
            Self::OutsideWindow => "the password's time is outside the window",
            Self::NoClock => "the password has no time",
            Self::Replayed => "the password was used before",
            Self::CounterWentBack => {
                "the counter went back: flash that was erased, restored or cloned"
            }
            Self::Revoked => "the device or its generation was revoked",
            Self::Unavailable => "a decision is not possible just now",
            Self::Limit(error) => return error.fmt(f),
            Self::Topic(error) => return write!(f, "the topic is not valid: {error}"),
            Self::NotAllowed => "no rule allows it",
            Self::Denied => "a rule denies it",
            Self::NotSealed => "the payload is not sealed",
            Self::WillNotAllowed => "the will is not allowed",
            Self::WillNotSealed => "the will is not sealed",
        })
    }
}
