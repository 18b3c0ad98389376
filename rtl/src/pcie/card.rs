//! Card: an engine on PCI Express, with the pins of the UltraScale+ PCIe4 block and of a MAC.
//!
//! # Role
//! The outermost module of a PCIe card, but for clocks, the vendor's block and the MAC. Nothing here but wires.
//!
//! ```text
//! s_axis_rx, m_axis_tx <-> Engine <-> Endpoint <-> m_axis_rq, s_axis_rc, s_axis_cq, m_axis_cc
//! ```
//!
//! # Ports
//! - `clock`, `reset`: of everything here; `reset` is synchronous.
//! - `s_axis_rx`, `m_axis_tx`: the wire, as at the engine.
//! - `m_axis_rq`, `s_axis_rc`, `s_axis_cq`, `m_axis_cc`: to and from the ports of the block with the opposite letter in
//!   front. `pcie_rq_seq_num0`, `pcie_rq_seq_num1`, `pcie_cq_np_req`, `cfg_*`: the block's ports of the same name.
//!
//! # Handshake
//! That of AXI4-Stream; all streams of the bus end in registers.
//!
//! # Latency
//! That of its blocks.
//!
//! # Invariant
//! Function 0 is the only one. BAR 0 is memory of 16 KB: the engine's registers at 0, counters of errors at 0x1000, the
//! MSI-X table at 0x2000, its pending bits at 0x3000. The block's configuration must say so.
use super::msix::VECTORS;
use super::tlp::ROW_BYTES;
use super::ultrascale::pins::*;
use super::ultrascale::Endpoint;
use super::write_packer::{PostedBeat, ROWS};
use crate::bundles::{ReadRequest, WriteBeat};
use crate::engine::Engine;
use crate::geometry::Geometry;
use crate::ports::{AxisSink, AxisSource};
use stevedore_hdl::prelude::*;

/// Cycles after one to two of which a read is given up: 17 to 34 ms at 125 MHz, within what PCI Express allows
/// (50 us to 50 ms where the host does not choose).
pub const TIME_OUT_PERIOD: u64 = 1 << 21;

/// Bit of `cfg_function_status` that says that function 0 may send requests.
const BUS_MASTER: usize = 2;

/// Engine, adapter and shim; see the module's text.
#[derive(LogicBlock)]
pub struct Card<const W: usize, const K: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// Frames from the wire, without FCS.
    pub s_axis_rx: AxisSink<W, K>,
    /// Frames to the wire, without FCS.
    pub m_axis_tx: AxisSource<W, K>,
    /// Requester requests.
    pub m_axis_rq: PinSource<REQUEST_USER>,
    /// Requester completions.
    pub s_axis_rc: PinSink<COMPLETION_USER>,
    /// Completer requests.
    pub s_axis_cq: PinSink<REGISTER_USER>,
    /// Completer completions.
    pub m_axis_cc: PinSource<ANSWER_USER>,
    /// Sequence number of a request that no completion can pass.
    pub pcie_rq_seq_num0: Signal<In, Bits<6>>,
    /// It is there.
    pub pcie_rq_seq_num_vld0: Signal<In, bool>,
    /// A second one in the same cycle.
    pub pcie_rq_seq_num1: Signal<In, Bits<6>>,
    /// It is there.
    pub pcie_rq_seq_num_vld1: Signal<In, bool>,
    /// One more request of the host may wait for an answer.
    pub pcie_cq_np_req: Signal<Out, Bits<2>>,
    /// Longest payload: 128 bytes, doubled so often.
    pub cfg_max_payload: Signal<In, Bits<2>>,
    /// Longest read: 128 bytes, doubled so often.
    pub cfg_max_read_req: Signal<In, Bits<3>>,
    /// What the host enabled; four bits for each function.
    pub cfg_function_status: Signal<In, Bits<16>>,
    /// MSI-X is enabled; a bit for each function.
    pub cfg_interrupt_msix_enable: Signal<In, Bits<4>>,
    /// All vectors are masked; a bit for each function.
    pub cfg_interrupt_msix_mask: Signal<In, Bits<4>>,
    /// The host resets the function; a bit for each.
    pub cfg_flr_in_process: Signal<In, Bits<4>>,
    /// It is reset; a bit for each.
    pub cfg_flr_done: Signal<Out, Bits<4>>,
    engine: Engine<W, K>,
    /// The reset of the engine: that of the card, and a function-level reset.
    engine_reset: Register<bool>,
    endpoint: Endpoint<W, K>,
}

