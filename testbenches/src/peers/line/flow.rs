//! One connection of the peer. Positions are byte counts since the connection opened; sequence numbers are made from
//! them.

use super::{seeds, LineOptions, Script, WINDOW_SHIFT};
use crate::random::mix;
use crate::sessions::Pattern;
use smoltcp::wire::{TcpControl, TcpRepr};

/// A segment to be sent.
#[derive(Debug)]
pub struct Plan {
    /// SYN, FIN, PSH or none.
    pub control: TcpControl,
    /// Its sequence number.
    pub sequence: u32,
    /// Its acknowledgement number.
    pub acknowledgement: Option<u32>,
    /// Its window field.
    pub window: u16,
    /// Position of its first payload byte.
    pub offset: u64,
    /// Its payload bytes.
    pub length: usize,
    /// It was sent before.
    pub again: bool,
}

/// What a segment brought about.
#[derive(Clone, Copy, Debug, Default)]
pub struct Outcome {
    /// An acknowledgement may wait for a second segment.
    pub due_soon: bool,
    /// An answer is complete.
    pub answered: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// SYN to be sent.
    Closed,
    SynSent,
    Open,
}

/// See the module.
#[derive(Debug)]
pub struct Flow {
    /// The peer's port.
    pub port: u16,
    /// It is in the peer's queue.
    pub queued: bool,
    state: State,
    /// Positions: sent, ever sent, acknowledged by the engine, received.
    sent: u64,
    highest: u64,
    acked: u64,
    received: u64,
    /// The engine's window.
    window: u64,
    shift: Option<u8>,
    /// The engine's initial sequence number.
    engine_initial: u32,
    /// FIN: sent, received.
    finished: bool,
    ended: bool,
    /// Segments received and not acknowledged; acknowledge them now.
    pending: u32,
    acknowledge: bool,
    /// Since when one is pending.
    pending_since: u64,
    duplicates: u32,
    /// When something last moved.
    progress: u64,
}

impl Flow {
    /// A connection yet to be opened.
    pub fn new(port: u16) -> Self {
        Flow {
            port,
            queued: false,
            state: State::Closed,
            sent: 0,
            highest: 0,
            acked: 0,
            received: 0,
            window: 0,
            shift: None,
            engine_initial: 0,
            finished: false,
            ended: false,
            pending: 0,
            acknowledge: false,
            pending_since: 0,
            duplicates: 0,
            progress: 0,
        }
    }

    /// The handshake is done.
    pub fn is_open(&self) -> bool {
        self.state == State::Open
    }

    /// Both sides have closed, and the engine's FIN is acknowledged.
    pub fn is_over(&self) -> bool {
        self.finished && self.ended && !self.acknowledge
    }

    fn initial(&self) -> u32 {
        mix(u64::from(self.port)) as u32
    }

    /// Bytes the script lets it send so far.
    fn allowed(&self, script: Script) -> u64 {
        match script {
            Script::Take => 0,
            Script::Stream => u64::MAX,
            // The next question goes out when the last answer is complete.
            Script::Ask(bytes) => (self.received / bytes + 1) * bytes,
            Script::Visit => 1,
        }
    }

    /// Bytes of the next data segment; no small ones because the window happens to end.
    fn sendable(&self, options: &LineOptions) -> usize {
        let rest = self.allowed(options.script).saturating_sub(self.sent);
        let whole = rest.min(options.segment as u64);
        let room = (self.acked + self.window).saturating_sub(self.sent);
        if self.is_open() && whole <= room {
            whole as usize
        } else {
            0
        }
    }

    fn wants_to_finish(&self, options: &LineOptions) -> bool {
        options.script == Script::Visit && self.is_open() && !self.finished && self.sent == 1
    }

    /// There is a segment to be sent.
    pub fn has_something(&self, options: &LineOptions) -> bool {
        self.state == State::Closed || self.acknowledge || self.sendable(options) > 0 || self.wants_to_finish(options)
    }

    /// The segment to be sent now.
    pub fn next_segment(&mut self, options: &LineOptions, now: u64) -> Option<Plan> {
        let mut plan = Plan {
            control: TcpControl::None,
            sequence: self.initial().wrapping_add(1).wrapping_add(self.sent as u32),
            acknowledgement: None,
            // Scaled only if the engine scales too (RFC 7323 2.2).
            window: match self.shift {
                Some(_) => (options.window >> WINDOW_SHIFT) as u16,
                None => options.window.min(u32::from(u16::MAX)) as u16,
            },
            offset: self.sent,
            length: 0,
            again: self.sent < self.highest,
        };
        if self.state == State::Closed {
            (self.state, self.progress) = (State::SynSent, now);
            // The window of a SYN is never scaled.
            return Some(Plan { control: TcpControl::Syn, sequence: self.initial(), window: u16::MAX, ..plan });
        }
        plan.length = self.sendable(options);
        if plan.length > 0 {
            if self.sent == self.acked {
                self.progress = now;
            }
            let before = self.sent;
            self.sent += plan.length as u64;
            self.highest = self.highest.max(self.sent);
            let pushed = before / options.push != self.sent / options.push || self.sent == self.allowed(options.script);
            plan.control = if pushed { TcpControl::Psh } else { TcpControl::None };
        } else if self.wants_to_finish(options) {
            (self.finished, plan.control) = (true, TcpControl::Fin);
        } else if self.acknowledge {
            plan.sequence = plan.sequence.wrapping_add(u32::from(self.finished));
        } else {
            return None;
        }
        (self.acknowledge, self.pending) = (false, 0);
        let end = self.received + u64::from(self.ended);
        plan.acknowledgement = Some(self.engine_initial.wrapping_add(1).wrapping_add(end as u32));
        Some(plan)
    }

