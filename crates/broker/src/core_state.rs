//! The state of a guard, shared by the adapter's threads and the keeper.

mod packets;

use core::sync::atomic::{AtomicU32, Ordering};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Instant;

use mqward::{Authentication, ClientId, Generation, Reason, UnixTime};

use crate::audit_log::{AuditEntry, AuditEvent, AuditVerdict};
use crate::change_log::ChangeLog;
use crate::device::DeviceStage;
use crate::fleet::Standing;
use crate::guard::window_not_noted;
use crate::limiter::{Counted, Limiter};
use crate::loaded::Loaded;
use crate::login::{Judged, LoginRequest, Outcome};
use crate::login_history::LoginHistory;
use crate::metrics::{Gauges, Metrics, TimedStore};
use crate::registry::Refreshed;
use crate::{PolicyError, ReplayStore, StoreUnavailable};

/// Everything that a guard judges by.
pub(crate) struct Core {
    pub(crate) policy_path: PathBuf,
    pub(crate) metrics: Metrics,
    pub(crate) changes: ChangeLog,
    loaded: RwLock<Arc<Loaded>>,
    pub(crate) store: Box<dyn ReplayStore>,
    history: LoginHistory,
    limiter: Limiter,
    /// The time that the adapter said last, and when it first did.
    clock: Mutex<(UnixTime, Instant)>,
    /// The same in seconds: most logins say what was said before.
    said: AtomicU32,
    /// Held while what a policy was read for is brought up to date, so that no change falls between two of them.
    upkeep: Mutex<()>,
}

impl Core {
    pub(crate) fn new(
        policy_path: &Path,
        loaded: Loaded,
        store: Box<dyn ReplayStore>,
        now: UnixTime,
    ) -> Self {
        let core = Self {
            policy_path: policy_path.to_owned(),
            metrics: Metrics::default(),
            changes: ChangeLog::default(),
            loaded: RwLock::new(Arc::new(loaded)),
            store,
            history: LoginHistory::default(),
            limiter: Limiter::default(),
            clock: Mutex::new((now, Instant::now())),
            said: AtomicU32::new(now.get()),
            upkeep: Mutex::new(()),
        };
        core.take_over(&core.loaded(), &Refreshed::Everything);
        core
    }

    /// The time by the adapter's clock, also where a question comes without it.
    pub(crate) fn now(&self) -> UnixTime {
        let (said, at) = *self.clock.lock().unwrap_or_else(PoisonError::into_inner);
        let secs = u64::from(said.get()).saturating_add(at.elapsed().as_secs());
        UnixTime::from_secs(secs).unwrap_or(said)
    }

    fn set_clock(&self, now: UnixTime) {
        if self.said.load(Ordering::Relaxed) == now.get() {
            return;
        }
        let mut clock = self.clock.lock().unwrap_or_else(PoisonError::into_inner);
        *clock = (now, Instant::now());
        self.said.store(now.get(), Ordering::Relaxed);
    }

