//! The order of what the host hears of each connection: that it stands, its bytes, the end of the stream, its end.
//!
//! The memory model asks here about every response the engine writes, in every run.

use std::collections::BTreeMap;
use stevedore_abi::descriptor::flag;
use stevedore_abi::{Descriptor, Response, Status};

/// A connection or listener the host knows of.
#[derive(Clone, Copy, Debug, Default)]
struct Standing {
    listens: bool,
    /// The end of the stream was reported.
    ended: bool,
}

/// What the host knows, by the engine's id.
#[derive(Debug, Default)]
pub struct HostOrder {
    known: BTreeMap<u64, Standing>,
}

impl HostOrder {
    /// A response; an error says what is wrong with its coming now.
    pub fn take(&mut self, response: &Descriptor) -> Result<(), String> {
        let id = response.connection;
        let is = |status: Status| response.status == status as u8;
        // An answer to a request for a connection that is gone, or never was.
        if id == 0 || is(Status::UnknownConnection) {
            return Ok(());
        }
        let standing = self.known.get(&id).copied();
        let handed_back = response.flags & flag::HANDED_BACK != 0;
        let end_of_stream = response.flags & flag::END_OF_STREAM != 0;
        let ending = [Status::Success, Status::Reset, Status::TimedOut, Status::Aborted].into_iter().any(is);
        let kind = |kind: Response| response.kind == kind as u8;
        let opens = [Response::ConnectionArrival, Response::ConnectionCompletion, Response::ListenResponse]
            .into_iter()
            .any(kind);
        // A request to open that is refused may name anything.
        if opens && ending {
            if standing.is_some() {
                return Err(format!("said twice that a connection stands: {response:?}"));
            }
            if is(Status::Success) {
                self.known.insert(id, Standing { listens: kind(Response::ListenResponse), ended: false });
            }
        } else if kind(Response::BufferReceive) && (ending || handed_back) {
            // A listener gives back what it has lent to nobody, and never has bytes of its own.
            let unused = is(Status::Aborted) && response.length == 0 && !end_of_stream;
            let Some(standing) = self.known.get_mut(&id).filter(|standing| !standing.listens || unused) else {
                return Err(format!("bytes of a connection the host does not know: {response:?}"));
            };
            let more = response.length > 0 && !(is(Status::Reset) || is(Status::TimedOut) || is(Status::Aborted));
            if standing.ended && (more || end_of_stream) {
                return Err(format!("bytes behind the end of the stream: {response:?}"));
            }
            standing.ended |= end_of_stream;
        } else if kind(Response::BufferAvailable) && ending && standing.is_none() {
            return Err(format!("a buffer of a connection the host does not know: {response:?}"));
        } else if kind(Response::TerminationResponse) && ending && self.known.remove(&id).is_none() {
            return Err(format!("the end of a connection the host does not know: {response:?}"));
        } else if (is(Status::NoRoom) || is(Status::Closing)) && standing.is_none() {
            return Err(format!("a refusal about a connection the host does not know: {response:?}"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(kind: Response, status: Status, flags: u16, length: u32) -> Descriptor {
        Descriptor {
            connection: 0x1_0005,
            kind: kind as u8,
            status: status as u8,
            flags,
            length,
            ..Descriptor::default()
        }
    }

    #[test]
    fn every_wrong_order_is_noticed() {
        let arrival = word(Response::ConnectionArrival, Status::Success, 0, 0);
        let data = word(Response::BufferReceive, Status::Success, 0, 10);
        let end = word(Response::BufferReceive, Status::Success, flag::END_OF_STREAM, 0);
        let home = word(Response::BufferReceive, Status::Aborted, flag::HANDED_BACK, 0);
        let sent = word(Response::BufferAvailable, Status::Success, 0, 10);
        let over = word(Response::TerminationResponse, Status::Success, 0, 0);
        let full = word(Response::BufferReceive, Status::NoRoom, 0, 10);
        let unknown = word(Response::TerminationResponse, Status::UnknownConnection, 0, 0);
        let listens = word(Response::ListenResponse, Status::Success, 0, 0);
        let right = [arrival, data, full, sent, end, home, over, unknown];
        let wrong = |words: &[Descriptor]| {
            let mut order = HostOrder::default();
            words.iter().find_map(|word| order.take(word).err())
        };
        assert_eq!(wrong(&right), None);
        assert_eq!(wrong(&[right, right].concat()), None, "the same id again");
        assert_eq!(wrong(&[listens, home, home, over]), None, "buffers that a listener has lent to nobody");
        for words in [
            &[data, arrival][..],
            &[over, arrival],
            &[end, arrival],
            &[sent],
            &[full],
            &[arrival, arrival],
            &[arrival, end, data],
            &[arrival, end, end],
            &[arrival, over, data],
            &[arrival, over, home],
            &[arrival, over, over],
            &[listens, data],
            &[listens, end],
            &[listens, over, home],
        ] {
            assert!(wrong(words).is_some(), "{words:?}");
        }
    }
}
