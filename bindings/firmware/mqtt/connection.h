/* The device's connection to its broker: it logs in, comes back when it is lost, publishes and obeys what is sealed. */
#ifndef CONNECTION_H
#define CONNECTION_H

#include "device.h"

/* Begins to connect and never gives up. Both arguments stay in use. Everything here runs in the task that runs lwIP. */
void connection_start(struct device *device, const struct settings *settings);

/* Whether the device is logged in and subscribed. */
bool connection_is_up(void);

/* Seals a measurement and publishes it. */
void connection_report(const char *measurement);

#endif
