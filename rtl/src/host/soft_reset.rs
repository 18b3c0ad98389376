//! Soft reset: brings the engine to a stop and every block back to where a reset leaves it.
//!
//! # Role
//! Opens and closes the gates at the engine's ports, and resets the blocks between them, at the word of the register
//! file or of the bus. The register file, the time base and the gates themselves know the engine's own reset only:
//! settings and engine time outlive a soft reset.
//!
//! ```text
//!           enable            restart              gates closed, no read under way
//!   Idle ----------> Running ---------> Draining ------------------------------------> Resetting ---> Idle
//!     \---------------------------- restart ---------------------------------------------^
//! ```
//!
//! # Ports
//! `enable` and `restart` come from the register file, which is told by `restarted` and `idle`. `halt` comes from the
//! bus: a soft reset begins and does not end before `halt` falls; `halted` says that this point is reached. `open` lets
//! the gates pass, `closed` says that all of them stand between two packets and pass nothing. `asked` and `answered`,
//! each with its tag, say which reads are under way. `reset` comes from outside, `blocks_reset` goes to the blocks.
//!
//! # Handshake
//! An answer comes a cycle after its request was taken, or later. A read that is never answered keeps the engine in
//! `Draining`: its tag must not be used again while an answer may come.
//!
//! # Latency
//! `blocks_reset` follows `reset` by a cycle. A soft reset takes as long as the bursts, the frame and the reads under
//! way need, and 20 cycles.
//!
//! # Invariant
//! While `idle` the gates are closed, no read is under way and no block has anything left of what was before.
use stevedore_hdl::prelude::*;

/// Cycles of a soft reset, and the fewest of a reset from outside: words in registers without reset have left by then,
/// because what made them valid is gone.
pub const RESET_CYCLES: u64 = 16;

#[derive(Encoding, Clone, Copy, Debug, PartialEq)]
enum Phase {
    #[default]
    Idle,
    Running,
    Draining,
    Resetting,
}

#[derive(Record, Clone, Copy, Debug, PartialEq)]
struct State {
    phase: Phase,
    blocks_reset: bool,
    restarted: bool,
    /// Reads asked for and not wholly answered, by tag. A count would take an answer that nobody asked for as that of a
    /// read under way.
    reads: Bits<256>,
    cycles: Bits<5>,
}

impl Default for State {
    /// The value after reset.
    fn default() -> Self {
        Self { phase: Phase::Idle, blocks_reset: true, restarted: false, reads: bits(0), cycles: bits(0) }
    }
}

/// The sequencer.
#[derive(LogicBlock, Default)]
pub struct SoftReset {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// The host enables the engine.
    pub enable: Signal<In, bool>,
    /// The host wants the blocks reset.
    pub restart: Signal<In, bool>,
    /// The bus wants the engine stopped and the blocks kept in reset.
    pub halt: Signal<In, bool>,
    /// A read request leaves the engine.
    pub asked: Signal<In, bool>,
    /// With `asked`: its tag.
    pub asked_tag: Signal<In, Bits<8>>,
    /// The last beat of an answer comes.
    pub answered: Signal<In, bool>,
    /// With `answered`: its tag.
    pub answered_tag: Signal<In, Bits<8>>,
    /// Every gate is closed.
    pub closed: Signal<In, bool>,
    /// Gates may pass.
    pub open: Signal<Out, bool>,
    /// Reset of all blocks between the gates.
    pub blocks_reset: Signal<Out, bool>,
    /// The reset asked for is over.
    pub restarted: Signal<Out, bool>,
    /// The engine is stopped.
    pub idle: Signal<Out, bool>,
    /// The engine is stopped and its blocks are in reset.
    pub halted: Signal<Out, bool>,
    state: Register<State>,
    _tags: usize,
}

impl SoftReset {
    /// For reads with tags below `tags`.
    pub fn new(tags: usize) -> Self {
        assert!(tags <= 256, "{tags} tags");
        Self { _tags: tags.next_power_of_two(), ..Self::default() }
    }
}

impl Logic for SoftReset {
    #[kernel]
    fn update(&mut self) {
        setup!(self, state);
        let state = self.state.q.val();
        let mut next = state;
        let restart = self.restart.val();
        let halt = self.halt.val();
        next.restarted = false;
        next.cycles = bits::<5>(0);
        match state.phase {
            Phase::Idle => {
                // One cycle after `restarted` the wish is still there.
                if halt || (restart && !state.restarted) {
                    next.phase = Phase::Resetting;
                } else if self.enable.val() {
                    next.phase = Phase::Running;
                }
            }
            Phase::Running => {
                if halt || restart {
                    next.phase = Phase::Draining;
                }
            }
            Phase::Draining => {
                if self.closed.val() && !state.reads.any() {
                    next.phase = Phase::Resetting;
                }
            }
            Phase::Resetting => {
                let over = state.cycles == RESET_CYCLES;
                next.cycles = mux(over, state.cycles, state.cycles + 1);
                if over && !halt {
                    next.phase = Phase::Idle;
                    next.restarted = true;
                }
            }
        }
        // Tags beyond the mask are never given out. The masks let synthesis drop their registers.
        let mask = bits::<8>(self._tags as u64 - 1);
        let answered = self.answered_tag.val();
        if self.answered.val() && (answered & mask) == answered {
            next.reads = next.reads.replace_bit((answered & mask).index(), false);
        }
        if self.asked.val() {
            next.reads = next.reads.replace_bit((self.asked_tag.val() & mask).index(), true);
        }
        next.reads = next.reads & (!bits::<256>(0) >> (256 - self._tags as u64));
        next.blocks_reset = next.phase == Phase::Resetting;
        self.open.next = state.phase == Phase::Running;
        self.blocks_reset.next = state.blocks_reset;
        self.restarted.next = state.restarted;
        self.idle.next = state.phase == Phase::Idle;
        self.halted.next = state.phase == Phase::Resetting;
        self.state.d.next = next;
    }
}
