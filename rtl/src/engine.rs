//! The engine: every block, wired.
//!
//! # Role
//! The outermost module. Wire on one side (`s_axis_rx`, `m_axis_tx`), memory on the other (`m_axis_rdreq`,
//! `s_axis_rdcpl`, `m_axis_wr`), the host's registers (`s_axil`) and the interrupt line. Nothing here but wires:
//! behaviour lives in the blocks. Gates at the ports, opened and closed by `host::SoftReset`, are what the outside sees
//! of a stop.
//!
//! ```text
//!            +-----------+   header   +--------+  event  +-----+ commands  +-----------+  writes
//! s_axis_rx >| Receiver  |----------->| Lookup |-------->| Tcp |---------->| Placement |--------> m_axis_wr
//!       |    +-----------+            +--------+         +-----+           +-----------+    |
//!       |    +-----------+              ^  open             | commands           | response |
//!       +--->| Network   |--------------+                   v                    v          |
//!            +-----------+    +---------------+      +-------------+     +----------------+ |
//! m_axis_tx <------ arbiter --| Transmitter   |<-----| (SendCommand)     | ResponseWriter |-+
//!                             +---------------+                          +----------------+
//! s_axil -> Registers -> Fetcher -> Dispatcher -> events, opens, notices
//! ```
//!
//! # Ports
//! - `clock`, `reset`: the clock and the synchronous reset of the whole engine.
//! - `s_axil`: `AxiLite`: the host reads and writes registers.
//! - `s_axis_rx`: `AxisSink<W, K>`: frames from the wire, without the frame check sequence.
//! - `m_axis_tx`: `AxisSource<W, K>`: frames to the wire, at least 60 bytes long, without the frame check sequence.
//! - `m_axis_rdreq`: `ReadRequestSource`: reads of host memory. `s_axis_rdcpl`: `ReadCompletionSink<W>`: the data of
//!   these reads, told apart by tag.
//! - `m_axis_wr`: `WriteSource<W, K>`: bursts of writes to host memory.
//! - `maximum_read`, `maximum_write`: the longest read and the longest burst that the bus takes: 128 bytes, doubled as
//!   often as they say, as PCI Express has it. The engine keeps to the geometry's limits, too.
//! - `halt`, `halted`: the bus stops the engine: a soft reset begins and does not end before `halt` falls. While
//!   `halted` no read is under way and nothing is offered.
//! - `irq`: the interrupt line to the host, high while an enabled cause is pending.
//!
//! # Handshake
//! `s_axis_rx_tready` is always 1: the wire cannot wait. All other streams may be stalled.
//!
//! # Latency
//! That of the blocks; the wiring adds a cycle to openings from the lookup, to resets, and to notices of all but the
//! host's blocks.
//!
//! # Invariant
//! What the host hears of a connection comes in the order in which it happened. The receive path gives its notices in
//! the order of the pipeline's commands. The reaper speaks after both paths have handed over all they had to say, and
//! frees the slot after it has spoken. Between these blocks and the notifier, and between the transmitter and the
//! response writer, stand merges only, which have no storage: nobody's next word, and nothing of the slot's next
//! connection, can pass one that was handed over. Only notices about no connection wait in a buffer of their own.
use crate::bundles::*;
use crate::connection::{Lookup, Reaper, Tcp};
use crate::dma::{ends_block, halvings, halvings_for, Gather, ReadArbiter, Reader, WriteArbiter, WriteLedger};
use crate::geometry::Geometry;
use crate::host::*;
use crate::network::{Heard, Network};
use crate::ports::*;
use crate::rx::{Placement, Receiver};
use crate::stream::{Admission, FrameArbiter, Gate, Queue};
use crate::tx::Transmitter;
use stevedore_abi::register::{offset, COUNTERS};
use stevedore_hdl::prelude::*;

