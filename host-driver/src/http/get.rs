//! The asking end of one connection.

use super::{Message, Outbox};
use crate::application::Session;

/// Somebody who takes what was asked for.
pub trait Download {
    /// More of it.
    fn take(&mut self, bytes: &[u8]) -> Result<(), String>;

    /// Is what came, `length` bytes, what was meant?
    fn check(&self, length: u64) -> Result<(), String>;

    /// So many bytes are announced.
    fn announce(&mut self, _length: u64) {}
}

/// Asks for a file.
pub struct Get<D: Download> {
    download: D,
    outbox: Outbox,
    answer: Message,
    failure: Option<String>,
    ended: bool,
}

impl<D: Download> Get<D> {
    /// Asks `host` for `path`, in HTTP/1.0: an answer in chunks is not understood.
    pub fn new(host: &str, path: &str, download: D) -> Self {
        let mut outbox = Outbox::default();
        outbox.push(format!("GET {path} HTTP/1.0\r\nHost: {host}\r\nConnection: close\r\n\r\n").as_bytes());
        Get { download, outbox, answer: Message::default(), failure: None, ended: false }
    }

    fn is_good(&self) -> bool {
        let line = self.answer.first_line();
        line.starts_with("HTTP/1.1 200") || line.starts_with("HTTP/1.0 200")
    }
}

impl<D: Download> Session for Get<D> {
    fn receive(&mut self, bytes: &[u8]) {
        let (completed, body) = self.answer.receive(bytes);
        if self.answer.is_too_long() {
            self.failure.get_or_insert_with(|| "the answer's head has no end".to_string());
        }
        if let (true, Some(length)) = (completed && self.is_good(), self.answer.length()) {
            self.download.announce(length);
        }
        if !body.is_empty() && self.is_good() && self.failure.is_none() {
            self.failure = self.download.take(body).err();
        }
    }

    fn end(&mut self) {
        self.ended = true;
    }

    fn send(&mut self, room: &mut [u8]) -> usize {
        self.outbox.send(room)
    }

    fn is_finished(&self) -> bool {
        self.ended || self.failure.is_some() || self.answer.length().is_some() && self.answer.is_whole()
    }

    fn result(&self) -> Result<(), String> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        if !self.is_good() {
            return Err(format!("the answer was {:?}", self.answer.first_line()));
        }
        if self.answer.field("transfer-encoding").is_some() {
            return Err("the answer came in chunks, which HTTP/1.0 does not have".to_string());
        }
        match self.answer.length() {
            Some(length) if length != self.answer.body() => {
                Err(format!("received {} of {length} bytes", self.answer.body()))
            }
            None if !self.ended => Err("the answer did not end".to_string()),
            _ => self.download.check(self.answer.body()),
        }
    }
}
