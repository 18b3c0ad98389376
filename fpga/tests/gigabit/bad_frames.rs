//! What is wrong is dropped and counted, and hurts nothing else.
use super::bench::{checked, Frame, Rig, GAP};
use rand::Rng;

const BOARD: [u64; 3] = [10_000, 8000, 8000];

/// A sound frame between all others, which must arrive.
fn sound(rig: &mut Rig, expected: &mut Vec<Vec<u8>>) {
    let length = rig.random.random_range(60..200);
    let bytes = rig.bytes(length);
    rig.wire(&bytes);
    expected.push(bytes);
}

/// The sound frames arrived, in order; every other that arrived says that it is damaged.
fn judge(rig: &Rig, expected: &[Vec<u8>]) {
    let sound: Vec<_> = rig.received.iter().filter(|frame| !frame.error).map(|frame| frame.bytes.clone()).collect();
    assert!(sound == expected, "{} sound frames of {}: {:?}", sound.len(), expected.len(), rig.counts);
    assert_eq!(rig.count("received"), expected.len() as u64);
}

#[test]
fn runts_are_counted() {
    let mut rig = Rig::new(BOARD, 0xbad0_0001);
    let mut expected = vec![];
    for length in 0..64 {
        // With a right check sequence and with none.
        let bytes = rig.bytes(length);
        let runt = if length >= 4 && length % 2 == 0 { checked(&bytes[4..]) } else { bytes };
        rig.wire_raw(&runt, GAP, None);
        sound(&mut rig, &mut expected);
    }
    rig.drain();
    judge(&rig, &expected);
    assert_eq!((rig.count("runt"), rig.count("check_failed"), rig.count("oversize")), (64, 0, 0));
}

#[test]
fn the_shortest_and_the_longest_are_no_runts_and_not_oversize() {
    let mut rig = Rig::new(BOARD, 0xbad0_0002);
    let expected: Vec<Vec<u8>> = [60, 1514].into_iter().map(|length| rig.bytes(length)).collect();
    expected.iter().for_each(|bytes| rig.wire(bytes));
    rig.drain();
    judge(&rig, &expected);
}

#[test]
fn wrong_check_sequences_are_counted() {
    let mut rig = Rig::new(BOARD, 0xbad0_0003);
    let mut expected = vec![];
    for turn in 0..100 {
        let length = rig.random.random_range(60..300);
        let bytes = rig.bytes(length);
        let mut bytes = checked(&bytes);
        let at = if turn < 8 { bytes.len() - 1 - turn } else { rig.random.random_range(0..bytes.len()) };
        bytes[at] ^= 1 << rig.random.random_range(0..8);
        rig.wire_raw(&bytes, GAP, None);
        sound(&mut rig, &mut expected);
    }
    rig.drain();
    judge(&rig, &expected);
    assert_eq!((rig.count("check_failed"), rig.counts[2..5].iter().sum::<u64>()), (100, 0));
    assert_eq!(rig.received.len(), 200, "damaged frames come with their error");
}

/// RX_ER inside of a frame, although the check sequence is right.
#[test]
fn errors_of_the_phy_are_counted() {
    let mut rig = Rig::new(BOARD, 0xbad0_0004);
    let mut expected = vec![];
    for at in [0, 1, 30, 99, 103] {
        let bytes = rig.bytes(100);
        rig.wire_raw(&checked(&bytes), GAP, Some(at));
        sound(&mut rig, &mut expected);
    }
    rig.drain();
    judge(&rig, &expected);
    assert_eq!(rig.count("check_failed"), 5);
}

#[test]
fn oversize_frames_are_cut_and_counted() {
    let mut rig = Rig::new(BOARD, 0xbad0_0005);
    let mut expected = vec![];
    for length in [1515, 1516, 1522, 2000, 9000, 70_000] {
        let bytes = rig.bytes(length);
        rig.wire(&bytes);
        sound(&mut rig, &mut expected);
    }
    rig.drain();
    judge(&rig, &expected);
    assert_eq!((rig.count("oversize"), rig.count("check_failed"), rig.count("runt")), (6, 0, 0));
    assert!(rig.received.iter().all(|frame| frame.bytes.len() <= 1514));
}

/// The user of the stream takes nothing, or little: frames that find no room are counted, all others are whole.
#[test]
fn frames_without_room_are_counted() {
    for (number, pace) in [0, 1, 3, 6, 9, 12, 14].into_iter().enumerate() {
        let mut rig = Rig::new(BOARD, 0xbad0_0600 + number as u64);
        rig.pace.1 = pace;
        let mut given = vec![];
        for _ in 0..150 {
            let length = rig.random.random_range(60..400);
            let bytes = rig.bytes(length);
            rig.wire(&bytes);
            given.push(bytes);
        }
        rig.drain();
        // Afterwards everything works as before.
        rig.pace.1 = 100;
        rig.run(2000);
        let bytes = rig.bytes(90);
        rig.wire(&bytes);
        given.push(bytes);
        rig.drain();
        let mut rest = given.iter();
        let mut whole = 0;
        for frame in rig.received.iter().filter(|frame| !frame.error) {
            assert!(rest.any(|bytes| *bytes == frame.bytes), "pace {pace}: a frame nobody sent, or out of order");
            whole += 1;
        }
        assert!(rest.next().is_none(), "pace {pace}: the last frame is missing");
        let lost = rig.count("overrun");
        assert_eq!((whole + lost, rig.count("received")), (151, 151), "pace {pace}: {:?}", rig.counts);
        assert!(lost > 0, "pace {pace}");
    }
}

/// Frames for the wire that are damaged or too long are not sent; they do not stop others.
#[test]
fn frames_that_must_not_be_sent_are_counted() {
    let mut rig = Rig::new(BOARD, 0xbad0_0007);
    let mut expected = vec![];
    for (length, error) in
        [(100, true), (1, true), (1521, false), (1528, false), (8, true), (5000, true), (3000, false)]
    {
        let bytes = rig.bytes(length);
        rig.send(&Frame { bytes, error });
        let length = rig.random.random_range(60..200);
        let bytes = rig.bytes(length);
        rig.send(&Frame { bytes: bytes.clone(), error: false });
        expected.push(bytes);
    }
    rig.drain();
    let sent: Vec<_> = rig.sent.iter().map(|sent| sent.bytes.clone()).collect();
    assert_eq!(sent, expected);
    assert_eq!((rig.count("refused"), rig.count("sent"), rig.count("underrun")), (7, 7, 0));
}

/// Something that is no preamble is no frame, even with a delimiter in it; a short preamble is one.
#[test]
fn only_a_preamble_begins_a_frame() {
    let mut rig = Rig::new(BOARD, 0xbad0_0008);
    let bytes = rig.bytes(80);
    let mut expected = vec![];
    for before in [&[0x55u8, 0x54, 0x55, 0xd5][..], &[0xff, 0xd5], &[0x5d, 0x55, 0xd5]] {
        rig.wire_bytes(&[before, &checked(&bytes)].concat());
        sound(&mut rig, &mut expected);
    }
    for before in [&[0x55u8, 0xd5][..], &[0xd5], &[0x55; 30]] {
        let delimiter: &[u8] = if before.ends_with(&[0xd5]) { &[] } else { &[0xd5] };
        rig.wire_bytes(&[before, delimiter, &checked(&bytes)].concat());
        expected.push(bytes.clone());
    }
    rig.drain();
    judge(&rig, &expected);
    assert_eq!(rig.counts.iter().sum::<u64>(), expected.len() as u64, "{:?}", rig.counts);
}
