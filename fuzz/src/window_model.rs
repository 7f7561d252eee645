//! A replay window that remembers everything (spec §8.1, §8.5).

use std::collections::{BTreeMap, BTreeSet};

use mqward::Receipt;

/// Every committed count of every boot, and the rule after a start without state.
#[derive(Default)]
pub struct WindowModel {
    seen: BTreeMap<u32, BTreeSet<u32>>,
    /// Times up to this are closed, unless a later message was committed below the stamp at hand.
    closed_up_to: Option<u32>,
    anchored: bool,
}

impl WindowModel {
    pub fn set_cold(&mut self, up_to: u32) {
        (self.closed_up_to, self.anchored) = (Some(up_to), false);
    }

    fn is_timed(&self, message: &Receipt) -> bool {
        let time = message.time().map_or(0, |time| time.get());
        self.closed_up_to.is_some_and(|closed| time > closed)
    }

    fn is_above_all(&self, message: &Receipt) -> bool {
        let newest = self
            .seen
            .last_key_value()
            .and_then(|(boot, counts)| Some((*boot, *counts.last()?)));
        Some((message.boot(), message.count())) > newest
    }

    #[must_use]
    pub fn judge(&self, message: &Receipt, width: u32) -> &'static str {
        let open = self.closed_up_to.is_none()
            || self.is_timed(message)
            || (self.anchored && self.is_above_all(message));
        let newest_two: Vec<&u32> = self.seen.keys().rev().take(2).collect();
        let known = self
            .seen
            .get(&message.boot())
            .filter(|_| newest_two.contains(&&message.boot()));
        let highest = known.and_then(BTreeSet::last).copied().unwrap_or(0);
        match known {
            _ if !open => "closed",
            Some(counts)
                if counts.contains(&message.count()) && message.count() + width > highest =>
            {
                "duplicate"
            }
            Some(_) if message.count() + width <= highest => "too old",
            None if newest_two.len() == 2
                && newest_two.iter().all(|boot| **boot > message.boot()) =>
            {
                "too old"
            }
            _ => "fresh",
        }
    }

    pub fn commit(&mut self, message: &Receipt) {
        self.anchored |= self.is_timed(message) && self.is_above_all(message);
        self.seen
            .entry(message.boot())
            .or_default()
            .insert(message.count());
    }
}
