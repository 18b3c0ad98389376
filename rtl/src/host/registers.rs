//! The register file: the host's 32-bit window into the engine (`abi::register`).
//!
//! # Role
//! Answers AXI4-Lite, holds the settings every block reads, turns doorbell writes into pulses, shows counts and
//! statistics. Which registers there are, what they can hold and what they hold after reset is
//! `stevedore_abi::register`: loops over that table make the decoder.
//!
//! # Ports
//! - `s_axil`: `AxiLite`: the host reads and writes registers.
//! - `settings`: the settings, for every block. `moderation`: the settings of the interrupt, for `Interrupt`.
//! - `restart`: the host wants the blocks reset, for `SoftReset`. `restarted`: `SoftReset` has reset them. `idle`:
//!   `SoftReset` says that the engine is stopped.
//! - `cause`: the pending causes, from `Interrupt`. `cause_clear`: the causes that the host clears, for `Interrupt`.
//! - `doorbell`: the value that the host wrote to a doorbell. `input_doorbell`: the pulse for the fetcher.
//!   `output_doorbell`: the pulse for the response writer.
//! - `counts`: the counts that other blocks show to the host.
//! - `statistic_index`: the counter that the host reads, for `Statistics`. `statistic_value`: its value, from
//!   `Statistics`.
//!
//! # Handshake
//! A write is taken when address and data are both there and no write is under way; a read when no read is under way.
//! Addresses without a register and partial writes are answered with SLVERR and change nothing; writes that a register
//! does not take are ignored.
//!
//! # Latency
//! Write: response four cycles after both channels, a doorbell's pulse two. Read: data seven cycles after the address.
//! One of each at a time.
//!
//! # Invariant
//! Values that could hang a block never get in: what is stored lies within the limits of its row. Where the engine
//! keeps its place in host memory (tables, status line) changes only while it is stopped.
use super::axi_lite::AxiLite;
use super::register_map::*;
use crate::bundles::Settings;
use crate::geometry::Geometry;
use stevedore_abi::register::{control, offset, COUNTERS, FIRST_COUNTER};
use stevedore_hdl::prelude::*;

/// Registers that show what a block tells, counters apart.
const LIVE: usize = 8;

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

/// A write on its way: taken, its register's limits looked up, held within them, stored.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Write {
    address: Bits<12>,
    value: Bits<32>,
    /// All four bytes.
    whole: bool,
    taken: bool,
    measured: bool,
    held: bool,
    known: bool,
    minimum: Bits<32>,
    maximum: Bits<32>,
    response: bool,
    error: bool,
}

/// A read on its way: taken, the statistics look their counter up in three cycles, every page shows its word, one of
/// them is chosen.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Read {
    address: Bits<12>,
    taken: bool,
    looking: Bits<3>,
    showing: bool,
    choosing: bool,
    known: bool,
    pages: [Bits<32>; PAGES],
    response: bool,
    error: bool,
    data: Bits<32>,
}

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct State {
    words: Words,
    write: Write,
    read: Read,
    /// One cycle late: what is counted is far away.
    counts: Counts,
    idle: bool,
    doorbell: Bits<16>,
    input_doorbell: bool,
    output_doorbell: bool,
    cause_clear: Bits<3>,
}

/// The register file.
#[derive(LogicBlock, Default)]
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
    /// The host wants the blocks reset: high until `restarted`.
    pub restart: Signal<Out, bool>,
    /// They were.
    pub restarted: Signal<In, bool>,
    /// The engine is stopped.
    pub idle: Signal<In, bool>,
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
    state: Register<State>,
    /// The table's, but no segment is longer than the segment buffer.
    _maximum: [[u64; WORDS]; PAGES],
}

