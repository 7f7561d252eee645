/* What this machine gives beside memory and Ethernet: its console, a clock, an end. */
#ifndef MACHINE_H
#define MACHINE_H

#include "board.h"

/* The clock in Unix seconds: the emulator's host tells it, in the place of a battery-backed clock. */
uint64_t board_time(void);

/* Numbers that need not be secret, and where they begin. */
void board_random_seed(uint32_t seed);
uint32_t board_random(void);

/* Prints what failed, and ends the program: on a product, record it and reset. */
_Noreturn void board_failed(const char *what);

#endif
