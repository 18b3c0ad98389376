//! The interrupt line: edges of moderation, and none lost (H7).
use std::collections::VecDeque;
use stevedore_hdl::prelude::*;
use stevedore_rtl::host::{Interrupt, Moderation};
use stevedore_testbenches::random::Random;
use stevedore_testbenches::replay::{Compiled, Dut};

struct Line(Compiled);

impl Line {
    fn new(moderation: Moderation) -> Self {
        let mut dut = Compiled::new(&Interrupt::default(), "interrupt").expect("a model");
        dut.reset();
        let flat = moderation.to_flat();
        let words: Vec<u32> = flat.chunks(32).map(|w| w.iter().rev().fold(0, |v, &b| v << 1 | u32::from(b))).collect();
        let port = dut.model.port("moderation");
        dut.model.set_wide(port, &words);
        Line(dut)
    }
    fn set(&mut self, port: &str, value: u64) {
        let port = self.0.model.port(port);
        self.0.model.set(port, value);
    }
    fn get(&mut self, port: &str) -> u64 {
        self.0.settle();
        self.0.model.get(self.0.model.port(port))
    }
    /// A cycle with these causes; whether the line went up in the cycle after.
    fn cycle(&mut self, responses: u64, bus_error: bool, clear: u64) -> bool {
        self.set("responses", responses);
        self.set("bus_error", u64::from(bus_error));
        self.set("clear", clear);
        let before = self.get("line");
        self.0.step();
        self.set("responses", 0);
        self.set("bus_error", 0);
        self.set("clear", 0);
        let after = self.get("line");
        assert_eq!(self.get("raised") != 0, after > before, "`raised` is the edge");
        after > before
    }
    /// Edges within `cycles`.
    fn edges(&mut self, cycles: u64) -> u64 {
        (0..cycles).filter(|_| self.cycle(0, false, 0)).count() as u64
    }
}

fn at_once() -> Moderation {
    Moderation { enable: bits(7), delay: bits(1000), count: bits(1) }
}

/// Fault of kind 5: a cause set while another is pending makes an edge of its own; the same one again does not.
#[test]
fn second_cause_makes_an_edge() {
    let mut line = Line::new(at_once());
    line.cycle(1, false, 0);
    assert_eq!(line.edges(6), 1);
    let first = line.cycle(0, true, 0);
    assert_eq!(u64::from(first) + line.edges(6), 1, "bus error while a response is pending");
    let again = line.cycle(0, true, 0);
    assert_eq!(u64::from(again) + line.edges(6), 0, "the same cause again");
    assert_eq!(line.get("cause"), 5);
}

/// A cause set in the cycle in which it is cleared makes a new edge; so does a clear that leaves another pending. A
/// clear of all lets the line fall.
#[test]
fn clear_that_leaves_the_line_high_makes_an_edge() {
    let mut line = Line::new(at_once());
    line.cycle(0, true, 0);
    assert_eq!(line.get("line"), 1);
    let at = line.cycle(0, true, 4);
    assert_eq!(u64::from(at) + line.edges(6), 1, "set in the cycle of the clear");
    line.cycle(1, false, 0);
    line.edges(6);
    let at = line.cycle(0, false, 1);
    assert_eq!(u64::from(at) + line.edges(6), 1, "bus error still pending");
    assert_eq!(line.get("line"), 1);
    line.cycle(0, false, 4);
    assert_eq!(line.edges(6), 0);
    assert_eq!((line.get("line"), line.get("cause")), (0, 0));
}

/// Whatever happens when: after the last cause was set, and after every clear that leaves some, there is an edge; a
/// host that is told of edges only and clears what it reads ends with nothing pending.
#[test]
fn host_told_of_edges_only_misses_nothing() {
    for seed in 0..40 {
        let mut random = Random::new(seed);
        let delay = random.below(30);
        let count = random.within(1, 5);
        let mut line = Line::new(Moderation { enable: bits(7), delay: bits(delay), count: bits(count) });
        let mut clears: VecDeque<(u64, u64)> = VecDeque::new();
        let mut edge = false;
        for cycle in 0..2000u64 {
            line.set("now", cycle);
            if edge {
                // The message takes its time, then the host reads and clears what it read.
                clears.push_back((cycle + random.below(12), 0));
            }
            let due = clears.front().is_some_and(|(at, _)| *at <= cycle);
            let clear = if due { line.get("cause") } else { 0 };
            if due {
                clears.pop_front();
            }
            let quiet = cycle > 1800;
            let responses = if !quiet && random.below(9) == 0 { random.within(1, 8) } else { 0 };
            edge = line.cycle(responses, !quiet && random.below(40) == 0, clear);
        }
        assert_eq!((line.get("cause"), line.get("line")), (0, 0), "seed {seed}");
    }
}

/// H7: the line follows the response within three cycles when each is to be told at once.
#[test]
fn response_is_told_within_three_cycles() {
    let mut line = Line::new(at_once());
    line.edges(5);
    let cycles = 1 + (0..10).take_while(|n| !line.cycle(u64::from(*n == 0), false, 0)).count();
    assert!(cycles <= 3, "{cycles} cycles");
}
