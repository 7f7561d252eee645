/* Every function with NULL, zero lengths, absurd lengths, misaligned structs, overlapping and too small buffers. */
#include "check.h"

#define NOW 1767225600u
#define HUGE_LEN ((size_t)-1)

/* An address inside `object` that no struct may have. */
#define MISALIGNED(type, object) ((type *)(void *)((char *)(void *)&(object) + 1))

static mqward_root root;
static mqward_auth_root auth_root;
static mqward_up_root up_root;
static mqward_down_root down_root;
static mqward_auth_seed auth_seed;
static mqward_up_seed up_seed;
static mqward_down_seed down_seed;
static mqward_login_key login_key;
static mqward_sender_key sender_key;
static mqward_device device;
static const char topic[] = "tx/d/t";

static void keys(void)
{
    mqward_device bad;
    mqward_device pair[2];
    char long_id[256];
    device = device_of("d", 1, 1, NULL, 0);
    EXPECT(MQWARD_ERR_NULL, mqward_root_auth(NULL, &auth_root));
    EXPECT(MQWARD_ERR_NULL, mqward_root_auth(&root, NULL));
    OK(mqward_root_auth(&root, &auth_root));
    EXPECT(MQWARD_ERR_NULL, mqward_root_up(NULL, &up_root));
    EXPECT(MQWARD_ERR_NULL, mqward_root_up(&root, NULL));
    OK(mqward_root_up(&root, &up_root));
    EXPECT(MQWARD_ERR_NULL, mqward_root_down(NULL, &down_root));
    EXPECT(MQWARD_ERR_NULL, mqward_root_down(&root, NULL));
    OK(mqward_root_down(&root, &down_root));

    EXPECT(MQWARD_ERR_NULL, mqward_auth_root_seed(NULL, &device, &auth_seed));
    EXPECT(MQWARD_ERR_NULL, mqward_auth_root_seed(&auth_root, NULL, &auth_seed));
    EXPECT(MQWARD_ERR_NULL, mqward_auth_root_seed(&auth_root, &device, NULL));
    OK(mqward_auth_root_seed(&auth_root, &device, &auth_seed));
    EXPECT(MQWARD_ERR_NULL, mqward_up_root_seed(NULL, &device, &up_seed));
    EXPECT(MQWARD_ERR_NULL, mqward_up_root_seed(&up_root, NULL, &up_seed));
    EXPECT(MQWARD_ERR_NULL, mqward_up_root_seed(&up_root, &device, NULL));
    OK(mqward_up_root_seed(&up_root, &device, &up_seed));
    EXPECT(MQWARD_ERR_NULL, mqward_down_root_seed(NULL, &device, &down_seed));
    EXPECT(MQWARD_ERR_NULL, mqward_down_root_seed(&down_root, NULL, &down_seed));
    EXPECT(MQWARD_ERR_NULL, mqward_down_root_seed(&down_root, &device, NULL));
    OK(mqward_down_root_seed(&down_root, &device, &down_seed));

    /* The device. */
    EXPECT(MQWARD_ERR_ALIGNMENT, mqward_auth_root_seed(&auth_root, MISALIGNED(mqward_device, pair[0]), &auth_seed));
    bad = device;
    bad.client_id = NULL;
    EXPECT(MQWARD_ERR_NULL, mqward_auth_root_seed(&auth_root, &bad, &auth_seed));
    bad.client_id_len = 0;
    EXPECT(MQWARD_ERR_CLIENT_ID_LENGTH, mqward_auth_root_seed(&auth_root, &bad, &auth_seed));
    memset(long_id, 'x', sizeof long_id);
    bad = device_of(long_id, sizeof long_id, 1, NULL, 0);
    EXPECT(MQWARD_ERR_CLIENT_ID_LENGTH, mqward_auth_root_seed(&auth_root, &bad, &auth_seed));
    bad.client_id_len = HUGE_LEN;
    EXPECT(MQWARD_ERR_LENGTH, mqward_auth_root_seed(&auth_root, &bad, &auth_seed));
    bad = device_of("\xff", 1, 1, NULL, 0);
    EXPECT(MQWARD_ERR_NOT_UTF8, mqward_auth_root_seed(&auth_root, &bad, &auth_seed));
    bad = device;
    bad.generation = 0;
    EXPECT(MQWARD_ERR_GENERATION, mqward_auth_root_seed(&auth_root, &bad, &auth_seed));
    bad = device;
    bad.hardware_id_len = 1;
    EXPECT(MQWARD_ERR_NULL, mqward_auth_seed_login_key(&auth_seed, &bad, TEXT("a"), &login_key));
    bad.hardware_id = (const uint8_t *)long_id;
    bad.hardware_id_len = 33;
    EXPECT(MQWARD_ERR_HARDWARE_ID_LENGTH, mqward_auth_seed_login_key(&auth_seed, &bad, TEXT("a"), &login_key));

    EXPECT(MQWARD_ERR_NULL, mqward_auth_seed_login_key(NULL, &device, TEXT("a"), &login_key));
    EXPECT(MQWARD_ERR_NULL, mqward_auth_seed_login_key(&auth_seed, NULL, TEXT("a"), &login_key));
    EXPECT(MQWARD_ERR_NULL, mqward_auth_seed_login_key(&auth_seed, &device, NULL, 1, &login_key));
    EXPECT(MQWARD_ERR_AUDIENCE, mqward_auth_seed_login_key(&auth_seed, &device, NULL, 0, &login_key));
    EXPECT(MQWARD_ERR_AUDIENCE, mqward_auth_seed_login_key(&auth_seed, &device, TEXT("Upper"), &login_key));
    EXPECT(MQWARD_ERR_NULL, mqward_auth_seed_login_key(&auth_seed, &device, TEXT("a"), NULL));
    OK(mqward_auth_seed_login_key(&auth_seed, &device, TEXT("a"), &login_key));
    EXPECT(MQWARD_ERR_NULL, mqward_up_seed_sender_key(NULL, &device, 0, &sender_key));
    EXPECT(MQWARD_ERR_NULL, mqward_up_seed_sender_key(&up_seed, NULL, 0, &sender_key));
    EXPECT(MQWARD_ERR_NULL, mqward_up_seed_sender_key(&up_seed, &device, 0, NULL));
    EXPECT(MQWARD_ERR_SENDER, mqward_up_seed_sender_key(&up_seed, &device, 16, &sender_key));
    EXPECT(MQWARD_ERR_NULL, mqward_down_seed_sender_key(NULL, &device, 16, 1, &sender_key));
    EXPECT(MQWARD_ERR_NULL, mqward_down_seed_sender_key(&down_seed, NULL, 16, 1, &sender_key));
    EXPECT(MQWARD_ERR_NULL, mqward_down_seed_sender_key(&down_seed, &device, 16, 1, NULL));
    EXPECT(MQWARD_ERR_SENDER, mqward_down_seed_sender_key(&down_seed, &device, 15, 1, &sender_key));

    OK(mqward_wipe(NULL, 0));
    EXPECT(MQWARD_ERR_NULL, mqward_wipe(NULL, 1));
    EXPECT(MQWARD_ERR_LENGTH, mqward_wipe(long_id, HUGE_LEN));
}

