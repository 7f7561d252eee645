/* Start of a RISC-V hart in machine mode: reset, traps, semihosting, minstret. */
#include "semihosting.h"

extern uint32_t board_data[], board_data_end[], board_data_load[], board_bss[], board_bss_end[];

/* Words that are volatile, so that no compiler makes a call of memcpy from the loops below. */
static void copy_words(volatile uint32_t *to, const volatile uint32_t *end, const uint32_t *from)
{
    while (to < end)
        *to++ = *from++;
}

static void clear_words(volatile uint32_t *to, const volatile uint32_t *end)
{
    while (to < end)
        *to++ = 0;
}

__attribute__((used)) _Noreturn static void start(void)
{
    copy_words(board_data, board_data_end, board_data_load);
    clear_words(board_bss, board_bss_end);
    semihosting_exit(main());
}

__attribute__((used, aligned(4))) _Noreturn static void trap(void)
{
    semihosting_exit(99);
}

/* The CSR instructions stand as words: -march=rv32imc_zicsr would select no multilib of libgcc. */
__attribute__((naked, section(".vectors"))) _Noreturn void board_reset(void)
{
    __asm__ volatile("la sp, board_stack_top\n\t"
                     "la t0, trap\n\t"
                     ".word 0x30529073\n\t" /* csrw mtvec, t0 */
                     "j start");
}

/* The three instructions that announce semihosting, uncompressed and in one page. */
__attribute__((naked, aligned(16))) uintptr_t semihosting_call(uintptr_t operation, const void *argument)
{
    (void)operation;
    (void)argument;
    __asm__ volatile(".option push\n\t"
                     ".option norvc\n\t"
                     "slli x0, x0, 0x1f\n\t"
                     "ebreak\n\t"
                     "srai x0, x0, 7\n\t"
                     ".option pop\n\t"
                     "ret");
}

void board_print(const char *text)
{
    semihosting_print(text);
}

_Noreturn void board_exit(int status)
{
    semihosting_exit(status);
}

void board_count_start(void)
{
}

uint32_t board_count(void)
{
    register uint32_t count __asm__("a0");
    __asm__ volatile(".word 0xb0202573" : "=r"(count)); /* csrr a0, minstret */
    return count;
}
