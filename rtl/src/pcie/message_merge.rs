//! Message merge: puts interrupts between the bursts of writes.
//!
//! # Role
//! The entrance of the posted queue. A message that comes here is behind every burst that the engine's port gave
//! before, and so the host sees what it tells of.
//!
//! # Ports
//! - `s_write`: `PostedBeat<W, K>`: the engine's bursts. `s_message`: `Message`: interrupts.
//! - `m_write`: `PostedBeat<W, K>`: both, a message as a burst of one beat.
//!
//! # Handshake
//! Each `ready` follows `m_write.ready` and registers; that of the bursts also `s_message.valid`. A beat that was
//! offered stays until it is taken: the packer may have stored a part of it.
//!
//! # Latency
//! None. A message waits for the end of a burst, and a burst for the message.
//!
//! # Invariant
//! No message is inside a burst.
use super::msix::Message;
use super::write_packer::PostedBeat;
use crate::bundles::WriteBeat;
use stevedore_hdl::prelude::*;

#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct State {
    /// Behind the first and before the last beat of a burst.
    inside: bool,
    /// A beat was offered and not taken.
    held: bool,
}

/// Merges interrupts with writes; see the module's text.
#[derive(LogicBlock, Default)]
pub struct MessageMerge<const W: usize, const K: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// Bursts.
    pub s_write: Sink<PostedBeat<W, K>>,
    /// Interrupts.
    pub s_message: Sink<Message>,
    /// Both.
    pub m_write: Source<PostedBeat<W, K>>,
    state: Register<State>,
}

/// A message as a beat: its dword in every lane, one of them written.
#[kernel_fn]
fn beat_of<const W: usize, const K: usize>(message: Message) -> PostedBeat<W, K> {
    let mut data = bits::<W>(0);
    for lane in 0..W / 32 {
        data = set_bits::<W, 32>(data, 32 * lane, message.data);
    }
    let lane = bit_cast::<6, 64>(message.address) & bits::<6>(K as u64 - 1);
    PostedBeat::<W, K> {
        write: WriteBeat::<W, K> {
            address: message.address & !bits::<64>(K as u64 - 1),
            data,
            strobe: bits::<K>(15) << lane,
            last: true,
            may_pass: false,
            placement_ends: false,
        },
        message: true,
    }
}

impl<const W: usize, const K: usize> Logic for MessageMerge<W, K> {
    #[kernel]
    fn update(&mut self) {
        setup!(self, state);
        let state = self.state.q.val();
        let mut next = state;
        let between = !state.inside && !state.held;
        let message = self.s_message.valid.val() && between;
        let ready = self.m_write.ready.val();
        let write = self.s_write.bits.val();
        self.m_write.valid.next = message || self.s_write.valid.val();
        self.m_write.bits.next = mux(message, beat_of::<W, K>(self.s_message.bits.val()), write);
        self.s_message.ready.next = ready && between;
        self.s_write.ready.next = ready && !message;
        if self.s_write.valid.val() && !message {
            next.held = !ready;
            if ready {
                next.inside = !write.write.last;
            }
        }
        self.state.d.next = next;
    }
}
