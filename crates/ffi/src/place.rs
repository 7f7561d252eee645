//! The place of a Rust value inside a C struct.
//!
//! Where the inside of a struct is private to the Rust crates, its bytes lie in the caller's struct behind a mark. The
//! mark tells a struct that was set up from one that was not, that was wiped, or, where copies would do harm, that was
//! copied: a login stamper that counts in two places would hand out one password twice.

use core::mem::{align_of, size_of};

use crate::boundary::{Refusal, check};
use crate::status::{MQWARD_ERR_ALIGNMENT, MQWARD_ERR_NULL, MQWARD_ERR_STATE, MQWARD_OK};

/// A C struct that holds a Rust value behind a mark of four bytes.
///
/// # Safety
/// The struct is `repr(C)`, an array of integers, so that every bit pattern is one.
pub(crate) unsafe trait Place: Sized {
    /// What lies inside.
    type Value;
    /// Tells the kinds of struct apart; never 0.
    const MARK: u32;
    /// Whether the value may be used only where it was set up: a copy is refused then.
    const PINNED: bool;

    /// Where the value begins.
    const OFFSET: usize = {
        let offset = if align_of::<Self>() > 4 {
            align_of::<Self>()
        } else {
            4
        };
        assert!(align_of::<Self::Value>() <= align_of::<Self>());
        assert!(offset % align_of::<Self::Value>() == 0);
        assert!(offset + size_of::<Self::Value>() <= size_of::<Self>());
        offset
    };
}

/// The mark of a struct that was set up at this address.
fn mark_at<P: Place>(place: *const P) -> u32 {
    P::MARK ^ if P::PINNED { folded(place.addr()) } else { 0 }
}

/// Only the low half is left of a folded address; the mark is a check against mistakes, not against attacks.
fn folded(address: usize) -> u32 {
    let folded = address ^ address.checked_shr(32).unwrap_or(0);
    u32::try_from(folded & 0xffff_ffff).unwrap_or(0)
}

/// Where the value of a place is.
fn value_of<P: Place>(place: *mut P) -> *mut P::Value {
    place.wrapping_byte_add(P::OFFSET).cast()
}

/// Refuses NULL, a misaligned pointer, and a struct that does not hold a value.
///
/// # Safety
/// Anything else points to a `P` that nobody writes during the call.
unsafe fn check_mark<P: Place>(place: *const P) -> Result<(), Refusal> {
    const { assert!(align_of::<P>().is_power_of_two() && align_of::<P>() >= align_of::<u32>()) };
    // SAFETY: the caller's word.
    match unsafe { check_words(place.cast(), align_of::<P>() - 1, mark_at(place)) } {
        MQWARD_OK => Ok(()),
        status => Err(Refusal(status)),
    }
}

/// [`check_mark`] for any struct, so that firmware has it once.
///
/// # Safety
/// As [`check_mark`], for a struct whose alignment is a power of two, one more than `below_alignment`, and at least 4.
#[inline(never)]
unsafe fn check_words(place: *const u32, below_alignment: usize, mark: u32) -> i32 {
    if place.is_null() {
        MQWARD_ERR_NULL
    } else if place.addr() & below_alignment != 0 {
        MQWARD_ERR_ALIGNMENT
    // SAFETY: not NULL, aligned for the struct, so for the mark at its start; the rest is the caller's word.
    } else if unsafe { place.read() } != mark {
        MQWARD_ERR_STATE
    } else {
        MQWARD_OK
    }
}

/// Sets a struct up.
///
/// Out of line, so that a value with keys is copied to its place from where it was made, and not by way of the callers.
///
/// # Safety
/// Anything but NULL or a misaligned pointer points to writable memory for a `P`.
#[inline(never)]
pub(crate) unsafe fn put_made<P: Place, E: Into<Refusal>>(
    place: *mut P,
    made: Result<P::Value, E>,
) -> Result<(), Refusal> {
    match made {
        // SAFETY: the caller's word.
        Ok(value) => unsafe { put(place, value) },
        Err(error) => Err(error.into()),
    }
}

/// Sets a struct up.
///
/// # Safety
/// As [`put_made`].
pub(crate) unsafe fn put<P: Place>(place: *mut P, value: P::Value) -> Result<(), Refusal> {
    check(place.cast_const())?;
    // SAFETY: `OFFSET` keeps the value inside the struct and aligned.
    unsafe { value_of(place).write(value) };
    // SAFETY: as above; the mark lies before the value.
    unsafe { place.cast::<u32>().write(mark_at(place)) };
    Ok(())
}

/// The value of a struct that was set up.
///
/// # Safety
/// As [`check_mark`]: the mark says that [`put`] wrote a value here.
pub(crate) unsafe fn get<'a, P: Place>(place: *const P) -> Result<&'a P::Value, Refusal> {
    // SAFETY: the caller's word.
    unsafe { check_mark(place) }?;
    // SAFETY: the mark says that a value was put here.
    Ok(unsafe { &*value_of(place.cast_mut()) })
}

/// The value of a struct that was set up, to be changed.
///
/// # Safety
/// As [`get`], and no other reference into the struct is alive.
pub(crate) unsafe fn get_mut<'a, P: Place>(place: *mut P) -> Result<&'a mut P::Value, Refusal> {
    // SAFETY: the caller's word.
    unsafe { check_mark(place.cast_const()) }?;
    // SAFETY: the mark says that a value was put here, and the caller that it is ours alone.
    Ok(unsafe { &mut *value_of(place) })
}

/// Takes the value out; the struct is unusable until it is set up anew.
///
/// # Safety
/// As [`get_mut`].
pub(crate) unsafe fn take<P: Place>(place: *mut P) -> Result<P::Value, Refusal> {
    // SAFETY: the caller's word.
    unsafe { check_mark(place.cast_const()) }?;
    // SAFETY: the mark says that a value was put here.
    let value = unsafe { value_of(place).read() };
    // SAFETY: every bit pattern of a `P` is one, zeros too. The value lives on in the variable alone.
    unsafe { place.write_bytes(0, 1) };
    Ok(value)
}

/// Wipes the value, if there is one; NULL and structs that were never set up are fine.
///
/// # Safety
/// As [`get_mut`].
pub(crate) unsafe fn wipe<P: Place>(place: *mut P) {
    // SAFETY: the caller's word.
    if unsafe { check_mark(place.cast_const()) }.is_err() {
        return;
    }
    // SAFETY: the mark says that a value was put here. Dropping it where it lies wipes what its own type wipes.
    unsafe { value_of(place).drop_in_place() };
    // SAFETY: every bit pattern of a `P` is one, zeros too, and they are no mark.
    unsafe { place.write_bytes(0, 1) };
}
