//! The wire is full both ways at once.
use super::bench::{Frame, Rig, GAP};

/// Periods in picoseconds. The board's; RXC and TXC 200 parts in a million apart, both ways; a faster engine; the
/// slowest engine that keeps up, eight bytes for each eight of the wire.
const PERIODS: [[u64; 3]; 5] =
    [[10_000, 8000, 8000], [10_000, 7999, 8001], [10_000, 8001, 7999], [6400, 8000, 8000], [60_000, 8000, 8000]];

/// `count` frames of `length` bytes each way, none lost, and those that leave in exactly as many cycles as they take on
/// the wire with preamble, check sequence and gap.
fn full_wire(periods: [u64; 3], length: usize, count: usize, seed: u64) {
    let mut rig = Rig::new(periods, seed);
    let inward: Vec<Vec<u8>> = (0..count).map(|_| rig.bytes(length)).collect();
    let outward: Vec<Vec<u8>> = (0..count).map(|_| rig.bytes(length)).collect();
    for bytes in &inward {
        rig.wire(bytes);
    }
    for bytes in &outward {
        rig.send(&Frame { bytes: bytes.clone(), error: false });
    }
    rig.drain();
    rig.run(20_000);
    let received: Vec<_> = rig.received.iter().map(|frame| &frame.bytes).collect();
    assert_eq!(received.len(), count, "{:?}", rig.counts);
    assert!(received.iter().zip(&inward).all(|(got, expected)| *got == expected));
    assert!(rig.received.iter().all(|frame| !frame.error));
    assert_eq!(rig.sent.len(), count);
    assert!(rig.sent.iter().zip(&outward).all(|(sent, expected)| sent.check_right && sent.bytes == *expected));
    let counts = ["received", "sent"].map(|event| rig.count(event));
    assert_eq!((counts, rig.counts.iter().sum::<u64>()), ([count as u64; 2], 2 * count as u64), "{:?}", rig.counts);

    let on_wire = (length + 24) as u64;
    let taken = rig.sent[count - 1].to + GAP as u64 - rig.sent[0].from;
    let ideal = on_wire * count as u64;
    assert_eq!(taken, ideal, "cycles for {count} frames of {length} bytes");
}

#[test]
fn bulk_fills_the_wire_both_ways() {
    for (number, periods) in PERIODS.into_iter().enumerate() {
        full_wire(periods, 1514, 40, 0x9a7e_0000 + number as u64);
    }
}

#[test]
fn shortest_frames_fill_the_wire_both_ways() {
    for (number, periods) in PERIODS.into_iter().enumerate() {
        full_wire(periods, 60, 300, 0x9a7e_0100 + number as u64);
    }
}
