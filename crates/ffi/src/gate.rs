//! The gate: what a broker lets through.

use core::ffi::c_char;

use mqward_core::{Connect, Gate, Publish, Will};

use crate::boundary::{Out, Refusal, array, array_mut, bytes, disjoint, guard, input, stretch};
use crate::clock::time;
use crate::login::{mqward_verifier, verify};
use crate::place::{self, Place};
use crate::refusal::reason_of_login;
use crate::role::{mqward_role, mqward_role_memory, mqward_rule_memory, roles};
use crate::verdict::{facts, mqward_verdict, password_due};

/// A policy that was checked. Private; it borrows the texts of the roles, and the memory that it was given.
#[repr(C)]
pub struct mqward_gate {
    private_: [usize; 3],
}

// SAFETY: repr(C), integers alone.
unsafe impl Place for mqward_gate {
    type Value = Gate<'static>;
    const MARK: u32 = u32::from_be_bytes(*b"gate");
    const PINNED: bool = false;
}

/// The Will Message of a CONNECT packet.
#[repr(C)]
#[derive(Copy, Clone)]
pub struct mqward_will {
    /// Will Topic.
    pub topic: *const c_char,
    /// Its length.
    pub topic_len: usize,
    /// Will Payload.
    pub payload: *const u8,
    /// Its length.
    pub payload_len: usize,
    /// Will Retain: not 0 if it is set.
    pub retain: u8,
}

/// A CONNECT packet. Absent and empty are different things: hence the flags. Zeros are a CONNECT without anything.
#[repr(C)]
#[derive(Copy, Clone)]
pub struct mqward_connect {
    /// Client Identifier.
    pub client_id: *const c_char,
    /// Its length.
    pub client_id_len: usize,
    /// User Name, if has_user_name is not 0.
    pub user_name: *const c_char,
    /// Its length.
    pub user_name_len: usize,
    /// Password, if has_password is not 0.
    pub password: *const c_char,
    /// Its length.
    pub password_len: usize,
    /// The will, if has_will is not 0. It is judged again when it is published.
    pub will: mqward_will,
    /// Bytes of the whole packet; 0 where the broker does not tell.
    pub packet_len: usize,
    /// Whether there is a User Name.
    pub has_user_name: u8,
    /// Whether there is a Password.
    pub has_password: u8,
    /// Whether there is a will.
    pub has_will: u8,
}

/// A PUBLISH packet, or a will when it is published.
#[repr(C)]
#[derive(Copy, Clone)]
pub struct mqward_publish {
    /// Topic Name; for a Topic Alias, the name that it stands for.
    pub topic: *const c_char,
    /// Its length.
    pub topic_len: usize,
    /// Payload.
    pub payload: *const u8,
    /// Its length.
    pub payload_len: usize,
    /// Bytes of the whole packet; 0 where the broker does not tell.
    pub packet_len: usize,
    /// RETAIN: not 0 if it is set.
    pub retain: u8,
}

