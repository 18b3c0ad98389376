//! A card that is a process: a client of the vfio-user protocol, version 0.1, as far as one PCI card needs it.
//!
//! The crate `vfio_user` has a client, too. It reads the error flag of no reply and waits for ever for a server that is
//! stuck, so it does not serve here.
#![forbid(unsafe_code)]

use super::{Bus, Card, EventFd, OpenError, Pages};
use crate::transport::TransportError;
use std::io::{self, ErrorKind, Read};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;
use stevedore_abi::pci::{BAR, BAR_BYTES};
use vfio_bindings::bindings::vfio::{
    VFIO_IRQ_SET_ACTION_TRIGGER, VFIO_IRQ_SET_DATA_EVENTFD, VFIO_PCI_CONFIG_REGION_INDEX, VFIO_PCI_MSIX_IRQ_INDEX,
};
use vmm_sys_util::sock_ctrl_msg::ScmSocket;

/// How long a reply may take; a good server is done in half of it.
const PATIENCE: Duration = Duration::from_secs(10);
/// Bytes of a message's header.
const HEADER: usize = 16;
/// Longest reply: a register, a version.
const LONGEST: usize = 4096;
/// The card may read and write what is mapped.
const READ_WRITE: u32 = 3;
/// EIO.
const INPUT_OUTPUT: i32 = 5;
/// What this end can do.
const ABILITIES: &[u8] = b"{\"capabilities\":{\"max_msg_fds\":1}}\0";

/// Commands.
#[derive(Clone, Copy)]
enum Command {
    Version = 1,
    DmaMap = 2,
    DmaUnmap = 3,
    RegionInfo = 5,
    SetInterrupts = 8,
    RegionRead = 9,
    RegionWrite = 10,
    Reset = 13,
}

/// Bits of a header's flags.
mod flag {
    pub const REPLY: u32 = 1;
    pub const NO_REPLY: u32 = 1 << 4;
    pub const ERROR: u32 = 1 << 5;
}

/// The connection to the card's process.
pub struct VfioUser {
    stream: UnixStream,
    next: u16,
    /// A reply was missed: what comes next cannot be understood any more.
    broken: bool,
}

impl VfioUser {
    /// Opens the card that listens at a socket.
    pub fn open(socket: &Path) -> Result<Card<VfioUser>, OpenError> {
        let name = socket.display().to_string();
        let stream = UnixStream::connect(socket).map_err(|error| OpenError::NoSocket { path: name.clone(), error })?;
        let refused = |what, error: io::Error| {
            let (name, error) = (name.clone(), error.into());
            OpenError::Refused { name, what, error }
        };
        stream.set_read_timeout(Some(PATIENCE)).map_err(|error| refused("a time-out", error))?;
        stream.set_write_timeout(Some(PATIENCE)).map_err(|error| refused("a time-out", error))?;
        let mut bus = VfioUser { stream, next: 0, broken: false };
        let version = [&words(&[1 << 16])[..], ABILITIES].concat();
        let answer = bus.call(Command::Version, &version, &[]).map_err(|error| refused("greeting", error))?;
        if answer.get(..2) != Some(&[0, 0]) {
            return Err(refused("greeting", io::Error::other("the server speaks another version of vfio-user")));
        }
        let window = words(&[32, 0, BAR, 0, 0, 0, 0, 0]);
        let window = bus.call(Command::RegionInfo, &window, &[]).map_err(|error| refused("its window", error))?;
        let found = window.get(16..24).and_then(|size| size.try_into().ok()).map_or(0, u64::from_ne_bytes);
        if found < u64::from(BAR_BYTES) {
            return Err(OpenError::BadWindow { name, found, wanted: BAR_BYTES.into() });
        }
        Card::open(bus, &name)
    }

    /// Sends a command, and gives what the reply has behind its header.
    fn call(&mut self, command: Command, body: &[u8], files: &[RawFd]) -> io::Result<Vec<u8>> {
        let id = self.send(command, body, files, 0)?;
        let answer = self.receive(id, command);
        // A server's own error leaves the stream in order.
        self.broken |= matches!(&answer, Err(error) if error.raw_os_error().is_none());
        answer
    }

    fn send(&mut self, command: Command, body: &[u8], files: &[RawFd], flags: u32) -> io::Result<u16> {
        if self.broken {
            return Err(ErrorKind::BrokenPipe.into());
        }
        self.next = self.next.wrapping_add(1);
        let size = (HEADER + body.len()) as u32;
        let mut message = Vec::with_capacity(HEADER + body.len());
        message.extend_from_slice(&self.next.to_ne_bytes());
        message.extend_from_slice(&(command as u16).to_ne_bytes());
        message.extend_from_slice(&words(&[size, flags, 0]));
        message.extend_from_slice(body);
        let sent = self.stream.send_with_fds(&[&message[..]], files)?;
        if sent != message.len() {
            self.broken = true;
            return Err(ErrorKind::WriteZero.into());
        }
        Ok(self.next)
    }

