//! Logins that must not pass, by the number they have in the list of known attacks where there is one.

use std::collections::HashMap;
use std::sync::Barrier;

use mqward::{Clock, LoginKey, Reason, UnixTime};
use mqward_broker::{Guard, LoginRequest, Outcome};

use crate::test_fleet::{
    AUDIENCE, CLOCKLESS, DEVICE, HARDWARE, NOW, OTHER, POLICY, TestDevice, TestFleet, login,
    login_key, now, refused, request,
};

#[test]
fn a10_an_empty_policy_denies_everybody() {
    let fleet = TestFleet::new();
    for empty in ["", "\n# nothing\n", "audience = \"mqtt.example.com\"\n"] {
        fleet.write("policy.toml", empty);
        let guard = fleet.guard();
        let password = TestDevice::new(DEVICE).password_at(NOW);
        let verdict = refused(guard.login(&request(DEVICE, &password), now()));
        assert_eq!(verdict.reason(), Some(Reason::NoRole));
        assert!(verdict.close());
        assert!(
            !guard
                .subscribe(DEVICE.as_bytes(), b"rx/device-0123456789ab/x", None)
                .is_allowed()
        );
        assert!(
            !guard
                .deliver(DEVICE.as_bytes(), b"rx/device-0123456789ab/x")
                .is_allowed()
        );
    }
}

/// What must not stand in front of a guard: it answers from memory.
struct CachingShim<'a> {
    guard: &'a Guard,
    cache: HashMap<(Vec<u8>, Vec<u8>), Outcome>,
}

impl CachingShim<'_> {
    fn login(&mut self, request: &LoginRequest<'_>, now: UnixTime) -> Outcome {
        let key = (
            request.client_id.to_vec(),
            request.password.unwrap_or_default().to_vec(),
        );
        *self
            .cache
            .entry(key)
            .or_insert_with(|| self.guard.login(request, now))
    }
}

