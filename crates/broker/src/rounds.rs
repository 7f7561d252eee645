//! What the keeper does on each of its rounds.

use core::time::Duration;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use crate::audit_log::AuditEvent;
use crate::core_state::Core;
use crate::metrics::write_metrics_file;
use crate::registry::Refreshed;

/// How long a trouble that goes on is not told again.
const REPEAT: Duration = Duration::from_secs(60);

/// The work of a guard that no login waits for, and what it remembers from one round to the next.
pub(crate) struct Rounds {
    core: Arc<Core>,
    registry_failed: bool,
    last_metrics: Option<Instant>,
    told: HashMap<String, Instant>,
}

impl Rounds {
    pub(crate) fn new(core: Arc<Core>) -> Self {
        Self {
            core,
            registry_failed: false,
            last_metrics: None,
            told: HashMap::new(),
        }
    }

    pub(crate) fn go(&mut self, is_last: bool) {
        self.follow_log();
        self.refresh_registry();
        for notice in self.core.store.maintain(self.core.now()) {
            self.tell(AuditEvent::Store, notice);
        }
        let loaded = self.core.loaded();
        if let Some(Err(error)) = loaded.stages.as_ref().map(|stages| stages.retry()) {
            self.tell(
                AuditEvent::Stage,
                format!("stages could not be stored: {error}"),
            );
        }
        self.write_metrics(is_last);
    }

    fn follow_log(&mut self) {
        if let Err(error) = self.core.loaded().audit.follow() {
            self.tell(
                AuditEvent::Reload,
                format!("the audit log was moved away and no new one can be made: {error}"),
            );
        }
    }

    fn refresh_registry(&mut self) {
        let refreshed = match self.core.refresh() {
            Ok(refreshed) => refreshed,
            Err(error) => {
                self.registry_failed = true;
                let detail = format!(
                    "the registry cannot be read, so what was known stays in force: {error}"
                );
                self.tell(AuditEvent::Registry, detail);
                return;
            }
        };
        if core::mem::take(&mut self.registry_failed) {
            self.told.clear();
            self.core.notice(
                AuditEvent::Registry,
                "the registry can be read again".to_owned(),
            );
        }
        match refreshed {
            Refreshed::Nothing => {}
            Refreshed::Devices(changed) => {
                let detail = format!("{} devices changed in the registry", changed.len());
                self.core.changes.note(changed);
                self.core.notice(AuditEvent::Registry, detail);
            }
            Refreshed::Everything => {
                self.core.changes.note_all();
                self.core
                    .notice(AuditEvent::Registry, "another registry was read".to_owned());
            }
        }
    }

    fn write_metrics(&mut self, is_last: bool) {
        let loaded = self.core.loaded();
        let Some(rule) = &loaded.policy.services().metrics else {
            return;
        };
        let is_due = self
            .last_metrics
            .is_none_or(|last| last.elapsed() >= rule.interval);
        if !is_due && !is_last {
            return;
        }
        self.last_metrics = Some(Instant::now());
        if let Err(error) = write_metrics_file(&rule.file, &self.core.metrics_text()) {
            let detail = format!(
                "metrics could not be written to {}: {error}",
                rule.file.display()
            );
            self.tell(AuditEvent::Reload, detail);
        }
    }

    /// Logs a trouble, the same one once a minute.
    fn tell(&mut self, event: AuditEvent, trouble: String) {
        self.told.retain(|_, last| last.elapsed() < REPEAT);
        if self.told.contains_key(&trouble) {
            return;
        }
        self.told.insert(trouble.clone(), Instant::now());
        self.core.notice(event, trouble);
    }
}
