//! Response writer: descriptors into the output table.
//!
//! # Role
//! Takes responses from the chains and the notifier, gathers what is there into one write of up to eight entries, sets the owner
//! phase, and never writes an entry the host still owns (H7). Also writes the status line for the fetcher.
//!
//! ```text
//!  s_response -> [ queue ] -> [ pack to W ] -> dma::Writer -> m_write
//! ```
//!
//! # Ports
//! `doorbell`/`ring`: entries the host ever consumed; `status`/`status_count`/`status_done`: the status line; `written`: entries whose last
//! beat was accepted this cycle, for interrupt moderation.
//!
//! # Handshake
//! Without room in the table the writer waits: its queue fills and everything behind it stops, losing nothing. A doorbell
//! beyond what was produced is ignored.
//!
//! # Latency
//! First response to first write beat 10 cycles; W = 64: four beats per entry.
//!
//! # Invariant
//! `produced - consumed` never exceeds the table: `produced` grows only by batches that were cut to the room.
use crate::bundles::{Beat, DescriptorFields, Piece, Settings, WriteBeat};
use crate::dma::Writer;
use crate::geometry::Geometry;
use stevedore_hdl::prelude::*;

/// Entries per write: 256 bytes.
const BATCH: u64 = 8;
/// Entries of the table after reset: no table is smaller.
const SMALLEST_TABLE: u64 = 16;

#[derive(Encoding, Clone, Copy, Debug, PartialEq)]
enum Phase {
    #[default]
    Idle,
    Entries,
    Status,
    /// Wait until the DMA writer holds nothing: only then is the batch announced.
    Settle,
}

/// A number of bits loaded, and what is asked about it.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Amount {
    held: Bits<10>,
    /// None; a beat or less; a beat or more; not too many to load an entry behind them.
    empty: bool,
    single: bool,
    whole: bool,
    open: bool,
}

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct State {
    phase: Phase,
    /// Entries ever written.
    produced: Bits<16>,
    /// Entries the host ever consumed.
    consumed: Bits<16>,
    /// Entries of the batch not yet loaded.
    to_load: Bits<4>,
    /// Entries of the batch.
    batch: Bits<4>,
    /// Bits loaded and not yet sent. Only W = 512 uses the upper half.
    loaded: Bits<512>,
    /// How many.
    amount: Amount,
    /// Entries the table has.
    entries: Bits<16>,
    /// One cycle late: free ones, those from `produced` to the table's end, the address of that one, responses waiting.
    room: Bits<16>,
    to_end: Bits<16>,
    address: Bits<64>,
    waiting: Bits<16>,
    /// Entries the next batch may have, another cycle later: only a batch changes them, and none begins before its effect was seen.
    due: Bits<16>,
    /// The owner bit of this pass.
    owner: bool,
    /// Little room; none, and responses wait.
    nearly_full: bool,
    stalled: bool,
    /// Entries that became visible.
    written: Bits<4>,
}

/// The response writer.
#[derive(LogicBlock)]
pub struct ResponseWriter<const W: usize, const K: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// Table and status line addresses.
    pub settings: Signal<In, Settings>,
    /// Value of the doorbell.
    pub doorbell: Signal<In, Bits<16>>,
    /// The doorbell rings.
    pub ring: Signal<In, bool>,
    /// Responses, owner bit not yet set.
    pub s_response: Sink<DescriptorFields>,
    /// The status line should be written.
    pub status: Signal<In, bool>,
    /// ... with this count.
    pub status_count: Signal<In, Bits<16>>,
    /// It was.
    pub status_done: Signal<Out, bool>,
    /// Writes.
    pub m_write: Source<WriteBeat<W, K>>,
    /// Entries ever written.
    pub produced: Signal<Out, Bits<16>>,
    /// Entries that became visible this cycle.
    pub written: Signal<Out, Bits<4>>,
    /// Less than a quarter of the table is free.
    pub nearly_full: Signal<Out, bool>,
    /// A response waits and the table is full (statistics).
    pub stalled: Signal<Out, bool>,
    state: Register<State>,
    queue: Fifo<DescriptorFields>,
    /// Cuts the way of readiness from the writer back to the queue.
    beats: SkidBuffer<Beat<W>>,
    writer: Writer<W, K>,
}

impl<const W: usize, const K: usize> ResponseWriter<W, K> {
    /// A response writer with a queue of `geometry.queue` responses.
    pub fn new(geometry: &Geometry) -> Self {
        ResponseWriter {
            clock: Signal::default(),
            reset: Signal::default(),
            settings: Signal::default(),
            doorbell: Signal::default(),
            ring: Signal::default(),
            s_response: Sink::default(),
            status: Signal::default(),
            status_count: Signal::default(),
            status_done: Signal::default(),
            m_write: Source::default(),
            produced: Signal::default(),
            written: Signal::default(),
            nearly_full: Signal::default(),
            stalled: Signal::default(),
            state: Register::new(State { entries: bits(SMALLEST_TABLE), ..State::default() }),
            queue: Fifo::new(geometry.queue),
            beats: SkidBuffer::default(),
            writer: Writer::new(geometry.maximum_write),
        }
    }
}

#[kernel_fn]
fn amount_of<const W: usize>(held: Bits<10>) -> Amount {
    Amount {
        held,
        empty: held == 0,
        single: held <= (W as u64),
        whole: held >= (W as u64),
        open: if W == 512 { held <= 256 } else { held == 0 },
    }
}

