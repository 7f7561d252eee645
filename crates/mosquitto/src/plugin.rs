//! What the plugin answers to each event, in the broker's return codes.
//!
//! Mosquitto 2.0 to 2.1 turns the codes of a refused PUBLISH or SUBSCRIBE into:
//!
//! | code | wire |
//! |---|---|
//! | `ACL_DENIED` 12 | stays open: PUBACK or PUBREC 0x87, SUBACK 0x80 or 0x87, nothing for QoS 0 |
//! | `AUTH` 11 | closed without a word |
//! | `UNKNOWN` 13 | closed, after DISCONNECT 0x80 in MQTT 5 |
//!
//! Refused logins are always `AUTH`: any other code would close without CONNACK and so tell reasons apart.

use core::ffi::c_int;
use core::fmt;
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use mqward::{Publish, UnixTime, Verdict};
use mqward_broker::{Guard, LoginRequest, Outcome, Policy, PolicyError};

use crate::bridges::Bridges;
use crate::connections::{Asked, Connections};
use crate::log_budget::LogBudget;
use crate::options::{Options, OptionsError};
use crate::presence::Presence;
use crate::sys::{self, Access, Client, Login};

/// One plugin as Mosquitto knows it: one for all listeners, or with `per_listener_settings` one each.
pub(crate) struct Plugin {
    pub(crate) guard: Arc<Guard>,
    /// Not held while a connection is ended: the broker calls back then.
    connections: Mutex<Connections>,
    /// How far the guard's changes were followed.
    pub(crate) seen: AtomicU64,
    pub(crate) bridges: Bridges,
    /// Set while a connection is being ended.
    pub(crate) ending: AtomicBool,
    log_budget: LogBudget,
}

impl Plugin {
    /// Reads the options of mosquitto.conf and the policy that they name.
    pub(crate) fn new(options: &[(&[u8], &[u8])]) -> Result<Self, StartError> {
        let options = Options::new(options).map_err(StartError::Options)?;
        let guard = shared_guard(&options.policy)?;
        Ok(Self {
            seen: AtomicU64::new(guard.changes_upto()),
            guard,
            connections: Mutex::default(),
            bridges: Bridges::default(),
            ending: AtomicBool::new(false),
            log_budget: LogBudget::default(),
        })
    }

    /// Judges a CONNECT, or one that was judged before and is asked about again on SIGHUP.
    pub(crate) fn login(&self, login: &Login<'_>) -> c_int {
        let (client, Some(client_id)) = (login.client, login.client.id()) else {
            return sys::ERR_AUTH;
        };
        let Some(now) = now() else {
            sys::log(
                sys::LOG_ERR,
                "mqward: the system clock is outside 1970 to 2106: login refused",
            );
            return sys::ERR_AUTH;
        };
        let address = client.address();
        let asked = self
            .connections()
            .asked(client_id, client.key(), address.is_some());
        if asked == Asked::Session {
            // There is no connection to refuse; and Mosquitto 2.0 would end the session's connection a second
            // time, put it on its expiry list again, and read it there after it was freed.
            return sys::ERR_SUCCESS;
        }
        let request = LoginRequest {
            client_id,
            user_name: login.user_name,
            password: login.password,
            address,
            same_connection: asked == Asked::Connection,
        };
        match self.guard.login(&request, now) {
            Outcome::Admit => {
                let mut connections = self.connections();
                connections.admit(client_id, client.key());
                connections.named(client.key(), login.user_name);
                sys::ERR_SUCCESS
            }
            Outcome::Defer => {
                let mut connections = self.connections();
                connections.defer(client_id, client.key());
                connections.named(client.key(), login.user_name);
                sys::ERR_PLUGIN_DEFER
            }
            Outcome::Refuse(verdict) => {
                self.report("login", client, None, &verdict);
                sys::ERR_AUTH
            }
        }
    }

