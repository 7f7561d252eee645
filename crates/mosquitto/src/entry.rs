//! The functions that Mosquitto calls: three that it looks up by name, one per event.

#![expect(
    unsafe_code,
    reason = "exported to C and called by C; each block says why it holds"
)]

use core::ffi::{c_int, c_void};
use core::slice;

use crate::plugin::Plugin;
use crate::sys::{self, Callback, Opt, PluginId};
use crate::unwind::contain;

/// What the broker gets back from `mosquitto_plugin_init` and hands to every later call.
struct Loaded {
    identifier: *mut PluginId,
    plugin: Plugin,
}

/// The events asked for. Dropping one that is refused is never an option, except for what 2.0 does not know.
const EVENTS: [(c_int, Callback); 7] = [
    (sys::EVT_BASIC_AUTH, on_basic_auth),
    (sys::EVT_ACL_CHECK, on_acl_check),
    (sys::EVT_DISCONNECT, on_disconnect),
    (sys::EVT_CLIENT_OFFLINE, on_disconnect),
    (sys::EVT_MESSAGE, on_message),
    (sys::EVT_RELOAD, on_reload),
    (sys::EVT_TICK, on_tick),
];

/// Mosquitto's first call: answers with the interface version 5 if the broker has it, otherwise with -1.
///
/// # Safety
/// `versions` is NULL or points to `count` numbers.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn mosquitto_plugin_version(
    count: c_int,
    versions: *const c_int,
) -> c_int {
    let count = usize::try_from(count).unwrap_or(0);
    if versions.is_null() || count == 0 {
        return -1;
    }
    // SAFETY: as the caller promises.
    let versions = unsafe { slice::from_raw_parts(versions, count) };
    if versions.contains(&sys::PLUGIN_VERSION) {
        sys::PLUGIN_VERSION
    } else {
        -1
    }
}

/// Mosquitto's second call: reads options and policy and registers the callbacks. Not 0 keeps the broker from starting.
///
/// # Safety
/// The arguments are as `mosquitto_plugin.h` says.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn mosquitto_plugin_init(
    identifier: *mut PluginId,
    user_data: *mut *mut c_void,
    options: *mut Opt,
    option_count: c_int,
) -> c_int {
    guarded(sys::ERR_UNKNOWN, "start", || {
        if identifier.is_null() || user_data.is_null() {
            return sys::ERR_INVAL;
        }
        // SAFETY: as the caller promises, for the time of this call.
        let options = unsafe { sys::options(options, option_count) };
        let plugin = match Plugin::new(&options) {
            Ok(plugin) => plugin,
            Err(e) => {
                sys::log(sys::LOG_ERR, &format!("mqward: {e}"));
                return sys::ERR_UNKNOWN;
            }
        };
        let loaded = Box::into_raw(Box::new(Loaded { identifier, plugin })).cast();
        for (event, callback) in EVENTS {
            // SAFETY: the broker's identifier; `loaded` lives until `mosquitto_plugin_cleanup`, or for ever on
            // the error path below, where callbacks may stay registered.
            let code = unsafe { sys::register(identifier, event, callback, loaded) };
            let unknown = event == sys::EVT_CLIENT_OFFLINE && code == sys::ERR_NOT_SUPPORTED;
            if code != sys::ERR_SUCCESS && !unknown {
                let why = format!(
                    "mqward: event {event} not available ({code}); is the plugin loaded twice?"
                );
                sys::log(sys::LOG_ERR, &why);
                return sys::ERR_UNKNOWN;
            }
        }
        // SAFETY: not NULL, and for this plugin to write to.
        unsafe { user_data.write(loaded) };
        sys::log(
            sys::LOG_INFO,
            concat!("mqward: version ", env!("CARGO_PKG_VERSION"), " ready"),
        );
        sys::ERR_SUCCESS
    })
}

