//! Words on their way into a sink.

use super::{Dut, FlatWord};
use std::collections::VecDeque;

/// A sink and the words that are still to be offered to it. Each becomes bits once: that takes longer than a cycle of
/// the model.
pub struct Feed {
    sink: &'static str,
    /// Those not yet taken.
    pub words: VecDeque<FlatWord>,
    /// Cycle in which each word was taken.
    pub taken: Vec<u64>,
    /// The first word is offered, and stays until it is taken.
    offering: bool,
    /// What the sink sees is valid.
    shown: bool,
}

impl Feed {
    /// Words for the channel `sink`.
    pub fn new(sink: &'static str, words: impl IntoIterator<Item = FlatWord>) -> Self {
        let words = words.into_iter().collect();
        // Whatever the sink saw before, the first offer tells it anew.
        Feed { sink, words, taken: Vec::new(), offering: false, shown: true }
    }

    /// Before the outputs settle: offers the next word, if there is one and whoever offers is `willing` to begin.
    pub fn offer(&mut self, dut: &mut dyn Dut, willing: impl FnOnce() -> bool) {
        if self.offering {
            return;
        }
        self.offering = !self.words.is_empty() && willing();
        if self.offering || self.shown {
            let word = self.words.front().filter(|_| self.offering);
            dut.offer(self.sink, word.map(Vec::as_slice));
            self.shown = self.offering;
        }
    }

    /// After the outputs have settled: whether the word is taken with the next edge.
    pub fn take(&mut self, dut: &dyn Dut) -> bool {
        let taken = self.offering && dut.ready(self.sink);
        if taken {
            self.words.pop_front();
            self.offering = false;
            self.taken.push(dut.cycle());
        }
        taken
    }
}
