//! A broker that is killed with SIGKILL at random moments while devices log in: no password is accepted twice, no
//! revocation is forgotten, and honest devices are back.
//!
//! `cargo xtask soak --kills 100` runs this with more kills than an ordinary test run. Which devices there are, when the
//! broker dies and who is revoked follows from the seed; what else happens at these moments does not.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

#[path = "../broker/fleet.rs"]
#[allow(dead_code, reason = "shared with the tests in ../broker")]
mod fleet;
mod herd;
mod rounds;

use core::str::FromStr;

use crate::rounds::{Amnesia, Plan};

/// How often an ordinary run kills the broker.
const KILLS: usize = 10;
const SEED: u64 = 1;

#[test]
fn nothing_is_forgotten_and_nobody_stays_out() {
    let plan = Plan {
        kills: setting("MQWARD_SOAK_KILLS").unwrap_or(KILLS),
        seed: setting("MQWARD_SOAK_SEED").unwrap_or(SEED),
        amnesia: Amnesia::None,
    };
    let outcome = rounds::run(&plan);
    println!("{outcome}");
    assert_eq!(outcome.violations, Vec::<String>::new());
    assert!(outcome.accepted > 0 && outcome.retried > 0 && outcome.revoked > 0);
}

/// The same rounds with a broker that loses its marks and a registry that loses a revocation: both are noticed.
#[test]
fn a_broker_that_forgets_is_found_out() {
    let found = |amnesia, what: &str| {
        let plan = Plan {
            kills: 4,
            seed: SEED,
            amnesia,
        };
        let outcome = rounds::run(&plan);
        let found = outcome.violations.iter().any(|said| said.contains(what));
        assert!(found, "{outcome}{:?}", outcome.violations);
    };
    found(Amnesia::Marks, "was accepted twice");
    found(Amnesia::Revocations, "was revoked and got in");
}

/// A number in the environment.
fn setting<T: FromStr>(name: &str) -> Option<T> {
    let value = std::env::var(name).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{name}: {value}")))
}
