//! The symbol of a block as text: what comes in on the left, what goes out on the right.

use crate::blocks::{Block, Way};

/// The drawing, without the clock and the reset that every block has.
pub fn of(block: &Block) -> String {
    let of_way = |ways: [Way; 2]| {
        let ports = block.ports.iter().filter(move |port| ways.contains(&port.way));
        ports.filter(|port| port.name != "clock" && port.name != "reset").collect::<Vec<_>>()
    };
    let (left, right) = (of_way([Way::In, Way::Sink]), of_way([Way::Out, Way::Source]));
    let width = |names: &[&crate::blocks::Port]| names.iter().map(|port| port.name.len()).max().unwrap_or(0);
    let (inward, outward) = (width(&left), width(&right));
    let inside = (inward + outward + 3).max(block.name.len() + 2);
    let mut text = format!("{:>4}┌{:─^inside$}┐\n", "", format!(" {} ", block.name));
    for row in 0..left.len().max(right.len()) {
        let arrow = |way| if matches!(way, Way::Sink | Way::Source) { "══>" } else { "──>" };
        let (before, name) = left.get(row).map_or(("   ", ""), |port| (arrow(port.way), port.name.as_str()));
        let (after, out) = right.get(row).map_or(("", ""), |port| (arrow(port.way), port.name.as_str()));
        let gap = inside - name.len() - out.len() - 2;
        text += format!("{before} │ {name}{:gap$}{out} │ {after}", "").trim_end();
        text.push('\n');
    }
    text + &format!("{:>4}└{:─^inside$}┘\n", "", "")
}