static void blobs(void)
{
    mqward_blob blob, before;
    size_t len = 77;
    uint8_t *out = block(MQWARD_BLOB_LEN(1));
    memset(&blob, 0x55, sizeof blob);
    before = blob;
    EXPECT(MQWARD_ERR_NULL, mqward_blob_write(NULL, &auth_seed, &up_seed, &down_seed, out, MQWARD_BLOB_LEN(1), &len));
    EXPECT(MQWARD_ERR_NULL, mqward_blob_write(&device, NULL, &up_seed, &down_seed, out, MQWARD_BLOB_LEN(1), &len));
    EXPECT(MQWARD_ERR_NULL, mqward_blob_write(&device, &auth_seed, NULL, &down_seed, out, MQWARD_BLOB_LEN(1), &len));
    EXPECT(MQWARD_ERR_NULL, mqward_blob_write(&device, &auth_seed, &up_seed, NULL, out, MQWARD_BLOB_LEN(1), &len));
    EXPECT(MQWARD_ERR_NULL, mqward_blob_write(&device, &auth_seed, &up_seed, &down_seed, NULL, 1, &len));
    EXPECT(MQWARD_ERR_BUFFER_TOO_SMALL, mqward_blob_write(&device, &auth_seed, &up_seed, &down_seed, NULL, 0, &len));
    EXPECT(MQWARD_ERR_NULL,
           mqward_blob_write(&device, &auth_seed, &up_seed, &down_seed, out, MQWARD_BLOB_LEN(1), NULL));
    EXPECT(MQWARD_ERR_BUFFER_TOO_SMALL,
           mqward_blob_write(&device, &auth_seed, &up_seed, &down_seed, out, MQWARD_BLOB_LEN(1) - 1, &len));
    {
        mqward_device inside = device_of((const char *)out, 1, 1, NULL, 0);
        out[0] = 'd';
        EXPECT(MQWARD_ERR_OVERLAP,
               mqward_blob_write(&inside, &auth_seed, &up_seed, &down_seed, out, MQWARD_BLOB_LEN(1), &len));
        out[0] = 0xaa;
    }
    CHECK(len == 77 && all(out, MQWARD_BLOB_LEN(1), 0xaa));
    OK(mqward_blob_write(&device, &auth_seed, &up_seed, &down_seed, out, MQWARD_BLOB_LEN(1), &len));

    EXPECT(MQWARD_ERR_NULL, mqward_blob_parse(NULL, 5, &blob));
    EXPECT(MQWARD_ERR_NO_BLOB, mqward_blob_parse(NULL, 0, &blob));
    EXPECT(MQWARD_ERR_NULL, mqward_blob_parse(out, len, NULL));
    EXPECT(MQWARD_ERR_LENGTH, mqward_blob_parse(out, HUGE_LEN, &blob));
    EXPECT(MQWARD_ERR_BLOB_TRUNCATED, mqward_blob_parse(out, len - 1, &blob));
    EXPECT(MQWARD_ERR_NULL, mqward_blob_parse_partition(NULL, 5, &blob));
    EXPECT(MQWARD_ERR_NO_BLOB, mqward_blob_parse_partition(NULL, 0, &blob));
    EXPECT(MQWARD_ERR_NULL, mqward_blob_parse_partition(out, len, NULL));
    out[len - 1] ^= 1;
    EXPECT(MQWARD_ERR_BLOB_CHECKSUM, mqward_blob_parse_partition(out, len, &blob));
    out[4] = 2;
    EXPECT(MQWARD_ERR_BLOB_VERSION, mqward_blob_parse_partition(out, len, &blob));
    CHECK(memcmp(&blob, &before, sizeof blob) == 0);
    free(out);
}