impl<const W: usize, const K: usize> Card<W, K> {
    /// A card with an engine of the given geometry.
    ///
    /// # Panics
    /// If a burst of that geometry is longer than the adapter can store.
    pub fn new(geometry: &Geometry) -> Self {
        assert!(geometry.maximum_write <= ROWS * ROW_BYTES, "bursts of {} bytes", geometry.maximum_write);
        Self {
            clock: Signal::default(),
            reset: Signal::default(),
            s_axis_rx: AxisSink::default(),
            m_axis_tx: AxisSource::default(),
            m_axis_rq: PinSource::default(),
            s_axis_rc: PinSink::default(),
            s_axis_cq: PinSink::default(),
            m_axis_cc: PinSource::default(),
            pcie_rq_seq_num0: Signal::default(),
            pcie_rq_seq_num_vld0: Signal::default(),
            pcie_rq_seq_num1: Signal::default(),
            pcie_rq_seq_num_vld1: Signal::default(),
            pcie_cq_np_req: Signal::default(),
            cfg_max_payload: Signal::default(),
            cfg_max_read_req: Signal::default(),
            cfg_function_status: Signal::default(),
            cfg_interrupt_msix_enable: Signal::default(),
            cfg_interrupt_msix_mask: Signal::default(),
            cfg_flr_in_process: Signal::default(),
            cfg_flr_done: Signal::default(),
            engine: Engine::new(geometry),
            engine_reset: Register::new(true),
            endpoint: Endpoint::new(geometry.maximum_read, TIME_OUT_PERIOD),
        }
    }
}

