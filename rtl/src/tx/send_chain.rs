//! The send chain: every connection's posted bytes, as a list of message contexts.
//!
//! # Role
//! Takes the pipeline's `SendCommand`s in order and spreads them over three units that work side by side: the
//! [`Appender`], the [`Walker`] (segments) and the [`Releaser`] (acknowledgements, rewinds, teardowns), around one
//! [`Pool`] of contexts and the [`Chains`] tables. Grants go to the DMA reader as pieces and to the header builder as
//! `SegmentOut`, without waiting for payloads.
//!
//! ```text
//!                      ┌───────────────────── appender ──┐
//!  s_command ─ dispatch┼─ cuts (spare) ────── walker ────┼─ chains, pool ─ m_piece, m_returned
//!                      ├─ releases (spare) ── releaser ──┘
//!                      └─ segments (queue) ─────────────── m_segment
//! ```
//!
//! # Ports
//! - `s_command`: `SendCommand`: the commands of the connection pipeline, in order.
//! - `m_segment`: `SegmentOut`: the segments granted, in order, for the header builder.
//! - `m_piece`: `Piece`: the pieces of the segments that have payload, in the same order, for the DMA reader.
//! - `m_returned`: `Returned`: buffers given back and teardowns carried out, for [`super::returns::Returns`].
//! - `granted`: a segment is granted in this cycle, for [`super::returns::Returns`].
//! - `freed`: the beats of segment buffer that became free, from the transmitter.
//! - `home`, `home_entry`: a buffer is the host's again and its context becomes free, from [`super::returns::Returns`].
//! - `free_entries`: the number of free message contexts, for `host::Dispatcher` and the register file.
//!
//! # Handshake
//! A command is taken when the unit that carries it out, or a place in front of it, is free, when no other unit works
//! on something it depends on, and, for segments, when a place in the segment queue and room in the segment buffer for
//! the whole payload are free: pieces that are issued always find room, so the DMA reader is never left with data
//! nobody takes. `freed` gives room back, in beats. A segment longer than the whole segment buffer would wait for ever:
//! the MSS setting must not exceed it.
//!
//! # Latency
//! A segment waits a cycle at the front unless its payload is short, or absent, and room ample. One without payload is
//! in the segment queue after 1 cycle. A command per cycle is dispatched; a unit takes an append every 3 cycles, a
//! one-piece segment or a release of one buffer every 2, and the spare place in front of walker and releaser evens out
//! commands of one kind that follow each other.
//!
//! # Invariant
//! Effects are those of carrying the commands out one after the other. What may overlap, and why: append with anything,
//! because units read the pool no earlier after their dispatch than the appender writes it after its own; segments with
//! plain releases behind them, because a context that is released stays as it is until its buffer is the host's again,
//! which is after all segments granted before (`home`); segments of new bytes with releases in front of them, because
//! they begin at the cursor. A retransmission waits until walker and releaser are idle, so that the walker has read the
//! head before a release behind it can move it. A command that moves a cursor waits until walker and appender are idle,
//! and all others wait for its end; releases in front of it may still be in the releaser, which keeps their order.
use super::appender::Appender;
use super::chains::Chains;
use super::pool::Pool;
use super::record::Returned;
use super::releaser::Releaser;
use super::walker::Walker;
use crate::bundles::{Piece, SegmentOut, SendCommand, SendKind};
use crate::geometry::Geometry;
use crate::stream::Queue;
use stevedore_hdl::prelude::*;

/// Beats of `W` bits that hold `length` bytes.
#[kernel_fn]
pub fn beats<const W: usize>(length: Bits<16>) -> Bits<16> {
    (length + bits::<16>(W as u64 / 8 - 1)) >> (clog2(W) as u64 - 3)
}

