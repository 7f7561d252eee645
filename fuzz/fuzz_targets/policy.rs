//! A policy file: understood, or refused with its line in one line; whoever fits no role gets nowhere.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mqward::Publish;
use mqward_broker::Policy;

fuzz_target!(|text: &str| {
    match Policy::parse(text, "policy.toml") {
        Ok(policy) => {
            for id in [&b"+"[..], b"#", b"", b"a/b", b"%c", b"\0", b"\xff"] {
                let packet = Publish {
                    topic: b"t",
                    payload: b"",
                    retain: false,
                    packet_len: None,
                };
                assert!(!policy.gate().publish(id, &packet).is_allowed());
                assert!(!policy.gate().subscribe(id, b"#").is_allowed());
            }
        }
        Err(error) => {
            let line = error.line().expect("a mistake in a text has a line");
            assert!(
                (1..=text.split('\n').count() as u64).contains(&line),
                "{error}"
            );
            let shown = error.to_string();
            assert!(
                shown.starts_with(&format!("policy.toml:{line}: "))
                    && !shown.contains(['\n', '\r']),
                "{shown:?}"
            );
        }
    }
});