static void boots(void)
{
    struct ram ram = provisioned(NOW);
    mqward_storage storage = ram_storage(&ram), half;
    mqward_boot boot[2];
    mqward_login_stamper login[2];
    mqward_seal_stamper seal[2];
    uint32_t number;
    uint8_t record[MQWARD_RESUME_RECORD_LEN];
    memset(boot, 0, sizeof boot);
    memset(login, 0, sizeof login);
    memset(seal, 0, sizeof seal);
    EXPECT(MQWARD_ERR_NULL, mqward_boot_start(NULL, boot));
    EXPECT(MQWARD_ERR_NULL, mqward_boot_start(&storage, NULL));
    EXPECT(MQWARD_ERR_ALIGNMENT, mqward_boot_start(&storage, MISALIGNED(mqward_boot, boot[0])));
    half = storage;
    half.read = NULL;
    EXPECT(MQWARD_ERR_NULL, mqward_boot_start(&half, boot));
    half = storage;
    half.write = NULL;
    EXPECT(MQWARD_ERR_NULL, mqward_boot_start(&half, boot));
    EXPECT(MQWARD_ERR_NULL, mqward_boot_start_at_least(NULL, NOW, boot));
    EXPECT(MQWARD_ERR_NULL, mqward_boot_start_at_least(&storage, NOW, NULL));
    EXPECT(MQWARD_ERR_TIME, mqward_boot_start_at_least(&storage, 0, boot));
    CHECK(ram.writes == 0); /* nothing was counted for a call that could not succeed */
    EXPECT(MQWARD_ERR_NULL, mqward_boot_provision(NULL, NOW));
    EXPECT(MQWARD_ERR_TIME, mqward_boot_provision(&storage, 0));
    EXPECT(MQWARD_ERR_BUFFER_TOO_SMALL, mqward_boot_first_slot(NOW, NULL, 0));
    EXPECT(MQWARD_ERR_NULL, mqward_boot_first_slot(NOW, NULL, 16));
    EXPECT(MQWARD_ERR_BUFFER_TOO_SMALL, mqward_boot_first_slot(NOW, record, 15));
    EXPECT(MQWARD_ERR_TIME, mqward_boot_first_slot(0, record, 16));

    EXPECT(MQWARD_ERR_STATE, mqward_boot_login_stamper(boot, login));
    EXPECT(MQWARD_ERR_STATE, mqward_boot_seal_stamper(boot, 0, 0, seal));
    OK(mqward_boot_start(&storage, boot));
    EXPECT(MQWARD_ERR_NULL, mqward_boot_number(NULL, &number));
    EXPECT(MQWARD_ERR_NULL, mqward_boot_number(boot, NULL));
    EXPECT(MQWARD_ERR_NULL, mqward_boot_login_stamper(NULL, login));
    EXPECT(MQWARD_ERR_NULL, mqward_boot_login_stamper(boot, NULL));
    EXPECT(MQWARD_ERR_NULL, mqward_boot_seal_stamper(NULL, 0, 0, seal));
    EXPECT(MQWARD_ERR_NULL, mqward_boot_seal_stamper(boot, 0, 0, NULL));
    EXPECT(MQWARD_ERR_ALIGNMENT, mqward_boot_login_stamper(boot, MISALIGNED(mqward_login_stamper, login[0])));
    OK(mqward_boot_login_stamper(boot, login)); /* none of these took it */
    OK(mqward_boot_seal_stamper(boot, 0, 0, seal));

    EXPECT(MQWARD_ERR_NULL, mqward_resume_sleep(NULL, seal, record, sizeof record));
    EXPECT(MQWARD_ERR_NULL, mqward_resume_sleep(login, NULL, record, sizeof record));
    EXPECT(MQWARD_ERR_NULL, mqward_resume_sleep(login, seal, NULL, sizeof record));
    EXPECT(MQWARD_ERR_BUFFER_TOO_SMALL, mqward_resume_sleep(login, seal, NULL, 0));
    EXPECT(MQWARD_ERR_OVERLAP, mqward_resume_sleep(login, seal, (uint8_t *)(void *)login, 32));
    EXPECT(MQWARD_ERR_ALIGNMENT,
           mqward_resume_sleep(MISALIGNED(mqward_login_stamper, login[0]), seal, record, sizeof record));
    OK(mqward_resume_sleep(login, seal, record, sizeof record));
    EXPECT(MQWARD_ERR_NULL, mqward_resume_wake(NULL, sizeof record, login, seal));
    EXPECT(MQWARD_ERR_NULL, mqward_resume_wake(record, sizeof record, NULL, seal));
    EXPECT(MQWARD_ERR_NULL, mqward_resume_wake(record, sizeof record, login, NULL));
    EXPECT(MQWARD_ERR_BUFFER_TOO_SMALL, mqward_resume_wake(record, sizeof record - 1, login, seal));
    EXPECT(MQWARD_ERR_OVERLAP, mqward_resume_wake((uint8_t *)(void *)login, 32, login, seal));
    OK(mqward_resume_wake(record, sizeof record, login, seal)); /* none of these erased it */
}

