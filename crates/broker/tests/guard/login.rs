//! Logins of honest devices, in good and bad weather.

use mqward::{Clock, Reason};
use mqward_broker::{Guard, LoginRequest, Outcome};

use crate::test_fleet::{
    AUDIENCE, CLOCKLESS, DEVICE, HARDWARE, LATE_CLOCK, NOW, OTHER, TestDevice, TestFleet, hex,
    login, login_again, login_key, now, request, time,
};

#[test]
fn the_password_of_the_specification_is_admitted_once() {
    let fleet = TestFleet::new();
    let guard = fleet.guard();
    let password = "AQFpVbkAaOd4AQAABzWDvWBDZNfhUzH90vNwBCY";
    assert_eq!(login(&guard, DEVICE, password, NOW), Ok(()));
    assert_eq!(login(&guard, DEVICE, password, NOW), Err(Reason::Replayed));
}

#[test]
fn reconnects_within_one_second_pass_with_the_next_stamp() {
    let fleet = TestFleet::new();
    let guard = fleet.guard();
    let mut device = TestDevice::new(DEVICE);
    for _ in 0..100 {
        assert_eq!(device.login(&guard, NOW), Ok(()));
    }
    device.reboot();
    assert_eq!(device.login(&guard, NOW), Ok(()));
}

#[test]
fn time_is_judged_to_the_second() {
    let fleet = TestFleet::new();
    let guard = fleet.guard();
    let mut device = TestDevice::new(DEVICE);
    for (sent, expected) in [
        (NOW - 61, Err(Reason::OutsideWindow)),
        (NOW + 61, Err(Reason::OutsideWindow)),
        (NOW - 60, Ok(())),
        (NOW + 60, Ok(())),
        (1, Err(Reason::OutsideWindow)),
        (u32::MAX, Err(Reason::OutsideWindow)),
    ] {
        let password = device.password_at(sent);
        assert_eq!(login(&guard, DEVICE, &password, NOW), expected, "{sent}");
    }
}

#[test]
fn a_login_that_is_refused_uses_no_mark_up() {
    let fleet = TestFleet::new();
    let guard = fleet.guard();
    let password = TestDevice::new(DEVICE).password_at(NOW);
    assert_eq!(
        login(&guard, DEVICE, &password, NOW - 61),
        Err(Reason::OutsideWindow)
    );
    let wrong_user = LoginRequest {
        user_name: Some(b"somebody"),
        ..request(DEVICE, &password)
    };
    assert!(matches!(
        guard.login(&wrong_user, now()),
        Outcome::Refuse(_)
    ));
    assert_eq!(login(&guard, DEVICE, &password, NOW), Ok(()));
}

#[test]
fn clocks_follow_the_registry() {
    let fleet = TestFleet::new();
    let guard = fleet.guard();
    let refused = TestDevice::new(DEVICE).password(Clock::None);
    assert_eq!(login(&guard, DEVICE, &refused, NOW), Err(Reason::NoClock));

    let mut clockless = TestDevice::new(CLOCKLESS);
    for _ in 0..10 {
        let password = clockless.password(Clock::None);
        assert_eq!(login(&guard, CLOCKLESS, &password, NOW), Ok(()));
    }

    let mut late = TestDevice::new(LATE_CLOCK);
    for _ in 0..2 {
        for _ in 0..3 {
            let password = late.password(Clock::None);
            assert_eq!(login(&guard, LATE_CLOCK, &password, NOW), Ok(()));
        }
        let password = late.password(Clock::None);
        assert_eq!(
            login(&guard, LATE_CLOCK, &password, NOW),
            Err(Reason::NoClock)
        );
        assert_eq!(late.login(&guard, NOW), Ok(()), "a time ends the row");
    }
}

