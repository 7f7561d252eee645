//! Roles and rules: the policy as the caller's arrays.

use core::ffi::c_char;
use core::mem::{MaybeUninit, align_of, size_of};
use core::slice;

use mqward_core::{
    Access, Authentication, CharClass, ClientIdRule, Effect, Limits, OnRefuse, Pattern, Role, Rule,
};

use crate::boundary::{Refusal, array, text};
use crate::status::{MQWARD_ERR_BUFFER_TOO_SMALL, MQWARD_ERR_PARAM};

/// Takes away what the pattern matches, whatever else allows it.
pub const MQWARD_DENY: u8 = 0;
/// Adds what the pattern matches.
pub const MQWARD_ALLOW: u8 = 1;
/// Sending messages.
pub const MQWARD_PUBLISH: u8 = 1;
/// Asking for messages and getting them.
pub const MQWARD_SUBSCRIBE: u8 = 2;

/// `0-9`
pub const MQWARD_DIGITS: u8 = 1;
/// `0-9 a-f`
pub const MQWARD_LOWER_HEX: u8 = 2;
/// `0-9 a-f A-F`
pub const MQWARD_HEX: u8 = 3;
/// `A-Z a-z 0-9 - _`
pub const MQWARD_WORD: u8 = 4;
/// `A-Z a-z 0-9 - _ .`
pub const MQWARD_WORD_DOT: u8 = 5;

/// The one-time CONNECT password.
pub const MQWARD_AUTHENTICATION_MQWARD: u8 = 0;
/// The broker's own password file or certificates, for people and bridges.
pub const MQWARD_AUTHENTICATION_BROKER: u8 = 1;

/// A breach closes the connection.
pub const MQWARD_ON_REFUSE_CLOSE: u8 = 0;
/// A breach refuses the one packet.
pub const MQWARD_ON_REFUSE_REFUSE: u8 = 1;
/// A breach is let through and reported, for trying out a policy. Never applies to who a client is.
pub const MQWARD_ON_REFUSE_REPORT: u8 = 2;

/// One rule. The order of rules has no meaning; deny wins over allow; what no rule allows is refused.
#[repr(C)]
#[derive(Copy, Clone)]
pub struct mqward_rule {
    /// Topic Filter in which the whole level `%c` stands for the client id.
    pub pattern: *const c_char,
    /// Its length.
    pub pattern_len: usize,
    /// MQWARD_DENY or MQWARD_ALLOW.
    pub effect: u8,
    /// MQWARD_PUBLISH or MQWARD_SUBSCRIBE.
    pub access: u8,
    /// Not 0: messages that the rule allows must have the shape of a sealed payload.
    pub sealed: u8,
}

/// What the clients of a role may send at most. 0 stands for the default, which is given in brackets.
#[repr(C)]
#[derive(Copy, Clone)]
pub struct mqward_limits {
    /// Bytes of a packet (8192).
    pub max_packet: u32,
    /// Bytes of a payload (4096).
    pub max_payload: u32,
    /// Bytes of a topic (256).
    pub max_topic_len: u16,
    /// Levels of a topic (16).
    pub max_levels: u16,
    /// Filters of one SUBSCRIBE (8).
    pub max_filters: u16,
}

/// One role. No client id may fit two.
#[repr(C)]
#[derive(Copy, Clone)]
pub struct mqward_role {
    /// Its name, for the operator.
    pub name: *const c_char,
    /// Its length.
    pub name_len: usize,
    /// What the client ids begin with; may be empty.
    pub prefix: *const c_char,
    /// Its length.
    pub prefix_len: usize,
    /// What the role's clients may do.
    pub rules: *const mqward_rule,
    /// Number of rules.
    pub rules_len: usize,
    /// How much they may send.
    pub limits: mqward_limits,
    /// What follows the prefix: MQWARD_DIGITS and its like.
    pub char_class: u8,
    /// Shortest client id, in bytes, with the prefix.
    pub min_len: u8,
    /// Longest client id, in bytes, with the prefix.
    pub max_len: u8,
    /// MQWARD_AUTHENTICATION_MQWARD or MQWARD_AUTHENTICATION_BROKER.
    pub authentication: u8,
    /// MQWARD_ON_REFUSE_CLOSE and its like.
    pub on_refuse: u8,
}

/// Memory for one checked rule. Private; need not be set up.
#[repr(C)]
pub struct mqward_rule_memory {
    private_: [usize; 4],
}

/// Memory for one checked role. Private; need not be set up.
#[repr(C)]
pub struct mqward_role_memory {
    private_: [usize; 14],
}

