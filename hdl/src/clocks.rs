//! When the clocks of a test rise and fall: clocks that know nothing of each other, in one order that repeats.
//!
//! It tells which edge comes next and leaves the edge itself to the simulator: [`Bench::edge`](crate::bench::Bench), or
//! `set` and `eval` of a Verilated model.

/// An edge of a clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edge {
    /// When, in picoseconds.
    pub time: u64,
    /// Which clock: the number of its [`Clocks::with`].
    pub clock: usize,
    /// The clock rises; otherwise the clock falls.
    pub rises: bool,
}

/// One clock: its next edge, and where that would be without jitter.
#[derive(Clone, Debug)]
struct Plan {
    period: u64,
    jitter: u64,
    /// Edges so far, rises even.
    count: u64,
    phase: u64,
    next: u64,
}

/// A set of clocks.
#[derive(Clone, Debug)]
pub struct Clocks {
    plans: Vec<Plan>,
    random: u64,
}

impl Clocks {
    /// No clock yet; jitter follows from `seed`.
    pub fn new(seed: u64) -> Self {
        Clocks { plans: vec![], random: seed | 1 }
    }

    /// One more clock: it rises at `phase` and every `period` after that, each edge up to `jitter` late, all in
    /// picoseconds.
    pub fn with(mut self, period: u64, phase: u64, jitter: u64) -> Self {
        assert!(period >= 2 && jitter < period / 2, "a clock of {period} ps with {jitter} ps of jitter");
        self.plans.push(Plan { period, jitter, count: 0, phase, next: phase });
        self
    }

    /// The next edge. Of two at the same time the clock with the lower number comes first.
    pub fn next_edge(&mut self) -> Edge {
        let clock = (0..self.plans.len()).min_by_key(|&clock| self.plans[clock].next).expect("at least one clock");
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        let plan = &mut self.plans[clock];
        let edge = Edge { time: plan.next, clock, rises: plan.count.is_multiple_of(2) };
        plan.count += 1;
        let late = self.random % (plan.jitter + 1);
        plan.next = plan.phase + plan.count / 2 * plan.period + plan.count % 2 * (plan.period / 2) + late;
        edge
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_come_in_the_order_of_time() {
        let mut clocks = Clocks::new(1).with(10, 0, 0).with(6, 1, 0);
        let edges: Vec<_> = (0..8).map(|_| clocks.next_edge()).collect();
        let seen: Vec<_> = edges.iter().map(|edge| (edge.time, edge.clock, edge.rises)).collect();
        let expected = [
            (0, 0, true),
            (1, 1, true),
            (4, 1, false),
            (5, 0, false),
            (7, 1, true),
            (10, 0, true),
            (10, 1, false),
            (13, 1, true),
        ];
        assert_eq!(seen, expected);
    }

    #[test]
    fn jitter_moves_edges_and_adds_up_to_nothing() {
        let mut clocks = Clocks::new(7).with(1000, 0, 300);
        let rises: Vec<u64> = (0..2000).map(|_| clocks.next_edge()).filter(|edge| edge.rises).map(|e| e.time).collect();
        assert!(rises.iter().enumerate().all(|(i, time)| (i as u64 * 1000..=i as u64 * 1000 + 300).contains(time)));
        assert!(rises.windows(2).any(|pair| pair[1] - pair[0] != 1000));
    }
}
