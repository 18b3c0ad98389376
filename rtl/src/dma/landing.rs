//! Landing: finds the place of every completion beat in the reorder buffer and keeps count, slot by slot.
//!
//! # Role
//! The inlet of `dma::reorder`, which owns the ring of slots and the memory for the data.
//!
//! # Ports
//! - `s_completion`: `ReadCompletion<W>`: beats of any tag in any order.
//! - `window`: the slots that are waited for, kept by the owner of the ring.
//! - `open`: the progress of all slots is cleared: slots may be given out.
//! - `landed`: what to write now: a word of data, the progress of a slot.
//! - `failed`: a pulse for each answer with an error. `stray`: a pulse for each beat that nobody waited for.
//! - `earlier`: what was to be written in the cycle before: whoever read the slot's progress from a memory in that
//!   cycle read the old one.
//!
//! # Handshake
//! `s_completion.ready` is always high: a slot holds the longest request.
//!
//! # Latency
//! Two cycles, no stalls, tags may change at every beat. After reset, slots are cleared one per cycle.
//!
//! # Invariant
//! Nothing is written for a tag that is not outstanding or already complete, and nothing beyond its slot. Progress of
//! an earlier lap around the ring reads as "nothing yet", because the phase differs: giving out a slot needs no write.
use crate::bundles::ReadCompletion;
use stevedore_hdl::prelude::*;

/// What has arrived in a slot.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Progress {
    /// Lap around the ring, modulo 2, in which this was written.
    pub phase: bool,
    /// Words stored.
    pub words: Bits<10>,
    /// The request is answered.
    pub done: bool,
    /// With `done`: it failed.
    pub error: bool,
}

/// The slots waited for: `used` of them before `head`, in a ring.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Window {
    /// The slot given out next.
    pub head: Bits<8>,
    /// Phase of the slots below `head`; those from `head` on have the other one.
    pub phase: bool,
    /// The oldest slot waited for.
    pub tail: Bits<8>,
    /// Slots waited for.
    pub used: Bits<9>,
}

/// A step of progress.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Step {
    /// `slot` and `progress` are meant.
    pub valid: bool,
    /// The slot.
    pub slot: Bits<8>,
    /// Its progress from now on.
    pub progress: Progress,
}

/// A step and its word.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Landed<const W: usize> {
    /// The step.
    pub step: Step,
    /// `word` and `data` are meant.
    pub store: bool,
    /// Place in the data memory.
    pub word: Bits<16>,
    /// The word.
    pub data: Bits<W>,
}

/// A beat whose slot's progress is being read.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Arrival<const W: usize> {
    slot: Bits<8>,
    phase: bool,
    last: bool,
    error: bool,
    data: Bits<W>,
    /// The slot is that of the beat one before, two before.
    again: bool,
    once_more: bool,
}

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct State {
    /// Slots cleared since reset.
    cleared: Bits<9>,
    /// `arrival`, `landed`, `earlier` hold something.
    arrival: bool,
    landed: bool,
    earlier: bool,
    /// `landed` has data.
    store: bool,
    /// In place of `arrival` came a beat with a tag that nobody waits for.
    unasked: bool,
    failed: bool,
    stray: bool,
}

/// Places completions; see the module's text.
#[derive(LogicBlock, Default)]
pub struct Landing<const W: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// Completion beats.
    pub s_completion: Sink<ReadCompletion<W>>,
    /// Slots waited for.
    pub window: Signal<In, Window>,
    /// Slots may be given out.
    pub open: Signal<Out, bool>,
    /// To be written now.
    pub landed: Signal<Out, Landed<W>>,
    /// Written in the cycle before.
    pub earlier: Signal<Out, Step>,
    /// An answer had an error.
    pub failed: Signal<Out, bool>,
    /// A beat came that nobody waited for.
    pub stray: Signal<Out, bool>,
    state: Register<State>,
    arrival: Flop<Arrival<W>>,
    landed_payload: Flop<Landed<W>>,
    earlier_payload: Flop<Step>,
    progress: DualPortRam<Progress>,
    _base: usize,
    _slots: usize,
    _words: usize,
}

