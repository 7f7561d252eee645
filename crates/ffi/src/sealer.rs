//! Sealing a payload.

use core::ffi::c_char;

use mqward_core::{Sealer, Sender};

use crate::boot::mqward_seal_stamper;
use crate::boundary::{Out, array, array_mut, disjoint, guard, stretch, text};
use crate::clock::clock;
use crate::device::{identity, mqward_device};
use crate::header::class;
use crate::key::{key, mqward_down_seed, mqward_up_seed};
use crate::place::{self, Place};

/// The keys of one sender, for sealing. Private; may be copied. Wipe it with mqward_sealer_wipe.
#[repr(C)]
pub struct mqward_sealer {
    private_: [u32; 18],
}

// SAFETY: repr(C), integers alone.
unsafe impl Place for mqward_sealer {
    type Value = Sealer;
    const MARK: u32 = u32::from_be_bytes(*b"seal");
    const PINNED: bool = false;
}

/// Sets up the sealer of a device's uplink.
///
/// \param[in] seed the uplink seed.
/// \param[in] device generation and hardware id.
/// \param[in] sender 0 for the device, 1 to 15 for further sealers on it.
/// \param[out] out the sealer.
/// \retval MQWARD_OK it is set up.
/// \retval MQWARD_ERR_SENDER the sender is none of a device.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mqward_sealer_init_up(
    seed: *const mqward_up_seed,
    device: *const mqward_device,
    sender: u8,
    out: *mut mqward_sealer,
) -> i32 {
    guard(|| {
        // SAFETY: the header's rules.
        let seed = unsafe { key(seed) }?;
        // SAFETY: the header's rules.
        let (device, hardware) = unsafe { identity(device) }?;
        let made = Sealer::uplink(seed, device, hardware, Sender::device(sender)?);
        // SAFETY: the header's rules.
        unsafe { place::put_made(out, made) }
    })
}

/// Sets up the sealer of a backend towards one device in its current boot.
///
/// \param[in] seed the device's downlink seed.
/// \param[in] device the device's generation and hardware id.
/// \param[in] sender 16 to 255, leased to this backend.
/// \param[in] device_boot the device's current boot, learnt from the first authentic uplink; not 0.
/// \param[out] out the sealer.
/// \retval MQWARD_OK it is set up.
/// \retval MQWARD_ERR_SENDER the sender is none of a backend.
/// \retval MQWARD_ERR_BOOT device_boot is 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mqward_sealer_init_down(
    seed: *const mqward_down_seed,
    device: *const mqward_device,
    sender: u8,
    device_boot: u32,
    out: *mut mqward_sealer,
) -> i32 {
    guard(|| {
        // SAFETY: the header's rules.
        let seed = unsafe { key(seed) }?;
        // SAFETY: the header's rules.
        let (device, hardware) = unsafe { identity(device) }?;
        let sender = Sender::backend(sender)?;
        let made = Sealer::downlink(seed, device, hardware, sender, device_boot);
        // SAFETY: the header's rules.
        unsafe { place::put_made(out, made) }
    })
}

/// Wipes the keys. A sealer that was never set up, and NULL, are fine.
///
/// \param[in,out] sealer the sealer; unusable afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mqward_sealer_wipe(sealer: *mut mqward_sealer) {
    // SAFETY: the header's rules.
    unsafe { place::wipe(sealer) };
}

