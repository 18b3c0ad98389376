//! The blocks that cross clocks, at unrelated rates and phases: in rust-hdl's simulator with bits that arrive early or
//! late as chance has it, and Verilated.
use stevedore_hdl::prelude::*;
use stevedore_verilated::{lint, yosys, Model, Port, Source};

const SEED: u64 = 0x5eed_0c1c;

/// A small generator with a fixed seed, so that a failure repeats.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
    fn chance(&mut self, percent: u64) -> bool {
        self.next() % 100 < percent
    }
}

/// Periods in picoseconds, writer and reader: equal, nearly equal, the board's, far apart.
const PERIODS: [(u64, u64); 7] =
    [(8000, 8000), (8000, 8001), (8000, 10_000), (10_000, 8000), (3001, 20_011), (20_011, 3001), (400_000, 8000)];

const WRITER: usize = 0;
const READER: usize = 1;

/// An `AsyncFifo<Bits<16>>` in either simulator.
trait Fifos {
    fn edge(&mut self, clock: usize, rises: bool);
    fn write(&mut self, reset: bool, word: Option<u64>);
    fn read(&mut self, reset: bool, ready: bool);
    fn ready(&mut self) -> bool;
    fn word(&mut self) -> Option<u64>;
}

struct Stepped(Bench<AsyncFifo<Bits<16>>>);

impl Fifos for Stepped {
    fn edge(&mut self, clock: usize, rises: bool) {
        match clock {
            WRITER => self.0.edge(|u| &mut u.write_clock, rises),
            _ => self.0.edge(|u| &mut u.read_clock, rises),
        }
    }
    fn write(&mut self, reset: bool, word: Option<u64>) {
        self.0.uut.write_reset.next = reset;
        self.0.uut.s_in.valid.next = word.is_some();
        self.0.uut.s_in.bits.next = word.unwrap_or(0xdead).into();
        self.0.settle();
    }
    fn read(&mut self, reset: bool, ready: bool) {
        self.0.uut.read_reset.next = reset;
        self.0.uut.m_out.ready.next = ready;
        self.0.settle();
    }
    fn ready(&mut self) -> bool {
        self.0.uut.s_in.ready.val()
    }
    fn word(&mut self) -> Option<u64> {
        self.0.uut.m_out.valid.val().then(|| self.0.uut.m_out.bits.val().index() as u64)
    }
}

struct Verilated {
    model: Model,
    clocks: [Port; 2],
    resets: [Port; 2],
    /// valid, ready, bits
    s_in: [Port; 3],
    m_out: [Port; 3],
}

impl Verilated {
    fn new(depth: usize) -> Self {
        let text = verilog(&AsyncFifo::<Bits<16>>::new(depth), "fifo");
        let model = Model::build(&Source::new("fifo", text).random_reset(7)).expect("a model");
        let port = |name: &str| model.port(name);
        let channel = |name: &str| ["valid", "ready", "bits"].map(|part| port(&format!("{name}_{part}")));
        let (s_in, m_out) = (channel("s_in"), channel("m_out"));
        let (clocks, resets) = (["write_clock", "read_clock"].map(port), ["write_reset", "read_reset"].map(port));
        Verilated { model, clocks, resets, s_in, m_out }
    }
}

impl Fifos for Verilated {
    fn edge(&mut self, clock: usize, rises: bool) {
        self.model.set(self.clocks[clock], rises.into());
        self.model.eval();
        self.model.sample();
    }
    fn write(&mut self, reset: bool, word: Option<u64>) {
        self.model.set(self.resets[WRITER], reset.into());
        self.model.set(self.s_in[0], word.is_some().into());
        self.model.set(self.s_in[2], word.unwrap_or(0xdead));
        self.model.eval();
    }
    fn read(&mut self, reset: bool, ready: bool) {
        self.model.set(self.resets[READER], reset.into());
        self.model.set(self.m_out[1], ready.into());
        self.model.eval();
    }
    fn ready(&mut self) -> bool {
        self.model.get(self.s_in[1]) == 1
    }
    fn word(&mut self) -> Option<u64> {
        (self.model.get(self.m_out[0]) == 1).then(|| self.model.get(self.m_out[2]))
    }
}

