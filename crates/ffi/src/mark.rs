//! Marks: the last stored command, the newest retained value.

use mqward_core::{LatestJudgement, LatestMark, StrictMark};

use crate::boundary::{Out, Outcome, Refusal, guard, input};
use crate::clock::time;
use crate::place;
use crate::receipt::mqward_receipt;
use crate::status::{MQWARD_ERR_BOOT, MQWARD_ERR_CLOSED, MQWARD_ERR_SAME, MQWARD_ERR_TOO_OLD};
use crate::window::{hand_out, mqward_ticket};

/// The last stored command that a device acted on, per sender. Store it after the commit and before acting: a command
/// that is lost in a crash is sent again, one that is doubled may open a valve twice.
///
/// 0 is the mark of a generation in which nothing was sealed yet, as provisioning stores it. A mark that is missing later
/// is cold: mqward_strict_mark_init_cold.
#[repr(C)]
#[derive(Copy, Clone)]
pub struct mqward_strict_mark {
    /// The number to store, also before the first command: it keeps a cold mark cold.
    pub stored: u64,
}

/// The newest retained message or will of one sender on one topic, per class. Zeros: nothing was seen.
#[repr(C)]
#[derive(Copy, Clone)]
pub struct mqward_latest_mark {
    /// The number to store: `boot << 24 | count`, 0 for none.
    pub stored: u64,
}

/// The mark of a device that finds none, although it was provisioned before: only what was sealed after now and the
/// skew passes. The rule rests on clocks: pass every command by mqward_receipt_check_age first.
///
/// \param[in] now the device's Unix time, not 0.
/// \param[in] skew_secs how far clocks may be apart: MQWARD_COLD_SKEW_SECS, and not less.
/// \param[out] out the mark.
/// \retval MQWARD_OK it is written.
/// \retval MQWARD_ERR_TIME now is 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mqward_strict_mark_init_cold(
    now: u32,
    skew_secs: u16,
    out: *mut mqward_strict_mark,
) -> i32 {
    guard(|| {
        // SAFETY: the header's rules.
        let out = unsafe { Out::new(out) }?;
        let stored = StrictMark::cold(time(now)?, skew_secs).get();
        out.put(mqward_strict_mark { stored })
    })
}

/// The mark of a device that lost its own and has no clock: nothing passes until mqward_strict_mark_init_at.
///
/// \param[out] out the mark.
/// \retval MQWARD_OK it is written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mqward_strict_mark_init_closed(out: *mut mqward_strict_mark) -> i32 {
    guard(|| {
        // SAFETY: the header's rules.
        let out = unsafe { Out::new(out) }?;
        let stored = StrictMark::closed().get();
        out.put(mqward_strict_mark { stored })
    })
}

/// The mark of a device that is told its backend's last stamp: only what is above it passes.
///
/// \param[in] boot the boot of that stamp, not 0.
/// \param[in] count its count.
/// \param[out] out the mark.
/// \retval MQWARD_OK it is written.
/// \retval MQWARD_ERR_BOOT boot is 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mqward_strict_mark_init_at(
    boot: u32,
    count: u32,
    out: *mut mqward_strict_mark,
) -> i32 {
    guard(|| {
        // SAFETY: the header's rules.
        let out = unsafe { Out::new(out) }?;
        if boot == 0 {
            return Err(Refusal(MQWARD_ERR_BOOT));
        }
        let stored = StrictMark::at(boot, count).get();
        out.put(mqward_strict_mark { stored })
    })
}

/// Judges an authentic command of class stored.
///
/// \param[in] mark the mark of its sender.
/// \param[in] receipt the receipt of the message.
/// \param[out] ticket the right to commit it.
/// \retval MQWARD_OK it is newer than the last one.
/// \retval MQWARD_ERR_DUPLICATE it is the last one.
/// \retval MQWARD_ERR_TOO_OLD it is older.
/// \retval MQWARD_ERR_CLOSED it is of another class or direction, or the mark is cold and it was not sealed after that.
/// \retval MQWARD_ERR_STATE this is no receipt.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn mqward_strict_mark_judge(
    mark: *const mqward_strict_mark,
    receipt: *const mqward_receipt,
    ticket: *mut mqward_ticket,
) -> i32 {
    guard(|| {
        // SAFETY: the header's rules.
        unsafe { Out::new(ticket) }?;
        // SAFETY: the header's rules.
        let mark = StrictMark::from_u64(unsafe { input(mark) }?.stored);
        // SAFETY: the header's rules.
        let judgement = mark.judge(unsafe { place::get(receipt) }?);
        // SAFETY: the header's rules.
        unsafe { hand_out(judgement, ticket) }
    })
}

