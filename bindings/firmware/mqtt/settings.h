/* What the operator configures, in a flash sector of its own: where the broker is and what it calls itself. */
#ifndef SETTINGS_H
#define SETTINGS_H

#include <stdbool.h>

#include <mqward.h>

/*
 * The sector's beginning: IPv4 address (4), port (2, big-endian), clock (1: 0 or 1), bytes of the audience (1), audience.
 * The audience comes from here and never from the network, or an attacker's broker would name itself as it likes.
 */
#define SETTINGS_HEAD_LEN 8
#define SETTINGS_LEN (SETTINGS_HEAD_LEN + MQWARD_AUDIENCE_MAX_LEN)

struct settings {
    uint8_t broker[4];
    uint16_t port;
    /* Whether the board has a clock that is set. */
    bool has_clock;
    char audience[MQWARD_AUDIENCE_MAX_LEN];
    size_t audience_len;
};

/* Returns 0 for success. */
int settings_read(struct settings *settings);

#endif
