/*
 * mqward: security for MQTT fleets that fits a microcontroller. CONNECT passwords that work once, payloads that only
 * their receiver opens, access rules that grant exactly what they say. For MQTT 3.1.1 and 5.
 *
 * Generated from the doc comments of crates/ffi; do not edit.
 *
 * Rules for every function
 *
 * - Nothing is allocated, nothing is global. Functions may run at the same time on different structs. A struct that is
 *   passed without const belongs to one call at a time.
 * - The return value is a status: MQWARD_OK (0) or a negative MQWARD_ERR_ code, of which mqward_status_str has the text.
 *   A code never gets another meaning. Besides the codes named at a function, it may return MQWARD_ERR_NULL,
 *   MQWARD_ERR_ALIGNMENT, MQWARD_ERR_LENGTH, MQWARD_ERR_OVERLAP, MQWARD_ERR_NOT_UTF8 and, on hosts, MQWARD_ERR_PANIC.
 * - Order of parameters: the struct worked on, inputs, outputs. A text or byte string is a pointer and a length; no NUL
 *   is needed behind it. (NULL, 0) is an empty one. Any other NULL is refused with MQWARD_ERR_NULL, and so is a
 *   misaligned struct. What the library cannot see is the caller's duty: a pointer that is not NULL points to as many
 *   bytes as the length says.
 * - Outputs are written only on success, with two exceptions: what mqward_open_in_place refuses is zeroed, and so is what
 *   mqward_resume_wake finds to be no record. An output buffer may not overlap an input; work in place has functions of
 *   its own.
 * - Structs belong to the caller. Those whose members are called private_ are set up by a function; until then, and
 *   after they were consumed or wiped, they are refused with MQWARD_ERR_STATE. Zero them, or set them up: the contents
 *   of a struct that is neither are not a state that can be told apart. Do not rely on their contents or sizes.
 * - Times are Unix seconds as uint32_t, from 1 to 4294967295; 0 says "no clock" where that is allowed.
 * - A panic of the library never reaches C. Hosts get MQWARD_ERR_PANIC; on bare metal no panic is reachable.
 */

#ifndef MQWARD_H
#define MQWARD_H



#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Bytes of a sealed payload, for static arrays: the plaintext and MQWARD_SEAL_OVERHEAD. */
#define MQWARD_SEALED_LEN(payload_len) ((payload_len) + MQWARD_SEAL_OVERHEAD)
/** Bytes of a provisioning blob, for static arrays. */
#define MQWARD_BLOB_LEN(client_id_len) ((client_id_len) + MQWARD_BLOB_OVERHEAD)
/** Bytes of a full COSE_Encrypt0, at most, for static arrays. */
#define MQWARD_COSE_MAX_LEN(sealed_len) ((sealed_len) + MQWARD_COSE_MAX_EXTRA_LEN)

#if defined(__GNUC__)
#define MQWARD_MUST_CHECK __attribute__((warn_unused_result))
#else
#define MQWARD_MUST_CHECK
#endif

/**
 * First part of the version of this header.
 */
#define MQWARD_VERSION_MAJOR 0

/**
 * Second part of the version of this header.
 */
#define MQWARD_VERSION_MINOR 1

/**
 * Third part of the version of this header.
 */
#define MQWARD_VERSION_PATCH 0

/**
 * `MAJOR << 16 | MINOR << 8 | PATCH`, for comparisons by the preprocessor.
 */
#define MQWARD_VERSION_NUMBER 256

/**
 * Success.
 */
#define MQWARD_OK 0

/**
 * A pointer is NULL that may not be.
 */
#define MQWARD_ERR_NULL -1

/**
 * A pointer is not aligned for its type.
 */
#define MQWARD_ERR_ALIGNMENT -2

/**
 * A length is larger than any object can be.
 */
#define MQWARD_ERR_LENGTH -3

/**
 * An output buffer shares bytes with an input.
 */
#define MQWARD_ERR_OVERLAP -4

/**
 * The output buffer is too small; the size macros say what is needed.
 */
#define MQWARD_ERR_BUFFER_TOO_SMALL -5

/**
 * A struct was not set up, was wiped or consumed, or is a copy where copies are refused.
 */
#define MQWARD_ERR_STATE -6

/**
 * A number is none of those that the parameter may have.
 */
#define MQWARD_ERR_PARAM -7

/**
 * A text is not UTF-8.
 */
#define MQWARD_ERR_NOT_UTF8 -8

/**
 * A bug in the library; nothing that was written may be used. Only with std.
 */
#define MQWARD_ERR_PANIC -9

/**
 * A Client Identifier has 1 to 255 bytes.
 */
#define MQWARD_ERR_CLIENT_ID_LENGTH -20

/**
 * A hardware id has 0 to 32 bytes.
 */
#define MQWARD_ERR_HARDWARE_ID_LENGTH -21

/**
 * An audience has 1 to 64 printable ASCII characters, no space and no upper case.
 */
#define MQWARD_ERR_AUDIENCE -22

/**
 * A generation is 1 to 255.
 */
#define MQWARD_ERR_GENERATION -23

/**
 * A device's sender is 0 to 15, a backend's 16 to 255.
 */
#define MQWARD_ERR_SENDER -24

/**
 * A boot is never 0.
 */
#define MQWARD_ERR_BOOT -25

/**
 * A login window is 1 to 3600 seconds.
 */
#define MQWARD_ERR_WINDOW -26

/**
 * A time is 1 to 4294967295 seconds since 1970.
 */
#define MQWARD_ERR_TIME -27

/**
 * A Topic Name has 1 to 65535 bytes.
 */
#define MQWARD_ERR_TOPIC_LENGTH -28

/**
 * The payload is too long for one message.
 */
#define MQWARD_ERR_PAYLOAD_LENGTH -29

/**
 * There is no provisioning blob here.
 */
#define MQWARD_ERR_NO_BLOB -40

/**
 * The provisioning blob has a version that this library does not know.
 */
#define MQWARD_ERR_BLOB_VERSION -41

/**
 * The provisioning blob ends too early.
 */
#define MQWARD_ERR_BLOB_TRUNCATED -42

/**
 * Bytes follow the provisioning blob where nothing may.
 */
#define MQWARD_ERR_BLOB_TRAILING -43

/**
 * The checksum of the provisioning blob is wrong.
 */
#define MQWARD_ERR_BLOB_CHECKSUM -44

/**
 * The provisioning blob has an impossible client id or generation.
 */
#define MQWARD_ERR_BLOB_CONTENT -45

/**
 * A storage callback failed.
 */
#define MQWARD_ERR_STORAGE -60

/**
 * Neither slot holds a boot record: only provisioning makes one, never the device itself.
 */
#define MQWARD_ERR_NO_BOOT_RECORD -61

/**
 * The boot record did not read back as it was written.
 */
#define MQWARD_ERR_NOT_STORED -62

/**
 * All boots of this generation are used up.
 */
#define MQWARD_ERR_BOOTS_EXHAUSTED -63

/**
 * A boot record is there already.
 */
#define MQWARD_ERR_ALREADY_PROVISIONED -64

/**
 * This boot has handed out this stamper before.
 */
#define MQWARD_ERR_TAKEN -65

/**
 * All counts of this boot are used up: start the next one.
 */
#define MQWARD_ERR_USED_UP -66

/**
 * There is no resume record: start a boot.
 */
#define MQWARD_ERR_NO_RESUME_RECORD -67

/**
 * The stamper counts for another sender.
 */
#define MQWARD_ERR_OTHER_SENDER -80

/**
 * This is not a sealed payload.
 */
#define MQWARD_ERR_FRAME -81

/**
 * The payload was sealed in another generation or by another sender.
 */
#define MQWARD_ERR_OTHER_KEY -82

/**
 * The payload is not authentic; no more is told.
 */
#define MQWARD_ERR_REFUSED -83

/**
 * The payload is empty: MQTT's delete of a retained value, which nobody signs. Not an error, and no message.
 */
#define MQWARD_ERR_CLEARED -84

/**
 * This is not the one COSE_Encrypt0 encoding of a sealed payload.
 */
#define MQWARD_ERR_NOT_CANONICAL -85

/**
 * Acted on before: acknowledge it and drop it.
 */
#define MQWARD_ERR_DUPLICATE -100

/**
 * Older than what the window or mark remembers: acknowledge it and drop it.
 */
#define MQWARD_ERR_TOO_OLD -101

/**
 * It cannot be told whether this was acted on before, or the class is another one: refuse it.
 */
#define MQWARD_ERR_CLOSED -102

/**
 * The value of the mark itself, as after every subscription: it is known.
 */
#define MQWARD_ERR_SAME -103

/**
 * The ticket's message was committed before.
 */
#define MQWARD_ERR_TICKET -104

/**
 * The message is older than allowed.
 */
#define MQWARD_ERR_EXPIRED -105

/**
 * The message was sealed more than 60 seconds in the future.
 */
#define MQWARD_ERR_FROM_THE_FUTURE -106

/**
 * The age is not known: one side has no clock.
 */
#define MQWARD_ERR_AGE_UNKNOWN -107

/**
 * A stored window has another length.
 */
#define MQWARD_ERR_IMPORT_LENGTH -108

/**
 * A stored window has a wrong checksum.
 */
#define MQWARD_ERR_IMPORT_CHECKSUM -109

/**
 * A stored window has another version or width.
 */
#define MQWARD_ERR_IMPORT_FORMAT -110

/**
 * The password does not have the form of one.
 */
#define MQWARD_ERR_PASSWORD -120

/**
 * No key is known for this client id in this generation.
 */
#define MQWARD_ERR_UNKNOWN_DEVICE -121

/**
 * The password was made with another key, hardware id or audience.
 */
#define MQWARD_ERR_WRONG_TAG -122

/**
 * The password's time is too far from now.
 */
#define MQWARD_ERR_OUTSIDE_WINDOW -123

/**
 * The password has no time, and this device must have one.
 */
#define MQWARD_ERR_NO_CLOCK -124

/**
 * The password was used before.
 */
#define MQWARD_ERR_REPLAYED -125

/**
 * The password is right, but its counter is behind: a replay, or flash that was erased, restored or cloned.
 */
#define MQWARD_ERR_COUNTER_WENT_BACK -126

/**
 * The device or its generation was revoked.
 */
#define MQWARD_ERR_REVOKED -127

/**
 * What is needed to decide cannot be had just now.
 */
#define MQWARD_ERR_UNAVAILABLE -128

/**
 * No character at all.
 */
#define MQWARD_ERR_EMPTY -140

/**
 * Longer than MQTT or this library allows.
 */
#define MQWARD_ERR_TOO_LONG -141

/**
 * U+0000.
 */
#define MQWARD_ERR_NUL -142

/**
 * A control character.
 */
#define MQWARD_ERR_CONTROL -143

/**
 * A Unicode non-character.
 */
#define MQWARD_ERR_NON_CHARACTER -144

/**
 * A wildcard in a Topic Name.
 */
#define MQWARD_ERR_WILDCARD_IN_NAME -145

/**
 * A wildcard is not alone in its level.
 */
#define MQWARD_ERR_WILDCARD_NOT_ALONE -146

/**
 * '#' is not in the last level.
 */
#define MQWARD_ERR_MULTI_LEVEL_NOT_LAST -147

/**
 * A shared subscription where a plain filter is wanted.
 */
#define MQWARD_ERR_SHARED_SUBSCRIPTION -148

