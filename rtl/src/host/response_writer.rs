//! Response writer: descriptors into the output table.
//!
//! # Role
//! Takes responses from the chains and the notifier, gathers what is there into one write of up to eight entries, sets
//! the owner phase, and never writes an entry the host still owns (H7). Also writes the status line for the fetcher.
//!
//! ```text
//!  s_response -> [ one word ] -> [ queue ] -> [ words of W ] -> [ out ] -> m_write
//! ```
//!
//! # Ports
//! `doorbell`/`ring`: entries the host ever consumed; `status`/`status_count`/`status_done`: the status line;
//! `accepted`: the memory port took the last beat of this block's burst; `written`: entries that became visible by it,
//! for interrupt moderation.
//!
//! # Handshake
//! Without room in the table the writer waits: its queue fills and everything behind it stops, losing nothing. A
//! doorbell beyond what was promised to the table is ignored and reported. What `m_write` offers comes from registers.
//!
//! # Latency
//! First response to first write beat 6 cycles; a response every second cycle in; W = 64: four beats per entry, one per
//! cycle; W = 512: an entry per cycle, two in a beat. `written` follows `accepted` by a cycle; between the last beat of
//! a batch and the first of the next lie four cycles.
//!
//! # Invariant
//! `promised - consumed` never exceeds the table: `promised` grows only by batches that were cut to the room. A batch
//! lies in one aligned block of 256 bytes and on one side of the table's end, so it is one burst, and during a batch
//! only the low bits of the address change. A batch is announced when the memory port has taken its last beat; until
//! then one more may follow it, and the port takes them in order.
use crate::bundles::codes::status;
use crate::bundles::{DescriptorFields, Settings, WriteBeat};
use crate::geometry::Geometry;
use stevedore_hdl::prelude::*;

/// Entries per write: 256 bytes.
const BATCH: u64 = 8;
/// Bytes of an entry, of a batch.
const ENTRY: u64 = 32;
const BLOCK: u64 = BATCH * ENTRY;
/// Entries of the table after reset: no table is smaller.
const SMALLEST_TABLE: u64 = 16;

#[derive(Encoding, Clone, Copy, Debug, PartialEq)]
enum Phase {
    #[default]
    Idle,
    Entries,
    Status,
    /// The last beat still needs the address of its batch.
    Drain,
    /// What depends on `begin` is worked out again.
    Measure,
    Weigh,
}

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct State {
    phase: Phase,
    /// Entries the memory port has taken; with those on their way to the port; with those of the batch under way.
    produced: Bits<16>,
    begin: Bits<16>,
    promised: Bits<16>,
    /// Entries the host ever consumed.
    consumed: Bits<16>,
    /// Entries of the batch, those of them not yet sent.
    batch: Bits<4>,
    left: Bits<4>,
    /// Bursts on their way to the port, at most two, and the entries of the first and of the second. A status line has
    /// none.
    bursts: Bits<2>,
    first: Bits<4>,
    second: Bits<4>,
    /// Where the next beat, at W = 512 the next entry, goes inside its block.
    at: Bits<8>,
    /// W = 512: the lower half of the beat is in `low`.
    half: bool,
    /// Entries the table has.
    entries: Bits<16>,
    /// One cycle late: free entries.
    room: Bits<16>,
    /// Free entries, those waiting, those up to the end of the block, none of them more than a batch; and the least of
    /// the three: what the next batch may have. Only a batch makes them smaller, and none begins before its effect was
    /// seen.
    fit: Bits<4>,
    waiting: Bits<4>,
    reach: Bits<4>,
    due: Bits<4>,
    /// Address of the next entry, stable during a batch.
    address: Bits<64>,
    /// The owner bit of this pass.
    owner: bool,
    /// Little room; none, and responses wait.
    nearly_full: bool,
    stalled: bool,
    /// A response was taken; it refuses its request.
    taken: bool,
    refusal: bool,
    /// A doorbell was ignored.
    refused: bool,
    /// Entries that became visible.
    written: Bits<4>,
}

/// A beat and where in its block it goes.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Placed<const W: usize, const K: usize> {
    data: Bits<W>,
    strobe: Bits<K>,
    at: Bits<8>,
    status: bool,
    last: bool,
}

