//! Lattice's preference file, as nextpnr reads it.
use super::{heading, Board, Pull, Standard};

fn io_type(standard: Standard) -> Option<&'static str> {
    match standard {
        Standard::Lvcmos33 => Some("LVCMOS33"),
        Standard::Lvcmos25 => Some("LVCMOS25"),
        Standard::Lvcmos18 => Some("LVCMOS18"),
        Standard::Lvcmos15 => Some("LVCMOS15"),
        Standard::Lvcmos12 => Some("LVCMOS12"),
        Standard::Sstl135 => Some("SSTL135_I"),
        Standard::Sstl15 => Some("SSTL15_I"),
        Standard::Lvds => Some("LVDS"),
        Standard::Transceiver => None,
    }
}

/// The text for `board`. nextpnr times nothing between clocks that it does not know to be related, so there is nothing
/// to be said about those.
pub fn lpf(board: &Board) -> String {
    let mut text = heading(board, "#");
    for group in board.groups {
        text += &format!("\n# {}. Source: {}\n", group.title, group.source);
        for pin in group.pins {
            let name = pin.name();
            text += &format!("LOCATE COMP \"{name}\" SITE \"{}\";\n", pin.site);
            let Some(io_type) = io_type(pin.standard) else { continue };
            let pull = match pin.pull {
                Pull::None => "NONE",
                Pull::Up => "UP",
                Pull::Down => "DOWN",
            };
            let slew = if pin.fast { "FAST" } else { "SLOW" };
            text += &format!("IOBUF PORT \"{name}\" IO_TYPE={io_type} PULLMODE={pull} SLEWRATE={slew};\n");
        }
    }
    text += "\n# Clocks from outside. What a PLL makes of them nextpnr derives.\n";
    for clock in board.clocks {
        text += &format!("FREQUENCY PORT \"{}\" {} MHZ;\n", clock.port, 1e6 / clock.picoseconds as f64);
    }
    text
}