/**
 * The ShareName is missing, empty or holds a wildcard.
 */
#define MQWARD_ERR_SHARE_NAME -149

/**
 * No Topic Filter follows the ShareName.
 */
#define MQWARD_ERR_SHARE_WITHOUT_FILTER -150

/**
 * A '%' in a pattern that is not the whole level '%c'.
 */
#define MQWARD_ERR_PLACEHOLDER -151

/**
 * A character that no Client Identifier may have.
 */
#define MQWARD_ERR_CHARACTER -152

/**
 * The topic names no client under this pattern.
 */
#define MQWARD_ERR_NO_CLIENT_ID -153

/**
 * Some Client Identifier would belong to two roles.
 */
#define MQWARD_ERR_ROLES_OVERLAP -160

/**
 * The lengths or the prefix of a client-id rule are impossible.
 */
#define MQWARD_ERR_CLIENT_ID_RULE -161

/**
 * The Client Identifier belongs to no role.
 */
#define MQWARD_ERR_NO_ROLE -162

/**
 * The user name is absent or not the Client Identifier.
 */
#define MQWARD_ERR_USER_NAME -163

/**
 * There is no password.
 */
#define MQWARD_ERR_NO_PASSWORD -164

/**
 * The packet is larger than the role's limit.
 */
#define MQWARD_ERR_PACKET_TOO_LARGE -165

/**
 * The payload is larger than the role's limit.
 */
#define MQWARD_ERR_PAYLOAD_TOO_LARGE -166

/**
 * The topic is longer than the role's limit.
 */
#define MQWARD_ERR_TOPIC_TOO_LONG -167

/**
 * The topic has more levels than the role's limit.
 */
#define MQWARD_ERR_TOPIC_TOO_DEEP -168

/**
 * The SUBSCRIBE has more filters than the role's limit.
 */
#define MQWARD_ERR_TOO_MANY_FILTERS -169

/**
 * No rule allows it.
 */
#define MQWARD_ERR_NOT_ALLOWED -170

/**
 * A rule denies it.
 */
#define MQWARD_ERR_DENIED -171

/**
 * The rule asks for a sealed payload, and this is none.
 */
#define MQWARD_ERR_NOT_SEALED -172

/**
 * The rules do not let the client publish its will.
 */
#define MQWARD_ERR_WILL_NOT_ALLOWED -173

/**
 * The rule asks for a sealed will, and this is none.
 */
#define MQWARD_ERR_WILL_NOT_SEALED -174

/**
 * The longest Client Identifier, in bytes.
 */
#define MQWARD_CLIENT_ID_MAX_LEN 255

/**
 * The longest hardware id, in bytes.
 */
#define MQWARD_HARDWARE_ID_MAX_LEN 32

/**
 * Bytes of every root, seed and key.
 */
#define MQWARD_KEY_LEN 32

/**
 * The longest audience, in bytes.
 */
#define MQWARD_AUDIENCE_MAX_LEN 64

/**
 * Bytes of a blob beyond its client id.
 */
#define MQWARD_BLOB_OVERHEAD 107

/**
 * The longest blob, in bytes.
 */
#define MQWARD_BLOB_MAX_LEN 362

/**
 * Bytes of one slot of the boot record.
 */
#define MQWARD_BOOT_SLOT_LEN 16

/**
 * Slot A, written by provisioning.
 */
#define MQWARD_SLOT_A 0

/**
 * Slot B.
 */
#define MQWARD_SLOT_B 1

/**
 * Bytes of retained RAM that a resume record takes.
 */
#define MQWARD_RESUME_RECORD_LEN 32

/**
 * How far ahead of the floor a clock may be before the device has ever logged in: ten years, in seconds.
 */
#define MQWARD_FIRST_CLOCK_JUMP_SECS 315360000

/**
 * How far ahead of the floor a clock may be once an authenticated time is known: two years, in seconds.
 */
#define MQWARD_CLOCK_JUMP_SECS 63072000

/**
 * Characters of a password.
 */
#define MQWARD_PASSWORD_LEN 39

/**
 * Bytes of a password with the NUL behind it.
 */
#define MQWARD_PASSWORD_SIZE 40

/**
 * Bytes of the header of a sealed payload: where the plaintext begins in the buffer.
 */
#define MQWARD_HEADER_LEN 14

/**
 * Bytes of the tag behind it.
 */
#define MQWARD_TAG_LEN 16

/**
 * Bytes that sealing adds.
 */
#define MQWARD_SEAL_OVERHEAD 30

/**
 * Worth something now.
 */
#define MQWARD_CLASS_LIVE 0

/**
 * A retained message.
 */
#define MQWARD_CLASS_RETAINED 1

/**
 * A will, sealed at CONNECT.
 */
#define MQWARD_CLASS_WILL 2

/**
 * Waits for a sleeping receiver.
 */
#define MQWARD_CLASS_STORED 3

/**
 * Any age: only a message from the future is refused.
 */
#define MQWARD_ANY_AGE 4294967295

/**
 * The age that a live downlink may have, in seconds.
 */
#define MQWARD_LIVE_MAX_AGE_SECS 60

/**
 * Bytes of a stored window.
 */
#define MQWARD_WINDOW_EXPORT_LEN 43

/**
 * The skew of clocks that a cold start allows for, in seconds.
 */
#define MQWARD_COLD_SKEW_SECS 60

/**
 * How many bytes the full COSE_Encrypt0 form has beyond the sealed payload, at most.
 */
#define MQWARD_COSE_MAX_EXTRA_LEN 17

/**
 * Takes away what the pattern matches, whatever else allows it.
 */
#define MQWARD_DENY 0

/**
 * Adds what the pattern matches.
 */
#define MQWARD_ALLOW 1

/**
 * Sending messages.
 */
#define MQWARD_PUBLISH 1

/**
 * Asking for messages and getting them.
 */
#define MQWARD_SUBSCRIBE 2

/**
 * `0-9`
 */
#define MQWARD_DIGITS 1

/**
 * `0-9 a-f`
 */
#define MQWARD_LOWER_HEX 2

/**
 * `0-9 a-f A-F`
 */
#define MQWARD_HEX 3

/**
 * `A-Z a-z 0-9 - _`
 */
#define MQWARD_WORD 4

/**
 * `A-Z a-z 0-9 - _ .`
 */
#define MQWARD_WORD_DOT 5

/**
 * The one-time CONNECT password.
 */
#define MQWARD_AUTHENTICATION_MQWARD 0

/**
 * The broker's own password file or certificates, for people and bridges.
 */
#define MQWARD_AUTHENTICATION_BROKER 1

/**
 * A breach closes the connection.
 */
#define MQWARD_ON_REFUSE_CLOSE 0

/**
 * A breach refuses the one packet.
 */
#define MQWARD_ON_REFUSE_REFUSE 1

/**
 * A breach is let through and reported, for trying out a policy. Never applies to who a client is.
 */
#define MQWARD_ON_REFUSE_REPORT 2

/**
 * No role, rule or level.
 */
#define MQWARD_NONE 4294967295

/**
 * It did not come to a decision by rules.
 */
#define MQWARD_WHY_NONE 0

/**
 * This rule alone allows all of it.
 */
#define MQWARD_WHY_ALLOWED_BY 1

/**
 * Several rules allow it together; the first is given.
 */
#define MQWARD_WHY_ALLOWED_TOGETHER 2

/**
 * This deny rule matches, or shares a name with the filter.
 */
#define MQWARD_WHY_DENIED_BY 3

/**
 * No rule allows this kind of access.
 */
#define MQWARD_WHY_NO_RULE 4

/**
 * Some of it is allowed by no rule; the closest rule, and the first level at which it fails.
 */
#define MQWARD_WHY_NOT_COVERED 5

/**
 * The window that a fleet starts with, in seconds either way.
 */
#define MQWARD_DEFAULT_WINDOW_SECS 60

/**
 * A password without a time is refused.
 */
#define MQWARD_CLOCK_REQUIRED 0

/**
 * A password without a time passes: the registry says that the device has no clock.
 */
#define MQWARD_CLOCK_ACCEPTED 1

/**
 * The root of a fleet's keys: kept offline, never on a broker, never on a production line.
 */
typedef struct mqward_root {
  /**
   * 32 random bytes.
   */
  uint8_t bytes[MQWARD_KEY_LEN];
} mqward_root;

/**
 * Derives every device's login seed: what a broker holds.
 */
typedef struct mqward_auth_root {
  /**
   * The root's bytes.
   */
  uint8_t bytes[MQWARD_KEY_LEN];
} mqward_auth_root;

/**
 * Derives every device's uplink seed: what a reader of telemetry holds.
 */
typedef struct mqward_up_root {
  /**
   * The root's bytes.
   */
  uint8_t bytes[MQWARD_KEY_LEN];
} mqward_up_root;

/**
 * Derives every device's downlink seed: what a commander holds as well.
 */
typedef struct mqward_down_root {
  /**
   * The root's bytes.
   */
  uint8_t bytes[MQWARD_KEY_LEN];
} mqward_down_root;

/**
 * A device in one generation on one board. It borrows its texts.
 */
typedef struct mqward_device {
  /**
   * Client Identifier: 1 to 255 bytes of UTF-8, no NUL needed behind it.
   */
  const char *client_id;
  /**
   * Bytes of the Client Identifier.
   */
  size_t client_id_len;
  /**
   * Hardware id: 0 to 32 bytes, normally the base MAC. Read it from the chip at every boot; never store it beside
   * the seeds.
   */
  const uint8_t *hardware_id;
  /**
   * Bytes of the hardware id; 0 binds the keys to no board.
   */
  size_t hardware_id_len;
  /**
   * Which provisioning of the device this is: 1 to 255.
   */
  uint8_t generation;
} mqward_device;

/**
 * One device's login seed.
 */
typedef struct mqward_auth_seed {
  /**
   * The seed's bytes.
   */
  uint8_t bytes[MQWARD_KEY_LEN];
} mqward_auth_seed;

/**
 * One device's seed for what it seals.
 */
typedef struct mqward_up_seed {
  /**
   * The seed's bytes.
   */
  uint8_t bytes[MQWARD_KEY_LEN];
} mqward_up_seed;

/**
 * One device's seed for what is sealed to it.
 */
typedef struct mqward_down_seed {
  /**
   * The seed's bytes.
   */
  uint8_t bytes[MQWARD_KEY_LEN];
} mqward_down_seed;

/**
 * The key of one device's CONNECT passwords at one audience.
 */
typedef struct mqward_login_key {
  /**
   * The key's bytes.
   */
  uint8_t bytes[MQWARD_KEY_LEN];
} mqward_login_key;

/**
 * The AEAD key of one sender in one direction, for readers that use a COSE library instead of `mqward_open_in_place`.
 */
typedef struct mqward_sender_key {
  /**
   * The key's bytes.
   */
  uint8_t bytes[MQWARD_KEY_LEN];
} mqward_sender_key;

/**
 * What a device is flashed with. Wipe it with mqward_wipe once the keys are derived.
 */
typedef struct mqward_blob {
  /**
   * Client id, which stays in the memory that was parsed, and generation. The hardware id is empty: fill it in from
   * the chip.
   */
  struct mqward_device device;
  /**
   * Bytes of the partition that the blob takes.
   */
  size_t encoded_len;
  /**
   * The login seed.
   */
  struct mqward_auth_seed auth_seed;
  /**
   * The uplink seed.
   */
  struct mqward_up_seed up_seed;
  /**
   * The downlink seed.
   */
  struct mqward_down_seed down_seed;
} mqward_blob;