static void clocks(void)
{
    mqward_clock_gate gate[2];
    uint32_t now;
    EXPECT(MQWARD_ERR_NULL, mqward_clock_gate_init(NOW, NULL));
    EXPECT(MQWARD_ERR_NULL, mqward_clock_gate_resume(NOW, NOW, NULL));
    EXPECT(MQWARD_ERR_TIME, mqward_clock_gate_resume(0, NOW, gate));
    EXPECT(MQWARD_ERR_TIME, mqward_clock_gate_resume(NOW, 0, gate));
    OK(mqward_clock_gate_init(NOW, gate));
    EXPECT(MQWARD_ERR_NULL, mqward_clock_gate_judge(NULL, NOW, &now));
    EXPECT(MQWARD_ERR_NULL, mqward_clock_gate_judge(gate, NOW, NULL));
    EXPECT(MQWARD_ERR_ALIGNMENT, mqward_clock_gate_judge(MISALIGNED(mqward_clock_gate, gate[0]), NOW, &now));
    EXPECT(MQWARD_ERR_NULL, mqward_clock_gate_raise(NULL, NOW));
    EXPECT(MQWARD_ERR_TIME, mqward_clock_gate_raise(gate, 0));
}

static int32_t no_lookup(void *context, const char *client_id, size_t client_id_len, uint8_t generation,
                         mqward_login_key *key, mqward_terms *terms)
{
    (void)context, (void)client_id, (void)client_id_len, (void)generation, (void)key, (void)terms;
    return MQWARD_ERR_UNKNOWN_DEVICE;
}

static int32_t no_advance(void *context, const char *client_id, size_t client_id_len, uint64_t mark)
{
    (void)context, (void)client_id, (void)client_id_len, (void)mark;
    return MQWARD_ERR_UNAVAILABLE;
}

static void passwords(void)
{
    mqward_login_stamper login;
    mqward_seal_stamper seal;
    mqward_claim claim;
    mqward_login out;
    mqward_terms terms = { 60, MQWARD_CLOCK_ACCEPTED };
    mqward_verifier verifier, half;
    char *password = (char *)block(MQWARD_PASSWORD_SIZE);
    stampers_at(1, 0, 0, 0, &login, &seal);
    EXPECT(MQWARD_ERR_NULL, mqward_password_mint(NULL, &login_key, &device, NOW, password, MQWARD_PASSWORD_SIZE));
    EXPECT(MQWARD_ERR_NULL, mqward_password_mint(&login, NULL, &device, NOW, password, MQWARD_PASSWORD_SIZE));
    EXPECT(MQWARD_ERR_NULL, mqward_password_mint(&login, &login_key, NULL, NOW, password, MQWARD_PASSWORD_SIZE));
    EXPECT(MQWARD_ERR_NULL, mqward_password_mint(&login, &login_key, &device, NOW, NULL, MQWARD_PASSWORD_SIZE));
    EXPECT(MQWARD_ERR_BUFFER_TOO_SMALL, mqward_password_mint(&login, &login_key, &device, NOW, NULL, 0));
    EXPECT(MQWARD_ERR_BUFFER_TOO_SMALL,
           mqward_password_mint(&login, &login_key, &device, NOW, password, MQWARD_PASSWORD_SIZE - 1));
    EXPECT(MQWARD_ERR_OVERLAP,
           mqward_password_mint(&login, &login_key, &device, NOW, (char *)(void *)&login, MQWARD_PASSWORD_SIZE));
    CHECK(all((const uint8_t *)password, MQWARD_PASSWORD_SIZE, 0xaa));
    OK(mqward_password_mint(&login, &login_key, &device, NOW, password, MQWARD_PASSWORD_SIZE));

    EXPECT(MQWARD_ERR_NULL, mqward_claim_parse(NULL, 39, &claim));
    EXPECT(MQWARD_ERR_PASSWORD, mqward_claim_parse(NULL, 0, &claim));
    EXPECT(MQWARD_ERR_PASSWORD, mqward_claim_parse(password, 38, &claim));
    EXPECT(MQWARD_ERR_NULL, mqward_claim_parse(password, 39, NULL));
    OK(mqward_claim_parse(password, 39, &claim));
    CHECK(claim.count == 0); /* no stamp was spent */

    EXPECT(MQWARD_ERR_NULL, mqward_claim_verify(NULL, 39, &login_key, true, "d", 1, &terms, NOW, &out));
    EXPECT(MQWARD_ERR_NULL, mqward_claim_verify(password, 39, NULL, true, "d", 1, &terms, NOW, &out));
    EXPECT(MQWARD_ERR_NULL, mqward_claim_verify(password, 39, &login_key, true, NULL, 1, &terms, NOW, &out));
    EXPECT(MQWARD_ERR_UNKNOWN_DEVICE, mqward_claim_verify(password, 39, &login_key, true, NULL, 0, &terms, NOW, &out));
    EXPECT(MQWARD_ERR_NULL, mqward_claim_verify(password, 39, &login_key, true, "d", 1, NULL, NOW, &out));
    EXPECT(MQWARD_ERR_TIME, mqward_claim_verify(password, 39, &login_key, true, "d", 1, &terms, 0, &out));
    EXPECT(MQWARD_ERR_NULL, mqward_claim_verify(password, 39, &login_key, true, "d", 1, &terms, NOW, NULL));
    terms.clock = 2;
    EXPECT(MQWARD_ERR_PARAM, mqward_claim_verify(password, 39, &login_key, true, "d", 1, &terms, NOW, &out));
    terms.clock = 0;
    terms.window_secs = 3601;
    EXPECT(MQWARD_ERR_WINDOW, mqward_claim_verify(password, 39, &login_key, true, "d", 1, &terms, NOW, &out));
    terms.window_secs = 60;
    OK(mqward_claim_verify(password, 39, &login_key, true, "d", 1, &terms, NOW, &out));

    memset(&verifier, 0, sizeof verifier);
    verifier.lookup = no_lookup;
    verifier.advance = no_advance;
    verifier.terms = terms;
    EXPECT(MQWARD_ERR_NULL, mqward_login_verify(NULL, "d", 1, password, 39, NOW, &out));
    EXPECT(MQWARD_ERR_NULL, mqward_login_verify(&verifier, NULL, 1, password, 39, NOW, &out));
    EXPECT(MQWARD_ERR_NULL, mqward_login_verify(&verifier, "d", 1, NULL, 39, NOW, &out));
    EXPECT(MQWARD_ERR_PASSWORD, mqward_login_verify(&verifier, "d", 1, NULL, 0, NOW, &out));
    EXPECT(MQWARD_ERR_TIME, mqward_login_verify(&verifier, "d", 1, password, 39, 0, &out));
    EXPECT(MQWARD_ERR_NULL, mqward_login_verify(&verifier, "d", 1, password, 39, NOW, NULL));
    half = verifier;
    half.lookup = NULL;
    EXPECT(MQWARD_ERR_NULL, mqward_login_verify(&half, "d", 1, password, 39, NOW, &out));
    EXPECT(MQWARD_ERR_UNKNOWN_DEVICE, mqward_login_verify(&verifier, "d", 1, password, 39, NOW, &out));
    half = verifier;
    half.terms.window_secs = 0;
    EXPECT(MQWARD_ERR_WINDOW, mqward_login_verify(&half, "d", 1, password, 39, NOW, &out));
    EXPECT(MQWARD_ERR_PARAM, mqward_mark_compare(0, 0));
    EXPECT(MQWARD_ERR_PARAM, mqward_mark_compare(claim.mark, 1));
    OK(mqward_mark_compare(claim.mark, 0));
    EXPECT(MQWARD_ERR_REPLAYED, mqward_mark_compare(claim.mark, claim.mark));
    EXPECT(MQWARD_ERR_COUNTER_WENT_BACK, mqward_mark_compare(claim.mark, claim.mark + 1));
    free(password);
}

