//! `rx::Receiver`: frames in, verified headers and frames out.
use crate::frames::{repair, segment, verdict, Options, Verdict, MAC};
use crate::receiver_bench::{check, run, Stalls, Wire};
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use stevedore_hdl::prelude::*;
use stevedore_rtl::geometry::Geometry;
use stevedore_rtl::rx::Receiver;
use stevedore_testbenches::replay::Compiled;
use stevedore_testbenches::stepped;
use stevedore_verilated::lint;

fn wire(bytes: Vec<u8>) -> Wire {
    Wire { bytes, damaged: false }
}

/// Idle cycles behind each frame: the longest walk over options takes 42 cycles, and only 16 SYN segments may wait for
/// it.
fn walk(syn: bool) -> u64 {
    if syn {
        42
    } else {
        0
    }
}

fn random_length(rng: &mut StdRng, longest: usize) -> Wire {
    let payload = rng.random_range(0..=longest);
    wire(segment(rng, payload, Options::None, false))
}

/// The Verilated receiver, fresh from reset.
fn compiled<const W: usize>() -> Compiled {
    use stevedore_testbenches::replay::Dut;
    let mut dut = Compiled::once(&format!("receiver_{W}"), &Geometry::SMALL, Receiver::<W>::new).expect("a model");
    dut.reset();
    dut
}

/// A mixture of everything that may stand on the wire.
fn mixture(rng: &mut StdRng, frames: usize, longest: usize) -> Vec<Wire> {
    (0..frames)
        .map(|_| {
            let options = Options::ALL[rng.random_range(0..Options::ALL.len())];
            let payload = if rng.random() { rng.random_range(0..64) } else { rng.random_range(0..=longest) };
            let syn = rng.random_bool(0.3);
            let mut bytes = segment(rng, payload, options, syn);
            let mut damaged = false;
            match rng.random_range(0..12) {
                0 => bytes[..6].copy_from_slice(&[0xff; 6]),
                1 => {
                    let at = rng.random_range(0..bytes.len());
                    bytes[at] ^= 1 << rng.random_range(0..8);
                }
                2 => {
                    let at = rng.random_range(12..54);
                    bytes[at] = rng.random();
                    repair(&mut bytes);
                }
                3 => {
                    let at = rng.random_range(1..bytes.len());
                    bytes.truncate(at);
                }
                4 => damaged = true,
                5 => bytes = (0..rng.random_range(1..200)).map(|_| rng.random()).collect(),
                _ => (),
            }
            Wire { bytes, damaged }
        })
        .collect()
}

/// Every payload length and option layout, back to back.
fn every_length<const W: usize>() {
    const SEED: u64 = 0x71;
    let mut rng = StdRng::seed_from_u64(SEED);
    let mut dut = compiled::<W>();
    for options in Options::ALL {
        for syn in [false, true] {
            let wires: Vec<Wire> = (0..=1460).map(|n| wire(segment(&mut rng, n, options, syn))).collect();
            for set in &wires {
                assert!(
                    matches!(verdict(&set.bytes, false), Verdict::Segment(_)),
                    "seed {SEED}: the library's frames are valid"
                );
            }
            let out = run::<W>(&mut dut, &wires, Stalls::None, Stalls::None, walk(syn), &mut rng);
            check(&wires, &out, false, &format!("seed {SEED}, {options:?}, syn {syn}"));
        }
    }
}

#[test]
fn valid_frames_of_every_length_pass_at_64_bits() {
    with_big_stack(every_length::<64>);
}

#[test]
fn valid_frames_of_every_length_pass_at_512_bits() {
    with_big_stack(every_length::<512>);
}

/// One frame per beats of a frame: nothing is lost and the latency does not grow.
fn back_to_back<const W: usize>(beats: u64, latency: u64) {
    const SEED: u64 = 0x72;
    let mut rng = StdRng::seed_from_u64(SEED);
    let mut dut = compiled::<W>();
    let wires: Vec<Wire> = (0..5000).map(|_| wire(segment(&mut rng, 0, Options::None, false))).collect();
    let out = run::<W>(&mut dut, &wires, Stalls::None, Stalls::None, 0, &mut rng);
    check(&wires, &out, false, &format!("seed {SEED}"));
    for (i, (header, last)) in out.header_out.iter().zip(&out.last_in).enumerate() {
        assert_eq!(header - last, latency, "frame {i}");
    }
    let spread = out.last_in[4999] - out.last_in[0];
    assert_eq!(spread, 4999 * beats);
}

#[test]
fn minimum_frames_back_to_back_pass_at_64_bits() {
    with_big_stack(|| back_to_back::<64>(8, 6));
}

