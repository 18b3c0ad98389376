//! Write packer: stores bursts of writes whole, as packets.
//!
//! # Role
//! The front of the adapter's posted queue: what comes here leaves in this order, the bursts of the engine and the
//! messages between them. A packet must not pause once it has begun, a burst may: so its header is given on when its
//! last row is stored. That is why no burst has to say its length at its first beat.
//!
//! ```text
//! s_write -> [ row under construction ] -> [ rows: Fifo ]    -> m_row
//!        \-> [ first dword, last dword ] -> [ headers: Fifo ] -> m_header
//! ```
//!
//! # Ports
//! - `s_write`: `PostedBeat<W, K>`: bursts, consecutive words, at most [`ROWS`] rows each.
//! - `m_header`, `m_row`: packets; all rows of a packet are stored when its header is offered.
//! - `accepted`: packets ever accepted whole, modulo 2^16.
//!
//! # Handshake
//! `s_write.ready` follows registers, and at 512 bits the strobe of the word.
//!
//! # Latency
//! A header is offered two cycles after the last beat. One beat per cycle; at 512 bits a beat that touches two rows
//! takes two cycles.
//!
//! # Invariant
//! A burst fits into the rows even if nothing leaves before it is whole: nobody waits for a header that cannot come.
use super::tlp::{RequestHeader, RequestKind, Row, ROW_BYTES};
use crate::bundles::WriteBeat;
use stevedore_hdl::prelude::*;

/// Rows that are stored: four bursts of 256 bytes.
pub const ROWS: usize = 32;
/// Packets that are stored: bursts of a few bytes must not fill the rows with nothing.
const HEADERS: usize = 16;

/// A beat of a burst, or a message.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct PostedBeat<const W: usize, const K: usize> {
    /// The beat.
    pub write: WriteBeat<W, K>,
    /// It is an interrupt: one dword.
    pub message: bool,
}

/// A dword of which some bytes are written.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Edge {
    /// Its address, in dwords; within a page for the arithmetic, whole for the header.
    address: Bits<62>,
    enables: Bits<4>,
}

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct State {
    /// Behind the first and before the last beat of a burst.
    inside: bool,
    /// The lower rows of the word have been stored.
    part: Bits<1>,
    accepted: Bits<16>,
}

/// Stores bursts; see the module's text.
#[derive(LogicBlock)]
pub struct WritePacker<const W: usize, const K: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// Bursts.
    pub s_write: Sink<PostedBeat<W, K>>,
    /// Headers of the packets.
    pub m_header: Source<RequestHeader>,
    /// Their rows.
    pub m_row: Source<Row>,
    /// Packets accepted.
    pub accepted: Signal<Out, Bits<16>>,
    state: Register<State>,
    first: Flop<Edge>,
    row: Flop<Bits<256>>,
    headers: Fifo<RequestHeader>,
    rows: Fifo<Row>,
}

impl<const W: usize, const K: usize> Default for WritePacker<W, K> {
    fn default() -> Self {
        assert!(W == 8 * K && (W == 64 || W == 512), "{W} bits, {K} lanes");
        Self {
            clock: Signal::default(),
            reset: Signal::default(),
            s_write: Sink::default(),
            m_header: Source::default(),
            m_row: Source::default(),
            accepted: Signal::default(),
            state: Register::default(),
            first: Flop::default(),
            row: Flop::default(),
            headers: Fifo::new(HEADERS),
            rows: Fifo::new(ROWS),
        }
    }
}

/// The first dword of a word that is written, or the last one.
#[kernel_fn]
fn edge_of<const K: usize>(address: Bits<64>, strobe: Bits<K>, last: bool) -> Edge {
    let mut index = bits::<62>(0);
    let mut enables = bits::<4>(0);
    for step in 0..K / 4 {
        let up = bits_at::<4, K>(strobe, 4 * step);
        let down = bits_at::<4, K>(strobe, K - 4 - 4 * step);
        // What is found later wins: upwards it is the last dword, downwards the first.
        let nibble = mux(last, up, down);
        let place = mux(last, bits::<62>(step as u64), bits::<62>((K / 4 - 1 - step) as u64));
        index = mux(nibble.any(), place, index);
        enables = mux(nibble.any(), nibble, enables);
    }
    Edge { address: bit_cast::<62, 64>(address >> 2) | index, enables }
}

impl<const W: usize, const K: usize> Logic for WritePacker<W, K> {
    #[kernel]
    fn update(&mut self) {
        setup!(self, state, headers, rows);
        clocks!(self, first, row);
        forward!(self.headers.m_out => self.m_header);
        forward!(self.rows.m_out => self.m_row);
        let state = self.state.q.val();
        let mut next = state;
        let beat = self.s_write.bits.val();
        let write = beat.write;
        let room = self.rows.s_in.ready.val() && self.headers.s_in.ready.val();
        let go = self.s_write.valid.val() && room;

        // Words into rows: several words fill one, or one word fills several.
        let old = self.row.q.val();
        let mut data = old;
        let mut stores = go;
        let mut ends = true;
        if W < 256 {
            let place = bit_cast::<5, 64>(write.address) >> clog2(K) as u64;
            for word in 0..256 / W {
                let kept = bits_at::<W, 256>(old, W * word);
                data = set_bits::<256, W>(data, W * word, mux(place == word as u64, write.data, kept));
            }
            stores = go && (write.last || place == (256 / W - 1) as u64);
        } else {
            let low = bits_at::<ROW_BYTES, K>(write.strobe, 0).any();
            let high = bits_at::<ROW_BYTES, K>(write.strobe, ROW_BYTES).any();
            let upper = state.part.any() || !low;
            data = mux(upper, bits_at::<256, W>(write.data, 256), bits_at::<256, W>(write.data, 0));
            ends = upper || !high;
            if go {
                next.part = from_bool(!ends);
            }
        }
        let done = go && ends;
        self.s_write.ready.next = room && ends;
        self.row.d.next = mux(go, data, old);
        self.rows.s_in.valid.next = stores;
        self.rows.s_in.bits.next = Row { data, last: write.last && ends };

        // The header, from the first dword and the last.
        let here = edge_of::<K>(write.address, write.strobe, false);
        let stop = edge_of::<K>(write.address, write.strobe, true);
        let start = if state.inside { self.first.q.val() } else { here };
        self.first.d.next = start;
        let distance = bit_cast::<10, 62>(stop.address) - bit_cast::<10, 62>(start.address);
        self.headers.s_in.valid.next = done && write.last;
        self.headers.s_in.bits.next = RequestHeader {
            kind: if beat.message { RequestKind::Message } else { RequestKind::Write },
            address: bit_cast::<64, 62>(start.address) << 2,
            dwords: bit_cast::<11, 10>(distance) + 1,
            first_enables: start.enables,
            last_enables: mux(distance.any(), stop.enables, bits::<4>(0)),
            tag: bits::<8>(0),
            relaxed: write.may_pass,
        };
        if done {
            next.inside = !write.last;
            next.accepted = state.accepted + write.last;
        }
        self.accepted.next = state.accepted;
        self.state.d.next = next;
    }
}
