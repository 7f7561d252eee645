//! The place of a Rust value inside a C struct.
//!
//! Where the inside of a struct is private to the Rust crates, its bytes lie in the caller's struct behind a mark. The
//! mark tells a struct that was set up from one that was not, that was wiped, or, where copies would do harm, that was
//! copied: a login stamper that counts in two places would hand out one password twice.

use core::mem::{align_of, size_of};

use crate::boundary::{Refusal, check};
use crate::status::MQWARD_ERR_STATE;

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
    if !P::PINNED {
        return P::MARK;
    }
    let address = place.addr();
    let folded = address ^ address.checked_shr(32).unwrap_or(0);
    // Only the low half is left of a folded address; the mark is a check against mistakes, not against attacks.
    let [a, b, c, d] = low_bytes(folded);
    P::MARK ^ u32::from_ne_bytes([a, b, c, d])
}

/// The four least significant bytes.
fn low_bytes(number: usize) -> [u8; 4] {
    let mut low = [0; 4];
    for (to, from) in low.iter_mut().zip(number.to_le_bytes()) {
        *to = from;
    }
    low
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
    check(place)?;
    // SAFETY: not NULL, aligned for a `P`, so for the mark at its start; the rest is the caller's word.
    let mark = unsafe { place.cast::<u32>().read() };
    if mark == mark_at(place) {
        Ok(())
    } else {
        Err(Refusal(MQWARD_ERR_STATE))
    }
}

/// Sets a struct up.
///
/// # Safety
/// Anything but NULL or a misaligned pointer points to writable memory for a `P`.
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
