//! A panic in a callback becomes a refusal, and nothing else of it leaves.

use core::cell::Cell;

#[path = "../src/unwind.rs"]
mod unwind;

use unwind::contain;

#[test]
fn an_answer_passes_through_unreported() {
    let reported = Cell::new(false);
    assert_eq!(contain(11, || reported.set(true), || 0), 0);
    assert!(!reported.get());
}

#[test]
fn a_panic_is_refused_and_reported() {
    let reported = Cell::new(false);
    assert_eq!(contain(11, || reported.set(true), || panic!("boom")), 11);
    assert!(reported.get());
}

#[test]
fn a_payload_that_panics_when_dropped_is_refused_too() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("again");
        }
    }
    assert_eq!(contain(12, || (), || std::panic::panic_any(Bomb)), 12);
}

#[test]
fn a_report_that_panics_does_not_undo_the_refusal() {
    assert_eq!(contain(12, || panic!("no log"), || panic!("boom")), 12);
}
