//! The login: a password as its verifier sees it.

use core::ffi::{c_char, c_void};

use mqward_core::{Advance, Claim, ClockRule, Login, LoginKey, LoginTerms, Mark, Stamp, UnixTime};

use crate::boundary::{Out, Outcome, Refusal, bytes, guard, input, text};
use crate::clock::time;
use crate::key::{self, mqward_login_key};
use crate::status::*;

/// The window that a fleet starts with, in seconds either way.
pub const MQWARD_DEFAULT_WINDOW_SECS: u16 = 60;
/// A password without a time is refused.
pub const MQWARD_CLOCK_REQUIRED: u8 = 0;
/// A password without a time passes: the registry says that the device has no clock.
pub const MQWARD_CLOCK_ACCEPTED: u8 = 1;

const _: () = assert!(MQWARD_DEFAULT_WINDOW_SECS == mqward_core::DEFAULT_WINDOW_SECS);

/// On which terms a password is accepted. There is no way to switch the window off.
#[repr(C)]
#[derive(Copy, Clone)]
pub struct mqward_terms {
    /// Seconds either way, 1 to 3600.
    pub window_secs: u16,
    /// MQWARD_CLOCK_REQUIRED or MQWARD_CLOCK_ACCEPTED.
    pub clock: u8,
}

/// What a password says before anyone has checked it.
#[repr(C)]
#[derive(Copy, Clone)]
pub struct mqward_claim {
    /// What a replay store would keep.
    pub mark: u64,
    /// Unix time of the sender, 0 without a clock.
    pub time: u32,
    /// The sender's boot.
    pub boot: u32,
    /// The count within the boot.
    pub count: u32,
    /// The generation whose key is claimed.
    pub generation: u8,
}

/// A password that is right.
#[repr(C)]
#[derive(Copy, Clone)]
pub struct mqward_login {
    /// What the password says.
    pub claim: mqward_claim,
    /// Sender's time minus verifier's, in seconds; 0 without a clock.
    pub skew: i64,
}

/// What the check of a password needs of its caller. The callbacks are called during the call alone.
#[repr(C)]
pub struct mqward_verifier {
    /// Handed to the callbacks; may be NULL.
    pub context: *mut c_void,
    /// Looks up the login key of a client id in a generation, and the terms of the device if they differ from `terms`,
    /// which they are preset with. Returns MQWARD_OK, MQWARD_ERR_UNKNOWN_DEVICE, MQWARD_ERR_REVOKED, or
    /// MQWARD_ERR_UNAVAILABLE; any other number stands for the last.
    pub lookup: Option<
        unsafe extern "C" fn(
            context: *mut c_void,
            client_id: *const c_char,
            client_id_len: usize,
            generation: u8,
            key: *mut mqward_login_key,
            terms: *mut mqward_terms,
        ) -> i32,
    >,
    /// Compares the client's mark and stores a higher one, in one atomic step: see mqward_mark_compare. Returns
    /// MQWARD_OK if it was higher and is stored, MQWARD_ERR_REPLAYED if it is the stored one,
    /// MQWARD_ERR_COUNTER_WENT_BACK if it is lower, MQWARD_ERR_UNAVAILABLE if that cannot be told; any other number
    /// stands for the last.
    pub advance: Option<
        unsafe extern "C" fn(
            context: *mut c_void,
            client_id: *const c_char,
            client_id_len: usize,
            mark: u64,
        ) -> i32,
    >,
    /// Takes the place of the key of an unknown device, so that the work is the same: random, drawn once per process.
    pub decoy: mqward_login_key,
    /// The terms of devices for which the lookup says nothing else.
    pub terms: mqward_terms,
}

fn facts(mark: Mark, time: Option<UnixTime>, stamp: Stamp) -> mqward_claim {
    mqward_claim {
        mark: mark.get(),
        time: time.map_or(0, UnixTime::get),
        boot: stamp.boot(),
        count: stamp.count(),
        generation: mark.generation(),
    }
}

fn terms_of(terms: mqward_terms) -> Result<LoginTerms, Refusal> {
    let clock = match terms.clock {
        MQWARD_CLOCK_REQUIRED => ClockRule::Required,
        MQWARD_CLOCK_ACCEPTED => ClockRule::Accepted,
        _ => return Err(Refusal(MQWARD_ERR_PARAM)),
    };
    Ok(LoginTerms::new(terms.window_secs, clock)?)
}

fn hand_out(login: &Login, out: Out<mqward_login>) -> Outcome {
    out.put(mqward_login {
        claim: facts(login.mark(), login.time(), login.stamp()),
        skew: login.skew().unwrap_or(0),
    })
}

