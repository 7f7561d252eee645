/* The services of the emulated machine, over semihosting. */
#include "machine.h"

#include <stddef.h>

#include "semihosting.h"

#define SYS_TIME 0x11

static uint32_t random_state = 1;

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

_Noreturn void board_failed(const char *what)
{
    board_print("failed: ");
    board_print(what);
    board_print("\n");
    board_exit(1);
}

uint64_t board_time(void)
{
    return semihosting_call(SYS_TIME, NULL);
}

void board_random_seed(uint32_t seed)
{
    random_state = seed != 0 ? seed : 1;
}

/* Marsaglia's xorshift with 32 bits. */
uint32_t board_random(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state;
}
