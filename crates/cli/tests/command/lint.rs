//! `acl lint`.

use serde_json::Value;

use crate::bench::Bench;

/// What is said about the rules of a role `device` (and of others), and the exit code.
fn lint(publish: &str, subscribe: &str, others: &str) -> (i32, Vec<Value>) {
    let bench = Bench::new();
    bench.write(
        "policy.toml",
        format!(
            "[[role]]\nname = \"device\"\nauth = \"broker\"\n\
             client_id = {{ prefix = \"device-\", chars = \"digits\", min = 8, max = 12 }}\n\
             publish = [\n{publish}\n]\nsubscribe = [\n{subscribe}\n]\n{others}"
        ),
    );
    bench.run("policy check policy.toml", "").ok();
    let ran = bench.run("acl lint --policy policy.toml --json", "");
    assert_eq!(ran.stderr, "");
    (ran.code, ran.lines())
}

/// Kind, number of the rule, number of the other one, topic.
fn brief(finding: &Value) -> (String, u64, Option<u64>, String) {
    (
        finding["finding"].as_str().unwrap().to_owned(),
        finding["rule"]["rule"].as_u64().unwrap(),
        finding["other"]["rule"].as_u64(),
        finding["topic"].as_str().unwrap().to_owned(),
    )
}

#[track_caller]
fn finds(rules: (&str, &str), kind: &str, rule: u64, other: Option<u64>, topic: &str) -> Value {
    let (code, findings) = lint(rules.0, rules.1, "");
    assert_eq!(findings.len(), 1, "{findings:?}");
    let found = &findings[0];
    assert_eq!(
        brief(found),
        (kind.to_owned(), rule, other, topic.to_owned())
    );
    assert_eq!(code, i32::from(found["severity"] == "warning"));
    found.clone()
}

#[test]
fn rules_that_say_nothing_new() {
    let found = finds(
        ("{ allow = \"tx/%c/#\" },\n{ allow = \"tx/%c/+/low\" }", ""),
        "shadowed",
        1,
        Some(0),
        "tx/device-0/x/low",
    );
    assert_eq!(
        (&found["rule"]["line"], &found["other"]["line"]),
        (&7.into(), &6.into())
    );
    assert_eq!(found["rule"]["text"], "allow publish tx/%c/+/low");
    assert_eq!(found["client_id"], "device-0");
    // Of two alike the second; several together; a deny rule; a level that is only a client's.
    let twice = "{ allow = \"tx/%c\" }, { allow = \"tx/%c\" }";
    finds((twice, ""), "shadowed", 1, Some(0), "tx/device-0");
    let together = "{ allow = \"rx/%c\" }, { allow = \"rx/%c/+/#\" }, { allow = \"rx/%c/#\" }";
    finds(("", together), "shadowed", 2, Some(0), "rx/device-0");
    let deny = "{ allow = \"a/%c/#\" }, { deny = \"a/+/b\" }, { deny = \"a/%c/b\" }";
    let (_, findings) = lint(deny, "", "");
    let found: Vec<_> = findings.iter().map(brief).collect();
    let topic = "a/device-0/b".to_owned();
    assert!(
        found.contains(&("shadowed".into(), 2, Some(1), topic)),
        "{found:?}"
    );
}

#[test]
fn a_rule_for_one_client_is_judged_for_all() {
    // For device-7 alone the first says it already; for all others the second is news: who may write there?
    let (code, findings) = lint(
        "{ allow = \"tx/%c/#\" },\n{ allow = \"tx/device-7/#\" }",
        "",
        "",
    );
    assert_eq!(code, 1);
    let found: Vec<_> = findings.iter().map(brief).collect();
    assert_eq!(found.len(), 2, "{found:?}");
    assert_eq!(
        found[0],
        ("overlap".into(), 0, Some(1), "tx/device-7".into())
    );
    assert_eq!(
        found[1],
        ("too-broad".into(), 1, Some(0), "tx/device-7".into())
    );
    assert_eq!(findings[0]["client_id"], "device-7");
    assert_ne!(findings[1]["client_id"], "device-7");
}

#[test]
fn sealed_counts() {
    // The second demands less than the first: it changes nothing, and says so.
    let found = finds(
        (
            "{ allow = \"tx/%c/#\", sealed = true }, { allow = \"tx/%c/log\" }",
            "",
        ),
        "shadowed",
        1,
        Some(0),
        "tx/device-0/log",
    );
    assert!(
        found["sentence"]
            .as_str()
            .unwrap()
            .ends_with("which demands sealed payloads for it as well")
    );
    // The other way round each has a meaning of its own.
    finds(
        (
            "{ allow = \"tx/%c/#\" }, { allow = \"tx/%c/log\", sealed = true }",
            "",
        ),
        "overlap",
        0,
        Some(1),
        "tx/device-0/log",
    );
}

