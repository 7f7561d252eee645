//! From a list of rules to the tree.

use alloc::{collections::BTreeMap, vec::Vec};

use super::{
    Ends, NONE, Node, Trie,
    edges::{Edge, Edges},
    key::Key,
};
use crate::{Access, Effect, Rule, inclusion, level};

/// The tree of the rules about `access`; `None` if 32 bits can't count what it is made of.
pub(super) fn trie(rules: &[Rule<'_>], access: Access) -> Option<Trie> {
    let mut builder = Builder {
        nodes: Vec::from([Node::NEW]),
        denials: Vec::from([Ends::NONE]),
        children: BTreeMap::new(),
        text: Vec::new(),
    };
    for (index, rule) in rules.iter().enumerate() {
        if rule.access == access {
            let index = u32::try_from(index).ok().filter(|index| *index != NONE)?;
            builder.add(index, rule)?;
        }
    }
    let edges = builder.edges()?;
    Some(Trie {
        nodes: builder.nodes.into(),
        denials: builder.denials.into(),
        edges,
        text: builder.text.into(),
    })
}

struct Builder<'a> {
    nodes: Vec<Node>,
    denials: Vec<Ends>,
    /// By the node and the text that leads on from it.
    children: BTreeMap<(u32, &'a str), u32>,
    text: Vec<u8>,
}

impl<'a> Builder<'a> {
    fn add(&mut self, index: u32, rule: &Rule<'a>) -> Option<()> {
        let mut at = 0;
        let mut open = false;
        self.begins(at, index, rule)?;
        for level in inclusion::told(rule.pattern.as_str()).split(level::SEPARATOR) {
            if level == "#" {
                open = true;
                break;
            }
            at = self.child(at, level)?;
            self.begins(at, index, rule)?;
        }
        let number = self.denials.len();
        let node = self.nodes.get_mut(usize::try_from(at).ok()?)?;
        let ends = match rule.effect {
            Effect::Allow => {
                node.sealed |= rule.sealed && !open;
                node.sealed_open |= rule.sealed && open;
                &mut node.allow
            }
            Effect::Deny => {
                if node.denial == 0 {
                    node.denial = u32::try_from(number).ok()?;
                    self.denials.push(Ends::NONE);
                }
                self.denials.get_mut(usize::try_from(node.denial).ok()?)?
            }
        };
        let first = if open { &mut ends.open } else { &mut ends.end };
        *first = index.min(*first);
        Some(())
    }

    /// Says at a node that a rule begins like it.
    fn begins(&mut self, at: u32, index: u32, rule: &Rule<'_>) -> Option<()> {
        if rule.effect == Effect::Allow {
            let node = self.nodes.get_mut(usize::try_from(at).ok()?)?;
            node.first_allow = index.min(node.first_allow);
        }
        Some(())
    }

    /// The node that `level` leads to, made if it is not there.
    fn child(&mut self, from: u32, level: &'a str) -> Option<u32> {
        let number = u32::try_from(self.nodes.len()).ok()?;
        let node = self.nodes.get_mut(usize::try_from(from).ok()?)?;
        let to = match level {
            "+" => &mut node.single,
            "%c" => &mut node.own,
            _ => self.children.entry((from, level)).or_default(),
        };
        // No level leads to the root.
        if *to != 0 {
            return Some(*to);
        }
        *to = number;
        let key = Key::read(level.as_bytes(), 0);
        let mut node = Node {
            label: key.label(),
            ..Node::NEW
        };
        if key.is_long() {
            let start = u32::try_from(self.text.len()).ok()?;
            self.text.extend_from_slice(key.text());
            node.text = start..u32::try_from(self.text.len()).ok()?;
        }
        self.nodes.push(node);
        Some(number)
    }

    /// Gives every node its only text, and all other texts to the table.
    fn edges(&mut self) -> Option<Edges> {
        let mut edges = Vec::new();
        let mut children = self.children.iter().peekable();
        let mut before = None;
        while let Some((&(from, _), &to)) = children.next() {
            let other = children.peek().is_some_and(|((next, _), _)| *next == from);
            if other || before == Some(from) {
                let label = self.nodes.get(usize::try_from(to).ok()?)?.label;
                edges.push(Edge { from, label, to });
                self.nodes.get_mut(usize::try_from(from).ok()?)?.literals = true;
            } else {
                self.nodes.get_mut(usize::try_from(from).ok()?)?.literal = to;
            }
            before = Some(from);
        }
        Some(Edges::new(&edges))
    }
}
