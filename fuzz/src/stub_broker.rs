//! A Mosquitto made of what its plugin interface declares: it registers callbacks, calls them, and answers questions.

use std::collections::HashMap;
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::path::Path;
use std::ptr::null_mut;
use std::sync::Mutex;

// enum mosquitto_plugin_event, mosq_err_t and MOSQ_ACL_* of mosquitto_broker.h.
const RELOAD: c_int = 1;
const ACL_CHECK: c_int = 2;
const BASIC_AUTH: c_int = 3;
const TICK: c_int = 9;
const DISCONNECT: c_int = 10;
const CLIENT_OFFLINE: c_int = 28;
pub const SUCCESS: c_int = 0;
const NOT_SUPPORTED: c_int = 10;
pub const AUTH: c_int = 11;
pub const ACL_DENIED: c_int = 12;
pub const UNKNOWN: c_int = 13;
pub const DEFER: c_int = 17;
pub const READ: c_int = 1;
pub const WRITE: c_int = 2;
pub const SUBSCRIBE: c_int = 4;
pub const UNSUBSCRIBE: c_int = 8;

type Callback = unsafe extern "C" fn(c_int, *mut c_void, *mut c_void) -> c_int;

/// What the plugin registered: callback and the address of its data.
static CALLBACKS: Mutex<Option<HashMap<c_int, (Callback, usize)>>> = Mutex::new(None);

/// A client as the broker knows it.
pub struct Client {
    pub id: Option<CString>,
    pub version: c_int,
    pub user_name: Option<CString>,
}

impl Client {
    #[must_use]
    pub fn new(id: Option<&str>, version: c_int) -> Self {
        let id = id.and_then(|id| CString::new(id).ok());
        let user_name = id.clone();
        Self {
            id,
            version,
            user_name,
        }
    }
}

#[repr(C)]
struct Opt {
    key: *mut c_char,
    value: *mut c_char,
}

#[repr(C)]
struct BasicAuth {
    future: *mut c_void,
    client: *const Client,
    user_name: *const c_char,
    password: *const c_char,
    future2: [*mut c_void; 4],
}

#[repr(C)]
struct AclCheck {
    future: *mut c_void,
    client: *const Client,
    topic: *const c_char,
    payload: *const c_void,
    properties: *mut c_void,
    access: c_int,
    payload_len: u32,
    qos: u8,
    retain: bool,
    future2: [*mut c_void; 4],
}

#[repr(C)]
struct Disconnect {
    future: *mut c_void,
    client: *const Client,
    reason: c_int,
    future2: [*mut c_void; 4],
}

unsafe extern "C" {
    fn mosquitto_plugin_version(count: c_int, versions: *const c_int) -> c_int;
    fn mosquitto_plugin_init(
        id: *mut c_void,
        data: *mut *mut c_void,
        options: *mut Opt,
        count: c_int,
    ) -> c_int;
    fn mosquitto_plugin_cleanup(data: *mut c_void, options: *mut Opt, count: c_int) -> c_int;
}

/// A broker with the plugin loaded.
pub struct Broker {
    data: *mut c_void,
}

impl Broker {
    /// Loads the plugin with this policy file.
    #[must_use]
    pub fn start(policy: &Path) -> Self {
        // The crate has no item that Rust sees; its symbols are wanted.
        use mqward_plugin as _;
        *CALLBACKS.lock().expect("no panic goes on") = Some(HashMap::new());
        let value = CString::new(policy.display().to_string()).expect("no NUL");
        let mut options = [Opt {
            key: c"policy".as_ptr().cast_mut(),
            value: value.as_ptr().cast_mut(),
        }];
        let mut data = null_mut();
        let mut identifier = 0_u8;
        // SAFETY: as mosquitto_plugin.h says.
        unsafe {
            assert_eq!(mosquitto_plugin_version(3, [3, 4, 5].as_ptr()), 5);
            let id = (&raw mut identifier).cast();
            assert_eq!(
                mosquitto_plugin_init(id, &raw mut data, options.as_mut_ptr(), 1),
                SUCCESS
            );
        }
        Self { data }
    }

    fn call(&self, event: c_int, argument: *mut c_void) -> c_int {
        let found = CALLBACKS
            .lock()
            .expect("no panic goes on")
            .as_ref()
            .and_then(|all| all.get(&event).copied());
        let Some((callback, data)) = found else {
            return SUCCESS;
        };
        // SAFETY: what the plugin registered, with an event of this kind.
        unsafe { callback(event, argument, std::ptr::with_exposed_provenance_mut(data)) }
    }

    /// Asks about a CONNECT; `None` is an absent field.
    #[must_use]
    pub fn login(
        &self,
        client: Option<&Client>,
        user_name: Option<&CStr>,
        password: Option<&CStr>,
    ) -> c_int {
        let mut event = BasicAuth {
            future: null_mut(),
            client: client.map_or(std::ptr::null(), std::ptr::from_ref),
            user_name: user_name.map_or(std::ptr::null(), CStr::as_ptr),
            password: password.map_or(std::ptr::null(), CStr::as_ptr),
            future2: [null_mut(); 4],
        };
        self.call(BASIC_AUTH, (&raw mut event).cast())
    }

