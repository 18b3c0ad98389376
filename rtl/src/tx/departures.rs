//! Holds back that a chain is said to be torn down until the connection's last segment knows where it goes.
//!
//! **Role.** Behind the send chain: what it says of a finished teardown goes to the reaper, and then the slot may belong to somebody else, whose addresses
//! replace the old ones in the header builder's table. Segments of the dead connection may still stand in the queue in front of that table;
//! so the report waits for every segment that was queued before it.
//!
//! **Ports.** `granted`: a segment enters the queue in this cycle. `addressed`: a segment has its addresses in this cycle. `s_torn_down`: reports of the
//! send chain. `m_torn_down`: the same, in order, later.
//!
//! **Handshake.** `s_torn_down` is ready while fewer than `WAITING` reports wait; then the chain waits with them.
//!
//! **Latency.** Three cycles if no segment waits; a report every second cycle.
//!
//! **Invariant.** Segments are addressed in the order in which they are granted, and there are never more than 2^15 between.
use crate::bundles::TornDown;
use stevedore_hdl::prelude::*;

/// Reports that may wait: those of the connections that can end while a segment buffer is sent.
const WAITING: usize = 16;

/// A report, and how many segments had been granted by then.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Departure {
    torn_down: TornDown,
    granted: Bits<16>,
}

/// See the module.
#[derive(LogicBlock)]
pub struct Departures {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// A segment is queued.
    pub granted: Signal<In, bool>,
    /// A segment has its addresses.
    pub addressed: Signal<In, bool>,
    /// Finished teardowns.
    pub s_torn_down: Sink<TornDown>,
    /// Those whose segments are all addressed.
    pub m_torn_down: Source<TornDown>,
    granted_count: Register<Bits<16>>,
    addressed_count: Register<Bits<16>>,
    waiting: Fifo<Departure>,
    outlet: PingPong<TornDown>,
}

impl Default for Departures {
    fn default() -> Self {
        Departures {
            clock: Signal::default(),
            reset: Signal::default(),
            granted: Signal::default(),
            addressed: Signal::default(),
            s_torn_down: Sink::default(),
            m_torn_down: Source::default(),
            granted_count: Register::default(),
            addressed_count: Register::default(),
            waiting: Fifo::new(WAITING),
            outlet: PingPong::single(),
        }
    }
}

impl Logic for Departures {
    #[kernel]
    fn update(&mut self) {
        setup!(self, granted_count, addressed_count, waiting, outlet);
        forward!(self.outlet.m_out => self.m_torn_down);
        let granted = self.granted_count.q.val();
        let addressed = self.addressed_count.q.val();
        self.granted_count.d.next = granted + self.granted.val();
        self.addressed_count.d.next = addressed + self.addressed.val();

        self.waiting.s_in.valid.next = self.s_torn_down.valid.val();
        self.waiting.s_in.bits.next = Departure { torn_down: self.s_torn_down.bits.val(), granted };
        self.s_torn_down.ready.next = self.waiting.s_in.ready.val();

        let first = self.waiting.m_out.bits.val();
        let gone = !(addressed - first.granted).get_bit(15);
        self.outlet.s_in.valid.next = self.waiting.m_out.valid.val() && gone;
        self.outlet.s_in.bits.next = first.torn_down;
        self.waiting.m_out.ready.next = gone && self.outlet.s_in.ready.val();
    }
}
