//! PCIe adapter: the engine's memory port, register port and interrupt, as packets.
//!
//! # Role
//! Stands between the engine and whatever carries packets. Knows the rules of the bus, and no vendor. Nothing here but
//! wires: behaviour lives in the blocks.
//!
//! ```text
//! s_read ---------> ReadIssue -----------------------------\
//!                     ^  | tags                             Outlet -> m_request, m_row
//! m_completion <- Unpacker <- Judge, TagStates <- s_completion, s_completion_row
//! s_write -> MessageMerge -> WritePacker ------------------/
//! irq ----> Msix ----^ |table
//! m_axil <- RegisterWrites, RegisterReads <- s_register;  m_register <- RegisterReads
//! ```
//!
//! # Ports
//! - `s_read`, `m_completion`, `s_write`, `m_axil`, `irq`, `halt`, `halted`, `engine_reset`: the engine's, seen from
//!   outside.
//! - `m_request`, `m_row`, `s_completion`, `s_completion_row`, `s_register`, `m_register`: packets (`tlp`).
//! - `ordered`: posted packets that went out at `m_request` and that no completion can pass any more, modulo 2^16.
//! - `bus_master`, `message_enable`, `message_mask`, `function_reset`: what the host wrote to the configuration space.
//!   `function_reset_done`: the function is reset.
//!
//! # Handshake
//! All streams may be stalled. A packet's rows follow its header without a pause of the adapter's.
//!
//! # Latency
//! That of the blocks.
//!
//! # Invariant
//! Posted packets leave in the order in which the engine's port gave them, a message behind all that came before it.
//! Every read of the engine is answered, and ends once.
use super::error_counters::ErrorCounters;
use super::function_reset::FunctionReset;
use super::judge::Judge;
use super::message_merge::MessageMerge;
use super::msix::{Msix, VECTORS};
use super::outlet::Outlet;
use super::read_issue::ReadIssue;
use super::register_reads::RegisterReads;
use super::register_writes::RegisterWrites;
use super::tag_states::TagStates;
use super::tlp::*;
use super::unpacker::Unpacker;
use super::write_packer::{PostedBeat, WritePacker};
use crate::bundles::{ReadCompletion, ReadRequest};
use crate::host::AxiLiteManager;
use stevedore_hdl::prelude::*;

/// The adapter; see the module's text.
#[derive(LogicBlock, Default)]
pub struct Adapter<const W: usize, const K: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// The engine's reads.
    pub s_read: Sink<ReadRequest>,
    /// Their data.
    pub m_completion: Source<ReadCompletion<W>>,
    /// The engine's writes; `message` is never set.
    pub s_write: Sink<PostedBeat<W, K>>,
    /// The engine's registers.
    pub m_axil: AxiLiteManager,
    /// Interrupt lines, one for each vector.
    pub irq: Signal<In, Bits<VECTORS>>,
    /// The engine shall stop.
    pub halt: Signal<Out, bool>,
    /// The engine has stopped.
    pub halted: Signal<In, bool>,
    /// The engine's reset.
    pub engine_reset: Signal<Out, bool>,
    /// Headers of requests to the host.
    pub m_request: Source<RequestHeader>,
    /// Their rows.
    pub m_row: Source<Row>,
    /// Headers of the host's answers.
    pub s_completion: Sink<CompletionHeader>,
    /// Their rows.
    pub s_completion_row: Sink<Row>,
    /// The host's accesses to BAR 0.
    pub s_register: Sink<RegisterRequest>,
    /// Their answers.
    pub m_register: Source<RegisterCompletion>,
    /// Posted packets ordered.
    pub ordered: Signal<In, Bits<16>>,
    /// The function may send requests.
    pub bus_master: Signal<In, bool>,
    /// MSI-X is enabled.
    pub message_enable: Signal<In, bool>,
    /// All vectors are masked.
    pub message_mask: Signal<In, bool>,
    /// The host resets the function.
    pub function_reset: Signal<In, bool>,
    /// The function is reset.
    pub function_reset_done: Signal<Out, bool>,
    read_issue: ReadIssue,
    tag_states: TagStates,
    judge: Judge,
    rows: SkidBuffer<Row>,
    unpacker: Unpacker<W>,
    msix: Msix,
    message_merge: MessageMerge<W, K>,
    write_packer: WritePacker<W, K>,
    outlet: Outlet,
    register_writes: RegisterWrites,
    register_reads: RegisterReads,
    function_reset_sequence: FunctionReset,
    counters: ErrorCounters,
    writes_taken: Register<Bits<16>>,
}

impl<const W: usize, const K: usize> Adapter<W, K> {
    /// An adapter for reads of at most `maximum_read` bytes, which are given up after one to two times `period` cycles.
    pub fn new(maximum_read: usize, period: u64) -> Self {
        Self {
            read_issue: ReadIssue::new(maximum_read),
            tag_states: TagStates::new(period),
            judge: Judge::new(),
            register_reads: RegisterReads::new(),
            ..Self::default()
        }
    }
}

