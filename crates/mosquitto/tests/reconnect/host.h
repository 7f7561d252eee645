/* The device of bindings/firmware/mqtt on a host: its flash is the files that provisioning writes. */
#ifndef HOST_H
#define HOST_H

#include "device.h"

/* Starts the device from its blob and its boot record; ends the program if it cannot. */
struct device *host_start(const char *blob, const char *boot_record);

/* What docs/firmware.md asks of the firmware: the time that may be stamped. */
uint32_t clock_now(void);

#endif
