//! Takes the link's frames out of those from the wire.
//!
//! # Role
//! First behind the MAC: frames of the link's EtherType go to the link's store, all others to the engine.
//!
//! # Ports
//! - `s_frame`: `Beat<64>`: frames from the wire. `m_engine`: `Beat<64>`: those that are not the link's, unchanged.
//!   `m_link`: `Beat<64>`: those that are.
//! - `lost`: a pulse for each frame of the link that the store did not take.
//!
//! # Handshake
//! The wire does not wait: `s_frame.ready` is always 1, and so must be `m_engine.ready`. `m_link` is no ordinary
//! channel: a beat that is not taken is gone. The rest of its frame is not offered, and what the store has of it is
//! ended with a damaged beat, which stays until it is taken; frames that begin meanwhile are lost, too.
//!
//! # Latency
//! A beat leaves with the next one, and the last beat of a frame one cycle after it came.
//!
//! # Invariant
//! The type lies in the second beat, so one beat is held back. Every frame of which `m_link` has given a beat is ended.
use super::record::ETHER_TYPE;
use crate::bundles::Beat;
use stevedore_hdl::prelude::*;

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct State {
    /// A beat is held back.
    held: bool,
    /// It is the second or a later one of its frame.
    inside: bool,
    /// Its frame is the link's.
    link: bool,
    /// The rest of its frame is not offered.
    broken: bool,
    /// The store waits for the end of a broken frame.
    closing: bool,
    lost: bool,
}

/// See the module.
#[derive(LogicBlock, Default)]
pub struct LinkDemultiplexer {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// Frames from the wire.
    pub s_frame: Sink<Beat<64>>,
    /// Frames for the engine.
    pub m_engine: Source<Beat<64>>,
    /// Frames for the link.
    pub m_link: Source<Beat<64>>,
    /// A frame of the link found no room.
    pub lost: Signal<Out, bool>,
    state: Register<State>,
    beat: Flop<Beat<64>>,
}

impl Logic for LinkDemultiplexer {
    #[kernel]
    fn update(&mut self) {
        setup!(self, state);
        clocks!(self, beat);
        let state = self.state.q.val();
        let held = self.beat.q.val();
        let comes = self.s_frame.valid.val();
        let beat = self.s_frame.bits.val();
        let ready = self.m_link.ready.val();
        let mut next = state;
        next.lost = false;

        let moves = state.held && (comes || held.last);
        let typed = !held.last && beat.data.get_bits::<16>(32) == ETHER_TYPE;
        let link = mux(state.inside, state.link, typed);
        let broken = state.closing || (state.inside && state.broken);
        let offered = moves && link && !broken;
        self.m_engine.valid.next = moves && !link;
        self.m_engine.bits.next = held;
        let end = Beat::<64> { data: held.data, count: bits::<7>(8), last: true, error: true };
        self.m_link.valid.next = state.closing || offered;
        self.m_link.bits.next = mux(state.closing, end, held);
        if state.closing && ready {
            next.closing = false;
        }
        if moves {
            next.inside = !held.last;
            next.link = link;
            next.broken = broken;
            if link && !state.inside && broken {
                next.lost = true;
            }
            if offered && !ready {
                next.broken = true;
                next.closing = state.inside;
                next.lost = true;
            }
        }
        next.held = comes || (state.held && !moves);
        self.beat.d.next = mux(comes, beat, held);
        self.s_frame.ready.next = true;
        self.lost.next = state.lost;
        self.state.d.next = next;
    }
}
