//! The cycles that the blocks' texts promise, and what they hold.
use super::bench::checked;
use stevedore_hdl::prelude::*;
use stevedore_rtl::bundles::Beat;
use stevedore_rtl::mac::{FrameByte, FrameStore, MacReceiver, MacTransmitter, Narrower, PhyByte, Widener};

fn byte(data: usize, last: bool) -> FrameByte {
    FrameByte { data: (data as u64 & 255).into(), last, error: false }
}

fn beat(data: u64, count: u64, last: bool) -> Beat<64> {
    Beat { data: data.into(), count: count.into(), last, error: false }
}

#[test]
fn received_byte_leaves_six_cycles_later_and_the_verdict_two_behind_the_end() {
    let mut bench = bench!(MacReceiver::default());
    bench.reset(|uut, on| uut.reset.next = on);
    let frame: Vec<u8> = [&[0x55, 0xd5][..], &checked(&(0..60).collect::<Vec<u8>>())].concat();
    bench.step();
    let begin = bench.cycle;
    let (mut bytes, mut good) = (vec![], None);
    while bench.cycle < begin + 100 {
        let at = (bench.cycle - begin) as usize;
        bench.uut.phy.next = frame.get(at).map_or(PhyByte::default(), |&data| PhyByte {
            data: u64::from(data).into(),
            valid: true,
            error: false,
        });
        bench.settle();
        if bench.uut.byte_valid.val() {
            bytes.push((at, bench.uut.byte.val()));
        }
        if bench.uut.good.val() {
            good = Some(at);
        }
        bench.step();
    }
    let data: Vec<u64> = bytes.iter().map(|(_, byte)| byte.data.index() as u64).collect();
    assert_eq!(data, (0..60).collect::<Vec<u64>>());
    // Byte 0 came in cycle 2; the first cycle without a byte is that behind the frame.
    assert_eq!(bytes[0].0, 2 + 6);
    assert_eq!(good, Some(frame.len() + 1));
    let (at, last) = bytes[59];
    assert!(last.last && !last.error && at == frame.len() + 1, "{last:?} in cycle {at}");
}

#[test]
fn frame_is_offered_two_cycles_behind_its_last_beat_and_the_store_holds_two() {
    let mut bench = bench!(FrameStore::<64>::new(2));
    bench.reset(|uut, on| uut.reset.next = on);
    bench.step();
    let (mut taken, mut first) = (vec![], None);
    let beats = 1514usize.div_ceil(8);
    let mut given = 0;
    while bench.cycle < 2000 && given < 2 * beats {
        let last = given % beats == beats - 1;
        bench.uut.s_frame.valid.next = true;
        bench.uut.s_frame.bits.next = beat(given as u64, if last { 2 } else { 8 }, last);
        bench.settle();
        if bench.uut.m_frame.valid.val() {
            first = first.or(Some(bench.cycle));
        }
        if bench.uut.s_frame.ready.val() {
            given += 1;
            taken.push(bench.cycle);
        }
        bench.step();
    }
    assert_eq!(given, 2 * beats, "two frames of the greatest length find room though nothing leaves");
    assert_eq!(taken[2 * beats - 1] - taken[0], 2 * beats as u64 - 1, "a beat per cycle");
    assert_eq!(first, Some(taken[beats - 1] + 2));
    bench.uut.s_frame.valid.next = false;
    bench.uut.m_frame.ready.next = true;
    for expected in 0..2 * beats as u64 {
        bench.settle();
        assert!(bench.uut.m_frame.valid.val() && bench.uut.m_frame.bits.val().data == expected, "beat {expected}");
        bench.step();
    }
    bench.settle();
    assert!(!bench.uut.m_frame.valid.val() && !bench.uut.dropped.val());
}

#[test]
fn widener_and_narrower_take_a_cycle() {
    let mut bench = bench!(Widener::<64>::default());
    bench.reset(|uut, on| uut.reset.next = on);
    bench.uut.m_beat.ready.next = true;
    for number in 0..24 {
        bench.uut.byte_valid.next = true;
        bench.uut.byte.next = byte(number, number == 18);
        bench.settle();
        let expected = match number {
            8 => Some(beat(0x0706_0504_0302_0100, 8, false)),
            16 => Some(beat(0x0f0e_0d0c_0b0a_0908, 8, false)),
            19 => Some(beat(0x12_1110, 3, true)),
            _ => None,
        };
        let shown = bench.uut.m_beat.valid.val().then(|| bench.uut.m_beat.bits.val());
        let lanes = |beat: Beat<64>| {
            let keep = if beat.count == 8 { u64::MAX } else { (1 << (8 * beat.count.index())) - 1 };
            (beat.data & keep, beat.count, beat.last, beat.error)
        };
        assert_eq!(shown.map(lanes), expected.map(lanes), "byte {number}");
        bench.step();
    }

    let mut bench = bench!(Narrower::<64>::default());
    bench.reset(|uut, on| uut.reset.next = on);
    bench.uut.m_byte.ready.next = true;
    bench.uut.s_beat.valid.next = true;
    let begin = bench.cycle;
    let mut given = 0u64;
    while bench.cycle < begin + 30 {
        bench.uut.s_beat.bits.next =
            beat(0x0807_0605_0403_0201 + given, if given % 2 == 0 { 8 } else { 3 }, given % 2 == 1);
        bench.settle();
        let at = bench.cycle - begin;
        assert_eq!(bench.uut.m_byte.valid.val(), at > 0, "a byte in every cycle but the first");
        if at > 0 {
            let place = (at - 1) % 11;
            assert_eq!(bench.uut.m_byte.bits.val().last, place == 10, "cycle {at}");
        }
        if bench.uut.s_beat.ready.val() {
            given += 1;
        }
        bench.step();
    }
}

#[test]
fn transmitter_begins_two_cycles_after_the_offer_and_takes_24_cycles_more_than_bytes() {
    let mut bench = bench!(MacTransmitter::default());
    bench.reset(|uut, on| uut.reset.next = on);
    (0..20).for_each(|_| bench.step());
    let begin = bench.cycle;
    let (mut given, mut begins, mut before) = (0usize, vec![], false);
    while bench.cycle < begin + 300 {
        bench.uut.s_byte.valid.next = true;
        bench.uut.s_byte.bits.next = byte(given, given % 70 == 69);
        bench.settle();
        let phy = bench.uut.phy.val();
        if phy.valid && !before {
            begins.push(bench.cycle - begin);
        }
        if bench.cycle == begin + 10 {
            assert_eq!(phy.data, 0, "the first byte");
        }
        before = phy.valid;
        if bench.uut.s_byte.ready.val() {
            given += 1;
        }
        bench.step();
    }
    assert_eq!(begins[..3], [2, 2 + 94, 2 + 2 * 94]);
}
