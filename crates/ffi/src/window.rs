//! The replay window: which messages of one sender were acted on.

use mqward_core::{Judgement, Ticket, Window};

use crate::boundary::{Out, Outcome, Refusal, array, array_mut, disjoint, guard, stretch};
use crate::clock::time;
use crate::place::{self, Place};
use crate::receipt::mqward_receipt;
use crate::status::{
    MQWARD_ERR_BOOT, MQWARD_ERR_BUFFER_TOO_SMALL, MQWARD_ERR_CLOSED, MQWARD_ERR_DUPLICATE,
    MQWARD_ERR_TOO_OLD,
};

/// Bytes of a stored window.
pub const MQWARD_WINDOW_EXPORT_LEN: usize = 43;
/// The skew of clocks that a cold start allows for, in seconds.
pub const MQWARD_COLD_SKEW_SECS: u16 = 60;

const _: () = assert!(MQWARD_WINDOW_EXPORT_LEN == Window::<1>::EXPORT_LEN);

/// The replay window of one sender, 64 counts wide over its newest two boots: one per direction, generation and sender,
/// for class live, and for class stored on uplink; a command of class stored needs a strict mark. Private; holds no
/// secret and may be copied.
#[repr(C)]
pub struct mqward_window {
    private_: [u64; 6],
}

// SAFETY: repr(C), integers alone.
unsafe impl Place for mqward_window {
    type Value = Window<1>;
    const MARK: u32 = u32::from_be_bytes(*b"wind");
    const PINNED: bool = false;
}

/// The right to commit one fresh message. Private; committing consumes it, forgetting it leaves the message fresh.
#[repr(C)]
pub struct mqward_ticket {
    private_: [u32; 4],
}

// SAFETY: repr(C), integers alone.
unsafe impl Place for mqward_ticket {
    type Value = Ticket;
    const MARK: u32 = u32::from_be_bytes(*b"tick");
    const PINNED: bool = false;
}

/// A judgement as a status, with the ticket handed out if there is one.
///
/// # Safety
/// As [`place::put`].
pub(crate) unsafe fn hand_out(judgement: Judgement, ticket: *mut mqward_ticket) -> Outcome {
    match judgement {
        // SAFETY: the caller's word.
        Judgement::Fresh(value) => unsafe { place::put(ticket, value) },
        Judgement::Duplicate => Err(Refusal(MQWARD_ERR_DUPLICATE)),
        Judgement::TooOld => Err(Refusal(MQWARD_ERR_TOO_OLD)),
        Judgement::Closed => Err(Refusal(MQWARD_ERR_CLOSED)),
    }
}

/// A window that has seen nothing and accepts everything: for a sender that is new, and for live downlink at every boot
/// of the device. A receiver that lost its window takes mqward_window_init_cold.
///
/// \param[out] out the window.
/// \retval MQWARD_OK it is set up.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mqward_window_init(out: *mut mqward_window) -> i32 {
    // SAFETY: the header's rules.
    guard(|| unsafe { place::put(out, Window::new()) })
}

/// The window of a receiver that starts without its stored one: only what was sealed after now and the skew is judged,
/// the rest is MQWARD_ERR_CLOSED until mqward_window_reopen. The rule rests on clocks: pass every message by
/// mqward_receipt_check_age first.
///
/// \param[in] now the receiver's Unix time, not 0.
/// \param[in] skew_secs how far clocks may be apart: MQWARD_COLD_SKEW_SECS, and not less.
/// \param[out] out the window.
/// \retval MQWARD_OK it is set up.
/// \retval MQWARD_ERR_TIME now is 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mqward_window_init_cold(
    now: u32,
    skew_secs: u16,
    out: *mut mqward_window,
) -> i32 {
    // SAFETY: the header's rules.
    guard(|| unsafe { place::put(out, Window::cold(time(now)?, skew_secs)) })
}

/// The window of a receiver that lost its own and has no clock: closed until mqward_window_reopen.
///
/// \param[out] out the window.
/// \retval MQWARD_OK it is set up.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mqward_window_init_closed(out: *mut mqward_window) -> i32 {
    // SAFETY: the header's rules.
    guard(|| unsafe { place::put(out, Window::closed()) })
}

/// Puts a window under the cold-start rule, as after restoring it from a backup.
///
/// \param[in,out] window the window.
/// \param[in] now the receiver's Unix time, not 0.
/// \param[in] skew_secs how far clocks may be apart: MQWARD_COLD_SKEW_SECS, and not less.
/// \retval MQWARD_OK done.
/// \retval MQWARD_ERR_TIME now is 0.
/// \retval MQWARD_ERR_STATE the window was not set up.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mqward_window_set_cold(
    window: *mut mqward_window,
    now: u32,
    skew_secs: u16,
) -> i32 {
    guard(|| {
        let start = time(now)?;
        // SAFETY: the header's rules.
        unsafe { place::get_mut(window) }?.set_cold(start, skew_secs);
        Ok(())
    })
}

