//! Expression nodes: what a kernel computes, at exactly its Rust width.
//!
//! Nodes live in the arena of the running elaboration ([`super::context`]); an [`super::Expr`] is a typed index into
//! it, which is what makes symbolic values `Copy` like the Rust values they stand for.

/// Index of a node in the arena.
pub(crate) type NodeId = usize;
/// Index of a Verilog variable (signal or local) of the module.
pub(crate) type VarId = usize;

/// Operators with two operands. The operands of all but the shifts have one width.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Binary {
    Add,
    Sub,
    Mul,
    And,
    Or,
    Xor,
    Shl,
    Shr,
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    LogicAnd,
    LogicOr,
}

impl Binary {
    /// The Verilog spelling.
    pub(crate) fn symbol(self) -> &'static str {
        match self {
            Binary::Add => "+",
            Binary::Sub => "-",
            Binary::Mul => "*",
            Binary::And => "&",
            Binary::Or => "|",
            Binary::Xor => "^",
            Binary::Shl => "<<",
            Binary::Shr => ">>",
            Binary::Eq => "==",
            Binary::Ne => "!=",
            Binary::Lt => "<",
            Binary::Le => "<=",
            Binary::Gt => ">",
            Binary::Ge => ">=",
            Binary::LogicAnd => "&&",
            Binary::LogicOr => "||",
        }
    }
}

/// Operators with one operand. `LogicNot` is for one-bit values: `~` of a bool widens to ones in a wider context.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Unary {
    Not,
    LogicNot,
    All,
    Any,
    Xor,
}

impl Unary {
    /// The Verilog spelling.
    pub(crate) fn symbol(self) -> &'static str {
        match self {
            Unary::Not => "~",
            Unary::LogicNot => "!",
            Unary::All => "&",
            Unary::Any => "|",
            Unary::Xor => "^",
        }
    }
}

/// A value. Only variables can be sliced: anything else is bound to a temporary first.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node {
    /// Constant, least significant bit first.
    Literal(Vec<bool>),
    /// Enum variant, shown by name.
    Variant {
        name: String,
        code: usize,
    },
    /// A variable as it was after `version` assignments.
    Var {
        var: VarId,
        version: usize,
    },
    /// Bits `lo..lo + width` of a variable.
    Slice {
        base: NodeId,
        lo: usize,
    },
    /// One bit at a run-time position that cannot exceed the variable.
    Bit {
        base: NodeId,
        index: NodeId,
    },
    Unary(Unary, NodeId),
    Binary(Binary, NodeId, NodeId),
    /// Most significant part first.
    Cat(Vec<NodeId>),
    Repeat(usize, NodeId),
    Select {
        condition: NodeId,
        yes: NodeId,
        no: NodeId,
    },
}

/// A node with its width.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) node: Node,
    pub(crate) width: usize,
}

/// A statement of the kernel. Targets are whole variables.
#[derive(Clone, Debug)]
pub(crate) enum Stmt {
    Assign { target: VarId, value: NodeId },
    If { condition: NodeId, then: Vec<Stmt>, otherwise: Vec<Stmt> },
    Case { selector: NodeId, arms: Vec<Arm> },
}

/// One arm of a case; the last one is the default whatever its labels say.
#[derive(Clone, Debug)]
pub(crate) struct Arm {
    pub(crate) labels: Vec<NodeId>,
    pub(crate) body: Vec<Stmt>,
}

/// Calls `f` on every variable that `id` reads, with the bits read (low, width).
pub(crate) fn for_reads(nodes: &[Entry], id: NodeId, f: &mut dyn FnMut(VarId, usize, usize)) {
    match &nodes[id].node {
        Node::Literal(_) | Node::Variant { .. } => {}
        Node::Var { var, .. } => f(*var, 0, nodes[id].width),
        Node::Slice { base, lo } => {
            if let Node::Var { var, .. } = nodes[*base].node {
                f(var, *lo, nodes[id].width);
            }
        }
        Node::Bit { base, index } => {
            for_reads(nodes, *base, f);
            for_reads(nodes, *index, f);
        }
        Node::Unary(_, a) | Node::Repeat(_, a) => for_reads(nodes, *a, f),
        Node::Binary(_, a, b) => {
            for_reads(nodes, *a, f);
            for_reads(nodes, *b, f);
        }
        Node::Cat(parts) => parts.iter().for_each(|p| for_reads(nodes, *p, f)),
        Node::Select { condition, yes, no } => {
            for_reads(nodes, *condition, f);
            for_reads(nodes, *yes, f);
            for_reads(nodes, *no, f);
        }
    }
}