/// The response writer.
#[derive(LogicBlock, Default)]
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
    /// A doorbell was ignored.
    pub refused: Signal<Out, bool>,
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
    /// The memory port took the last beat of the burst.
    pub accepted: Signal<In, bool>,
    /// Entries ever written.
    pub produced: Signal<Out, Bits<16>>,
    /// Entries that became visible this cycle.
    pub written: Signal<Out, Bits<4>>,
    /// Less than a quarter of the table is free.
    pub nearly_full: Signal<Out, bool>,
    /// A response waits and the table is full (statistics).
    pub stalled: Signal<Out, bool>,
    /// A response was taken (statistics).
    pub taken: Signal<Out, bool>,
    /// A response that refuses a request was taken (statistics).
    pub refusal: Signal<Out, bool>,
    state: Register<State>,
    /// Cuts the way from the blocks that respond: they are far apart.
    inlet: PingPong<DescriptorFields>,
    queue: Fifo<DescriptorFields>,
    low: Flop<Bits<256>>,
    /// Cuts the way of readiness from the memory port back to the queue.
    out: SkidBuffer<Placed<W, K>>,
}

impl<const W: usize, const K: usize> ResponseWriter<W, K> {
    /// A response writer with a queue of `geometry.queue` responses.
    pub fn new(geometry: &Geometry) -> Self {
        assert!(W == 8 * K && (W == 64 || W == 512), "{W} bits, {K} lanes");
        assert!(geometry.maximum_write as u64 >= BLOCK, "bursts of {} bytes", geometry.maximum_write);
        Self {
            state: Register::new(State { entries: bits(SMALLEST_TABLE), ..State::default() }),
            inlet: PingPong::single(),
            queue: Fifo::new(geometry.queue),
            ..Self::default()
        }
    }
}

/// `count`, at most a batch.
#[kernel_fn]
fn cut(count: Bits<16>) -> Bits<4> {
    if count < BATCH {
        resize::<4, 16>(count)
    } else {
        bits::<4>(BATCH)
    }
}

/// The smaller of two.
#[kernel_fn]
fn least(a: Bits<4>, b: Bits<4>) -> Bits<4> {
    if a < b {
        a
    } else {
        b
    }
}

/// The status says that a request was not carried out, not how a connection ended.
#[kernel_fn]
fn is_refusal(status: Bits<8>) -> bool {
    status != status::SUCCESS && status != status::RESET && status != status::TIMED_OUT && status != status::ABORTED
}

