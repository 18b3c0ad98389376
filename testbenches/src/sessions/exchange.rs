//! Both ends send a pattern to each other at the same time, and check what they get.

use super::{Pattern, Session};

/// One end of it.
#[derive(Clone, Debug)]
pub struct Exchange {
    send: Pattern,
    expect: Pattern,
    sent: u64,
    received: u64,
    wrong: Option<u64>,
    ended: bool,
}

impl Exchange {
    /// Sends one pattern, expects another.
    pub fn new(send: Pattern, expect: Pattern) -> Self {
        Exchange { send, expect, sent: 0, received: 0, wrong: None, ended: false }
    }

    /// The two ends of a connection that carries `out` bytes one way and `back` bytes the other.
    pub fn pair(seed: u64, out: u64, back: u64) -> (Exchange, Exchange) {
        let (out, back) = (Pattern { seed: 2 * seed, length: out }, Pattern { seed: 2 * seed + 1, length: back });
        (Exchange::new(out, back), Exchange::new(back, out))
    }
}

impl Session for Exchange {
    fn receive(&mut self, bytes: &[u8]) {
        if self.wrong.is_none() {
            self.wrong = self.expect.mismatch(self.received, bytes);
        }
        self.received += bytes.len() as u64;
    }

    fn end(&mut self) {
        self.ended = true;
    }

    fn send(&mut self, room: &mut [u8]) -> usize {
        let count = self.send.fill(self.sent, room);
        self.sent += count as u64;
        count
    }

    /// Everything is sent and received, or the rest will never come.
    fn is_finished(&self) -> bool {
        self.sent == self.send.length && (self.ended || self.received >= self.expect.length)
    }

    fn result(&self) -> Result<(), String> {
        match self.wrong {
            Some(position) => Err(format!("byte {position} of {} is wrong", self.expect.length)),
            None if self.sent != self.send.length => Err(format!("sent {} of {} bytes", self.sent, self.send.length)),
            None if self.received != self.expect.length => {
                Err(format!("received {} of {} bytes", self.received, self.expect.length))
            }
            None => Ok(()),
        }
    }
}
