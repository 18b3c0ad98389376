//! The serving end of one connection.

use super::{Message, Outbox, Source};
use crate::application::Session;

/// What is served.
pub trait Site {
    /// What lies under a path; none if nothing does.
    fn get(&mut self, path: &str) -> Option<Box<dyn Source>>;

    /// Who takes what a client stores under a path; none if nobody does.
    fn put(&mut self, path: &str) -> Option<Box<dyn Upload>>;
}

/// Somebody who takes a body.
pub trait Upload {
    /// More of it.
    fn take(&mut self, bytes: &[u8]);

    /// All of it is there: the text of the answer.
    fn finish(&mut self) -> String;
}

/// Answers one request.
pub struct Server<S: Site> {
    site: S,
    request: Message,
    upload: Option<Box<dyn Upload>>,
    answered: bool,
    outbox: Outbox,
    ended: bool,
}

impl<S: Site> Server<S> {
    /// Serves a site.
    pub fn new(site: S) -> Self {
        let (request, outbox) = (Message::default(), Outbox::default());
        Server { site, request, upload: None, answered: false, outbox, ended: false }
    }

    fn head(&mut self, status: &str, length: u64) {
        let text = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
        self.outbox.push(text.as_bytes());
        self.answered = true;
    }

    fn answer(&mut self, status: &str, text: &str) {
        self.head(status, text.len() as u64);
        self.outbox.push(text.as_bytes());
    }

    fn take_head(&mut self) {
        let line = self.request.first_line();
        let mut words = line.split(' ');
        let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        match method {
            "GET" | "HEAD" => match self.site.get(path) {
                Some(body) => {
                    let length = body.length();
                    self.head("200 OK", length);
                    if method == "GET" {
                        self.outbox.set_body(length, body);
                    }
                }
                None => self.answer("404 Not Found", ""),
            },
            "PUT" | "POST" => match self.site.put(path) {
                None => self.answer("405 Method Not Allowed", ""),
                Some(_) if self.request.length().is_none() => self.answer("411 Length Required", ""),
                Some(upload) => {
                    self.upload = Some(upload);
                    let expected = self.request.field("expect");
                    if expected.is_some_and(|value| value.eq_ignore_ascii_case("100-continue")) {
                        self.outbox.push(b"HTTP/1.1 100 Continue\r\n\r\n");
                    }
                }
            },
            _ => self.answer("405 Method Not Allowed", ""),
        }
    }
}

impl<S: Site> Session for Server<S> {
    fn receive(&mut self, bytes: &[u8]) {
        let (completed, body) = self.request.receive(bytes);
        if completed {
            self.take_head();
        } else if !self.answered && self.request.is_too_long() {
            self.answer("431 Request Header Fields Too Large", "");
        }
        let Some(upload) = &mut self.upload else { return };
        upload.take(body);
        if !self.answered && self.request.is_whole() {
            let text = upload.finish();
            self.answer("201 Created", &text);
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
        match (self.answered, self.outbox.is_empty(), self.outbox.failure()) {
            (false, ..) => Err(format!("a request that ended after {} bytes", self.request.body())),
            (true, false, _) => Err(format!("an answer that ended after {} bytes", self.outbox.sent())),
            (true, true, Some(failure)) => Err(failure.to_string()),
            (true, true, None) => Ok(()),
        }
    }
}
