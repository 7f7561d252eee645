//! The rules about one kind of access as a tree of levels.

mod build;
mod edges;
mod found;
mod key;
#[cfg(test)]
mod tests;

use alloc::boxed::Box;
use core::{mem, ops::Range};

use crate::{Access, ClientId, Rule};
use edges::Edges;
pub(crate) use found::Found;
use key::{Key, Label};

/// Nodes of one depth that a walk keeps at most.
const WIDTH: usize = 16;

/// No rule: rules are numbered by 32 bits here.
const NONE: u32 = u32::MAX;

/// More than [`WIDTH`] nodes of one depth fit, or there are no nodes.
#[derive(Debug)]
pub(crate) struct Wide;

/// The levels of all patterns about one kind of access. A node stands for the levels on the way to it, so patterns that
/// begin alike share nodes. It is a tree: a walk comes to every node once at most, so no topic makes it much slower than
/// a look at every rule.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trie {
    /// The root first, then in the order of the rules. Empty if there are none, or too many.
    nodes: Box<[Node]>,
    /// What deny rules say at nodes. Few have something to say; the first entry says nothing.
    denials: Box<[Ends]>,
    /// From nodes that several texts lead on from.
    edges: Edges,
    /// Levels that are longer than a label.
    text: Box<[u8]>,
}

/// One line of a host's cache. A node number of zero, which is the root's, stands for none.
#[derive(Clone, Debug)]
#[repr(align(64))]
struct Node {
    /// The text that leads here, if a text does.
    label: Label,
    /// All of it, if it is longer than its label.
    text: Range<u32>,
    /// The next node, if one text leads on and no other.
    literal: u32,
    /// Whether several do.
    literals: bool,
    /// The next node by the client's identifier.
    own: u32,
    /// The next node by `+`.
    single: u32,
    /// The first allow rule that begins like this.
    first_allow: u32,
    allow: Ends,
    /// Whether allow rules ask for sealed payloads: one that ends here, one that goes on with `#`.
    sealed: bool,
    sealed_open: bool,
    /// Which of the denials.
    denial: u32,
}

impl Node {
    const NEW: Self = Self {
        label: Label::NONE,
        text: 0..0,
        literal: 0,
        literals: false,
        own: 0,
        single: 0,
        first_allow: NONE,
        allow: Ends::NONE,
        sealed: false,
        sealed_open: false,
        denial: 0,
    };

    const fn is_leaf(&self) -> bool {
        self.literal | self.own | self.single == 0 && !self.literals
    }
}

/// The first rule that ends at a node, and the first that goes on with `#`.
#[derive(Copy, Clone, Debug)]
struct Ends {
    end: u32,
    open: u32,
}

impl Ends {
    const NONE: Self = Self {
        end: NONE,
        open: NONE,
    };
}

/// What is asked for: levels, and how they go on.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Query<'a> {
    /// Levels of a name or filter, at least one, without `#`.
    pub(crate) levels: &'a str,
    pub(crate) tail: Tail,
}

#[derive(Copy, Clone, Debug)]
pub(crate) enum Tail {
    /// With so many `+`.
    Singles(usize),
    /// With `#`.
    Multi,
}

impl<'a> Query<'a> {
    /// These levels and no more.
    pub(crate) const fn of(levels: &'a str) -> Self {
        Self {
            levels,
            tail: Tail::Singles(0),
        }
    }
}

/// The nodes of one depth that fit.
struct Front {
    nodes: [u32; WIDTH],
    len: usize,
}

impl Front {
    fn new() -> Self {
        Self {
            nodes: [0; WIDTH],
            len: 0,
        }
    }

    fn push(&mut self, node: u32) -> Result<(), Wide> {
        if node != 0 {
            *self.nodes.get_mut(self.len).ok_or(Wide)? = node;
            self.len += 1;
        }
        Ok(())
    }
}