/// Checks a policy. Roles and rules are read here and need not stay; their texts and the memory have to stay as long as
/// the gate is used. Nothing is allocated, and judging writes to neither.
///
/// \param[in] given the roles. None is a policy too, and refuses everything.
/// \param[in] given_len number of roles.
/// \param[out] role_memory room for as many roles.
/// \param[in] role_memory_len number of elements.
/// \param[out] rule_memory room for as many rules as all roles have together.
/// \param[in] rule_memory_len number of elements.
/// \param[out] out the gate.
/// \retval MQWARD_OK it is set up.
/// \retval MQWARD_ERR_BUFFER_TOO_SMALL there are more roles or rules than room. Here and below the gate is not set up;
/// the memory may have been written.
/// \retval MQWARD_ERR_ROLES_OVERLAP some client id would belong to two roles.
/// \retval MQWARD_ERR_CLIENT_ID_RULE lengths or prefix of a client-id rule are impossible.
/// \retval MQWARD_ERR_PLACEHOLDER a pattern has a '%' that is not the whole level '%c'.
/// \retval MQWARD_ERR_WILDCARD_NOT_ALONE and its like: what keeps a pattern from being a Topic Filter.
/// \retval MQWARD_ERR_PARAM a number of a role or rule is none that it may have.
/// \retval MQWARD_ERR_OVERLAP the memory overlaps the roles, or itself.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn mqward_gate_init(
    given: *const mqward_role,
    given_len: usize,
    role_memory: *mut mqward_role_memory,
    role_memory_len: usize,
    rule_memory: *mut mqward_rule_memory,
    rule_memory_len: usize,
    out: *mut mqward_gate,
) -> i32 {
    guard(|| {
        // SAFETY: the header's rules.
        unsafe { Out::new(out) }?;
        let memory = stretch(role_memory, role_memory_len);
        let rules = stretch(rule_memory, rule_memory_len);
        disjoint(memory, [rules, stretch(given, given_len)])?;
        disjoint(rules, [stretch(given, given_len)])?;
        // SAFETY: the header's rules; checked to be apart. Slots are no larger than elements: see `role`.
        let role_slots = unsafe { array_mut(role_memory.cast(), role_memory_len) }?;
        // SAFETY: as above.
        let rule_slots = unsafe { array_mut(rule_memory.cast(), rule_memory_len) }?;
        // SAFETY: the header's rules.
        let given = unsafe { array(given, given_len) }?;
        // SAFETY: the header's rules.
        let gate = Gate::new(unsafe { roles(given, role_slots, rule_slots) }?)?;
        // SAFETY: the header's rules.
        unsafe { place::put(out, gate) }
    })
}

/// The packet as the gate wants it.
///
/// # Safety
/// As [`bytes`], for all texts of the packet.
unsafe fn connect_of<'a>(packet: &mqward_connect) -> Result<Connect<'a>, Refusal> {
    let optional = |has: u8, text, len| match has {
        0 => Ok(None),
        // SAFETY: the caller's word.
        _ => unsafe { bytes(text, len) }.map(Some),
    };
    Ok(Connect {
        // SAFETY: the caller's word.
        client_id: unsafe { bytes(packet.client_id, packet.client_id_len) }?,
        user_name: optional(packet.has_user_name, packet.user_name, packet.user_name_len)?,
        password: optional(packet.has_password, packet.password, packet.password_len)?,
        will: match packet.has_will {
            0 => None,
            // SAFETY: the caller's word.
            _ => Some(unsafe { will_of(&packet.will) }?),
        },
        packet_len: length(packet.packet_len),
    })
}

/// The will as the gate wants it.
///
/// # Safety
/// As [`bytes`], for topic and payload.
unsafe fn will_of<'a>(will: &mqward_will) -> Result<Will<'a>, Refusal> {
    Ok(Will {
        // SAFETY: the caller's word.
        topic: unsafe { bytes(will.topic, will.topic_len) }?,
        // SAFETY: the caller's word.
        payload: unsafe { array(will.payload, will.payload_len) }?,
        retain: will.retain != 0,
    })
}

const fn length(len: usize) -> Option<usize> {
    if len == 0 { None } else { Some(len) }
}

/// Judges a CONNECT, all but what needs a key: role, user name, that there is a password, size, will.
///
/// \warning If password_due is set in the verdict, the password has to be checked before the client is let in.
/// mqward_gate_login does both.
///
/// \param[in] gate the gate.
/// \param[in] packet the packet.
/// \param[out] out the verdict.
/// \retval MQWARD_OK the verdict is written. Anything else is no verdict: refuse.
/// \retval MQWARD_ERR_STATE the gate was not set up.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn mqward_gate_connect(
    gate: *const mqward_gate,
    packet: *const mqward_connect,
    out: *mut mqward_verdict,
) -> i32 {
    guard(|| {
        // SAFETY: the header's rules.
        let out = unsafe { Out::new(out) }?;
        // SAFETY: the header's rules.
        let gate = unsafe { place::get(gate) }?;
        // SAFETY: the header's rules.
        let packet = unsafe { input(packet) }?;
        // SAFETY: the header's rules.
        let verdict = gate.connect(&unsafe { connect_of(packet) }?);
        let password_due = password_due(gate, &verdict);
        out.put(mqward_verdict {
            password_due,
            ..facts(&verdict)
        })
    })
}

