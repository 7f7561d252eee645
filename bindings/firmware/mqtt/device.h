/* The device as mqward knows it: who it is, which boot this is, its keys. Neither MQTT nor an operating system here. */
#ifndef DEVICE_H
#define DEVICE_H

#include <mqward.h>

#include "settings.h"

/* The longest Client Identifier of this fleet. */
#define DEVICE_ID_MAX_LEN 32
/* The longest payload in the clear. */
#define DEVICE_PAYLOAD_MAX_LEN 128
/* "tx/", the id, a slash and a name. */
#define DEVICE_TOPIC_SIZE (3 + DEVICE_ID_MAX_LEN + 1 + 8 + 1)

/* One per board, and never copied: a copy of a counter repeats what must be unique. */
struct device {
    char id[DEVICE_ID_MAX_LEN + 1];
    uint8_t hardware_id[6];
    struct mqward_device identity;
    uint32_t boot_number;
    struct mqward_boot boot;
    struct mqward_clock_gate clock;
    struct mqward_login_key login_key;
    struct mqward_login_stamper logins;
    struct mqward_sealer sealer;
    struct mqward_seal_stamper seals;
    struct mqward_opener opener;
    struct mqward_window window;
};

/* What became of a command. */
enum command { COMMAND_FRESH, COMMAND_AGAIN, COMMAND_STALE, COMMAND_REFUSED };

/* Takes the next boot from the flash and derives the keys. Any status but MQWARD_OK is a reason to stop. */
int32_t device_start(struct device *device, const uint8_t hardware_id[6], const struct settings *settings);

/* Writes "tx/<id>/<name>" or, with another prefix, "rx/<id>/<name>". */
void device_topic(const struct device *device, const char *prefix, const char *name, char topic[DEVICE_TOPIC_SIZE]);

/* The time to stamp for a reading of the clock in Unix seconds, or 0 for none. */
uint32_t device_time(const struct device *device, uint64_t reading);

/* Mints the password of one connection attempt. */
int32_t device_password(struct device *device, uint32_t now, char password[MQWARD_PASSWORD_SIZE]);

/* Seals `len` bytes that stand at `buf + MQWARD_HEADER_LEN`; `buf` has room for MQWARD_SEALED_LEN(len). */
int32_t device_seal(struct device *device, uint8_t message_class, const char *topic, uint32_t now, uint8_t *buf,
                    size_t buf_size, size_t len, size_t *sealed_len);

/* Opens a command where it stands. Only COMMAND_FRESH has a payload, and it has it once. */
enum command device_open(struct device *device, const char *topic, uint32_t now, uint8_t *sealed, size_t sealed_len,
                         const uint8_t **payload, size_t *len);

#endif