/// Tells the window the sender's last stamp: everything up to it is over, everything above it fresh. What the window
/// knows already is not forgotten.
///
/// \param[in,out] window the window.
/// \param[in] boot the boot of that stamp, not 0.
/// \param[in] count its count.
/// \retval MQWARD_OK done.
/// \retval MQWARD_ERR_BOOT boot is 0.
/// \retval MQWARD_ERR_STATE the window was not set up.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mqward_window_reopen(
    window: *mut mqward_window,
    boot: u32,
    count: u32,
) -> i32 {
    guard(|| {
        if boot == 0 {
            return Err(Refusal(MQWARD_ERR_BOOT));
        }
        // SAFETY: the header's rules.
        unsafe { place::get_mut(window) }?.reopen(boot, count);
        Ok(())
    })
}

/// Judges an authentic message without remembering it.
///
/// \param[in] window the window.
/// \param[in] receipt the receipt of the message.
/// \param[out] ticket the right to commit it, to be used together with the effect.
/// \retval MQWARD_OK it is fresh.
/// \retval MQWARD_ERR_DUPLICATE it was acted on before: acknowledge and drop.
/// \retval MQWARD_ERR_TOO_OLD it is older than what the window remembers: acknowledge and drop.
/// \retval MQWARD_ERR_CLOSED it cannot be told, or the class is not for windows: refuse.
/// \retval MQWARD_ERR_STATE the window was not set up, or this is no receipt.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn mqward_window_judge(
    window: *const mqward_window,
    receipt: *const mqward_receipt,
    ticket: *mut mqward_ticket,
) -> i32 {
    guard(|| {
        // SAFETY: the header's rules.
        unsafe { Out::new(ticket) }?;
        // SAFETY: the header's rules.
        let receipt = unsafe { place::get(receipt) }?;
        // SAFETY: the header's rules.
        let judgement = unsafe { place::get(window) }?.judge(receipt);
        // SAFETY: the header's rules.
        unsafe { hand_out(judgement, ticket) }
    })
}

/// Remembers a fresh message.
///
/// \param[in,out] window the window that judged it, or a copy made since.
/// \param[in,out] ticket the ticket; consumed.
/// \retval MQWARD_OK the message is a duplicate from now on.
/// \retval MQWARD_ERR_TICKET it was committed under another ticket in between.
/// \retval MQWARD_ERR_STATE the window was not set up, or the ticket was consumed.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn mqward_window_commit(
    window: *mut mqward_window,
    ticket: *mut mqward_ticket,
) -> i32 {
    guard(|| {
        // SAFETY: the header's rules.
        let window = unsafe { place::get_mut(window) }?;
        // SAFETY: the header's rules.
        Ok(window.commit(unsafe { place::take(ticket) }?)?)
    })
}

/// Writes a window for storage, in the same transaction as the effect.
///
/// \param[in] window the window.
/// \param[out] out MQWARD_WINDOW_EXPORT_LEN bytes.
/// \param[in] out_size room in bytes.
/// \retval MQWARD_OK they are written.
/// \retval MQWARD_ERR_BUFFER_TOO_SMALL out is unchanged.
/// \retval MQWARD_ERR_STATE the window was not set up.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mqward_window_export(
    window: *const mqward_window,
    out: *mut u8,
    out_size: usize,
) -> i32 {
    guard(|| {
        disjoint(stretch(out, out_size), [stretch(window, 1)])?;
        // SAFETY: the header's rules; apart from the window.
        let out = unsafe { array_mut(out, out_size) }?;
        // SAFETY: the header's rules.
        let exported = unsafe { place::get(window) }?.export(out);
        exported
            .map(drop)
            .map_err(|_| Refusal(MQWARD_ERR_BUFFER_TOO_SMALL))
    })
}

/// Reads a stored window. From a backup, follow with mqward_window_set_cold.
///
/// \param[in] bytes what was stored.
/// \param[in] bytes_len its length: MQWARD_WINDOW_EXPORT_LEN.
/// \param[out] out the window.
/// \retval MQWARD_OK it is set up.
/// \retval MQWARD_ERR_IMPORT_LENGTH it has another length. Here and below: fall back to mqward_window_init_cold, never
/// to mqward_window_init.
/// \retval MQWARD_ERR_IMPORT_CHECKSUM it is torn or was changed.
/// \retval MQWARD_ERR_IMPORT_FORMAT it is of another version or width.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn mqward_window_import(
    bytes: *const u8,
    bytes_len: usize,
    out: *mut mqward_window,
) -> i32 {
    guard(|| {
        // SAFETY: the header's rules.
        let window = Window::import(unsafe { array(bytes, bytes_len) }?)?;
        // SAFETY: the header's rules.
        unsafe { place::put(out, window) }
    })
}
