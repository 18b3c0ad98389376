//! The register file: the host's 32-bit window into the engine (`abi::register`).
//!
//! # Role
//! Answers AXI4-Lite, holds the settings every block reads, turns doorbell writes into pulses, shows counts and statistics. The register
//! map itself, with reset values, is `stevedore_abi::register`; this file only wires it.
//!
//! # Handshake
//! A write is taken when address and data are both there and no response waits; a read when no read is under way. Unknown
//! addresses and partial writes are answered with SLVERR and change nothing; writes to read-only registers are ignored.
//!
//! # Latency
//! Write: response two cycles after both channels. Read: data seven cycles after the address. One of each at a time.
//!
//! # Invariant
//! Values that could hang a block never get in: table sizes are held within 2^4 to 2^15 entries.
use super::axi_lite::AxiLite;
use super::register_read::*;
use super::register_write::*;
use crate::bundles::{Settings, TcpSettings};
use crate::geometry::Geometry;
use stevedore_abi::register::REGISTERS;
use stevedore_hdl::prelude::*;

/// What the engine can do, as the `CAP_*` registers show it.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Capabilities {
    /// Stream width in bits.
    pub stream_width: Bits<16>,
    /// Connection slots.
    pub connections: Bits<32>,
    /// Send contexts.
    pub send_entries: Bits<32>,
    /// Receive contexts.
    pub receive_entries: Bits<32>,
    /// DMA tags.
    pub read_tags: Bits<16>,
}

/// Counts that blocks show to the host.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Counts {
    /// Input entries ever fetched.
    pub input_consumed: Bits<16>,
    /// Output entries ever written.
    pub output_produced: Bits<16>,
    /// Free connection slots.
    pub free_slots: Bits<16>,
    /// Free send contexts.
    pub free_send_entries: Bits<16>,
    /// Free receive contexts.
    pub free_receive_entries: Bits<16>,
    /// Free DMA tags.
    pub free_read_tags: Bits<16>,
}

/// Interrupt moderation settings.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Moderation {
    /// Enabled causes.
    pub enable: Bits<3>,
    /// Longest wait of a response, microseconds.
    pub delay: Bits<32>,
    /// Responses that raise at once.
    pub count: Bits<16>,
}

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct State {
    settings: Settings,
    moderation: Moderation,
    /// One cycle late: what is counted is far away.
    counts: Counts,
    write_response: bool,
    write_error: bool,
    /// A write taken and not yet carried out.
    writing: bool,
    write_address: Bits<12>,
    write_value: Bits<32>,
    write_whole: bool,
    read_address: Bits<12>,
    /// The address is known; the statistics look their counter up, which takes three cycles.
    addressed: bool,
    looking: Bits<3>,
    reading: bool,
    /// The groups of registers were read; one of them shows something.
    gathering: bool,
    groups: [Bits<32>; 3],
    read_response: bool,
    read_error: bool,
    read_data: Bits<32>,
    doorbell: Bits<16>,
    input_doorbell: bool,
    output_doorbell: bool,
    cause_clear: Bits<3>,
}

/// The register file.
#[derive(LogicBlock)]
pub struct Registers {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// The host's port.
    pub s_axil: AxiLite,
    /// Settings for every block.
    pub settings: Signal<Out, Settings>,
    /// Interrupt moderation.
    pub moderation: Signal<Out, Moderation>,
    /// Pending interrupt causes.
    pub cause: Signal<In, Bits<3>>,
    /// Causes cleared this cycle.
    pub cause_clear: Signal<Out, Bits<3>>,
    /// Value of a doorbell rung this cycle.
    pub doorbell: Signal<Out, Bits<16>>,
    /// The input doorbell rings.
    pub input_doorbell: Signal<Out, bool>,
    /// The output doorbell rings.
    pub output_doorbell: Signal<Out, bool>,
    /// Counts to show.
    pub counts: Signal<In, Counts>,
    /// Which statistics counter to show.
    pub statistic_index: Signal<Out, Bits<5>>,
    /// Its value, three cycles later.
    pub statistic_value: Signal<In, Bits<32>>,
    capabilities: Constant<Capabilities>,
    state: Register<State>,
}

fn reset_value(name: &str) -> u64 {
    u64::from(REGISTERS.iter().find(|r| r.name == name).map_or(0, |r| r.reset))
}

