/* The settings as they stand in flash. */
#include "settings.h"

#include "flash.h"

int settings_read(struct settings *settings)
{
    uint8_t bytes[SETTINGS_LEN];
    if (flash_read(FLASH_SETTINGS, bytes, sizeof bytes) != 0)
        return -1;
    for (size_t i = 0; i < sizeof settings->broker; i++)
        settings->broker[i] = bytes[i];
    settings->port = (uint16_t)(bytes[4] << 8 | bytes[5]);
    settings->has_clock = bytes[6] == 1;
    settings->audience_len = bytes[7];
    if (settings->audience_len > sizeof settings->audience)
        return -1;
    for (size_t i = 0; i < settings->audience_len; i++)
        settings->audience[i] = (char)bytes[SETTINGS_HEAD_LEN + i];
    return 0;
}
