//! Sends bytes on a serial line: a start bit, eight data bits, a stop bit.
//!
//! # Role
//! Last stage of what a board tells on its serial port.
//!
//! # Ports
//! - `s_byte`: bytes. `pin`: the line, high while nothing is sent.
//!
//! # Handshake
//! An ordinary channel; a byte is taken when the one before is through.
//!
//! # Latency
//! The start bit begins one cycle after the byte was taken. A byte takes ten bits.
//!
//! # Invariant
//! `pin` is a register.
use stevedore_hdl::prelude::*;

/// Bits of a byte on the line.
const FRAME: u64 = 10;

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct State {
    /// Bits left, the one on the line included.
    left: Bits<4>,
    /// Cycles left of that bit, it included.
    cycles: Bits<16>,
    /// The line is low.
    low: bool,
    /// What follows, lowest first.
    rest: Bits<9>,
}

/// See the module.
#[derive(LogicBlock, Default)]
pub struct UartTransmitter {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// Bytes.
    pub s_byte: Sink<Bits<8>>,
    /// The line.
    pub pin: Signal<Out, bool>,
    state: Register<State>,
    _cycles: u64,
}

impl UartTransmitter {
    /// One whose bits take so many cycles.
    pub fn new(cycles: u64) -> Self {
        assert!((1..1 << 16).contains(&cycles), "{cycles} cycles for a bit");
        UartTransmitter { _cycles: cycles, ..Self::default() }
    }
}

impl Logic for UartTransmitter {
    #[kernel]
    fn update(&mut self) {
        setup!(self, state);
        let state = self.state.q.val();
        let mut next = state;
        let idle = !state.left.any();
        if idle {
            next.low = false;
            if self.s_byte.valid.val() {
                next.left = bits::<4>(FRAME);
                next.cycles = bits::<16>(self._cycles);
                next.low = true;
                next.rest = cat::<1, 8, 9>(bits::<1>(1), self.s_byte.bits.val());
            }
        } else if state.cycles == 1 {
            next.left = state.left - 1;
            next.cycles = bits::<16>(self._cycles);
            next.low = !state.rest.get_bit(0) && state.left != 1;
            next.rest = state.rest >> 1;
        } else {
            next.cycles = state.cycles - 1;
        }
        self.s_byte.ready.next = idle;
        self.pin.next = !state.low;
        self.state.d.next = next;
    }
}
