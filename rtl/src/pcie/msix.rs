//! MSI-X: turns edges of interrupt lines into messages, as the host's table says.
//!
//! # Role
//! Holds the table and the pending bits that the host sees in BAR 0, and puts messages into the posted queue. An edge
//! that finds its vector masked is remembered in its pending bit, and becomes a message when the vector is unmasked.
//!
//! # Ports
//! - `lines`: interrupt lines, one for each vector. `enable`, `function_mask`: the MSI-X capability's control word.
//! - `address`, `shown`: the dword of the table at that address. `write`, `data`: writes it.
//! - `pending`: the pending bits.
//! - `m_message`: `Message`: what is to be written where.
//! - `clear`: forgets the table's masks and all pending bits: a function-level reset.
//!
//! # Handshake
//! A message that is offered is withdrawn if the host masks its vector before it is taken.
//!
//! # Latency
//! A message is offered two cycles after the edge.
//!
//! # Invariant
//! An edge is forgotten only when a message was taken in its cycle or later.
use stevedore_hdl::prelude::*;

/// Interrupt lines, each with a vector of its own.
pub const VECTORS: usize = 2;

/// An interrupt for the host.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Message {
    /// Where to; a multiple of 4.
    pub address: Bits<64>,
    /// What.
    pub data: Bits<32>,
}

/// A row of the table.
#[derive(Record, Clone, Copy, Debug, PartialEq)]
struct Vector {
    low: Bits<32>,
    high: Bits<32>,
    data: Bits<32>,
    masked: bool,
}

impl Default for Vector {
    /// The value after reset: PCI Express Base Specification, MSI-X table structure.
    fn default() -> Self {
        Self { low: bits(0), high: bits(0), data: bits(0), masked: true }
    }
}

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct State {
    table: [Vector; VECTORS],
    lines: Bits<VECTORS>,
    pending: Bits<VECTORS>,
}

/// Makes messages; see the module's text.
#[derive(LogicBlock, Default)]
pub struct Msix {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// Interrupt lines.
    pub lines: Signal<In, Bits<VECTORS>>,
    /// Messages may be sent.
    pub enable: Signal<In, bool>,
    /// All vectors are masked.
    pub function_mask: Signal<In, bool>,
    /// Address in the table, in bytes.
    pub address: Signal<In, Bits<12>>,
    /// The dword there.
    pub shown: Signal<Out, Bits<32>>,
    /// Write the dword at `write_address`.
    pub write: Signal<In, bool>,
    /// Address in the table, in bytes.
    pub write_address: Signal<In, Bits<12>>,
    /// With `write`: the dword.
    pub data: Signal<In, Bits<32>>,
    /// Pending bits.
    pub pending: Signal<Out, Bits<32>>,
    /// Messages.
    pub m_message: Source<Message>,
    /// Forget everything.
    pub clear: Signal<In, bool>,
    state: Register<State>,
}

impl Logic for Msix {
    #[kernel]
    fn update(&mut self) {
        setup!(self, state);
        let state = self.state.q.val();
        let mut next = state;

        // The host's side.
        let row = self.address.val() >> 4;
        let column = bit_cast::<2, 12>(self.address.val() >> 2);
        let write_row = self.write_address.val() >> 4;
        let write_column = bit_cast::<2, 12>(self.write_address.val() >> 2);
        let mut shown = bits::<32>(0);
        for vector in 0..VECTORS {
            let entry = state.table[vector];
            let upper = mux(column.get_bit(0), bit_cast::<32, 1>(from_bool(entry.masked)), entry.data);
            let lower = mux(column.get_bit(0), entry.high, entry.low);
            let word = mux(column.get_bit(1), upper, lower);
            shown = mux(row == vector as u64, word, shown);
            if self.write.val() && write_row == vector as u64 {
                let data = self.data.val();
                next.table[vector] = Vector {
                    low: mux(write_column == 0, data & !bits::<32>(3), entry.low),
                    high: mux(write_column == 1, data, entry.high),
                    data: mux(write_column == 2, data, entry.data),
                    masked: mux(write_column == 3, data.get_bit(0), entry.masked),
                };
            }
        }
        self.shown.next = shown;
        self.pending.next = bit_cast::<32, VECTORS>(state.pending);

        // The lowest vector that may send does.
        let may = self.enable.val() && !self.function_mask.val() && !self.clear.val();
        let mut message = Message { address: bits::<64>(0), data: bits::<32>(0) };
        let mut chosen = bits::<VECTORS>(0);
        for back in 0..VECTORS {
            let vector = VECTORS - 1 - back;
            let entry = state.table[vector];
            let sends = state.pending.get_bit(vector) && !entry.masked;
            let this = Message {
                address: (bit_cast::<64, 32>(entry.high) << 32) | bit_cast::<64, 32>(entry.low),
                data: entry.data,
            };
            message = mux(sends, this, message);
            chosen = mux(sends, bits::<VECTORS>(1 << vector as u64), chosen);
        }
        self.m_message.valid.next = may && chosen.any();
        self.m_message.bits.next = message;
        let lines = self.lines.val();
        let rises = lines & !state.lines;
        let sent = mux(may && self.m_message.ready.val(), chosen, bits::<VECTORS>(0));
        next.pending = (state.pending & !sent) | rises;
        next.lines = lines;
        if self.clear.val() {
            next.pending = bits::<VECTORS>(0);
            for vector in 0..VECTORS {
                let entry = next.table[vector];
                next.table[vector] = Vector { masked: true, ..entry };
            }
        }
        self.state.d.next = next;
    }
}
