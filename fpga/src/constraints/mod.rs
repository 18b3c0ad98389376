//! Where the ports of a top go and how fast its clocks run: one table, printed for whoever places and routes.
//!
//! - [`lpf`]: for nextpnr and Lattice's tools. [`xdc`]: for AMD's tools.
//! - [`check`]: the table against the ports of the top.
mod check;
mod lpf;
mod xdc;

pub use check::check;
pub use lpf::lpf;
pub use xdc::xdc;

/// What a pin's driver and receiver must keep to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standard {
    /// 3.3 V CMOS.
    Lvcmos33,
    /// 2.5 V CMOS.
    Lvcmos25,
    /// 1.8 V CMOS.
    Lvcmos18,
    /// 1.5 V CMOS.
    Lvcmos15,
    /// 1.2 V CMOS.
    Lvcmos12,
    /// DDR3L at 1.35 V, class I.
    Sstl135,
    /// DDR3 at 1.5 V, class I.
    Sstl15,
    /// A differential pair.
    Lvds,
    /// A pin of a transceiver, which has no standard to choose.
    Transceiver,
}

/// What holds a pin that nobody drives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pull {
    /// Nothing.
    #[default]
    None,
    /// A resistor to the supply.
    Up,
    /// A resistor to ground.
    Down,
}

/// A bit of a port and its pin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pin {
    /// The port of the top.
    pub port: &'static str,
    /// Which bit; none if the port has one bit.
    pub bit: Option<usize>,
    /// The pin of the package.
    pub site: &'static str,
    /// Its standard.
    pub standard: Standard,
    /// Its resistor.
    pub pull: Pull,
    /// Its edges are as fast as can be.
    pub fast: bool,
}

impl Pin {
    /// A pin of a port of one bit, without resistor and with slow edges.
    pub const fn new(port: &'static str, site: &'static str, standard: Standard) -> Self {
        Pin { port, bit: None, site, standard, pull: Pull::None, fast: false }
    }

    /// That of bit `bit`.
    pub const fn bit(mut self, bit: usize) -> Self {
        self.bit = Some(bit);
        self
    }

    /// With a resistor.
    pub const fn pull(mut self, pull: Pull) -> Self {
        self.pull = pull;
        self
    }

    /// With fast edges.
    pub const fn fast(mut self) -> Self {
        self.fast = true;
        self
    }

    /// The name of the bit: `rxd[2]`.
    pub fn name(&self) -> String {
        self.bit.map_or(self.port.to_string(), |bit| format!("{}[{bit}]", self.port))
    }
}

/// Pins that one public document tells of.
#[derive(Clone, Copy, Debug)]
pub struct Group {
    /// What they are.
    pub title: &'static str,
    /// The document.
    pub source: &'static str,
    /// The pins.
    pub pins: &'static [Pin],
}

/// A clock that comes from outside.
#[derive(Clone, Copy, Debug)]
pub struct ClockPin {
    /// The port of the top.
    pub port: &'static str,
    /// Its period.
    pub picoseconds: u64,
}

/// A board.
#[derive(Clone, Copy, Debug)]
pub struct Board {
    /// What it is called in commands and folders.
    pub name: &'static str,
    /// The device on it.
    pub device: &'static str,
    /// Pins by function.
    pub groups: &'static [Group],
    /// Clocks from outside. No two have a fixed phase: nothing between them, or what is made of them, is timed, and
    /// everything that crosses goes through `Synchroniser`s.
    pub clocks: &'static [ClockPin],
}

impl Board {
    /// All pins.
    pub fn pins(&self) -> impl Iterator<Item = &'static Pin> {
        self.groups.iter().flat_map(|group| group.pins)
    }
}

/// The first lines of a file of constraints; `sign` begins a comment.
fn heading(board: &Board, sign: &str) -> String {
    format!(
        "{sign} {}: {}.\n{sign} Generated from fpga/src by `cargo xtask constraints`: do not edit.\n",
        board.name, board.device
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const PINS: [Pin; 3] = [
        Pin::new("tick", "A1", Standard::Lvcmos33),
        Pin::new("data", "B2", Standard::Lvcmos18).bit(1).pull(Pull::Up).fast(),
        Pin::new("pair_p", "C3", Standard::Lvds),
    ];
    const BOARD: Board = Board {
        name: "bench",
        device: "a device",
        groups: &[Group { title: "All", source: "a book", pins: &PINS }],
        clocks: &[ClockPin { port: "tick", picoseconds: 6400 }, ClockPin { port: "pair_p", picoseconds: 10_000 }],
    };

    #[test]
    fn lpf_is_what_nextpnr_reads() {
        let text = lpf(&BOARD);
        for line in [
            "LOCATE COMP \"tick\" SITE \"A1\";",
            "IOBUF PORT \"tick\" IO_TYPE=LVCMOS33 PULLMODE=NONE SLEWRATE=SLOW;",
            "LOCATE COMP \"data[1]\" SITE \"B2\";",
            "IOBUF PORT \"data[1]\" IO_TYPE=LVCMOS18 PULLMODE=UP SLEWRATE=FAST;",
            "IOBUF PORT \"pair_p\" IO_TYPE=LVDS PULLMODE=NONE SLEWRATE=SLOW;",
            "FREQUENCY PORT \"tick\" 156.25 MHZ;",
            "# All. Source: a book",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
    }

    #[test]
    fn xdc_is_what_vivado_reads() {
        let text = xdc(&BOARD);
        for line in [
            "set_property -dict {PACKAGE_PIN A1 IOSTANDARD LVCMOS33} [get_ports {tick}]",
            "set_property -dict {PACKAGE_PIN B2 IOSTANDARD LVCMOS18 PULLTYPE PULLUP SLEW FAST} [get_ports {data[1]}]",
            "create_clock -period 6.4 -name tick [get_ports {tick}]",
            "set_clock_groups -asynchronous -group [get_clocks -include_generated_clocks tick] \
             -group [get_clocks -include_generated_clocks pair_p]",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
    }

    #[test]
    fn every_bit_has_its_pin_and_every_pin_its_bit() {
        let ports = |data: &str| {
            format!("module top (\n input wire tick,\n input wire {data}\n input wire pair_p\n);\nendmodule")
        };
        let error = |text: &str| check(&BOARD, text, "top").unwrap_err().to_string();
        assert!(error(&ports("[1:0] data,")).contains("data[0] has no pin"));
        assert!(error(&ports("data,")).contains("the top has no data[1]"));
        assert!(error(&ports("[1:0] data,\n input wire more,")).contains("data[0] has no pin"));
        assert!(error("module top (\n input wire tick\n);").contains("data[1]"));
        const TWICE: [Group; 2] = [Group { title: "All", source: "a book", pins: &PINS }; 2];
        let board = Board { groups: &TWICE, ..BOARD };
        assert!(check(&board, &ports("[1:0] data,"), "top").unwrap_err().to_string().contains("twice"));
    }
}
