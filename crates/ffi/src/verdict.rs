//! The verdict of the gate as C sees it.

use mqward_core::{Authentication, Gate, Verdict, Why};

use crate::boundary::{Out, Refusal, guard};
use crate::refusal::reason_of_login;
use crate::status::MQWARD_OK;

/// No role, rule or level.
pub const MQWARD_NONE: u32 = 0xffff_ffff;

/// It did not come to a decision by rules.
pub const MQWARD_WHY_NONE: u8 = 0;
/// This rule alone allows all of it.
pub const MQWARD_WHY_ALLOWED_BY: u8 = 1;
/// Several rules allow it together; the first is given.
pub const MQWARD_WHY_ALLOWED_TOGETHER: u8 = 2;
/// This deny rule matches, or shares a name with the filter.
pub const MQWARD_WHY_DENIED_BY: u8 = 3;
/// No rule allows this kind of access.
pub const MQWARD_WHY_NO_RULE: u8 = 4;
/// Some of it is allowed by no rule; the closest rule, and the first level at which it fails.
pub const MQWARD_WHY_NOT_COVERED: u8 = 5;

/// Allow or refuse, why, and what the client is told.
#[repr(C)]
#[derive(Copy, Clone)]
pub struct mqward_verdict {
    /// Whether it may go on.
    pub allowed: bool,
    /// Whether it may go on only because its role is one that reports.
    pub reported: bool,
    /// Whether the network connection has to be closed.
    pub close: bool,
    /// An allowed CONNECT whose password is still to be checked: mqward_gate_login does so itself.
    pub password_due: bool,
    /// Code of MQTT 3.1.1: of CONNACK or SUBACK; 0 if allowed, and for PUBLISH, which has none.
    pub v3: u8,
    /// Reason code of MQTT 5: of CONNACK, SUBACK, PUBACK or PUBREC, and of DISCONNECT where the connection is closed.
    pub v5: u8,
    /// MQWARD_WHY_ALLOWED_BY and its like.
    pub why: u8,
    /// Why it was refused or reported: a status, MQWARD_OK if it was neither. For the operator alone.
    pub reason: i32,
    /// The client's role, from 0, or MQWARD_NONE.
    pub role: u32,
    /// The rule of that role, from 0, or MQWARD_NONE.
    pub rule: u32,
    /// The level of topic or filter, from 0, or MQWARD_NONE.
    pub level: u32,
}

fn number(position: Option<usize>) -> u32 {
    position
        .and_then(|position| u32::try_from(position).ok())
        .unwrap_or(MQWARD_NONE)
}

fn why_of(why: Option<Why>) -> (u8, Option<usize>, Option<usize>) {
    match why {
        None => (MQWARD_WHY_NONE, None, None),
        Some(Why::AllowedBy { rule }) => (MQWARD_WHY_ALLOWED_BY, Some(rule), None),
        Some(Why::AllowedTogether { first }) => (MQWARD_WHY_ALLOWED_TOGETHER, Some(first), None),
        Some(Why::DeniedBy { rule }) => (MQWARD_WHY_DENIED_BY, Some(rule), None),
        Some(Why::NoRule) => (MQWARD_WHY_NO_RULE, None, None),
        Some(Why::NotCovered { rule, level }) => (MQWARD_WHY_NOT_COVERED, Some(rule), Some(level)),
    }
}

/// The verdict in C.
pub(crate) fn facts(verdict: &Verdict) -> mqward_verdict {
    let (why, rule, level) = why_of(verdict.why());
    mqward_verdict {
        allowed: verdict.is_allowed(),
        reported: verdict.is_reported(),
        close: verdict.close(),
        password_due: false,
        v3: verdict.v3(),
        v5: verdict.v5(),
        why,
        reason: verdict
            .reason()
            .map_or(MQWARD_OK, |reason| Refusal::from(reason).0),
        role: number(verdict.role()),
        rule: number(rule),
        level: number(level),
    }
}

/// Whether an allowed CONNECT still has to have its password checked.
pub(crate) fn password_due(gate: &Gate<'_>, verdict: &Verdict) -> bool {
    let role = verdict.role().and_then(|role| gate.roles().get(role));
    verdict.is_allowed() && role.is_none_or(|role| role.authentication == Authentication::Mqward)
}

/// The refusal of a CONNECT after its password was checked: one and the same code for all that an attacker may cause.
///
/// \param[in] role the role of the verdict that let the CONNECT pass.
/// \param[in] status what mqward_login_verify or mqward_claim_verify returned. What is no refusal of a login, success
/// too, becomes "server unavailable".
/// \param[out] out the verdict.
/// \retval MQWARD_OK it is written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mqward_verdict_refuse_login(
    role: u32,
    status: i32,
    out: *mut mqward_verdict,
) -> i32 {
    guard(|| {
        // SAFETY: the header's rules.
        let out = unsafe { Out::new(out) }?;
        let role = usize::try_from(role).ok().filter(|_| role != MQWARD_NONE);
        out.put(facts(&Verdict::refuse_login(role, reason_of_login(status))))
    })
}
