//! Reports: responses held back until the bytes they speak of were written.
//!
//! # Role
//! Last block of [`Placement`](super::Placement). Takes what the [`ReceiveChain`](super::ReceiveChain) has to say, waits for the DMA writer, and
//! sends responses to the response writer and finished teardowns to the reaper.
//!
//! ```text
//! s_report -> [ register, queue ] -> [ written? ] -> m_response | m_torn_down
//! written  -> [ byte counter ] --^
//! ```
//!
//! # Ports
//! See the fields.
//!
//! # Handshake
//! `m_response` and `m_torn_down` never offer at the same time; one waits for the other, in the order of `s_report`.
//!
//! # Latency
//! Three cycles from the last byte accepted, five from the report, to the response offered; one response per three cycles.
//!
//! # Invariant
//! Bytes are placed and written in one order, so a single count tells what was written: a report is due when the count has
//! reached the bytes ever placed before it. Both count modulo 2^32 and are never further apart than the data path holds.
use crate::bundles::codes::{response, END_OF_STREAM, HANDED_BACK};
use crate::bundles::*;
use stevedore_hdl::prelude::*;

/// What the receive chain reports. A finished teardown uses `status`, `cookie`, `response` and `free` as its ending.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Report {
    /// A teardown is finished; otherwise a response.
    pub torn_down: bool,
    /// The connection.
    pub slot: Bits<16>,
    /// Its generation.
    pub generation: Bits<16>,
    /// The buffer.
    pub base: Bits<64>,
    /// First byte reported.
    pub offset: Bits<32>,
    /// Bytes reported.
    pub length: Bits<32>,
    /// The buffer's cookie.
    pub cookie: Bits<32>,
    /// The buffer is the host's again.
    pub handed_back: bool,
    /// No byte follows.
    pub end_of_stream: bool,
    /// `abi::Status`.
    pub status: Bits<8>,
    /// `Ending::response`.
    pub response: Bits<5>,
    /// `Ending::free`.
    pub free: bool,
    /// Bytes ever placed before this report, modulo 2^32.
    pub target: Bits<32>,
}

#[derive(Encoding, Clone, Copy, Debug, PartialEq)]
enum Phase {
    /// Take a report from the queue.
    Take,
    /// Wait until its bytes were written.
    Wait,
    /// Offer it.
    Offer,
}

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct State {
    phase: Phase,
    /// Any phase but `Take`, once more: the report hangs on it.
    keeps: bool,
    /// Bytes of the beat just accepted.
    fresh: Bits<7>,
    /// Bytes ever written, modulo 2^32.
    written: Bits<32>,
}

/// The reports.
#[derive(LogicBlock)]
pub struct Reports {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// Reports, in order.
    pub s_report: Sink<Report>,
    /// Bytes of the beat on the memory port.
    pub count: Signal<In, Bits<7>>,
    /// It was accepted.
    pub accepted: Signal<In, bool>,
    /// Responses, owner false.
    pub m_response: Source<DescriptorFields>,
    /// Finished teardowns.
    pub m_torn_down: Source<TornDown>,
    state: Register<State>,
    inlet: SkidBuffer<Report>,
    queue: Fifo<Report>,
    report: Flop<Report>,
}

impl Reports {
    /// Reports with a queue of the given depth.
    pub fn new(depth: usize) -> Self {
        Reports {
            clock: Signal::default(),
            reset: Signal::default(),
            s_report: Sink::default(),
            count: Signal::default(),
            accepted: Signal::default(),
            m_response: Source::default(),
            m_torn_down: Source::default(),
            state: Register::default(),
            inlet: SkidBuffer::default(),
            queue: Fifo::new(depth),
            report: Flop::default(),
        }
    }
}

impl Logic for Reports {
    #[kernel]
    fn update(&mut self) {
        setup!(self, state, inlet, queue);
        clocks!(self, report);
        forward!(self.s_report => self.inlet.s_in);
        join!(self.inlet.m_out => self.queue.s_in);
        let state = self.state.q.val();
        let mut next = state;
        next.fresh = if self.accepted.val() { self.count.val() } else { bits::<7>(0) };
        next.written = state.written + resize::<32, 7>(state.fresh);

        let report = self.report.q.val();
        let ahead = state.written - report.target;
        let taken = if report.torn_down { self.m_torn_down.ready.val() } else { self.m_response.ready.val() };
        match state.phase {
            Phase::Take => {
                if self.queue.m_out.valid.val() {
                    next.keeps = true;
                    next.phase = Phase::Wait;
                }
            }
            Phase::Wait => {
                if !ahead.get_bit(31) {
                    next.phase = Phase::Offer;
                }
            }
            Phase::Offer => {
                if taken {
                    next.keeps = false;
                    next.phase = Phase::Take;
                }
            }
        }
        let takes = state.phase == Phase::Take;
        let offers = state.phase == Phase::Offer;
        self.state.d.next = next;
        self.queue.m_out.ready.next = takes;
        self.report.d.next = if state.keeps { report } else { self.queue.m_out.bits.val() };

        let connection = resize::<64, 16>(report.slot) | (resize::<64, 16>(report.generation) << 16);
        let handed_back = mux(report.handed_back, bits::<16>(HANDED_BACK), bits::<16>(0));
        let end_of_stream = mux(report.end_of_stream, bits::<16>(END_OF_STREAM), bits::<16>(0));
        self.m_response.bits.next = DescriptorFields {
            base: report.base,
            connection,
            length: report.length,
            offset: report.offset,
            cookie: report.cookie,
            flags: handed_back | end_of_stream,
            status: report.status,
            reserved: bits::<2>(0),
            kind: bits::<5>(response::BUFFER_RECEIVE),
            owner: false,
        };
        self.m_response.valid.next = offers && !report.torn_down;
        self.m_torn_down.bits.next = TornDown {
            slot: report.slot,
            generation: report.generation,
            ending: Ending {
                response: report.response,
                status: report.status,
                cookie: report.cookie,
                free: report.free,
            },
        };
        self.m_torn_down.valid.next = offers && report.torn_down;
    }
}