/// Reads what a password claims, to look up the key: the first of two steps, or for a log.
///
/// \param[in] password the password field, which need not end with NUL.
/// \param[in] password_len its length.
/// \param[out] out the claim.
/// \retval MQWARD_OK it is written.
/// \retval MQWARD_ERR_PASSWORD this is not the one encoding of a password.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn mqward_claim_parse(
    password: *const c_char,
    password_len: usize,
    out: *mut mqward_claim,
) -> i32 {
    guard(|| {
        // SAFETY: the header's rules.
        let out = unsafe { Out::new(out) }?;
        // SAFETY: the header's rules.
        let claim = Claim::parse(unsafe { bytes(password, password_len) }?)?;
        out.put(facts(claim.mark(), claim.time(), claim.stamp()))
    })
}

/// Checks tag and time of a password with a key that the caller has looked up: the second of two steps.
///
/// \warning MQWARD_OK is no login yet: the replay store must advance to the mark first, in one atomic step.
/// mqward_login_verify does all of it. The result must never be cached.
///
/// \param[in] password the password field, which need not end with NUL.
/// \param[in] password_len its length.
/// \param[in] key the device's key, or a random one if the device is unknown.
/// \param[in] known whether it is the device's key. The work is the same.
/// \param[in] client_id the Client Identifier of the CONNECT.
/// \param[in] client_id_len its length.
/// \param[in] terms the terms.
/// \param[in] now the verifier's Unix time, not 0.
/// \param[out] out the login, once the store has advanced.
/// \retval MQWARD_OK tag and time are right.
/// \retval MQWARD_ERR_PASSWORD this is not the one encoding of a password.
/// \retval MQWARD_ERR_UNKNOWN_DEVICE known is false.
/// \retval MQWARD_ERR_WRONG_TAG the tag is wrong.
/// \retval MQWARD_ERR_OUTSIDE_WINDOW the time is too far from now.
/// \retval MQWARD_ERR_NO_CLOCK the password has no time.
/// \retval MQWARD_ERR_TIME now is 0.
/// \retval MQWARD_ERR_WINDOW the window of the terms is not 1 to 3600 seconds.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn mqward_claim_verify(
    password: *const c_char,
    password_len: usize,
    key: *const mqward_login_key,
    known: bool,
    client_id: *const c_char,
    client_id_len: usize,
    terms: *const mqward_terms,
    now: u32,
    out: *mut mqward_login,
) -> i32 {
    guard(|| {
        // SAFETY: the header's rules.
        let out = unsafe { Out::new(out) }?;
        // SAFETY: the header's rules.
        let claim = Claim::parse(unsafe { bytes(password, password_len) }?)?;
        // SAFETY: the header's rules.
        let key = unsafe { key::key(key) }?;
        // SAFETY: the header's rules.
        let client_id = unsafe { text(client_id, client_id_len) }?;
        // SAFETY: the header's rules.
        let terms = terms_of(*unsafe { input(terms) }?)?;
        hand_out(
            &claim.verify(key, known, client_id, &terms, time(now)?)?,
            out,
        )
    })
}

/// Checks a password whole: form, key, tag, time, replay. MQWARD_OK lets the client in.
///
/// All refusals but MQWARD_ERR_UNAVAILABLE get one and the same CONNACK; mqward_verdict_refuse_login makes it.
///
/// \param[in] verifier key lookup and replay store.
/// \param[in] client_id the Client Identifier of the CONNECT.
/// \param[in] client_id_len its length.
/// \param[in] password the password field, which need not end with NUL.
/// \param[in] password_len its length.
/// \param[in] now the verifier's Unix time, not 0.
/// \param[out] out the login.
/// \retval MQWARD_OK the client is who it says, for the first time with this password.
/// \retval MQWARD_ERR_PASSWORD this is not the one encoding of a password.
/// \retval MQWARD_ERR_UNKNOWN_DEVICE the lookup knows no such device.
/// \retval MQWARD_ERR_REVOKED the lookup says so.
/// \retval MQWARD_ERR_WRONG_TAG the tag is wrong.
/// \retval MQWARD_ERR_OUTSIDE_WINDOW the time is too far from now.
/// \retval MQWARD_ERR_NO_CLOCK the password has no time.
/// \retval MQWARD_ERR_REPLAYED the password was used before.
/// \retval MQWARD_ERR_COUNTER_WENT_BACK a later password was used before.
/// \retval MQWARD_ERR_UNAVAILABLE lookup or store cannot answer.
/// \retval MQWARD_ERR_NULL a callback is missing, or another pointer.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn mqward_login_verify(
    verifier: *const mqward_verifier,
    client_id: *const c_char,
    client_id_len: usize,
    password: *const c_char,
    password_len: usize,
    now: u32,
    out: *mut mqward_login,
) -> i32 {
    guard(|| {
        // SAFETY: the header's rules.
        let out = unsafe { Out::new(out) }?;
        // SAFETY: the header's rules.
        let verifier = unsafe { input(verifier) }?;
        // SAFETY: the header's rules.
        let client_id = unsafe { text(client_id, client_id_len) }?;
        // SAFETY: the header's rules.
        let password = unsafe { bytes(password, password_len) }?;
        hand_out(&verify(verifier, client_id, password, time(now)?)?, out)
    })
}

