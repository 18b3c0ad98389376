//! The simulator for a host that is not the driver: accesses of registers without waiting, and the parts back.

use super::bus_memory::BusMemory;
use super::clock::Simulator;
use super::ports::EnginePorts;
use crate::peers::Peer;

impl<P: Peer, M: BusMemory> Simulator<P, M> {
    /// Posts a register write that the models do not hear of: a host that does not know what it does.
    pub fn write_blindly(&mut self, offset: u32, value: u32) {
        self.registers.write(offset, value);
    }

    /// Asks for a register; the cycles to come bring the [`answer`](Self::answer).
    pub fn ask(&mut self, offset: u32) {
        self.registers.read(offset);
    }

    /// The answer to what was asked, if it is there: a value, or none for a bus error.
    pub fn answer(&mut self) -> Option<Option<u32>> {
        self.registers.answer()
    }

    /// Every register access is done.
    pub fn is_idle(&self) -> bool {
        self.registers.is_idle()
    }

    /// What everything around the models was made of, to be connected anew: an engine that is reset without warning.
    pub fn into_parts(self) -> (Box<dyn EnginePorts>, P, M) {
        (self.engine, self.peer, self.memory)
    }
}
