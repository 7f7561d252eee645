/* Every vector of crates/vectors through C. tests/vectors.rs writes vectors.h from the typed loader. */
#include "check.h"

struct bytes {
    const uint8_t *at;
    size_t len;
};

/* Text from bytes. */
#define STR(bytes) (const char *)(bytes).at, (bytes).len

struct tree_case { struct bytes root, auth_root, up_root, down_root; };
struct seed_case { struct bytes root, client_id, auth_seed, up_seed, down_seed; uint8_t generation; };
struct login_key_case { struct bytes auth_seed, hardware_id, audience, key; };
struct sender_key_case { struct bytes seed, hardware_id, key; uint32_t rboot; uint8_t up, sender; };
struct password_case { struct bytes key, client_id, text; uint64_t mark; uint32_t time, boot, count; uint8_t generation; };
struct login_case {
    struct bytes text, root, client_id, known, hardware_id, audience;
    uint64_t stored_mark, mark;
    int64_t skew;
    uint32_t now;
    int32_t status;
    uint16_t window;
    uint8_t clock;
};
struct sealed_case {
    struct bytes root, client_id, hardware_id, topic, payload, sealed;
    uint32_t device_boot, time_or_salt, boot, count;
    uint8_t up, message_class, has_clock, generation, sender;
};
struct opening_case {
    struct bytes root, client_id, hardware_id, topic, sealed, payload;
    uint32_t device_boot;
    int32_t status;
    uint8_t up, generation, sender;
};
struct shape_case { struct bytes payload; uint8_t retain, sealed; };
struct cose_case { struct bytes sealed, full; };
struct blob_case { struct bytes client_id, auth_seed, up_seed, down_seed, blob; uint8_t generation; };
struct start_case { struct bytes slot_a, slot_b, after_a, after_b; uint32_t boot; int32_t status; };
struct text_case { struct bytes text; int32_t status; };
struct subscription_case { struct bytes text, filter; };
struct rule_case { struct bytes prefix, accepts, overlaps; uint8_t char_class, min_len, max_len; };
struct grid_case { struct bytes filter, matches, covers, overlaps; };
struct acl_rule { struct bytes pattern; uint8_t effect, access, sealed; };
struct acl_question { struct bytes topic; uint8_t kind, allowed, sealed; };
struct client_id_case { struct bytes pattern, topic, client_id; };

#include "vectors.h"

#define EACH(kind, case_, table)                                                                                       \
    for (const struct kind *case_ = table; case_ != table + sizeof table / sizeof table[0]; case_++)
#define SAME(one, bytes_) CHECK(memcmp((one), (bytes_).at, (bytes_).len) == 0)
#define KEY(type, bytes_) (*(const type *)(const void *)(bytes_).at)

static int bit(struct bytes row, size_t column)
{
    return row.at[column / 8] >> (7 - column % 8) & 1;
}