/// Seals a payload where it stands: the plaintext is at `buf + MQWARD_HEADER_LEN`, the result at `buf`.
///
/// \param[in] sealer the keys.
/// \param[in,out] stamper the stamper of the same sender; one stamp is spent.
/// \param[in] message_class MQWARD_CLASS_LIVE and its like.
/// \param[in] topic the Topic Name of the PUBLISH, byte for byte: 1 to 65535 bytes.
/// \param[in] topic_len its length.
/// \param[in] now the time as the clock gate judged it, 0 without a clock.
/// \param[in,out] buf the buffer.
/// \param[in] buf_size its size: at least MQWARD_SEALED_LEN(payload_len).
/// \param[in] payload_len bytes of the plaintext.
/// \param[out] out_len MQWARD_SEALED_LEN(payload_len): what to publish.
/// \retval MQWARD_OK `buf` holds the sealed payload.
/// \retval MQWARD_ERR_BUFFER_TOO_SMALL `buf` is unchanged and no stamp is spent, as in all errors but the last.
/// \retval MQWARD_ERR_TOPIC_LENGTH the topic is empty or too long.
/// \retval MQWARD_ERR_OTHER_SENDER the stamper counts for another sender.
/// \retval MQWARD_ERR_STATE sealer or stamper was not set up, or the stamper is a copy.
/// \retval MQWARD_ERR_OVERLAP `buf` overlaps the topic, the sealer or the stamper.
/// \retval MQWARD_ERR_USED_UP all counts of this boot are used: start the next boot.
/// \retval MQWARD_ERR_PAYLOAD_LENGTH the payload is too long for one message.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn mqward_seal_in_place(
    sealer: *const mqward_sealer,
    stamper: *mut mqward_seal_stamper,
    message_class: u8,
    topic: *const c_char,
    topic_len: usize,
    now: u32,
    buf: *mut u8,
    buf_size: usize,
    payload_len: usize,
    out_len: *mut usize,
) -> i32 {
    guard(|| {
        let read = [
            stretch(sealer, 1),
            stretch(stamper, 1),
            stretch(topic, topic_len),
        ];
        disjoint(stretch(buf, buf_size), read)?;
        // SAFETY: the header's rules.
        let written = unsafe { Out::new(out_len) }?;
        let class = class(message_class)?;
        // SAFETY: the header's rules.
        let sealer = unsafe { place::get(sealer) }?;
        // SAFETY: the header's rules.
        let topic = unsafe { text(topic, topic_len) }?;
        // SAFETY: the header's rules; apart from all that is read.
        let buf = unsafe { array_mut(buf, buf_size) }?;
        // SAFETY: the header's rules.
        let stamper = unsafe { place::get_mut(stamper) }?;
        written.put(sealer.seal_in_place(stamper, class, topic, clock(now), buf, payload_len)?)
    })
}

/// Seals a payload into another buffer.
///
/// \param[in] sealer the keys.
/// \param[in,out] stamper the stamper of the same sender; one stamp is spent.
/// \param[in] message_class MQWARD_CLASS_LIVE and its like.
/// \param[in] topic the Topic Name of the PUBLISH, byte for byte: 1 to 65535 bytes.
/// \param[in] topic_len its length.
/// \param[in] now the time as the clock gate judged it, 0 without a clock.
/// \param[in] payload the plaintext.
/// \param[in] payload_len its length.
/// \param[out] out the sealed payload.
/// \param[in] out_size room in bytes: at least MQWARD_SEALED_LEN(payload_len).
/// \param[out] out_len MQWARD_SEALED_LEN(payload_len): what to publish.
/// \retval MQWARD_OK `out` holds the sealed payload.
/// \retval MQWARD_ERR_BUFFER_TOO_SMALL and the others of mqward_seal_in_place; `out` holds no plaintext then.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn mqward_seal(
    sealer: *const mqward_sealer,
    stamper: *mut mqward_seal_stamper,
    message_class: u8,
    topic: *const c_char,
    topic_len: usize,
    now: u32,
    payload: *const u8,
    payload_len: usize,
    out: *mut u8,
    out_size: usize,
    out_len: *mut usize,
) -> i32 {
    guard(|| {
        let texts = [stretch(topic, topic_len), stretch(payload, payload_len)];
        disjoint(
            stretch(out, out_size),
            [stretch(sealer, 1), stretch(stamper, 1)],
        )?;
        disjoint(stretch(out, out_size), texts)?;
        // SAFETY: the header's rules.
        let written = unsafe { Out::new(out_len) }?;
        let class = class(message_class)?;
        // SAFETY: the header's rules.
        let sealer = unsafe { place::get(sealer) }?;
        // SAFETY: the header's rules.
        let topic = unsafe { text(topic, topic_len) }?;
        // SAFETY: the header's rules.
        let payload = unsafe { array(payload, payload_len) }?;
        // SAFETY: the header's rules; apart from all that is read.
        let out = unsafe { array_mut(out, out_size) }?;
        // SAFETY: the header's rules.
        let stamper = unsafe { place::get_mut(stamper) }?;
        written.put(sealer.seal(stamper, class, topic, clock(now), payload, out)?)
    })
}