/// Judges a CONNECT whole: as mqward_gate_connect, and then the password, if its role asks for one.
///
/// \param[in] gate the gate.
/// \param[in] packet the packet.
/// \param[in] verifier key lookup and replay store.
/// \param[in] now the verifier's Unix time, not 0.
/// \param[out] out the verdict; password_due is never set.
/// \retval MQWARD_OK the verdict is written. Anything else is no verdict: refuse.
/// \retval MQWARD_ERR_STATE the gate was not set up.
/// \retval MQWARD_ERR_TIME now is 0.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn mqward_gate_login(
    gate: *const mqward_gate,
    packet: *const mqward_connect,
    verifier: *const mqward_verifier,
    now: u32,
    out: *mut mqward_verdict,
) -> i32 {
    guard(|| {
        // SAFETY: the header's rules.
        let out = unsafe { Out::new(out) }?;
        // SAFETY: the header's rules.
        let gate = unsafe { place::get(gate) }?;
        // SAFETY: the header's rules.
        let verifier = unsafe { input(verifier) }?;
        // SAFETY: the header's rules.
        let packet = unsafe { input(packet) }?;
        // SAFETY: the header's rules.
        let packet = unsafe { connect_of(packet) }?;
        let (now, mut verdict) = (time(now)?, gate.connect(&packet));
        if password_due(gate, &verdict) {
            verdict = log_in(verifier, &packet, now, verdict);
        }
        out.put(facts(&verdict))
    })
}

/// The verdict after the password was checked.
fn log_in(
    verifier: &mqward_verifier,
    packet: &Connect<'_>,
    now: mqward_core::UnixTime,
    verdict: mqward_core::Verdict,
) -> mqward_core::Verdict {
    // The gate let a client id pass, which is ASCII, and saw a password; were it otherwise, there is no login.
    let client_id = core::str::from_utf8(packet.client_id).unwrap_or_default();
    match verify(
        verifier,
        client_id,
        packet.password.unwrap_or_default(),
        now,
    ) {
        Ok(_) => verdict,
        Err(Refusal(status)) => {
            mqward_core::Verdict::refuse_login(verdict.role(), reason_of_login(status))
        }
    }
}

/// Judges a PUBLISH of a client, or its will when it is published: size, Topic Name, rules, shape of the payload.
///
/// On a device's own topics it finds a breach before the broker does.
///
/// \param[in] gate the gate.
/// \param[in] client_id the Client Identifier of the connection.
/// \param[in] client_id_len its length.
/// \param[in] packet the packet.
/// \param[out] out the verdict.
/// \retval MQWARD_OK the verdict is written. Anything else is no verdict: refuse.
/// \retval MQWARD_ERR_STATE the gate was not set up.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn mqward_gate_publish(
    gate: *const mqward_gate,
    client_id: *const c_char,
    client_id_len: usize,
    packet: *const mqward_publish,
    out: *mut mqward_verdict,
) -> i32 {
    guard(|| {
        // SAFETY: the header's rules.
        let out = unsafe { Out::new(out) }?;
        // SAFETY: the header's rules.
        let gate = unsafe { place::get(gate) }?;
        // SAFETY: the header's rules.
        let client_id = unsafe { bytes(client_id, client_id_len) }?;
        // SAFETY: the header's rules.
        let packet = unsafe { input(packet) }?;
        // SAFETY: the header's rules.
        let packet = unsafe { publish_of(packet) }?;
        out.put(facts(&gate.publish(client_id, &packet)))
    })
}