static void key_tree(void)
{
    EACH(tree_case, it, trees) {
        mqward_auth_root auth;
        mqward_up_root up;
        mqward_down_root down;
        OK(mqward_root_auth(&KEY(mqward_root, it->root), &auth));
        OK(mqward_root_up(&KEY(mqward_root, it->root), &up));
        OK(mqward_root_down(&KEY(mqward_root, it->root), &down));
        SAME(auth.bytes, it->auth_root);
        SAME(up.bytes, it->up_root);
        SAME(down.bytes, it->down_root);
    }
    EACH(seed_case, it, seeds) {
        mqward_device device = device_of(STR(it->client_id), it->generation, NULL, 0);
        mqward_auth_root auth_root;
        mqward_up_root up_root;
        mqward_down_root down_root;
        mqward_auth_seed auth;
        mqward_up_seed up;
        mqward_down_seed down;
        OK(mqward_root_auth(&KEY(mqward_root, it->root), &auth_root));
        OK(mqward_root_up(&KEY(mqward_root, it->root), &up_root));
        OK(mqward_root_down(&KEY(mqward_root, it->root), &down_root));
        OK(mqward_auth_root_seed(&auth_root, &device, &auth));
        OK(mqward_up_root_seed(&up_root, &device, &up));
        OK(mqward_down_root_seed(&down_root, &device, &down));
        SAME(auth.bytes, it->auth_seed);
        SAME(up.bytes, it->up_seed);
        SAME(down.bytes, it->down_seed);
    }
    EACH(login_key_case, it, login_keys) {
        mqward_device device = device_of("x", 1, 1, it->hardware_id.at, it->hardware_id.len);
        mqward_login_key key;
        OK(mqward_auth_seed_login_key(&KEY(mqward_auth_seed, it->auth_seed), &device, STR(it->audience), &key));
        SAME(key.bytes, it->key);
    }
    EACH(sender_key_case, it, sender_keys) {
        mqward_device device = device_of("x", 1, 1, it->hardware_id.at, it->hardware_id.len);
        mqward_sender_key key;
        if (it->up) {
            OK(mqward_up_seed_sender_key(&KEY(mqward_up_seed, it->seed), &device, it->sender, &key));
        } else {
            OK(mqward_down_seed_sender_key(&KEY(mqward_down_seed, it->seed), &device, it->sender, it->rboot, &key));
        }
        SAME(key.bytes, it->key);
    }
}

static void passwords(void)
{
    EACH(password_case, it, password_cases) {
        mqward_device device = device_of(STR(it->client_id), it->generation, NULL, 0);
        mqward_login_stamper login;
        mqward_seal_stamper seal;
        mqward_claim claim;
        char *text = (char *)block(MQWARD_PASSWORD_SIZE);
        stampers_at(it->boot, it->count, 0, 0, &login, &seal);
        OK(mqward_password_mint(&login, &KEY(mqward_login_key, it->key), &device, it->time, text, MQWARD_PASSWORD_SIZE));
        SAME(text, it->text);
        CHECK(text[MQWARD_PASSWORD_LEN] == 0);
        OK(mqward_claim_parse(STR(it->text), &claim));
        CHECK(claim.mark == it->mark && claim.time == it->time && claim.boot == it->boot);
        CHECK(claim.count == it->count && claim.generation == it->generation);
        free(text);
    }
}

/* The verifier of a vector: one root, some generations, one stored mark. */
static int32_t lookup(void *context, const char *client_id, size_t client_id_len, uint8_t generation,
                      mqward_login_key *key, mqward_terms *terms)
{
    const struct login_case *it = (const struct login_case *)context;
    mqward_device device = device_of(client_id, client_id_len, generation, it->hardware_id.at, it->hardware_id.len);
    mqward_auth_root root;
    mqward_auth_seed seed;
    (void)terms;
    if (it->known.len == 0 || memchr(it->known.at, generation, it->known.len) == NULL) {
        return MQWARD_ERR_UNKNOWN_DEVICE;
    }
    OK(mqward_root_auth(&KEY(mqward_root, it->root), &root));
    OK(mqward_auth_root_seed(&root, &device, &seed));
    return mqward_auth_seed_login_key(&seed, &device, STR(it->audience), key);
}

static int32_t advance(void *context, const char *client_id, size_t client_id_len, uint64_t mark)
{
    (void)client_id, (void)client_id_len;
    return mqward_mark_compare(mark, ((const struct login_case *)context)->stored_mark);
}

