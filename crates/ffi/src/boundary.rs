//! The boundary: how pointers from C become references, and how answers go back.
//!
//! Every rule of the header's preamble is stated once, here.

use core::ffi::c_char;
use core::mem::{align_of, size_of};
use core::slice;

use crate::status::{
    MQWARD_ERR_ALIGNMENT, MQWARD_ERR_LENGTH, MQWARD_ERR_NOT_UTF8, MQWARD_ERR_NULL,
    MQWARD_ERR_OVERLAP, MQWARD_OK,
};

/// A negative status on its way back to C.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(crate) struct Refusal(pub(crate) i32);

/// What a function's body yields: done, or a negative status.
pub(crate) type Outcome = Result<(), Refusal>;

/// Runs the body of an exported function.
///
/// With `std` a panic ends here and becomes a status. The bodies own nothing that a panic could leave half-done but the
/// caller's output buffers, hence the assertion. Bare metal has no unwinding, and no panic is reachable.
pub(crate) fn guard(body: impl FnOnce() -> Outcome) -> i32 {
    #[cfg(feature = "std")]
    let outcome = std::panic::catch_unwind(core::panic::AssertUnwindSafe(body))
        .unwrap_or(Err(Refusal(crate::status::MQWARD_ERR_PANIC)));
    #[cfg(not(feature = "std"))]
    let outcome = body();
    match outcome {
        Ok(()) => MQWARD_OK,
        Err(Refusal(status)) => status,
    }
}

/// Refuses NULL and misaligned pointers.
pub(crate) fn check<T>(pointer: *const T) -> Outcome {
    if pointer.is_null() {
        Err(Refusal(MQWARD_ERR_NULL))
    } else if !pointer.is_aligned() {
        Err(Refusal(MQWARD_ERR_ALIGNMENT))
    } else {
        Ok(())
    }
}

/// Refuses NULL with a length, misaligned arrays and lengths that no object has; true if there is anything to point to.
fn check_array<T>(pointer: *const T, len: usize) -> Result<bool, Refusal> {
    if len == 0 {
        return Ok(false);
    }
    check(pointer)?;
    match len.checked_mul(size_of::<T>()) {
        Some(bytes) if isize::try_from(bytes).is_ok() => Ok(true),
        _ => Err(Refusal(MQWARD_ERR_LENGTH)),
    }
}

/// A struct that C has filled.
///
/// # Safety
/// Anything but NULL or a misaligned pointer points to a `T`, of which every bit pattern is a value, and which nobody
/// writes during the call.
pub(crate) unsafe fn input<'a, T>(pointer: *const T) -> Result<&'a T, Refusal> {
    check(pointer)?;
    // SAFETY: not NULL, aligned; the rest is the caller's word.
    Ok(unsafe { &*pointer })
}

/// An array that C has filled; `(NULL, 0)` is empty.
///
/// # Safety
/// As [`input`], for `len` elements.
pub(crate) unsafe fn array<'a, T>(pointer: *const T, len: usize) -> Result<&'a [T], Refusal> {
    if !check_array(pointer, len)? {
        return Ok(&[]);
    }
    // SAFETY: not NULL, aligned, of a length that an object can have; the rest is the caller's word.
    Ok(unsafe { slice::from_raw_parts(pointer, len) })
}

/// An array that is worked on in place; `(NULL, 0)` is empty.
///
/// # Safety
/// As [`array`], and the array is writable, and no reference to a part of it is alive: see [`disjoint`].
pub(crate) unsafe fn array_mut<'a, T>(pointer: *mut T, len: usize) -> Result<&'a mut [T], Refusal> {
    if !check_array(pointer, len)? {
        return Ok(&mut []);
    }
    // SAFETY: not NULL, aligned, of a length that an object can have; the rest is the caller's word.
    Ok(unsafe { slice::from_raw_parts_mut(pointer, len) })
}

/// A byte string.
///
/// # Safety
/// As [`array`].
pub(crate) unsafe fn bytes<'a>(pointer: *const c_char, len: usize) -> Result<&'a [u8], Refusal> {
    // SAFETY: `char` has the size and alignment of a byte, and every value of one.
    unsafe { array(pointer.cast::<u8>(), len) }
}

/// A text, which must be UTF-8.
///
/// # Safety
/// As [`array`].
pub(crate) unsafe fn text<'a>(pointer: *const c_char, len: usize) -> Result<&'a str, Refusal> {
    // SAFETY: the caller's word.
    let bytes = unsafe { bytes(pointer, len) }?;
    core::str::from_utf8(bytes).map_err(|_| Refusal(MQWARD_ERR_NOT_UTF8))
}