/**
 * Where the firmware keeps the two slots of the boot record: two flash sectors, two NVS keys, an FRAM, two files.
 *
 * Each slot lives in an erase unit of its own, so that a torn write harms one alone. The callbacks return 0 for
 * success; they are called during the call alone.
 */
typedef struct mqward_storage {
  /**
   * Handed to the callbacks; may be NULL.
   */
  void *context;
  /**
   * Reads slot MQWARD_SLOT_A or MQWARD_SLOT_B into MQWARD_BOOT_SLOT_LEN bytes. An erased slot is no error.
   */
  int32_t (*read)(void *context, uint32_t slot, uint8_t *buf);
  /**
   * Writes MQWARD_BOOT_SLOT_LEN bytes to a slot and returns once they would survive a power loss.
   */
  int32_t (*write)(void *context, uint32_t slot, const uint8_t *buf);
} mqward_storage;

/**
 * One boot, from which each stamper is taken once. Private; it works only where it was set up, a copy is refused.
 */
typedef struct mqward_boot {
  uint64_t private_[6];
} mqward_boot;

/**
 * Counts the CONNECT passwords of a boot. Private; it works only where it was set up, a copy is refused.
 *
 * \warning C cannot forbid to save its bytes and put them back. Whoever does repeats passwords.
 */
typedef struct mqward_login_stamper {
  uint32_t private_[3];
} mqward_login_stamper;

/**
 * Counts the sealed payloads of one sender in a boot, and with them its nonces. Private; it works only where it was
 * set up, a copy is refused.
 *
 * \warning C cannot forbid to save its bytes and put them back. Whoever does repeats nonces, which reveals plaintexts.
 */
typedef struct mqward_seal_stamper {
  uint32_t private_[5];
} mqward_seal_stamper;

/**
 * Turns a reading of the clock into a time that may be stamped, or none. SNTP is not authenticated: a forged time must
 * not make a device mint passwords for the far future.
 */
typedef struct mqward_clock_gate {
  /**
   * No time below it is believed. Store it when it was raised. Never 0.
   */
  uint32_t floor;
  /**
   * No time further above the floor is believed, in seconds. May be set by hand.
   */
  uint32_t jump;
} mqward_clock_gate;

/**
 * The header of a sealed payload. Until a key has opened the payload, all of it is a claim.
 */
typedef struct mqward_header {
  /**
   * Unix time of sealing, 0 if the sender had no clock.
   */
  uint32_t time;
  /**
   * The sender's boot.
   */
  uint32_t boot;
  /**
   * The count within the boot.
   */
  uint32_t count;
  /**
   * MQWARD_CLASS_LIVE and its like.
   */
  uint8_t message_class;
  /**
   * The generation of the device's keys.
   */
  uint8_t generation;
  /**
   * Who sealed it: 0 to 15 on the device, 16 to 255 a backend.
   */
  uint8_t sender;
} mqward_header;

/**
 * The authenticated facts about one message. Private; only opening a message makes one. May be copied.
 */
typedef struct mqward_receipt {
  uint32_t private_[6];
} mqward_receipt;

/**
 * The keys of one sender, for sealing. Private; may be copied. Wipe it with mqward_sealer_wipe.
 */
typedef struct mqward_sealer {
  uint32_t private_[18];
} mqward_sealer;

/**
 * The keys of one sender, for opening. Private; may be copied. Wipe it with mqward_opener_wipe.
 */
typedef struct mqward_opener {
  uint32_t private_[18];
} mqward_opener;

/**
 * An authentic message. It has no effect before a window or mark has judged its receipt.
 */
typedef struct mqward_message {
  /**
   * The plaintext, in the buffer that was opened.
   */
  uint8_t *payload;
  /**
   * Its length.
   */
  size_t payload_len;
  /**
   * Who sealed it and when: authentic now.
   */
  struct mqward_header header;
  /**
   * The same for windows and marks.
   */
  struct mqward_receipt receipt;
} mqward_message;

/**
 * The replay window of one sender, 64 counts wide over its newest two boots: one per direction, generation and sender,
 * for class live, and for class stored on uplink; a command of class stored needs a strict mark. Private; holds no
 * secret and may be copied.
 */
typedef struct mqward_window {
  uint64_t private_[6];
} mqward_window;

/**
 * The right to commit one fresh message. Private; committing consumes it, forgetting it leaves the message fresh.
 */
typedef struct mqward_ticket {
  uint32_t private_[4];
} mqward_ticket;

/**
 * The last stored command that a device acted on, per sender. Store it after the commit and before acting: a command
 * that is lost in a crash is sent again, one that is doubled may open a valve twice.
 *
 * 0 is the mark of a generation in which nothing was sealed yet, as provisioning stores it. A mark that is missing later
 * is cold: mqward_strict_mark_init_cold.
 */
typedef struct mqward_strict_mark {
  /**
   * The number to store, also before the first command: it keeps a cold mark cold.
   */
  uint64_t stored;
} mqward_strict_mark;

/**
 * The newest retained message or will of one sender on one topic, per class. Zeros: nothing was seen.
 */
typedef struct mqward_latest_mark {
  /**
   * The number to store: `boot << 24 | count`, 0 for none.
   */
  uint64_t stored;
} mqward_latest_mark;

/**
 * Allow or refuse, why, and what the client is told.
 */
typedef struct mqward_verdict {
  /**
   * Whether it may go on.
   */
  bool allowed;
  /**
   * Whether it may go on only because its role is one that reports.
   */
  bool reported;
  /**
   * Whether the network connection has to be closed.
   */
  bool close;
  /**
   * An allowed CONNECT whose password is still to be checked: mqward_gate_login does so itself.
   */
  bool password_due;
  /**
   * Code of MQTT 3.1.1: of CONNACK or SUBACK; 0 if allowed, and for PUBLISH, which has none.
   */
  uint8_t v3;
  /**
   * Reason code of MQTT 5: of CONNACK, SUBACK, PUBACK or PUBREC, and of DISCONNECT where the connection is closed.
   */
  uint8_t v5;
  /**
   * MQWARD_WHY_ALLOWED_BY and its like.
   */
  uint8_t why;
  /**
   * Why it was refused or reported: a status, MQWARD_OK if it was neither. For the operator alone.
   */
  int32_t reason;
  /**
   * The client's role, from 0, or MQWARD_NONE.
   */
  uint32_t role;
  /**
   * The rule of that role, from 0, or MQWARD_NONE.
   */
  uint32_t rule;
  /**
   * The level of topic or filter, from 0, or MQWARD_NONE.
   */
  uint32_t level;
} mqward_verdict;

/**
 * What a password says before anyone has checked it.
 */
typedef struct mqward_claim {
  /**
   * What a replay store would keep.
   */
  uint64_t mark;
  /**
   * Unix time of the sender, 0 without a clock.
   */
  uint32_t time;
  /**
   * The sender's boot.
   */
  uint32_t boot;
  /**
   * The count within the boot.
   */
  uint32_t count;
  /**
   * The generation whose key is claimed.
   */
  uint8_t generation;
} mqward_claim;

/**
 * On which terms a password is accepted. There is no way to switch the window off.
 */
typedef struct mqward_terms {
  /**
   * Seconds either way, 1 to 3600.
   */
  uint16_t window_secs;
  /**
   * MQWARD_CLOCK_REQUIRED or MQWARD_CLOCK_ACCEPTED.
   */
  uint8_t clock;
} mqward_terms;

/**
 * A password that is right.
 */
typedef struct mqward_login {
  /**
   * What the password says.
   */
  struct mqward_claim claim;
  /**
   * Sender's time minus verifier's, in seconds; 0 without a clock.
   */
  int64_t skew;
} mqward_login;

/**
 * What the check of a password needs of its caller. The callbacks are called during the call alone.
 */
typedef struct mqward_verifier {
  /**
   * Handed to the callbacks; may be NULL.
   */
  void *context;
  /**
   * Looks up the login key of a client id in a generation, and the terms of the device if they differ from `terms`,
   * which they are preset with. Returns MQWARD_OK, MQWARD_ERR_UNKNOWN_DEVICE, MQWARD_ERR_REVOKED, or
   * MQWARD_ERR_UNAVAILABLE; any other number stands for the last.
   */
  int32_t (*lookup)(void *context,
                    const char *client_id,
                    size_t client_id_len,
                    uint8_t generation,
                    struct mqward_login_key *key,
                    struct mqward_terms *terms);
  /**
   * Compares the client's mark and stores a higher one, in one atomic step: see mqward_mark_compare. Returns
   * MQWARD_OK if it was higher and is stored, MQWARD_ERR_REPLAYED if it is the stored one,
   * MQWARD_ERR_COUNTER_WENT_BACK if it is lower, MQWARD_ERR_UNAVAILABLE if that cannot be told; any other number
   * stands for the last.
   */
  int32_t (*advance)(void *context, const char *client_id, size_t client_id_len, uint64_t mark);
  /**
   * Takes the place of the key of an unknown device, so that the work is the same: random, drawn once per process.
   */
  struct mqward_login_key decoy;
  /**
   * The terms of devices for which the lookup says nothing else.
   */
  struct mqward_terms terms;
} mqward_verifier;

/**
 * One rule. The order of rules has no meaning; deny wins over allow; what no rule allows is refused.
 */
typedef struct mqward_rule {
  /**
   * Topic Filter in which the whole level `%c` stands for the client id.
   */
  const char *pattern;
  /**
   * Its length.
   */
  size_t pattern_len;
  /**
   * MQWARD_DENY or MQWARD_ALLOW.
   */
  uint8_t effect;
  /**
   * MQWARD_PUBLISH or MQWARD_SUBSCRIBE.
   */
  uint8_t access;
  /**
   * Not 0: messages that the rule allows must have the shape of a sealed payload.
   */
  uint8_t sealed;
} mqward_rule;

/**
 * What the clients of a role may send at most. 0 stands for the default, which is given in brackets.
 */
typedef struct mqward_limits {
  /**
   * Bytes of a packet (8192).
   */
  uint32_t max_packet;
  /**
   * Bytes of a payload (4096).
   */
  uint32_t max_payload;
  /**
   * Bytes of a topic (256).
   */
  uint16_t max_topic_len;
  /**
   * Levels of a topic (16).
   */
  uint16_t max_levels;
  /**
   * Filters of one SUBSCRIBE (8).
   */
  uint16_t max_filters;
} mqward_limits;

/**
 * One role. No client id may fit two.
 */
typedef struct mqward_role {
  /**
   * Its name, for the operator.
   */
  const char *name;
  /**
   * Its length.
   */
  size_t name_len;
  /**
   * What the client ids begin with; may be empty.
   */
  const char *prefix;
  /**
   * Its length.
   */
  size_t prefix_len;
  /**
   * What the role's clients may do.
   */
  const struct mqward_rule *rules;
  /**
   * Number of rules.
   */
  size_t rules_len;
  /**
   * How much they may send.
   */
  struct mqward_limits limits;
  /**
   * What follows the prefix: MQWARD_DIGITS and its like.
   */
  uint8_t char_class;
  /**
   * Shortest client id, in bytes, with the prefix.
   */
  uint8_t min_len;
  /**
   * Longest client id, in bytes, with the prefix.
   */
  uint8_t max_len;
  /**
   * MQWARD_AUTHENTICATION_MQWARD or MQWARD_AUTHENTICATION_BROKER.
   */
  uint8_t authentication;
  /**
   * MQWARD_ON_REFUSE_CLOSE and its like.
   */
  uint8_t on_refuse;
} mqward_role;

