//! Drives a receiver with frames and collects what it makes of them.
use crate::frames::{settings, verdict, Verdict};
use rand::rngs::StdRng;
use rand::Rng;
use std::collections::VecDeque;
use stevedore_hdl::prelude::*;
use stevedore_rtl::bundles::{Beat, FrameExtent, SegmentHeader, Settings};
use stevedore_rtl::rx::Receiver;
use stevedore_testbenches::replay::{Compiled, Dut, Stepped};

/// A receiver in either simulator.
pub trait ReceiverDut: Dut {
    /// Drives the settings.
    fn set(&mut self, settings: Settings);
    /// `frame_in`, `drop_malformed`, `drop_checksum`, `drop_full`.
    fn pulses(&self) -> [bool; 4];
}

impl<const W: usize> ReceiverDut for Stepped<Receiver<W>> {
    fn set(&mut self, settings: Settings) {
        self.bench.uut.settings.next = settings;
    }
    fn pulses(&self) -> [bool; 4] {
        let uut = &self.bench.uut;
        [uut.frame_in.val(), uut.drop_malformed.val(), uut.drop_checksum.val(), uut.drop_full.val()]
    }
}

impl ReceiverDut for Compiled {
    fn set(&mut self, settings: Settings) {
        let port = self.model.port("settings");
        let pack = |bits: &[bool]| bits.iter().rev().fold(0, |value, &bit| value << 1 | u32::from(bit));
        let words: Vec<u32> = settings.to_flat().chunks(32).map(pack).collect();
        self.model.set_wide(port, &words);
    }
    fn pulses(&self) -> [bool; 4] {
        ["frame_in", "drop_malformed", "drop_checksum", "drop_full"]
            .map(|name| self.model.get(self.model.port(name)) != 0)
    }
}

/// How often a side stalls.
#[derive(Clone, Copy, Debug)]
pub enum Stalls {
    None,
    Random,
    Heavy,
}

impl Stalls {
    pub const ALL: [Stalls; 3] = [Stalls::None, Stalls::Random, Stalls::Heavy];

    /// Whether to move in this cycle.
    pub fn go(self, rng: &mut StdRng) -> bool {
        match self {
            Stalls::None => true,
            Stalls::Random => rng.random(),
            Stalls::Heavy => rng.random_bool(0.1),
        }
    }
}

/// A frame on the wire.
#[derive(Clone, Debug)]
pub struct Wire {
    pub bytes: Vec<u8>,
    pub damaged: bool,
}

/// Everything that came out.
#[derive(Default)]
pub struct Outcome {
    pub headers: Vec<SegmentHeader>,
    pub extents: Vec<FrameExtent>,
    pub frames: Vec<Vec<u8>>,
    /// In the order of [`ReceiverDut::pulses`].
    pub counts: [usize; 4],
    /// Cycle of every last beat in, of every header's first offer.
    pub last_in: Vec<u64>,
    pub header_out: Vec<u64>,
}

/// Cuts a frame into beats.
pub fn beats<const W: usize>(wire: &Wire, rng: &mut StdRng) -> Vec<Beat<W>> {
    let lanes = W / 8;
    let count = wire.bytes.len().div_ceil(lanes);
    (0..count)
        .map(|i| {
            let chunk = &wire.bytes[i * lanes..wire.bytes.len().min((i + 1) * lanes)];
            let mut flat: Vec<bool> = chunk.iter().flat_map(|b| (0..8).map(move |bit| b >> bit & 1 == 1)).collect();
            flat.resize_with(W, || rng.random());
            let last = i + 1 == count;
            Beat { data: Bits::from_flat(&flat), count: bits(chunk.len() as u64), last, error: last && wire.damaged }
        })
        .collect()
}

fn bytes_of<const W: usize>(beat: &Beat<W>) -> Vec<u8> {
    let count = beat.count.index();
    beat.data
        .to_flat()
        .chunks(8)
        .take(count)
        .map(|b| b.iter().rev().fold(0, |v, &bit| v << 1 | u8::from(bit)))
        .collect()
}