impl Registers {
    /// A register file that announces `geometry`.
    pub fn new(geometry: &Geometry) -> Self {
        let mut words = RESET.map(|page| page.map(bits::<32>));
        for (register, value) in [
            (offset::CAP_WIDTH, geometry.width),
            (offset::CAP_CONNECTIONS, geometry.connections),
            (offset::CAP_SEND_ENTRIES, geometry.send_entries),
            (offset::CAP_RECEIVE_ENTRIES, geometry.receive_entries),
            (offset::CAP_READ_TAGS, geometry.payload_tags + geometry.descriptor_tags),
        ] {
            words[page_of(register)][word_of(register)] = bits(value as u64);
        }
        let mut maximum = MAXIMUM;
        let mss = &mut maximum[page_of(offset::TCP_MSS)][word_of(offset::TCP_MSS)];
        *mss = (*mss).min(geometry.segment_buffer as u64);
        Self {
            state: Register::new(State { words, idle: true, ..State::default() }),
            _maximum: maximum,
            ..Self::default()
        }
    }
}

/// The place `page`, `word` is the one at `address`.
#[kernel_fn]
fn is_place(address: Bits<12>, page: usize, word: usize) -> bool {
    address.get_bits::<10>(2) == (page * WORDS + word) as u64
}

impl Logic for Registers {
    #[kernel]
    fn update(&mut self) {
        setup!(self, state);
        let state = self.state.q.val();
        let mut next = state;
        next.counts = self.counts.val();
        next.idle = self.idle.val();
        let restart = (word_at(state.words, offset::CONTROL) & (control::RESET as u64)).any();

        // Take a write; one is under way until its response was taken.
        let mut write = state.write;
        let busy = write.taken || write.measured || write.held || write.response;
        let take = self.s_axil.awvalid.val() && self.s_axil.wvalid.val() && !busy;
        self.s_axil.awready.next = take;
        self.s_axil.wready.next = take;
        if self.s_axil.bready.val() {
            write.response = false;
        }
        if take {
            write.address = self.s_axil.awaddr.val();
            write.value = self.s_axil.wdata.val();
            write.whole = self.s_axil.wstrb.val() == 0xf;
        }
        write.taken = take;

        // Look its register up. Pulses need no limits.
        write.measured = state.write.taken;
        let address = state.write.address;
        let value = state.write.value;
        let pulse = state.write.taken && state.write.whole;
        next.doorbell = resize::<16, 32>(value);
        next.input_doorbell = pulse && address == offset::INPUT_DOORBELL as u64;
        next.output_doorbell = pulse && address == offset::OUTPUT_DOORBELL as u64;
        let clear = pulse && address == offset::INTERRUPT_CAUSE as u64;
        next.cause_clear = mux(clear, resize::<3, 32>(value), bits::<3>(0));
        if state.write.taken {
            let mut known = false;
            let mut minimum = bits::<32>(0);
            let mut maximum = bits::<32>(0);
            for page in 0..PAGES {
                for word in 0..WORDS {
                    let here = is_place(address, page, word);
                    if KNOWN[page][word] {
                        known = known || here;
                        minimum = minimum | mux(here, bits::<32>(MINIMUM[page][word]), bits::<32>(0));
                        maximum = maximum | mux(here, bits::<32>(self._maximum[page][word]), bits::<32>(0));
                    }
                }
            }
            write.known = known && address.get_bits::<2>(0) == 0;
            write.minimum = minimum;
            write.maximum = maximum;
        }
        // Hold it within the limits. The mask is applied where it is stored.
        write.held = state.write.measured;
        if state.write.measured {
            let low = value < state.write.minimum;
            let high = value > state.write.maximum;
            write.value = mux(low, state.write.minimum, mux(high, state.write.maximum, value));
            write.error = !state.write.known || !state.write.whole;
        }
        // Store it.
        if state.write.held {
            write.response = true;
        }
        let store = state.write.held && !state.write.error;
        let mut words = state.words;
        for page in 0..PAGES {
            for word in 0..WORDS {
                if STORED[page][word] {
                    let open = if STOPPED[page][word] { state.idle } else { true };
                    if store && is_place(address, page, word) && open {
                        words[page][word] = value & bits::<32>(MASK[page][word]);
                    }
                }
            }
        }
        // While the blocks are being reset, only their reset ends it.
        let asked = word_at(words, offset::CONTROL);
        let stopping = (asked & (control::RESET as u64)).any();
        let stopped = bits::<32>(control::RESET as u64);
        let held = mux(restart || stopping, stopped, asked);
        words[page_of(offset::CONTROL)][word_of(offset::CONTROL)] = mux(self.restarted.val(), bits::<32>(0), held);
        next.words = words;
        next.write = write;
        self.s_axil.bvalid.next = state.write.response;
        self.s_axil.bresp.next = mux(state.write.error, bits::<2>(2), bits::<2>(0));

        // Take a read.
        let mut read = state.read;
        let busy = read.taken || read.looking.any() || read.showing || read.choosing || read.response;
        let take = self.s_axil.arvalid.val() && !busy;
        self.s_axil.arready.next = take;
        read.taken = take;
        if take {
            read.address = self.s_axil.araddr.val();
        }
        if self.s_axil.rready.val() {
            read.response = false;
        }
        let address = state.read.address;
        self.statistic_index.next = (address - (FIRST_COUNTER as u64)).get_bits::<5>(2);
        read.looking = (state.read.looking << 1) | bits::<3>(0).replace_bit(0, state.read.taken);
        read.showing = state.read.looking.get_bit(2);
        // What every register shows: what it holds, or what a block tells.
        read.choosing = state.read.showing;
        let counts = state.counts;
        let idle = resize::<32, 1>(from_bool(state.idle && !restart));
        let live = [
            (offset::STATUS, idle),
            (offset::INTERRUPT_CAUSE, resize::<32, 3>(self.cause.val())),
            (offset::INPUT_CONSUMED, resize::<32, 16>(counts.input_consumed)),
            (offset::OUTPUT_PRODUCED, resize::<32, 16>(counts.output_produced)),
            (offset::FREE_SLOTS, resize::<32, 16>(counts.free_slots)),
            (offset::FREE_SEND_ENTRIES, resize::<32, 16>(counts.free_send_entries)),
            (offset::FREE_RECEIVE_ENTRIES, resize::<32, 16>(counts.free_receive_entries)),
            (offset::FREE_READ_TAGS, resize::<32, 16>(counts.free_read_tags)),
        ];
        let mut shown = state.words;
        for i in 0..LIVE {
            shown[page_of(live[i].0)][word_of(live[i].0)] = live[i].1;
        }
        for i in 0..COUNTERS {
            let counter = FIRST_COUNTER + 4 * i as u32;
            shown[page_of(counter)][word_of(counter)] = self.statistic_value.val();
        }
        if state.read.showing {
            let mut known = false;
            for page in 0..PAGES {
                let mut sum = bits::<32>(0);
                for word in 0..WORDS {
                    if KNOWN[page][word] {
                        let chosen = address.get_bits::<4>(2) == word as u64;
                        sum = sum | mux(chosen, shown[page][word], bits::<32>(0));
                        known = known || is_place(address, page, word);
                    }
                }
                read.pages[page] = sum;
            }
            read.known = known && address.get_bits::<2>(0) == 0;
        }
        if state.read.choosing {
            let mut data = bits::<32>(0);
            for page in 0..PAGES {
                let chosen = state.read.known && address.get_bits::<6>(6) == page as u64;
                data = data | mux(chosen, state.read.pages[page], bits::<32>(0));
            }
            read.data = data;
            read.error = !state.read.known;
            read.response = true;
        }
        next.read = read;
        self.s_axil.rvalid.next = state.read.response;
        self.s_axil.rdata.next = state.read.data;
        self.s_axil.rresp.next = mux(state.read.error, bits::<2>(2), bits::<2>(0));

        self.settings.next = settings_of(state.words);
        self.moderation.next = Moderation {
            enable: resize::<3, 32>(word_at(state.words, offset::INTERRUPT_ENABLE)),
            delay: word_at(state.words, offset::INTERRUPT_DELAY),
            count: resize::<16, 32>(word_at(state.words, offset::INTERRUPT_COUNT)),
        };
        self.restart.next = restart;
        self.cause_clear.next = state.cause_clear;
        self.doorbell.next = state.doorbell;
        self.input_doorbell.next = state.input_doorbell;
        self.output_doorbell.next = state.output_doorbell;
        self.state.d.next = next;
    }
}
