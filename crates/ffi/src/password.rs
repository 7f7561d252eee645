//! The CONNECT password: minted on the device.

use core::ffi::c_char;

use crate::boot::mqward_login_stamper;
use crate::boundary::{Refusal, array_mut, disjoint, guard, stretch};
use crate::clock::clock;
use crate::device::{identity, mqward_device};
use crate::key::{self, mqward_login_key};
use crate::place;
use crate::status::MQWARD_ERR_BUFFER_TOO_SMALL;

/// Characters of a password.
pub const MQWARD_PASSWORD_LEN: usize = 39;
/// Bytes of a password with the NUL behind it.
pub const MQWARD_PASSWORD_SIZE: usize = 40;

const _: () = assert!(MQWARD_PASSWORD_LEN == mqward_core::PASSWORD_LEN);

/// Mints the password of one connection attempt. Call it anew for every attempt: an old one is worthless.
///
/// The MQTT user name is the client id.
///
/// \param[in,out] stamper the login stamper of this boot.
/// \param[in] key the login key at the broker's audience.
/// \param[in] device client id and generation.
/// \param[in] now the time as the clock gate judged it, 0 without a clock.
/// \param[out] out MQWARD_PASSWORD_LEN characters and a NUL.
/// \param[in] out_size room in bytes: at least MQWARD_PASSWORD_SIZE.
/// \retval MQWARD_OK the password is written.
/// \retval MQWARD_ERR_BUFFER_TOO_SMALL no stamp is spent.
/// \retval MQWARD_ERR_USED_UP all counts of this boot are used: start the next boot.
/// \retval MQWARD_ERR_STATE the stamper was not set up, was consumed, or is a copy.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn mqward_password_mint(
    stamper: *mut mqward_login_stamper,
    key: *const mqward_login_key,
    device: *const mqward_device,
    now: u32,
    out: *mut c_char,
    out_size: usize,
) -> i32 {
    guard(|| {
        // SAFETY: the header's rules.
        let login_key = unsafe { key::key(key) }?;
        // SAFETY: the header's rules.
        let (device, _) = unsafe { identity(device) }?;
        let id = device.client_id();
        let read = [
            stretch(stamper, 1),
            stretch(key, 1),
            stretch(id.as_ptr(), id.len()),
        ];
        disjoint(stretch(out, out_size), read)?;
        // SAFETY: the header's rules; apart from stamper, key and client id.
        let out = unsafe { array_mut(out.cast::<u8>(), out_size) }?;
        let out = out
            .first_chunk_mut()
            .ok_or(Refusal(MQWARD_ERR_BUFFER_TOO_SMALL))?;
        // SAFETY: the header's rules.
        let password = unsafe { place::get_mut(stamper) }?.mint(login_key, device, clock(now))?;
        let [text @ .., nul]: &mut [u8; MQWARD_PASSWORD_SIZE] = out;
        *text = *password.as_bytes();
        *nul = 0;
        Ok(())
    })
}