/// Runs the frames through the receiver. `inlet` and `outlet` stall their sides, `gap` idle cycles follow every frame.
pub fn run<const W: usize>(
    dut: &mut impl ReceiverDut,
    wires: &[Wire],
    inlet: Stalls,
    outlet: Stalls,
    gap: u64,
    rng: &mut StdRng,
) -> Outcome {
    let mut out = Outcome::default();
    let mut queue: VecDeque<Beat<W>> = VecDeque::new();
    let mut wires = wires.iter();
    let mut pause = 0;
    let mut quiet = 0;
    let mut frame = Vec::new();
    let mut seen = 0;
    dut.set(settings());
    // The tail: everything drains once the wire is silent.
    while quiet < 300 {
        if queue.is_empty() && pause == 0 {
            if let Some(wire) = wires.next() {
                queue.extend(beats::<W>(wire, rng));
                pause = gap;
            }
        }
        let offered = if queue.is_empty() {
            pause = u64::saturating_sub(pause, 1);
            false
        } else {
            inlet.go(rng)
        };
        let flat = queue.front().filter(|_| offered).map(|beat| beat.to_flat());
        dut.offer("s_frame", flat.as_deref());
        let accept = ["m_header", "m_extent", "m_frame"].map(|port| {
            let go = outlet.go(rng);
            dut.accept(port, go);
            go
        });
        dut.settle();
        quiet += 1;
        if offered {
            assert!(dut.ready("s_frame"), "the wire must never wait");
            if queue.pop_front().is_some_and(|beat| beat.last) {
                out.last_in.push(dut.cycle());
            }
            quiet = 0;
        }
        if let Some(word) = dut.word("m_header") {
            if seen == out.headers.len() {
                out.header_out.push(dut.cycle());
                seen += 1;
            }
            if accept[0] {
                out.headers.push(SegmentHeader::from_flat(&word));
                quiet = 0;
            }
        }
        if let Some(word) = dut.word("m_extent").filter(|_| accept[1]) {
            out.extents.push(FrameExtent::from_flat(&word));
            quiet = 0;
        }
        if let Some(word) = dut.word("m_frame").filter(|_| accept[2]) {
            let beat = Beat::<W>::from_flat(&word);
            assert!(!beat.error && beat.count != 0);
            frame.extend(bytes_of(&beat));
            if beat.last {
                out.frames.push(std::mem::take(&mut frame));
            } else {
                assert_eq!(beat.count.index(), W / 8);
            }
            quiet = 0;
        }
        for (count, pulse) in out.counts.iter_mut().zip(dut.pulses()) {
            *count += usize::from(pulse);
        }
        dut.step();
    }
    assert!(frame.is_empty(), "half a frame came out");
    out
}

/// Compares an outcome with the plain reading of the frames. Frames may be missing only if they were counted as dropped
/// for want of room, and only if `lossy`.
pub fn check(wires: &[Wire], out: &Outcome, lossy: bool, context: &str) {
    let verdicts: Vec<Verdict> = wires.iter().map(|wire| verdict(&wire.bytes, wire.damaged)).collect();
    let count = |of: Verdict| verdicts.iter().filter(|&&v| v == of).count();
    let good: Vec<_> = wires
        .iter()
        .zip(&verdicts)
        .filter_map(|(wire, verdict)| match verdict {
            Verdict::Segment(header) => Some((wire, header)),
            _ => None,
        })
        .collect();
    assert_eq!(out.counts[0], wires.len(), "{context}: frames in");
    assert_eq!(out.counts[1], count(Verdict::Malformed), "{context}: malformed");
    assert_eq!(out.counts[2], count(Verdict::Checksum), "{context}: checksums");
    assert_eq!(out.counts[3], good.len() - out.headers.len(), "{context}: full");
    assert!(lossy || out.counts[3] == 0, "{context}: {} frames lost", out.counts[3]);
    assert_eq!(out.headers.len(), out.frames.len(), "{context}: frames out");
    assert_eq!(out.headers.len(), out.extents.len(), "{context}: extents out");
    let mut expected = good.iter();
    for (i, header) in out.headers.iter().enumerate() {
        let (wire, _) = expected
            .by_ref()
            .find(|(wire, good)| (*good == header && wire.bytes == out.frames[i]) || !lossy)
            .unwrap_or_else(|| panic!("{context}: header {i} belongs to no frame: {header:?}"));
        assert_eq!(verdict(&wire.bytes, wire.damaged), Verdict::Segment(*header), "{context}: header {i}");
        assert_eq!(wire.bytes, out.frames[i], "{context}: frame {i}");
        assert_eq!(out.extents[i].payload_offset, header.payload_offset, "{context}: extent {i}");
        assert_eq!(out.extents[i].frame_length, header.frame_length, "{context}: extent {i}");
    }
}
