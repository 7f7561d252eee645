//! The plugin's callbacks, called by a stub broker: every decision equals the rules, whatever was sent before.
//!
//! Each line of the input is one event: what, which client, flags, then texts with TABs between them.
#![no_main]

use std::ffi::{CStr, CString, c_int};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use libfuzzer_sys::fuzz_target;
use mqward::{
    Audience, AuthRoot, BootRecord, Clock, Device, Generation, HardwareId, LoginKey, LoginStamper,
    Subscription, TopicName, UnixTime, is_sealed_shape,
};
use mqward_fuzz::stub_broker::{
    ACL_DENIED, AUTH, Broker, Client, DEFER, READ, SUBSCRIBE, SUCCESS, UNKNOWN, UNSUBSCRIBE, WRITE,
};
use mqward_fuzz::{Flash, at, is_subset, matches, meet};

const POLICY: &str = r#"
audience = "mqtt.example.com"
[keys]
auth_root = "auth_root.key"
[devices]
hardware_id = "none"
file = "devices.csv"
[replay]
cold_start = "open"
[[role]]
name = "device"
client_id = { prefix = "device-", chars = "digits", min = 8, max = 8 }
auth = "mqward"
limits = { payload = 64 }
publish = [{ allow = "tx/%c/#" }, { allow = "tx/%c/s/+", sealed = true }, { deny = "tx/%c/no/#" }]
subscribe = [{ allow = "rx/%c/#" }, { allow = "all/+" }, { deny = "all/x" }]
[[role]]
name = "gentle"
client_id = { prefix = "gentle-", chars = "digits", min = 8, max = 8 }
auth = "mqward"
on_refuse = "refuse"
limits = { payload = 64 }
publish = [{ allow = "tx/%c/#" }, { allow = "tx/%c/s/+", sealed = true }, { deny = "tx/%c/no/#" }]
subscribe = [{ allow = "rx/%c/#" }, { allow = "all/+" }, { deny = "all/x" }]
[[role]]
name = "person"
client_id = { prefix = "person-", chars = "digits", min = 8, max = 8 }
auth = "broker"
limits = { payload = 64 }
subscribe = [{ allow = "tx/#" }]
"#;

/// Client Identifier and protocol version: the second takes the first one over.
const CLIENTS: [(Option<&str>, c_int); 6] = [
    (Some("device-0"), 4),
    (Some("device-0"), 5),
    (Some("gentle-1"), 5),
    (Some("person-1"), 4),
    (Some("x"), 5),
    (None, 4),
];

static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = std::env::temp_dir().join(format!("mqward-fuzz-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder for the policy");
    let key = "07".repeat(32) + "\n";
    let devices =
        "client_id,generation,hardware_id,clock\ndevice-0,1,,required\ngentle-1,1,,required\n";
    for (name, text) in [
        ("policy.toml", POLICY),
        ("auth_root.key", &key),
        ("devices.csv", devices),
    ] {
        let path = folder.join(name);
        fs::write(&path, text).expect("room for the policy");
        fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("an own file");
    }
    folder
});

/// Counts for the whole run, so that no stamp is ever an old one.
static STAMPER: LazyLock<Mutex<LoginStamper>> = LazyLock::new(|| {
    let mut boot = BootRecord::start(&mut Flash::provisioned(at(0))).expect("a whole record");
    Mutex::new(boot.login_stamper().expect("the first time"))
});

fn key(device: Device<'_>) -> LoginKey {
    let audience = Audience::new("mqtt.example.com").expect("an audience");
    AuthRoot::from_bytes([7; 32])
        .seed(device)
        .login_key(HardwareId::EMPTY, audience)
}

fn password(id: &str) -> Option<CString> {
    let device = Device::new(id, Generation::FIRST).ok()?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?.as_secs();
    let clock = Clock::Trusted(UnixTime::from_secs(now)?);
    let mut stamper = STAMPER.lock().unwrap_or_else(PoisonError::into_inner);
    CString::new(stamper.mint(&key(device), device, clock).ok()?.as_str()).ok()
}

/// What the rules say, by trying names.
fn may(id: &str, access: c_int, topic: &[u8], payload: &[u8], retain: bool) -> bool {
    let person = id == "person-1";
    let spell = |pattern: &str| pattern.replace("%c", id);
    let short = topic.len() <= 256 && topic.split(|byte| *byte == b'/').count() <= 16;
    match access {
        READ => TopicName::from_bytes(topic).is_ok_and(|name| {
            let name = name.as_str();
            let allow: &[&str] = if person {
                &["tx/#"]
            } else {
                &["rx/%c/#", "all/+"]
            };
            allow.iter().any(|rule| matches(&spell(rule), name))
                && (person || !matches("all/x", name))
        }),
        WRITE => TopicName::from_bytes(topic).is_ok_and(|name| {
            let name = name.as_str();
            let sealed = matches(&spell("tx/%c/s/+"), name);
            let hit = matches(&spell("tx/%c/#"), name) && !matches(&spell("tx/%c/no/#"), name);
            !person
                && short
                && payload.len() <= 64
                && hit
                && (!sealed || is_sealed_shape(payload, retain))
        }),
        SUBSCRIBE => Subscription::from_bytes(topic).is_ok_and(|subscription| {
            let filter = subscription.filter().as_str();
            let allow: Vec<String> = if person {
                vec!["tx/#".into()]
            } else {
                vec![spell("rx/%c/#"), "all/+".into()]
            };
            let allow: Vec<&str> = allow.iter().map(String::as_str).collect();
            short && is_subset(filter, &allow) && (person || !meet(filter, "all/x"))
        }),
        UNSUBSCRIBE => true,
        _ => false,
    }
}

