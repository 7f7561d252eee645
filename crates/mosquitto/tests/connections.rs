//! The table of connections, in the orders in which Mosquitto tells about them.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../src/connections.rs"]
mod connections;

use connections::{Asked, Connections, Standing};

const ALICE: &[u8] = b"alice";
const BOB: &[u8] = b"bob";

/// A broker that ticks, as all do but 2.0.11 with settings per listener.
fn ticking() -> Connections {
    let mut connections = Connections::default();
    connections.tick();
    connections
}

#[test]
fn a_connection_is_trusted_until_it_ends_and_its_will_after_that() {
    let mut table = ticking();
    assert_eq!(table.standing(ALICE, 1), Standing::Unknown);
    table.admit(ALICE, 1);
    assert_eq!(table.standing(ALICE, 1), Standing::Trusted);
    assert_eq!(table.standing(BOB, 1), Standing::Unknown, "another id");
    assert_eq!(
        table.standing(ALICE, 2),
        Standing::Unknown,
        "another connection"
    );
    table.end(Some(ALICE), 1);
    assert_eq!(table.standing(ALICE, 1), Standing::Trusted, "its will");
    table.tick();
    let offline = Standing::Offline { may_stay: true };
    assert_eq!(table.standing(ALICE, 1), offline, "its session");
}

#[test]
fn a_connection_that_takes_over_comes_before_the_end_of_the_old_one() {
    let mut table = ticking();
    table.admit(ALICE, 1);
    table.admit(ALICE, 2);
    assert_eq!(table.standing(ALICE, 1), Standing::Trusted, "the old will");
    table.end(Some(ALICE), 1);
    table.tick();
    assert_eq!(table.standing(ALICE, 1), Standing::Unknown);
    assert_eq!(table.standing(ALICE, 2), Standing::Trusted);
    assert!(!table.is_any_doomed());
    table.set_may_stay(ALICE, false);
    assert_eq!(table.standing(ALICE, 2), Standing::Gone);
    assert!(table.is_any_doomed());
    assert_eq!(table.next_doomed().unwrap(), (ALICE.into(), Standing::Gone));
    assert!(table.next_doomed().is_none() && !table.is_any_doomed());
}

#[test]
fn only_who_is_connected_is_ended() {
    let mut table = ticking();
    table.admit(ALICE, 1);
    table.end(Some(ALICE), 1);
    table.set_may_stay(ALICE, false);
    assert!(table.next_doomed().is_none(), "a session");
    assert_eq!(
        table.standing(ALICE, 1),
        Standing::Gone,
        "whose will is still to come"
    );
    table.tick();
    assert_eq!(
        table.standing(ALICE, 1),
        Standing::Offline { may_stay: false }
    );

    table.admit(BOB, 2);
    table.set_may_stay(BOB, false);
    table.end(Some(BOB), 2);
    assert!(table.next_doomed().is_none(), "gone by itself meanwhile");

    table.admit(BOB, 3);
    table.set_may_stay(BOB, false);
    table.end(Some(BOB), 3);
    table.admit(BOB, 4);
    assert!(table.next_doomed().is_none(), "back after it was forgiven");
    assert_eq!(table.standing(BOB, 4), Standing::Trusted);

    // Of a lingering connection that was taken over, by a client that is gone.
    table.admit(BOB, 5);
    table.end(Some(BOB), 5);
    table.set_may_stay(BOB, false);
    assert!(table.next_doomed().is_none());
}

/// A generation is revoked, and the device is there with the next one before the tick.
#[test]
fn who_took_over_is_not_ended_in_the_place_of_the_old_connection() {
    let mut table = ticking();
    table.admit(ALICE, 1);
    table.set_may_stay(ALICE, false);
    table.admit(ALICE, 2);
    assert_eq!(table.next_doomed(), None);
    assert_eq!(table.standing(ALICE, 1), Standing::Gone);
    assert_eq!(table.standing(ALICE, 2), Standing::Trusted);
}

#[test]
fn without_ticks_nobody_is_ended() {
    let mut table = Connections::default();
    assert!(!table.has_ticks());
    table.admit(ALICE, 1);
    table.set_may_stay(ALICE, false);
    assert!(table.next_doomed().is_none());
    assert_eq!(table.standing(ALICE, 1), Standing::Gone);
}

#[test]
fn what_is_left_to_the_broker_has_an_entry_with_its_first_packet() {
    let mut table = ticking();
    table.defer(ALICE, 1);
    assert!(table.clients().is_empty(), "the broker may refuse it");
    assert_eq!(table.standing(ALICE, 1), Standing::Deferred);
    table.found(ALICE, 1, Standing::Trusted);
    assert_eq!(table.clients_of(&["alice".into(), "bob".into()]).len(), 1);
    // Somebody who guesses at its password, and whom the broker refuses.
    table.defer(ALICE, 2);
    table.end(None, 2);
    assert_eq!(table.standing(ALICE, 1), Standing::Trusted);
    table.set_may_stay(ALICE, false);
    assert_eq!(table.next_doomed().unwrap(), (ALICE.into(), Standing::Gone));
}

#[test]
fn a_connection_without_a_login_is_not_taken_for_the_session_in_its_place() {
    let mut table = ticking();
    table.admit(ALICE, 1);
    table.end(Some(ALICE), 1);
    table.tick();
    // The broker gives the memory to a new connection, says nothing, and then that it ended.
    table.end(Some(ALICE), 1);
    assert_eq!(table.standing(ALICE, 1), Standing::Unknown, "its will");
    assert!(table.has_just_ended(1));
    table.tick();
    assert_eq!(
        table.standing(ALICE, 1),
        Standing::Unknown,
        "a will that waits"
    );

    table.found(ALICE, 2, Standing::Unasked);
    table.doom(ALICE, 2);
    assert_eq!(table.standing(ALICE, 2), Standing::Unasked);
    assert_eq!(
        table.next_doomed().unwrap(),
        (ALICE.into(), Standing::Unasked)
    );
    table.end(Some(ALICE), 2);
    assert_eq!(table.standing(ALICE, 2), Standing::Unasked, "its will");
}

