//! The gate: what a broker lets through.

use core::{error::Error, fmt};

use mqward_crypto::{PASSWORD_LEN, is_sealed_shape};
use mqward_topic::{ClientId, Decision, Subscription, SyntaxError, TopicName, Why};

#[cfg(feature = "alloc")]
use crate::CompiledRoles;
use crate::{
    Action, Authentication, Connect, OnRefuse, Publish, Reason, Role, Verdict,
    judge::{Judge, Roles},
    verdict::Answer,
};

/// Judges CONNECT, PUBLISH, SUBSCRIBE and deliveries by the roles of a policy.
///
/// Pure functions: no clock, no I/O, no state. What no role and no rule allows is refused and the
/// connection closed; without roles that is everything. Sizes are judged before anything is parsed.
///
/// ```
/// use mqward::*;
///
/// let rules = [Rule {
///     effect: Effect::Allow,
///     access: Access::Subscribe,
///     pattern: Pattern::new("rx/%c/#").unwrap(),
///     sealed: false,
/// }];
/// let roles = [Role {
///     name: "device",
///     client_id: ClientIdRule::new("device-", CharClass::LowerHex, 19, 19).unwrap(),
///     authentication: Authentication::Mqward,
///     limits: Limits::default(),
///     on_refuse: OnRefuse::Close,
///     rules: &rules,
/// }];
/// let gate = Gate::new(&roles)?;
/// let id = b"device-0123456789ab";
///
/// assert!(gate.subscribe(id, b"rx/device-0123456789ab/#").is_allowed());
/// let verdict = gate.subscribe(id, b"$share/g/rx/+/#");
/// assert_eq!((verdict.v3(), verdict.v5(), verdict.close()), (0x80, 0x87, true));
/// assert_eq!(verdict.reason().unwrap().code(), "not-allowed");
/// # Ok::<(), GateError>(())
/// ```
#[derive(Copy, Clone, Debug)]
pub struct Gate<'a> {
    roles: Roles<'a>,
}

/// Why roles make no gate.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum GateError {
    /// Some Client Identifier belongs to two roles, given as positions in the list.
    RolesOverlap {
        /// The first of them.
        first: usize,
        /// The second.
        second: usize,
    },
}

impl fmt::Display for GateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RolesOverlap { first, second } => write!(
                f,
                "some Client Identifier belongs to both role {first} and role {second} (from 0)"
            ),
        }
    }
}

impl Error for GateError {}

/// A breach of limits or rules, which the role's `on_refuse` is about.
type Breach = (Reason, Option<Why>);

