//! The transmitter alone, with a giver of bytes who fails.
use super::bench::checked;
use stevedore_hdl::prelude::*;
use stevedore_rtl::mac::{FrameByte, MacTransmitter};

/// Bytes in the order of their cycles; none is a cycle without one.
fn bytes_of(frame: &[u8], error: bool) -> Vec<Option<FrameByte>> {
    let last = frame.len() - 1;
    let byte = |(i, &data): (usize, &u8)| FrameByte {
        data: u64::from(data).into(),
        last: i == last,
        error: i == last && error,
    };
    frame.iter().enumerate().map(byte).map(Some).collect()
}

/// A frame that left, its preamble included; whether it carried an error; the gap in front of it.
type Left = (Vec<u8>, bool, u64);

/// What leaves, and how many `sent` and `underrun` there were.
fn run(given: Vec<Option<FrameByte>>) -> (Vec<Left>, u64, u64) {
    let mut bench = bench!(MacTransmitter::default());
    bench.reset(|uut, on| uut.reset.next = on);
    let mut given = given.into_iter().peekable();
    let (mut frames, mut frame, mut error, mut gap, mut idle) = (vec![], vec![], false, 0, 0);
    let (mut sent, mut underrun) = (0, 0);
    while idle < 200 {
        let offered = given.peek().copied().flatten();
        bench.uut.s_byte.valid.next = offered.is_some();
        bench.uut.s_byte.bits.next = offered.unwrap_or_default();
        bench.settle();
        let takes = bench.uut.s_byte.ready.val();
        let phy = bench.uut.phy.val();
        if phy.valid {
            frame.push(phy.data.index() as u8);
            error |= phy.error;
            idle = 0;
        } else {
            if !frame.is_empty() {
                frames.push((std::mem::take(&mut frame), std::mem::take(&mut error), std::mem::take(&mut gap)));
            }
            gap += 1;
            idle += 1;
        }
        sent += u64::from(bench.uut.sent.val());
        underrun += u64::from(bench.uut.underrun.val());
        if takes {
            given.next();
        }
        bench.step();
    }
    (frames, sent, underrun)
}

/// The complement of a check sequence has no bit in common with it.
fn spoiled(bytes: &[u8]) -> Vec<u8> {
    let mut frame = checked(bytes);
    let data = frame.len() - 4;
    frame[data..].iter_mut().for_each(|byte| *byte = !*byte);
    frame
}

const PREAMBLE: [u8; 8] = [0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0xd5];

#[test]
fn frame_with_an_error_leaves_with_a_wrong_check_sequence() {
    let (long, short): (Vec<u8>, Vec<u8>) = ((0..90).collect(), (7..27).collect());
    let mut padded = short.clone();
    padded.resize(60, 0);
    let given = [(&long, true), (&long, false), (&short, true), (&short, false)];
    let (frames, sent, underrun) = run(given.into_iter().flat_map(|(frame, error)| bytes_of(frame, error)).collect());
    let expected = [spoiled(&long), checked(&long), spoiled(&padded), checked(&padded)];
    for ((frame, error, _), expected) in frames.iter().zip(&expected) {
        assert_eq!(frame, &[&PREAMBLE[..], expected].concat());
        assert!(!error);
    }
    assert!(frames[1..].iter().all(|(.., gap)| *gap == 12), "frames that wait leave one after the other");
    assert_eq!((frames.len(), sent, underrun), (4, 4, 0));
}

/// A frame that breaks off ends with an error and a wrong check sequence; its rest is thrown away; the next is whole.
#[test]
fn frame_that_breaks_off_hurts_no_other() {
    let frame: Vec<u8> = (0..100).collect();
    for at in [1, 40, 59, 60, 99] {
        let mut broken = bytes_of(&frame, false);
        broken.splice(at..at, [None]);
        let (frames, sent, underrun) = run(broken.into_iter().chain(bytes_of(&frame, false)).collect());
        assert_eq!((frames.len(), sent, underrun), (2, 2, 1), "broken at {at}");
        let (cut, error, _) = &frames[0];
        assert!(*error, "broken at {at}");
        let bytes = &cut[8..cut.len() - 4];
        assert_eq!(bytes[..at], frame[..at]);
        assert_eq!(cut[8..], spoiled(bytes), "broken at {at}");
        let (whole, error, gap) = &frames[1];
        assert_eq!(whole[..], [&PREAMBLE[..], &checked(&frame)].concat());
        assert!(!error && *gap >= 12, "broken at {at}");
    }
}
