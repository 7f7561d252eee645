/* A broker's policy, its logins, and the same gate on a device. */
#include "check.h"

#define NOW 1767225600u

static const char id[] = "device-0123456789ab";

struct registry {
    mqward_auth_seed seed;
    int lookups;
    int advances;
    int32_t found;
    int32_t store;
    uint64_t mark;
    uint8_t clock;
};

static int32_t lookup(void *context, const char *client_id, size_t client_id_len, uint8_t generation,
                      mqward_login_key *key, mqward_terms *terms)
{
    struct registry *registry = (struct registry *)context;
    mqward_device device = device_of(client_id, client_id_len, generation, NULL, 0);
    registry->lookups++;
    CHECK(terms->window_secs == MQWARD_DEFAULT_WINDOW_SECS);
    terms->clock = registry->clock;
    if (registry->found != MQWARD_OK) {
        memset(key, 0, sizeof *key);
        return registry->found;
    }
    return mqward_auth_seed_login_key(&registry->seed, &device, TEXT("mqtt.example.com"), key);
}

static int32_t advance(void *context, const char *client_id, size_t client_id_len, uint64_t mark)
{
    struct registry *registry = (struct registry *)context;
    int32_t answer = mqward_mark_compare(mark, registry->mark);
    registry->advances++;
    CHECK(client_id_len == sizeof id - 1 && memcmp(client_id, id, client_id_len) == 0);
    if (registry->store != MQWARD_OK) {
        return registry->store;
    }
    if (answer == MQWARD_OK) {
        registry->mark = mark;
    }
    return answer;
}

static mqward_rule rule_of(uint8_t effect, uint8_t access, const char *pattern, uint8_t sealed)
{
    mqward_rule rule;
    rule.pattern = pattern;
    rule.pattern_len = strlen(pattern);
    rule.effect = effect;
    rule.access = access;
    rule.sealed = sealed;
    return rule;
}

static mqward_role role_of(const char *name, const char *prefix, uint8_t char_class, uint8_t min_len, uint8_t max_len,
                           uint8_t authentication, const mqward_rule *rules, size_t rules_len)
{
    mqward_role role;
    memset(&role, 0, sizeof role);
    role.name = name;
    role.name_len = strlen(name);
    role.prefix = prefix;
    role.prefix_len = strlen(prefix);
    role.char_class = char_class;
    role.min_len = min_len;
    role.max_len = max_len;
    role.authentication = authentication;
    role.rules = rules;
    role.rules_len = rules_len;
    return role;
}

static mqward_connect connect_of(const char *client_id, const char *password)
{
    mqward_connect packet;
    memset(&packet, 0, sizeof packet);
    packet.client_id = packet.user_name = client_id;
    packet.client_id_len = packet.user_name_len = strlen(client_id);
    packet.has_user_name = 1;
    if (password != NULL) {
        packet.password = password;
        packet.password_len = strlen(password);
        packet.has_password = 1;
    }
    return packet;
}

static mqward_verdict publish(const mqward_gate *gate, const char *topic, const uint8_t *payload, size_t payload_len,
                              uint8_t retain)
{
    mqward_publish packet;
    mqward_verdict verdict;
    memset(&packet, 0, sizeof packet);
    memset(&verdict, 0, sizeof verdict);
    packet.topic = topic;
    packet.topic_len = strlen(topic);
    packet.payload = payload;
    packet.payload_len = payload_len;
    packet.retain = retain;
    OK(mqward_gate_publish(gate, TEXT(id), &packet, &verdict));
    return verdict;
}

static mqward_verdict subscribe(const mqward_gate *gate, const char *filter)
{
    mqward_verdict verdict;
    memset(&verdict, 0, sizeof verdict);
    OK(mqward_gate_subscribe(gate, TEXT(id), filter, strlen(filter), &verdict));
    return verdict;
}

static mqward_verdict log_in(const mqward_gate *gate, const mqward_connect *packet, const mqward_verifier *verifier)
{
    mqward_verdict verdict;
    memset(&verdict, 0, sizeof verdict);
    OK(mqward_gate_login(gate, packet, verifier, NOW, &verdict));
    CHECK(!verdict.password_due);
    return verdict;
}

