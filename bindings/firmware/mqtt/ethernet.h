/* The board's Ethernet, a LAN9118, as an lwIP network interface. */
#ifndef ETHERNET_H
#define ETHERNET_H

#include "lwip/netif.h"

#define ETHERNET_ADDRESS_LEN 6

/* Resets the chip and reads the MAC address that it loaded from its EEPROM. Returns 0 for success. */
int ethernet_start(uint8_t address[ETHERNET_ADDRESS_LEN]);

/* For netif_add. */
err_t ethernet_init(struct netif *netif);

/* Hands every received frame to lwIP, then lets the next one interrupt. */
void ethernet_receive(struct netif *netif);

/* Called by the interrupt: the program wakes whoever calls ethernet_receive. */
void ethernet_arrived(void);

#endif
