//! What the emulated machine gives, over semihosting: console, clock, a file in the place of the flash.

use core::fmt::{self, Write};
use core::panic::PanicInfo;

use cortex_m_semihosting::{debug, syscall, syscall1};
use heapless::String;

/// The longest line of the console.
const LINE: usize = 320;

/// Prints a line; one that is too long is cut.
pub(crate) fn print(line: fmt::Arguments<'_>) {
    let mut text = String::<LINE>::new();
    let _ = text.write_fmt(line);
    while text.len() > LINE - 2 {
        text.pop();
    }
    let _ = text.push_str("\n\0");
    // SAFETY: a text that ends with NUL.
    unsafe { syscall1!(WRITE0, text.as_ptr()) };
}

/// Prints a line with arguments.
#[macro_export]
macro_rules! line {
    ($($argument:tt)*) => { $crate::machine::print(format_args!($($argument)*)) };
}

/// The clock in Unix seconds: the emulator's host tells it, in the place of a battery-backed clock.
pub(crate) fn time() -> u64 {
    // SAFETY: the operation takes no argument.
    unsafe { syscall!(TIME) as u64 }
}

/// The flash did not answer.
#[derive(Debug)]
pub(crate) struct FlashFailed;

/// The device's flash, emulated by the file flash.bin in the folder in which the emulator was started.
pub(crate) struct FlashChip(usize);

impl FlashChip {
    pub(crate) fn open() -> Result<Self, FlashFailed> {
        const NAME: &str = "flash.bin\0";
        /// "r+b".
        const READ_AND_WRITE: usize = 3;
        // SAFETY: a name that ends with NUL, and its length without.
        let file = unsafe { syscall!(OPEN, NAME.as_ptr(), READ_AND_WRITE, NAME.len() - 1) };
        if file == usize::MAX {
            Err(FlashFailed)
        } else {
            Ok(Self(file))
        }
    }

    fn seek(&self, address: usize) -> Result<(), FlashFailed> {
        // SAFETY: the operation takes two numbers.
        match unsafe { syscall!(SEEK, self.0, address) } {
            0 => Ok(()),
            _ => Err(FlashFailed),
        }
    }

    pub(crate) fn read(&self, address: usize, buf: &mut [u8]) -> Result<(), FlashFailed> {
        self.seek(address)?;
        // SAFETY: memory that may be written, and its length. The result is what was not read.
        match unsafe { syscall!(READ, self.0, buf.as_mut_ptr(), buf.len()) } {
            0 => Ok(()),
            _ => Err(FlashFailed),
        }
    }

    /// On a chip: erase the sector, program the bytes, return when both are done.
    pub(crate) fn write(&self, address: usize, bytes: &[u8]) -> Result<(), FlashFailed> {
        self.seek(address)?;
        // SAFETY: memory that may be read, and its length. The result is what was not written.
        match unsafe { syscall!(WRITE, self.0, bytes.as_ptr(), bytes.len()) } {
            0 => Ok(()),
            _ => Err(FlashFailed),
        }
    }
}

/// Prints what failed, and ends the program: on a product, record it and reset.
pub(crate) fn fail(what: impl fmt::Debug) -> ! {
    line!("failed: {what:?}");
    loop {
        debug::exit(debug::EXIT_FAILURE);
    }
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    line!("failed: {info}");
    loop {
        debug::exit(debug::EXIT_FAILURE);
    }
}