impl Registers {
    /// A register file that announces `geometry`.
    pub fn new(geometry: &Geometry) -> Self {
        let tcp = TcpSettings {
            initial_rto: bits(reset_value("TCP_INITIAL_RTO")),
            minimum_rto: bits(reset_value("TCP_MINIMUM_RTO")),
            maximum_rto: bits(reset_value("TCP_MAXIMUM_RTO")),
            delayed_ack: bits(reset_value("TCP_DELAYED_ACK")),
            time_wait: bits(reset_value("TCP_TIME_WAIT")),
            retry_limit: bits(reset_value("TCP_RETRY_LIMIT")),
            mss: bits(reset_value("TCP_MSS")),
            notify_delay: bits(reset_value("NOTIFY_DELAY")),
            notify_on_push: reset_value("NOTIFY_FLAGS") & 1 == 1,
        };
        let settings = Settings {
            cycles_per_microsecond: bits(reset_value("CYCLES_PER_MICROSECOND")),
            hash_key: bits(reset_value("HASH_KEY")),
            input_size: bits(4),
            output_size: bits(4),
            tcp,
            ..Settings::default()
        };
        let moderation = Moderation { count: bits(reset_value("INTERRUPT_COUNT")), ..Moderation::default() };
        let capabilities = Capabilities {
            stream_width: bits(geometry.width as u64),
            connections: bits(geometry.connections as u64),
            send_entries: bits(geometry.send_entries as u64),
            receive_entries: bits(geometry.receive_entries as u64),
            read_tags: bits((geometry.payload_tags + geometry.descriptor_tags) as u64),
        };
        Registers {
            clock: Signal::default(),
            reset: Signal::default(),
            s_axil: AxiLite::default(),
            settings: Signal::default(),
            moderation: Signal::default(),
            cause: Signal::default(),
            cause_clear: Signal::default(),
            doorbell: Signal::default(),
            input_doorbell: Signal::default(),
            output_doorbell: Signal::default(),
            counts: Signal::default(),
            statistic_index: Signal::default(),
            statistic_value: Signal::default(),
            capabilities: Constant::new(capabilities),
            state: Register::new(State { settings, moderation, ..State::default() }),
        }
    }
}

impl Logic for Registers {
    #[kernel]
    fn update(&mut self) {
        setup!(self, state);
        let state = self.state.q.val();
        let mut next = state;
        next.input_doorbell = false;
        next.output_doorbell = false;
        next.cause_clear = bits::<3>(0);
        next.counts = self.counts.val();

        let write = self.s_axil.awvalid.val() && self.s_axil.wvalid.val() && !state.write_response && !state.writing;
        self.s_axil.awready.next = write;
        self.s_axil.wready.next = write;
        if self.s_axil.bready.val() {
            next.write_response = false;
        }
        next.writing = write;
        next.write_address = self.s_axil.awaddr.val();
        next.write_value = self.s_axil.wdata.val();
        next.write_whole = self.s_axil.wstrb.val() == 0xf;
        if state.writing {
            let value = state.write_value;
            let w = write_register(state.settings, state.moderation, state.write_address, value);
            let whole = state.write_whole;
            next.write_response = true;
            next.write_error = !w.known || !whole;
            if whole {
                next.settings = w.settings;
                next.moderation = w.moderation;
                next.input_doorbell = w.input_doorbell;
                next.output_doorbell = w.output_doorbell;
                next.doorbell = resize::<16, 32>(value);
                next.cause_clear = w.cause_clear;
            }
        }
        self.s_axil.bvalid.next = state.write_response;
        self.s_axil.bresp.next = if state.write_error { bits::<2>(2) } else { bits::<2>(0) };

        let idle = !(state.addressed || state.looking.any() || state.reading || state.gathering || state.read_response);
        let read = self.s_axil.arvalid.val() && idle;
        self.s_axil.arready.next = read;
        next.addressed = read;
        if read {
            next.read_address = self.s_axil.araddr.val();
        }
        if self.s_axil.rready.val() {
            next.read_response = false;
        }
        self.statistic_index.next = (state.read_address - (FIRST_STATISTIC as u64)).get_bits::<5>(2);
        next.looking = (state.looking << 1) | bits::<3>(0).replace_bit(0, state.addressed);
        next.reading = state.looking.get_bit(2);
        if state.reading {
            let view = View {
                settings: state.settings,
                moderation: state.moderation,
                capabilities: self.capabilities.val(),
                counts: state.counts,
                cause: self.cause.val(),
                statistic: self.statistic_value.val(),
            };
            let at = state.read_address;
            next.groups = [read_identity(view, at), read_rings(view, at), read_tcp(view, at)];
            next.gathering = true;
        }
        if state.gathering {
            next.gathering = false;
            next.read_response = true;
            let readable = readable(state.read_address);
            let data = state.groups[0] | state.groups[1] | state.groups[2];
            next.read_data = mux(readable, data, bits::<32>(0));
            next.read_error = !readable;
        }
        self.s_axil.rvalid.next = state.read_response;
        self.s_axil.rdata.next = state.read_data;
        self.s_axil.rresp.next = if state.read_error { bits::<2>(2) } else { bits::<2>(0) };

        self.settings.next = state.settings;
        self.moderation.next = state.moderation;
        self.cause_clear.next = state.cause_clear;
        self.doorbell.next = state.doorbell;
        self.input_doorbell.next = state.input_doorbell;
        self.output_doorbell.next = state.output_doorbell;
        self.state.d.next = next;
    }
}
