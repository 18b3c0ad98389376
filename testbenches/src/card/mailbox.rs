//! Accesses of registers on their way from the socket to the engine's clock.
//!
//! A client gives up a connection whose read is not answered for five seconds, and the writes it posted before count.
//! So whoever waits here waits no longer than [`PATIENCE`] from one answer to the next. A simulation that is slower
//! than that is late: until it has caught up, reads are answered with all ones, as a bus answers for a card that does
//! not, and writes that find no room are lost. Both are counted.
#![forbid(unsafe_code)]

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Longest wait.
const PATIENCE: Duration = Duration::from_secs(4);
/// Writes on their way at once.
const ROOM: usize = 1024;

/// What the clock's thread is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Write a register.
    Write(u32, u32),
    /// Read a register; the number is the answer's.
    Read(u32, u64),
    /// Reset everything.
    Reset(u64),
    /// End.
    Stop,
}

#[derive(Default)]
struct State {
    commands: VecDeque<Command>,
    asked: u64,
    /// Number and value of the last answer.
    answer: (u64, u32),
    /// Spent waiting since the last answer.
    spent: Duration,
    late: bool,
    stopped: bool,
    late_reads: u64,
    lost_writes: u64,
}

/// The mailbox.
pub struct Mailbox {
    state: Mutex<State>,
    changed: Condvar,
    patience: Duration,
}

impl Default for Mailbox {
    fn default() -> Self {
        Mailbox { state: Mutex::default(), changed: Condvar::new(), patience: PATIENCE }
    }
}

impl Mailbox {
    /// Posts a write.
    pub fn write(&self, offset: u32, value: u32) {
        let mut state = self.wait(self.state(), |state| state.commands.len() < ROOM);
        if state.commands.len() < ROOM {
            state.commands.push_back(Command::Write(offset, value));
            self.changed.notify_all();
        } else {
            state.lost_writes += 1;
        }
    }

    /// Reads a register; all ones if that takes too long.
    pub fn read(&self, offset: u32) -> u32 {
        let answer = self.ask(|number| Command::Read(offset, number));
        answer.unwrap_or_else(|| {
            self.state().late_reads += 1;
            u32::MAX
        })
    }

    /// Resets the engine; what was asked before and not done yet is forgotten.
    pub fn reset(&self) {
        {
            let mut state = self.state();
            state.commands.clear();
            state.late = false;
        }
        self.ask(Command::Reset);
    }

    /// Ends the clock's thread.
    pub fn stop(&self) {
        self.state().stopped = true;
        self.changed.notify_all();
    }

    /// Reads answered with all ones, and writes lost.
    pub fn late(&self) -> (u64, u64) {
        let state = self.state();
        (state.late_reads, state.lost_writes)
    }

    /// The clock's side: what is to be done next, waited for at most so long.
    pub fn next(&self, limit: Duration) -> Option<Command> {
        let mut state = self.state();
        if !state.stopped && state.commands.is_empty() && limit > Duration::ZERO {
            state = self.changed.wait_timeout(state, limit).unwrap_or_else(PoisonError::into_inner).0;
        }
        if state.stopped {
            return Some(Command::Stop);
        }
        let command = state.commands.pop_front();
        if matches!(command, Some(Command::Write(..))) {
            self.changed.notify_all();
        }
        command
    }

    /// The clock's side: a read, or a reset, is done.
    pub fn answer(&self, number: u64, value: u32) {
        self.state().answer = (number, value);
        self.changed.notify_all();
    }

    fn ask(&self, command: impl FnOnce(u64) -> Command) -> Option<u32> {
        let mut state = self.state();
        if state.stopped || state.late && !state.commands.is_empty() {
            return None;
        }
        state.late = false;
        state.asked += 1;
        let number = state.asked;
        state.commands.push_back(command(number));
        self.changed.notify_all();
        state = self.wait(state, |state| state.answer.0 == number);
        if state.answer.0 != number {
            return None;
        }
        state.spent = Duration::ZERO;
        Some(state.answer.1)
    }

    /// Waits until `done`, or patience is at its end; then the simulation is late.
    fn wait<'a>(&'a self, state: MutexGuard<'a, State>, done: impl Fn(&State) -> bool) -> MutexGuard<'a, State> {
        let mut state = state;
        let began = Instant::now();
        while !done(&state) && !state.late && !state.stopped {
            let left = self.patience.saturating_sub(state.spent + began.elapsed());
            if left.is_zero() {
                state.late = true;
                break;
            }
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        state.spent = if state.late { Duration::ZERO } else { state.spent + began.elapsed() };
        state
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn a_read_waits_for_the_writes_before_it() {
        let mailbox = Arc::new(Mailbox::default());
        let clock = {
            let mailbox = Arc::clone(&mailbox);
            std::thread::spawn(move || {
                let mut written = 0;
                loop {
                    match mailbox.next(Duration::from_secs(1)) {
                        Some(Command::Write(_, value)) => written = value,
                        Some(Command::Read(_, number)) => mailbox.answer(number, written),
                        Some(Command::Reset(number)) => mailbox.answer(number, 0),
                        Some(Command::Stop) => return,
                        None => {}
                    }
                }
            })
        };
        for value in 1..=3 * ROOM as u32 {
            mailbox.write(8, value);
        }
        assert_eq!(mailbox.read(8), 3 * ROOM as u32);
        assert_eq!(mailbox.late(), (0, 0));
        mailbox.stop();
        clock.join().expect("the clock ends");
    }

    #[test]
    fn a_clock_that_stands_still_is_not_waited_for_twice() {
        let mailbox = Mailbox { patience: Duration::from_millis(50), ..Mailbox::default() };
        for value in 0..ROOM as u32 + 5 {
            mailbox.write(8, value);
        }
        let began = Instant::now();
        assert_eq!((mailbox.read(8), mailbox.read(8)), (u32::MAX, u32::MAX));
        assert!(began.elapsed() < Duration::from_millis(50), "patience was at its end before");
        assert_eq!(mailbox.late(), (2, 5));
        // Caught up: reads are answered again.
        while mailbox.next(Duration::ZERO).is_some() {}
        std::thread::scope(|scope| {
            scope.spawn(|| loop {
                if let Some(Command::Read(_, number)) = mailbox.next(Duration::from_millis(10)) {
                    return mailbox.answer(number, 7);
                }
            });
            assert_eq!(mailbox.read(8), 7);
        });
    }
}