/// How a run goes.
struct Plan {
    periods: (u64, u64),
    phase: u64,
    jitter: u64,
    /// How often each side is willing, in percent.
    pace: (u64, u64),
    words: u64,
    /// One of so many cycles of the slower clock begins a reset of either side, of one to four cycles; 0: none.
    resets: u64,
}

/// Counts of a run.
#[derive(Default)]
struct Seen {
    /// Cycles of each clock between the first word given and the last.
    cycles: [u64; 2],
    resets: u64,
    lost: u64,
}

/// Numbers go in and come out in order. What is missing was lost to a reset.
fn run(fifo: &mut dyn Fifos, plan: &Plan, seed: u64) -> Seen {
    let context = format!("seed {seed:#x}, periods {:?}, pace {:?}", plan.periods, plan.pace);
    let jitter = |period: u64| period * plan.jitter / 100;
    let mut clocks = Clocks::new(seed).with(plan.periods.0, 0, jitter(plan.periods.0)).with(
        plan.periods.1,
        plan.phase,
        jitter(plan.periods.1),
    );
    let mut random = Random(seed | 1);
    let (mut sent, mut offering, mut received) = (0, false, 0);
    let (mut gaps, mut edges, mut ready) = (0, 0u64, false);
    let mut reset = [0, 0];
    let mut offered = None;
    let mut seen = Seen::default();
    let word = |number: u64| number & 0xffff;
    let slower = plan.periods.0.max(plan.periods.1);
    let spacing = [plan.periods.0, plan.periods.1].map(|period| plan.resets * slower / period);
    loop {
        let edge = clocks.next_edge();
        if !edge.rises {
            fifo.edge(edge.clock, false);
            continue;
        }
        // What was decided after the last edge of this clock moves with this one.
        let in_reset = reset[edge.clock] > 0;
        if edge.clock == WRITER {
            if offering && fifo.ready() {
                offering = false;
                sent += 1;
            }
        } else {
            let shown = fifo.word();
            if let (Some(before), false) = (offered, in_reset || plan.resets > 0) {
                assert_eq!(shown, Some(before), "{context}: the word offered changed");
            }
            offered = shown;
            if let (Some(number), true, false) = (shown, ready, in_reset) {
                let skipped = (number.wrapping_sub(received)) & 0xffff;
                assert!(
                    skipped < 0x8000 && received + skipped < sent,
                    "{context}: {number} after {received} of {sent}"
                );
                if skipped > 0 {
                    gaps += 1;
                    assert!(gaps <= seen.resets, "{context}: {number} instead of {received}");
                }
                received += skipped + 1;
                seen.lost += skipped;
                offered = None;
                if received >= plan.words {
                    return seen;
                }
            }
        }
        fifo.edge(edge.clock, true);
        if received > 0 {
            seen.cycles[edge.clock] += 1;
        }
        edges += 1;
        assert!(edges < 4000 * plan.words, "{context}: stuck at word {received} of {sent}");

        let left = &mut reset[edge.clock];
        *left = match *left {
            // The last words come without resets, so that every one of them has to arrive.
            0 if plan.resets > 0 && received + 50 < plan.words && random.next().is_multiple_of(spacing[edge.clock]) => {
                seen.resets += 1;
                1 + random.next() % 4
            }
            0 => 0,
            left => left - 1,
        };
        let in_reset = *left > 0;
        if edge.clock == WRITER {
            offering = (offering || random.chance(plan.pace.0)) && !in_reset;
            fifo.write(in_reset, offering.then(|| word(sent)));
        } else {
            ready = random.chance(plan.pace.1);
            fifo.read(in_reset, ready);
        }
    }
}

fn both(depth: usize, seed: u64, mut with: impl FnMut(&mut dyn Fifos, &str)) {
    let stepped = AsyncFifo::<Bits<16>>::new(depth).with_skew(seed);
    with(&mut Stepped(Bench::combinational(stepped)), "stepped");
    with(&mut Verilated::new(depth), "Verilated");
}

#[test]
fn async_fifo_keeps_order_at_every_ratio() {
    let mut seed = SEED;
    for depth in [2, 4, 16] {
        for periods in PERIODS {
            for (phase, jitter, pace) in [(0, 0, (100, 100)), (1234, 20, (60, 100)), (777, 45, (100, 40))] {
                seed += 1;
                let plan = Plan { periods, phase, jitter, pace, words: 300, resets: 0 };
                both(depth, seed, |fifo, _| {
                    run(fifo, &plan, seed);
                });
            }
        }
    }
}

