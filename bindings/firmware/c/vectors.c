/*
 * Answers the vectors that the host hands over, one line each: what a password is, what a payload seals to, what a
 * sealed payload opens to. The host knows the right lines.
 *
 * A record is: kind (1 password, 2 seal, 3 open up, 4 open down), class, clock, sender, time or salt (u32), count or
 * device boot (u32), topic length (u16), body length (u16), topic, body; integers are big-endian.
 */
#include <mqward.h>

#include "flash.h"
#include "print.h"

#define AUDIENCE "mqtt.example.com"
#define MAX_BODY 1100

extern const uint8_t input_vectors[], input_vectors_end[];

static const uint8_t hardware_id[6] = {0x24, 0x6f, 0x28, 0xa1, 0xb2, 0xc3};
static uint8_t buf[MQWARD_SEALED_LEN(MAX_BODY)];

struct record {
    uint8_t kind, message_class, clock, sender;
    uint32_t time, number;
    const char *topic;
    size_t topic_len;
    const uint8_t *body;
    size_t body_len;
};

static uint32_t big_endian(const uint8_t *at, int bytes)
{
    uint32_t number = 0;
    for (int i = 0; i < bytes; i++)
        number = number << 8 | at[i];
    return number;
}

static const uint8_t *next(const uint8_t *at, struct record *record)
{
    record->kind = at[0];
    record->message_class = at[1];
    record->clock = at[2];
    record->sender = at[3];
    record->time = big_endian(at + 4, 4);
    record->number = big_endian(at + 8, 4);
    record->topic_len = big_endian(at + 12, 2);
    record->body_len = big_endian(at + 14, 2);
    record->topic = (const char *)at + 16;
    record->body = at + 16 + record->topic_len;
    return record->body + record->body_len;
}

/* Every record has a boot of its own: this is a test bench, no device may go back in its flash. */
static int32_t boot(struct mqward_boot *out)
{
    struct sectors sectors;
    const struct mqward_storage storage = {&sectors, sectors_read, sectors_write};
    sectors_init(&sectors);
    return mqward_boot_start(&storage, out);
}

static int32_t password(const struct mqward_blob *blob, const struct record *record)
{
    struct mqward_boot booted;
    struct mqward_login_stamper stamper;
    struct mqward_login_key key;
    char text[MQWARD_PASSWORD_SIZE];
    int32_t status = boot(&booted);
    if (status == MQWARD_OK)
        status = mqward_boot_login_stamper(&booted, &stamper);
    if (status == MQWARD_OK)
        status = mqward_auth_seed_login_key(&blob->auth_seed, &blob->device, AUDIENCE, sizeof AUDIENCE - 1, &key);
    for (uint32_t count = 0; status == MQWARD_OK && count <= record->number; count++)
        status = mqward_password_mint(&stamper, &key, &blob->device, record->time, text, sizeof text);
    if (status == MQWARD_OK) {
        board_print(text);
        board_print("\n");
    }
    return status;
}

static int32_t seal(const struct mqward_blob *blob, const struct record *record)
{
    struct mqward_boot booted;
    struct mqward_seal_stamper stamper;
    struct mqward_sealer sealer;
    size_t sealed_len = 0;
    uint32_t now = record->clock ? record->time : 0;
    int32_t status = boot(&booted);
    if (status == MQWARD_OK)
        status = mqward_boot_seal_stamper(&booted, record->sender, record->time, &stamper);
    if (status == MQWARD_OK)
        status = mqward_sealer_init_up(&blob->up_seed, &blob->device, record->sender, &sealer);
    for (uint32_t count = 0; status == MQWARD_OK && count <= record->number; count++)
        status = mqward_seal(&sealer, &stamper, record->message_class, record->topic, record->topic_len, now,
                             record->body, record->body_len, buf, sizeof buf, &sealed_len);
    if (status == MQWARD_OK)
        print_hex("", buf, sealed_len);
    return status;
}

static int32_t open(const struct mqward_blob *blob, const struct record *record)
{
    struct mqward_opener opener;
    struct mqward_message message;
    int32_t status =
        record->kind == 3
            ? mqward_opener_init_up(&blob->up_seed, &blob->device, record->sender, &opener)
            : mqward_opener_init_down(&blob->down_seed, &blob->device, record->sender, record->number, &opener);
    for (size_t i = 0; i < record->body_len; i++)
        buf[i] = record->body[i];
    if (status == MQWARD_OK)
        status = mqward_open_in_place(&opener, record->topic, record->topic_len, buf, record->body_len, &message);
    if (status == MQWARD_OK)
        print_hex("", message.payload, message.payload_len);
    return status;
}

int main(void)
{
    struct mqward_blob blob;
    if (mqward_blob_parse_partition(input_flash + FLASH_PARTITION, FLASH_SIZE - FLASH_PARTITION, &blob) != MQWARD_OK)
        return 1;
    blob.device.hardware_id = hardware_id;
    blob.device.hardware_id_len = sizeof hardware_id;
    for (const uint8_t *at = input_vectors; at < input_vectors_end;) {
        struct record record;
        at = next(at, &record);
        if (record.body_len > sizeof buf)
            return 2;
        int32_t status = record.kind == 1   ? password(&blob, &record)
                         : record.kind == 2 ? seal(&blob, &record)
                                            : open(&blob, &record);
        if (status == MQWARD_ERR_FRAME)
            board_print("frame\n");
        else if (status == MQWARD_ERR_OTHER_KEY)
            board_print("other key\n");
        else if (status == MQWARD_ERR_REFUSED)
            board_print("refused\n");
        else if (status != MQWARD_OK)
            board_print(mqward_status_str(status)), board_print("\n");
    }
    return 0;
}
