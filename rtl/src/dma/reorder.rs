//! Reorder buffer: requests are answered in any order, their bytes leave in the order of the requests.
//!
//! # Role
//! The heart of `dma::Gather`, behind the request splitter. `dma::Landing` places what arrives.
//!
//! # Ports
//! - `s_run`: `Run`: a request about to be sent; takes the slot that `slot` shows, which decides the request's tag.
//! - `slot`: the slot for the next run.
//! - `s_completion`: `ReadCompletion<W>`: the answers.
//! - `m_fragment`: `Fragment<W>`: the bytes of the runs, in order; `last` after a run that had it, then with `error` if
//!   a run since the `last` before failed or came back too short.
//! - `free`: slots free.
//! - `failed`, `stray`: those of `dma::Landing`.
//!
//! # Handshake
//! `s_run.ready` comes from a register: a slot is free. `s_completion.ready` is always high.
//!
//! # Latency
//! A word of the oldest run leaves four cycles after its completion beat; the last word of a run waits for its
//! completion's `last`. One word per cycle, no bubble between runs.
//!
//! # Invariant
//! A slot is free again only when its last word has left, so no completion can overwrite a word that is still to be
//! read.
use super::landing::{Landing, Progress, Window};
use super::splitter::Splitter;
use crate::bundles::{Piece, ReadCompletion};
use crate::stream::lanes::lane_of;
use crate::stream::Fragment;
use stevedore_hdl::prelude::*;

/// A request, as far as its answer goes.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Run {
    /// Lane of the first byte.
    pub offset: Bits<6>,
    /// Bytes.
    pub length: Bits<13>,
    /// The last run of a packet.
    pub last: bool,
}

/// A word of a run.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Item {
    slot: Bits<8>,
    phase: bool,
    /// Number of the word in its slot.
    index: Bits<10>,
    offset: Bits<6>,
    count: Bits<7>,
    /// The last word of its run.
    end: bool,
    /// The last word of its packet.
    last: bool,
    /// With `end`: the run failed.
    error: bool,
}

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct State {
    window: Window,
    /// A run may be taken.
    room: bool,
    /// Slot of the run being walked, and its phase.
    walk: Bits<8>,
    walk_phase: bool,
    /// `asked`, `granted`, `spare` hold something.
    asked: bool,
    granted: bool,
    spare: bool,
    /// The word asked for has arrived, or will not; if it is the last one of its run, the run failed.
    arrived: bool,
    failed: bool,
    /// A run of the packet failed.
    spoilt: bool,
}

/// Puts completions in order; see the module's text.
#[derive(LogicBlock, Default)]
pub struct Reorder<const W: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// Requests about to be sent.
    pub s_run: Sink<Run>,
    /// Slot of the next run.
    pub slot: Signal<Out, Bits<8>>,
    /// Completion beats.
    pub s_completion: Sink<ReadCompletion<W>>,
    /// Bytes, in order.
    pub m_fragment: Source<Fragment<W>>,
    /// Free slots.
    pub free: Signal<Out, Bits<16>>,
    /// An answer had an error.
    pub failed: Signal<Out, bool>,
    /// A beat came that nobody waited for.
    pub stray: Signal<Out, bool>,
    state: Register<State>,
    landing: Landing<W>,
    runs: Fifo<Run>,
    words: Splitter,
    /// The word whose arrival is being asked for, the word read from memory, the one behind it while the taker is busy:
    /// the taker's readiness ends here.
    asked: Flop<Item>,
    granted: Flop<Item>,
    spare: Flop<Item>,
    /// Progress of the slot being walked.
    progress: DualPortRam<Progress>,
    data: DualPortRam<Bits<W>>,
    _slots: usize,
    _words: usize,
}

impl<const W: usize> Reorder<W> {
    /// `slots` slots of `maximum_read` bytes, answering to the tags from `base` on.
    pub fn new(base: usize, slots: usize, maximum_read: usize) -> Self {
        let words = maximum_read / (W / 8);
        Self {
            landing: Landing::new(base, slots, words),
            runs: Fifo::new(slots),
            words: Splitter::new(W / 8, 13),
            progress: DualPortRam::new(slots).no_rw_check(),
            data: DualPortRam::new(slots * words).no_rw_check(),
            _slots: slots,
            _words: words,
            ..Default::default()
        }
    }
}

/// What is known of a word.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Verdict {
    arrived: bool,
    failed: bool,
}

/// What `progress` of its slot says about `item`.
#[kernel_fn]
fn verdict(item: Item, progress: Progress) -> Verdict {
    let this_lap = progress.phase == item.phase;
    let there = progress.words > item.index;
    Verdict {
        arrived: this_lap && (progress.done || (there && !item.end)),
        failed: item.end && (progress.error || !there),
    }
}

/// The slot behind `slot` in a ring of `slots`.
#[kernel_fn]
fn following(slot: Bits<8>, slots: usize) -> Bits<8> {
    (slot + 1) & bits::<8>(slots as u64 - 1)
}

