/* Semihosting: how a program on an emulated chip reaches its emulator. */
#ifndef SEMIHOSTING_H
#define SEMIHOSTING_H

#include "board.h"

#define SYS_WRITE0 0x04
#define SYS_EXIT_EXTENDED 0x20
#define ADP_STOPPED_APPLICATION_EXIT 0x20026

/* The one instruction that differs between the architectures. */
uintptr_t semihosting_call(uintptr_t operation, const void *argument);

static inline void semihosting_print(const char *text)
{
    semihosting_call(SYS_WRITE0, text);
}

_Noreturn static inline void semihosting_exit(int status)
{
    const uintptr_t block[2] = {ADP_STOPPED_APPLICATION_EXIT, (uintptr_t)status};
    semihosting_call(SYS_EXIT_EXTENDED, block);
    for (;;) {
    }
}

#endif
