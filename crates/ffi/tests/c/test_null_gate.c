/* The functions of topics and of the gate with NULL, zero lengths, absurd lengths, misaligned and overlapping structs. */
#include "check.h"

#define NOW 1767225600u
#define HUGE_LEN ((size_t)-1)

/* An address inside `object` that no struct may have. */
#define MISALIGNED(type, object) ((type *)(void *)((char *)(void *)&(object) + 1))

static void topics(void)
{
    bool answer = true;
    const char *text = NULL;
    size_t len = 77;
    EXPECT(MQWARD_ERR_EMPTY, mqward_topic_name_check(NULL, 0));
    EXPECT(MQWARD_ERR_NULL, mqward_topic_name_check(NULL, 1));
    EXPECT(MQWARD_ERR_LENGTH, mqward_topic_name_check("a", HUGE_LEN));
    EXPECT(MQWARD_ERR_EMPTY, mqward_topic_filter_check(NULL, 0));
    EXPECT(MQWARD_ERR_NULL, mqward_topic_filter_check(NULL, 1));
    EXPECT(MQWARD_ERR_EMPTY, mqward_client_id_check(NULL, 0));
    EXPECT(MQWARD_ERR_NULL, mqward_client_id_check(NULL, 1));
    EXPECT(MQWARD_ERR_EMPTY, mqward_subscription_parse(NULL, 0, &text, &len));
    EXPECT(MQWARD_ERR_NULL, mqward_subscription_parse(NULL, 1, &text, &len));
    EXPECT(MQWARD_ERR_NULL, mqward_subscription_parse("a", 1, NULL, &len));
    EXPECT(MQWARD_ERR_NULL, mqward_subscription_parse("a", 1, &text, NULL));
    EXPECT(MQWARD_ERR_EMPTY, mqward_topic_filter_matches(NULL, 0, "a", 1, &answer));
    EXPECT(MQWARD_ERR_NULL, mqward_topic_filter_matches(NULL, 1, "a", 1, &answer));
    EXPECT(MQWARD_ERR_NULL, mqward_topic_filter_matches("a", 1, NULL, 1, &answer));
    EXPECT(MQWARD_ERR_NULL, mqward_topic_filter_matches("a", 1, "a", 1, NULL));
    EXPECT(MQWARD_ERR_NULL, mqward_topic_filter_covers(NULL, 1, "a", 1, &answer));
    EXPECT(MQWARD_ERR_NULL, mqward_topic_filter_covers("a", 1, NULL, 1, &answer));
    EXPECT(MQWARD_ERR_NULL, mqward_topic_filter_covers("a", 1, "a", 1, NULL));
    EXPECT(MQWARD_ERR_NULL, mqward_topic_filter_overlaps(NULL, 1, "a", 1, &answer));
    EXPECT(MQWARD_ERR_NULL, mqward_topic_filter_overlaps("a", 1, NULL, 1, &answer));
    EXPECT(MQWARD_ERR_NULL, mqward_topic_filter_overlaps("a", 1, "a", 1, NULL));
    EXPECT(MQWARD_ERR_NULL, mqward_pattern_client_id(NULL, 1, "a", 1, &text, &len));
    EXPECT(MQWARD_ERR_NULL, mqward_pattern_client_id("%c", 2, NULL, 1, &text, &len));
    EXPECT(MQWARD_ERR_NULL, mqward_pattern_client_id("%c", 2, "a", 1, NULL, &len));
    EXPECT(MQWARD_ERR_NULL, mqward_pattern_client_id("%c", 2, "a", 1, &text, NULL));
    CHECK(answer && text == NULL && len == 77);
}

