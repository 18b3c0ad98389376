//! Waits until both chains have given back the buffers of a dying connection, then tells the host and frees the slot.
//!
//! # Role
//! The chains of `tx` and `rx` report `TornDown`, in any order; `Lookup` gets the slot back on `m_free`, the notifier
//! the last response about the connection on `m_notice`.
//!
//! # Ports
//! `clock`, `reset`. `s_send`, `s_receive`: reports of the chains. `m_notice`: the response the ending asks for.
//! `m_free`: the slot.
//!
//! # Handshake
//! A report is taken when it is noted or acted upon; the answer is a register. A second report of one chain about a
//! slot waits until the first is answered by the other chain.
//!
//! # Latency
//! A report takes six cycles, a completed pair one more for the notice and one for the slot. Not ready after reset for
//! as many cycles as there are slots.
//!
//! # Invariant
//! The notice is accepted before the slot is freed: the termination response of a connection comes before any response
//! of the next one in its slot.
use crate::bundles::*;
use crate::geometry::Geometry;
use stevedore_hdl::prelude::*;

/// Which chains have reported on a slot; never both.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Reported {
    send: bool,
    receive: bool,
}

#[derive(Encoding, Clone, Copy, Debug, PartialEq)]
enum Phase {
    #[default]
    Choose,
    Take,
    Read,
    Load,
    Act,
    Answer,
    Notify,
    Free,
}

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct State {
    phase: Phase,
    /// The report in hand comes from the receive chain.
    receive: bool,
    /// The send chain's report is taken in this cycle. A whole queue hangs on this answer, so the answer is a register.
    takes_send: bool,
    /// The receive chain's report is taken in this cycle.
    takes_receive: bool,
    /// The other chain has reported, too.
    pair: bool,
}

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Work {
    report: TornDown,
    reported: Reported,
}

/// See the module's text.
#[derive(LogicBlock, Default)]
pub struct Reaper {
    /// The clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// Reports of the send chain.
    pub s_send: Sink<TornDown>,
    /// Reports of the receive chain.
    pub s_receive: Sink<TornDown>,
    /// The response the ending asks for.
    pub m_notice: Source<Notice>,
    /// The slot to be freed.
    pub m_free: Source<Bits<16>>,
    state: Register<State>,
    work: Flop<Work>,
    memory: ClearedRam<Reported>,
}

impl Reaper {
    /// For the geometry's `connections`.
    pub fn new(geometry: &Geometry) -> Self {
        Self {
            // Read in `Read` only, written in `Act` only.
            memory: ClearedRam::new(geometry.connections).no_rw_check(),
            ..Self::default()
        }
    }
}

impl Logic for Reaper {
    #[kernel]
    fn update(&mut self) {
        setup!(self, state, memory);
        clocks!(self, work);
        let s = self.state.q.val();
        let mut n = s;
        n.takes_send = false;
        n.takes_receive = false;
        let w = self.work.q.val();
        let mut m = w;
        let ending = w.report.ending;
        let mine = mux(s.receive, w.reported.receive, w.reported.send);
        let other = mux(s.receive, w.reported.send, w.reported.receive);
        match s.phase {
            Phase::Choose => {
                // In turn: a report that has to wait must let the other chain catch up.
                n.receive = mux(s.receive, !self.s_send.valid.val(), self.s_receive.valid.val());
                if self.memory.ready.val() && (self.s_send.valid.val() || self.s_receive.valid.val()) {
                    n.phase = Phase::Take;
                }
            }
            Phase::Take => {
                m.report = mux(s.receive, self.s_receive.bits.val(), self.s_send.bits.val());
                n.phase = Phase::Read;
            }
            Phase::Read => n.phase = Phase::Load,
            Phase::Load => {
                m.reported = self.memory.read_data.val();
                n.phase = Phase::Act;
            }
            Phase::Act => {
                let takes = other || !mine;
                n.takes_send = takes && !s.receive;
                n.takes_receive = takes && s.receive;
                n.pair = other;
                n.phase = Phase::Answer;
            }
            Phase::Answer => {
                n.phase = if !s.pair {
                    Phase::Choose
                } else if ending.response.any() {
                    Phase::Notify
                } else if ending.free {
                    Phase::Free
                } else {
                    Phase::Choose
                };
            }
            Phase::Notify => {
                if self.m_notice.ready.val() {
                    n.phase = if ending.free { Phase::Free } else { Phase::Choose };
                }
            }
            Phase::Free => {
                if self.m_free.ready.val() {
                    n.phase = Phase::Choose;
                }
            }
        }
        self.state.d.next = n;
        self.work.d.next = m;

        let act = s.phase == Phase::Act;
        let address = w.report.slot;
        self.memory.read_address.next = address;
        self.memory.write_enable.next = act;
        self.memory.write_address.next = address;
        let waits = act && !other;
        self.memory.write_data.next = Reported { send: waits && !s.receive, receive: waits && s.receive };
        self.s_send.ready.next = s.takes_send;
        self.s_receive.ready.next = s.takes_receive;
        self.m_notice.valid.next = s.phase == Phase::Notify;
        self.m_notice.bits.next = Notice {
            response: ending.response,
            status: ending.status,
            slot: w.report.slot,
            generation: w.report.generation,
            cookie: ending.cookie,
            ..Notice::default()
        };
        self.m_free.valid.next = s.phase == Phase::Free;
        self.m_free.bits.next = w.report.slot;
    }
}