// Slots lie closer together than the caller's elements, never further apart.
const _: () = assert!(size_of::<Rule<'_>>() <= size_of::<mqward_rule_memory>());
const _: () = assert!(align_of::<Rule<'_>>() <= align_of::<mqward_rule_memory>());
const _: () = assert!(size_of::<Role<'_>>() <= size_of::<mqward_role_memory>());
const _: () = assert!(align_of::<Role<'_>>() <= align_of::<mqward_role_memory>());

/// Room for rules, filled from the front.
pub(crate) type RuleSlots<'a> = &'a mut [MaybeUninit<Rule<'a>>];

/// Checks a rule.
///
/// # Safety
/// As [`text`].
unsafe fn rule<'a>(rule: &mqward_rule) -> Result<Rule<'a>, Refusal> {
    Ok(Rule {
        effect: match rule.effect {
            MQWARD_DENY => Effect::Deny,
            MQWARD_ALLOW => Effect::Allow,
            _ => return Err(Refusal(MQWARD_ERR_PARAM)),
        },
        access: match rule.access {
            MQWARD_PUBLISH => Access::Publish,
            MQWARD_SUBSCRIBE => Access::Subscribe,
            _ => return Err(Refusal(MQWARD_ERR_PARAM)),
        },
        // SAFETY: the caller's word.
        pattern: Pattern::new(unsafe { text(rule.pattern, rule.pattern_len) }?)?,
        sealed: rule.sealed != 0,
    })
}

/// Checks the rules of a role into the front of `slots`, and leaves the rest there.
///
/// # Safety
/// As [`array`], also for the patterns.
unsafe fn rules<'a>(
    role: &mqward_role,
    slots: &mut RuleSlots<'a>,
) -> Result<&'a [Rule<'a>], Refusal> {
    // SAFETY: the caller's word.
    let given = unsafe { array(role.rules, role.rules_len) }?;
    let (mine, rest) = core::mem::take(slots)
        .split_at_mut_checked(given.len())
        .ok_or(Refusal(MQWARD_ERR_BUFFER_TOO_SMALL))?;
    *slots = rest;
    for (slot, given) in mine.iter_mut().zip(given) {
        // SAFETY: the caller's word.
        slot.write(unsafe { rule(given) }?);
    }
    // SAFETY: as many slots as rules, and each was written.
    Ok(unsafe { slice::from_raw_parts(mine.as_ptr().cast(), mine.len()) })
}

fn limits(given: mqward_limits) -> Limits {
    let default = Limits::default();
    let or = |given: u32, default| if given == 0 { default } else { given };
    let or_short = |given: u16, default| if given == 0 { default } else { given };
    Limits {
        max_packet: or(given.max_packet, default.max_packet),
        max_payload: or(given.max_payload, default.max_payload),
        max_topic_len: or_short(given.max_topic_len, default.max_topic_len),
        max_levels: or_short(given.max_levels, default.max_levels),
        max_filters: or_short(given.max_filters, default.max_filters),
    }
}

const fn char_class(number: u8) -> Result<CharClass, Refusal> {
    match number {
        MQWARD_DIGITS => Ok(CharClass::Digits),
        MQWARD_LOWER_HEX => Ok(CharClass::LowerHex),
        MQWARD_HEX => Ok(CharClass::Hex),
        MQWARD_WORD => Ok(CharClass::Word),
        MQWARD_WORD_DOT => Ok(CharClass::WordDot),
        _ => Err(Refusal(MQWARD_ERR_PARAM)),
    }
}

const fn authentication(number: u8) -> Result<Authentication, Refusal> {
    match number {
        MQWARD_AUTHENTICATION_MQWARD => Ok(Authentication::Mqward),
        MQWARD_AUTHENTICATION_BROKER => Ok(Authentication::Broker),
        _ => Err(Refusal(MQWARD_ERR_PARAM)),
    }
}

const fn on_refuse(number: u8) -> Result<OnRefuse, Refusal> {
    match number {
        MQWARD_ON_REFUSE_CLOSE => Ok(OnRefuse::Close),
        MQWARD_ON_REFUSE_REFUSE => Ok(OnRefuse::Refuse),
        MQWARD_ON_REFUSE_REPORT => Ok(OnRefuse::Report),
        _ => Err(Refusal(MQWARD_ERR_PARAM)),
    }
}

/// The client-id rule of a role.
///
/// # Safety
/// As [`text`].
unsafe fn client_id_rule<'a>(role: &mqward_role) -> Result<ClientIdRule<'a>, Refusal> {
    // SAFETY: the caller's word.
    let prefix = unsafe { text(role.prefix, role.prefix_len) }?;
    let (min, max) = (usize::from(role.min_len), usize::from(role.max_len));
    Ok(ClientIdRule::new(
        prefix,
        char_class(role.char_class)?,
        min,
        max,
    )?)
}

/// Checks the roles into `role_slots`, and their rules into `rule_slots`.
///
/// # Safety
/// As [`array`], also for names, prefixes, rules and patterns.
pub(crate) unsafe fn roles<'a>(
    given: &[mqward_role],
    role_slots: &'a mut [MaybeUninit<Role<'a>>],
    mut rule_slots: RuleSlots<'a>,
) -> Result<&'a [Role<'a>], Refusal> {
    let slots = role_slots.get_mut(..given.len());
    let slots = slots.ok_or(Refusal(MQWARD_ERR_BUFFER_TOO_SMALL))?;
    for (slot, role) in slots.iter_mut().zip(given) {
        slot.write(Role {
            // SAFETY: the caller's word.
            name: unsafe { text(role.name, role.name_len) }?,
            // SAFETY: the caller's word.
            client_id: unsafe { client_id_rule(role) }?,
            authentication: authentication(role.authentication)?,
            limits: limits(role.limits),
            on_refuse: on_refuse(role.on_refuse)?,
            // SAFETY: the caller's word.
            rules: unsafe { rules(role, &mut rule_slots) }?,
        });
    }
    // SAFETY: as many slots as roles, and each was written.
    Ok(unsafe { slice::from_raw_parts(slots.as_ptr().cast(), slots.len()) })
}
