//! Keeps frames until they are whole.
//!
//! # Role
//! Stands in front of a wire that cannot wait for the rest of a frame.
//!
//! # Ports
//! - `s_frame`: `Beat<W>`: frames, perhaps with pauses. `m_frame`: `Beat<W>`: those that are whole, sound and not too
//!   long, in order.
//! - `dropped`: a pulse for each other frame.
//!
//! # Handshake
//! Ordinary channels. Once a frame has begun on `m_frame` its beats follow without a pause. `s_frame.ready` falls while
//! the memory is full, which it never is with a part of the only frame in it: that is cut off before.
//!
//! # Latency
//! A frame's first beat is offered 2 cycles after its last was taken, if no other is in front. One beat per cycle.
//!
//! # Invariant
//! Only places in front of `whole` are read. A frame moves `whole` behind itself when its last beat is stored, or takes
//! back what was stored of it.
use crate::bundles::Beat;
use crate::wire::ethernet;
use stevedore_hdl::prelude::*;

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct State {
    /// Where the next beat goes. Positions count beats modulo twice the depth.
    write_at: Bits<16>,
    /// Behind the last whole frame.
    whole: Bits<16>,
    /// What is read next.
    read_at: Bits<16>,
    /// Beats of the frame that comes in.
    beats: Bits<16>,
    /// Its rest is thrown away.
    broken: bool,
    ready: bool,
    valid: bool,
    dropped: bool,
}

/// See the module.
#[derive(LogicBlock)]
pub struct FrameStore<const W: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// Frames.
    pub s_frame: Sink<Beat<W>>,
    /// Whole frames.
    pub m_frame: Source<Beat<W>>,
    /// A frame was thrown away.
    pub dropped: Signal<Out, bool>,
    state: Register<State>,
    memory: HeldRam<Beat<W>>,
    mask: Constant<Bits<16>>,
    depth: Constant<Bits<16>>,
    limit: Constant<Bits<16>>,
}

impl<const W: usize> FrameStore<W> {
    /// Room for `frames` frames of the greatest length.
    pub fn new(frames: usize) -> Self {
        let limit = (ethernet::LONGEST as usize).div_ceil(W / 8);
        let memory = HeldRam::new(frames * limit);
        let depth = memory.depth() as u64;
        FrameStore {
            clock: Signal::default(),
            reset: Signal::default(),
            s_frame: Sink::default(),
            m_frame: Source::default(),
            dropped: Signal::default(),
            state: Register::default(),
            memory,
            mask: Constant::new((2 * depth - 1).into()),
            depth: Constant::new(depth.into()),
            limit: Constant::new((limit as u64).into()),
        }
    }
}

/// Room for one frame: a block that derives `Default` has its constructor replace it.
impl<const W: usize> Default for FrameStore<W> {
    fn default() -> Self {
        Self::new(1)
    }
}

impl<const W: usize> Logic for FrameStore<W> {
    #[kernel]
    fn update(&mut self) {
        setup!(self, state);
        clocks!(self, memory);
        let state = self.state.q.val();
        let mask = self.mask.val();
        let beat = self.s_frame.bits.val();
        let mut next = state;
        next.dropped = false;

        let takes = self.s_frame.valid.val() && state.ready;
        let after = (state.write_at + 1) & mask;
        let beats = state.beats + 1;
        let too_long = beats == self.limit.val() && !beat.last;
        if takes {
            next.beats = mux(beat.last, bits::<16>(0), beats);
            next.broken = (state.broken || too_long) && !beat.last;
            if !state.broken {
                next.write_at = after;
                if too_long || (beat.last && beat.error) {
                    next.write_at = state.whole;
                    next.dropped = true;
                } else if beat.last {
                    next.whole = after;
                }
            }
        }
        self.memory.write_enable.next = takes;
        self.memory.write_address.next = state.write_at;
        self.memory.write_data.next = beat;

        let loads = self.m_frame.ready.val() || !state.valid;
        let follows = state.read_at != state.whole;
        self.memory.read_enable.next = loads;
        self.memory.read_address.next = state.read_at;
        if loads {
            next.valid = follows;
            if follows {
                next.read_at = (state.read_at + 1) & mask;
            }
        }
        next.ready = ((next.write_at - state.read_at) & mask) != self.depth.val();

        self.s_frame.ready.next = state.ready;
        self.m_frame.valid.next = state.valid;
        self.m_frame.bits.next = self.memory.read_data.val();
        self.dropped.next = state.dropped;
        self.state.d.next = next;
    }
}
