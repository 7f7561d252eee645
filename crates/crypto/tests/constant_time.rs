//! No branch and no address depends on a secret: memcheck runs each use of a key with the secret marked as undefined.
//!
//! As ctgrind does it: memcheck tells every jump and every address that depends on undefined bytes. One jump is meant:
//! the one on the final answer, right or wrong. Functions that are known to leak show that the check can fail.
//!
//! What a compiler makes of the code counts, so optimised code is checked, with the names of inlined functions:
//! `CARGO_PROFILE_RELEASE_DEBUG=1 cargo test --release -p mqward-crypto --test constant_time`.

#![allow(
    unsafe_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "requests to valgrind are instructions of their own"
)]
#![cfg(all(target_arch = "x86_64", target_os = "linux"))]

mod stampers;

use core::hint::black_box;
use std::process::Command;

use mqward_crypto::{
    AuthSeed, Claim, Class, Clock, ClockRule, Device, Generation, HardwareId, LoginKey, LoginTerms,
    Opener, Root, Sealer, Sender, UnixTime, UpSeed, sealed_len,
};
use subtle::ConstantTimeEq;

/// Memcheck's requests of valgrind/memcheck.h: the letters M and C, then their number.
const MAKE_UNDEFINED: usize = 0x4d43_0001;
const MAKE_DEFINED: usize = 0x4d43_0002;

/// A request to valgrind (valgrind/valgrind.h for amd64); outside of it these instructions change nothing.
fn request<T: ?Sized>(number: usize, value: &T) {
    let arguments = [
        number,
        (&raw const *value).cast::<u8>().addr(),
        size_of_val(value),
        0,
        0,
        0,
    ];
    // SAFETY: the rotations add up to 128 bits and the exchange is of a register with itself.
    unsafe {
        core::arch::asm!(
            "rol rdi, 3",
            "rol rdi, 13",
            "rol rdi, 61",
            "rol rdi, 51",
            "xchg rbx, rbx",
            in("rax") &raw const arguments,
            inout("rdx") 0usize => _,
            options(nostack),
        );
    }
}

/// Thirty-two bytes that must not be looked at.
fn secret(byte: u8) -> [u8; 32] {
    let key = black_box([byte; 32]);
    request(MAKE_UNDEFINED, &key);
    key
}

fn declassified<T>(value: T) -> T {
    request(MAKE_DEFINED, &value);
    value
}

fn device() -> Device<'static> {
    Device::new("device-1", Generation::FIRST).unwrap()
}

fn now() -> UnixTime {
    UnixTime::from_secs(1_767_225_600).unwrap()
}

fn hw() -> HardwareId<'static> {
    HardwareId::new(b"\x24\x6f").unwrap()
}

#[test]
#[ignore = "runs under valgrind"]
fn use_keys_are_derived() {
    let root = Root::from_bytes(secret(1));
    let audience = mqward_crypto::Audience::new("mqtt.example.com").unwrap();
    black_box(root.auth().seed(device()).login_key(hw(), audience));
    black_box(root.up().seed(device()).sender_key(Sender::DEVICE, hw()));
    let backend = Sender::backend(16).unwrap();
    black_box(root.down().seed(device()).sender_key(backend, 7, hw()));
}

#[test]
#[ignore = "runs under valgrind"]
fn use_a_password_is_minted_and_verified() {
    let (mut stamper, _) = stampers::at(7, 0, 0, 0);
    let key = LoginKey::from_bytes(secret(2));
    let password = stamper.mint(&key, device(), Clock::Trusted(now())).unwrap();
    let text: [u8; 39] = declassified(*password.as_bytes());
    let terms = LoginTerms::new(60, ClockRule::Required).unwrap();
    let claim = Claim::parse(&text).unwrap();
    let right = claim.verify(&key, true, "device-1", &terms, now());
    assert!(declassified(right.is_ok()));
    let other = LoginKey::from_bytes(secret(3));
    let wrong = claim.verify(&other, true, "device-1", &terms, now());
    assert!(declassified(wrong.is_err()));
}

fn seal_and_open<const LEN: usize, const SEALED_LEN: usize>() {
    let seed = UpSeed::from_bytes(secret(4));
    let (_, mut stamper) = stampers::at(7, 0, 0, 0);
    let payload = black_box([0x21; LEN]);
    request(MAKE_UNDEFINED, &payload);
    let sealer = Sealer::uplink(&seed, device(), hw(), Sender::DEVICE).unwrap();
    let mut sealed = [0; SEALED_LEN];
    sealer
        .seal(
            &mut stamper,
            Class::Live,
            "t",
            Clock::None,
            &payload,
            &mut sealed,
        )
        .unwrap();
    // It travels in the clear.
    let mut sealed = declassified(sealed);
    let mut forged = sealed;
    forged[20] ^= 1;
    let opener = Opener::uplink(&seed, device(), hw(), Sender::DEVICE).unwrap();
    assert!(declassified(
        opener.open_in_place("t", &mut forged).is_err()
    ));
    assert!(declassified(opener.open_in_place("t", &mut sealed).is_ok()));
}

