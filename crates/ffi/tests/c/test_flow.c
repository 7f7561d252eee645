/* One device and one backend from the factory to a command, and everything that can go wrong on the way. */
#include "check.h"

#define NOW 1767225600u

static const uint8_t mac[6] = { 0x24, 0x6f, 0x28, 0xa1, 0xb2, 0xc3 };
static const char up_topic[] = "tx/device-0123456789ab/t";
static const char down_topic[] = "rx/device-0123456789ab/c";

/* What the factory hands over. */
struct factory {
    mqward_up_root up_root;
    mqward_down_root down_root;
    mqward_auth_root auth_root;
    uint8_t partition[MQWARD_BLOB_MAX_LEN];
};

static void make_blob(struct factory *factory)
{
    mqward_root root;
    mqward_device device = device_of(TEXT("device-0123456789ab"), 1, NULL, 0);
    mqward_auth_seed auth;
    mqward_up_seed up;
    mqward_down_seed down;
    size_t len = 0;
    for (int i = 0; i < 32; i++) {
        root.bytes[i] = (uint8_t)i;
    }
    OK(mqward_root_auth(&root, &factory->auth_root));
    OK(mqward_root_up(&root, &factory->up_root));
    OK(mqward_root_down(&root, &factory->down_root));
    OK(mqward_wipe(&root, sizeof root));
    CHECK(all(root.bytes, 32, 0));
    OK(mqward_auth_root_seed(&factory->auth_root, &device, &auth));
    OK(mqward_up_root_seed(&factory->up_root, &device, &up));
    OK(mqward_down_root_seed(&factory->down_root, &device, &down));
    memset(factory->partition, 0xff, sizeof factory->partition);
    EXPECT(MQWARD_ERR_BUFFER_TOO_SMALL,
           mqward_blob_write(&device, &auth, &up, &down, factory->partition, MQWARD_BLOB_LEN(19) - 1, &len));
    CHECK(all(factory->partition, sizeof factory->partition, 0xff) && len == 0);
    OK(mqward_blob_write(&device, &auth, &up, &down, factory->partition, sizeof factory->partition, &len));
    CHECK(len == MQWARD_BLOB_LEN(19));
}

static void boots(void)
{
    struct ram ram = provisioned(1760000000u);
    mqward_storage storage = ram_storage(&ram);
    mqward_boot boot, copy;
    mqward_login_stamper login, login_copy;
    mqward_seal_stamper seal;
    uint32_t number = 0;
    memset(&boot, 0, sizeof boot);
    EXPECT(MQWARD_ERR_STATE, mqward_boot_number(&boot, &number));

    OK(mqward_boot_start(&storage, &boot));
    OK(mqward_boot_number(&boot, &number));
    CHECK(number > 1760000000u && ram.writes > 0);
    OK(mqward_boot_login_stamper(&boot, &login));
    EXPECT(MQWARD_ERR_TAKEN, mqward_boot_login_stamper(&boot, &login_copy));
    OK(mqward_boot_seal_stamper(&boot, 0, 0xc0ffee42u, &seal));
    EXPECT(MQWARD_ERR_TAKEN, mqward_boot_seal_stamper(&boot, 0, 1, &seal));
    OK(mqward_boot_seal_stamper(&boot, 255, 0, &seal));

    /* A copy of what counts does not work. */
    memcpy(&copy, &boot, sizeof copy);
    memcpy(&login_copy, &login, sizeof login_copy);
    EXPECT(MQWARD_ERR_STATE, mqward_boot_number(&copy, &number));
    EXPECT(MQWARD_ERR_STATE, mqward_boot_seal_stamper(&copy, 1, 0, &seal));
    {
        mqward_login_key key;
        mqward_device device = device_of(TEXT("d"), 1, NULL, 0);
        char password[MQWARD_PASSWORD_SIZE];
        memset(&key, 7, sizeof key);
        EXPECT(MQWARD_ERR_STATE, mqward_password_mint(&login_copy, &key, &device, NOW, password, sizeof password));
        OK(mqward_password_mint(&login, &key, &device, NOW, password, sizeof password));
        CHECK(strlen(password) == MQWARD_PASSWORD_LEN);
    }

    OK(mqward_boot_start(&storage, &boot));
    OK(mqward_boot_start_at_least(&storage, 1900000000u, &boot));
    OK(mqward_boot_number(&boot, &number));
    CHECK(number == 1900000000u);

    ram.fail_read = 1;
    EXPECT(MQWARD_ERR_STORAGE, mqward_boot_start(&storage, &boot));
    ram.fail_read = 0;
    ram.fail_write = 1;
    EXPECT(MQWARD_ERR_STORAGE, mqward_boot_start(&storage, &boot));
    ram.fail_write = 0;
    ram.lose_write = 1;
    EXPECT(MQWARD_ERR_NOT_STORED, mqward_boot_start(&storage, &boot));
    ram.lose_write = 0;
    EXPECT(MQWARD_ERR_ALREADY_PROVISIONED, mqward_boot_provision(&storage, NOW));
    memset(ram.slots, 0xff, sizeof ram.slots);
    ram.writes = 0;
    EXPECT(MQWARD_ERR_NO_BOOT_RECORD, mqward_boot_start(&storage, &boot));
    CHECK(ram.writes == 0);
    OK(mqward_boot_number(&boot, &number));
    CHECK(number == 1900000000u); /* a failed start leaves the struct as it was */
    OK(mqward_boot_provision(&storage, 0xffffffffu));
    EXPECT(MQWARD_ERR_BOOTS_EXHAUSTED, mqward_boot_start(&storage, &boot));
}

