//! The state of a guard, shared by the adapter's threads and the keeper.

use core::sync::atomic::Ordering;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Instant;

use mqward::{
    Action, Authentication, ClientId, Generation, Publish, Reason, UnixTime, Verdict,
    is_sealed_shape,
};

use crate::audit_log::{AuditEntry, AuditEvent, AuditVerdict};
use crate::change_log::ChangeLog;
use crate::device::DeviceStage;
use crate::device_gate::GateSet;
use crate::fleet::Standing;
use crate::limiter::{Counted, Limiter};
use crate::loaded::Loaded;
use crate::login::{Judged, LoginRequest, Outcome};
use crate::login_history::LoginHistory;
use crate::metrics::{Gauges, Metrics, TimedStore};
use crate::registry::Refreshed;
use crate::{PolicyError, ReplayStore};

/// Everything that a guard judges by.
pub(crate) struct Core {
    pub(crate) policy_path: PathBuf,
    pub(crate) metrics: Metrics,
    pub(crate) changes: ChangeLog,
    loaded: RwLock<Arc<Loaded>>,
    pub(crate) store: Box<dyn ReplayStore>,
    history: LoginHistory,
    limiter: Limiter,
    /// The time that the adapter said last, and when it did.
    clock: Mutex<(UnixTime, Instant)>,
    /// Held while what a policy was read for is brought up to date, so that no change falls between two of them.
    upkeep: Mutex<()>,
}

