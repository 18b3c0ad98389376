//! TCP: every event that can change a connection goes in, commands for the byte paths come out; words to the host are
//! among those of the receive side.
//!
//! # Role
//! Puts the arbiter, the pipeline, the scheduler and the timers together, with a queue behind each kind of output.
//! Neighbours: the lookup (segments, openings), the dispatcher (requests), the send chain, placement.
//!
//! ```text
//!  s_segment ──┐                       ┌── m_send
//!  s_host ─────┤ arbiter ── pipeline ──┴── m_receive
//!  scheduler ──┤              │
//!  timers ─────┘              └── pushes to the scheduler
//! ```
//!
//! # Ports
//! `clock`, `reset`. `s_segment`: segments, one ReceiveCommand Place or Discard each, in order. `s_host`: Connect,
//! Listen, posts, Terminate. `settings`: the host may write them at any time, and the pipeline uses new values one
//! cycle later. `now`: microseconds. `m_send`, `m_receive`: the outputs. `pulses`: for the statistics.
//!
//! # Handshake
//! Channels. An event is taken only when both output queues have room for everything under way, so a blocked output
//! stops the inlets, never the middle. Turns to send wait already when a quarter of the send queue is full: otherwise
//! segments to send would fill it whenever the wire is slower than the pipeline, and arriving segments would wait with
//! them. `m_send` gives a command every second cycle at most at W = 64: the send chain needs longer, and looks closely
//! before it takes one.
//!
//! # Latency
//! Eight cycles from a source to an output of an idle block. One event per cycle; one per four cycles of one
//! connection. After reset the table is erased first, a cycle per slot; sources wait.
//!
//! # Invariant
//! One event, one record, at most one command each way: what a command says is true when it is carried out, because the
//! chains carry commands out in the order in which the pipeline wrote the record.
use super::arbiter::Arbiter;
use super::clock::PipelineClock;
use super::pipeline::Pipeline;
use super::scheduler::Scheduler;
use super::timers::Timers;
use crate::bundles::{Event, ReceiveCommand, ReceiveKind, SendCommand, TcpPulses, TcpSettings};
use crate::geometry::Geometry;
use crate::stream::Queue;
use stevedore_hdl::prelude::*;

/// Events that may still come after the room in the queues was judged: six stages, the one let in, and the cycle of
/// judging.
const UNDER_WAY: usize = 8;

/// See the module.
#[derive(LogicBlock, Default)]
pub struct Tcp {
    /// Rising edge.
    pub clock: Signal<In, Clock>,
    /// Synchronous.
    pub reset: Signal<In, bool>,
    /// Segments.
    pub s_segment: Sink<Event>,
    /// Requests of the host.
    pub s_host: Sink<Event>,
    /// Settings.
    pub settings: Signal<In, TcpSettings>,
    /// Microseconds.
    pub now: Signal<In, Bits<32>>,
    /// Commands for the send chain.
    pub m_send: Source<SendCommand>,
    /// Commands for placement.
    pub m_receive: Source<ReceiveCommand>,
    /// For the statistics.
    pub pulses: Signal<Out, TcpPulses>,
    arbiter: Arbiter,
    pipeline: Pipeline,
    scheduler: Scheduler,
    timers: Timers,
    time: PipelineClock,
    send: Queue<SendCommand>,
    receive: Queue<ReceiveCommand>,
    issued: Register<Bits<16>>,
    room: Register<bool>,
    send_room: Register<bool>,
    _limit: usize,
    _send_limit: usize,
}

impl Tcp {
    /// The pipeline of an engine of this geometry.
    pub fn new(geometry: &Geometry) -> Self {
        assert!(geometry.queue >= 2 * UNDER_WAY, "queues shorter than the pipeline");
        Self {
            arbiter: Arbiter::new(geometry.connections),
            pipeline: Pipeline::new(geometry.connections),
            scheduler: Scheduler::new(geometry.connections),
            timers: Timers::new(geometry.connections),
            // A wide engine has fewer cycles for a segment than its commands would take.
            send: if geometry.width > 64 { Queue::new(geometry.queue) } else { Queue::calm(geometry.queue) },
            receive: Queue::new(geometry.queue),
            _limit: geometry.queue - UNDER_WAY,
            _send_limit: geometry.queue / 4,
            ..Self::default()
        }
    }
}

impl Logic for Tcp {
    #[kernel]
    fn update(&mut self) {
        setup!(self, arbiter, pipeline, scheduler, timers, time, send, receive, issued, room, send_room);
        forward!(self.s_segment => self.arbiter.s_segment);
        forward!(self.s_host => self.arbiter.s_host);
        join!(self.scheduler.m_turn => self.arbiter.s_turn);
        join!(self.timers.m_tick => self.arbiter.s_tick);
        self.arbiter.measure.next = self.pipeline.measured.val();
        self.arbiter.judge.next = self.pipeline.judged.val();
        self.arbiter.room.next = self.room.q.val();
        self.arbiter.send_room.next = self.send_room.q.val();
        self.pipeline.row.next = self.arbiter.row.val();
        self.pipeline.load_valid.next = self.arbiter.load_valid.val();
        self.pipeline.load.next = self.arbiter.load.val();
        self.pipeline.settings.next = self.settings.val();
        self.time.now.next = self.now.val();
        self.time.scanned.next = self.timers.scanned.val();
        self.pipeline.now.next = self.time.time.val();
        self.pipeline.turn_comes.next = self.arbiter.turn_comes.val();
        self.pipeline.again_taken.next = self.scheduler.again_taken.val();
        self.scheduler.again.next = self.pipeline.again.val();
        self.scheduler.again_slot.next = self.pipeline.again_slot.val();

        let valid = self.pipeline.outcome_valid.val();
        let outcome = self.pipeline.outcome.val();
        self.send.s_in.valid.next = valid && outcome.send_valid;
        // What an event sends never acknowledges what the same event places: the placements before it are enough.
        let issued = self.issued.q.val();
        self.send.s_in.bits.next = SendCommand { fence: issued, ..outcome.send };
        let places = outcome.receive.kind == ReceiveKind::Place && outcome.receive.length.any();
        self.issued.d.next = issued + (valid && outcome.receive_valid && places);
        self.receive.s_in.valid.next = valid && outcome.receive_valid;
        self.receive.s_in.bits.next = outcome.receive;
        self.scheduler.push.next = self.pipeline.push.val();
        self.scheduler.push_slot.next = self.pipeline.push_slot.val();
        forward!(self.send.m_out => self.m_send);
        forward!(self.receive.m_out => self.m_receive);

        let limit = bits::<16>(self._limit as u64);
        let sends = self.send.level.val();
        self.room.d.next = sends < limit && self.receive.level.val() < limit;
        self.send_room.d.next = sends < bits::<16>(self._send_limit as u64);
        self.pulses.next = self.pipeline.pulses.val();
    }
}
