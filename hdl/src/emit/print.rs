//! Prints expressions and statements as Verilog-2005.
//!
//! Why this is sound: Verilog evaluates an expression at the width of its context. Every node is printed where the
//! context has the node's own width: operands of an operator have the operator's width, comparisons have operands of
//! one width, and every change of width goes through a concatenation (self-determined) or a slice of a named variable.

use crate::sym::context::Var;
use crate::sym::node::*;
use std::collections::HashMap;

/// Which bits of which names are read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Uses(HashMap<String, Vec<bool>>);

impl Uses {
    /// Notes a read of `width` bits from `lo` of `name`.
    pub(crate) fn add(&mut self, name: &str, lo: usize, width: usize) {
        let bits = self.0.entry(name.to_string()).or_default();
        if bits.len() < lo + width {
            bits.resize(lo + width, false);
        }
        bits[lo..lo + width].fill(true);
    }
    /// Whether all of the `width` bits of `name` are read.
    pub(crate) fn all(&self, name: &str, width: usize) -> bool {
        self.0.get(name).is_some_and(|bits| bits.len() >= width && bits.iter().all(|b| *b))
    }
}

/// A printer for one module.
pub(crate) struct Printer<'a> {
    pub(crate) nodes: &'a [Entry],
    pub(crate) vars: &'a [Var],
    pub(crate) uses: Uses,
    pub(crate) variants_used: HashMap<String, ()>,
}

/// A sized constant, least significant bit first.
pub(crate) fn constant(bits: &[bool]) -> String {
    let width = bits.len();
    if width == 1 {
        return format!("1'b{}", u8::from(bits[0]));
    }
    let highest = bits.iter().rposition(|b| *b).map_or(0, |i| i + 1);
    if highest <= 4 || (width <= 16 && highest <= 10) {
        let value = bits[..highest].iter().enumerate().fold(0u64, |sum, (i, b)| sum | (u64::from(*b) << i));
        return format!("{width}'d{value}");
    }
    let digits: String = bits[..highest]
        .chunks(4)
        .rev()
        .map(|nibble| {
            let value = nibble.iter().enumerate().fold(0u32, |sum, (i, b)| sum | (u32::from(*b) << i));
            char::from_digit(value, 16).unwrap_or('0')
        })
        .collect();
    format!("{width}'h{digits}")
}

impl Printer<'_> {
    /// The text of a node where no operator surrounds it.
    pub(crate) fn expr(&mut self, id: NodeId) -> String {
        let width = self.nodes[id].width;
        match &self.nodes[id].node {
            Node::Literal(bits) => constant(bits),
            Node::Variant { name, .. } => {
                self.variants_used.insert(name.clone(), ());
                name.clone()
            }
            Node::Var { var, .. } => {
                let name = &self.vars[*var].name;
                self.uses.add(name, 0, width);
                name.clone()
            }
            Node::Slice { base, lo } => {
                let name = self.base_name(*base);
                self.uses.add(&name, *lo, width);
                if width == 1 {
                    format!("{name}[{lo}]")
                } else {
                    format!("{name}[{}:{lo}]", lo + width - 1)
                }
            }
            Node::Bit { base, index } => {
                let name = self.base_name(*base);
                self.uses.add(&name, 0, self.nodes[*base].width);
                let index = self.expr(*index);
                format!("{name}[{index}]")
            }
            Node::Unary(op, a) => {
                let operand = self.operand(*a);
                format!("{}{operand}", op.symbol())
            }
            Node::Binary(op, a, b) => {
                let (a, b) = (self.operand(*a), self.operand(*b));
                format!("{a} {} {b}", op.symbol())
            }
            Node::Cat(parts) => {
                let parts: Vec<String> = parts.iter().map(|p| self.expr(*p)).collect();
                format!("{{{}}}", parts.join(", "))
            }
            Node::Repeat(n, a) => {
                let part = self.expr(*a);
                format!("{{{n}{{{part}}}}}")
            }
            Node::Select { condition, yes, no } => {
                let (c, y, n) = (self.operand(*condition), self.operand(*yes), self.operand(*no));
                format!("{c} ? {y} : {n}")
            }
        }
    }

    /// The text of a label in a comment: no use of an enum code.
    fn mention(&mut self, id: NodeId) -> String {
        match &self.nodes[id].node {
            Node::Variant { name, .. } => name.clone(),
            _ => self.expr(id),
        }
    }

    fn base_name(&self, base: NodeId) -> String {
        match self.nodes[base].node {
            Node::Var { var, .. } => self.vars[var].name.clone(),
            _ => unreachable!("only variables are sliced"),
        }
    }

    /// The text of a node as an operand: in parentheses unless it is a primary or a negation.
    fn operand(&mut self, id: NodeId) -> String {
        let text = self.expr(id);
        match self.nodes[id].node {
            Node::Binary(..) | Node::Select { .. } | Node::Unary(Unary::All | Unary::Any | Unary::Xor, _) => {
                format!("({text})")
            }
            _ => text,
        }
    }

    /// Prints statements at an indentation.
    pub(crate) fn stmts(&mut self, stmts: &[Stmt], depth: usize, out: &mut String) {
        stmts.iter().for_each(|s| self.stmt(s, depth, "", out));
    }

    fn stmt(&mut self, stmt: &Stmt, depth: usize, lead: &str, out: &mut String) {
        let pad = if lead.is_empty() { "    ".repeat(depth) } else { lead.to_string() };
        let close = "    ".repeat(depth);
        match stmt {
            Stmt::Assign { target, value } => {
                let value = self.expr(*value);
                out.push_str(&format!("{pad}{} = {value};\n", self.vars[*target].name));
            }
            Stmt::If { condition, then, otherwise } if then.is_empty() => {
                let condition = self.operand(*condition);
                out.push_str(&format!("{pad}if (!{condition}) begin\n"));
                self.stmts(otherwise, depth + 1, out);
                out.push_str(&format!("{close}end\n"));
            }
            Stmt::If { condition, then, otherwise } => {
                let condition = self.expr(*condition);
                out.push_str(&format!("{pad}if ({condition}) begin\n"));
                self.stmts(then, depth + 1, out);
                match otherwise.as_slice() {
                    [] => out.push_str(&format!("{close}end\n")),
                    [chained @ Stmt::If { .. }] => self.stmt(chained, depth, &format!("{close}end else "), out),
                    _ => {
                        out.push_str(&format!("{close}end else begin\n"));
                        self.stmts(otherwise, depth + 1, out);
                        out.push_str(&format!("{close}end\n"));
                    }
                }
            }
            Stmt::Case { selector, arms } => {
                let selector = self.expr(*selector);
                out.push_str(&format!("{pad}case ({selector})\n"));
                let inner = "    ".repeat(depth + 1);
                for (i, arm) in arms.iter().enumerate() {
                    let last = i + 1 == arms.len();
                    let labels: Vec<String> = match last {
                        true => arm.labels.iter().map(|l| self.mention(*l)).collect(),
                        false => arm.labels.iter().map(|l| self.expr(*l)).collect(),
                    };
                    let labels = labels.join(", ");
                    let label = match (last, labels.is_empty()) {
                        (true, true) => "default:".to_string(),
                        (true, false) => format!("/* {labels} */ default:"),
                        _ => format!("{labels}:"),
                    };
                    out.push_str(&format!("{inner}{label} begin\n"));
                    self.stmts(&arm.body, depth + 2, out);
                    out.push_str(&format!("{inner}end\n"));
                }
                out.push_str(&format!("{close}endcase\n"));
            }
        }
    }
}
