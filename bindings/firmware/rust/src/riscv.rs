//! Start of a RISC-V hart in machine mode: memory, traps, semihosting.

use core::arch::{asm, global_asm};

global_asm!(
    ".section .vectors, \"ax\"",
    ".global board_reset",
    "board_reset:",
    "la sp, board_stack_top",
    "la t0, board_trap",
    "csrw mtvec, t0",
    "la t0, board_data",
    "la t1, board_data_end",
    "la t2, board_data_load",
    "1: bgeu t0, t1, 2f",
    "lw t3, 0(t2)",
    "sw t3, 0(t0)",
    "addi t0, t0, 4",
    "addi t2, t2, 4",
    "j 1b",
    "2: la t0, board_bss",
    "la t1, board_bss_end",
    "3: bgeu t0, t1, 4f",
    "sw zero, 0(t0)",
    "addi t0, t0, 4",
    "j 3b",
    "4: j board_start",
    ".balign 4",
    "board_trap: j board_fault",
);

// The three instructions that announce semihosting, uncompressed and in one page.
global_asm!(
    ".section .text.board_semihosting, \"ax\"",
    ".balign 16",
    "board_semihosting:",
    ".option push",
    ".option norvc",
    "slli x0, x0, 0x1f",
    "ebreak",
    "srai x0, x0, 7",
    ".option pop",
    "ret",
);

/// Asks the emulator for one of its operations.
///
/// # Safety
/// `argument` is what the operation expects.
pub(crate) unsafe fn semihosting(operation: usize, argument: *const u8) {
    // SAFETY: the sequence that QEMU takes for a request; a0 is the answer, memory is only read.
    unsafe {
        asm!(
            "call board_semihosting",
            inlateout("a0") operation => _,
            in("a1") argument,
            out("ra") _,
            options(nostack)
        );
    }
}
