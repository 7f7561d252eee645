//! Every file loads, holds the vectors of the protocol design, and has the size that its users count on.

use std::collections::BTreeSet;

use mqward_vectors::{LoginOutcome, OpeningOutcome};

/// Root 00..1f, generation 1, `device-0123456789ab`, hardware id 246f28a1b2c3, `mqtt.example.com`, time 1767225600,
/// boot 1760000001, count 7.
#[test]
fn vectors_of_the_design_are_present() {
    let passwords = mqward_vectors::passwords().passwords;
    let design = &passwords[0];
    assert_eq!(design.text, "AQFpVbkAaOd4AQAABzWDvWBDZNfhUzH90vNwBCY");
    assert_eq!(
        (design.time, design.boot, design.count),
        (1_767_225_600, 1_760_000_001, 7)
    );
    assert!(design.root.iter().copied().eq(0..32));

    let messages = mqward_vectors::sealed().messages;
    let design = &messages[0];
    assert_eq!(
        design.sealed,
        mqward_vectors::decode_hex(
            "1001006955b90068e778010000078013dff51db5b3430a73708af1e57f44dd62e3ad"
        )
        .unwrap()
    );
    assert_eq!(design.topic.to_text(), "tx/device-0123456789ab/t");
    assert_eq!(design.payload.to_vec(), b"21.5");
}

#[test]
fn every_file_loads() {
    assert_eq!(mqward_vectors::keys().trees.len(), 2);
    assert!(mqward_vectors::blobs().blobs.len() >= 5);
    assert!(mqward_vectors::cose().refused_full.len() >= 50);
    let topics = mqward_vectors::topics();
    // All filters of 1 to 4 levels out of `a`, `b`, the empty level, `+` and a last `#`.
    assert_eq!(topics.grids[0].filters.len(), 424);
    for grid in &topics.grids {
        for matrix in [&grid.matches, &grid.covers, &grid.overlaps] {
            assert_eq!(matrix.rows(), grid.filters.len(), "{}", grid.name);
        }
        let last = grid.filters.len() - 1;
        assert_eq!(grid.covers.get(last, last), Some(true));
    }
    let rules = topics.client_id_rules;
    assert_eq!(rules.overlaps.rows(), rules.rules.len());
    assert_eq!(rules.accepts.rows(), rules.rules.len());
    assert!(mqward_vectors::acl().cases.len() >= 150);
}

/// A refused case without the accepted one it was made from may be refused for another reason than it says.
#[test]
fn refused_cases_have_a_good_twin() {
    let failures = mqward_vectors::failures();
    let good: BTreeSet<_> = failures
        .logins
        .iter()
        .filter(|case| matches!(case.outcome, LoginOutcome::Accepted { .. }))
        .map(|case| case.name.as_str())
        .collect();
    for case in &failures.logins {
        let twin = case.twin.as_deref();
        assert_eq!(
            twin.is_none(),
            good.contains(case.name.as_str()),
            "{}",
            case.name
        );
        assert!(twin.is_none_or(|twin| good.contains(twin)), "{}", case.name);
    }
    let good: BTreeSet<_> = failures
        .openings
        .iter()
        .filter(|case| matches!(case.outcome, OpeningOutcome::Opened { .. }))
        .map(|case| case.name.as_str())
        .collect();
    for case in &failures.openings {
        let twin = case.twin.as_deref();
        assert_eq!(
            twin.is_none(),
            good.contains(case.name.as_str()),
            "{}",
            case.name
        );
        assert!(twin.is_none_or(|twin| good.contains(twin)), "{}", case.name);
    }
}