#[test]
fn minimum_frames_back_to_back_pass_at_512_bits() {
    with_big_stack(|| back_to_back::<512>(1, 7));
}

/// Every byte of a frame set to every other value.
fn corrupted<const W: usize>() {
    const SEED: u64 = 0x73;
    let mut rng = StdRng::seed_from_u64(SEED);
    let mut dut = compiled::<W>();
    for (options, payload, syn) in [(Options::Linux, 5, true), (Options::None, 100, false), (Options::Last, 0, true)] {
        let frame = segment(&mut rng, payload, options, syn);
        let mut wires = Vec::new();
        for at in 0..frame.len() {
            for flip in 1..=255 {
                let mut bytes = frame.clone();
                bytes[at] ^= flip;
                wires.push(wire(bytes));
            }
        }
        let out = run::<W>(&mut dut, &wires, Stalls::None, Stalls::None, walk(syn), &mut rng);
        check(&wires, &out, false, &format!("seed {SEED}, {options:?}"));
    }
}

#[test]
fn corrupted_frames_are_dropped_at_64_bits() {
    with_big_stack(corrupted::<64>);
}

#[test]
fn corrupted_frames_are_dropped_at_512_bits() {
    with_big_stack(corrupted::<512>);
}

/// Header bytes changed, checksums correct again: only the field checks stand in the way.
fn forged<const W: usize>() {
    const SEED: u64 = 0x74;
    let mut rng = StdRng::seed_from_u64(SEED);
    let mut dut = compiled::<W>();
    for (options, payload) in [(Options::None, 30), (Options::Full, 2)] {
        let frame = segment(&mut rng, payload, options, true);
        let mut wires = Vec::new();
        for at in 12..frame.len() {
            for value in 0..=255 {
                let mut bytes = frame.clone();
                bytes[at] = value;
                repair(&mut bytes);
                wires.push(wire(bytes));
            }
        }
        let out = run::<W>(&mut dut, &wires, Stalls::None, Stalls::None, walk(true), &mut rng);
        check(&wires, &out, false, &format!("seed {SEED}, {options:?}"));
    }
}

#[test]
fn forged_headers_are_judged_by_their_fields_at_64_bits() {
    with_big_stack(forged::<64>);
}

#[test]
fn forged_headers_are_judged_by_their_fields_at_512_bits() {
    with_big_stack(forged::<512>);
}

/// Frames cut at every length, one byte included.
fn truncated<const W: usize>() {
    const SEED: u64 = 0x75;
    let mut rng = StdRng::seed_from_u64(SEED);
    let mut dut = compiled::<W>();
    for payload in [0, 9, 90] {
        let frame = segment(&mut rng, payload, Options::Linux, true);
        let mut wires = Vec::new();
        for length in 1..=frame.len() {
            wires.push(wire(frame[..length].to_vec()));
            // The header register still holds all of it: the stump must not borrow from it.
            wires.push(wire(frame.clone()));
        }
        let out = run::<W>(&mut dut, &wires, Stalls::None, Stalls::None, 0, &mut rng);
        check(&wires, &out, false, &format!("seed {SEED}, payload {payload}"));
    }
}

#[test]
fn truncated_frames_are_dropped_at_64_bits() {
    with_big_stack(truncated::<64>);
}

#[test]
fn truncated_frames_are_dropped_at_512_bits() {
    with_big_stack(truncated::<512>);
}

/// Malformed options: random bytes in the option area of a SYN, checksums right.
fn options<const W: usize>() {
    const SEED: u64 = 0x76;
    let mut rng = StdRng::seed_from_u64(SEED);
    let mut dut = compiled::<W>();
    let wires: Vec<Wire> = (0..20_000)
        .map(|_| {
            let layout = Options::ALL[rng.random_range(1..8)];
            let mut frame = segment(&mut rng, 10, layout, true);
            let words = usize::from(frame[46] >> 4);
            for _ in 0..rng.random_range(0..12) {
                let at = rng.random_range(54..34 + 4 * words);
                frame[at] = if rng.random() { rng.random_range(0..6) } else { rng.random() };
            }
            repair(&mut frame);
            wire(frame)
        })
        .collect();
    let out = run::<W>(&mut dut, &wires, Stalls::None, Stalls::None, walk(true), &mut rng);
    check(&wires, &out, false, &format!("seed {SEED}"));
}

#[test]
fn malformed_options_are_ignored_at_64_bits() {
    with_big_stack(options::<64>);
}

#[test]
fn malformed_options_are_ignored_at_512_bits() {
    with_big_stack(options::<512>);
}

