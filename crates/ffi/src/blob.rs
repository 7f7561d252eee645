//! The provisioning blob in its flash partition.

use core::ffi::c_char;
use core::ptr;

use mqward_core::{Blob, BlobError};

use crate::boundary::{Out, Outcome, array, array_mut, disjoint, guard, stretch};
use crate::device::{identity, mqward_device};
use crate::key::{key, mqward_auth_seed, mqward_down_seed, mqward_up_seed};

/// Bytes of a blob beyond its client id.
pub const MQWARD_BLOB_OVERHEAD: usize = 107;
/// The longest blob, in bytes.
pub const MQWARD_BLOB_MAX_LEN: usize = 362;

const _: () = assert!(MQWARD_BLOB_OVERHEAD == mqward_core::BLOB_OVERHEAD);
const _: () = assert!(MQWARD_BLOB_MAX_LEN == mqward_core::MAX_BLOB_LEN);

/// What a device is flashed with. Wipe it with mqward_wipe once the keys are derived.
#[repr(C)]
pub struct mqward_blob {
    /// Client id, which stays in the memory that was parsed, and generation. The hardware id is empty: fill it in from
    /// the chip.
    pub device: mqward_device,
    /// Bytes of the partition that the blob takes.
    pub encoded_len: usize,
    /// The login seed.
    pub auth_seed: mqward_auth_seed,
    /// The uplink seed.
    pub up_seed: mqward_up_seed,
    /// The downlink seed.
    pub down_seed: mqward_down_seed,
}

/// Reads the blob at the start of the bytes, or all of them.
///
/// # Safety
/// The header's rules.
#[inline(never)]
unsafe fn parse(bytes: *const u8, len: usize, all: bool, out: *mut mqward_blob) -> Outcome {
    // SAFETY: the caller's word.
    let out = unsafe { Out::new(out) }?;
    // SAFETY: the caller's word.
    let bytes = unsafe { array(bytes, len) }?;
    let parsed = Blob::parse_partition(bytes);
    // Borrowed, not moved: a copy of the seeds would stay behind.
    let blob = parsed.as_ref().map_err(|error| *error)?;
    if all && blob.encoded_len() != len {
        return Err(BlobError::TrailingBytes.into());
    }
    let client_id = blob.device().client_id();
    out.put(mqward_blob {
        device: mqward_device {
            client_id: client_id.as_ptr().cast::<c_char>(),
            client_id_len: client_id.len(),
            hardware_id: ptr::null(),
            hardware_id_len: 0,
            generation: blob.device().generation().get(),
        },
        encoded_len: blob.encoded_len(),
        auth_seed: mqward_auth_seed {
            bytes: *blob.auth_seed().expose(),
        },
        up_seed: mqward_up_seed {
            bytes: *blob.up_seed().expose(),
        },
        down_seed: mqward_down_seed {
            bytes: *blob.down_seed().expose(),
        },
    })
}

/// Reads a blob that is a file or a storage value of its own: all bytes, no more and no less.
///
/// \param[in] bytes the blob; the client id of the result points into it.
/// \param[in] bytes_len its length.
/// \param[out] out what it holds.
/// \retval MQWARD_OK it is written.
/// \retval MQWARD_ERR_NO_BLOB it does not start as one.
/// \retval MQWARD_ERR_BLOB_VERSION its version is not known.
/// \retval MQWARD_ERR_BLOB_TRUNCATED it ends too early.
/// \retval MQWARD_ERR_BLOB_TRAILING bytes follow it.
/// \retval MQWARD_ERR_BLOB_CHECKSUM its checksum is wrong.
/// \retval MQWARD_ERR_BLOB_CONTENT its client id or generation is impossible.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mqward_blob_parse(
    bytes: *const u8,
    bytes_len: usize,
    out: *mut mqward_blob,
) -> i32 {
    guard(|| {
        // SAFETY: the header's rules.
        unsafe { parse(bytes, bytes_len, true, out) }
    })
}

/// Reads the blob at the start of a raw flash partition; what follows it is ignored.
///
/// \param[in] partition the partition; the client id of the result points into it.
/// \param[in] partition_len its length.
/// \param[out] out what the blob holds.
/// \retval MQWARD_OK it is written.
/// \retval MQWARD_ERR_NO_BLOB it does not start with one, as erased flash does not.
/// \retval MQWARD_ERR_BLOB_VERSION the blob's version is not known.
/// \retval MQWARD_ERR_BLOB_TRUNCATED the partition ends too early.
/// \retval MQWARD_ERR_BLOB_CHECKSUM the blob's checksum is wrong.
/// \retval MQWARD_ERR_BLOB_CONTENT the blob's client id or generation is impossible.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mqward_blob_parse_partition(
    partition: *const u8,
    partition_len: usize,
    out: *mut mqward_blob,
) -> i32 {
    guard(|| {
        // SAFETY: the header's rules.
        unsafe { parse(partition, partition_len, false, out) }
    })
}

/// Writes a blob, for a production line or a registry.
///
/// \param[in] device client id and generation.
/// \param[in] auth_seed the login seed.
/// \param[in] up_seed the uplink seed.
/// \param[in] down_seed the downlink seed.
/// \param[out] out the blob.
/// \param[in] out_size room in bytes: MQWARD_BLOB_OVERHEAD and the client id.
/// \param[out] out_len bytes written.
/// \retval MQWARD_OK it is written.
/// \retval MQWARD_ERR_BUFFER_TOO_SMALL out is unchanged.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mqward_blob_write(
    device: *const mqward_device,
    auth_seed: *const mqward_auth_seed,
    up_seed: *const mqward_up_seed,
    down_seed: *const mqward_down_seed,
    out: *mut u8,
    out_size: usize,
    out_len: *mut usize,
) -> i32 {
    guard(|| {
        // SAFETY: the header's rules.
        let written = unsafe { Out::new(out_len) }?;
        // SAFETY: the header's rules.
        let auth = unsafe { key(auth_seed) }?;
        // SAFETY: the header's rules.
        let up = unsafe { key(up_seed) }?;
        // SAFETY: the header's rules.
        let down = unsafe { key(down_seed) }?;
        // SAFETY: the header's rules.
        let (device, _) = unsafe { identity(device) }?;
        let id = device.client_id();
        disjoint(stretch(out, out_size), [stretch(id.as_ptr(), id.len())])?;
        // SAFETY: the header's rules; apart from the client id, the one reference that is alive.
        let out = unsafe { array_mut(out, out_size) }?;
        written.put(Blob::write(device, auth, up, down, out)?)
    })
}