/**
 * Memory for one checked role. Private; need not be set up.
 */
typedef struct mqward_role_memory {
  size_t private_[14];
} mqward_role_memory;

/**
 * Memory for one checked rule. Private; need not be set up.
 */
typedef struct mqward_rule_memory {
  size_t private_[4];
} mqward_rule_memory;

/**
 * A policy that was checked. Private; it borrows the texts of the roles, and the memory that it was given.
 */
typedef struct mqward_gate {
  size_t private_[3];
} mqward_gate;

/**
 * The Will Message of a CONNECT packet.
 */
typedef struct mqward_will {
  /**
   * Will Topic.
   */
  const char *topic;
  /**
   * Its length.
   */
  size_t topic_len;
  /**
   * Will Payload.
   */
  const uint8_t *payload;
  /**
   * Its length.
   */
  size_t payload_len;
  /**
   * Will Retain: not 0 if it is set.
   */
  uint8_t retain;
} mqward_will;

/**
 * A CONNECT packet. Absent and empty are different things: hence the flags. Zeros are a CONNECT without anything.
 */
typedef struct mqward_connect {
  /**
   * Client Identifier.
   */
  const char *client_id;
  /**
   * Its length.
   */
  size_t client_id_len;
  /**
   * User Name, if has_user_name is not 0.
   */
  const char *user_name;
  /**
   * Its length.
   */
  size_t user_name_len;
  /**
   * Password, if has_password is not 0.
   */
  const char *password;
  /**
   * Its length.
   */
  size_t password_len;
  /**
   * The will, if has_will is not 0. It is judged again when it is published.
   */
  struct mqward_will will;
  /**
   * Bytes of the whole packet; 0 where the broker does not tell.
   */
  size_t packet_len;
  /**
   * Whether there is a User Name.
   */
  uint8_t has_user_name;
  /**
   * Whether there is a Password.
   */
  uint8_t has_password;
  /**
   * Whether there is a will.
   */
  uint8_t has_will;
} mqward_connect;

/**
 * A PUBLISH packet, or a will when it is published.
 */
typedef struct mqward_publish {
  /**
   * Topic Name; for a Topic Alias, the name that it stands for.
   */
  const char *topic;
  /**
   * Its length.
   */
  size_t topic_len;
  /**
   * Payload.
   */
  const uint8_t *payload;
  /**
   * Its length.
   */
  size_t payload_len;
  /**
   * Bytes of the whole packet; 0 where the broker does not tell.
   */
  size_t packet_len;
  /**
   * RETAIN: not 0 if it is set.
   */
  uint8_t retain;
} mqward_publish;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * The version of the library that is linked, in the form of MQWARD_VERSION_NUMBER.
 *
 * A program that was compiled with another header finds out by comparing.
 *
 * \return the packed version.
 */
uint32_t mqward_version(void);

/**
 * The text of a status code, in English, without a full stop.
 *
 * \param[in] status what a function of this library returned, or the reason of a verdict.
 * \return a static string that ends with NUL; "unknown status" for a number that is none of this library's. Never NULL.
 */
const char *mqward_status_str(int32_t status);

/**
 * Overwrites memory with zeros, which no compiler leaves out: for keys, blobs and plaintexts that are done with.
 *
 * \param[out] memory what is wiped; (NULL, 0) is fine.
 * \param[in] size its size in bytes.
 * \retval MQWARD_OK it is wiped.
 * \retval MQWARD_ERR_NULL memory is NULL and size is not 0.
 */
int32_t mqward_wipe(void *memory, size_t size);

/**
 * Derives the root of the login seeds.
 *
 * \param[in] root the fleet's root.
 * \param[out] out the root of the login seeds.
 * \retval MQWARD_OK it is written.
 * \retval MQWARD_ERR_NULL a pointer is NULL.
 */
int32_t mqward_root_auth(const struct mqward_root *root, struct mqward_auth_root *out);

/**
 * Derives the root of the uplink seeds.
 *
 * \param[in] root the fleet's root.
 * \param[out] out the root of the uplink seeds.
 * \retval MQWARD_OK it is written.
 * \retval MQWARD_ERR_NULL a pointer is NULL.
 */
int32_t mqward_root_up(const struct mqward_root *root, struct mqward_up_root *out);

/**
 * Derives the root of the downlink seeds.
 *
 * \param[in] root the fleet's root.
 * \param[out] out the root of the downlink seeds.
 * \retval MQWARD_OK it is written.
 * \retval MQWARD_ERR_NULL a pointer is NULL.
 */
int32_t mqward_root_down(const struct mqward_root *root, struct mqward_down_root *out);

/**
 * Derives a device's login seed. The hardware id plays no part in it.
 *
 * \param[in] root the root of the login seeds.
 * \param[in] device client id and generation.
 * \param[out] out the seed.
 * \retval MQWARD_OK it is written.
 * \retval MQWARD_ERR_CLIENT_ID_LENGTH the client id is empty or longer than 255 bytes.
 * \retval MQWARD_ERR_GENERATION the generation is 0.
 */
int32_t mqward_auth_root_seed(const struct mqward_auth_root *root,
                              const struct mqward_device *device,
                              struct mqward_auth_seed *out);

/**
 * Derives a device's uplink seed. The hardware id plays no part in it.
 *
 * \param[in] root the root of the uplink seeds.
 * \param[in] device client id and generation.
 * \param[out] out the seed.
 * \retval MQWARD_OK it is written.
 * \retval MQWARD_ERR_CLIENT_ID_LENGTH the client id is empty or longer than 255 bytes.
 * \retval MQWARD_ERR_GENERATION the generation is 0.
 */
int32_t mqward_up_root_seed(const struct mqward_up_root *root,
                            const struct mqward_device *device,
                            struct mqward_up_seed *out);

/**
 * Derives a device's downlink seed. The hardware id plays no part in it.
 *
 * \param[in] root the root of the downlink seeds.
 * \param[in] device client id and generation.
 * \param[out] out the seed.
 * \retval MQWARD_OK it is written.
 * \retval MQWARD_ERR_CLIENT_ID_LENGTH the client id is empty or longer than 255 bytes.
 * \retval MQWARD_ERR_GENERATION the generation is 0.
 */
int32_t mqward_down_root_seed(const struct mqward_down_root *root,
                              const struct mqward_device *device,
                              struct mqward_down_seed *out);

/**
 * Derives the key of a device's passwords at one audience: on the device at every boot, and by the verifier.
 *
 * \param[in] seed the device's login seed.
 * \param[in] device its hardware id; the client id is in the seed already.
 * \param[in] audience the configured name of the broker or cluster, never taken from the network.
 * \param[in] audience_len its length, 1 to 64 bytes.
 * \param[out] out the key.
 * \retval MQWARD_OK it is written.
 * \retval MQWARD_ERR_AUDIENCE the audience is empty, too long, or has a character that it may not have.
 * \retval MQWARD_ERR_HARDWARE_ID_LENGTH the hardware id is longer than 32 bytes.
 */
int32_t mqward_auth_seed_login_key(const struct mqward_auth_seed *seed,
                                   const struct mqward_device *device,
                                   const char *audience,
                                   size_t audience_len,
                                   struct mqward_login_key *out);

/**
 * Derives the key of an uplink sender.
 *
 * \param[in] seed the device's uplink seed.
 * \param[in] device its hardware id.
 * \param[in] sender 0 to 15.
 * \param[out] out the key.
 * \retval MQWARD_OK it is written.
 * \retval MQWARD_ERR_SENDER the sender is none of a device.
 */
int32_t mqward_up_seed_sender_key(const struct mqward_up_seed *seed,
                                  const struct mqward_device *device,
                                  uint8_t sender,
                                  struct mqward_sender_key *out);

/**
 * Derives the key of a downlink sender.
 *
 * \param[in] seed the device's downlink seed.
 * \param[in] device its hardware id.
 * \param[in] sender 16 to 255.
 * \param[in] device_boot the device's current boot for class live, 0 for the other classes.
 * \param[out] out the key.
 * \retval MQWARD_OK it is written.
 * \retval MQWARD_ERR_SENDER the sender is none of a backend.
 */
int32_t mqward_down_seed_sender_key(const struct mqward_down_seed *seed,
                                    const struct mqward_device *device,
                                    uint8_t sender,
                                    uint32_t device_boot,
                                    struct mqward_sender_key *out);

/**
 * Reads a blob that is a file or a storage value of its own: all bytes, no more and no less.
 *
 * \param[in] bytes the blob; the client id of the result points into it.
 * \param[in] bytes_len its length.
 * \param[out] out what it holds.
 * \retval MQWARD_OK it is written.
 * \retval MQWARD_ERR_NO_BLOB it does not start as one.
 * \retval MQWARD_ERR_BLOB_VERSION its version is not known.
 * \retval MQWARD_ERR_BLOB_TRUNCATED it ends too early.
 * \retval MQWARD_ERR_BLOB_TRAILING bytes follow it.
 * \retval MQWARD_ERR_BLOB_CHECKSUM its checksum is wrong.
 * \retval MQWARD_ERR_BLOB_CONTENT its client id or generation is impossible.
 */
int32_t mqward_blob_parse(const uint8_t *bytes, size_t bytes_len, struct mqward_blob *out);

/**
 * Reads the blob at the start of a raw flash partition; what follows it is ignored.
 *
 * \param[in] partition the partition; the client id of the result points into it.
 * \param[in] partition_len its length.
 * \param[out] out what the blob holds.
 * \retval MQWARD_OK it is written.
 * \retval MQWARD_ERR_NO_BLOB it does not start with one, as erased flash does not.
 * \retval MQWARD_ERR_BLOB_VERSION the blob's version is not known.
 * \retval MQWARD_ERR_BLOB_TRUNCATED the partition ends too early.
 * \retval MQWARD_ERR_BLOB_CHECKSUM the blob's checksum is wrong.
 * \retval MQWARD_ERR_BLOB_CONTENT the blob's client id or generation is impossible.
 */
int32_t mqward_blob_parse_partition(const uint8_t *partition, size_t partition_len, struct mqward_blob *out);

/**
 * Writes a blob, for a production line or a registry.
 *
 * \param[in] device client id and generation.
 * \param[in] auth_seed the login seed.
 * \param[in] up_seed the uplink seed.
 * \param[in] down_seed the downlink seed.
 * \param[out] out the blob.
 * \param[in] out_size room in bytes: MQWARD_BLOB_OVERHEAD and the client id.
 * \param[out] out_len bytes written.
 * \retval MQWARD_OK it is written.
 * \retval MQWARD_ERR_BUFFER_TOO_SMALL out is unchanged.
 */
int32_t mqward_blob_write(const struct mqward_device *device,
                          const struct mqward_auth_seed *auth_seed,
                          const struct mqward_up_seed *up_seed,
                          const struct mqward_down_seed *down_seed,
                          uint8_t *out,
                          size_t out_size,
                          size_t *out_len);

/**
 * Starts a boot: increments the counter, stores it, reads it back. Once per start of the device, before the first
 * stamp, and again when a stamper is used up. Costs one write, two after a slot was lost.
 *
 * \param[in] storage the firmware's storage.
 * \param[out] out the boot.
 * \retval MQWARD_OK the new boot is stored.
 * \retval MQWARD_ERR_STORAGE a callback failed.
 * \retval MQWARD_ERR_NO_BOOT_RECORD neither slot is valid. Do not provision from here: a counter that starts over
 * repeats nonces.
 * \retval MQWARD_ERR_NOT_STORED the slot did not read back as written.
 * \retval MQWARD_ERR_BOOTS_EXHAUSTED the counter is used up.
 */
