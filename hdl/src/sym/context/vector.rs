//! Vectors cut, joined and resized. What lies together in one variable stays one slice of it.

use super::Context;
use crate::sym::node::{Binary, Node, NodeId};

impl Context {
    /// Bits `lo..lo + width`; bits past the end read 0.
    pub(crate) fn slice(&mut self, value: NodeId, lo: usize, width: usize) -> NodeId {
        let whole = self.width(value);
        if lo == 0 && width == whole {
            return value;
        }
        if lo >= whole {
            return self.add(Node::Literal(vec![false; width]), width);
        }
        if lo + width > whole {
            let part = self.slice(value, lo, whole - lo);
            return self.resize(part, width);
        }
        if let Node::Slice { base, lo: inner } = self.nodes[value].node {
            return self.add(Node::Slice { base, lo: inner + lo }, width);
        }
        let named = self.named(value);
        let node = match &self.nodes[named].node {
            Node::Literal(bits) => Node::Literal(bits[lo..lo + width].to_vec()),
            _ => Node::Slice { base: named, lo },
        };
        self.add(node, width)
    }

    /// Zero-extends or truncates.
    pub(crate) fn resize(&mut self, value: NodeId, width: usize) -> NodeId {
        let old = self.width(value);
        if width <= old {
            return self.slice(value, 0, width);
        }
        if let Some(bits) = self.literal(value) {
            let mut bits = bits.to_vec();
            bits.resize(width, false);
            return self.add(Node::Literal(bits), width);
        }
        let zeros = self.add(Node::Literal(vec![false; width - old]), width - old);
        self.add(Node::Cat(vec![zeros, value]), width)
    }

    /// Joins parts, most significant first.
    pub(crate) fn cat(&mut self, parts: Vec<NodeId>) -> NodeId {
        let mut merged: Vec<NodeId> = vec![];
        for part in parts {
            match merged.last().and_then(|above| self.adjacent(*above, part)) {
                Some(both) => *merged.last_mut().expect("a part above") = both,
                None => merged.push(part),
            }
        }
        let parts = merged;
        if let [one] = parts[..] {
            return one;
        }
        let width = parts.iter().map(|p| self.width(*p)).sum();
        if parts.iter().all(|p| self.literal(*p).is_some()) {
            let bits = parts.iter().rev().flat_map(|p| self.literal(*p).unwrap_or_default().to_vec()).collect();
            return self.add(Node::Literal(bits), width);
        }
        self.add(Node::Cat(parts), width)
    }

    /// `hi` directly above `lo` as one slice of a variable, if that is what they are.
    fn adjacent(&mut self, hi: NodeId, lo: NodeId) -> Option<NodeId> {
        let (Node::Slice { base, lo: from }, Node::Slice { base: same, lo: to }) =
            (&self.nodes[lo].node, &self.nodes[hi].node)
        else {
            return None;
        };
        let (base, from, to) = (*base, *from, *to);
        let (Node::Var { var: a, version: v }, Node::Var { var: b, version: w }) =
            (&self.nodes[base].node, &self.nodes[*same].node)
        else {
            return None;
        };
        if a != b || v != w || from + self.width(lo) != to {
            return None;
        }
        let width = self.width(lo) + self.width(hi);
        if width == self.width(base) {
            return Some(base);
        }
        Some(self.add(Node::Slice { base, lo: from }, width))
    }

    /// One bit at a run-time position; 0 past the end.
    pub(crate) fn bit(&mut self, value: NodeId, index: NodeId) -> NodeId {
        let (width, index_width) = (self.width(value), self.width(index));
        // An index exactly as wide as the vector needs can neither leave it nor draw a lint warning.
        let exact = width > 1 && index_width < usize::BITS as usize && (1usize << index_width) == width;
        if exact {
            let base = self.named(value);
            if matches!(self.nodes[base].node, Node::Var { .. }) {
                return self.add(Node::Bit { base, index }, 1);
            }
        }
        let shifted = self.binary(Binary::Shr, value, index);
        self.slice(shifted, 0, 1)
    }

    /// `value` with the bits from `lo` up replaced by `part`.
    pub(crate) fn insert(&mut self, value: NodeId, lo: usize, part: NodeId) -> NodeId {
        let (whole, width) = (self.width(value), self.width(part));
        assert!(lo + width <= whole, "{}: {width} bits at {lo} of {whole}", self.block);
        let value = self.named(value);
        let mut parts = vec![];
        if lo + width < whole {
            parts.push(self.slice(value, lo + width, whole - lo - width));
        }
        parts.push(part);
        if lo > 0 {
            parts.push(self.slice(value, 0, lo));
        }
        self.cat(parts)
    }
}
