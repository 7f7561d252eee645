/* The device's flash. Here it is a file on the emulator's host, which outlives power cuts as a chip does. */
#ifndef FLASH_H
#define FLASH_H

#include <mqward.h>

/* Sectors are erase units. Each slot of the boot record has one of its own: a torn write harms one alone. */
#define FLASH_SECTOR 4096
#define FLASH_SLOT_A (0 * FLASH_SECTOR)
#define FLASH_SLOT_B (1 * FLASH_SECTOR)
#define FLASH_PROVISIONING (2 * FLASH_SECTOR)
#define FLASH_SETTINGS (3 * FLASH_SECTOR)

/* Opens the flash of this board; returns 0 for success, as all below. */
int flash_open(void);
int flash_read(uint32_t address, void *buf, size_t len);

/* The callbacks of struct mqward_storage. */
int32_t flash_read_slot(void *context, uint32_t slot, uint8_t *buf);
int32_t flash_write_slot(void *context, uint32_t slot, const uint8_t *buf);

#endif