    /// Judges a PUBLISH, a will, one filter of a SUBSCRIBE, or a delivery.
    pub(crate) fn access(&self, access: &Access<'_>) -> c_int {
        let (client, Some(client_id)) = (access.client, access.client.id()) else {
            return sys::ERR_ACL_DENIED;
        };
        if access.kind == sys::ACL_WRITE {
            self.bridges.ask(client.key());
        }
        if access.kind == sys::ACL_SUBSCRIBE && self.ending.load(Ordering::Relaxed) {
            // Mosquitto asks which subscriptions the session of a connection that is being ended may keep. What they
            // give is judged by each message, and whose connection it was says nothing about whose session it is.
            return sys::ERR_SUCCESS;
        }
        let presence = self.presence(access, client_id);
        match (presence, access.kind) {
            // Any other refusal than this would disconnect the client that published.
            (Presence::Out(_), sys::ACL_READ) => sys::ERR_ACL_DENIED,
            (Presence::Out(why), _) => {
                let id = client_id.escape_ascii();
                let address = client.address().unwrap_or("unknown address");
                let line = format!("mqward: refused a packet of \"{id}\" from {address}: {why}");
                sys::log(sys::LOG_NOTICE, &line);
                closing(client)
            }
            (_, sys::ACL_UNSUBSCRIBE) => sys::ERR_SUCCESS,
            (_, sys::ACL_READ) => {
                match passes(access.topic, &self.guard.deliver(client_id, access.topic)) {
                    true => sys::ERR_SUCCESS,
                    false => sys::ERR_ACL_DENIED,
                }
            }
            (Presence::Past, _) => {
                let verdict = self.guard.review(client_id, &publish(access));
                match passes(access.topic, &verdict) {
                    true => sys::ERR_SUCCESS,
                    false => sys::ERR_ACL_DENIED,
                }
            }
            (Presence::In, sys::ACL_WRITE) => {
                let verdict = self
                    .guard
                    .publish(client_id, &publish(access), client.address());
                self.answer("publish", client, access.topic, &verdict)
            }
            (Presence::In, sys::ACL_SUBSCRIBE) => {
                let verdict = self
                    .guard
                    .subscribe(client_id, access.topic, client.address());
                self.answer("subscribe", client, access.topic, &verdict)
            }
            _ => sys::ERR_ACL_DENIED,
        }
    }

    /// A connection ended.
    pub(crate) fn disconnect(&self, client: Client<'_>) {
        self.connections().end(client.id(), client.key());
    }

    /// Reads the policy anew; a mistake in it leaves the old one in force.
    pub(crate) fn reload(&self) {
        self.connections().reload();
        self.bridges.forget();
        let Some(now) = now() else {
            sys::log(
                sys::LOG_ERR,
                "mqward: the system clock is outside 1970 to 2106: not reloaded",
            );
            return;
        };
        let reloaded = match clash_of_reload(&self.guard) {
            Some(clash) => Err(clash),
            None => self.guard.reload(now).map_err(StartError::Policy),
        };
        match reloaded {
            Ok(()) => sys::log(sys::LOG_NOTICE, "mqward: policy reloaded"),
            Err(e) => sys::log(
                sys::LOG_ERR,
                &format!("mqward: {e}; the old policy stays in force"),
            ),
        }
    }

    /// The broker goes on with its work; nothing else of it is under way.
    pub(crate) fn tick(&self) {
        let mut connections = self.connections();
        connections.tick();
        let is_any_doomed = connections.is_any_doomed();
        drop(connections);
        if self.follow_changes() || is_any_doomed {
            self.end_doomed();
        }
    }

    fn answer(&self, what: &str, client: Client<'_>, topic: &[u8], verdict: &Verdict) -> c_int {
        if passes(topic, verdict) {
            return sys::ERR_SUCCESS;
        }
        if verdict.close() {
            self.report(what, client, Some(topic), verdict);
            return closing(client);
        }
        if let Some(unlogged) = self.log_budget.take(Instant::now()) {
            if unlogged > 0 {
                let line = format!("mqward: {unlogged} more refusals were not logged here");
                sys::log(sys::LOG_NOTICE, &line);
            }
            self.report(what, client, Some(topic), verdict);
        }
        sys::ERR_ACL_DENIED
    }

    /// One line in the broker's log, for the operator; what the client sent is escaped.
    pub(crate) fn report(
        &self,
        what: &str,
        client: Client<'_>,
        topic: Option<&[u8]>,
        verdict: &Verdict,
    ) {
        let Some(reason) = verdict.reason() else {
            return;
        };
        let id = client.id().unwrap_or_default().escape_ascii();
        let address = client.address().unwrap_or("unknown address");
        let code = reason.code();
        let line = match topic {
            Some(topic) => {
                let topic = topic.get(..TOPIC_IN_LOG).unwrap_or(topic).escape_ascii();
                format!("mqward: refused {what} by \"{id}\" from {address}: {code}: \"{topic}\"")
            }
            None => format!("mqward: refused {what} by \"{id}\" from {address}: {code}"),
        };
        sys::log(sys::LOG_NOTICE, &line);
    }

