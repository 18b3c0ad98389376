//! Records, enums, branches, loops, functions, arrays and channels over clocked state.

mod differential;

use differential::*;
use stevedore_hdl::prelude::*;

#[derive(Encoding, Clone, Copy, Debug, PartialEq)]
enum Phase {
    Idle,
    Fill,
    #[default]
    Hold,
    Drain,
    Done,
}

#[derive(Encoding, Clone, Copy, Debug, PartialEq)]
enum Only {
    One,
}

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Inner<const N: usize> {
    value: Bits<N>,
    phase: Phase,
}

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct State<const N: usize> {
    first: Inner<N>,
    flag: bool,
    second: Inner<N>,
    only: Only,
    count: Bits<5>,
}

mod far {
    //! A function in another module: one import brings both worlds.
    use stevedore_hdl::prelude::*;

    /// The next phase, and whether it wraps.
    #[kernel_fn]
    pub fn advance(phase: super::Phase, go: bool) -> (super::Phase, bool) {
        let next = match phase {
            super::Phase::Idle => super::Phase::Fill,
            super::Phase::Fill | super::Phase::Hold => {
                if go {
                    super::Phase::Drain
                } else {
                    super::Phase::Hold
                }
            }
            super::Phase::Drain => super::Phase::Done,
            super::Phase::Done => super::Phase::Idle,
        };
        (next, phase == super::Phase::Done && go)
    }
}

mod deep {
    use super::far::advance;
    use super::*;

    #[kernel_fn]
    pub fn step<const N: usize>(mut s: Inner<N>, by: Bits<N>, go: bool) -> Inner<N> {
        let (phase, wrapped) = advance(s.phase, go);
        s.phase = phase;
        if wrapped {
            s.value = Bits::default();
        } else {
            s.value += by;
        }
        s
    }
}

const LIMIT: u64 = 9;
const LANES: usize = 3;
const WIDE_LANES: bool = true;

/// K: bits of an `Inner<N>`.
#[derive(LogicBlock)]
struct Machine<const N: usize, const K: usize> {
    clock: Signal<In, Clock>,
    reset: Signal<In, bool>,
    go: Signal<In, bool>,
    by: Signal<In, Bits<N>>,
    pick: Signal<In, Bits<2>>,
    load: Signal<In, State<N>>,
    phase_in: Signal<In, Phase>,
    state_out: Signal<Out, State<N>>,
    flat: Signal<Out, Bits<K>>,
    unpacked: Signal<Out, Inner<N>>,
    same: Signal<Out, bool>,
    phase_out: Signal<Out, Phase>,
    sum: Signal<Out, Bits<N>>,
    picked: Signal<Out, Bits<N>>,
    sorted: Signal<Out, Bits<N>>,
    swapped: Signal<Out, State<N>>,
    rotated: Signal<Out, Bits<8>>,
    seen: Signal<Local, Bits<N>>,
    state: Register<State<N>>,
    lane: [Register<Bits<N>>; LANES],
    history: Flop<Bits<8>>,
    offset: Constant<Bits<N>>,
    start: Constant<Inner<N>>,
    _fast: bool,
    _taps: usize,
}

impl<const N: usize, const K: usize> Default for Machine<N, K> {
    fn default() -> Self {
        Machine {
            clock: Default::default(),
            reset: Default::default(),
            go: Default::default(),
            by: Default::default(),
            pick: Default::default(),
            load: Default::default(),
            phase_in: Default::default(),
            state_out: Default::default(),
            flat: Default::default(),
            unpacked: Default::default(),
            same: Default::default(),
            phase_out: Default::default(),
            sum: Default::default(),
            picked: Default::default(),
            sorted: Default::default(),
            swapped: Default::default(),
            rotated: Default::default(),
            seen: Default::default(),
            state: Register::new(State { count: 3.into(), flag: true, ..State::default() }),
            lane: Default::default(),
            history: Default::default(),
            offset: Constant::new(5.into()),
            start: Constant::new(Inner { value: 2.into(), phase: Phase::Drain }),
            _fast: true,
            _taps: 2,
        }
    }
}

