//! Resets for segments that belong to no connection (RFC 9293 3.10.7.1).
//!
//! # Role
//! `Lookup` hands over the segments it found nobody for; the transmitter sends the answers.
//!
//! # Ports
//! `clock`, `reset`. `s_segment`: a segment without a connection, never one with RST. `m_reset`: the answer.
//!
//! # Handshake
//! `s_segment.ready` is a register: one segment is held until its answer is taken.
//!
//! # Latency
//! Three cycles from segment to answer; four between segments.
//!
//! # Invariant
//! One answer per segment, in order.
use super::lookup_front::Job;
use crate::bundles::ResetOut;
use stevedore_hdl::prelude::*;

#[derive(Encoding, Clone, Copy, Debug, PartialEq)]
enum Phase {
    #[default]
    Idle,
    /// SEG.LEN is summed.
    Length,
    /// SEG.SEQ + SEG.LEN is summed.
    Reach,
    Offer,
}

#[derive(Record, Clone, Copy, Debug, PartialEq)]
struct State {
    phase: Phase,
    idle: bool,
}

impl Default for State {
    /// The value after reset.
    fn default() -> Self {
        Self { phase: Phase::Idle, idle: true }
    }
}

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Work {
    answer: ResetOut,
    sequence: Bits<32>,
    length: Bits<16>,
    /// SYN and FIN take a sequence number each.
    syn: bool,
    fin: bool,
}

/// See the module's text.
#[derive(LogicBlock, Default)]
pub struct ResetReplies {
    /// The clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// Segments without a connection.
    pub s_segment: Sink<Job>,
    /// Their answers.
    pub m_reset: Source<ResetOut>,
    state: Register<State>,
    work: Flop<Work>,
}

impl Logic for ResetReplies {
    #[kernel]
    fn update(&mut self) {
        setup!(self, state);
        clocks!(self, work);
        let state = self.state.q.val();
        let mut next = state;
        let work = self.work.q.val();
        let mut worked = work;
        match state.phase {
            Phase::Idle => {
                let segment = self.s_segment.bits.val();
                worked = Work {
                    answer: ResetOut {
                        tuple: segment.tuple,
                        remote_mac: segment.remote_mac,
                        sequence: segment.acknowledgement,
                        acknowledgement: bits::<32>(0),
                        ack: !segment.control.ack,
                    },
                    sequence: segment.sequence,
                    length: segment.payload_length,
                    syn: segment.control.syn,
                    fin: segment.control.fin,
                };
                if self.s_segment.valid.val() {
                    next.phase = Phase::Length;
                }
            }
            Phase::Length => {
                worked.length = work.length + work.syn + work.fin;
                if work.answer.ack {
                    worked.answer.sequence = bits::<32>(0);
                }
                next.phase = Phase::Reach;
            }
            Phase::Reach => {
                worked.answer.acknowledgement = work.sequence + resize::<32, 16>(work.length);
                next.phase = Phase::Offer;
            }
            Phase::Offer => {
                if self.m_reset.ready.val() {
                    next.phase = Phase::Idle;
                }
            }
        }
        next.idle = next.phase == Phase::Idle;
        self.state.d.next = next;
        self.work.d.next = worked;
        self.s_segment.ready.next = state.idle;
        self.m_reset.valid.next = state.phase == Phase::Offer;
        self.m_reset.bits.next = work.answer;
    }
}