/// With 16 words the slower side never waits, but for the pauses at the beginning.
#[test]
fn async_fifo_moves_a_word_per_cycle_of_the_slower_clock() {
    for (number, periods) in PERIODS.into_iter().enumerate() {
        for phase in [0, 1, 3999] {
            let plan = Plan { periods, phase, jitter: 0, pace: (100, 100), words: 1000, resets: 0 };
            let seed = SEED ^ (number as u64) << 8;
            both(16, seed, |fifo, which| {
                let seen = run(fifo, &plan, seed);
                let slower = usize::from(periods.0 < periods.1);
                assert!(
                    (990..=1004).contains(&seen.cycles[slower]),
                    "{which}, {periods:?}: {} cycles of the slower clock",
                    seen.cycles[slower]
                );
            });
        }
    }
}

/// With clocks half a period apart: how long a word takes, how long its place, and how long a reset of either side.
#[test]
fn async_fifo_takes_the_cycles_it_promises() {
    let two: [&dyn Fn() -> Box<dyn Fifos>; 2] =
        [&|| Box::new(Stepped(Bench::combinational(AsyncFifo::<Bits<16>>::new(2)))), &|| Box::new(Verilated::new(2))];
    for make in two {
        let mut fifo = make();
        let cycle = |fifo: &mut dyn Fifos, clock: usize| [true, false].map(|rises| fifo.edge(clock, rises));
        let both = |fifo: &mut dyn Fifos, times: usize| {
            for _ in 0..times {
                cycle(fifo, WRITER);
                cycle(fifo, READER);
            }
        };
        fifo.write(false, None);
        fifo.read(false, false);
        both(&mut *fifo, 4);

        // Two words fill it; the reader fetches the first of them at its third edge.
        fifo.write(false, Some(1));
        cycle(&mut *fifo, WRITER);
        fifo.write(false, Some(2));
        let mut edges = 0;
        while fifo.word().is_none() {
            cycle(&mut *fifo, READER);
            edges += 1;
            if fifo.word().is_none() {
                cycle(&mut *fifo, WRITER);
            }
            if edges == 1 {
                assert!(!fifo.ready(), "two words fill it");
                fifo.write(false, None);
            }
        }
        assert_eq!(edges, 3, "edges of the reader until the word is offered");
        let mut edges = 0;
        while !fifo.ready() {
            cycle(&mut *fifo, WRITER);
            edges += 1;
        }
        assert_eq!(edges, 3, "edges of the writer until its place is free");

        // One cycle of reset of either side, then of both.
        for resets in [[true, false], [false, true], [true, true]] {
            fifo.write(false, None);
            both(&mut *fifo, 10);
            fifo.write(resets[WRITER], None);
            fifo.read(resets[READER], true);
            both(&mut *fifo, 1);
            fifo.write(false, None);
            fifo.read(false, true);
            // The far end learns of it later; both are held before the first is let go.
            let mut held = 0;
            for cycle in 1..=20 {
                both(&mut *fifo, 1);
                if !fifo.ready() {
                    held = cycle;
                }
            }
            assert!((5..=9).contains(&held), "{resets:?}: held for {held} cycles");
            assert_eq!(fifo.word(), None, "{resets:?}");
        }
    }
}

/// Either side may be reset at any time, the other goes on: nothing comes out that did not go in, nothing twice.
#[test]
fn async_fifo_survives_resets_of_either_side() {
    let mut seed = SEED ^ 0xffff;
    let (mut resets, mut lost) = (0, 0);
    for depth in [2, 16] {
        for periods in PERIODS {
            for (jitter, pace) in [(0, (100, 100)), (30, (70, 50)), (45, (90, 20))] {
                for spacing in [25, 100] {
                    seed += 1;
                    let plan = Plan { periods, phase: seed % 5000, jitter, pace, words: 300, resets: spacing };
                    both(depth, seed, |fifo, _| {
                        let seen = run(fifo, &plan, seed);
                        resets += seen.resets;
                        lost += seen.lost;
                    });
                }
            }
        }
    }
    assert!(resets > 1000 && lost > 1000, "{resets} resets, {lost} words lost");
}

