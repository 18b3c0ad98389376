//! The link as the driver's way to an engine.

use super::frame::{completion, register_read, register_write, Frame, Message};
use super::grants::{Grants, Moved};
use super::interface::FrameInterface;
use super::options::{Identity, LinkError, LinkOptions};
use super::stream::Stream;
use crate::memory::Memory;
use crate::transport::{Purpose, Transport, TransportError};
use std::collections::VecDeque;
use std::ops::Range;
use stevedore_abi::link::{kind, VERSION};

fn other(error: impl std::error::Error + Send + Sync + 'static) -> TransportError {
    TransportError::Other(Box::new(error))
}

fn name(mac: [u8; 6]) -> String {
    mac.map(|octet| format!("{octet:02x}")).join(":")
}

/// An open link.
pub struct LinkTransport<I> {
    interface: I,
    options: LinkOptions,
    stream: Stream,
    grants: Grants,
    interrupt: bool,
    /// What reads of registers brought: offset and value, none for a bus error.
    answers: VecDeque<(u32, Option<u32>)>,
    /// When the engine was heard last, and when the host last listened.
    heard: u64,
    served: u64,
    frame: Vec<u8>,
}

impl<I: FrameInterface> LinkTransport<I> {
    /// Asks the link at `engine` who it is; it answers with or without a session.
    pub fn probe(interface: &mut I, options: &LinkOptions) -> Result<Identity, TransportError> {
        let reply = ask(interface, options, kind::PROBE, |frame| {
            (frame.kind == kind::IDENTITY).then(|| Identity::parse(&frame.words)).flatten()
        })?;
        Ok(reply)
    }

    /// Begins a session: the engine is stopped and reset.
    pub fn open(mut interface: I, options: LinkOptions) -> Result<Self, TransportError> {
        let identity = Self::probe(&mut interface, &options)?;
        if identity.version != VERSION {
            return Err(other(LinkError::Version(name(options.engine), identity.version)));
        }
        let opened = ask(&mut interface, &options, kind::OPEN, |frame| match frame.kind {
            kind::OPENED if frame.session == options.session => Some(true),
            kind::REFUSED if frame.session == options.session => Some(false),
            _ => None,
        })?;
        if !opened {
            return Err(other(LinkError::Refused(name(options.engine))));
        }
        let now = interface.now();
        Ok(LinkTransport {
            stream: Stream::new(options.timeout, options.keep_alive, now),
            interface,
            options,
            grants: Grants::default(),
            interrupt: false,
            answers: VecDeque::new(),
            heard: now,
            served: now,
            frame: Vec::new(),
        })
    }

    /// The interface.
    pub fn interface(&self) -> &I {
        &self.interface
    }

    /// The interface.
    pub fn interface_mut(&mut self) -> &mut I {
        &mut self.interface
    }

    /// The interface, for another session.
    pub fn into_interface(self) -> I {
        self.interface
    }

    /// What the engine moved.
    pub fn moved(&self) -> Moved {
        self.grants.moved
    }

    /// Ranges granted that hold payload.
    pub fn payload_grants(&self) -> usize {
        self.grants.payload_grants()
    }

    /// How often frames to the engine were sent again.
    pub fn repeated(&self) -> u64 {
        self.stream.repeated
    }

    /// Takes in what came, and sends what is to be sent.
    fn serve(&mut self) -> Result<(), TransportError> {
        let now = self.interface.now();
        // A host that did not listen knows nothing about the engine's silence.
        if now.saturating_sub(self.served) > self.options.keep_alive {
            self.heard = now;
        }
        self.served = now;
        let mut bytes = std::mem::take(&mut self.frame);
        while self.interface.receive(&mut bytes).map_err(other)? {
            if let Some(frame) = Frame::parse(&bytes) {
                self.take(&frame, now);
            }
        }
        self.frame = bytes;
        while let Some((flags, number, acknowledgement, words)) = self.stream.next(now) {
            let frame = Frame {
                destination: self.options.engine,
                source: self.interface.address(),
                kind: kind::DATA,
                flags,
                session: self.options.session,
                number,
                acknowledgement,
                fourth: words.len() as u64,
                words: words.to_vec(),
            };
            self.interface.send(&frame.to_bytes()).map_err(other)?;
        }
        if now.saturating_sub(self.heard) > self.options.patience {
            return Err(other(LinkError::Gone(name(self.options.engine))));
        }
        Ok(())
    }

