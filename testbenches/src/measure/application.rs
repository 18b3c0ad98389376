//! The application on the host while something is measured: keeps every connection supplied with buffers, and checks
//! what arrives.
//!
//! It polls; no work of the application costs simulated time, so what is measured is the engine, the bus and the wire.

use crate::peers::seeds;
use crate::sessions::Pattern;
use std::collections::{HashMap, VecDeque};
use stevedore_abi::Status;
use stevedore_driver::{Buffer, Connection, Device, Error, Event, Receipt, Rejected, Transport};

/// How buffers are posted in one direction.
#[derive(Clone, Copy, Debug)]
pub struct Posting {
    /// Bytes of a message, or of the room posted at once.
    pub message: usize,
    /// Bytes of each buffer of it: smaller ones make a scatter list.
    pub piece: usize,
    /// Messages posted ahead on each connection.
    pub depth: usize,
}

impl Posting {
    /// One buffer of 64 KB per message.
    pub fn whole(depth: usize) -> Self {
        Posting { message: 64 << 10, piece: 64 << 10, depth }
    }

    /// The same as a list of pages.
    pub fn pages(depth: usize) -> Self {
        Posting { piece: 4 << 10, ..Posting::whole(depth) }
    }
}

/// What the application does on each connection.
#[derive(Clone, Copy, Debug, Default)]
pub struct Load {
    /// Sends without end.
    pub send: Option<Posting>,
    /// Receives.
    pub receive: Option<Posting>,
    /// Answers every so many bytes with as many.
    pub answer: Option<usize>,
    /// Closes when the peer has closed.
    pub closes: bool,
}

struct Flow {
    incoming: Pattern,
    outgoing: Pattern,
    received: u64,
    handed_over: u64,
}

/// A call the input table had no room for.
enum Job {
    Send(Connection, Vec<Buffer>),
    Receive(Connection, Vec<Buffer>),
    Close(Connection),
}

/// See the module.
pub struct Application {
    load: Load,
    flows: HashMap<Connection, Flow>,
    jobs: VecDeque<Job>,
    /// Buffers of closed connections and of answers, to be used again; all of one size.
    rooms: Vec<Buffer>,
    answers: Vec<Buffer>,
    /// Posts buffers. Until every connection is open nobody sends: handshakes would wait behind payload.
    pub posts: bool,
    /// The engine listens.
    pub listening: bool,
    /// Connections accepted so far.
    pub accepted: usize,
    /// Connections closed in order.
    pub closed: u64,
    /// Messages handed over.
    pub messages: u64,
    /// What was wrong.
    pub faults: Vec<String>,
}

impl Application {
    /// An application without connections.
    pub fn new(load: Load) -> Self {
        Application {
            load,
            flows: HashMap::new(),
            jobs: VecDeque::new(),
            rooms: Vec::new(),
            answers: Vec::new(),
            posts: false,
            listening: false,
            accepted: 0,
            closed: 0,
            messages: 0,
            faults: Vec::new(),
        }
    }

    /// The load has it answer.
    pub fn answers(&self) -> bool {
        self.load.answer.is_some()
    }

    /// Every call was made.
    pub fn is_idle(&self) -> bool {
        self.jobs.is_empty()
    }

    /// Works off what happened.
    pub fn step<T: Transport>(&mut self, device: &mut Device<T>) -> Result<(), Error> {
        while let Some(event) = device.poll()? {
            self.take(device, event)?;
        }
        while self.posts {
            let Some(job) = self.jobs.pop_front() else { break };
            if let Some(again) = post(device, job)? {
                self.jobs.push_front(again);
                break;
            }
        }
        device.flush()
    }

    fn take<T: Transport>(&mut self, device: &mut Device<T>, event: Event) -> Result<(), Error> {
        match event {
            Event::Listening { .. } => self.listening = true,
            Event::Accepted { connection, endpoint, .. } => {
                self.accepted += 1;
                let (incoming, outgoing) = seeds(endpoint.remote_port);
                let endless = |seed| Pattern { seed, length: u64::MAX };
                let (incoming, outgoing) = (endless(incoming), endless(outgoing));
                self.flows.insert(connection, Flow { incoming, outgoing, received: 0, handed_over: 0 });
                self.supply(device, connection)?;
            }
            Event::Received(receipt) => self.take_bytes(device, receipt)?,
            Event::Sent(message) => {
                if message.status != Status::Success {
                    self.complain(format!("a message ended with {:?}", message.status));
                } else if self.load.answer.is_some() {
                    self.answers.extend(message.buffers);
                } else {
                    self.send(message.connection, message.buffers);
                }
            }
            Event::Closed { connection, status, .. } => {
                self.flows.remove(&connection);
                self.closed += 1;
                if status != Status::Success {
                    self.complain(format!("a connection ended with {status:?}"));
                }
            }
            other => self.complain(format!("{other:?}")),
        }
        Ok(())
    }

