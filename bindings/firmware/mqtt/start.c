/* Start of the Cortex-M3 under FreeRTOS: vectors with the kernel's handlers, then memory, then main. */
#include <stddef.h>

#include "machine.h"

extern uint32_t board_data[], board_data_end[], board_data_load[], board_bss[], board_bss_end[], board_stack_top[];

/* FreeRTOS brings these three, ethernet.c the fourth. */
void vPortSVCHandler(void);
void xPortPendSVHandler(void);
void xPortSysTickHandler(void);
void ethernet_interrupt(void);

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
    copy_words(board_data, board_data_end, board_data_load);
    clear_words(board_bss, board_bss_end);
    board_exit(main());
}

_Noreturn static void fault(void)
{
    board_failed("processor fault");
}

#define ETHERNET_INTERRUPT 13

__attribute__((section(".vectors"), used)) static const struct {
    const uint32_t *stack;
    void (*exceptions[15])(void);
    void (*interrupts[32])(void);
} vectors = {
    board_stack_top,
    {board_reset, fault, fault, fault, fault, fault, NULL, NULL, NULL, NULL, vPortSVCHandler, fault, NULL,
     xPortPendSVHandler, xPortSysTickHandler},
    {[ETHERNET_INTERRUPT] = ethernet_interrupt},
};
