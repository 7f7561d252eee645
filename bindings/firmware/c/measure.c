/*
 * Measures the library on its board: for each operation the stack below the call, painted before and looked at after,
 * and the steps of the board's counter for 32 calls. Three lines each: operation, stack in bytes, steps.
 */
#include <mqward.h>

#include "flash.h"
#include "print.h"

#define CALLS 32
#define PAINTED 4096
#define PAINT 0xa5c3965au

#define TEXT(literal) (literal), (sizeof(literal) - 1)
#define AUDIENCE TEXT("mqtt.example.com")
#define TOPIC TEXT("tx/device-0123456789ab/t")

/* Contexts fit 256 bytes. */
_Static_assert(sizeof(struct mqward_boot) <= 256, "boot");
_Static_assert(sizeof(struct mqward_login_stamper) <= 256, "login stamper");
_Static_assert(sizeof(struct mqward_seal_stamper) <= 256, "seal stamper");
_Static_assert(sizeof(struct mqward_sealer) <= 256, "sealer");
_Static_assert(sizeof(struct mqward_opener) <= 256, "opener");
_Static_assert(sizeof(struct mqward_window) <= 256, "window");
_Static_assert(sizeof(struct mqward_message) <= 256, "message");
_Static_assert(sizeof(struct mqward_blob) <= 256, "blob");

static const uint8_t hardware_id[6] = {0x24, 0x6f, 0x28, 0xa1, 0xb2, 0xc3};
static struct sectors sectors;
static const struct mqward_storage storage = {&sectors, sectors_read, sectors_write};
static struct mqward_blob blob;
static struct mqward_boot boot;
static struct mqward_login_key login_key;
static struct mqward_login_stamper login_stamper;
static struct mqward_seal_stamper seal_stamper;
static struct mqward_sealer sealer;
static struct mqward_opener opener;
static struct mqward_opener down_opener;
static struct mqward_message message;
static struct mqward_window window;
static struct mqward_ticket ticket;
static uint8_t buf[MQWARD_SEALED_LEN(1024)], kept[MQWARD_SEALED_LEN(1024)];
static char password[MQWARD_PASSWORD_SIZE];
static size_t payload_len, sealed_len;

static void must(bool right)
{
    if (!right)
        board_exit(1);
}

static void nothing(void)
{
}

static void blob_parse(void)
{
    must(mqward_blob_parse_partition(input_flash + FLASH_PARTITION, FLASH_SIZE - FLASH_PARTITION, &blob) == MQWARD_OK);
}

static void boot_start(void)
{
    must(mqward_boot_start(&storage, &boot) == MQWARD_OK);
}

static void derive_login_key(void)
{
    must(mqward_auth_seed_login_key(&blob.auth_seed, &blob.device, AUDIENCE, &login_key) == MQWARD_OK);
}

static void mint(void)
{
    must(mqward_password_mint(&login_stamper, &login_key, &blob.device, 1767225600u, password, sizeof password) ==
         MQWARD_OK);
}

static void init_sealer(void)
{
    must(mqward_sealer_init_up(&blob.up_seed, &blob.device, 0, &sealer) == MQWARD_OK);
}

static void init_opener(void)
{
    must(mqward_opener_init_down(&blob.down_seed, &blob.device, 16, 1760000001u, &down_opener) == MQWARD_OK);
}

static void seal(void)
{
    must(mqward_seal_in_place(&sealer, &seal_stamper, MQWARD_CLASS_LIVE, TOPIC, 1767225600u, buf, sizeof buf,
                              payload_len, &sealed_len) == MQWARD_OK);
}

static void restore(void)
{
    for (size_t i = 0; i < sealed_len; i++)
        buf[i] = kept[i];
}

static void open(void)
{
    restore();
    must(mqward_open_in_place(&opener, TOPIC, buf, sealed_len, &message) == MQWARD_OK);
}

static void open_tampered(void)
{
    restore();
    buf[sealed_len - 1] ^= 1;
    must(mqward_open_in_place(&opener, TOPIC, buf, sealed_len, &message) == MQWARD_ERR_REFUSED);
}

static void judge(void)
{
    must(mqward_window_init(&window) == MQWARD_OK);
    must(mqward_window_judge(&window, &message.receipt, &ticket) == MQWARD_OK);
    must(mqward_window_commit(&window, &ticket) == MQWARD_OK);
}

/* The stack pointer where this is inlined: the operations are called from there, without arguments. */
static inline __attribute__((always_inline)) uintptr_t stack_pointer(void)
{
    uintptr_t sp;
#if defined(__arm__)
    __asm__ volatile("mov %0, sp" : "=r"(sp));
#else
    __asm__ volatile("mv %0, sp" : "=r"(sp));
#endif
    return sp;
}

static __attribute__((noinline)) uint32_t stack_of(void (*operation)(void))
{
    const uintptr_t sp = stack_pointer();
    volatile uint32_t *const low = (volatile uint32_t *)(sp - PAINTED);
    for (volatile uint32_t *word = low; word < (volatile uint32_t *)sp; word++)
        *word = PAINT;
    operation();
    volatile uint32_t *word = low;
    while (*word == PAINT && word < (volatile uint32_t *)sp)
        word++;
    must(word != low);
    return (uint32_t)(sp - (uintptr_t)word);
}

static __attribute__((noinline)) uint32_t steps_of(void (*operation)(void))
{
    board_count_start();
    const uint32_t begun = board_count();
    for (int i = 0; i < CALLS; i++)
        operation();
    return board_count() - begun;
}

/* What the counting itself costs, and where the buffer is restored before each call, is not the operation's. */
static void measure(const char *name, void (*operation)(void), void (*around)(void))
{
    const uint32_t stack = stack_of(operation);
    const uint32_t steps = steps_of(operation) - steps_of(around);
    board_print(name);
    board_print("\n");
    print_number("stack ", stack);
    print_number("steps ", steps);
}

static void measure_sealing(size_t len, const char *seal_name, const char *open_name)
{
    payload_len = len;
    measure(seal_name, seal, nothing);
    for (size_t i = 0; i < sealed_len; i++)
        kept[i] = buf[i];
    measure(open_name, open, restore);
}

int main(void)
{
    sectors_init(&sectors);
    measure("blob_parse_partition", blob_parse, nothing);
    blob.device.hardware_id = hardware_id;
    blob.device.hardware_id_len = sizeof hardware_id;
    measure("boot_start", boot_start, nothing);
    must(mqward_boot_login_stamper(&boot, &login_stamper) == MQWARD_OK);
    must(mqward_boot_seal_stamper(&boot, 0, 0, &seal_stamper) == MQWARD_OK);
    must(mqward_opener_init_up(&blob.up_seed, &blob.device, 0, &opener) == MQWARD_OK);
    measure("login_key", derive_login_key, nothing);
    measure("password_mint", mint, nothing);
    measure("sealer_init_up", init_sealer, nothing);
    measure("opener_init_down", init_opener, nothing);
    measure_sealing(16, "seal_16", "open_16");
    measure_sealing(64, "seal_64", "open_64");
    measure_sealing(1024, "seal_1024", "open_1024");
    measure_sealing(256, "seal_256", "open_256");
    measure("window", judge, nothing);
    measure("open_tampered_256", open_tampered, restore);
    return 0;
}
