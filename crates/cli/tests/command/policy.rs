//! `policy check` and `acl explain`.

use crate::bench::Bench;

const POLICY: &str = r#"
audience = "mqtt.example.com"
[keys]
auth_root = "auth_root.key"
[devices]
hardware_id = "client-id"
[[role]]
name = "device"
client_id = { prefix = "device-", chars = "lower-hex", min = 19, max = 19 }
auth = "mqward"
publish = [ { allow = "tx/%c/#", sealed = true } ]
subscribe = [ { allow = "rx/%c/#" }, { deny = "rx/%c/secret/#" } ]
"#;

#[test]
fn check_prints_the_roles() {
    let bench = Bench::new();
    bench.write("policy.toml", POLICY);
    let ran = bench.run("policy check policy.toml", "").ok();
    for word in [
        "no mistakes",
        "role device",
        "allow publish sealed tx/%c/#",
        "deny subscribe rx/%c/secret/#",
    ] {
        assert!(ran.text().contains(word), "{}", ran.text());
    }
    let json = bench.run("policy check policy.toml --json", "").ok().json();
    assert_eq!(json["roles"][0]["name"], "device");
    assert_eq!(json["window"], 60);
}

#[test]
fn a_mistake_has_file_line_and_reason() {
    let bench = Bench::new();
    bench.write("policy.toml", POLICY.replace("lower-hex", "hexx"));
    bench
        .run("policy check policy.toml", "")
        .fails(1, &["policy.toml:9", "hexx"]);
    bench.write("policy.toml", POLICY);
    bench.chmod("auth_root.key", 0o644);
    bench
        .run("policy check policy.toml", "")
        .fails(1, &["auth_root.key", "--policy-only"]);
    bench.run("policy check policy.toml --policy-only", "").ok();
    bench
        .run("policy check missing.toml", "")
        .fails(3, &["missing.toml"]);
}

#[test]
fn explain_names_rule_level_and_reason() {
    let bench = Bench::new();
    bench.write("policy.toml", POLICY);
    let explain = "acl explain --policy policy.toml --client-id device-0123456789ab";
    let allowed = bench
        .run(&format!("{explain} --publish tx/device-0123456789ab/t"), "")
        .ok();
    assert!(
        allowed.text().contains("must be sealed") && allowed.text().contains("rule 0"),
        "{}",
        allowed.text()
    );
    let refused = |access: &str| {
        bench
            .run(&format!("{explain} {access} --json"), "")
            .fails(1, &[])
            .json()
    };
    let json = refused("--publish tx/device-0123456789ac/t");
    assert_eq!(
        (&json["reason"], &json["rule"], &json["level"]),
        (&"not-allowed".into(), &0.into(), &1.into())
    );
    assert_eq!(
        (&json["close"], &json["v5"], &json["role"]),
        (&true.into(), &0x87.into(), &"device".into())
    );
    let json = refused("--subscribe $share/g/rx/+/#");
    assert_eq!(
        (&json["reason"], &json["v3"]),
        (&"denied".into(), &0x80.into())
    );
    assert_eq!(
        refused("--subscribe rx/device-0123456789ab/#")["rule_text"],
        "deny subscribe rx/%c/secret/#"
    );
    assert_eq!(
        refused("--deliver rx/device-0123456789ab/secret/x")["reason"],
        "denied"
    );
    bench
        .run(&format!("{explain} --deliver rx/device-0123456789ab/x"), "")
        .ok();
    assert_eq!(refused("--publish tx/#")["reason"], "malformed-topic");
    bench
        .run(&explain.replace("policy.toml", "missing"), "")
        .fails(2, &["--publish"]);
    bench.run(explain, "").fails(2, &["--publish"]);
    let stranger = explain.replace("device-0123456789ab", "+");
    let ran = bench
        .run(&format!("{stranger} --publish a"), "")
        .fails(1, &[]);
    assert!(ran.text().contains("forbidden character"), "{}", ran.text());
    // No answer is not the answer no.
    bench.write("policy.toml", "[[role]]");
    bench
        .run(&format!("{explain} --publish a"), "")
        .fails(3, &["policy.toml:1"]);
}