static void logins(void)
{
    EACH(login_case, it, login_cases) {
        mqward_verifier verifier;
        mqward_login login;
        mqward_login_key key;
        mqward_claim claim;
        memset(&verifier, 0xdc, sizeof verifier);
        memset(&login, 0, sizeof login);
        verifier.context = (void *)(uintptr_t)it;
        verifier.lookup = lookup;
        verifier.advance = advance;
        verifier.terms.window_secs = it->window;
        verifier.terms.clock = it->clock;
        EXPECT(it->status, mqward_login_verify(&verifier, STR(it->client_id), STR(it->text), it->now, &login));
        if (it->status == MQWARD_OK) {
            CHECK(login.claim.mark == it->mark && login.skew == it->skew);
        } else {
            CHECK(login.claim.mark == 0);
        }
        /* In two steps. */
        if (mqward_claim_parse(STR(it->text), &claim) == MQWARD_OK) {
            mqward_terms terms = verifier.terms;
            bool known = lookup((void *)(uintptr_t)it, STR(it->client_id), claim.generation, &key, &terms) == MQWARD_OK;
            int32_t status = mqward_claim_verify(STR(it->text), known ? &key : &verifier.decoy, known,
                                                 STR(it->client_id), &terms, it->now, &login);
            if (status == MQWARD_OK) {
                status = mqward_mark_compare(login.claim.mark, it->stored_mark);
            }
            EXPECT(it->status, status);
        } else {
            CHECK(it->status == MQWARD_ERR_PASSWORD);
        }
    }
}

/* Sealer and opener of one direction. */
static void pair_of(struct bytes root, const mqward_device *device, int up, uint8_t sender, uint32_t device_boot,
                    mqward_sealer *sealer, mqward_opener *opener)
{
    mqward_up_root up_root;
    mqward_down_root down_root;
    mqward_up_seed up_seed;
    mqward_down_seed down_seed;
    OK(mqward_root_up(&KEY(mqward_root, root), &up_root));
    OK(mqward_root_down(&KEY(mqward_root, root), &down_root));
    OK(mqward_up_root_seed(&up_root, device, &up_seed));
    OK(mqward_down_root_seed(&down_root, device, &down_seed));
    if (up) {
        OK(mqward_sealer_init_up(&up_seed, device, sender, sealer));
        OK(mqward_opener_init_up(&up_seed, device, sender, opener));
    } else {
        OK(mqward_sealer_init_down(&down_seed, device, sender, device_boot, sealer));
        OK(mqward_opener_init_down(&down_seed, device, sender, device_boot, opener));
    }
}

static void sealed_payloads(void)
{
    EACH(sealed_case, it, sealed_cases) {
        mqward_device device =
            device_of(STR(it->client_id), it->generation, it->hardware_id.at, it->hardware_id.len);
        mqward_sealer sealer;
        mqward_opener opener;
        mqward_login_stamper login;
        mqward_seal_stamper stamper;
        mqward_message message;
        mqward_header header;
        const uint32_t time = it->has_clock ? it->time_or_salt : 0;
        const size_t size = MQWARD_SEALED_LEN(it->payload.len);
        size_t len = 0;
        uint8_t *buf = block(size), *out = block(size);
        memset(&message, 0, sizeof message);
        pair_of(it->root, &device, it->up, it->sender, it->device_boot, &sealer, &opener);
        stampers_at(it->boot, it->count, it->sender, it->time_or_salt, &login, &stamper);
        if (it->payload.len) {
            memcpy(buf + MQWARD_HEADER_LEN, it->payload.at, it->payload.len);
        }
        OK(mqward_seal_in_place(&sealer, &stamper, it->message_class, STR(it->topic), time, buf, size, it->payload.len,
                                &len));
        CHECK(len == it->sealed.len);
        SAME(buf, it->sealed);
        stampers_at(it->boot, it->count, it->sender, it->time_or_salt, &login, &stamper);
        OK(mqward_seal(&sealer, &stamper, it->message_class, STR(it->topic), time, it->payload.at, it->payload.len, out,
                       size, &len));
        SAME(out, it->sealed);

        OK(mqward_header_parse(buf, size, &header));
        OK(mqward_open_in_place(&opener, STR(it->topic), buf, size, &message));
        CHECK(message.payload_len == it->payload.len);
        CHECK(it->payload.len == 0 || memcmp(message.payload, it->payload.at, it->payload.len) == 0);
        CHECK(memcmp(&header, &message.header, 15) == 0);
        CHECK(header.time == time && header.boot == it->boot && header.count == it->count);
        CHECK(header.message_class == it->message_class && header.sender == it->sender);
        CHECK(header.generation == it->generation);
        free(buf);
        free(out);
    }
    EACH(opening_case, it, opening_cases) {
        mqward_device device =
            device_of(STR(it->client_id), it->generation, it->hardware_id.at, it->hardware_id.len);
        mqward_sealer sealer;
        mqward_opener opener;
        mqward_message message;
        uint8_t *buf = copy_of(it->sealed.at, it->sealed.len);
        pair_of(it->root, &device, it->up, it->sender, it->device_boot, &sealer, &opener);
        EXPECT(it->status, mqward_open_in_place(&opener, STR(it->topic), buf, it->sealed.len, &message));
        if (it->status == MQWARD_OK) {
            CHECK(message.payload_len == it->payload.len);
            CHECK(it->payload.len == 0 || memcmp(message.payload, it->payload.at, it->payload.len) == 0);
        } else if (it->status == MQWARD_ERR_REFUSED) {
            CHECK(all(buf, it->sealed.len, 0));
        } else {
            CHECK(it->sealed.len == 0 || memcmp(buf, it->sealed.at, it->sealed.len) == 0);
        }
        free(buf);
    }
    EACH(shape_case, it, shape_cases) {
        bool shape = !it->sealed;
        OK(mqward_is_sealed_shape(it->payload.at, it->payload.len, it->retain != 0, &shape));
        CHECK(shape == (it->sealed != 0));
    }
}

