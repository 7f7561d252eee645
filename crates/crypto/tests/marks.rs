//! Marks of receivers that keep one number: of commands that only rise, and of the latest retained message or will.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

#[allow(dead_code, reason = "the other receipts are for windows")]
mod receipts;

use mqward_crypto::{
    Class, Direction, Judgement, LatestJudgement, LatestMark, StrictMark, UnixTime,
};

use receipts::{command, seal_all, sealed_at};

#[test]
fn strict_marks_only_rise() {
    let mut mark = StrictMark::NONE;
    let Judgement::Fresh(ticket) = mark.judge(&command(2, 5)) else {
        panic!("not fresh")
    };
    let Judgement::Fresh(earlier) = mark.judge(&command(2, 4)) else {
        panic!("not fresh")
    };
    mark.commit(ticket).unwrap();
    assert!(
        mark.commit(earlier).is_err(),
        "an overtaken command must not run"
    );
    let mark = StrictMark::from_u64(mark.get());
    assert_eq!(mark.judge(&command(2, 5)), Judgement::Duplicate);
    assert_eq!(mark.judge(&command(1, 299)), Judgement::TooOld);
    assert!(matches!(mark.judge(&command(3, 0)), Judgement::Fresh(_)));
}

#[test]
fn a_lost_strict_mark_is_cold_until_a_newer_command_passes() {
    let commands = seal_all(Direction::Down, Class::Stored, true);
    let mut mark = StrictMark::cold(UnixTime::from_secs(sealed_at(1, 100)).unwrap(), 60);
    assert_eq!(
        mark.judge(&commands[&(1, 160)]),
        Judgement::Closed,
        "recorded before the start"
    );
    assert_eq!(mark.judge(&command(5, 299)), Judgement::Closed);
    let stored = StrictMark::from_u64(mark.get());
    assert_eq!(
        stored, mark,
        "stored and read back before the first command, it stays cold"
    );
    let Judgement::Fresh(ticket) = mark.judge(&commands[&(1, 161)]) else {
        panic!("not fresh")
    };
    mark.commit(ticket).unwrap();
    assert_eq!(mark.judge(&commands[&(1, 161)]), Judgement::Duplicate);
    assert!(matches!(mark.judge(&command(5, 299)), Judgement::Fresh(_)));
}

#[test]
fn latest_marks_take_equal_or_newer() {
    let all = seal_all(Direction::Up, Class::Will, true);
    let mut mark = LatestMark::NONE;
    let LatestJudgement::Newer(ticket) = mark.judge(&all[&(1, 5)]) else {
        panic!("not newer")
    };
    let LatestJudgement::Newer(again) = mark.judge(&all[&(1, 5)]) else {
        panic!("not newer")
    };
    mark.commit(ticket).unwrap();
    assert!(
        mark.commit(again).is_err(),
        "an equal one has nothing to commit"
    );
    let mark = LatestMark::from_u64(mark.get());
    assert_eq!(mark.judge(&all[&(1, 5)]), LatestJudgement::Same);
    assert_eq!(mark.judge(&all[&(1, 4)]), LatestJudgement::Older);
    assert!(matches!(
        mark.judge(&all[&(2, 0)]),
        LatestJudgement::Newer(_)
    ));
}