    pub(crate) fn loaded(&self) -> Arc<Loaded> {
        // The only change is one assignment, so what a dead holder left is whole.
        Arc::clone(&self.loaded.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn reload(&self, now: UnixTime) -> Result<(), PolicyError> {
        self.set_clock(now);
        let _upkeep = self.upkeep.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.loaded();
        let read = Loaded::read(&self.policy_path, Some(&before)).and_then(|loaded| {
            let window_secs = loaded.policy.window_secs();
            if window_secs > before.policy.window_secs() {
                // Before the first password that needs it is accepted (spec §6.5).
                self.store
                    .widen(window_secs)
                    .map_err(|StoreUnavailable| window_not_noted(&self.policy_path, window_secs))?;
            }
            Ok(loaded)
        });
        let entry = |verdict, detail| AuditEntry {
            verdict,
            detail,
            ..AuditEntry::notice(now, AuditEvent::Reload, String::new())
        };
        match read {
            Ok(loaded) => {
                let loaded = Arc::new(loaded);
                // What the file says by now, before anybody is judged by it.
                if let Err(error) = self.read_registry(&loaded) {
                    let detail = format!(
                        "the registry cannot be read, so what was known stays in force: {error}"
                    );
                    self.log(
                        &loaded,
                        &AuditEntry::notice(now, AuditEvent::Registry, detail),
                    );
                }
                self.take_over(&loaded, &Refreshed::Everything);
                *self.loaded.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&loaded);
                self.changes.note_all();
                self.log(&loaded, &entry(AuditVerdict::Allow, None));
                Ok(())
            }
            Err(error) => {
                self.log(
                    &before,
                    &entry(AuditVerdict::Refuse, Some(error.to_string())),
                );
                Err(error)
            }
        }
    }

    /// Brings the registry up to date, and the gates that follow from it.
    pub(crate) fn refresh(&self) -> Result<Refreshed, String> {
        let _upkeep = self.upkeep.lock().unwrap_or_else(PoisonError::into_inner);
        let loaded = self.loaded();
        let refreshed = self.read_registry(&loaded)?;
        self.take_over(&loaded, &refreshed);
        Ok(refreshed)
    }

    fn read_registry(&self, loaded: &Loaded) -> Result<Refreshed, String> {
        let Some(registry) = loaded.fleet.registry() else {
            return Ok(Refreshed::Nothing);
        };
        registry.refresh().map_err(|error| {
            self.metrics
                .registry_failures
                .fetch_add(1, Ordering::Relaxed);
            error.to_string()
        })
    }

    /// Makes the gates that changed devices need, and says what is wrong with any.
    fn take_over(&self, loaded: &Loaded, refreshed: &Refreshed) {
        for wrong in loaded.take_over(refreshed) {
            let detail = format!("{wrong}: it is refused");
            self.log(
                loaded,
                &AuditEntry::notice(self.now(), AuditEvent::Registry, detail),
            );
        }
    }

    pub(crate) fn login(&self, request: &LoginRequest<'_>, now: UnixTime) -> Outcome {
        self.set_clock(now);
        let loaded = self.loaded();
        let store = TimedStore {
            store: self.store.as_ref(),
            metrics: &self.metrics,
        };
        let judged = Judged::new(&loaded, &store, &self.history, request, now);
        let (verdict, outcome) = (judged.verdict(), judged.outcome());
        self.metrics.login(&outcome, verdict);
        let entry = AuditEntry {
            now: Some(now),
            event: AuditEvent::Login,
            client_id: Some(request.client_id),
            address: request.address,
            verdict: match outcome {
                Outcome::Refuse(_) => AuditVerdict::Refuse,
                Outcome::Defer => AuditVerdict::Defer,
                Outcome::Admit if verdict.is_reported() => AuditVerdict::Report,
                Outcome::Admit => AuditVerdict::Allow,
            },
            reason: verdict.reason().map(|reason| reason.code()),
            role: loaded.role_name(verdict),
            close: verdict.reason().map(|_| verdict.close()),
            skew: judged.skew(),
            topic: None,
            detail: judged.detail(&loaded.policy.gate()),
        };
        let rule = &loaded.policy.services().limiter;
        let counted = match outcome {
            // A line for every login of a device that proved who it is, unless it never stops.
            Outcome::Admit if loaded.audit.is_kept() => {
                self.limiter.admission_of_client(request.client_id, now)
            }
            Outcome::Admit => Counted::Within { over_before: 0 },
            Outcome::Defer => self.limiter.deferral_of_address(request.address, now, rule),
            Outcome::Refuse(_) if judged.is_authentic => {
                self.limiter.breach_of_client(request.client_id, now, rule)
            }
            Outcome::Refuse(_) => self.limiter.failure_of_address(request.address, now, rule),
        };
        self.log_counted(&loaded, entry, counted);
        if let Some(stage) = judged.reached {
            self.log_stage(&loaded, request.client_id, stage, None);
        }
        outcome
    }

    /// Logs a refusal that the adapter carried out.
    pub(crate) fn note_refusal(
        &self,
        client_id: &[u8],
        address: Option<&str>,
        reason: Reason,
        detail: &str,
    ) {
        let entry = AuditEntry {
            client_id: Some(client_id),
            address,
            verdict: AuditVerdict::Refuse,
            reason: Some(reason.code()),
            close: Some(true),
            ..AuditEntry::notice(self.now(), AuditEvent::Login, detail.to_owned())
        };
        self.log(&self.loaded(), &entry);
    }

    pub(crate) fn may_stay(&self, client_id: &[u8]) -> bool {
        let loaded = self.loaded();
        let Ok(id) = ClientId::from_bytes(client_id) else {
            return false;
        };
        let own = loaded.own_gates(client_id);
        let gate = match &own {
            None => loaded.policy.gate(),
            Some(Some(own)) => own.identity(),
            Some(None) => return false,
        };
        let Some((_, role)) = gate.role_of(id) else {
            return false;
        };
        let is_mqward = role.authentication == Authentication::Mqward;
        let generation = match self.store.newest(id.as_str()) {
            Ok(Some(mark)) if is_mqward => Generation::new(mark.generation()).ok(),
            _ => None,
        };
        match loaded.fleet.standing(id.as_str(), generation) {
            Standing::Accepted => true,
            Standing::Revoked => false,
            Standing::Unknown => !is_mqward,
        }
    }

    pub(crate) fn metrics_text(&self) -> String {
        let registry_len = self
            .loaded()
            .fleet
            .registry()
            .map(|registry| registry.len());
        self.metrics.text(&Gauges {
            devices: registry_len.and_then(|len| u64::try_from(len).ok()),
        })
    }

    fn log_stage(
        &self,
        loaded: &Loaded,
        client_id: &[u8],
        stage: DeviceStage,
        trouble: Option<String>,
    ) {
        self.metrics.reached(stage);
        let mut detail = format!("stage {stage}");
        if let Some(trouble) = trouble {
            detail.push_str(": ");
            detail.push_str(&trouble);
        }
        let entry = AuditEntry {
            client_id: Some(client_id),
            ..AuditEntry::notice(self.now(), AuditEvent::Stage, detail)
        };
        self.log(loaded, &entry);
    }

    /// Writes the line of a failure, or of what may be one, unless there were too many of them.
    fn log_counted(&self, loaded: &Loaded, mut entry: AuditEntry<'_>, counted: Counted) {
        match counted {
            Counted::Within { over_before: 0 } => {}
            Counted::Within { over_before } => {
                let detail = entry.detail.get_or_insert_default();
                detail.push_str(&format!(
                    " ({over_before} more before it were only counted)"
                ));
            }
            Counted::First | Counted::Over => {
                self.metrics.unlogged.fetch_add(1, Ordering::Relaxed);
            }
        }
        match counted {
            Counted::Within { .. } => self.log(loaded, &entry),
            Counted::First => {
                let detail = match (entry.event, entry.verdict) {
                    (AuditEvent::Login, AuditVerdict::Allow | AuditVerdict::Report) => {
                        "so many logins in a row that further ones are only counted"
                    }
                    (_, AuditVerdict::Defer) => {
                        "so many logins left to the broker's own users that further ones are only counted"
                    }
                    _ => "so many failures that further ones are only counted",
                };
                self.log_limit(loaded, entry.client_id, entry.address, detail);
            }
            Counted::Over => {}
        }
    }

    fn log_limit(
        &self,
        loaded: &Loaded,
        client_id: Option<&[u8]>,
        address: Option<&str>,
        detail: &str,
    ) {
        let entry = AuditEntry {
            client_id,
            address,
            ..AuditEntry::notice(self.now(), AuditEvent::Limit, detail.to_owned())
        };
        self.log(loaded, &entry);
    }

    pub(crate) fn notice(&self, event: AuditEvent, detail: String) {
        self.log(
            &self.loaded(),
            &AuditEntry::notice(self.now(), event, detail),
        );
    }

    fn log(&self, loaded: &Loaded, entry: &AuditEntry<'_>) {
        if loaded.audit.write(entry).is_err() {
            self.metrics.audit_lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}
