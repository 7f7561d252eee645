/*
 * A device: it boots, mints its CONNECT password, seals a measurement, and checks its own topics.
 *
 *   cc device.c $(pkg-config --cflags --libs mqward) -o device
 *
 * C99 and C++17. Nothing is allocated; firmware differs in where the slots and the blob come from.
 */
#include <mqward.h>

#include <stdio.h>
#include <string.h>

/* What the factory flashed: the blob of the specification's example. Its seeds are public, so never use it. */
static const uint8_t partition[] = {
    0x6d, 0x71, 0x77, 0x50, 0x01, 0x01, 0x8a, 0x57, 0x05, 0xda, 0x0e, 0x45, 0x13, 0x33, 0x70, 0x30, 0x85, 0xe8,
    0x85, 0x47, 0xba, 0xee, 0x93, 0xea, 0x84, 0x59, 0xf1, 0x56, 0x66, 0x9c, 0x83, 0x8a, 0x39, 0x46, 0x8d, 0x45,
    0xf2, 0xf9, 0x1c, 0x4e, 0x24, 0x50, 0xd2, 0xf5, 0xc2, 0xc1, 0xc8, 0xf5, 0x38, 0x3b, 0x26, 0x3b, 0xc4, 0xb0,
    0x25, 0x39, 0x5c, 0x93, 0xa6, 0x1d, 0x99, 0x3f, 0x7c, 0xc2, 0x98, 0x13, 0xc0, 0xd7, 0x91, 0x44, 0xbb, 0xd8,
    0x08, 0x63, 0x42, 0xc8, 0x9b, 0x90, 0xf5, 0xa5, 0xc9, 0x45, 0xe7, 0x89, 0x69, 0x1d, 0x87, 0xf1, 0x4f, 0x2d,
    0xd0, 0xeb, 0x7b, 0x6e, 0xde, 0xf1, 0x77, 0x96, 0x8d, 0x5f, 0x3f, 0x30, 0x13, 0x64, 0x65, 0x76, 0x69, 0x63,
    0x65, 0x2d, 0x30, 0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0x61, 0x62, 0x8a, 0x76, 0x66, 0x8b,
};

/* Two flash sectors on a device. */
static uint8_t sectors[2][MQWARD_BOOT_SLOT_LEN];

static int32_t sector_read(void *context, uint32_t slot, uint8_t *buf)
{
    (void)context;
    memcpy(buf, sectors[slot], MQWARD_BOOT_SLOT_LEN);
    return 0;
}

static int32_t sector_write(void *context, uint32_t slot, const uint8_t *buf)
{
    (void)context;
    memcpy(sectors[slot], buf, MQWARD_BOOT_SLOT_LEN);
    return 0;
}

static int failed(const char *what, int32_t status)
{
    if (status != MQWARD_OK) {
        fprintf(stderr, "%s: %s\n", what, mqward_status_str(status));
    }
    return status != MQWARD_OK;
}

/* In a lab build: would the broker's policy let this device publish here? */
static int topic_is_allowed(const mqward_device *device, const char *topic, const uint8_t *payload, size_t payload_len)
{
    static const char pattern[] = "tx/%c/#";
    mqward_rule rule;
    mqward_role role;
    mqward_rule_memory rule_memory;
    mqward_role_memory role_memory;
    mqward_gate gate;
    mqward_publish packet;
    mqward_verdict verdict;

    memset(&rule, 0, sizeof rule);
    rule.pattern = pattern;
    rule.pattern_len = sizeof pattern - 1;
    rule.effect = MQWARD_ALLOW;
    rule.access = MQWARD_PUBLISH;
    rule.sealed = 1;
    memset(&role, 0, sizeof role);
    role.char_class = MQWARD_WORD;
    role.min_len = 1;
    role.max_len = 64;
    role.rules = &rule;
    role.rules_len = 1;
    memset(&packet, 0, sizeof packet);
    packet.topic = topic;
    packet.topic_len = strlen(topic);
    packet.payload = payload;
    packet.payload_len = payload_len;
    return mqward_gate_init(&role, 1, &role_memory, 1, &rule_memory, 1, &gate) == MQWARD_OK
        && mqward_gate_publish(&gate, device->client_id, device->client_id_len, &packet, &verdict) == MQWARD_OK
        && verdict.allowed;
}