static void cose_forms(void)
{
    EACH(cose_case, it, cose_pairs) {
        size_t len = 0;
        uint8_t *full = block(it->full.len), *back = block(it->sealed.len);
        CHECK(it->full.len <= MQWARD_COSE_MAX_LEN(it->sealed.len));
        OK(mqward_cose_expand(it->sealed.at, it->sealed.len, full, it->full.len, &len));
        CHECK(len == it->full.len);
        SAME(full, it->full);
        OK(mqward_cose_compact(full, len, back, it->sealed.len, &len));
        CHECK(len == it->sealed.len);
        SAME(back, it->sealed);
        free(full);
        free(back);
    }
    EACH(text_case, it, refused_full) {
        size_t len = 77;
        uint8_t *out = block(4096);
        CHECK(mqward_cose_compact(it->text.at, it->text.len, out, 4096, &len) < 0);
        CHECK(len == 77 && all(out, 4096, 0xaa));
        free(out);
    }
    EACH(text_case, it, refused_compact) {
        size_t len = 77;
        uint8_t *out = block(4096);
        EXPECT(MQWARD_ERR_FRAME, mqward_cose_expand(it->text.at, it->text.len, out, 4096, &len));
        CHECK(len == 77 && all(out, 4096, 0xaa));
        free(out);
    }
}

static void blobs(void)
{
    EACH(blob_case, it, blob_cases) {
        mqward_device device = device_of(STR(it->client_id), it->generation, NULL, 0);
        mqward_blob blob;
        size_t len = 0;
        uint8_t *out = block(it->blob.len);
        OK(mqward_blob_write(&device, &KEY(mqward_auth_seed, it->auth_seed), &KEY(mqward_up_seed, it->up_seed),
                             &KEY(mqward_down_seed, it->down_seed), out, it->blob.len, &len));
        CHECK(len == it->blob.len);
        SAME(out, it->blob);
        OK(mqward_blob_parse(out, len, &blob));
        CHECK(blob.device.client_id_len == it->client_id.len && blob.device.generation == it->generation);
        SAME(blob.device.client_id, it->client_id);
        SAME(blob.auth_seed.bytes, it->auth_seed);
        SAME(blob.up_seed.bytes, it->up_seed);
        SAME(blob.down_seed.bytes, it->down_seed);
        CHECK(blob.encoded_len == len);
        free(out);
    }
    EACH(text_case, it, refused_blobs) {
        mqward_blob blob;
        CHECK(mqward_blob_parse(it->text.at, it->text.len, &blob) < 0);
    }
    EACH(start_case, it, start_cases) {
        struct ram ram;
        mqward_storage storage = ram_storage(&ram);
        mqward_boot boot;
        uint32_t number = 0;
        memset(&ram, 0, sizeof ram);
        memcpy(ram.slots[0], it->slot_a.at, 16);
        memcpy(ram.slots[1], it->slot_b.at, 16);
        EXPECT(it->status, mqward_boot_start(&storage, &boot));
        SAME(ram.slots[0], it->after_a);
        SAME(ram.slots[1], it->after_b);
        if (it->status == MQWARD_OK) {
            OK(mqward_boot_number(&boot, &number));
            CHECK(number == it->boot && ram.writes > 0);
        } else {
            CHECK(ram.writes == 0);
        }
    }
}

