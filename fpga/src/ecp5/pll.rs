//! Two clocks made of one.
//!
//! # Role
//! Makes the clocks of a board out of its oscillator.
//!
//! # Ports
//! - `clock_in`: the oscillator. `first`, `second`: the clocks made. `locked`: they run as they should.
//!
//! # Handshake
//! None.
//!
//! # Latency
//! Up to 15 ms until `locked`. In simulation both clocks are the oscillator.
//!
//! # Invariant
//! Both clocks come from one oscillator of 400 to 800 MHz inside, divided; `first` is fed back. nextpnr derives what it
//! must hold them to from what it is told of `clock_in`.
use rust_hdl::core::prelude::*;

/// What the oscillator inside may run at, MHz (FPGA-DS-02012).
const INSIDE: std::ops::RangeInclusive<u64> = 400..=800;
/// The greatest divider.
const DIVIDER: u64 = 128;

/// EHXPLLL; see the module.
#[derive(Clone, Debug, LogicBlock)]
pub struct Pll {
    /// The oscillator.
    pub clock_in: Signal<In, Clock>,
    /// A clock made.
    pub first: Signal<Out, Clock>,
    /// Another clock made.
    pub second: Signal<Out, Clock>,
    /// Both run.
    pub locked: Signal<Out, bool>,
    _dividers: Dividers,
}

/// The frequencies are `input * feedback / reference`, and that times `first / second`.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Dividers {
    reference: u64,
    feedback: u64,
    first: u64,
    second: u64,
}

impl Dividers {
    /// For frequencies in MHz; none if there are no such dividers.
    fn find(input: u64, first: u64, second: u64) -> Option<Self> {
        let divides = |whole: u64, part: u64| whole.is_multiple_of(part).then_some(whole / part);
        let common = (1..=input.min(first)).rev().find(|n| input.is_multiple_of(*n) && first.is_multiple_of(*n))?;
        INSIDE.rev().find_map(|inside| {
            let dividers = Dividers {
                reference: input / common,
                feedback: first / common,
                first: divides(inside, first)?,
                second: divides(inside, second)?,
            };
            let all = [dividers.reference, dividers.feedback, dividers.first, dividers.second];
            all.iter().all(|divider| (1..=DIVIDER).contains(divider)).then_some(dividers)
        })
    }
}

impl Pll {
    /// Clocks of `first` and `second` MHz out of one of `input` MHz.
    pub fn new(input: u64, first: u64, second: u64) -> Self {
        let dividers = Dividers::find(input, first, second)
            .unwrap_or_else(|| panic!("no dividers make {first} and {second} MHz of {input}"));
        Pll {
            clock_in: Signal::default(),
            first: Signal::default(),
            second: Signal::default(),
            locked: Signal::default(),
            _dividers: dividers,
        }
    }
}

impl Logic for Pll {
    fn update(&mut self) {
        self.first.next = self.clock_in.val();
        self.second.next = self.clock_in.val();
        self.locked.next = true;
    }
    fn connect(&mut self) {
        self.first.connect();
        self.second.connect();
        self.locked.connect();
    }
    fn hdl(&self) -> Verilog {
        let Dividers { reference, feedback, first, second } = self._dividers;
        let code = format!(
            "    /* verilator lint_off PINCONNECTEMPTY */ // outputs that nobody needs
    (* ICP_CURRENT = \"12\", LPF_RESISTOR = \"8\", MFG_ENABLE_FILTEROPAMP = \"1\", MFG_GMCREF_SEL = \"2\" *)
    EHXPLLL #(
        .PLLRST_ENA(\"DISABLED\"),
        .INTFB_WAKE(\"DISABLED\"),
        .STDBY_ENABLE(\"DISABLED\"),
        .DPHASE_SOURCE(\"DISABLED\"),
        .OUTDIVIDER_MUXA(\"DIVA\"),
        .OUTDIVIDER_MUXB(\"DIVB\"),
        .FEEDBK_PATH(\"CLKOP\"),
        .CLKI_DIV({reference}),
        .CLKFB_DIV({feedback}),
        .CLKOP_ENABLE(\"ENABLED\"),
        .CLKOP_DIV({first}),
        .CLKOP_CPHASE({}),
        .CLKOP_FPHASE(0),
        .CLKOS_ENABLE(\"ENABLED\"),
        .CLKOS_DIV({second}),
        .CLKOS_CPHASE({}),
        .CLKOS_FPHASE(0)
    ) cell_i (
        .CLKI(clock_in), .CLKFB(first), .CLKOP(first), .CLKOS(second), .LOCK(locked),
        .RST(1'b0), .STDBY(1'b0), .PLLWAKESYNC(1'b0), .ENCLKOP(1'b0), .ENCLKOS(1'b0), .ENCLKOS2(1'b0), .ENCLKOS3(1'b0),
        .PHASESEL0(1'b0), .PHASESEL1(1'b0), .PHASEDIR(1'b1), .PHASESTEP(1'b1), .PHASELOADREG(1'b1),
        .CLKOS2(), .CLKOS3(), .INTLOCK(), .REFCLK(), .CLKINTFB()
    );
    /* verilator lint_on PINCONNECTEMPTY */
",
            first - 1,
            second - 1
        );
        Verilog::Wrapper(Wrapper { code, cores: String::new() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dividers_make_the_frequencies_exactly() {
        let found = Dividers::find(100, 100, 125).expect("dividers");
        assert_eq!(found, Dividers { reference: 1, feedback: 1, first: 5, second: 4 });
        let found = Dividers::find(25, 125, 50).expect("dividers");
        assert_eq!((found.feedback, found.first * 125 % 50), (5, 0));
        assert_eq!(Dividers::find(100, 101, 97), None);
    }
}