#[test]
fn a_session_of_an_earlier_process_is_followed_like_any_other() {
    let mut table = ticking();
    table.found_session(ALICE, 1, None, true);
    assert_eq!(
        table.standing(ALICE, 1),
        Standing::Offline { may_stay: true }
    );
    table.set_may_stay(ALICE, false);
    assert_eq!(
        table.standing(ALICE, 1),
        Standing::Offline { may_stay: false }
    );
    assert!(table.next_doomed().is_none(), "nobody is connected");
    table.admit(ALICE, 2);
    assert_eq!(table.standing(ALICE, 2), Standing::Trusted);
}

#[test]
fn only_a_reload_asks_again() {
    let mut table = ticking();
    table.admit(ALICE, 1);
    table.admit(BOB, 2);
    table.end(Some(BOB), 2);
    assert_eq!(table.asked(ALICE, 1, true), Asked::Login);
    table.reload();
    assert_eq!(table.asked(ALICE, 1, true), Asked::Connection);
    assert_eq!(table.asked(ALICE, 2, true), Asked::Login);
    assert_eq!(table.asked(BOB, 2, true), Asked::Session);
    assert_eq!(table.asked(b"stored", 3, false), Asked::Session);
    assert_eq!(table.asked(b"stored", 3, true), Asked::Login);
    table.tick();
    assert_eq!(table.asked(ALICE, 1, true), Asked::Login);

    let mut table = Connections::default();
    table.admit(ALICE, 1);
    table.reload();
    assert_eq!(table.asked(ALICE, 1, true), Asked::Connection);
    table.end(Some(ALICE), 1);
    assert_eq!(table.asked(ALICE, 1, true), Asked::Login, "without ticks");
}

/// What comes after an end without a tick may be the first packet of a connection in the same place.
#[test]
fn without_ticks_nobody_inherits_the_standing_of_who_was_in_his_place() {
    let mut table = Connections::default();
    table.admit(BOB, 2);
    table.admit(ALICE, 1);
    table.end(Some(ALICE), 1);
    assert_eq!(table.standing(BOB, 1), Standing::Unknown, "another id");
    assert_eq!(table.standing(ALICE, 1), Standing::Trusted, "its will");
    let offline = Standing::Offline { may_stay: true };
    assert_eq!(table.standing(ALICE, 1), offline, "a will comes once");
    assert!(table.has_just_ended(1));

    table.admit(ALICE, 1);
    table.end(Some(ALICE), 1);
    table.requested();
    assert_eq!(
        table.standing(ALICE, 1),
        offline,
        "a will comes before what others ask for"
    );
}

/// A certificate that a listener takes for a login is good for any client id, and for any number of them.
#[test]
fn who_was_never_let_in_leaves_nothing_behind() {
    let mut table = ticking();
    table.admit(ALICE, 1);
    for number in 0..1000_u32 {
        let name = number.to_be_bytes();
        table.found(&name, 2, Standing::Unasked);
        if number % 2 == 0 {
            table.doom(&name, 2);
            let doomed = (name.as_slice().into(), Standing::Unasked);
            assert_eq!(table.next_doomed(), Some(doomed));
        }
        table.end(Some(&name), 2);
        table.tick();
    }
    assert_eq!(table.clients().len(), 1, "entries");

    // Nor does it take anything from whoever was there before, or is.
    table.found(ALICE, 3, Standing::Unasked);
    table.end(Some(ALICE), 1);
    table.end(Some(ALICE), 3);
    table.tick();
    let offline = Standing::Offline { may_stay: true };
    assert_eq!(table.standing(ALICE, 3), offline);
    table.found(BOB, 4, Standing::Unasked);
    table.admit(BOB, 5);
    table.end(Some(BOB), 4);
    assert_eq!(table.standing(BOB, 5), Standing::Trusted);
    table.end(Some(BOB), 5);
    table.tick();
    assert_eq!(table.standing(BOB, 5), offline);
}

#[test]
fn a_session_keeps_the_name_that_was_logged_in_with() {
    let mut table = ticking();
    table.admit(ALICE, 1);
    table.named(1, Some(ALICE));
    // One of a fleet with one user name for all.
    table.defer(BOB, 2);
    table.named(2, Some(b"fleet"));
    table.found(BOB, 2, Standing::Trusted);
    table.end(Some(ALICE), 1);
    table.end(Some(BOB), 2);
    table.tick();
    for (id, name) in [(ALICE, ALICE), (BOB, BOB), (BOB, b"fleet")] {
        assert!(table.may_be_left_by(id, Some(name)));
        assert!(table.may_be_left_by(id, None), "a broker that forgets it");
    }
    for (id, name) in [(ALICE, &b"fleet"[..]), (ALICE, BOB), (BOB, b"eve")] {
        assert!(!table.may_be_left_by(id, Some(name)));
    }
    // A name of its own is the newest login's.
    table.admit(BOB, 3);
    table.named(3, Some(BOB));
    table.end(Some(BOB), 3);
    assert!(!table.may_be_left_by(BOB, Some(b"fleet")));
    table.found_session(BOB, 4, Some(b"fleet"), true);
    assert!(table.may_be_left_by(BOB, Some(b"fleet")));
}
