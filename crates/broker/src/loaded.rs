//! What a reload replaces, all at once.

use core::sync::atomic::{AtomicBool, Ordering};
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use mqward::Verdict;

use crate::PolicyError;
use crate::audit_log::AuditLog;
use crate::device::DeviceStage;
use crate::device_gate::{GateSet, OwnGates, OwnGatesMap};
use crate::fleet::Fleet;
use crate::policy::Policy;
use crate::registry::Refreshed;
use crate::stages::Stages;

/// A policy in force, with everything that was read for it.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) policy: Policy,
    pub(crate) fleet: Fleet,
    pub(crate) gates: GateSet,
    pub(crate) audit: AuditLog,
    pub(crate) stages: Option<Arc<Stages>>,
    own: RwLock<Arc<OwnGatesMap>>,
    /// Most fleets have no such devices, and do not pay for them.
    has_own: AtomicBool,
}

impl Loaded {
    /// Reads a policy and the files it names. What `before` has in memory and open already is taken over.
    pub(crate) fn read(policy_path: &Path, before: Option<&Self>) -> Result<Self, PolicyError> {
        let policy = Policy::read(policy_path)?;
        let fleet = Fleet::read(&policy, before.and_then(|before| before.fleet.registry()))?;
        let gates = GateSet::new(policy.text(), policy_path)?;
        let audit = AuditLog::open(policy.services().audit_file.as_deref())?;
        let open_already = before.and_then(|before| before.stages.as_ref());
        let stages = match &policy.services().stages_file {
            None => None,
            Some(path) => Some(match open_already.filter(|stages| stages.path() == path) {
                Some(stages) => Arc::clone(stages),
                None => Arc::new(Stages::open(path)?),
            }),
        };
        Ok(Self {
            policy,
            fleet,
            gates,
            audit,
            stages,
            own: RwLock::default(),
            has_own: AtomicBool::new(false),
        })
    }

    /// Makes the gates of devices with a role, topic id or rules of their own; returns what is wrong with any.
    pub(crate) fn take_over(&self, refreshed: &Refreshed) -> Vec<String> {
        let (Some(registry), false) = (
            self.fleet.registry(),
            matches!(refreshed, Refreshed::Nothing),
        ) else {
            return Vec::new();
        };
        let mut special = registry.special();
        let mut own = OwnGatesMap::new();
        if let Refreshed::Devices(changed) = refreshed {
            let before = self.own.read().unwrap_or_else(PoisonError::into_inner);
            own.clone_from(&before);
            for client_id in changed {
                own.remove(client_id);
            }
            special.retain(|(client_id, _)| !own.contains_key(client_id));
        }
        let mut wrong = Vec::new();
        for (client_id, entry) in special {
            let gates = match OwnGates::new(&self.policy, &client_id, &entry) {
                Ok(gates) => Some(Arc::new(gates)),
                Err(reason) => {
                    wrong.push(reason);
                    None
                }
            };
            own.insert(client_id, gates);
        }
        self.has_own.store(!own.is_empty(), Ordering::Release);
        *self.own.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(own);
        wrong
    }

    /// The gates of a device's own, if it has any; `Some(None)` if it has to have, and this policy allows none.
    pub(crate) fn own_gates(&self, client_id: &[u8]) -> Option<Option<Arc<OwnGates>>> {
        if !self.has_own.load(Ordering::Acquire) {
            return None;
        }
        let client_id = core::str::from_utf8(client_id).ok()?;
        let own = self.own.read().unwrap_or_else(PoisonError::into_inner);
        own.get(client_id).cloned()
    }

    /// The stage that a device is in.
    pub(crate) fn stage(&self, client_id: &[u8]) -> DeviceStage {
        // Most fleets do not migrate, and do not pay for it.
        let Some(stages) = &self.stages else {
            return DeviceStage::Sealed;
        };
        match core::str::from_utf8(client_id) {
            Ok(client_id) => stages.of(client_id, self.fleet.stage(client_id)),
            Err(_) => DeviceStage::Sealed,
        }
    }

    /// The name of the role that a verdict found.
    pub(crate) fn role_name(&self, verdict: &Verdict) -> Option<&str> {
        verdict
            .role()
            .and_then(|index| self.policy.gate().roles().get(index))
            .map(|role| role.name)
    }
}
