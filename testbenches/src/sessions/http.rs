//! HTTP whose bodies are patterns, and are checked.

use super::{digest, Pattern, Session};
use sha2::{Digest, Sha256};
use std::cell::RefCell;
use std::io;
use std::rc::Rc;
use stevedore_driver::http::{Download, Get, Message, Outbox, Server, Site, Source, Upload};

/// What a server received: length and SHA-256 of each upload.
pub type Uploads = Rc<RefCell<Vec<(u64, String)>>>;

impl Source for Pattern {
    fn length(&self) -> u64 {
        self.length
    }

    fn fill(&mut self, offset: u64, room: &mut [u8]) -> io::Result<usize> {
        Ok(Pattern::fill(self, offset, room))
    }
}

/// A file under every path, and a list of what was stored.
struct PatternSite {
    file: Pattern,
    uploads: Uploads,
}

impl Site for PatternSite {
    fn get(&mut self, _path: &str) -> Option<Box<dyn Source>> {
        Some(Box::new(self.file))
    }

    fn put(&mut self, _path: &str) -> Option<Box<dyn Upload>> {
        Some(Box::new(Received { length: 0, hash: Sha256::new(), uploads: self.uploads.clone() }))
    }
}

/// An upload under way.
struct Received {
    length: u64,
    hash: Sha256,
    uploads: Uploads,
}

impl Upload for Received {
    fn take(&mut self, bytes: &[u8]) {
        self.length += bytes.len() as u64;
        self.hash.update(bytes);
    }

    fn finish(&mut self) -> String {
        let hash = digest(std::mem::take(&mut self.hash));
        self.uploads.borrow_mut().push((self.length, hash.clone()));
        hash + "\n"
    }
}

/// Answers GET with `file`, PUT and POST with the SHA-256 of what came, which is noted in `uploads`.
pub fn http_server(file: Pattern, uploads: Uploads) -> impl Session {
    Server::new(PatternSite { file, uploads })
}

/// What a download should be.
struct Expected {
    file: Pattern,
    hash: Sha256,
}

impl Download for Expected {
    fn take(&mut self, bytes: &[u8]) -> Result<(), String> {
        self.hash.update(bytes);
        Ok(())
    }

    fn check(&self, length: u64) -> Result<(), String> {
        if length != self.file.length {
            return Err(format!("received {length} of {} bytes", self.file.length));
        }
        match digest(self.hash.clone()) == self.file.digest() {
            true => Ok(()),
            false => Err("the SHA-256 of the file is wrong".to_string()),
        }
    }
}

/// Asks for `/file`, and compares it with what it should be.
pub fn fetch(host: &str, file: Pattern) -> impl Session {
    Get::new(host, "/file", Expected { file, hash: Sha256::new() })
}

/// Uploads a file and compares the SHA-256 the server answers with what it should be.
struct Store {
    file: Pattern,
    outbox: Outbox,
    answer: Message,
    text: Vec<u8>,
    ended: bool,
}

/// Puts `file` to `/upload`.
pub fn store(host: &str, file: Pattern) -> impl Session {
    let length = file.length;
    let text = format!("PUT /upload HTTP/1.1\r\nHost: {host}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
    let mut outbox = Outbox::default();
    outbox.push(text.as_bytes());
    outbox.set_body(length, Box::new(file));
    Store { file, outbox, answer: Message::default(), text: Vec::new(), ended: false }
}

impl Session for Store {
    fn receive(&mut self, bytes: &[u8]) {
        self.text.extend_from_slice(bytes);
        self.answer.receive(bytes);
    }

    fn end(&mut self) {
        self.ended = true;
    }

    fn send(&mut self, room: &mut [u8]) -> usize {
        self.outbox.send(room)
    }

    fn is_finished(&self) -> bool {
        self.ended || self.answer.is_whole()
    }

    fn result(&self) -> Result<(), String> {
        let text = String::from_utf8_lossy(&self.text);
        match text.starts_with("HTTP/1.1 201") && text.trim_end().ends_with(&self.file.digest()) {
            true => Ok(()),
            false => Err(format!("the answer was {text:?}")),
        }
    }
}