static void clocks(void)
{
    mqward_clock_gate gate;
    uint32_t now = 1;
    EXPECT(MQWARD_ERR_TIME, mqward_clock_gate_init(0, &gate));
    OK(mqward_clock_gate_init(NOW, &gate));
    OK(mqward_clock_gate_judge(&gate, 86400, &now));
    CHECK(now == 0);
    OK(mqward_clock_gate_judge(&gate, NOW + 5u, &now));
    CHECK(now == NOW + 5u);
    OK(mqward_clock_gate_judge(&gate, UINT64_C(0x100000000) + NOW, &now));
    CHECK(now == 0);
    OK(mqward_clock_gate_raise(&gate, NOW + 100u));
    CHECK(gate.floor == NOW + 100u && gate.jump == MQWARD_CLOCK_JUMP_SECS);
    OK(mqward_clock_gate_raise(&gate, NOW));
    CHECK(gate.floor == NOW + 100u);
    OK(mqward_clock_gate_resume(NOW, NOW + 50u, &gate));
    CHECK(gate.floor == NOW + 50u);
    gate.jump = 10;
    OK(mqward_clock_gate_judge(&gate, NOW + 61u, &now));
    CHECK(now == 0);
    gate.floor = 0;
    EXPECT(MQWARD_ERR_TIME, mqward_clock_gate_judge(&gate, NOW, &now));
}

/* Seals `text`, opens it at the other side, and judges it; gives the message for more. */
static mqward_message deliver(const mqward_sealer *sealer, mqward_seal_stamper *stamper, uint8_t message_class,
                              const mqward_opener *opener, const char *topic, const char *text, uint8_t *buf,
                              size_t size)
{
    mqward_message message;
    size_t len = 0, text_len = strlen(text);
    memset(&message, 0, sizeof message);
    memcpy(buf + MQWARD_HEADER_LEN, text, text_len);
    OK(mqward_seal_in_place(sealer, stamper, message_class, topic, strlen(topic), NOW, buf, size, text_len, &len));
    CHECK(len == MQWARD_SEALED_LEN(text_len));
    OK(mqward_open_in_place(opener, topic, strlen(topic), buf, len, &message));
    CHECK(message.payload == buf + MQWARD_HEADER_LEN && message.payload_len == text_len);
    CHECK(memcmp(message.payload, text, text_len) == 0);
    CHECK(message.header.message_class == message_class && message.header.time == NOW);
    return message;
}

