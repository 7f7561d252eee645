//! Sets of Topic Names, judged by trying names on the naive matcher.

#[path = "../../crates/topic/tests/oracle/naive.rs"]
mod naive;

pub use self::matcher::matches;
use naive::levels;

mod matcher {
    /// Whether a valid filter matches a valid name.
    #[must_use]
    pub fn matches(filter: &str, name: &str) -> bool {
        super::naive::matches(filter, name)
    }
}

/// The text of a level that is no wildcard.
fn literal<'a>(filter: &'a str, level: usize) -> Option<&'a str> {
    levels(filter)
        .get(level)
        .copied()
        .filter(|level| !matches!(*level, "+" | "#"))
}

/// Longer than every level of these filters, so that none of them spells it.
fn fresh(filters: &[&str]) -> String {
    "f".repeat(filters.iter().map(|filter| filter.len()).max().unwrap_or(0) + 1)
}

fn longest(filters: &[&str]) -> usize {
    filters.iter().map(|f| levels(f).len()).max().unwrap_or(0) + 1
}

/// Names of every length, spelled as the first filter that spells a level spells it, and fresh where none does.
fn names<'a>(
    spelling: &'a [&'a str],
    fresh: &'a str,
    longest: usize,
) -> impl Iterator<Item = String> + 'a {
    (1..=longest)
        .map(move |len| {
            let level = |at| {
                spelling
                    .iter()
                    .find_map(|filter| literal(filter, at))
                    .unwrap_or(fresh)
            };
            (0..len).map(level).collect::<Vec<_>>().join("/")
        })
        .filter(|name| !name.is_empty())
}

/// Whether every name of `filter` is matched by one of `allowed`.
#[must_use]
pub fn is_subset(filter: &str, allowed: &[&str]) -> bool {
    let all: Vec<&str> = allowed.iter().copied().chain([filter]).collect();
    names(&[filter], &fresh(&all), longest(&all))
        .filter(|name| matches(filter, name))
        .all(|name| allowed.iter().any(|rule| matches(rule, &name)))
}

/// Whether some name is matched by both.
#[must_use]
pub fn meet(a: &str, b: &str) -> bool {
    names(&[a, b], &fresh(&[a, b]), longest(&[a, b]))
        .any(|name| matches(a, &name) && matches(b, &name))
}