impl<const W: usize, const K: usize> Logic for Adapter<W, K> {
    #[kernel]
    fn update(&mut self) {
        setup!(self, read_issue, tag_states, judge, rows, unpacker, msix, message_merge, write_packer, outlet);
        setup!(self, register_writes, register_reads, function_reset_sequence, counters, writes_taken);
        let resetting = self.function_reset_sequence.resetting.val();
        let bus_master = self.bus_master.val();

        // Reads and their answers.
        forward!(self.s_read => self.read_issue.s_read);
        join!(self.read_issue.m_read => self.outlet.s_read);
        let busy = self.tag_states.busy.val();
        let issued = self.read_issue.issued.val();
        let tag = self.read_issue.issued_tag.val();
        self.read_issue.busy.next = busy;
        self.read_issue.returned.next = self.judge.returned.val();
        self.read_issue.returned_cost.next = self.judge.returned_cost.val();
        self.tag_states.issued.next = issued;
        self.tag_states.issued_tag.next = tag;
        self.tag_states.thrown.next = self.outlet.thrown.val();
        self.tag_states.judged.next = self.judge.judged.val();
        self.tag_states.settled.next = self.judge.settled.val();
        self.tag_states.settled_tag.next = self.judge.settled_tag.val();
        self.tag_states.running.next = bus_master || resetting;
        self.judge.issued.next = issued;
        self.judge.issued_tag.next = tag;
        self.judge.entry.next = self.read_issue.entry.val();
        self.judge.waiting.next = self.tag_states.waiting.val();
        self.judge.late.next = self.tag_states.late.val();
        self.judge.owed.next = self.tag_states.owed.val();
        self.judge.over.next = self.tag_states.over.val();
        forward!(self.s_completion => self.judge.s_header);
        forward!(self.s_completion_row => self.rows.s_in);
        join!(self.rows.m_out => self.unpacker.s_row);
        join!(self.judge.m_verdict => self.unpacker.s_verdict);
        forward!(self.unpacker.m_completion => self.m_completion);

        // Writes and messages.
        forward!(self.s_write => self.message_merge.s_write);
        join!(self.msix.m_message => self.message_merge.s_message);
        join!(self.message_merge.m_write => self.write_packer.s_write);
        join!(self.write_packer.m_header => self.outlet.s_posted);
        join!(self.write_packer.m_row => self.outlet.s_row);
        self.msix.lines.next = self.irq.val();
        self.msix.enable.next = self.message_enable.val();
        self.msix.function_mask.next = self.message_mask.val();
        self.msix.clear.next = resetting;
        forward!(self.outlet.m_request => self.m_request);
        forward!(self.outlet.m_row => self.m_row);
        self.outlet.bus_master.next = bus_master;
        self.outlet.discard.next = resetting;

        // The host's accesses: what waits for an answer and what does not.
        let request = self.s_register.bits.val();
        let open = !resetting;
        let comes = self.s_register.valid.val() && open;
        self.register_reads.s_request.bits.next = request;
        self.register_reads.s_request.valid.next = comes && request.answered;
        self.register_writes.s_request.bits.next = request;
        self.register_writes.s_request.valid.next = comes && !request.answered;
        let ready = mux(
            request.answered,
            self.register_reads.s_request.ready.val(),
            self.register_writes.s_request.ready.val(),
        );
        self.s_register.ready.next = ready && open;
        let taken = self.writes_taken.q.val();
        let writes = comes && !request.answered && self.register_writes.s_request.ready.val();
        self.writes_taken.d.next = taken + writes;
        self.register_reads.writes_taken.next = taken;
        self.register_reads.writes_done.next = self.register_writes.done.val();
        self.register_reads.accepted.next = self.write_packer.accepted.val();
        self.register_reads.ordered.next = self.ordered.val() + self.outlet.discarded.val();
        self.register_reads.bus_master.next = bus_master;
        self.register_reads.pending.next = self.msix.pending.val();
        self.msix.address.next = self.register_reads.address.val();
        self.counters.address.next = self.register_reads.address.val();
        self.register_reads.counter_shown.next = self.counters.shown.val();
        self.register_reads.table_shown.next = self.msix.shown.val();
        self.msix.write.next = self.register_writes.table_write.val();
        self.msix.write_address.next = self.register_writes.table_address.val();
        self.msix.data.next = self.register_writes.table_data.val();
        forward!(self.register_reads.m_completion => self.m_register);

        // The engine's registers: address and data of a write are taken in the same cycle.
        self.m_axil.awaddr.next = self.register_writes.awaddr.val();
        self.m_axil.awvalid.next = self.register_writes.awvalid.val();
        self.m_axil.wdata.next = self.register_writes.wdata.val();
        self.m_axil.wstrb.next = self.register_writes.wstrb.val();
        self.m_axil.wvalid.next = self.register_writes.awvalid.val();
        self.register_writes.awready.next = self.m_axil.awready.val() && self.m_axil.wready.val();
        self.register_writes.bresp.next = self.m_axil.bresp.val();
        self.register_writes.bvalid.next = self.m_axil.bvalid.val();
        self.m_axil.bready.next = self.register_writes.bready.val();
        self.m_axil.araddr.next = self.register_reads.araddr.val();
        self.m_axil.arvalid.next = self.register_reads.arvalid.val();
        self.register_reads.arready.next = self.m_axil.arready.val();
        self.register_reads.rdata.next = self.m_axil.rdata.val();
        self.register_reads.rresp.next = self.m_axil.rresp.val();
        self.register_reads.rvalid.next = self.m_axil.rvalid.val();
        self.m_axil.rready.next = self.register_reads.rready.val();

        // Function-level reset.
        self.function_reset_sequence.asked.next = self.function_reset.val();
        self.function_reset_sequence.halted.next = self.halted.val();
        self.function_reset_sequence.quiet.next = self.outlet.quiet.val()
            && !busy.any()
            && self.register_reads.quiet.val()
            && self.register_writes.s_request.ready.val();
        self.function_reset_done.next = self.function_reset_sequence.done.val();
        self.halt.next = self.function_reset_sequence.halt.val();
        self.engine_reset.next = self.function_reset_sequence.engine_reset.val();

        self.counters.errors.next = Errors {
            unsupported: self.register_writes.refused.val() || self.register_reads.refused.val(),
            poisoned: self.judge.poisoned.val(),
            completion: self.judge.wrong.val(),
            time_out: self.tag_states.timed_out.val(),
            unexpected: self.judge.unexpected.val(),
        };
    }
}
