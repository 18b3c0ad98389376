//! Header skip: lets the beats in front of a payload go before the command for the frame is there.
//!
//! # Role
//! First block of [`Placement`](super::Placement), between frame buffer and trimmer. It saves every frame the time its
//! headers take, up to 11 beats at W = 64, while the segment is still in the connection pipeline.
//!
//! ```text
//! s_extent -> +------+ -> m_residue
//! s_frame  -> | skip | -> m_frame
//!             +------+
//! ```
//!
//! # Ports
//! See the fields.
//!
//! # Handshake
//! One `m_residue` per frame, offered together with `s_extent`, before its first beat. Both directions of `m_frame` are
//! wires from and to `s_frame` once the beats to skip are gone.
//!
//! # Latency
//! One cycle for the extent and one per beat skipped; the extent of the next frame is taken with the last beat.
//!
//! # Invariant
//! The payload offset of a verified segment is 2 modulo 4 and inside the frame, so the beat it lies in exists and is
//! never skipped.
use crate::bundles::{Beat, FrameExtent};
use stevedore_hdl::prelude::*;

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct State {
    /// A frame is at work.
    active: bool,
    /// Beats still to be skipped.
    skip: Bits<8>,
    /// There are some.
    skips: bool,
}

/// The header skip.
#[derive(LogicBlock, Default)]
pub struct HeaderSkip<const W: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// Where the payload of each frame begins.
    pub s_extent: Sink<FrameExtent>,
    /// Frames.
    pub s_frame: Sink<Beat<W>>,
    /// Bytes in front of the payload in the first beat of each frame of `m_frame`.
    pub m_residue: Source<Bits<8>>,
    /// Frames without the beats that hold headers only.
    pub m_frame: Source<Beat<W>>,
    state: Register<State>,
}

impl<const W: usize> Logic for HeaderSkip<W> {
    #[kernel]
    fn update(&mut self) {
        setup!(self, state);
        let state = self.state.q.val();
        let mut next = state;
        let beat = self.s_frame.bits.val();
        let offered = self.s_frame.valid.val();
        let skips = state.active && state.skips;
        let passes = state.active && !state.skips;
        self.m_frame.bits.next = beat;
        self.m_frame.valid.next = offered && passes;
        self.s_frame.ready.next = skips || (passes && self.m_frame.ready.val());
        if skips && offered {
            next.skip = state.skip - 1;
            next.skips = state.skip != 1;
        }
        let over = passes && offered && beat.last && self.m_frame.ready.val();
        if over {
            next.active = false;
        }

        let offset = self.s_extent.bits.val().payload_offset;
        let free = !state.active || over;
        let known = self.s_extent.valid.val();
        self.m_residue.bits.next = offset & (W as u64 / 8 - 1);
        self.m_residue.valid.next = known && free;
        self.s_extent.ready.next = free && self.m_residue.ready.val();
        if known && free && self.m_residue.ready.val() {
            let skip = offset >> clog2(W / 8) as u64;
            next = State { active: true, skip: skip, skips: skip.any() };
        }
        self.state.d.next = next;
    }
}
