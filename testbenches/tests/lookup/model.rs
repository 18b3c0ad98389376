//! What the lookup must do, in plain Rust: maps and a queue of free slots.
use std::collections::{HashMap, VecDeque};
use stevedore_abi::descriptor::{Response, Status};
use stevedore_rtl::bundles::*;

/// One request, in the order in which the block took them.
#[derive(Clone, Copy, Debug)]
pub enum Request {
    Header(SegmentHeader),
    Open(OpenRequest),
    Icmp(IcmpError),
    Free(u16),
}

/// What must come out for it, each on its own channel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Outcome {
    Segment(Event),
    Opened(Event),
    Refused(Notice),
    Reset(ResetOut),
}

type Key = (u64, u64, u64);

#[derive(Clone, Copy)]
struct Slot {
    key: Key,
    cookie: u64,
    listener: bool,
}

/// The table.
pub struct Model {
    connections: HashMap<Key, u16>,
    listeners: HashMap<u64, u16>,
    slots: HashMap<u16, Slot>,
    generations: HashMap<u16, u16>,
    free: VecDeque<u16>,
    /// Segments that found nobody.
    pub drops: u64,
}

pub fn key(tuple: Tuple) -> Key {
    (word(tuple.remote_address), word(tuple.remote_port), word(tuple.local_port))
}

/// A field as a number.
pub fn word<const N: usize>(bits: stevedore_hdl::prelude::Bits<N>) -> u64 {
    (0..N).filter(|&i| bits.get_bit(i)).map(|i| 1 << i).sum()
}

/// The hash of `connection::hash`, written a second time.
pub fn hash(tuple: Tuple, secret: u32) -> u32 {
    let z = mix(tuple, secret);
    (z ^ z.rotate_left(16)).wrapping_add(z.rotate_left(11))
}

/// All but its last step.
pub fn mix(tuple: Tuple, secret: u32) -> u32 {
    let (address, remote, local) = key(tuple);
    let (address, ports) = (address as u32, (remote << 16 | local) as u32);
    let x = (address ^ secret).wrapping_add(ports.rotate_left(16));
    let y = (ports ^ secret.rotate_left(16)).wrapping_add(address.rotate_left(11));
    (x ^ y.rotate_left(13)).wrapping_add(y.rotate_left(25) ^ x.rotate_left(20))
}

impl Model {
    pub fn new(connections: usize) -> Self {
        let slots = 1..=(connections - 1) as u16;
        Model {
            connections: HashMap::new(),
            listeners: HashMap::new(),
            slots: HashMap::new(),
            generations: slots.clone().map(|slot| (slot, 1)).collect(),
            free: slots.collect(),
            drops: 0,
        }
    }

    /// Slots that are free and will not be given out by any of the next `openings` requests.
    pub fn resting(&self, openings: usize) -> Vec<u16> {
        self.free.iter().copied().skip(openings).collect()
    }

    pub fn free_slots(&self) -> usize {
        self.free.len()
    }

    fn open(&mut self, tuple: Tuple, cookie: u64, listener: bool) -> Option<u16> {
        let slot = self.free.pop_front()?;
        let key = key(tuple);
        self.slots.insert(slot, Slot { key, cookie, listener });
        if listener {
            self.listeners.insert(key.2, slot);
        } else {
            self.connections.insert(key, slot);
        }
        Some(slot)
    }

    fn event(&self, kind: EventKind, slot: u16) -> Event {
        let generation = if slot == 0 { 0 } else { self.generations[&slot] };
        Event { kind, slot: u64::from(slot).into(), generation: u64::from(generation).into(), ..Event::default() }
    }

    /// Takes a request. `initial_sequence` and fields that are undefined are left 0.
    pub fn take(&mut self, request: Request) -> Vec<Outcome> {
        match request {
            Request::Header(header) => self.segment(header),
            Request::Open(open) => vec![self.opening(open)],
            Request::Icmp(error) => {
                let found = self.connections.get(&key(error.tuple));
                let event = |&slot| Event { sequence: error.sequence, ..self.event(EventKind::Unreachable, slot) };
                found.map(|slot| Outcome::Opened(event(slot))).into_iter().collect()
            }
            Request::Free(slot) => {
                if let Some(Slot { key, listener, .. }) = self.slots.remove(&slot) {
                    if listener {
                        self.listeners.remove(&key.2);
                    } else {
                        self.connections.remove(&key);
                    }
                    let generation = self.generations.get_mut(&slot).expect("a slot");
                    *generation = generation.wrapping_add(1).max(1);
                    self.free.push_back(slot);
                }
                vec![]
            }
        }
    }

    fn segment(&mut self, h: SegmentHeader) -> Vec<Outcome> {
        let mut slot = self.connections.get(&key(h.tuple)).copied();
        let control = h.control;
        let (mut fresh, mut listener, mut cookie, mut full) = (false, 0, 0, false);
        let listened = slot.is_none() && !control.ack && !control.rst;
        if let Some(&found) = self.listeners.get(&word(h.tuple.local_port)).filter(|_| listened) {
            // RFC 9293 3.10.7.2: a listener drops what is neither a SYN, an ACK nor a RST.
            slot = Some(found);
            if control.syn {
                (listener, cookie) = (found, self.slots[&found].cookie);
                slot = self.open(h.tuple, 0, false);
                fresh = slot.is_some();
                full = !fresh;
            }
        }
        let mut outcomes = vec![Outcome::Segment(Event {
            fresh,
            listener: if fresh { u64::from(listener).into() } else { 0.into() },
            listener_generation: if fresh { u64::from(self.generations[&listener]).into() } else { 0.into() },
            cookie: if fresh { cookie.into() } else { 0.into() },
            sequence: h.sequence,
            acknowledgement: h.acknowledgement,
            window: h.window,
            control,
            options: h.options,
            payload_length: h.payload_length,
            ..self.event(EventKind::Segment, slot.unwrap_or(0))
        })];
        self.drops += u64::from(slot.is_none());
        if slot.is_none() && !full && !control.rst {
            let length = word(h.payload_length) + u64::from(control.syn) + u64::from(control.fin);
            let reach = (word(h.sequence) + length) & 0xffff_ffff;
            outcomes.push(Outcome::Reset(ResetOut {
                tuple: h.tuple,
                remote_mac: h.remote_mac,
                sequence: if control.ack { h.acknowledgement } else { 0.into() },
                acknowledgement: if control.ack { 0.into() } else { reach.into() },
                ack: !control.ack,
            }));
        }
        outcomes
    }

    fn opening(&mut self, open: OpenRequest) -> Outcome {
        let taken = if open.listen {
            self.listeners.contains_key(&word(open.tuple.local_port))
        } else {
            self.connections.contains_key(&key(open.tuple))
        };
        let slot = if taken { None } else { self.open(open.tuple, word(open.cookie), open.listen) };
        match slot {
            Some(slot) => {
                let kind = if open.listen { EventKind::Listen } else { EventKind::Connect };
                let lender = if open.listen { 0 } else { word(open.lender) };
                Outcome::Opened(Event {
                    cookie: open.cookie,
                    listener: (lender & 0xffff).into(),
                    listener_generation: (lender >> 16).into(),
                    ..self.event(kind, slot)
                })
            }
            None => {
                let response = if open.listen { Response::ListenResponse } else { Response::ConnectionCompletion };
                let status = if taken { Status::AddressInUse } else { Status::NoRoom };
                Outcome::Refused(Notice {
                    response: (response as u64).into(),
                    status: (status as u64).into(),
                    cookie: open.cookie,
                    ..Notice::default()
                })
            }
        }
    }
}