static void logins(const mqward_gate *gate)
{
    struct registry registry;
    mqward_verifier verifier;
    mqward_login_stamper stamper;
    mqward_seal_stamper seal;
    mqward_login_key key;
    mqward_login login;
    mqward_device device = device_of(TEXT(id), 1, NULL, 0);
    mqward_connect packet;
    mqward_verdict verdict;
    char password[MQWARD_PASSWORD_SIZE];
    memset(&registry, 0, sizeof registry);
    memset(&verifier, 0, sizeof verifier);
    memset(&registry.seed, 5, sizeof registry.seed);
    memset(&verifier.decoy, 9, sizeof verifier.decoy);
    verifier.context = &registry;
    verifier.lookup = lookup;
    verifier.advance = advance;
    verifier.terms.window_secs = MQWARD_DEFAULT_WINDOW_SECS;
    OK(mqward_auth_seed_login_key(&registry.seed, &device, TEXT("mqtt.example.com"), &key));
    stampers_at(1760000001u, 7, 0, 0, &stamper, &seal);
    OK(mqward_password_mint(&stamper, &key, &device, NOW, password, sizeof password));

    /* Without a password, with another user name, with no role: decided before any key. */
    packet = connect_of(id, NULL);
    verdict = log_in(gate, &packet, &verifier);
    CHECK(!verdict.allowed && verdict.close && verdict.v3 == 5 && verdict.v5 == 0x87);
    CHECK(verdict.reason == MQWARD_ERR_NO_PASSWORD && verdict.role == 0);
    packet = connect_of(id, password);
    packet.user_name_len--;
    CHECK(log_in(gate, &packet, &verifier).reason == MQWARD_ERR_USER_NAME);
    packet = connect_of("stranger", password);
    verdict = log_in(gate, &packet, &verifier);
    CHECK(verdict.reason == MQWARD_ERR_NO_ROLE && verdict.v3 == 2 && verdict.v5 == 0x85 && verdict.role == MQWARD_NONE);
    CHECK(registry.lookups == 0);

    /* The first step alone says that a password is due. */
    packet = connect_of(id, password);
    OK(mqward_gate_connect(gate, &packet, &verdict));
    CHECK(verdict.allowed && verdict.password_due && verdict.reason == MQWARD_OK);

    /* Once. */
    verdict = log_in(gate, &packet, &verifier);
    CHECK(verdict.allowed && !verdict.close && verdict.v3 == 0 && verdict.v5 == 0 && registry.mark != 0);
    verdict = log_in(gate, &packet, &verifier);
    CHECK(!verdict.allowed && verdict.reason == MQWARD_ERR_REPLAYED && verdict.v3 == 5 && verdict.v5 == 0x87);
    registry.mark++;
    EXPECT(MQWARD_ERR_COUNTER_WENT_BACK, mqward_login_verify(&verifier, TEXT(id), password, 39, NOW, &login));

    /* A store that cannot tell, whatever number it says so with, is no login. */
    registry.store = 1;
    EXPECT(MQWARD_ERR_UNAVAILABLE, mqward_login_verify(&verifier, TEXT(id), password, 39, NOW, &login));
    verdict = log_in(gate, &packet, &verifier);
    CHECK(!verdict.allowed && verdict.v3 == 3 && verdict.v5 == 0x88);
    registry.store = MQWARD_OK;

    /* Nothing unauthenticated or stale gets as far as the store. */
    registry.advances = 0;
    EXPECT(MQWARD_ERR_OUTSIDE_WINDOW, mqward_login_verify(&verifier, TEXT(id), password, 39, NOW + 61u, &login));
    registry.found = MQWARD_ERR_UNKNOWN_DEVICE;
    EXPECT(MQWARD_ERR_UNKNOWN_DEVICE, mqward_login_verify(&verifier, TEXT(id), password, 39, NOW, &login));
    registry.found = MQWARD_ERR_REVOKED;
    EXPECT(MQWARD_ERR_REVOKED, mqward_login_verify(&verifier, TEXT(id), password, 39, NOW, &login));
    registry.found = 77;
    EXPECT(MQWARD_ERR_UNAVAILABLE, mqward_login_verify(&verifier, TEXT(id), password, 39, NOW, &login));
    registry.found = MQWARD_OK;
    registry.seed.bytes[0] ^= 1;
    EXPECT(MQWARD_ERR_WRONG_TAG, mqward_login_verify(&verifier, TEXT(id), password, 39, NOW, &login));
    registry.seed.bytes[0] ^= 1;
    OK(mqward_password_mint(&stamper, &key, &device, 0, password, sizeof password));
    EXPECT(MQWARD_ERR_NO_CLOCK, mqward_login_verify(&verifier, TEXT(id), password, 39, NOW, &login));
    CHECK(registry.advances == 0);
    /* The lookup knows that this device has no clock. */
    registry.mark = 0;
    registry.clock = MQWARD_CLOCK_ACCEPTED;
    OK(mqward_login_verify(&verifier, TEXT(id), password, 39, NOW, &login));
    CHECK(login.claim.time == 0 && login.skew == 0 && login.claim.count == 8 && login.claim.mark == registry.mark);
    verifier.advance = NULL;
    EXPECT(MQWARD_ERR_NULL, mqward_login_verify(&verifier, TEXT(id), password, 39, NOW, &login));

    /* Whatever an attacker causes has one code. */
    {
        const int32_t causes[] = { MQWARD_ERR_PASSWORD, MQWARD_ERR_UNKNOWN_DEVICE, MQWARD_ERR_WRONG_TAG,
                                   MQWARD_ERR_OUTSIDE_WINDOW, MQWARD_ERR_NO_CLOCK, MQWARD_ERR_REPLAYED,
                                   MQWARD_ERR_COUNTER_WENT_BACK, MQWARD_ERR_REVOKED, MQWARD_ERR_NO_PASSWORD };
        for (size_t i = 0; i < sizeof causes / sizeof causes[0]; i++) {
            OK(mqward_verdict_refuse_login(0, causes[i], &verdict));
            CHECK(!verdict.allowed && verdict.close && verdict.v3 == 5 && verdict.v5 == 0x87);
            CHECK(verdict.reason == causes[i]);
        }
    }
    OK(mqward_verdict_refuse_login(MQWARD_NONE, MQWARD_OK, &verdict));
    CHECK(!verdict.allowed && verdict.v3 == 3 && verdict.v5 == 0x88 && verdict.role == MQWARD_NONE);

    /* A role of the broker's own passwords asks for none of ours. */
    packet = connect_of("admin-7", "secret");
    OK(mqward_gate_connect(gate, &packet, &verdict));
    CHECK(verdict.allowed && !verdict.password_due && verdict.role == 1);
}