MQWARD_MUST_CHECK int32_t mqward_boot_start(const struct mqward_storage *storage, struct mqward_boot *out);

/**
 * As mqward_boot_start for a backend: the new boot is the larger of the stored one plus 1 and now.
 *
 * \param[in] storage storage that all processes share; the caller makes this call atomic among them.
 * \param[in] now Unix time in seconds, not 0.
 * \param[out] out the boot.
 * \retval MQWARD_OK the new boot is stored.
 * \retval MQWARD_ERR_TIME now is 0.
 * \retval MQWARD_ERR_STORAGE and the others of mqward_boot_start.
 */
MQWARD_MUST_CHECK
int32_t mqward_boot_start_at_least(const struct mqward_storage *storage,
                                   uint32_t now,
                                   struct mqward_boot *out);

/**
 * The number of a boot, never 0.
 *
 * \param[in] boot the boot.
 * \param[out] out its number.
 * \retval MQWARD_OK it is written.
 * \retval MQWARD_ERR_STATE the boot was not started, or is a copy.
 */
int32_t mqward_boot_number(const struct mqward_boot *boot, uint32_t *out);

/**
 * Takes the login stamper of a boot, for all audiences.
 *
 * \param[in,out] boot the boot.
 * \param[out] out the stamper.
 * \retval MQWARD_OK it is set up.
 * \retval MQWARD_ERR_TAKEN it was taken before.
 * \retval MQWARD_ERR_STATE the boot was not started, or is a copy.
 */
MQWARD_MUST_CHECK int32_t mqward_boot_login_stamper(struct mqward_boot *boot, struct mqward_login_stamper *out);

/**
 * Takes the seal stamper of one sender in a boot.
 *
 * \param[in,out] boot the boot.
 * \param[in] number the sender: 0 is the device, 1 to 15 further sealers on it, 16 to 255 backends.
 * \param[in] salt four random bytes that stand in the place of the time where there is no clock; 0 without a random
 * source.
 * \param[out] out the stamper.
 * \retval MQWARD_OK it is set up.
 * \retval MQWARD_ERR_TAKEN it was taken before.
 * \retval MQWARD_ERR_STATE the boot was not started, or is a copy.
 */
MQWARD_MUST_CHECK
int32_t mqward_boot_seal_stamper(struct mqward_boot *boot,
                                 uint8_t number,
                                 uint32_t salt,
                                 struct mqward_seal_stamper *out);

/**
 * Creates the boot record of a device that gets new seeds at the same moment. Never the answer to
 * MQWARD_ERR_NO_BOOT_RECORD: beside seeds that were used before, a new record repeats nonces.
 *
 * \param[in] storage the firmware's storage.
 * \param[in] now Unix time in seconds, not 0.
 * \retval MQWARD_OK it is stored.
 * \retval MQWARD_ERR_ALREADY_PROVISIONED a record is there; erase seeds and record together first.
 * \retval MQWARD_ERR_STORAGE a callback failed.
 * \retval MQWARD_ERR_NOT_STORED the slot did not read back as written.
 * \retval MQWARD_ERR_TIME now is 0.
 */
int32_t mqward_boot_provision(const struct mqward_storage *storage, uint32_t now);

/**
 * What provisioning writes to slot A, for tools that make flash images; slot B stays erased.
 *
 * \param[in] now Unix time in seconds, not 0.
 * \param[out] out the slot.
 * \param[in] out_size room in bytes: at least MQWARD_BOOT_SLOT_LEN, which is what is written.
 * \retval MQWARD_OK it is written.
 * \retval MQWARD_ERR_BUFFER_TOO_SMALL out is unchanged.
 * \retval MQWARD_ERR_TIME now is 0.
 */
int32_t mqward_boot_first_slot(uint32_t now, uint8_t *out, size_t out_size);

/**
 * Moves both stampers into retained RAM, right before deep sleep. They are unusable afterwards.
 *
 * \warning Never copy the record: each copy would wake the same counts. Windows are kept beside it by
 * mqward_window_export; one that is lost over the sleep starts cold, never new.
 *
 * \param[in,out] login the login stamper.
 * \param[in,out] seal the device's seal stamper.
 * \param[out] out retained RAM.
 * \param[in] out_size room in bytes: at least MQWARD_RESUME_RECORD_LEN, which is what is written.
 * \retval MQWARD_OK the record is written and the stampers are consumed.
 * \retval MQWARD_ERR_BUFFER_TOO_SMALL nothing has changed.
 * \retval MQWARD_ERR_STATE a stamper was not set up, was consumed, or is a copy; nothing has changed.
 */
int32_t mqward_resume_sleep(struct mqward_login_stamper *login,
                            struct mqward_seal_stamper *seal,
                            uint8_t *out,
                            size_t out_size);

/**
 * Takes both stampers back after deep sleep. The record is erased first, so that a crash after waking cannot wake the
 * same counts again.
 *
 * \param[in,out] retained retained RAM; zeros afterwards.
 * \param[in] retained_len its length: at least MQWARD_RESUME_RECORD_LEN, the first of which are the record.
 * \param[out] login the login stamper.
 * \param[out] seal the seal stamper.
 * \retval MQWARD_OK the same boot goes on.
 * \retval MQWARD_ERR_NO_RESUME_RECORD power was lost, or there was no sleep: call mqward_boot_start. What was there is
 * erased all the same.
 * \retval MQWARD_ERR_BUFFER_TOO_SMALL retained is too short, and unchanged.
 */
MQWARD_MUST_CHECK
int32_t mqward_resume_wake(uint8_t *retained,
                           size_t retained_len,
                           struct mqward_login_stamper *login,
                           struct mqward_seal_stamper *seal);

/**
 * The gate of a device that has never seen an authenticated time.
 *
 * \param[in] build_time the firmware's build time in Unix seconds, not 0: the floor.
 * \param[out] out the gate.
 * \retval MQWARD_OK it is written.
 * \retval MQWARD_ERR_TIME build_time is 0.
 */
int32_t mqward_clock_gate_init(uint32_t build_time, struct mqward_clock_gate *out);

/**
 * The gate after a start, with the floor that was stored.
 *
 * \param[in] build_time the firmware's build time in Unix seconds, not 0.
 * \param[in] stored_floor the floor that was stored, not 0.
 * \param[out] out the gate.
 * \retval MQWARD_OK it is written.
 * \retval MQWARD_ERR_TIME one of the times is 0.
 */
int32_t mqward_clock_gate_resume(uint32_t build_time, uint32_t stored_floor, struct mqward_clock_gate *out);

/**
 * Judges a reading of the clock.
 *
 * \param[in] gate the gate.
 * \param[in] now_secs the reading, in Unix seconds.
 * \param[out] out the time to stamp, or 0 for none: a device without a time still logs in.
 * \retval MQWARD_OK the time or 0 is written.
 * \retval MQWARD_ERR_TIME the gate's floor is 0: it was not set up.
 */
int32_t mqward_clock_gate_judge(const struct mqward_clock_gate *gate, uint64_t now_secs, uint32_t *out);

/**
 * Raises the floor to a time that was authenticated: by a login accepted over TLS, or by sealed time. Never by SNTP.
 *
 * \param[in,out] gate the gate; the floor never falls.
 * \param[in] authenticated the time, not 0.
 * \retval MQWARD_OK the floor is at least that time.
 * \retval MQWARD_ERR_TIME the time or the gate's floor is 0.
 */
int32_t mqward_clock_gate_raise(struct mqward_clock_gate *gate, uint32_t authenticated);

/**
 * Mints the password of one connection attempt. Call it anew for every attempt: an old one is worthless.
 *
 * The MQTT user name is the client id.
 *
 * \param[in,out] stamper the login stamper of this boot.
 * \param[in] key the login key at the broker's audience.
 * \param[in] device client id and generation.
 * \param[in] now the time as the clock gate judged it, 0 without a clock.
 * \param[out] out MQWARD_PASSWORD_LEN characters and a NUL.
 * \param[in] out_size room in bytes: at least MQWARD_PASSWORD_SIZE.
 * \retval MQWARD_OK the password is written.
 * \retval MQWARD_ERR_BUFFER_TOO_SMALL no stamp is spent.
 * \retval MQWARD_ERR_USED_UP all counts of this boot are used: start the next boot.
 * \retval MQWARD_ERR_STATE the stamper was not set up, was consumed, or is a copy.
 */
MQWARD_MUST_CHECK
int32_t mqward_password_mint(struct mqward_login_stamper *stamper,
                             const struct mqward_login_key *key,
                             const struct mqward_device *device,
                             uint32_t now,
                             char *out,
                             size_t out_size);

/**
 * Reads the header of a sealed payload, to pick the opener.
 *
 * \param[in] sealed the payload of a PUBLISH.
 * \param[in] sealed_len its length.
 * \param[out] out the header.
 * \retval MQWARD_OK it is written.
 * \retval MQWARD_ERR_FRAME this is not a sealed payload.
 */
int32_t mqward_header_parse(const uint8_t *sealed, size_t sealed_len, struct mqward_header *out);

/**
 * Whether a payload has the shape of a sealed one, for a broker, which has no key.
 *
 * \param[in] payload the payload of a PUBLISH.
 * \param[in] payload_len its length.
 * \param[in] retain its RETAIN flag.
 * \param[out] out the answer.
 * \retval MQWARD_OK it is written.
 */
int32_t mqward_is_sealed_shape(const uint8_t *payload, size_t payload_len, bool retain, bool *out);

/**
 * The age of a message.
 *
 * \param[in] receipt the receipt.
 * \param[in] now the receiver's Unix time, 0 without a clock.
 * \param[out] out seconds since sealing, negative if it comes from the future.
 * \retval MQWARD_OK it is written.
 * \retval MQWARD_ERR_AGE_UNKNOWN one side has no clock.
 * \retval MQWARD_ERR_STATE this is no receipt.
 */
int32_t mqward_receipt_age(const struct mqward_receipt *receipt, uint32_t now, int64_t *out);

/**
 * Judges the age of a message. Without a clock on either side there is nothing to judge, and it passes.
 *
 * \param[in] receipt the receipt.
 * \param[in] max_age seconds, MQWARD_LIVE_MAX_AGE_SECS for live downlink, or MQWARD_ANY_AGE.
 * \param[in] now the receiver's Unix time, 0 without a clock.
 * \retval MQWARD_OK it may be acted upon.
 * \retval MQWARD_ERR_EXPIRED it is older.
 * \retval MQWARD_ERR_FROM_THE_FUTURE it was sealed more than 60 seconds in the future.
 * \retval MQWARD_ERR_STATE this is no receipt.
 */
MQWARD_MUST_CHECK
int32_t mqward_receipt_check_age(const struct mqward_receipt *receipt,
                                 uint32_t max_age,
                                 uint32_t now);

/**
 * Sets up the sealer of a device's uplink.
 *
 * \param[in] seed the uplink seed.
 * \param[in] device generation and hardware id.
 * \param[in] sender 0 for the device, 1 to 15 for further sealers on it.
 * \param[out] out the sealer.
 * \retval MQWARD_OK it is set up.
 * \retval MQWARD_ERR_SENDER the sender is none of a device.
 */