impl<const N: usize, const K: usize> Logic for Machine<N, K> {
    #[kernel]
    fn update(&mut self) {
        setup!(self, state);
        clocks!(self, history);
        for i in 0..LANES {
            setup!(self, lane[i]);
            self.lane[i].d.next = self.lane[i].q.val();
        }
        let go = self.go.val();
        let load = self.load.val();
        let mut next = self.state.q.val();

        // A match over an enum, with records assigned whole and by field.
        match next.first.phase {
            Phase::Idle | Phase::Fill => {
                next.first = deep::step(next.first, self.by.val(), go);
                next.flag = !next.flag;
            }
            Phase::Hold => {
                let old = next.second;
                next.second = next.first;
                next.first = Inner::<N> { phase: Phase::Drain, ..old };
            }
            _ => next = State { first: self.start.val(), second: load.first, ..next },
        }
        next.count = if next.count >= LIMIT {
            0.into()
        } else if go {
            next.count + 1
        } else {
            next.count
        };
        if load.only == Only::One && load.count == 31 {
            next = load;
        } else if load.flag {
            next.second.value = !load.second.value;
            next.second.phase = Phase::Done;
        }

        // Elaboration-time conditions and numbers.
        let mut sum = self.offset.val();
        for i in 0..LANES {
            if i + 1 < LANES && WIDE_LANES {
                self.lane[i].d.next = self.lane[i + 1].q.val() + next.first.value;
            } else if self._fast {
                self.lane[i].d.next = self.by.val();
            }
            if i < self._taps {
                sum = sum + (self.lane[i].q.val() << i as u64);
            }
        }
        self.seen.next = sum;

        // An array as a value.
        let mut values = [self.lane[0].q.val(), self.lane[1].q.val(), self.lane[2].q.val(), self.seen.val()];
        self.picked.next = match self.pick.val().index() {
            0 => values[0],
            1 => values[1],
            2 => values[2],
            _ => values[3],
        };
        for round in 0..4 {
            for k in 0..3 - round.min(2) {
                let (low, high) = (values[k], values[k + 1]);
                if high < low {
                    values[k] = high;
                    values[k + 1] = low;
                }
            }
        }
        self.sorted.next = values[0] ^ values[3];

        // Assignments that exchange fields must read before they write.
        let mut swap = next;
        swap = State { first: swap.second, second: swap.first, ..swap };
        if swap == next {
            swap.flag = false;
        }
        self.swapped.next = swap;

        let mut bits = self.history.q.val();
        bits <<= 1;
        bits |= resize::<8, 1>(go.into());
        self.history.d.next = bits;
        self.rotated.next = {
            let shifted = bits;
            bits ^= 3;
            shifted + bits
        };

        self.state.d.next = next;
        self.state_out.next = self.state.q.val();
        let flat = pack::<K, _>(next.second);
        self.flat.next = flat ^ LIMIT;
        // Both phases are legal: a code without a variant has no meaning in Rust.
        self.unpacked.next = unpack::<Inner<N>, K>(set_bits(flat, 0, self.by.val()));
        self.same.next = next == load || next.first != load.second && next.only == load.only;
        self.phase_out.next = advance_twice(self.phase_in.val(), go);
        self.sum.next = self.seen.val();
    }
}

#[kernel_fn]
fn advance_twice(phase: Phase, go: bool) -> Phase {
    let (once, _) = far::advance(phase, go);
    let (twice, _) = far::advance(once, !go);
    twice
}

impl<const N: usize, const K: usize> Subject for Machine<N, K> {
    fn drive(&mut self, random: &mut Random) -> Vec<(&'static str, Vec<bool>)> {
        self.reset.next = random.below(40) == 0;
        self.go.next = random.value();
        self.by.next = random.value();
        self.pick.next = random.value();
        self.load.next = random.value();
        if random.below(8) == 0 {
            self.load.next.count = 31.into();
        }
        self.phase_in.next = random.value();
        vec![
            ("reset", self.reset.next.to_flat()),
            ("go", self.go.next.to_flat()),
            ("by", self.by.next.to_flat()),
            ("pick", self.pick.next.to_flat()),
            ("load", self.load.next.to_flat()),
            ("phase_in", self.phase_in.next.to_flat()),
        ]
    }
    fn outputs(&self) -> Vec<(&'static str, Vec<bool>)> {
        vec![
            ("state_out", self.state_out.val().to_flat()),
            ("flat", self.flat.val().to_flat()),
            ("unpacked", self.unpacked.val().to_flat()),
            ("same", self.same.val().to_flat()),
            ("phase_out", self.phase_out.val().to_flat()),
            ("sum", self.sum.val().to_flat()),
            ("picked", self.picked.val().to_flat()),
            ("sorted", self.sorted.val().to_flat()),
            ("swapped", self.swapped.val().to_flat()),
            ("rotated", self.rotated.val().to_flat()),
        ]
    }
}

/// Channels through every base block, and both memories.
#[derive(LogicBlock)]
struct Channels {
    clock: Signal<In, Clock>,
    reset: Signal<In, bool>,
    word: Signal<In, Inner<8>>,
    valid: Signal<In, bool>,
    enable: Signal<In, Bits<4>>,
    write_at: Signal<In, Bits<3>>,
    read_at: Signal<In, Bits<3>>,
    data: Signal<In, Bits<32>>,
    accepted: Signal<Out, bool>,
    offered: Signal<Out, bool>,
    given: Signal<Out, Inner<8>>,
    level: Signal<Out, Bits<16>>,
    bytes: Signal<Out, Bits<32>>,
    table: Signal<Out, Bits<5>>,
    skid: SkidBuffer<Inner<8>>,
    fifo: [Fifo<Inner<8>>; 2],
    out: Source<Inner<8>>,
    byte_ram: ByteRam<32, 4>,
    word_ram: DualPortRam<Bits<5>>,
}