static void messages(const struct factory *factory)
{
    struct ram ram = provisioned(1760000000u), backend_ram = provisioned(1750000000u);
    mqward_storage storage = ram_storage(&ram), backend_storage = ram_storage(&backend_ram);
    mqward_blob blob;
    mqward_boot boot, backend_boot;
    mqward_seal_stamper up_stamper, down_stamper;
    mqward_sealer up_sealer, down_sealer;
    mqward_opener up_opener, down_opener;
    mqward_window window, restored;
    mqward_strict_mark strict;
    mqward_latest_mark latest;
    mqward_ticket ticket, again;
    mqward_message message;
    uint8_t buf[MQWARD_SEALED_LEN(64)], stored[MQWARD_WINDOW_EXPORT_LEN];
    uint32_t number = 0;
    int64_t age = 0;
    size_t len = 0;

    OK(mqward_blob_parse_partition(factory->partition, sizeof factory->partition, &blob));
    EXPECT(MQWARD_ERR_BLOB_TRAILING, mqward_blob_parse(factory->partition, sizeof factory->partition, &blob));
    CHECK(blob.encoded_len == MQWARD_BLOB_LEN(19) && blob.device.client_id_len == 19);
    blob.device.hardware_id = mac;
    blob.device.hardware_id_len = sizeof mac;
    OK(mqward_boot_start(&storage, &boot));
    OK(mqward_boot_number(&boot, &number));
    OK(mqward_boot_seal_stamper(&boot, 0, 0, &up_stamper));
    OK(mqward_boot_start_at_least(&backend_storage, NOW, &backend_boot));
    OK(mqward_boot_seal_stamper(&backend_boot, 16, 0, &down_stamper));

    OK(mqward_sealer_init_up(&blob.up_seed, &blob.device, 0, &up_sealer));
    OK(mqward_opener_init_up(&blob.up_seed, &blob.device, 0, &up_opener));
    OK(mqward_sealer_init_down(&blob.down_seed, &blob.device, 16, number, &down_sealer));
    OK(mqward_opener_init_down(&blob.down_seed, &blob.device, 16, number, &down_opener));
    EXPECT(MQWARD_ERR_SENDER, mqward_sealer_init_up(&blob.up_seed, &blob.device, 16, &up_sealer));
    EXPECT(MQWARD_ERR_SENDER, mqward_sealer_init_down(&blob.down_seed, &blob.device, 15, 1, &down_sealer));
    EXPECT(MQWARD_ERR_BOOT, mqward_opener_init_down(&blob.down_seed, &blob.device, 16, 0, &down_opener));

    /* Live uplink through a window: fresh, committed, duplicate. */
    OK(mqward_window_init(&window));
    message = deliver(&up_sealer, &up_stamper, MQWARD_CLASS_LIVE, &up_opener, up_topic, "21.5", buf, sizeof buf);
    CHECK(message.header.boot == number && message.header.count == 0 && message.header.sender == 0);
    OK(mqward_window_judge(&window, &message.receipt, &ticket));
    OK(mqward_window_judge(&window, &message.receipt, &again));
    OK(mqward_window_commit(&window, &ticket));
    EXPECT(MQWARD_ERR_STATE, mqward_window_commit(&window, &ticket));
    EXPECT(MQWARD_ERR_TICKET, mqward_window_commit(&window, &again));
    EXPECT(MQWARD_ERR_DUPLICATE, mqward_window_judge(&window, &message.receipt, &ticket));
    EXPECT(MQWARD_ERR_BUFFER_TOO_SMALL, mqward_window_export(&window, stored, sizeof stored - 1));
    OK(mqward_window_export(&window, stored, sizeof stored));
    OK(mqward_window_import(stored, sizeof stored, &restored));
    EXPECT(MQWARD_ERR_DUPLICATE, mqward_window_judge(&restored, &message.receipt, &ticket));
    EXPECT(MQWARD_ERR_IMPORT_LENGTH, mqward_window_import(stored, sizeof stored - 1, &restored));
    stored[9] ^= 1;
    EXPECT(MQWARD_ERR_IMPORT_CHECKSUM, mqward_window_import(stored, sizeof stored, &restored));
    OK(mqward_window_init_closed(&window));
    EXPECT(MQWARD_ERR_CLOSED, mqward_window_judge(&window, &message.receipt, &ticket));
    OK(mqward_window_init_cold(NOW, MQWARD_COLD_SKEW_SECS, &window));
    EXPECT(MQWARD_ERR_CLOSED, mqward_window_judge(&window, &message.receipt, &ticket));
    EXPECT(MQWARD_ERR_BOOT, mqward_window_reopen(&window, 0, 5));
    OK(mqward_window_reopen(&window, number - 1, 5));
    OK(mqward_window_judge(&window, &message.receipt, &ticket));
    OK(mqward_window_set_cold(&window, NOW, 1));
    EXPECT(MQWARD_ERR_CLOSED, mqward_window_judge(&window, &message.receipt, &ticket));

    /* Age. */
    OK(mqward_receipt_age(&message.receipt, NOW + 30u, &age));
    CHECK(age == 30);
    EXPECT(MQWARD_ERR_AGE_UNKNOWN, mqward_receipt_age(&message.receipt, 0, &age));
    OK(mqward_receipt_check_age(&message.receipt, MQWARD_LIVE_MAX_AGE_SECS, NOW + 60u));
    EXPECT(MQWARD_ERR_EXPIRED, mqward_receipt_check_age(&message.receipt, MQWARD_LIVE_MAX_AGE_SECS, NOW + 61u));
    OK(mqward_receipt_check_age(&message.receipt, MQWARD_ANY_AGE, 0xffffffffu));
    EXPECT(MQWARD_ERR_FROM_THE_FUTURE, mqward_receipt_check_age(&message.receipt, MQWARD_ANY_AGE, NOW - 61u));

    /* A stored command, carried out once. */
    memset(&strict, 0, sizeof strict);
    message = deliver(&down_sealer, &down_stamper, MQWARD_CLASS_STORED, &down_opener, down_topic, "on", buf, sizeof buf);
    OK(mqward_strict_mark_judge(&strict, &message.receipt, &ticket));
    OK(mqward_strict_mark_commit(&strict, &ticket));
    CHECK(strict.stored == ((uint64_t)message.header.boot << 24 | message.header.count));
    EXPECT(MQWARD_ERR_DUPLICATE, mqward_strict_mark_judge(&strict, &message.receipt, &ticket));
    EXPECT(MQWARD_ERR_STATE, mqward_strict_mark_commit(&strict, &again));
    OK(mqward_strict_mark_init_cold(NOW, MQWARD_COLD_SKEW_SECS, &strict));
    EXPECT(MQWARD_ERR_CLOSED, mqward_strict_mark_judge(&strict, &message.receipt, &ticket));
    OK(mqward_strict_mark_init_closed(&strict));
    EXPECT(MQWARD_ERR_CLOSED, mqward_strict_mark_judge(&strict, &message.receipt, &ticket));
    OK(mqward_strict_mark_init_at(message.header.boot, message.header.count + 1, &strict));
    EXPECT(MQWARD_ERR_TOO_OLD, mqward_strict_mark_judge(&strict, &message.receipt, &ticket));
    OK(mqward_strict_mark_init_cold(NOW - 100u, 60, &strict));
    CHECK(strict.stored != 0);
    OK(mqward_strict_mark_judge(&strict, &message.receipt, &ticket));
    OK(mqward_strict_mark_commit(&strict, &ticket));
    EXPECT(MQWARD_ERR_DUPLICATE, mqward_strict_mark_judge(&strict, &message.receipt, &ticket));
    OK(mqward_window_init(&window));
    EXPECT(MQWARD_ERR_CLOSED, mqward_window_judge(&window, &message.receipt, &ticket));

    /* A retained value, again and again. */
    memset(&latest, 0, sizeof latest);
    EXPECT(MQWARD_ERR_CLOSED, mqward_latest_mark_judge(&latest, &message.receipt, &ticket));
    message = deliver(&up_sealer, &up_stamper, MQWARD_CLASS_RETAINED, &up_opener, up_topic, "on", buf, sizeof buf);
    OK(mqward_latest_mark_judge(&latest, &message.receipt, &ticket));
    OK(mqward_latest_mark_commit(&latest, &ticket));
    EXPECT(MQWARD_ERR_SAME, mqward_latest_mark_judge(&latest, &message.receipt, &ticket));
    latest.stored++;
    EXPECT(MQWARD_ERR_TOO_OLD, mqward_latest_mark_judge(&latest, &message.receipt, &ticket));

    /* Refused: another stamper, another topic, another direction, an empty payload; the buffer is zeroed once it was tried. */
    EXPECT(MQWARD_ERR_OTHER_SENDER, mqward_seal_in_place(&up_sealer, &down_stamper, 0, TEXT(up_topic), NOW, buf,
                                                         sizeof buf, 4, &len));
    OK(mqward_seal(&up_sealer, &up_stamper, MQWARD_CLASS_WILL, TEXT(up_topic), 0, (const uint8_t *)"gone", 4, buf,
                   sizeof buf, &len));
    EXPECT(MQWARD_ERR_OTHER_KEY, mqward_open_in_place(&down_opener, TEXT(up_topic), buf, len, &message));
    CHECK(buf[0] == 0x16);
    EXPECT(MQWARD_ERR_REFUSED, mqward_open_in_place(&up_opener, TEXT(down_topic), buf, len, &message));
    CHECK(all(buf, len, 0));
    EXPECT(MQWARD_ERR_FRAME, mqward_open_in_place(&up_opener, TEXT(up_topic), buf, len, &message));
    EXPECT(MQWARD_ERR_CLEARED, mqward_open_in_place(&up_opener, TEXT(up_topic), NULL, 0, &message));

    /* Wiped keys open and seal nothing. */
    mqward_sealer_wipe(&up_sealer);
    mqward_opener_wipe(&up_opener);
    EXPECT(MQWARD_ERR_STATE, mqward_seal_in_place(&up_sealer, &up_stamper, 0, TEXT(up_topic), NOW, buf, sizeof buf, 4,
                                                  &len));
    EXPECT(MQWARD_ERR_STATE, mqward_open_in_place(&up_opener, TEXT(up_topic), buf, sizeof buf, &message));
    CHECK(all((const uint8_t *)&up_sealer, sizeof up_sealer, 0));
    mqward_sealer_wipe(&up_sealer);
    mqward_sealer_wipe(NULL);
    mqward_opener_wipe(NULL);
}