    fn receive(&mut self, id: u16, command: Command) -> io::Result<Vec<u8>> {
        let mut header = [0; HEADER];
        self.stream.read_exact(&mut header)?;
        let half = |at: usize| u16::from_ne_bytes([header[at], header[at + 1]]);
        let word = |at: usize| u32::from_ne_bytes(std::array::from_fn(|byte| header[at + byte]));
        let (size, flags, error) = (word(4) as usize, word(8), word(12));
        if (half(0), half(2)) != (id, command as u16) || flags & flag::REPLY == 0 || !(HEADER..=LONGEST).contains(&size)
        {
            return Err(io::Error::other("the card's process answered something else than was asked"));
        }
        let mut body = vec![0; size - HEADER];
        self.stream.read_exact(&mut body)?;
        match flags & flag::ERROR {
            0 => Ok(body),
            // A server that does not say why.
            _ if error == 0 => Err(io::Error::from_raw_os_error(INPUT_OUTPUT)),
            _ => Err(io::Error::from_raw_os_error(error as i32)),
        }
    }

    /// The body of an access to a region.
    fn access(region: u32, offset: u32, count: usize) -> Vec<u8> {
        [&u64::from(offset).to_ne_bytes()[..], &words(&[region, count as u32])].concat()
    }

    fn read_region<const N: usize>(&mut self, region: u32, offset: u32) -> io::Result<[u8; N]> {
        let answer = self.call(Command::RegionRead, &Self::access(region, offset, N), &[])?;
        let data = answer.get(HEADER..).and_then(|data| data.try_into().ok());
        data.ok_or_else(|| io::Error::other("a read was answered with another number of bytes"))
    }
}

impl Bus for VfioUser {
    fn read(&mut self, offset: u32) -> Result<u32, TransportError> {
        self.read_region(BAR, offset).map(u32::from_le_bytes).map_err(|error| failed(error, offset))
    }

    fn write(&mut self, offset: u32, value: u32) -> Result<(), TransportError> {
        let message = [&Self::access(BAR, offset, 4)[..], &value.to_le_bytes()].concat();
        // Posted, as on the bus: an error would come back to nobody.
        let sent = self.send(Command::RegionWrite, &message, &[], flag::NO_REPLY);
        sent.map(|_| ()).map_err(|error| failed(error, offset))
    }

    fn read_configuration(&mut self, offset: u32) -> Result<u16, TransportError> {
        let bytes = self.read_region(VFIO_PCI_CONFIG_REGION_INDEX, offset);
        bytes.map(u16::from_le_bytes).map_err(|error| failed(error, offset))
    }

    fn write_configuration(&mut self, offset: u32, value: u16) -> Result<(), TransportError> {
        let access = Self::access(VFIO_PCI_CONFIG_REGION_INDEX, offset, 2);
        let message = [&access[..], &value.to_le_bytes()].concat();
        self.call(Command::RegionWrite, &message, &[]).map(|_| ()).map_err(|error| failed(error, offset))
    }

    fn reset(&mut self) -> Result<(), TransportError> {
        self.call(Command::Reset, &[], &[]).map(|_| ()).map_err(other)
    }

    fn map(&mut self, address: u64, pages: &Pages) -> Result<(), TransportError> {
        let mut body = words(&[32, READ_WRITE]);
        for word in [0, address, pages.length() as u64] {
            body.extend_from_slice(&word.to_ne_bytes());
        }
        self.call(Command::DmaMap, &body, &[pages.file().as_raw_fd()]).map(|_| ()).map_err(other)
    }

    fn unmap(&mut self, address: u64, bytes: usize) -> Result<(), TransportError> {
        let mut body = words(&[24, 0]);
        for word in [address, bytes as u64] {
            body.extend_from_slice(&word.to_ne_bytes());
        }
        self.call(Command::DmaUnmap, &body, &[]).map(|_| ()).map_err(other)
    }

    fn connect_interrupt(&mut self, event: &EventFd) -> Result<(), TransportError> {
        let flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER;
        let body = words(&[20, flags, VFIO_PCI_MSIX_IRQ_INDEX, 0, 1]);
        self.call(Command::SetInterrupts, &body, &[event.as_raw_fd()]).map(|_| ()).map_err(other)
    }
}

/// Words as they lie in a message.
fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_ne_bytes()).collect()
}

/// A failed access of a register.
fn failed(error: io::Error, offset: u32) -> TransportError {
    match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::TimedOut => TransportError::NoAnswer { offset },
        _ if error.raw_os_error().is_some() => TransportError::Register { offset },
        _ => other(error),
    }
}

fn other(error: io::Error) -> TransportError {
    let text = match error.kind() {
        ErrorKind::UnexpectedEof | ErrorKind::BrokenPipe | ErrorKind::ConnectionReset => {
            "the card's process is gone, or did not answer in time: start it again (`cargo xtask card --help`)"
                .to_string()
        }
        _ => format!("the card's process: {error}"),
    };
    TransportError::Other(text.into())
}
