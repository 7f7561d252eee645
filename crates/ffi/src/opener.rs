//! Opening a sealed payload where it stands.

use core::ffi::c_char;

use mqward_core::{Opened, Opener, Receipt, Sender, UnixTime};

use crate::boundary::{Out, Refusal, array_mut, disjoint, guard, stretch, text};
use crate::device::{identity, mqward_device};
use crate::header::{MQWARD_HEADER_LEN, class_number, mqward_header};
use crate::key::{key, mqward_down_seed, mqward_up_seed};
use crate::place::{self, Place};
use crate::receipt::mqward_receipt;
use crate::status::MQWARD_ERR_CLEARED;

/// The keys of one sender, for opening. Private; may be copied. Wipe it with mqward_opener_wipe.
#[repr(C)]
pub struct mqward_opener {
    private_: [u32; 18],
}

// SAFETY: repr(C), integers alone.
unsafe impl Place for mqward_opener {
    type Value = Opener;
    const MARK: u32 = u32::from_be_bytes(*b"open");
    const PINNED: bool = false;
}

/// An authentic message. It has no effect before a window or mark has judged its receipt.
#[repr(C)]
pub struct mqward_message {
    /// The plaintext, in the buffer that was opened.
    pub payload: *mut u8,
    /// Its length.
    pub payload_len: usize,
    /// Who sealed it and when: authentic now.
    pub header: mqward_header,
    /// The same for windows and marks.
    pub receipt: mqward_receipt,
}

/// Sets up the opener of a device's uplink, at a backend.
///
/// \param[in] seed the device's uplink seed.
/// \param[in] device generation and hardware id.
/// \param[in] sender 0 for the device, 1 to 15 for further sealers on it.
/// \param[out] out the opener.
/// \retval MQWARD_OK it is set up.
/// \retval MQWARD_ERR_SENDER the sender is none of a device.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mqward_opener_init_up(
    seed: *const mqward_up_seed,
    device: *const mqward_device,
    sender: u8,
    out: *mut mqward_opener,
) -> i32 {
    guard(|| {
        // SAFETY: the header's rules.
        let seed = unsafe { key(seed) }?;
        // SAFETY: the header's rules.
        let (device, hardware) = unsafe { identity(device) }?;
        let made = Opener::uplink(seed, device, hardware, Sender::device(sender)?);
        // SAFETY: the header's rules.
        unsafe { place::put_made(out, made) }
    })
}

/// Sets up the opener of a device for one backend, in the device's current boot.
///
/// \param[in] seed the downlink seed.
/// \param[in] device generation and hardware id.
/// \param[in] sender the backend, 16 to 255.
/// \param[in] own_boot the number of the current boot, not 0.
/// \param[out] out the opener.
/// \retval MQWARD_OK it is set up.
/// \retval MQWARD_ERR_SENDER the sender is none of a backend.
/// \retval MQWARD_ERR_BOOT own_boot is 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mqward_opener_init_down(
    seed: *const mqward_down_seed,
    device: *const mqward_device,
    sender: u8,
    own_boot: u32,
    out: *mut mqward_opener,
) -> i32 {
    guard(|| {
        // SAFETY: the header's rules.
        let seed = unsafe { key(seed) }?;
        // SAFETY: the header's rules.
        let (device, hardware) = unsafe { identity(device) }?;
        let sender = Sender::backend(sender)?;
        let made = Opener::downlink(seed, device, hardware, sender, own_boot);
        // SAFETY: the header's rules.
        unsafe { place::put_made(out, made) }
    })
}

/// Wipes the keys. An opener that was never set up, and NULL, are fine.
///
/// \param[in,out] opener the opener; unusable afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mqward_opener_wipe(opener: *mut mqward_opener) {
    // SAFETY: the header's rules.
    unsafe { place::wipe(opener) };
}

/// What was authenticated, as C sees it.
fn facts(receipt: &Receipt) -> mqward_header {
    mqward_header {
        time: receipt.time().map_or(0, UnixTime::get),
        boot: receipt.boot(),
        count: receipt.count(),
        message_class: class_number(receipt.class()),
        generation: receipt.generation().get(),
        sender: receipt.sender().get(),
    }
}

/// Verifies and decrypts the payload of a PUBLISH where it stands.
///
/// \param[in] opener the keys.
/// \param[in] topic the Topic Name it arrived on, byte for byte; for an alias, the name that it stands for.
/// \param[in] topic_len its length.
/// \param[in,out] sealed the payload.
/// \param[in] sealed_len its length.
/// \param[out] out the message, whose plaintext is in `sealed`.
/// \retval MQWARD_OK the message is authentic. Judge its receipt before it has an effect.
/// \retval MQWARD_ERR_CLEARED the payload is empty: neither a message nor an error.
/// \retval MQWARD_ERR_FRAME this is not a sealed payload; `sealed` is unchanged.
/// \retval MQWARD_ERR_OTHER_KEY sealed in another generation or by another sender; `sealed` is unchanged.
/// \retval MQWARD_ERR_REFUSED not authentic, and no more is told; `sealed` is zeroed.
/// \retval MQWARD_ERR_STATE the opener was not set up.
/// \retval MQWARD_ERR_OVERLAP `sealed` overlaps the topic or the opener.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn mqward_open_in_place(
    opener: *const mqward_opener,
    topic: *const c_char,
    topic_len: usize,
    sealed: *mut u8,
    sealed_len: usize,
    out: *mut mqward_message,
) -> i32 {
    guard(|| {
        disjoint(
            stretch(sealed, sealed_len),
            [stretch(opener, 1), stretch(topic, topic_len)],
        )?;
        // SAFETY: the header's rules.
        let written = unsafe { Out::new(out) }?;
        // SAFETY: the header's rules.
        let opener = unsafe { place::get(opener) }?;
        // SAFETY: the header's rules.
        let topic = unsafe { text(topic, topic_len) }?;
        // SAFETY: the header's rules; apart from all that is read.
        let buf = unsafe { array_mut(sealed, sealed_len) }?;
        let Opened::Message(message) = opener.open_in_place(topic, buf)? else {
            return Err(Refusal(MQWARD_ERR_CLEARED));
        };
        let (plaintext, receipt) = message.into_parts();
        written.put(mqward_message {
            payload: sealed.wrapping_add(MQWARD_HEADER_LEN),
            payload_len: plaintext.len(),
            header: facts(&receipt),
            receipt: mqward_receipt::of(receipt),
        })
    })
}