#[test]
fn a_cold_start_waits_until_old_passwords_cannot_pass() {
    let fleet = TestFleet::new();
    fleet.policy("cold_start = \"open\"", "cold_start = \"strict\"");
    let before = fleet.guard();
    let mut device = TestDevice::new(DEVICE);
    // Used in the last second before the restart, by a device whose clock is as far ahead as it may be.
    let used = {
        let password = device.password_at(NOW + 61 + 60);
        assert_eq!(login(&before, DEVICE, &password, NOW + 61), Ok(()));
        password
    };
    let after = Guard::open(&fleet.path("policy.toml"), time(NOW + 61)).unwrap();
    let lines = fleet.audit_lines();
    let told = lines.iter().rfind(|line| line["event"] == "store").unwrap();
    let detail = told["detail"].as_str().unwrap();
    assert!(
        detail.ends_with(&format!("up to {}", NOW + 121)),
        "{detail}"
    );
    for at in [NOW + 61, NOW + 121, NOW + 181] {
        assert_eq!(
            login(&after, DEVICE, &used, at),
            Err(Reason::Unavailable),
            "{at}"
        );
    }
    assert_eq!(device.login(&after, NOW + 121), Err(Reason::Unavailable));
    assert_eq!(device.login(&after, NOW + 122), Ok(()));
    assert_eq!(
        login(&after, DEVICE, &used, NOW + 122),
        Err(Reason::Replayed)
    );
    // Without a clock nothing tells old from new.
    let password = TestDevice::new(CLOCKLESS).password(Clock::None);
    assert_eq!(
        login(&after, CLOCKLESS, &password, NOW + 3600),
        Err(Reason::Unavailable)
    );
}

#[test]
fn an_unavailable_store_is_told_apart_on_the_wire() {
    let fleet = TestFleet::new();
    fleet.policy("cold_start = \"open\"", "cold_start = \"strict\"");
    let guard = fleet.guard();
    let password = TestDevice::new(DEVICE).password_at(NOW);
    let Outcome::Refuse(verdict) = guard.login(&request(DEVICE, &password), now()) else {
        panic!("admitted")
    };
    assert_eq!((verdict.v3(), verdict.v5()), (3, 0x88));
}

#[test]
fn a_new_generation_retires_the_old_one() {
    let fleet = TestFleet::new();
    fleet.write(
        "devices.csv",
        "client_id,generation,hardware_id,clock
device-0123456789ab,1,246f28a1b2c3,required
device-0123456789ab,2,246f28a1b2c3,required
",
    );
    let guard = fleet.guard();
    let mut old = TestDevice::of_generation(DEVICE, 1);
    let mut new = TestDevice::of_generation(DEVICE, 2);
    let mut third = TestDevice::of_generation(DEVICE, 3);
    assert_eq!(old.login(&guard, NOW), Ok(()), "until the new one is seen");
    assert_eq!(new.login(&guard, NOW), Ok(()));
    old.reboot();
    assert_eq!(old.login(&guard, NOW + 1), Err(Reason::Revoked));
    assert_eq!(new.login(&guard, NOW + 1), Ok(()));
    assert_eq!(
        third.login(&guard, NOW),
        Err(Reason::UnknownDevice),
        "not in the registry"
    );
}

#[test]
fn a_counter_that_went_back_is_no_replay() {
    let fleet = TestFleet::new();
    let guard = fleet.guard();
    let key = || login_key(DEVICE, 1, &HARDWARE, AUDIENCE);
    let mut device = TestDevice::with_key(DEVICE, 1, key(), 1_760_000_500);
    let old = device.password_at(NOW);
    assert_eq!(device.login(&guard, NOW + 1), Ok(()));
    assert_eq!(
        login(&guard, DEVICE, &old, NOW + 2),
        Err(Reason::Replayed),
        "made before the login"
    );
    let mut restored = TestDevice::with_key(DEVICE, 1, key(), 1_760_000_000);
    assert_eq!(
        restored.login(&guard, NOW + 2),
        Err(Reason::CounterWentBack)
    );
}

#[test]
fn the_same_connection_may_ask_again() {
    let fleet = TestFleet::new();
    let guard = fleet.guard();
    let mut device = TestDevice::new(DEVICE);
    let password = device.password_at(NOW);
    assert_eq!(login(&guard, DEVICE, &password, NOW), Ok(()));
    assert_eq!(
        login_again(&guard, DEVICE, &password, NOW + 86_400),
        Ok(()),
        "time is not judged"
    );
    assert_eq!(
        login(&guard, DEVICE, &password, NOW),
        Err(Reason::Replayed),
        "nor is it worth anything else"
    );
    let mut changed = password.clone().into_bytes();
    changed[38] = if changed[38] == b'A' { b'B' } else { b'A' };
    let changed = String::from_utf8(changed).unwrap();
    assert!(
        login_again(&guard, DEVICE, &changed, NOW).is_err(),
        "the tag is"
    );
    assert_eq!(device.login(&guard, NOW), Ok(()));
    assert_eq!(
        login_again(&guard, DEVICE, &password, NOW),
        Err(Reason::Replayed),
        "a newer login came"
    );
    // A password that was never used is a login like any other.
    let unused = device.password_at(NOW);
    assert_eq!(
        login_again(&guard, DEVICE, &unused, NOW + 86_400),
        Err(Reason::OutsideWindow)
    );
    assert_eq!(login_again(&guard, DEVICE, &unused, NOW), Ok(()));
}

