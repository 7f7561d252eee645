/* lwIP with its raw API: one task owns it, so it needs no locks; TCP over IPv4 and nothing else. */
#ifndef LWIPOPTS_H
#define LWIPOPTS_H

#define NO_SYS 1
#define SYS_LIGHTWEIGHT_PROT 0
#define LWIP_NETCONN 0
#define LWIP_SOCKET 0

#define LWIP_IPV4 1
#define LWIP_IPV6 0
#define LWIP_ARP 1
#define LWIP_ICMP 1
#define LWIP_UDP 0
#define LWIP_RAW 0
#define LWIP_DHCP 0
#define IP_REASSEMBLY 0
#define IP_FRAG 0
#define LWIP_STATS 0

/* All memory is static. */
#define MEM_LIBC_MALLOC 0
#define MEMP_MEM_MALLOC 0
#define MEM_ALIGNMENT 4
#define MEM_SIZE 4096
#define PBUF_POOL_SIZE 8
#define PBUF_POOL_BUFSIZE 512
#define MEMP_NUM_TCP_PCB 3
#define MEMP_NUM_TCP_PCB_LISTEN 1
#define MEMP_NUM_SYS_TIMEOUT 8

#define TCP_MSS 536
#define TCP_WND (4 * TCP_MSS)
#define TCP_SND_BUF (2 * TCP_MSS)

/* The longest packet that is sent and the longest head of one that is received: topic and packet identifier. */
#define MQTT_OUTPUT_RINGBUF_SIZE 1024
#define MQTT_VAR_HEADER_BUFFER_LEN 256
#define MQTT_REQ_MAX_IN_FLIGHT 8
/* Seconds. */
#define MQTT_CYCLIC_TIMER_INTERVAL 5
#define MQTT_CONNECT_TIMOUT 10

#endif
