/* Lines for the console. */
#ifndef PRINT_H
#define PRINT_H

#include <stddef.h>

#include "board.h"

static inline void print_hex(const char *label, const uint8_t *bytes, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    board_print(label);
    for (size_t i = 0; i < len; i++) {
        const char pair[3] = {digits[bytes[i] >> 4], digits[bytes[i] & 15], 0};
        board_print(pair);
    }
    board_print("\n");
}

static inline void print_number(const char *label, uint32_t number)
{
    char text[11];
    char *at = text + sizeof text - 1;
    *at = 0;
    do {
        *--at = (char)('0' + number % 10);
        number /= 10;
    } while (number != 0);
    board_print(label);
    board_print(at);
    board_print("\n");
}

#endif
