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
//! First response to first write beat 6 cycles; W = 64: four beats per entry.
//!
//! # Invariant
//! `produced - consumed` never exceeds the table: `produced` grows only by batches that were cut to the room.
use crate::bundles::{Beat, DescriptorFields, Piece, Settings, WriteBeat};
use crate::dma::Writer;
use crate::geometry::Geometry;
use stevedore_hdl::prelude::*;

/// Entries per write: 256 bytes.
const BATCH: u64 = 8;

#[derive(Encoding, Clone, Copy, Debug, PartialEq)]
enum Phase {
    #[default]
    Idle,
    Entries,
    Status,
    /// Wait until the DMA writer holds nothing: only then is the batch announced.
    Settle,
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
    held: Bits<10>,
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
            state: Register::default(),
            queue: Fifo::new(geometry.queue),
            writer: Writer::new(geometry.maximum_write),
        }
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
        setup!(self, state, queue, writer);
        forward!(self.s_response => self.queue.s_in);
        forward!(self.writer.m_write => self.m_write);
        let settings = self.settings.val();
        let state = self.state.q.val();
        let mut next = state;
        let entries = bits::<16>(1) << settings.output_size;
        let used = state.produced - state.consumed;
        if self.ring.val() && (self.doorbell.val() - state.consumed) <= used {
            next.consumed = self.doorbell.val();
        }
        let index = state.produced & (entries - 1);
        let waiting = self.queue.level.val();
        let due = cut(cut(waiting, entries - used), entries - index);

        // One piece opens a batch or a status line write.
        let idle = state.phase == Phase::Idle;
        let open_status = idle && self.status.val();
        let open_batch = idle && !self.status.val() && due != 0 && self.queue.m_out.valid.val();
        self.writer.s_piece.valid.next = open_status || open_batch;
        self.writer.s_piece.bits.next = if open_status {
            Piece { address: settings.status_line, length: bits::<32>(8), last: true }
        } else {
            Piece {
                address: settings.output_base + (resize::<64, 16>(index) << 5),
                length: resize::<32, 16>(due) << 5,
                last: true,
            }
        };
        if self.writer.s_piece.ready.val() {
            if open_status {
                next.phase = Phase::Status;
                next.batch = bits::<4>(0);
                next.loaded = resize::<512, 16>(self.status_count.val());
            } else if open_batch {
                next.phase = Phase::Entries;
                next.batch = resize::<4, 16>(due);
                next.to_load = resize::<4, 16>(due);
                next.loaded = bits::<512>(0);
                next.held = bits::<10>(0);
            }
        }
        self.status_done.next = open_status && self.writer.s_piece.ready.val();

        // Beats leave while entries are loaded behind them.
        let sending = state.phase == Phase::Entries;
        let full_beat = state.held >= (W as u64);
        let rest = state.to_load == 0 && state.held != 0;
        let last = state.to_load == 0 && state.held <= (W as u64);
        let send = sending && (full_beat || rest);
        let in_status = state.phase == Phase::Status;
        self.writer.s_beat.valid.next = send || in_status;
        self.writer.s_beat.bits.next = Beat::<W> {
            data: state.loaded.get_bits::<W>(0),
            count: if in_status {
                bits::<7>(8)
            } else if full_beat {
                bits::<7>(K as u64)
            } else {
                state.held.get_bits::<7>(3)
            },
            last: in_status || last,
            error: false,
        };
        let sent = (send || in_status) && self.writer.s_beat.ready.val();
        let mut loaded = state.loaded;
        let mut held = state.held;
        if sent {
            if W == 512 {
                loaded = bits::<512>(0);
                held = bits::<10>(0);
            } else {
                loaded = loaded >> (W as u64);
                held = held - (W as u64);
            }
            if in_status || last {
                next.phase = Phase::Settle;
            }
        }
        let pass_bit = bit_at(state.produced >> settings.output_size, 0);
        let load = sending && state.to_load != 0 && state.held <= 256 && !send;
        let load_now = load || (sending && state.to_load != 0 && sent && held == 0);
        let entry = pack::<256, _>(DescriptorFields { owner: !pass_bit, ..self.queue.m_out.bits.val() });
        self.queue.m_out.ready.next = load_now;
        if load_now && self.queue.m_out.valid.val() {
            // An entry is loaded at the bottom, or at W = 512 behind one that half fills a beat.
            loaded = if W == 512 && held.get_bit(8) { set_bits(loaded, 256, entry) } else { resize::<512, 256>(entry) };
            held = held + 256;
            next.to_load = state.to_load - 1;
            next.produced = state.produced + 1;
        }
        if sending {
            next.loaded = loaded;
            next.held = held;
        }
        let settled = state.phase == Phase::Settle && self.writer.idle.val();
        self.written.next = if settled { state.batch } else { bits::<4>(0) };
        if settled {
            next.phase = Phase::Idle;
        }
        self.produced.next = state.produced;
        self.nearly_full.next = (entries - used) < (entries >> 2);
        self.stalled.next = waiting != 0 && used == entries;
        self.state.d.next = next;
    }
}
