//! The status codes: 0 is success, negative numbers are never given another meaning.

/// Success.
pub const MQWARD_OK: i32 = 0;

// The call.
/// A pointer is NULL that may not be.
pub const MQWARD_ERR_NULL: i32 = -1;
/// A pointer is not aligned for its type.
pub const MQWARD_ERR_ALIGNMENT: i32 = -2;
/// A length is larger than any object can be.
pub const MQWARD_ERR_LENGTH: i32 = -3;
/// An output buffer shares bytes with an input.
pub const MQWARD_ERR_OVERLAP: i32 = -4;
/// The output buffer is too small; the size macros say what is needed.
pub const MQWARD_ERR_BUFFER_TOO_SMALL: i32 = -5;
/// A struct was not set up, was wiped or consumed, or is a copy where copies are refused.
pub const MQWARD_ERR_STATE: i32 = -6;
/// A number is none of those that the parameter may have.
pub const MQWARD_ERR_PARAM: i32 = -7;
/// A text is not UTF-8.
pub const MQWARD_ERR_NOT_UTF8: i32 = -8;
/// A bug in the library; nothing that was written may be used. Only with std.
pub const MQWARD_ERR_PANIC: i32 = -9;

// Parameters of keys and messages.
/// A Client Identifier has 1 to 255 bytes.
pub const MQWARD_ERR_CLIENT_ID_LENGTH: i32 = -20;
/// A hardware id has 0 to 32 bytes.
pub const MQWARD_ERR_HARDWARE_ID_LENGTH: i32 = -21;
/// An audience has 1 to 64 printable ASCII characters, no space and no upper case.
pub const MQWARD_ERR_AUDIENCE: i32 = -22;
/// A generation is 1 to 255.
pub const MQWARD_ERR_GENERATION: i32 = -23;
/// A device's sender is 0 to 15, a backend's 16 to 255.
pub const MQWARD_ERR_SENDER: i32 = -24;
/// A boot is never 0.
pub const MQWARD_ERR_BOOT: i32 = -25;
/// A login window is 1 to 3600 seconds.
pub const MQWARD_ERR_WINDOW: i32 = -26;
/// A time is 1 to 4294967295 seconds since 1970.
pub const MQWARD_ERR_TIME: i32 = -27;
/// A Topic Name has 1 to 65535 bytes.
pub const MQWARD_ERR_TOPIC_LENGTH: i32 = -28;
/// The payload is too long for one message.
pub const MQWARD_ERR_PAYLOAD_LENGTH: i32 = -29;

// The provisioning blob.
/// There is no provisioning blob here.
pub const MQWARD_ERR_NO_BLOB: i32 = -40;
/// The provisioning blob has a version that this library does not know.
pub const MQWARD_ERR_BLOB_VERSION: i32 = -41;
/// The provisioning blob ends too early.
pub const MQWARD_ERR_BLOB_TRUNCATED: i32 = -42;
/// Bytes follow the provisioning blob where nothing may.
pub const MQWARD_ERR_BLOB_TRAILING: i32 = -43;
/// The checksum of the provisioning blob is wrong.
pub const MQWARD_ERR_BLOB_CHECKSUM: i32 = -44;
/// The provisioning blob has an impossible client id or generation.
pub const MQWARD_ERR_BLOB_CONTENT: i32 = -45;

// Boots and stamps.
/// A storage callback failed.
pub const MQWARD_ERR_STORAGE: i32 = -60;
/// Neither slot holds a boot record: only provisioning makes one, never the device itself.
pub const MQWARD_ERR_NO_BOOT_RECORD: i32 = -61;
/// The boot record did not read back as it was written.
pub const MQWARD_ERR_NOT_STORED: i32 = -62;
/// All boots of this generation are used up.
pub const MQWARD_ERR_BOOTS_EXHAUSTED: i32 = -63;
/// A boot record is there already.
pub const MQWARD_ERR_ALREADY_PROVISIONED: i32 = -64;
/// This boot has handed out this stamper before.
pub const MQWARD_ERR_TAKEN: i32 = -65;
/// All counts of this boot are used up: start the next one.
pub const MQWARD_ERR_USED_UP: i32 = -66;
/// There is no resume record: start a boot.
pub const MQWARD_ERR_NO_RESUME_RECORD: i32 = -67;

// Sealed payloads.
/// The stamper counts for another sender.
pub const MQWARD_ERR_OTHER_SENDER: i32 = -80;
/// This is not a sealed payload.
pub const MQWARD_ERR_FRAME: i32 = -81;
/// The payload was sealed in another generation or by another sender.
pub const MQWARD_ERR_OTHER_KEY: i32 = -82;
/// The payload is not authentic; no more is told.
pub const MQWARD_ERR_REFUSED: i32 = -83;
/// The payload is empty: MQTT's delete of a retained value, which nobody signs. Not an error, and no message.
pub const MQWARD_ERR_CLEARED: i32 = -84;
/// This is not the one COSE_Encrypt0 encoding of a sealed payload.
pub const MQWARD_ERR_NOT_CANONICAL: i32 = -85;

