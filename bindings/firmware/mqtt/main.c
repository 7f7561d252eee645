/*
 * A device that speaks MQTT: FreeRTOS, lwIP and mqward.
 *
 * Two tasks. One measures; the other has the network, the keys and the counters to itself, so that none of them needs a
 * lock. It sleeps until a frame arrives, a measurement is there, or a timer of lwIP is due.
 */
#include "FreeRTOS.h"
#include "queue.h"
#include "task.h"

#include "lwip/init.h"
#include "lwip/netif.h"
#include "lwip/timeouts.h"
#include "netif/ethernet.h"

#include "connection.h"
#include "device.h"
#include "ethernet.h"
#include "flash.h"
#include "machine.h"
#include "print.h"
#include "settings.h"

#define NETWORK_PRIORITY 2
#define SENSOR_PRIORITY 1
#define NETWORK_STACK_WORDS 1024
#define SENSOR_STACK_WORDS 128
#define MEASURE_EVERY pdMS_TO_TICKS(2000)
#define WAITING_MEASUREMENTS 4

/* A temperature in tenths of a degree. */
typedef int16_t measurement_t;

static TaskHandle_t network_task;
static QueueHandle_t measurements;

/* Tells lwIP the time. */
uint32_t sys_now(void)
{
    return xTaskGetTickCount() * portTICK_PERIOD_MS;
}

void vApplicationStackOverflowHook(TaskHandle_t task, char *name)
{
    (void)task;
    board_failed(name);
}

/* Called by the interrupt of the Ethernet controller. */
void ethernet_arrived(void)
{
    BaseType_t switch_task = pdFALSE;
    vTaskNotifyGiveFromISR(network_task, &switch_task);
    portYIELD_FROM_ISR(switch_task);
}

static void measure(void *unused)
{
    (void)unused;
    for (measurement_t tenths = 215;; tenths = tenths < 240 ? tenths + 1 : 215) {
        /* A full queue means that the network is away: the newest measurement is dropped. */
        if (xQueueSend(measurements, &tenths, 0) == pdPASS)
            xTaskNotifyGive(network_task);
        vTaskDelay(MEASURE_EVERY);
    }
}

/* Prints how many bytes of this task's stack were never used, whenever there are fewer. */
static void watch_stack(void)
{
    static UBaseType_t least = NETWORK_STACK_WORDS;
    const UBaseType_t left = uxTaskGetStackHighWaterMark(NULL);
    if (left < least) {
        least = left;
        print_number("stack left ", left * sizeof(StackType_t));
    }
}

static void report_measurements(void)
{
    measurement_t tenths;
    while (connection_is_up() && xQueueReceive(measurements, &tenths, 0) == pdPASS) {
        const char text[] = {(char)('0' + tenths / 100), (char)('0' + tenths / 10 % 10), '.',
                             (char)('0' + tenths % 10), 0};
        connection_report(text);
        watch_stack();
    }
}

/* Who this is, which boot it is, and the keys; whatever is wrong here is for the service desk. */
static void start_device(struct device *device, struct settings *settings)
{
    uint8_t hardware_id[ETHERNET_ADDRESS_LEN];
    if (ethernet_start(hardware_id) != 0)
        board_failed("no Ethernet controller");
    if (flash_open() != 0 || settings_read(settings) != 0)
        board_failed("no settings");
    const int32_t status = device_start(device, hardware_id, settings);
    if (status != MQWARD_OK)
        board_failed(mqward_status_str(status));
    board_random_seed(device->boot_number ^ (uint32_t)hardware_id[5] << 24 ^ (uint32_t)hardware_id[4] << 16);
    board_print("client ");
    board_print(device->id);
    print_number("\nboot ", device->boot_number);
}

/* The addresses of the emulator's user-mode network. A product would ask DHCP. */
static void start_network(struct netif *netif)
{
    ip4_addr_t address, mask, gateway;
    IP4_ADDR(&address, 10, 0, 2, 15);
    IP4_ADDR(&mask, 255, 255, 255, 0);
    IP4_ADDR(&gateway, 10, 0, 2, 2);
    lwip_init();
    netif_add(netif, &address, &mask, &gateway, NULL, ethernet_init, ethernet_input);
    netif_set_default(netif);
    netif_set_link_up(netif);
    netif_set_up(netif);
}

static void run_network(void *unused)
{
    static struct device device;
    static struct settings settings;
    static struct netif netif;
    (void)unused;
    start_device(&device, &settings);
    start_network(&netif);
    connection_start(&device, &settings);
    for (;;) {
        ethernet_receive(&netif);
        sys_check_timeouts();
        report_measurements();
        const uint32_t sleep_ms = sys_timeouts_sleeptime();
        ulTaskNotifyTake(pdTRUE, sleep_ms == SYS_TIMEOUTS_SLEEPTIME_INFINITE ? portMAX_DELAY : pdMS_TO_TICKS(sleep_ms));
    }
}

int main(void)
{
    static StaticTask_t network, sensor;
    static StackType_t network_stack[NETWORK_STACK_WORDS], sensor_stack[SENSOR_STACK_WORDS];
    static StaticQueue_t queue;
    static uint8_t queue_storage[WAITING_MEASUREMENTS * sizeof(measurement_t)];

    measurements = xQueueCreateStatic(WAITING_MEASUREMENTS, sizeof(measurement_t), queue_storage, &queue);
    network_task = xTaskCreateStatic(run_network, "network", NETWORK_STACK_WORDS, NULL, NETWORK_PRIORITY,
                                     network_stack, &network);
    xTaskCreateStatic(measure, "sensor", SENSOR_STACK_WORDS, NULL, SENSOR_PRIORITY, sensor_stack, &sensor);
    vTaskStartScheduler();
    return 1;
}
