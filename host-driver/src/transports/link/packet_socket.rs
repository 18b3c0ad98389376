//! A network interface of this Linux machine, as a packet socket: frames of the link's type only, beside everything
//! else that the kernel does with the interface. A TAP device is an interface, too.

use super::interface::FrameInterface;
use std::fs::{read_to_string, File};
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsRawFd, FromRawFd};
use std::time::Instant;
use stevedore_abi::link::ETHER_TYPE;

/// Milliseconds of a pause, if no frame comes.
const PAUSE: i32 = 1;
/// Bytes of the longest frame, and of what the kernel may put before it.
const LONGEST: usize = 2048;

/// See the module.
pub struct PacketSocket {
    socket: File,
    mac: [u8; 6],
    start: Instant,
}

impl PacketSocket {
    /// Opens the interface `name`; needs the right to open raw sockets (CAP_NET_RAW).
    pub fn open(name: &str) -> io::Result<Self> {
        let about = |what: &str| -> io::Result<String> {
            let known = !name.is_empty() && !name.contains(['/', '.']);
            let path = format!("/sys/class/net/{name}/{what}");
            let text = if known { read_to_string(path) } else { Err(ErrorKind::NotFound.into()) };
            text.map_err(|error| io::Error::new(error.kind(), format!("no network interface {name:?}: {error}")))
        };
        let index = about("ifindex")?.trim().parse().map_err(io::Error::other)?;
        let octets = about("address")?;
        let octets: Vec<u8> = octets.trim().split(':').filter_map(|octet| u8::from_str_radix(octet, 16).ok()).collect();
        let mac = octets.try_into().map_err(|_| io::Error::other(format!("{name} has no Ethernet address")))?;
        let protocol = ETHER_TYPE.to_be();
        // SAFETY: a call without pointers; the result is checked before it is used.
        let socket = unsafe {
            libc::socket(
                libc::AF_PACKET,
                libc::SOCK_RAW | libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC,
                i32::from(protocol),
            )
        };
        if socket < 0 {
            let error = io::Error::last_os_error();
            let what = format!("cannot open a packet socket (run as root, or with CAP_NET_RAW): {error}");
            return Err(io::Error::new(error.kind(), what));
        }
        // SAFETY: the descriptor is open, and nobody else has it.
        let socket = unsafe { File::from_raw_fd(socket) };
        // SAFETY: all zeros are a legal value of this structure of integers.
        let mut address: libc::sockaddr_ll = unsafe { std::mem::zeroed() };
        address.sll_family = libc::AF_PACKET as u16;
        address.sll_protocol = protocol;
        address.sll_ifindex = index;
        let length = size_of::<libc::sockaddr_ll>() as libc::socklen_t;
        // SAFETY: `address` is a whole `sockaddr_ll`, and `length` its size; the kernel only reads it.
        let bound = unsafe { libc::bind(socket.as_raw_fd(), (&raw const address).cast(), length) };
        if bound < 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(PacketSocket { socket, mac, start: Instant::now() })
    }
}

impl FrameInterface for PacketSocket {
    fn address(&self) -> [u8; 6] {
        self.mac
    }

    fn send(&mut self, frame: &[u8]) -> io::Result<()> {
        match self.socket.write(frame) {
            Ok(_) => Ok(()),
            // No room in the interface's queue: as if it were lost.
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(()),
            Err(error) if error.raw_os_error() == Some(libc::ENOBUFS) => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn receive(&mut self, frame: &mut Vec<u8>) -> io::Result<bool> {
        frame.resize(LONGEST, 0);
        match self.socket.read(frame) {
            Ok(length) => {
                frame.truncate(length);
                Ok(true)
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn now(&self) -> u64 {
        self.start.elapsed().as_micros() as u64
    }

    fn pause(&mut self) -> io::Result<()> {
        let mut poll = libc::pollfd { fd: self.socket.as_raw_fd(), events: libc::POLLIN, revents: 0 };
        // SAFETY: one structure, which lives through the call; the descriptor is open as long as `self`.
        let ready = unsafe { libc::poll(&raw mut poll, 1, PAUSE) };
        let error = io::Error::last_os_error();
        if ready < 0 && error.kind() != ErrorKind::Interrupted {
            return Err(error);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interface_that_is_not_there_is_named() {
        for name in ["", "../..", "stevedore-none"] {
            let error = PacketSocket::open(name).err().expect("no such interface").to_string();
            assert!(error.contains(&format!("{name:?}")), "{error}");
        }
    }

    /// What is sent to the loopback interface comes back; without the right to open raw sockets there is a word about
    /// it instead.
    #[test]
    fn frames_come_and_go() {
        let mut socket = match PacketSocket::open("lo") {
            Ok(socket) => socket,
            Err(error) => return assert!(error.to_string().contains("CAP_NET_RAW"), "{error}"),
        };
        let mut sent = vec![0; 64];
        sent[12..14].copy_from_slice(&ETHER_TYPE.to_be_bytes());
        sent[20] = 0x5a;
        socket.send(&sent).expect("sent");
        let mut got = Vec::new();
        for _ in 0..1_000 {
            if socket.receive(&mut got).expect("a working socket") && got == sent {
                return;
            }
            socket.pause().expect("a working socket");
        }
        panic!("nothing came back");
    }
}
