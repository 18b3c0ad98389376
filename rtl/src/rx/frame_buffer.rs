//! Frame buffer: frames between the wire and host memory.
//!
//! # Role
//! The only payload memory of the receive path: a ring of beats in block RAM. Frames enter as they come and are kept or
//! forgotten with their last beat; [`Placement`](super::Placement) takes them out in order.
//!
//! ```text
//! beat, commit -> [ ring ] -> [ queue of 4 ] -> m_frame
//! ```
//!
//! # Ports
//! See the fields.
//!
//! # Handshake
//! The inlet takes a beat in every cycle with `valid`. With the last beat, `fits` tells whether the whole frame is in
//! the ring, and `commit`, given in the same cycle, keeps it; it must not be given without `fits`.
//!
//! # Latency
//! Last beat in to first beat out 4 cycles; then a beat per cycle.
//!
//! # Invariant
//! `write` never passes `read` by more than the ring: beats without room are not written and their frame cannot be
//! committed. The reader stops at `committed`, so no beat of a frame not kept ever leaves.
use crate::bundles::Beat;
use stevedore_hdl::prelude::*;

/// Beats in the outlet queue.
const OUTLET: usize = 4;

/// A beat as it lies in the ring: damaged frames are never kept, so there is no `error`.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Stored<const W: usize> {
    data: Bits<W>,
    count: Bits<7>,
    last: bool,
}

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct State {
    /// Beats ever written, read, and kept; modulo 2^16.
    write: Bits<16>,
    read: Bits<16>,
    committed: Bits<16>,
    /// There is room for a beat: judged by the level of a cycle before, so one beat of the ring stays unused.
    room: bool,
    /// A beat of the present frame found no room.
    overflowed: bool,
    /// `room` and not `overflowed`.
    fits: bool,
    /// Beats kept wait to be read: `read` is not `committed`.
    more: bool,
    /// The ring is being read: its beat goes to the outlet in this cycle.
    reading: bool,
}

/// The frame buffer.
#[derive(LogicBlock, Default)]
pub struct FrameBuffer<const W: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// Frames.
    pub beat: Signal<In, Beat<W>>,
    /// `beat` is one.
    pub valid: Signal<In, bool>,
    /// With the last beat: the whole frame has room.
    pub fits: Signal<Out, bool>,
    /// With the last beat: keep the frame.
    pub commit: Signal<In, bool>,
    /// Frames kept.
    pub m_frame: Source<Beat<W>>,
    _beats: usize,
    state: Register<State>,
    ring: DualPortRam<Stored<W>>,
    outlet: Fifo<Stored<W>>,
}

impl<const W: usize> FrameBuffer<W> {
    /// A frame buffer of `bytes` bytes.
    ///
    /// # Panics
    /// If it would not hold a power of two of beats, or more than 32,768.
    pub fn new(bytes: usize) -> Self {
        let beats = bytes * 8 / W;
        assert!(beats.is_power_of_two() && beats <= 32768, "frame buffer of {beats} beats");
        Self {
            _beats: beats,
            ring: DualPortRam::new(beats).no_rw_check(),
            outlet: Fifo::new(OUTLET),
            ..Self::default()
        }
    }
}

impl<const W: usize> Logic for FrameBuffer<W> {
    #[kernel]
    fn update(&mut self) {
        setup!(self, state, outlet);
        clocks!(self, ring);
        let state = self.state.q.val();
        let mut next = state;

        let beat = self.beat.val();
        let valid = self.valid.val();
        let room = state.room;
        next.room = (state.write - state.read) < self._beats as u64 - 1;
        let writes = valid && state.fits;
        self.ring.write_enable.next = writes;
        self.ring.write_address.next = state.write & (self._beats as u64 - 1);
        self.ring.write_data.next = Stored::<W> { data: beat.data, count: beat.count, last: beat.last };
        self.fits.next = state.fits;
        if writes {
            next.write = state.write + 1;
        }
        if valid && !room {
            next.overflowed = true;
        }
        if valid && beat.last {
            next.overflowed = false;
            if self.commit.val() {
                next.committed = state.write + 1;
            } else {
                next.write = state.committed;
            }
        }
        next.fits = next.room && !next.overflowed;

        // A beat is read only if the outlet has room for it and for the one on its way.
        let start = state.more && self.outlet.level.val() < OUTLET as u64 - 1;
        self.ring.read_address.next = state.read & (self._beats as u64 - 1);
        next.reading = start;
        let behind = state.read + 1;
        if start {
            next.read = behind;
        }
        // Said a cycle ahead. A frame that is kept has a beat that was not read before.
        let left = if start { behind != state.committed } else { state.read != state.committed };
        next.more = left || (valid && beat.last && self.commit.val());
        let stored = self.ring.read_data.val();
        self.outlet.s_in.bits.next = stored;
        self.outlet.s_in.valid.next = state.reading;

        let out = self.outlet.m_out.bits.val();
        self.m_frame.bits.next = Beat::<W> { data: out.data, count: out.count, last: out.last, error: false };
        self.m_frame.valid.next = self.outlet.m_out.valid.val();
        self.outlet.m_out.ready.next = self.m_frame.ready.val();
        self.state.d.next = next;
    }
}