static void gates(void)
{
    mqward_rule rules[1];
    mqward_role role, bad;
    mqward_role_memory role_memory[2];
    mqward_rule_memory rule_memory[2];
    mqward_gate gate[2];
    mqward_connect packet;
    mqward_publish publish;
    mqward_verifier verifier;
    mqward_verdict verdict;
    memset(gate, 0, sizeof gate);
    memset(&role, 0, sizeof role);
    memset(rules, 0, sizeof rules);
    memset(&packet, 0, sizeof packet);
    memset(&publish, 0, sizeof publish);
    memset(&verifier, 0, sizeof verifier);
    memset(&verdict, 0x55, sizeof verdict);
    rules[0].pattern = "tx/%c/#";
    rules[0].pattern_len = 7;
    rules[0].effect = MQWARD_ALLOW;
    rules[0].access = MQWARD_PUBLISH;
    role.rules = rules;
    role.rules_len = 1;
    role.char_class = MQWARD_WORD;
    role.min_len = 1;
    role.max_len = 64;

    EXPECT(MQWARD_ERR_STATE, mqward_gate_connect(gate, &packet, &verdict));
    EXPECT(MQWARD_ERR_NULL, mqward_gate_init(NULL, 1, role_memory, 2, rule_memory, 2, gate));
    EXPECT(MQWARD_ERR_NULL, mqward_gate_init(&role, 1, NULL, 2, rule_memory, 2, gate));
    EXPECT(MQWARD_ERR_NULL, mqward_gate_init(&role, 1, role_memory, 2, NULL, 2, gate));
    EXPECT(MQWARD_ERR_NULL, mqward_gate_init(&role, 1, role_memory, 2, rule_memory, 2, NULL));
    EXPECT(MQWARD_ERR_LENGTH, mqward_gate_init(&role, 1, role_memory, HUGE_LEN, NULL, 0, gate));
    EXPECT(MQWARD_ERR_BUFFER_TOO_SMALL, mqward_gate_init(&role, 1, NULL, 0, rule_memory, 2, gate));
    EXPECT(MQWARD_ERR_BUFFER_TOO_SMALL, mqward_gate_init(&role, 1, role_memory, 2, NULL, 0, gate));
    EXPECT(MQWARD_ERR_ALIGNMENT,
           mqward_gate_init(&role, 1, MISALIGNED(mqward_role_memory, role_memory[0]), 1, rule_memory, 2, gate));
    EXPECT(MQWARD_ERR_OVERLAP, mqward_gate_init(&role, 1, role_memory, 2, (mqward_rule_memory *)(void *)role_memory, 1,
                                                gate));
    EXPECT(MQWARD_ERR_OVERLAP,
           mqward_gate_init(&role, 1, (mqward_role_memory *)(void *)&role, 1, rule_memory, 2, gate));
#define REFUSED(status, change)                                                                                        \
    do {                                                                                                               \
        bad = role;                                                                                                    \
        change;                                                                                                        \
        EXPECT(status, mqward_gate_init(&bad, 1, role_memory, 2, rule_memory, 2, gate));                               \
    } while (0)
    REFUSED(MQWARD_ERR_NULL, bad.name_len = 1);
    REFUSED(MQWARD_ERR_NULL, bad.prefix_len = 1);
    REFUSED(MQWARD_ERR_NULL, bad.rules = NULL);
    REFUSED(MQWARD_ERR_LENGTH, bad.rules_len = HUGE_LEN / 8);
    REFUSED(MQWARD_ERR_CLIENT_ID_RULE, bad.min_len = 65);
    REFUSED(MQWARD_ERR_PARAM, bad.char_class = 0);
    REFUSED(MQWARD_ERR_PARAM, bad.char_class = 6);
    REFUSED(MQWARD_ERR_PARAM, bad.authentication = 2);
    REFUSED(MQWARD_ERR_PARAM, bad.on_refuse = 3);
    rules[0].effect = 2;
    REFUSED(MQWARD_ERR_PARAM, bad = role);
    rules[0].effect = 0;
    rules[0].access = 0;
    REFUSED(MQWARD_ERR_PARAM, bad = role);
    rules[0].access = 1;
    rules[0].pattern = "tx/%d/#";
    REFUSED(MQWARD_ERR_PLACEHOLDER, bad = role);
    rules[0].pattern = NULL;
    REFUSED(MQWARD_ERR_NULL, bad = role);
    rules[0].pattern_len = 0;
    REFUSED(MQWARD_ERR_EMPTY, bad = role);
    rules[0].pattern = "tx/%c/#";
    rules[0].pattern_len = 7;
    {
        mqward_role twice[2];
        twice[0] = twice[1] = role;
        EXPECT(MQWARD_ERR_ROLES_OVERLAP, mqward_gate_init(twice, 2, role_memory, 2, rule_memory, 2, gate));
    }
    EXPECT(MQWARD_ERR_STATE, mqward_gate_connect(gate, &packet, &verdict));

    OK(mqward_gate_init(&role, 1, role_memory, 1, rule_memory, 1, gate));
    EXPECT(MQWARD_ERR_NULL, mqward_gate_connect(NULL, &packet, &verdict));
    EXPECT(MQWARD_ERR_NULL, mqward_gate_connect(gate, NULL, &verdict));
    EXPECT(MQWARD_ERR_NULL, mqward_gate_connect(gate, &packet, NULL));
    packet.client_id_len = 1;
    EXPECT(MQWARD_ERR_NULL, mqward_gate_connect(gate, &packet, &verdict));
    packet.client_id = "d";
    packet.has_user_name = 1;
    packet.user_name_len = 1;
    EXPECT(MQWARD_ERR_NULL, mqward_gate_connect(gate, &packet, &verdict));
    packet.user_name = "d";
    packet.has_password = 2;
    packet.password_len = 39;
    EXPECT(MQWARD_ERR_NULL, mqward_gate_connect(gate, &packet, &verdict));
    packet.has_password = 0;
    packet.has_will = 1;
    packet.will.topic_len = 1;
    EXPECT(MQWARD_ERR_NULL, mqward_gate_connect(gate, &packet, &verdict));
    packet.will.topic_len = 0;
    packet.will.payload_len = 1;
    EXPECT(MQWARD_ERR_NULL, mqward_gate_connect(gate, &packet, &verdict));
    packet.has_will = 0;
    EXPECT(MQWARD_ERR_NULL, mqward_gate_login(NULL, &packet, &verifier, NOW, &verdict));
    EXPECT(MQWARD_ERR_NULL, mqward_gate_login(gate, NULL, &verifier, NOW, &verdict));
    EXPECT(MQWARD_ERR_NULL, mqward_gate_login(gate, &packet, NULL, NOW, &verdict));
    EXPECT(MQWARD_ERR_TIME, mqward_gate_login(gate, &packet, &verifier, 0, &verdict));
    EXPECT(MQWARD_ERR_NULL, mqward_gate_login(gate, &packet, &verifier, NOW, NULL));
    EXPECT(MQWARD_ERR_NULL, mqward_gate_publish(NULL, "d", 1, &publish, &verdict));
    EXPECT(MQWARD_ERR_NULL, mqward_gate_publish(gate, NULL, 1, &publish, &verdict));
    EXPECT(MQWARD_ERR_NULL, mqward_gate_publish(gate, "d", 1, NULL, &verdict));
    EXPECT(MQWARD_ERR_NULL, mqward_gate_publish(gate, "d", 1, &publish, NULL));
    EXPECT(MQWARD_ERR_NULL, mqward_gate_subscribe(NULL, "d", 1, "a", 1, &verdict));
    EXPECT(MQWARD_ERR_NULL, mqward_gate_subscribe(gate, NULL, 1, "a", 1, &verdict));
    EXPECT(MQWARD_ERR_NULL, mqward_gate_subscribe(gate, "d", 1, NULL, 1, &verdict));
    EXPECT(MQWARD_ERR_NULL, mqward_gate_subscribe(gate, "d", 1, "a", 1, NULL));
    EXPECT(MQWARD_ERR_NULL, mqward_gate_subscribe_count(NULL, "d", 1, 1, &verdict));
    EXPECT(MQWARD_ERR_NULL, mqward_gate_subscribe_count(gate, NULL, 1, 1, &verdict));
    EXPECT(MQWARD_ERR_NULL, mqward_gate_subscribe_count(gate, "d", 1, 1, NULL));
    EXPECT(MQWARD_ERR_NULL, mqward_gate_deliver(NULL, "d", 1, "a", 1, &verdict));
    EXPECT(MQWARD_ERR_NULL, mqward_gate_deliver(gate, NULL, 1, "a", 1, &verdict));
    EXPECT(MQWARD_ERR_NULL, mqward_gate_deliver(gate, "d", 1, NULL, 1, &verdict));
    EXPECT(MQWARD_ERR_NULL, mqward_gate_deliver(gate, "d", 1, "a", 1, NULL));
    EXPECT(MQWARD_ERR_NULL, mqward_verdict_refuse_login(0, 0, NULL));
    CHECK(all((const uint8_t *)&verdict, sizeof verdict, 0x55)); /* no error wrote a verdict */

    /* Empty is not NULL: it is judged, and refused. */
    OK(mqward_gate_subscribe(gate, NULL, 0, NULL, 0, &verdict));
    CHECK(!verdict.allowed && verdict.close && verdict.reason == MQWARD_ERR_EMPTY);
    OK(mqward_gate_publish(gate, "d", 1, &publish, &verdict));
    CHECK(!verdict.allowed && verdict.reason == MQWARD_ERR_EMPTY);
}

int main(void)
{
    topics();
    gates();
    return failures != 0;
}
