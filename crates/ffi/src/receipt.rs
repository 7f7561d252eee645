//! The receipt of an authentic message: what windows and marks judge.

use mqward_core::{AgeRule, Receipt};

use crate::boundary::{Out, Refusal, guard};
use crate::clock::clock;
use crate::place::{self, Place};
use crate::status::MQWARD_ERR_AGE_UNKNOWN;

/// Any age: only a message from the future is refused.
pub const MQWARD_ANY_AGE: u32 = 0xffff_ffff;
/// The age that a live downlink may have, in seconds.
pub const MQWARD_LIVE_MAX_AGE_SECS: u32 = 60;

/// The authenticated facts about one message. Private; only opening a message makes one. May be copied.
#[repr(C)]
pub struct mqward_receipt {
    private_: [u32; 6],
}

// SAFETY: repr(C), integers alone.
unsafe impl Place for mqward_receipt {
    type Value = Receipt;
    const MARK: u32 = u32::from_be_bytes(*b"rcpt");
    const PINNED: bool = false;
}

impl mqward_receipt {
    /// The C struct of a receipt.
    pub(crate) fn of(receipt: Receipt) -> Self {
        let mut place = Self { private_: [0; 6] };
        // SAFETY: a local struct; it is neither NULL nor misaligned, so there is no error to lose.
        let _ = unsafe { place::put(&raw mut place, receipt) };
        place
    }
}

/// The age of a message.
///
/// \param[in] receipt the receipt.
/// \param[in] now the receiver's Unix time, 0 without a clock.
/// \param[out] out seconds since sealing, negative if it comes from the future.
/// \retval MQWARD_OK it is written.
/// \retval MQWARD_ERR_AGE_UNKNOWN one side has no clock.
/// \retval MQWARD_ERR_STATE this is no receipt.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mqward_receipt_age(
    receipt: *const mqward_receipt,
    now: u32,
    out: *mut i64,
) -> i32 {
    guard(|| {
        // SAFETY: the header's rules.
        let out = unsafe { Out::new(out) }?;
        // SAFETY: the header's rules.
        let age = unsafe { place::get(receipt) }?.age(clock(now));
        out.put(age.ok_or(Refusal(MQWARD_ERR_AGE_UNKNOWN))?)
    })
}

/// Judges the age of a message. Without a clock on either side there is nothing to judge, and it passes.
///
/// \param[in] receipt the receipt.
/// \param[in] max_age seconds, MQWARD_LIVE_MAX_AGE_SECS for live downlink, or MQWARD_ANY_AGE.
/// \param[in] now the receiver's Unix time, 0 without a clock.
/// \retval MQWARD_OK it may be acted upon.
/// \retval MQWARD_ERR_EXPIRED it is older.
/// \retval MQWARD_ERR_FROM_THE_FUTURE it was sealed more than 60 seconds in the future.
/// \retval MQWARD_ERR_STATE this is no receipt.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn mqward_receipt_check_age(
    receipt: *const mqward_receipt,
    max_age: u32,
    now: u32,
) -> i32 {
    guard(|| {
        let limit = (max_age != MQWARD_ANY_AGE).then_some(max_age);
        let rule = AgeRule::UPLINK.with_max_age(limit);
        // SAFETY: the header's rules.
        Ok(unsafe { place::get(receipt) }?.check_age(&rule, clock(now))?)
    })
}
