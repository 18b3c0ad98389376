//! Writes a line with all counters, again and again.
//!
//! # Role
//! Between the counters and the serial line: what a board tells before anything else of it works.
//!
//! # Ports
//! - `select`, `count`: the counters. `m_byte`: characters, for the line.
//!
//! # Handshake
//! An ordinary channel.
//!
//! # Latency
//! A line begins with the end of the reset, and then every `period` cycles, or when the line before is through.
//!
//! # Invariant
//! A line is a name, and for each counter a space and eight hexadecimal digits, then a carriage return and a line feed.
//! A counter is held while its digits leave, so they belong together.
use crate::counters::KINDS;
use stevedore_hdl::prelude::*;

/// Characters of a name.
const NAME: usize = 8;

/// What of a line is next.
#[derive(Encoding, Clone, Copy, Debug, PartialEq)]
enum Phase {
    /// A character of the name.
    #[default]
    Name,
    /// The space in front of a counter.
    Space,
    Digit,
    Return,
    Feed,
    /// Nothing, until it is time.
    Pause,
}

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct State {
    phase: Phase,
    /// Which character of the name, or digit.
    place: Bits<3>,
    /// Which counter.
    counter: Bits<3>,
    /// Cycles since the line began.
    cycles: Bits<32>,
    /// It is time for another.
    due: bool,
    /// The counter whose digits leave, the next one in the highest bits.
    value: Bits<32>,
}

/// See the module.
#[derive(LogicBlock, Default)]
pub struct Reporter {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// Which counter is wanted.
    pub select: Signal<Out, Bits<3>>,
    /// That counter.
    pub count: Signal<In, Bits<32>>,
    /// Characters.
    pub m_byte: Source<Bits<8>>,
    state: Register<State>,
    _name: u64,
    _period: u64,
}

impl Reporter {
    /// One that begins its lines with `name`, of eight characters, every `period` cycles.
    pub fn new(name: &str, period: u64) -> Self {
        let name: [u8; NAME] =
            name.as_bytes().try_into().unwrap_or_else(|_| panic!("{name} has not {NAME} characters"));
        assert!((2..1 << 32).contains(&period), "a line every {period} cycles");
        Reporter { _name: u64::from_le_bytes(name), _period: period, ..Self::default() }
    }
}

/// The character of a hexadecimal digit.
#[kernel_fn]
fn digit(value: Bits<4>) -> Bits<8> {
    let wide = resize::<8, 4>(value);
    mux(value < 10, wide + 48, wide + 87)
}

impl Logic for Reporter {
    #[kernel]
    fn update(&mut self) {
        setup!(self, state);
        let state = self.state.q.val();
        let mut next = state;
        let taken = self.m_byte.ready.val();
        let ends = state.place == 7;
        let mut byte = bits::<8>(32);
        let mut valid = true;
        let over = state.cycles == self._period - 1;
        next.cycles = mux(over, bits::<32>(0), state.cycles + 1);
        if over {
            next.due = true;
        }
        match state.phase {
            Phase::Name => {
                let name = bits::<64>(self._name);
                byte = (name >> (resize::<6, 3>(state.place) << 3)).get_bits::<8>(0);
                next.counter = bits::<3>(0);
                if taken {
                    next.place = state.place + 1;
                    if ends {
                        next.phase = Phase::Space;
                    }
                }
            }
            Phase::Space => {
                next.value = self.count.val();
                if taken {
                    next.phase = Phase::Digit;
                }
            }
            Phase::Digit => {
                byte = digit(state.value.get_bits::<4>(28));
                if taken {
                    next.value = state.value << 4;
                    next.place = state.place + 1;
                    if ends {
                        next.counter = state.counter + 1;
                        next.phase = mux(state.counter == KINDS as u64 - 1, Phase::Return, Phase::Space);
                    }
                }
            }
            Phase::Return => {
                byte = bits::<8>(13);
                if taken {
                    next.phase = Phase::Feed;
                }
            }
            Phase::Feed => {
                byte = bits::<8>(10);
                if taken {
                    next.phase = Phase::Pause;
                }
            }
            Phase::Pause => {
                valid = false;
                if state.due {
                    next.due = over;
                    next.phase = Phase::Name;
                }
            }
        }
        self.select.next = state.counter;
        self.m_byte.valid.next = valid;
        self.m_byte.bits.next = byte;
        self.state.d.next = next;
    }
}
