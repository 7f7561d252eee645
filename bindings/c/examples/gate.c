/*
 * A broker's gate: it lets a device in once, and judges what it publishes and subscribes.
 *
 *   cc gate.c $(pkg-config --cflags --libs mqward) -o gate
 *
 * C99 and C++17.
 */
#include <mqward.h>

#include <stdio.h>
#include <string.h>

static const char client_id[] = "device-0123456789ab";
static const uint8_t mac[6] = { 0x24, 0x6f, 0x28, 0xa1, 0xb2, 0xc3 };

/* What a broker knows: the login root of the specification's example (never use it), and one mark per client. */
struct broker {
    mqward_auth_root root;
    uint64_t mark;
};

static int32_t lookup(void *context, const char *id, size_t id_len, uint8_t generation, mqward_login_key *key,
                      mqward_terms *terms)
{
    static const char audience[] = "mqtt.example.com";
    const struct broker *broker = (const struct broker *)context;
    mqward_device device;
    mqward_auth_seed seed;
    int32_t status;

    (void)terms; /* a registry would say here that a device has no clock */
    if (id_len != sizeof client_id - 1 || memcmp(id, client_id, id_len) != 0 || generation != 1) {
        return MQWARD_ERR_UNKNOWN_DEVICE;
    }
    device.client_id = id;
    device.client_id_len = id_len;
    device.hardware_id = mac;
    device.hardware_id_len = sizeof mac;
    device.generation = generation;
    status = mqward_auth_root_seed(&broker->root, &device, &seed);
    if (status == MQWARD_OK) {
        status = mqward_auth_seed_login_key(&seed, &device, audience, sizeof audience - 1, key);
    }
    mqward_wipe(&seed, sizeof seed);
    return status;
}

/* With several threads, a lock goes around all of it. */
static int32_t advance(void *context, const char *id, size_t id_len, uint64_t mark)
{
    struct broker *broker = (struct broker *)context;
    int32_t status = mqward_mark_compare(mark, broker->mark);
    (void)id, (void)id_len;
    if (status == MQWARD_OK) {
        broker->mark = mark;
    }
    return status;
}

static mqward_rule rule_of(uint8_t access, const char *pattern, uint8_t sealed)
{
    mqward_rule rule;
    memset(&rule, 0, sizeof rule);
    rule.pattern = pattern;
    rule.pattern_len = strlen(pattern);
    rule.effect = MQWARD_ALLOW;
    rule.access = access;
    rule.sealed = sealed;
    return rule;
}

static void show(const char *what, const mqward_verdict *verdict)
{
    printf("%-40s %s, 3.1.1 code %u, 5 code 0x%02x%s\n", what,
           verdict->reason == MQWARD_OK ? "allowed" : mqward_status_str(verdict->reason), (unsigned)verdict->v3,
           (unsigned)verdict->v5, verdict->close ? ", close" : "");
}

static int subscribe(const mqward_gate *gate, const char *filter, bool expected)
{
    mqward_verdict verdict;
    if (mqward_gate_subscribe(gate, client_id, sizeof client_id - 1, filter, strlen(filter), &verdict) != MQWARD_OK) {
        return 1;
    }
    show(filter, &verdict);
    return verdict.allowed != expected;
}

int main(void)
{
    /* The specification's example, minted at 1767225600. */
    static const char password[] = "AQFpVbkAaOd4AQAABzWDvWBDZNfhUzH90vNwBCY";
    static const uint8_t root[MQWARD_KEY_LEN] = {
        0xa8, 0x27, 0x8c, 0xf1, 0xee, 0x64, 0x55, 0x55, 0xc7, 0x85, 0x6d, 0xa2, 0xec, 0x57, 0x55, 0xec,
        0x6d, 0x23, 0x58, 0x12, 0x11, 0xdd, 0x3d, 0x44, 0x4f, 0xdc, 0xb6, 0xfd, 0xfa, 0x13, 0x2c, 0x8e,
    };
    const uint32_t now = 1767225630u;
    mqward_rule rules[2];
    mqward_role role;
    mqward_rule_memory rule_memory[2];
    mqward_role_memory role_memory[1];
    mqward_gate gate;
    mqward_connect packet;
    mqward_verifier verifier;
    mqward_verdict verdict;
    struct broker broker;

    /* The policy: a device writes sealed payloads below tx/<its id> and reads below rx/<its id>. */
    rules[0] = rule_of(MQWARD_PUBLISH, "tx/%c/#", 1);
    rules[1] = rule_of(MQWARD_SUBSCRIBE, "rx/%c/#", 0);
    memset(&role, 0, sizeof role);
    role.prefix = "device-";
    role.prefix_len = 7;
    role.char_class = MQWARD_LOWER_HEX;
    role.min_len = role.max_len = 19;
    role.rules = rules;
    role.rules_len = 2;
    if (mqward_gate_init(&role, 1, role_memory, 1, rule_memory, 2, &gate) != MQWARD_OK) {
        return 1;
    }

    memset(&broker, 0, sizeof broker);
    memcpy(broker.root.bytes, root, sizeof root);
    memset(&verifier, 0, sizeof verifier);
    verifier.context = &broker;
    verifier.lookup = lookup;
    verifier.advance = advance;
    verifier.terms.window_secs = MQWARD_DEFAULT_WINDOW_SECS;
    /* verifier.decoy: 32 random bytes, drawn once when the broker starts. */

    memset(&packet, 0, sizeof packet);
    packet.client_id = packet.user_name = client_id;
    packet.client_id_len = packet.user_name_len = sizeof client_id - 1;
    packet.password = password;
    packet.password_len = sizeof password - 1;
    packet.has_user_name = packet.has_password = 1;
    if (mqward_gate_login(&gate, &packet, &verifier, now, &verdict) != MQWARD_OK || !verdict.allowed) {
        return 1;
    }
    show("CONNECT", &verdict);
    if (mqward_gate_login(&gate, &packet, &verifier, now, &verdict) != MQWARD_OK || verdict.allowed) {
        return 1;
    }
    show("CONNECT, the same password again", &verdict);

    return subscribe(&gate, "rx/device-0123456789ab/#", true) || subscribe(&gate, "rx/+/#", false)
        || subscribe(&gate, "$share/g/#", false);
}