/// Message contexts and the units that work on them.
#[derive(LogicBlock, Default)]
pub struct SendChain<const W: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// What to do.
    pub s_command: Sink<SendCommand>,
    /// Segments granted, in order.
    pub m_segment: Source<SegmentOut>,
    /// The payloads of those that have one, in the same order.
    pub m_piece: Source<Piece>,
    /// Buffers given back and teardowns carried out, in order.
    pub m_returned: Source<Returned>,
    /// A segment enters the queue to `m_segment`.
    pub granted: Signal<Out, bool>,
    /// Beats of the segment buffer that became free in this cycle.
    pub freed: Signal<In, Bits<16>>,
    /// A buffer is the host's again.
    pub home: Signal<In, bool>,
    /// Its message context.
    pub home_entry: Signal<In, Bits<16>>,
    /// Entries in the free list.
    pub free_entries: Signal<Out, Bits<16>>,
    chains: Chains,
    pool: Pool,
    appender: Appender,
    walker: Walker,
    releaser: Releaser,
    segments: Queue<SegmentOut>,
    pieces: PingPong<Piece>,
    cuts: Spare<SendCommand>,
    releases: Spare<SendCommand>,
    /// A command that moves a cursor is under way.
    exclusive: Register<bool>,
    /// The tables are filled.
    filled: Register<bool>,
    room: Register<Bits<16>>,
    /// The payload of the command that waits finds room.
    fits: Register<bool>,
    /// Any short payload finds room.
    ample: Register<bool>,
    /// Half the segment buffer, in beats, and the bytes that fill a quarter, as a power of two.
    _half: u64,
    /// The bits a slot number and an entry's number can have: others need no registers wherever these go.
    _slots: u64,
    _entries: u64,
    _quarter: usize,
}

impl<const W: usize> SendChain<W> {
    /// A send chain for this geometry.
    pub fn new(geometry: &Geometry) -> Self {
        Self {
            chains: Chains::new(geometry.connections),
            pool: Pool::new(geometry.send_entries, geometry.connections),
            releaser: Releaser::new(),
            segments: Queue::new(geometry.segments_waiting()),
            pieces: PingPong::single(),
            room: Register::new(((geometry.segment_buffer * 8 / W) as u64).into()),
            _slots: geometry.connections as u64 - 1,
            _entries: geometry.send_entries as u64 - 1,
            _half: (geometry.segment_buffer * 4 / W) as u64,
            _quarter: geometry.segment_buffer.ilog2() as usize - 2,
            ..Default::default()
        }
    }
}

