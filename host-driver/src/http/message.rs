//! A message as it arrives: bytes up to the empty line, then the body.

/// Longest head accepted.
const HEAD: usize = 8192;

/// The head, and how much of the body came. The body's bytes go to somebody else.
#[derive(Debug, Default)]
pub struct Message {
    head: Vec<u8>,
    complete: bool,
    body: u64,
}

impl Message {
    /// Takes bytes; the result is whether they completed the head, and what of them is body.
    pub fn receive<'a>(&mut self, bytes: &'a [u8]) -> (bool, &'a [u8]) {
        if self.complete {
            self.body += bytes.len() as u64;
            return (false, bytes);
        }
        let there = self.head.len();
        let before = there.saturating_sub(3);
        self.head.extend_from_slice(bytes);
        let Some(end) = self.head[before..].windows(4).position(|four| four == b"\r\n\r\n") else {
            return (false, &[]);
        };
        let end = before + end + 4;
        self.head.truncate(end);
        self.complete = true;
        let body = &bytes[end - there..];
        self.body = body.len() as u64;
        (true, body)
    }

    /// The head is there.
    pub fn has_head(&self) -> bool {
        self.complete
    }

    /// The head is longer than anybody needs.
    pub fn is_too_long(&self) -> bool {
        !self.complete && self.head.len() > HEAD
    }

    /// The head and as many bytes of body as it announces are there.
    pub fn is_whole(&self) -> bool {
        self.complete && Some(self.body) >= self.length()
    }

    /// Bytes of body so far.
    pub fn body(&self) -> u64 {
        self.body
    }

    /// The request line, or the status line.
    pub fn first_line(&self) -> String {
        String::from_utf8_lossy(self.head.split(|&byte| byte == b'\r').next().unwrap_or_default()).into_owned()
    }

    /// A field of the head; `name` is in lower case.
    pub fn field(&self, name: &str) -> Option<String> {
        let head = String::from_utf8_lossy(&self.head);
        let mut fields = head.lines().filter_map(|line| line.split_once(':'));
        let (_, value) = fields.find(|(field, _)| field.eq_ignore_ascii_case(name))?;
        Some(value.trim().to_string())
    }

    /// Bytes of body announced.
    pub fn length(&self) -> Option<u64> {
        self.field("content-length")?.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_body_begins_behind_the_empty_line_wherever_the_bytes_are_cut() {
        let text = b"HTTP/1.0 200 OK\r\nContent-LENGTH: 5\r\n\r\nabcde";
        for cut in 0..text.len() {
            let mut message = Message::default();
            let mut body = Vec::new();
            let mut heads = 0;
            for part in [&text[..cut], &text[cut..]] {
                let (head, bytes) = message.receive(part);
                heads += u32::from(head);
                body.extend_from_slice(bytes);
            }
            assert_eq!((heads, &body[..], message.body()), (1, &b"abcde"[..], 5), "cut at {cut}");
            assert_eq!((message.length(), message.is_whole()), (Some(5), true));
            assert_eq!(message.first_line(), "HTTP/1.0 200 OK");
        }
    }
}
