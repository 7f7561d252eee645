//! A function that panics, for the test that no panic crosses into C.

/// Panics, and returns MQWARD_ERR_PANIC.
#[unsafe(no_mangle)]
#[expect(clippy::panic, reason = "what is tested")]
pub extern "C" fn mqward_test_panic() -> i32 {
    crate::boundary::guard(|| panic!("forced"))
}