int main(void)
{
    mqward_rule device_rules[4], admin_rules[1];
    mqward_role roles[2];
    mqward_role_memory role_memory[2];
    mqward_rule_memory rule_memory[5];
    mqward_gate gate;
    mqward_verdict verdict;
    uint8_t sealed[MQWARD_SEAL_OVERHEAD];
    memset(sealed, 1, sizeof sealed);
    sealed[0] = 0x10;
    device_rules[0] = rule_of(MQWARD_ALLOW, MQWARD_PUBLISH, "tx/%c/#", 1);
    device_rules[1] = rule_of(MQWARD_ALLOW, MQWARD_SUBSCRIBE, "rx/%c", 0);
    device_rules[2] = rule_of(MQWARD_ALLOW, MQWARD_SUBSCRIBE, "rx/%c/+/#", 0);
    device_rules[3] = rule_of(MQWARD_DENY, MQWARD_PUBLISH, "tx/+/admin", 0);
    admin_rules[0] = rule_of(MQWARD_ALLOW, MQWARD_SUBSCRIBE, "#", 0);
    roles[0] = role_of("device", "device-", MQWARD_LOWER_HEX, 19, 19, MQWARD_AUTHENTICATION_MQWARD, device_rules, 4);
    roles[1] = role_of("admin", "admin-", MQWARD_WORD, 7, 64, MQWARD_AUTHENTICATION_BROKER, admin_rules, 1);
    roles[1].on_refuse = MQWARD_ON_REFUSE_REPORT;
    EXPECT(MQWARD_ERR_BUFFER_TOO_SMALL, mqward_gate_init(roles, 2, role_memory, 2, rule_memory, 4, &gate));
    OK(mqward_gate_init(roles, 2, role_memory, 2, rule_memory, 5, &gate));
    /* Roles and rules were read; only their texts have to stay. */
    memset(roles, 0, sizeof roles);
    memset(device_rules, 0, sizeof device_rules);

    verdict = publish(&gate, "tx/device-0123456789ab/t", sealed, sizeof sealed, 0);
    CHECK(verdict.allowed && verdict.why == MQWARD_WHY_ALLOWED_BY && verdict.rule == 0 && verdict.level == MQWARD_NONE);
    verdict = publish(&gate, "tx/device-0123456789ab/t", (const uint8_t *)"21.5", 4, 0);
    CHECK(!verdict.allowed && verdict.reason == MQWARD_ERR_NOT_SEALED && verdict.v5 == 0x99 && verdict.close);
    verdict = publish(&gate, "tx/device-0123456789ab/admin", sealed, sizeof sealed, 0);
    CHECK(verdict.reason == MQWARD_ERR_DENIED && verdict.why == MQWARD_WHY_DENIED_BY && verdict.rule == 3);
    verdict = publish(&gate, "tx/device-000000000000/t", sealed, sizeof sealed, 0);
    CHECK(verdict.reason == MQWARD_ERR_NOT_ALLOWED && verdict.why == MQWARD_WHY_NOT_COVERED);
    CHECK(verdict.rule == 0 && verdict.level == 1 && verdict.v3 == 0 && verdict.v5 == 0x87);

    /* Two rules that allow it together. */
    verdict = subscribe(&gate, "rx/device-0123456789ab/#");
    CHECK(verdict.allowed && verdict.why == MQWARD_WHY_ALLOWED_TOGETHER && verdict.rule == 1);
    verdict = subscribe(&gate, "$share/g/rx/+/#");
    CHECK(!verdict.allowed && verdict.v3 == 0x80 && verdict.v5 == 0x87);
    verdict = subscribe(&gate, "$share//rx/#");
    CHECK(verdict.reason == MQWARD_ERR_SHARE_NAME && verdict.v5 == 0x8f);
    OK(mqward_gate_subscribe_count(&gate, TEXT(id), 8, &verdict));
    CHECK(verdict.allowed);
    OK(mqward_gate_subscribe_count(&gate, TEXT(id), 9, &verdict));
    CHECK(verdict.reason == MQWARD_ERR_TOO_MANY_FILTERS && verdict.v5 == 0x97);
    OK(mqward_gate_deliver(&gate, TEXT(id), TEXT("rx/device-000000000000/c"), &verdict));
    CHECK(!verdict.allowed && !verdict.close);
    OK(mqward_gate_deliver(&gate, TEXT(id), TEXT("rx/device-0123456789ab/c"), &verdict));
    CHECK(verdict.allowed);
    OK(mqward_gate_subscribe(&gate, TEXT("admin-7"), TEXT("$SYS/#"), &verdict));
    CHECK(verdict.allowed && verdict.reported && verdict.reason == MQWARD_ERR_NOT_ALLOWED && verdict.v5 == 0);

    /* Limits: 0 was the default. */
    {
        static uint8_t payload[4097];
        verdict = publish(&gate, "tx/device-0123456789ab/t", payload, sizeof payload, 0);
        CHECK(verdict.reason == MQWARD_ERR_PAYLOAD_TOO_LARGE && verdict.v5 == 0x95);
    }

    /* An empty policy refuses everything. */
    {
        mqward_gate empty;
        OK(mqward_gate_init(NULL, 0, NULL, 0, NULL, 0, &empty));
        CHECK(!publish(&empty, "tx/device-0123456789ab/t", sealed, sizeof sealed, 0).allowed);
        CHECK(subscribe(&empty, "a").reason == MQWARD_ERR_NO_ROLE);
    }
    logins(&gate);
    return failures != 0;
}
