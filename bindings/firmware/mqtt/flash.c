/* The device's flash, emulated by the file flash.bin in the folder in which the emulator was started. */
#include "flash.h"

#include "semihosting.h"

/* Semihosting for AArch32 and AArch64, release 2025Q1, chapter 5. */
#define SYS_OPEN 0x01
#define SYS_WRITE 0x05
#define SYS_READ 0x06
#define SYS_SEEK 0x0a
/* Mode "r+b". */
#define READ_AND_WRITE 3

static uintptr_t file;

int flash_open(void)
{
    static const char name[] = "flash.bin";
    const uintptr_t block[3] = {(uintptr_t)name, READ_AND_WRITE, sizeof name - 1};
    file = semihosting_call(SYS_OPEN, block);
    return file == (uintptr_t)-1 ? -1 : 0;
}

/* SYS_READ and SYS_WRITE return how many bytes they did not get through. */
static int transfer(uintptr_t operation, uint32_t address, uintptr_t buf, size_t len)
{
    const uintptr_t position[2] = {file, address};
    const uintptr_t block[3] = {file, buf, len};
    if (semihosting_call(SYS_SEEK, position) != 0)
        return -1;
    return semihosting_call(operation, block) == 0 ? 0 : -1;
}

int flash_read(uint32_t address, void *buf, size_t len)
{
    return transfer(SYS_READ, address, (uintptr_t)buf, len);
}

int32_t flash_read_slot(void *context, uint32_t slot, uint8_t *buf)
{
    (void)context;
    return flash_read(slot == MQWARD_SLOT_A ? FLASH_SLOT_A : FLASH_SLOT_B, buf, MQWARD_BOOT_SLOT_LEN);
}

/* On a chip: erase the slot's sector, program 16 bytes, return when both are done. */
int32_t flash_write_slot(void *context, uint32_t slot, const uint8_t *buf)
{
    (void)context;
    return transfer(SYS_WRITE, slot == MQWARD_SLOT_A ? FLASH_SLOT_A : FLASH_SLOT_B, (uintptr_t)buf,
                    MQWARD_BOOT_SLOT_LEN);
}
