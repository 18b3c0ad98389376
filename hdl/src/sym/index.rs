//! `Bits::index()` in the symbolic world: an exact, non-negative number whose width grows as needed, as `usize`
//! arithmetic is exact.

use super::context::with;
use super::node::{Binary, Node, NodeId};
use super::value::{Leaf, SymValue};
use std::ops;

/// A position computed at run time.
#[derive(Clone, Copy, Debug)]
pub struct Index {
    id: NodeId,
}

/// A bit position: known at elaboration, or computed.
pub trait Position {
    /// Which of the two.
    fn place(self) -> Place;
}

/// Where a bit is.
#[derive(Clone, Copy, Debug)]
pub enum Place {
    /// Known at elaboration.
    Fixed(usize),
    /// Computed; an internal handle.
    Moving(usize),
}

impl Position for usize {
    fn place(self) -> Place {
        Place::Fixed(self)
    }
}
impl Position for Index {
    fn place(self) -> Place {
        Place::Moving(self.id)
    }
}

impl Index {
    pub(crate) fn new(id: NodeId) -> Self {
        Index { id }
    }
    pub(crate) fn id(self) -> NodeId {
        self.id
    }
    fn width(self) -> usize {
        with(|c| c.width(self.id))
    }
    fn resized(self, width: usize) -> NodeId {
        with(|c| c.resize(self.id, width))
    }
    /// The constant `value` in as few bits as it needs.
    pub(crate) fn constant(value: usize) -> Index {
        let width = (usize::BITS - value.leading_zeros()).max(1) as usize;
        let bits = (0..width).map(|i| (value >> i) & 1 == 1).collect();
        Index { id: with(|c| c.add(Node::Literal(bits), width)) }
    }
    fn exact(op: Binary, a: Index, b: Index, width: usize) -> Index {
        let (a, b) = (a.resized(width), b.resized(width));
        Index { id: with(|c| c.binary(op, a, b)) }
    }
    /// Compares at a width that holds both.
    pub(crate) fn compare(op: Binary, a: Index, b: Index) -> NodeId {
        let width = a.width().max(b.width());
        Self::exact(op, a, b, width).id
    }
}

impl ops::Add<Index> for Index {
    type Output = Index;
    fn add(self, rhs: Index) -> Index {
        Index::exact(Binary::Add, self, rhs, self.width().max(rhs.width()) + 1)
    }
}
impl ops::Add<usize> for Index {
    type Output = Index;
    fn add(self, rhs: usize) -> Index {
        self + Index::constant(rhs)
    }
}
impl ops::Add<Index> for usize {
    type Output = Index;
    fn add(self, rhs: Index) -> Index {
        Index::constant(self) + rhs
    }
}
impl ops::Mul<usize> for Index {
    type Output = Index;
    fn mul(self, rhs: usize) -> Index {
        if rhs.is_power_of_two() {
            return self << rhs.trailing_zeros() as usize;
        }
        let rhs = Index::constant(rhs);
        Index::exact(Binary::Mul, self, rhs, self.width() + rhs.width())
    }
}
impl ops::Mul<Index> for usize {
    type Output = Index;
    fn mul(self, rhs: Index) -> Index {
        rhs * self
    }
}
impl ops::Shl<usize> for Index {
    type Output = Index;
    fn shl(self, rhs: usize) -> Index {
        if rhs == 0 {
            return self;
        }
        Index {
            id: with(|c| {
                let zeros = c.add(Node::Literal(vec![false; rhs]), rhs);
                c.cat(vec![self.id, zeros])
            }),
        }
    }
}

impl SymValue for Index {
    fn map(self, name: &str, f: &mut dyn FnMut(&str, Leaf) -> Leaf) -> Self {
        Index { id: f(name, Leaf(self.id)).0 }
    }
    fn zip(self, other: Self, f: &mut dyn FnMut(Leaf, Leaf)) {
        // Branches of different widths would need the width before it is known.
        assert_eq!(self.width(), other.width(), "positions of different widths meet: compute them as Bits");
        f(Leaf(self.id), Leaf(other.id));
    }
    fn sym_default() -> Self {
        Index::constant(0)
    }
}
