//! The broker's C interface: what it exports to plugins, and safe views of what it hands to callbacks.
//!
//! Views borrow the event for the time of one callback; nothing in them is UTF-8 before it was checked.

#![expect(unsafe_code, reason = "the broker is C; each block says why it holds")]

use core::ffi::{CStr, c_char, c_int, c_void};
use core::marker::PhantomData;
use core::ptr::NonNull;
use core::slice;
use std::ffi::CString;

mod layout;

pub(crate) use layout::*;

/// `MOSQ_FUNC_generic_callback`
pub(crate) type Callback = unsafe extern "C" fn(c_int, *mut c_void, *mut c_void) -> c_int;

// Resolved by the broker when it loads the plugin. Only functions that 2.0.11 has: one more and it does not load.
unsafe extern "C" {
    fn mosquitto_callback_register(
        identifier: *mut PluginId,
        event: c_int,
        callback: Callback,
        event_data: *const c_void,
        user_data: *mut c_void,
    ) -> c_int;
    fn mosquitto_callback_unregister(
        identifier: *mut PluginId,
        event: c_int,
        callback: Callback,
        event_data: *const c_void,
    ) -> c_int;
    fn mosquitto_log_printf(level: c_int, format: *const c_char, ...);
    fn mosquitto_client_id(client: *const Mosquitto) -> *const c_char;
    fn mosquitto_client_address(client: *const Mosquitto) -> *const c_char;
    fn mosquitto_client_protocol_version(client: *const Mosquitto) -> c_int;
    fn mosquitto_client_username(client: *const Mosquitto) -> *const c_char;
    fn mosquitto_client_certificate(client: *const Mosquitto) -> *mut c_void;
    fn mosquitto_kick_client_by_clientid(client_id: *const c_char, with_will: bool) -> c_int;
    // Of the C library.
    fn dlsym(handle: *mut c_void, name: *const c_char) -> *mut c_void;
}

/// Writes one line to the broker's log; `level` is one of `LOG_*`.
pub(crate) fn log(level: c_int, line: &str) {
    let text: Vec<u8> = line.bytes().filter(|byte| *byte != 0).collect();
    if let Ok(text) = CString::new(text) {
        // SAFETY: both are NUL-terminated and outlive the call; the format takes exactly one string.
        unsafe { mosquitto_log_printf(level, c"%s".as_ptr(), text.as_ptr()) };
    }
}

/// Ends the connection of a client, without its will; in MQTT 5 after DISCONNECT 0x98.
///
/// Calls back into the plugin: no lock may be held. Only for clients that are connected for certain, and only on a tick:
/// Mosquitto 2.0.11 reads freed memory after ending a session that is not connected, or while it publishes a will.
pub(crate) fn kick(client_id: &[u8]) {
    if let Ok(client_id) = CString::new(client_id) {
        // SAFETY: NUL-terminated, and not kept. That there is no such client is an answer, not an error.
        unsafe { mosquitto_kick_client_by_clientid(client_id.as_ptr(), false) };
    }
}

/// Gives back what `mosquitto_client_certificate` returned: a certificate of the OpenSSL that the broker is linked to.
///
/// # Safety
/// `certificate` is not NULL, is that, and is not used again.
unsafe fn free_certificate(certificate: *mut c_void) {
    type Free = unsafe extern "C" fn(*mut c_void);
    // SAFETY: NULL searches what the process has loaded; the name is NUL-terminated.
    let free = unsafe { dlsym(core::ptr::null_mut(), c"X509_free".as_ptr()) };
    if !free.is_null() {
        // SAFETY: OpenSSL declares `void X509_free(X509 *)`.
        let free = unsafe { core::mem::transmute::<*mut c_void, Free>(free) };
        // SAFETY: as the caller promises.
        unsafe { free(certificate) };
    }
}

/// Asks the broker to call `callback` with `user_data` on `event`; returns one of `ERR_*`.
///
/// # Safety
/// `identifier` is the broker's for this plugin. `user_data` stays valid for `callback` until it is unregistered.
pub(crate) unsafe fn register(
    identifier: *mut PluginId,
    event: c_int,
    callback: Callback,
    user_data: *mut c_void,
) -> c_int {
    // SAFETY: as the caller promises; `event_data` is for EVT_CONTROL only.
    unsafe {
        mosquitto_callback_register(identifier, event, callback, core::ptr::null(), user_data)
    }
}

