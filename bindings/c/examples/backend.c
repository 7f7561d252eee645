/*
 * A backend: it opens what a device has sent, acts on it once, and seals a command that waits for the device.
 *
 *   cc backend.c $(pkg-config --cflags --libs mqward) -o backend
 *
 * C99 and C++17.
 */
#include <mqward.h>

#include <stdio.h>
#include <string.h>

/* The roots of the specification's example. Public, so never use them: a reader holds the first, a commander both. */
static const mqward_up_root up_root = {
    { 0x68, 0x76, 0xb2, 0xe3, 0xf7, 0xa3, 0x90, 0xd1, 0x9c, 0x93, 0x36, 0xb7, 0xe2, 0x6f, 0xa9, 0x3b,
      0x31, 0xe1, 0xf4, 0x66, 0x20, 0x07, 0x31, 0xef, 0xb3, 0xae, 0xa2, 0x82, 0x13, 0xc7, 0x71, 0x29 }
};
static const mqward_down_root down_root = { { 1, 2, 3, 4, 5, 6, 7, 8 } };

/* What arrives: the specification's example. */
static const char topic[] = "tx/device-0123456789ab/t";
static const uint8_t arrived[] = {
    0x10, 0x01, 0x00, 0x69, 0x55, 0xb9, 0x00, 0x68, 0xe7, 0x78, 0x01, 0x00, 0x00, 0x07, 0x80, 0x13, 0xdf,
    0xf5, 0x1d, 0xb5, 0xb3, 0x43, 0x0a, 0x73, 0x70, 0x8a, 0xf1, 0xe5, 0x7f, 0x44, 0xdd, 0x62, 0xe3, 0xad,
};

static int failed(const char *what, int32_t status)
{
    if (status != MQWARD_OK) {
        fprintf(stderr, "%s: %s\n", what, mqward_status_str(status));
    }
    return status != MQWARD_OK;
}

/* One durable counter for the fleet: a row of a database, say. Here it lives as long as the program. */
static uint8_t slots[2][MQWARD_BOOT_SLOT_LEN];

static int32_t slot_read(void *context, uint32_t slot, uint8_t *buf)
{
    (void)context;
    memcpy(buf, slots[slot], MQWARD_BOOT_SLOT_LEN);
    return 0;
}

static int32_t slot_write(void *context, uint32_t slot, const uint8_t *buf)
{
    (void)context;
    memcpy(slots[slot], buf, MQWARD_BOOT_SLOT_LEN);
    return 0;
}

/* The device of a topic, with what the registry knows of it. */
static int32_t device_of(mqward_device *device)
{
    static const char pattern[] = "tx/%c/#";
    static const uint8_t hardware_id[6] = { 0x24, 0x6f, 0x28, 0xa1, 0xb2, 0xc3 };
    device->hardware_id = hardware_id;
    device->hardware_id_len = sizeof hardware_id;
    device->generation = 1;
    return mqward_pattern_client_id(pattern, sizeof pattern - 1, topic, sizeof topic - 1, &device->client_id,
                                    &device->client_id_len);
}

/* Seals a command for a device that sleeps. */
static int command(const mqward_device *device, uint32_t device_boot, uint32_t now)
{
    static const char command_topic[] = "rx/device-0123456789ab/valve";
    mqward_storage storage;
    mqward_boot boot;
    mqward_seal_stamper stamper;
    mqward_down_seed seed;
    mqward_sealer sealer;
    uint8_t sealed[MQWARD_SEALED_LEN(5)];
    size_t len = 0;

    storage.context = NULL;
    storage.read = slot_read;
    storage.write = slot_write;
    if (failed("seed", mqward_down_root_seed(&down_root, device, &seed))
        || failed("sealer", mqward_sealer_init_down(&seed, device, 16, device_boot, &sealer))
        || failed("first slot", mqward_boot_provision(&storage, now))
        || failed("boot", mqward_boot_start_at_least(&storage, now, &boot))
        || failed("stamper", mqward_boot_seal_stamper(&boot, 16, 0, &stamper))
        || failed("seal", mqward_seal(&sealer, &stamper, MQWARD_CLASS_STORED, command_topic, sizeof command_topic - 1,
                                      now, (const uint8_t *)"close", 5, sealed, sizeof sealed, &len))) {
        return 1;
    }
    printf("publish    %s  %lu bytes\n", command_topic, (unsigned long)len);
    mqward_wipe(&seed, sizeof seed);
    mqward_sealer_wipe(&sealer);
    return 0;
}

int main(void)
{
    const uint32_t now = 1767225601u;
    mqward_device device;
    mqward_up_seed seed;
    mqward_opener opener;
    mqward_window window;
    mqward_ticket ticket;
    mqward_message message;
    uint8_t payload[sizeof arrived], stored[MQWARD_WINDOW_EXPORT_LEN];

    memset(slots, 0xff, sizeof slots);
    memcpy(payload, arrived, sizeof arrived);
    if (failed("topic", device_of(&device)) || failed("seed", mqward_up_root_seed(&up_root, &device, &seed))
        || failed("opener", mqward_opener_init_up(&seed, &device, 0, &opener))
        || failed("window", mqward_window_init(&window)) /* a sender that is new; else mqward_window_import */
        || failed("open",
                  mqward_open_in_place(&opener, topic, sizeof topic - 1, payload, sizeof payload, &message))
        || failed("age", mqward_receipt_check_age(&message.receipt, MQWARD_ANY_AGE, now))
        || failed("window", mqward_window_judge(&window, &message.receipt, &ticket))) {
        return 1;
    }
    mqward_wipe(&seed, sizeof seed);

    /* The effect and the window belong into one transaction. */
    printf("%.*s says %.*s\n", (int)device.client_id_len, device.client_id, (int)message.payload_len,
           (const char *)message.payload);
    if (failed("commit", mqward_window_commit(&window, &ticket))
        || failed("export", mqward_window_export(&window, stored, sizeof stored))) {
        return 1;
    }

    /* The same once more is a duplicate: acknowledge it and drop it. */
    memcpy(payload, arrived, sizeof arrived);
    if (failed("open", mqward_open_in_place(&opener, topic, sizeof topic - 1, payload, sizeof payload, &message))
        || mqward_window_judge(&window, &message.receipt, &ticket) != MQWARD_ERR_DUPLICATE) {
        return 1;
    }
    mqward_opener_wipe(&opener);
    return command(&device, message.header.boot, now);
}