    /// The first buffers of a connection.
    fn supply<T: Transport>(&mut self, device: &mut Device<T>, connection: Connection) -> Result<(), Error> {
        if let Some(posting) = self.load.receive {
            for _ in 0..posting.depth {
                let room = match self.rooms.pop() {
                    Some(room) => vec![room],
                    None => buffers(device, posting)?,
                };
                self.jobs.push_back(Job::Receive(connection, room));
            }
        }
        if let Some(posting) = self.load.send {
            for _ in 0..posting.depth {
                let message = buffers(device, posting)?;
                self.send(connection, message);
            }
        }
        Ok(())
    }

    /// Fills buffers with what comes next, and sends them.
    fn send(&mut self, connection: Connection, mut buffers: Vec<Buffer>) {
        let Some(flow) = self.flows.get_mut(&connection) else { return };
        for buffer in &mut buffers {
            flow.handed_over += flow.outgoing.fill(flow.handed_over, buffer.as_mut_slice()) as u64;
        }
        self.messages += 1;
        self.jobs.push_back(Job::Send(connection, buffers));
    }

    fn take_bytes<T: Transport>(&mut self, device: &mut Device<T>, mut receipt: Receipt) -> Result<(), Error> {
        let connection = receipt.connection;
        let Some(flow) = self.flows.get_mut(&connection) else { return Ok(()) };
        let wrong = flow.incoming.mismatch(flow.received, device.bytes(&receipt));
        let before = flow.received;
        flow.received += receipt.length as u64;
        let answers = self.load.answer.map_or(0, |size| (flow.received / size as u64 - before / size as u64) as usize);
        if let Some(position) = wrong {
            self.complain(format!("received byte {position} is wrong"));
        }
        if let Some(size) = self.load.answer {
            for _ in 0..answers {
                let answer = match self.answers.pop() {
                    Some(answer) => answer,
                    None => device.allocate(size, 64)?,
                };
                self.send(connection, vec![answer]);
            }
        }
        if receipt.end_of_stream && self.load.closes {
            self.jobs.push_back(Job::Close(connection));
        }
        if let Some(buffer) = receipt.buffer.take() {
            if self.load.closes {
                self.rooms.push(buffer);
            } else {
                self.jobs.push_back(Job::Receive(connection, vec![buffer]));
            }
        }
        Ok(())
    }

    fn complain(&mut self, what: String) {
        if self.faults.len() < 20 {
            self.faults.push(what);
        }
    }
}

/// Makes one call; gives the job back if the table is full.
fn post<T: Transport>(device: &mut Device<T>, job: Job) -> Result<Option<Job>, Error> {
    let rejected = |result: Result<(), Rejected>, job: fn(Connection, Vec<Buffer>) -> Job, connection| match result {
        Ok(()) => Ok(None),
        Err(Rejected { error: Error::RingFull, buffers }) => Ok(Some(job(connection, buffers))),
        // Closed meanwhile: the buffers are not needed any more.
        Err(Rejected { error: Error::UnknownConnection | Error::Closing, .. }) => Ok(None),
        Err(rejected) => Err(rejected.error),
    };
    match job {
        Job::Send(connection, buffers) => {
            rejected(device.send_list(connection, buffers).map(drop), Job::Send, connection)
        }
        Job::Receive(connection, buffers) => {
            rejected(device.post_receive_list(connection, buffers), Job::Receive, connection)
        }
        Job::Close(connection) => match device.close(connection) {
            Err(Error::RingFull) => Ok(Some(Job::Close(connection))),
            Ok(()) | Err(Error::UnknownConnection) => Ok(None),
            Err(error) => Err(error),
        },
    }
}

/// Memory for one message.
fn buffers<T: Transport>(device: &mut Device<T>, posting: Posting) -> Result<Vec<Buffer>, Error> {
    (0..posting.message / posting.piece).map(|_| device.allocate(posting.piece, 64)).collect()
}
