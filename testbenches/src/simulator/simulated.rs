//! What benches need of a transport with a simulation behind it, whichever way it takes to the engine.

use super::clock::Simulator;
use super::counters::Counters;
use super::linked::LinkedSimulator;
use super::memory::Traffic;
use crate::peers::Peer;
use stevedore_driver::Transport;

/// A transport with a simulation behind it.
pub trait Simulated: Transport {
    /// Who is at the far end of the wire.
    type Peer: Peer;

    /// The peer.
    fn peer(&self) -> &Self::Peer;

    /// The peer, to be asked for something: [`Simulated::wake_peer`] follows.
    fn peer_mut(&mut self) -> &mut Self::Peer;

    /// Lets the peer work at the next cycle.
    fn wake_peer(&mut self);

    /// Cycles so far.
    fn now(&self) -> u64;

    /// Many cycles, in which the host does nothing.
    fn cycles(&mut self, count: u64);

    /// The counts so far.
    fn counters(&self) -> Counters;

    /// Buffers that the engine may use.
    fn payload_grants(&self) -> usize;
}

impl<P: Peer> Simulated for Simulator<P> {
    type Peer = P;

    fn peer(&self) -> &P {
        &self.peer
    }

    fn peer_mut(&mut self) -> &mut P {
        &mut self.peer
    }

    fn wake_peer(&mut self) {
        Simulator::wake_peer(self);
    }

    fn now(&self) -> u64 {
        Simulator::now(self)
    }

    fn cycles(&mut self, count: u64) {
        Simulator::cycles(self, count);
    }

    fn counters(&self) -> Counters {
        Simulator::counters(self)
    }

    fn payload_grants(&self) -> usize {
        self.memory.payload_grants()
    }
}

impl<P: Peer> Simulated for LinkedSimulator<P> {
    type Peer = P;

    fn peer(&self) -> &P {
        &self.interface().simulator.peer.peer
    }

    fn peer_mut(&mut self) -> &mut P {
        &mut self.interface_mut().simulator.peer.peer
    }

    fn wake_peer(&mut self) {
        self.interface_mut().simulator.wake_peer();
    }

    fn now(&self) -> u64 {
        self.interface().simulator.now()
    }

    fn cycles(&mut self, count: u64) {
        self.interface_mut().simulator.cycles(count);
    }

    /// The bus is the link: what crosses it is counted where host memory is.
    fn counters(&self) -> Counters {
        let moved = self.moved();
        let traffic = Traffic {
            payload_read: moved.payload_read,
            payload_written: moved.payload_written,
            table_read: moved.table_read,
            table_written: moved.table_written,
            ..Traffic::default()
        };
        Counters { traffic, ..self.interface().simulator.counters() }
    }

    fn payload_grants(&self) -> usize {
        LinkedSimulator::payload_grants(self)
    }
}

/// A borrowed one: when the device on it is dropped, another can be opened.
impl<T: Simulated> Simulated for &mut T {
    type Peer = T::Peer;

    fn peer(&self) -> &T::Peer {
        T::peer(self)
    }

    fn peer_mut(&mut self) -> &mut T::Peer {
        T::peer_mut(self)
    }

    fn wake_peer(&mut self) {
        T::wake_peer(self);
    }

    fn now(&self) -> u64 {
        T::now(self)
    }

    fn cycles(&mut self, count: u64) {
        T::cycles(self, count);
    }

    fn counters(&self) -> Counters {
        T::counters(self)
    }

    fn payload_grants(&self) -> usize {
        T::payload_grants(self)
    }
}