/// Ends what [`register`] began.
///
/// # Safety
/// `identifier` is the broker's for this plugin.
pub(crate) unsafe fn unregister(identifier: *mut PluginId, event: c_int, callback: Callback) {
    // SAFETY: as the caller promises. Not having been registered is an answer, not an error.
    unsafe { mosquitto_callback_unregister(identifier, event, callback, core::ptr::null()) };
}

/// The bytes of a C string, without its NUL; `None` for NULL.
///
/// # Safety
/// `text` is NULL, or NUL-terminated and unchanged for `'a`.
unsafe fn bytes<'a>(text: *const c_char) -> Option<&'a [u8]> {
    // SAFETY: not NULL here, the rest as the caller promises.
    (!text.is_null()).then(|| unsafe { CStr::from_ptr(text) }.to_bytes())
}

/// A client, for the time of one callback.
#[derive(Copy, Clone)]
pub(crate) struct Client<'a> {
    pointer: NonNull<Mosquitto>,
    callback: PhantomData<&'a Mosquitto>,
}

impl<'a> Client<'a> {
    /// # Safety
    /// `pointer` is NULL or a client that is valid for `'a`.
    unsafe fn new(pointer: *mut Mosquitto) -> Option<Self> {
        NonNull::new(pointer).map(|pointer| Self {
            pointer,
            callback: PhantomData,
        })
    }

    /// Tells this client's connection from others that exist at the same time; reused after it is gone.
    pub(crate) fn key(self) -> usize {
        self.pointer.as_ptr().addr()
    }

    /// Client Identifier as the broker holds it; `None` on a socket that never sent CONNECT.
    pub(crate) fn id(self) -> Option<&'a [u8]> {
        // SAFETY: `new` promised a valid client; the broker keeps its id for the time of the callback.
        unsafe { bytes(mosquitto_client_id(self.pointer.as_ptr())) }
    }

    /// IP address as text.
    pub(crate) fn address(self) -> Option<&'a str> {
        // SAFETY: as for `id`.
        let address = unsafe { bytes(mosquitto_client_address(self.pointer.as_ptr())) };
        address.and_then(|address| core::str::from_utf8(address).ok())
    }

    /// The user name of its CONNECT, or what the broker took from its certificate for one.
    pub(crate) fn user_name(self) -> Option<&'a [u8]> {
        // SAFETY: as for `id`.
        unsafe { bytes(mosquitto_client_username(self.pointer.as_ptr())) }
    }

    /// Whether it is connected now, over TLS, and showed a certificate.
    pub(crate) fn shows_certificate(self) -> bool {
        // SAFETY: `new` promised a valid client.
        let certificate = unsafe { mosquitto_client_certificate(self.pointer.as_ptr()) };
        if certificate.is_null() {
            return false;
        }
        // SAFETY: not NULL, the broker's answer, and used nowhere else.
        unsafe { free_certificate(certificate) };
        true
    }

    /// 3, 4 or 5 for MQTT 3.1, 3.1.1 and 5; 0 if there is no connection behind this client.
    pub(crate) fn protocol_version(self) -> c_int {
        // SAFETY: `new` promised a valid client.
        unsafe { mosquitto_client_protocol_version(self.pointer.as_ptr()) }
    }
}

/// A login to be judged.
pub(crate) struct Login<'a> {
    pub(crate) client: Client<'a>,
    pub(crate) user_name: Option<&'a [u8]>,
    pub(crate) password: Option<&'a [u8]>,
}

