//! Verilog text: module bodies from kernels, modules from a tree of blocks.

mod body;
pub(crate) mod interface;
mod module;
pub(crate) mod print;
mod register;
mod split;

pub use module::{verilog, LINT_ARGS};

use crate::sym::context::elaborate;
use interface::{interface_of, Interface};
use print::{constant, Printer, Uses};
use rust_hdl::core::prelude::*;
use std::cell::RefCell;
use std::collections::HashMap;

/// What a block's `hdl` describes, for the module writer.
pub(crate) enum Body {
    /// The result of a kernel.
    Kernel(Box<KernelBody>),
    /// A register of the parent.
    Register(Storage),
    /// A module body written by hand over port names; `variables` says whether its outputs are `reg`.
    Text { type_name: String, text: String, variables: bool },
}

/// What a register is, beside its ports `d`, `q`, `clock` and, with a reset, `reset`.
pub(crate) struct Storage {
    /// The value at power-up and after reset, least significant bit first.
    pub(crate) initial: Vec<bool>,
    pub(crate) has_reset: bool,
}

/// The body of a kernel, printed.
pub(crate) struct KernelBody {
    /// What the kernel sees, with the registers that were split.
    pub(crate) interface: Interface,
    pub(crate) type_name: String,
    /// Declarations of locals and enum codes.
    pub(crate) locals: Vec<Local>,
    pub(crate) parameters: Vec<String>,
    /// Continuous assignments: name, text, whether the text is a plain name or constant.
    pub(crate) assigns: Vec<(String, String, bool)>,
    pub(crate) blocks: Vec<String>,
    /// Signals assigned in `blocks`.
    pub(crate) variables: Vec<String>,
    pub(crate) uses: Uses,
}

/// A local of a kernel.
pub(crate) struct Local {
    pub(crate) name: String,
    pub(crate) width: usize,
    pub(crate) variable: bool,
}

thread_local! {
    static DEPOSIT: RefCell<Option<Body>> = const { RefCell::new(None) };
}

/// Leaves a body for the module writer, which has just called `hdl`.
pub(crate) fn deposit(body: Body) {
    DEPOSIT.with(|d| *d.borrow_mut() = Some(body));
}

/// Takes the body left by the last `hdl`.
pub(crate) fn take_deposit() -> Option<Body> {
    DEPOSIT.with(|d| d.borrow_mut().take())
}

/// The last part of a type path without its generics, in snake case.
fn snake(type_name: &str) -> String {
    let path = type_name.split('<').next().unwrap_or(type_name);
    let last = path.rsplit("::").next().unwrap_or(path);
    let mut out = String::new();
    let mut previous_lower = false;
    for c in last.chars() {
        if c.is_ascii_uppercase() && previous_lower {
            out.push('_');
        }
        previous_lower = !c.is_ascii_uppercase();
        out.push(c.to_ascii_lowercase());
    }
    out
}

/// Elaborates a kernel: leaves the body for [`verilog`] and returns its text.
pub(crate) fn kernel<B: Block>(block: &B, type_name: &str, shadow: impl FnOnce()) -> Verilog {
    let mut context = elaborate(type_name, interface_of(block), shadow);
    split::registers(&mut context);
    let arranged = body::arrange(&mut context);
    let mut printer =
        Printer { nodes: &context.nodes, vars: &context.vars, uses: Uses::default(), variants_used: HashMap::new() };
    let assigns: Vec<(String, String, bool)> = arranged
        .assigns
        .iter()
        .map(|(target, value)| {
            let plain = matches!(
                context.nodes[*value].node,
                crate::sym::node::Node::Var { .. } | crate::sym::node::Node::Literal(_)
            );
            (context.vars[*target].name.clone(), printer.expr(*value), plain)
        })
        .collect();
    let blocks: Vec<String> = arranged
        .blocks
        .iter()
        .map(|stmts| {
            let mut text = String::from("    always @(*) begin\n");
            printer.stmts(stmts, 2, &mut text);
            text.push_str("    end\n");
            text
        })
        .collect();
    let local = |v: &usize| Local {
        name: context.vars[*v].name.clone(),
        width: context.vars[*v].width,
        variable: arranged.procedural.contains(v),
    };
    let mut variables: Vec<String> = arranged.procedural.iter().map(|v| context.vars[*v].name.clone()).collect();
    variables.sort_unstable();
    let parameters = context
        .variant_list
        .iter()
        .filter(|(name, ..)| printer.variants_used.contains_key(name))
        .map(|(name, code, width)| {
            let bits: Vec<bool> = (0..*width).map(|i| (code >> i) & 1 == 1).collect();
            format!("    localparam {}{name} = {};\n", range(*width), constant(&bits))
        })
        .collect();
    let body = KernelBody {
        interface: context.interface,
        type_name: snake(type_name),
        locals: arranged.locals.iter().map(local).collect(),
        parameters,
        assigns,
        blocks,
        variables,
        uses: printer.uses,
    };
    let text = body.text();
    deposit(Body::Kernel(Box::new(body)));
    Verilog::Custom(text)
}

impl KernelBody {
    fn text(&self) -> String {
        let mut out = String::new();
        self.parameters.iter().for_each(|p| out.push_str(p));
        for local in &self.locals {
            let kind = if local.variable { "reg" } else { "wire" };
            out.push_str(&format!("    {kind} {}{};\n", range(local.width), local.name));
        }
        self.assigns.iter().for_each(|(name, value, _)| out.push_str(&format!("    assign {name} = {value};\n")));
        self.blocks.iter().for_each(|b| out.push_str(b));
        out
    }
}

/// The range of a declaration, with a space after it; nothing for one bit.
pub(crate) fn range(width: usize) -> String {
    if width == 1 {
        String::new()
    } else {
        format!("[{}:0] ", width - 1)
    }
}
