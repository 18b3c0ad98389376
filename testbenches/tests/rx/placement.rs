//! `rx::Placement`: commands and frames in, writes and notices out.
use crate::placement_script::{Frame, Script, Shape, Told};
use crate::receiver_bench::{beats, Stalls, Wire};
use rand::rngs::StdRng;
use rand::SeedableRng;
use stevedore_hdl::prelude::*;
use stevedore_rtl::bundles::*;
use stevedore_rtl::geometry::Geometry;
use stevedore_rtl::rx::Placement;
use stevedore_testbenches::replay::{Compiled, Dut, Feed};
use stevedore_testbenches::stepped;
use stevedore_verilated::lint;

/// Few slots and contexts: they run out, and reset is short.
const GEOMETRY: Geometry = Geometry { connections: 8, receive_entries: 64, ..Geometry::SMALL };

/// When things happened.
#[derive(Default)]
struct Times {
    commands: Vec<u64>,
    writes: Vec<u64>,
}

/// Checks the beats of the memory port: order, bytes and burst rules.
#[derive(Default)]
struct Memory {
    written: usize,
    /// Placements whose last beat came.
    placements: usize,
    /// Address the burst goes on at, bytes it has.
    burst: Option<(u64, u64)>,
}

impl Memory {
    fn take<const W: usize, const K: usize>(&mut self, beat: &WriteBeat<W, K>, script: &Script, context: &str) {
        let (address, lanes) = (u64::from(beat.address), K as u64);
        assert_eq!(address % lanes, 0, "{context}: unaligned word");
        let length = match self.burst {
            Some((next, length)) => {
                assert_eq!(address, next, "{context}: a burst goes on elsewhere");
                length + lanes
            }
            None => lanes,
        };
        let start = address + lanes - length;
        assert_eq!(start / 4096, address / 4096, "{context}: a burst crosses 4 KB");
        assert!(length <= GEOMETRY.maximum_write as u64, "{context}: a burst of {length} bytes");
        self.placements += usize::from(beat.placement_ends);
        assert!(beat.last || !beat.placement_ends, "{context}: a placement ends inside a burst");
        self.burst = if beat.last { None } else { Some((address + lanes, length)) };
        let data = beat.data.to_flat();
        for lane in (0..K).filter(|lane| beat.strobe.get_bit(*lane)) {
            let byte = data[8 * lane..8 * lane + 8].iter().rev().fold(0, |v, &bit| v << 1 | u8::from(bit));
            let expected = script.writes.get(self.written).copied();
            assert_eq!(Some((address + lane as u64, byte)), expected, "{context}: byte {} written", self.written);
            self.written += 1;
        }
    }
}

/// Runs a script. `inlet` stalls commands and frames, `outlet` writes and notices.
fn run<const W: usize, const K: usize>(
    dut: &mut impl Dut,
    script: &Script,
    inlet: Stalls,
    outlet: Stalls,
    rng: &mut StdRng,
    context: &str,
) -> Times {
    let wire = |frame: &Frame| Wire { bytes: frame.bytes.clone(), damaged: false };
    let mut commands = Feed::new("s_command", script.commands.iter().map(|command| command.to_flat()));
    let mut extents = Feed::new("s_extent", script.frames.iter().map(|frame| frame.extent.to_flat()));
    let all = script.frames.iter().flat_map(|frame| beats::<W>(&wire(frame), rng));
    let mut frames = Feed::new("s_frame", all.map(|beat| beat.to_flat()));
    let mut told = script.told.iter();
    let mut memory = Memory::default();
    let mut times = Times::default();
    let mut quiet = 0;
    while quiet < 300 {
        commands.offer(dut, || inlet.go(rng));
        extents.offer(dut, || inlet.go(rng));
        frames.offer(dut, || inlet.go(rng));
        let accept = ["m_write", "m_notice", "m_torn_down"].map(|port| {
            let go = outlet.go(rng);
            dut.accept(port, go);
            go
        });
        dut.settle();
        quiet += 1;

        let mut next = |word: Told| {
            let (expected, after) =
                told.next().unwrap_or_else(|| panic!("{context}: nothing was to be told: {word:?}"));
            assert_eq!(word, *expected, "{context}: after {} bytes", memory.written);
            assert!(memory.written >= *after, "{context}: told after {} of {after} bytes: {word:?}", memory.written);
        };
        if let Some(word) = dut.word("m_notice").filter(|_| accept[1]) {
            next(Told::Notice(Notice::from_flat(&word)));
            quiet = 0;
        }
        if let Some(word) = dut.word("m_torn_down").filter(|_| accept[2]) {
            next(Told::TornDown(TornDown::from_flat(&word)));
            quiet = 0;
        }
        if let Some(word) = dut.word("m_write").filter(|_| accept[0]) {
            memory.take(&WriteBeat::<W, K>::from_flat(&word), script, context);
            times.writes.push(dut.cycle());
            quiet = 0;
        }
        let moved = [commands.take(dut), extents.take(dut), frames.take(dut)];
        if moved[0] || moved[2] {
            quiet = 0;
        }
        dut.step();
    }
    times.commands = std::mem::take(&mut commands.taken);
    assert!([commands, extents, frames].iter().all(|feed| feed.words.is_empty()), "{context}: words are left");
    assert_eq!(memory.written, script.writes.len(), "{context}: bytes written");
    assert_eq!(memory.placements, script.placements, "{context}: placements written");
    assert_eq!(memory.burst, None, "{context}: a burst without an end");
    assert_eq!(told.next(), None, "{context}: not told");
    times
}