/// Each pulse arrives once, and a level takes two to three edges.
#[test]
fn pulses_cross_one_by_one() {
    for (number, (from, to)) in PERIODS.into_iter().enumerate() {
        let mut bench = Bench::combinational(PulseCrossing::default());
        let mut clocks = Clocks::new(SEED).with(from, 0, from / 10).with(to, 1111, to / 10);
        let mut random = Random(SEED + number as u64);
        let (mut sent, mut arrived, mut pause, mut high) = (0, 0, 0, false);
        let apart = 3 * to / from + 3;
        while arrived < 100 {
            let edge = clocks.next_edge();
            if edge.clock == 1 && edge.rises && bench.uut.pulse_out.val() {
                arrived += 1;
                assert!(arrived <= sent, "{from} to {to}: {arrived} of {sent}");
            }
            match edge.clock {
                0 => bench.edge(|u| &mut u.from_clock, edge.rises),
                _ => bench.edge(|u| &mut u.to_clock, edge.rises),
            }
            if edge.clock == 0 && edge.rises {
                if high {
                    sent += 1;
                }
                pause += 1;
                high = pause > apart && sent < 100 && random.chance(50);
                if high {
                    pause = 0;
                }
                bench.uut.pulse_in.next = high;
                bench.settle();
            }
        }
        assert_eq!(sent, 100);
    }
}

#[test]
fn reset_bridge_rises_without_a_clock_and_falls_with_it() {
    let text = verilog(&ResetBridge::default(), "bridge");
    let mut model = Model::build(&Source::new("bridge", text)).expect("a model");
    let [clock, input, output] = ["clock", "reset_in", "reset_out"].map(|name| model.port(name));
    let mut bench = Bench::combinational(ResetBridge::default());
    let mut drive = |level: bool, ticks: u32| -> Vec<bool> {
        bench.uut.reset_in.next = level;
        bench.settle();
        model.set(input, level.into());
        model.eval();
        let mut seen = vec![];
        for tick in 0..=ticks {
            if tick > 0 {
                for rises in [true, false] {
                    bench.edge(|u| &mut u.clock, rises);
                    model.set(clock, rises.into());
                    model.eval();
                }
            }
            assert_eq!(bench.uut.reset_out.val(), model.get(output) == 1, "tick {tick}");
            seen.push(bench.uut.reset_out.val());
        }
        seen
    };
    assert_eq!(drive(false, 4), [true, true, true, false, false], "after power-up");
    assert_eq!(drive(true, 0), [true]);
    assert_eq!(drive(false, 4), [true, true, true, false, false], "after a pulse without an edge");
}

#[test]
fn verilog_is_clean() {
    let clean = |text: String, top: &str| {
        if let Err(error) = lint(&text, top, &[]) {
            panic!("{top}: {error:#}\n{text}");
        }
        let report = yosys::check(&text, top).expect("yosys reads the text");
        assert!(report.is_clean(), "{top}: {report}");
        assert!(!text.contains("synchroniser") || text.contains("(* ASYNC_REG = \"TRUE\", keep *)"));
    };
    clean(verilog(&AsyncFifo::<Bits<72>>::new(16), "fifo"), "fifo");
    clean(verilog(&AsyncFifo::<bool>::new(2), "fifo"), "fifo");
    clean(verilog(&PulseCrossing::default(), "pulse"), "pulse");
    clean(verilog(&ResetBridge::default(), "bridge"), "bridge");
    clean(verilog(&Synchroniser::<Bits<16>>::narrow(5), "synchroniser"), "synchroniser");
}

/// Bits that change together arrive one by one under skew; without it, and a change long ago, they arrive together.
#[test]
fn skew_tears_words_that_change_in_more_than_a_bit() {
    let mut bench = Bench::combinational(Synchroniser::<Bits<8>>::default().with_skew(SEED));
    let mut torn = 0;
    for turn in 0..64u64 {
        let level = if turn % 2 == 0 { 0xff } else { 0 };
        bench.uut.d.next = level.into();
        bench.settle();
        let mut shown = vec![];
        for _ in 0..3 {
            bench.edge(|u| &mut u.clock, true);
            bench.edge(|u| &mut u.clock, false);
            shown.push(bench.uut.q.val().index() as u64);
        }
        assert_eq!(shown[2], level, "turn {turn}: {shown:x?}");
        torn += usize::from(shown[1] != 0 && shown[1] != 0xff);
    }
    assert!(torn > 50, "{torn} of 64 words torn");
}
