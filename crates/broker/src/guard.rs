//! The guard: everything that a broker adapter asks, behind one shared object.

use core::fmt;
use core::sync::atomic::{AtomicU64, Ordering};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use mqward::{Publish, UnixTime, Verdict};

use crate::audit_log::{AuditEntry, AuditEvent, AuditLog, AuditVerdict};
use crate::fleet::Fleet;
use crate::login::{Judged, LoginRequest, Outcome};
use crate::login_history::LoginHistory;
use crate::{ColdStart, MemoryReplayStore, Policy, PolicyError, ReplayStore};

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
    policy_path: PathBuf,
    loaded: RwLock<Arc<Loaded>>,
    store: Box<dyn ReplayStore>,
    history: LoginHistory,
    audit_failures: AtomicU64,
}

/// What a reload replaces, all at once.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) policy: Policy,
    pub(crate) fleet: Fleet,
    audit: AuditLog,
}

impl Loaded {
    fn read(policy_path: &Path) -> Result<Self, PolicyError> {
        let policy = Policy::read(policy_path)?;
        let fleet = Fleet::read(&policy)?;
        let audit = AuditLog::open(policy.audit_file())?;
        Ok(Self {
            policy,
            fleet,
            audit,
        })
    }

    /// The name of the role that a verdict found.
    fn role_name(&self, verdict: &Verdict) -> Option<&str> {
        verdict
            .role()
            .and_then(|index| self.policy.gate().roles().get(index))
            .map(|role| role.name)
    }
}

impl Guard {
    /// Reads a policy and the files it names, and starts with an empty replay store in memory.
    ///
    /// `now` is the start of the store: with `cold_start = "strict"`, the default, nobody is admitted whose password
    /// is not later than `now` plus the window (see [`ColdStart`]).
    ///
    /// # Errors
    /// The first mistake in policy, key or device file, or that the audit log cannot be opened.
    pub fn open(policy_path: &Path, now: UnixTime) -> Result<Self, PolicyError> {
        let loaded = Loaded::read(policy_path)?;
        let cold_start = if loaded.policy.cold_start_is_open() {
            ColdStart::Open
        } else {
            ColdStart::Strict {
                start: now,
                window_secs: loaded.policy.window_secs(),
            }
        };
        let store = Box::new(MemoryReplayStore::new(cold_start));
        Ok(Self::start(policy_path, loaded, store))
    }

