//! Placement: payload from the frame buffer to its final address.
//!
//! # Role
//! Stands between the connection pipeline, the frame buffer and the memory port. Every verified frame meets exactly one
//! command here: its payload is cut out, written straight into the posted buffers and reported, or the frame is thrown
//! away.
//!
//! ```text
//! s_command -> ReceiveChain --pieces---------> dma::Writer -> m_write
//!                 |    | cuts                     ^     | pieces written
//! s_extent -+     |    v                          |     v
//! s_frame --+-> HeaderSkip -> [ ] -> Trimmer -----+   Reports -> m_notice, m_torn_down
//!                 +----------- reports ---------------^
//! ```
//!
//! # Ports
//! See the fields.
//!
//! # Handshake
//! Commands are carried out in order. Frames wait for commands, commands for frames. A notice that is not taken stops
//! the chain, and with it the frames, when the report queue is full.
//!
//! # Latency
//! Command to first write beat 8 cycles if the frame waits already; the bytes follow at a beat per cycle.
//!
//! # Invariant
//! Cuts, pieces and frames run in step because each command makes one of each, in its own turn: the trimmer's packet is
//! exactly as long as the sum of the pieces.
use super::{Cut, HeaderSkip, ReceiveChain, Reports};
use crate::bundles::*;
use crate::dma::Writer;
use crate::geometry::Geometry;
use crate::stream::{Queue, Trim, Trimmer};
use stevedore_hdl::prelude::*;

/// Commands whose frames the trimmer has not yet taken.
const CUT_QUEUE: usize = 16;
/// Beats that wait for the trimmer: while the memory port carries a response, the next headers are skipped already.
/// Without them a port that is busy for a moment is missed for good, because the beats of a frame, headers counted,
/// take nearly all cycles the wire gives it.
const ELASTIC: usize = 16;
/// Frames whose headers were skipped ahead of their command.
const RESIDUE_QUEUE: usize = 4;

/// The placement.
#[derive(LogicBlock, Default)]
pub struct Placement<const W: usize, const K: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// What to do; exactly one Place or Discard per frame.
    pub s_command: Sink<ReceiveCommand>,
    /// Verified frames.
    pub s_frame: Sink<Beat<W>>,
    /// Where their payload lies.
    pub s_extent: Sink<FrameExtent>,
    /// Payload, to host memory.
    pub m_write: Source<WriteBeat<W, K>>,
    /// What the host is to hear, in the order of the commands; bytes that are reported were all accepted on `m_write`.
    pub m_notice: Source<Notice>,
    /// Finished teardowns; each after the last notice about its connection was taken.
    pub m_torn_down: Source<TornDown>,
    /// Contexts free now.
    pub free_entries: Signal<Out, Bits<16>>,
    chain: ReceiveChain,
    skip: HeaderSkip<W>,
    cuts: Queue<Cut>,
    residues: Fifo<Bits<8>>,
    /// A cut and the residue of its frame, added up: the trimmer adds once more.
    trim: PingPong<Trim>,
    beats: Queue<Beat<W>>,
    trimmer: Trimmer<W>,
    /// Cuts the way of readiness from the writer to the chain, which takes several cycles for a piece.
    pieces: PingPong<Piece>,
    writer: Writer<W, K>,
    reports: Reports,
    /// The word just accepted was the last of its piece.
    piece_done: Register<bool>,
}

impl<const W: usize, const K: usize> Placement<W, K> {
    /// A placement for `geometry.connections` slots with `geometry.receive_entries` contexts.
    pub fn new(geometry: &Geometry) -> Self {
        Self {
            chain: ReceiveChain::new(geometry),
            cuts: Queue::calm(CUT_QUEUE),
            residues: Fifo::new(RESIDUE_QUEUE),
            trim: PingPong::single(),
            beats: Queue::new(ELASTIC),
            pieces: PingPong::single(),
            writer: Writer::new(geometry.maximum_write),
            reports: Reports::new(geometry.queue),
            ..Self::default()
        }
    }
}

impl<const W: usize, const K: usize> Logic for Placement<W, K> {
    #[kernel]
    fn update(&mut self) {
        setup!(self, chain, skip, cuts, residues, trim, beats, trimmer, pieces, writer, reports);
        setup!(self, piece_done);
        forward!(self.s_command => self.chain.s_command);
        forward!(self.s_frame => self.skip.s_frame);
        forward!(self.s_extent => self.skip.s_extent);
        join!(self.chain.m_cut => self.cuts.s_in);
        join!(self.skip.m_residue => self.residues.s_in);
        join!(self.skip.m_frame => self.beats.s_in);
        join!(self.beats.m_out => self.trimmer.s_beat);
        join!(self.trim.m_out => self.trimmer.s_trim);
        join!(self.chain.m_piece => self.pieces.s_in);
        join!(self.pieces.m_out => self.writer.s_piece);
        join!(self.trimmer.m_beat => self.writer.s_beat);
        join!(self.chain.m_report => self.reports.s_report);
        forward!(self.reports.m_notice => self.m_notice);
        forward!(self.reports.m_torn_down => self.m_torn_down);
        self.free_entries.next = self.chain.free_entries.val();

        // A trim takes the cut of a command and the residue of its frame together.
        let cut = self.cuts.m_out.bits.val();
        let both = self.cuts.m_out.valid.val() && self.residues.m_out.valid.val();
        let goes = both && self.trim.s_in.ready.val();
        self.trim.s_in.bits.next =
            Trim { drop: cut.trim + resize::<16, 8>(self.residues.m_out.bits.val()), length: cut.length };
        self.trim.s_in.valid.next = both;
        self.cuts.m_out.ready.next = goes;
        self.residues.m_out.ready.next = goes;

        let offered = self.writer.m_write.valid.val();
        let taken = self.m_write.ready.val();
        self.m_write.bits.next = self.writer.m_write.bits.val();
        self.m_write.valid.next = offered;
        self.writer.m_write.ready.next = taken;
        self.reports.issued.next = self.chain.m_piece.valid.val() && self.pieces.s_in.ready.val();
        self.piece_done.d.next = offered && taken && self.writer.piece_ends.val();
        self.reports.written.next = self.piece_done.q.val();
    }
}