int main(void)
{
    static const uint8_t mac[6] = { 0x24, 0x6f, 0x28, 0xa1, 0xb2, 0xc3 }; /* read from the chip */
    static const char audience[] = "mqtt.example.com";                    /* configured, never from the network */
    static const char topic[] = "tx/device-0123456789ab/t";
    const uint32_t build_time = 1767225600u; /* of the firmware */
    const uint64_t rtc = 1767225660u;        /* what the clock says */

    mqward_storage storage;
    mqward_blob blob;
    mqward_boot boot;
    mqward_clock_gate clock;
    mqward_login_stamper logins;
    mqward_seal_stamper seals;
    mqward_login_key login_key;
    mqward_sealer sealer;
    char password[MQWARD_PASSWORD_SIZE];
    uint8_t message[MQWARD_SEALED_LEN(4)];
    size_t message_len = 0;
    uint32_t now = 0;

    /* The factory wrote slot A once; slot B is erased flash. */
    memset(sectors, 0xff, sizeof sectors);
    if (failed("first slot", mqward_boot_first_slot(1760000000u, sectors[0], sizeof sectors[0]))) {
        return 1;
    }

    /* A start: keys from the blob and the chip, a new boot from the record. */
    storage.context = NULL;
    storage.read = sector_read;
    storage.write = sector_write;
    if (failed("blob", mqward_blob_parse_partition(partition, sizeof partition, &blob))
        || failed("boot", mqward_boot_start(&storage, &boot))) {
        return 1; /* no login and no sealing without them */
    }
    blob.device.hardware_id = mac;
    blob.device.hardware_id_len = sizeof mac;
    if (failed("login key", mqward_auth_seed_login_key(&blob.auth_seed, &blob.device, audience, sizeof audience - 1,
                                                       &login_key))
        || failed("sealer", mqward_sealer_init_up(&blob.up_seed, &blob.device, 0, &sealer))
        || failed("logins", mqward_boot_login_stamper(&boot, &logins))
        || failed("seals", mqward_boot_seal_stamper(&boot, 0, 0, &seals))
        || failed("clock", mqward_clock_gate_init(build_time, &clock))
        || failed("time", mqward_clock_gate_judge(&clock, rtc, &now))) {
        return 1;
    }
    mqward_wipe(&blob.auth_seed, sizeof blob.auth_seed);
    mqward_wipe(&blob.up_seed, sizeof blob.up_seed);
    mqward_wipe(&blob.down_seed, sizeof blob.down_seed);

    /* Every connection attempt has a password of its own; the user name is the client id. */
    if (failed("password", mqward_password_mint(&logins, &login_key, &blob.device, now, password, sizeof password))) {
        return 1;
    }
    printf("user name  %.*s\npassword   %s\n", (int)blob.device.client_id_len, blob.device.client_id, password);
    mqward_wipe(password, sizeof password);

    /* The plaintext stands where it will be sealed. */
    memcpy(message + MQWARD_HEADER_LEN, "21.5", 4);
    if (failed("seal", mqward_seal_in_place(&sealer, &seals, MQWARD_CLASS_LIVE, topic, sizeof topic - 1, now, message,
                                            sizeof message, 4, &message_len))) {
        return 1;
    }
    printf("publish    %s  ", topic);
    for (size_t i = 0; i < message_len; i++) {
        printf("%02x", message[i]);
    }
    printf("\n");

    if (!topic_is_allowed(&blob.device, topic, message, message_len)
        || topic_is_allowed(&blob.device, "tx/device-000000000000/t", message, message_len)) {
        fprintf(stderr, "the policy does not fit the topics\n");
        return 1;
    }
    mqward_sealer_wipe(&sealer);
    mqward_wipe(&login_key, sizeof login_key);
    return 0;
}