/// How a connection stands, in the eyes of the model.
#[derive(Copy, Clone, Default)]
struct State {
    open: bool,
    /// The plugin has heard of it: a session may be left of it, which has nothing to refuse.
    met: bool,
}

fuzz_target!(|bytes: &[u8]| {
    let broker = Broker::start(&FOLDER.join("policy.toml"));
    let clients = CLIENTS.map(|(id, version)| Client::new(id, version));
    let mut states = [State::default(); CLIENTS.len()];
    let mut last: Option<CString> = None;
    // From a reload to the next tick the broker asks about old connections again.
    let mut asking = false;
    for line in bytes.split(|byte| *byte == b'\n').take(32) {
        let [what, which, flags, texts @ ..] = line else {
            continue;
        };
        let which = usize::from(*which) % CLIENTS.len();
        let (client, (id, version)) = (&clients[which], CLIENTS[which]);
        let mut texts = texts.splitn(2, |byte| *byte == b'\t');
        // What C sees of it ends at a NUL.
        let mut text = || {
            let bytes = texts.next()?;
            let end = bytes
                .iter()
                .position(|byte| *byte == 0)
                .unwrap_or(bytes.len());
            CString::new(&bytes[..end]).ok()
        };
        match what {
            b'c' | b'r' => {
                let fresh = *what == b'c';
                let password = if fresh {
                    id.and_then(password)
                } else {
                    last.clone()
                };
                let answer = broker.login(Some(client), client.id.as_deref(), password.as_deref());
                if asking && states[which].met {
                    continue;
                }
                let right = match id {
                    Some("person-1") => DEFER,
                    Some("device-0" | "gentle-1") if fresh => SUCCESS,
                    _ => AUTH,
                };
                assert_eq!(answer, right, "login of {id:?}");
                if fresh {
                    last = password;
                }
                if right != AUTH {
                    states[which] = State {
                        open: true,
                        met: true,
                    };
                }
            }
            b'x' => {
                let (user_name, password) = (text(), text());
                let answer = broker.login(Some(client), user_name.as_deref(), password.as_deref());
                let own = user_name.as_deref() == client.id.as_deref();
                let deferred = id == Some("person-1") && own;
                if asking && states[which].met {
                    continue;
                }
                assert_eq!(
                    answer,
                    if deferred { DEFER } else { AUTH },
                    "login of {id:?}"
                );
            }
            b'e' => {
                broker.disconnect(Some(client));
                states[which].open = false;
            }
            b't' => {
                broker.tick();
                asking = false;
            }
            b'l' => {
                broker.reload();
                asking = true;
            }
            b'n' => {
                broker.call_with_null();
                broker.disconnect(None);
                assert_eq!(broker.login(None, Some(c"device-0"), None), AUTH);
                for access in [READ, WRITE, SUBSCRIBE, UNSUBSCRIBE] {
                    let topic: Option<&CStr> = Some(c"tx/device-0/t");
                    assert_eq!(
                        broker.access(None, access, topic, Some(b""), false),
                        ACL_DENIED
                    );
                    assert_eq!(
                        broker.access(Some(client), access, None, Some(b""), false),
                        ACL_DENIED
                    );
                    assert_eq!(
                        broker.access(Some(client), access, topic, None, false),
                        ACL_DENIED
                    );
                }
            }
            _ => {
                let access = match what {
                    b'p' => WRITE,
                    b's' => SUBSCRIBE,
                    b'd' => READ,
                    b'u' => UNSUBSCRIBE,
                    other => c_int::from(*other) + 16,
                };
                let topic = text().unwrap_or_default();
                let payload = texts.next().unwrap_or_default();
                let retain = flags & 1 == 1;
                states[which].met = true;
                let answer =
                    broker.access(Some(client), access, Some(&topic), Some(payload), retain);
                let Some(id) = id.filter(|id| *id != "x") else {
                    assert_ne!(answer, SUCCESS, "a stranger may nothing");
                    continue;
                };
                let right = may(id, access, topic.as_bytes(), payload, retain);
                assert!(
                    right || answer != SUCCESS,
                    "{id} may not: {access} {topic:?}"
                );
                if !states[which].open {
                    continue;
                }
                let refusal = match (id, access, version) {
                    ("gentle-1", ..) | (_, READ, _) => ACL_DENIED,
                    (_, WRITE | SUBSCRIBE, 5) => UNKNOWN,
                    (_, WRITE | SUBSCRIBE, _) => AUTH,
                    _ => ACL_DENIED,
                };
                assert_eq!(
                    answer,
                    if right { SUCCESS } else { refusal },
                    "{id}: {access} {topic:?}"
                );
            }
        }
    }
});
