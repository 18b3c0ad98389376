//! Descriptor fetcher: reads the input table by DMA.
//!
//! # Role
//! The host rings the doorbell with the number of entries it ever produced; the fetcher asks the descriptor reader for
//! up to eight entries per read, keeps several reads under way, checks the owner phase and hands descriptors to the
//! dispatcher one by one.
//!
//! ```text
//!  doorbell -> [ ask ] -> m_piece -> dma::Gather -> s_fragment -> [ batch of 8 ] -> m_descriptor
//!                 \------ sizes of the batches asked for ---------------^
//! ```
//!
//! # Ports
//! `doorbell`/`ring` from the register file; `m_piece`, `s_fragment` to and from a `dma::Gather` of its own;
//! `m_descriptor` to the dispatcher; `consumed` to the register file and, every quarter of the table, to the status
//! line through `status`.
//!
//! # Handshake
//! A fragment is a whole word of memory, or at `W` = 512 an entry in either half of one: the table begins at a multiple
//! of 64. A doorbell that goes back, claims more entries than the table has or rings while the engine is not enabled is
//! ignored and reported: the host cannot make the fetcher run wild.
//!
//! # Latency
//! Doorbell to `m_piece` 3 cycles; last beat of a batch to its first descriptor 2 cycles (W = 512: up to 4), then one
//! every second cycle. A batch is passed on only when all of it has arrived, because only the last beat tells whether
//! the read failed.
//!
//! # Invariant
//! `delivered` counts entries passed on since reset; it is both the table index (low bits) and the pass (next bit),
//! hence the owner phase.
use crate::bundles::{DescriptorFields, Piece, Settings};
use crate::stream::Fragment;
use stevedore_hdl::prelude::*;

/// Entries per read: 256 bytes.
const BATCH: u64 = 8;
/// Entries of the table after reset: no table is smaller.
const SMALLEST_TABLE: u64 = 16;

/// A descriptor with what the fetch told about it.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Fetched {
    /// The entry.
    pub fields: DescriptorFields,
    /// Its owner bit is not that of this pass.
    pub bad_owner: bool,
    /// It could not be read; `fields` are undefined.
    pub bus_error: bool,
}

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct State {
    /// Entries the host ever produced.
    produced: Bits<16>,
    /// A doorbell was ignored.
    refused: bool,
    /// Entries ever asked for.
    asked: Bits<16>,
    /// Entries ever passed on.
    delivered: Bits<16>,
    /// `delivered` when the status line was last told.
    told: Bits<16>,
    /// It should be told again, one cycle late.
    status: bool,
    /// W = 512: entries not yet stored.
    collected: Bits<512>,
    /// How many bits of the next entry have come; at W = 512, are in `collected`.
    held: Bits<10>,
    /// Entries of the batch stored.
    stored: Bits<4>,
    /// Entries of the batch passed on.
    passed: Bits<4>,
    /// The packet of the batch has ended.
    complete: bool,
    /// ... with an error.
    failed: bool,
    /// Entry `passed` is at the batch memory's output.
    primed: bool,
    /// It is the last of its batch.
    last: bool,
    /// The batch passed on before this cycle was its last: its size is done with.
    done: bool,
    /// Entries the table has.
    entries: Bits<16>,
    /// The pass `delivered` is in.
    pass: bool,
    /// Entries not yet asked for, and from there to the table's end; `measured` says that both are those of `asked`.
    due: Bits<16>,
    to_end: Bits<16>,
    measured: bool,
    /// The next read, worked out in one cycle and asked for in the next.
    planned: bool,
    size: Bits<4>,
    piece: Piece,
}

/// The fetcher.
#[derive(LogicBlock, Default)]
pub struct Fetcher<const W: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// Table address and size, enable.
    pub settings: Signal<In, Settings>,
    /// Value of the doorbell.
    pub doorbell: Signal<In, Bits<16>>,
    /// The doorbell rings.
    pub ring: Signal<In, bool>,
    /// A doorbell was ignored.
    pub refused: Signal<Out, bool>,
    /// What to read.
    pub m_piece: Source<Piece>,
    /// What was read: one packet per piece.
    pub s_fragment: Sink<Fragment<W>>,
    /// Entries, in order.
    pub m_descriptor: Source<Fetched>,
    /// Entries ever passed on.
    pub consumed: Signal<Out, Bits<16>>,
    /// The status line should be told of `consumed`.
    pub status: Signal<Out, bool>,
    /// It was.
    pub status_done: Signal<In, bool>,
    state: Register<State>,
    /// Quarters of the entries, so that words smaller than an entry go where they belong.
    batch: [DualPortRam<Bits<64>>; 4],
    sizes: Fifo<Bits<4>>,
}

impl<const W: usize> Fetcher<W> {
    /// A fetcher that keeps up to `batches` reads under way.
    pub fn new(batches: usize) -> Self {
        assert!(W == 64 || W == 512, "{W} bits");
        Self {
            state: Register::new(State { entries: bits(SMALLEST_TABLE), ..State::default() }),
            batch: std::array::from_fn(|_| DualPortRam::new(BATCH as usize).no_rw_check()),
            sizes: Fifo::new(batches.max(2)),
            ..Self::default()
        }
    }
}