/// RFC 9293 3.1, RFC 7323 2.2: every order of MSS, window scale, SACK permitted, timestamps and an unknown option,
/// no-operations between them, some twice, every shift; those the parser decodes in place among them.
fn orders<const W: usize>() {
    const SEED: u64 = 0x7b;
    let mut rng = StdRng::seed_from_u64(SEED);
    let mut dut = compiled::<W>();
    let mut in_place = 0;
    let wires: Vec<Wire> = (0..20_000)
        .map(|_| {
            let mut kinds = [0, 1, 2, 3, 4, 5, 6];
            kinds.shuffle(&mut rng);
            let mut bytes: Vec<u8> = vec![];
            for kind in &kinds[..rng.random_range(1..=7)] {
                let option = match kind {
                    0 | 5 => vec![2, 4, rng.random(), rng.random()],
                    1 | 6 => vec![3, 3, if rng.random() { rng.random_range(0..20) } else { rng.random() }],
                    2 => vec![4, 2],
                    3 => [[8, 10].as_slice(), &rng.random::<[u8; 8]>()].concat(),
                    _ => [[254, 6].as_slice(), &rng.random::<[u8; 4]>()].concat(),
                };
                bytes.extend(std::iter::repeat_n(1, rng.random_range(0..3)));
                bytes.extend(option);
            }
            bytes.truncate(40);
            bytes.resize(bytes.len().next_multiple_of(4), rng.random_range(0..2));
            in_place += usize::from(bytes.starts_with(&[2, 4]));
            let mut frame = segment(&mut rng, 0, Options::None, true);
            frame.truncate(54);
            frame[46] = ((5 + bytes.len() / 4) as u8) << 4;
            frame.extend(&bytes);
            let total = (frame.len() - 14) as u16;
            frame[16..18].copy_from_slice(&total.to_be_bytes());
            repair(&mut frame);
            wire(frame)
        })
        .collect();
    assert!(in_place > 1500, "{in_place}");
    let out = run::<W>(&mut dut, &wires, Stalls::None, Stalls::None, walk(true), &mut rng);
    check(&wires, &out, false, &format!("seed {SEED}"));
}

#[test]
fn options_are_found_in_every_order_at_64_bits() {
    with_big_stack(orders::<64>);
}

#[test]
fn options_are_found_in_every_order_at_512_bits() {
    with_big_stack(orders::<512>);
}

/// The layouts of Linux, Windows, smoltcp and of an MSS alone need no walk: such a SYN is as fast as any segment.
fn common_layouts<const W: usize>(latency: u64) {
    const SEED: u64 = 0x7c;
    let mut rng = StdRng::seed_from_u64(SEED);
    let mut dut = compiled::<W>();
    for options in [Options::MssOnly, Options::Linux, Options::Windows, Options::Bare] {
        let wires: Vec<Wire> = (0..100).map(|_| wire(segment(&mut rng, 0, options, true))).collect();
        let out = run::<W>(&mut dut, &wires, Stalls::None, Stalls::None, 0, &mut rng);
        check(&wires, &out, false, &format!("seed {SEED}, {options:?}"));
        assert!(out.header_out.iter().zip(&out.last_in).all(|(header, last)| header - last == latency), "{options:?}");
    }
}

#[test]
fn common_layouts_of_options_cost_no_cycle_at_64_bits() {
    with_big_stack(|| common_layouts::<64>(6));
}

#[test]
fn common_layouts_of_options_cost_no_cycle_at_512_bits() {
    with_big_stack(|| common_layouts::<512>(7));
}

/// A million random bytes and more, then everything at once with stalls on both sides; valid frames must still pass.
fn fuzz<const W: usize>() {
    const SEED: u64 = 0x77;
    let mut rng = StdRng::seed_from_u64(SEED);
    let mut dut = compiled::<W>();
    let mut wires = Vec::new();
    let mut bytes = 0;
    while bytes < 1_000_000 {
        let length = rng.random_range(1..3000);
        let mut frame: Vec<u8> = (0..length).map(|_| rng.random()).collect();
        if rng.random() && length > 20 {
            frame[..6].copy_from_slice(&MAC);
            frame[12..15].copy_from_slice(&[8, 0, 0x45]);
        }
        bytes += length;
        wires.push(Wire { bytes: frame, damaged: rng.random_bool(0.1) });
        wires.push(wire(segment(&mut rng, 7, Options::Linux, true)));
    }
    let out = run::<W>(&mut dut, &wires, Stalls::None, Stalls::None, 0, &mut rng);
    check(&wires, &out, false, &format!("seed {SEED}"));
    for inlet in Stalls::ALL {
        for outlet in Stalls::ALL {
            let wires = mixture(&mut rng, 2000, 1460);
            let out = run::<W>(&mut dut, &wires, inlet, outlet, 0, &mut rng);
            check(&wires, &out, true, &format!("seed {SEED}, {inlet:?} in, {outlet:?} out"));
            assert!(out.headers.len() > 20);
        }
    }
}

