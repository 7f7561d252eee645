/* Sizes that firmware relies on, at compile time. C11 and C++17; C99 has no static assertion. */
#include "check.h"

#if defined(__cplusplus) || __STDC_VERSION__ >= 201112L
#if !defined(__cplusplus)
#include <assert.h>
#endif

/* Usable in static arrays. */
static uint8_t sealed[MQWARD_SEALED_LEN(64)];
static uint8_t blob_[MQWARD_BLOB_LEN(19)];
static uint8_t full[MQWARD_COSE_MAX_LEN(sizeof sealed)];
static char password[MQWARD_PASSWORD_SIZE];
static uint8_t retained[MQWARD_RESUME_RECORD_LEN];
static uint8_t stored[MQWARD_WINDOW_EXPORT_LEN];

static_assert(sizeof sealed == 94, "header, payload, tag");
static_assert(sizeof blob_ == 126, "107 bytes and the client id");
static_assert(sizeof full == 111, "at most 17 bytes more");
static_assert(sizeof password == 40, "39 characters and NUL");
static_assert(sizeof retained == 32, "eight words");
static_assert(sizeof stored == 43, "one window");
static_assert(MQWARD_BLOB_MAX_LEN == MQWARD_BLOB_LEN(MQWARD_CLIENT_ID_MAX_LEN), "one rule");
static_assert(MQWARD_SEAL_OVERHEAD == MQWARD_HEADER_LEN + MQWARD_TAG_LEN, "header and tag");
static_assert(MQWARD_VERSION_NUMBER == (MQWARD_VERSION_MAJOR << 16 | MQWARD_VERSION_MINOR << 8 | MQWARD_VERSION_PATCH),
              "packed");

/* The structs of a device's contexts have at most 256 bytes each. */
static_assert(sizeof(mqward_blob) <= 256, "blob");
static_assert(sizeof(mqward_boot) <= 256, "boot");
static_assert(sizeof(mqward_sealer) <= 256, "sealer");
static_assert(sizeof(mqward_opener) <= 256, "opener");
static_assert(sizeof(mqward_window) <= 256, "window");
static_assert(sizeof(mqward_login_stamper) + sizeof(mqward_seal_stamper) <= 256, "stampers");
static_assert(sizeof(mqward_message) <= 256, "message");

int main(void)
{
    memset(sealed, 0, sizeof sealed);
    memset(blob_, 0, sizeof blob_);
    memset(full, 0, sizeof full);
    memset(password, 0, sizeof password);
    memset(retained, 0, sizeof retained);
    memset(stored, 0, sizeof stored);
    return failures;
}
#else
int main(void)
{
    return failures;
}
#endif
