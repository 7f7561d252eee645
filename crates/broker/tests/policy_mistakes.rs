//! Every mistake in a policy is an error with file, line and reason.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "what fails here is a failed test"
)]

use std::path::Path;

use mqward_broker::Policy;

/// A correct policy; each case replaces one piece of it.
const GOOD: &str = r#"audience = "mqtt.example.com"
window = 60

[keys]
auth_root = "auth_root.key"

[devices]
hardware_id = "registry"
file = "devices.csv"

[audit]
file = "audit.jsonl"

[[role]]
name = "device"
client_id = { prefix = "device-", chars = "lower-hex", min = 19, max = 19 }
auth = "mqward"
limits = { packet = 8192, payload = 4096, topic = 256, levels = 16, filters = 8 }
publish = [{ allow = "tx/%c/#", sealed = true }]
subscribe = [
    { allow = "rx/%c/#" },
    { deny = "rx/%c/secret/#" },
]

[[role]]
name = "operator"
client_id = { prefix = "op-", chars = "word", min = 4, max = 32 }
auth = "broker"
subscribe = [{ allow = "tx/#" }]
"#;

#[test]
fn the_policy_that_the_cases_change_is_good() {
    assert_eq!(Policy::parse(GOOD, "policy.toml").map(drop), Ok(()));
}

