//! `completions` and `man`.

use crate::bench::Bench;

#[test]
fn completions_know_the_commands() {
    let bench = Bench::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ran = bench.run(&format!("completions {shell}"), "").ok();
        for word in ["manifest", "lint", "reset-replay", "doctor"] {
            assert!(ran.text().contains(word), "{shell}: {word}");
        }
    }
    bench.run("completions cmd", "").fails(2, &["bash"]);
}

#[test]
fn every_command_has_a_page() {
    let bench = Bench::new();
    std::fs::create_dir(bench.path("man")).unwrap();
    bench.run("man --out man", "").ok();
    for page in [
        "mqward",
        "mqward-device-issue",
        "mqward-mosquitto-config",
        "mqward-why",
    ] {
        let text = String::from_utf8(bench.read(&format!("man/{page}.1"))).unwrap();
        assert!(
            text.contains(".SH NAME") && text.contains(".SH OPTIONS"),
            "{page}"
        );
    }
    let page = String::from_utf8(bench.read("man/mqward.1")).unwrap();
    assert!(
        page.contains("nobody reads the output any more"),
        "exit codes are told"
    );
    bench.run("man --out none", "").fails(3, &["none"]);
}
