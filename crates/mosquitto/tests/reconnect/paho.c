/* paho's asynchronous client, reconnecting by itself: PORT BLOB BOOT_RECORD fresh|old */
#include <MQTTAsync.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "host.h"

/* From docs/firmware.md. */
int start_reconnecting(MQTTAsync client, struct device *device, MQTTAsync_connectOptions *options);

int main(int count, char **arguments)
{
    MQTTAsync client;
    MQTTAsync_connectOptions options = MQTTAsync_connectOptions_initializer;
    char address[64], password[MQWARD_PASSWORD_SIZE];
    if (count != 5)
        return 2;
    struct device *device = host_start(arguments[2], arguments[3]);
    snprintf(address, sizeof address, "tcp://127.0.0.1:%s", arguments[1]);
    if (MQTTAsync_create(&client, address, device->id, MQTTCLIENT_PERSISTENCE_NONE, NULL) != MQTTASYNC_SUCCESS
        || device_password(device, clock_now(), password) != MQWARD_OK)
        return 1;
    options.username = device->id;
    options.password = password;
    options.maxRetryInterval = 1;
    if (start_reconnecting(client, device, &options) != MQTTASYNC_SUCCESS)
        return 1;
    if (strcmp(arguments[4], "old") == 0)
        MQTTAsync_setUpdateConnectOptions(client, NULL, NULL);
    if (MQTTAsync_connect(client, &options) != MQTTASYNC_SUCCESS)
        return 1;
    /* Longer than the test, which ends this program. */
    sleep(60);
    return 0;
}
