//! Windows against a model that remembers everything, over reboots, reorderings, redeliveries, crashes and restores.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod crc32;
mod receipts;

use std::collections::{BTreeMap, BTreeSet};

use mqward_crypto::{
    Class, Direction, ImportError, Judgement, LatestJudgement, LatestMark, Receipt, StrictMark,
    UnixTime, Window,
};
use proptest::prelude::*;

use receipts::{BOOTS, COUNTS, FIRST_BOOT, clockless, command, receipt, seal_all, sealed_at};

fn accept<const W: usize>(window: &mut Window<W>, receipt: &Receipt) -> bool {
    match window.judge(receipt) {
        Judgement::Fresh(ticket) => window.commit(ticket).is_ok(),
        _ => false,
    }
}

/// Remembers every committed message; knows nothing of bitmaps.
#[derive(Default)]
struct Model(BTreeMap<u32, BTreeSet<u32>>);

impl Model {
    fn judge(&self, boot: u32, count: u32, width: u32) -> &'static str {
        if let Some(counts) = self
            .0
            .get(&boot)
            .filter(|_| self.0.keys().rev().take(2).any(|b| *b == boot))
        {
            let highest = *counts.last().unwrap();
            return if count + width <= highest {
                "too old"
            } else if counts.contains(&count) {
                "duplicate"
            } else {
                "fresh"
            };
        }
        let second = self.0.keys().rev().nth(1);
        if second.is_none_or(|second| boot > *second) {
            "fresh"
        } else {
            "too old"
        }
    }

    fn commit(&mut self, boot: u32, count: u32) {
        self.0.entry(boot).or_default().insert(count);
    }
}

