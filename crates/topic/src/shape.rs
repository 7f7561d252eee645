//! What a Topic Filter is put together from, noted when it is made, so that matching it is a few comparisons.

use crate::{inclusion, word};

/// Literal text, and how often `+` and more literal text follow.
///
/// On hosts only: filters of microcontrollers stay two words long.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash)]
pub(crate) struct Shape {
    /// Bytes before the first `+`, or before what is not in `levels`.
    literal: u16,
    /// Bytes without `/#` at the end. `#` counts as `+/#` and `/#` as `/+/#`: see [`Levels`](crate::level::Levels).
    levels: u16,
    /// How many `+` there are.
    singles: u16,
    /// Whether `/#` is at the end.
    is_open: bool,
}

impl Shape {
    /// Of a valid Topic Filter, so of at most 65 535 bytes (§1.5.4).
    pub(crate) fn of(filter: &str) -> Self {
        let told = inclusion::told(filter);
        let open = told.strip_suffix("/#");
        let levels = open.unwrap_or(told).as_bytes();
        let short = |len: usize| u16::try_from(len).unwrap_or(u16::MAX);
        Self {
            literal: short(word::literal_end(levels, 0)),
            levels: short(levels.len()),
            singles: short(levels.iter().filter(|byte| **byte == b'+').count()),
            is_open: open.is_some(),
        }
    }

    /// Whether `filter`, which has this shape, matches `name`, a valid Topic Name.
    ///
    /// Linear in the length: each byte is read a bounded number of times.
    pub(crate) fn matches(self, filter: &str, name: &str) -> bool {
        let (filter, name) = (filter.as_bytes(), name.as_bytes());
        // [MQTT-4.7.2-1]. The name first, because most begin alike.
        if name.first() == Some(&b'$') && matches!(filter.first(), Some(b'+' | b'#')) {
            return false;
        }
        let levels = filter.get(..usize::from(self.levels)).unwrap_or(filter);
        let mut left = usize::from(self.literal);
        let mut right = left;
        if name.get(..right) != levels.get(..left) {
            return false;
        }
        for more in (0..self.singles).rev() {
            left += 1;
            right = word::level_end(name, right);
            let end = match more {
                0 => levels.len(),
                _ => word::literal_end(levels, left),
            };
            let literal = levels.get(left..end).unwrap_or_default();
            if name.get(right..right + literal.len()) != Some(literal) {
                return false;
            }
            left = end;
            right += literal.len();
        }
        right == name.len() || self.is_open && name.get(right) == Some(&b'/')
    }
}