static void topics(void)
{
    EACH(text_case, it, name_cases) {
        EXPECT(it->status, mqward_topic_name_check(STR(it->text)));
    }
    EACH(text_case, it, filter_cases) {
        EXPECT(it->status, mqward_topic_filter_check(STR(it->text)));
    }
    EACH(text_case, it, client_id_cases) {
        EXPECT(it->status, mqward_client_id_check(STR(it->text)));
    }
    EACH(subscription_case, it, subscription_cases) {
        const char *filter = NULL;
        size_t len = 0;
        OK(mqward_subscription_parse(STR(it->text), &filter, &len));
        CHECK(len == it->filter.len);
        SAME(filter, it->filter);
    }
    EACH(text_case, it, refused_subscriptions) {
        const char *filter = NULL;
        size_t len = 0;
        EXPECT(it->status, mqward_subscription_parse(STR(it->text), &filter, &len));
        CHECK(filter == NULL);
    }
    EACH(client_id_case, it, client_id_of) {
        const char *client_id = NULL;
        size_t len = 0;
        int32_t status = mqward_pattern_client_id(STR(it->pattern), STR(it->topic), &client_id, &len);
        EXPECT(it->client_id.len ? MQWARD_OK : MQWARD_ERR_NO_CLIENT_ID, status);
        CHECK(len == it->client_id.len && (len == 0 || memcmp(client_id, it->client_id.at, len) == 0));
    }
}

static void grid(const struct grid_case *rows, size_t filters, const struct bytes *names, size_t names_len)
{
    bool answer = false;
    for (size_t row = 0; row < filters; row++) {
        for (size_t column = 0; column < names_len; column++) {
            OK(mqward_topic_filter_matches(STR(rows[row].filter), STR(names[column]), &answer));
            CHECK(answer == (bit(rows[row].matches, column) != 0));
        }
        for (size_t column = 0; column < filters; column++) {
            OK(mqward_topic_filter_covers(STR(rows[row].filter), STR(rows[column].filter), &answer));
            CHECK(answer == (bit(rows[row].covers, column) != 0));
            OK(mqward_topic_filter_overlaps(STR(rows[row].filter), STR(rows[column].filter), &answer));
            CHECK(answer == (bit(rows[row].overlaps, column) != 0));
        }
    }
}

static mqward_role role_of(const struct rule_case *rule)
{
    mqward_role role;
    memset(&role, 0, sizeof role);
    role.prefix = (const char *)rule->prefix.at;
    role.prefix_len = rule->prefix.len;
    role.char_class = rule->char_class;
    role.min_len = rule->min_len;
    role.max_len = rule->max_len;
    return role;
}

