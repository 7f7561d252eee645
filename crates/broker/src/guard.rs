//! The guard: everything that a broker adapter asks, behind one shared object.

use core::fmt;
use core::sync::atomic::Ordering;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use mqward::{Publish, Reason, UnixTime, Verdict};

use crate::audit_log::AuditEvent;
use crate::core_state::Core;
use crate::keeper::Keeper;
use crate::loaded::Loaded;
use crate::login::{LoginRequest, Outcome};
use crate::rounds::Rounds;
use crate::{
    ColdStart, DeviceChanges, MemoryReplayStore, PolicyError, ReplayJournal, ReplayStore,
    StoreUnavailable,
};

/// Policy, keys, devices, replay store and audit log of one broker process.
///
/// All methods take `&self`; share it between threads behind an [`Arc`] or a reference. Nothing here reads a clock
/// to decide: the adapter passes `now`.
///
/// ```no_run
/// use std::path::Path;
/// use mqward::UnixTime;
/// use mqward_broker::{Guard, LoginRequest, Outcome};
///
/// let now = UnixTime::from_secs(1_767_225_600).expect("between 1970 and 2106");
/// let guard = Guard::open(Path::new("policy.toml"), now)?;
/// let request = LoginRequest {
///     client_id: b"device-0123456789ab",
///     user_name: Some(b"device-0123456789ab"),
///     password: Some(b"AQFpVbkAaOd4AQAABzWDvWBDZNfhUzH90vNwBCY"),
///     address: Some("192.0.2.7"),
///     same_connection: false,
/// };
/// match guard.login(&request, now) {
///     Outcome::Admit => println!("CONNACK 0"),
///     Outcome::Defer => println!("the broker's own users decide"),
///     Outcome::Refuse(verdict) => println!("CONNACK {}", verdict.v3()),
/// }
/// # Ok::<(), mqward_broker::PolicyError>(())
/// ```
pub struct Guard {
    // Ends before what it works on.
    keeper: Option<Keeper>,
    core: Arc<Core>,
}

impl Guard {
    /// Reads a policy and the files it names, and opens the replay store: the file of `[replay]`, or an empty one in
    /// memory.
    ///
    /// `now` is the start of the store: with `cold_start = "strict"`, the default, a store that may have forgotten
    /// marks admits nobody whose password is not later than `now` plus the window (see [`ColdStart`]).
    ///
    /// A thread of the guard's own looks after the registry, the store, metrics and log rotation, until it is dropped.
    ///
    /// # Errors
    /// The first mistake in policy, key or device file, or that the registry, replay store or audit log cannot be
    /// opened.
    pub fn open(policy_path: &Path, now: UnixTime) -> Result<Self, PolicyError> {
        let loaded = Loaded::read(policy_path, None)?;
        let services = loaded.policy.services();
        let cold_start = if services.cold_start_open {
            ColdStart::Open
        } else {
            ColdStart::Strict {
                start: now,
                window_secs: loaded.policy.window_secs(),
            }
        };
        let Some(path) = services.replay_file.clone() else {
            let store = Box::new(MemoryReplayStore::new(cold_start));
            let guard = Self::start(policy_path, loaded, store, now)?;
            if let Some(until) = cold_start.not_before() {
                let what = "the replay store is in memory and begins empty";
                guard.note_store(what, Some(until));
            }
            return Ok(guard);
        };
        let store = ReplayJournal::open(&path, cold_start, now)
            .map_err(|error| PolicyError::of_file(error.path().unwrap_or(&path), error.reason()))?;
        let start = store.start();
        let until = store.not_before().filter(|until| *until > now);
        let guard = Self::start(policy_path, loaded, Box::new(store), now)?;
        guard.note_store(start.describe(), until);
        Ok(guard)
    }

    /// Tells the audit log how the store began, and how long that keeps honest devices out.
    fn note_store(&self, what: &str, until: Option<UnixTime>) {
        let mut detail = what.to_owned();
        if let Some(until) = until {
            detail.push_str(&format!(
                "; refused as unavailable are passwords with a time up to {}",
                until.get()
            ));
        }
        self.core.notice(AuditEvent::Store, detail);
    }

