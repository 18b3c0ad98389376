//! `dma::Reader`.
use crate::harness::*;
use crate::writer::pieces_of;
use stevedore_hdl::prelude::*;
use stevedore_rtl::bundles::{ReadCompletion, ReadRequest};
use stevedore_rtl::dma::Reader;
use stevedore_testbenches::replay::{Compiled, Dut, FlatWord};
use stevedore_testbenches::stepped;

const MAXIMUM_READ: u64 = 512;
const BASE: u64 = 32;

/// The content of memory.
fn byte_at(address: u64) -> u8 {
    (address.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as u8
}

/// How memory answers.
#[derive(Clone, Copy)]
struct Manners {
    /// Tags the reader may use, from `BASE` on.
    tags: u64,
    /// Cycles from request to answer, at least and at most.
    latency: (u64, u64),
    /// Answers overtake and interleave.
    disorder: bool,
    /// Chance in percent of an idle cycle.
    idle: u64,
    /// Chance in percent that a request fails.
    fail: u64,
    /// Chance in percent of misbehaviour: strays, repetitions, beats too many or too few.
    bad: u64,
    /// Halvings of the longest request.
    halvings: u64,
}

const FAST: Manners = Manners { tags: 32, latency: (156, 156), disorder: false, idle: 0, fail: 0, bad: 0, halvings: 0 };

/// A request being answered.
struct Pending {
    tag: u64,
    address: u64,
    words: u64,
    sent: u64,
    due: u64,
    /// Beats to send, more or fewer than `words` if misbehaving.
    beats: u64,
    error: bool,
}

/// Memory: answers requests, checks their rules.
struct Memory<const W: usize> {
    manners: Manners,
    pending: Vec<Pending>,
    /// The request whose answer may not be interrupted here.
    locked: Option<u64>,
    /// Beats of a tag already answered, to be sent next.
    strays: Vec<u64>,
    /// Address ranges of failed reads.
    failed: Vec<(u64, u64)>,
    requests: usize,
    /// Answers with an error, and beats that nobody waits for.
    errors: u64,
    uncalled: u64,
}

impl<const W: usize> Memory<W> {
    const LANES: u64 = W as u64 / 8;

    fn new(manners: Manners) -> Self {
        Memory {
            manners,
            pending: vec![],
            locked: None,
            strays: vec![],
            failed: vec![],
            requests: 0,
            errors: 0,
            uncalled: 0,
        }
    }

    fn request(&mut self, word: &[bool], cycle: u64, random: &mut Random) {
        let request = ReadRequest::from_flat(word);
        let (address, length) = (request.address.to_u64(), request.length.to_u64());
        let tag = request.tag.to_u64();
        assert!((BASE..BASE + self.manners.tags).contains(&tag), "tag {tag}");
        let block = MAXIMUM_READ >> self.manners.halvings;
        assert!(length >= 1 && address / block == (address + length - 1) / block, "{request:?}");
        assert!(self.pending.iter().all(|pending| pending.tag != tag), "tag {tag} is in use");
        let words = (address + length - 1) / Self::LANES - address / Self::LANES + 1;
        let mut beats = words;
        let mut error = false;
        if random.percent(self.manners.fail) {
            error = true;
            self.errors += 1;
            beats = random.within(1, words);
        } else if random.percent(self.manners.bad) {
            beats = if random.percent(50) { random.within(1, words) } else { words + random.below(100) };
        }
        if error || beats < words {
            self.failed.push((address, address + length));
        }
        let due = cycle + random.within(self.manners.latency.0, self.manners.latency.1);
        self.pending.push(Pending { tag, address, words, sent: 0, due, beats, error });
        self.requests += 1;
    }

    fn answer(&mut self, cycle: u64, random: &mut Random) -> Option<FlatWord> {
        let garbage = |random: &mut Random| data_of::<W>(&random.bytes(W / 8));
        if let Some(tag) = self.strays.pop() {
            self.uncalled += 1;
            let stray =
                ReadCompletion::<W> { data: garbage(random), tag: bits(tag), last: random.percent(50), error: true };
            return Some(stray.to_flat());
        }
        if random.percent(self.manners.idle) {
            if !random.percent(self.manners.bad) {
                return None;
            }
            self.uncalled += 1;
            // A tag that is never given out.
            let tag =
                if random.percent(50) { random.below(BASE) } else { random.within(BASE + self.manners.tags, 255) };
            let stray =
                ReadCompletion::<W> { data: garbage(random), tag: bits(tag), last: random.percent(50), error: false };
            return Some(stray.to_flat());
        }
        let ready: Vec<usize> = (0..self.pending.len()).filter(|&i| self.pending[i].due <= cycle).collect();
        let first = *ready.first()?;
        let chosen = match self.locked {
            Some(tag) => self.pending.iter().position(|pending| pending.tag == tag).unwrap(),
            None if self.manners.disorder => ready[random.below(ready.len() as u64) as usize],
            None if self.pending[0].due > cycle => return None,
            None => first,
        };
        let pending = &mut self.pending[chosen];
        let word = (pending.address / Self::LANES + pending.sent) * Self::LANES;
        let bytes: Vec<u8> = (word..word + Self::LANES).map(byte_at).collect();
        pending.sent += 1;
        let last = pending.sent == pending.beats;
        let beat = ReadCompletion::<W> {
            data: if pending.sent <= pending.words { data_of(&bytes) } else { garbage(random) },
            tag: bits(pending.tag),
            last,
            error: last && pending.error,
        };
        self.locked = (!last && !(word + Self::LANES).is_multiple_of(64)).then_some(pending.tag);
        if last {
            if random.percent(self.manners.bad) {
                self.strays = vec![pending.tag; random.within(1, 2) as usize];
            }
            self.pending.remove(chosen);
        }
        Some(beat.to_flat())
    }
}

/// What a run of `read` took.
struct Figures {
    /// Cycles from the first beat out to the last.
    cycles: u64,
    beats: u64,
    bytes: u64,
    /// Cycles from the first piece to the first request, and from the last completion beat to the last beat out.
    request: u64,
    tail: u64,
    /// Answers with an error, and beats that nobody waited for.
    mishaps: [u64; 2],
}

/// Reads the packets and checks them. The pieces come when the slots are cleared.
fn read<const W: usize>(
    dut: &mut dyn Dut,
    random: &mut Random,
    packets: &[Vec<(u64, u32)>],
    pace: u64,
    manners: Manners,
) -> Figures {
    let mut memory = Memory::<W>::new(manners);
    let mut pieces = Feed::new("s_piece", packets.iter().flat_map(|packet| pieces_of(packet)), pace);
    let mut requests = Drain::new("m_request", pace);
    let mut drain = Drain::new("m_beat", pace);
    dut.reset();
    dut.offer("s_piece", None);
    dut.offer("s_completion", None);
    (0..manners.tags).for_each(|_| dut.step());
    let total: u64 = packets.iter().flatten().map(|piece| u64::from(piece.1)).sum();
    let count: usize = packets.iter().map(|packet| packet.len()).sum();
    let limit = dut.cycle() + 2000 + (total + 1000 * count as u64) * 100 / pace;
    let mut answered = 0;
    let mut out = 0;
    while out < packets.len() {
        let cycle = dut.cycle();
        assert!(cycle < limit, "{out} of {} packets read", packets.len());
        pieces.before(dut, random);
        requests.before(dut, random);
        drain.before(dut, random);
        let answer = memory.answer(cycle, random);
        dut.offer("s_completion", answer.as_deref());
        dut.settle();
        assert!(dut.ready("s_completion"));
        if answer.is_some() {
            answered = cycle;
        }
        pieces.after(dut);
        requests.after(dut);
        let beats = drain.words.len();
        drain.after(dut);
        out += ended::<W>(&drain.words[beats..]);
        if requests.words.len() > memory.requests {
            memory.request(requests.words.last().unwrap(), cycle, random);
        }
        dut.step();
    }
    let got = packets_of::<W>(&drain.words);
    for (got, packet) in got.iter().zip(packets) {
        let addresses = packet.iter().flat_map(|&(address, length)| address..address + u64::from(length));
        let bytes: Vec<u8> = addresses.map(byte_at).collect();
        assert_eq!(got.bytes.len(), bytes.len());
        let failed = packet.iter().any(|&(address, length)| {
            memory.failed.iter().any(|&(from, to)| from < address + u64::from(length) && address < to)
        });
        assert_eq!(got.error, failed, "{packet:x?}");
        assert!(failed || got.bytes == bytes, "{packet:x?}");
    }
    Figures {
        cycles: drain.taken.last().unwrap() - drain.taken[0] + 1,
        beats: drain.taken.len() as u64,
        bytes: total,
        request: requests.taken[0] - pieces.taken[0],
        tail: drain.taken.last().unwrap() - answered,
        mishaps: [memory.errors, memory.uncalled],
    }
}

/// Packets of random pieces, no two of them at the same addresses.
fn gathers(random: &mut Random, packets: usize, pieces: u64, most: u64) -> Vec<Vec<(u64, u32)>> {
    let mut page = 0;
    let mut piece = |random: &mut Random| {
        page += 0x10000;
        let offset = if random.percent(40) { 4096 - random.within(1, 40) } else { random.below(4096) };
        let most = if random.percent(50) { 20 } else { most };
        (page + offset, random.within(1, most) as u32)
    };
    (0..packets).map(|_| (0..random.within(1, pieces)).map(|_| piece(random)).collect()).collect()
}

fn sweep<const W: usize>(dut: &mut dyn Dut, tags: u64, seed: u64, packets: usize, most: u64) {
    for pace in PACES {
        let (fail, bad) = if seed.is_multiple_of(3) { (0, 0) } else { (5, 10 * (seed % 2)) };
        let manners = Manners { tags, latency: (1, 60), disorder: true, idle: 100 - pace, fail, bad, halvings: 0 };
        println!("seed {seed}, pace {pace}, fail {fail}, bad {bad}");
        let mut random = Random::new(seed);
        let packets = gathers(&mut random, packets, 6, most);
        read::<W>(dut, &mut random, &packets, pace, manners);
    }
}

fn steps<const W: usize>(packets: usize) {
    let reader = Reader::<W>::new(BASE as usize, 8, MAXIMUM_READ as usize);
    let mut dut = stepped!(reader, sinks: [s_piece, s_completion], sources: [m_beat, m_request]);
    for seed in 1..4 {
        sweep::<W>(&mut dut, 8, seed, packets, 1500);
    }
    dut.replay("reader").unwrap();
}

fn compiled<const W: usize>(tags: usize) -> Compiled {
    Compiled::new(&Reader::<W>::new(BASE as usize, tags, MAXIMUM_READ as usize), "reader").unwrap()
}

#[test]
fn pieces_of_any_alignment_are_gathered_whatever_the_order_of_answers() {
    with_big_stack(|| steps::<64>(5));
}

#[test]
fn pieces_of_any_alignment_are_gathered_whatever_the_order_of_answers_512() {
    with_big_stack(|| steps::<512>(2));
}

#[test]
fn long_sweep_of_pieces_is_gathered() {
    with_big_stack(|| {
        let mut narrow = compiled::<64>(16);
        let mut wide = compiled::<512>(128);
        for seed in 0..20 {
            sweep::<64>(&mut narrow, 16, seed, 60, 4000);
            sweep::<512>(&mut wide, 128, seed, 60, 9000);
        }
    });
}

/// A bus that takes shorter requests gets shorter ones; each kind of mishap is counted, whatever else happens.
#[test]
fn requests_keep_to_the_limit_of_the_bus_and_mishaps_are_counted() {
    with_big_stack(|| {
        let mut dut = compiled::<64>(8);
        let mut seen = [0, 0];
        for seed in 0..24 {
            let mut random = Random::new(seed);
            let halvings = seed % 3;
            let manners = Manners { tags: 8, latency: (1, 60), disorder: true, idle: 30, fail: 5, bad: 10, halvings };
            dut.model.set(dut.model.port("halvings"), halvings);
            let packets = gathers(&mut random, 30, 6, 3000);
            dut.count(["failed", "stray"]);
            let figures = read::<64>(&mut dut, &mut random, &packets, 60, manners);
            // The last beat may still be on its way to being counted.
            dut.offer("s_completion", None);
            (0..4).for_each(|_| dut.step());
            assert_eq!(dut.counts(), figures.mishaps, "seed {seed}");
            seen = [0, 1].map(|kind| seen[kind] + figures.mishaps[kind]);
        }
        println!("{seen:?} answers with an error, beats that nobody waited for");
        assert!(seen[0] > 50 && seen[1] > 50, "{seen:?}");
    });
}

#[test]
fn reset_in_the_middle_of_answers_forgets_them() {
    with_big_stack(|| {
        let mut dut = compiled::<64>(8);
        let mut random = Random::new(3);
        for cycles in 20..60 {
            let mut memory = Memory::<64>::new(Manners { tags: 8, latency: (1, 9), disorder: true, ..FAST });
            let mut pieces = Feed::new("s_piece", pieces_of(&[(0x5003, 9000)]), 100);
            let mut requests = Drain::new("m_request", 100);
            dut.reset();
            for _ in 0..cycles {
                pieces.before(&mut dut, &mut random);
                requests.before(&mut dut, &mut random);
                dut.accept("m_beat", random.percent(30));
                dut.offer("s_completion", memory.answer(dut.cycle(), &mut random).as_deref());
                dut.settle();
                pieces.after(&dut);
                requests.after(&dut);
                if requests.words.len() > memory.requests {
                    memory.request(requests.words.last().unwrap(), dut.cycle(), &mut random);
                }
                dut.step();
            }
            let packets = gathers(&mut random, 3, 4, 1500);
            read::<64>(&mut dut, &mut random, &packets, 100, Manners { tags: 8, ..FAST });
        }
    });
}

#[test]
fn full_rate_is_sustained_at_host_latency() {
    with_big_stack(|| {
        let aligned: Vec<Vec<(u64, u32)>> = (0..60).map(|i| vec![(0x10000 + i * 0x1000, 1460)]).collect();
        let odd: Vec<Vec<(u64, u32)>> = (0..60).map(|i| vec![(0x10003 + i * 1460, 1460)]).collect();
        let split: Vec<Vec<(u64, u32)>> =
            (0..60).map(|i| vec![(0x10005 + i * 0x1000, 700), (0x90003 + i * 0x1000, 760)]).collect();
        let bulk = vec![vec![(0x10007, 1 << 18)]];
        let lean = |tags: usize, latency: u64| {
            let mut dut = compiled::<64>(tags);
            let manners = Manners { tags: tags as u64, latency: (latency, latency), ..FAST };
            for (name, packets) in [("aligned", &aligned), ("odd", &odd), ("split", &split), ("bulk", &bulk)] {
                let figures = read::<64>(&mut dut, &mut Random::new(1), packets, 100, manners);
                let rate = figures.bytes as f64 / figures.cycles as f64 / 8.0;
                println!(
                    "{tags} tags, latency {latency}, {name}: {} cycles, {} beats, {:.4} of 10 Gb/s",
                    figures.cycles, figures.beats, rate
                );
                // Of the payload a 10 GbE wire carries: 1460 of 1538 bytes.
                assert!(rate >= 0.99 * 1460.0 / 1538.0 && (name != "bulk" || rate > 0.999));
            }
        };
        lean(16, 156);
        lean(32, 156);
        lean(16, 625);
        lean(32, 625);
    });
}

#[test]
fn short_pieces_cost_a_cycle_each() {
    with_big_stack(|| {
        let mut dut = compiled::<64>(32);
        let manners = Manners { latency: (8, 8), ..FAST };
        for (length, step) in [(1, 1), (8, 8), (16, 16), (24, 24), (9, 64), (1, 64)] {
            let pieces: Vec<(u64, u32)> = (0..200).map(|i| (0x10000 + i * step, length)).collect();
            let figures = read::<64>(&mut dut, &mut Random::new(1), std::slice::from_ref(&pieces), 100, manners);
            println!("200 pieces of {length} bytes: {} cycles for {} beats", figures.cycles, figures.beats);
            let words = |&(address, length): &(u64, u32)| (address + u64::from(length) - 1) / 8 - address / 8 + 1;
            assert!(
                figures.cycles <= pieces.iter().map(words).sum::<u64>(),
                "a cycle per word, no bubble between pieces"
            );
            assert_eq!(figures.request, 2, "piece to request");
            assert!(matches!(figures.tail, 7 | 8), "completion to beat: {}", figures.tail);
        }
    });
}

#[test]
fn reader_verilog_is_clean() {
    with_big_stack(|| {
        assert_clean(&Reader::<64>::new(0, 8, 512), "reader");
        assert_clean(&Reader::<512>::new(32, 4, 512), "reader");
    });
}
