/* What a board gives to a program: a console, an exit, a counter. */
#ifndef BOARD_H
#define BOARD_H

#include <stdint.h>

/* Prints a text that ends with NUL. */
void board_print(const char *text);

/* Ends the emulator with this exit status. */
_Noreturn void board_exit(int status);

/* Starts and reads a counter that grows with the instructions executed; the unit is the board's. */
void board_count_start(void);
uint32_t board_count(void);

/* The program. Its return value is the emulator's exit status. */
int main(void);

#endif
