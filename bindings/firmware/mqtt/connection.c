/* MQTT by lwIP's client, with a password minted for each attempt and payloads sealed in the buffer they are sent from. */
#include "connection.h"

#include <string.h>

#include "lwip/apps/mqtt.h"
#include "lwip/apps/mqtt_priv.h"
#include "lwip/timeouts.h"

#include "machine.h"
#include "print.h"

#define FIRMWARE "firmware 0.1.0"
#define KEEP_ALIVE_SECS 30
#define AT_LEAST_ONCE 1
/* The first pause before another attempt, doubled up to the longest. */
#define FIRST_PAUSE_MS 500
#define LONGEST_PAUSE_MS 30000

static struct {
    struct device *device;
    const struct settings *settings;
    mqtt_client_t client;
    char command_topic[DEVICE_TOPIC_SIZE];
    uint32_t pause_ms;
    bool is_up;
    /* The command that is arriving. One that is too long or on another topic is passed over. */
    uint8_t command[MQWARD_SEALED_LEN(DEVICE_PAYLOAD_MAX_LEN)];
    size_t command_len;
    bool passed_over;
} connection;

static void connect(void *unused);

static uint32_t now(void)
{
    return connection.settings->has_clock ? device_time(connection.device, board_time()) : 0;
}

/* A fleet that lost its broker must not come back in one moment: half of each pause is random. */
static void connect_later(void)
{
    const uint32_t half = connection.pause_ms / 2;
    sys_untimeout(connect, NULL);
    sys_timeout(half + board_random() % half, connect, NULL);
    connection.pause_ms = LWIP_MIN(2 * connection.pause_ms, LONGEST_PAUSE_MS);
}

static void on_acknowledged(void *what, err_t error)
{
    board_print(error == ERR_OK ? "acknowledged: " : "lost: ");
    board_print(what);
    board_print("\n");
}

/* Seals `len` bytes and publishes them as "tx/<id>/<name>"; `name` must last. */
static void publish(const char *name, uint8_t message_class, const void *payload, size_t len)
{
    char topic[DEVICE_TOPIC_SIZE];
    uint8_t buf[MQWARD_SEALED_LEN(DEVICE_PAYLOAD_MAX_LEN)];
    size_t sealed_len;
    const u8_t retain = message_class == MQWARD_CLASS_RETAINED;
    if (len > DEVICE_PAYLOAD_MAX_LEN)
        return;
    device_topic(connection.device, "tx/", name, topic);
    memcpy(buf + MQWARD_HEADER_LEN, payload, len);
    const int32_t status =
        device_seal(connection.device, message_class, topic, now(), buf, sizeof buf, len, &sealed_len);
    /* The counts of a boot have an end; the next boot has new ones. */
    if (status != MQWARD_OK)
        board_failed(mqward_status_str(status));
    if (mqtt_publish(&connection.client, topic, buf, (u16_t)sealed_len, AT_LEAST_ONCE, retain, on_acknowledged,
                     (void *)(uintptr_t)name)
        != ERR_OK)
        on_acknowledged((void *)(uintptr_t)name, ERR_MEM);
}

static void obey(void)
{
    const uint8_t *payload;
    size_t len;
    switch (device_open(connection.device, connection.command_topic, now(), connection.command,
                        connection.command_len, &payload, &len)) {
    case COMMAND_FRESH:
        print_hex("command: ", payload, len);
        publish("done", MQWARD_CLASS_LIVE, payload, len);
        break;
    case COMMAND_AGAIN:
        board_print("command again: dropped\n");
        break;
    case COMMAND_STALE:
        board_print("command too old: dropped\n");
        break;
    case COMMAND_REFUSED:
        board_print("command refused\n");
        break;
    }
}

/* A PUBLISH begins; lwIP ends the topic with NUL. */
static void on_publish(void *unused, const char *topic, u32_t len)
{
    (void)unused;
    connection.command_len = 0;
    connection.passed_over = len > sizeof connection.command || strcmp(topic, connection.command_topic) != 0;
}

/* A piece of its payload. lwIP acknowledges the PUBLISH after the last one. */
static void on_payload(void *unused, const u8_t *piece, u16_t len, u8_t flags)
{
    (void)unused;
    if (connection.passed_over || len > sizeof connection.command - connection.command_len)
        return;
    memcpy(connection.command + connection.command_len, piece, len);
    connection.command_len += len;
    if (flags & MQTT_DATA_FLAG_LAST)
        obey();
}

/* lwIP tells nobody of a connection that is ended from here. */
static void start_over(void *unused)
{
    (void)unused;
    mqtt_disconnect(&connection.client);
    connect_later();
}

static void on_subscribed(void *unused, err_t error)
{
    (void)unused;
    if (error != ERR_OK) {
        board_print("not subscribed\n");
        sys_timeout(0, start_over, NULL);
        return;
    }
    connection.is_up = true;
    publish("birth", MQWARD_CLASS_RETAINED, FIRMWARE, sizeof FIRMWARE - 1);
}

static void on_connection(mqtt_client_t *client, void *unused, mqtt_connection_status_t status)
{
    (void)unused;
    connection.is_up = false;
    if (status == MQTT_CONNECT_ACCEPTED) {
        board_print("logged in\n");
        connection.pause_ms = FIRST_PAUSE_MS;
        if (mqtt_subscribe(client, connection.command_topic, AT_LEAST_ONCE, on_subscribed, NULL) != ERR_OK)
            on_subscribed(NULL, ERR_MEM);
        return;
    }
    print_number("not connected: ", status);
    connect_later();
}

static void connect(void *unused)
{
    char password[MQWARD_PASSWORD_SIZE];
    ip_addr_t broker;
    (void)unused;
    const uint8_t *address = connection.settings->broker;
    IP_ADDR4(&broker, address[0], address[1], address[2], address[3]);
    /* Anew for every attempt, a failed one included: whoever heard the last one has nothing. */
    const int32_t status = device_password(connection.device, now(), password);
    if (status != MQWARD_OK)
        board_failed(mqward_status_str(status));
    const struct mqtt_connect_client_info_t login = {
        .client_id = connection.device->id,
        .client_user = connection.device->id,
        .client_pass = password,
        .keep_alive = KEEP_ALIVE_SECS,
    };
    if (mqtt_client_connect(&connection.client, &broker, connection.settings->port, on_connection, NULL, &login)
        != ERR_OK)
        connect_later();
    else
        mqtt_set_inpub_callback(&connection.client, on_publish, on_payload, NULL);
    mqward_wipe(password, sizeof password);
}

void connection_start(struct device *device, const struct settings *settings)
{
    connection.device = device;
    connection.settings = settings;
    connection.pause_ms = FIRST_PAUSE_MS;
    device_topic(device, "rx/", "cmd", connection.command_topic);
    connect(NULL);
}

bool connection_is_up(void)
{
    return connection.is_up;
}

void connection_report(const char *measurement)
{
    publish("t", MQWARD_CLASS_LIVE, measurement, strlen(measurement));
}