impl<const W: usize, const K: usize> Logic for Card<W, K> {
    #[kernel]
    fn update(&mut self) {
        setup!(self, engine_reset, endpoint);
        setup_by!(self, engine_reset.q, engine);
        self.engine_reset.d.next = self.endpoint.engine_reset.val();

        // The wire.
        self.engine.s_axis_rx.tdata.next = self.s_axis_rx.tdata.val();
        self.engine.s_axis_rx.tkeep.next = self.s_axis_rx.tkeep.val();
        self.engine.s_axis_rx.tlast.next = self.s_axis_rx.tlast.val();
        self.engine.s_axis_rx.tuser.next = self.s_axis_rx.tuser.val();
        self.engine.s_axis_rx.tvalid.next = self.s_axis_rx.tvalid.val();
        self.s_axis_rx.tready.next = self.engine.s_axis_rx.tready.val();
        self.m_axis_tx.tdata.next = self.engine.m_axis_tx.tdata.val();
        self.m_axis_tx.tkeep.next = self.engine.m_axis_tx.tkeep.val();
        self.m_axis_tx.tlast.next = self.engine.m_axis_tx.tlast.val();
        self.m_axis_tx.tuser.next = self.engine.m_axis_tx.tuser.val();
        self.m_axis_tx.tvalid.next = self.engine.m_axis_tx.tvalid.val();
        self.engine.m_axis_tx.tready.next = self.m_axis_tx.tready.val();

        // Memory.
        self.endpoint.s_read.bits.next = ReadRequest {
            address: self.engine.m_axis_rdreq.address.val(),
            length: self.engine.m_axis_rdreq.length.val(),
            tag: self.engine.m_axis_rdreq.tag.val(),
        };
        self.endpoint.s_read.valid.next = self.engine.m_axis_rdreq.tvalid.val();
        self.engine.m_axis_rdreq.tready.next = self.endpoint.s_read.ready.val();
        let answer = self.endpoint.m_completion.bits.val();
        self.engine.s_axis_rdcpl.tdata.next = answer.data;
        self.engine.s_axis_rdcpl.tag.next = answer.tag;
        self.engine.s_axis_rdcpl.tlast.next = answer.last;
        self.engine.s_axis_rdcpl.error.next = answer.error;
        self.engine.s_axis_rdcpl.tvalid.next = self.endpoint.m_completion.valid.val();
        self.endpoint.m_completion.ready.next = self.engine.s_axis_rdcpl.tready.val();
        self.endpoint.s_write.bits.next = PostedBeat::<W, K> {
            write: WriteBeat::<W, K> {
                address: self.engine.m_axis_wr.address.val(),
                data: self.engine.m_axis_wr.tdata.val(),
                strobe: self.engine.m_axis_wr.tstrb.val(),
                last: self.engine.m_axis_wr.tlast.val(),
                may_pass: self.engine.m_axis_wr.tuser.val(),
                placement_ends: false,
            },
            message: false,
        };
        self.endpoint.s_write.valid.next = self.engine.m_axis_wr.tvalid.val();
        self.engine.m_axis_wr.tready.next = self.endpoint.s_write.ready.val();
        self.engine.maximum_read.next = self.cfg_max_read_req.val();
        self.engine.maximum_write.next = bit_cast::<3, 2>(self.cfg_max_payload.val());

        // Registers and interrupt.
        self.engine.s_axil.awaddr.next = self.endpoint.m_axil.awaddr.val();
        self.engine.s_axil.awvalid.next = self.endpoint.m_axil.awvalid.val();
        self.endpoint.m_axil.awready.next = self.engine.s_axil.awready.val();
        self.engine.s_axil.wdata.next = self.endpoint.m_axil.wdata.val();
        self.engine.s_axil.wstrb.next = self.endpoint.m_axil.wstrb.val();
        self.engine.s_axil.wvalid.next = self.endpoint.m_axil.wvalid.val();
        self.endpoint.m_axil.wready.next = self.engine.s_axil.wready.val();
        self.endpoint.m_axil.bresp.next = self.engine.s_axil.bresp.val();
        self.endpoint.m_axil.bvalid.next = self.engine.s_axil.bvalid.val();
        self.engine.s_axil.bready.next = self.endpoint.m_axil.bready.val();
        self.engine.s_axil.araddr.next = self.endpoint.m_axil.araddr.val();
        self.engine.s_axil.arvalid.next = self.endpoint.m_axil.arvalid.val();
        self.endpoint.m_axil.arready.next = self.engine.s_axil.arready.val();
        self.endpoint.m_axil.rdata.next = self.engine.s_axil.rdata.val();
        self.endpoint.m_axil.rresp.next = self.engine.s_axil.rresp.val();
        self.endpoint.m_axil.rvalid.next = self.engine.s_axil.rvalid.val();
        self.engine.s_axil.rready.next = self.endpoint.m_axil.rready.val();
        // The engine has one line: the other vectors never rise.
        self.endpoint.irq.next = bits::<VECTORS>(0).replace_bit(0, self.engine.irq.val());
        self.engine.halt.next = self.endpoint.halt.val();
        self.endpoint.halted.next = self.engine.halted.val();

        // The vendor's block.
        let request = self.endpoint.m_rq.bits.val();
        self.m_axis_rq.tdata.next = request.data;
        self.m_axis_rq.tkeep.next = request.keep;
        self.m_axis_rq.tlast.next = request.last;
        self.m_axis_rq.tuser.next = request.user;
        self.m_axis_rq.tvalid.next = self.endpoint.m_rq.valid.val();
        self.endpoint.m_rq.ready.next = self.m_axis_rq.tready.val();
        self.endpoint.s_rc.bits.next = PinBeat::<COMPLETION_USER> {
            data: self.s_axis_rc.tdata.val(),
            keep: self.s_axis_rc.tkeep.val(),
            last: self.s_axis_rc.tlast.val(),
            user: self.s_axis_rc.tuser.val(),
        };
        self.endpoint.s_rc.valid.next = self.s_axis_rc.tvalid.val();
        self.s_axis_rc.tready.next = self.endpoint.s_rc.ready.val();
        self.endpoint.s_cq.bits.next = PinBeat::<REGISTER_USER> {
            data: self.s_axis_cq.tdata.val(),
            keep: self.s_axis_cq.tkeep.val(),
            last: self.s_axis_cq.tlast.val(),
            user: self.s_axis_cq.tuser.val(),
        };
        self.endpoint.s_cq.valid.next = self.s_axis_cq.tvalid.val();
        self.s_axis_cq.tready.next = self.endpoint.s_cq.ready.val();
        let completion = self.endpoint.m_cc.bits.val();
        self.m_axis_cc.tdata.next = completion.data;
        self.m_axis_cc.tkeep.next = completion.keep;
        self.m_axis_cc.tlast.next = completion.last;
        self.m_axis_cc.tuser.next = completion.user;
        self.m_axis_cc.tvalid.next = self.endpoint.m_cc.valid.val();
        self.endpoint.m_cc.ready.next = self.m_axis_cc.tready.val();
        self.endpoint.sequence_0.next = self.pcie_rq_seq_num0.val();
        self.endpoint.sequence_0_valid.next = self.pcie_rq_seq_num_vld0.val();
        self.endpoint.sequence_1.next = self.pcie_rq_seq_num1.val();
        self.endpoint.sequence_1_valid.next = self.pcie_rq_seq_num_vld1.val();
        self.pcie_cq_np_req.next = bit_cast::<2, 1>(from_bool(self.endpoint.grant.val()));
        self.endpoint.bus_master.next = self.cfg_function_status.val().get_bit(BUS_MASTER);
        self.endpoint.message_enable.next = self.cfg_interrupt_msix_enable.val().get_bit(0);
        self.endpoint.message_mask.next = self.cfg_interrupt_msix_mask.val().get_bit(0);
        self.endpoint.function_reset.next = self.cfg_flr_in_process.val().get_bit(0);
        self.cfg_flr_done.next = bit_cast::<4, 1>(from_bool(self.endpoint.function_reset_done.val()));
    }
}