/// The smaller of two counts, the first cut to a batch.
#[kernel_fn]
fn cut(waiting: Bits<16>, limit: Bits<16>) -> Bits<16> {
    let some = if waiting < BATCH { waiting } else { bits::<16>(BATCH) };
    if some < limit {
        some
    } else {
        limit
    }
}

impl<const W: usize, const K: usize> Logic for ResponseWriter<W, K> {
    #[kernel]
    fn update(&mut self) {
        setup!(self, state, queue, beats, writer);
        join!(self.beats.m_out => self.writer.s_beat);
        forward!(self.s_response => self.queue.s_in);
        forward!(self.writer.m_write => self.m_write);
        let settings = self.settings.val();
        let state = self.state.q.val();
        let mut next = state;
        let entries = state.entries;
        next.entries = bits::<16>(1) << settings.output_size;
        let used = state.produced - state.consumed;
        if self.ring.val() && (self.doorbell.val() - state.consumed) <= used {
            next.consumed = self.doorbell.val();
        }
        let index = state.produced & (entries - 1);
        next.room = entries - used;
        next.to_end = entries - index;
        next.address = settings.output_base + (resize::<64, 16>(index) << 5);
        next.waiting = self.queue.level.val();
        next.due = cut(cut(state.waiting, state.room), state.to_end);
        let due = state.due;

        // One piece opens a batch or a status line write.
        let idle = state.phase == Phase::Idle;
        let open_status = idle && self.status.val();
        let open_batch = idle && !self.status.val() && due != 0 && self.queue.m_out.valid.val();
        self.writer.s_piece.valid.next = open_status || open_batch;
        self.writer.s_piece.bits.next = if open_status {
            Piece { address: settings.status_line, length: bits::<32>(8), last: true }
        } else {
            Piece { address: state.address, length: resize::<32, 16>(due) << 5, last: true }
        };
        let mut opens = false;
        if self.writer.s_piece.ready.val() {
            if open_status {
                next.phase = Phase::Status;
                next.batch = bits::<4>(0);
                next.loaded = resize::<512, 16>(self.status_count.val());
            } else if open_batch {
                next.phase = Phase::Entries;
                next.batch = resize::<4, 16>(due);
                next.to_load = resize::<4, 16>(due);
                opens = true;
            }
        }
        self.status_done.next = open_status && self.writer.s_piece.ready.val();

        // Beats leave while entries are loaded behind them.
        let sending = state.phase == Phase::Entries;
        let more = state.to_load != 0;
        let full_beat = state.amount.whole;
        let last = !more && state.amount.single;
        let send = sending && (full_beat || (!more && !state.amount.empty));
        let in_status = state.phase == Phase::Status;
        self.beats.s_in.valid.next = send || in_status;
        self.beats.s_in.bits.next = Beat::<W> {
            data: state.loaded.get_bits::<W>(0),
            count: if in_status {
                bits::<7>(8)
            } else if full_beat {
                bits::<7>(K as u64)
            } else {
                state.amount.held.get_bits::<7>(3)
            },
            last: in_status || last,
            error: false,
        };
        let sent = (send || in_status) && self.beats.s_in.ready.val();
        let mut loaded = state.loaded;
        // What would be held after a beat, and after an entry: known before it is known which of them goes.
        let fewer = if W == 512 { bits::<10>(0) } else { state.amount.held - (W as u64) };
        if sent {
            if W == 512 {
                loaded = bits::<512>(0);
            } else {
                loaded = loaded >> (W as u64);
            }
            if in_status || last {
                next.phase = Phase::Settle;
            }
        }
        // Only a beat that leaves nothing behind makes way for an entry in its own cycle.
        let load_now = sending && more && (state.amount.open || (sent && state.amount.single));
        let entry = pack::<256, _>(DescriptorFields { owner: state.owner, ..self.queue.m_out.bits.val() });
        self.queue.m_out.ready.next = load_now;
        let loads = load_now && self.queue.m_out.valid.val();
        let behind = W == 512 && state.amount.held.get_bit(8) && !sent;
        if loads {
            // An entry is loaded at the bottom, or at W = 512 behind one that half fills a beat.
            loaded = if behind { set_bits(loaded, 256, entry) } else { resize::<512, 256>(entry) };
            next.to_load = state.to_load - 1;
            next.produced = state.produced + 1;
        }
        if sending {
            next.loaded = loaded;
            let amount = if loads {
                mux(behind, amount_of::<W>(bits::<10>(512)), amount_of::<W>(bits::<10>(256)))
            } else if sent {
                amount_of::<W>(fewer)
            } else {
                state.amount
            };
            next.amount = amount;
        }
        if opens {
            next.amount = amount_of::<W>(bits::<10>(0));
        }
        let owner = !bit_at(state.produced >> settings.output_size, 0);
        let owner_after = !bit_at((state.produced + 1) >> settings.output_size, 0);
        next.owner = if sending && loads { owner_after } else { owner };
        let settled = state.phase == Phase::Settle && self.writer.idle.val();
        next.written = if settled { state.batch } else { bits::<4>(0) };
        self.written.next = state.written;
        if settled {
            next.phase = Phase::Idle;
        }
        self.produced.next = state.produced;
        next.nearly_full = (entries - used) < (entries >> 2);
        self.nearly_full.next = state.nearly_full;
        next.stalled = self.queue.level.val() != 0 && used == entries;
        self.stalled.next = state.stalled;
        self.state.d.next = next;
    }
}