impl<'a> Gate<'a> {
    /// A gate with these roles. An empty list is fine, and refuses everything.
    ///
    /// # Errors
    /// [`GateError::RolesOverlap`] if some Client Identifier would belong to two roles.
    pub fn new(roles: &'a [Role<'a>]) -> Result<Self, GateError> {
        for (second, role) in roles.iter().enumerate() {
            let earlier = roles.iter().take(second);
            if let Some(first) = earlier
                .map(|other| &other.client_id)
                .position(|other| other.overlaps(&role.client_id))
            {
                return Err(GateError::RolesOverlap { first, second });
            }
        }
        Ok(Self {
            roles: Roles::Plain(roles),
        })
    }

    /// The same gate with rules that were compiled: the same verdicts, faster where there are many rules.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    #[cfg(feature = "alloc")]
    pub fn compiled(compiled: &'a CompiledRoles<'a>) -> Result<Self, GateError> {
        Self::new(compiled.roles()).map(|_| Self {
            roles: Roles::Compiled(compiled),
        })
    }

    /// The roles.
    #[must_use]
    pub const fn roles(&self) -> &'a [Role<'a>] {
        self.roles.list()
    }

    /// The one role that a Client Identifier belongs to, with its position.
    #[must_use]
    pub fn role_of(&self, client: ClientId<'_>) -> Option<(usize, &'a Role<'a>)> {
        self.roles()
            .iter()
            .enumerate()
            .find(|(_, role)| role.client_id.check(client).is_ok())
    }

    /// Judges a CONNECT, all but what needs a key: role, user name, that there is a password of the
    /// right length, size of the packet, will. If it is allowed and the role's authentication is
    /// [`Mqward`](Authentication::Mqward), the adapter verifies the password next, and answers
    /// with [`Verdict::refuse_login`] if it is not right.
    ///
    /// Who the client is comes first and is never only reported.
    pub fn connect(&self, packet: &Connect<'_>) -> Verdict {
        let (client, index, role) = match self.client(Action::Connect, packet.client_id) {
            Ok(found) => found,
            Err(verdict) => return verdict,
        };
        if let Err(reason) = credentials(role.authentication, packet) {
            return Verdict::refuse_login(Some(index), reason);
        }
        let judged = check_packet(role, packet.packet_len).and_then(|()| match &packet.will {
            None => Ok(None),
            Some(will) => message(
                self.roles.judge(index, role),
                role,
                client,
                will.topic,
                will.payload,
                will.retain,
            )
            .map(Some)
            .map_err(|(reason, why)| (of_will(reason), why)),
        });
        judge(Action::Connect, index, role, judged)
    }

    /// Judges a PUBLISH of a client, or its will when it is published: size, Topic Name, rules,
    /// shape of the payload.
    pub fn publish(&self, client_id: &[u8], packet: &Publish<'_>) -> Verdict {
        let (client, index, role) = match self.client(Action::Publish, client_id) {
            Ok(found) => found,
            Err(verdict) => return verdict,
        };
        let judged = check_packet(role, packet.packet_len).and_then(|()| {
            message(
                self.roles.judge(index, role),
                role,
                client,
                packet.topic,
                packet.payload,
                packet.retain,
            )
            .map(Some)
        });
        judge(Action::Publish, index, role, judged)
    }

    /// Judges one filter of a SUBSCRIBE, with or without `$share`. Judge them all before any
    /// of them takes effect, and judge the filters of a stored session when it resumes.
    pub fn subscribe(&self, client_id: &[u8], filter: &[u8]) -> Verdict {
        let (client, index, role) = match self.client(Action::Subscribe, client_id) {
            Ok(found) => found,
            Err(verdict) => return verdict,
        };
        let judged = parse_topic(role, filter, Subscription::from_bytes).and_then(|subscription| {
            let rules = self.roles.judge(index, role);
            let decision = rules.subscribe(client, subscription.filter());
            allowed(decision).map(Some)
        });
        judge(Action::Subscribe, index, role, judged)
    }

    /// Judges the number of filters in one SUBSCRIBE.
    pub fn subscribe_count(&self, client_id: &[u8], n: usize) -> Verdict {
        let (_, index, role) = match self.client(Action::Subscribe, client_id) {
            Ok(found) => found,
            Err(verdict) => return verdict,
        };
        let judged = role
            .limits
            .check_filters(n)
            .map(|()| None)
            .map_err(|error| (Reason::Limit(error), None));
        judge(Action::Subscribe, index, role, judged)
    }

    /// Judges a message on its way to a client, whichever subscription, stored session or retained
    /// message it comes from: the rules for subscribe as they are now, so that a revoked right ends.
    ///
    /// A refusal never closes the connection: the message is left out. The limits are on what a
    /// client sends, so they do not apply.
    pub fn deliver(&self, client_id: &[u8], topic: &[u8]) -> Verdict {
        let (client, index, role) = match self.client(Action::Deliver, client_id) {
            Ok(found) => found,
            Err(verdict) => return verdict,
        };
        let judged = TopicName::from_bytes(topic)
            .map_err(|error| (Reason::Topic(error), None))
            .and_then(|topic| {
                allowed(self.roles.judge(index, role).deliver(client, topic)).map(Some)
            });
        judge(Action::Deliver, index, role, judged)
    }

    /// Who this is, or the refusal.
    fn client<'p>(
        &self,
        action: Action,
        client_id: &'p [u8],
    ) -> Result<(ClientId<'p>, usize, &'a Role<'a>), Verdict> {
        let answer = match action {
            Action::Deliver => Answer::Refuse,
            _ => Answer::Close,
        };
        let refuse = |reason| Verdict::breach(action, answer, None, reason, None);
        let client =
            ClientId::from_bytes(client_id).map_err(|error| refuse(Reason::ClientId(error)))?;
        match self.role_of(client) {
            Some((index, role)) => Ok((client, index, role)),
            None => Err(refuse(Reason::NoRole)),
        }
    }
}