static void sealing(void)
{
    mqward_login_stamper login;
    mqward_seal_stamper stamper;
    mqward_sealer sealer[2];
    mqward_opener opener[2];
    mqward_message message;
    mqward_header header;
    bool shape;
    size_t len = 77;
    const size_t size = MQWARD_SEALED_LEN(8);
    uint8_t *buf = block(size), *out = block(size + 16);
    memset(sealer, 0, sizeof sealer);
    memset(opener, 0, sizeof opener);
    stampers_at(1, 0, 0, 0, &login, &stamper);

    EXPECT(MQWARD_ERR_NULL, mqward_sealer_init_up(NULL, &device, 0, sealer));
    EXPECT(MQWARD_ERR_NULL, mqward_sealer_init_up(&up_seed, NULL, 0, sealer));
    EXPECT(MQWARD_ERR_NULL, mqward_sealer_init_up(&up_seed, &device, 0, NULL));
    EXPECT(MQWARD_ERR_ALIGNMENT, mqward_sealer_init_up(&up_seed, &device, 0, MISALIGNED(mqward_sealer, sealer[0])));
    EXPECT(MQWARD_ERR_NULL, mqward_sealer_init_down(NULL, &device, 16, 1, sealer));
    EXPECT(MQWARD_ERR_NULL, mqward_sealer_init_down(&down_seed, NULL, 16, 1, sealer));
    EXPECT(MQWARD_ERR_NULL, mqward_sealer_init_down(&down_seed, &device, 16, 1, NULL));
    EXPECT(MQWARD_ERR_BOOT, mqward_sealer_init_down(&down_seed, &device, 16, 0, sealer));
    EXPECT(MQWARD_ERR_NULL, mqward_opener_init_up(NULL, &device, 0, opener));
    EXPECT(MQWARD_ERR_NULL, mqward_opener_init_up(&up_seed, NULL, 0, opener));
    EXPECT(MQWARD_ERR_NULL, mqward_opener_init_up(&up_seed, &device, 0, NULL));
    EXPECT(MQWARD_ERR_SENDER, mqward_opener_init_up(&up_seed, &device, 16, opener));
    EXPECT(MQWARD_ERR_NULL, mqward_opener_init_down(NULL, &device, 16, 1, opener));
    EXPECT(MQWARD_ERR_NULL, mqward_opener_init_down(&down_seed, NULL, 16, 1, opener));
    EXPECT(MQWARD_ERR_NULL, mqward_opener_init_down(&down_seed, &device, 16, 1, NULL));
    EXPECT(MQWARD_ERR_STATE, mqward_seal_in_place(sealer, &stamper, 0, TEXT(topic), NOW, buf, size, 8, &len));
    EXPECT(MQWARD_ERR_STATE, mqward_open_in_place(opener, TEXT(topic), buf, size, &message));
    OK(mqward_sealer_init_up(&up_seed, &device, 0, sealer));
    OK(mqward_opener_init_up(&up_seed, &device, 0, opener));

    EXPECT(MQWARD_ERR_NULL, mqward_seal_in_place(NULL, &stamper, 0, TEXT(topic), NOW, buf, size, 8, &len));
    EXPECT(MQWARD_ERR_NULL, mqward_seal_in_place(sealer, NULL, 0, TEXT(topic), NOW, buf, size, 8, &len));
    EXPECT(MQWARD_ERR_PARAM, mqward_seal_in_place(sealer, &stamper, 4, TEXT(topic), NOW, buf, size, 8, &len));
    EXPECT(MQWARD_ERR_NULL, mqward_seal_in_place(sealer, &stamper, 0, NULL, 6, NOW, buf, size, 8, &len));
    EXPECT(MQWARD_ERR_TOPIC_LENGTH, mqward_seal_in_place(sealer, &stamper, 0, NULL, 0, NOW, buf, size, 8, &len));
    EXPECT(MQWARD_ERR_NULL, mqward_seal_in_place(sealer, &stamper, 0, TEXT(topic), NOW, NULL, size, 8, &len));
    EXPECT(MQWARD_ERR_BUFFER_TOO_SMALL, mqward_seal_in_place(sealer, &stamper, 0, TEXT(topic), NOW, NULL, 0, 0, &len));
    EXPECT(MQWARD_ERR_BUFFER_TOO_SMALL, mqward_seal_in_place(sealer, &stamper, 0, TEXT(topic), NOW, buf, size - 1, 8, &len));
    EXPECT(MQWARD_ERR_BUFFER_TOO_SMALL,
           mqward_seal_in_place(sealer, &stamper, 0, TEXT(topic), NOW, buf, size, HUGE_LEN, &len));
    EXPECT(MQWARD_ERR_LENGTH, mqward_seal_in_place(sealer, &stamper, 0, "x", 1, NOW, buf, HUGE_LEN / 2 + 1, 8, &len));
    EXPECT(MQWARD_ERR_NULL, mqward_seal_in_place(sealer, &stamper, 0, TEXT(topic), NOW, buf, size, 8, NULL));
    EXPECT(MQWARD_ERR_OVERLAP,
           mqward_seal_in_place(sealer, &stamper, 0, (const char *)buf + size - 1, 1, NOW, buf, size, 8, &len));
    EXPECT(MQWARD_ERR_OVERLAP, mqward_seal_in_place(sealer, &stamper, 0, TEXT(topic), NOW, (uint8_t *)(void *)sealer,
                                                    sizeof sealer, 8, &len));
    EXPECT(MQWARD_ERR_OVERLAP, mqward_seal_in_place(sealer, &stamper, 0, TEXT(topic), NOW, (uint8_t *)(void *)&stamper,
                                                    sizeof stamper, 8, &len));
    EXPECT(MQWARD_ERR_NOT_UTF8, mqward_seal_in_place(sealer, &stamper, 0, "\xc0\x80", 2, NOW, buf, size, 8, &len));
    CHECK(len == 77 && all(buf, size, 0xaa));

    EXPECT(MQWARD_ERR_NULL, mqward_seal(NULL, &stamper, 0, TEXT(topic), NOW, buf, 8, out, size, &len));
    EXPECT(MQWARD_ERR_NULL, mqward_seal(sealer, NULL, 0, TEXT(topic), NOW, buf, 8, out, size, &len));
    EXPECT(MQWARD_ERR_NULL, mqward_seal(sealer, &stamper, 0, NULL, 1, NOW, buf, 8, out, size, &len));
    EXPECT(MQWARD_ERR_NULL, mqward_seal(sealer, &stamper, 0, TEXT(topic), NOW, NULL, 8, out, size, &len));
    EXPECT(MQWARD_ERR_NULL, mqward_seal(sealer, &stamper, 0, TEXT(topic), NOW, buf, 8, NULL, size, &len));
    EXPECT(MQWARD_ERR_NULL, mqward_seal(sealer, &stamper, 0, TEXT(topic), NOW, buf, 8, out, size, NULL));
    EXPECT(MQWARD_ERR_PARAM, mqward_seal(sealer, &stamper, 255, TEXT(topic), NOW, buf, 8, out, size, &len));
    EXPECT(MQWARD_ERR_BUFFER_TOO_SMALL, mqward_seal(sealer, &stamper, 0, TEXT(topic), NOW, buf, 8, out, size - 1, &len));
    EXPECT(MQWARD_ERR_OVERLAP, mqward_seal(sealer, &stamper, 0, TEXT(topic), NOW, out + 8, 8, out, size, &len));
    EXPECT(MQWARD_ERR_OVERLAP, mqward_seal(sealer, &stamper, 0, (const char *)out, 1, NOW, buf, 8, out, size, &len));
    CHECK(len == 77 && all(out, size, 0xaa));
    OK(mqward_seal(sealer, &stamper, 0, TEXT(topic), NOW, NULL, 0, out, MQWARD_SEAL_OVERHEAD, &len));
    CHECK(len == MQWARD_SEAL_OVERHEAD);
    OK(mqward_seal_in_place(sealer, &stamper, 0, TEXT(topic), NOW, buf, size, 8, &len));

    EXPECT(MQWARD_ERR_NULL, mqward_header_parse(NULL, 30, &header));
    EXPECT(MQWARD_ERR_FRAME, mqward_header_parse(NULL, 0, &header));
    EXPECT(MQWARD_ERR_FRAME, mqward_header_parse(buf, 29, &header));
    EXPECT(MQWARD_ERR_NULL, mqward_header_parse(buf, size, NULL));
    OK(mqward_header_parse(buf, size, &header));
    CHECK(header.count == 1); /* what was refused spent no stamp */
    EXPECT(MQWARD_ERR_NULL, mqward_is_sealed_shape(NULL, 1, false, &shape));
    EXPECT(MQWARD_ERR_NULL, mqward_is_sealed_shape(buf, size, false, NULL));
    OK(mqward_is_sealed_shape(NULL, 0, false, &shape));
    CHECK(!shape);

    {
        size_t full_len = 0;
        uint8_t *full = block(MQWARD_COSE_MAX_LEN(size)), *back = block(size);
        EXPECT(MQWARD_ERR_NULL, mqward_cose_expand(NULL, 1, full, MQWARD_COSE_MAX_LEN(size), &full_len));
        EXPECT(MQWARD_ERR_FRAME, mqward_cose_expand(NULL, 0, full, MQWARD_COSE_MAX_LEN(size), &full_len));
        EXPECT(MQWARD_ERR_NULL, mqward_cose_expand(buf, size, NULL, 1, &full_len));
        EXPECT(MQWARD_ERR_NULL, mqward_cose_expand(buf, size, full, MQWARD_COSE_MAX_LEN(size), NULL));
        EXPECT(MQWARD_ERR_OVERLAP, mqward_cose_expand(buf, size, buf, size, &full_len));
        EXPECT(MQWARD_ERR_BUFFER_TOO_SMALL, mqward_cose_expand(buf, size, full, size, &full_len));
        OK(mqward_cose_expand(buf, size, full, MQWARD_COSE_MAX_LEN(size), &full_len));
        EXPECT(MQWARD_ERR_NULL, mqward_cose_compact(NULL, 1, back, size, &len));
        EXPECT(MQWARD_ERR_NOT_CANONICAL, mqward_cose_compact(NULL, 0, back, size, &len));
        EXPECT(MQWARD_ERR_NULL, mqward_cose_compact(full, full_len, NULL, 1, &len));
        EXPECT(MQWARD_ERR_NULL, mqward_cose_compact(full, full_len, back, size, NULL));
        EXPECT(MQWARD_ERR_OVERLAP, mqward_cose_compact(full, full_len, full, full_len, &len));
        EXPECT(MQWARD_ERR_BUFFER_TOO_SMALL, mqward_cose_compact(full, full_len, back, size - 1, &len));
        OK(mqward_cose_compact(full, full_len, back, size, &len));
        CHECK(memcmp(back, buf, size) == 0);
        free(full);
        free(back);
    }

    EXPECT(MQWARD_ERR_NULL, mqward_open_in_place(NULL, TEXT(topic), buf, size, &message));
    EXPECT(MQWARD_ERR_NULL, mqward_open_in_place(opener, NULL, 1, buf, size, &message));
    EXPECT(MQWARD_ERR_NULL, mqward_open_in_place(opener, TEXT(topic), NULL, 1, &message));
    EXPECT(MQWARD_ERR_NULL, mqward_open_in_place(opener, TEXT(topic), buf, size, NULL));
    EXPECT(MQWARD_ERR_LENGTH, mqward_open_in_place(opener, "x", 1, buf, HUGE_LEN / 2 + 1, &message));
    EXPECT(MQWARD_ERR_OVERLAP, mqward_open_in_place(opener, (const char *)buf, 1, buf, size, &message));
    EXPECT(MQWARD_ERR_OVERLAP, mqward_open_in_place(opener, TEXT(topic), (uint8_t *)(void *)opener, 68, &message));
    EXPECT(MQWARD_ERR_FRAME, mqward_open_in_place(opener, TEXT(topic), buf, 29, &message));
    OK(mqward_open_in_place(opener, TEXT(topic), buf, size, &message)); /* none of these touched it */
    mqward_sealer_wipe(MISALIGNED(mqward_sealer, sealer[0]));
    mqward_opener_wipe(MISALIGNED(mqward_opener, opener[0]));
    free(buf);
    free(out);

    {
        mqward_window window[2];
        mqward_ticket ticket[2];
        mqward_strict_mark strict[2];
        mqward_latest_mark latest[2];
        mqward_receipt none;
        uint8_t stored[MQWARD_WINDOW_EXPORT_LEN];
        int64_t age;
        memset(window, 0, sizeof window);
        memset(ticket, 0, sizeof ticket);
        memset(strict, 0, sizeof strict);
        memset(latest, 0, sizeof latest);
        memset(&none, 0, sizeof none);
        EXPECT(MQWARD_ERR_NULL, mqward_receipt_age(NULL, NOW, &age));
        EXPECT(MQWARD_ERR_NULL, mqward_receipt_age(&message.receipt, NOW, NULL));
        EXPECT(MQWARD_ERR_STATE, mqward_receipt_age(&none, NOW, &age));
        EXPECT(MQWARD_ERR_NULL, mqward_receipt_check_age(NULL, 60, NOW));
        EXPECT(MQWARD_ERR_STATE, mqward_receipt_check_age(&none, 60, NOW));

        EXPECT(MQWARD_ERR_NULL, mqward_window_init(NULL));
        EXPECT(MQWARD_ERR_ALIGNMENT, mqward_window_init(MISALIGNED(mqward_window, window[0])));
        EXPECT(MQWARD_ERR_NULL, mqward_window_init_closed(NULL));
        EXPECT(MQWARD_ERR_NULL, mqward_window_init_cold(NOW, 60, NULL));
        EXPECT(MQWARD_ERR_TIME, mqward_window_init_cold(0, 60, window));
        EXPECT(MQWARD_ERR_STATE, mqward_window_judge(window, &message.receipt, ticket));
        EXPECT(MQWARD_ERR_STATE, mqward_window_set_cold(window, NOW, 60));
        EXPECT(MQWARD_ERR_STATE, mqward_window_reopen(window, 1, 1));
        EXPECT(MQWARD_ERR_STATE, mqward_window_export(window, stored, sizeof stored));
        OK(mqward_window_init(window));
        EXPECT(MQWARD_ERR_NULL, mqward_window_set_cold(NULL, NOW, 60));
        EXPECT(MQWARD_ERR_TIME, mqward_window_set_cold(window, 0, 60));
        EXPECT(MQWARD_ERR_NULL, mqward_window_reopen(NULL, 1, 1));
        EXPECT(MQWARD_ERR_NULL, mqward_window_judge(NULL, &message.receipt, ticket));
        EXPECT(MQWARD_ERR_NULL, mqward_window_judge(window, NULL, ticket));
        EXPECT(MQWARD_ERR_NULL, mqward_window_judge(window, &message.receipt, NULL));
        EXPECT(MQWARD_ERR_STATE, mqward_window_judge(window, &none, ticket));
        EXPECT(MQWARD_ERR_ALIGNMENT, mqward_window_judge(window, &message.receipt, MISALIGNED(mqward_ticket, ticket[0])));
        EXPECT(MQWARD_ERR_STATE, mqward_window_commit(window, ticket));
        OK(mqward_window_judge(window, &message.receipt, ticket));
        EXPECT(MQWARD_ERR_NULL, mqward_window_commit(NULL, ticket));
        EXPECT(MQWARD_ERR_NULL, mqward_window_commit(window, NULL));
        OK(mqward_window_commit(window, ticket));
        EXPECT(MQWARD_ERR_NULL, mqward_window_export(NULL, stored, sizeof stored));
        EXPECT(MQWARD_ERR_NULL, mqward_window_export(window, NULL, sizeof stored));
        EXPECT(MQWARD_ERR_BUFFER_TOO_SMALL, mqward_window_export(window, NULL, 0));
        EXPECT(MQWARD_ERR_OVERLAP, mqward_window_export(window, (uint8_t *)(void *)window, sizeof window));
        OK(mqward_window_export(window, stored, sizeof stored));
        EXPECT(MQWARD_ERR_NULL, mqward_window_import(NULL, sizeof stored, window));
        EXPECT(MQWARD_ERR_IMPORT_LENGTH, mqward_window_import(NULL, 0, window));
        EXPECT(MQWARD_ERR_NULL, mqward_window_import(stored, sizeof stored, NULL));

        EXPECT(MQWARD_ERR_NULL, mqward_strict_mark_init_cold(NOW, 60, NULL));
        EXPECT(MQWARD_ERR_TIME, mqward_strict_mark_init_cold(0, 60, strict));
        EXPECT(MQWARD_ERR_NULL, mqward_strict_mark_init_closed(NULL));
        EXPECT(MQWARD_ERR_NULL, mqward_strict_mark_init_at(1, 1, NULL));
        EXPECT(MQWARD_ERR_BOOT, mqward_strict_mark_init_at(0, 1, strict));
        EXPECT(MQWARD_ERR_NULL, mqward_strict_mark_judge(NULL, &message.receipt, ticket));
        EXPECT(MQWARD_ERR_NULL, mqward_strict_mark_judge(strict, NULL, ticket));
        EXPECT(MQWARD_ERR_NULL, mqward_strict_mark_judge(strict, &message.receipt, NULL));
        EXPECT(MQWARD_ERR_CLOSED, mqward_strict_mark_judge(strict, &message.receipt, ticket));
        EXPECT(MQWARD_ERR_ALIGNMENT,
               mqward_strict_mark_judge(MISALIGNED(mqward_strict_mark, strict[0]), &message.receipt, ticket));
        EXPECT(MQWARD_ERR_NULL, mqward_strict_mark_commit(NULL, ticket));
        EXPECT(MQWARD_ERR_NULL, mqward_strict_mark_commit(strict, NULL));
        EXPECT(MQWARD_ERR_STATE, mqward_strict_mark_commit(strict, ticket));
        EXPECT(MQWARD_ERR_NULL, mqward_latest_mark_judge(NULL, &message.receipt, ticket));
        EXPECT(MQWARD_ERR_NULL, mqward_latest_mark_judge(latest, NULL, ticket));
        EXPECT(MQWARD_ERR_NULL, mqward_latest_mark_judge(latest, &message.receipt, NULL));
        EXPECT(MQWARD_ERR_NULL, mqward_latest_mark_commit(NULL, ticket));
        EXPECT(MQWARD_ERR_NULL, mqward_latest_mark_commit(latest, NULL));
        EXPECT(MQWARD_ERR_STATE, mqward_latest_mark_commit(latest, ticket));
    }
}

int main(void)
{
    CHECK(mqward_version() == MQWARD_VERSION_NUMBER);
    CHECK(mqward_status_str(0) != NULL && mqward_status_str(INT32_MIN) != NULL);
    keys();
    blobs();
    boots();
    clocks();
    passwords();
    sealing();
    return failures != 0;
}
