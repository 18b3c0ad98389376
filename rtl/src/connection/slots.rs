//! The slots that are free, each with the generation its next life will carry.
//!
//! # Role
//! `Lookup` takes a slot from `m_slot` when it opens a connection and gives it back on `s_slot` when the connection is
//! gone.
//!
//! # Ports
//! `clock`, `reset`. `s_slot`: slots given back. `m_slot`: the slot free for the longest time. `level`: how many are
//! free. `ready`: every slot has entered the list since reset.
//!
//! # Handshake
//! `s_slot` is accepted as soon as `ready` is high: the list has a place for every slot.
//!
//! # Latency
//! That of a `FreeList`.
//!
//! # Invariant
//! Each slot except 0 is either in the list once or in use; slot 0 never enters. First in, first out: a slot rests as
//! long as possible before its next life, and so does its generation, which never is 0.
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
#[derive(LogicBlock, Default)]
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
    list: FreeList<FreeSlot>,
}

impl Slots {
    /// A list for the slots 1 to `connections` - 1.
    pub fn new(connections: usize) -> Self {
        assert!(connections.is_power_of_two() && (2..=1 << 15).contains(&connections));
        Self { list: FreeList::new(1, connections - 1), ..Self::default() }
    }
}

impl Logic for Slots {
    #[kernel]
    fn update(&mut self) {
        setup!(self, list);
        forward!(self.s_slot => self.list.s_free);
        forward!(self.list.m_free => self.m_slot);
        self.list.entry.next = FreeSlot { slot: self.list.number.val(), generation: bits::<16>(1) };
        self.level.next = self.list.level.val();
        self.ready.next = self.list.ready.val();
    }
}

/// Generation 0 is never given out: an id of 0 means "no connection".
#[kernel_fn]
pub fn next_generation(generation: Bits<16>) -> Bits<16> {
    let counted = generation + 1;
    mux(counted.any(), counted, bits::<16>(1))
}
