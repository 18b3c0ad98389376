//! The options of the handshake: what a SYN announces, and what both SYN segments agree on.
//!
//! Window scale (RFC 7323 2): our SYN offers it, our SYN-ACK answers it if the peer's SYN had it, and windows are
//! scaled only if both SYN segments had it. The peer's windows are then shifted left by its shift, but for that of a
//! SYN, which is never scaled. Ours are announced with shift 0: what `window.rs` announces fits 16 bits. A larger
//! `SHIFT` needs windows there that are multiples of it and whose right edge never moves back.
use crate::bundles::{Event, Hard, Optional, Options, TcpSettings, TcpState};
use stevedore_hdl::prelude::*;

/// Shift of the windows announced, Rcv.Wind.Shift.
const SHIFT: u64 = 0;

/// The options of a segment that is sent: none unless it is a `syn`.
#[kernel_fn]
pub fn announced(hard: Hard, settings: TcpSettings, syn: bool) -> Options {
    Options {
        mss: Optional::<16> { present: syn, value: settings.mss },
        window_scale: Optional::<4> { present: syn && hard.scaled, value: bits::<4>(SHIFT) },
    }
}

/// A connection that begins: the host's offers what it can, the peer's answers the SYN.
#[kernel_fn]
pub fn begun(hard: Hard, event: Event) -> Hard {
    let mut next = hard;
    let scale = event.options.window_scale;
    next.scaled = hard.state == TcpState::SynSent || (hard.state == TcpState::SynReceived && scale.present);
    if hard.state == TcpState::SynReceived {
        next.snd_scale = scale.value;
    }
    next
}

/// A connection in SYN-SENT that gets the peer's SYN.
#[kernel_fn]
pub fn agreed(hard: Hard, event: Event) -> Hard {
    let mut next = hard;
    let scale = event.options.window_scale;
    next.scaled = hard.scaled && scale.present;
    next.snd_scale = mux(hard.scaled, scale.value, bits::<4>(0));
    next
}

/// SEG.WND in bytes.
#[kernel_fn]
pub fn window_of(event: Event, hard: Hard) -> Bits<30> {
    let window = resize::<30, 16>(event.window);
    if event.control.syn {
        window
    } else {
        window << hard.snd_scale
    }
}
