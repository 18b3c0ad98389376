//! Which connections both sides have ended: what a wire repeats of those is answered with RST (RFC 9293 3.10.7.1), and
//! such a RST is no fault.

use super::counters::Segment;
use std::collections::HashMap;
use stevedore_abi::descriptor::Endpoint;

/// Who has sent a FIN, the peer and the engine, of every connection.
#[derive(Default)]
pub struct Ends(HashMap<u64, [bool; 2]>);

impl Ends {
    /// Takes in a segment, of the engine if `outward`, else to the engine. Whether the segment is a RST of a connection
    /// that both have ended.
    pub fn late_reset(&mut self, segment: &Segment, outward: bool) -> bool {
        if !(segment.reset || segment.begins || segment.ends) {
            return false;
        }
        let (own, peer) = if outward { (segment.from, segment.to) } else { (segment.to, segment.from) };
        let endpoint = Endpoint { remote_address: peer.0, remote_port: peer.1, local_port: own.1 };
        let ended = self.0.entry(endpoint.to_base()).or_default();
        if segment.begins {
            *ended = [false; 2];
        }
        if segment.ends {
            ended[usize::from(outward)] = true;
        }
        segment.reset && *ended == [true; 2]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_resets_behind_both_ends_are_late() {
        let segment = |from, to| Segment { from: (9, from), to: (9, to), ..Segment::default() };
        let (out, back) = (segment(5, 80), segment(80, 5));
        let mut ends = Ends::default();
        assert!(!ends.late_reset(&Segment { ends: true, ..out }, true));
        assert!(!ends.late_reset(&Segment { reset: true, ..out }, true));
        assert!(!ends.late_reset(&Segment { ends: true, ..back }, false));
        assert!(!ends.late_reset(&out, true));
        assert!(ends.late_reset(&Segment { reset: true, ..out }, true));
        assert!(!ends.late_reset(&Segment { reset: true, ..segment(6, 80) }, true));
        assert!(!ends.late_reset(&Segment { begins: true, ..out }, true));
        assert!(!ends.late_reset(&Segment { reset: true, ..out }, true));
    }
}
