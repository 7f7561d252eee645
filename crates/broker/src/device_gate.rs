//! Gates for the cases where a role's rules do not hold as they are written.

use std::collections::HashMap;
use std::path::Path;

use mqward::{CharClass, Gate, OnRefuse};

use crate::PolicyError;
use crate::policy::Policy;
use crate::registry::RegistryEntry;
use crate::rule_set::{HardwareIdSource, PolicyText, RoleText, RuleSet, RuleText};

/// One set of roles in four readings.
#[derive(Debug)]
pub(crate) struct GateSet([RuleSet; 4]);

impl GateSet {
    /// # Errors
    /// As [`RuleSet::new`]; of text that made one already, never.
    pub(crate) fn new(text: &PolicyText, file: &Path) -> Result<Self, PolicyError> {
        let reading = |soft: bool, grace: bool| {
            let mut text = text.clone();
            for role in &mut text.roles {
                if soft && role.on_refuse == OnRefuse::Close {
                    role.on_refuse = OnRefuse::Refuse;
                }
                for rule in &mut role.rules {
                    rule.sealed &= !grace;
                }
            }
            RuleSet::new(text, file)
        };
        Ok(Self([
            reading(false, false)?,
            reading(true, false)?,
            reading(false, true)?,
            reading(true, true)?,
        ]))
    }

    /// The roles as they are written.
    pub(crate) fn gate(&self) -> Gate<'_> {
        self.reading(false, false)
    }

    /// `soft`: what would close the connection only refuses the packet. `grace`: plaintext passes where a rule asks
    /// for sealed payloads.
    pub(crate) fn reading(&self, soft: bool, grace: bool) -> Gate<'_> {
        let [plain, soft_alone, grace_alone, both] = &self.0;
        match (soft, grace) {
            (false, false) => plain,
            (true, false) => soft_alone,
            (false, true) => grace_alone,
            (true, true) => both,
        }
        .gate()
    }
}

/// The gates of one device that the registry gives a role, a topic id or rules of its own.
#[derive(Debug)]
pub(crate) struct OwnGates {
    /// Judges who it is, by its client id.
    identity: RuleSet,
    /// Judges what it sends and gets, by its topic id.
    packets: GateSet,
    topic_id: Box<str>,
}

impl OwnGates {
    /// # Errors
    /// What is wrong with the registry's entry under this policy, in words.
    pub(crate) fn new(
        policy: &Policy,
        client_id: &str,
        entry: &RegistryEntry,
    ) -> Result<Self, String> {
        let text = policy.text();
        let pinned = match &entry.role {
            Some(name) => text.roles.iter().position(|role| *role.name == **name).ok_or_else(|| {
                format!("device {client_id:?} is pinned to role {name:?}, which the policy does not have")
            })?,
            None => {
                let id = mqward::ClientId::new(client_id).map_err(|error| error.to_string())?;
                let (index, _) = policy
                    .gate()
                    .role_of(id)
                    .ok_or_else(|| format!("device {client_id:?} has rules of its own, but fits no role"))?;
                index
            }
        };
        let topic_id = entry.topic_id.as_deref().unwrap_or(client_id);
        let file = Path::new("registry");
        let of = |id: &str, rules| Self::text(text, (pinned, id), entry, rules);
        let failed = |error: PolicyError| format!("device {client_id:?}: {}", error.reason());
        Ok(Self {
            identity: RuleSet::new(of(client_id, false), file).map_err(failed)?,
            packets: GateSet::new(&of(topic_id, true), file).map_err(failed)?,
            topic_id: topic_id.into(),
        })
    }

    /// All roles of the policy in their places, of which only the device's own fits anybody: the device.
    fn text(
        text: &PolicyText,
        (pinned, id): (usize, &str),
        entry: &RegistryEntry,
        rules: bool,
    ) -> PolicyText {
        let other_start = if id.starts_with('a') { 'b' } else { 'a' };
        let roles = text.roles.iter().enumerate().map(|(index, role)| {
            let fits = if index == pinned {
                id.to_owned()
            } else {
                format!("{other_start}-{index}")
            };
            let mut role = RoleText {
                min_len: fits.len(),
                max_len: fits.len(),
                prefix: fits,
                class: CharClass::WordDot,
                // Where hardware ids come from is asked of the policy.
                hardware_id: HardwareIdSource::None,
                rules: if rules && index == pinned {
                    role.rules.clone()
                } else {
                    Vec::new()
                },
                ..role.clone()
            };
            if rules && index == pinned {
                role.rules.extend(entry.rules.iter().map(|rule| RuleText {
                    effect: rule.effect,
                    access: rule.access,
                    pattern: rule.pattern.clone(),
                    sealed: rule.sealed,
                    line: 0,
                }));
            }
            role
        });
        PolicyText {
            audience: None,
            roles: roles.collect(),
        }
    }

    pub(crate) fn identity(&self) -> Gate<'_> {
        self.identity.gate()
    }

    pub(crate) const fn packets(&self) -> &GateSet {
        &self.packets
    }

    /// What `%c` stands for, and what the packets' gate knows the device by.
    pub(crate) fn topic_id(&self) -> &[u8] {
        self.topic_id.as_bytes()
    }
}

/// The devices with gates of their own. `None` is one that can have none under this policy: it is refused.
pub(crate) type OwnGatesMap = HashMap<Box<str>, Option<std::sync::Arc<OwnGates>>>;
