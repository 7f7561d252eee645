/* Driver of the SMSC LAN9118: frames go through its FIFOs, reception interrupts, sending does not. */
#include "ethernet.h"

#include "lwip/etharp.h"
#include "lwip/pbuf.h"
#include "netif/ethernet.h"

#include "FreeRTOS.h"

/* Registers: LAN9118 data sheet, chapter 5. */
#define REGISTER(offset) (*(volatile uint32_t *)(0x40200000u + (offset)))
#define RX_DATA_FIFO REGISTER(0x00)
#define TX_DATA_FIFO REGISTER(0x20)
#define RX_STATUS_FIFO REGISTER(0x40)
#define TX_STATUS_FIFO REGISTER(0x48)
#define IRQ_CFG REGISTER(0x54)
#define INT_STS REGISTER(0x58)
#define INT_EN REGISTER(0x5c)
#define BYTE_TEST REGISTER(0x64)
#define FIFO_INT REGISTER(0x68)
#define TX_CFG REGISTER(0x70)
#define HW_CFG REGISTER(0x74)
#define RX_FIFO_INF REGISTER(0x7c)
#define TX_FIFO_INF REGISTER(0x80)
#define MAC_CSR_CMD REGISTER(0xa4)
#define MAC_CSR_DATA REGISTER(0xa8)
#define E2P_CMD REGISTER(0xb0)

/* An interrupt line that is push-pull, active high and enabled. */
#define IRQ_CFG_HIGH (1u << 8 | 1u << 4 | 1u)
/* More frames wait than FIFO_INT says. */
#define INT_RX_STATUS_LEVEL (1u << 3)
#define TX_CFG_ON (1u << 1)
/* A bit that must be one, and 5 of 16 KiB for sending. */
#define HW_CFG_FIFOS (1u << 20 | 5u << 16)
#define HW_CFG_RESET 1u
#define E2P_BUSY (1u << 31)
#define MAC_CSR_BUSY (1u << 31)
#define MAC_CSR_READ (1u << 30)
#define MAC_CR 1
#define MAC_CR_ON (1u << 3 | 1u << 2)
#define MAC_ADDRESS_HIGH 2
#define MAC_ADDRESS_LOW 3
/* First and last segment of a frame at once. */
#define TX_WHOLE_FRAME (1u << 13 | 1u << 12)
#define RX_ERROR (1u << 15)
#define CRC_LEN 4

/* Armv7-M: B3.4, the interrupt controller. */
#define NVIC_ISER0 (*(volatile uint32_t *)0xe000e100u)
#define NVIC_IPR ((volatile uint8_t *)0xe000e400u)
#define ETHERNET_INTERRUPT 13

#define MTU 1500
#define FRAME_WORDS ((MTU + 14 + CRC_LEN + 3) / 4)

void ethernet_interrupt(void);

static uint8_t mac[ETHERNET_ADDRESS_LEN];

static uint32_t mac_read(uint32_t index)
{
    MAC_CSR_CMD = MAC_CSR_BUSY | MAC_CSR_READ | index;
    while (MAC_CSR_CMD & MAC_CSR_BUSY) {
    }
    return MAC_CSR_DATA;
}

static void mac_write(uint32_t index, uint32_t value)
{
    MAC_CSR_DATA = value;
    MAC_CSR_CMD = MAC_CSR_BUSY | index;
    while (MAC_CSR_CMD & MAC_CSR_BUSY) {
    }
}

int ethernet_start(uint8_t address[ETHERNET_ADDRESS_LEN])
{
    if (BYTE_TEST != 0x87654321)
        return -1;
    HW_CFG = HW_CFG_RESET;
    while (HW_CFG & HW_CFG_RESET) {
    }
    while (E2P_CMD & E2P_BUSY) {
    }
    HW_CFG = HW_CFG_FIFOS;
    const uint32_t low = mac_read(MAC_ADDRESS_LOW), high = mac_read(MAC_ADDRESS_HIGH);
    for (int i = 0; i < ETHERNET_ADDRESS_LEN; i++)
        mac[i] = (uint8_t)(i < 4 ? low >> 8 * i : high >> 8 * (i - 4));
    for (int i = 0; i < ETHERNET_ADDRESS_LEN; i++)
        address[i] = mac[i];
    return 0;
}

/* Sends one frame; lwIP sends it again later if the FIFO is full. */
static err_t send(struct netif *netif, struct pbuf *frame)
{
    static uint32_t words[FRAME_WORDS];
    (void)netif;
    while (TX_FIFO_INF >> 16 & 0xff)
        (void)TX_STATUS_FIFO;
    if (frame->tot_len > sizeof words)
        return ERR_BUF;
    if ((TX_FIFO_INF & 0xffff) < frame->tot_len + 16u)
        return ERR_MEM;
    pbuf_copy_partial(frame, words, frame->tot_len, 0);
    TX_DATA_FIFO = TX_WHOLE_FRAME | frame->tot_len;
    TX_DATA_FIFO = (uint32_t)frame->tot_len << 16 | frame->tot_len;
    for (int i = 0; i < (frame->tot_len + 3) / 4; i++)
        TX_DATA_FIFO = words[i];
    return ERR_OK;
}

err_t ethernet_init(struct netif *netif)
{
    netif->name[0] = 'e';
    netif->name[1] = 'n';
    netif->mtu = MTU;
    netif->hwaddr_len = ETHERNET_ADDRESS_LEN;
    for (int i = 0; i < ETHERNET_ADDRESS_LEN; i++)
        netif->hwaddr[i] = mac[i];
    netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET;
    netif->output = etharp_output;
    netif->linkoutput = send;

    TX_CFG = TX_CFG_ON;
    mac_write(MAC_CR, MAC_CR_ON);
    FIFO_INT = 0;
    INT_STS = ~0u;
    INT_EN = INT_RX_STATUS_LEVEL;
    IRQ_CFG = IRQ_CFG_HIGH;
    NVIC_IPR[ETHERNET_INTERRUPT] = configMAX_SYSCALL_INTERRUPT_PRIORITY;
    NVIC_ISER0 = 1u << ETHERNET_INTERRUPT;
    return ERR_OK;
}

static void receive_frame(struct netif *netif)
{
    static uint32_t words[FRAME_WORDS];
    const uint32_t status = RX_STATUS_FIFO;
    const uint32_t len = status >> 16 & 0x3fff;
    for (uint32_t i = 0; i < (len + 3) / 4; i++) {
        const uint32_t word = RX_DATA_FIFO;
        if (i < FRAME_WORDS)
            words[i] = word;
    }
    if (status & RX_ERROR || len <= CRC_LEN || len > sizeof words)
        return;
    struct pbuf *frame = pbuf_alloc(PBUF_RAW, (u16_t)(len - CRC_LEN), PBUF_POOL);
    /* Without room the frame is lost, and TCP sends it again. */
    if (frame == NULL)
        return;
    if (pbuf_take(frame, words, frame->tot_len) != ERR_OK || netif->input(frame, netif) != ERR_OK)
        pbuf_free(frame);
}

void ethernet_receive(struct netif *netif)
{
    while (RX_FIFO_INF >> 16 & 0xff) {
        INT_STS = INT_RX_STATUS_LEVEL;
        receive_frame(netif);
    }
    INT_EN = INT_RX_STATUS_LEVEL;
}

/* Silent until the frames were fetched. */
void ethernet_interrupt(void)
{
    INT_EN = 0;
    ethernet_arrived();
}