/* Whether an id has the role, and whether two roles may stand beside each other. */
static void client_id_rules(void)
{
    const size_t rules = sizeof rule_cases / sizeof rule_cases[0];
    for (size_t row = 0; row < rules; row++) {
        mqward_role roles[2];
        mqward_role_memory memory[2];
        mqward_gate gate;
        mqward_verdict verdict;
        roles[0] = role_of(&rule_cases[row]);
        OK(mqward_gate_init(roles, 1, memory, 1, NULL, 0, &gate));
        for (size_t column = 0; column < sizeof rule_ids / sizeof rule_ids[0]; column++) {
            OK(mqward_gate_deliver(&gate, STR(rule_ids[column]), "t", 1, &verdict));
            CHECK((verdict.role == 0) == (bit(rule_cases[row].accepts, column) != 0));
        }
        for (size_t column = 0; column < rules; column++) {
            roles[1] = role_of(&rule_cases[column]);
            EXPECT(bit(rule_cases[row].overlaps, column) ? MQWARD_ERR_ROLES_OVERLAP : MQWARD_OK,
                   mqward_gate_init(roles, 2, memory, 2, NULL, 0, &gate));
        }
    }
}

/* One set of rules in a role that has every client id. */
static void acl_case(struct bytes client_id, const struct acl_rule *given, size_t given_len,
                     const struct acl_question *questions, size_t questions_len)
{
    mqward_rule rules[16];
    mqward_rule_memory rule_memory[16];
    mqward_role role;
    mqward_role_memory role_memory[1];
    mqward_gate gate;
    static const struct rule_case anyone = { { NULL, 0 }, { NULL, 0 }, { NULL, 0 }, MQWARD_WORD_DOT, 1, 255 };
    CHECK(given_len <= 16);
    for (size_t i = 0; i < given_len; i++) {
        rules[i].pattern = (const char *)given[i].pattern.at;
        rules[i].pattern_len = given[i].pattern.len;
        rules[i].effect = given[i].effect;
        rules[i].access = given[i].access;
        rules[i].sealed = given[i].sealed;
    }
    role = role_of(&anyone);
    role.prefix = (const char *)client_id.at;
    role.prefix_len = client_id.len;
    role.rules = rules;
    role.rules_len = given_len;
    role.limits.max_levels = role.limits.max_topic_len = 0xffff;
    OK(mqward_gate_init(&role, 1, role_memory, 1, rule_memory, 16, &gate));
    for (size_t i = 0; i < questions_len; i++) {
        const struct acl_question *it = &questions[i];
        mqward_verdict verdict;
        mqward_publish packet;
        memset(&verdict, 0, sizeof verdict);
        memset(&packet, 0, sizeof packet);
        packet.topic = (const char *)it->topic.at;
        packet.topic_len = it->topic.len;
        packet.payload = (const uint8_t *)"plain";
        packet.payload_len = 5;
        if (it->kind == 0) {
            OK(mqward_gate_subscribe(&gate, STR(client_id), STR(it->topic), &verdict));
        } else if (it->kind == 1) {
            OK(mqward_gate_publish(&gate, STR(client_id), &packet, &verdict));
            CHECK((verdict.reason == MQWARD_ERR_NOT_SEALED) == (it->allowed && it->sealed));
            if (it->allowed && it->sealed) {
                continue;
            }
        } else {
            OK(mqward_gate_deliver(&gate, STR(client_id), STR(it->topic), &verdict));
        }
        CHECK(verdict.allowed == (it->allowed != 0));
        CHECK((verdict.reason == MQWARD_OK) == verdict.allowed);
    }
}

static void patterns(void)
{
    EACH(text_case, it, pattern_cases) {
        const char *client_id = NULL;
        size_t len = 0;
        int32_t status = mqward_pattern_client_id(STR(it->text), "never/this/one", 14, &client_id, &len);
        CHECK((status == MQWARD_OK || status == MQWARD_ERR_NO_CLIENT_ID) == (it->status == MQWARD_OK));
    }
}

int main(void)
{
    key_tree();
    passwords();
    logins();
    sealed_payloads();
    cose_forms();
    blobs();
    topics();
    grids();
    client_id_rules();
    acl_cases();
    patterns();
    return failures != 0;
}
