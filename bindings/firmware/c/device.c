/*
 * A device without an operating system: it boots, logs in, seals what it measures, opens what it is told.
 * rust/src/main.rs is the same device in Rust; both print the same.
 */
#include <mqward.h>

#include "flash.h"
#include "print.h"

#define TEXT(literal) (literal), (sizeof(literal) - 1)

/* Configured, never taken from the network. */
#define AUDIENCE TEXT("mqtt.example.com")
#define TELEMETRY_TOPIC TEXT("tx/device-0123456789ab/t")
#define COMMAND_TOPIC TEXT("rx/device-0123456789ab/cmd")
/* The backend that may command this device. */
#define BACKEND 16
/* When this firmware was built, and what the clock shows. */
#define BUILD_TIME 1767000000u
#define NOW 1767225600u

/* A command as MQTT delivers it, sealed for boot 1760000001. */
extern const uint8_t input_command[], input_command_end[];
#define COMMAND_LEN MQWARD_SEALED_LEN(4)

/* What the chip says of itself at every boot: its base MAC. */
static const uint8_t hardware_id[6] = {0x24, 0x6f, 0x28, 0xa1, 0xb2, 0xc3};

/* Ends the program with the status's text unless it is the wanted one. */
static void expect(int32_t wanted, int32_t status, const char *step)
{
    if (status == wanted)
        return;
    board_print("error: ");
    board_print(step);
    board_print(": ");
    board_print(mqward_status_str(status));
    board_print("\n");
    board_exit(1);
}

static void start(struct sectors *sectors, struct mqward_boot *boot, uint32_t *number)
{
    const struct mqward_storage storage = {sectors, sectors_read, sectors_write};
    expect(MQWARD_OK, mqward_boot_start(&storage, boot), "boot");
    expect(MQWARD_OK, mqward_boot_number(boot, number), "boot number");
    const uint8_t bytes[4] = {(uint8_t)(*number >> 24), (uint8_t)(*number >> 16), (uint8_t)(*number >> 8),
                              (uint8_t)*number};
    print_hex("boot ", bytes, sizeof bytes);
}

static void load_blob(struct mqward_blob *blob)
{
    expect(MQWARD_OK,
           mqward_blob_parse_partition(input_flash + FLASH_PARTITION, FLASH_SIZE - FLASH_PARTITION, blob), "blob");
    blob->device.hardware_id = hardware_id;
    blob->device.hardware_id_len = sizeof hardware_id;
}

static void receive(uint8_t command[COMMAND_LEN])
{
    for (size_t i = 0; i < COMMAND_LEN; i++)
        command[i] = input_command[i];
}

/* What must not open, and must leave nothing of itself behind. */
static void expect_refused(const struct mqward_opener *opener, const char *topic, size_t topic_len,
                           uint8_t sealed[COMMAND_LEN], const char *line)
{
    struct mqward_message message;
    expect(MQWARD_ERR_REFUSED, mqward_open_in_place(opener, topic, topic_len, sealed, COMMAND_LEN, &message), line);
    for (size_t i = 0; i < COMMAND_LEN; i++)
        if (sealed[i] != 0)
            board_exit(2);
    board_print(line);
}

static void log_in(struct mqward_boot *boot, const struct mqward_blob *blob, uint32_t now)
{
    struct mqward_login_key key;
    struct mqward_login_stamper stamper;
    expect(MQWARD_OK, mqward_auth_seed_login_key(&blob->auth_seed, &blob->device, AUDIENCE, &key), "login key");
    expect(MQWARD_OK, mqward_boot_login_stamper(boot, &stamper), "login stamper");
    /* A fresh password for every connection attempt, here of a bad evening with eight. */
    for (int attempt = 0; attempt < 8; attempt++) {
        char password[MQWARD_PASSWORD_SIZE];
        expect(MQWARD_OK, mqward_password_mint(&stamper, &key, &blob->device, now, password, sizeof password),
               "password");
        board_print("password ");
        board_print(password);
        board_print("\n");
    }
    mqward_wipe(&key, sizeof key);
}

static void report(struct mqward_boot *boot, const struct mqward_blob *blob, uint32_t now)
{
    struct mqward_sealer sealer;
    struct mqward_seal_stamper stamper;
    expect(MQWARD_OK, mqward_sealer_init_up(&blob->up_seed, &blob->device, 0, &sealer), "sealer");
    /* The salt is 4 random bytes where the chip has a source of them. */
    expect(MQWARD_OK, mqward_boot_seal_stamper(boot, 0, 0, &stamper), "seal stamper");
    for (int i = 0; i < 8; i++) {
        /* The payload is sealed where it stands. */
        uint8_t buf[MQWARD_SEALED_LEN(4)];
        size_t sealed_len;
        buf[MQWARD_HEADER_LEN + 0] = '2';
        buf[MQWARD_HEADER_LEN + 1] = '1';
        buf[MQWARD_HEADER_LEN + 2] = '.';
        buf[MQWARD_HEADER_LEN + 3] = '5';
        expect(MQWARD_OK,
               mqward_seal_in_place(&sealer, &stamper, MQWARD_CLASS_LIVE, TELEMETRY_TOPIC, now, buf, sizeof buf, 4,
                                    &sealed_len),
               "seal");
        print_hex("sealed ", buf, sealed_len);
    }
    mqward_sealer_wipe(&sealer);
}