#[test]
fn keys_from_a_table() {
    let fleet = TestFleet::new();
    let key = login_key(DEVICE, 1, &HARDWARE, AUDIENCE);
    fleet.write(
        "login_keys.csv",
        &format!(
            "client_id,generation,login_key\n{DEVICE},1,{}\n",
            hex(key.expose())
        ),
    );
    let without_devices = crate::test_fleet::POLICY
        .replace(
            "auth_root = \"auth_root.key\"",
            "login_keys = \"login_keys.csv\"",
        )
        .replace(
            "[devices]\nhardware_id = \"registry\"\nfile = \"devices.csv\"\n",
            "",
        );
    fleet.write("policy.toml", &without_devices);
    let guard = fleet.guard();
    assert_eq!(TestDevice::new(DEVICE).login(&guard, NOW), Ok(()));
    assert_eq!(
        TestDevice::new(OTHER).login(&guard, NOW),
        Err(Reason::UnknownDevice)
    );
    assert_eq!(
        TestDevice::of_generation(DEVICE, 2).login(&guard, NOW),
        Err(Reason::UnknownDevice)
    );

    // With a registry a device needs both.
    fleet.write(
        "policy.toml",
        &crate::test_fleet::POLICY.replace(
            "auth_root = \"auth_root.key\"",
            "login_keys = \"login_keys.csv\"",
        ),
    );
    let guard = fleet.guard();
    assert_eq!(TestDevice::new(DEVICE).login(&guard, NOW), Ok(()));
    assert_eq!(
        TestDevice::new(OTHER).login(&guard, NOW),
        Err(Reason::UnknownDevice)
    );
    fleet.write("devices.csv", "client_id,generation,hardware_id,clock\n");
    let guard = fleet.guard();
    assert_eq!(
        TestDevice::new(DEVICE).login(&guard, NOW),
        Err(Reason::UnknownDevice)
    );
}

#[test]
fn hardware_ids_from_the_client_id_or_none() {
    let fleet = TestFleet::new();
    let cases = [
        ("\"client-id\"", &[0x01, 0x23, 0x45, 0x67, 0x89, 0xab][..]),
        ("\"none\"", &[][..]),
    ];
    for (source, hardware) in cases {
        let policy = crate::test_fleet::POLICY.replace(
            "hardware_id = \"registry\"\nfile = \"devices.csv\"",
            &format!("hardware_id = {source}"),
        );
        fleet.write("policy.toml", &policy);
        let guard = fleet.guard();
        let key = login_key(DEVICE, 1, hardware, AUDIENCE);
        assert_eq!(
            TestDevice::with_key(DEVICE, 1, key, 1).login(&guard, NOW),
            Ok(()),
            "{source}"
        );
        assert_eq!(
            TestDevice::new(OTHER).login(&guard, NOW),
            Err(Reason::WrongTag),
            "{source}"
        );
        let second = login_key(DEVICE, 2, hardware, AUDIENCE);
        assert_eq!(
            TestDevice::with_key(DEVICE, 2, second, 1).login(&guard, NOW),
            Err(Reason::UnknownDevice),
            "without a registry there is generation 1 alone"
        );
    }
}

#[test]
fn roles_of_the_broker_are_left_to_the_broker() {
    let fleet = TestFleet::new();
    let guard = fleet.guard();
    let mut person = request("op-ann", "a password of the broker's");
    assert!(matches!(guard.login(&person, now()), Outcome::Defer));
    // A11: whom the broker knows as somebody else does not get this client id.
    person.user_name = Some(b"ann");
    assert!(matches!(guard.login(&person, now()), Outcome::Refuse(_)));
}
