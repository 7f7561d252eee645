//! The resume record: a boot that sleeps deeply and wakes as itself.

use mqward_core::ResumeRecord;

use crate::boot::{mqward_login_stamper, mqward_seal_stamper};
use crate::boundary::{Out, Refusal, array_mut, disjoint, guard, stretch};
use crate::place;
use crate::status::{MQWARD_ERR_BUFFER_TOO_SMALL, MQWARD_ERR_NO_RESUME_RECORD};

/// Bytes of retained RAM that a resume record takes.
pub const MQWARD_RESUME_RECORD_LEN: usize = 32;

const _: () = assert!(MQWARD_RESUME_RECORD_LEN == mqward_core::RESUME_RECORD_LEN);

/// Moves both stampers into retained RAM, right before deep sleep. They are unusable afterwards.
///
/// \warning Never copy the record: each copy would wake the same counts. Windows are kept beside it by
/// mqward_window_export; one that is lost over the sleep starts cold, never new.
///
/// \param[in,out] login the login stamper.
/// \param[in,out] seal the device's seal stamper.
/// \param[out] out retained RAM.
/// \param[in] out_size room in bytes: at least MQWARD_RESUME_RECORD_LEN, which is what is written.
/// \retval MQWARD_OK the record is written and the stampers are consumed.
/// \retval MQWARD_ERR_BUFFER_TOO_SMALL nothing has changed.
/// \retval MQWARD_ERR_STATE a stamper was not set up, was consumed, or is a copy; nothing has changed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mqward_resume_sleep(
    login: *mut mqward_login_stamper,
    seal: *mut mqward_seal_stamper,
    out: *mut u8,
    out_size: usize,
) -> i32 {
    guard(|| {
        disjoint(
            stretch(out, out_size),
            [stretch(login, 1), stretch(seal, 1)],
        )?;
        // SAFETY: the header's rules; apart from the stampers.
        let out = unsafe { array_mut(out, out_size) }?;
        let record = out
            .first_chunk_mut()
            .ok_or(Refusal(MQWARD_ERR_BUFFER_TOO_SMALL))?;
        // Both are looked at before either is consumed.
        // SAFETY: the header's rules.
        unsafe { place::get(login.cast_const()) }?;
        // SAFETY: the header's rules.
        let seal = unsafe { place::take(seal) }?;
        // SAFETY: the header's rules.
        ResumeRecord::sleep(unsafe { place::take(login) }?, seal, record);
        Ok(())
    })
}

/// Takes both stampers back after deep sleep. The record is erased first, so that a crash after waking cannot wake the
/// same counts again.
///
/// \param[in,out] retained retained RAM; zeros afterwards.
/// \param[in] retained_len its length: at least MQWARD_RESUME_RECORD_LEN, the first of which are the record.
/// \param[out] login the login stamper.
/// \param[out] seal the seal stamper.
/// \retval MQWARD_OK the same boot goes on.
/// \retval MQWARD_ERR_NO_RESUME_RECORD power was lost, or there was no sleep: call mqward_boot_start. What was there is
/// erased all the same.
/// \retval MQWARD_ERR_BUFFER_TOO_SMALL retained is too short, and unchanged.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn mqward_resume_wake(
    retained: *mut u8,
    retained_len: usize,
    login: *mut mqward_login_stamper,
    seal: *mut mqward_seal_stamper,
) -> i32 {
    guard(|| {
        // SAFETY: the header's rules.
        unsafe { Out::new(login) }?;
        // SAFETY: the header's rules.
        unsafe { Out::new(seal) }?;
        disjoint(
            stretch(retained, retained_len),
            [stretch(login, 1), stretch(seal, 1)],
        )?;
        // SAFETY: the header's rules.
        let retained = unsafe { array_mut(retained, retained_len) }?;
        let record = retained
            .first_chunk_mut()
            .ok_or(Refusal(MQWARD_ERR_BUFFER_TOO_SMALL))?;
        let (logins, seals) =
            ResumeRecord::wake(record).ok_or(Refusal(MQWARD_ERR_NO_RESUME_RECORD))?;
        // SAFETY: the header's rules.
        unsafe { place::put(login, logins) }?;
        // SAFETY: the header's rules.
        unsafe { place::put(seal, seals) }
    })
}
