//! The blocks at the bottom, each alone: rust-hdl's simulator and the Verilated block on the same stimulus, every
//! output equal in every cycle. What the outputs should be is judged in the tests of the blocks around them; realigner,
//! lookup and DMA have such tests of their own.

use etherparse::{PacketBuilder, TcpOptionElement};
use rand::{rngs::StdRng, Rng, RngCore, SeedableRng};
use stevedore_hdl::prelude::*;
use stevedore_rtl::bundles::{Beat, Event, EventKind, Settings};
use stevedore_rtl::connection::pipeline::Pipeline;
use stevedore_rtl::connection::stages::Issued;
use stevedore_rtl::geometry::Geometry;
use stevedore_rtl::rx::{Parser, Verifier};
use stevedore_rtl::tx::checksum::Checksum;
use stevedore_rtl::tx::header_builder::HeaderBuilder;
use stevedore_testbenches::replay::Recording;
use stevedore_verilated::{Model, Source};

/// Runs the block on what `drive` sets in each cycle, then its Verilog on the recording.
fn agree<B: Block>(
    mut bench: Bench<B>,
    name: &str,
    seed: u64,
    cycles: u64,
    mut drive: impl FnMut(&mut B, &mut StdRng),
) {
    let mut recording = Recording::default();
    let mut rng = StdRng::seed_from_u64(seed);
    for _ in 0..cycles {
        drive(&mut bench.uut, &mut rng);
        bench.settle();
        recording.record(&*bench.uut);
        bench.step();
    }
    let mut model = Model::build(&Source::new(name, verilog(&*bench.uut, name))).expect("a model");
    recording.replay(&mut model).unwrap_or_else(|error| panic!("{name}, seed {seed}: {error:#}"));
}

/// A value of random bits.
fn any<T: Flat>(rng: &mut StdRng) -> T {
    let bits: Vec<bool> = (0..T::WIDTH).map(|_| rng.random()).collect();
    T::from_flat(&bits)
}

/// The beats of a frame.
fn beats<const W: usize>(frame: &[u8]) -> Vec<Beat<W>> {
    let chunks = frame.chunks(W / 8);
    let count = chunks.len();
    let beat = |(index, chunk): (usize, &[u8])| {
        let mut flat: Vec<bool> =
            (0..W).map(|bit| chunk.get(bit / 8).is_some_and(|byte| byte >> (bit % 8) & 1 == 1)).collect();
        flat.extend((0..7).map(|bit| chunk.len() >> bit & 1 == 1));
        flat.extend([index + 1 == count, false]);
        Beat::from_flat(&flat)
    };
    chunks.enumerate().map(beat).collect()
}

/// A TCP segment to the engine, options and payload at random; one in four has a byte changed, one in eight is cut
/// short.
fn frame(rng: &mut StdRng) -> Vec<u8> {
    let options = [TcpOptionElement::MaximumSegmentSize(rng.random()), TcpOptionElement::Noop];
    let mut builder = PacketBuilder::ethernet2(any_mac(rng), [2, 0x53, 0x54, 0x56, 0x44, 1])
        .ipv4([10, 0, 0, rng.random()], [10, 0, 0, 1], 64)
        .tcp(rng.random(), rng.random(), rng.random(), rng.random())
        .ack(rng.random());
    if rng.random_bool(0.5) {
        builder = builder.syn().options(&options[..rng.random_range(1..=2)]).expect("they fit");
    }
    let mut payload = vec![0; rng.random_range(0..200)];
    rng.fill_bytes(&mut payload);
    let mut frame = Vec::new();
    builder.write(&mut frame, &payload).expect("a vector takes everything");
    if rng.random_bool(0.25) {
        let at = rng.random_range(0..frame.len());
        frame[at] ^= 1 << rng.random_range(0..8);
    }
    if rng.random_bool(0.125) {
        frame.truncate(rng.random_range(1..frame.len()));
    }
    frame.resize(frame.len().max(60), 0);
    frame
}

fn any_mac(rng: &mut StdRng) -> [u8; 6] {
    let mut mac: [u8; 6] = rng.random();
    mac[0] &= 0xfe;
    mac
}

/// The beats of frames, one after another.
struct Frames<const W: usize>(Vec<Beat<W>>);

impl<const W: usize> Frames<W> {
    /// The next beat, or a pause.
    fn next(&mut self, rng: &mut StdRng) -> Option<Beat<W>> {
        if self.0.is_empty() {
            self.0 = beats(&frame(rng));
            self.0.reverse();
        }
        rng.random_bool(0.8).then(|| self.0.pop()).flatten()
    }
}

