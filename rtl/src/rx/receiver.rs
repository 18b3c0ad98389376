//! Receiver: frames from the wire to verified segments.
//!
//! # Role
//! Stands between the wire and the lookup. Drops what is damaged, malformed or wrong in a checksum, ignores what is not
//! TCP for this engine, keeps the rest in the frame buffer and hands out its header.
//!
//! ```text
//!                       +-> Parser --------+-> header queue -> OptionWalker -> m_header
//! s_frame -> Verifier --+                  +-> option queue ---^
//!                       |                  +-> extent queue ------------------> m_extent
//!                       +-> FrameBuffer <- commit ----------------------------> m_frame
//! ```
//!
//! # Ports
//! See the fields. `settings.enable` is looked at between frames: a frame that begins while it is low is not seen at
//! all.
//!
//! # Handshake
//! `s_frame` is always ready. Header, extent and frame of a segment leave on their own streams, each in order of
//! arrival.
//!
//! # Latency
//! Last beat in to `m_header` 6 cycles (W = 64; 7 above); SYN segments with options see [`OptionWalker`]. Frames may
//! end in every cycle.
//!
//! # Invariant
//! Header, extent, options and frame of a segment are committed in one cycle or not at all: the streams cannot get out
//! of step.
use super::{FrameBuffer, OptionBytes, OptionWalker, Parser, QueuedHeader, Verifier};
use crate::bundles::*;
use crate::geometry::Geometry;
use crate::stream::QuickQueue;
use stevedore_hdl::prelude::*;

/// SYN segments with options that may wait for the walker. They are few.
const OPTION_QUEUE: usize = 16;
/// Entries of the queues left unused, because their levels are judged a cycle late.
const MARGIN: usize = 2;

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct State {
    /// Within a frame, that is taken or not.
    inside: bool,
    taking: bool,
    /// The queues have room for one more segment / for its options.
    room: bool,
    option_room: bool,
    /// The pulses.
    frame_in: bool,
    drop_malformed: bool,
    drop_checksum: bool,
    drop_full: bool,
}

/// The receiver.
#[derive(LogicBlock, Default)]
pub struct Receiver<const W: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// Own addresses and the enable bit.
    pub settings: Signal<In, Settings>,
    /// Frames from the wire, without FCS; always ready.
    pub s_frame: Sink<Beat<W>>,
    /// Verified segments.
    pub m_header: Source<SegmentHeader>,
    /// Where their payload lies.
    pub m_extent: Source<FrameExtent>,
    /// Their frames.
    pub m_frame: Source<Beat<W>>,
    /// A frame came in, whatever becomes of it.
    pub frame_in: Signal<Out, bool>,
    /// A frame was dropped: malformed or damaged. Frames of other protocols are ignored, not counted.
    pub drop_malformed: Signal<Out, bool>,
    /// A frame was dropped: IPv4 or TCP checksum wrong.
    pub drop_checksum: Signal<Out, bool>,
    /// A valid segment was dropped: no room.
    pub drop_full: Signal<Out, bool>,
    _frames: usize,
    state: Register<State>,
    verifier: Verifier<W>,
    parser: Parser<W>,
    buffer: FrameBuffer<W>,
    headers: QuickQueue<QueuedHeader>,
    options: Fifo<OptionBytes>,
    extents: QuickQueue<FrameExtent>,
    walker: OptionWalker,
}

impl<const W: usize> Receiver<W> {
    /// A receiver with a frame buffer of `geometry.frame_buffer` bytes and room for the headers of as many frames of 64
    /// bytes.
    pub fn new(geometry: &Geometry) -> Self {
        let frames = geometry.frame_buffer / 64;
        assert!(frames > MARGIN, "a frame buffer of {frames} frames");
        Self {
            _frames: frames,
            buffer: FrameBuffer::new(geometry.frame_buffer),
            headers: QuickQueue::new(frames),
            options: Fifo::new(OPTION_QUEUE),
            extents: QuickQueue::new(frames),
            ..Self::default()
        }
    }
}

impl<const W: usize> Logic for Receiver<W> {
    #[kernel]
    fn update(&mut self) {
        setup!(self, state, verifier, parser, buffer, headers, options, extents, walker);
        let state = self.state.q.val();
        let mut next = state;

        // Whole frames only.
        let settings = self.settings.val();
        let beat = self.s_frame.bits.val();
        let offered = self.s_frame.valid.val();
        let taking = if state.inside { state.taking } else { settings.enable };
        self.s_frame.ready.next = true;
        self.verifier.beat.next = beat;
        self.verifier.valid.next = offered && taking;
        if offered {
            next.inside = !beat.last;
            next.taking = taking;
        }
        next.frame_in = offered && taking && beat.last;

        self.parser.settings.next = settings;
        self.parser.beat.next = self.verifier.early.val();
        self.parser.valid.next = self.verifier.early_valid.val();

        // The verdict falls with the last beat.
        let late = self.verifier.late.val();
        let parsed = self.parser.parsed.val();
        let header = parsed.header;
        let ends = self.verifier.late_ends.val();
        let right = self.verifier.ip_right.val() && self.verifier.tcp_right.val();
        let good = ends && parsed.wanted && right;
        let optioned = parsed.optioned;
        let room = self.buffer.fits.val() && state.room && (!optioned || state.option_room);
        next.room = self.headers.level.val() < (self._frames - MARGIN) as u64
            && self.extents.level.val() < (self._frames - MARGIN) as u64;
        next.option_room = self.options.level.val() < (OPTION_QUEUE - MARGIN) as u64;
        let commit = good && room;
        next.drop_malformed = ends && parsed.malformed;
        next.drop_checksum = ends && parsed.wanted && !right;
        next.drop_full = good && !room;

        self.buffer.beat.next = late;
        self.buffer.valid.next = self.verifier.late_valid.val();
        self.buffer.commit.next = commit;
        self.headers.s_in.bits.next = QueuedHeader { header, optioned };
        self.headers.s_in.valid.next = commit;
        self.options.s_in.bits.next = parsed.option_bytes;
        self.options.s_in.valid.next = commit && optioned;
        self.extents.s_in.bits.next =
            FrameExtent { payload_offset: header.payload_offset, frame_length: header.frame_length };
        self.extents.s_in.valid.next = commit;

        join!(self.headers.m_out => self.walker.s_header);
        join!(self.options.m_out => self.walker.s_options);
        forward!(self.walker.m_header => self.m_header);
        forward!(self.extents.m_out => self.m_extent);
        forward!(self.buffer.m_frame => self.m_frame);
        self.frame_in.next = state.frame_in;
        self.drop_malformed.next = state.drop_malformed;
        self.drop_checksum.next = state.drop_checksum;
        self.drop_full.next = state.drop_full;
        self.state.d.next = next;
    }
}