    /// Asks about one topic or filter; `None` for a payload is NULL with a length of 1.
    #[must_use]
    pub fn access(
        &self,
        client: Option<&Client>,
        access: c_int,
        topic: Option<&CStr>,
        payload: Option<&[u8]>,
        retain: bool,
    ) -> c_int {
        let mut event = AclCheck {
            future: null_mut(),
            client: client.map_or(std::ptr::null(), std::ptr::from_ref),
            topic: topic.map_or(std::ptr::null(), CStr::as_ptr),
            payload: payload.map_or(std::ptr::null(), |payload| payload.as_ptr().cast()),
            properties: null_mut(),
            access,
            payload_len: payload.map_or(1, |payload| u32::try_from(payload.len()).expect("short")),
            qos: 0,
            retain,
            future2: [null_mut(); 4],
        };
        self.call(ACL_CHECK, (&raw mut event).cast())
    }

    pub fn disconnect(&self, client: Option<&Client>) {
        let mut event = Disconnect {
            future: null_mut(),
            client: client.map_or(std::ptr::null(), std::ptr::from_ref),
            reason: 0,
            future2: [null_mut(); 4],
        };
        assert_eq!(self.call(DISCONNECT, (&raw mut event).cast()), SUCCESS);
    }

    pub fn reload(&self) {
        assert_eq!(self.call(RELOAD, null_mut()), SUCCESS);
    }

    pub fn tick(&self) {
        assert_eq!(self.call(TICK, null_mut()), SUCCESS);
    }

    /// Every event without its structure: refused where something is asked.
    pub fn call_with_null(&self) {
        assert_eq!(self.call(BASIC_AUTH, null_mut()), AUTH);
        assert_eq!(self.call(ACL_CHECK, null_mut()), ACL_DENIED);
        assert_eq!(self.call(DISCONNECT, null_mut()), SUCCESS);
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        // SAFETY: what the plugin wrote at its start, given back once.
        assert_eq!(
            unsafe { mosquitto_plugin_cleanup(self.data, null_mut(), 0) },
            SUCCESS
        );
        let left = CALLBACKS
            .lock()
            .expect("no panic goes on")
            .as_ref()
            .map_or(0, HashMap::len);
        assert_eq!(left, 0, "callbacks stay registered");
    }
}

#[unsafe(no_mangle)]
extern "C" fn mosquitto_callback_register(
    _: *mut c_void,
    event: c_int,
    callback: Callback,
    _: *const c_void,
    data: *mut c_void,
) -> c_int {
    // As 2.0 does, which does not know it.
    if event == CLIENT_OFFLINE {
        return NOT_SUPPORTED;
    }
    let mut callbacks = CALLBACKS.lock().expect("no panic goes on");
    callbacks
        .get_or_insert_default()
        .insert(event, (callback, data.expose_provenance()));
    SUCCESS
}

#[unsafe(no_mangle)]
extern "C" fn mosquitto_callback_unregister(
    _: *mut c_void,
    event: c_int,
    _: Callback,
    _: *const c_void,
) -> c_int {
    CALLBACKS
        .lock()
        .expect("no panic goes on")
        .get_or_insert_default()
        .remove(&event);
    SUCCESS
}

/// The plugin formats by itself: the format is always `%s`.
#[unsafe(no_mangle)]
extern "C" fn mosquitto_log_printf(_: c_int, format: *const c_char, text: *const c_char) {
    // SAFETY: the plugin's own NUL-terminated texts.
    let (format, text) = unsafe { (CStr::from_ptr(format), CStr::from_ptr(text)) };
    assert_eq!(format, c"%s");
    let text = text.to_str().expect("the log is UTF-8");
    if std::env::var_os("MQWARD_FUZZ_LOG").is_some() {
        eprintln!("{text}");
    }
    assert!(
        !text.contains("panic") && !text.contains(['\n', '\r', '\x1b']),
        "{text:?}"
    );
}

fn text(text: Option<&CString>) -> *const c_char {
    text.map_or(std::ptr::null(), |text| text.as_ptr())
}

#[unsafe(no_mangle)]
extern "C" fn mosquitto_client_id(client: &Client) -> *const c_char {
    text(client.id.as_ref())
}

#[unsafe(no_mangle)]
extern "C" fn mosquitto_client_address(_: &Client) -> *const c_char {
    c"127.0.0.1".as_ptr()
}

#[unsafe(no_mangle)]
extern "C" fn mosquitto_client_protocol_version(client: &Client) -> c_int {
    client.version
}

#[unsafe(no_mangle)]
extern "C" fn mosquitto_client_username(client: &Client) -> *const c_char {
    text(client.user_name.as_ref())
}

#[unsafe(no_mangle)]
extern "C" fn mosquitto_client_certificate(_: &Client) -> *mut c_void {
    null_mut()
}

#[unsafe(no_mangle)]
extern "C" fn mosquitto_kick_client_by_clientid(_: *const c_char, _: bool) -> c_int {
    SUCCESS
}