/// The conformance check for whatever stands in front of a guard: the same password twice.
fn is_one_time(mut login: impl FnMut(&LoginRequest<'_>, UnixTime) -> Outcome) -> bool {
    let password = TestDevice::new(DEVICE).password_at(NOW);
    let first = login(&request(DEVICE, &password), now());
    let second = login(&request(DEVICE, &password), now());
    matches!(first, Outcome::Admit) && matches!(second, Outcome::Refuse(_))
}

#[test]
fn a16_a_cache_in_front_is_caught() {
    let fleet = TestFleet::new();
    let guard = fleet.guard();
    assert!(is_one_time(|request, now| guard.login(request, now)));
    let guard = fleet.guard();
    let mut shim = CachingShim {
        guard: &guard,
        cache: HashMap::new(),
    };
    assert!(!is_one_time(|request, now| shim.login(request, now)));
}

#[test]
fn a26_absent_empty_and_wrong_are_three_things_all_refused() {
    let fleet = TestFleet::new();
    let guard = fleet.guard();
    let good = TestDevice::new(DEVICE).password_at(NOW);
    let good = good.as_bytes();
    let id = DEVICE.as_bytes();
    let mut reasons = Vec::new();
    for (user_name, password) in [
        (Some(id), None),
        (Some(id), Some(&b""[..])),
        (Some(id), Some(&b"wrong"[..])),
        (None, Some(good)),
        (Some(&b""[..]), Some(good)),
        (Some(&b"device-0123456789AB"[..]), Some(good)),
        (None, None),
    ] {
        let verdict = refused(guard.login(
            &LoginRequest {
                client_id: id,
                user_name,
                password,
                address: None,
                same_connection: false,
            },
            now(),
        ));
        assert!(verdict.close());
        reasons.push(verdict.reason().unwrap());
    }
    assert_eq!(reasons[0], Reason::NoPassword);
    assert_eq!(reasons[1], Reason::Password);
    assert_eq!(reasons[2], Reason::Password);
    assert_eq!(reasons[3..6], [Reason::UserName; 3]);
    assert_eq!(
        login(&guard, DEVICE, core::str::from_utf8(good).unwrap(), NOW),
        Ok(()),
        "none used it up"
    );
}

#[test]
fn hostile_client_ids_get_no_further_than_the_gate() {
    let fleet = TestFleet::new();
    let guard = fleet.guard();
    let long = [b'x'; 65_535];
    let hostile: [&[u8]; 10] = [
        b"",
        b"+",
        b"#",
        b"device-0123456789ab/x",
        b"device-%c",
        b"$SYS",
        b"device-0123456789ab\0",
        b"\xff\xfe",
        &long,
        b"auto-1B9B2A6C",
    ];
    for client_id in hostile {
        let verdict = refused(guard.login(
            &LoginRequest {
                client_id,
                user_name: Some(client_id),
                password: Some(b"AQFpVbkAaOd4AQAABzWDvWBDZNfhUzH90vNwBCY"),
                address: None,
                same_connection: false,
            },
            now(),
        ));
        assert!(verdict.close());
    }
}

fn foreign(client_id: &'static str, key: LoginKey) -> String {
    TestDevice::with_key(client_id, 1, key, 1_760_000_000).password_at(NOW)
}

#[test]
fn passwords_of_others_are_worthless() {
    let fleet = TestFleet::new();
    let guard = fleet.guard();
    let cloned_board = foreign(
        DEVICE,
        login_key(DEVICE, 1, &[0x24, 0x6f, 0x28, 0xa1, 0xb2, 0xc4], AUDIENCE),
    );
    let elsewhere = foreign(DEVICE, login_key(DEVICE, 1, &HARDWARE, "other.example.com"));
    let no_key = foreign(DEVICE, LoginKey::from_bytes([0; 32]));
    let neighbour = TestDevice::new(OTHER).password_at(NOW);
    for password in [&cloned_board, &elsewhere, &no_key, &neighbour] {
        assert_eq!(login(&guard, DEVICE, password, NOW), Err(Reason::WrongTag));
    }
    assert_eq!(login(&guard, OTHER, &neighbour, NOW), Ok(()));
}

#[test]
fn malformed_passwords_are_refused() {
    let fleet = TestFleet::new();
    let guard = fleet.guard();
    let good = TestDevice::new(DEVICE).password_at(NOW);
    for bad in [
        format!("{good}="),
        format!(" {good}"),
        format!("{good}\n"),
        good[..38].to_owned(),
        format!("B{}", &good[1..]),
        good.replace(['-', '_'], "+")
            .replacen(|c: char| c.is_ascii_alphanumeric(), "/", 1),
        "A".repeat(65_535),
    ] {
        assert_eq!(
            login(&guard, DEVICE, &bad, NOW),
            Err(Reason::Password),
            "{bad:.60}"
        );
    }
    assert_eq!(login(&guard, DEVICE, &good, NOW), Ok(()));
}

#[test]
fn every_refusal_of_a_password_is_one_answer_on_the_wire() {
    let fleet = TestFleet::new();
    let guard = fleet.guard();
    let mut device = TestDevice::new(DEVICE);
    let used = device.password_at(NOW);
    assert_eq!(login(&guard, DEVICE, &used, NOW), Ok(()));
    let stale = device.password_at(NOW - 500);
    let clockless = device.password(Clock::None);
    let unknown = "device-ffffffffffff";
    let forged = foreign(DEVICE, LoginKey::from_bytes([9; 32]));
    let cases = [
        (DEVICE, used.as_str()),
        (DEVICE, &stale),
        (DEVICE, &clockless),
        (DEVICE, &forged),
        (DEVICE, "x"),
        (unknown, &forged),
    ];
    let answers: Vec<_> = cases
        .iter()
        .map(|(client_id, password)| {
            let verdict = refused(guard.login(&request(client_id, password), now()));
            (verdict.v3(), verdict.v5(), verdict.close())
        })
        .collect();
    assert_eq!(answers, [answers[0]; 6]);
    assert_eq!(answers[0], (5, 0x87, true));
}

#[test]
fn a27_who_is_unknown_is_answered_as_a_wrong_key_is() {
    // One known and one unknown device, each with a password whose tag is wrong, in both kinds of key source.
    let fleet = TestFleet::new();
    let table = crate::test_fleet::hex(login_key(DEVICE, 1, &HARDWARE, AUDIENCE).expose());
    fleet.write(
        "login_keys.csv",
        &format!("client_id,generation,login_key\n{DEVICE},1,{table}\n"),
    );
    for keys in [
        "auth_root = \"auth_root.key\"",
        "login_keys = \"login_keys.csv\"",
    ] {
        let policy = POLICY
            .replace("auth_root = \"auth_root.key\"", keys)
            .replace("[audit]\nfile = \"audit.jsonl\"\n", "");
        fleet.write("policy.toml", &policy);
        let guard = fleet.guard();
        let unknown = "device-ffffffffffff";
        let known_password = foreign(DEVICE, LoginKey::from_bytes([9; 32]));
        let unknown_password = foreign(unknown, LoginKey::from_bytes([9; 32]));
        assert_eq!(
            login(&guard, DEVICE, &known_password, NOW),
            Err(Reason::WrongTag)
        );
        assert_eq!(
            login(&guard, unknown, &unknown_password, NOW),
            Err(Reason::UnknownDevice)
        );

        // That one key is derived and one tag computed for either, the unit tests of the key source show.
        let known = refused(guard.login(&request(DEVICE, &known_password), now()));
        let unknown = refused(guard.login(&request(unknown, &unknown_password), now()));
        assert_eq!(
            (known.v3(), known.v5()),
            (unknown.v3(), unknown.v5()),
            "{keys}"
        );
    }
}

#[test]
fn of_concurrent_logins_with_one_password_exactly_one_wins() {
    const THREADS: usize = 8;
    let fleet = TestFleet::new();
    fleet.policy("[audit]\nfile = \"audit.jsonl\"\n", "");
    let guard = fleet.guard();
    let mut device = TestDevice::new(DEVICE);
    for round in 0..300 {
        let password = device.password_at(NOW);
        let barrier = Barrier::new(THREADS);
        let attempt = || {
            barrier.wait();
            login(&guard, DEVICE, &password, NOW)
        };
        let results: Vec<_> = std::thread::scope(|scope| {
            let attempts: Vec<_> = (0..THREADS).map(|_| scope.spawn(attempt)).collect();
            attempts
                .into_iter()
                .map(|attempt| attempt.join().unwrap())
                .collect()
        });
        let wins = results.iter().filter(|result| result.is_ok()).count();
        let replays = results
            .iter()
            .filter(|result| **result == Err(Reason::Replayed))
            .count();
        assert_eq!((wins, replays), (1, THREADS - 1), "round {round}");
    }
}

#[test]
fn a_swallowed_password_dies_with_the_next_login() {
    let fleet = TestFleet::new();
    let guard = fleet.guard();
    let mut clockless = TestDevice::new(CLOCKLESS);
    let swallowed = clockless.password(Clock::None);
    let next = clockless.password(Clock::None);
    assert_eq!(login(&guard, CLOCKLESS, &next, NOW), Ok(()));
    assert_eq!(
        login(&guard, CLOCKLESS, &swallowed, NOW),
        Err(Reason::CounterWentBack)
    );
}
