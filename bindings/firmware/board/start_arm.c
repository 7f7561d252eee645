/* Start of a Cortex-M: vectors, reset, semihosting, SysTick. */
#include <stddef.h>

#include "semihosting.h"

extern uint32_t board_data[], board_data_end[], board_data_load[], board_bss[], board_bss_end[], board_stack_top[];

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

_Noreturn void board_reset(void)
{
#if defined(__ARM_FP)
    /* CPACR: coprocessors 10 and 11, the FPU, before any code may use it. */
    *(volatile uint32_t *)0xe000ed88 |= 0xfu << 20;
    __asm__ volatile("dsb\n\tisb" ::: "memory");
#endif
    copy_words(board_data, board_data_end, board_data_load);
    clear_words(board_bss, board_bss_end);
    semihosting_exit(main());
}

_Noreturn static void fault(void)
{
    semihosting_exit(99);
}

/* The first 16 vectors; every fault ends the program. */
__attribute__((section(".vectors"), used)) static const struct {
    const uint32_t *stack;
    void (*handlers[15])(void);
} vectors = {
    board_stack_top,
    {board_reset, fault, fault, fault, fault, fault, NULL, NULL, NULL, NULL, fault, fault, NULL, fault, fault},
};

__attribute__((naked)) uintptr_t semihosting_call(uintptr_t operation, const void *argument)
{
    (void)operation;
    (void)argument;
    __asm__ volatile("bkpt 0xab\n\tbx lr");
}

void board_print(const char *text)
{
    semihosting_print(text);
}

_Noreturn void board_exit(int status)
{
    semihosting_exit(status);
}

/* SysTick counts down from 2^24 - 1 with the processor's clock. */
#define SYST_CSR (*(volatile uint32_t *)0xe000e010)
#define SYST_RVR (*(volatile uint32_t *)0xe000e014)
#define SYST_CVR (*(volatile uint32_t *)0xe000e018)

void board_count_start(void)
{
    SYST_RVR = 0xffffff;
    SYST_CVR = 0;
    SYST_CSR = 5;
    /* It reads 0 until its first step. */
    while (SYST_CVR == 0) {
    }
}

uint32_t board_count(void)
{
    return 0xffffff - SYST_CVR;
}
