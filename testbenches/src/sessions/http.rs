//! A small part of HTTP/1.1: one request per connection, bodies with a length.

use super::{digest, Pattern, Session};
use sha2::{Digest, Sha256};
use std::cell::RefCell;
use std::rc::Rc;

/// Longest head accepted.
const HEAD: usize = 8192;

/// What a server received: length and SHA-256 of each upload.
pub type Uploads = Rc<RefCell<Vec<(u64, String)>>>;

/// Bytes up to the empty line, then the body.
#[derive(Default)]
struct Message {
    head: Vec<u8>,
    complete: bool,
    body: u64,
    hash: Sha256,
}

impl Message {
    /// Returns true if the head was completed by these bytes.
    fn receive(&mut self, bytes: &[u8]) -> bool {
        if self.complete {
            self.body += bytes.len() as u64;
            self.hash.update(bytes);
            return false;
        }
        let before = self.head.len().saturating_sub(3);
        self.head.extend_from_slice(bytes);
        let Some(end) = self.head[before..].windows(4).position(|four| four == b"\r\n\r\n") else { return false };
        let rest = self.head.split_off(before + end + 4);
        self.complete = true;
        self.receive(&rest);
        true
    }

    /// The head and as many bytes of body as it announces are there.
    fn is_whole(&self) -> bool {
        self.complete && Some(self.body) >= self.length()
    }

    fn first_line(&self) -> String {
        String::from_utf8_lossy(self.head.split(|&byte| byte == b'\r').next().unwrap_or_default()).into_owned()
    }

    fn field(&self, name: &str) -> Option<String> {
        let head = String::from_utf8_lossy(&self.head);
        let line = head.lines().find(|line| line.to_ascii_lowercase().starts_with(&format!("{name}:")))?;
        Some(line[name.len() + 1..].trim().to_string())
    }

    fn length(&self) -> Option<u64> {
        self.field("content-length")?.parse().ok()
    }
}

/// Bytes to be sent: text first, then a pattern.
#[derive(Default)]
struct Outbox {
    text: Vec<u8>,
    body: Option<Pattern>,
    sent: u64,
}

impl Outbox {
    fn send(&mut self, room: &mut [u8]) -> usize {
        let text = self.text.len().min(room.len());
        room[..text].copy_from_slice(&self.text[..text]);
        self.text.drain(..text);
        let Some(body) = self.body.filter(|_| self.text.is_empty()) else { return text };
        let count = body.fill(self.sent, &mut room[text..]);
        self.sent += count as u64;
        text + count
    }

    fn is_empty(&self) -> bool {
        self.text.is_empty() && self.body.is_none_or(|body| body.length == self.sent)
    }
}

/// Answers GET with a file, PUT and POST with the SHA-256 of what came.
pub struct HttpServer {
    file: Pattern,
    uploads: Uploads,
    request: Message,
    /// Bytes of the body still expected before the answer.
    answered: bool,
    outbox: Outbox,
    ended: bool,
}

impl HttpServer {
    /// Serves `file` under every path; notes uploads in `uploads`.
    pub fn new(file: Pattern, uploads: Uploads) -> Self {
        let (request, outbox) = (Message::default(), Outbox::default());
        HttpServer { file, uploads, request, answered: false, outbox, ended: false }
    }

    fn answer(&mut self, status: &str, body: Result<Pattern, String>) {
        let length = body.as_ref().map_or_else(|text| text.len() as u64, |pattern| pattern.length);
        let mut text = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
        match body {
            Ok(pattern) => self.outbox.body = Some(pattern),
            Err(body) => text += &body,
        }
        self.outbox.text.extend_from_slice(text.as_bytes());
        self.answered = true;
    }

    fn take_head(&mut self) {
        let line = self.request.first_line();
        match line.split(' ').next().unwrap_or_default() {
            "GET" => self.answer("200 OK", Ok(self.file)),
            "PUT" | "POST" if self.request.length().is_none() => {
                self.answer("411 Length Required", Err(String::new()));
            }
            "PUT" | "POST" => {
                let expected = self.request.field("expect");
                if expected.is_some_and(|value| value.eq_ignore_ascii_case("100-continue")) {
                    self.outbox.text.extend_from_slice(b"HTTP/1.1 100 Continue\r\n\r\n");
                }
            }
            _ => self.answer("405 Method Not Allowed", Err(String::new())),
        }
    }
}

impl Session for HttpServer {
    fn receive(&mut self, bytes: &[u8]) {
        if self.request.receive(bytes) {
            self.take_head();
        } else if !self.request.complete && self.request.head.len() > HEAD {
            self.answer("431 Request Header Fields Too Large", Err(String::new()));
        }
        if !self.answered && self.request.is_whole() {
            let hash = digest(std::mem::take(&mut self.request.hash));
            self.uploads.borrow_mut().push((self.request.body, hash.clone()));
            self.answer("201 Created", Err(hash + "\n"));
        }
    }

    fn end(&mut self) {
        self.ended = true;
    }

    fn send(&mut self, room: &mut [u8]) -> usize {
        self.outbox.send(room)
    }

    fn is_finished(&self) -> bool {
        (self.answered && self.outbox.is_empty()) || (self.ended && !self.answered)
    }

    fn result(&self) -> Result<(), String> {
        match (self.answered, self.outbox.is_empty()) {
            (false, _) => Err(format!("a request that ended after {} bytes", self.request.body)),
            (true, false) => Err(format!("an answer that ended after {} bytes", self.outbox.sent)),
            (true, true) => Ok(()),
        }
    }
}

/// Downloads a file and compares it with what it should be.
pub struct Fetch {
    expected: Pattern,
    outbox: Outbox,
    answer: Message,
    ended: bool,
}

impl Fetch {
    /// Asks for `/file`.
    pub fn new(host: &str, expected: Pattern) -> Self {
        let text = format!("GET /file HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").into_bytes();
        let outbox = Outbox { text, ..Outbox::default() };
        Fetch { expected, outbox, answer: Message::default(), ended: false }
    }
}

impl Session for Fetch {
    fn receive(&mut self, bytes: &[u8]) {
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
        let line = self.answer.first_line();
        if !line.starts_with("HTTP/1.1 200") && !line.starts_with("HTTP/1.0 200") {
            return Err(format!("the answer was {line:?}"));
        }
        if self.answer.body != self.expected.length {
            return Err(format!("received {} of {} bytes", self.answer.body, self.expected.length));
        }
        match digest(self.answer.hash.clone()) == self.expected.digest() {
            true => Ok(()),
            false => Err("the SHA-256 of the file is wrong".to_string()),
        }
    }
}

/// Uploads a file and compares the SHA-256 the server answers with what it should be.
pub struct Store {
    file: Pattern,
    outbox: Outbox,
    answer: Message,
    text: Vec<u8>,
    ended: bool,
}

impl Store {
    /// Puts `file` to `/upload`.
    pub fn new(host: &str, file: Pattern) -> Self {
        let length = file.length;
        let text =
            format!("PUT /upload HTTP/1.1\r\nHost: {host}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
        let outbox = Outbox { text: text.into_bytes(), body: Some(file), sent: 0 };
        Store { file, outbox, answer: Message::default(), text: Vec::new(), ended: false }
    }
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
