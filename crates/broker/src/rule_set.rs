//! The roles of a policy: their text, owned, beside the gate that borrows from it.

use core::fmt;
use std::path::Path;

use mqward::{
    Access, Audience, Authentication, CharClass, ClientIdRule, CompiledRoles, Effect, Gate,
    GateError, Limits, OnRefuse, Pattern, Role, Rule,
};
use self_cell::self_cell;

use crate::PolicyError;

/// What a policy says about identity, in owned text, each with the line it stands on.
#[derive(Clone, Debug)]
pub(crate) struct PolicyText {
    pub(crate) audience: Option<(String, u64)>,
    pub(crate) roles: Vec<RoleText>,
}

/// One `[[role]]`.
#[derive(Clone, Debug)]
pub(crate) struct RoleText {
    pub(crate) name: String,
    pub(crate) name_line: u64,
    pub(crate) prefix: String,
    pub(crate) class: CharClass,
    pub(crate) min_len: usize,
    pub(crate) max_len: usize,
    pub(crate) client_id_line: u64,
    pub(crate) authentication: Authentication,
    pub(crate) on_refuse: OnRefuse,
    pub(crate) hardware_id: HardwareIdSource,
    /// A command may have the marks of its devices forgotten.
    pub(crate) development: bool,
    pub(crate) limits: Limits,
    pub(crate) rules: Vec<RuleText>,
}

/// One rule of a role.
#[derive(Clone, Debug)]
pub(crate) struct RuleText {
    pub(crate) effect: Effect,
    pub(crate) access: Access,
    pub(crate) pattern: String,
    pub(crate) sealed: bool,
    pub(crate) line: u64,
}

/// Where the hardware id of a role's devices comes from.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(crate) enum HardwareIdSource {
    /// The device file.
    Registry,
    /// The hexadecimal digits after the role's prefix.
    ClientId,
    /// None: keys are bound to the client id alone.
    None,
    /// Nowhere: a table of login keys has it inside each key already.
    InLoginKey,
}

type RuleLists<'a> = Vec<Vec<Rule<'a>>>;
type RoleList<'a> = Vec<Role<'a>>;

/// What everything else is derived from.
#[derive(Copy, Clone)]
struct Checked<'a> {
    gate: Gate<'a>,
    audience: Option<Audience<'a>>,
}

// A role borrows a slice of rules, what is compiled a slice of roles, the gate what is compiled: one cell for each.
self_cell!(
    struct RuleCell {
        owner: PolicyText,
        #[covariant]
        dependent: RuleLists,
    }
);
self_cell!(
    struct RoleCell {
        owner: RuleCell,
        #[covariant]
        dependent: RoleList,
    }
);
self_cell!(
    struct CompiledCell {
        owner: RoleCell,
        #[covariant]
        dependent: CompiledRoles,
    }
);
self_cell!(
    struct GateCell {
        owner: CompiledCell,
        #[covariant]
        dependent: Checked,
    }
);

/// A validated set of roles with the gate over them.
pub(crate) struct RuleSet(GateCell);

impl RuleSet {
    /// Validates text; `file` is what an error names.
    ///
    /// # Errors
    /// The first mistake, with its line.
    pub(crate) fn new(text: PolicyText, file: &Path) -> Result<Self, PolicyError> {
        let rules = RuleCell::try_new(text, |text| {
            text.roles
                .iter()
                .map(|role| rules_of(role, file))
                .collect::<Result<_, _>>()
        })?;
        let roles = RoleCell::try_new(rules, |rules| {
            let text = &rules.borrow_owner().roles;
            let lists = rules.borrow_dependent();
            text.iter()
                .zip(lists)
                .map(|(role, list)| role_of(role, list, file))
                .collect()
        })?;
        let compiled =
            CompiledCell::new(roles, |roles| CompiledRoles::new(roles.borrow_dependent()));
        GateCell::try_new(compiled, |compiled| {
            let text = compiled.borrow_owner().borrow_owner().borrow_owner();
            let gate = Gate::compiled(compiled.borrow_dependent())
                .map_err(|error| overlap(error, &text.roles, file))?;
            let audience = match &text.audience {
                None => None,
                Some((name, line)) => Some(
                    Audience::new(name)
                        .map_err(|error| PolicyError::at_line(file, *line, error.to_string()))?,
                ),
            };
            Ok(Checked { gate, audience })
        })
        .map(Self)
    }

