//! Numbered frames: each message arrives once, in order, whatever the wire does.

use std::collections::VecDeque;
use stevedore_abi::link::{flag, MESSAGE_WORDS, WINDOW};

/// A frame to be sent: flags, number, acknowledgement, messages.
pub type Outgoing<'a> = (u8, u16, u16, &'a [u64]);

/// The host's end of both directions.
#[derive(Debug)]
pub struct Stream {
    /// Messages that found no frame yet.
    waiting: VecDeque<Vec<u64>>,
    /// Frames not acknowledged, the oldest first, and its number.
    unacknowledged: VecDeque<Vec<u64>>,
    base: u16,
    /// How many of them are sent.
    sent: usize,
    /// When the last frame was sent, and when the last of these or an acknowledgement came.
    spoke: u64,
    since: u64,
    /// The number that is next from the engine.
    expected: u16,
    gap: bool,
    asked: bool,
    owed: bool,
    timeout: u64,
    keep_alive: u64,
    /// How often frames were sent again.
    pub repeated: u64,
}

impl Stream {
    /// A stream that begins at `now`.
    pub fn new(timeout: u64, keep_alive: u64, now: u64) -> Self {
        Stream {
            waiting: VecDeque::new(),
            unacknowledged: VecDeque::new(),
            base: 0,
            sent: 0,
            spoke: now,
            since: now,
            expected: 0,
            gap: false,
            asked: false,
            owed: false,
            timeout,
            keep_alive,
            repeated: 0,
        }
    }

    /// Adds a message, which fits in a frame.
    pub fn push(&mut self, message: Vec<u64>) {
        self.waiting.push_back(message);
    }

    /// Takes in a frame; true if its messages are the next.
    pub fn accept(&mut self, number: u16, acknowledgement: u16, flags: u8, words: &[u64], now: u64) -> bool {
        let got = usize::from(acknowledgement.wrapping_sub(self.base));
        if got <= self.unacknowledged.len() {
            self.unacknowledged.drain(..got);
            self.base = acknowledgement;
            self.sent = self.sent.saturating_sub(got);
            if got > 0 {
                self.since = now;
            }
            if flags & flag::REPEAT != 0 && self.sent > 0 {
                self.repeat(now);
            }
        }
        if words.is_empty() {
            self.owed |= flags & flag::ANSWER != 0;
            return false;
        }
        self.owed = true;
        let distance = number.wrapping_sub(self.expected);
        if distance == 0 {
            self.expected = self.expected.wrapping_add(1);
            (self.gap, self.asked) = (false, false);
            return true;
        }
        self.gap |= distance < 1 << 15 && !self.asked;
        false
    }

    fn repeat(&mut self, now: u64) {
        self.sent = 0;
        self.since = now;
        self.repeated += 1;
    }

    /// The next frame to be sent at `now`, if there is one.
    pub fn next(&mut self, now: u64) -> Option<Outgoing<'_>> {
        if self.sent > 0 && now.saturating_sub(self.since) > self.timeout {
            self.repeat(now);
        }
        self.fill();
        let flags = if self.gap { flag::REPEAT } else { 0 };
        let acknowledgement = self.expected;
        let messages = self.sent < self.unacknowledged.len();
        let quiet = now.saturating_sub(self.spoke) > self.keep_alive;
        if !messages && !self.owed && !quiet {
            return None;
        }
        self.asked |= self.gap;
        (self.gap, self.owed) = (false, false);
        self.spoke = now;
        if !messages {
            let flags = if quiet { flags | flag::ANSWER } else { flags };
            return Some((flags, self.base, acknowledgement, &[]));
        }
        let number = self.base.wrapping_add(self.sent as u16);
        self.since = now;
        self.sent += 1;
        Some((flags, number, acknowledgement, &self.unacknowledged[self.sent - 1]))
    }

    /// Puts messages that wait into frames, as far as the window allows.
    fn fill(&mut self) {
        while self.unacknowledged.len() < WINDOW && !self.waiting.is_empty() {
            let mut frame: Vec<u64> = Vec::new();
            while let Some(message) = self.waiting.front() {
                if frame.len() + message.len() > MESSAGE_WORDS {
                    break;
                }
                frame.extend(self.waiting.pop_front().unwrap_or_default());
            }
            self.unacknowledged.push_back(frame);
        }
    }

    /// Every message is acknowledged.
    pub fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.unacknowledged.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two ends whose frames get lost, doubled and overtaken as `mishap` says.
    fn exchange(mut mishap: impl FnMut() -> u8) {
        let mut ends = [Stream::new(50, 500, 0), Stream::new(50, 500, 0)];
        let mut wire: VecDeque<(usize, u8, u16, u16, Vec<u64>)> = VecDeque::new();
        let mut got = [Vec::new(), Vec::new()];
        let mut pushed = 0;
        for now in 0..400_000 {
            if pushed < 3_000 && now % 7 == 0 {
                ends.iter_mut().for_each(|end| end.push(vec![pushed; 1 + pushed as usize % 40]));
                pushed += 1;
            }
            for (from, end) in ends.iter_mut().enumerate() {
                if let Some((flags, number, acknowledgement, words)) = end.next(now) {
                    let frame = (1 - from, flags, number, acknowledgement, words.to_vec());
                    match mishap() {
                        0 => {}
                        1 => wire.extend([frame.clone(), frame]),
                        2 => wire.push_front(frame),
                        _ => wire.push_back(frame),
                    }
                }
            }
            if now % 2 == 0 {
                if let Some((to, flags, number, acknowledgement, words)) = wire.pop_front() {
                    if ends[to].accept(number, acknowledgement, flags, &words, now) {
                        got[to].extend(words);
                    }
                }
            }
        }
        let wanted: Vec<u64> = (0..3_000).flat_map(|value| vec![value; 1 + value as usize % 40]).collect();
        assert!(got[0] == wanted && got[1] == wanted, "{} and {} of {}", got[0].len(), got[1].len(), wanted.len());
        assert!(ends.iter().all(Stream::is_idle));
    }

    #[test]
    fn messages_arrive_once_and_in_order() {
        exchange(|| 9);
        let mut state = 0x1234_5678_u64;
        exchange(move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as u8 % 20
        });
    }
}