impl Default for Channels {
    fn default() -> Self {
        Channels {
            clock: Default::default(),
            reset: Default::default(),
            word: Default::default(),
            valid: Default::default(),
            enable: Default::default(),
            write_at: Default::default(),
            read_at: Default::default(),
            data: Default::default(),
            accepted: Default::default(),
            offered: Default::default(),
            given: Default::default(),
            level: Default::default(),
            bytes: Default::default(),
            table: Default::default(),
            skid: Default::default(),
            fifo: [Fifo::new(3), Fifo::new(6)],
            out: Default::default(),
            byte_ram: ByteRam::new(8),
            word_ram: DualPortRam::new(6).with_contents((1..7).map(|i: u64| i.into()).collect()),
        }
    }
}

impl Logic for Channels {
    #[kernel]
    fn update(&mut self) {
        setup!(self, skid, fifo[0], fifo[1]);
        clocks!(self, byte_ram, word_ram);
        self.skid.s_in.bits.next = self.word.val();
        self.skid.s_in.valid.next = self.valid.val();
        self.accepted.next = self.skid.s_in.ready.val();
        join!(self.skid.m_out => self.fifo[0].s_in);
        join!(self.fifo[0].m_out => self.fifo[1].s_in);
        forward!(self.fifo[1].m_out => self.out);
        self.offered.next = self.out.valid.val();
        self.given.next = self.out.bits.val();
        self.level.next = self.fifo[0].level.val() + self.fifo[1].level.val();

        self.byte_ram.write_enable.next = self.enable.val();
        self.byte_ram.write_address.next = resize::<16, 3>(self.write_at.val());
        self.byte_ram.write_data.next = self.data.val();
        self.byte_ram.read_address.next = resize::<16, 3>(self.read_at.val());
        self.bytes.next = self.byte_ram.read_data.val();
        self.word_ram.write_enable.next = self.enable.val().all();
        self.word_ram.write_address.next = resize::<16, 3>(self.read_at.val());
        self.word_ram.write_data.next = self.data.val().get_bits::<5>(7);
        self.word_ram.read_address.next = resize::<16, 3>(self.write_at.val());
        self.table.next = self.word_ram.read_data.val();
    }
}

impl Subject for Channels {
    fn drive(&mut self, random: &mut Random) -> Vec<(&'static str, Vec<bool>)> {
        self.reset.next = random.below(100) == 0;
        self.word.next = random.value();
        self.valid.next = random.below(3) > 0;
        self.out.ready.next = random.below(3) > 0;
        self.enable.next = random.value();
        self.write_at.next = random.value();
        self.read_at.next = random.value();
        self.data.next = random.value();
        vec![
            ("reset", self.reset.next.to_flat()),
            ("word", self.word.next.to_flat()),
            ("valid", self.valid.next.to_flat()),
            ("out_ready", self.out.ready.next.to_flat()),
            ("enable", self.enable.next.to_flat()),
            ("write_at", self.write_at.next.to_flat()),
            ("read_at", self.read_at.next.to_flat()),
            ("data", self.data.next.to_flat()),
        ]
    }
    fn outputs(&self) -> Vec<(&'static str, Vec<bool>)> {
        vec![
            ("accepted", self.accepted.val().to_flat()),
            ("offered", self.offered.val().to_flat()),
            ("given", self.given.val().to_flat()),
            ("out_bits", self.out.bits.val().to_flat()),
            ("out_valid", self.out.valid.val().to_flat()),
            ("level", self.level.val().to_flat()),
            ("bytes", self.bytes.val().to_flat()),
            ("table_", self.table.val().to_flat()),
        ]
    }
}

/// Runs a clocked subject in step with its models.
macro_rules! clocked {
    ($models: ident, $subject: ty, $name: literal, $cycles: literal) => {{
        let mut bench = bench!(<$subject>::default());
        let mut random = Random(SEED);
        for cycle in 0..$cycles {
            let inputs = bench.uut.drive(&mut random);
            bench.settle();
            $models.set($name, &inputs);
            $models.advance(false);
            $models.compare($name, cycle, &inputs, &bench.uut.outputs());
            bench.step();
            $models.advance(true);
            $models.compare($name, cycle, &inputs, &bench.uut.outputs());
        }
    }};
}

#[test]
fn structures_agree_cycle_by_cycle() {
    with_big_stack(|| {
        let modules = [
            module(&Machine::<8, 11>::default(), "m8"),
            module(&Machine::<40, 43>::default(), "m40"),
            module(&Channels::default(), "channels"),
        ];
        // One model each: they share the wrapper's clock.
        for one in modules {
            let mut models = Models::build(std::slice::from_ref(&one), Netlist::Gates);
            match one.name.as_str() {
                "m8" => clocked!(models, Machine<8, 11>, "m8", 3000),
                "m40" => clocked!(models, Machine<40, 43>, "m40", 1000),
                _ => clocked!(models, Channels, "channels", 3000),
            }
        }
    });
}
