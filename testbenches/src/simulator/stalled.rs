//! The rule of every handshake: what was offered and not taken stays.

use super::bus_memory::BusMemory;
use super::ports::{Inputs, Outputs, Word};

/// A beat that was offered and not taken must be offered again unchanged.
#[derive(Default)]
pub struct Stalled {
    write: Option<(u64, Word, u64, bool)>,
    request: Option<(u64, u32, u8)>,
    transmit: Option<(Word, u64, bool)>,
}

impl Stalled {
    /// Looks at the three ports on which the engine offers beats.
    #[inline]
    pub fn check(&mut self, inputs: &Inputs, outputs: &Outputs, memory: &mut impl BusMemory, now: u64) {
        if self.write.is_some() || (outputs.write_valid && !inputs.write_ready) {
            let beat = (outputs.write_address, outputs.write_data, outputs.write_strobe, outputs.write_last);
            let kept = check("write", &mut self.write, outputs.write_valid.then_some(beat), inputs.write_ready);
            kept.unwrap_or_else(|what| memory.violate(now, what));
        }
        if self.request.is_some() || (outputs.request_valid && !inputs.request_ready) {
            let request = (outputs.request_address, outputs.request_length, outputs.request_tag);
            let offered = outputs.request_valid.then_some(request);
            let kept = check("read request", &mut self.request, offered, inputs.request_ready);
            kept.unwrap_or_else(|what| memory.violate(now, what));
        }
        if self.transmit.is_some() || (outputs.tx_valid && !inputs.tx_ready) {
            let beat = (outputs.tx_data, outputs.tx_keep, outputs.tx_last);
            let kept = check("transmit", &mut self.transmit, outputs.tx_valid.then_some(beat), inputs.tx_ready);
            kept.unwrap_or_else(|what| memory.violate(now, what));
        }
    }
}

fn check<B: PartialEq>(name: &str, stalled: &mut Option<B>, offered: Option<B>, ready: bool) -> Result<(), String> {
    let changed = stalled.is_some() && *stalled != offered;
    *stalled = if ready { None } else { offered };
    match changed {
        true => Err(format!("a {name} beat that was not taken changed")),
        false => Ok(()),
    }
}