int32_t mqward_sealer_init_up(const struct mqward_up_seed *seed,
                              const struct mqward_device *device,
                              uint8_t sender,
                              struct mqward_sealer *out);

/**
 * Sets up the sealer of a backend towards one device in its current boot.
 *
 * \param[in] seed the device's downlink seed.
 * \param[in] device the device's generation and hardware id.
 * \param[in] sender 16 to 255, leased to this backend.
 * \param[in] device_boot the device's current boot, learnt from the first authentic uplink; not 0.
 * \param[out] out the sealer.
 * \retval MQWARD_OK it is set up.
 * \retval MQWARD_ERR_SENDER the sender is none of a backend.
 * \retval MQWARD_ERR_BOOT device_boot is 0.
 */
int32_t mqward_sealer_init_down(const struct mqward_down_seed *seed,
                                const struct mqward_device *device,
                                uint8_t sender,
                                uint32_t device_boot,
                                struct mqward_sealer *out);

/**
 * Wipes the keys. A sealer that was never set up, and NULL, are fine.
 *
 * \param[in,out] sealer the sealer; unusable afterwards.
 */
void mqward_sealer_wipe(struct mqward_sealer *sealer);

/**
 * Seals a payload where it stands: the plaintext is at `buf + MQWARD_HEADER_LEN`, the result at `buf`.
 *
 * \param[in] sealer the keys.
 * \param[in,out] stamper the stamper of the same sender; one stamp is spent.
 * \param[in] message_class MQWARD_CLASS_LIVE and its like.
 * \param[in] topic the Topic Name of the PUBLISH, byte for byte: 1 to 65535 bytes.
 * \param[in] topic_len its length.
 * \param[in] now the time as the clock gate judged it, 0 without a clock.
 * \param[in,out] buf the buffer.
 * \param[in] buf_size its size: at least MQWARD_SEALED_LEN(payload_len).
 * \param[in] payload_len bytes of the plaintext.
 * \param[out] out_len MQWARD_SEALED_LEN(payload_len): what to publish.
 * \retval MQWARD_OK `buf` holds the sealed payload.
 * \retval MQWARD_ERR_BUFFER_TOO_SMALL `buf` is unchanged and no stamp is spent, as in all errors but the last.
 * \retval MQWARD_ERR_TOPIC_LENGTH the topic is empty or too long.
 * \retval MQWARD_ERR_OTHER_SENDER the stamper counts for another sender.
 * \retval MQWARD_ERR_STATE sealer or stamper was not set up, or the stamper is a copy.
 * \retval MQWARD_ERR_OVERLAP `buf` overlaps the topic, the sealer or the stamper.
 * \retval MQWARD_ERR_USED_UP all counts of this boot are used: start the next boot.
 * \retval MQWARD_ERR_PAYLOAD_LENGTH the payload is too long for one message.
 */
MQWARD_MUST_CHECK
int32_t mqward_seal_in_place(const struct mqward_sealer *sealer,
                             struct mqward_seal_stamper *stamper,
                             uint8_t message_class,
                             const char *topic,
                             size_t topic_len,
                             uint32_t now,
                             uint8_t *buf,
                             size_t buf_size,
                             size_t payload_len,
                             size_t *out_len);

/**
 * Seals a payload into another buffer.
 *
 * \param[in] sealer the keys.
 * \param[in,out] stamper the stamper of the same sender; one stamp is spent.
 * \param[in] message_class MQWARD_CLASS_LIVE and its like.
 * \param[in] topic the Topic Name of the PUBLISH, byte for byte: 1 to 65535 bytes.
 * \param[in] topic_len its length.
 * \param[in] now the time as the clock gate judged it, 0 without a clock.
 * \param[in] payload the plaintext.
 * \param[in] payload_len its length.
 * \param[out] out the sealed payload.
 * \param[in] out_size room in bytes: at least MQWARD_SEALED_LEN(payload_len).
 * \param[out] out_len MQWARD_SEALED_LEN(payload_len): what to publish.
 * \retval MQWARD_OK `out` holds the sealed payload.
 * \retval MQWARD_ERR_BUFFER_TOO_SMALL and the others of mqward_seal_in_place; `out` holds no plaintext then.
 */
MQWARD_MUST_CHECK
int32_t mqward_seal(const struct mqward_sealer *sealer,
                    struct mqward_seal_stamper *stamper,
                    uint8_t message_class,
                    const char *topic,
                    size_t topic_len,
                    uint32_t now,
                    const uint8_t *payload,
                    size_t payload_len,
                    uint8_t *out,
                    size_t out_size,
                    size_t *out_len);

/**
 * Sets up the opener of a device's uplink, at a backend.
 *
 * \param[in] seed the device's uplink seed.
 * \param[in] device generation and hardware id.
 * \param[in] sender 0 for the device, 1 to 15 for further sealers on it.
 * \param[out] out the opener.
 * \retval MQWARD_OK it is set up.
 * \retval MQWARD_ERR_SENDER the sender is none of a device.
 */
int32_t mqward_opener_init_up(const struct mqward_up_seed *seed,
                              const struct mqward_device *device,
                              uint8_t sender,
                              struct mqward_opener *out);

/**
 * Sets up the opener of a device for one backend, in the device's current boot.
 *
 * \param[in] seed the downlink seed.
 * \param[in] device generation and hardware id.
 * \param[in] sender the backend, 16 to 255.
 * \param[in] own_boot the number of the current boot, not 0.
 * \param[out] out the opener.
 * \retval MQWARD_OK it is set up.
 * \retval MQWARD_ERR_SENDER the sender is none of a backend.
 * \retval MQWARD_ERR_BOOT own_boot is 0.
 */
int32_t mqward_opener_init_down(const struct mqward_down_seed *seed,
                                const struct mqward_device *device,
                                uint8_t sender,
                                uint32_t own_boot,
                                struct mqward_opener *out);

/**
 * Wipes the keys. An opener that was never set up, and NULL, are fine.
 *
 * \param[in,out] opener the opener; unusable afterwards.
 */
void mqward_opener_wipe(struct mqward_opener *opener);

/**
 * Verifies and decrypts the payload of a PUBLISH where it stands.
 *
 * \param[in] opener the keys.
 * \param[in] topic the Topic Name it arrived on, byte for byte; for an alias, the name that it stands for.
 * \param[in] topic_len its length.
 * \param[in,out] sealed the payload.
 * \param[in] sealed_len its length.
 * \param[out] out the message, whose plaintext is in `sealed`.
 * \retval MQWARD_OK the message is authentic. Judge its receipt before it has an effect.
 * \retval MQWARD_ERR_CLEARED the payload is empty: neither a message nor an error.
 * \retval MQWARD_ERR_FRAME this is not a sealed payload; `sealed` is unchanged.
 * \retval MQWARD_ERR_OTHER_KEY sealed in another generation or by another sender; `sealed` is unchanged.
 * \retval MQWARD_ERR_REFUSED not authentic, and no more is told; `sealed` is zeroed.
 * \retval MQWARD_ERR_STATE the opener was not set up.
 * \retval MQWARD_ERR_OVERLAP `sealed` overlaps the topic or the opener.
 */
MQWARD_MUST_CHECK
int32_t mqward_open_in_place(const struct mqward_opener *opener,
                             const char *topic,
                             size_t topic_len,
                             uint8_t *sealed,
                             size_t sealed_len,
                             struct mqward_message *out);

/**
 * A window that has seen nothing and accepts everything: for a sender that is new, and for live downlink at every boot
 * of the device. A receiver that lost its window takes mqward_window_init_cold.
 *
 * \param[out] out the window.
 * \retval MQWARD_OK it is set up.
 */
int32_t mqward_window_init(struct mqward_window *out);

/**
 * The window of a receiver that starts without its stored one: only what was sealed after now and the skew is judged,
 * the rest is MQWARD_ERR_CLOSED until mqward_window_reopen. The rule rests on clocks: pass every message by
 * mqward_receipt_check_age first.
 *
 * \param[in] now the receiver's Unix time, not 0.
 * \param[in] skew_secs how far clocks may be apart: MQWARD_COLD_SKEW_SECS, and not less.
 * \param[out] out the window.
 * \retval MQWARD_OK it is set up.
 * \retval MQWARD_ERR_TIME now is 0.
 */
int32_t mqward_window_init_cold(uint32_t now, uint16_t skew_secs, struct mqward_window *out);

/**
 * The window of a receiver that lost its own and has no clock: closed until mqward_window_reopen.
 *
 * \param[out] out the window.
 * \retval MQWARD_OK it is set up.
 */
int32_t mqward_window_init_closed(struct mqward_window *out);

/**
 * Puts a window under the cold-start rule, as after restoring it from a backup.
 *
 * \param[in,out] window the window.
 * \param[in] now the receiver's Unix time, not 0.
 * \param[in] skew_secs how far clocks may be apart: MQWARD_COLD_SKEW_SECS, and not less.
 * \retval MQWARD_OK done.
 * \retval MQWARD_ERR_TIME now is 0.
 * \retval MQWARD_ERR_STATE the window was not set up.
 */
int32_t mqward_window_set_cold(struct mqward_window *window, uint32_t now, uint16_t skew_secs);

/**
 * Tells the window the sender's last stamp: everything up to it is over, everything above it fresh. What the window
 * knows already is not forgotten.
 *
 * \param[in,out] window the window.
 * \param[in] boot the boot of that stamp, not 0.
 * \param[in] count its count.
 * \retval MQWARD_OK done.
 * \retval MQWARD_ERR_BOOT boot is 0.
 * \retval MQWARD_ERR_STATE the window was not set up.
 */
int32_t mqward_window_reopen(struct mqward_window *window, uint32_t boot, uint32_t count);

/**
 * Judges an authentic message without remembering it.
 *
 * \param[in] window the window.
 * \param[in] receipt the receipt of the message.
 * \param[out] ticket the right to commit it, to be used together with the effect.
 * \retval MQWARD_OK it is fresh.
 * \retval MQWARD_ERR_DUPLICATE it was acted on before: acknowledge and drop.
 * \retval MQWARD_ERR_TOO_OLD it is older than what the window remembers: acknowledge and drop.
 * \retval MQWARD_ERR_CLOSED it cannot be told, or the class is not for windows: refuse.
 * \retval MQWARD_ERR_STATE the window was not set up, or this is no receipt.
 */
MQWARD_MUST_CHECK
int32_t mqward_window_judge(const struct mqward_window *window,
                            const struct mqward_receipt *receipt,
                            struct mqward_ticket *ticket);

/**
 * Remembers a fresh message.
 *
 * \param[in,out] window the window that judged it, or a copy made since.
 * \param[in,out] ticket the ticket; consumed.
 * \retval MQWARD_OK the message is a duplicate from now on.
 * \retval MQWARD_ERR_TICKET it was committed under another ticket in between.
 * \retval MQWARD_ERR_STATE the window was not set up, or the ticket was consumed.
 */
MQWARD_MUST_CHECK int32_t mqward_window_commit(struct mqward_window *window, struct mqward_ticket *ticket);

/**
 * Writes a window for storage, in the same transaction as the effect.
 *
 * \param[in] window the window.
 * \param[out] out MQWARD_WINDOW_EXPORT_LEN bytes.
 * \param[in] out_size room in bytes.
 * \retval MQWARD_OK they are written.
 * \retval MQWARD_ERR_BUFFER_TOO_SMALL out is unchanged.
 * \retval MQWARD_ERR_STATE the window was not set up.
 */