/// The role's answer to what was found.
fn judge(
    action: Action,
    index: usize,
    role: &Role<'_>,
    judged: Result<Option<Why>, Breach>,
) -> Verdict {
    match judged {
        Ok(why) => Verdict::allow(action, index, why),
        Err((reason, why)) => {
            let answer = match (role.on_refuse, action) {
                (OnRefuse::Report, _) => Answer::Allow,
                (OnRefuse::Refuse, Action::Publish | Action::Subscribe) | (_, Action::Deliver) => {
                    Answer::Refuse
                }
                _ => Answer::Close,
            };
            Verdict::breach(action, answer, Some(index), reason, why)
        }
    }
}

/// The user name is the client id for everybody: a broker that authenticates by user name would else let anyone whom it
/// knows take any client id, to which the rules and the session belong (spec §3.4).
fn credentials(authentication: Authentication, packet: &Connect<'_>) -> Result<(), Reason> {
    if packet.user_name != Some(packet.client_id) {
        return Err(Reason::UserName);
    }
    match (authentication, packet.password) {
        (Authentication::Broker, _) => Ok(()),
        (Authentication::Mqward, None) => Err(Reason::NoPassword),
        (Authentication::Mqward, Some(password)) if password.len() != PASSWORD_LEN => {
            Err(Reason::Password)
        }
        (Authentication::Mqward, Some(_)) => Ok(()),
    }
}

fn check_packet(role: &Role<'_>, len: Option<usize>) -> Result<(), Breach> {
    len.map_or(Ok(()), |len| role.limits.check_packet(len))
        .map_err(|error| (Reason::Limit(error), None))
}

/// A topic within the limits, parsed.
fn parse_topic<'p, T>(
    role: &Role<'_>,
    bytes: &'p [u8],
    parse: impl FnOnce(&'p [u8]) -> Result<T, SyntaxError>,
) -> Result<T, Breach> {
    role.limits
        .check_topic(bytes)
        .map_err(|error| (Reason::Limit(error), None))?;
    parse(bytes).map_err(|error| (Reason::Topic(error), None))
}

/// A message that a client sends, now or as its will.
fn message(
    rules: Judge<'_>,
    role: &Role<'_>,
    client: ClientId<'_>,
    topic: &[u8],
    payload: &[u8],
    retain: bool,
) -> Result<Why, Breach> {
    role.limits
        .check_payload(payload.len())
        .map_err(|error| (Reason::Limit(error), None))?;
    let topic = parse_topic(role, topic, TopicName::from_bytes)?;
    let decision = rules.publish(client, topic);
    let why = allowed(decision)?;
    if decision.sealed() && !is_sealed_shape(payload, retain) {
        return Err((Reason::NotSealed, Some(why)));
    }
    Ok(why)
}

fn allowed(decision: Decision) -> Result<Why, Breach> {
    match decision.why() {
        why if decision.is_allowed() => Ok(why),
        why @ Why::DeniedBy { .. } => Err((Reason::Denied, Some(why))),
        why => Err((Reason::NotAllowed, Some(why))),
    }
}

fn of_will(reason: Reason) -> Reason {
    match reason {
        Reason::NotAllowed | Reason::Denied => Reason::WillNotAllowed,
        Reason::NotSealed => Reason::WillNotSealed,
        other => other,
    }
}