/// Entries of the next read: what is due, at most a batch, not past the end of the table.
#[kernel_fn]
fn batch_size(due: Bits<16>, to_end: Bits<16>) -> Bits<4> {
    let room = if to_end < BATCH { to_end } else { bits::<16>(BATCH) };
    let size = if due < room { due } else { room };
    resize::<4, 16>(size)
}

impl<const W: usize> Logic for Fetcher<W> {
    #[kernel]
    fn update(&mut self) {
        setup!(self, state, sizes);
        clocks!(self, batch[0], batch[1], batch[2], batch[3]);
        let settings = self.settings.val();
        let state = self.state.q.val();
        let mut next = state;
        let entries = state.entries;
        next.entries = bits::<16>(1) << settings.input_size;
        let mask = entries - 1;

        // From what was claimed before up to a full table, counted from the entries still to be passed on.
        let claimed = self.doorbell.val() - state.delivered;
        let good = claimed <= entries && claimed >= (state.produced - state.delivered);
        next.refused = self.ring.val() && !(good && settings.enable);
        if self.ring.val() && settings.enable && good {
            next.produced = self.doorbell.val();
        }
        self.refused.next = state.refused;

        // Ask.
        let index = state.asked & mask;
        next.due = state.produced - state.asked;
        next.to_end = entries - index;
        next.measured = !state.planned;
        let size = batch_size(state.due, state.to_end);
        if !state.planned {
            next.planned = state.measured && state.due != 0 && settings.enable;
            next.size = size;
            next.piece = Piece {
                address: settings.input_base + (resize::<64, 16>(index) << 5),
                length: resize::<32, 4>(size) << 5,
                last: true,
            };
        }
        let ask = state.planned && self.sizes.s_in.ready.val();
        self.m_piece.valid.next = ask;
        self.m_piece.bits.next = state.piece;
        let asked = ask && self.m_piece.ready.val();
        self.sizes.s_in.bits.next = state.size;
        self.sizes.s_in.valid.next = asked;
        if asked {
            next.planned = false;
            next.asked = state.asked + resize::<16, 4>(state.size);
        }

        // Collect the batch.
        let enough = W == 512 && state.held >= 256;
        let take = !state.complete && !enough && self.s_fragment.valid.val();
        let fragment = self.s_fragment.bits.val();
        self.s_fragment.ready.next = !state.complete && !enough;
        if take {
            next.complete = fragment.last;
            next.failed = fragment.last && fragment.error;
        }
        let room = state.stored < BATCH;
        for i in 0..4 {
            let mine = if W == 64 { take && state.held.get_bits::<2>(6) == i as u64 } else { enough };
            self.batch[i].write_enable.next = mine && room;
            self.batch[i].write_address.next = resize::<16, 4>(state.stored);
            self.batch[i].write_data.next =
                if W == 64 { resize::<64, W>(fragment.data) } else { state.collected.get_bits::<64>(64 * i) };
        }
        if W == 64 {
            if take {
                next.held = (state.held + 64) & 0xff;
                next.stored = state.stored + (room && state.held.get_bits::<2>(6).all());
            }
        } else {
            if take {
                let word = resize::<512, W>(fragment.data);
                next.collected = mux(fragment.offset.any(), word >> 256, word);
                next.held = resize::<10, 7>(fragment.count) << 3;
            }
            if enough {
                next.collected = state.collected >> 256;
                next.held = state.held - 256;
                next.stored = state.stored + room;
            }
        }

        // Pass it on. The packet's end tells the verdict; its length is the one asked for, whatever came.
        let size_asked = self.sizes.m_out.bits.val();
        let drained = state.complete && !enough;
        let low = cat::<64, 64, 128>(self.batch[1].read_data.val(), self.batch[0].read_data.val());
        let high = cat::<64, 64, 128>(self.batch[3].read_data.val(), self.batch[2].read_data.val());
        let fields = unpack::<DescriptorFields, 256>(cat::<128, 128, 256>(high, low));
        self.m_descriptor.bits.next =
            Fetched { fields: fields, bad_owner: fields.owner == state.pass, bus_error: state.failed };
        self.m_descriptor.valid.next = state.primed;
        let taken = state.primed && self.m_descriptor.ready.val();
        let following = state.passed + 1;
        if taken {
            next.delivered = state.delivered + 1;
            next.passed = following;
        }
        // The entry that follows is read in the next cycle: the reader takes one every second cycle.
        next.primed = drained && !taken;
        next.last = following == size_asked;
        next.pass = bit_at(state.delivered >> settings.input_size, 0);
        let finished = taken && state.last;
        if finished {
            next.complete = false;
            next.failed = false;
            next.stored = bits::<4>(0);
            next.passed = bits::<4>(0);
            next.held = bits::<10>(0);
        }
        next.done = finished;
        self.sizes.m_out.ready.next = state.done;
        for i in 0..4 {
            self.batch[i].read_address.next = resize::<16, 4>(state.passed);
        }

        // Tell the host every quarter of the table.
        self.consumed.next = state.delivered;
        next.status = !self.status_done.val() && (state.delivered - state.told) >= (entries >> 2);
        self.status.next = state.status;
        if self.status_done.val() {
            next.told = state.delivered;
        }
        self.state.d.next = next;
    }
}
