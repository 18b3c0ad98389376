//! Checks of one core each, side by side, and what their tests said.

use super::{Outcome, Step};
use crate::progress::Progress;
use crate::{lanes, process};
use std::sync::Mutex;
use std::time::Instant;

/// Runs the checks, in their order as far as cores are free; what a check printed is shown when it has ended.
pub fn run(steps: Vec<Step>, progress: &mut Progress) -> Vec<Outcome> {
    let shared = Mutex::new((progress, Vec::new()));
    let check = |mut step: Step| {
        shared.lock().expect("no lane panics").0.announce(&step.name);
        let began = Instant::now();
        let result = process::quiet(&mut step.command);
        let (passed, said) = (result.is_ok(), result.unwrap_or_else(|error| format!("{error:#}")));
        let mut counts = Counts::default();
        said.lines().for_each(|line| counts.add(line));
        let mut shared = shared.lock().expect("no lane panics");
        println!("{}:\n{}", step.name, said.trim_end());
        shared.1.push(Outcome { name: step.name, passed, time: began.elapsed(), counts });
        Ok(())
    };
    lanes::each(steps, check).expect("a check that fails is an outcome");
    shared.into_inner().expect("no lane panics").1
}

/// Tests passed, failed and ignored.
#[derive(Clone, Copy, Default)]
pub struct Counts(pub [u64; 3]);

impl Counts {
    /// Takes in a line of `cargo test`: `test result: ok. 3 passed; 0 failed; 1 ignored; ...`.
    pub fn add(&mut self, line: &str) {
        let Some((_, numbers)) = line.strip_prefix("test result: ").and_then(|rest| rest.split_once(". ")) else {
            return;
        };
        for (count, part) in self.0.iter_mut().zip(numbers.split("; ")) {
            *count += part.split(' ').next().and_then(|number| number.parse::<u64>().ok()).unwrap_or(0);
        }
    }

    /// The counts in words; nothing if there was no test.
    pub fn note(&self) -> String {
        match self.0 {
            [0, 0, 0] => String::new(),
            [passed, failed, ignored] => format!("{passed} passed, {failed} failed, {ignored} ignored"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_of_several_binaries_add_up() {
        let mut counts = Counts::default();
        counts.add("running 4 tests");
        counts.add("test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s");
        counts.add("test result: FAILED. 20 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out");
        assert_eq!(counts.note(), "23 passed, 2 failed, 1 ignored");
    }
}
