//! A delay at a pin.
//!
//! # Role
//! Moves a clock of the board against its data.
//!
//! # Ports
//! - `a`: from the pin, or from an output flip-flop. `z`: the same, later.
//!
//! # Handshake
//! None.
//!
//! # Latency
//! 25 ps for each tap; none in simulation.
//!
//! # Invariant
//! One end is a pin.
use rust_hdl::core::prelude::*;

/// Picoseconds of a tap (FPGA-TN-02200).
const TAP: u64 = 25;
/// Taps there are.
const TAPS: u64 = 128;

/// DELAYG; see the module.
#[derive(Clone, Debug, LogicBlock)]
pub struct Delay {
    /// In.
    pub a: Signal<In, bool>,
    /// Out.
    pub z: Signal<Out, bool>,
    _taps: u64,
}

impl Delay {
    /// A delay of so many picoseconds.
    pub fn new(picoseconds: u64) -> Self {
        let taps = picoseconds / TAP;
        assert!(taps < TAPS, "{picoseconds} ps are more than a pin can delay");
        Delay { a: Signal::default(), z: Signal::default(), _taps: taps }
    }
}

/// No delay.
impl Default for Delay {
    fn default() -> Self {
        Self::new(0)
    }
}

impl Logic for Delay {
    fn update(&mut self) {
        self.z.next = self.a.val();
    }
    fn connect(&mut self) {
        self.z.connect();
    }
    fn hdl(&self) -> Verilog {
        let code = format!(
            "    DELAYG #(\n        .DEL_MODE(\"USER_DEFINED\"),\n        .DEL_VALUE({})\n    ) cell_i (.A(a), .Z(z));\n",
            self._taps
        );
        Verilog::Wrapper(Wrapper { code, cores: String::new() })
    }
}
