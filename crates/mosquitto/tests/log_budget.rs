//! The lines that refused packets get in the broker's log.

#[path = "../src/log_budget.rs"]
mod log_budget;

use core::time::Duration;
use std::time::Instant;

use log_budget::LogBudget;

#[test]
fn a_flood_leaves_a_hundred_lines_in_ten_seconds_and_says_how_many_it_had() {
    let budget = LogBudget::default();
    let start = Instant::now();
    let lines = (0..5_000).filter_map(|_| budget.take(start)).count();
    assert_eq!(lines, 100);
    assert_eq!(budget.take(start + Duration::from_secs(9)), None);
    let later = start + Duration::from_secs(10);
    assert_eq!(budget.take(later), Some(4_901));
    assert_eq!(budget.take(later), Some(0));
    assert_eq!(
        budget.take(start),
        Some(0),
        "an earlier moment is no other period"
    );
}
