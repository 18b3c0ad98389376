//! One end of a connection that says which one it is, and the log of both ends of all connections.

use anyhow::{ensure, Result};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use stevedore_testbenches::random::mix;
use stevedore_testbenches::sessions::{Pattern, Session};

/// Bytes of the number that the opener sends first.
const NUMBER: u64 = 8;
/// Longest pattern one end sends.
const LONGEST: u64 = 12_000;

/// What became of a connection.
#[derive(Clone, Debug, Default)]
pub struct Fate {
    /// Ends that sent and received everything.
    pub whole: u32,
    /// An end gave up, or may rightly have been refused.
    pub given_up: bool,
    /// A byte was wrong.
    pub wrong: Option<String>,
    /// How the engine said it ended.
    pub said: Option<String>,
}

/// The fates of all connections, shared by all ends.
#[derive(Clone, Default)]
pub struct Log {
    fates: Rc<RefCell<BTreeMap<u64, Fate>>>,
    /// Nobody new gives up: only connections whose other end has done so are aborted from now on.
    late: Rc<Cell<bool>>,
}

impl Log {
    /// A connection begins; `given_up` if no end has to become whole.
    pub fn begin(&self, id: u64, given_up: bool) {
        self.fates.borrow_mut().insert(id, Fate { given_up, ..Fate::default() });
    }

    /// Changes the fate of a connection; a number nobody gave out is a fault of its own.
    pub fn note(&self, id: u64, change: impl FnOnce(&mut Fate)) {
        let mut fates = self.fates.borrow_mut();
        let known = fates.contains_key(&id);
        let fate = fates.entry(id).or_default();
        if !known {
            fate.wrong = Some("a connection nobody opened".into());
        }
        change(fate);
    }

    /// From now on an end gives up only if the other end has: its reset was lost, and nothing else would ever end the
    /// connection.
    pub fn last_orders(&self) {
        self.late.set(true);
    }

    /// An end wants to abort a connection. Whether it may.
    fn give_up(&self, id: u64) -> bool {
        let may = !self.late.get() || self.fates.borrow().get(&id).is_some_and(|fate| fate.given_up);
        if may {
            self.note(id, |fate| fate.given_up = true);
        }
        may
    }

    /// How many of each.
    pub fn summary(&self) -> String {
        let fates = self.fates.borrow();
        let whole = fates.values().filter(|fate| fate.whole == 2).count();
        let given_up = fates.values().filter(|fate| fate.given_up).count();
        format!("{} connections, {whole} whole, {given_up} given up", fates.len())
    }

    /// Whoever was not given up is whole at both ends, and no byte was wrong anywhere.
    pub fn verify(&self) -> Result<()> {
        for (id, fate) in self.fates.borrow().iter() {
            ensure!(fate.wrong.is_none(), "connection {id}: {fate:?}");
            ensure!(fate.given_up || fate.whole == 2, "connection {id} was cut off: {fate:?}");
        }
        Ok(())
    }
}

/// An end. The opener sends its number and a pattern, the answerer learns the number and sends another.
pub struct End {
    id: Option<u64>,
    caller: Option<u64>,
    opener: bool,
    number: Vec<u8>,
    sent: u64,
    received: u64,
    ended: bool,
    told: bool,
    log: Log,
}

impl End {
    /// The end that opens connection `id`.
    pub fn opener(id: u64, log: Log) -> Self {
        let (id, caller, number) = (Some(id), None, vec![]);
        End { id, caller, opener: true, number, sent: 0, received: 0, ended: false, told: false, log }
    }

    /// The end that finds out who calls.
    pub fn answerer(log: Log) -> Self {
        End { opener: false, id: None, ..End::opener(0, log) }
    }

    /// The end called by connection `id`, as its address tells; its bytes must say so too.
    pub fn called_by(id: u64, log: Log) -> Self {
        End { caller: Some(id), ..End::answerer(log) }
    }

    /// The pattern the opener, or the answerer, of this connection sends.
    fn pattern(id: u64, opener: bool) -> Pattern {
        let seed = 2 * id + u64::from(opener);
        let length = match mix(seed) % 4 {
            0 => mix(seed) / 4 % 40,
            _ => mix(seed) / 4 % LONGEST,
        };
        Pattern { seed, length }
    }

    /// The engine's last word about the connection.
    pub fn hear(&self, said: String) {
        if let Some(id) = self.id.or(self.caller) {
            self.log.note(id, |fate| fate.said = Some(format!("{said}; {:?}", self.result())));
        }
    }

    /// All bytes this end sends, and expects; none are known before the number is.
    fn lengths(&self) -> Option<(u64, u64)> {
        let id = self.id?;
        let (opens, answers) = (NUMBER + Self::pattern(id, true).length, Self::pattern(id, false).length);
        Some(if self.opener { (opens, answers) } else { (answers, opens) })
    }

    fn note_if_whole(&mut self) {
        let whole = self.lengths() == Some((self.sent, self.received));
        if let (true, false, Some(id)) = (whole, self.told, self.id) {
            self.told = true;
            self.log.note(id, |fate| fate.whole += 1);
        }
    }
}

impl Session for End {
    fn receive(&mut self, bytes: &[u8]) {
        let mut bytes = bytes;
        if !self.opener && self.id.is_none() {
            let take = bytes.len().min(NUMBER as usize - self.number.len());
            self.number.extend_from_slice(&bytes[..take]);
            self.received += take as u64;
            bytes = &bytes[take..];
            if let Ok(number) = <[u8; 8]>::try_from(&self.number[..]) {
                let id = u64::from_le_bytes(number);
                self.id = Some(id);
                if self.caller.is_some_and(|caller| caller != id) {
                    self.log.note(id, |fate| fate.wrong = Some(format!("said by {:?}", self.caller)));
                }
            }
        }
        if let (Some(id), false) = (self.id, bytes.is_empty()) {
            let offset = if self.opener { self.received } else { self.received - NUMBER };
            if let Some(at) = Self::pattern(id, !self.opener).mismatch(offset, bytes) {
                self.log.note(id, |fate| fate.wrong = Some(format!("byte {at}, opener {}", self.opener)));
            }
            self.received += bytes.len() as u64;
        }
        self.note_if_whole();
    }

    fn end(&mut self) {
        self.ended = true;
    }

    fn send(&mut self, room: &mut [u8]) -> usize {
        let Some(id) = self.id else { return 0 };
        let mut count = 0;
        if self.opener && self.sent < NUMBER {
            let number = id.to_le_bytes();
            count = room.len().min((NUMBER - self.sent) as usize);
            room[..count].copy_from_slice(&number[self.sent as usize..][..count]);
            self.sent += count as u64;
        }
        let ahead = if self.opener { NUMBER } else { 0 };
        if self.sent >= ahead {
            let filled = Self::pattern(id, self.opener).fill(self.sent - ahead, &mut room[count..]);
            self.sent += filled as u64;
            count += filled;
        }
        self.note_if_whole();
        count
    }

    fn is_finished(&self) -> bool {
        let all = self.lengths();
        self.ended || all == Some((self.sent, self.received))
    }

    fn result(&self) -> Result<(), String> {
        match self.lengths() {
            Some(lengths) if lengths == (self.sent, self.received) => Ok(()),
            lengths => Err(format!("{} sent, {} received of {lengths:?}", self.sent, self.received)),
        }
    }

    /// Refused while nobody knows who called: the log could not be told.
    fn give_up(&mut self) -> bool {
        self.id.or(self.caller).is_some_and(|id| self.log.give_up(id))
    }
}