/// Mosquitto's last call: unregisters the callbacks and frees everything.
///
/// # Safety
/// `user_data` is what `mosquitto_plugin_init` wrote, and is not used again.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn mosquitto_plugin_cleanup(
    user_data: *mut c_void,
    _options: *mut Opt,
    _option_count: c_int,
) -> c_int {
    guarded(sys::ERR_UNKNOWN, "end", || {
        if user_data.is_null() {
            return sys::ERR_SUCCESS;
        }
        // SAFETY: made by `Box::into_raw` in `mosquitto_plugin_init`, and given back once.
        let loaded = unsafe { Box::from_raw(user_data.cast::<Loaded>()) };
        for (event, callback) in EVENTS {
            // SAFETY: the broker's identifier, which it frees after this call.
            unsafe { sys::unregister(loaded.identifier, event, callback) };
        }
        sys::ERR_SUCCESS
    })
}

unsafe extern "C" fn on_basic_auth(_: c_int, event: *mut c_void, user_data: *mut c_void) -> c_int {
    guarded(sys::ERR_AUTH, "login", || {
        // SAFETY: the broker calls with its event and with what was registered.
        match unsafe { (plugin(user_data), sys::Login::new(event)) } {
            (Some(plugin), Some(login)) => plugin.login(&login),
            _ => sys::ERR_AUTH,
        }
    })
}

unsafe extern "C" fn on_acl_check(_: c_int, event: *mut c_void, user_data: *mut c_void) -> c_int {
    // Of the codes that refuse, the one that never hurts anyone but the client asked about.
    guarded(sys::ERR_ACL_DENIED, "access", || {
        // SAFETY: the broker calls with its event and with what was registered.
        match unsafe { (plugin(user_data), sys::Access::new(event)) } {
            (Some(plugin), Some(access)) => plugin.access(&access),
            _ => sys::ERR_ACL_DENIED,
        }
    })
}

unsafe extern "C" fn on_message(_: c_int, event: *mut c_void, user_data: *mut c_void) -> c_int {
    // Always 0: what may be published was judged before, and is only watched here.
    guarded(sys::ERR_SUCCESS, "message", || {
        // SAFETY: the broker calls with its event and with what was registered.
        let called = unsafe { (plugin(user_data), sys::sender(event)) };
        if let (Some(plugin), Some(client)) = called {
            plugin.message(client);
        }
        sys::ERR_SUCCESS
    })
}

unsafe extern "C" fn on_disconnect(_: c_int, event: *mut c_void, user_data: *mut c_void) -> c_int {
    guarded(sys::ERR_SUCCESS, "disconnect", || {
        // SAFETY: the broker calls with its event and with what was registered.
        let called = unsafe { (plugin(user_data), sys::disconnected(event)) };
        if let (Some(plugin), Some(client)) = called {
            plugin.disconnect(client);
        }
        sys::ERR_SUCCESS
    })
}

unsafe extern "C" fn on_reload(_: c_int, _: *mut c_void, user_data: *mut c_void) -> c_int {
    // Always 0: Mosquitto 2.1 ends when a plugin reports that it could not reload.
    guarded(sys::ERR_SUCCESS, "reload", || {
        // SAFETY: the broker calls with what was registered.
        if let Some(plugin) = unsafe { plugin(user_data) } {
            plugin.reload();
        }
        sys::ERR_SUCCESS
    })
}

unsafe extern "C" fn on_tick(_: c_int, _: *mut c_void, user_data: *mut c_void) -> c_int {
    guarded(sys::ERR_SUCCESS, "tick", || {
        // SAFETY: the broker calls with what was registered.
        if let Some(plugin) = unsafe { plugin(user_data) } {
            plugin.tick();
        }
        sys::ERR_SUCCESS
    })
}

/// # Safety
/// `user_data` is NULL or what `mosquitto_plugin_init` registered, and not yet cleaned up.
unsafe fn plugin<'a>(user_data: *mut c_void) -> Option<&'a Plugin> {
    // SAFETY: as the caller promises. Shared references only, so that a callback may be entered again.
    unsafe { user_data.cast::<Loaded>().as_ref() }.map(|loaded| &loaded.plugin)
}

/// Runs `body`; a panic in it is logged, and is `refusal` for the broker.
fn guarded(refusal: c_int, what: &str, body: impl FnOnce() -> c_int) -> c_int {
    let report = || sys::log(sys::LOG_ERR, &format!("mqward: panic in {what}: refused"));
    contain(refusal, report, body)
}
