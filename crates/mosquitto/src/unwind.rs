//! The wall between Rust's panics and the broker's C.

use core::ffi::c_int;
use core::mem::forget;
use core::panic::AssertUnwindSafe;
use std::panic::catch_unwind;

/// Runs `body`; if it panics, runs `report` and returns `refusal` instead.
///
/// An unwind that reached an `extern "C"` boundary would abort the whole broker. Neither the panic's payload
/// nor its message goes anywhere from here: dropping the one may panic again, and the other may quote what an
/// attacker sent.
pub(crate) fn contain(
    refusal: c_int,
    report: impl FnOnce(),
    body: impl FnOnce() -> c_int,
) -> c_int {
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(code) => code,
        Err(payload) => {
            forget(payload);
            // A report that panics as well must not undo the refusal.
            if let Err(payload) = catch_unwind(AssertUnwindSafe(report)) {
                forget(payload);
            }
            refusal
        }
    }
}
