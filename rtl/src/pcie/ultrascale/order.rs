//! Order: which posted packets no completion can pass any more.
//!
//! # Role
//! The block sends packets and completions in an order of its own, and gives back the sequence number of a packet when
//! no later completion can pass it (PG213, "Transmit Transaction Ordering"). This block gives out the numbers and makes
//! of those that return the count that the adapter waits for.
//!
//! # Ports
//! - `posted`: a posted packet goes to the pins, with `number`. `room`: it may.
//! - `returned_0`, `returned_1`, with `returned_0_valid` and `returned_1_valid`: numbers that the block gives back.
//! - `bus_master`: while the function is none, the block throws away what it gets, and gives no number back.
//! - `ordered`: posted packets ordered, modulo 2^16.
//!
//! # Handshake
//! None: all are pulses.
//!
//! # Latency
//! One cycle.
//!
//! # Invariant
//! The top bit of a number says that its packet is posted: the block may give numbers of reads back, too. Fewer posted
//! packets than the other bits can count are under way, so that a number names one packet. A number that does not come
//! back is made good by the next that does.
use stevedore_hdl::prelude::*;

/// Bits of a number that count.
const COUNT: usize = 5;

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct State {
    sent: Bits<16>,
    ordered: Bits<16>,
    room: bool,
}

/// Counts ordered packets; see the module's text.
#[derive(LogicBlock, Default)]
pub struct Order {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// A posted packet goes out.
    pub posted: Signal<In, bool>,
    /// Its number.
    pub number: Signal<Out, Bits<6>>,
    /// One may go out.
    pub room: Signal<Out, bool>,
    /// A number comes back.
    pub returned_0_valid: Signal<In, bool>,
    /// Which.
    pub returned_0: Signal<In, Bits<6>>,
    /// Another one in the same cycle.
    pub returned_1_valid: Signal<In, bool>,
    /// Which.
    pub returned_1: Signal<In, Bits<6>>,
    /// The block sends what it gets.
    pub bus_master: Signal<In, bool>,
    /// Packets ordered.
    pub ordered: Signal<Out, Bits<16>>,
    state: Register<State>,
}

/// How many packets are ordered when `number` has come back.
#[kernel_fn]
fn ordered_by(valid: bool, number: Bits<6>, ordered: Bits<16>, sent: Bits<16>) -> Bits<16> {
    let behind = (number & 31) + 1 - (bit_cast::<6, 16>(ordered) & 31);
    let further = bit_cast::<16, 6>(behind & 31);
    let counts = valid && number.get_bit(COUNT) && further <= sent - ordered;
    mux(counts, ordered + further, ordered)
}

impl Logic for Order {
    #[kernel]
    fn update(&mut self) {
        setup!(self, state);
        let state = self.state.q.val();
        let mut next = state;
        let first = ordered_by(self.returned_0_valid.val(), self.returned_0.val(), state.ordered, state.sent);
        let both = ordered_by(self.returned_1_valid.val(), self.returned_1.val(), first, state.sent);
        next.sent = state.sent + self.posted.val();
        next.ordered = mux(self.bus_master.val(), both, state.sent);
        // One in this cycle is not counted yet.
        next.room = state.sent - state.ordered < (1u64 << COUNT) - 3;
        self.number.next = (bit_cast::<6, 16>(state.sent) & 31) | 32;
        self.room.next = state.room;
        self.ordered.next = state.ordered;
        self.state.d.next = next;
    }
}
