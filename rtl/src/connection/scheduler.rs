//! Who may send next: a queue of slots that have something to send.
//!
//! # Role
//! The pipeline pushes a slot when an event leaves it with something to send; each slot that comes out is a turn: the
//! pipeline sends one segment and pushes the slot again if there is more. Turns thus go round robin, a segment each.
//!
//! # Ports
//! `clock`, `reset`. `push`, `push_slot`: a slot to queue. `again`, `again_slot`: a slot that takes the next turn if
//! nobody waits and nobody is pushed. `again_taken`: nobody waits, nobody is pushed, and a turn would be taken in this
//! cycle. This block drives `again_taken` whether or not `again` is high: the pipeline combines the two. `m_turn`: the
//! next slot.
//!
//! # Handshake
//! A push is always taken.
//!
//! # Latency
//! None while nobody waits and the turn is taken at once, one cycle while only the front is empty, three through the
//! memory; a turn that waited comes every other cycle at most.
//!
//! # Invariant
//! The bit `queued` of the record is set exactly while its slot is in here or its turn is under way, so no slot is in
//! here twice and a queue as deep as the table never overflows. No slot overtakes the one at the front. A slot takes
//! three cycles from the memory to the front; slots pushed in those cycles may overtake it.
use stevedore_hdl::prelude::*;

/// See the module.
#[derive(LogicBlock, Default)]
pub struct Scheduler {
    /// Rising edge.
    pub clock: Signal<In, Clock>,
    /// Synchronous.
    pub reset: Signal<In, bool>,
    /// Queue `push_slot`.
    pub push: Signal<In, bool>,
    /// The slot to queue.
    pub push_slot: Signal<In, Bits<16>>,
    /// `again_slot` may have the next turn if nobody else wants it.
    pub again: Signal<In, bool>,
    /// Whose it would be.
    pub again_slot: Signal<In, Bits<16>>,
    /// An early turn is granted if `again` asks for one.
    pub again_taken: Signal<Out, bool>,
    /// The next turn.
    pub m_turn: Source<Bits<16>>,
    queue: Fifo<Bits<16>>,
    /// The front, loaded in each cycle while it is empty.
    waits: Register<bool>,
    front: Flop<Bits<16>>,
    /// Nothing is in the queue.
    empty: Register<bool>,
}

impl Scheduler {
    /// A queue for `connections` slots.
    pub fn new(connections: usize) -> Self {
        Self { queue: Fifo::new(connections), ..Self::default() }
    }
}

impl Logic for Scheduler {
    #[kernel]
    fn update(&mut self) {
        setup!(self, queue, waits, empty);
        clocks!(self, front);
        let waits = self.waits.q.val();
        let front = self.front.q.val();
        let empty = self.empty.q.val();
        let push = self.push.val();
        let slot = self.push_slot.val();
        let taken = self.m_turn.ready.val();
        let alone = !waits && !push && empty;
        self.again_taken.next = alone && taken;
        self.m_turn.valid.next = waits || push || (alone && self.again.val());
        self.m_turn.bits.next = mux(waits, front, mux(push, slot, self.again_slot.val()));

        // A push that is not taken at once goes to the front if that is free and not the queue's.
        let stored = push && (waits || (!taken && !empty));
        self.queue.s_in.valid.next = stored;
        self.queue.s_in.bits.next = slot;
        self.queue.m_out.ready.next = !waits && !empty;
        self.empty.d.next = !self.queue.level.val().any() && !stored;
        self.front.d.next = mux(waits, front, mux(empty, slot, self.queue.m_out.bits.val()));
        let comes = mux(empty, push && !taken, self.queue.m_out.valid.val());
        self.waits.d.next = mux(waits, !taken, comes);
    }
}
