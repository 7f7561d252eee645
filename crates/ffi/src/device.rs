//! The device that a key belongs to.

use core::ffi::c_char;

use mqward_core::{Device, Generation, HardwareId};

use crate::boundary::{Refusal, array, input, text};

/// The longest Client Identifier, in bytes.
pub const MQWARD_CLIENT_ID_MAX_LEN: usize = 255;
/// The longest hardware id, in bytes.
pub const MQWARD_HARDWARE_ID_MAX_LEN: usize = 32;

const _: () = assert!(MQWARD_CLIENT_ID_MAX_LEN == mqward_core::MAX_CLIENT_ID_LEN);
const _: () = assert!(MQWARD_HARDWARE_ID_MAX_LEN == mqward_core::MAX_HARDWARE_ID_LEN);

/// A device in one generation on one board. It borrows its texts.
#[repr(C)]
#[derive(Copy, Clone)]
pub struct mqward_device {
    /// Client Identifier: 1 to 255 bytes of UTF-8, no NUL needed behind it.
    pub client_id: *const c_char,
    /// Bytes of the Client Identifier.
    pub client_id_len: usize,
    /// Hardware id: 0 to 32 bytes, normally the base MAC. Read it from the chip at every boot; never store it beside
    /// the seeds.
    pub hardware_id: *const u8,
    /// Bytes of the hardware id; 0 binds the keys to no board.
    pub hardware_id_len: usize,
    /// Which provisioning of the device this is: 1 to 255.
    pub generation: u8,
}

/// Reads the identity.
///
/// # Safety
/// As [`input`], and the texts are arrays of their lengths.
pub(crate) unsafe fn identity<'a>(
    pointer: *const mqward_device,
) -> Result<(Device<'a>, HardwareId<'a>), Refusal> {
    // SAFETY: the caller's word.
    let device = unsafe { input(pointer) }?;
    // SAFETY: the caller's word.
    let client_id = unsafe { text(device.client_id, device.client_id_len) }?;
    // SAFETY: the caller's word.
    let hardware = unsafe { array(device.hardware_id, device.hardware_id_len) }?;
    let generation = Generation::new(device.generation)?;
    Ok((
        Device::new(client_id, generation)?,
        HardwareId::new(hardware)?,
    ))
}
