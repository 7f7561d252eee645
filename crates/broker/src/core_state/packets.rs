//! The judgement of what a connected client sends and is sent.

use core::sync::atomic::Ordering;

use mqward::{Action, Publish, Reason, Verdict, is_sealed_shape};

use super::Core;
use crate::audit_log::{AuditEntry, AuditEvent, AuditVerdict};
use crate::device::DeviceStage;
use crate::device_gate::GateSet;
use crate::limiter::Counted;
use crate::loaded::Loaded;

/// What a packet is judged by: the gates of its device, and what these know the device by.
struct PacketGates<'a> {
    gates: &'a GateSet,
    id: &'a [u8],
}

impl Core {
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
}