    /// The gate.
    pub(crate) fn gate(&self) -> Gate<'_> {
        self.0.borrow_dependent().gate
    }

    /// The audience, if the policy names one.
    pub(crate) fn audience(&self) -> Option<Audience<'_>> {
        self.0.borrow_dependent().audience
    }

    /// The text that it was made from.
    pub(crate) fn text(&self) -> &PolicyText {
        let compiled = self.0.borrow_owner();
        compiled.borrow_owner().borrow_owner().borrow_owner()
    }

    /// The text of a role by its number in the gate.
    pub(crate) fn role(&self, index: usize) -> Option<&RoleText> {
        self.text().roles.get(index)
    }
}

impl fmt::Debug for RuleSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text().fmt(f)
    }
}

fn rules_of<'a>(role: &'a RoleText, file: &Path) -> Result<Vec<Rule<'a>>, PolicyError> {
    let rules = role.rules.iter().map(|rule| {
        let pattern = Pattern::new(&rule.pattern).map_err(|error| {
            let reason = format!("pattern `{}`: {error}", rule.pattern);
            PolicyError::at_line(file, rule.line, reason)
        })?;
        let RuleText {
            effect,
            access,
            sealed,
            ..
        } = *rule;
        Ok(Rule {
            effect,
            access,
            pattern,
            sealed,
        })
    });
    rules.collect()
}

fn role_of<'a>(
    role: &'a RoleText,
    rules: &'a [Rule<'a>],
    file: &Path,
) -> Result<Role<'a>, PolicyError> {
    let wrong = |reason: String| PolicyError::at_line(file, role.client_id_line, reason);
    let client_id = ClientIdRule::new(&role.prefix, role.class, role.min_len, role.max_len)
        .map_err(|error| wrong(format!("client_id of role `{}`: {error}", role.name)))?;
    if role.hardware_id == HardwareIdSource::ClientId {
        check_hardware_digits(role).map_err(wrong)?;
    }
    Ok(Role {
        name: &role.name,
        client_id,
        authentication: role.authentication,
        limits: role.limits,
        on_refuse: role.on_refuse,
        rules,
    })
}

/// A client id that spells a hardware id is a prefix and whole bytes in hexadecimal, always as many.
fn check_hardware_digits(role: &RoleText) -> Result<(), String> {
    let digits = role.max_len.saturating_sub(role.prefix.len());
    let hexadecimal = matches!(
        role.class,
        CharClass::Digits | CharClass::LowerHex | CharClass::Hex
    );
    let whole_bytes = role.min_len == role.max_len
        && digits % 2 == 0
        && (2..=2 * mqward::MAX_HARDWARE_ID_LEN).contains(&digits);
    if hexadecimal && whole_bytes {
        return Ok(());
    }
    Err(format!(
        "hardware_id = \"client-id\" needs client ids of role `{}` to end in 2 to {} hexadecimal digits, \
         an even number, min equal to max (or give the role its own `hardware_id`)",
        role.name,
        2 * mqward::MAX_HARDWARE_ID_LEN,
    ))
}

fn overlap(error: GateError, roles: &[RoleText], file: &Path) -> PolicyError {
    if let GateError::RolesOverlap { first, second } = error {
        if let (Some(first), Some(second)) = (roles.get(first), roles.get(second)) {
            let reason = format!(
                "a client id can match both role `{}` and role `{}` (line {})",
                second.name, first.name, first.client_id_line,
            );
            return PolicyError::at_line(file, second.client_id_line, reason);
        }
    }
    PolicyError::of_file(file, error.to_string())
}