impl<const W: usize> Logic for SendChain<W> {
    #[kernel]
    fn update(&mut self) {
        setup!(self, chains, pool, appender, walker, releaser, segments, pieces, filled, room, fits, ample);
        setup!(self, cuts, releases, exclusive);
        forward!(self.segments.m_out => self.m_segment);
        forward!(self.pieces.m_out => self.m_piece);
        forward!(self.releaser.m_returned => self.m_returned);
        join!(self.walker.m_piece => self.pieces.s_in);
        join!(self.cuts.m_out => self.walker.s_command);
        join!(self.releases.m_out => self.releaser.s_command);
        join!(self.pool.m_free => self.appender.s_free);
        self.free_entries.next = self.pool.free_entries.val();

        // Dispatch.
        let mut command = self.s_command.bits.val();
        command.slot = command.slot & bits::<16>(self._slots);
        let length = resize::<16, 32>(command.length);
        let payload = length.any();
        let needed = beats::<W>(length);
        let room = self.room.q.val();
        let short = !(length >> self._quarter as u64).any();
        let found = self.fits.q.val() || (short && self.ample.q.val());
        self.filled.d.next = self.chains.ready.val() && self.pool.ready.val();
        let exclusive = self.exclusive.q.val();
        let open = self.s_command.valid.val() && self.filled.q.val() && !exclusive;
        let walked = self.walker.idle.val() && !self.cuts.waits.val();
        let released = self.releaser.idle.val() && !self.releases.waits.val();
        let still = walked && self.appender.s_command.ready.val();
        let mut append = false;
        let mut segment = false;
        let mut release = false;
        match command.kind {
            SendKind::Append => {
                append = open && self.pool.m_free.valid.val();
            }
            SendKind::Segment => {
                let settled = !command.retransmit || (walked && released);
                segment = open && self.segments.s_in.ready.val();
                if payload {
                    let free = !command.releases || self.releases.s_in.ready.val();
                    segment = segment && settled && found && free && self.cuts.s_in.ready.val();
                }
                release = segment && command.releases;
            }
            SendKind::Release => {
                release = open && (still || !command.rewind);
            }
            SendKind::Rewind | SendKind::Teardown => {
                release = open && still;
            }
        }
        self.appender.s_command.bits.next = command;
        self.cuts.s_in.bits.next = command;
        self.releases.s_in.bits.next = command;
        self.appender.s_command.valid.next = append;
        self.cuts.s_in.valid.next = segment && payload;
        self.releases.s_in.valid.next = release;
        self.segments.s_in.valid.next = segment;
        self.granted.next = segment;
        self.segments.s_in.bits.next = SegmentOut {
            slot: command.slot,
            sequence: command.sequence,
            acknowledgement: command.acknowledgement,
            window: command.window,
            control: command.control,
            options: command.options,
            payload_length: length,
            fence: command.fence,
        };
        let appended = append && self.appender.s_command.ready.val();
        let handed = release && self.releases.s_in.ready.val();
        let taken = appended || segment || handed;
        let moves_cursor = command.kind != SendKind::Segment && (command.kind != SendKind::Release || command.rewind);
        self.s_command.ready.next = taken;
        // Judged a cycle ahead: the decision has far to go. Room only grows while a command waits.
        self.fits.d.next = self.s_command.valid.val() && needed <= room && !taken;
        // Of half a buffer, the command judged along with it leaves a quarter.
        self.ample.d.next = room >= self._half && short;
        // Both outcomes are ready when the decision comes.
        let left = room + self.freed.val();
        self.room.d.next = mux(segment && payload, left - needed, left);

        let over = self.releaser.cursor_write.val().enable;
        self.exclusive.d.next = (handed && moves_cursor) || (exclusive && !over);

        // The tables. A retransmission reads the head when it is dispatched: nothing is released then, and the walker
        // is idle. A teardown reads the tail, when nothing is appended.
        let freed = self.releases.m_out.bits.val().slot;
        self.chains.head_slot.next = freed;
        self.chains.cursor_slot.next = self.cuts.m_out.bits.val().slot;
        self.chains.tail_slot.next = mux(exclusive, freed, command.slot);
        let mut head = self.chains.head.val();
        let mut cursor = self.chains.cursor.val();
        head.entry = head.entry & bits::<16>(self._entries);
        cursor.entry = cursor.entry & bits::<16>(self._entries);
        let tail = self.chains.tail.val() & bits::<16>(self._entries);
        self.appender.tail.next = tail;
        self.walker.head.next = head;
        self.walker.cursor.next = cursor;
        self.releaser.head.next = head;
        self.releaser.tail.next = tail;
        self.chains.tail_write.next = self.appender.tail_write.val();
        self.chains.head_write.next = self.releaser.head_write.val();
        let moved = self.walker.cursor_write.val();
        self.chains.cursor_write.next = mux(moved.enable, moved, self.releaser.cursor_write.val());

        // The pool.
        self.pool.write.next = self.appender.write.val();
        self.pool.write_entry.next = self.appender.write_entry.val();
        self.pool.write_context.next = self.appender.write_context.val();
        self.pool.walk_read.next = self.walker.read.val();
        self.pool.walk_entry.next = self.walker.entry.val();
        self.pool.release_read.next = self.releaser.read.val();
        self.pool.release_entry.next = self.releaser.entry.val();
        self.releaser.granted.next = self.pool.release_granted.val();
        self.pool.freed.next = self.home.val();
        self.pool.freed_entry.next = self.home_entry.val();
        self.walker.context.next = self.pool.context.val();
        self.releaser.context.next = self.pool.context.val();
    }
}