/// The five steps of spec §6.3, with the caller's lookup and store.
pub(crate) fn verify(
    verifier: &mqward_verifier,
    client_id: &str,
    password: &[u8],
    now: UnixTime,
) -> Result<Login, Refusal> {
    let claim = Claim::parse(password)?;
    // Where the lookup writes, and wiped from there: a key that moved would leave a copy.
    let mut answer = LoginKey::from_bytes(verifier.decoy.bytes);
    let (found, terms) = look_up(verifier, client_id, claim.generation().get(), &mut answer)?;
    let known = found == MQWARD_OK;
    let key = if known {
        &answer
    } else {
        // SAFETY: it lives as long as the verifier, and nobody writes to it.
        unsafe { key::key(&raw const verifier.decoy) }?
    };
    let verified = claim.verify(key, known, client_id, &terms, now);
    match (found, verified) {
        (MQWARD_OK, Ok(login)) => advance(verifier, client_id, login.mark()).map(|()| login),
        (MQWARD_OK, Err(refusal)) => Err(refusal.into()),
        (MQWARD_ERR_UNKNOWN_DEVICE | MQWARD_ERR_REVOKED, _) => Err(Refusal(found)),
        _ => Err(Refusal(MQWARD_ERR_UNAVAILABLE)),
    }
}

/// The lookup's answer; whatever it wrote to `key` counts if it is MQWARD_OK.
fn look_up(
    verifier: &mqward_verifier,
    id: &str,
    generation: u8,
    key: &mut LoginKey,
) -> Result<(i32, LoginTerms), Refusal> {
    let lookup = verifier.lookup.ok_or(Refusal(MQWARD_ERR_NULL))?;
    let mut terms = verifier.terms;
    let client_id = id.as_ptr().cast::<c_char>();
    // SAFETY: a text and two structs that live during the call, the key laid out as C's; the rest is what the struct asks
    // of its callbacks.
    let found = unsafe {
        lookup(
            verifier.context,
            client_id,
            id.len(),
            generation,
            key::bytes_of(key),
            &raw mut terms,
        )
    };
    let usable = match found {
        MQWARD_OK => terms,
        _ => verifier.terms,
    };
    Ok((found, terms_of(usable)?))
}

/// The store's answer.
fn advance(verifier: &mqward_verifier, id: &str, mark: Mark) -> Outcome {
    let advance = verifier.advance.ok_or(Refusal(MQWARD_ERR_NULL))?;
    let client_id = id.as_ptr().cast::<c_char>();
    // SAFETY: a text that lives during the call; the rest is what the struct asks of its callbacks.
    match unsafe { advance(verifier.context, client_id, id.len(), mark.get()) } {
        MQWARD_OK => Ok(()),
        known @ (MQWARD_ERR_REPLAYED | MQWARD_ERR_COUNTER_WENT_BACK) => Err(Refusal(known)),
        _ => Err(Refusal(MQWARD_ERR_UNAVAILABLE)),
    }
}

/// How a mark stands against the stored one, for a replay store of the caller. Comparing and storing is one atomic step.
///
/// \param[in] mark the mark of a login.
/// \param[in] stored the stored mark of this client id, 0 for none.
/// \retval MQWARD_OK it is higher: store it.
/// \retval MQWARD_ERR_REPLAYED it is the stored one.
/// \retval MQWARD_ERR_COUNTER_WENT_BACK it is lower.
/// \retval MQWARD_ERR_PARAM one of the numbers is no mark.
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn mqward_mark_compare(mark: u64, stored: u64) -> i32 {
    guard(|| {
        let parse = |number| Mark::from_u64(number).ok_or(Refusal(MQWARD_ERR_PARAM));
        let stored = if stored == 0 {
            None
        } else {
            Some(parse(stored)?)
        };
        match parse(mark)?.compare(stored) {
            Advance::Advanced => Ok(()),
            Advance::Same => Err(Refusal(MQWARD_ERR_REPLAYED)),
            Advance::Behind => Err(Refusal(MQWARD_ERR_COUNTER_WENT_BACK)),
            Advance::Unavailable => Err(Refusal(MQWARD_ERR_UNAVAILABLE)),
        }
    })
}
