//! DMA writer: scatters packets over runs of host memory.
//!
//! # Role
//! `rx::Placement` writes payload with it. It feeds the engine's memory port.
//!
//! # Ports
//! - `s_piece`: `Piece`: where the bytes go: the runs of a packet in order, the last one marked.
//! - `s_beat`: `Beat<W>`: the packets; a packet has exactly as many bytes as its pieces. `error` is ignored: what
//!   arrives here is meant to be written.
//! - `m_write`: `WriteBeat<W, K>`: bursts, split at multiples of `maximum_write`.
//! - `piece_ends`: the word on `m_write` is the last of its piece. That it is the last of its packet, it says itself:
//!   `placement_ends`.
//!
//! # Handshake
//! `s_beat.ready` depends on `s_beat.valid` and waits for the piece; `s_piece.ready` does not wait for the packet's
//! first beat.
//!
//! # Latency
//! A piece's first write is offered four cycles after the piece, one cycle after its beat. One word per cycle at any
//! alignment, no bubble between pieces, bursts and packets. A word of memory takes a cycle of its own, however few
//! bytes go there.
//!
//! # Invariant
//! `front` holds a beat of which the lanes from `position` on are not yet written; without `front` the position is 0.
use super::splitter::{Chunk, Splitter};
use crate::bundles::{Beat, Piece, WriteBeat};
use crate::stream::lanes::{lane_of, lanes_from, rotate_lanes};
use stevedore_hdl::prelude::*;

/// What ends with a word.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Ends {
    piece: bool,
    packet: bool,
}

/// How to fill one word of memory from the stream.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Plan {
    /// Address of lane 0.
    address: Bits<64>,
    /// First lane written.
    offset: Bits<6>,
    /// Lanes written.
    count: Bits<7>,
    /// The last word of its burst.
    last: bool,
    /// Position of the first byte in the beat at the front of the stream.
    position: Bits<6>,
    /// Takes bytes of the following beat, too.
    over: bool,
    /// Nothing is left of the last beat it takes from.
    drained: bool,
    ends: Ends,
}

/// A word with its bytes not yet in their lanes: they get there on the way out, where nothing else stands in it.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Word<const W: usize, const K: usize> {
    address: Bits<64>,
    data: Bits<W>,
    /// Lanes to rotate by.
    turn: Bits<6>,
    /// Its bytes, as many ones, and the lane of the first.
    bytes: Bits<K>,
    offset: Bits<6>,
    last: bool,
    ends: Ends,
}

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct State {
    /// `front` holds something.
    front: bool,
    /// Position of the next plan.
    position: Bits<6>,
}

/// Writes packets to memory; see the module's text.
#[derive(LogicBlock, Default)]
pub struct Writer<const W: usize, const K: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// Where the bytes go.
    pub s_piece: Sink<Piece>,
    /// The bytes.
    pub s_beat: Sink<Beat<W>>,
    /// Bursts.
    pub m_write: Source<WriteBeat<W, K>>,
    /// The word on `m_write` is the last of its piece.
    pub piece_ends: Signal<Out, bool>,
    bursts: Splitter,
    words: Splitter,
    /// The burst that is cut into words is the last of its piece.
    final_burst: Flop<bool>,
    state: Register<State>,
    /// Cuts the way of readiness from the words that leave to the bursts and on to whoever says where the bytes go.
    plan: PingPong<Plan>,
    front: Flop<Bits<W>>,
    out: SkidBuffer<Word<W, K>>,
}

impl<const W: usize, const K: usize> Writer<W, K> {
    /// A writer whose bursts are at most `maximum_write` bytes long, a power of two from W/8 to 4096.
    pub fn new(maximum_write: usize) -> Self {
        assert!(W == 8 * K && maximum_write >= K, "{W} bits, {K} lanes, bursts of {maximum_write} bytes");
        Self { bursts: Splitter::new(maximum_write, 64), words: Splitter::new(K, 12), ..Default::default() }
    }
}

