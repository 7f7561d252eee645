//! One level of a text, in a form that compares fast.

use crate::word;

/// An odd number without a pattern: the golden ratio by 2^64.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// The last eight bits of a label that is not all of its level. No other label has them: no UTF-8 text holds this byte
/// (RFC 3629 §1).
const LONG: u64 = 0xff;

/// What stands for a level: the level itself if it has up to sixteen bytes, else its first eight and a mixture of all
/// others.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(super) struct Label {
    head: u64,
    more: u64,
}

impl Label {
    pub(super) const NONE: Self = Self { head: 0, more: 0 };

    /// All of it in one word.
    #[inline]
    pub(super) const fn mixed(self) -> u64 {
        mixed(self.head, self.more)
    }
}

#[inline]
const fn mixed(bits: u64, word: u64) -> u64 {
    bits.wrapping_mul(GOLDEN).rotate_left(32) ^ word
}

/// One level of a text.
pub(super) struct Key<'a> {
    text: &'a [u8],
    start: usize,
    end: usize,
    label: Label,
}

impl<'a> Key<'a> {
    /// The level that begins at `start`.
    #[inline(always)]
    pub(super) fn read(text: &'a [u8], start: usize) -> Self {
        let word = word::load(text, start);
        let len = word::before_slash(word);
        let mut end = start + len;
        let head = word::first(word, len);
        let mut more = 0;
        if len == word::LEN && end < text.len() {
            let word = word::load(text, end);
            let len = word::before_slash(word);
            end += len;
            more = word::first(word, len);
            if len == word::LEN {
                (more, end) = rest(text, end, more);
            }
        }
        Self {
            text,
            start,
            end: end.min(text.len()),
            label: Label { head, more },
        }
    }

    /// Whether it is `+`.
    #[inline]
    pub(super) const fn is_single(&self) -> bool {
        self.label.head == b'+' as u64
    }

    /// Whether its label is not all of it.
    #[inline]
    pub(super) const fn is_long(&self) -> bool {
        self.end - self.start > 2 * word::LEN
    }

    #[inline]
    pub(super) const fn label(&self) -> Label {
        self.label
    }

    #[inline]
    pub(super) fn text(&self) -> &'a [u8] {
        self.text.get(self.start..self.end).unwrap_or_default()
    }

    /// Where the level behind it begins, if there is one.
    #[inline]
    pub(super) fn next_level(&self) -> Option<usize> {
        (self.end < self.text.len()).then(|| self.end + 1)
    }
}

/// What of a level lies behind its first sixteen bytes, mixed into `more`, and where it ends.
fn rest(text: &[u8], mut end: usize, mut more: u64) -> (u64, usize) {
    while end < text.len() {
        let word = word::load(text, end);
        let len = word::before_slash(word);
        if len > 0 {
            more = mixed(more, word::first(word, len)) | LONG;
        }
        end += len;
        if len < word::LEN {
            break;
        }
    }
    (more, end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    /// Who may choose a topic knows the rules and the mixture, and could spell what mixes to readable text.
    #[test]
    fn no_text_of_sixteen_bytes_has_the_label_of_a_longer_level() {
        for number in 0u32..20_000 {
            // All of what is mixed changes: the second eight bytes and those behind.
            let spread = number.wrapping_mul(0x9e37_79b9);
            let level = format!("line-042{spread:08x}{number:05}");
            let label = Key::read(level.as_bytes(), 0).label();
            let spelled = core::str::from_utf8(&label.more.to_le_bytes()).map(str::len);
            assert!(spelled.is_err(), "{level}: {spelled:?}");
        }
    }
}