// Receiving once.
/// Acted on before: acknowledge it and drop it.
pub const MQWARD_ERR_DUPLICATE: i32 = -100;
/// Older than what the window or mark remembers: acknowledge it and drop it.
pub const MQWARD_ERR_TOO_OLD: i32 = -101;
/// It cannot be told whether this was acted on before, or the class is another one: refuse it.
pub const MQWARD_ERR_CLOSED: i32 = -102;
/// The value of the mark itself, as after every subscription: it is known.
pub const MQWARD_ERR_SAME: i32 = -103;
/// The ticket's message was committed before.
pub const MQWARD_ERR_TICKET: i32 = -104;
/// The message is older than allowed.
pub const MQWARD_ERR_EXPIRED: i32 = -105;
/// The message was sealed more than 60 seconds in the future.
pub const MQWARD_ERR_FROM_THE_FUTURE: i32 = -106;
/// The age is not known: one side has no clock.
pub const MQWARD_ERR_AGE_UNKNOWN: i32 = -107;
/// A stored window has another length.
pub const MQWARD_ERR_IMPORT_LENGTH: i32 = -108;
/// A stored window has a wrong checksum.
pub const MQWARD_ERR_IMPORT_CHECKSUM: i32 = -109;
/// A stored window has another version or width.
pub const MQWARD_ERR_IMPORT_FORMAT: i32 = -110;

// Logins.
/// The password does not have the form of one.
pub const MQWARD_ERR_PASSWORD: i32 = -120;
/// No key is known for this client id in this generation.
pub const MQWARD_ERR_UNKNOWN_DEVICE: i32 = -121;
/// The password was made with another key, hardware id or audience.
pub const MQWARD_ERR_WRONG_TAG: i32 = -122;
/// The password's time is too far from now.
pub const MQWARD_ERR_OUTSIDE_WINDOW: i32 = -123;
/// The password has no time, and this device must have one.
pub const MQWARD_ERR_NO_CLOCK: i32 = -124;
/// The password was used before.
pub const MQWARD_ERR_REPLAYED: i32 = -125;
/// The password is right, but its counter is behind: a replay, or flash that was erased, restored or cloned.
pub const MQWARD_ERR_COUNTER_WENT_BACK: i32 = -126;
/// The device or its generation was revoked.
pub const MQWARD_ERR_REVOKED: i32 = -127;
/// What is needed to decide cannot be had just now.
pub const MQWARD_ERR_UNAVAILABLE: i32 = -128;

// Topics and Client Identifiers.
/// No character at all.
pub const MQWARD_ERR_EMPTY: i32 = -140;
/// Longer than MQTT or this library allows.
pub const MQWARD_ERR_TOO_LONG: i32 = -141;
/// U+0000.
pub const MQWARD_ERR_NUL: i32 = -142;
/// A control character.
pub const MQWARD_ERR_CONTROL: i32 = -143;
/// A Unicode non-character.
pub const MQWARD_ERR_NON_CHARACTER: i32 = -144;
/// A wildcard in a Topic Name.
pub const MQWARD_ERR_WILDCARD_IN_NAME: i32 = -145;
/// A wildcard is not alone in its level.
pub const MQWARD_ERR_WILDCARD_NOT_ALONE: i32 = -146;
/// '#' is not in the last level.
pub const MQWARD_ERR_MULTI_LEVEL_NOT_LAST: i32 = -147;
/// A shared subscription where a plain filter is wanted.
pub const MQWARD_ERR_SHARED_SUBSCRIPTION: i32 = -148;
/// The ShareName is missing, empty or holds a wildcard.
pub const MQWARD_ERR_SHARE_NAME: i32 = -149;
/// No Topic Filter follows the ShareName.
pub const MQWARD_ERR_SHARE_WITHOUT_FILTER: i32 = -150;
/// A '%' in a pattern that is not the whole level '%c'.
pub const MQWARD_ERR_PLACEHOLDER: i32 = -151;
/// A character that no Client Identifier may have.
pub const MQWARD_ERR_CHARACTER: i32 = -152;
/// The topic names no client under this pattern.
pub const MQWARD_ERR_NO_CLIENT_ID: i32 = -153;

// The gate.
/// Some Client Identifier would belong to two roles.
pub const MQWARD_ERR_ROLES_OVERLAP: i32 = -160;
/// The lengths or the prefix of a client-id rule are impossible.
pub const MQWARD_ERR_CLIENT_ID_RULE: i32 = -161;
/// The Client Identifier belongs to no role.
pub const MQWARD_ERR_NO_ROLE: i32 = -162;
/// The user name is absent or not the Client Identifier.
pub const MQWARD_ERR_USER_NAME: i32 = -163;
/// There is no password.
pub const MQWARD_ERR_NO_PASSWORD: i32 = -164;
/// The packet is larger than the role's limit.
pub const MQWARD_ERR_PACKET_TOO_LARGE: i32 = -165;
/// The payload is larger than the role's limit.
pub const MQWARD_ERR_PAYLOAD_TOO_LARGE: i32 = -166;
/// The topic is longer than the role's limit.
pub const MQWARD_ERR_TOPIC_TOO_LONG: i32 = -167;
/// The topic has more levels than the role's limit.
pub const MQWARD_ERR_TOPIC_TOO_DEEP: i32 = -168;
/// The SUBSCRIBE has more filters than the role's limit.
pub const MQWARD_ERR_TOO_MANY_FILTERS: i32 = -169;
/// No rule allows it.
pub const MQWARD_ERR_NOT_ALLOWED: i32 = -170;
/// A rule denies it.
pub const MQWARD_ERR_DENIED: i32 = -171;
/// The rule asks for a sealed payload, and this is none.
pub const MQWARD_ERR_NOT_SEALED: i32 = -172;
/// The rules do not let the client publish its will.
pub const MQWARD_ERR_WILL_NOT_ALLOWED: i32 = -173;
/// The rule asks for a sealed will, and this is none.
pub const MQWARD_ERR_WILL_NOT_SEALED: i32 = -174;
