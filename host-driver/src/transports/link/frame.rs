//! Frames and messages as bytes and words.

use stevedore_abi::link::{kind, message, ETHER_TYPE, HEADER_WORDS, SHORTEST_WORDS};

/// A frame of the link.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frame {
    /// To whom.
    pub destination: [u8; 6],
    /// From whom.
    pub source: [u8; 6],
    /// Kind of frame.
    pub kind: u8,
    /// Flags.
    pub flags: u8,
    /// Session.
    pub session: u32,
    /// Its number.
    pub number: u16,
    /// The number its sender expects next.
    pub acknowledgement: u16,
    /// The fourth word: of a frame with messages, how many words follow.
    pub fourth: u64,
    /// What follows.
    pub words: Vec<u64>,
}

impl Frame {
    /// The frame's bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(8 * (HEADER_WORDS + self.words.len()));
        bytes.extend(self.destination);
        bytes.extend(self.source);
        bytes.extend(ETHER_TYPE.to_be_bytes());
        bytes.extend([self.kind, self.flags]);
        bytes.extend(self.session.to_le_bytes());
        bytes.extend(self.number.to_le_bytes());
        bytes.extend(self.acknowledgement.to_le_bytes());
        bytes.extend(self.fourth.to_le_bytes());
        bytes.extend(self.words.iter().flat_map(|word| word.to_le_bytes()));
        bytes.resize(bytes.len().max(8 * SHORTEST_WORDS), 0);
        bytes
    }

    /// The frame in these bytes; none if it is not one of the link, or shorter than it says.
    pub fn parse(bytes: &[u8]) -> Option<Frame> {
        let words: Vec<u64> = bytes.chunks_exact(8).map(|eight| eight.iter().rev().fold(0, join)).collect();
        let (header, rest) = words.split_at_checked(HEADER_WORDS)?;
        if bytes[12..14] != ETHER_TYPE.to_be_bytes() {
            return None;
        }
        let kind = bytes[14];
        let count = if kind == kind::DATA { header[3] as usize & 0xff } else { rest.len() };
        Some(Frame {
            destination: bytes[..6].try_into().ok()?,
            source: bytes[6..12].try_into().ok()?,
            kind,
            flags: bytes[15],
            session: header[2] as u32,
            number: (header[2] >> 32) as u16,
            acknowledgement: (header[2] >> 48) as u16,
            fourth: header[3],
            words: rest.get(..count)?.to_vec(),
        })
    }
}

fn join(word: u64, &byte: &u8) -> u64 {
    word << 8 | u64::from(byte)
}

/// A message from the engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// Bytes for memory.
    Write {
        /// Where.
        address: u64,
        /// What.
        bytes: Vec<u8>,
    },
    /// Bytes of memory wanted.
    Read {
        /// Where.
        address: u64,
        /// How many.
        length: u32,
        /// Names the answer.
        tag: u8,
    },
    /// A register's value; none if there is no such register.
    Register {
        /// Byte offset.
        offset: u32,
        /// Its value.
        value: Option<u32>,
    },
    /// The interrupt line changed.
    Interrupt(bool),
}

impl Message {
    /// The messages in the words of a frame, up to the first that makes no sense.
    pub fn parse_all(mut words: &[u64]) -> Vec<Message> {
        let mut messages = Vec::new();
        while let Some((&header, rest)) = words.split_first() {
            let count = (header >> 8) as usize & 0xff;
            let Some((data, others)) = rest.split_at_checked(count) else { break };
            let Some(message) = Message::parse(header, data) else { break };
            messages.push(message);
            words = others;
        }
        messages
    }

    fn parse(header: u64, data: &[u64]) -> Option<Message> {
        let (argument, value) = ((header >> 16) as u16, (header >> 32) as u32);
        match header as u8 {
            message::WRITE => {
                let (&address, words) = data.split_first()?;
                let first = (address % 8) as usize;
                let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
                let bytes = bytes.get(first..first + usize::from(argument))?.to_vec();
                Some(Message::Write { address, bytes })
            }
            message::READ => Some(Message::Read { address: *data.first()?, length: value, tag: argument as u8 }),
            message::REGISTER => {
                let failed = argument & message::FAILED != 0;
                let offset = u32::from(argument & !message::FAILED);
                Some(Message::Register { offset, value: (!failed).then_some(value) })
            }
            message::INTERRUPT => Some(Message::Interrupt(value & 1 == 1)),
            _ => None,
        }
    }
}

/// A message to the engine: its header and its data.
fn words_of(kind: u8, argument: u16, value: u32, data: &[u64]) -> Vec<u64> {
    let header = u64::from(value) << 32 | u64::from(argument) << 16 | (data.len() as u64) << 8 | u64::from(kind);
    [&[header], data].concat()
}

/// The answer to a read of `address`; without bytes it failed.
pub fn completion(address: u64, tag: u8, bytes: Option<&[u8]>) -> Vec<u64> {
    let Some(bytes) = bytes else {
        return words_of(message::COMPLETION, u16::from(tag) | message::FAILED, 0, &[]);
    };
    let mut lanes = vec![0; (address % 8) as usize];
    lanes.extend_from_slice(bytes);
    lanes.resize(lanes.len().next_multiple_of(8), 0);
    let data: Vec<u64> = lanes.chunks_exact(8).map(|eight| eight.iter().rev().fold(0, join)).collect();
    words_of(message::COMPLETION, u16::from(tag), 0, &data)
}

/// Writes a register.
pub fn register_write(offset: u32, value: u32) -> Vec<u64> {
    words_of(message::REGISTER_WRITE, offset as u16, value, &[])
}

/// Reads a register.
pub fn register_read(offset: u32) -> Vec<u64> {
    words_of(message::REGISTER_READ, offset as u16, 0, &[])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_read_as_they_are_written() {
        for words in [0, 1, 4, 5, 184] {
            let frame = Frame {
                destination: [1, 2, 3, 4, 5, 6],
                source: [7, 8, 9, 10, 11, 12],
                kind: kind::DATA,
                flags: 3,
                session: 0x8765_4321,
                number: 0xfffe,
                acknowledgement: 0x1234,
                fourth: words,
                words: (0..words).map(|word| word * 0x0101_0101_0101_0101).collect(),
            };
            let bytes = frame.to_bytes();
            assert!((60..=1514).contains(&bytes.len()));
            assert_eq!(Frame::parse(&bytes), Some(frame));
            assert_eq!(Frame::parse(&bytes[..31]), None);
        }
    }

    #[test]
    fn lengths_beyond_the_frame_are_no_messages() {
        let write = |argument: u16, data: &[u64]| words_of(message::WRITE, argument, 0, data);
        assert_eq!(
            Message::parse_all(&write(3, &[0x1006, 0xaabb_0000_0000_0000, 0xcc])),
            [Message::Write { address: 0x1006, bytes: vec![0xbb, 0xaa, 0xcc] }]
        );
        assert_eq!(Message::parse_all(&write(11, &[0x1006, 0, 0])), []);
        assert_eq!(Message::parse_all(&write(0, &[])), []);
        let mut short = write(8, &[0x1000, 7]);
        short.pop();
        assert_eq!(Message::parse_all(&short), []);
        assert_eq!(Message::parse_all(&[99]), []);
    }

    #[test]
    fn a_completion_keeps_its_bytes_in_their_lanes() {
        assert_eq!(completion(0x1006, 5, Some(&[1, 2, 3])), [0x0005_0210, 0x0201_0000_0000_0000, 3]);
        assert_eq!(completion(0x1006, 5, None), [0x8005_0010]);
    }
}
