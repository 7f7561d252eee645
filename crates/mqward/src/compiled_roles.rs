//! Roles with their rules compiled, for brokers.

use alloc::vec::Vec;

use mqward_topic::CompiledAcl;

use crate::Role;

/// Roles whose rules are compiled, so that a verdict takes as long with ten thousand of them as with ten: see
/// [`CompiledAcl`]. Verdicts are those that the roles alone would give.
///
/// ```
/// use mqward::*;
///
/// let rules = [Rule {
///     effect: Effect::Allow,
///     access: Access::Publish,
///     pattern: Pattern::new("tx/%c/#").unwrap(),
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
/// let compiled = CompiledRoles::new(&roles);
/// let gate = Gate::compiled(&compiled)?;
/// let packet = Publish {
///     topic: b"tx/device-0123456789ab/t",
///     payload: b"21.5",
///     retain: false,
///     packet_len: None,
/// };
/// assert!(gate.publish(b"device-0123456789ab", &packet).is_allowed());
/// # Ok::<(), GateError>(())
/// ```
#[derive(Clone, Debug)]
pub struct CompiledRoles<'a> {
    roles: &'a [Role<'a>],
    acls: Vec<CompiledAcl<'a>>,
}

impl<'a> CompiledRoles<'a> {
    /// Compiles the rules of every role, in memory that is linear in their total length.
    #[must_use]
    pub fn new(roles: &'a [Role<'a>]) -> Self {
        Self {
            roles,
            acls: roles
                .iter()
                .map(|role| CompiledAcl::new(role.rules))
                .collect(),
        }
    }

    /// The roles.
    #[must_use]
    pub const fn roles(&self) -> &'a [Role<'a>] {
        self.roles
    }

    /// The rules of the role in this place.
    pub(crate) fn acl(&self, role: usize) -> Option<&CompiledAcl<'a>> {
        self.acls.get(role)
    }
}
