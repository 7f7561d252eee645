/*
 * mqward for C++17: the C API of mqward.h with owners that wipe, spans instead of pointer and length, and a status
 * that cannot be overlooked.
 *
 * Header-only, without exceptions, RTTI or allocation: every object stands where it is declared and is of the size of
 * its C struct, and one that was not set up is refused. What a call does, and with which status it refuses, is said at
 * the function of mqward.h that it calls. The gate's tables are as simple in C: see mqward_gate_init.
 */
#ifndef MQWARD_HPP
#define MQWARD_HPP

#include <mqward.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <utility>

namespace mqward {

/// What a call came to: one of the codes MQWARD_OK and MQWARD_ERR_*. True if it is MQWARD_OK.
class [[nodiscard]] status {
public:
    constexpr status(std::int32_t code) noexcept : code_(code) {}
    constexpr explicit operator bool() const noexcept { return code_ == MQWARD_OK; }
    constexpr std::int32_t code() const noexcept { return code_; }
    const char *text() const noexcept { return mqward_status_str(code_); }
    friend constexpr bool operator==(status a, status b) noexcept { return a.code_ == b.code_; }
    friend constexpr bool operator!=(status a, status b) noexcept { return a.code_ != b.code_; }

private:
    std::int32_t code_;
};

/// Somebody else's memory, as `std::span` of C++20: an array, a `std::array` or `std::vector`, or pointer and length.
template <class T> class span {
public:
    constexpr span() noexcept = default;
    constexpr span(T *data, std::size_t size) noexcept : data_(data), size_(size) {}
    template <std::size_t N> constexpr span(T (&array)[N]) noexcept : data_(array), size_(N) {}
    template <class C, class = std::enable_if_t<std::is_convertible_v<decltype(std::declval<C &>().data()), T *>>>
    constexpr span(C &&container) noexcept : data_(container.data()), size_(container.size()) {}
    constexpr T *data() const noexcept { return data_; }
    constexpr std::size_t size() const noexcept { return size_; }
    constexpr T *begin() const noexcept { return data_; }
    constexpr T *end() const noexcept { return data_ + size_; }

private:
    T *data_ = nullptr;
    std::size_t size_ = 0;
};

using bytes = span<const std::uint8_t>;
using buffer = span<std::uint8_t>;

/// Owner of a C struct that holds secrets: neither copied nor moved, wiped at its end.
template <class T> class secret {
public:
    secret() noexcept = default;
    secret(const secret &) = delete;
    secret &operator=(const secret &) = delete;
    ~secret() { wipe(); }
    void wipe() noexcept { mqward_wipe(&inner_, sizeof inner_); }
    /// The C struct, for every call of mqward.h.
    T *get() noexcept { return &inner_; }
    const T *get() const noexcept { return &inner_; }

private:
    T inner_{};
};

using auth_root = secret<mqward_auth_root>;
using up_root = secret<mqward_up_root>;
using down_root = secret<mqward_down_root>;
using auth_seed = secret<mqward_auth_seed>;
using up_seed = secret<mqward_up_seed>;
using down_seed = secret<mqward_down_seed>;

/// Who a device is. Client id and hardware id stay the caller's memory and must outlive it.
inline mqward_device device(std::string_view client_id, bytes hardware_id, std::uint8_t generation) noexcept
{
    return { client_id.data(), client_id.size(), hardware_id.data(), hardware_id.size(), generation };
}

inline std::string_view client_id(const mqward_device &device) noexcept
{
    return { device.client_id, device.client_id_len };
}

/// mqward_auth_root_seed and its like: the seed of one device, in the safe room or a backend.
inline status derive(const auth_root &root, const mqward_device &device, auth_seed &out) noexcept
{
    return mqward_auth_root_seed(root.get(), &device, out.get());
}
inline status derive(const up_root &root, const mqward_device &device, up_seed &out) noexcept
{
    return mqward_up_root_seed(root.get(), &device, out.get());
}
inline status derive(const down_root &root, const mqward_device &device, down_seed &out) noexcept
{
    return mqward_down_root_seed(root.get(), &device, out.get());
}

/// What a device is flashed with; end its scope once the keys are derived.
class blob : public secret<mqward_blob> {
public:
    /// mqward_blob_parse_partition: the client id stays in `partition`.
    status parse_partition(bytes partition) noexcept
    {
        return mqward_blob_parse_partition(partition.data(), partition.size(), get());
    }
    /// The device of the blob on the board with this hardware id.
    mqward_device device(bytes hardware_id) const noexcept
    {
        return mqward::device(client_id(get()->device), hardware_id, get()->device.generation);
    }
};

/// Where the boot record is kept: two slots of MQWARD_BOOT_SLOT_LEN bytes. Both calls answer 0 for success.
class boot_storage {
public:
    virtual std::int32_t read(std::uint32_t slot, std::uint8_t *buf) noexcept = 0;
    /// Returns once the bytes would survive a power loss.
    virtual std::int32_t write(std::uint32_t slot, const std::uint8_t *buf) noexcept = 0;
    /// The same for calls of mqward.h; it refers to this object.
    mqward_storage c_storage() noexcept
    {
        return { this,
                 [](void *self, std::uint32_t slot, std::uint8_t *buf) -> std::int32_t {
                     return static_cast<boot_storage *>(self)->read(slot, buf);
                 },
                 [](void *self, std::uint32_t slot, const std::uint8_t *buf) -> std::int32_t {
                     return static_cast<boot_storage *>(self)->write(slot, buf);
                 } };
    }

protected:
    ~boot_storage() = default;
};

/// Counts of a boot. It works only where it stands.
class login_stamper : public secret<mqward_login_stamper> {};
/// Counts of a boot. It works only where it stands.
class seal_stamper : public secret<mqward_seal_stamper> {};

/// One boot: each stamper is taken from it once.
class boot : public secret<mqward_boot> {
public:
    status start(boot_storage &where) noexcept
    {
        const mqward_storage storage = where.c_storage();
        return mqward_boot_start(&storage, get());
    }
    status start_at_least(boot_storage &where, std::uint32_t now) noexcept
    {
        const mqward_storage storage = where.c_storage();
        return mqward_boot_start_at_least(&storage, now, get());
    }
    status take(login_stamper &out) noexcept { return mqward_boot_login_stamper(get(), out.get()); }
    status take(seal_stamper &out, std::uint8_t number = 0, std::uint32_t salt = 0) noexcept
    {
        return mqward_boot_seal_stamper(get(), number, salt, out.get());
    }
};

/// mqward_clock_gate_judge and its like: which times are believed.
class clock_gate {
public:
    status init(std::uint32_t build_time) noexcept { return mqward_clock_gate_init(build_time, &inner_); }
    status resume(std::uint32_t build_time, std::uint32_t stored_floor) noexcept
    {
        return mqward_clock_gate_resume(build_time, stored_floor, &inner_);
    }
    status judge(std::uint64_t now, std::uint32_t &out) const noexcept
    {
        return mqward_clock_gate_judge(&inner_, now, &out);
    }
    status raise(std::uint32_t authenticated) noexcept { return mqward_clock_gate_raise(&inner_, authenticated); }
    std::uint32_t floor() const noexcept { return inner_.floor; }

private:
    mqward_clock_gate inner_{};
};

/// The CONNECT password of one connection attempt.
class password : public secret<std::array<char, MQWARD_PASSWORD_SIZE>> {
public:
    const char *c_str() const noexcept { return get()->data(); }
    std::string_view view() const noexcept { return c_str(); }
};

/// The key of the logins of one device at one audience.
class login_key : public secret<mqward_login_key> {
public:
    status init(const auth_seed &seed, const mqward_device &device, std::string_view audience) noexcept
    {
        return init(*seed.get(), device, audience);
    }
    status init(const mqward_auth_seed &seed, const mqward_device &device, std::string_view audience) noexcept
    {
        return mqward_auth_seed_login_key(&seed, &device, audience.data(), audience.size(), get());
    }
    /// mqward_password_mint; `now` is 0 on a device without a clock.
    status mint(login_stamper &stamper, const mqward_device &device, std::uint32_t now, password &out) const noexcept
    {
        return mqward_password_mint(stamper.get(), get(), &device, now, out.get()->data(), out.get()->size());
    }
};

/// Seals what one sender sends.
class sealer : public secret<mqward_sealer> {
public:
    status init(const mqward_up_seed &seed, const mqward_device &device, std::uint8_t sender) noexcept
    {
        return mqward_sealer_init_up(&seed, &device, sender, get());
    }
    status init(const mqward_down_seed &seed, const mqward_device &device, std::uint8_t sender,
                std::uint32_t device_boot) noexcept
    {
        return mqward_sealer_init_down(&seed, &device, sender, device_boot, get());
    }
    /// mqward_seal: `payload` and `out` do not overlap; `sealed` is the part of `out` that is to be sent.
    status seal(seal_stamper &stamper, std::uint8_t message_class, std::string_view topic, std::uint32_t now,
                bytes payload, buffer out, bytes &sealed) const noexcept
    {
        std::size_t len = 0;
        const status done = mqward_seal(get(), stamper.get(), message_class, topic.data(), topic.size(), now,
                                        payload.data(), payload.size(), out.data(), out.size(), &len);
        if (done) {
            sealed = { out.data(), len };
        }
        return done;
    }
};

/// Opens what one sender sent.
class opener : public secret<mqward_opener> {
public:
    status init(const mqward_up_seed &seed, const mqward_device &device, std::uint8_t sender) noexcept
    {
        return mqward_opener_init_up(&seed, &device, sender, get());
    }
    status init(const mqward_down_seed &seed, const mqward_device &device, std::uint8_t sender,
                std::uint32_t own_boot) noexcept
    {
        return mqward_opener_init_down(&seed, &device, sender, own_boot, get());
    }
    /// mqward_open_in_place: the payload stays in `sealed`, which is zeroed if it is refused.
    status open(std::string_view topic, buffer sealed, mqward_message &out) const noexcept
    {
        return mqward_open_in_place(get(), topic.data(), topic.size(), sealed.data(), sealed.size(), &out);
    }
};

/// Accepts each message of one sender once. Judge, act, commit: a ticket that is not committed has no effect.
class window {
public:
    status init() noexcept { return mqward_window_init(&inner_); }
    status init_cold(std::uint32_t now, std::uint16_t skew_secs = MQWARD_COLD_SKEW_SECS) noexcept
    {
        return mqward_window_init_cold(now, skew_secs, &inner_);
    }
    status import(bytes stored) noexcept { return mqward_window_import(stored.data(), stored.size(), &inner_); }
    status store(std::array<std::uint8_t, MQWARD_WINDOW_EXPORT_LEN> &out) const noexcept
    {
        return mqward_window_export(&inner_, out.data(), out.size());
    }
    status judge(const mqward_message &message, mqward_ticket &ticket) const noexcept
    {
        return mqward_window_judge(&inner_, &message.receipt, &ticket);
    }
    status commit(mqward_ticket &ticket) noexcept { return mqward_window_commit(&inner_, &ticket); }

private:
    mqward_window inner_{};
};

} // namespace mqward

#endif
