//! Start of a Cortex-M: vectors, memory, semihosting.

use core::arch::{asm, global_asm};

// The first 16 vectors; every fault ends in `board_fault`.
global_asm!(
    ".section .vectors, \"a\"",
    ".word board_stack_top",
    ".word board_reset",
    ".rept 14",
    ".word board_fault",
    ".endr",
);

// CPACR: the FPU is switched on before any code may use it.
#[cfg(target_abi = "eabihf")]
global_asm!(
    ".macro board_fpu",
    "ldr r0, =0xe000ed88",
    "ldr r1, [r0]",
    "orr r1, r1, #0xf00000",
    "str r1, [r0]",
    "dsb",
    "isb",
    ".endm",
);
#[cfg(not(target_abi = "eabihf"))]
global_asm!(".macro board_fpu", ".endm");

global_asm!(
    ".section .text.board_reset, \"ax\"",
    ".global board_reset",
    ".type board_reset, %function",
    ".thumb_func",
    "board_reset:",
    "board_fpu",
    "ldr r0, =board_data",
    "ldr r1, =board_data_end",
    "ldr r2, =board_data_load",
    "1: cmp r0, r1",
    "bhs 2f",
    "ldm r2!, {{r3}}",
    "stm r0!, {{r3}}",
    "b 1b",
    "2: ldr r0, =board_bss",
    "ldr r1, =board_bss_end",
    "movs r3, #0",
    "3: cmp r0, r1",
    "bhs 4f",
    "stm r0!, {{r3}}",
    "b 3b",
    "4: bl board_start",
    ".pool",
);

/// Asks the emulator for one of its operations.
///
/// # Safety
/// `argument` is what the operation expects.
pub(crate) unsafe fn semihosting(operation: usize, argument: *const u8) {
    // SAFETY: the breakpoint that QEMU takes for a request; r0 is the answer, memory is only read.
    unsafe { asm!("bkpt 0xab", inlateout("r0") operation => _, in("r1") argument, options(nostack)) };
}