impl<'a> Login<'a> {
    /// The event behind `EVT_BASIC_AUTH`; `None` if it names no client.
    ///
    /// # Safety
    /// `event` is NULL or the broker's `struct mosquitto_evt_basic_auth`, valid for `'a`.
    pub(crate) unsafe fn new(event: *mut c_void) -> Option<Self> {
        // SAFETY: as the caller promises; the layout is checked in `layout`.
        let event = unsafe { event.cast::<EvtBasicAuth>().as_ref() }?;
        Some(Self {
            // SAFETY: the broker's own client, valid for the callback.
            client: unsafe { Client::new(event.client) }?,
            // SAFETY: NULL or the broker's copy of the CONNECT field.
            user_name: unsafe { bytes(event.username) },
            // SAFETY: as for the user name.
            password: unsafe { bytes(event.password) },
        })
    }
}

/// An access to be judged.
pub(crate) struct Access<'a> {
    pub(crate) client: Client<'a>,
    /// One of `ACL_*`.
    pub(crate) kind: c_int,
    /// Topic Name, or the filter as sent for subscribing and unsubscribing.
    pub(crate) topic: &'a [u8],
    pub(crate) payload: &'a [u8],
    pub(crate) retain: bool,
}

impl<'a> Access<'a> {
    /// The event behind `EVT_ACL_CHECK`; `None` if it names no client or no topic, or a length without a payload.
    ///
    /// # Safety
    /// `event` is NULL or the broker's `struct mosquitto_evt_acl_check`, valid for `'a`.
    pub(crate) unsafe fn new(event: *mut c_void) -> Option<Self> {
        // SAFETY: as the caller promises; the layout is checked in `layout`.
        let event = unsafe { event.cast::<EvtAclCheck>().as_ref() }?;
        let length = usize::try_from(event.payloadlen).ok()?;
        let payload = match (event.payload.is_null(), length) {
            (_, 0) => &[][..],
            (true, _) => return None,
            // SAFETY: not NULL; the broker holds that many bytes of payload for the callback.
            (false, _) => unsafe { slice::from_raw_parts(event.payload.cast(), length) },
        };
        Some(Self {
            // SAFETY: the broker's own client, or its stand-in for the source of a retained message.
            client: unsafe { Client::new(event.client) }?,
            kind: event.access,
            // SAFETY: NULL or the broker's NUL-terminated topic.
            topic: unsafe { bytes(event.topic) }?,
            payload,
            retain: event.retain,
        })
    }
}

/// The client of an `EVT_DISCONNECT` or `EVT_CLIENT_OFFLINE`.
///
/// # Safety
/// `event` is NULL or the broker's structure for one of these events, valid for `'a`.
pub(crate) unsafe fn disconnected<'a>(event: *mut c_void) -> Option<Client<'a>> {
    // SAFETY: as the caller promises; the layout is checked in `layout`.
    let event = unsafe { event.cast::<EvtDisconnect>().as_ref() }?;
    // SAFETY: the broker's own client, valid for the callback.
    unsafe { Client::new(event.client) }
}

/// The client of an `EVT_MESSAGE`.
///
/// # Safety
/// `event` is NULL or the broker's `struct mosquitto_evt_message`, valid for `'a`.
pub(crate) unsafe fn sender<'a>(event: *mut c_void) -> Option<Client<'a>> {
    // SAFETY: as the caller promises; the layout is checked in `layout`.
    let event = unsafe { event.cast::<EvtMessage>().as_ref() }?;
    // SAFETY: the broker's own client, valid for the callback.
    unsafe { Client::new(event.client) }
}

/// The `plugin_opt_` lines of the configuration as (key, value); a missing text is empty.
///
/// # Safety
/// `options` is NULL or points to `count` options, valid for `'a`.
pub(crate) unsafe fn options<'a>(options: *const Opt, count: c_int) -> Vec<(&'a [u8], &'a [u8])> {
    let count = usize::try_from(count).unwrap_or(0);
    if options.is_null() || count == 0 {
        return Vec::new();
    }
    // SAFETY: not NULL, the rest as the caller promises.
    let options = unsafe { slice::from_raw_parts(options, count) };
    let pair = |option: &'a Opt| {
        // SAFETY: NULL or the broker's NUL-terminated copy of the configuration line.
        let (key, value) = unsafe { (bytes(option.key), bytes(option.value)) };
        (key.unwrap_or_default(), value.unwrap_or_default())
    };
    options.iter().map(pair).collect()
}