fn compiled<const W: usize, const K: usize>() -> Compiled {
    let mut dut = Compiled::once(&format!("placement_{W}"), &GEOMETRY, Placement::<W, K>::new).expect("a model");
    dut.reset();
    dut
}

/// R1, R4: scatter lists of every shape under every stall. Bytes land at their final address and nowhere else, in
/// order; offsets and lengths of the responses add up, and each comes after its bytes.
fn scattered<const W: usize, const K: usize>() {
    const SEED: u64 = 0x81;
    let mut rng = StdRng::seed_from_u64(SEED);
    let mut lent = 0;
    let shapes = [
        Shape { commands: 3000, buffer: 1, payload: 40, slots: 8 },
        Shape { commands: 3000, buffer: 17, payload: 100, slots: 1 },
        Shape { commands: 3000, buffer: 300, payload: 1460, slots: 4 },
        Shape { commands: 1500, buffer: 9000, payload: 1460, slots: 8 },
        Shape { commands: 600, buffer: 65536, payload: 9000, slots: 3 },
    ];
    for (i, shape) in shapes.into_iter().enumerate() {
        for inlet in Stalls::ALL {
            for outlet in Stalls::ALL {
                let mut dut = compiled::<W, K>();
                let script = Script::random(&mut rng, &GEOMETRY, shape);
                let context = format!("seed {SEED}, shape {i}, {inlet:?} in, {outlet:?} out");
                run::<W, K>(&mut dut, &script, inlet, outlet, &mut rng, &context);
                lent += script.lent;
                let free = dut.model.get(dut.model.port("free_entries"));
                assert_eq!(free, script.free as u64, "{context}: free contexts");
            }
        }
    }
    println!("seed {SEED}, W = {W}: {lent} buffers lent");
    assert!(lent > 100, "hardly anything was lent");
}

#[test]
fn scattered_payload_lands_and_is_reported_at_64_bits() {
    with_big_stack(scattered::<64, 8>);
}

#[test]
fn scattered_payload_lands_and_is_reported_at_512_bits() {
    with_big_stack(scattered::<512, 64>);
}

/// R4: a payload over as many one-byte buffers as there are contexts, at the top of the address space.
#[test]
fn one_payload_spans_every_context() {
    with_big_stack(|| {
        const SEED: u64 = 0x82;
        let mut rng = StdRng::seed_from_u64(SEED);
        let mut script = Script::new(&GEOMETRY, 0xffff_ffff_0000_0ffd);
        while script.free > 0 {
            script.append(&mut rng, 5, 1);
        }
        let room = script.room(5);
        script.place(&mut rng, 5, 1460, 3, room, (true, true));
        run::<64, 8>(&mut compiled::<64, 8>(), &script, Stalls::None, Stalls::None, &mut rng, &format!("seed {SEED}"));
    });
}

/// A listener with as many buffers as there are contexts lends them one by one until it has none, gets new ones, and is
/// torn down with what is left: every buffer is used or comes back once.
#[test]
fn listener_lends_all_of_its_buffers() {
    with_big_stack(|| {
        const SEED: u64 = 0x85;
        let mut rng = StdRng::seed_from_u64(SEED);
        for stalls in Stalls::ALL {
            let mut script = Script::new(&GEOMETRY, 0x1000);
            for round in 0..4 {
                (0..20).for_each(|_| script.append(&mut rng, 7, 100));
                while script.room(7) > round * 100 {
                    let slot = 1 + script.lent % 6;
                    script.borrow(&mut rng, slot);
                    if script.room(slot) == 100 {
                        script.place(&mut rng, slot, 130, 20, 70, (true, false));
                        script.tear_down(&mut rng, slot);
                    }
                }
                script.tear_down(&mut rng, 7);
            }
            let mut dut = compiled::<64, 8>();
            run::<64, 8>(&mut dut, &script, stalls, stalls, &mut rng, &format!("seed {SEED}, {stalls:?}"));
            assert_eq!(dut.model.get(dut.model.port("free_entries")), script.free as u64);
            assert_eq!(script.lent, 20 + 19 + 18 + 17);
        }
    });
}

