/*
 * A device in C++17: it boots, mints its CONNECT password and seals a measurement, which a backend then opens once.
 *
 *   c++ -std=c++17 device.cpp $(pkg-config --cflags --libs mqward) -o device
 *
 * Compiles with -fno-exceptions -fno-rtti. It prints what device.c prints, and then what the backend read.
 */
#include <mqward.hpp>

#include <cstdio>
#include <cstring>

namespace {

/* What the factory flashed: the blob of the specification's example. Its seeds are public, so never use it. */
constexpr std::uint8_t partition[] = {
    0x6d, 0x71, 0x77, 0x50, 0x01, 0x01, 0x8a, 0x57, 0x05, 0xda, 0x0e, 0x45, 0x13, 0x33, 0x70, 0x30, 0x85, 0xe8,
    0x85, 0x47, 0xba, 0xee, 0x93, 0xea, 0x84, 0x59, 0xf1, 0x56, 0x66, 0x9c, 0x83, 0x8a, 0x39, 0x46, 0x8d, 0x45,
    0xf2, 0xf9, 0x1c, 0x4e, 0x24, 0x50, 0xd2, 0xf5, 0xc2, 0xc1, 0xc8, 0xf5, 0x38, 0x3b, 0x26, 0x3b, 0xc4, 0xb0,
    0x25, 0x39, 0x5c, 0x93, 0xa6, 0x1d, 0x99, 0x3f, 0x7c, 0xc2, 0x98, 0x13, 0xc0, 0xd7, 0x91, 0x44, 0xbb, 0xd8,
    0x08, 0x63, 0x42, 0xc8, 0x9b, 0x90, 0xf5, 0xa5, 0xc9, 0x45, 0xe7, 0x89, 0x69, 0x1d, 0x87, 0xf1, 0x4f, 0x2d,
    0xd0, 0xeb, 0x7b, 0x6e, 0xde, 0xf1, 0x77, 0x96, 0x8d, 0x5f, 0x3f, 0x30, 0x13, 0x64, 0x65, 0x76, 0x69, 0x63,
    0x65, 0x2d, 0x30, 0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0x61, 0x62, 0x8a, 0x76, 0x66, 0x8b,
};

/* Two flash sectors on a device. */
class sectors final : public mqward::boot_storage {
public:
    /* The factory wrote slot A once; slot B is erased flash. */
    mqward::status provision(std::uint32_t now)
    {
        std::memset(slots_, 0xff, sizeof slots_);
        return mqward_boot_first_slot(now, slots_[MQWARD_SLOT_A], sizeof slots_[MQWARD_SLOT_A]);
    }
    std::int32_t read(std::uint32_t slot, std::uint8_t *buf) noexcept override
    {
        std::memcpy(buf, slots_[slot], MQWARD_BOOT_SLOT_LEN);
        return 0;
    }
    std::int32_t write(std::uint32_t slot, const std::uint8_t *buf) noexcept override
    {
        std::memcpy(slots_[slot], buf, MQWARD_BOOT_SLOT_LEN);
        return 0;
    }

private:
    std::uint8_t slots_[2][MQWARD_BOOT_SLOT_LEN];
};

bool done(const char *what, mqward::status status)
{
    if (!status) {
        std::fprintf(stderr, "%s: %s\n", what, status.text());
    }
    return static_cast<bool>(status);
}

/* A backend that holds the device's uplink seed: what it reads, and that it reads it once. */
bool read_once(const mqward_up_seed &seed, const mqward_device &device, std::string_view topic, mqward::bytes sealed)
{
    std::uint8_t copy[64];
    mqward::opener opener;
    mqward::window window;
    mqward_message message{};
    mqward_ticket ticket{};
    if (sealed.size() > sizeof copy) {
        return false;
    }
    std::memcpy(copy, sealed.data(), sealed.size());
    if (!done("opener", opener.init(seed, device, 0)) || !done("window", window.init())
        || !done("open", opener.open(topic, { copy, sealed.size() }, message))
        || !done("judge", window.judge(message, ticket)) || !done("commit", window.commit(ticket))) {
        return false;
    }
    std::printf("read       %.*s\n", static_cast<int>(message.payload_len),
                reinterpret_cast<const char *>(message.payload));
    return window.judge(message, ticket) == MQWARD_ERR_DUPLICATE;
}

} // namespace

int main()
{
    constexpr std::uint8_t mac[] = { 0x24, 0x6f, 0x28, 0xa1, 0xb2, 0xc3 }; /* read from the chip */
    constexpr std::string_view audience = "mqtt.example.com";              /* configured, never from the network */
    constexpr std::string_view topic = "tx/device-0123456789ab/t";
    constexpr std::uint32_t build_time = 1767225600; /* of the firmware */
    constexpr std::uint64_t rtc = 1767225660;        /* what the clock says */
    constexpr std::uint8_t reading[] = { '2', '1', '.', '5' };

    sectors flash;
    mqward::blob blob;
    mqward::boot boot;
    mqward::login_stamper logins;
    mqward::seal_stamper seals;
    mqward::clock_gate clock;
    std::uint32_t now = 0;
    if (!done("first slot", flash.provision(1760000000)) || !done("blob", blob.parse_partition(partition))
        || !done("boot", boot.start(flash)) || !done("logins", boot.take(logins)) || !done("seals", boot.take(seals))
        || !done("clock", clock.init(build_time)) || !done("time", clock.judge(rtc, now))) {
        return 1;
    }

    const mqward_device device = blob.device(mac);
    mqward::login_key login_key;
    mqward::sealer sealer;
    mqward::password password; /* every connection attempt has one of its own */
    if (!done("login key", login_key.init(blob.get()->auth_seed, device, audience))
        || !done("sealer", sealer.init(blob.get()->up_seed, device, 0))
        || !done("password", login_key.mint(logins, device, now, password))) {
        return 1;
    }
    const std::string_view user_name = mqward::client_id(device);
    std::printf("user name  %.*s\npassword   %s\n", static_cast<int>(user_name.size()), user_name.data(),
                password.c_str());

    std::uint8_t message[MQWARD_SEALED_LEN(sizeof reading)];
    mqward::bytes sealed;
    if (!done("seal", sealer.seal(seals, MQWARD_CLASS_LIVE, topic, now, reading, message, sealed))) {
        return 1;
    }
    std::printf("publish    %s  ", topic.data());
    for (const std::uint8_t byte : sealed) {
        std::printf("%02x", byte);
    }
    std::printf("\n");
    return read_once(blob.get()->up_seed, device, topic, sealed) ? 0 : 1;
}
