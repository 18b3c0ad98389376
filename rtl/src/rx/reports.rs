//! Reports: words to the host and to the reaper, held back until the bytes they speak of were written.
//!
//! # Role
//! Last block of [`Placement`](super::Placement). Takes what the [`ReceiveChain`](super::ReceiveChain) has to say,
//! waits for the DMA writer, and sends notices to the notifier and finished teardowns to the reaper: everything about a
//! connection in the order in which it happened.
//!
//! ```text
//! s_report ----------------> [ Fence ] -> m_notice | m_torn_down
//! issued  -> [ counter ] ----^  ^
//! written -> [ counter ] -------+
//! ```
//!
//! # Ports
//! See the fields.
//!
//! # Handshake
//! `m_notice` and `m_torn_down` never offer at the same time; one waits for the other, in the order of `s_report`.
//!
//! # Latency
//! Three cycles from the last byte accepted, five from the report, to the notice offered; one every two cycles.
//!
//! # Invariant
//! Pieces are issued and written in one order, so a count of them tells what was written. A report waits for the pieces
//! issued before it came, and for no other: a payload may fill more buffers than reports can wait, and goes on only
//! when the first of them have left.
use super::chain_record::Report;
use crate::bundles::*;
use crate::stream::Fence;
use stevedore_hdl::prelude::*;

/// The reports.
#[derive(LogicBlock, Default)]
pub struct Reports {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// Reports, in order.
    pub s_report: Sink<Report>,
    /// A piece was issued; a report of it comes a cycle later at the earliest.
    pub issued: Signal<In, bool>,
    /// The last byte of a piece was accepted on the memory port.
    pub written: Signal<In, bool>,
    /// What the host is to hear.
    pub m_notice: Source<Notice>,
    /// Finished teardowns.
    pub m_torn_down: Source<TornDown>,
    pieces_issued: Register<Bits<16>>,
    pieces_written: Register<Bits<16>>,
    inlet: SkidBuffer<Report>,
    fence: Fence<Report>,
}

impl Reports {
    /// Reports with a queue of the given depth.
    pub fn new(depth: usize) -> Self {
        Self { fence: Fence::new(depth), ..Self::default() }
    }
}

impl Logic for Reports {
    #[kernel]
    fn update(&mut self) {
        setup!(self, pieces_issued, pieces_written, inlet, fence);
        forward!(self.s_report => self.inlet.s_in);
        join!(self.inlet.m_out => self.fence.s_in);
        let issued = self.pieces_issued.q.val();
        let written = self.pieces_written.q.val();
        self.pieces_issued.d.next = mux(self.issued.val(), issued + 1, issued);
        self.pieces_written.d.next = mux(self.written.val(), written + 1, written);
        self.fence.number.next = issued;
        self.fence.reached.next = written;

        let valid = self.fence.m_out.valid.val();
        let report = self.fence.m_out.bits.val();
        let notice = report.notice;
        self.m_notice.valid.next = valid && !report.torn_down;
        self.m_notice.bits.next = notice;
        self.m_torn_down.valid.next = valid && report.torn_down;
        self.m_torn_down.bits.next = TornDown {
            slot: notice.slot,
            generation: notice.generation,
            ending: Ending {
                response: notice.response,
                status: notice.status,
                cookie: notice.cookie,
                free: report.free,
            },
        };
        self.fence.m_out.ready.next =
            if report.torn_down { self.m_torn_down.ready.val() } else { self.m_notice.ready.val() };
    }
}
