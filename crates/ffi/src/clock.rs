//! The clock gate: which times a device may believe.

use mqward_core::{Clock, ClockGate, UnixTime};

use crate::boundary::{Out, Refusal, guard, input};
use crate::status::MQWARD_ERR_TIME;

/// How far ahead of the floor a clock may be before the device has ever logged in: ten years, in seconds.
pub const MQWARD_FIRST_CLOCK_JUMP_SECS: u32 = 315_360_000;
/// How far ahead of the floor a clock may be once an authenticated time is known: two years, in seconds.
pub const MQWARD_CLOCK_JUMP_SECS: u32 = 63_072_000;

const _: () = assert!(MQWARD_FIRST_CLOCK_JUMP_SECS == mqward_core::FIRST_CLOCK_JUMP_SECS);
const _: () = assert!(MQWARD_CLOCK_JUMP_SECS == mqward_core::CLOCK_JUMP_SECS);

/// Turns a reading of the clock into a time that may be stamped, or none. SNTP is not authenticated: a forged time must
/// not make a device mint passwords for the far future.
#[repr(C)]
#[derive(Copy, Clone)]
pub struct mqward_clock_gate {
    /// No time below it is believed. Store it when it was raised. Never 0.
    pub floor: u32,
    /// No time further above the floor is believed, in seconds. May be set by hand.
    pub jump: u32,
}

/// A time that must be there.
pub(crate) fn time(secs: u32) -> Result<UnixTime, Refusal> {
    UnixTime::from_secs(u64::from(secs)).ok_or(Refusal(MQWARD_ERR_TIME))
}

/// A time, or none for 0.
pub(crate) fn clock(secs: u32) -> Clock {
    UnixTime::from_secs(u64::from(secs)).map_or(Clock::None, Clock::Trusted)
}

fn gate_of(gate: &mqward_clock_gate) -> Result<ClockGate, Refusal> {
    Ok(ClockGate::new(time(gate.floor)?).with_jump(gate.jump))
}

/// The gate of a device that has never seen an authenticated time.
///
/// \param[in] build_time the firmware's build time in Unix seconds, not 0: the floor.
/// \param[out] out the gate.
/// \retval MQWARD_OK it is written.
/// \retval MQWARD_ERR_TIME build_time is 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mqward_clock_gate_init(
    build_time: u32,
    out: *mut mqward_clock_gate,
) -> i32 {
    guard(|| {
        // SAFETY: the header's rules.
        let out = unsafe { Out::new(out) }?;
        let floor = time(build_time)?.get();
        out.put(mqward_clock_gate {
            floor,
            jump: MQWARD_FIRST_CLOCK_JUMP_SECS,
        })
    })
}

/// The gate after a start, with the floor that was stored.
///
/// \param[in] build_time the firmware's build time in Unix seconds, not 0.
/// \param[in] stored_floor the floor that was stored, not 0.
/// \param[out] out the gate.
/// \retval MQWARD_OK it is written.
/// \retval MQWARD_ERR_TIME one of the times is 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mqward_clock_gate_resume(
    build_time: u32,
    stored_floor: u32,
    out: *mut mqward_clock_gate,
) -> i32 {
    guard(|| {
        // SAFETY: the header's rules.
        let out = unsafe { Out::new(out) }?;
        let floor = ClockGate::resume(time(build_time)?, time(stored_floor)?)
            .floor()
            .get();
        out.put(mqward_clock_gate {
            floor,
            jump: MQWARD_CLOCK_JUMP_SECS,
        })
    })
}

/// Judges a reading of the clock.
///
/// \param[in] gate the gate.
/// \param[in] now_secs the reading, in Unix seconds.
/// \param[out] out the time to stamp, or 0 for none: a device without a time still logs in.
/// \retval MQWARD_OK the time or 0 is written.
/// \retval MQWARD_ERR_TIME the gate's floor is 0: it was not set up.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mqward_clock_gate_judge(
    gate: *const mqward_clock_gate,
    now_secs: u64,
    out: *mut u32,
) -> i32 {
    guard(|| {
        // SAFETY: the header's rules.
        let out = unsafe { Out::new(out) }?;
        // SAFETY: the header's rules.
        let gate = gate_of(unsafe { input(gate) }?)?;
        out.put(gate.judge(now_secs).time().map_or(0, UnixTime::get))
    })
}

/// Raises the floor to a time that was authenticated: by a login accepted over TLS, or by sealed time. Never by SNTP.
///
/// \param[in,out] gate the gate; the floor never falls.
/// \param[in] authenticated the time, not 0.
/// \retval MQWARD_OK the floor is at least that time.
/// \retval MQWARD_ERR_TIME the time or the gate's floor is 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mqward_clock_gate_raise(
    gate: *mut mqward_clock_gate,
    authenticated: u32,
) -> i32 {
    guard(|| {
        // SAFETY: the header's rules.
        let out = unsafe { Out::new(gate) }?;
        // SAFETY: the header's rules.
        let before = *unsafe { input(gate.cast_const()) }?;
        let mut raised = gate_of(&before)?;
        raised.raise(time(authenticated)?);
        let jump = before.jump.min(MQWARD_CLOCK_JUMP_SECS);
        out.put(mqward_clock_gate {
            floor: raised.floor().get(),
            jump,
        })
    })
}
