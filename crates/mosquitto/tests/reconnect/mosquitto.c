/* libmosquitto, reconnecting by itself: PORT BLOB BOOT_RECORD fresh|old */
#include <mosquitto.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host.h"

/* From docs/firmware.md. */
int log_in(struct mosquitto *mosquitto, struct device *device, const char *broker, int port);

int main(int count, char **arguments)
{
    if (count != 5 || mosquitto_lib_init() != MOSQ_ERR_SUCCESS)
        return 2;
    struct device *device = host_start(arguments[2], arguments[3]);
    struct mosquitto *client = mosquitto_new(device->id, true, NULL);
    if (client == NULL || log_in(client, device, "127.0.0.1", atoi(arguments[1])) != MOSQ_ERR_SUCCESS)
        return 1;
    if (strcmp(arguments[4], "old") == 0)
        mosquitto_disconnect_callback_set(client, NULL);
    /* Longer than the test, which ends this program. */
    alarm(60);
    return mosquitto_loop_forever(client, -1, 1);
}
