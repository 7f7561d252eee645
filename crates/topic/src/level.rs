//! Levels of names, filters, patterns: the one walk on which matching, covering and overlapping rest.

use crate::ClientId;

/// What splits text into levels (§4.7.1.1). An array, because the search for a single `char` in a text has a reachable
/// panic, as far as the compiler can tell, and this one has none.
pub(crate) const SEPARATOR: [char; 1] = ['/'];

/// One topic level.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(crate) enum Level<'a> {
    /// These bytes and no others [MQTT-4.7.3-4].
    Literal(&'a [u8]),
    /// `+`: any one level.
    Single,
    /// `#`: any number of further levels, none included. Always the last one.
    Multi,
}

impl Level<'_> {
    /// §4.7.2: a wildcard in the first level matches no name that begins with `$`.
    fn hides(self, other: Level<'_>) -> bool {
        self == Level::Single && matches!(other, Level::Literal([b'$', ..]))
    }
}

/// The levels of a valid string, in a form where the levels before `#` always make a Topic Name:
/// `#` is told as `+/#` and `/#` as `/+/#`, which are the same sets because the empty Topic Name
/// does not exist [MQTT-4.7.3-1].
#[derive(Copy, Clone, Debug)]
pub(crate) struct Levels<'a> {
    rest: Option<&'a [u8]>,
    syntax: Syntax<'a>,
    /// The `#` to come has to be told as `+/#`.
    widen: bool,
}

#[derive(Copy, Clone, Debug)]
enum Syntax<'a> {
    Name,
    Filter,
    Pattern(ClientId<'a>),
}

impl<'a> Levels<'a> {
    pub(crate) fn of_name(name: &'a str) -> Self {
        Self {
            rest: Some(name.as_bytes()),
            syntax: Syntax::Name,
            widen: false,
        }
    }

    pub(crate) fn of_filter(filter: &'a str) -> Self {
        Self {
            rest: Some(filter.as_bytes()),
            syntax: Syntax::Filter,
            widen: filter == "#" || filter == "/#",
        }
    }

    /// A pattern for one client: the placeholder is told as a literal level. No text is built.
    pub(crate) fn of_pattern(pattern: &'a str, client: ClientId<'a>) -> Self {
        Self {
            syntax: Syntax::Pattern(client),
            ..Self::of_filter(pattern)
        }
    }

    /// Levels before `#`, or all of them: the length of the shortest name that fits.
    pub(crate) fn shortest(self) -> usize {
        self.take_while(|level| *level != Level::Multi).count()
    }

    /// Whether the last level is `#`.
    pub(crate) fn is_open(self) -> bool {
        self.last() == Some(Level::Multi)
    }

    /// Of the names that fit, those with exactly `len` levels, which is not below [`shortest`](Self::shortest).
    pub(crate) fn of_len(self, len: usize) -> impl Iterator<Item = Level<'a>> + Clone {
        self.take_while(|level| *level != Level::Multi)
            .chain(core::iter::repeat(Level::Single))
            .take(len)
    }
}

impl<'a> Iterator for Levels<'a> {
    type Item = Level<'a>;

    fn next(&mut self) -> Option<Level<'a>> {
        let rest = self.rest?;
        if self.widen && rest == b"#" {
            self.widen = false;
            return Some(Level::Single);
        }
        let end = rest.iter().position(|b| *b == b'/');
        let (text, rest) = match end.and_then(|end| rest.split_at_checked(end)) {
            Some((text, rest)) => (text, rest.get(1..)),
            None => (rest, None),
        };
        self.rest = rest;
        Some(match (self.syntax, text) {
            (Syntax::Name, _) => Level::Literal(text),
            (_, b"+") => Level::Single,
            (_, b"#") => Level::Multi,
            (Syntax::Pattern(client), b"%c") => Level::Literal(client.as_bytes()),
            _ => Level::Literal(text),
        })
    }
}

/// Whether every name that fits `inner` fits `outer`; else the first level, from 0, at which `outer`
/// is too narrow (one past the last level of the shorter one if it is the length that differs).
pub(crate) fn covers<'a, 'b>(
    outer: impl Iterator<Item = Level<'a>>,
    inner: impl Iterator<Item = Level<'b>>,
) -> Result<(), usize> {
    let (mut outer, mut inner) = (outer, inner);
    let mut at = 0;
    loop {
        match (outer.next(), inner.next()) {
            (Some(Level::Multi), _) | (None, None) => return Ok(()),
            (Some(Level::Single), Some(other @ (Level::Literal(_) | Level::Single)))
                if at > 0 || !Level::Single.hides(other) => {}
            (Some(Level::Literal(text)), Some(Level::Literal(other))) if text == other => {}
            _ => return Err(at),
        }
        at += 1;
    }
}

/// Whether some name fits both.
pub(crate) fn overlaps<'a, 'b>(
    left: impl Iterator<Item = Level<'a>>,
    right: impl Iterator<Item = Level<'b>>,
) -> bool {
    let (mut left, mut right) = (left, right);
    let mut first = true;
    loop {
        match (left.next(), right.next()) {
            (Some(Level::Multi), _) | (_, Some(Level::Multi)) | (None, None) => return true,
            (Some(a), Some(b)) => {
                if first && (a.hides(b) || b.hides(a)) {
                    return false;
                }
                match (a, b) {
                    (Level::Literal(a), Level::Literal(b)) if a != b => return false,
                    _ => {}
                }
            }
            _ => return false,
        }
        first = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn multi_level_wildcard_is_told_with_the_level_that_must_be_there() {
        use Level::{Literal, Multi, Single};
        assert!(Levels::of_filter("#").eq([Single, Multi]));
        assert!(Levels::of_filter("/#").eq([Literal(b""), Single, Multi]));
        assert!(Levels::of_filter("//#").eq([Literal(b""), Literal(b""), Multi]));
        assert!(Levels::of_filter("+/#").eq([Single, Multi]));
        assert!(Levels::of_filter("a/#").eq([Literal(b"a"), Multi]));
    }

    #[test]
    fn names_have_no_wildcards_and_filters_no_placeholder() {
        assert!(Levels::of_name("%c/a").eq([Level::Literal(b"%c"), Level::Literal(b"a")]));
        assert!(Levels::of_filter("%c/a").eq([Level::Literal(b"%c"), Level::Literal(b"a")]));
    }

    #[test]
    fn cut_to_a_length() {
        use Level::{Literal, Single};
        let levels = Levels::of_filter("a/#");
        assert_eq!(levels.shortest(), 1);
        assert!(levels.is_open());
        assert!(levels.of_len(1).eq([Literal(b"a")]));
        assert!(levels.of_len(3).eq([Literal(b"a"), Single, Single]));
        assert!(!Levels::of_filter("a/+").is_open());
    }

    #[test]
    fn failing_level_is_the_first_that_is_too_narrow() {
        let at = |outer, inner| covers(Levels::of_filter(outer), Levels::of_filter(inner));
        assert_eq!(at("a/b/c", "a/x/c"), Err(1));
        assert_eq!(at("a/b", "a/b/c"), Err(2));
        assert_eq!(at("a/b/c", "a/b"), Err(2));
        assert_eq!(at("+/b", "$SYS/b"), Err(0));
        assert_eq!(at("a/+", "a/#"), Err(1));
    }
}