impl<const W: usize> Logic for Reorder<W> {
    #[kernel]
    fn update(&mut self) {
        setup!(self, state, landing, runs, words);
        clocks!(self, asked, granted, spare, progress, data);
        forward!(self.s_completion => self.landing.s_completion);
        let mut next = self.state.q.val();
        let window = next.window;
        self.landing.window.next = window;
        self.failed.next = self.landing.failed.val();
        self.stray.next = self.landing.stray.val();
        self.words.halvings.next = bits::<3>(0);
        self.slot.next = window.head;
        self.free.next = bits::<16>(self._slots as u64) - bit_cast::<16, 9>(window.used);

        // A run takes a slot. Every run that waits has one, so there is always room for it.
        let room = next.room;
        let taken = room && self.s_run.valid.val();
        self.s_run.ready.next = room;
        self.runs.s_in.bits.next = self.s_run.bits.val();
        self.runs.s_in.valid.next = taken;
        if taken {
            next.window.head = following(window.head, self._slots);
            next.window.phase = window.phase ^ (next.window.head == 0);
        }

        // Memories follow the landing.
        let landed = self.landing.landed.val();
        self.progress.write_enable.next = landed.step.valid;
        self.progress.write_address.next = bit_cast::<16, 8>(landed.step.slot);
        self.progress.write_data.next = landed.step.progress;
        self.data.write_enable.next = landed.store;
        self.data.write_address.next = landed.word;
        self.data.write_data.next = landed.data;

        // Walk along the runs word by word.
        let run = self.runs.m_out.bits.val();
        self.words.s_piece.bits.next =
            Piece { address: bit_cast::<64, 6>(run.offset), length: bit_cast::<32, 13>(run.length), last: run.last };
        self.words.s_piece.valid.next = self.runs.m_out.valid.val();
        self.runs.m_out.ready.next = self.words.s_piece.ready.val();
        let word = self.words.m_chunk.bits.val();
        let item = Item {
            slot: next.walk,
            phase: next.walk_phase,
            index: bit_cast::<10, 64>(word.address >> clog2(W / 8) as u64) & bits::<10>(self._words as u64 - 1),
            offset: lane_of::<W>(bit_cast::<6, 64>(word.address)),
            count: bit_cast::<7, 13>(word.length),
            end: word.end,
            last: word.last,
            error: false,
        };

        // The next word is asked for when the one before has been granted.
        let asked = self.asked.q.val();
        let grant = next.asked && next.arrived && !next.spare;
        let free = !next.asked || (next.arrived && !next.spare);
        self.words.m_chunk.ready.next = free;
        self.asked.d.next = mux(free, item, asked);
        let walked = self.words.m_chunk.valid.val() && free && word.end;
        let onward = following(next.walk, self._slots);
        self.progress.read_address.next = bit_cast::<16, 8>(mux(walked, onward, next.walk));

        // Will the word asked for in the next cycle have arrived? The newest progress of its slot is being written, was
        // written in the cycle before, or was read. Each is compared before it is known which one counts.
        let step = landed.step;
        let earlier = self.landing.earlier.val();
        let waits = Verdict { arrived: next.arrived, failed: next.failed };
        let waited = mux(step.valid && step.slot == asked.slot, verdict(asked, step.progress), waits);
        let stored = mux(
            earlier.valid && earlier.slot == item.slot,
            verdict(item, earlier.progress),
            verdict(item, self.progress.read_data.val()),
        );
        let fresh = mux(step.valid && step.slot == item.slot, verdict(item, step.progress), stored);
        let known = mux(free, fresh, waited);

        // The word read: held in the memory's output while the realigner is busy.
        let granted = self.granted.q.val();
        let go = !next.granted || self.m_fragment.ready.val();
        let coming = Item { error: next.failed, ..asked };
        let behind = mux(next.spare, self.spare.q.val(), coming);
        let place = mux(go, behind, granted);
        self.data.read_address.next =
            (bit_cast::<16, 8>(place.slot) << clog2(self._words) as u64) | bit_cast::<16, 10>(place.index);
        self.granted.d.next = place;
        self.spare.d.next = behind;
        let spoilt = next.spoilt || granted.error;
        self.m_fragment.valid.next = next.granted;
        self.m_fragment.bits.next = Fragment::<W> {
            data: self.data.read_data.val(),
            offset: granted.offset,
            count: granted.count,
            last: granted.last,
            error: granted.last && spoilt,
        };
        let left = next.granted && self.m_fragment.ready.val();
        let freed = left && granted.end;
        if left {
            next.spoilt = spoilt && !granted.last;
        }
        if freed {
            next.window.tail = following(window.tail, self._slots);
        }
        // Whether one more slot is free: a slot that is freed counts a cycle later.
        let nearly = window.used == bits::<9>(self._slots as u64 - 1);
        let full = window.used == bits::<9>(self._slots as u64);
        next.room = self.landing.open.val() && !full && !(taken && nearly);
        next.window.used = window.used + taken - bit_cast::<9, 1>(from_bool(freed));

        if go {
            next.granted = grant || next.spare;
            next.spare = false;
        } else if grant {
            next.spare = true;
        }
        if free {
            next.asked = self.words.m_chunk.valid.val();
        }
        if walked {
            next.walk = onward;
            next.walk_phase = next.walk_phase ^ (onward == 0);
        }
        next.arrived = known.arrived;
        next.failed = known.failed;
        self.state.d.next = next;
    }
}