int32_t mqward_window_export(const struct mqward_window *window, uint8_t *out, size_t out_size);

/**
 * Reads a stored window. From a backup, follow with mqward_window_set_cold.
 *
 * \param[in] bytes what was stored.
 * \param[in] bytes_len its length: MQWARD_WINDOW_EXPORT_LEN.
 * \param[out] out the window.
 * \retval MQWARD_OK it is set up.
 * \retval MQWARD_ERR_IMPORT_LENGTH it has another length. Here and below: fall back to mqward_window_init_cold, never
 * to mqward_window_init.
 * \retval MQWARD_ERR_IMPORT_CHECKSUM it is torn or was changed.
 * \retval MQWARD_ERR_IMPORT_FORMAT it is of another version or width.
 */
MQWARD_MUST_CHECK int32_t mqward_window_import(const uint8_t *bytes, size_t bytes_len, struct mqward_window *out);

/**
 * The mark of a device that finds none, although it was provisioned before: only what was sealed after now and the
 * skew passes. The rule rests on clocks: pass every command by mqward_receipt_check_age first.
 *
 * \param[in] now the device's Unix time, not 0.
 * \param[in] skew_secs how far clocks may be apart: MQWARD_COLD_SKEW_SECS, and not less.
 * \param[out] out the mark.
 * \retval MQWARD_OK it is written.
 * \retval MQWARD_ERR_TIME now is 0.
 */
int32_t mqward_strict_mark_init_cold(uint32_t now, uint16_t skew_secs, struct mqward_strict_mark *out);

/**
 * The mark of a device that lost its own and has no clock: nothing passes until mqward_strict_mark_init_at.
 *
 * \param[out] out the mark.
 * \retval MQWARD_OK it is written.
 */
int32_t mqward_strict_mark_init_closed(struct mqward_strict_mark *out);

/**
 * The mark of a device that is told its backend's last stamp: only what is above it passes.
 *
 * \param[in] boot the boot of that stamp, not 0.
 * \param[in] count its count.
 * \param[out] out the mark.
 * \retval MQWARD_OK it is written.
 * \retval MQWARD_ERR_BOOT boot is 0.
 */
int32_t mqward_strict_mark_init_at(uint32_t boot, uint32_t count, struct mqward_strict_mark *out);

/**
 * Judges an authentic command of class stored.
 *
 * \param[in] mark the mark of its sender.
 * \param[in] receipt the receipt of the message.
 * \param[out] ticket the right to commit it.
 * \retval MQWARD_OK it is newer than the last one.
 * \retval MQWARD_ERR_DUPLICATE it is the last one.
 * \retval MQWARD_ERR_TOO_OLD it is older.
 * \retval MQWARD_ERR_CLOSED it is of another class or direction, or the mark is cold and it was not sealed after that.
 * \retval MQWARD_ERR_STATE this is no receipt.
 */
MQWARD_MUST_CHECK
int32_t mqward_strict_mark_judge(const struct mqward_strict_mark *mark,
                                 const struct mqward_receipt *receipt,
                                 struct mqward_ticket *ticket);

/**
 * Advances to a fresh command. Store the mark, then act.
 *
 * \param[in,out] mark the mark that judged it.
 * \param[in,out] ticket the ticket; consumed.
 * \retval MQWARD_OK the mark has advanced.
 * \retval MQWARD_ERR_TICKET the mark has moved past it in between.
 * \retval MQWARD_ERR_STATE the ticket was consumed.
 */
MQWARD_MUST_CHECK int32_t mqward_strict_mark_commit(struct mqward_strict_mark *mark, struct mqward_ticket *ticket);

/**
 * Judges an authentic message of class retained or will.
 *
 * \param[in] mark the mark of its sender, topic and class.
 * \param[in] receipt the receipt of the message.
 * \param[out] ticket the right to commit it.
 * \retval MQWARD_OK it is newer: take the value.
 * \retval MQWARD_ERR_SAME it is the last one again, as after every subscription: take it if it is not at hand; there is
 * nothing to commit.
 * \retval MQWARD_ERR_TOO_OLD somebody shows an old value.
 * \retval MQWARD_ERR_CLOSED it is of another class.
 * \retval MQWARD_ERR_STATE this is no receipt.
 */
MQWARD_MUST_CHECK
int32_t mqward_latest_mark_judge(const struct mqward_latest_mark *mark,
                                 const struct mqward_receipt *receipt,
                                 struct mqward_ticket *ticket);

/**
 * Advances to a newer value.
 *
 * \param[in,out] mark the mark that judged it.
 * \param[in,out] ticket the ticket; consumed.
 * \retval MQWARD_OK the mark has advanced.
 * \retval MQWARD_ERR_TICKET the mark has moved past it in between.
 * \retval MQWARD_ERR_STATE the ticket was consumed.
 */
MQWARD_MUST_CHECK int32_t mqward_latest_mark_commit(struct mqward_latest_mark *mark, struct mqward_ticket *ticket);

/**
 * Writes the full COSE_Encrypt0 (RFC 9052) of a sealed payload. A COSE library opens it with the sender key, algorithm
 * 24 and the Topic Name as external AAD.
 *
 * \param[in] sealed the sealed payload.
 * \param[in] sealed_len its length.
 * \param[out] out the full form.
 * \param[in] out_size room in bytes: MQWARD_COSE_MAX_LEN(sealed_len) is enough.
 * \param[out] out_len bytes written.
 * \retval MQWARD_OK it is written.
 * \retval MQWARD_ERR_FRAME this is not a sealed payload.
 * \retval MQWARD_ERR_BUFFER_TOO_SMALL out is unchanged, as in all errors.
 * \retval MQWARD_ERR_PAYLOAD_LENGTH it has 4 GiB or more.
 * \retval MQWARD_ERR_OVERLAP out overlaps sealed.
 */
int32_t mqward_cose_expand(const uint8_t *sealed, size_t sealed_len, uint8_t *out, size_t out_size, size_t *out_len);

/**
 * Writes the sealed payload of a full COSE_Encrypt0. The one encoding that mqward_cose_expand writes is accepted.
 *
 * \param[in] full the full form.
 * \param[in] full_len its length.
 * \param[out] out the sealed payload.
 * \param[in] out_size room in bytes: full_len is enough.
 * \param[out] out_len bytes written.
 * \retval MQWARD_OK it is written.
 * \retval MQWARD_ERR_NOT_CANONICAL it is encoded otherwise.
 * \retval MQWARD_ERR_FRAME what is inside is not a sealed payload.
 * \retval MQWARD_ERR_BUFFER_TOO_SMALL out is unchanged, as in all errors.
 * \retval MQWARD_ERR_OVERLAP out overlaps full.
 */
int32_t mqward_cose_compact(const uint8_t *full, size_t full_len, uint8_t *out, size_t out_size, size_t *out_len);

/**
 * Checks a Topic Name.
 *
 * \param[in] name the name.
 * \param[in] name_len its length.
 * \retval MQWARD_OK it is one.
 * \retval MQWARD_ERR_EMPTY and its like: the rule that it breaks.
 */
MQWARD_MUST_CHECK int32_t mqward_topic_name_check(const char *name, size_t name_len);

/**
 * Checks a Topic Filter without `$share`.
 *
 * \param[in] filter the filter.
 * \param[in] filter_len its length.
 * \retval MQWARD_OK it is one.
 * \retval MQWARD_ERR_EMPTY and its like: the rule that it breaks.
 */
MQWARD_MUST_CHECK int32_t mqward_topic_filter_check(const char *filter, size_t filter_len);

/**
 * Takes a filter of a SUBSCRIBE apart, with or without `$share`.
 *
 * \param[in] text_ what the SUBSCRIBE holds.
 * \param[in] text_len its length.
 * \param[out] out_filter the Topic Filter, inside `text_`: what rules are about.
 * \param[out] out_filter_len its length.
 * \retval MQWARD_OK it is written.
 * \retval MQWARD_ERR_SHARE_NAME and its like: the rule that it breaks.
 */
MQWARD_MUST_CHECK
int32_t mqward_subscription_parse(const char *text_,
                                  size_t text_len,
                                  const char **out_filter,
                                  size_t *out_filter_len);

/**
 * Checks a Client Identifier: 1 to 255 printable ASCII characters, none of `# $ % * + /`.
 *
 * \param[in] client_id the identifier.
 * \param[in] client_id_len its length.
 * \retval MQWARD_OK it is one.
 * \retval MQWARD_ERR_EMPTY it is empty.
 * \retval MQWARD_ERR_TOO_LONG it has more than 255 bytes.
 * \retval MQWARD_ERR_CHARACTER it has a character that it may not have.
 */
MQWARD_MUST_CHECK int32_t mqward_client_id_check(const char *client_id, size_t client_id_len);

/**
 * Whether a Topic Filter matches a Topic Name.
 *
 * \param[in] filter the filter, without `$share`.
 * \param[in] filter_len its length.
 * \param[in] name the name.
 * \param[in] name_len its length.
 * \param[out] out the answer.
 * \retval MQWARD_OK it is written.
 * \retval MQWARD_ERR_EMPTY and its like: the rule that filter or name breaks.
 */
MQWARD_MUST_CHECK
int32_t mqward_topic_filter_matches(const char *filter,
                                    size_t filter_len,
                                    const char *name,
                                    size_t name_len,
                                    bool *out);

/**
 * Whether a Topic Filter matches every name that another one matches.
 *
 * \param[in] filter the wider filter, without `$share`.
 * \param[in] filter_len its length.
 * \param[in] other the narrower filter, without `$share`.
 * \param[in] other_len its length.
 * \param[out] out the answer.
 * \retval MQWARD_OK it is written.
 * \retval MQWARD_ERR_EMPTY and its like: the rule that a filter breaks.
 */
MQWARD_MUST_CHECK
int32_t mqward_topic_filter_covers(const char *filter,
                                   size_t filter_len,
                                   const char *other,
                                   size_t other_len,
                                   bool *out);

/**
 * Whether two Topic Filters match a name in common.
 *
 * \param[in] filter one filter, without `$share`.
 * \param[in] filter_len its length.
 * \param[in] other the other filter, without `$share`.
 * \param[in] other_len its length.
 * \param[out] out the answer.
 * \retval MQWARD_OK it is written.
 * \retval MQWARD_ERR_EMPTY and its like: the rule that a filter breaks.
 */
MQWARD_MUST_CHECK
int32_t mqward_topic_filter_overlaps(const char *filter,
                                     size_t filter_len,
                                     const char *other,
                                     size_t other_len,
                                     bool *out);

/**
 * The client whose topic this is: the one Client Identifier for which a pattern with `%c` matches a Topic Name. So a
 * backend finds the device, and with it the key, of a sealed payload.
 *
 * \param[in] pattern the pattern.
 * \param[in] pattern_len its length.
 * \param[in] name the Topic Name.
 * \param[in] name_len its length.
 * \param[out] out_client_id the identifier, inside `name`.
 * \param[out] out_client_id_len its length.
 * \retval MQWARD_OK it is written.
 * \retval MQWARD_ERR_NO_CLIENT_ID there is none.
 * \retval MQWARD_ERR_PLACEHOLDER the pattern has a '%' that is not the whole level '%c'.
 * \retval MQWARD_ERR_EMPTY and its like: the rule that pattern or name breaks.
 */
