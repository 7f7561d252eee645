//! The hand-written layout against the installed `mosquitto_broker.h`, as a C compiler sees it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use core::fmt::Write as _;
use core::mem::{offset_of, size_of};
use std::fs;
use std::process::Command;

#[path = "../src/sys/layout.rs"]
#[expect(dead_code, reason = "opaque types have nothing to compare")]
mod layout;

use layout::{EvtAclCheck, EvtBasicAuth, EvtDisconnect, EvtMessage, Opt};

/// A C expression and the value that Rust has for it.
type Fact = (String, i64);

fn number(n: usize) -> i64 {
    i64::try_from(n).unwrap()
}

macro_rules! structure {
    ($facts:ident, $rust:ty, $c:literal, $($field:ident),+) => {
        $facts.push((format!("sizeof(struct {})", $c), number(size_of::<$rust>())));
        $($facts.push((
            format!("offsetof(struct {}, {})", $c, stringify!($field)),
            number(offset_of!($rust, $field)),
        ));)+
    };
}

macro_rules! constants {
    ($facts:ident, $prefix:literal, $($name:ident),+) => {
        $($facts.push((format!("{}{}", $prefix, stringify!($name)), i64::from(layout::$name)));)+
    };
}

fn facts() -> Vec<Fact> {
    let mut facts = Vec::new();
    structure!(facts, Opt, "mosquitto_opt", key, value);
    structure!(
        facts,
        EvtBasicAuth,
        "mosquitto_evt_basic_auth",
        future,
        client,
        username,
        password,
        future2
    );
    structure!(
        facts,
        EvtAclCheck,
        "mosquitto_evt_acl_check",
        future,
        client,
        topic,
        payload,
        properties,
        access,
        payloadlen,
        qos,
        retain,
        future2
    );
    structure!(
        facts,
        EvtDisconnect,
        "mosquitto_evt_disconnect",
        future,
        client,
        reason,
        future2
    );
    structure!(
        facts,
        EvtMessage,
        "mosquitto_evt_message",
        future,
        client,
        topic,
        payload,
        properties,
        reason_string,
        payloadlen,
        qos,
        reason_code,
        retain,
        future2
    );
    constants!(
        facts,
        "MOSQ_",
        EVT_RELOAD,
        EVT_ACL_CHECK,
        EVT_BASIC_AUTH,
        EVT_MESSAGE,
        EVT_TICK,
        EVT_DISCONNECT,
        ACL_READ,
        ACL_WRITE,
        ACL_SUBSCRIBE,
        ACL_UNSUBSCRIBE,
        ERR_SUCCESS,
        ERR_INVAL,
        ERR_NOT_SUPPORTED,
        ERR_AUTH,
        ERR_ACL_DENIED,
        ERR_UNKNOWN,
        ERR_PLUGIN_DEFER,
        LOG_INFO,
        LOG_NOTICE,
        LOG_WARNING,
        LOG_ERR,
        PLUGIN_VERSION
    );
    facts
}

#[test]
fn layout_is_that_of_the_installed_header() {
    let facts = facts();
    let mut source = String::from(
        "#include <stddef.h>\n#include <stdio.h>\n#include <mosquitto.h>\n\
         #include <mosquitto_broker.h>\n#include <mosquitto_plugin.h>\nint main(void) {\n",
    );
    for (expression, _) in &facts {
        writeln!(source, "  printf(\"%ld\\n\", (long)({expression}));").unwrap();
    }
    source.push_str("  return 0;\n}\n");

    let dir = tempfile::tempdir().unwrap();
    let program = dir.path().join("layout");
    fs::write(dir.path().join("layout.c"), source).unwrap();
    let compiled = Command::new("cc")
        .arg("-o")
        .arg(&program)
        .arg(dir.path().join("layout.c"))
        .output()
        .expect("cc not found: install the Debian packages `gcc` and `libc6-dev`");
    assert!(
        compiled.status.success(),
        "no usable mosquitto_broker.h: install the Debian packages `mosquitto-dev` and `libmosquitto-dev`\n{}",
        String::from_utf8_lossy(&compiled.stderr)
    );
    let printed = Command::new(&program).output().unwrap();
    let printed = String::from_utf8(printed.stdout).unwrap();
    let values: Vec<i64> = printed.lines().map(|line| line.parse().unwrap()).collect();
    assert_eq!(values.len(), facts.len());
    for ((expression, ours), theirs) in facts.iter().zip(values) {
        assert_eq!(*ours, theirs, "{expression}: ours, then the header's");
    }
}
