//! Bytes to be sent: text first, then a body that is made as it goes.

use std::io;

/// A body to be sent.
pub trait Source {
    /// Bytes of all of it.
    fn length(&self) -> u64;

    /// Fills the front of `room` with the bytes from `offset` on, and returns how many; 0 at the end only.
    fn fill(&mut self, offset: u64, room: &mut [u8]) -> io::Result<usize>;
}

impl Source for std::fs::File {
    fn length(&self) -> u64 {
        self.metadata().map_or(0, |data| data.len())
    }

    fn fill(&mut self, offset: u64, room: &mut [u8]) -> io::Result<usize> {
        std::os::unix::fs::FileExt::read_at(self, room, offset)
    }
}

/// The bytes.
#[derive(Default)]
pub struct Outbox {
    text: Vec<u8>,
    /// With how many bytes were promised of it.
    body: Option<(u64, Box<dyn Source>)>,
    sent: u64,
    failure: Option<String>,
}

impl Outbox {
    /// More text. It goes before the body.
    pub fn push(&mut self, text: &[u8]) {
        self.text.extend_from_slice(text);
    }

    /// The body, of which `length` bytes were promised.
    pub fn set_body(&mut self, length: u64, body: Box<dyn Source>) {
        self.body = Some((length, body));
    }

    /// Fills the front of `room`, and returns how much of it.
    pub fn send(&mut self, room: &mut [u8]) -> usize {
        let text = self.text.len().min(room.len());
        room[..text].copy_from_slice(&self.text[..text]);
        self.text.drain(..text);
        let Some((length, body)) = self.body.as_mut().filter(|_| self.text.is_empty()) else { return text };
        let rest = usize::try_from(*length - self.sent).unwrap_or(usize::MAX).min(room.len() - text);
        if rest == 0 || self.failure.is_some() {
            return text;
        }
        match body.fill(self.sent, &mut room[text..text + rest]) {
            Ok(count) if count > 0 => {
                self.sent += count as u64;
                return text + count;
            }
            Ok(_) => self.failure = Some(format!("the body has {} bytes of {length} promised", self.sent)),
            Err(error) => self.failure = Some(format!("the body cannot be read on after {} bytes: {error}", self.sent)),
        }
        text
    }

    /// Everything was sent, or the rest never will be.
    pub fn is_empty(&self) -> bool {
        let whole = self.body.as_ref().is_none_or(|(length, _)| *length == self.sent);
        self.text.is_empty() && (whole || self.failure.is_some())
    }

    /// Bytes of the body sent.
    pub fn sent(&self) -> u64 {
        self.sent
    }

    /// Why the rest was not sent.
    pub fn failure(&self) -> Option<&str> {
        self.failure.as_deref()
    }
}
