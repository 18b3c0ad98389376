//! Read issue: gives a read of the engine a tag of the bus, and holds it back until its answer has room.
//!
//! # Role
//! The front of the read path. The engine's tags are not those of the bus: a tag of the bus that waits for a late
//! answer must not keep the engine's tag from being used, and 32 tags do without extended tags, which not every host
//! grants. More would not help: the carrier's buffer bounds the completions under way.
//!
//! # Ports
//! - `s_read`: `ReadRequest`: the engine's reads.
//! - `m_read`: `RequestHeader`: the same on the bus.
//! - `busy`: tags that are not free. `issued`: `m_read` is taken in this cycle; `entry` is what must be kept of it.
//! - `returned`: `returned_cost` completions have been answered, or never will be.
//!
//! # Handshake
//! `s_read.ready` and `m_read.valid` follow registers. What is offered stays until it is taken.
//!
//! # Latency
//! Two cycles, and one more for every busy tag in the way. One read every second cycle.
//!
//! # Invariant
//! The completions of all reads under way, each split as often as the host may split it, are never more than
//! [`COMPLETIONS`]. As none has more than 64 bytes, this bounds their bytes, too.
use super::tlp::{RequestHeader, RequestKind, COMPLETION_BOUNDARY, TAGS};
use crate::bundles::ReadRequest;
use stevedore_hdl::prelude::*;

/// Completions that the carrier's buffer holds for certain: with rows of 256 bits and one packet per row, the vendor
/// of the UltraScale+ block asks for fewer than 64 under way.
pub const COMPLETIONS: usize = 63;

/// What is kept of a read under way.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Entry {
    /// The engine's tag.
    pub tag: Bits<8>,
    /// Its first dword in the page.
    pub address: Bits<10>,
    /// Its dwords.
    pub dwords: Bits<11>,
    /// The most completions that may answer it.
    pub cost: Bits<7>,
}

/// A read, measured.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Measured {
    header: RequestHeader,
    entry: Entry,
}

#[derive(Record, Clone, Copy, Debug, PartialEq)]
struct State {
    /// The next tag, if it is free.
    tag: Bits<5>,
    credits: Bits<7>,
    /// The read that waits may go.
    ready: bool,
}

impl Default for State {
    /// The value after reset.
    fn default() -> Self {
        Self { tag: bits(0), credits: bits(COMPLETIONS as u64), ready: false }
    }
}

/// Issues reads; see the module's text.
#[derive(LogicBlock, Default)]
pub struct ReadIssue {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// Reads of the engine.
    pub s_read: Sink<ReadRequest>,
    /// Reads on the bus.
    pub m_read: Source<RequestHeader>,
    /// Tags that are not free.
    pub busy: Signal<In, Bits<32>>,
    /// The read leaves.
    pub issued: Signal<Out, bool>,
    /// With `issued`: its tag on the bus.
    pub issued_tag: Signal<Out, Bits<5>>,
    /// With `issued`: what is kept of it.
    pub entry: Signal<Out, Entry>,
    /// A read is over.
    pub returned: Signal<In, bool>,
    /// With `returned`: the completions that were set aside for it.
    pub returned_cost: Signal<In, Bits<7>>,
    state: Register<State>,
    front: PingPong<Measured>,
}

impl ReadIssue {
    /// For reads of at most `maximum_read` bytes.
    pub fn new(maximum_read: usize) -> Self {
        assert!(maximum_read / COMPLETION_BOUNDARY <= COMPLETIONS, "a read of {maximum_read} bytes never has room");
        Self { front: PingPong::single(), ..Self::default() }
    }
}

/// The read's header, and what is kept of it.
#[kernel_fn]
fn measured(read: ReadRequest) -> Measured {
    let offset = bit_cast::<13, 64>(read.address & 3);
    let dwords = bit_cast::<11, 13>((read.length + offset + 3) >> 2);
    let inside = bit_cast::<13, 64>(read.address & (COMPLETION_BOUNDARY as u64 - 1));
    let blocks = (inside + read.length + (COMPLETION_BOUNDARY as u64 - 1)) >> clog2(COMPLETION_BOUNDARY) as u64;
    // Bytes of the dword at each end; one dword has both ends.
    let all = bits::<4>(15);
    let behind = bit_cast::<2, 13>(bits::<13>(0) - read.length - offset);
    let first = all << bit_cast::<2, 64>(read.address);
    let last = all >> behind;
    let single = dwords == 1;
    Measured {
        header: RequestHeader {
            kind: RequestKind::Read,
            address: read.address & !bits::<64>(3),
            dwords,
            first_enables: mux(single, first & last, first),
            last_enables: mux(single, bits::<4>(0), last),
            tag: bits::<8>(0),
            relaxed: false,
        },
        entry: Entry {
            tag: read.tag,
            address: bit_cast::<10, 64>(read.address >> 2),
            dwords,
            cost: bit_cast::<7, 13>(blocks),
        },
    }
}

impl Logic for ReadIssue {
    #[kernel]
    fn update(&mut self) {
        setup!(self, state, front);
        let state = self.state.q.val();
        let mut next = state;
        self.front.s_in.valid.next = self.s_read.valid.val();
        self.front.s_in.bits.next = measured(self.s_read.bits.val());
        self.s_read.ready.next = self.front.s_in.ready.val();

        let waits = self.front.m_out.valid.val();
        let read = self.front.m_out.bits.val();
        let free = !self.busy.val().get_bit(state.tag.index());
        let leaves = state.ready && self.m_read.ready.val();
        self.m_read.valid.next = state.ready;
        self.m_read.bits.next = RequestHeader { tag: bit_cast::<8, 5>(state.tag), ..read.header };
        self.front.m_out.ready.next = leaves;
        self.issued.next = leaves;
        self.issued_tag.next = state.tag;
        self.entry.next = read.entry;

        // Decided a cycle before it is offered. A free tag stays free, and credits become more, until then.
        next.ready = waits && !leaves && free && state.credits >= read.entry.cost;
        if leaves || (waits && !free) {
            next.tag = (state.tag + 1) & (TAGS as u64 - 1);
        }
        let taken = mux(leaves, read.entry.cost, bits::<7>(0));
        let given = mux(self.returned.val(), self.returned_cost.val(), bits::<7>(0));
        next.credits = state.credits - taken + given;
        self.state.d.next = next;
    }
}
