//! The text of each status code.

use core::ffi::{CStr, c_char};

use crate::status::*;

/// The text of a status code, in English, without a full stop.
///
/// \param[in] status what a function of this library returned, or the reason of a verdict.
/// \return a static string that ends with NUL; "unknown status" for a number that is none of this library's. Never NULL.
#[unsafe(no_mangle)]
pub extern "C" fn mqward_status_str(status: i32) -> *const c_char {
    text_of(status).as_ptr()
}

fn text_of(status: i32) -> &'static CStr {
    match status {
        MQWARD_OK => c"success",
        MQWARD_ERR_NULL => c"a pointer is NULL",
        MQWARD_ERR_ALIGNMENT => c"a pointer is not aligned for its type",
        MQWARD_ERR_LENGTH => c"a length is larger than any object can be",
        MQWARD_ERR_OVERLAP => c"an output buffer overlaps an input",
        MQWARD_ERR_BUFFER_TOO_SMALL => c"the output buffer is too small",
        MQWARD_ERR_STATE => c"a struct was not set up, was consumed, or is a copy",
        MQWARD_ERR_PARAM => c"a number is none of those that the parameter may have",
        MQWARD_ERR_NOT_UTF8 => c"a text is not UTF-8",
        MQWARD_ERR_PANIC => c"a bug in the library: please report it",
        MQWARD_ERR_CLIENT_ID_LENGTH => c"a Client Identifier has 1 to 255 bytes",
        MQWARD_ERR_HARDWARE_ID_LENGTH => c"a hardware id has 0 to 32 bytes",
        MQWARD_ERR_AUDIENCE => {
            c"an audience has 1 to 64 printable ASCII characters, no space and no upper case"
        }
        MQWARD_ERR_GENERATION => c"a generation is 1 to 255",
        MQWARD_ERR_SENDER => c"a device's sender is 0 to 15, a backend's 16 to 255",
        MQWARD_ERR_BOOT => c"a boot is never 0",
        MQWARD_ERR_WINDOW => c"a login window is 1 to 3600 seconds",
        MQWARD_ERR_TIME => c"a time is 1 to 4294967295 seconds since 1970",
        MQWARD_ERR_TOPIC_LENGTH => c"a Topic Name has 1 to 65535 bytes",
        MQWARD_ERR_PAYLOAD_LENGTH => c"the payload is too long for one message",
        MQWARD_ERR_NO_BLOB => c"no provisioning blob here",
        MQWARD_ERR_BLOB_VERSION => c"a provisioning blob of an unknown version",
        MQWARD_ERR_BLOB_TRUNCATED => c"a provisioning blob that ends too early",
        MQWARD_ERR_BLOB_TRAILING => c"a provisioning blob with bytes behind it",
        MQWARD_ERR_BLOB_CHECKSUM => c"a provisioning blob with a wrong checksum",
        MQWARD_ERR_BLOB_CONTENT => {
            c"a provisioning blob with an impossible client id or generation"
        }
        MQWARD_ERR_STORAGE => c"a storage callback failed",
        MQWARD_ERR_NO_BOOT_RECORD => c"no valid boot record: provision the device again",
        MQWARD_ERR_NOT_STORED => c"the boot record did not read back as written",
        MQWARD_ERR_BOOTS_EXHAUSTED => c"the boot counter is used up: provision a new generation",
        MQWARD_ERR_ALREADY_PROVISIONED => c"a boot record is already there",
        MQWARD_ERR_TAKEN => c"this boot has handed out this stamper before",
        MQWARD_ERR_USED_UP => c"the counts of this boot are used up: start the next boot",
        MQWARD_ERR_NO_RESUME_RECORD => c"no resume record: start a boot",
        MQWARD_ERR_OTHER_SENDER => c"the stamper belongs to another sender",
        MQWARD_ERR_FRAME => c"not a sealed payload",
        MQWARD_ERR_OTHER_KEY => c"sealed in another generation or by another sender",
        MQWARD_ERR_REFUSED => c"the payload is not authentic",
        MQWARD_ERR_CLEARED => c"an empty payload: a retained value was cleared",
        MQWARD_ERR_NOT_CANONICAL => c"not the one COSE_Encrypt0 encoding of a sealed payload",
        MQWARD_ERR_DUPLICATE => c"acted on before",
        MQWARD_ERR_TOO_OLD => c"older than what the window or mark remembers",
        MQWARD_ERR_CLOSED => c"cannot be told to be new, or of another class",
        MQWARD_ERR_SAME => c"the last value again",
        MQWARD_ERR_TICKET => c"the message was committed before",
        MQWARD_ERR_EXPIRED => c"the message is older than allowed",
        MQWARD_ERR_FROM_THE_FUTURE => c"the message was sealed in the future",
        MQWARD_ERR_AGE_UNKNOWN => c"the age is not known: one side has no clock",
        MQWARD_ERR_IMPORT_LENGTH => c"a stored window of another length",
        MQWARD_ERR_IMPORT_CHECKSUM => c"a stored window with a wrong checksum",
        MQWARD_ERR_IMPORT_FORMAT => c"a stored window of another version or width",
        MQWARD_ERR_PASSWORD => c"the password is malformed",
        MQWARD_ERR_UNKNOWN_DEVICE => c"the device or its generation is not known",
        MQWARD_ERR_WRONG_TAG => c"the password was made with another key, hardware id or audience",
        MQWARD_ERR_OUTSIDE_WINDOW => c"the password's time is outside the window",
        MQWARD_ERR_NO_CLOCK => c"the password has no time",
        MQWARD_ERR_REPLAYED => c"the password was used before",
        MQWARD_ERR_COUNTER_WENT_BACK => {
            c"the counter is behind: a replay, or flash that was erased, restored or cloned"
        }
        MQWARD_ERR_REVOKED => c"the device or its generation was revoked",
        MQWARD_ERR_UNAVAILABLE => c"a decision is not possible just now",
        MQWARD_ERR_EMPTY => c"empty",
        MQWARD_ERR_TOO_LONG => c"too long",
        MQWARD_ERR_NUL => c"a NUL character",
        MQWARD_ERR_CONTROL => c"a control character",
        MQWARD_ERR_NON_CHARACTER => c"a Unicode non-character",
        MQWARD_ERR_WILDCARD_IN_NAME => c"a wildcard in a Topic Name",
        MQWARD_ERR_WILDCARD_NOT_ALONE => c"a wildcard is not alone in its level",
        MQWARD_ERR_MULTI_LEVEL_NOT_LAST => c"'#' is not in the last level",
        MQWARD_ERR_SHARED_SUBSCRIPTION => c"a shared subscription where a filter is wanted",
        MQWARD_ERR_SHARE_NAME => c"the ShareName is missing, empty or holds a wildcard",
        MQWARD_ERR_SHARE_WITHOUT_FILTER => c"no Topic Filter after the ShareName",
        MQWARD_ERR_PLACEHOLDER => c"'%' is not the whole-level placeholder '%c'",
        MQWARD_ERR_CHARACTER => c"a character that no Client Identifier may have",
        MQWARD_ERR_NO_CLIENT_ID => c"the topic names no client under this pattern",
        MQWARD_ERR_ROLES_OVERLAP => c"some Client Identifier belongs to two roles",
        MQWARD_ERR_CLIENT_ID_RULE => {
            c"the lengths or the prefix of a client-id rule are impossible"
        }
        MQWARD_ERR_NO_ROLE => c"the Client Identifier belongs to no role",
        MQWARD_ERR_USER_NAME => c"the user name is not the Client Identifier",
        MQWARD_ERR_NO_PASSWORD => c"there is no password",
        MQWARD_ERR_PACKET_TOO_LARGE => c"the packet is larger than the role's limit",
        MQWARD_ERR_PAYLOAD_TOO_LARGE => c"the payload is larger than the role's limit",
        MQWARD_ERR_TOPIC_TOO_LONG => c"the topic is longer than the role's limit",
        MQWARD_ERR_TOPIC_TOO_DEEP => c"the topic has more levels than the role's limit",
        MQWARD_ERR_TOO_MANY_FILTERS => c"the SUBSCRIBE has more filters than the role's limit",
        MQWARD_ERR_NOT_ALLOWED => c"no rule allows it",
        MQWARD_ERR_DENIED => c"a rule denies it",
        MQWARD_ERR_NOT_SEALED => c"the payload is not sealed",
        MQWARD_ERR_WILL_NOT_ALLOWED => c"the will is not allowed",
        MQWARD_ERR_WILL_NOT_SEALED => c"the will is not sealed",
        _ => c"unknown status",
    }
}
