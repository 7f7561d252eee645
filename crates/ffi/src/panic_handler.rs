//! The panic handler of a bare-metal image that has no other.

/// Never reached: no function of this library panics, which the link gate proves per target. Should other Rust code of
/// the image panic, the processor stays here for the watchdog.
#[cfg(all(feature = "panic-handler", not(feature = "link-gate")))]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {
        core::hint::spin_loop();
    }
}

#[cfg(feature = "link-gate")]
unsafe extern "C" {
    /// Nobody defines it: an image in which a panic is reachable does not link.
    safe fn mqward_a_panic_is_reachable() -> !;
}

/// Calls what does not exist.
#[cfg(feature = "link-gate")]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    mqward_a_panic_is_reachable()
}