/// The packet as the gate wants it.
///
/// # Safety
/// As [`bytes`], for topic and payload.
unsafe fn publish_of<'a>(packet: &mqward_publish) -> Result<Publish<'a>, Refusal> {
    Ok(Publish {
        // SAFETY: the caller's word.
        topic: unsafe { bytes(packet.topic, packet.topic_len) }?,
        // SAFETY: the caller's word.
        payload: unsafe { array(packet.payload, packet.payload_len) }?,
        retain: packet.retain != 0,
        packet_len: length(packet.packet_len),
    })
}

/// Judges one filter of a SUBSCRIBE, with or without `$share`. Judge all of them before any takes effect, and those of a
/// stored session when it resumes.
///
/// \param[in] gate the gate.
/// \param[in] client_id the Client Identifier of the connection.
/// \param[in] client_id_len its length.
/// \param[in] filter the filter.
/// \param[in] filter_len its length.
/// \param[out] out the verdict.
/// \retval MQWARD_OK the verdict is written. Anything else is no verdict: refuse.
/// \retval MQWARD_ERR_STATE the gate was not set up.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn mqward_gate_subscribe(
    gate: *const mqward_gate,
    client_id: *const c_char,
    client_id_len: usize,
    filter: *const c_char,
    filter_len: usize,
    out: *mut mqward_verdict,
) -> i32 {
    guard(|| {
        // SAFETY: the header's rules.
        let out = unsafe { Out::new(out) }?;
        // SAFETY: the header's rules.
        let gate = unsafe { place::get(gate) }?;
        // SAFETY: the header's rules.
        let client_id = unsafe { bytes(client_id, client_id_len) }?;
        // SAFETY: the header's rules.
        let filter = unsafe { bytes(filter, filter_len) }?;
        out.put(facts(&gate.subscribe(client_id, filter)))
    })
}

/// Judges the number of filters in one SUBSCRIBE.
///
/// \param[in] gate the gate.
/// \param[in] client_id the Client Identifier of the connection.
/// \param[in] client_id_len its length.
/// \param[in] filters the number.
/// \param[out] out the verdict.
/// \retval MQWARD_OK the verdict is written. Anything else is no verdict: refuse.
/// \retval MQWARD_ERR_STATE the gate was not set up.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn mqward_gate_subscribe_count(
    gate: *const mqward_gate,
    client_id: *const c_char,
    client_id_len: usize,
    filters: usize,
    out: *mut mqward_verdict,
) -> i32 {
    guard(|| {
        // SAFETY: the header's rules.
        let out = unsafe { Out::new(out) }?;
        // SAFETY: the header's rules.
        let gate = unsafe { place::get(gate) }?;
        // SAFETY: the header's rules.
        let client_id = unsafe { bytes(client_id, client_id_len) }?;
        out.put(facts(&gate.subscribe_count(client_id, filters)))
    })
}

/// Judges a message on its way to a client, by the rules for subscribe as they are now. A refusal never closes the
/// connection: the message is left out.
///
/// \param[in] gate the gate.
/// \param[in] client_id the Client Identifier of the receiver.
/// \param[in] client_id_len its length.
/// \param[in] topic the Topic Name.
/// \param[in] topic_len its length.
/// \param[out] out the verdict.
/// \retval MQWARD_OK the verdict is written. Anything else is no verdict: refuse.
/// \retval MQWARD_ERR_STATE the gate was not set up.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn mqward_gate_deliver(
    gate: *const mqward_gate,
    client_id: *const c_char,
    client_id_len: usize,
    topic: *const c_char,
    topic_len: usize,
    out: *mut mqward_verdict,
) -> i32 {
    guard(|| {
        // SAFETY: the header's rules.
        let out = unsafe { Out::new(out) }?;
        // SAFETY: the header's rules.
        let gate = unsafe { place::get(gate) }?;
        // SAFETY: the header's rules.
        let client_id = unsafe { bytes(client_id, client_id_len) }?;
        // SAFETY: the header's rules.
        let topic = unsafe { bytes(topic, topic_len) }?;
        out.put(facts(&gate.deliver(client_id, topic)))
    })
}
