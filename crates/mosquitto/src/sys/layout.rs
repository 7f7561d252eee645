//! Structures and numbers of Mosquitto's plugin interface version 5, as `mosquitto_broker.h` 2.0 declares them.
//!
//! Written by hand: a binding generator would need libclang and the header wherever the plugin is built.
//! The offsets are the same in 2.0.11, 2.0.21 and 2.1.2; `tests/abi.rs` compares them with the installed header.

use core::ffi::{c_char, c_int, c_void};

/// Version of the plugin interface (`MOSQ_PLUGIN_VERSION`).
pub(crate) const PLUGIN_VERSION: c_int = 5;

// enum mosquitto_plugin_event
pub(crate) const EVT_RELOAD: c_int = 1;
pub(crate) const EVT_ACL_CHECK: c_int = 2;
pub(crate) const EVT_BASIC_AUTH: c_int = 3;
pub(crate) const EVT_MESSAGE: c_int = 7;
pub(crate) const EVT_TICK: c_int = 9;
pub(crate) const EVT_DISCONNECT: c_int = 10;
/// Since 2.1 only: a connection ended and its session stays. 2.0 sends `EVT_DISCONNECT` for that too.
pub(crate) const EVT_CLIENT_OFFLINE: c_int = 28;

// MOSQ_ACL_*
pub(crate) const ACL_READ: c_int = 0x01;
pub(crate) const ACL_WRITE: c_int = 0x02;
pub(crate) const ACL_SUBSCRIBE: c_int = 0x04;
pub(crate) const ACL_UNSUBSCRIBE: c_int = 0x08;

// enum mosq_err_t
pub(crate) const ERR_SUCCESS: c_int = 0;
pub(crate) const ERR_INVAL: c_int = 3;
pub(crate) const ERR_NOT_SUPPORTED: c_int = 10;
pub(crate) const ERR_AUTH: c_int = 11;
pub(crate) const ERR_ACL_DENIED: c_int = 12;
pub(crate) const ERR_UNKNOWN: c_int = 13;
pub(crate) const ERR_PLUGIN_DEFER: c_int = 17;

// MOSQ_LOG_*
pub(crate) const LOG_INFO: c_int = 1;
pub(crate) const LOG_NOTICE: c_int = 2;
pub(crate) const LOG_WARNING: c_int = 4;
pub(crate) const LOG_ERR: c_int = 8;

/// `struct mosquitto`: a client, opaque.
#[repr(C)]
pub(crate) struct Mosquitto {
    _opaque: [u8; 0],
}

/// `mosquitto_plugin_id_t`: this plugin, opaque.
#[repr(C)]
pub(crate) struct PluginId {
    _opaque: [u8; 0],
}

/// `struct mosquitto_opt`
#[repr(C)]
pub(crate) struct Opt {
    pub(crate) key: *mut c_char,
    pub(crate) value: *mut c_char,
}

/// `struct mosquitto_evt_basic_auth`
#[repr(C)]
pub(crate) struct EvtBasicAuth {
    pub(crate) future: *mut c_void,
    pub(crate) client: *mut Mosquitto,
    pub(crate) username: *mut c_char,
    pub(crate) password: *mut c_char,
    pub(crate) future2: [*mut c_void; 4],
}

/// `struct mosquitto_evt_acl_check`
#[repr(C)]
pub(crate) struct EvtAclCheck {
    pub(crate) future: *mut c_void,
    pub(crate) client: *mut Mosquitto,
    pub(crate) topic: *const c_char,
    pub(crate) payload: *const c_void,
    pub(crate) properties: *mut c_void,
    pub(crate) access: c_int,
    pub(crate) payloadlen: u32,
    pub(crate) qos: u8,
    pub(crate) retain: bool,
    pub(crate) future2: [*mut c_void; 4],
}

/// `struct mosquitto_evt_disconnect`, and since 2.1 `struct mosquitto_evt_client_offline`
#[repr(C)]
pub(crate) struct EvtDisconnect {
    pub(crate) future: *mut c_void,
    pub(crate) client: *mut Mosquitto,
    pub(crate) reason: c_int,
    pub(crate) future2: [*mut c_void; 4],
}

/// `struct mosquitto_evt_message`
#[repr(C)]
pub(crate) struct EvtMessage {
    pub(crate) future: *mut c_void,
    pub(crate) client: *mut Mosquitto,
    pub(crate) topic: *mut c_char,
    pub(crate) payload: *mut c_void,
    pub(crate) properties: *mut c_void,
    pub(crate) reason_string: *mut c_char,
    pub(crate) payloadlen: u32,
    pub(crate) qos: u8,
    pub(crate) reason_code: u8,
    pub(crate) retain: bool,
    pub(crate) future2: [*mut c_void; 4],
}

/// What a 64-bit broker was measured to use; a build that would read other bytes stops here.
#[cfg(target_pointer_width = "64")]
const _: () = {
    use core::mem::{offset_of, size_of};
    assert!(size_of::<Opt>() == 16);
    assert!(offset_of!(Opt, value) == 8);
    assert!(size_of::<EvtBasicAuth>() == 64);
    assert!(offset_of!(EvtBasicAuth, client) == 8);
    assert!(offset_of!(EvtBasicAuth, username) == 16);
    assert!(offset_of!(EvtBasicAuth, password) == 24);
    assert!(size_of::<EvtAclCheck>() == 88);
    assert!(offset_of!(EvtAclCheck, client) == 8);
    assert!(offset_of!(EvtAclCheck, topic) == 16);
    assert!(offset_of!(EvtAclCheck, payload) == 24);
    assert!(offset_of!(EvtAclCheck, access) == 40);
    assert!(offset_of!(EvtAclCheck, payloadlen) == 44);
    assert!(offset_of!(EvtAclCheck, qos) == 48);
    assert!(offset_of!(EvtAclCheck, retain) == 49);
    assert!(size_of::<EvtDisconnect>() == 56);
    assert!(offset_of!(EvtDisconnect, client) == 8);
    assert!(offset_of!(EvtDisconnect, reason) == 16);
    assert!(size_of::<EvtMessage>() == 88);
    assert!(offset_of!(EvtMessage, client) == 8);
};
