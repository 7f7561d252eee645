/* Checks that print what failed, and storage in RAM. C99 and C++17. */
#ifndef CHECK_H
#define CHECK_H

#include "mqward.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int failures;

static inline void check(int good, const char *text, const char *file, int line)
{
    if (!good) {
        failures++;
        fprintf(stderr, "%s:%d: %s\n", file, line, text);
    }
}

static inline void expect(int32_t is, int32_t should, const char *text, const char *file, int line)
{
    if (is != should) {
        failures++;
        fprintf(stderr, "%s:%d: %s\n    is: %s (%ld)\n    should be: %s (%ld)\n", file, line, text,
                mqward_status_str(is), (long)is, mqward_status_str(should), (long)should);
    }
}

#define CHECK(condition) check((condition) ? 1 : 0, #condition, __FILE__, __LINE__)
#define EXPECT(status, call) expect((call), (status), #call, __FILE__, __LINE__)
#define OK(call) EXPECT(MQWARD_OK, call)
#define TEXT(literal) (literal), (sizeof(literal) - 1)

/* A heap block of exactly this size, so that valgrind sees one byte too much. */
static inline uint8_t *block(size_t size)
{
    uint8_t *memory = (uint8_t *)malloc(size ? size : 1);
    if (memory == NULL) {
        abort();
    }
    memset(memory, 0xaa, size);
    return memory;
}

static inline uint8_t *copy_of(const void *bytes, size_t size)
{
    uint8_t *memory = block(size);
    if (size) {
        memcpy(memory, bytes, size);
    }
    return memory;
}

static inline int all(const uint8_t *bytes, size_t size, uint8_t value)
{
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != value) {
            return 0;
        }
    }
    return 1;
}

/* Two slots in RAM, which fail on command. */
struct ram {
    uint8_t slots[2][MQWARD_BOOT_SLOT_LEN];
    int reads;
    int writes;
    int fail_read;
    int fail_write;
    int lose_write;
};

static inline int32_t ram_read(void *context, uint32_t slot, uint8_t *buf)
{
    struct ram *ram = (struct ram *)context;
    ram->reads++;
    if (ram->fail_read) {
        return -5;
    }
    memcpy(buf, ram->slots[slot], MQWARD_BOOT_SLOT_LEN);
    return 0;
}

static inline int32_t ram_write(void *context, uint32_t slot, const uint8_t *buf)
{
    struct ram *ram = (struct ram *)context;
    ram->writes++;
    if (ram->fail_write) {
        return 7;
    }
    if (!ram->lose_write) {
        memcpy(ram->slots[slot], buf, MQWARD_BOOT_SLOT_LEN);
    }
    return 0;
}

static inline struct mqward_storage ram_storage(struct ram *ram)
{
    struct mqward_storage storage;
    storage.context = ram;
    storage.read = ram_read;
    storage.write = ram_write;
    return storage;
}

static inline struct ram provisioned(uint32_t now)
{
    struct ram ram;
    memset(&ram, 0, sizeof ram);
    memset(ram.slots, 0xff, sizeof ram.slots);
    OK(mqward_boot_first_slot(now, ram.slots[0], sizeof ram.slots[0]));
    return ram;
}

static inline struct mqward_device device_of(const char *client_id, size_t client_id_len,
                                             uint8_t generation, const uint8_t *hardware_id,
                                             size_t hardware_id_len)
{
    struct mqward_device device;
    device.client_id = client_id;
    device.client_id_len = client_id_len;
    device.hardware_id = hardware_id;
    device.hardware_id_len = hardware_id_len;
    device.generation = generation;
    return device;
}

/* Stampers that stand at a chosen count, by way of a resume record put together by hand. */
static inline void put32(uint8_t *to, uint32_t number)
{
    for (int i = 0; i < 4; i++) {
        to[i] = (uint8_t)(number >> (24 - 8 * i));
    }
}

static inline uint32_t crc32_of(const uint8_t *bytes, size_t len)
{
    uint32_t crc = 0xffffffffu;
    for (size_t i = 0; i < len; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc >> 1) ^ ((crc & 1) ? 0xedb88320u : 0);
        }
    }
    return ~crc;
}

static inline void stampers_at(uint32_t boot, uint32_t count, uint8_t sender, uint32_t salt,
                               mqward_login_stamper *login, mqward_seal_stamper *seal)
{
    uint8_t record[MQWARD_RESUME_RECORD_LEN];
    const uint32_t words[7] = { 0x6d717753u, sender, boot, count, boot, count, salt };
    for (int i = 0; i < 7; i++) {
        put32(record + 4 * i, words[i]);
    }
    put32(record + 28, crc32_of(record, 28));
    OK(mqward_resume_wake(record, sizeof record, login, seal));
}

#endif