    /// As [`open`](Self::open), with a replay store of the caller's, whose cold start is its own.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_with_store(
        policy_path: &Path,
        store: Box<dyn ReplayStore>,
    ) -> Result<Self, PolicyError> {
        let loaded = Loaded::read(policy_path, None)?;
        let now = system_time().ok_or_else(|| {
            PolicyError::of_file(policy_path, "the system clock is outside 1970 to 2106")
        })?;
        Self::start(policy_path, loaded, store, now)
    }

    fn start(
        policy_path: &Path,
        loaded: Loaded,
        store: Box<dyn ReplayStore>,
        now: UnixTime,
    ) -> Result<Self, PolicyError> {
        let window_secs = loaded.policy.window_secs();
        store
            .widen(window_secs)
            .map_err(|StoreUnavailable| window_not_noted(policy_path, window_secs))?;
        let core = Arc::new(Core::new(policy_path, loaded, store, now));
        let mut rounds = Rounds::new(Arc::clone(&core));
        let keeper = Keeper::start(move |is_last| rounds.go(is_last))
            .map_err(|error| PolicyError::of_file(policy_path, format!("no thread: {error}")))?;
        Ok(Self {
            keeper: Some(keeper),
            core,
        })
    }

    /// Reads policy, key and device files anew and reopens the audit log; the replay store stays.
    ///
    /// A window that is raised is noted by the store first, for its next cold start. `[replay]` is read at the start only;
    /// `now` stamps the line in the audit log. A registry that is in memory stays there and is brought up to date.
    ///
    /// # Errors
    /// The first mistake, as [`open`](Self::open), or that the store cannot note a larger window. Everything stays as it was
    /// then.
    pub fn reload(&self, now: UnixTime) -> Result<(), PolicyError> {
        self.core.reload(now)
    }

    /// Judges a CONNECT at the time `now`. A password that is admitted is used up.
    ///
    /// The answer must never be cached: a cache turns a one-time password into a reusable one.
    ///
    /// An adapter that judges in one thread and ends connections in another asks [`may_stay`](Self::may_stay) once after
    /// it has noted the new connection: a revocation may have come between the two.
    pub fn login(&self, request: &LoginRequest<'_>, now: UnixTime) -> Outcome {
        self.core.login(request, now)
    }

    /// Judges a PUBLISH, or a will when it fires. Refusals and reports go to the audit log.
    ///
    /// A client whose connection the same topic has ended too often lately keeps it: the packet alone is refused. It
    /// would send the same message again after every reconnect, forever.
    pub fn publish(
        &self,
        client_id: &[u8],
        publish: &Publish<'_>,
        address: Option<&str>,
    ) -> Verdict {
        self.core.publish(client_id, publish, address)
    }

    /// Judges a client that is connected though nobody asked about its login: brokers let listeners take a certificate
    /// for one. `user_name` is the name that the broker took from it.
    ///
    /// Never [`Outcome::Admit`]: no password was shown. A role with `auth = "broker"`, and a device whose stage leaves
    /// it to the broker, is deferred to if the name is the client id and nobody revoked it; all others are refused.
    /// Ask once for each connection.
    pub fn login_unasked(
        &self,
        client_id: &[u8],
        user_name: Option<&[u8]>,
        address: Option<&str>,
    ) -> Outcome {
        // Without a password nobody passes but those who are left to the broker.
        let request = LoginRequest {
            client_id,
            user_name,
            password: None,
            address,
            same_connection: false,
        };
        match self.core.login(&request, self.core.now()) {
            // Of a device in stage "legacy", the broker's password file would have had to know the name.
            Outcome::Defer if user_name != Some(client_id) => {
                let detail = "the name in its certificate is not its client id";
                self.core
                    .note_refusal(client_id, address, Reason::UserName, detail);
                Outcome::Refuse(Verdict::refuse_login(None, Reason::UserName))
            }
            outcome => outcome,
        }
    }

    /// Judges a message by the rules of now that was published before: whether its sender might still send it. As
    /// [`publish`](Self::publish), but nobody publishes, so nothing is logged, counted or remembered.
    pub fn review(&self, client_id: &[u8], publish: &Publish<'_>) -> Verdict {
        self.core.review(client_id, publish)
    }

    /// Tells the audit log that the adapter ended the connection of a client that may not stay.
    pub fn note_ended(&self, client_id: &[u8], address: Option<&str>) {
        let detail = "it may not stay: its connection was ended";
        self.core
            .note_refusal(client_id, address, Reason::Revoked, detail);
    }

    /// Judges one filter of a SUBSCRIBE. Refusals and reports go to the audit log; see [`publish`](Self::publish).
    pub fn subscribe(&self, client_id: &[u8], filter: &[u8], address: Option<&str>) -> Verdict {
        self.core.subscribe(client_id, filter, address)
    }

    /// Judges whether a client may be given a message on a topic. Not logged: there is one answer per message and reader.
    pub fn deliver(&self, client_id: &[u8], topic: &[u8]) -> Verdict {
        self.core.deliver(client_id, topic)
    }

    /// Whether a client that is connected may stay: its role still exists, the device is known and not revoked, and
    /// the generation that it logged in with is still accepted.
    ///
    /// For adapters that end connections; [`changes_since`](Self::changes_since) says whose to ask about.
    #[must_use]
    pub fn may_stay(&self, client_id: &[u8]) -> bool {
        self.core.may_stay(client_id)
    }

    /// Which devices changed since an earlier answer, or since the start for 0. Changes of the registry are seen
    /// within seconds.
    #[must_use]
    pub fn changes_since(&self, number: u64) -> DeviceChanges {
        self.core.changes.since(number)
    }

    /// Where an answer of [`changes_since`](Self::changes_since) would end now: the same as last time is no news. It
    /// takes no lock.
    #[must_use]
    pub fn changes_upto(&self) -> u64 {
        self.core.changes.upto()
    }

    /// Counters of logins, verdicts and the replay store in the text format of Prometheus: what `[metrics]` writes to
    /// a file.
    #[must_use]
    pub fn metrics(&self) -> String {
        self.core.metrics_text()
    }

    /// The audience of the policy in force; `None` where no role needs one. One process has one guard for each.
    #[must_use]
    pub fn audience(&self) -> Option<String> {
        let loaded = self.core.loaded();
        let audience = loaded.policy.audience();
        audience.map(|audience| audience.as_str().to_owned())
    }

    /// The policy file that [`reload`](Self::reload) reads.
    #[must_use]
    pub fn policy_path(&self) -> &Path {
        &self.core.policy_path
    }

    /// A verdict in a sentence for the operator, with role, rule and level of the policy in force.
    #[must_use]
    pub fn explain(&self, verdict: &Verdict) -> String {
        let loaded = self.core.loaded();
        verdict.explain(&loaded.policy.gate()).to_string()
    }

    /// How many lines the audit log has lost since the start. A login never waits for the log to work again.
    #[must_use]
    pub fn audit_failures(&self) -> u64 {
        self.core.metrics.audit_lost.load(Ordering::Relaxed)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        // Its thread shares the replay store, which is closed in order when the last of both is gone.
        drop(self.keeper.take());
    }
}

/// That the replay store is not prepared for the window of a policy.
pub(crate) fn window_not_noted(policy_path: &Path, window_secs: u16) -> PolicyError {
    PolicyError::of_file(
        policy_path,
        format!("the replay store could not note the window of {window_secs} seconds"),
    )
}

fn system_time() -> Option<UnixTime> {
    let since = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .ok()?;
    UnixTime::from_secs(since.as_secs())
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard")
            .field("policy_path", &self.core.policy_path)
            .finish_non_exhaustive()
    }
}
