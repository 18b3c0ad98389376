//! The text of registers, in the module of their parent.

use super::interface::{Interface, Role};
use super::print::constant;

/// Output, input and width of a part of a register.
pub(super) type Part = (String, String, usize);

/// What follows `d` and `q` in the port names of the register at `child`, with the width: a field each, lowest first,
/// or nothing if the register is one vector.
pub(super) fn parts_of<'a>(interface: &'a Interface, child: &'a str) -> impl Iterator<Item = (String, usize)> + 'a {
    interface.signals.iter().filter(|signal| signal.role == Role::ChildOut).filter_map(move |signal| {
        let (number, port) = signal.child.as_ref()?;
        let part = port.strip_prefix('q').filter(|_| interface.children[*number] == child)?;
        Some((part.to_string(), signal.width))
    })
}

/// Declares nothing: the parent has declared the outputs as `reg`.
pub(super) fn register_text(initial: &[bool], parts: &[Part], clock: &str, reset: Option<String>) -> String {
    let mut lo = 0;
    let values: Vec<String> = parts
        .iter()
        .map(|(.., width)| {
            lo += width;
            constant(&initial[lo - width..lo])
        })
        .collect();
    let lines = |indentation: &str, sign: &str, of: &dyn Fn(usize) -> String| -> String {
        parts.iter().enumerate().map(|(i, (q, ..))| format!("{indentation}{q} {sign} {};\n", of(i))).collect()
    };
    let value = |i: usize| values[i].clone();
    let input = |i: usize| parts[i].1.clone();
    let start = lines("        ", "=", &value);
    let edge = match reset {
        Some(reset) => {
            let (wake, take) = (lines("            ", "<=", &value), lines("            ", "<=", &input));
            format!("        if ({reset}) begin\n{wake}        end else begin\n{take}        end\n")
        }
        None => lines("        ", "<=", &input),
    };
    format!("    initial begin\n{start}    end\n    always @(posedge {clock}) begin\n{edge}    end\n")
}
