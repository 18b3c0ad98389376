//! Every length, with stalls, at several ratios of the clocks.
use super::bench::{padded, Frame, Rig};

/// Periods in picoseconds; how often the stream's user offers and takes, in percent.
const CASES: [([u64; 3], (u32, u32)); 5] = [
    ([10_000, 8000, 8000], (100, 100)),
    ([10_000, 8001, 7999], (40, 60)),
    ([9_973, 7_999, 8_009], (100, 30)),
    ([4_001, 8_000, 8_000], (15, 15)),
    ([20_011, 8_000, 8_000], (70, 90)),
];

#[test]
fn every_length_passes_both_ways() {
    for (number, (periods, pace)) in CASES.into_iter().enumerate() {
        let mut rig = Rig::new(periods, 0x53e3_0000 + number as u64);
        rig.pace = pace;
        let mut lengths: Vec<usize> = (60..=160).collect();
        lengths.extend(1490..=1514);
        let inward: Vec<Vec<u8>> = lengths.iter().map(|&length| rig.bytes(length)).collect();
        // Down to a single byte: the transmitter pads.
        let lengths: Vec<usize> = (1..=100).chain(1500..=1514).collect();
        let outward: Vec<Vec<u8>> = lengths.iter().map(|&length| rig.bytes(length)).collect();
        for bytes in &inward {
            rig.wire(bytes);
        }
        for bytes in &outward {
            rig.send(&Frame { bytes: bytes.clone(), error: false });
        }
        rig.drain();
        rig.run(4000);
        let expected: Vec<Frame> = inward.into_iter().map(|bytes| Frame { bytes, error: false }).collect();
        assert_eq!(rig.received, expected, "case {number}: {:?}", rig.counts);
        let sent: Vec<_> = rig.sent.iter().map(|sent| (sent.bytes.clone(), sent.check_right)).collect();
        let expected: Vec<_> = outward.into_iter().map(|bytes| (padded(bytes), true)).collect();
        assert!(sent == expected, "case {number}: {} sent of {}", sent.len(), expected.len());
    }
}

/// A reset in the middle of frames: what comes behind it is whole. What the wire carries when it ends is ignored.
#[test]
fn frames_behind_a_reset_are_whole() {
    for seed in 0..20 {
        let mut rig = Rig::new([10_000, 8000, 8000], 0x7e5e_0000 + seed);
        for _ in 0..6 {
            let bytes = rig.bytes(400);
            rig.wire(&bytes);
            rig.send(&Frame { bytes, error: false });
        }
        rig.run(900 + 97 * seed);
        rig.reset(true);
        rig.run(20);
        rig.abandon();
        rig.reset(false);
        rig.run(60);
        rig.run(3000);
        let left = rig.received.len();
        assert!(rig.received.iter().all(|frame| frame.bytes.len() == 400 && !frame.error), "{:?}", rig.received);
        let sent = rig.sent.len();
        let bytes = rig.bytes(100);
        rig.wire(&bytes);
        rig.send(&Frame { bytes: bytes.clone(), error: false });
        rig.drain();
        assert_eq!(rig.received[left..], [Frame { bytes: bytes.clone(), error: false }]);
        assert!(rig.sent.len() == sent + 1 && rig.sent[sent].bytes == bytes && rig.sent[sent].check_right);
    }
}