/// Advances to a fresh command. Store the mark, then act.
///
/// \param[in,out] mark the mark that judged it.
/// \param[in,out] ticket the ticket; consumed.
/// \retval MQWARD_OK the mark has advanced.
/// \retval MQWARD_ERR_TICKET the mark has moved past it in between.
/// \retval MQWARD_ERR_STATE the ticket was consumed.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn mqward_strict_mark_commit(
    mark: *mut mqward_strict_mark,
    ticket: *mut mqward_ticket,
) -> i32 {
    guard(|| {
        // SAFETY: the header's rules.
        let out = unsafe { Out::new(mark) }?;
        // SAFETY: the header's rules.
        let mut mark = StrictMark::from_u64(unsafe { input(mark.cast_const()) }?.stored);
        // SAFETY: the header's rules.
        mark.commit(unsafe { place::take(ticket) }?)?;
        out.put(mqward_strict_mark { stored: mark.get() })
    })
}

/// Judges an authentic message of class retained or will.
///
/// \param[in] mark the mark of its sender, topic and class.
/// \param[in] receipt the receipt of the message.
/// \param[out] ticket the right to commit it.
/// \retval MQWARD_OK it is newer: take the value.
/// \retval MQWARD_ERR_SAME it is the last one again, as after every subscription: take it if it is not at hand; there is
/// nothing to commit.
/// \retval MQWARD_ERR_TOO_OLD somebody shows an old value.
/// \retval MQWARD_ERR_CLOSED it is of another class.
/// \retval MQWARD_ERR_STATE this is no receipt.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn mqward_latest_mark_judge(
    mark: *const mqward_latest_mark,
    receipt: *const mqward_receipt,
    ticket: *mut mqward_ticket,
) -> i32 {
    guard(|| {
        // SAFETY: the header's rules.
        unsafe { Out::new(ticket) }?;
        // SAFETY: the header's rules.
        let mark = LatestMark::from_u64(unsafe { input(mark) }?.stored);
        // SAFETY: the header's rules.
        let judgement = mark.judge(unsafe { place::get(receipt) }?);
        // SAFETY: the header's rules.
        unsafe { hand_out_latest(judgement, ticket) }
    })
}

/// A judgement as a status, with the ticket handed out if there is one.
///
/// # Safety
/// As [`place::put`].
unsafe fn hand_out_latest(judgement: LatestJudgement, ticket: *mut mqward_ticket) -> Outcome {
    match judgement {
        // SAFETY: the caller's word.
        LatestJudgement::Newer(value) => unsafe { place::put(ticket, value) },
        LatestJudgement::Same => Err(Refusal(MQWARD_ERR_SAME)),
        LatestJudgement::Older => Err(Refusal(MQWARD_ERR_TOO_OLD)),
        LatestJudgement::Closed => Err(Refusal(MQWARD_ERR_CLOSED)),
    }
}

/// Advances to a newer value.
///
/// \param[in,out] mark the mark that judged it.
/// \param[in,out] ticket the ticket; consumed.
/// \retval MQWARD_OK the mark has advanced.
/// \retval MQWARD_ERR_TICKET the mark has moved past it in between.
/// \retval MQWARD_ERR_STATE the ticket was consumed.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn mqward_latest_mark_commit(
    mark: *mut mqward_latest_mark,
    ticket: *mut mqward_ticket,
) -> i32 {
    guard(|| {
        // SAFETY: the header's rules.
        let out = unsafe { Out::new(mark) }?;
        // SAFETY: the header's rules.
        let mut mark = LatestMark::from_u64(unsafe { input(mark.cast_const()) }?.stored);
        // SAFETY: the header's rules.
        mark.commit(unsafe { place::take(ticket) }?)?;
        out.put(mqward_latest_mark { stored: mark.get() })
    })
}