fn run<const W: usize>(messages: &[(u32, u32, bool)]) -> Result<(), TestCaseError> {
    let mut window = Window::<W>::new();
    let mut model = Model::default();
    let width = u32::try_from(64 * W).map_err(|error| TestCaseError::fail(error.to_string()))?;
    for &(boot, count, commit) in messages {
        let receipt = receipt(boot, count);
        let expected = model.judge(boot, count, width);
        match window.judge(&receipt) {
            Judgement::Fresh(ticket) => {
                prop_assert_eq!(expected, "fresh");
                if commit {
                    prop_assert!(window.commit(ticket).is_ok());
                    model.commit(boot, count);
                }
            }
            Judgement::Duplicate => prop_assert_eq!(expected, "duplicate"),
            Judgement::TooOld => prop_assert_eq!(expected, "too old"),
            Judgement::Closed => prop_assert!(false, "a window that was never cold is closed"),
        }
        let mut stored = vec![0; Window::<W>::EXPORT_LEN];
        prop_assert_eq!(window.export(&mut stored), Ok(stored.len()));
        let imported = Window::<W>::import(&stored);
        prop_assert_eq!(imported.as_ref(), Ok(&window));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn narrow_and_wide_windows_agree_with_the_model(
        messages in prop::collection::vec((0..BOOTS, 0..COUNTS, prop::bool::weighted(0.9)), 1..120)
    ) {
        run::<1>(&messages)?;
        run::<2>(&messages)?;
        run::<4>(&messages)?;
    }

    #[test]
    fn close_together_counts_agree_with_the_model(
        messages in prop::collection::vec((0..2u32, 100..170u32, prop::bool::weighted(0.9)), 1..200)
    ) {
        run::<1>(&messages)?;
        run::<2>(&messages)?;
    }

    /// Effects and window are one transaction; the receiver dies before or after it, and QoS 1 delivers again.
    #[test]
    fn a_receiver_that_dies_neither_loses_nor_doubles(
        order in Just((0..40u32).collect::<Vec<_>>()).prop_shuffle(),
        deaths in prop::collection::vec(0..3u8, 40),
    ) {
        let mut stored = vec![0; Window::<1>::EXPORT_LEN];
        Window::<1>::new().export(&mut stored).unwrap();
        let mut effects = Vec::new();
        for (&count, &death) in order.iter().zip(&deaths) {
            let mut deliveries = 0;
            loop {
                deliveries += 1;
                let mut window = Window::<1>::import(&stored).unwrap();
                match window.judge(&receipt(0, count)) {
                    Judgement::Fresh(ticket) => {
                        if death == 1 && deliveries == 1 {
                            continue; // dies after opening, before the transaction
                        }
                        window.commit(ticket).unwrap();
                        effects.push(count);
                        window.export(&mut stored).unwrap();
                        if death == 2 && deliveries == 1 {
                            continue; // dies after the transaction, before the PUBACK
                        }
                        break;
                    }
                    Judgement::Duplicate => break,
                    other => prop_assert!(false, "{other:?}"),
                }
            }
        }
        prop_assert_eq!(effects, order);
    }
}

#[test]
fn two_tickets_for_one_message_commit_once() {
    let mut window = Window::<1>::new();
    let (Judgement::Fresh(first), Judgement::Fresh(second)) =
        (window.judge(&receipt(0, 5)), window.judge(&receipt(0, 5)))
    else {
        panic!("not fresh");
    };
    assert!(window.commit(first).is_ok());
    assert!(window.commit(second).is_err());
    // A ticket whose boot has fallen out of the window is void too.
    let Judgement::Fresh(late) = window.judge(&receipt(0, 6)) else {
        panic!("not fresh")
    };
    assert!(accept(&mut window, &receipt(1, 0)) && accept(&mut window, &receipt(2, 0)));
    assert!(window.commit(late).is_err());
}

#[test]
fn a_cold_receiver_takes_only_what_was_sealed_after_it_started() {
    let start = UnixTime::from_secs(sealed_at(1, 100)).unwrap();
    let mut window = Window::<1>::cold(start, 60);
    assert_eq!(window.judge(&receipt(1, 99)), Judgement::Closed);
    assert_eq!(
        window.judge(&receipt(1, 160)),
        Judgement::Closed,
        "within the allowed skew"
    );
    assert!(accept(&mut window, &receipt(1, 161)), "reopens by itself");
    assert_eq!(window.judge(&receipt(1, 161)), Judgement::Duplicate);
    assert_eq!(
        window.judge(&receipt(1, 120)),
        Judgement::Closed,
        "recorded before the start"
    );
    let mut stored = [0; Window::<1>::EXPORT_LEN];
    window.export(&mut stored).unwrap();
    assert_eq!(
        Window::<1>::import(&stored).unwrap(),
        window,
        "stays under the rule when stored"
    );
}

#[test]
fn a_cold_receiver_stays_closed_to_the_clockless_until_told() {
    let start = UnixTime::from_secs(sealed_at(0, 0)).unwrap();
    let mut window = Window::<1>::cold(start, 60);
    assert_eq!(window.judge(&clockless(3, 7)), Judgement::Closed);
    let boot = clockless(3, 7).boot();
    window.reopen(boot, 7);
    assert_eq!(window.judge(&clockless(3, 7)), Judgement::Duplicate);
    assert_eq!(window.judge(&clockless(3, 2)), Judgement::Duplicate);
    assert_eq!(window.judge(&clockless(2, 299)), Judgement::TooOld);
    assert_eq!(window.judge(&clockless(0, 299)), Judgement::TooOld);
    assert!(accept(&mut window, &clockless(3, 8)));
    assert!(accept(&mut window, &clockless(4, 0)));
    window.reopen(0, 0);
    assert_eq!(
        window.judge(&clockless(4, 0)),
        Judgement::Duplicate,
        "boot 0 is no stamp"
    );
}

#[test]
fn a_window_restored_from_a_backup_forgets_nothing_under_the_cold_rule() {
    let mut window = Window::<1>::new();
    assert!(accept(&mut window, &receipt(1, 10)));
    let backup = window.clone();
    assert!(accept(&mut window, &receipt(1, 50)));
    let mut restored = backup;
    restored.set_cold(UnixTime::from_secs(sealed_at(1, 60)).unwrap(), 60);
    assert_eq!(
        restored.judge(&receipt(1, 50)),
        Judgement::Closed,
        "a replay after the restore"
    );
    assert!(accept(&mut restored, &receipt(1, 121)));
}

#[test]
fn classes_keep_to_their_judge() {
    let retained = seal_all(Direction::Up, Class::Retained, true)[&(0, 0)];
    let stored = clockless(0, 1);
    let live = receipt(0, 1);
    assert_eq!(Window::<1>::new().judge(&retained), Judgement::Closed);
    assert_eq!(
        Window::<1>::new().judge(&command(0, 1)),
        Judgement::Closed,
        "a command needs the strict mark"
    );
    assert_eq!(
        StrictMark::NONE.judge(&stored),
        Judgement::Closed,
        "uplink needs a window"
    );
    assert_eq!(StrictMark::NONE.judge(&live), Judgement::Closed);
    assert_eq!(StrictMark::NONE.judge(&retained), Judgement::Closed);
    assert_eq!(LatestMark::NONE.judge(&live), LatestJudgement::Closed);
    assert_eq!(LatestMark::NONE.judge(&stored), LatestJudgement::Closed);
}

#[test]
fn without_a_clock_a_lost_state_is_closed_until_told() {
    let mut window = Window::<1>::closed();
    assert_eq!(window.judge(&receipt(5, 299)), Judgement::Closed);
    assert_eq!(window.judge(&clockless(5, 299)), Judgement::Closed);
    window.reopen(FIRST_BOOT + 2, 7);
    assert!(accept(&mut window, &clockless(2, 8)));

    let closed = StrictMark::from_u64(StrictMark::closed().get());
    assert_eq!(closed.judge(&command(5, 299)), Judgement::Closed);
    let told = StrictMark::at(FIRST_BOOT + 2, 7);
    assert_eq!(told.judge(&command(2, 7)), Judgement::Duplicate);
    assert!(matches!(told.judge(&command(2, 8)), Judgement::Fresh(_)));
}

#[test]
fn a_stamp_that_is_told_takes_nothing_back() {
    let mut window = Window::<1>::new();
    assert!(accept(&mut window, &receipt(3, 50)));
    window.reopen(FIRST_BOOT + 1, 0);
    assert_eq!(window.judge(&receipt(3, 50)), Judgement::Duplicate);
    assert_eq!(window.judge(&receipt(3, 49)), Judgement::Duplicate);
    assert_eq!(window.judge(&receipt(1, 5)), Judgement::TooOld);
    assert!(accept(&mut window, &receipt(3, 51)));
}

#[test]
fn a_timed_message_after_a_cold_start_vouches_for_what_the_counter_puts_above_it() {
    let start = UnixTime::from_secs(sealed_at(1, 100)).unwrap();
    let mut window = Window::<1>::cold(start, 60);
    assert_eq!(
        window.judge(&clockless(1, 200)),
        Judgement::Closed,
        "nothing vouches yet"
    );
    assert!(accept(&mut window, &receipt(1, 170)));
    assert_eq!(
        window.judge(&clockless(1, 169)),
        Judgement::Closed,
        "below the one that vouches"
    );
    assert!(accept(&mut window, &clockless(1, 171)), "above it");
    assert!(accept(&mut window, &clockless(2, 0)), "and in a later boot");

    // A fresh message below an older state's highest count does not vouch for what is above that.
    let mut restored = Window::<1>::new();
    assert!(accept(&mut restored, &receipt(1, 200)));
    restored.set_cold(start, 60);
    assert!(accept(&mut restored, &receipt(1, 170)));
    assert_eq!(restored.judge(&clockless(1, 250)), Judgement::Closed);
}

#[test]
fn a_skew_below_the_age_rules_counts_as_60_seconds() {
    let start = UnixTime::from_secs(sealed_at(1, 100)).unwrap();
    assert_eq!(
        Window::<1>::cold(start, 0).judge(&receipt(1, 160)),
        Judgement::Closed
    );
    let commands = seal_all(Direction::Down, Class::Stored, true);
    assert_eq!(
        StrictMark::cold(start, 0).judge(&commands[&(1, 160)]),
        Judgement::Closed
    );
}

/// Cold and not, anchored and not, at the last count of a boot: what is stored is what is read.
#[test]
fn every_state_reads_back() {
    let start = UnixTime::from_secs(sealed_at(1, 0)).unwrap();
    let mut anchored = Window::<2>::cold(start, 60);
    assert!(accept(&mut anchored, &receipt(1, 100)));
    let mut told = Window::<2>::new();
    told.reopen(7, 0x00ff_ffff);
    let mut two_boots = Window::<2>::new();
    assert!(accept(&mut two_boots, &receipt(1, 299)) && accept(&mut two_boots, &receipt(2, 0)));
    let states = [
        Window::<2>::new(),
        Window::<2>::cold(start, 60),
        Window::<2>::closed(),
        anchored,
        told,
        two_boots,
    ];
    for state in &states {
        let mut stored = [0; Window::<2>::EXPORT_LEN];
        assert_eq!(state.export(&mut stored), Ok(stored.len()));
        assert_eq!(Window::<2>::import(&stored).as_ref(), Ok(state));
    }
}

#[test]
fn a_damaged_export_is_refused() {
    let mut window = Window::<2>::new();
    assert!(accept(&mut window, &receipt(2, 200)));
    let mut stored = [0; Window::<2>::EXPORT_LEN];
    assert_eq!(window.export(&mut [0; 10]), Err(ImportError::Length));
    window.export(&mut stored).unwrap();
    for bit in 0..stored.len() * 8 {
        let mut damaged = stored;
        damaged[bit / 8] ^= 1 << (bit % 8);
        assert!(Window::<2>::import(&damaged).is_err(), "bit {bit}");
    }
    // With a checksum that fits, what no window has is refused all the same: version, width, flags, counts, order.
    let last = stored.len() - 4;
    let mut impossible: Vec<_> = [(0, 2), (1, 1), (2, 4), (11, 1), (31, 0xff), (35, 1)]
        .map(|(at, value)| {
            let mut damaged = stored;
            damaged[at] = value;
            damaged
        })
        .into();
    let mut twice = stored;
    twice.copy_within(7..11, 31);
    impossible.push(twice);
    for mut damaged in impossible {
        let check = crc32::crc32(&damaged[..last]);
        damaged[last..].copy_from_slice(&check.to_be_bytes());
        assert_eq!(
            Window::<2>::import(&damaged),
            Err(ImportError::Format),
            "{damaged:02x?}"
        );
    }
    assert_eq!(Window::<1>::import(&stored), Err(ImportError::Length));
    assert_eq!(Window::<2>::import(&stored[..20]), Err(ImportError::Length));
}
