/* What lwIP asks of compiler and board. */
#ifndef ARCH_CC_H
#define ARCH_CC_H

#include <stdint.h>

_Noreturn void board_failed(const char *what);
uint32_t board_random(void);

#define LWIP_PLATFORM_DIAG(message)
#define LWIP_PLATFORM_ASSERT(message) board_failed(message)
/* For source ports and sequence numbers, never for keys: mqward needs no random numbers on a device. */
#define LWIP_RAND() board_random()

#endif