fn parser<const W: usize>(cycles: u64) {
    let mut frames = Frames::<W>(Vec::new());
    agree(bench!(Parser::<W>::default()), "parser", 11, cycles, |uut, rng| {
        uut.settings.next = Settings {
            mac: bits(0x0253_5456_4401),
            ip_address: bits(0x0a00_0001),
            enable: true,
            ..Settings::default()
        };
        uut.reset.next = rng.random_bool(0.002);
        let beat = frames.next(rng);
        uut.valid.next = beat.is_some();
        uut.beat.next = beat.unwrap_or_default();
    });
}

fn verifier<const W: usize>(cycles: u64) {
    let mut frames = Frames::<W>(Vec::new());
    agree(bench!(Verifier::<W>::default()), "verifier", 12, cycles, |uut, rng| {
        uut.reset.next = rng.random_bool(0.002);
        let beat = frames.next(rng);
        uut.valid.next = beat.is_some();
        uut.beat.next = beat.unwrap_or_default();
    });
}

fn checksum<const W: usize>(cycles: u64) {
    agree(bench!(Checksum::<W>::default()), "checksum", 13, cycles, |uut, rng| {
        uut.reset.next = rng.random_bool(0.002);
        uut.valid.next = rng.random_bool(0.8);
        uut.data.next = any(rng);
        uut.last.next = rng.random_bool(0.1);
        uut.error.next = rng.random_bool(0.05);
    });
}

fn header_builder<const W: usize>(geometry: &Geometry, cycles: u64) {
    agree(bench!(HeaderBuilder::<W>::new(geometry)), "header_builder", 14, cycles, |uut, rng| {
        uut.reset.next = rng.random_bool(0.002);
        uut.mac.next = any(rng);
        uut.ip_address.next = any(rng);
        uut.address.next = any(rng);
        uut.address_valid.next = rng.random_bool(0.3);
        uut.placements_written.next = any(rng);
        // An offer stands until it is taken.
        if !uut.s_segment.valid.val() || uut.s_segment.ready.val() {
            uut.s_segment.valid.next = rng.random_bool(0.7);
            uut.s_segment.bits.next = any(rng);
        }
        if !uut.s_stored.valid.val() || uut.s_stored.ready.val() {
            uut.s_stored.valid.next = rng.random_bool(0.5);
            uut.s_stored.bits.next = any(rng);
        }
        if !uut.s_reset.valid.val() || uut.s_reset.ready.val() {
            uut.s_reset.valid.next = rng.random_bool(0.2);
            uut.s_reset.bits.next = any(rng);
        }
        uut.m_fetch.ready.next = rng.random_bool(0.8);
        uut.m_header.ready.next = rng.random_bool(0.8);
    });
}

#[test]
fn parser_agrees_at_both_widths() {
    with_big_stack(|| {
        parser::<64>(3000);
        parser::<512>(800);
    });
}

#[test]
fn verifier_agrees_at_both_widths() {
    with_big_stack(|| {
        verifier::<64>(3000);
        verifier::<512>(500);
    });
}

#[test]
fn checksum_agrees_at_both_widths() {
    with_big_stack(|| {
        checksum::<64>(3000);
        checksum::<512>(500);
    });
}

#[test]
fn header_builder_agrees_at_both_widths() {
    with_big_stack(|| {
        header_builder::<64>(&Geometry::SMALL, 3000);
        header_builder::<512>(&Geometry::WIDE, 1500);
    });
}

/// Every kind of event on records in every state that random events lead to.
#[test]
fn pipeline_agrees() {
    const KINDS: [EventKind; 4] = [EventKind::Segment, EventKind::Transmit, EventKind::Tick, EventKind::Connect];
    with_big_stack(|| {
        // The last one is loaded now.
        let mut rows = [0u64; 6];
        agree(bench!(Pipeline::new(16)), "pipeline", 15, 3000, |uut, rng| {
            // The arbiter's rule: a row is let in at most every fourth cycle.
            let row = loop {
                let row = rng.random_range(1..16);
                if !rows[3..].contains(&row) {
                    break row;
                }
            };
            let loaded = rows[5];
            let settling = loaded == rows[1];
            let settled = loaded == rows[0] && !settling;
            let mut event: Event = any(rng);
            if rng.random_bool(0.5) {
                event.kind = KINDS[rng.random_range(0..4)];
            }
            event.slot = loaded.into();
            let erase = rng.random_bool(0.02);
            let blank = erase || rng.random_bool(0.02);
            let (row_read, alone) = (loaded.into(), rng.random());
            let legitimate = true;
            uut.load.next = Issued { event, row: row_read, legitimate, settling, settled, alone, erase, blank };
            uut.load_valid.next = loaded != 0;
            uut.row.next = row.into();
            rows = [rows[1], rows[2], rows[3], rows[4], rows[5], row];
            uut.settings.next = any(rng);
            uut.now.next = any(rng);
        });
    });
}
