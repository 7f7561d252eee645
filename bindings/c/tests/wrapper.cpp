/*
 * What mqward.hpp promises beyond the C functions: sizes, ownership, wiping, refusal of what was not set up.
 */
#include <mqward.hpp>

#include <cstdio>
#include <cstring>
#include <new>
#include <vector>

static_assert(sizeof(mqward::sealer) == sizeof(mqward_sealer));
static_assert(sizeof(mqward::opener) == sizeof(mqward_opener));
static_assert(sizeof(mqward::boot) == sizeof(mqward_boot));
static_assert(sizeof(mqward::window) == sizeof(mqward_window));
static_assert(sizeof(mqward::password) == MQWARD_PASSWORD_SIZE);
static_assert(!std::is_copy_constructible_v<mqward::login_key> && !std::is_move_constructible_v<mqward::login_key>);
static_assert(!std::is_copy_constructible_v<mqward::boot> && !std::is_copy_assignable_v<mqward::seal_stamper>);
static_assert(!std::is_constructible_v<bool, mqward::boot>);
static_assert(!std::is_convertible_v<mqward::status, bool>, "a status must be asked for its truth");
static_assert(std::is_convertible_v<std::vector<std::uint8_t> &, mqward::bytes>);
static_assert(!std::is_convertible_v<const std::vector<std::uint8_t> &, mqward::buffer>);

namespace {

int failures = 0;

void expect(bool holds, const char *what)
{
    if (!holds) {
        std::fprintf(stderr, "wrapper.cpp: %s\n", what);
        ++failures;
    }
}

class broken_flash final : public mqward::boot_storage {
public:
    std::int32_t read(std::uint32_t, std::uint8_t *) noexcept override { return 1; }
    std::int32_t write(std::uint32_t, const std::uint8_t *) noexcept override { return 1; }
};

void what_was_not_set_up_is_refused()
{
    mqward::boot boot;
    mqward::login_stamper logins;
    mqward::seal_stamper seals;
    mqward::login_key key;
    mqward::password password;
    mqward::sealer sealer;
    mqward::opener opener;
    mqward::window window;
    mqward::clock_gate clock;
    mqward_message message{};
    mqward_ticket ticket{};
    mqward::bytes sealed;
    std::uint32_t now = 0;
    std::uint8_t out[MQWARD_SEALED_LEN(1)] = {};
    const std::uint8_t payload[1] = {};
    const mqward_device device = mqward::device("device-1", {}, 1);

    expect(boot.take(logins) == MQWARD_ERR_STATE, "a boot that did not start gave a login stamper");
    expect(boot.take(seals) == MQWARD_ERR_STATE, "a boot that did not start gave a seal stamper");
    expect(key.mint(logins, device, 1767225600, password) == MQWARD_ERR_STATE, "a stamper from nowhere counted");
    expect(password.view().empty(), "a refused password was written");
    expect(sealer.seal(seals, MQWARD_CLASS_LIVE, "tx/device-1/t", 0, payload, out, sealed) == MQWARD_ERR_STATE,
           "a sealer without keys sealed");
    expect(sealed.size() == 0, "a refused message has a length");
    expect(opener.open("tx/device-1/t", out, message) == MQWARD_ERR_STATE, "an opener without keys opened");
    expect(window.judge(message, ticket) == MQWARD_ERR_STATE, "a window that was not set up judged");
    expect(clock.judge(1767225660, now) == MQWARD_ERR_TIME, "a clock gate without a floor judged");
}

void a_failing_storage_is_told()
{
    broken_flash flash;
    mqward::boot boot;
    const mqward::status started = boot.start(flash);
    expect(started == MQWARD_ERR_STORAGE, started.text());
}

void secrets_are_wiped_at_the_end()
{
    alignas(mqward::up_root) unsigned char memory[sizeof(mqward::up_root)];
    auto *root = new (memory) mqward::up_root;
    std::memset(root->get()->bytes, 0xa5, MQWARD_KEY_LEN);
    root->~secret();
    /* Read where it lies: what a dump of the memory would show. */
    for (std::size_t i = 0; i < sizeof memory; i++) {
        expect(static_cast<const volatile unsigned char *>(memory)[i] == 0, "a root outlived its owner");
    }
}

} // namespace

int main()
{
    what_was_not_set_up_is_refused();
    a_failing_storage_is_told();
    secrets_are_wiped_at_the_end();
    return failures == 0 ? 0 : 1;
}