    /// As [`open`](Self::open), with a replay store of the caller's, whose cold start is its own.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_with_store(
        policy_path: &Path,
        store: Box<dyn ReplayStore>,
    ) -> Result<Self, PolicyError> {
        Ok(Self::start(policy_path, Loaded::read(policy_path)?, store))
    }

    fn start(policy_path: &Path, loaded: Loaded, store: Box<dyn ReplayStore>) -> Self {
        Self {
            policy_path: policy_path.to_owned(),
            loaded: RwLock::new(Arc::new(loaded)),
            store,
            history: LoginHistory::default(),
            audit_failures: AtomicU64::new(0),
        }
    }

    /// Reads policy, key and device files anew and reopens the audit log; the replay store stays.
    ///
    /// `[replay]` is read at the start only; `now` stamps the line in the audit log.
    ///
    /// # Errors
    /// The first mistake, as [`open`](Self::open). Everything stays as it was then.
    pub fn reload(&self, now: UnixTime) -> Result<(), PolicyError> {
        let read = Loaded::read(&self.policy_path);
        let entry = |verdict, detail| AuditEntry {
            now: Some(now),
            event: AuditEvent::Reload,
            client_id: None,
            address: None,
            verdict,
            reason: None,
            role: None,
            close: None,
            skew: None,
            topic: None,
            detail,
        };
        match read {
            Ok(loaded) => {
                let loaded = Arc::new(loaded);
                *self.loaded.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&loaded);
                self.log(&loaded, &entry(AuditVerdict::Allow, None));
                Ok(())
            }
            Err(error) => {
                self.log(
                    &self.loaded(),
                    &entry(AuditVerdict::Refuse, Some(error.to_string())),
                );
                Err(error)
            }
        }
    }

    /// Judges a CONNECT at the time `now`. A password that is admitted is used up.
    ///
    /// The answer must never be cached: a cache turns a one-time password into a reusable one.
    pub fn login(&self, request: &LoginRequest<'_>, now: UnixTime) -> Outcome {
        let loaded = self.loaded();
        let judged = Judged::new(&loaded, self.store.as_ref(), &self.history, request, now);
        let verdict = judged.verdict();
        let entry = AuditEntry {
            now: Some(now),
            event: AuditEvent::Login,
            client_id: Some(request.client_id),
            address: request.address,
            verdict: match judged.outcome() {
                Outcome::Refuse(_) => AuditVerdict::Refuse,
                _ if verdict.is_reported() => AuditVerdict::Report,
                Outcome::Admit => AuditVerdict::Allow,
                Outcome::Defer => AuditVerdict::Defer,
            },
            reason: verdict.reason().map(|reason| reason.code()),
            role: loaded.role_name(verdict),
            close: verdict.reason().map(|_| verdict.close()),
            skew: judged.skew(),
            topic: None,
            detail: judged.detail(&loaded.policy.gate()),
        };
        self.log(&loaded, &entry);
        judged.outcome()
    }

    /// Judges a PUBLISH, or a will when it fires. Refusals and reports go to the audit log.
    pub fn publish(
        &self,
        client_id: &[u8],
        publish: &Publish<'_>,
        address: Option<&str>,
    ) -> Verdict {
        let loaded = self.loaded();
        let verdict = loaded.policy.gate().publish(client_id, publish);
        self.log_refusal(
            &loaded,
            AuditEvent::Publish,
            client_id,
            publish.topic,
            address,
            &verdict,
        );
        verdict
    }

    /// Judges one filter of a SUBSCRIBE. Refusals and reports go to the audit log.
    pub fn subscribe(&self, client_id: &[u8], filter: &[u8], address: Option<&str>) -> Verdict {
        let loaded = self.loaded();
        let verdict = loaded.policy.gate().subscribe(client_id, filter);
        self.log_refusal(
            &loaded,
            AuditEvent::Subscribe,
            client_id,
            filter,
            address,
            &verdict,
        );
        verdict
    }

    /// Judges whether a client may be given a message on a topic. Not logged: there is one answer per message and reader.
    pub fn deliver(&self, client_id: &[u8], topic: &[u8]) -> Verdict {
        self.loaded().policy.gate().deliver(client_id, topic)
    }

    /// A verdict in a sentence for the operator, with role, rule and level of the policy in force.
    #[must_use]
    pub fn explain(&self, verdict: &Verdict) -> String {
        verdict.explain(&self.loaded().policy.gate()).to_string()
    }

    /// How many lines the audit log has lost since the start. A login never waits for the log to work again.
    #[must_use]
    pub fn audit_failures(&self) -> u64 {
        self.audit_failures.load(Ordering::Relaxed)
    }

    fn loaded(&self) -> Arc<Loaded> {
        // The only change is one assignment, so what a dead holder left is whole.
        Arc::clone(&self.loaded.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn log_refusal(
        &self,
        loaded: &Loaded,
        event: AuditEvent,
        client_id: &[u8],
        topic: &[u8],
        address: Option<&str>,
        verdict: &Verdict,
    ) {
        let Some(reason) = verdict.reason() else {
            return;
        };
        let entry = AuditEntry {
            now: None,
            event,
            client_id: Some(client_id),
            address,
            verdict: if verdict.is_allowed() {
                AuditVerdict::Report
            } else {
                AuditVerdict::Refuse
            },
            reason: Some(reason.code()),
            role: loaded.role_name(verdict),
            close: Some(verdict.close()),
            skew: None,
            topic: Some(topic),
            detail: Some(verdict.explain(&loaded.policy.gate()).to_string()),
        };
        self.log(loaded, &entry);
    }

    fn log(&self, loaded: &Loaded, entry: &AuditEntry<'_>) {
        if loaded.audit.write(entry).is_err() {
            self.audit_failures.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard")
            .field("policy_path", &self.policy_path)
            .finish_non_exhaustive()
    }
}