/// The TCP offload engine. `W` is the stream width in bits, `K` = W/8.
#[derive(LogicBlock)]
pub struct Engine<const W: usize, const K: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// The host's registers.
    pub s_axil: AxiLite,
    /// Frames from the wire, without FCS.
    pub s_axis_rx: AxisSink<W, K>,
    /// Frames to the wire, without FCS, at least 60 bytes.
    pub m_axis_tx: AxisSource<W, K>,
    /// Reads of host memory.
    pub m_axis_rdreq: ReadRequestSource,
    /// Their data.
    pub s_axis_rdcpl: ReadCompletionSink<W>,
    /// Writes of host memory.
    pub m_axis_wr: WriteSource<W, K>,
    /// Longest read: 128 bytes, doubled so often.
    pub maximum_read: Signal<In, Bits<3>>,
    /// Longest burst: 128 bytes, doubled so often.
    pub maximum_write: Signal<In, Bits<3>>,
    /// The bus stops the engine.
    pub halt: Signal<In, bool>,
    /// The engine is stopped: the gates are closed, no read is under way.
    pub halted: Signal<Out, bool>,
    /// Interrupt, level.
    pub irq: Signal<Out, bool>,
    registers: Registers,
    soft_reset: SoftReset,
    admission: Admission,
    frame_gate: Gate<Beat<W>>,
    read_gate: Gate<ReadRequest>,
    write_gate: Gate<WriteBeat<W, K>>,
    write_ledger: WriteLedger,
    timebase: Timebase,
    statistics: Statistics,
    interrupts: Interrupt,
    fetcher: Fetcher<W>,
    dispatcher: Dispatcher,
    notifier: Notifier,
    response_writer: ResponseWriter<W, K>,
    host_events: Merge<Event>,
    /// Cut the ways of the lookup to the pipeline's inlet and to the header builder.
    openings: PingPong<Event>,
    resets: PingPong<ResetOut>,
    notices: [Merge<Notice>; 4],
    /// Notices about no connection; cuts their tree of three levels.
    aside: PingPong<Notice>,
    responses: Merge<DescriptorFields>,
    descriptor_reader: Gather<W>,
    payload_reader: Reader<W>,
    read_arbiter: ReadArbiter<W, 2>,
    write_arbiter: WriteArbiter<W, K, 2>,
    receiver: Receiver<W>,
    placement: Placement<W, K>,
    lookup: Lookup,
    tcp: Tcp,
    reaper: Reaper,
    /// Every slot fits: the reaper must not wait for the lookup, which may wait for the pipeline, which may wait for
    /// the teardown the reaper is told of.
    freed: Queue<Bits<16>>,
    transmitter: Transmitter<W>,
    network: Network<W>,
    frame_arbiter: FrameArbiter<W, 2>,
    /// Limits of the bus, as halvings of those of the geometry.
    read_halvings: Register<Bits<3>>,
    write_halvings: Register<Bits<3>>,
    _read_steps: usize,
    _write_steps: usize,
}

impl<const W: usize, const K: usize> Engine<W, K> {
    /// An engine of the given geometry.
    ///
    /// # Panics
    /// If `geometry.width` is not `W`, `K` is not `W / 8`, or the geometry does not pass [`Geometry::check`]: that is a
    /// mistake in the elaborating program.
    pub fn new(geometry: &Geometry) -> Self {
        assert_eq!(geometry.width, W, "geometry.width must equal the engine's W");
        assert_eq!(K, W / 8, "K must be W / 8");
        if let Err(problem) = geometry.check() {
            panic!("no engine of this geometry: {problem}");
        }
        let payload_tags = geometry.payload_tags;
        Engine {
            clock: Signal::default(),
            reset: Signal::default(),
            s_axil: AxiLite::default(),
            s_axis_rx: AxisSink::default(),
            m_axis_tx: AxisSource::default(),
            m_axis_rdreq: ReadRequestSource::default(),
            s_axis_rdcpl: ReadCompletionSink::default(),
            m_axis_wr: WriteSource::default(),
            maximum_read: Signal::default(),
            maximum_write: Signal::default(),
            halt: Signal::default(),
            halted: Signal::default(),
            irq: Signal::default(),
            registers: Registers::new(geometry),
            soft_reset: SoftReset::new(payload_tags + geometry.descriptor_tags),
            admission: Admission::default(),
            frame_gate: Gate::default(),
            read_gate: Gate::default(),
            write_gate: Gate::default(),
            write_ledger: WriteLedger::default(),
            timebase: Timebase::default(),
            statistics: Statistics::new(),
            interrupts: Interrupt::default(),
            fetcher: Fetcher::new(geometry.descriptor_tags),
            dispatcher: Dispatcher::new(geometry),
            notifier: Notifier::new(geometry.connections),
            response_writer: ResponseWriter::new(geometry),
            host_events: Merge::default(),
            openings: PingPong::single(),
            resets: PingPong::single(),
            aside: PingPong::single(),
            notices: std::array::from_fn(|_| Merge::default()),
            responses: Merge::default(),
            descriptor_reader: Gather::new(payload_tags, geometry.descriptor_tags, geometry.maximum_read),
            payload_reader: Reader::new(0, payload_tags, geometry.maximum_read),
            read_arbiter: ReadArbiter::new([0, payload_tags]),
            write_arbiter: WriteArbiter::default(),
            receiver: Receiver::new(geometry),
            placement: Placement::new(geometry),
            lookup: Lookup::new(geometry),
            tcp: Tcp::new(geometry),
            reaper: Reaper::new(geometry),
            freed: Queue::new(geometry.connections),
            transmitter: Transmitter::new(geometry),
            network: Network::new(geometry),
            frame_arbiter: FrameArbiter::default(),
            read_halvings: Register::default(),
            write_halvings: Register::default(),
            _read_steps: halvings(geometry.maximum_read),
            _write_steps: halvings(geometry.maximum_write),
        }
    }
}