static void sleeps(void)
{
    struct ram ram = provisioned(1760000000u);
    mqward_storage storage = ram_storage(&ram);
    mqward_boot boot;
    mqward_login_stamper login, woken_login;
    mqward_seal_stamper seal, woken_seal;
    mqward_login_key key;
    mqward_device device = device_of(TEXT("d"), 1, NULL, 0);
    char password[MQWARD_PASSWORD_SIZE];
    mqward_claim claim;
    uint32_t number = 0;
    uint8_t retained[MQWARD_RESUME_RECORD_LEN], beyond[MQWARD_RESUME_RECORD_LEN + 1];

    memset(&key, 3, sizeof key);
    OK(mqward_boot_start(&storage, &boot));
    OK(mqward_boot_number(&boot, &number));
    OK(mqward_boot_login_stamper(&boot, &login));
    OK(mqward_boot_seal_stamper(&boot, 0, 9, &seal));
    OK(mqward_password_mint(&login, &key, &device, 0, password, sizeof password));
    EXPECT(MQWARD_ERR_BUFFER_TOO_SMALL, mqward_resume_sleep(&login, &seal, retained, sizeof retained - 1));
    OK(mqward_resume_sleep(&login, &seal, retained, sizeof retained));
    EXPECT(MQWARD_ERR_STATE, mqward_password_mint(&login, &key, &device, 0, password, sizeof password));
    EXPECT(MQWARD_ERR_STATE, mqward_resume_sleep(&login, &seal, retained, sizeof retained));
    OK(mqward_resume_wake(retained, sizeof retained, &woken_login, &woken_seal));
    CHECK(all(retained, sizeof retained, 0));
    OK(mqward_password_mint(&woken_login, &key, &device, 0, password, sizeof password));
    OK(mqward_claim_parse(password, MQWARD_PASSWORD_LEN, &claim));
    CHECK(claim.boot == number && claim.count == 1 && claim.time == 0);
    EXPECT(MQWARD_ERR_NO_RESUME_RECORD, mqward_resume_wake(retained, sizeof retained, &login, &seal));
    /* What is no record is erased, to its last byte and no further. */
    memset(beyond, 0xa5, sizeof beyond);
    EXPECT(MQWARD_ERR_NO_RESUME_RECORD, mqward_resume_wake(beyond, sizeof beyond, &login, &seal));
    CHECK(all(beyond, MQWARD_RESUME_RECORD_LEN, 0) && beyond[MQWARD_RESUME_RECORD_LEN] == 0xa5);
    /* A failed wake leaves stampers as they were. */
    OK(mqward_password_mint(&woken_login, &key, &device, 0, password, sizeof password));

    /* A login stamper that is gone does not take the seal stamper with it. */
    memset(&login, 0, sizeof login);
    EXPECT(MQWARD_ERR_STATE, mqward_resume_sleep(&login, &woken_seal, retained, sizeof retained));
    OK(mqward_resume_sleep(&woken_login, &woken_seal, retained, sizeof retained));

    /* The last count is given once. */
    stampers_at(5, 0xffffff, 0, 0, &login, &seal);
    OK(mqward_password_mint(&login, &key, &device, 0, password, sizeof password));
    EXPECT(MQWARD_ERR_USED_UP, mqward_password_mint(&login, &key, &device, 0, password, sizeof password));
}

int main(void)
{
    struct factory factory;
    CHECK(mqward_version() == MQWARD_VERSION_NUMBER);
    CHECK(strcmp(mqward_status_str(12345), "unknown status") == 0);
    make_blob(&factory);
    boots();
    clocks();
    messages(&factory);
    sleeps();
    return failures != 0;
}
