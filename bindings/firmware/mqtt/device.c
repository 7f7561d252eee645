/* All that a device does with mqward: start, log in, seal, open. */
#include "device.h"

#include <string.h>

#include "flash.h"

/* When this firmware was built: no clock is believed that shows less. */
#define BUILD_TIME 1767000000u
/* The backend that may command this fleet. */
#define BACKEND 16

/* Stops at the first status that is not MQWARD_OK. */
#define TRY(call)                   \
    do {                            \
        const int32_t status = (call); \
        if (status != MQWARD_OK)    \
            return status;          \
    } while (0)

static int32_t derive_keys(struct device *device, const struct mqward_blob *blob, const struct settings *settings)
{
    TRY(mqward_auth_seed_login_key(&blob->auth_seed, &device->identity, settings->audience, settings->audience_len,
                                   &device->login_key));
    TRY(mqward_sealer_init_up(&blob->up_seed, &device->identity, 0, &device->sealer));
    return mqward_opener_init_down(&blob->down_seed, &device->identity, BACKEND, device->boot_number,
                                   &device->opener);
}

/* The identity, from the factory's blob and from the chip. */
static int32_t identify(struct device *device, const struct mqward_blob *blob, const uint8_t hardware_id[6])
{
    if (blob->device.client_id_len > DEVICE_ID_MAX_LEN)
        return MQWARD_ERR_CLIENT_ID_LENGTH;
    memcpy(device->id, blob->device.client_id, blob->device.client_id_len);
    device->id[blob->device.client_id_len] = 0;
    memcpy(device->hardware_id, hardware_id, sizeof device->hardware_id);
    device->identity = blob->device;
    device->identity.client_id = device->id;
    device->identity.hardware_id = device->hardware_id;
    device->identity.hardware_id_len = sizeof device->hardware_id;
    return MQWARD_OK;
}

int32_t device_start(struct device *device, const uint8_t hardware_id[6], const struct settings *settings)
{
    const struct mqward_storage storage = {NULL, flash_read_slot, flash_write_slot};
    uint8_t partition[MQWARD_BLOB_MAX_LEN];
    struct mqward_blob blob;

    /* Without a boot record there is no start: a counter that begins anew repeats nonces. */
    TRY(mqward_boot_start(&storage, &device->boot));
    TRY(mqward_boot_number(&device->boot, &device->boot_number));
    TRY(mqward_boot_login_stamper(&device->boot, &device->logins));
    /* The salt stands in for the time where there is no clock; this board has no random source, so it is 0. */
    TRY(mqward_boot_seal_stamper(&device->boot, 0, 0, &device->seals));
    TRY(mqward_clock_gate_init(BUILD_TIME, &device->clock));
    /* Commands are sealed for one boot of this device, so the window may begin empty. */
    TRY(mqward_window_init(&device->window));

    if (flash_read(FLASH_PROVISIONING, partition, sizeof partition) != 0)
        return MQWARD_ERR_STORAGE;
    int32_t status = mqward_blob_parse_partition(partition, sizeof partition, &blob);
    if (status == MQWARD_OK)
        status = identify(device, &blob, hardware_id);
    if (status == MQWARD_OK)
        status = derive_keys(device, &blob, settings);
    mqward_wipe(&blob, sizeof blob);
    mqward_wipe(partition, sizeof partition);
    return status;
}

static char *append(char *at, const char *text)
{
    while (*text != 0)
        *at++ = *text++;
    return at;
}

void device_topic(const struct device *device, const char *prefix, const char *name, char topic[DEVICE_TOPIC_SIZE])
{
    char *at = append(append(topic, prefix), device->id);
    *append(append(at, "/"), name) = 0;
}

uint32_t device_time(const struct device *device, uint64_t reading)
{
    uint32_t now;
    return mqward_clock_gate_judge(&device->clock, reading, &now) == MQWARD_OK ? now : 0;
}

int32_t device_password(struct device *device, uint32_t now, char password[MQWARD_PASSWORD_SIZE])
{
    return mqward_password_mint(&device->logins, &device->login_key, &device->identity, now, password,
                                MQWARD_PASSWORD_SIZE);
}

int32_t device_seal(struct device *device, uint8_t message_class, const char *topic, uint32_t now, uint8_t *buf,
                    size_t buf_size, size_t len, size_t *sealed_len)
{
    return mqward_seal_in_place(&device->sealer, &device->seals, message_class, topic, strlen(topic), now, buf,
                                buf_size, len, sealed_len);
}

enum command device_open(struct device *device, const char *topic, uint32_t now, uint8_t *sealed, size_t sealed_len,
                         const uint8_t **payload, size_t *len)
{
    struct mqward_message message;
    struct mqward_ticket ticket;
    if (mqward_open_in_place(&device->opener, topic, strlen(topic), sealed, sealed_len, &message) != MQWARD_OK)
        return COMMAND_REFUSED;
    if (message.header.message_class != MQWARD_CLASS_LIVE)
        return COMMAND_REFUSED;
    if (now != 0 && mqward_receipt_check_age(&message.receipt, MQWARD_LIVE_MAX_AGE_SECS, now) != MQWARD_OK)
        return COMMAND_STALE;
    switch (mqward_window_judge(&device->window, &message.receipt, &ticket)) {
    case MQWARD_OK:
        break;
    case MQWARD_ERR_DUPLICATE:
        return COMMAND_AGAIN;
    default:
        return COMMAND_STALE;
    }
    /* Committed before it is carried out: after a crash in between it is sent anew, never done twice. */
    if (mqward_window_commit(&device->window, &ticket) != MQWARD_OK)
        return COMMAND_REFUSED;
    *payload = message.payload;
    *len = message.payload_len;
    return COMMAND_FRESH;
}