impl<const W: usize, const K: usize> Logic for Engine<W, K> {
    #[kernel]
    fn update(&mut self) {
        setup!(self, registers, soft_reset, timebase, admission, frame_gate, read_gate, write_gate);
        setup!(self, read_halvings, write_halvings);
        // One name a line: every new block adds its own.
        setup_by!(
            self,
            soft_reset.blocks_reset,
            write_ledger,
            statistics,
            interrupts,
            fetcher,
            dispatcher,
            notifier,
            response_writer,
            aside,
            host_events,
            openings,
            resets,
            notices[0],
            notices[1],
            notices[2],
            notices[3],
            responses,
            descriptor_reader,
            payload_reader,
            read_arbiter,
            write_arbiter,
            receiver,
            placement,
            lookup,
            tcp,
            reaper,
            freed,
            transmitter,
            network,
            frame_arbiter
        );

        let settings = self.registers.settings.val();
        let now = self.timebase.now.val();
        self.timebase.cycles_per_microsecond.next = settings.cycles_per_microsecond;
        self.soft_reset.enable.next = settings.enable;
        self.soft_reset.restart.next = self.registers.restart.val();
        self.soft_reset.halt.next = self.halt.val();
        self.halted.next = self.soft_reset.halted.val();
        self.registers.restarted.next = self.soft_reset.restarted.val();
        self.registers.idle.next = self.soft_reset.idle.val();
        let open = self.soft_reset.open.val();
        self.soft_reset.closed.next =
            self.frame_gate.closed.val() && self.read_gate.closed.val() && self.write_gate.closed.val();
        self.fetcher.settings.next = settings;
        self.response_writer.settings.next = settings;
        self.receiver.settings.next = settings;
        self.lookup.settings.next = settings;
        self.lookup.now.next = now;
        self.tcp.settings.next = settings.tcp;
        self.tcp.now.next = now;
        self.transmitter.settings.next = settings;
        self.network.settings.next = settings;
        self.network.now.next = now;

        // The host's registers.
        self.registers.s_axil.awaddr.next = self.s_axil.awaddr.val();
        self.registers.s_axil.awvalid.next = self.s_axil.awvalid.val();
        self.s_axil.awready.next = self.registers.s_axil.awready.val();
        self.registers.s_axil.wdata.next = self.s_axil.wdata.val();
        self.registers.s_axil.wstrb.next = self.s_axil.wstrb.val();
        self.registers.s_axil.wvalid.next = self.s_axil.wvalid.val();
        self.s_axil.wready.next = self.registers.s_axil.wready.val();
        self.s_axil.bresp.next = self.registers.s_axil.bresp.val();
        self.s_axil.bvalid.next = self.registers.s_axil.bvalid.val();
        self.registers.s_axil.bready.next = self.s_axil.bready.val();
        self.registers.s_axil.araddr.next = self.s_axil.araddr.val();
        self.registers.s_axil.arvalid.next = self.s_axil.arvalid.val();
        self.s_axil.arready.next = self.registers.s_axil.arready.val();
        self.s_axil.rdata.next = self.registers.s_axil.rdata.val();
        self.s_axil.rresp.next = self.registers.s_axil.rresp.val();
        self.s_axil.rvalid.next = self.registers.s_axil.rvalid.val();
        self.registers.s_axil.rready.next = self.s_axil.rready.val();
        self.registers.statistic_value.next = self.statistics.value.val();
        self.statistics.index.next = self.registers.statistic_index.val();
        self.registers.counts.next = Counts {
            input_consumed: self.fetcher.consumed.val(),
            output_produced: self.response_writer.produced.val(),
            free_slots: self.lookup.free_slots.val(),
            free_send_entries: self.transmitter.free_entries.val(),
            free_receive_entries: self.placement.free_entries.val(),
            free_read_tags: self.descriptor_reader.free_tags.val() + self.payload_reader.free_tags.val(),
        };

        // Requests: doorbell, fetch, dispatch.
        self.fetcher.doorbell.next = self.registers.doorbell.val();
        self.fetcher.ring.next = self.registers.input_doorbell.val();
        join!(self.fetcher.m_piece => self.descriptor_reader.s_piece);
        join!(self.descriptor_reader.m_fragment => self.fetcher.s_fragment);
        join!(self.fetcher.m_descriptor => self.dispatcher.s_descriptor);
        self.dispatcher.settings.next = settings;
        self.dispatcher.free_send_entries.next = self.transmitter.free_entries.val();
        self.dispatcher.free_receive_entries.next = self.placement.free_entries.val();
        join!(self.dispatcher.m_open => self.network.s_open);
        join!(self.network.m_open => self.lookup.s_open);
        join!(self.dispatcher.m_event => self.host_events.s_in_0);
        join!(self.network.m_icmp => self.lookup.s_icmp);
        join!(self.lookup.m_opened => self.openings.s_in);
        join!(self.openings.m_out => self.host_events.s_in_1);
        join!(self.host_events.m_out => self.tcp.s_host);

        // Frames in.
        let beat = beat_of::<W, K>(
            self.s_axis_rx.tdata.val(),
            self.s_axis_rx.tkeep.val(),
            self.s_axis_rx.tlast.val(),
            self.s_axis_rx.tuser.val(),
        );
        self.admission.valid.next = self.s_axis_rx.tvalid.val();
        self.admission.last.next = self.s_axis_rx.tlast.val();
        self.admission.open.next = open && settings.enable;
        self.admission.cut.next = self.soft_reset.blocks_reset.val();
        let frame_valid = self.admission.admitted.val();
        self.s_axis_rx.tready.next = true;
        self.receiver.s_frame.bits.next = beat;
        self.receiver.s_frame.valid.next = frame_valid;
        self.network.s_frame.bits.next = beat;
        self.network.s_frame.valid.next = frame_valid;
        join!(self.receiver.m_header => self.lookup.s_header);
        join!(self.lookup.m_segment => self.tcp.s_segment);
        let header = self.receiver.m_header.bits.val();
        self.network.heard.next = Heard { remote_address: header.tuple.remote_address, remote_mac: header.remote_mac };
        self.network.heard_valid.next = self.receiver.m_header.valid.val() && self.lookup.s_header.ready.val();
        self.network.matched.next = self.lookup.m_segment.bits.val().slot;
        self.network.matched_valid.next = self.lookup.m_segment.valid.val() && self.tcp.s_segment.ready.val();
        join!(self.tcp.m_receive => self.placement.s_command);
        join!(self.receiver.m_frame => self.placement.s_frame);
        join!(self.receiver.m_extent => self.placement.s_extent);

        // Frames out.
        join!(self.tcp.m_send => self.transmitter.s_command);
        join!(self.lookup.m_reset => self.resets.s_in);
        join!(self.resets.m_out => self.transmitter.s_reset);
        self.transmitter.placements_written.next = self.write_ledger.placements_written.val();
        self.network.address_in.next = self.lookup.address.val();
        self.network.address_in_valid.next = self.lookup.address_valid.val();
        self.transmitter.address.next = self.network.address.val();
        self.transmitter.address_valid.next = self.network.address_valid.val();
        join!(self.transmitter.m_piece => self.payload_reader.s_piece);
        join!(self.payload_reader.m_beat => self.transmitter.s_payload);
        join!(self.transmitter.m_frame => self.frame_arbiter.s_frame[0]);
        join!(self.network.m_frame => self.frame_arbiter.s_frame[1]);
        join!(self.frame_arbiter.m_frame => self.frame_gate.s_in);
        self.frame_gate.last.next = self.frame_arbiter.m_frame.bits.val().last;
        self.frame_gate.open.next = open;
        let frame = self.frame_gate.m_out.bits.val();
        self.m_axis_tx.tdata.next = frame.data;
        self.m_axis_tx.tkeep.next = keep_of::<K>(frame.count);
        self.m_axis_tx.tlast.next = frame.last;
        self.m_axis_tx.tuser.next = false;
        self.m_axis_tx.tvalid.next = self.frame_gate.m_out.valid.val();
        self.frame_gate.m_out.ready.next = self.m_axis_tx.tready.val();

        // Memory.
        self.read_halvings.d.next = halvings_for(self._read_steps, self.maximum_read.val());
        self.write_halvings.d.next = halvings_for(self._write_steps, self.maximum_write.val());
        self.payload_reader.halvings.next = self.read_halvings.q.val();
        self.descriptor_reader.halvings.next = self.read_halvings.q.val();
        join!(self.payload_reader.m_request => self.read_arbiter.s_request[0]);
        join!(self.descriptor_reader.m_request => self.read_arbiter.s_request[1]);
        join!(self.read_arbiter.m_completion[0] => self.payload_reader.s_completion);
        join!(self.read_arbiter.m_completion[1] => self.descriptor_reader.s_completion);
        join!(self.read_arbiter.m_request => self.read_gate.s_in);
        self.read_gate.last.next = true;
        self.read_gate.open.next = open;
        let request = self.read_gate.m_out.bits.val();
        self.m_axis_rdreq.address.next = request.address;
        self.m_axis_rdreq.length.next = request.length;
        self.m_axis_rdreq.tag.next = request.tag;
        self.m_axis_rdreq.tvalid.next = self.read_gate.m_out.valid.val();
        self.read_gate.m_out.ready.next = self.m_axis_rdreq.tready.val();
        self.read_arbiter.s_completion.bits.next = ReadCompletion::<W> {
            data: self.s_axis_rdcpl.tdata.val(),
            tag: self.s_axis_rdcpl.tag.val(),
            last: self.s_axis_rdcpl.tlast.val(),
            error: self.s_axis_rdcpl.error.val(),
        };
        self.read_arbiter.s_completion.valid.next = self.s_axis_rdcpl.tvalid.val();
        self.s_axis_rdcpl.tready.next = self.read_arbiter.s_completion.ready.val();
        self.soft_reset.asked.next = self.read_gate.m_out.valid.val() && self.m_axis_rdreq.tready.val();
        self.soft_reset.asked_tag.next = request.tag;
        self.soft_reset.answered_tag.next = self.s_axis_rdcpl.tag.val();
        self.soft_reset.answered.next = self.s_axis_rdcpl.tvalid.val()
            && self.s_axis_rdcpl.tlast.val()
            && self.read_arbiter.s_completion.ready.val();
        join!(self.placement.m_write => self.write_arbiter.s_write[0]);
        join!(self.response_writer.m_write => self.write_arbiter.s_write[1]);
        join!(self.write_arbiter.m_write => self.write_gate.s_in);
        self.write_gate.last.next = self.write_arbiter.m_write.bits.val().last;
        self.write_gate.open.next = open;
        let write = self.write_gate.m_out.bits.val();
        self.m_axis_wr.address.next = write.address;
        self.m_axis_wr.tdata.next = write.data;
        self.m_axis_wr.tstrb.next = write.strobe;
        // Bursts of all blocks are whole, and arbiters pass them whole: their words follow each other up to the port,
        // where a shorter limit only needs more ends.
        let ends = ends_block::<W>(self._write_steps, self.write_halvings.q.val(), write.address);
        self.m_axis_wr.tlast.next = write.last || ends;
        self.m_axis_wr.tuser.next = write.may_pass;
        self.m_axis_wr.tvalid.next = self.write_gate.m_out.valid.val();
        self.write_gate.m_out.ready.next = self.m_axis_wr.tready.val();
        let payload = self.placement.m_write.valid.val()
            && self.write_arbiter.s_write[0].ready.val()
            && self.placement.m_write.bits.val().last;
        let response = self.response_writer.m_write.valid.val()
            && self.write_arbiter.s_write[1].ready.val()
            && self.response_writer.m_write.bits.val().last;
        self.write_ledger.entered.next = bits::<2>(0).replace_bit(0, payload).replace_bit(1, response);
        self.write_ledger.left.next = self.write_gate.m_out.valid.val() && self.m_axis_wr.tready.val() && write.last;
        self.write_ledger.placement_ends.next = write.placement_ends;
        self.response_writer.accepted.next = self.write_ledger.written.val().get_bit(1);

        // Closing.
        join!(self.transmitter.m_torn_down => self.reaper.s_send);
        join!(self.placement.m_torn_down => self.reaper.s_receive);
        join!(self.reaper.m_free => self.freed.s_in);
        join!(self.freed.m_out => self.lookup.s_free);

        // Responses.
        join!(self.lookup.m_refused => self.notices[0].s_in_0);
        join!(self.network.m_refused => self.notices[0].s_in_1);
        join!(self.dispatcher.m_notice => self.notices[1].s_in_0);
        join!(self.notices[0].m_out => self.notices[1].s_in_1);
        join!(self.notices[1].m_out => self.aside.s_in);
        join!(self.placement.m_notice => self.notices[2].s_in_0);
        join!(self.reaper.m_notice => self.notices[2].s_in_1);
        join!(self.notices[2].m_out => self.notices[3].s_in_0);
        join!(self.aside.m_out => self.notices[3].s_in_1);
        join!(self.notices[3].m_out => self.notifier.s_notice);
        self.notifier.address.next = self.lookup.address.val();
        self.notifier.address_valid.next = self.lookup.address_valid.val();
        join!(self.notifier.m_response => self.responses.s_in_0);
        join!(self.transmitter.m_response => self.responses.s_in_1);
        join!(self.responses.m_out => self.response_writer.s_response);
        self.response_writer.doorbell.next = self.registers.doorbell.val();
        self.response_writer.ring.next = self.registers.output_doorbell.val();
        self.response_writer.status.next = self.fetcher.status.val();
        self.response_writer.status_count.next = self.fetcher.consumed.val();
        self.fetcher.status_done.next = self.response_writer.status_done.val();

        // Interrupts and statistics.
        let bus_error = self.payload_reader.failed.val() || self.descriptor_reader.failed.val();
        let stray = self.payload_reader.stray.val() || self.descriptor_reader.stray.val();
        self.interrupts.moderation.next = self.registers.moderation.val();
        self.interrupts.now.next = now;
        self.interrupts.responses.next = self.response_writer.written.val();
        self.interrupts.nearly_full.next = self.response_writer.nearly_full.val();
        self.interrupts.bus_error.next = bus_error;
        self.interrupts.clear.next = self.registers.cause_clear.val();
        self.registers.cause.next = self.interrupts.cause.val();
        self.irq.next = self.interrupts.line.val();
        let pulses = self.tcp.pulses.val();
        let frame_out = self.frame_gate.m_out.valid.val() && self.m_axis_tx.tready.val() && frame.last;
        let bad_doorbell = self.fetcher.refused.val() || self.response_writer.refused.val();
        let mut counted = bits::<COUNTERS>(0);
        counted = pulse(counted, offset::STAT_FRAMES_IN, self.receiver.frame_in.val());
        counted = pulse(counted, offset::STAT_FRAMES_OUT, frame_out);
        counted = pulse(counted, offset::STAT_SEGMENTS_IN, pulses.segment_in);
        counted = pulse(counted, offset::STAT_SEGMENTS_OUT, pulses.segment_out);
        counted = pulse(counted, offset::STAT_RETRANSMISSIONS, pulses.retransmission);
        counted = pulse(counted, offset::STAT_DROP_MALFORMED, self.receiver.drop_malformed.val());
        counted = pulse(counted, offset::STAT_DROP_CHECKSUM, self.receiver.drop_checksum.val());
        counted = pulse(counted, offset::STAT_DROP_FULL, self.receiver.drop_full.val());
        counted = pulse(counted, offset::STAT_DROP_NO_CONNECTION, self.lookup.drop_no_connection.val());
        counted = pulse(counted, offset::STAT_DROP_OUT_OF_ORDER, pulses.drop_out_of_order);
        counted = pulse(counted, offset::STAT_BUS_ERRORS, bus_error);
        counted = pulse(counted, offset::STAT_RESPONSES, self.response_writer.taken.val());
        counted = pulse(counted, offset::STAT_REQUESTS, self.dispatcher.request.val());
        counted = pulse(counted, offset::STAT_BAD_REQUESTS, self.response_writer.refusal.val());
        counted = pulse(counted, offset::STAT_INTERRUPTS, self.interrupts.raised.val());
        counted = pulse(counted, offset::STAT_OUTPUT_STALLS, self.response_writer.stalled.val());
        counted = pulse(counted, offset::STAT_FAST_RETRANSMITS, pulses.fast_retransmit);
        counted = pulse(counted, offset::STAT_TIME_OUTS, pulses.time_out);
        counted = pulse(counted, offset::STAT_BAD_DOORBELLS, bad_doorbell);
        counted = pulse(counted, offset::STAT_STRAY_COMPLETIONS, stray);
        self.statistics.pulses.next = counted;
    }
}
