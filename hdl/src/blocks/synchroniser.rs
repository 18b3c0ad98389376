//! Two flip-flops in a row that bring a value of another clock into this one.
//!
//! # Role
//! The only way for a signal to cross clocks. Levels go through it as they are, counters in Gray code
//! ([`AsyncFifo`](super::AsyncFifo)), pulses as changes of a level ([`PulseCrossing`](super::PulseCrossing)).
//!
//! # Ports
//! - `clock`: the clock of the reader. `d`: the value, straight out of a register of any clock. `q`: the value, for the
//!   reader.
//!
//! # Handshake
//! None.
//!
//! # Latency
//! Two cycles of `clock`; three, for any bit of its own, if the value changes just before an edge.
//!
//! # Invariant
//! If no two bits of `d` change between two edges of the writer's clock, `q` only ever shows values that `d` had, in
//! their order. The registers have `T::default()` at power-up and no reset. The attributes keep synthesis from merging,
//! moving or copying them, and tell the vendor's tools to place them side by side.

use crate::emit::print::constant;
use crate::emit::{deposit, Body};
use crate::sym::Symbolic;
use rust_hdl::core::prelude::*;

/// See the module.
#[derive(Clone, Debug, LogicBlock)]
pub struct Synchroniser<T: Symbolic> {
    /// The value, of any clock.
    pub d: Signal<In, T>,
    /// The value, for the reader.
    pub q: Signal<Out, T>,
    /// Rising edge; the clock of the reader.
    pub clock: Signal<In, Clock>,
    _width: usize,
    _caught: T,
    _skew: Option<Skew<T>>,
}

/// What the simulation of flip-flops needs that catch each bit before or after its change, as chance has it.
#[derive(Clone, Debug)]
struct Skew<T> {
    random: u64,
    /// The input as it is, and as it was before its last change since the last edge.
    now: T,
    before: T,
}

impl<T: Symbolic> Skew<T> {
    fn follow(&mut self, input: T) {
        if input != self.now {
            self.before = self.now;
            self.now = input;
        }
    }

    /// The input with some bits as they were before the last change.
    fn catch(&mut self) -> T {
        let (before, now) = (self.before.to_flat(), self.now.to_flat());
        self.before = self.now;
        let choose = |(before, now): (bool, bool)| {
            self.random ^= self.random << 13;
            self.random ^= self.random >> 7;
            self.random ^= self.random << 17;
            if self.random & 1 == 1 {
                before
            } else {
                now
            }
        };
        let bits: Vec<bool> = before.into_iter().zip(now).map(choose).collect();
        T::from_flat(&bits)
    }
}

impl<T: Symbolic> Synchroniser<T> {
    /// One for the lowest `width` bits; the others are those of `T::default()`.
    pub fn narrow(width: usize) -> Self {
        assert!((1..=T::BITS).contains(&width), "{width} of {} bits", T::BITS);
        Synchroniser {
            d: Signal::default(),
            q: Signal::new_with_default(T::default()),
            clock: Signal::default(),
            _width: width,
            _caught: T::default(),
            _skew: None,
        }
    }

    /// In rust-hdl's simulator, a bit that changed before an edge is caught before or after the change, as a generator
    /// that starts from `seed` decides: so that a test notices where bits cross that must change one at a time and do
    /// not. The Verilog knows nothing of it.
    pub fn with_skew(mut self, seed: u64) -> Self {
        self._skew = Some(Skew { random: seed | 1, now: T::default(), before: T::default() });
        self
    }
}

impl<T: Symbolic> Default for Synchroniser<T> {
    fn default() -> Self {
        Self::narrow(T::BITS)
    }
}

impl<T: Symbolic> Logic for Synchroniser<T> {
    fn update(&mut self) {
        // Before the edge is looked for: at an edge of both clocks the input has not changed yet.
        let rises = self.clock.pos_edge();
        if let (Some(skew), false) = (&mut self._skew, rises) {
            skew.follow(self.d.val());
        }
        if rises {
            let input = match &mut self._skew {
                Some(skew) => skew.catch(),
                None => self.d.val(),
            };
            let mut bits = T::default().to_flat();
            bits[..self._width].copy_from_slice(&input.to_flat()[..self._width]);
            self.q.next = self._caught;
            self._caught = T::from_flat(&bits);
        }
    }
    fn connect(&mut self) {
        self.q.connect();
    }
    fn hdl(&self) -> Verilog {
        let (width, initial) = (self._width, T::default().to_flat());
        let range = if T::BITS == 1 { String::new() } else { format!("[{}:0] ", width - 1) };
        let low = range.trim_end();
        let zero = constant(&initial[..width]);
        let mut text = String::new();
        let mut output = "settled".to_string();
        if width < T::BITS {
            text.push_str(&format!(
                "    /* verilator lint_off UNUSEDSIGNAL */ // the upper bits never change\n\
                 \x20   wire unused_bits = &{{1'b0, d[{}:{width}]}};\n\
                 \x20   /* verilator lint_on UNUSEDSIGNAL */\n",
                T::BITS - 1
            ));
            output = format!("{{{}, settled}}", constant(&initial[width..]));
        }
        text.push_str(&format!(
            "    (* ASYNC_REG = \"TRUE\", keep *) reg {range}caught;\n\
             \x20   (* ASYNC_REG = \"TRUE\", keep *) reg {range}settled;\n\
             \x20   initial begin\n        caught = {zero};\n        settled = {zero};\n    end\n\
             \x20   always @(posedge clock) begin\n        caught <= d{low};\n        settled <= caught;\n    end\n\
             \x20   assign q = {output};\n"
        ));
        deposit(Body::Text { type_name: "synchroniser".to_string(), text: text.clone(), variables: false });
        Verilog::Custom(text)
    }
}