    /// Takes a segment from the engine.
    pub fn take(&mut self, segment: &TcpRepr, options: &LineOptions, now: u64) -> Result<Outcome, String> {
        let number = segment.seq_number.0 as u32;
        let acknowledged = segment.ack_number.map(|number| number.0 as u32);
        match segment.control {
            TcpControl::Rst => return Err(format!("port {} was reset", self.port)),
            TcpControl::Syn if self.state == State::SynSent => {
                if acknowledged != Some(self.initial().wrapping_add(1)) {
                    return Err(format!("port {}: {segment}", self.port));
                }
                (self.state, self.engine_initial, self.progress) = (State::Open, number, now);
                self.shift = segment.window_scale;
                self.window = u64::from(segment.window_len);
                self.acknowledge = true;
                return Ok(Outcome::default());
            }
            _ if self.state != State::Open => return Err(format!("port {} is not open: {segment}", self.port)),
            _ => {}
        }
        self.take_acknowledgement(acknowledged.ok_or("no acknowledgement")?, segment, now)?;
        let mut outcome = Outcome::default();
        let expected = self.engine_initial.wrapping_add(1).wrapping_add(self.received as u32);
        if !segment.payload.is_empty() {
            if number != expected {
                self.acknowledge = true;
                return Err(format!("port {}: sequence {number} instead of {expected}", self.port));
            }
            let pattern = Pattern { seed: seeds(self.port).1, length: u64::MAX };
            if let Some(position) = pattern.mismatch(self.received, segment.payload) {
                return Err(format!("port {}: byte {position} is wrong", self.port));
            }
            let before = self.received;
            self.received += segment.payload.len() as u64;
            if let Script::Ask(bytes) = options.script {
                outcome.answered = before / bytes != self.received / bytes;
            }
            self.pending += 1;
            if self.pending == 1 {
                self.pending_since = now;
                outcome.due_soon = true;
            }
            self.acknowledge |= self.pending >= 2;
        }
        if segment.control == TcpControl::Fin && !self.ended {
            (self.ended, self.acknowledge) = (true, true);
        }
        Ok(outcome)
    }

    fn take_acknowledgement(&mut self, number: u32, segment: &TcpRepr, now: u64) -> Result<(), String> {
        let base = self.initial().wrapping_add(1).wrapping_add(self.acked as u32);
        let step = u64::from(number.wrapping_sub(base));
        let outstanding = self.highest - self.acked + u64::from(self.finished);
        if step > outstanding {
            return Err(format!("port {}: acknowledges {number}, which was not sent", self.port));
        }
        let window = u64::from(segment.window_len) << self.shift.unwrap_or(0);
        let nothing_else = segment.payload.is_empty() && segment.control == TcpControl::None;
        if step > 0 {
            self.acked = (self.acked + step).min(self.highest);
            self.sent = self.sent.max(self.acked);
            (self.duplicates, self.progress) = (0, now);
        } else if nothing_else && outstanding > 0 && window == self.window {
            self.duplicates += 1;
            if self.duplicates == 3 {
                self.go_back(now);
            }
        }
        self.window = window;
        Ok(())
    }

    /// An acknowledgement held back is due; false if it went with another segment meanwhile.
    pub fn acknowledge_late(&mut self, due: u64, delay: u64) -> bool {
        self.acknowledge |= self.pending > 0 && self.pending_since + delay <= due;
        self.acknowledge
    }

    /// Something is outstanding and nothing has moved for long.
    pub fn is_stuck(&self, now: u64, syn_patience: u64, patience: u64) -> bool {
        let waited = now.saturating_sub(self.progress);
        match self.state {
            State::Closed => false,
            State::SynSent => waited > syn_patience,
            State::Open => self.acked < self.sent && waited > patience,
        }
    }

    /// Sends again all that is not acknowledged.
    pub fn go_back(&mut self, now: u64) {
        self.progress = now;
        if self.state == State::SynSent {
            self.state = State::Closed;
        } else {
            self.sent = self.acked;
            self.finished = false;
        }
    }
}
