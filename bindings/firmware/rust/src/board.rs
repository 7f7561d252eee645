//! What the emulated board gives to the device: a console and an exit.

#[cfg(target_arch = "arm")]
use crate::arm::semihosting;
#[cfg(target_arch = "riscv32")]
use crate::riscv::semihosting;

const SYS_WRITE0: usize = 0x04;
const SYS_EXIT_EXTENDED: usize = 0x20;
const STOPPED_APPLICATION_EXIT: usize = 0x2_0026;

/// Prints a text.
pub(crate) fn print(text: &str) {
    for byte in text.bytes() {
        let character = [byte, 0];
        // SAFETY: a text that ends with NUL.
        unsafe { semihosting(SYS_WRITE0, character.as_ptr()) };
    }
}

/// Prints a label, then bytes in hexadecimal.
pub(crate) fn print_hex(label: &str, bytes: &[u8]) {
    print(label);
    for byte in bytes {
        for nibble in [byte >> 4, byte & 15] {
            let digit = if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 };
            // SAFETY: a text that ends with NUL.
            unsafe { semihosting(SYS_WRITE0, [digit, 0].as_ptr()) };
        }
    }
    print("\n");
}

/// Ends the emulator with this exit status.
pub(crate) fn exit(status: usize) -> ! {
    let block = [STOPPED_APPLICATION_EXIT, status];
    // SAFETY: the two words that the operation expects.
    unsafe { semihosting(SYS_EXIT_EXTENDED, block.as_ptr().cast()) };
    loop {}
}

/// Where a fault of the processor ends.
#[unsafe(no_mangle)]
extern "C" fn board_fault() -> ! {
    exit(99)
}

/// Where the reset code goes once memory is set up.
#[unsafe(no_mangle)]
extern "C" fn board_start() -> ! {
    exit(match crate::run() {
        Ok(()) => 0,
        Err(message) => {
            print("error: ");
            print(message);
            print("\n");
            1
        }
    })
}

/// Never reached: nothing in this firmware panics, which the link gate proves per target.
#[cfg(not(feature = "link-gate"))]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    exit(98)
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