impl<const W: usize, const K: usize> Logic for ResponseWriter<W, K> {
    #[kernel]
    fn update(&mut self) {
        setup!(self, state, inlet, queue, out);
        clocks!(self, low);
        forward!(self.s_response => self.inlet.s_in);
        let taken = self.inlet.m_out.valid.val() && self.queue.s_in.ready.val();
        let refusal = is_refusal(self.inlet.m_out.bits.val().status);
        join!(self.inlet.m_out => self.queue.s_in);
        let settings = self.settings.val();
        let state = self.state.q.val();
        let mut next = state;
        let entries = state.entries;
        next.entries = bits::<16>(1) << settings.output_size;
        let used = state.promised - state.consumed;
        let good = (self.doorbell.val() - state.consumed) <= used;
        next.refused = self.ring.val() && !good;
        if self.ring.val() && good {
            next.consumed = self.doorbell.val();
        }
        self.refused.next = state.refused;

        // What the next batch may have. Tables have a multiple of eight entries.
        let index = state.begin & (entries - 1);
        let row = state.begin.get_bits::<3>(0);
        let place = row + settings.output_base.get_bits::<3>(5);
        next.address = settings.output_base + (resize::<64, 16>(index) << 5);
        next.reach = bits::<4>(BATCH) - resize::<4, 3>(mux(row < place, place, row));
        next.room = entries - used;
        next.fit = cut(state.room);
        next.waiting = cut(self.queue.level.val());
        next.due = least(least(state.waiting, state.fit), state.reach);
        next.owner = !bit_at(state.begin >> settings.output_size, 0);

        // A beat: a part of an entry, or two entries, or one in its half; or the count in every lane of which one is
        // written.
        let sending = state.phase == Phase::Entries;
        let in_status = state.phase == Phase::Status;
        let entry = pack::<256, _>(DescriptorFields { owner: state.owner, ..self.queue.m_out.bits.val() });
        let low = self.low.q.val();
        let upper = state.at.get_bit(5);
        let ending = state.left == 1;
        let part = state.at.get_bits::<2>(3);
        let last_part = if W == 512 { true } else { part.all() };
        let is_beat = if W == 512 { upper || ending } else { true };
        let mut data = bits::<W>(0);
        if W == 512 {
            data = resize::<W, 512>(cat::<256, 256, 512>(entry, mux(state.half, low, entry)));
        }
        for i in 0..256 / W {
            if part == i as u64 {
                data = entry.get_bits::<W>(i * W);
            }
        }
        let mut counts = bits::<W>(0);
        for i in 0..W / 64 {
            counts = set_bits(counts, 64 * i, resize::<64, 16>(self.status_count.val()));
        }
        let all = !bits::<K>(0);
        let mut strobe = all;
        if W == 512 {
            let lane = settings.status_line.get_bits::<3>(3);
            let chosen = bits::<K>(0xff) << (resize::<6, 3>(lane) << 3);
            let lower = if upper { mux(state.half, all, all << 32) } else { all >> 32 };
            strobe = mux(in_status, chosen, lower);
        }
        self.low.d.next = mux(upper, low, entry);
        let free = self.out.s_in.ready.val();
        self.out.s_in.bits.next = Placed::<W, K> {
            data: mux(in_status, counts, data),
            strobe,
            at: mux(in_status, settings.status_line.get_bits::<8>(0), state.at),
            status: in_status,
            last: in_status || (ending && last_part),
        };
        let there = sending && self.queue.m_out.valid.val();
        self.out.s_in.valid.next = in_status || (there && is_beat);
        let step = there && (free || !is_beat);
        self.queue.m_out.ready.next = sending && last_part && (free || !is_beat);
        if step {
            next.at = state.at + if W == 512 { bits::<8>(ENTRY) } else { bits::<8>(8) };
            next.half = !upper;
            if last_part {
                next.left = state.left - 1;
            }
        }

        // What goes out.
        let out = self.out.m_out.bits.val();
        self.m_write.valid.next = self.out.m_out.valid.val();
        self.out.m_out.ready.next = self.m_write.ready.val();
        let block = mux(out.status, settings.status_line, state.address) & !bits::<64>(BLOCK - 1);
        let lane = !bits::<8>(K as u64 - 1);
        self.m_write.bits.next = WriteBeat::<W, K> {
            address: block | resize::<64, 8>(out.at & lane),
            data: out.data,
            strobe: out.strobe,
            last: out.last,
            may_pass: false,
            placement_ends: false,
        };

        // Bursts are announced in the order in which they were sent.
        let drained = !self.out.m_out.valid.val() || (self.m_write.ready.val() && out.last);
        next.written = bits::<4>(0);
        if self.accepted.val() {
            next.produced = state.produced + resize::<16, 4>(state.first);
            next.written = state.first;
            next.first = state.second;
            next.bursts = state.bursts - 1;
        }

        // One batch or status line write at a time.
        self.status_done.next = in_status && free;
        let sent = (step && ending && last_part) || (in_status && free);
        if sent {
            if next.bursts.any() {
                next.second = state.batch;
            } else {
                next.first = state.batch;
            }
            next.bursts = next.bursts + 1;
        }
        let may_begin = !state.bursts.get_bit(1);
        match state.phase {
            Phase::Idle => {
                next.at = state.address.get_bits::<8>(0);
                next.half = false;
                next.batch = bits::<4>(0);
                if self.status.val() && may_begin {
                    next.phase = Phase::Status;
                } else if may_begin && state.due.any() && self.queue.m_out.valid.val() {
                    next.phase = Phase::Entries;
                    next.batch = state.due;
                    next.left = state.due;
                    next.promised = state.begin + resize::<16, 4>(state.due);
                }
            }
            Phase::Entries => {
                if sent {
                    next.phase = Phase::Drain;
                }
            }
            Phase::Status => {
                if sent {
                    next.phase = Phase::Drain;
                }
            }
            Phase::Drain => {
                if drained {
                    next.phase = Phase::Measure;
                    next.begin = state.promised;
                }
            }
            Phase::Measure => next.phase = Phase::Weigh,
            Phase::Weigh => next.phase = Phase::Idle,
        }
        self.written.next = state.written;
        self.produced.next = state.produced;
        next.nearly_full = used > ((entries >> 1) | (entries >> 2));
        self.nearly_full.next = state.nearly_full;
        next.stalled = self.queue.level.val() != 0 && used == entries;
        self.stalled.next = state.stalled;
        next.taken = taken;
        next.refusal = taken && refusal;
        self.taken.next = state.taken;
        self.refusal.next = state.refusal;
        self.state.d.next = next;
    }
}
