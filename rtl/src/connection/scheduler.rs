//! Who may send next: a queue of slots that have something to send.
//!
//! **Role.** The pipeline pushes a slot when an event leaves it with something to send; each slot that comes out is a turn: the pipeline
//! sends one segment and pushes the slot again if there is more. Turns thus go round robin, a segment each.
//!
//! **Ports.** `clock`, `reset`. `push`, `push_slot`: a slot to queue. `m_turn`: the next slot.
//!
//! **Handshake.** A push is always taken. **Latency.** None while nobody waits at the front of the queue and the turn is taken at once; otherwise
//! that of the queue.
//!
//! **Invariant.** The bit `queued` of the record is set exactly while its slot is in here or its turn is under way, so no slot is in here
//! twice and a queue as deep as the table never overflows.
use crate::stream::QuickQueue;
use stevedore_hdl::prelude::*;

/// See the module.
#[derive(LogicBlock)]
pub struct Scheduler {
    /// Rising edge.
    pub clock: Signal<In, Clock>,
    /// Synchronous.
    pub reset: Signal<In, bool>,
    /// Queue `push_slot`.
    pub push: Signal<In, bool>,
    /// The slot to queue.
    pub push_slot: Signal<In, Bits<16>>,
    /// The next turn.
    pub m_turn: Source<Bits<16>>,
    queue: QuickQueue<Bits<16>>,
}

impl Scheduler {
    /// A queue for `connections` slots.
    pub fn new(connections: usize) -> Self {
        Scheduler {
            clock: Signal::default(),
            reset: Signal::default(),
            push: Signal::default(),
            push_slot: Signal::default(),
            m_turn: Source::default(),
            queue: QuickQueue::new(connections),
        }
    }
}

impl Logic for Scheduler {
    #[kernel]
    fn update(&mut self) {
        setup!(self, queue);
        let waiting = self.queue.m_out.valid.val();
        let taken = self.m_turn.ready.val();
        self.m_turn.valid.next = waiting || self.push.val();
        self.m_turn.bits.next = mux(waiting, self.queue.m_out.bits.val(), self.push_slot.val());
        self.queue.m_out.ready.next = taken;
        self.queue.s_in.valid.next = self.push.val() && (waiting || !taken);
        self.queue.s_in.bits.next = self.push_slot.val();
    }
}