#[test]
fn rules_without_effect() {
    finds(
        ("{ allow = \"tx/%c/a\" }, { deny = \"tx/+/+\" }", ""),
        "no-effect",
        0,
        Some(1),
        "tx/device-0/a",
    );
    finds(
        ("{ allow = \"tx/%c\" }, { deny = \"rx/#\" }", ""),
        "no-effect",
        1,
        None,
        "rx",
    );
}

#[test]
fn a_deny_rule_closes_the_whole_subscription() {
    let found = finds(
        (
            "",
            "{ allow = \"rx/%c/#\" }, { deny = \"rx/%c/factory/#\" }",
        ),
        "overlap",
        0,
        Some(1),
        "rx/device-0/factory",
    );
    assert_eq!(found["severity"], "note");
    assert!(
        found["sentence"]
            .as_str()
            .unwrap()
            .contains("whole or not at all")
    );
}

#[test]
fn what_reaches_too_far() {
    finds(("{ allow = \"#\" }", ""), "too-broad", 0, None, "x");
    finds(
        ("{ allow = \"$CONTROL/dynamic-security/v1\" }", ""),
        "too-broad",
        0,
        None,
        "$CONTROL/dynamic-security/v1",
    );
    let (_, findings) = lint(
        "",
        "{ allow = \"rx/%c/#\" },\n{ allow = \"rx/+/news\" }",
        "",
    );
    let broad = findings
        .iter()
        .find(|finding| finding["finding"] == "too-broad")
        .unwrap();
    assert_eq!(brief(broad).1, 1);
    assert_eq!(broad["severity"], "warning");
    let (client, topic) = (
        broad["client_id"].as_str().unwrap(),
        broad["topic"].as_str().unwrap(),
    );
    assert!(topic.starts_with("rx/device-") && topic.ends_with("/news") && !topic.contains(client));
    // A deny rule in between takes it back, exactly.
    let denied = "{ allow = \"+/%c/#\" }, { allow = \"rx/a/#\" }";
    let (_, findings) = lint("", denied, "");
    assert!(
        findings
            .iter()
            .all(|finding| finding["finding"] != "too-broad"),
        "{findings:?}"
    );
}

#[test]
fn another_role_may_read_along_but_not_write() {
    let backend = |rules: &str| {
        format!(
            "[[role]]\nname = \"backend\"\nauth = \"broker\"\n\
         client_id = {{ prefix = \"backend-\", chars = \"word\", min = 9, max = 12 }}\n{rules}\n"
        )
    };
    let device = ("{ allow = \"tx/%c/#\" }", "{ allow = \"rx/%c/#\" }");
    let good = backend("publish = [{ allow = \"rx/+/#\" }]\nsubscribe = [{ allow = \"tx/+/#\" }]");
    assert_eq!(lint(device.0, device.1, &good), (0, Vec::new()));
    let (code, findings) = lint(
        device.0,
        device.1,
        &backend("subscribe = [{ allow = \"rx/+/#\" }]"),
    );
    assert_eq!((code, &findings[0]["severity"]), (0, &"note".into()));
    let (code, findings) = lint(
        device.0,
        device.1,
        &backend("publish = [{ allow = \"tx/+/#\" }]"),
    );
    assert_eq!((code, &findings[0]["other"]["role"]), (1, &"device".into()));
    assert!(
        findings[0]["client_id"]
            .as_str()
            .unwrap()
            .starts_with("backend-")
    );
}

#[test]
fn text_names_file_line_and_rule() {
    let bench = Bench::new();
    bench.write("policy.toml", "");
    let ran = bench.run("acl lint --policy policy.toml", "").ok();
    assert!(ran.text().contains("nothing to say"));
    bench.write("policy.toml", "[[role]]\nname = \"a\"\nauth = \"broker\"\nclient_id = { prefix = \"\", chars = \"word\", min = 1, max = 9 }\nsubscribe = [{ allow = \"#\" }]\n");
    let ran = bench.run("acl lint --policy policy.toml", "").fails(1, &[]);
    assert!(
        ran.text()
            .starts_with("policy.toml:5: warning: role `a`, rule 0 `allow subscribe #`"),
        "{}",
        ran.text()
    );
    bench
        .run("acl lint --policy missing", "")
        .fails(3, &["missing"]);
    bench.write("policy.toml", "role = 1");
    bench
        .run("acl lint --policy policy.toml", "")
        .fails(3, &["policy.toml:1"]);
}
