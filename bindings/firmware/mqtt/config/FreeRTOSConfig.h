/* FreeRTOS for the MPS2 with Cortex-M3: static memory alone, asleep between events. */
#ifndef FREERTOS_CONFIG_H
#define FREERTOS_CONFIG_H

#define configCPU_CLOCK_HZ 25000000
#define configTICK_RATE_HZ 1000
#define configTICK_TYPE_WIDTH_IN_BITS TICK_TYPE_WIDTH_32_BITS
#define configUSE_PREEMPTION 1
#define configMAX_PRIORITIES 3
#define configMINIMAL_STACK_SIZE 128

/* The tick stops and the core waits for an interrupt while no task has work. */
#define configUSE_TICKLESS_IDLE 1
#define configUSE_IDLE_HOOK 0
#define configUSE_TICK_HOOK 0

/* No heap: whoever creates a task or a queue brings its memory. */
#define configSUPPORT_STATIC_ALLOCATION 1
#define configSUPPORT_DYNAMIC_ALLOCATION 0
#define configKERNEL_PROVIDED_STATIC_MEMORY 1

#define configCHECK_FOR_STACK_OVERFLOW 2
#define configASSERT(condition) ((condition) ? (void)0 : board_failed("FreeRTOS"))
_Noreturn void board_failed(const char *what);

#define INCLUDE_vTaskDelay 1
#define INCLUDE_uxTaskGetStackHighWaterMark 1

/* Interrupts that call FreeRTOS have a priority of 5 or a higher number, which is less urgent. 3 bits are implemented. */
#define configPRIO_BITS 3
#define configMAX_SYSCALL_INTERRUPT_PRIORITY (5 << (8 - configPRIO_BITS))
#define configKERNEL_INTERRUPT_PRIORITY (7 << (8 - configPRIO_BITS))

#endif
