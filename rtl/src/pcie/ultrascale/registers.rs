//! Registers: reads the host's accesses off the completer request pins (CQ), and brings our answers to the completer
//! completion pins (CC).
//!
//! # Role
//! Says which accesses the adapter supports: reads and writes of one dword in BAR 0. The rest of longer packets is
//! thrown away.
//!
//! # Ports
//! - `s_pins`: `PinBeat`: the host's packets. `m_register`: `RegisterRequest`: one for each.
//! - `s_answer`: `RegisterCompletion`: the answers. `m_pins`: `PinBeat`: the same for the block.
//! - `grant`: the block may hand over one more request that waits for an answer.
//!
//! # Handshake
//! All `ready` inputs come from registers. The block holds requests back that wait for an answer, until they are
//! granted, and lets writes pass them.
//!
//! # Latency
//! Two cycles each way. One request or answer per cycle.
//!
//! # Invariant
//! No more requests that wait for an answer are granted than the adapter holds: none stands in the way of a write.
use super::pins::{PinBeat, ANSWER_USER, REGISTER_USER};
use crate::pcie::register_reads::READS;
use crate::pcie::tlp::{Origin, RegisterCompletion, RegisterRequest};
use stevedore_hdl::prelude::*;

/// Types of requests (PG213, "Completer Request Descriptor Formats"): a read of memory.
const MEMORY_READ: u64 = 0;
/// A write of memory.
const MEMORY_WRITE: u64 = 1;
/// From here on: messages.
const MESSAGES: u64 = 8;
/// Status of a completion: unsupported request.
const UNSUPPORTED: u64 = 1;

#[derive(Record, Clone, Copy, Debug, PartialEq)]
struct State {
    inside: bool,
    /// Grants that the block has not been told of.
    grants: Bits<3>,
}

impl Default for State {
    /// The value after reset.
    fn default() -> Self {
        Self { inside: false, grants: bits(READS as u64) }
    }
}

/// Takes accesses and gives answers; see the module's text.
#[derive(LogicBlock, Default)]
pub struct Registers {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// The host's packets.
    pub s_pins: Sink<PinBeat<REGISTER_USER>>,
    /// What they ask for.
    pub m_register: Source<RegisterRequest>,
    /// Answers.
    pub s_answer: Sink<RegisterCompletion>,
    /// The same for the block.
    pub m_pins: Source<PinBeat<ANSWER_USER>>,
    /// One more request may wait for an answer.
    pub grant: Signal<Out, bool>,
    state: Register<State>,
    front: SkidBuffer<PinBeat<REGISTER_USER>>,
    request: SkidBuffer<RegisterRequest>,
    out: SkidBuffer<PinBeat<ANSWER_USER>>,
}

/// Lanes below the first one of `enables`, 0 if there is none.
#[kernel_fn]
fn below(enables: Bits<4>) -> Bits<2> {
    let upper = mux(enables.get_bit(2), bits::<2>(2), bits::<2>(3));
    let lower = mux(enables.get_bit(0), bits::<2>(0), bits::<2>(1));
    let low = enables.get_bit(0) || enables.get_bit(1) || !enables.any();
    mux(low, mux(enables.any(), lower, bits::<2>(0)), upper)
}

/// What the first beat of the host's packet asks for.
#[kernel_fn]
fn request_of(beat: PinBeat<REGISTER_USER>) -> RegisterRequest {
    let data = beat.data;
    let kind = bits_at::<4, 256>(data, 75);
    let dwords = bits_at::<11, 256>(data, 64);
    let first = bits_at::<4, REGISTER_USER>(beat.user, 0);
    let last = bits_at::<4, REGISTER_USER>(beat.user, 4);
    let memory = kind == MEMORY_READ || kind == MEMORY_WRITE;
    let single = dwords == 1 && !last.any();
    let bar = bits_at::<3, 256>(data, 112);
    // Bytes that are not asked for at either end: PCI Express Base Specification, "Byte Count" of completions. A read
    // of no byte counts as one.
    let end = mux(last.any(), last, first);
    let above = below(reverse_bits::<4>(end));
    let least = bit_cast::<13, 11>(dwords) << 2;
    let none = single && !first.any();
    let count = least - bit_cast::<13, 2>(below(first)) - bit_cast::<13, 2>(above);
    let whole = kind == MEMORY_READ;
    RegisterRequest {
        answered: kind != MEMORY_WRITE && kind < MESSAGES,
        supported: memory && single && bar == 0,
        address: bits_at::<14, 256>(data, 0) & !bits::<14>(3),
        data: bits_at::<32, 256>(data, 128),
        enables: first,
        origin: Origin {
            requester: bits_at::<16, 256>(data, 80),
            tag: bits_at::<8, 256>(data, 96),
            class: bits_at::<3, 256>(data, 121),
            attributes: bits_at::<3, 256>(data, 124),
            byte_count: mux(none, bits::<13>(1), mux(whole, count, bits::<13>(4))),
            lower_address: mux(
                whole,
                (bits_at::<7, 256>(data, 0) & !bits::<7>(3)) | bit_cast::<7, 2>(below(first)),
                bits::<7>(0),
            ),
        },
    }
}

/// The answer as the block wants it: PG213, "Completer Completion Descriptor Format".
#[kernel_fn]
fn beat_of(answer: RegisterCompletion) -> PinBeat<ANSWER_USER> {
    let origin = answer.origin;
    let supported = answer.supported;
    let mut data = bit_cast::<256, 7>(origin.lower_address);
    data = set_bits::<256, 13>(data, 16, origin.byte_count);
    data = set_bits::<256, 11>(data, 32, bit_cast::<11, 1>(from_bool(supported)));
    data = set_bits::<256, 3>(data, 43, mux(supported, bits::<3>(0), bits::<3>(UNSUPPORTED)));
    data = set_bits::<256, 16>(data, 48, origin.requester);
    data = set_bits::<256, 8>(data, 64, origin.tag);
    data = set_bits::<256, 3>(data, 89, origin.class);
    data = set_bits::<256, 3>(data, 92, origin.attributes);
    data = set_bits::<256, 32>(data, 96, answer.data);
    PinBeat::<ANSWER_USER> {
        data,
        keep: mux(supported, bits::<8>(15), bits::<8>(7)),
        last: true,
        user: bits::<ANSWER_USER>(0),
    }
}

impl Logic for Registers {
    #[kernel]
    fn update(&mut self) {
        setup!(self, state, front, request, out);
        forward!(self.s_pins => self.front.s_in);
        forward!(self.request.m_out => self.m_register);
        forward!(self.out.m_out => self.m_pins);
        let state = self.state.q.val();
        let mut next = state;
        let beat = self.front.m_out.bits.val();
        let comes = self.front.m_out.valid.val();
        let go = state.inside || self.request.s_in.ready.val();
        self.front.m_out.ready.next = go;
        self.request.s_in.valid.next = comes && !state.inside;
        self.request.s_in.bits.next = request_of(beat);
        if comes && go {
            next.inside = !beat.last;
        }

        self.out.s_in.valid.next = self.s_answer.valid.val();
        self.out.s_in.bits.next = beat_of(self.s_answer.bits.val());
        self.s_answer.ready.next = self.out.s_in.ready.val();
        let answers = self.s_answer.valid.val() && self.out.s_in.ready.val();
        let grants = state.grants.any();
        self.grant.next = grants;
        next.grants = state.grants + answers - bit_cast::<3, 1>(from_bool(grants));
        self.state.d.next = next;
    }
}