#[test]
fn mistakes_in_the_policy() {
    // What is replaced, by what, the line of the error, and words of its reason.
    let cases = [
        ("window = 60", "window = 0", 2, "1 to 3600"),
        ("window = 60", "window = 3601", 2, "not 3601"),
        ("window = 60", "window = 70000", 2, "70000"),
        ("window = 60", "window = \"60\"", 2, "invalid type"),
        ("window = 60", "windwo = 60", 2, "unknown field `windwo`"),
        ("window = 60", "window = ", 2, ""),
        ("window = 60", "window = 60\nwindow = 60", 3, "duplicate"),
        (
            "audience = \"mqtt.example.com\"",
            "audience = \"MQTT\"",
            1,
            "upper case",
        ),
        (
            "audience = \"mqtt.example.com\"",
            "audience = \"\"",
            1,
            "audience",
        ),
        (
            "audience = \"mqtt.example.com\"",
            "",
            15,
            "role `device` has auth = \"mqward\": the policy needs an `audience`",
        ),
        (
            "[keys]\nauth_root = \"auth_root.key\"",
            "",
            14,
            "needs `[keys]`",
        ),
        ("auth_root = \"auth_root.key\"", "", 4, "exactly one file"),
        (
            "auth_root = \"auth_root.key\"",
            "auth_root = \"a\"\nlogin_keys = \"b\"",
            4,
            "exactly one file",
        ),
        (
            "auth_root = \"auth_root.key\"",
            "auth_rot = \"a\"",
            5,
            "unknown field `auth_rot`",
        ),
        (
            "hardware_id = \"registry\"",
            "hardware_id = \"mac\"",
            8,
            "unknown variant `mac`",
        ),
        ("hardware_id = \"registry\"", "", 15, "`hardware_id`"),
        (
            "file = \"devices.csv\"",
            "",
            15,
            "needs `registry` or `file`",
        ),
        (
            "file = \"devices.csv\"",
            "file = \"devices.csv\"\nregistry = \"registry.db\"",
            7,
            "one of `file` and `registry`",
        ),
        (
            "file = \"audit.jsonl\"",
            "path = \"audit.jsonl\"",
            12,
            "unknown field `path`",
        ),
        ("name = \"device\"", "", 14, "missing field `name`"),
        ("name = \"device\"", "name = \"\"", 15, "needs a name"),
        ("name = \"operator\"", "name = \"device\"", 26, "line 15"),
        (
            "chars = \"lower-hex\"",
            "chars = \"hexx\"",
            16,
            "unknown variant `hexx`, expected one of `digits`",
        ),
        (
            "min = 19, max = 19",
            "min = 20, max = 19",
            16,
            "client_id of role `device`",
        ),
        (
            "min = 19, max = 19",
            "min = 19, max = 300",
            16,
            "client_id of role `device`",
        ),
        ("min = 19, max = 19", "min = 19", 16, "missing field `max`"),
        ("min = 19, max = 19", "min = -1, max = 19", 16, "-1"),
        (
            "prefix = \"device-\"",
            "prefix = \"dev/\"",
            16,
            "client_id of role `device`",
        ),
        (
            "prefix = \"device-\"",
            "prefix = \"%c\"",
            16,
            "client_id of role `device`",
        ),
        (
            "auth = \"mqward\"",
            "auth = \"none\"",
            17,
            "unknown variant `none`",
        ),
        ("auth = \"mqward\"", "", 14, "missing field `auth`"),
        (
            "auth = \"mqward\"",
            "auth = \"mqward\"\non_refuse = \"ignore\"",
            18,
            "unknown variant `ignore`",
        ),
        (
            "auth = \"broker\"",
            "auth = \"broker\"\nhardware_id = \"none\"",
            29,
            "means nothing",
        ),
        (
            "auth = \"broker\"",
            "auth = \"broker\"\ndevelopment = true",
            29,
            "`development` means nothing",
        ),
        (
            "auth = \"mqward\"",
            "auth = \"mqward\"\npublsih = []",
            18,
            "unknown field `publsih`",
        ),
        ("packet = 8192", "packet = 0", 18, "limit `packet` is 1 to"),
        ("packet = 8192", "packet = 268435461", 18, "limit `packet`"),
        (
            "packet = 8192",
            "packet = 4095",
            18,
            "4096 bytes never fits",
        ),
        ("topic = 256", "topic = 65536", 18, "65536"),
        ("levels = 16", "levels = 0", 18, "limit `levels`"),
        ("filters = 8", "filters = 0", 18, "limit `filters`"),
        ("filters = 8", "filter = 8", 18, "unknown field `filter`"),
        (
            "allow = \"tx/%c/#\"",
            "allow = \"tx/%c/#/x\"",
            19,
            "pattern `tx/%c/#/x`",
        ),
        (
            "allow = \"tx/%c/#\"",
            "allow = \"tx/%u/#\"",
            19,
            "pattern `tx/%u/#`",
        ),
        (
            "allow = \"tx/%c/#\"",
            "allow = \"tx/x%c/#\"",
            19,
            "pattern `tx/x%c/#`",
        ),
        ("allow = \"tx/%c/#\"", "allow = \"\"", 19, "pattern ``"),
        ("sealed = true", "seald = true", 19, "unknown field `seald`"),
        ("sealed = true", "deny = \"x\"", 19, "exactly one of"),
        (
            "{ allow = \"rx/%c/#\" }",
            "{ allow = \"rx/%c/#\", sealed = true }",
            21,
            "`sealed` belongs",
        ),
        ("{ allow = \"rx/%c/#\" }", "{ }", 21, "exactly one of"),
        (
            "{ deny = \"rx/%c/secret/#\" }",
            "{ deny = \"rx/#secret\" }",
            22,
            "pattern `rx/#secret`",
        ),
        (
            "{ deny = \"rx/%c/secret/#\" }",
            "{ deny = \"rx/%c/secret/#\" ",
            23,
            "",
        ),
        (
            "prefix = \"op-\", chars = \"word\", min = 4, max = 32",
            "prefix = \"dev\", chars = \"word\", min = 4, max = 32",
            27,
            "both role `operator` and role `device` (line 16)",
        ),
        (
            "[audit]",
            "[replay]\ncold_start = \"warm\"\n[audit]",
            12,
            "unknown variant `warm`",
        ),
        (
            "[audit]",
            "[replay]\npath = \"replay.journal\"\n[audit]",
            12,
            "unknown field `path`",
        ),
        ("[audit]", "[metrics]\n[audit]", 11, "missing field `file`"),
        (
            "[audit]",
            "[metrics]\nfile = \"a\"\ninterval = 0\n[audit]",
            13,
            "`interval` is 1 to 3600, not 0",
        ),
        (
            "[audit]",
            "[limiter]\ncloses = 1000001\n[audit]",
            12,
            "`closes` is 1 to 1000000, not 1000001",
        ),
        (
            "[audit]",
            "[limiter]\nban = 5\n[audit]",
            12,
            "unknown field `ban`",
        ),
        (
            "[audit]",
            "[migration]\n[audit]",
            11,
            "missing field `file`",
        ),
        (
            "file = \"devices.csv\"",
            "file = \"devices.csv\"\nfile = \"d\"",
            10,
            "duplicate",
        ),
    ];
    for (from, to, line, words) in cases {
        assert!(GOOD.contains(from), "{from}");
        let text = GOOD.replacen(from, to, 1);
        let error = Policy::parse(&text, "policy.toml").expect_err(to);
        let shown = error.to_string();
        assert!(
            shown.starts_with(&format!("policy.toml:{line}: ")),
            "{from} -> {to}: {shown}"
        );
        assert!(error.reason().contains(words), "{from} -> {to}: {shown}");
        assert!(
            !error.reason().is_empty() && !shown.contains('\n'),
            "{shown:?}"
        );
    }
}

