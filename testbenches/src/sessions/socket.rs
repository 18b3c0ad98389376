//! Sessions over the kernel's sockets, blocking.

use super::Session;
use std::io::{Read, Result, Write};
use std::net::{Shutdown, TcpStream};

/// Runs a session that either only sends or only receives at any moment, as HTTP does, to its end.
pub fn run_over(mut stream: TcpStream, session: &mut dyn Session) -> Result<()> {
    let mut buffer = vec![0; 65536];
    loop {
        let count = session.send(&mut buffer);
        if count > 0 {
            stream.write_all(&buffer[..count])?;
        } else if session.is_finished() {
            break;
        } else {
            match stream.read(&mut buffer)? {
                0 => session.end(),
                count => session.receive(&buffer[..count]),
            }
        }
    }
    stream.shutdown(Shutdown::Write)?;
    // Until the other end closes too: closing earlier would reset it if anything were still to come.
    while stream.read(&mut buffer)? > 0 {}
    Ok(())
}
