//! Wiping of secrets that lie in the caller's memory.

use core::sync::atomic::{Ordering, compiler_fence};

use crate::boundary::{array_mut, guard};

/// Overwrites memory with zeros, which no compiler leaves out: for keys, blobs and plaintexts that are done with.
///
/// \param[out] memory what is wiped; (NULL, 0) is fine.
/// \param[in] size its size in bytes.
/// \retval MQWARD_OK it is wiped.
/// \retval MQWARD_ERR_NULL memory is NULL and size is not 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mqward_wipe(memory: *mut core::ffi::c_void, size: usize) -> i32 {
    guard(|| {
        // SAFETY: the header's rules.
        for byte in unsafe { array_mut(memory.cast::<u8>(), size) }? {
            // SAFETY: a valid byte of the array; volatile, so that the write stays.
            unsafe { (&raw mut *byte).write_volatile(0) };
        }
        compiler_fence(Ordering::SeqCst);
        Ok(())
    })
}