#[test]
#[ignore = "runs under valgrind"]
fn use_a_payload_is_sealed_and_opened() {
    seal_and_open::<12, { sealed_len(12) }>();
}

/// Long enough for vectors of ciphertext to be authenticated at once, and beside the keystream.
#[test]
#[ignore = "runs under valgrind"]
fn use_a_long_payload_is_sealed_and_opened() {
    seal_and_open::<1500, { sealed_len(1500) }>();
}

#[test]
#[ignore = "runs under valgrind"]
fn use_keys_are_compared() {
    let (a, b) = (
        AuthSeed::from_bytes(secret(5)),
        AuthSeed::from_bytes(secret(6)),
    );
    assert_eq!(declassified(a.ct_eq(&b).unwrap_u8()), 0);
}

/// The password's characters behind the head.
#[test]
#[ignore = "runs under valgrind"]
fn use_a_tag_is_decoded() {
    let text = black_box(*b"AQFpVbkAaOd4AQAABzWDvWBDZNfhUzH90vNwBCY");
    request(MAKE_UNDEFINED, &text[18..]);
    let claim = Claim::parse(&text);
    assert!(declassified(claim.is_ok()));
}

/// Stops at the first byte that differs.
#[test]
#[ignore = "runs under valgrind"]
fn leak_by_an_early_way_out() {
    let (a, b) = (secret(7), secret(7));
    black_box(a.iter().zip(&b).position(|(a, b)| a != b));
}

/// Reads a table at a secret place.
#[test]
#[ignore = "runs under valgrind"]
fn leak_by_an_address() {
    let table: [u8; 256] = black_box([9; 256]);
    black_box(table[usize::from(secret(8)[0])]);
}

/// The places where memcheck saw a secret decide: the innermost frames of each report, joined.
fn leaks(test: &str) -> Vec<String> {
    let output = Command::new("valgrind")
        .args([
            "--tool=memcheck",
            "--error-limit=no",
            "--num-callers=6",
            "-q",
        ])
        .arg(std::env::current_exe().unwrap())
        .args([test, "--exact", "--ignored", "--test-threads=1"])
        .output()
        .unwrap();
    let report = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{report}");
    let frames = |report: &str| {
        // The innermost calls; inlined ones count as calls of their own.
        let calls = report
            .lines()
            .filter(|line| line.contains(" at 0x") || line.contains(" by 0x"))
            .filter_map(|line| line.split_once(": "));
        let calls: Vec<&str> = calls.map(|(_, call)| call).take(4).collect();
        calls.join(" < ")
    };
    report
        .split("uninitialised value")
        .skip(1)
        .map(frames)
        .collect()
}

/// Whether the jump is on the final answer, in the function that gives it, and not in one that it calls.
fn is_meant(leak: &str, answers: &[&str]) -> bool {
    let innermost = leak.split(" < ").next().unwrap_or_default();
    answers.iter().any(|answer| innermost.contains(answer))
}

#[test]
fn no_branch_and_no_address_depends_on_a_secret() {
    if Command::new("valgrind").arg("--version").output().is_err() {
        assert!(std::env::var_os("CI").is_none(), "CI has no valgrind");
        eprintln!("not checked: there is no valgrind here");
        return;
    }
    for leaky in ["leak_by_an_early_way_out", "leak_by_an_address"] {
        assert!(!leaks(leaky).is_empty(), "{leaky} is not found");
    }
    if cfg!(debug_assertions) {
        eprintln!(
            "not checked: unoptimised code tests secrets for overflow; run it with --release"
        );
        return;
    }
    let uses: [(&str, &[&str]); 6] = [
        ("use_keys_are_derived", &[]),
        ("use_keys_are_compared", &[]),
        ("use_a_password_is_minted_and_verified", &["Claim>::verify"]),
        (
            "use_a_payload_is_sealed_and_opened",
            &["open<mqward_aead::"],
        ),
        (
            "use_a_long_payload_is_sealed_and_opened",
            &["open<mqward_aead::"],
        ),
        // Malformed or not.
        ("use_a_tag_is_decoded", &["Claim::parse ("]),
    ];
    for (test, answers) in uses {
        let leaks: Vec<String> = leaks(test)
            .into_iter()
            .filter(|leak| !is_meant(leak, answers))
            .collect();
        assert!(leaks.is_empty(), "{test}: {leaks:#?}");
    }
}
