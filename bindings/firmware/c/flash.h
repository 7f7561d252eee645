/* The device's flash, emulated in RAM: the boot record in two sectors, the provisioning blob in a partition. */
#ifndef FLASH_H
#define FLASH_H

#include <mqward.h>

#define FLASH_PARTITION (2 * MQWARD_BOOT_SLOT_LEN)
#define FLASH_SIZE 512

/* After some boots: slot A, slot B, the provisioning blob, erased flash. */
extern uint8_t input_flash[FLASH_SIZE];

/* Two sectors of a flash that may have stopped answering. */
struct sectors {
    uint8_t slots[2][MQWARD_BOOT_SLOT_LEN];
    bool broken;
};

static inline void sectors_init(struct sectors *sectors)
{
    for (size_t i = 0; i < sizeof sectors->slots; i++)
        sectors->slots[i / MQWARD_BOOT_SLOT_LEN][i % MQWARD_BOOT_SLOT_LEN] = input_flash[i];
    sectors->broken = false;
}

static int32_t sectors_read(void *context, uint32_t slot, uint8_t *buf)
{
    const struct sectors *sectors = context;
    for (size_t i = 0; i < MQWARD_BOOT_SLOT_LEN; i++)
        buf[i] = sectors->slots[slot][i];
    return sectors->broken ? -1 : 0;
}

static int32_t sectors_write(void *context, uint32_t slot, const uint8_t *buf)
{
    struct sectors *sectors = context;
    for (size_t i = 0; i < MQWARD_BOOT_SLOT_LEN; i++)
        sectors->slots[slot][i] = buf[i];
    return sectors->broken ? -1 : 0;
}

#endif
