//! The base blocks in rust-hdl's simulator.
use stevedore_hdl::prelude::*;
use stevedore_verilated::lint;

/// A small generator with a fixed seed, so that a failure repeats.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
    fn chance(&mut self, percent: u64) -> bool {
        self.next() % 100 < percent
    }
}

const SEED: u64 = 0x5eed_0001;

/// Pushes `count` words through a channel block with random stalls; returns the cycles taken.
macro_rules! stream {
    ($bench: ident, $count: expr, $push: expr, $pull: expr) => {{
        let mut random = Random(SEED);
        let (mut sent, mut received, mut offering) = (0u64, 0u64, false);
        let start = $bench.cycle;
        while received < $count {
            assert!($bench.cycle - start < 100 * $count + 100, "seed {SEED:#x}: stuck at word {received}");
            offering = offering || (sent < $count && random.chance($push));
            let take = random.chance($pull);
            $bench.uut.s_in.valid.next = offering;
            $bench.uut.s_in.bits.next = (sent & 0xffff).into();
            $bench.uut.m_out.ready.next = take;
            $bench.settle();
            if $bench.uut.m_out.valid.val() && take {
                assert_eq!($bench.uut.m_out.bits.val(), received & 0xffff, "seed {SEED:#x}, word {received}");
                received += 1;
            }
            if offering && $bench.uut.s_in.ready.val() {
                sent += 1;
                offering = false;
            }
            $bench.step();
        }
        $bench.cycle - start
    }};
}

/// 500 words come out of a new `$block` as they went in, whoever stalls; in `$cycles` cycles if nobody does.
macro_rules! keeps_order {
    ($block:expr, $cycles:expr) => {
        for (push, pull) in [(100, 100), (50, 50), (100, 30), (30, 100)] {
            let mut b = bench!($block);
            b.reset(|u, on| u.reset.next = on);
            let cycles = stream!(b, 500, push, pull);
            if push == 100 && pull == 100 {
                assert_eq!(cycles, $cycles);
            }
        }
    };
}

#[test]
fn skid_buffer_keeps_order_at_full_rate() {
    keeps_order!(SkidBuffer::<Bits<16>>::default(), 501);
}

#[test]
fn ping_pong_keeps_order_at_full_rate() {
    keeps_order!(PingPong::<Bits<16>>::default(), 501);
}

#[test]
fn single_ping_pong_keeps_order_every_second_cycle() {
    keeps_order!(PingPong::<Bits<16>>::single(), 1000);
}

#[test]
fn fifo_keeps_order_at_full_rate() {
    for depth in [1, 2, 3, 16, 20] {
        for (push, pull) in [(100, 100), (50, 50), (100, 30), (30, 100)] {
            let mut b = bench!(Fifo::<Bits<16>>::new(depth));
            b.reset(|u, on| u.reset.next = on);
            b.step();
            let cycles = stream!(b, 500, push, pull);
            if push == 100 && pull == 100 && depth > 2 {
                assert_eq!(cycles, 502, "depth {depth}");
            }
        }
    }
}

#[test]
fn fifo_holds_its_depth() {
    let mut b = bench!(Fifo::<Bits<16>>::new(5));
    b.reset(|u, on| u.reset.next = on);
    b.step();
    b.uut.s_in.valid.next = true;
    (0..10).for_each(|_| b.step());
    assert_eq!(b.uut.level.val(), 5);
    assert!(!b.uut.s_in.ready.val());
}

#[test]
fn ram_returns_the_old_word_when_read_while_written() {
    let mut b = bench!(DualPortRam::<Bits<8>>::new(10).with_contents(vec![7.into(), 8.into()]));
    b.uut.read_address.next = 1.into();
    b.uut.write_address.next = 17.into();
    b.uut.write_data.next = 9.into();
    b.uut.write_enable.next = true;
    b.step();
    assert_eq!(b.uut.read_data.val(), 8);
    b.step();
    assert_eq!(b.uut.read_data.val(), 9);
}

#[test]
fn byte_ram_writes_the_enabled_bytes() {
    let mut b = bench!(ByteRam::<32, 4>::new(4));
    b.uut.write_data.next = 0xaabb_ccdd.into();
    b.uut.write_enable.next = 0b0101.into();
    b.step();
    b.uut.write_enable.next = 0.into();
    b.step();
    assert_eq!(b.uut.read_data.val(), 0x00bb_00dd);
}

/// Every warning of Verilator on, and yosys's structural check.
fn assert_clean(text: &str, top: &str) {
    if let Err(error) = lint(text, top, &[]) {
        panic!("{top}: {error:#}\n{text}");
    }
    let report = stevedore_verilated::yosys::check(text, top).expect("yosys reads the text");
    assert!(report.is_clean(), "{top}: {report}");
}

#[test]
fn verilog_is_clean() {
    assert_clean(&verilog(&SkidBuffer::<Bits<16>>::default(), "skid"), "skid");
    assert_clean(&verilog(&PingPong::<Bits<16>>::default(), "pair"), "pair");
    assert_clean(&verilog(&PingPong::<Bits<16>>::single(), "pair"), "pair");
    assert_clean(&verilog(&Fifo::<Bits<1>>::new(1), "fifo"), "fifo");
    assert_clean(&verilog(&Fifo::<Bits<72>>::new(20), "fifo"), "fifo");
    assert_clean(&verilog(&ByteRam::<32, 4>::new(4), "ram"), "ram");
    assert_clean(&verilog(&ByteRam::<8, 1>::new(4), "ram"), "ram");
    assert_clean(&verilog(&DualPortRam::<Bits<8>>::new(10).with_contents(vec![7.into(), 8.into()]), "ram"), "ram");
    assert_clean(&verilog(&DualPortRam::<bool>::new(2), "ram"), "ram");
}