    fn take(&mut self, frame: &Frame, now: u64) {
        let ours = frame.source == self.options.engine && frame.destination == self.interface.address();
        if !ours || frame.kind != kind::DATA || frame.session != self.options.session {
            return;
        }
        self.heard = now;
        if !self.stream.accept(frame.number, frame.acknowledgement, frame.flags, &frame.words, now) {
            return;
        }
        for message in Message::parse_all(&frame.words) {
            match message {
                Message::Write { address, bytes } => self.grants.write(address, &bytes),
                Message::Read { address, length, tag } => {
                    let bytes = self.grants.read(address, length);
                    self.stream.push(completion(address, tag, bytes.as_deref()));
                }
                Message::Register { offset, value } => self.answers.push_back((offset, value)),
                Message::Interrupt(level) => self.interrupt = level,
            }
        }
    }
}

/// Sends a frame of `kind` until `judge` finds the answer to it.
fn ask<I: FrameInterface, T>(
    interface: &mut I,
    options: &LinkOptions,
    kind: u8,
    judge: impl Fn(&Frame) -> Option<T>,
) -> Result<T, TransportError> {
    let limits = u64::from(options.maximum_read) | u64::from(options.maximum_write) << 8;
    let question = Frame {
        destination: options.engine,
        source: interface.address(),
        kind,
        session: options.session,
        fourth: limits | u64::from(options.share) << 16,
        ..Frame::default()
    };
    let mut bytes = Vec::new();
    let start = interface.now();
    let mut asked = None;
    loop {
        let now = interface.now();
        if now.saturating_sub(start) > options.patience {
            return Err(other(LinkError::Silent(name(options.engine))));
        }
        if asked.is_none_or(|at| now.saturating_sub(at) > options.timeout) {
            asked = Some(now);
            interface.send(&question.to_bytes()).map_err(other)?;
        }
        while interface.receive(&mut bytes).map_err(other)? {
            let Some(frame) = Frame::parse(&bytes) else { continue };
            if frame.source == options.engine && frame.destination == interface.address() {
                if let Some(answer) = judge(&frame) {
                    return Ok(answer);
                }
            }
        }
        interface.pause().map_err(other)?;
    }
}

impl<I: FrameInterface> Transport for LinkTransport<I> {
    fn read(&mut self, offset: u32) -> Result<u32, TransportError> {
        self.answers.clear();
        self.stream.push(register_read(offset));
        let start = self.interface.now();
        loop {
            self.serve()?;
            while let Some((answered, value)) = self.answers.pop_front() {
                // An answer that came too late for the read before is none to this one.
                if answered == offset {
                    return value.ok_or(TransportError::Register { offset });
                }
            }
            if self.interface.now().saturating_sub(start) > self.options.patience {
                return Err(TransportError::NoAnswer { offset });
            }
            self.interface.pause().map_err(other)?;
        }
    }

    fn write(&mut self, offset: u32, value: u32) -> Result<(), TransportError> {
        self.stream.push(register_write(offset, value));
        self.serve()
    }

    fn allocate(&mut self, bytes: usize, alignment: usize) -> Result<Memory, TransportError> {
        self.grants.allocate(bytes, alignment)
    }

    fn grant(&mut self, memory: &Memory, range: Range<usize>, purpose: Purpose) -> Result<(), TransportError> {
        self.grants.grant(memory, range, purpose).map_err(other)
    }

    fn revoke(&mut self, address: u64) -> Result<(), TransportError> {
        self.grants.revoke(address).map_err(other)
    }

    fn progress(&mut self) -> Result<(), TransportError> {
        self.interface.pause().map_err(other)?;
        self.serve()
    }

    fn wait_for_interrupt(&mut self, microseconds: u32) -> Result<bool, TransportError> {
        let start = self.interface.now();
        loop {
            self.serve()?;
            // A cause just cleared still shows until the write arrives.
            if self.interrupt && self.stream.is_idle() {
                return Ok(true);
            }
            if self.interface.now().saturating_sub(start) >= u64::from(microseconds) {
                return Ok(false);
            }
            self.interface.pause().map_err(other)?;
        }
    }
}