#[test]
fn random_bytes_do_no_harm_at_64_bits() {
    with_big_stack(fuzz::<64>);
}

#[test]
fn random_bytes_do_no_harm_at_512_bits() {
    with_big_stack(fuzz::<512>);
}

/// While the outlets are shut the wire goes on: whole frames are dropped and counted, the others are untouched.
fn overrun<const W: usize>() {
    const SEED: u64 = 0x78;
    let mut rng = StdRng::seed_from_u64(SEED);
    let mut dut = compiled::<W>();
    for longest in [0, 100, 1460, 9000] {
        let wires: Vec<Wire> = (0..600).map(|_| random_length(&mut rng, longest)).collect();
        let out = run::<W>(&mut dut, &wires, Stalls::None, Stalls::Heavy, 0, &mut rng);
        check(&wires, &out, true, &format!("seed {SEED}, up to {longest}"));
        assert!(out.counts[3] > 0, "the buffer must overflow here");
        let again: Vec<Wire> = (0..50).map(|_| wire(segment(&mut rng, 64, Options::None, false))).collect();
        let out = run::<W>(&mut dut, &again, Stalls::None, Stalls::None, 0, &mut rng);
        check(&again, &out, false, &format!("seed {SEED}, after the overrun"));
    }
}

#[test]
fn full_buffer_drops_whole_frames_at_64_bits() {
    with_big_stack(overrun::<64>);
}

#[test]
fn full_buffer_drops_whole_frames_at_512_bits() {
    with_big_stack(overrun::<512>);
}

/// A frame that begins while the engine is disabled is not seen, even if the engine is enabled in its middle.
#[test]
fn disabled_engine_takes_whole_frames_or_none() {
    with_big_stack(|| {
        use crate::frames::settings;
        use crate::receiver_bench::{beats, ReceiverDut};
        use stevedore_rtl::bundles::Settings;
        use stevedore_testbenches::replay::Dut;
        let mut rng = StdRng::seed_from_u64(0x79);
        let mut dut = compiled::<64>();
        let mut headers = 0;
        for (at_start, in_middle) in [(false, true), (true, false), (false, false), (true, true)] {
            let frame = wire(segment(&mut rng, 100, Options::None, false));
            for (i, beat) in beats::<64>(&frame, &mut rng).iter().enumerate() {
                dut.set(Settings { enable: if i == 0 { at_start } else { in_middle }, ..settings() });
                dut.offer("s_frame", Some(&beat.to_flat()));
                dut.step();
            }
            dut.offer("s_frame", None);
            dut.accept("m_header", true);
            for _ in 0..20 {
                dut.settle();
                headers += usize::from(dut.word("m_header").is_some());
                dut.step();
            }
        }
        assert_eq!(headers, 2);
    });
}

/// rust-hdl's simulator and the Verilated model see the same, cycle by cycle.
fn both<const W: usize>(frames: usize) {
    use stevedore_testbenches::replay::Dut;
    const SEED: u64 = 0x7a;
    for stalls in Stalls::ALL {
        let mut rng = StdRng::seed_from_u64(SEED);
        let wires = mixture(&mut rng, frames, 200);
        let mut dut =
            stepped!(Receiver::<W>::new(&Geometry::SMALL), sinks: [s_frame], sources: [m_header, m_extent, m_frame]);
        dut.reset();
        let out = run::<W>(&mut dut, &wires, stalls, stalls, 0, &mut rng);
        check(&wires, &out, true, &format!("seed {SEED}, {stalls:?}"));
        dut.replay(&format!("receiver_{W}")).unwrap_or_else(|e| panic!("seed {SEED}, {stalls:?}: {e}"));
    }
}

#[test]
fn stepped_and_verilated_agree_at_64_bits() {
    with_big_stack(|| both::<64>(60));
}

#[test]
fn stepped_and_verilated_agree_at_512_bits() {
    with_big_stack(|| both::<512>(20));
}

#[test]
fn receiver_verilog_is_clean() {
    with_big_stack(|| {
        lint(&verilog(&Receiver::<64>::new(&Geometry::SMALL), "receiver"), "receiver", &[]).unwrap();
        lint(&verilog(&Receiver::<512>::new(&Geometry::WIDE), "receiver"), "receiver", &[]).unwrap();
    });
}