#[test]
fn a_key_in_the_policy_is_refused_and_not_shown() {
    let key = "5a".repeat(32);
    for entry in ["auth_root", "login_keys"] {
        let text = GOOD.replace(
            "auth_root = \"auth_root.key\"",
            &format!("{entry} = \"{key}\""),
        );
        let error = Policy::parse(&text, "policy.toml").expect_err(entry);
        assert_eq!(error.line(), Some(4));
        assert!(!error.to_string().contains("5a5a"), "{error}");
    }
}

#[test]
fn hardware_ids_in_client_ids_need_whole_bytes_of_hexadecimal() {
    let text = GOOD.replace(
        "hardware_id = \"registry\"\nfile = \"devices.csv\"",
        "hardware_id = \"client-id\"",
    );
    assert!(Policy::parse(&text, "policy.toml").is_ok());
    for (from, to) in [
        ("chars = \"lower-hex\"", "chars = \"word\""),
        ("min = 19, max = 19", "min = 18, max = 19"),
        ("min = 19, max = 19", "min = 18, max = 18"),
        ("min = 19, max = 19", "min = 73, max = 73"),
    ] {
        let error = Policy::parse(&text.replacen(from, to, 1), "policy.toml").expect_err(to);
        assert_eq!(error.line(), Some(15), "{error}");
        assert!(error.reason().contains("hexadecimal digits"), "{error}");
        let own = text.replacen(from, to, 1).replacen(
            "auth = \"mqward\"",
            "auth = \"mqward\"\nhardware_id = \"none\"",
            1,
        );
        assert!(
            Policy::parse(&own, "policy.toml").is_ok(),
            "a role may say otherwise"
        );
    }
}

#[test]
fn the_documented_example_is_a_good_policy() {
    let policy =
        Policy::parse(include_str!("../examples/policy.toml"), "policy.toml").expect("good");
    let names: Vec<_> = policy.gate().roles().iter().map(|role| role.name).collect();
    assert_eq!(names, ["device", "bench", "backend", "operator"]);
    for name in names {
        assert_eq!(policy.is_development_role(name), name == "bench");
    }
    assert_eq!(policy.devices_file(), Some(Path::new("devices.csv")));
    assert_eq!(policy.window_secs(), 60);
    assert_eq!(
        policy.audience().map(|audience| audience.as_str()),
        Some("mqtt.example.com")
    );
    assert!(
        policy
            .gate()
            .subscribe(b"op-anna", b"tx/+/status")
            .is_allowed()
    );
    assert!(!policy.gate().subscribe(b"op-anna", b"tx/#").is_allowed());
}
