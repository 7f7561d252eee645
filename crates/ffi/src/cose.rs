//! The COSE_Encrypt0 form of a sealed payload, computed without a key.

use mqward_core::cose;

use crate::boundary::{Out, array, array_mut, disjoint, guard, stretch};

/// How many bytes the full COSE_Encrypt0 form has beyond the sealed payload, at most.
pub const MQWARD_COSE_MAX_EXTRA_LEN: usize = 17;

const _: () = assert!(MQWARD_COSE_MAX_EXTRA_LEN == cose::MAX_EXTRA_LEN);

/// Writes the full COSE_Encrypt0 (RFC 9052) of a sealed payload. A COSE library opens it with the sender key, algorithm
/// 24 and the Topic Name as external AAD.
///
/// \param[in] sealed the sealed payload.
/// \param[in] sealed_len its length.
/// \param[out] out the full form.
/// \param[in] out_size room in bytes: MQWARD_COSE_MAX_LEN(sealed_len) is enough.
/// \param[out] out_len bytes written.
/// \retval MQWARD_OK it is written.
/// \retval MQWARD_ERR_FRAME this is not a sealed payload.
/// \retval MQWARD_ERR_BUFFER_TOO_SMALL out is unchanged, as in all errors.
/// \retval MQWARD_ERR_PAYLOAD_LENGTH it has 4 GiB or more.
/// \retval MQWARD_ERR_OVERLAP out overlaps sealed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mqward_cose_expand(
    sealed: *const u8,
    sealed_len: usize,
    out: *mut u8,
    out_size: usize,
    out_len: *mut usize,
) -> i32 {
    guard(|| {
        disjoint(stretch(out, out_size), [stretch(sealed, sealed_len)])?;
        // SAFETY: the header's rules.
        let written = unsafe { Out::new(out_len) }?;
        // SAFETY: the header's rules.
        let sealed = unsafe { array(sealed, sealed_len) }?;
        // SAFETY: the header's rules; apart from what is read.
        written.put(cose::expand(sealed, unsafe { array_mut(out, out_size) }?)?)
    })
}

/// Writes the sealed payload of a full COSE_Encrypt0. The one encoding that mqward_cose_expand writes is accepted.
///
/// \param[in] full the full form.
/// \param[in] full_len its length.
/// \param[out] out the sealed payload.
/// \param[in] out_size room in bytes: full_len is enough.
/// \param[out] out_len bytes written.
/// \retval MQWARD_OK it is written.
/// \retval MQWARD_ERR_NOT_CANONICAL it is encoded otherwise.
/// \retval MQWARD_ERR_FRAME what is inside is not a sealed payload.
/// \retval MQWARD_ERR_BUFFER_TOO_SMALL out is unchanged, as in all errors.
/// \retval MQWARD_ERR_OVERLAP out overlaps full.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mqward_cose_compact(
    full: *const u8,
    full_len: usize,
    out: *mut u8,
    out_size: usize,
    out_len: *mut usize,
) -> i32 {
    guard(|| {
        disjoint(stretch(out, out_size), [stretch(full, full_len)])?;
        // SAFETY: the header's rules.
        let written = unsafe { Out::new(out_len) }?;
        // SAFETY: the header's rules.
        let full = unsafe { array(full, full_len) }?;
        // SAFETY: the header's rules; apart from what is read.
        written.put(cose::compact(full, unsafe { array_mut(out, out_size) }?)?)
    })
}