static void obey(const struct mqward_opener *opener)
{
    struct mqward_window window;
    struct mqward_message message;
    struct mqward_ticket ticket;
    uint8_t command[COMMAND_LEN];
    expect(MQWARD_OK, mqward_window_init(&window), "window");

    receive(command);
    expect(MQWARD_OK, mqward_open_in_place(opener, COMMAND_TOPIC, command, sizeof command, &message), "open");
    expect(MQWARD_OK, mqward_window_judge(&window, &message.receipt, &ticket), "judge");
    print_hex("command ", message.payload, message.payload_len);
    expect(MQWARD_OK, mqward_window_commit(&window, &ticket), "commit");

    /* MQTT may deliver it again: acknowledged and dropped. */
    receive(command);
    expect(MQWARD_OK, mqward_open_in_place(opener, COMMAND_TOPIC, command, sizeof command, &message), "open");
    expect(MQWARD_ERR_DUPLICATE, mqward_window_judge(&window, &message.receipt, &ticket), "judge");
    board_print("command again: dropped\n");

    receive(command);
    command[MQWARD_HEADER_LEN] ^= 1;
    expect_refused(opener, COMMAND_TOPIC, command, "tampered command: refused\n");
    receive(command);
    expect_refused(opener, TEXT("rx/device-0123456789ab/cmd2"), command, "command on another topic: refused\n");
}

static void first_boot(struct sectors *sectors)
{
    struct mqward_blob blob;
    struct mqward_boot boot;
    struct mqward_clock_gate clock;
    struct mqward_opener opener;
    uint32_t number, now;

    load_blob(&blob);
    board_print("client ");
    for (size_t i = 0; i < blob.device.client_id_len; i++) {
        const char character[2] = {blob.device.client_id[i], 0};
        board_print(character);
    }
    board_print("\n");
    start(sectors, &boot, &number);
    expect(MQWARD_OK, mqward_clock_gate_init(BUILD_TIME, &clock), "clock gate");
    expect(MQWARD_OK, mqward_clock_gate_judge(&clock, NOW, &now), "clock");
    log_in(&boot, &blob, now);
    report(&boot, &blob, now);
    expect(MQWARD_OK, mqward_opener_init_down(&blob.down_seed, &blob.device, BACKEND, number, &opener), "opener");
    obey(&opener);
    mqward_opener_wipe(&opener);
    mqward_wipe(&blob, sizeof blob);
}

/* After a reboot, what was recorded before it is dead. */
static void second_boot(struct sectors *sectors)
{
    struct mqward_blob blob;
    struct mqward_boot boot;
    struct mqward_opener opener;
    uint8_t command[COMMAND_LEN];
    uint32_t number;
    load_blob(&blob);
    start(sectors, &boot, &number);
    expect(MQWARD_OK, mqward_opener_init_down(&blob.down_seed, &blob.device, BACKEND, number, &opener), "opener");
    receive(command);
    expect_refused(&opener, COMMAND_TOPIC, command, "command from before the reboot: refused\n");
    mqward_opener_wipe(&opener);
    mqward_wipe(&blob, sizeof blob);
}

/* A lost boot record is an error, never "start at 0": the old nonces would come again. */
static void broken_boots(struct sectors *sectors)
{
    const struct mqward_storage storage = {sectors, sectors_read, sectors_write};
    struct mqward_boot boot;
    for (size_t i = 0; i < MQWARD_BOOT_SLOT_LEN; i++)
        sectors->slots[0][i] = sectors->slots[1][i] = 0xff;
    expect(MQWARD_ERR_NO_BOOT_RECORD, mqward_boot_start(&storage, &boot), "erased boot record");
    board_print("erased boot record: refused\n");
    sectors_init(sectors);
    sectors->slots[0][11] ^= 1;
    sectors->slots[1][11] ^= 1;
    expect(MQWARD_ERR_NO_BOOT_RECORD, mqward_boot_start(&storage, &boot), "corrupt boot record");
    board_print("corrupt boot record: refused\n");
    sectors_init(sectors);
    sectors->broken = true;
    expect(MQWARD_ERR_STORAGE, mqward_boot_start(&storage, &boot), "broken flash");
    board_print("broken flash: refused\n");
}

int main(void)
{
    struct sectors sectors;
    sectors_init(&sectors);
    first_boot(&sectors);
    second_boot(&sectors);
    broken_boots(&sectors);
    return 0;
}