/// The budgets of the module's documentation, measured.
fn timing<const W: usize, const K: usize>(frame_cycles: u64, frame_cycles_many: u64) {
    const SEED: u64 = 0x83;
    let mut rng = StdRng::seed_from_u64(SEED);
    let go = |script: &Script| {
        let mut rng = StdRng::seed_from_u64(SEED);
        run::<W, K>(&mut compiled::<W, K>(), script, Stalls::None, Stalls::None, &mut rng, &format!("seed {SEED}"))
    };

    let mut appends = Script::new(&GEOMETRY, 0);
    (0..40).for_each(|i| appends.append(&mut rng, i % 8, 100));
    let times = go(&appends);
    assert_eq!(times.commands[39] - times.commands[0], 39 * 2, "cycles per Append");

    // The frame waits while the chain initialises.
    let mut single = Script::new(&GEOMETRY, 64);
    single.append(&mut rng, 1, 4096);
    single.place(&mut rng, 1, 1000, 0, 1000, (false, false));
    let times = go(&single);
    let latency = times.writes[0] - times.commands[1];
    assert_eq!(latency, 8, "cycles from command to first write");

    // What is lent delays the payload of the very segment that opens the connection, and nothing else.
    let mut lent = Script::new(&GEOMETRY, 64);
    lent.append(&mut rng, 7, 4096);
    while lent.lent == 0 {
        lent.borrow(&mut rng, 1);
    }
    lent.place(&mut rng, 1, 1000, 0, 1000, (false, false));
    let times = go(&lent);
    let latency = times.writes[0] - times.commands[0];
    println!("W = {W}: {latency} cycles from an Append to the first byte in the buffer that was lent");
    assert!(latency <= 20, "{latency} cycles from an Append to the first byte in the buffer that was lent");

    for (connections, frame_cycles) in [(1, frame_cycles), (7, frame_cycles_many)] {
        let mut small = Script::new(&GEOMETRY, 64);
        (1..=connections).for_each(|slot| small.append(&mut rng, slot, 65536));
        for i in 0..1000 {
            small.place(&mut rng, 1 + i % connections, 4, 0, 4, (true, false));
        }
        // Headers of one size: the wire's rate is the measure. Every frame is reported.
        for frame in &mut small.frames {
            let payload = frame.bytes[frame.extent.payload_offset.index()..][..4].to_vec();
            frame.bytes.truncate(60);
            frame.bytes[54..58].copy_from_slice(&payload);
            frame.extent = FrameExtent { payload_offset: bits(54), frame_length: bits(60) };
        }
        let times = go(&small);
        let last = times.commands.len() - 1;
        let cycles = times.commands[last] - times.commands[last - 900];
        println!("W = {W}, {connections} connections: {cycles} cycles for 900 small frames");
        assert!(cycles <= 901 * frame_cycles, "{cycles} cycles for 900 small frames of {connections} connections");
    }

    let mut bulk = Script::new(&GEOMETRY, 64);
    (0..4).for_each(|_| bulk.append(&mut rng, 1, 65536));
    for _ in 0..100 {
        bulk.place(&mut rng, 1, 1460, 0, 1460, (false, false));
    }
    let input: u64 = bulk.frames.iter().skip(1).map(|frame| frame.bytes.len().div_ceil(K) as u64).sum();
    let times = go(&bulk);
    let cycles = times.writes.last().expect("writes") - times.writes[0];
    assert!(cycles <= input + 400, "{cycles} cycles for 99 full frames of {input} beats");
}

#[test]
fn placement_keeps_its_budget_at_64_bits() {
    with_big_stack(|| timing::<64, 8>(8, 8));
}

#[test]
fn placement_keeps_its_budget_at_512_bits() {
    with_big_stack(|| timing::<512, 64>(5, 2));
}

/// rust-hdl's simulator and the Verilated model see the same, cycle by cycle.
fn both<const W: usize, const K: usize>(commands: usize) {
    const SEED: u64 = 0x84;
    for stalls in Stalls::ALL {
        let mut rng = StdRng::seed_from_u64(SEED);
        let shape = Shape { commands, buffer: 100, payload: 200, slots: 4 };
        let script = Script::random(&mut rng, &GEOMETRY, shape);
        let mut dut = stepped!(
            Placement::<W, K>::new(&GEOMETRY),
            sinks: [s_command, s_frame, s_extent],
            sources: [m_write, m_notice, m_torn_down]
        );
        dut.reset();
        let context = format!("seed {SEED}, {stalls:?}");
        run::<W, K>(&mut dut, &script, stalls, stalls, &mut rng, &context);
        dut.replay(&format!("placement_{W}")).unwrap_or_else(|e| panic!("{context}: {e}"));
    }
}

#[test]
fn stepped_and_verilated_agree_at_64_bits() {
    with_big_stack(|| both::<64, 8>(150));
}

#[test]
fn stepped_and_verilated_agree_at_512_bits() {
    with_big_stack(|| both::<512, 64>(60));
}

#[test]
fn placement_verilog_is_clean() {
    with_big_stack(|| {
        lint(&verilog(&Placement::<64, 8>::new(&Geometry::SMALL), "placement"), "placement", &[]).unwrap();
        lint(&verilog(&Placement::<512, 64>::new(&Geometry::WIDE), "placement"), "placement", &[]).unwrap();
    });
}
