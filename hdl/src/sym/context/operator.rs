//! Operators, with constants folded.

use super::Context;
use crate::sym::node::{Binary, Node, NodeId, Unary};

impl Context {
    /// An operator; constants fold where an elaboration-time condition may depend on it.
    pub(crate) fn binary(&mut self, op: Binary, a: NodeId, b: NodeId) -> NodeId {
        let width = match op {
            Binary::Eq | Binary::Ne | Binary::Lt | Binary::Le | Binary::Gt | Binary::Ge => 1,
            _ => self.width(a),
        };
        if !matches!(op, Binary::Shl | Binary::Shr) {
            assert_eq!(self.width(a), self.width(b), "{}: operands of {}", self.block, op.symbol());
        }
        if let Some(folded) = self.fold(op, a, b) {
            return folded;
        }
        self.add(Node::Binary(op, a, b), width)
    }

    fn fold(&mut self, op: Binary, a: NodeId, b: NodeId) -> Option<NodeId> {
        let (left, right) = (self.literal(a).map(<[bool]>::to_vec), self.literal(b).map(<[bool]>::to_vec));
        let one_bit = |v: &Option<Vec<bool>>| v.as_ref().map(|bits| bits[0]);
        let bit = match (op, one_bit(&left), one_bit(&right)) {
            (Binary::LogicAnd, Some(true), _) | (Binary::LogicOr, Some(false), _) => return Some(b),
            (Binary::LogicAnd, _, Some(true)) | (Binary::LogicOr, _, Some(false)) => return Some(a),
            (Binary::LogicAnd, Some(false), _) | (Binary::LogicAnd, _, Some(false)) => false,
            (Binary::LogicOr, Some(true), _) | (Binary::LogicOr, _, Some(true)) => true,
            (Binary::Eq, Some(_), Some(_)) => left == right,
            (Binary::Ne, Some(_), Some(_)) => left != right,
            _ => return None,
        };
        Some(self.add(Node::Literal(vec![bit]), 1))
    }

    /// Logical negation of a one-bit value.
    pub(crate) fn logic_not(&mut self, a: NodeId) -> NodeId {
        if let Some(bits) = self.literal(a) {
            let flipped = vec![!bits[0]];
            return self.add(Node::Literal(flipped), 1);
        }
        if let Node::Unary(Unary::LogicNot, inner) = self.nodes[a].node {
            return inner;
        }
        self.add(Node::Unary(Unary::LogicNot, a), 1)
    }
}