    pub(crate) fn connections(&self) -> MutexGuard<'_, Connections> {
        // Each change is one assignment, so a panic elsewhere cannot have left it half done.
        self.connections
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a packet passes. A breach that is only reported does, except where the broker is administered: there a dry
/// run of rules for devices would be an open door, and nobody else is asked once a plugin has said yes.
fn passes(topic: &[u8], verdict: &Verdict) -> bool {
    verdict.is_allowed() && !(verdict.is_reported() && is_control(topic))
}

/// Whether a Topic Name or Filter, the inner one of a shared subscription too, begins with `$CONTROL`. No wildcard
/// stands for that.
fn is_control(topic: &[u8]) -> bool {
    let mut levels = topic.split(|byte| *byte == b'/');
    match levels.next() {
        Some(b"$share") => levels.nth(1) == Some(b"$CONTROL"),
        first => first == Some(b"$CONTROL"),
    }
}

/// The code that closes a connection.
fn closing(client: Client<'_>) -> c_int {
    match client.protocol_version() {
        5 => sys::ERR_UNKNOWN,
        _ => sys::ERR_AUTH,
    }
}

fn publish<'a>(access: &Access<'a>) -> Publish<'a> {
    Publish {
        topic: access.topic,
        payload: access.payload,
        retain: access.retain,
        packet_len: None,
    }
}

/// How much of a topic goes to the log, in bytes.
const TOPIC_IN_LOG: usize = 128;

/// The guards of this process, with their policies.
static GUARDS: Mutex<Vec<(PathBuf, Weak<Guard>)>> = Mutex::new(Vec::new());

/// Listeners with the same policy file share one guard: a password is accepted once, not once per listener.
fn shared_guard(policy: &Path) -> Result<Arc<Guard>, StartError> {
    let mut guards = GUARDS.lock().unwrap_or_else(PoisonError::into_inner);
    let path = policy.canonicalize().unwrap_or_else(|_| policy.into());
    let known = guards.iter().find(|(known, _)| *known == path);
    if let Some(guard) = known.and_then(|(_, guard)| guard.upgrade()) {
        return Ok(guard);
    }
    let guard =
        Arc::new(Guard::open(policy, now().ok_or(StartError::Clock)?).map_err(StartError::Policy)?);
    guards.retain(|(_, guard)| guard.strong_count() > 0);
    if let Some(clash) = clash(&guards, &guard, guard.audience()) {
        return Err(clash);
    }
    guards.push((path, Arc::downgrade(&guard)));
    Ok(guard)
}

/// Whether a guard would have the audience of another one after a reload.
fn clash_of_reload(guard: &Arc<Guard>) -> Option<StartError> {
    // A mistake in it is told by the reload.
    let policy = Policy::read(guard.policy_path()).ok()?;
    let audience = policy.audience().map(|audience| audience.as_str().into());
    let guards = GUARDS.lock().unwrap_or_else(PoisonError::into_inner);
    clash(&guards, guard, audience)
}

fn clash(
    guards: &[(PathBuf, Weak<Guard>)],
    guard: &Arc<Guard>,
    audience: Option<String>,
) -> Option<StartError> {
    let audience = audience?;
    let mut others = guards
        .iter()
        .filter_map(|(path, other)| Some((path, other.upgrade()?)))
        .filter(|(_, other)| !Arc::ptr_eq(other, guard));
    let (other, _) = others.find(|(_, other)| other.audience().as_ref() == Some(&audience))?;
    Some(StartError::Audience {
        policy: guard.policy_path().into(),
        other: other.clone(),
        audience,
    })
}

fn now() -> Option<UnixTime> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
    UnixTime::from_secs(since.as_secs())
}

/// Why the plugin, and with it the broker, does not start, or goes on with the old policy.
#[derive(Debug)]
pub(crate) enum StartError {
    Options(OptionsError),
    Policy(PolicyError),
    /// Two policies of one audience have two replay stores: a password would be accepted once by each.
    Audience {
        policy: PathBuf,
        other: PathBuf,
        audience: String,
    },
    Clock,
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Options(e) => e.fmt(f),
            Self::Policy(e) => e.fmt(f),
            Self::Audience {
                policy,
                other,
                audience,
            } => write!(
                f,
                "{}: audience {audience:?} is that of {} already, and a password would be accepted once by each: give \
                 listeners the same policy, or an audience each",
                policy.display(),
                other.display()
            ),
            Self::Clock => f.write_str("the system clock is outside 1970 to 2106"),
        }
    }
}

impl core::error::Error for StartError {}
