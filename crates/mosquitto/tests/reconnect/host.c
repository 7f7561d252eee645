/* The device's flash in two files, and the host's clock. */
#include "host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "flash.h"

static const char *blob_path, *boot_path;
static struct device device;

/* Reads what is there; the rest is erased flash. */
static int32_t read_file(const char *path, long offset, void *buf, size_t len)
{
    FILE *file = fopen(path, "rb");
    memset(buf, 0xff, len);
    if (file == NULL)
        return -1;
    if (fseek(file, offset, SEEK_SET) == 0)
        (void)!fread(buf, 1, len, file);
    return fclose(file);
}

int flash_read(uint32_t address, void *buf, size_t len)
{
    return address == FLASH_PROVISIONING ? read_file(blob_path, 0, buf, len) : -1;
}

int32_t flash_read_slot(void *context, uint32_t slot, uint8_t *buf)
{
    (void)context;
    return read_file(boot_path, (long)slot * MQWARD_BOOT_SLOT_LEN, buf, MQWARD_BOOT_SLOT_LEN);
}

int32_t flash_write_slot(void *context, uint32_t slot, const uint8_t *buf)
{
    FILE *file = fopen(boot_path, "r+b");
    (void)context;
    if (file == NULL)
        return -1;
    const int written = fseek(file, (long)slot * MQWARD_BOOT_SLOT_LEN, SEEK_SET) == 0
                        && fwrite(buf, MQWARD_BOOT_SLOT_LEN, 1, file) == 1;
    return fclose(file) == 0 && written ? 0 : -1;
}

uint32_t clock_now(void)
{
    return device_time(&device, (uint64_t)time(NULL));
}

struct device *host_start(const char *blob, const char *boot_record)
{
    static const uint8_t hardware_id[6] = {0x24, 0x6f, 0x28, 0xa1, 0xb2, 0xc3};
    static const char audience[] = "mqtt.example.com";
    struct settings settings = {.audience_len = sizeof audience - 1};
    memcpy(settings.audience, audience, settings.audience_len);
    blob_path = blob;
    boot_path = boot_record;
    const int32_t status = device_start(&device, hardware_id, &settings);
    if (status != MQWARD_OK) {
        fprintf(stderr, "start: %s\n", mqward_status_str(status));
        exit(1);
    }
    return &device;
}