/// Where a result goes once everything else is done: checked first, written last.
pub(crate) struct Out<T>(*mut T);

impl<T> Out<T> {
    /// Refuses NULL and misaligned pointers before any work is done.
    ///
    /// # Safety
    /// Anything else points to writable memory for a `T`.
    pub(crate) unsafe fn new(pointer: *mut T) -> Result<Self, Refusal> {
        check(pointer.cast_const())?;
        Ok(Self(pointer))
    }

    /// The same place for another type.
    ///
    /// # Safety
    /// It has the size of a `T`, no stricter alignment, and each of its values is a `T`.
    pub(crate) const unsafe fn cast<U>(self) -> Out<U> {
        const { assert!(size_of::<U>() == size_of::<T>() && align_of::<U>() <= align_of::<T>()) };
        Out(self.0.cast())
    }

    /// Copies the result from where it lies, and to nowhere else.
    pub(crate) fn copy(self, value: &T) -> Outcome
    where
        T: Copy,
    {
        // SAFETY: `new` has checked the pointer, and its caller has promised the memory; the value is borrowed from elsewhere.
        unsafe { core::ptr::copy_nonoverlapping(value, self.0, 1) };
        Ok(())
    }

    /// Writes the result; what C left there is not read.
    pub(crate) fn put(self, value: T) -> Outcome {
        // SAFETY: `new` has checked the pointer, and its caller has promised the memory.
        unsafe { self.0.write(value) };
        Ok(())
    }
}

/// A stretch of memory, for the comparison with another.
#[derive(Copy, Clone)]
pub(crate) struct Stretch {
    start: usize,
    len: usize,
}

/// The stretch of an array.
pub(crate) fn stretch<T>(pointer: *const T, len: usize) -> Stretch {
    Stretch {
        start: pointer.addr(),
        len: len.saturating_mul(size_of::<T>()),
    }
}

/// Refuses a buffer that is written if it shares a byte with something that is read at the same time.
pub(crate) fn disjoint<const N: usize>(written: Stretch, read: [Stretch; N]) -> Outcome {
    let impossible = |stretch: &Stretch| isize::try_from(stretch.len).is_err();
    if impossible(&written) || read.iter().any(impossible) {
        return Err(Refusal(MQWARD_ERR_LENGTH));
    }
    let before = |one: &Stretch, other: &Stretch| {
        let end = one.start.checked_add(one.len);
        end.is_some_and(|end| end <= other.start)
    };
    let apart = |other: &Stretch| {
        let empty = written.len == 0 || other.len == 0;
        empty || before(&written, other) || before(other, &written)
    };
    if read.iter().all(apart) {
        Ok(())
    } else {
        Err(Refusal(MQWARD_ERR_OVERLAP))
    }
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_a_status() {
        assert_eq!(guard(|| panic!("forced")), crate::MQWARD_ERR_PANIC);
        assert_eq!(guard(|| Ok(())), MQWARD_OK);
    }

    #[test]
    fn stretches_that_touch_do_not_overlap() {
        let at = |start, len| Stretch { start, len };
        assert!(disjoint(at(10, 10), [at(0, 10), at(20, 10)]).is_ok());
        assert!(disjoint(at(10, 10), [at(0, 11)]).is_err());
        assert!(disjoint(at(10, 10), [at(19, 1)]).is_err());
        assert!(disjoint(at(10, 10), [at(15, 0)]).is_ok());
        assert_eq!(
            disjoint(at(10, 10), [at(0, usize::MAX)]),
            Err(Refusal(MQWARD_ERR_LENGTH))
        );
        assert!(disjoint(at(usize::MAX, 10), [at(usize::MAX - 1, 5)]).is_err());
    }

    #[test]
    fn null_is_empty_only_without_a_length() {
        // SAFETY: NULL and absurd lengths are what is refused before any access.
        unsafe {
            assert_eq!(array::<u8>(core::ptr::null(), 0), Ok(&[][..]));
            assert_eq!(
                array::<u8>(core::ptr::null(), 1),
                Err(Refusal(MQWARD_ERR_NULL))
            );
            assert_eq!(
                array([0_u32].as_ptr(), usize::MAX),
                Err(Refusal(MQWARD_ERR_LENGTH))
            );
        }
    }
}
