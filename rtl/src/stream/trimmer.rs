//! Trimmer: cuts a stretch of bytes out of a packet.
//!
//! # Role
//! `rx::Placement` cuts the payload out of a frame with it, dropping headers, bytes received before, and padding.
//!
//! # Ports
//! - `s_trim`: `Trim`: one per packet, in the order of the packets.
//! - `s_beat`: `Beat<W>`: the packets.
//! - `m_beat`: `Beat<W>`: for every packet with `length` above 0, a packet of exactly `length` bytes, beginning with
//!   byte `drop`. `error` is set if the input packet had it before its stretch ended, or was too short; missing bytes
//!   are then undefined.
//!
//! # Handshake
//! `s_beat.ready` needs a command at work; `s_trim.ready` is a register: a command is taken while none waits behind the
//! one at work.
//!
//! # Latency
//! One beat per cycle, no bubble between packets if the next command waits. The last beat of a stretch is offered three
//! cycles after it came in, four if it fills two.
//!
//! # Invariant
//! One command, one packet in, and `length` bytes out, whatever the packet looks like.
use super::realigner::{Fragment, Realigner};
use crate::bundles::Beat;
use stevedore_hdl::prelude::*;

/// The stretch of a packet to keep.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
pub struct Trim {
    /// Bytes to drop at the front.
    pub drop: Bits<16>,
    /// Bytes to keep; 0 swallows the packet whole.
    pub length: Bits<16>,
}

/// The command at work, in beats.
#[derive(Record, Clone, Copy, Debug, PartialEq, Default)]
struct Job {
    valid: bool,
    /// Beats before the next beat to keep something of.
    skip: Bits<17>,
    /// `skip` is not 0.
    skips: bool,
    /// Beats before the last beat to keep something of.
    left: Bits<17>,
    /// `left` is 0.
    last: bool,
    /// First lane to keep of the next beat.
    first: Bits<6>,
    /// Lanes to keep of the last beat, those before `first` included.
    end: Bits<7>,
    /// Nothing (more) to keep.
    done: bool,
    /// The input packet is over.
    ended: bool,
    error: bool,
}

/// Cuts packets; see the module's text.
#[derive(LogicBlock, Default)]
pub struct Trimmer<const W: usize> {
    /// Clock.
    pub clock: Signal<In, Clock>,
    /// Synchronous reset.
    pub reset: Signal<In, bool>,
    /// What to keep of each packet.
    pub s_trim: Sink<Trim>,
    /// Packets.
    pub s_beat: Sink<Beat<W>>,
    /// What is kept of them.
    pub m_beat: Source<Beat<W>>,
    job: Register<Job>,
    /// The command behind it, and whether there is one.
    ahead: Flop<Job>,
    waits: Register<bool>,
    realigner: Realigner<W>,
}

/// A command in beats.
#[kernel_fn]
fn job_of<const W: usize>(trim: Trim) -> Job {
    let drop = bit_cast::<17, 16>(trim.drop);
    let last = drop + bit_cast::<17, 16>(trim.length) - 1;
    Job {
        valid: true,
        skip: drop >> clog2(W / 8) as u64,
        skips: (drop >> clog2(W / 8) as u64) != 0,
        left: last >> clog2(W / 8) as u64,
        last: (last >> clog2(W / 8) as u64) == 0,
        first: bit_cast::<6, 17>(drop) & bits::<6>(W as u64 / 8 - 1),
        end: bit_cast::<7, 17>(last & bits::<17>(W as u64 / 8 - 1)) + 1,
        done: trim.length == 0,
        ended: false,
        error: false,
    }
}

impl<const W: usize> Logic for Trimmer<W> {
    #[kernel]
    fn update(&mut self) {
        setup!(self, job, waits, realigner);
        clocks!(self, ahead);
        forward!(self.realigner.m_beat => self.m_beat);
        let mut next = self.job.q.val();
        let beat = self.s_beat.bits.val();

        let offered = next.valid && (self.s_beat.valid.val() || next.ended);
        let keep = !next.done && !next.skips;
        let last = next.last;
        let end = mux(last, next.end, bits::<7>(W as u64 / 8));
        // The packet is over although the stretch is not.
        let short = !next.ended && beat.last && (!last || beat.count < next.end);
        let error = next.error || (!next.ended && beat.last && beat.error) || short;
        self.realigner.s_fragment.valid.next = offered && keep;
        self.realigner.s_fragment.bits.next = Fragment::<W> {
            data: beat.data,
            offset: next.first,
            count: end - bit_cast::<7, 6>(next.first),
            last,
            error: last && error,
        };
        let step = offered && (!keep || self.realigner.s_fragment.ready.val());
        self.s_beat.ready.next = step && !next.ended;

        let ended = next.ended || beat.last;
        let done = next.done || (keep && last);
        let over = step && ended && done;
        if step {
            next.error = error;
            next.ended = ended;
            next.done = done;
            if keep {
                next.first = bits::<6>(0);
            } else {
                next.skips = next.skip != 1;
                next.skip = next.skip - 1;
            }
            next.last = next.left == 1;
            next.left = next.left - 1;
        }
        // A command goes to work as the packet at work ends, else it waits: what waits is loaded as long as nothing
        // does, so that no command hangs on the end of a packet.
        let waits = self.waits.q.val();
        let free = !next.valid || over;
        let fresh = job_of::<W>(self.s_trim.bits.val());
        let given = waits || self.s_trim.valid.val();
        self.s_trim.ready.next = !waits;
        let ahead = self.ahead.q.val();
        self.ahead.d.next = if waits { ahead } else { fresh };
        self.waits.d.next = given && !free;
        if free {
            next = if waits { ahead } else { fresh };
            next.valid = given;
        }
        self.job.d.next = next;
    }
}