/// What a packet is judged by: the gates of its device, and what these know the device by.
struct PacketGates<'a> {
    gates: &'a GateSet,
    id: &'a [u8],
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
        *self.clock.lock().unwrap_or_else(PoisonError::into_inner) = (now, Instant::now());
    }

    pub(crate) fn loaded(&self) -> Arc<Loaded> {
        // The only change is one assignment, so what a dead holder left is whole.
        Arc::clone(&self.loaded.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn reload(&self, now: UnixTime) -> Result<(), PolicyError> {
        self.set_clock(now);
        let _upkeep = self.upkeep.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.loaded();
        let read = Loaded::read(&self.policy_path, Some(&before));
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
            // A line for every login of a device that proved who it is.
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

    pub(crate) fn publish(
        &self,
        client_id: &[u8],
        publish: &Publish<'_>,
        address: Option<&str>,
    ) -> Verdict {
        let loaded = self.loaded();
        let stage = loaded.stage(client_id);
        self.judge(
            &loaded,
            client_id,
            (AuditEvent::Publish, publish.topic, address),
            |gates, soft| {
                let gate = gates.gates.reading(soft, false);
                let verdict = gate.publish(gates.id, publish);
                if stage == DeviceStage::Sealed {
                    return (verdict, None);
                }
                if verdict.reason() == Some(Reason::NotSealed) && !verdict.is_allowed() {
                    // Not yet: what enforcement would do goes to the log, and the message passes.
                    let passes = gates.gates.reading(soft, true).publish(gates.id, publish);
                    return (passes, passes.is_allowed().then_some(verdict));
                }
                if stage == DeviceStage::Login
                    && verdict.is_allowed()
                    && is_sealed_shape(publish.payload, publish.retain)
                {
                    // Sealed, where a rule asks for it: without that rule a seal says nothing about plaintext.
                    let plaintext = Publish {
                        payload: &[],
                        ..*publish
                    };
                    if gate.publish(gates.id, &plaintext).reason() == Some(Reason::NotSealed) {
                        self.reach_sealed(&loaded, client_id);
                    }
                }
                (verdict, None)
            },
        )
    }

    pub(crate) fn subscribe(
        &self,
        client_id: &[u8],
        filter: &[u8],
        address: Option<&str>,
    ) -> Verdict {
        let loaded = self.loaded();
        self.judge(
            &loaded,
            client_id,
            (AuditEvent::Subscribe, filter, address),
            |gates, soft| {
                (
                    gates.gates.reading(soft, false).subscribe(gates.id, filter),
                    None,
                )
            },
        )
    }

    pub(crate) fn review(&self, client_id: &[u8], publish: &Publish<'_>) -> Verdict {
        let loaded = self.loaded();
        let is_sealed = loaded.stage(client_id) == DeviceStage::Sealed;
        let judge = |gates: &GateSet, id: &[u8]| {
            let verdict = gates.reading(false, false).publish(id, publish);
            match verdict.reason() {
                Some(Reason::NotSealed) if !is_sealed => {
                    gates.reading(false, true).publish(id, publish)
                }
                _ => verdict,
            }
        };
        match loaded.own_gates(client_id) {
            None => judge(&loaded.gates, client_id),
            Some(Some(own)) => judge(own.packets(), own.topic_id()),
            Some(None) => judge(&loaded.gates, b""),
        }
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

    pub(crate) fn deliver(&self, client_id: &[u8], topic: &[u8]) -> Verdict {
        let loaded = self.loaded();
        let verdict = match loaded.own_gates(client_id) {
            None => loaded.gates.gate().deliver(client_id, topic),
            Some(Some(own)) => own.packets().gate().deliver(own.topic_id(), topic),
            // No gate knows an empty id.
            Some(None) => loaded.gates.gate().deliver(b"", topic),
        };
        self.metrics.verdict(&verdict);
        verdict
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

    /// Judges a packet, at first as the role says, without ending the connection if that has happened too often.
    ///
    /// `ask` is told whether it may; beside its verdict it may return one that is only reported.
    fn judge(
        &self,
        loaded: &Loaded,
        client_id: &[u8],
        (event, topic, address): (AuditEvent, &[u8], Option<&str>),
        ask: impl Fn(&PacketGates<'_>, bool) -> (Verdict, Option<Verdict>),
    ) -> Verdict {
        let own = loaded.own_gates(client_id);
        let gates = match &own {
            None => PacketGates {
                gates: &loaded.gates,
                id: client_id,
            },
            Some(Some(own)) => PacketGates {
                gates: own.packets(),
                id: own.topic_id(),
            },
            Some(None) => PacketGates {
                gates: &loaded.gates,
                id: b"",
            },
        };
        let (mut verdict, reported) = ask(&gates, false);
        let rule = &loaded.policy.services().limiter;
        if verdict.close() {
            let counted = self
                .limiter
                .close_of_client(client_id, topic, self.now(), rule);
            if !matches!(counted, Counted::Within { .. }) {
                let (softer, _) = ask(&gates, true);
                if !softer.close() {
                    verdict = softer;
                    self.metrics.spared.fetch_add(1, Ordering::Relaxed);
                }
                if counted == Counted::First {
                    let detail = "the same breach has ended its connection too often: from now on it does not";
                    self.log_limit(loaded, Some(client_id), address, detail);
                }
            }
        }
        let shown = reported.as_ref().unwrap_or(&verdict);
        match (&reported, shown.reason()) {
            (Some(reported), Some(reason)) => {
                let action = if matches!(reported.action(), Action::Publish) {
                    "publish"
                } else {
                    "subscribe"
                };
                self.metrics.reasoned(action, "report", reason.code());
            }
            _ => self.metrics.verdict(&verdict),
        }
        let Some(reason) = shown.reason() else {
            return verdict;
        };
        let answer = if verdict.is_allowed() {
            AuditVerdict::Report
        } else {
            AuditVerdict::Refuse
        };
        let entry = AuditEntry {
            now: None,
            event,
            client_id: Some(client_id),
            address,
            verdict: answer,
            reason: Some(reason.code()),
            role: loaded.role_name(shown),
            close: Some(shown.close()),
            skew: None,
            topic: Some(topic),
            detail: Some(shown.explain(&gates.gates.gate()).to_string()),
        };
        let now = self.now();
        let counted = if verdict.is_allowed() {
            let reason = reason.code();
            self.limiter.report_of_client(client_id, reason, now, rule)
        } else {
            self.limiter.breach_of_client(client_id, now, rule)
        };
        self.log_counted(loaded, entry, counted);
        verdict
    }

    fn reach_sealed(&self, loaded: &Loaded, client_id: &[u8]) {
        let (Some(stages), Ok(id)) = (&loaded.stages, core::str::from_utf8(client_id)) else {
            return;
        };
        let stored = stages.reach(id, DeviceStage::Sealed);
        let trouble = stored
            .err()
            .map(|error| format!("in force, but not stored yet: {error}"));
        self.log_stage(loaded, client_id, DeviceStage::Sealed, trouble);
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
                let detail = match entry.verdict {
                    AuditVerdict::Defer => {
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
