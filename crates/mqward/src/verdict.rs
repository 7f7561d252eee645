//! The outcome of a judgement, with what to tell the client, the connection, the operator.

use core::fmt;

use mqward_topic::{Limit, Why};

use crate::{Gate, Reason, explanation::Explanation};

/// What a verdict is about.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash)]
pub enum Action {
    /// A CONNECT packet.
    Connect,
    /// A PUBLISH packet, or a will when it is published.
    Publish,
    /// One Topic Filter of a SUBSCRIBE packet, or their number.
    Subscribe,
    /// A message on its way to a client.
    Deliver,
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connect => "CONNECT",
            Self::Publish => "PUBLISH",
            Self::Subscribe => "SUBSCRIBE",
            Self::Deliver => "delivery",
        })
    }
}

/// Allow or refuse, why, and what the client is told.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
#[must_use]
pub struct Verdict {
    action: Action,
    answer: Answer,
    reason: Option<Reason>,
    role: Option<usize>,
    why: Option<Why>,
}

/// What becomes of the packet and the connection.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(crate) enum Answer {
    Allow,
    Refuse,
    Close,
}

impl Verdict {
    pub(crate) const fn allow(action: Action, role: usize, why: Option<Why>) -> Self {
        Self {
            action,
            answer: Answer::Allow,
            reason: None,
            role: Some(role),
            why,
        }
    }

    /// Not allowed, or allowed and reported.
    pub(crate) const fn breach(
        action: Action,
        answer: Answer,
        role: Option<usize>,
        reason: Reason,
        why: Option<Why>,
    ) -> Self {
        Self {
            action,
            answer,
            reason: Some(reason),
            role,
            why,
        }
    }

    /// The refusal of a CONNECT that the gate let pass: for the adapter, after it has checked the
    /// password. `role` is that of the gate's verdict.
    pub const fn refuse_login(role: Option<usize>, reason: Reason) -> Self {
        Self::breach(Action::Connect, Answer::Close, role, reason, None)
    }

    /// What it is about.
    #[must_use]
    pub const fn action(&self) -> Action {
        self.action
    }

    /// Whether it may go on. A CONNECT of a role with [`Authentication`](crate::Authentication)
    /// still has to have its password checked.
    #[must_use]
    pub const fn is_allowed(&self) -> bool {
        matches!(self.answer, Answer::Allow)
    }

    /// Whether it may go on only because its role is one that reports.
    #[must_use]
    pub const fn is_reported(&self) -> bool {
        self.is_allowed() && self.reason.is_some()
    }

    /// Why it was refused, or would have been if its role did more than report.
    #[must_use]
    pub const fn reason(&self) -> Option<Reason> {
        self.reason
    }

    /// Whether the network connection has to be closed.
    #[must_use]
    pub const fn close(&self) -> bool {
        matches!(self.answer, Answer::Close)
    }

    /// The client's role, as position in [`Gate::roles`]; `None` if it has none.
    #[must_use]
    pub const fn role(&self) -> Option<usize> {
        self.role
    }

    /// Which rule of the role decided, and at which level, if it came to that.
    #[must_use]
    pub const fn why(&self) -> Option<Why> {
        self.why
    }

    /// The MQTT 3.1.1 code: of CONNACK (§3.2.2.3) 2 identifier rejected, 3 server unavailable, 5
    /// not authorized; of SUBACK (§3.9.3) 0x80. Zero if allowed, and for a PUBLISH, for which MQTT
    /// 3.1.1 has no refusal: close, or acknowledge and drop (§3.3.5). A delivery that is refused is
    /// told nobody; it has the code of a SUBSCRIBE.
    ///
    /// A password that is wrong, stale, used or of nobody gives one and the same code.
    #[must_use]
    pub const fn v3(&self) -> u8 {
        match (self.action, self.refusal()) {
            (_, None) | (Action::Publish, _) => 0,
            (Action::Connect, Some(Reason::ClientId(_) | Reason::NoRole)) => 2,
            (Action::Connect, Some(Reason::Unavailable)) => 3,
            (Action::Connect, _) => 5,
            (Action::Subscribe | Action::Deliver, _) => 0x80,
        }
    }

    /// The MQTT 5 reason code: of CONNACK (§3.2.2.2), SUBACK (§3.9.3), PUBACK or PUBREC (§3.4.2.1,
    /// §3.5.2.1), and of a DISCONNECT (§3.14.2.1) where the connection is closed. Zero if allowed.
    ///
    /// | | CONNECT | PUBLISH | SUBSCRIBE |
    /// |---|---|---|---|
    /// | Client Identifier, no role | 0x85 Client Identifier not valid | 0x87 | 0x87 |
    /// | user name, password, any reason | 0x87 Not authorized | | |
    /// | no decision possible | 0x88 Server unavailable | | |
    /// | rules, also of a will | 0x87 Not authorized | 0x87 | 0x87 |
    /// | packet or payload too large | 0x95 Packet too large | 0x95 when closed, else 0x97 Quota exceeded | 0x97 |
    /// | topic malformed, too long, too deep | 0x90 Topic Name invalid | 0x90 | 0x8F Topic Filter invalid |
    /// | not sealed | 0x99 Payload format invalid | 0x99 | |
    /// | too many filters | | | 0x97 Quota exceeded |
    #[must_use]
    pub const fn v5(&self) -> u8 {
        let Some(reason) = self.refusal() else {
            return 0;
        };
        match (self.action, reason) {
            (Action::Connect, Reason::ClientId(_) | Reason::NoRole) => 0x85,
            (Action::Connect, Reason::Unavailable) => 0x88,
            (_, Reason::Limit(error)) => match (error.which, self.action) {
                (Limit::TopicLength | Limit::TopicLevels, Action::Subscribe) => 0x8f,
                (Limit::TopicLength | Limit::TopicLevels, _) => 0x90,
                (Limit::Packet | Limit::Payload, Action::Connect) => 0x95,
                // 0x95 is no code of PUBACK and PUBREC.
                (Limit::Packet | Limit::Payload, Action::Publish) if self.close() => 0x95,
                _ => 0x97,
            },
            (Action::Subscribe, Reason::Topic(_)) => 0x8f,
            (_, Reason::Topic(_)) => 0x90,
            (_, Reason::NotSealed | Reason::WillNotSealed) => 0x99,
            _ => 0x87,
        }
    }

    /// A sentence for the operator: action, outcome, reason code, role, rule, level. Never a
    /// password or payload.
    #[must_use]
    pub fn explain<'g>(&'g self, gate: &'g Gate<'_>) -> impl fmt::Display + 'g {
        Explanation {
            verdict: self,
            gate,
        }
    }

    /// The reason, if it was refused.
    const fn refusal(&self) -> Option<Reason> {
        if self.is_allowed() { None } else { self.reason }
    }
}
