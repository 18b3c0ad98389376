//! The slots that are free, each with the generation its next life will carry.
//!
//! **Role.** `Lookup` takes a slot from `m_slot` when it opens a connection and gives it back on `s_slot` when the connection is gone.
//!
//! **Ports.** `clock`, `reset`. `s_slot`: slots given back. `m_slot`: the slot free for the longest time. `level`: how many are free.
//! `ready`: every slot has entered the list since reset.
//!
//! **Handshake.** `s_slot` is accepted as soon as `ready` is high: the list has a place for every slot.
//!
//! **Latency.** After reset the list fills by one slot per cycle. Otherwise that of a `Fifo`.
//!
//! **Invariant.** Each slot except 0 is either in the list once or in use; slot 0 never enters. First in, first out: a slot rests as long
//! as possible before its next life, and so does its generation, which never is 0.
use stevedore_hdl::prelude::*;

/// A slot and the generation of its next life.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct FreeSlot {
    /// The slot.
    pub slot: Bits<16>,
    /// Its generation.
    pub generation: Bits<16>,
}

/// See the module's text.
#[derive(LogicBlock)]
pub struct Slots {
    /// The clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// Slots given back.
    pub s_slot: Sink<FreeSlot>,
    /// The slot free for the longest time.
    pub m_slot: Source<FreeSlot>,
    /// Slots in the list.
    pub level: Signal<Out, Bits<16>>,
    /// The list was filled.
    pub ready: Signal<Out, bool>,
    list: Fifo<FreeSlot>,
    filled: Register<Bits<16>>,
    full: Register<bool>,
    _connections: usize,
}

impl Slots {
    /// A list for the slots 1 to `connections` - 1.
    pub fn new(connections: usize) -> Self {
        assert!(connections.is_power_of_two() && (2..=1 << 16).contains(&connections));
        Self {
            clock: Default::default(),
            reset: Default::default(),
            s_slot: Default::default(),
            m_slot: Default::default(),
            level: Default::default(),
            ready: Default::default(),
            list: Fifo::new(connections),
            filled: Register::new(1.into()),
            full: Register::default(),
            _connections: connections,
        }
    }
}

impl Logic for Slots {
    #[kernel]
    fn update(&mut self) {
        setup!(self, list, filled, full);
        forward!(self.list.m_out => self.m_slot);
        self.level.next = self.list.level.val();
        let filled = self.filled.q.val();
        // The list takes nothing in the first cycle; from then on it always has a place for a slot that is not in it.
        let takes = self.list.s_in.ready.val();
        let ready = self.full.q.val();
        self.ready.next = ready;
        self.filled.d.next = if takes && !ready { filled + 1 } else { filled };
        self.full.d.next = ready || (takes && filled == bits::<16>(self._connections as u64 - 1));
        let first = FreeSlot { slot: filled, generation: bits::<16>(1) };
        self.list.s_in.bits.next = mux(ready, self.s_slot.bits.val(), first);
        self.list.s_in.valid.next = !ready || self.s_slot.valid.val();
        self.s_slot.ready.next = ready;
    }
}