impl<const W: usize> Landing<W> {
    /// Slots 0 to `slots - 1` answer to the tags from `base` on and have room for `words` words each; both are powers
    /// of two.
    pub fn new(base: usize, slots: usize, words: usize) -> Self {
        assert!(slots.is_power_of_two() && base + slots <= 256, "tags {base} to {}", base + slots - 1);
        assert!(words.is_power_of_two() && words <= 512 && slots * words <= 1 << 16, "{slots} slots of {words} words");
        let progress = DualPortRam::new(slots).no_rw_check();
        Self { progress, _base: base, _slots: slots, _words: words, ..Default::default() }
    }
}

impl<const W: usize> Logic for Landing<W> {
    #[kernel]
    fn update(&mut self) {
        setup!(self, state);
        clocks!(self, arrival, landed_payload, earlier_payload, progress);
        let mut next = self.state.q.val();
        let window = self.window.val();
        let arrival = self.arrival.q.val();
        let landed = self.landed_payload.q.val();
        let earlier = self.earlier_payload.q.val();
        let open = next.cleared == bits::<9>(self._slots as u64);
        self.open.next = open;
        self.s_completion.ready.next = true;

        // A beat comes in: is its slot waited for?
        let completion = self.s_completion.bits.val();
        let number = bit_cast::<9, 8>(completion.tag) - bits::<9>(self._base as u64);
        let slot = bit_cast::<8, 9>(number);
        let age = (slot - window.tail) & bits::<8>(self._slots as u64 - 1);
        let awaited = number < bits::<9>(self._slots as u64) && bit_cast::<9, 8>(age) < window.used;
        self.progress.read_address.next = bit_cast::<16, 8>(slot);
        self.arrival.d.next = Arrival::<W> {
            slot,
            phase: mux(slot < window.head, window.phase, !window.phase),
            last: completion.last,
            error: completion.error,
            data: completion.data,
            again: next.arrival && slot == arrival.slot,
            once_more: next.landed && slot == landed.step.slot,
        };

        // Its slot's progress is known: the memory's, unless one of the two beats before changed it.
        let stored = mux(arrival.once_more, earlier.progress, self.progress.read_data.val());
        let known = mux(arrival.again, landed.step.progress, stored);
        let fresh = known.phase == arrival.phase;
        let words = mux(fresh, known.words, bits::<10>(0));
        let wanted = !(fresh && known.done);
        let store = wanted && words != bits::<10>(self._words as u64);
        let progress = Progress {
            phase: arrival.phase,
            words: (words + store) & bits::<10>(2 * self._words as u64 - 1),
            done: arrival.last,
            error: arrival.last && arrival.error,
        };
        let base = bit_cast::<16, 8>(arrival.slot) << clog2(self._words) as u64;
        self.landed_payload.d.next = if open {
            Landed::<W> {
                step: Step { valid: true, slot: arrival.slot, progress: mux(wanted, progress, known) },
                store,
                word: base | bit_cast::<16, 10>(words),
                data: arrival.data,
            }
        } else {
            let cleared = Progress { phase: true, ..Progress::default() };
            Landed::<W> {
                step: Step { valid: true, slot: bit_cast::<8, 9>(next.cleared), progress: cleared },
                ..landed
            }
        };
        self.earlier_payload.d.next = landed.step;

        self.landed.next =
            Landed::<W> { step: Step { valid: next.landed, ..landed.step }, store: next.store, ..landed };
        self.earlier.next = Step { valid: next.earlier, ..earlier };
        self.failed.next = next.failed;
        self.stray.next = next.stray;
        next.failed = next.arrival && wanted && arrival.last && arrival.error;
        next.stray = next.unasked || (next.arrival && !wanted);
        self.progress.write_enable.next = next.landed;
        self.progress.write_address.next = bit_cast::<16, 8>(landed.step.slot);
        self.progress.write_data.next = landed.step.progress;

        next.earlier = next.landed;
        next.landed = next.arrival || !open;
        next.store = next.arrival && store && open;
        next.arrival = self.s_completion.valid.val() && awaited;
        next.unasked = self.s_completion.valid.val() && !awaited;
        if !open {
            next.cleared = next.cleared + 1;
        }
        self.state.d.next = next;
    }
}