impl Trie {
    /// The rules about `access`, by their positions in the list.
    pub(crate) fn new(rules: &[Rule<'_>], access: Access) -> Self {
        // Without nodes every walk says `Wide`, and an empty list is asked fast enough.
        if rules.is_empty() {
            return Self::default();
        }
        build::trie(rules, access).unwrap_or_default()
    }

    /// Follows every pattern that fits, level by level.
    pub(crate) fn walk(&self, query: Query<'_>, client: ClientId<'_>) -> Result<Found, Wide> {
        let mut node = self.nodes.first().ok_or(Wide)?;
        let mut found = Found::new(node.first_allow);
        let mut index = 0;
        let text = query.levels.as_bytes();
        // [MQTT-4.7.2-1]
        let mut hidden = text.first() == Some(&b'$');
        let mut at = Some(0);
        // Most of the time all patterns that fit begin alike: there is one node.
        while let Some(start) = at {
            if node.is_leaf() {
                return Ok(found);
            }
            let key = Key::read(text, start);
            index = match self.next(index, node, &key, hidden, client) {
                [next, 0, 0] | [0, next, 0] | [0, 0, next] => next,
                _ => return self.walk_front(query, client, found, (index, start)),
            };
            match self.node(index) {
                Some(next) => node = next,
                None => return Ok(found),
            }
            found.enter(node.first_allow);
            found.open(node, self.denial(node));
            hidden = false;
            at = key.next_level();
        }
        let Tail::Singles(more) = query.tail else {
            return Ok(found);
        };
        for _ in 0..more {
            match self.node(node.single) {
                Some(next) => node = next,
                None => return Ok(found),
            }
            found.enter(node.first_allow);
            found.open(node, self.denial(node));
        }
        found.end(node, self.denial(node));
        Ok(found)
    }

    /// The same from the level at `start` on, for which a walk has come to the node `index`.
    #[cold]
    fn walk_front(
        &self,
        query: Query<'_>,
        client: ClientId<'_>,
        mut found: Found,
        (index, start): (u32, usize),
    ) -> Result<Found, Wide> {
        let (mut front, mut next) = (&mut Front::new(), &mut Front::new());
        front.nodes[0] = index;
        front.len = 1;
        let text = query.levels.as_bytes();
        let mut hidden = start == 0 && text.first() == Some(&b'$');
        let mut at = Some(start);
        while let Some(start) = at {
            let key = Key::read(text, start);
            next.len = 0;
            for (index, node) in self.nodes(front) {
                for node in self.next(index, node, &key, hidden, client) {
                    next.push(node)?;
                }
            }
            mem::swap(&mut front, &mut next);
            self.enter(front, &mut found);
            if front.len == 0 {
                return Ok(found);
            }
            hidden = false;
            at = key.next_level();
        }
        let Tail::Singles(more) = query.tail else {
            return Ok(found);
        };
        for _ in 0..more {
            next.len = 0;
            for (_, node) in self.nodes(front) {
                next.push(node.single)?;
            }
            mem::swap(&mut front, &mut next);
            self.enter(front, &mut found);
            if front.len == 0 {
                break;
            }
        }
        for (_, node) in self.nodes(front) {
            found.end(node, self.denial(node));
        }
        Ok(found)
    }

    /// Where a level leads from a node: by its text, as the client's identifier, by `+`.
    #[inline(always)]
    fn next(
        &self,
        index: u32,
        node: &Node,
        key: &Key<'_>,
        hidden: bool,
        client: ClientId<'_>,
    ) -> [u32; 3] {
        let single = if hidden { 0 } else { node.single };
        if key.is_single() {
            return [0, 0, single];
        }
        let literal = if node.literals {
            self.edges.follow(index, key, |to| self.spells(to, key))
        } else if node.literal != 0 && self.spells(node.literal, key) {
            node.literal
        } else {
            0
        };
        let own = if node.own != 0 && key.text() == client.as_bytes() {
            node.own
        } else {
            0
        };
        [literal, own, single]
    }

    /// Whether the text that leads to a node is this one.
    #[inline]
    fn spells(&self, index: u32, key: &Key<'_>) -> bool {
        let Some(node) = self.node(index) else {
            return false;
        };
        node.label == key.label() && (!key.is_long() || self.text(node) == Some(key.text()))
    }

    fn text(&self, node: &Node) -> Option<&[u8]> {
        let start = usize::try_from(node.text.start).ok()?;
        self.text.get(start..usize::try_from(node.text.end).ok()?)
    }

    /// Takes note of what the nodes of the next depth say to everything below them.
    fn enter(&self, front: &Front, found: &mut Found) {
        let mut first_allow = NONE;
        for (_, node) in self.nodes(front) {
            first_allow = first_allow.min(node.first_allow);
            found.open(node, self.denial(node));
        }
        found.enter(first_allow);
    }

    fn nodes(&self, front: &Front) -> impl Iterator<Item = (u32, &Node)> {
        let numbers = front.nodes.get(..front.len).unwrap_or_default();
        numbers
            .iter()
            .filter_map(|&index| Some((index, self.nodes.get(usize::try_from(index).ok()?)?)))
    }

    /// A node that is not the root.
    #[inline]
    fn node(&self, index: u32) -> Option<&Node> {
        if index == 0 {
            return None;
        }
        self.nodes.get(usize::try_from(index).ok()?)
    }

    #[inline]
    fn denial(&self, node: &Node) -> Ends {
        if node.denial == 0 {
            return Ends::NONE;
        }
        let denial = usize::try_from(node.denial).ok();
        denial
            .and_then(|at| self.denials.get(at))
            .copied()
            .unwrap_or(Ends::NONE)
    }
}