/// The plan for a word, given the position of its first byte in the stream's front beat.
#[kernel_fn]
fn plan_of<const W: usize>(chunk: Chunk, final_burst: bool, position: Bits<6>) -> Plan {
    let lane = bits::<64>(W as u64 / 8 - 1);
    // The length comes late: nothing is added to it.
    let left = bits::<7>(W as u64 / 8) - bit_cast::<7, 6>(position);
    // No word has more bytes: bits that are never set need no registers.
    let length = bit_cast::<7, 13>(chunk.length) & bits::<7>(W as u64 / 4 - 1);
    Plan {
        address: chunk.address & !lane,
        offset: lane_of::<W>(bit_cast::<6, 64>(chunk.address)),
        count: length,
        last: chunk.end,
        position,
        over: length > left,
        drained: chunk.last || length == left,
        ends: Ends { piece: chunk.end && final_burst, packet: chunk.last },
    }
}

impl<const W: usize, const K: usize> Logic for Writer<W, K> {
    #[kernel]
    fn update(&mut self) {
        setup!(self, bursts, words, state, plan, out);
        clocks!(self, front, final_burst);
        forward!(self.s_piece => self.bursts.s_piece);
        self.bursts.halvings.next = bits::<3>(0);
        self.words.halvings.next = bits::<3>(0);
        let mut next = self.state.q.val();
        let go = self.out.s_in.ready.val();

        // Bursts into words. A packet's last word must not count as one of the burst's own: `end` and `last` are
        // separate.
        let burst = self.bursts.m_chunk.bits.val();
        self.words.s_piece.bits.next =
            Piece { address: burst.address, length: bit_cast::<32, 13>(burst.length), last: burst.last };
        self.words.s_piece.valid.next = self.bursts.m_chunk.valid.val();
        let final_burst = self.final_burst.q.val();
        self.final_burst.d.next = mux(self.words.s_piece.ready.val(), burst.end, final_burst);
        self.bursts.m_chunk.ready.next = self.words.s_piece.ready.val();

        // Fill the word that is planned.
        let plan = self.plan.m_out.bits.val();
        let planned = self.plan.m_out.valid.val();
        let takes = !next.front || plan.over;
        let fire = go && planned && (!takes || self.s_beat.valid.val());
        let beat = self.s_beat.bits.val();
        let late = if next.front { !lanes_from::<W>(plan.position) } else { !bits::<W>(0) };
        let all = !bits::<K>(0);
        self.plan.m_out.ready.next = fire;
        self.s_beat.ready.next = fire && takes;
        self.front.d.next = mux(fire && takes, beat.data, self.front.q.val());
        self.out.s_in.valid.next = fire;
        self.out.s_in.bits.next = Word::<W, K> {
            address: plan.address,
            data: (self.front.q.val() & !late) | (beat.data & late),
            turn: lane_of::<W>(plan.offset - plan.position),
            bytes: all >> (bits::<7>(K as u64) - plan.count),
            offset: plan.offset,
            last: plan.last,
            ends: plan.ends,
        };

        // Send the word filled before.
        let word = self.out.m_out.bits.val();
        self.m_write.valid.next = self.out.m_out.valid.val();
        self.out.m_out.ready.next = self.m_write.ready.val();
        self.piece_ends.next = word.ends.piece;
        self.m_write.bits.next = WriteBeat::<W, K> {
            address: word.address,
            data: rotate_lanes::<W>(word.data, word.turn),
            strobe: word.bytes << word.offset,
            last: word.last,
            may_pass: true,
            placement_ends: word.ends.packet,
        };

        if fire {
            next.front = !plan.drained;
        }

        // Plan the next word.
        let chunk = self.words.m_chunk.bits.val();
        let free = self.plan.s_in.ready.val();
        self.words.m_chunk.ready.next = free;
        self.plan.s_in.valid.next = self.words.m_chunk.valid.val();
        self.plan.s_in.bits.next = plan_of::<W>(chunk, final_burst, next.position);
        if free && self.words.m_chunk.valid.val() {
            let stop = lane_of::<W>(next.position + bit_cast::<6, 13>(chunk.length));
            next.position = mux(chunk.last, bits::<6>(0), stop);
        }
        self.state.d.next = next;
    }
}