MQWARD_MUST_CHECK
int32_t mqward_pattern_client_id(const char *pattern,
                                 size_t pattern_len,
                                 const char *name,
                                 size_t name_len,
                                 const char **out_client_id,
                                 size_t *out_client_id_len);

/**
 * The refusal of a CONNECT after its password was checked: one and the same code for all that an attacker may cause.
 *
 * \param[in] role the role of the verdict that let the CONNECT pass.
 * \param[in] status what mqward_login_verify or mqward_claim_verify returned. What is no refusal of a login, success
 * too, becomes "server unavailable".
 * \param[out] out the verdict.
 * \retval MQWARD_OK it is written.
 */
int32_t mqward_verdict_refuse_login(uint32_t role, int32_t status, struct mqward_verdict *out);

/**
 * Reads what a password claims, to look up the key: the first of two steps, or for a log.
 *
 * \param[in] password the password field, which need not end with NUL.
 * \param[in] password_len its length.
 * \param[out] out the claim.
 * \retval MQWARD_OK it is written.
 * \retval MQWARD_ERR_PASSWORD this is not the one encoding of a password.
 */
MQWARD_MUST_CHECK int32_t mqward_claim_parse(const char *password, size_t password_len, struct mqward_claim *out);

/**
 * Checks tag and time of a password with a key that the caller has looked up: the second of two steps.
 *
 * \warning MQWARD_OK is no login yet: the replay store must advance to the mark first, in one atomic step.
 * mqward_login_verify does all of it. The result must never be cached.
 *
 * \param[in] password the password field, which need not end with NUL.
 * \param[in] password_len its length.
 * \param[in] key the device's key, or a random one if the device is unknown.
 * \param[in] known whether it is the device's key. The work is the same.
 * \param[in] client_id the Client Identifier of the CONNECT.
 * \param[in] client_id_len its length.
 * \param[in] terms the terms.
 * \param[in] now the verifier's Unix time, not 0.
 * \param[out] out the login, once the store has advanced.
 * \retval MQWARD_OK tag and time are right.
 * \retval MQWARD_ERR_PASSWORD this is not the one encoding of a password.
 * \retval MQWARD_ERR_UNKNOWN_DEVICE known is false.
 * \retval MQWARD_ERR_WRONG_TAG the tag is wrong.
 * \retval MQWARD_ERR_OUTSIDE_WINDOW the time is too far from now.
 * \retval MQWARD_ERR_NO_CLOCK the password has no time.
 * \retval MQWARD_ERR_TIME now is 0.
 * \retval MQWARD_ERR_WINDOW the window of the terms is not 1 to 3600 seconds.
 */
MQWARD_MUST_CHECK
int32_t mqward_claim_verify(const char *password,
                            size_t password_len,
                            const struct mqward_login_key *key,
                            bool known,
                            const char *client_id,
                            size_t client_id_len,
                            const struct mqward_terms *terms,
                            uint32_t now,
                            struct mqward_login *out);

/**
 * Checks a password whole: form, key, tag, time, replay. MQWARD_OK lets the client in.
 *
 * All refusals but MQWARD_ERR_UNAVAILABLE get one and the same CONNACK; mqward_verdict_refuse_login makes it.
 *
 * \param[in] verifier key lookup and replay store.
 * \param[in] client_id the Client Identifier of the CONNECT.
 * \param[in] client_id_len its length.
 * \param[in] password the password field, which need not end with NUL.
 * \param[in] password_len its length.
 * \param[in] now the verifier's Unix time, not 0.
 * \param[out] out the login.
 * \retval MQWARD_OK the client is who it says, for the first time with this password.
 * \retval MQWARD_ERR_PASSWORD this is not the one encoding of a password.
 * \retval MQWARD_ERR_UNKNOWN_DEVICE the lookup knows no such device.
 * \retval MQWARD_ERR_REVOKED the lookup says so.
 * \retval MQWARD_ERR_WRONG_TAG the tag is wrong.
 * \retval MQWARD_ERR_OUTSIDE_WINDOW the time is too far from now.
 * \retval MQWARD_ERR_NO_CLOCK the password has no time.
 * \retval MQWARD_ERR_REPLAYED the password was used before.
 * \retval MQWARD_ERR_COUNTER_WENT_BACK a later password was used before.
 * \retval MQWARD_ERR_UNAVAILABLE lookup or store cannot answer.
 * \retval MQWARD_ERR_NULL a callback is missing, or another pointer.
 */
MQWARD_MUST_CHECK
int32_t mqward_login_verify(const struct mqward_verifier *verifier,
                            const char *client_id,
                            size_t client_id_len,
                            const char *password,
                            size_t password_len,
                            uint32_t now,
                            struct mqward_login *out);

/**
 * How a mark stands against the stored one, for a replay store of the caller. Comparing and storing is one atomic step.
 *
 * \param[in] mark the mark of a login.
 * \param[in] stored the stored mark of this client id, 0 for none.
 * \retval MQWARD_OK it is higher: store it.
 * \retval MQWARD_ERR_REPLAYED it is the stored one.
 * \retval MQWARD_ERR_COUNTER_WENT_BACK it is lower.
 * \retval MQWARD_ERR_PARAM one of the numbers is no mark.
 */
MQWARD_MUST_CHECK int32_t mqward_mark_compare(uint64_t mark, uint64_t stored);

/**
 * Checks a policy. Roles and rules are read here and need not stay; their texts and the memory have to stay as long as
 * the gate is used. Nothing is allocated, and judging writes to neither.
 *
 * \param[in] given the roles. None is a policy too, and refuses everything.
 * \param[in] given_len number of roles.
 * \param[out] role_memory room for as many roles.
 * \param[in] role_memory_len number of elements.
 * \param[out] rule_memory room for as many rules as all roles have together.
 * \param[in] rule_memory_len number of elements.
 * \param[out] out the gate.
 * \retval MQWARD_OK it is set up.
 * \retval MQWARD_ERR_BUFFER_TOO_SMALL there are more roles or rules than room. Here and below the gate is not set up;
 * the memory may have been written.
 * \retval MQWARD_ERR_ROLES_OVERLAP some client id would belong to two roles.
 * \retval MQWARD_ERR_CLIENT_ID_RULE lengths or prefix of a client-id rule are impossible.
 * \retval MQWARD_ERR_PLACEHOLDER a pattern has a '%' that is not the whole level '%c'.
 * \retval MQWARD_ERR_WILDCARD_NOT_ALONE and its like: what keeps a pattern from being a Topic Filter.
 * \retval MQWARD_ERR_PARAM a number of a role or rule is none that it may have.
 * \retval MQWARD_ERR_OVERLAP the memory overlaps the roles, or itself.
 */
MQWARD_MUST_CHECK
int32_t mqward_gate_init(const struct mqward_role *given,
                         size_t given_len,
                         struct mqward_role_memory *role_memory,
                         size_t role_memory_len,
                         struct mqward_rule_memory *rule_memory,
                         size_t rule_memory_len,
                         struct mqward_gate *out);

/**
 * Judges a CONNECT, all but what needs a key: role, user name, that there is a password, size, will.
 *
 * \warning If password_due is set in the verdict, the password has to be checked before the client is let in.
 * mqward_gate_login does both.
 *
 * \param[in] gate the gate.
 * \param[in] packet the packet.
 * \param[out] out the verdict.
 * \retval MQWARD_OK the verdict is written. Anything else is no verdict: refuse.
 * \retval MQWARD_ERR_STATE the gate was not set up.
 */
MQWARD_MUST_CHECK
int32_t mqward_gate_connect(const struct mqward_gate *gate,
                            const struct mqward_connect *packet,
                            struct mqward_verdict *out);

/**
 * Judges a CONNECT whole: as mqward_gate_connect, and then the password, if its role asks for one.
 *
 * \param[in] gate the gate.
 * \param[in] packet the packet.
 * \param[in] verifier key lookup and replay store.
 * \param[in] now the verifier's Unix time, not 0.
 * \param[out] out the verdict; password_due is never set.
 * \retval MQWARD_OK the verdict is written. Anything else is no verdict: refuse.
 * \retval MQWARD_ERR_STATE the gate was not set up.
 * \retval MQWARD_ERR_TIME now is 0.
 */
MQWARD_MUST_CHECK
int32_t mqward_gate_login(const struct mqward_gate *gate,
                          const struct mqward_connect *packet,
                          const struct mqward_verifier *verifier,
                          uint32_t now,
                          struct mqward_verdict *out);

/**
 * Judges a PUBLISH of a client, or its will when it is published: size, Topic Name, rules, shape of the payload.
 *
 * On a device's own topics it finds a breach before the broker does.
 *
 * \param[in] gate the gate.
 * \param[in] client_id the Client Identifier of the connection.
 * \param[in] client_id_len its length.
 * \param[in] packet the packet.
 * \param[out] out the verdict.
 * \retval MQWARD_OK the verdict is written. Anything else is no verdict: refuse.
 * \retval MQWARD_ERR_STATE the gate was not set up.
 */
MQWARD_MUST_CHECK
int32_t mqward_gate_publish(const struct mqward_gate *gate,
                            const char *client_id,
                            size_t client_id_len,
                            const struct mqward_publish *packet,
                            struct mqward_verdict *out);

/**
 * Judges one filter of a SUBSCRIBE, with or without `$share`. Judge all of them before any takes effect, and those of a
 * stored session when it resumes.
 *
 * \param[in] gate the gate.
 * \param[in] client_id the Client Identifier of the connection.
 * \param[in] client_id_len its length.
 * \param[in] filter the filter.
 * \param[in] filter_len its length.
 * \param[out] out the verdict.
 * \retval MQWARD_OK the verdict is written. Anything else is no verdict: refuse.
 * \retval MQWARD_ERR_STATE the gate was not set up.
 */
MQWARD_MUST_CHECK
int32_t mqward_gate_subscribe(const struct mqward_gate *gate,
                              const char *client_id,
                              size_t client_id_len,
                              const char *filter,
                              size_t filter_len,
                              struct mqward_verdict *out);

/**
 * Judges the number of filters in one SUBSCRIBE.
 *
 * \param[in] gate the gate.
 * \param[in] client_id the Client Identifier of the connection.
 * \param[in] client_id_len its length.
 * \param[in] filters the number.
 * \param[out] out the verdict.
 * \retval MQWARD_OK the verdict is written. Anything else is no verdict: refuse.
 * \retval MQWARD_ERR_STATE the gate was not set up.
 */
MQWARD_MUST_CHECK
int32_t mqward_gate_subscribe_count(const struct mqward_gate *gate,
                                    const char *client_id,
                                    size_t client_id_len,
                                    size_t filters,
                                    struct mqward_verdict *out);

/**
 * Judges a message on its way to a client, by the rules for subscribe as they are now. A refusal never closes the
 * connection: the message is left out.
 *
 * \param[in] gate the gate.
 * \param[in] client_id the Client Identifier of the receiver.
 * \param[in] client_id_len its length.
 * \param[in] topic the Topic Name.
 * \param[in] topic_len its length.
 * \param[out] out the verdict.
 * \retval MQWARD_OK the verdict is written. Anything else is no verdict: refuse.
 * \retval MQWARD_ERR_STATE the gate was not set up.
 */
MQWARD_MUST_CHECK
int32_t mqward_gate_deliver(const struct mqward_gate *gate,
                            const char *client_id,
                            size_t client_id_len,
                            const char *topic,
                            size_t topic_len,
                            struct mqward_verdict *out);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* MQWARD_H */
