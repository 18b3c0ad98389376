//! The transmit path: from the pipeline's commands to frames.
//!
//! # Role
//! Composes the send chain, the segment buffer, the header builder and the prepender. The DMA reader hangs between
//! `m_piece` and `s_payload`.
//!
//! # Ports
//! - `s_command`: `SendCommand`: the commands of the connection pipeline.
//! - `s_reset`: `ResetOut`: resets that belong to no connection, from `connection::Lookup`.
//! - `address`, `address_valid`: rows of the address table, written by `network::Network`.
//! - `settings`: the own addresses, from the register file.
//! - `m_piece`: `Piece`: the payload that is wanted, for the DMA reader. `s_payload`: `Beat<W>`: its bytes, a packet
//!   per segment, from the DMA reader.
//! - `m_frame`: `Beat<W>`: frames, for the frame arbiter.
//! - `m_response`: `DescriptorFields`: buffers that go back to the host, for the response writer.
//! - `m_torn_down`: `TornDown`: teardowns carried out, for the reaper.
//! - `free_entries`: the number of free message contexts, for `host::Dispatcher` and the register file.
//! - `placements_written`: the number of placements that memory has taken, from `dma::WriteLedger`.
//!
//! # Handshake
//! Commands are carried out in order. `s_payload` must bring one packet per segment with payload, in the order of the
//! pieces, of exactly their bytes unless it ends with `error`, and then of no more; it is never stalled. `address` is
//! written before the first command of its slot comes. A segment waits until `placements_written` has come up to its
//! `fence`, and those behind it with it; a buffer goes back to the host, and a teardown is reported, when the payload
//! of every segment granted before is stored.
//!
//! # Latency
//! A segment without payload is on `m_frame` 8 cycles after it is taken, a reset 7, when nothing is in their way.
//! Frames follow each other without gaps. Not ready after reset until the tables are filled, one cycle per entry.
//!
//! # Invariant
//! Frames leave in the order of the segments; resets come in between whole frames.
use super::header_builder::HeaderBuilder;
use super::prepend::Prepend;
use super::record::Fetch;
use super::returns::Returns;
use super::segment_buffer::SegmentBuffer;
use super::send_chain::SendChain;
use crate::bundles::{Address, Beat, DescriptorFields, Piece, ResetOut, SendCommand, Settings, TornDown};
use crate::geometry::Geometry;
use crate::stream::Queue;
use stevedore_hdl::prelude::*;

/// Payloads whose fetch may wait for the payload before: covers the header builder's pipeline.
const FETCHES: usize = 8;

/// The transmit path.
#[derive(LogicBlock, Default)]
pub struct Transmitter<const W: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// What to send, release, give back.
    pub s_command: Sink<SendCommand>,
    /// Answers to segments without a connection.
    pub s_reset: Sink<ResetOut>,
    /// A row of the address table.
    pub address: Signal<In, Address>,
    /// It is to be written in this cycle.
    pub address_valid: Signal<In, bool>,
    /// Own addresses.
    pub settings: Signal<In, Settings>,
    /// Payload wanted, in order.
    pub m_piece: Source<Piece>,
    /// Payload, a packet per segment.
    pub s_payload: Sink<Beat<W>>,
    /// Frames.
    pub m_frame: Source<Beat<W>>,
    /// BufferAvailable.
    pub m_response: Source<DescriptorFields>,
    /// Teardowns carried out.
    pub m_torn_down: Source<TornDown>,
    /// Message contexts in the free list.
    pub free_entries: Signal<Out, Bits<16>>,
    /// Placements whose last byte memory has taken.
    pub placements_written: Signal<In, Bits<16>>,
    send_chain: SendChain<W>,
    segment_buffer: SegmentBuffer<W>,
    returns: Returns,
    header_builder: HeaderBuilder<W>,
    fetches: Queue<Fetch>,
    prepend: Prepend<W>,
    freed: Register<Bits<16>>,
}

impl<const W: usize> Transmitter<W> {
    /// A transmit path for this geometry.
    pub fn new(geometry: &Geometry) -> Self {
        assert_eq!(geometry.width, W);
        Self {
            send_chain: SendChain::new(geometry),
            segment_buffer: SegmentBuffer::new(geometry),
            returns: Returns::new(geometry),
            header_builder: HeaderBuilder::new(geometry),
            fetches: Queue::new(FETCHES),
            ..Default::default()
        }
    }
}

impl<const W: usize> Logic for Transmitter<W> {
    #[kernel]
    fn update(&mut self) {
        setup!(self, send_chain, returns, segment_buffer, header_builder, fetches, prepend, freed);
        forward!(self.s_command => self.send_chain.s_command);
        forward!(self.send_chain.m_piece => self.m_piece);
        join!(self.send_chain.m_returned => self.returns.s_returned);
        forward!(self.returns.m_response => self.m_response);
        forward!(self.returns.m_torn_down => self.m_torn_down);
        self.returns.granted.next = self.send_chain.granted.val();
        self.send_chain.home.next = self.returns.home.val();
        self.send_chain.home_entry.next = self.returns.home_entry.val();
        self.returns.met.next = self.header_builder.met.val();
        self.header_builder.placements_written.next = self.placements_written.val();
        self.free_entries.next = self.send_chain.free_entries.val();
        forward!(self.s_payload => self.segment_buffer.s_payload);

        let settings = self.settings.val();
        self.header_builder.mac.next = settings.mac;
        self.header_builder.ip_address.next = settings.ip_address;
        self.header_builder.address.next = self.address.val();
        self.header_builder.address_valid.next = self.address_valid.val();
        forward!(self.s_reset => self.header_builder.s_reset);
        join!(self.send_chain.m_segment => self.header_builder.s_segment);
        join!(self.segment_buffer.m_stored => self.header_builder.s_stored);
        join!(self.header_builder.m_fetch => self.fetches.s_in);
        join!(self.fetches.m_out => self.segment_buffer.s_fetch);
        join!(self.header_builder.m_header => self.prepend.s_header);
        join!(self.segment_buffer.m_lump => self.prepend.s_lump);
        forward!(self.prepend.m_frame => self.m_frame);

        let popped = resize::<16, 1>(from_bool(self.segment_buffer.popped.val()));
        self.freed.d.next = self.header_builder.lost.val() + popped;
        self.send_chain.freed.next = self.freed.q.val();
    }
}
