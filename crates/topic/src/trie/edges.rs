//! From nodes that several texts lead on from to the next nodes: one table for all.

use alloc::{boxed::Box, vec::Vec};

use super::key::{Key, Label};

/// Odd numbers without a pattern: by 2^64, the golden ratio and the fraction of the square root of 3.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;
const ROOT_3: u64 = 0xbb67_ae85_84ca_a73b;

/// How many layouts are tried until a look reads at most [`GOOD`] entries.
const LAYOUTS: u32 = 16;
const GOOD: usize = 6;

/// An edge. `to` is zero, the root, in an empty entry.
#[derive(Copy, Clone, Debug, Default)]
struct Entry {
    /// Another hash.
    tag: u32,
    from: u32,
    to: u32,
}

/// The edges, laid out once for the rules of an operator. A look reads entries behind one another, at most `reach`, and
/// what it takes for an edge is compared in full. So a client that knows the function, which is no secret, can choose a
/// level for which all of these are read, and no worse.
#[derive(Clone, Debug, Default)]
pub(super) struct Edges {
    entries: Box<[Entry]>,
    layout: Layout,
    reach: usize,
}

/// An edge to lay out.
pub(super) struct Edge {
    pub(super) from: u32,
    pub(super) label: Label,
    pub(super) to: u32,
}

impl Edges {
    /// Where the level `key` leads from the node `from`, if `is_it` agrees; zero if nowhere.
    #[inline(always)]
    pub(super) fn follow(&self, from: u32, key: &Key<'_>, is_it: impl Fn(u32) -> bool) -> u32 {
        let (home, tag) = self.layout.place(from, key.label());
        let entries = self.entries.get(home..).unwrap_or_default();
        for entry in entries.iter().take(self.reach) {
            if entry.to == 0 {
                break;
            }
            if entry.tag == tag && entry.from == from && is_it(entry.to) {
                return entry.to;
            }
        }
        0
    }

    /// Lays out edges.
    pub(super) fn new(edges: &[Edge]) -> Self {
        let mut best = Self::laid_out(edges, 0);
        for layout in 1..LAYOUTS {
            if best.reach <= GOOD {
                break;
            }
            let other = Self::laid_out(edges, layout);
            if other.reach < best.reach {
                best = other;
            }
        }
        best
    }

    fn laid_out(edges: &[Edge], number: u32) -> Self {
        let layout = Layout::new(edges.len(), number);
        let mut placed: Vec<_> = edges
            .iter()
            .map(|edge| {
                let (home, tag) = layout.place(edge.from, edge.label);
                let (from, to) = (edge.from, edge.to);
                (home, Entry { tag, from, to })
            })
            .collect();
        placed.sort_unstable_by_key(|(home, entry)| (*home, entry.to));
        // In the order of their homes, each goes to the first free entry from its home on.
        let mut entries = Vec::new();
        let mut reach = 0;
        for (home, entry) in placed {
            entries.resize(home.max(entries.len()), Entry::default());
            entries.push(entry);
            reach = reach.max(entries.len() - home);
        }
        Self {
            entries: entries.into(),
            layout,
            reach,
        }
    }
}

/// Which entry a look begins at.
#[derive(Copy, Clone, Debug, Default)]
struct Layout {
    multiplier: u64,
    homes: u64,
}

impl Layout {
    /// Two homes for each of `edges`.
    fn new(edges: usize, number: u32) -> Self {
        Self {
            multiplier: GOLDEN.rotate_left(3 * number) | 1,
            homes: u64::try_from(edges).map_or(0, |edges| edges.saturating_mul(2)),
        }
    }

    /// The home of an edge, and its tag. Only what `from` takes part in has to wait for the edge before.
    #[inline]
    fn place(self, from: u32, label: Label) -> (usize, u32) {
        let mixed = label
            .mixed()
            .wrapping_add(u64::from(from).wrapping_mul(ROOT_3));
        let hash = u128::from(mixed.wrapping_mul(self.multiplier));
        // The upper bits, scaled: below `homes`.
        let home = (hash * u128::from(self.homes)) >> 64;
        let [a, b, c, d, e, f, g, h] = mixed.to_le_bytes();
        let tag = u32::from_le_bytes([a, b, c, d]) ^ u32::from_le_bytes([e, f, g, h]);
        (usize::try_from(home).unwrap_or_default(), tag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::{format, string::String};

    fn edges(levels: &[String]) -> Vec<Edge> {
        let edge = |(index, level): (usize, &String)| Edge {
            from: u32::try_from(index % 3).unwrap_or_default(),
            label: Key::read(level.as_bytes(), 0).label(),
            to: u32::try_from(index + 1).unwrap_or_default(),
        };
        levels.iter().enumerate().map(edge).collect()
    }

    #[test]
    fn every_edge_is_found_and_no_other() {
        for count in [0, 1, 2, 3, 100, 5000] {
            let levels: Vec<_> = (0..count).map(|i| format!("level-{i:06}")).collect();
            let edges = edges(&levels);
            let table = Edges::new(&edges);
            for (edge, level) in edges.iter().zip(&levels) {
                let key = Key::read(level.as_bytes(), 0);
                let is_it = |to| to == edge.to;
                assert_eq!(table.follow(edge.from, &key, is_it), edge.to);
                assert_eq!(table.follow(edge.from + 1, &key, |_| true), 0);
            }
            let other = Key::read(b"level-x", 0);
            assert_eq!(table.follow(0, &other, |_| true), 0);
        }
    }

    /// What bounds the work for a level that a client chose.
    #[test]
    fn a_look_reads_few_entries_however_many_there_are() {
        let spellings: [fn(usize) -> String; 4] = [
            |i| format!("{i}"),
            |i| format!("dev-{i:012}"),
            |i| format!("{i:08x}-4b1d-4f7e-9c55-0123456789ab"),
            |i| format!("{:040}", (i as u64) << 20),
        ];
        for spelling in spellings {
            for count in [10, 1000, 30_000] {
                let levels: Vec<_> = (0..count).map(spelling).collect();
                let table = Edges::new(&edges(&levels));
                assert!(
                    table.reach <= 10,
                    "{}, {}: {}",
                    levels[0],
                    count,
                    table.reach
                );
                assert!(table.entries.len() <= 2 * count + table.reach);
            }
        }
    }

    /// The same label twice, as only a mixture can be, is two edges all the same.
    #[test]
    fn equal_labels_are_told_apart_by_their_text() {
        let label = Key::read(b"a", 0).label();
        let edges: Vec<_> = (1..50).map(|to| Edge { from: 7, label, to }).collect();
        let table = Edges::new(&edges);
        let key = Key::read(b"a", 0);
        for edge in &edges {
            assert_eq!(table.follow(7, &key, |to| to == edge.to), edge.to);
        }
        assert_eq!(table.reach, 49);
    }
}
