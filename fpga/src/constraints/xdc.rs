//! AMD's design constraints, as Vivado reads them.
use super::{heading, Board, Pull, Standard};

fn standard(standard: Standard) -> Option<&'static str> {
    match standard {
        Standard::Lvcmos33 => Some("LVCMOS33"),
        Standard::Lvcmos25 => Some("LVCMOS25"),
        Standard::Lvcmos18 => Some("LVCMOS18"),
        Standard::Lvcmos15 => Some("LVCMOS15"),
        Standard::Lvcmos12 => Some("LVCMOS12"),
        Standard::Sstl135 => Some("SSTL135"),
        Standard::Sstl15 => Some("SSTL15"),
        Standard::Lvds => Some("LVDS"),
        Standard::Transceiver => None,
    }
}

/// The text for `board`.
pub fn xdc(board: &Board) -> String {
    let mut text = heading(board, "#");
    for group in board.groups {
        text += &format!("\n# {}. Source: {}\n", group.title, group.source);
        for pin in group.pins {
            let mut properties = format!("PACKAGE_PIN {}", pin.site);
            if let Some(standard) = standard(pin.standard) {
                properties += &format!(" IOSTANDARD {standard}");
            }
            match pin.pull {
                Pull::None => {}
                Pull::Up => properties += " PULLTYPE PULLUP",
                Pull::Down => properties += " PULLTYPE PULLDOWN",
            }
            if pin.fast {
                properties += " SLEW FAST";
            }
            text += &format!("set_property -dict {{{properties}}} [get_ports {{{}}}]\n", pin.name());
        }
    }
    text += "\n# Clocks from outside.\n";
    for clock in board.clocks {
        let period = clock.picoseconds as f64 / 1e3;
        text += &format!("create_clock -period {period} -name {0} [get_ports {{{0}}}]\n", clock.port);
    }
    if board.clocks.len() > 1 {
        text += "\n# No two of them have a fixed phase; what crosses goes through synchronisers.\n";
        let group = |port: &str| format!(" -group [get_clocks -include_generated_clocks {port}]");
        let groups: String = board.clocks.iter().map(|clock| group(clock.port)).collect();
        text += &format!("set_clock_groups -asynchronous{groups}\n");
    }
    text
}
